"""What the command line looks like on a terminal."""

import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest

from connector_kit.cli import main

pytestmark = pytest.mark.usefixtures("acme")

ESCAPE = "\x1b["


class Terminal(TextIOWrapper):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run the command on a terminal of a certain width, and return what a person sees there."""

    def run(*arguments: str, width: int, colours: bool = False) -> str:
        terminal = Terminal(BytesIO(), encoding="utf-8", newline="\n")
        for stream in ("stdout", "stderr"):
            monkeypatch.setattr(sys, stream, terminal)
        monkeypatch.setenv("COLUMNS", str(width))
        if not colours:
            monkeypatch.setenv("NO_COLOR", "1")
        with pytest.raises(SystemExit):
            main(arguments)
        terminal.flush()
        return terminal.buffer.getvalue().decode()

    return run


def test_a_verdict_is_coloured(
    on_terminal: Callable[..., str], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """On a terminal severity and place are coloured."""
    shown = on_terminal("validate", "aws-ses-mail", written({**ses_config, "region": 1}), width=80, colours=True)
    assert f"{ESCAPE}1;31minvalid:{ESCAPE}0m" in shown
    assert f"{ESCAPE}36m$.region{ESCAPE}0m" in shown


def test_no_color_is_respected(
    on_terminal: Callable[..., str], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """With NO_COLOR set nothing is coloured."""
    shown = on_terminal("validate", "aws-ses-mail", written({**ses_config, "region": 1}), width=80)
    assert f"{ESCAPE}31m" not in shown
    assert f"{ESCAPE}36m" not in shown


@pytest.mark.parametrize("width", [20, 80, 200])
def test_places_and_messages_are_never_cut(
    on_terminal: Callable[..., str], ses_config: dict[str, Any], written: Callable[[object], str], width: int
) -> None:
    """An issue is one line, whatever the width: the terminal may wrap it, we do not."""
    key = "k" * 300
    shown = on_terminal("validate", "aws-ses-mail", written({**ses_config, key: 1}), width=width)
    assert f"  $.{key}  no such key: it has no effect\n" in shown


def test_a_wide_terminal_shows_the_form_on_one_line_each(on_terminal: Callable[..., str]) -> None:
    """Where all fits, a table has one line a row."""
    shown = on_terminal("show", "aws-ses-mail", width=230)
    assert "\naccessKeyId                                Text     yes       no            The public half of " in shown


def test_a_terminal_of_some_width_wraps_the_last_column(on_terminal: Callable[..., str]) -> None:
    """Where the last column has room enough to be read, it is wrapped there."""
    shown = on_terminal("show", "aws-ses-mail", width=130)
    (line,) = (it for it in shown.splitlines() if it.startswith("region  "))
    assert line.rstrip().endswith("that holds your verified")
    assert "feedbackForwardingEmailAddressIdentityArn  Text" in shown


def test_a_narrow_terminal_has_the_last_column_below(on_terminal: Callable[..., str]) -> None:
    """Where it has none, it stands below its row, and no key is cut."""
    shown = on_terminal("show", "aws-ses-mail", width=80)
    assert "KEY                                        CONTROL  REQUIRED  CONFIDENTIAL\x1b[0m\n" in shown
    assert "The public half of the AWS access key pair." in shown
    assert "\nfeedbackForwardingEmailAddressIdentityArn  Text     no        no\n" in shown


def test_a_body_cannot_write_to_the_terminal(
    on_terminal: Callable[..., str], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """On a terminal the control characters of a body are spelled out; its lines stay lines."""
    acme_config["templates"][3] |= {"content": "a\r\nb\t\x1b[31mred\rover"}
    shown = on_terminal("render", "acme_connectors:AcmeMail", written(acme_config), width=80)
    assert shown.endswith("\na\nb\t\\x1b[31mred\\rover\n")
