"""The report as JUnit XML, for CI servers: one test case for each check."""

from datetime import UTC
from typing import Final, Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from attrs import evolve, frozen

from conformance.reports.links import clause_url
from conformance.verdicts import CheckResult, Report, State
from connector_kit.terminal import escape_control_characters

Verdict = Literal["failure", "error", "skipped"]

_LONGEST_MESSAGE: Final = 300


@frozen
class _Case:
    name: str
    area: str
    seconds: float
    verdict: Verdict | None = None
    kind: str = ""
    message: str = ""
    body: str = ""


def to_junit(report: Report) -> str:
    """Return the report as XML that is valid for the schemas of Ant and of Jenkins.

    A failed advisory check and an expected failure are skipped tests, so that they do not fail a build.
    """
    cases = [
        *(_of_spec_error(error) for error in report.spec_errors),
        *(_of_result(report, it) for it in report.results),
    ]
    name = _escape(report.connector) or "connector"
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        name=name,
        package="conformance",
        id="0",
        timestamp=report.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        tests=str(len(cases)),
        failures=_count(cases, "failure"),
        errors=_count(cases, "error"),
        skipped=_count(cases, "skipped"),
        time=f"{report.seconds:.3f}",
    )
    properties = SubElement(suite, "properties")
    for key, value in (
        ("target", report.target),
        ("profile", report.profile),
        ("seed", "" if report.seed is None else str(report.seed)),
        ("requireCoverage", str(report.require_coverage).lower()),
        ("conforms", str(report.conforms).lower()),
    ):
        SubElement(properties, "property", name=key, value=_escape(value))
    for case in cases:
        _add(suite, case)
    SubElement(suite, "system-out").text = _escape("\n".join(map(_line, report.results)))
    SubElement(suite, "system-err").text = ""
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _count(cases: list[_Case], verdict: Verdict) -> str:
    return str(sum(case.verdict == verdict for case in cases))


def _add(suite: Element, case: _Case) -> None:
    element = SubElement(suite, "testcase", name=case.name, classname=case.area, time=f"{case.seconds:.3f}")
    if case.verdict is not None:
        message = _escape(case.message)
        shown = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
        # In Ant's schema a skipped test has neither a type nor a text, only a message.
        kind = {} if case.verdict == "skipped" else {"type": case.kind}
        SubElement(element, case.verdict, kind, message=shown).text = _escape(case.body)


def _of_spec_error(error: str) -> _Case:
    return _Case("spec", "spec", 0, "error", "spec error", error, f"Error in the Spec: {error}")


def _of_result(report: Report, result: CheckResult) -> _Case:
    case = _Case(result.id, result.area, result.seconds)
    if result.state is State.PASSED:
        return case
    kind, message = str(result.state), result.message
    verdict: Verdict = "skipped"
    if report.is_error(result):
        verdict = "error" if result.state is State.NOT_EXERCISED else "failure"
    elif result.state is State.FAILED:
        message = f"advisory: {message}"
    else:
        message = f"{kind}: {message}"
    return evolve(case, verdict=verdict, kind=kind, message=message, body=_body(report, result))


def _body(report: Report, result: CheckResult) -> str:
    parts = [
        f"requires: {result.description} (clause {result.clause} of docs/contract.md, {result.level})",
        f"reason: {result.message}",
    ]
    url = clause_url(result.clause)
    if url is not None:
        parts.insert(1, f"clause: {url}")
    group = report.group_of(result)
    if group:
        others = ", ".join(it.id for it in group if it.id != result.id)
        parts.append(f"group: {result.cause} (the cause of {others}, too)")
    if result.example is not None:
        parts.append(f"example:\n{result.example}")
    for number, exchange in enumerate(result.transcript, 1):
        parts.append(f"request {number}:\n{exchange.request}\nresponse {number}:\n{exchange.response}")
    if result.replay:
        parts.append(f"replay: {report.replay_command(result)}")
    return "\n".join(parts)


def _line(result: CheckResult) -> str:
    examples = ", ".join(f"{kind}: {count}" for kind, count in result.examples.items()) or "no examples"
    return f"{result.state}: {result.id} ({result.level}, {result.clause}) {examples}"


def _escape(text: str) -> str:
    """Return a text that XML can hold."""
    return escape_control_characters(text, keep_lines=True)
