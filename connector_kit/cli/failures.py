"""How the command line fails: one line on standard error and an exit status, and no traceback unless asked for."""

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

import click

from connector_kit.cli.printing import print_error, print_line
from connector_kit.errors import ConnectorError, ConnectorErrorCodes

NO: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130
OUTPUT_CLOSED: Final = 141
"""What a shell reports of any program whose reader went away: 128 and the number of SIGPIPE."""

REDACTED: Final = "[redacted]"

_SHORTEST_SECRET: Final = 4
"""Shorter ones keep nothing secret, and taking them out would leave no readable message."""

_HINTS: Final = {
    ConnectorErrorCodes.GENERAL: "The provider may be out of reach: check the network, and the region or address in the config.",
    ConnectorErrorCodes.INVALID_CONFIG: "`connector-kit validate` lists all that is wrong with a config.",
    ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS: "Check the recipient: an e-mail address, or digits with a country code.",
    ConnectorErrorCodes.INVALID_RESPONSE: "These are the provider's own words; `connector-kit show` names the connector's README.",
    ConnectorErrorCodes.NOT_IMPLEMENTED: "The connector cannot do this.",
    ConnectorErrorCodes.RATE_LIMIT_EXCEEDED: "This passes: wait a moment, then try again.",
    ConnectorErrorCodes.TEMPLATE_NOT_FOUND: "Add a template of that usageType, or one for Generic, which stands in for all.",
    ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED: "This stays until the quota resets or is raised at the provider.",
}


class OutputClosedError(Exception):
    """Whoever read standard output is gone, as in ``connector-kit list | head -1``. Click never sees this one."""


@contextmanager
def past_click() -> Iterator[None]:
    """Carry the news that standard output is closed past click, which would make exit status 1 of it: our "no"."""
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosedError from error


class Unusable(click.ClickException):
    """What was given cannot be used, so there is no answer."""

    exit_code = UNUSABLE

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        """Print the message."""
        print_error(self.message)


class Refused(click.ClickException):
    """The connector answered no.

    Args:
        error: its answer.
        secrets: what must not show, should the answer hold it.
    """

    exit_code = NO

    def __init__(self, error: ConnectorError, secrets: Iterable[str]) -> None:
        data = error.data if isinstance(error.data, dict) else {"data": error.data}
        details = {str(key): str(value) for key, value in data.items() if value is not None and key != "issues"}
        message = details.pop("message", "")
        super().__init__(redact(f"{error.code}: {message}" if message else str(error.code), secrets))
        self.details = {key: redact(value, secrets) for key, value in details.items()}
        self.issues = [redact(line, secrets) for line in _issue_lines(data.get("issues"))]
        self.hint = "" if self.issues else _HINTS.get(error.code, "")

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        """Print the code and the message, what else came with them, and what to do."""
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


def redact(text: str, secrets: Iterable[str]) -> str:
    """Take secrets out of a text."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, REDACTED)
    return text


@contextmanager
def calling_connector(name: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Turn what a connector's own code raises into one of the two failures above.

    Any exception but ConnectorError is a fault of the connector. Its message may hold anything, so only its type shows.
    """
    try:
        yield
    except ConnectorError as error:
        raise Refused(error, secrets) from error
    except (Exception, SystemExit) as error:
        raise Unusable(
            f"{name} raised {type(error).__name__} where only a ConnectorError may be raised; "
            "`connector-kit --debug …` shows where.",
        ) from error


def exit_status(command: Callable[[], int | None], debug: Callable[[], bool]) -> int:
    """Run a command, report whatever goes wrong, and return the exit status.

    Args:
        command: returns its exit status, or ``None`` for 0.
        debug: whether to print tracebacks; asked after a failure.
    """
    try:
        status = _reported(command, debug)
        sys.stdout.flush()
        sys.stderr.flush()
    except (OutputClosedError, BrokenPipeError):
        _silence_output()
        return OUTPUT_CLOSED
    except OSError as error:
        # Most likely from writing: a full disk.
        _silence_output()
        with suppress(OSError):
            print_error(f"{error.strerror or type(error).__name__}; `connector-kit --debug …` shows where.")
        return UNUSABLE
    return status


def _reported(command: Callable[[], int | None], debug: Callable[[], bool]) -> int:
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
        print_error(f"unexpected {type(error).__name__}; `connector-kit --debug …` shows where.")
        return UNUSABLE


def _silence_output() -> None:
    """Point standard output nowhere, or Python would try to flush it once more, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
