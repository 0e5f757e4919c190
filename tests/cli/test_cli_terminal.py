"""Output on a terminal: colours, width and control characters."""

import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest

from connector_kit.cli import main

pytestmark = pytest.mark.usefixtures("acme")

ESCAPE = "\x1b["


class Terminal(TextIOWrapper):
    """A stream that reports to be a terminal."""

    def isatty(self) -> bool:
        """Return true."""
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that runs the command on a terminal of the given width and returns its output."""

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


def test_severity_and_path_are_coloured(
    on_terminal: Callable[..., str], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A terminal shows colours."""
    shown = on_terminal("validate", "aws-ses-mail", written({**ses_config, "region": 1}), width=80, colours=True)
    assert f"{ESCAPE}1;31minvalid:{ESCAPE}0m" in shown
    assert f"{ESCAPE}36m$.region{ESCAPE}0m" in shown


def test_no_color_disables_colours(
    on_terminal: Callable[..., str], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The environment variable ``NO_COLOR`` is respected."""
    shown = on_terminal("validate", "aws-ses-mail", written({**ses_config, "region": 1}), width=80)
    assert f"{ESCAPE}31m" not in shown
    assert f"{ESCAPE}36m" not in shown


@pytest.mark.parametrize("width", [20, 80, 200])
def test_issue_is_one_line_at_any_width(
    on_terminal: Callable[..., str], ses_config: dict[str, Any], written: Callable[[object], str], width: int
) -> None:
    """Neither path nor message is truncated or wrapped."""
    key = "k" * 300
    shown = on_terminal("validate", "aws-ses-mail", written({**ses_config, key: 1}), width=width)
    assert f"  $.{key}  unknown key: it has no effect  [unknown-key]\n" in shown


def test_wide_terminal_shows_one_line_a_row(on_terminal: Callable[..., str]) -> None:
    """The table fits the width."""
    shown = on_terminal("show", "aws-ses-mail", width=230)
    assert "\naccessKeyId                                Text     yes       no      The public half of " in shown


def test_medium_terminal_wraps_the_last_column(on_terminal: Callable[..., str]) -> None:
    """The last column is wrapped if it is wide enough to read."""
    shown = on_terminal("show", "aws-ses-mail", width=130)
    (line,) = (it for it in shown.splitlines() if it.startswith("region  "))
    assert line.rstrip().endswith("that holds your verified")
    assert "feedbackForwardingEmailAddressIdentityArn  Text" in shown


def test_narrow_terminal_moves_the_last_column_below(on_terminal: Callable[..., str]) -> None:
    """The last column is below its row, and no key is truncated."""
    shown = on_terminal("show", "aws-ses-mail", width=80)
    assert "KEY                                        CONTROL  REQUIRED  MASKED\x1b[0m\n" in shown
    assert "The public half of the AWS access key pair." in shown
    assert "\nfeedbackForwardingEmailAddressIdentityArn  Text     no        no\n" in shown


def test_control_characters_of_a_body_are_escaped(
    on_terminal: Callable[..., str], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Line breaks and tabs are kept."""
    acme_config["templates"][3] |= {"content": "a\r\nb\t\x1b[31mred\rover"}
    shown = on_terminal("render", "acme_connectors:AcmeMail", written(acme_config), width=80)
    assert shown.endswith("\na\nb\t\\x1b[31mred\\rover\n")
