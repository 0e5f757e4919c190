"""A report as one page to read: nothing is loaded, nothing runs in it, and it looks the same from a file and a server."""

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

from conformance.report import CheckResult, Report, State
from conformance.reports.characters import spell_out

_SYMBOLS: Final[Mapping[State, str]] = {
    State.PASSED: "✓",
    State.FAILED: "✗",
    State.EXPECTED_FAILURE: "≈",
    State.UNEXPECTED_PASS: "!",
    State.NOT_APPLICABLE: "○",
    State.NOT_EXERCISED: "?",
}
_MEANINGS: Final[Mapping[State, str]] = {
    State.PASSED: "Every claim held, and examples of each kind were seen.",
    State.FAILED: "An example shows that a claim does not hold.",
    State.EXPECTED_FAILURE: "It failed, and the Spec says why.",
    State.UNEXPECTED_PASS: "It passed, though the Spec expects a failure: take the expectation out.",
    State.NOT_APPLICABLE: "The connector does not declare what the check is about.",
    State.NOT_EXERCISED: "It saw no example of some kind, so it has proven nothing.",
}


_FEW: Final = 8
"""How many errors the verdict names."""


@frozen
class _Group:
    """Results that are told in full, under one heading."""

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
            areas=_by_area(report.results),
            few=_FEW,
            started=report.started.astimezone(UTC),
            symbols=_SYMBOLS,
            meanings=_MEANINGS,
            style=Markup(style),  # noqa: S704 - our own file
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
    return environment


@cache
def _style() -> str:
    return (files("conformance") / "reports" / "page.css").read_text(encoding="utf-8")


def _fit(value: object) -> object:
    """Let no text into the page as it came: autoescape takes care of markup, this of characters."""
    return spell_out(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _by_area(results: Iterable[CheckResult]) -> Mapping[str, list[CheckResult]]:
    areas: dict[str, list[CheckResult]] = {}
    for result in results:
        areas.setdefault(result.id.partition(".")[0], []).append(result)
    return areas


def _verdict(report: Report) -> str:
    if report.faults:
        return "The Spec is not usable"
    return "conforms" if report.conforms else "does not conform"


def _groups(report: Report) -> Iterator[_Group]:
    yield _Group("What keeps it from conforming", "Each of these is an error.", report.errors)
    yield _Group(
        "Advice",
        "Advisory checks that failed. They say how to do better, and do not count against the connector.",
        tuple(it for it in report.results if it.state is State.FAILED and not report.is_error(it)),
    )
    yield _Group(
        "Expected failures",
        "The Spec says why each of these fails.",
        tuple(it for it in report.results if it.state is State.EXPECTED_FAILURE),
    )


def _pretty(example: str) -> str:
    """Indent each line that is JSON; what was cut short is none any more and stays as it is."""
    return "\n".join(map(_indented, example.split("\n")))


def _indented(line: str) -> str:
    try:
        return json.dumps(json.loads(line), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return line
