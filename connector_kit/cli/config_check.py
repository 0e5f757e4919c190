"""Reading a config, checking it with its connector's guard, and printing the result."""

import sys
from collections.abc import Collection, Iterable
from typing import Any, Final

from attrs import evolve, frozen

from connector_kit.cli.errors import CommandError, calling_connector
from connector_kit.cli.output import print_line
from connector_kit.connector import Connector
from connector_kit.issues import Issue
from connector_kit.json_files import JsonFileError, parse_json_bytes, read_file, repeated_keys
from connector_kit.redaction import config_secrets
from connector_kit.warning_rules import without_ignored

_STYLES: Final = {"error": "red", "warning": "yellow"}
_STANDARD_INPUT: Final = "-"


@frozen
class ConfigCheck:
    """A config and the issues that its connector's guard found.

    Args:
        connector_id: the ID as given to the command.
        name: the file, or "standard input".
        config: the JSON value.
        issues: errors and warnings.
        secrets: the values of the config that messages must not show.
    """

    connector_id: str
    name: str
    config: Any
    issues: tuple[Issue, ...]
    secrets: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether there are no errors."""
        return not self.errors

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues for which Logto rejects the config; with ``--strict``, all issues."""
        return tuple(issue for issue in self.issues if issue.severity == "error")

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """The issues of a config that is valid for Logto, but unlikely to work."""
        return tuple(issue for issue in self.issues if issue.severity == "warning")


def check_config(
    connector_class: type[Connector[Any]],
    connector_id: str,
    path: str,
    *,
    strict: bool = False,
    ignored: Collection[str] = (),
) -> ConfigCheck:
    """Read a config and check it with the connector's guard.

    Args:
        connector_class: the connector.
        connector_id: the ID as given to the command.
        path: the file, or - for standard input.
        strict: return warnings as errors.
        ignored: the keywords of warnings to leave out.

    Raises:
        CommandError: the config cannot be read, or is not JSON.
    """
    name = "standard input" if path == _STANDARD_INPUT else path
    content, config = _read_config(path, name)
    secrets = tuple(config_secrets(connector_class, config))
    with calling_connector(connector_id, secrets):
        issues = connector_class.config_guard.issues(config)
    found = without_ignored([*repeated_keys(content), *issues], ignored)
    shown = (evolve(it, severity="error") for it in found) if strict else found
    return ConfigCheck(connector_id, name, config, tuple(shown), secrets)


def _read_config(path: str, name: str) -> tuple[bytes, Any]:
    if path == _STANDARD_INPUT and sys.stdin is None:
        raise CommandError("standard input cannot be read: it is closed.")
    try:
        content = read_file(sys.stdin.buffer if path == _STANDARD_INPUT else path, name)
        return content, parse_json_bytes(content, name)
    except JsonFileError as error:
        raise CommandError(f"{error}.") from error.__cause__


def print_check(check: ConfigCheck, *, stderr: bool = False) -> None:
    """Print whether the config is valid, then every issue."""
    warnings = _count(check.warnings, "warning") if check.warnings else ""
    if check.is_valid:
        rest = f" {check.connector_id} accepts {check.name}{f', with {warnings}' if warnings else ''}"
        print_line(("valid:", "bold green"), rest, stderr=stderr)
    else:
        counts = ", ".join(filter(None, (_count(check.errors, "error"), warnings)))
        rest = f" {counts} in {check.name} for {check.connector_id}"
        print_line(("invalid:", "bold red"), rest, stderr=stderr)
    print_issues(check.issues, stderr=stderr)


def print_issues(issues: Iterable[Issue], *, stderr: bool = False) -> None:
    """Print issues, one a line: severity, path, message, keyword."""
    for issue in issues:
        severity = (issue.severity.ljust(len("warning")), _STYLES[issue.severity])
        print_line("  ", severity, "  ", (issue.path, "cyan"), f"  {issue.message}  [{issue.keyword}]", stderr=stderr)


def _count(issues: tuple[Issue, ...], noun: str) -> str:
    return f"{len(issues)} {noun}{'' if len(issues) == 1 else 's'}"
