"""What a connector's guard says of a config, and how that is printed."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import frozen

from connector_kit.cli.config_file import config_name, read_config_file
from connector_kit.cli.failures import calling_connector
from connector_kit.cli.printing import print_line
from connector_kit.connector import Connector
from connector_kit.issues import Issue
from connector_kit.metadata import ConnectorConfigFormItem, ConnectorConfigFormItemType

_STYLES: Final = {"error": "red", "warning": "yellow"}
_CONFIDENTIAL_ENDINGS: Final = ("Key", "Secret")


@frozen
class Verdict:
    """A config and what its connector's guard says of it."""

    target: str
    path: str
    config: Any
    issues: tuple[Issue, ...]
    secrets: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether Logto takes the config, or, where strict, whether nothing in it will hurt either."""
        return not any(self.errors)

    @property
    def errors(self) -> tuple[Issue, ...]:
        """What Logto refuses."""
        return tuple(issue for issue in self.issues if issue.severity == "error")

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """What Logto takes, and what will hurt."""
        return tuple(issue for issue in self.issues if issue.severity == "warning")


def judge_config(found: type[Connector[Any]], target: str, path: str, *, strict: bool = False) -> Verdict:
    """Read a config and ask the connector's guard.

    Raises:
        Unusable: the config cannot be read.
    """
    config = read_config_file(path)
    secrets = tuple(_secrets(found, config))
    with calling_connector(target, secrets):
        issues = found.config_guard.issues(config, strict=strict)
    return Verdict(target, path, config, tuple(issues), secrets)


def print_verdict(verdict: Verdict, *, stderr: bool = False) -> None:
    """Print whether the config is valid, and every issue."""
    warnings = _count(verdict.warnings, "warning") if verdict.warnings else ""
    name = config_name(verdict.path)
    if verdict.is_valid:
        rest = f" {verdict.target} accepts {name}{f', with {warnings}' if warnings else ''}"
        print_line(("valid:", "bold green"), rest, stderr=stderr)
    else:
        counts = ", ".join(filter(None, (_count(verdict.errors, "error"), warnings)))
        print_line(("invalid:", "bold red"), f" {counts} in {name} for {verdict.target}", stderr=stderr)
    print_issues(verdict.issues, stderr=stderr)


def print_issues(issues: Iterable[Issue], *, stderr: bool = False) -> None:
    """Print issues, one a line: severity, path, message."""
    for issue in issues:
        severity = (issue.severity.ljust(len("warning")), _STYLES[issue.severity])
        print_line("  ", severity, "  ", (issue.path, "cyan"), f"  {issue.message}", stderr=stderr)


def is_confidential(item: ConnectorConfigFormItem) -> bool:
    """Tell whether Logto Console masks what is typed into a form item."""
    if item.is_confidential is None:
        return item.type is ConnectorConfigFormItemType.TEXT and item.key.endswith(_CONFIDENTIAL_ENDINGS)
    return item.is_confidential


def _secrets(found: type[Connector[Any]], config: object) -> Iterator[str]:
    """Find the values in a config that must not show in any message."""
    if not isinstance(config, dict):
        return
    keys = {item.key for item in found.metadata.form_items or () if is_confidential(item)}
    keys |= set(found.declaration.secrets if found.declaration else ())
    for key, value in config.items():
        if isinstance(value, str) and (key in keys or key.endswith(_CONFIDENTIAL_ENDINGS)):
            yield value


def _count(issues: tuple[Issue, ...], noun: str) -> str:
    return f"{len(issues)} {noun}{'' if len(issues) == 1 else 's'}"
