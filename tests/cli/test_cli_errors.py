"""Errors of the command line: the message and the exit status."""

import sys
from collections.abc import Callable
from io import StringIO
from typing import NoReturn

import click
import pytest
from click.testing import Result

from connector_kit.cli import main
from connector_kit.cli.errors import exit_status

SEE_TRACEBACK = "run `connector-kit --debug …` to see the traceback."


def failing(error: BaseException) -> Callable[[], NoReturn]:
    """Return a command that raises the error."""

    def command() -> NoReturn:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "printed"),
    [
        (click.ClickException("x"), 1, "Error: x\n"),
        (click.Abort(), 130, "Error: interrupted\n"),
        (KeyboardInterrupt(), 130, "Error: interrupted\n"),
        (KeyError("s3cret"), 2, f"Error: unexpected KeyError; {SEE_TRACEBACK}\n"),
        (OSError(28, "No space left"), 2, f"Error: No space left; {SEE_TRACEBACK}\n"),
        (OSError(), 2, f"Error: OSError; {SEE_TRACEBACK}\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_any_exception_is_printed_in_one_line(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, printed: str
) -> None:
    """The text of an unexpected exception is not printed: it may contain a secret."""
    assert exit_status(failing(error), lambda: False) == status
    assert capsys.readouterr().err == printed


def test_debug_prints_traceback_of_unexpected_exception(capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback precedes the message."""
    assert exit_status(failing(KeyError("x")), lambda: True) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback (most recent call last):\n")
    assert printed.endswith(f"Error: unexpected KeyError; {SEE_TRACEBACK}\n")


def test_command_without_exit_status_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    """``None`` means 0."""
    assert exit_status(lambda: None, lambda: False) == 0
    assert exit_status(lambda: 3, lambda: False) == 3
    assert capsys.readouterr() == ("", "")


def test_system_exit_is_not_caught() -> None:
    """A plug-in may exit with its own status."""
    with pytest.raises(SystemExit):
        exit_status(failing(SystemExit(4)), lambda: False)


def test_replaced_streams_are_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard streams may be objects without an encoding."""
    monkeypatch.setattr(sys, "stdout", StringIO())
    monkeypatch.setattr(sys, "stderr", StringIO())
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert leaving.value.code == 0
    assert sys.stdout.getvalue().startswith("connector-kit, version ")


def test_usage_error_exits_with_2(run: Callable[..., Result]) -> None:
    """Click prints the usage for a missing argument or an unknown command."""
    assert run("validate").exit_code == 2
    result = run("validte")
    assert result.exit_code == 2
    assert "No such command 'validte'." in result.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_commands_in_order_of_use(run: Callable[..., Result], option: str) -> None:
    """``-h`` and ``--help`` work for the program and for each command."""
    result = run(option)
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout[result.stdout.index("Commands:") :].splitlines()[1:7]]
    assert names == ["list", "show", "schema", "validate", "render", "test"]
    for name in names:
        assert run(name, option).stdout.startswith(f"Usage: connector-kit {name} ")
