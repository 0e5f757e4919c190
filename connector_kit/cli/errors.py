"""Errors of the command line: one line on standard error and an exit status; a traceback only with ``--debug``."""

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

import click

from connector_kit.cli.output import print_error, print_line
from connector_kit.errors import ConnectorError
from connector_kit.redaction import redact

REJECTED: Final = 1
"""Exit status: the config is invalid, or the connector raised a ``ConnectorError``."""

COMMAND_FAILED: Final = 2
"""Exit status: the command cannot do its work, for example because a file is missing."""

INTERRUPTED: Final = 130
OUTPUT_CLOSED: Final = 141
"""Exit status of a program whose reader has gone: 128 plus the number of SIGPIPE, as a shell reports it."""

_SEE_TRACEBACK: Final = "run `connector-kit --debug …` to see the traceback."


class OutputClosedError(Exception):
    """The reader of standard output has gone, as in ``connector-kit list | head -1``."""


@contextmanager
def hide_broken_pipe_from_click() -> Iterator[None]:
    """Turn a broken pipe into `OutputClosedError`: click would exit with status 1, which means "rejected" here."""
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosedError from error


class CommandError(click.ClickException):
    """The command cannot do its work with the given arguments, files and installed packages."""

    exit_code = COMMAND_FAILED

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        """Print the message."""
        print_error(self.message)


class RejectedError(click.ClickException):
    """The connector raised a ``ConnectorError``.

    Args:
        error: the error of the connector.
        secrets: redacted in everything that is printed.
    """

    exit_code = REJECTED

    def __init__(self, error: ConnectorError, secrets: Iterable[str]) -> None:
        secrets = tuple(secrets)
        data = error.data if isinstance(error.data, dict) else {"data": error.data}
        details = {str(key): str(value) for key, value in data.items() if value is not None and key != "issues"}
        message = details.pop("message", "")
        super().__init__(redact(f"{error.code}: {message}" if message else str(error.code), secrets))
        self.details = {key: redact(value, secrets) for key, value in details.items()}
        self.issues = [redact(line, secrets) for line in _issue_lines(data.get("issues"))]
        self.hint = "" if self.issues else error.code.hint

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        """Print the code and the message, then the issues or other data, then a hint."""
        print_error(self.message)
        for line in self.issues:
            print_line(f"  {line}", stderr=True)
        for key, value in self.details.items():
            print_line(f"  {key}: {value}", stderr=True)
        if self.hint:
            print_line(("Hint:", "bold"), f" {self.hint}", stderr=True)


def _issue_lines(issues: object) -> Iterator[str]:
    for issue in issues if isinstance(issues, list) else ():
        yield f"{issue.get('path')}  {issue.get('message')}" if isinstance(issue, dict) else str(issue)


@contextmanager
def calling_connector(name: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Translate the exceptions of a connector's code into `RejectedError` or `CommandError`.

    Only a ``ConnectorError`` is expected. The message of any other exception may contain secrets, so only its type is
    printed.
    """
    try:
        yield
    except ConnectorError as error:
        raise RejectedError(error, secrets) from error
    except (Exception, SystemExit) as error:
        raise CommandError(
            f"{name} raised {type(error).__name__} instead of ConnectorError; {_SEE_TRACEBACK}"
        ) from error


def exit_status(command: Callable[[], int | None], debug: Callable[[], bool]) -> int:
    """Run a command, print its error if there is one, and return the exit status.

    Args:
        command: returns its exit status, or ``None`` for 0.
        debug: returns whether to print tracebacks; called after an error.
    """
    try:
        status = _run(command, debug)
        sys.stdout.flush()
        sys.stderr.flush()
    except (OutputClosedError, BrokenPipeError):
        _silence_output()
        return OUTPUT_CLOSED
    except OSError as error:
        # Most likely from writing: a full disk.
        _silence_output()
        with suppress(OSError):
            print_error(f"{error.strerror or type(error).__name__}; {_SEE_TRACEBACK}")
        return COMMAND_FAILED
    return status


def _run(command: Callable[[], int | None], debug: Callable[[], bool]) -> int:
    try:
        return command() or 0
    except click.ClickException as error:
        if debug() and error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print_error("interrupted")
        return INTERRUPTED
    except OutputClosedError:
        raise
    except Exception as error:
        if debug():
            traceback.print_exception(error)
        if isinstance(error, OSError):
            raise
        print_error(f"unexpected {type(error).__name__}; {_SEE_TRACEBACK}")
        return COMMAND_FAILED


def _silence_output() -> None:
    """Redirect standard output to the null device. Otherwise Python flushes it at exit and prints an error."""
    with suppress(OSError, ValueError):
        null_device = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null_device, sys.stdout.fileno())
        os.close(null_device)
