"""The report as one HTML page that loads no other file and runs no script."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from functools import cache
from importlib.resources import files
from typing import Final

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from conformance.reports.links import clause_url
from conformance.verdicts import CheckResult, Report, State
from connector_kit.terminal import escape_control_characters

_SYMBOLS: Final[Mapping[State, str]] = {
    State.PASSED: "✓",
    State.FAILED: "✗",
    State.EXPECTED_FAILURE: "≈",
    State.UNEXPECTED_PASS: "!",
    State.NOT_APPLICABLE: "○",
    State.NOT_EXERCISED: "?",
}
_MEANINGS: Final[Mapping[State, str]] = {
    State.PASSED: "The connector met the requirement in every example, and the check tried examples of every kind.",
    State.FAILED: "An example shows that the connector breaks the requirement.",
    State.EXPECTED_FAILURE: "The check failed, and the Spec gives the reason.",
    State.UNEXPECTED_PASS: "The check passed, but the Spec expects a failure. Remove it from expected_failures.",
    State.NOT_APPLICABLE: "The connector does not declare the capability or the type that the check is for.",
    State.NOT_EXERCISED: "The check lacks examples of some kind, so it has proven nothing.",
}
_FEW: Final = 8
"""The verdict names this many errors, one for each cause."""


@frozen
class _Group:
    """Results that the page shows in full, under one heading."""

    heading: str
    explanation: str
    results: tuple[CheckResult, ...]


def to_html(report: Report) -> str:
    """Return the report as one self-contained page."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            verdict=_verdict(report),
            groups=[group for group in _groups(report) if group.results],
            errors_by_cause=report.by_cause(report.errors),
            areas=_by_area(it for it in report.results if it.state is not State.NOT_APPLICABLE),
            inapplicable=[it for it in report.results if it.state is State.NOT_APPLICABLE],
            few=_FEW,
            started=report.started.astimezone(UTC),
            symbols=_SYMBOLS,
            meanings=_MEANINGS,
            style=Markup(style),  # noqa: S704 - the package's own file
            style_digest=digest,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance", "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_fit,
    )
    environment.filters["pretty"] = _pretty
    environment.filters["with_code"] = _with_code
    environment.filters["clause_url"] = clause_url
    return environment


@cache
def _style() -> str:
    return (files("conformance") / "reports" / "page.css").read_text(encoding="utf-8")


def _fit(value: object) -> object:
    """Escape control characters in every text of the page; autoescape escapes the markup."""
    return (
        escape_control_characters(value, keep_lines=True)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _by_area(results: Iterable[CheckResult]) -> Mapping[str, list[CheckResult]]:
    areas: dict[str, list[CheckResult]] = {}
    for result in results:
        areas.setdefault(result.area, []).append(result)
    return areas


def _verdict(report: Report) -> str:
    if report.spec_errors:
        return "The Spec has errors"
    return "conforms" if report.conforms else "does not conform"


def _groups(report: Report) -> Iterator[_Group]:
    yield _Group("Errors", "Each of these keeps the connector from conforming.", report.errors)
    yield _Group(
        "Recommendations",
        "Advisory checks that failed. They do not affect the verdict.",
        tuple(it for it in report.results if it.state is State.FAILED and not report.is_error(it)),
    )
    yield _Group(
        "Expected failures",
        "The Spec gives the reason for each of these.",
        tuple(it for it in report.results if it.state is State.EXPECTED_FAILURE),
    )


def _with_code(description: str) -> Markup:
    """Mark what is between two pairs of backticks as code."""
    parts = [Markup.escape(_fit(it)) for it in description.split("``")]
    return Markup("").join(Markup("<code>{}</code>").format(it) if index % 2 else it for index, it in enumerate(parts))


def _pretty(example: str) -> str:
    """Indent each value that is JSON, after its name; one that was cut off is not JSON and stays as it is."""
    return "\n".join(map(_indented, example.split("\n")))


def _indented(line: str) -> str:
    name, colon, value = line.partition(": ")
    try:
        return f"{name}{colon}{json.dumps(json.loads(value), ensure_ascii=False, indent=2)}"
    except (ValueError, RecursionError):
        return line
