"""How the command line fails inside one process."""

import sys
from collections.abc import Callable
from io import StringIO
from typing import NoReturn

import click
import pytest
from click.testing import Result

from connector_kit.cli import main
from connector_kit.cli.failures import exit_status, redact


def failing(error: BaseException) -> Callable[[], NoReturn]:
    """Return a command that raises."""

    def command() -> NoReturn:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "printed"),
    [
        (click.ClickException("x"), 1, "Error: x\n"),
        (click.Abort(), 130, "Error: interrupted\n"),
        (KeyboardInterrupt(), 130, "Error: interrupted\n"),
        (KeyError("s3cret"), 2, "Error: unexpected KeyError; `connector-kit --debug …` shows where.\n"),
        (OSError(28, "No space left"), 2, "Error: No space left; `connector-kit --debug …` shows where.\n"),
        (OSError(), 2, "Error: OSError; `connector-kit --debug …` shows where.\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_every_failure_is_one_line_and_a_status(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, printed: str
) -> None:
    """No exception gets past the command line, and no exception's text that could hold a secret."""
    assert exit_status(failing(error), lambda: False) == status
    assert capsys.readouterr().err == printed


def test_debug_shows_where_the_unexpected_happened(capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback comes before the line, when asked for."""
    assert exit_status(failing(KeyError("x")), lambda: True) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback (most recent call last):\n")
    assert printed.endswith("Error: unexpected KeyError; `connector-kit --debug …` shows where.\n")


def test_a_command_without_a_status_has_succeeded(capsys: pytest.CaptureFixture[str]) -> None:
    """None means 0."""
    assert exit_status(lambda: None, lambda: False) == 0
    assert exit_status(lambda: 3, lambda: False) == 3
    assert capsys.readouterr() == ("", "")


def test_leaving_is_allowed() -> None:
    """SystemExit is nobody's failure."""
    with pytest.raises(SystemExit):
        exit_status(failing(SystemExit(4)), lambda: False)


def test_the_longest_secret_goes_first() -> None:
    """A secret that is part of another leaves nothing of the longer one."""
    assert redact("is abcdefgh", ["abcd", "abcdefgh"]) == "is [redacted]"


def test_streams_of_any_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may have replaced the standard streams by ones without an encoding, or by nothing at all."""
    monkeypatch.setattr(sys, "stdout", StringIO())
    monkeypatch.setattr(sys, "stderr", StringIO())
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert leaving.value.code == 0
    assert sys.stdout.getvalue().startswith("connector-kit, version ")


def test_usage_errors_are_clicks_own(run: Callable[..., Result]) -> None:
    """A wrong option or command is answered with the usage, and status 2."""
    assert run("validate").exit_code == 2
    result = run("validte")
    assert result.exit_code == 2
    assert "No such command 'validte'." in result.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(run: Callable[..., Result], option: str) -> None:
    """-h is --help, for the whole and for each command; the commands stand in the order of use."""
    result = run(option)
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout[result.stdout.index("Commands:") :].splitlines()[1:7]]
    assert names == ["list", "show", "schema", "validate", "render", "test"]
    for name in names:
        assert run(name, option).stdout.startswith(f"Usage: connector-kit {name} ")
