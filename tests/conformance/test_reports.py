"""The reports: their contents, the escaping of hostile text, and the redaction of secrets."""

import base64
import hashlib
import itertools
import json
import re
import sys
import xml.etree.ElementTree as ET
import zlib
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from conformance import PROFILES, CheckResult, Report, State, check_connector, spec_of
from conformance.command import conformance
from conformance.harness.canaries import Canaries
from conformance.providers.base import Exchange
from conformance.reports import clause_url, contract_url, to_badge, to_html, to_junit
from conformance.secret_forms import NewSecret
from connector_kit import Email, bundle
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.terminal import escape_control_characters
from tests.conformance.wrong_connectors import WRONG, BaseSes

SPEC = spec_of(AwsSesConnector)
DEV = PROFILES["dev"]
TOKEN = "routing.exact-match:0:6.130.0:AXicY2AAAAACAAE="
HOSTILE = "<script>alert(1)</script> & \"q\" 'q' ]]> \x00\x1b[31m\x85 \u202eevil שלמ \ud800\ufffe"


def _passed(check_id: str = "delivery.recipient", **changes: Any) -> CheckResult:
    result = CheckResult(check_id, State.PASSED, "required", "D1", "A rule.", {"sent": 25}, 0.25)
    return evolve(result, **changes)


def _failed(check_id: str = "routing.exact-match", **changes: Any) -> CheckResult:
    result = CheckResult(
        check_id,
        State.FAILED,
        "required",
        "T1",
        "Another rule.",
        {},
        1.5,
        message="expected this, found that",
        example='types: ["SignIn"]\nmessage: {"to": "a@a.example"}',
        transcript=(Exchange("POST / HTTP/1.1\r\nHost: a", "HTTP/1.1 200 OK"),),
        replay=TOKEN,
    )
    return evolve(result, **changes)


def _escape(text: str) -> str:
    return escape_control_characters(text, keep_lines=True)


def _report(*results: CheckResult, **changes: Any) -> Report:
    started = datetime(2025, 6, 1, 14, 0, 0, tzinfo=timezone(timedelta(hours=2)))
    report = Report("acme-mail", "dev", results, (), 12.3456, "acme:Acme", 7, started, available=9)
    return evolve(report, **changes)


_NINE = tuple(_passed(f"delivery.no-{number}") for number in range(9))
EVERY_STATE = _report(
    _passed(),
    _failed(),
    _failed("secrets.echoed-request", level="advisory"),
    _failed("routing.i18n-first", state=State.EXPECTED_FAILURE, message="see #12 (expected this)"),
    _passed("metadata.json-round-trip", state=State.UNEXPECTED_PASS, message="it passes"),
    _passed("delivery.text", state=State.NOT_APPLICABLE, message="the Spec does not declare text", examples={}),
    _passed("errors.throttle", state=State.NOT_EXERCISED, message="no example of 'throttled'", examples={}),
)


class _Page(HTMLParser):
    """Parses a page; fails if its elements are not closed in order."""

    _VOID = frozenset({"meta", "col", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self._VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1], data))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, *tags: str) -> str:
        return " ".join(" ".join(data.split()) for tag, data in self.texts if not tags or tag in tags)


# --- the page -------------------------------------------------------------------------------------------------------


def test_page_starts_with_the_verdict_and_the_options_of_the_run() -> None:
    """Connector, target, profile, seed, time in UTC, and the number of checks in each state."""
    text = _Page(to_html(EVERY_STATE)).text()
    assert text.index("acme-mail does not conform") < text.index("Connector") < text.index("Errors Each")
    assert "3 errors: routing.exact-match , metadata.json-round-trip , errors.throttle ." in text
    for words in ("Target acme:Acme", "Profile dev", "Seed 7", "Started 2025-06-01 12:00:00 UTC", "Duration 12.3 s"):
        assert words in text
    assert "7 of the 9 checks for this type of connector ran." in text
    assert "✓ passed 1 ✗ failed 2 ≈ expected failure 1 ! unexpected pass 1 ○ not applicable 1" in text


def test_page_shows_a_failure_in_full() -> None:
    """Description, level, clause, reason, the indented example, the exchanges and the command to replay it."""
    page = _Page(to_html(EVERY_STATE))
    shown = page.text().partition("✗ failed routing.exact-match")[2]
    for words in ("Another rule.", "Level required", "Clause T1", "Reason expected this, found that"):
        assert words in shown
    assert ("pre", 'types: [\n  "SignIn"\n]\nmessage: {\n  "to": "a@a.example"\n}') in page.texts
    assert ("pre", "POST / HTTP/1.1\nHost: a") in page.texts
    assert ("code", f"connector-kit conformance acme:Acme --replay {TOKEN}") in page.texts


def test_page_shows_errors_then_recommendations_then_expected_failures() -> None:
    """Each kind has its own heading."""
    page = _Page(to_html(EVERY_STATE))
    headings = [data for tag, data in page.texts if tag == "h2"]
    assert headings == [
        "Errors",
        "Recommendations",
        "Expected failures",
        "All checks",
        "What the states mean",
    ]
    assert [it["id"] for it in page.named("article")] == [
        *("routing.exact-match", "metadata.json-round-trip", "errors.throttle"),
        *("secrets.echoed-request", "routing.i18n-first"),
    ]


CAUSE = "RuntimeError raised in Acme.deliver (acme/connector.py line 41)"
GROUPED = _report(
    _failed("delivery.recipient", cause=CAUSE),
    _failed("routing.exact-match", cause="expected one call to the provider, found …"),
    _failed("errors.quota", cause=CAUSE),
    _failed("secrets.echoed-request", level="advisory", cause=CAUSE),
    _passed("errors.network", state=State.NOT_EXERCISED, message="no example", cause=""),
)


def test_page_shows_failures_with_one_cause_under_one_heading() -> None:
    """A failure that shares its cause with no other has no such heading; advisory failures stay recommendations."""
    page = _Page(to_html(GROUPED))
    shown = page.text().partition("Errors Each")[2].partition("Recommendations")[0]
    assert shown.count("checks fail for one cause") == 1
    assert f"2 checks fail for one cause {CAUSE} ✗ failed delivery.recipient" in shown
    ids = [it["id"] for it in page.named("article")]
    assert ids[:3] == ["delivery.recipient", "errors.quota", "routing.exact-match"]


def test_reports_of_each_check_have_its_group() -> None:
    """JSON has the shared cause, JUnit also the other checks; a failure alone has no group."""
    by_id = {it["id"]: it["group"] for it in GROUPED.to_json()["checks"]}
    assert by_id == {
        "delivery.recipient": CAUSE,
        "routing.exact-match": "",
        "errors.quota": CAUSE,
        "secrets.echoed-request": CAUSE,
        "errors.network": "",
    }
    bodies = {it.get("name"): it.findtext("failure") for it in ET.fromstring(to_junit(GROUPED)).iter("testcase")}
    assert f"group: {CAUSE} (the cause of errors.quota, secrets.echoed-request, too)" in str(
        bodies["delivery.recipient"]
    )
    assert "group:" not in str(bodies["routing.exact-match"])


def test_clause_is_a_link_to_its_text_in_the_contract() -> None:
    """The address is that of the documentation in the package's metadata; deviations are headings with a colon."""
    assert str(contract_url()).startswith("https://")
    assert clause_url("T1") == f"{contract_url()}#:~:text=T1."
    assert clause_url("R7") == f"{contract_url()}#:~:text=R7%3A"
    assert {"href": clause_url("T1")} in _Page(to_html(EVERY_STATE)).named("a")
    (failure,) = ET.fromstring(to_junit(_report(_failed()))).iter("failure")
    assert f"clause: {clause_url('T1')}" in str(failure.text)


def test_reports_without_package_metadata_have_no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite may run from a copy that is not installed."""

    def missing(_: str) -> Any:
        raise PackageNotFoundError

    monkeypatch.setattr("conformance.reports.links.metadata", missing)
    contract_url.cache_clear()
    try:
        assert clause_url("T1") is None
        assert {it["href"] for it in _Page(to_html(EVERY_STATE)).named("a")} == {
            f"#{it.id}" for it in EVERY_STATE.results if it.state is State.FAILED or EVERY_STATE.is_error(it)
        } | {"#routing.i18n-first"}
        assert "clause: " not in to_junit(EVERY_STATE)
    finally:
        contract_url.cache_clear()


def test_page_shows_code_of_a_description_as_code() -> None:
    """Docstrings have it between two pairs of backticks; its characters are escaped as all others."""
    page = _Page(to_html(_report(_failed(description="A value such as ``<b>`` or ``\\1`` stays."))))
    assert [data for tag, data in page.texts if tag == "code"][1:3] == ["<b>", "\\1"]
    assert "``" not in page.text()


def test_page_lists_every_check_with_its_examples() -> None:
    """State, level, clause, examples by kind and seconds, and the reason if the page does not show it elsewhere."""
    text = _Page(to_html(EVERY_STATE)).text("td", "th", "span", "a", "caption").partition("delivery 1 check")[2]
    assert "passed delivery.recipient A rule. required D1 sent: 25 0.25" in text
    assert "delivery.text A rule. the Spec does not declare text required D1 none 0.25" in text


def test_page_folds_checks_that_do_not_apply_into_a_count() -> None:
    """In one table after those of the areas; no area has them."""
    page = _Page(to_html(EVERY_STATE))
    assert page.text("summary").endswith("1 check does not apply to this connector")
    assert page.text("caption", "span").rpartition("not applicable 1 check")[2].count("delivery.text") == 1
    every = _Page(to_html(_report(_passed(state=State.NOT_APPLICABLE), _passed("a.b", state=State.NOT_APPLICABLE))))
    assert every.text("summary") == "2 checks do not apply to this connector"
    assert "do not apply" not in _Page(to_html(_report(_passed()))).text()


def test_page_shows_the_first_failure_of_a_cause_and_folds_the_others() -> None:
    """The verdict names one check for each cause."""
    report = _report(*(_failed(f"routing.no-{number}", cause=CAUSE) for number in range(9)), _failed("errors.quota"))
    text = to_html(report)
    shown, folded = text.split("<summary>8 other checks fail for this cause</summary>")
    assert [it["id"] for it in _Page(text).named("article")] == [it.id for it in report.results]
    assert ('id="routing.no-0"' in shown, 'id="routing.no-1"' in shown, 'id="routing.no-8"' in folded) == (
        True,
        False,
        True,
    )
    words = _Page(text).text()
    assert "10 errors of 2 causes: routing.no-0 (9 checks), errors.quota ." in words


def test_page_of_a_conforming_connector_has_no_failures() -> None:
    """Its heading is the verdict."""
    page = _Page(to_html(_report(*_NINE)))
    assert page.text("h1", "bdi").startswith("acme-mail conforms")
    assert "checks for this type" not in page.text()
    assert page.named("article") == []


def test_page_of_an_unusable_spec_lists_its_errors() -> None:
    """It has no verdict on the connector."""
    page = _Page(to_html(_report(spec_errors=("valid_config is not valid.", "<b>"))))
    assert page.text("h1") == "The Spec has errors"
    assert page.text("li") == "valid_config is not valid. <b>"
    assert "Correct 2 errors" in page.text()
    assert page.named("table") == []


def test_page_of_a_run_without_checks_does_not_conform() -> None:
    """Nothing was proven."""
    page = _Page(to_html(_report(seed=None)))
    assert "acme-mail does not conform No check was exercised" in page.text()
    assert "Seed none" in page.text()


def test_page_names_the_first_errors_and_counts_the_others() -> None:
    """The verdict stays short."""
    text = _Page(to_html(_report(*(_failed(f"routing.no-{number}") for number in range(20))))).text()
    assert "routing.no-7 and 12 more ." in text


def test_page_shows_that_coverage_was_not_required() -> None:
    """A check that was not exercised is not among the errors then."""
    page = _Page(to_html(evolve(EVERY_STATE, require_coverage=False)))
    assert "Coverage not required" in page.text()
    assert "errors.throttle" not in [it["id"] for it in page.named("article")]
    assert "no example of 'throttled'" in page.text("span")


def _is_link_of_the_page(target: str) -> bool:
    return target.startswith(("#", f"{contract_url()}#"))


def test_page_loads_no_other_file() -> None:
    """It has no script, its only URLs are links to the contract, and its content security policy allows only its own style."""
    text = to_html(EVERY_STATE)
    page = _Page(text)
    (policy,) = [it["content"] for it in page.named("meta") if it.get("http-equiv") == "Content-Security-Policy"]
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form"} == set()
    assert all(_is_link_of_the_page(it["href"] or "") for it in page.named("a"))
    assert not re.search(r"url\(|@import|https?:", style[1])
    assert not any("style" in attributes for _, attributes in page.tags)


def test_page_is_accessible_to_screen_readers() -> None:
    """Language, one h1, headings in order, table captions and column headings, and links with a target."""
    page = _Page(to_html(EVERY_STATE))
    assert page.named("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert len(page.named("caption")) == len(page.named("table")) == 6
    assert {it.get("scope") for it in page.named("th")} == {"col", "row"}
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {it["href"] for it in page.named("a") if it["href"] != clause_url("T1")} <= {
        *(f"#{name}" for name in ids),
        clause_url("D1"),
    }
    labels = {it["aria-labelledby"] for _, it in page.tags if "aria-labelledby" in it}
    assert labels <= set(ids)


def _luminance(colour: str) -> float:
    channels = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_of_the_page_have_enough_contrast(theme: int) -> None:
    """WCAG requires 4.5 to 1 at level AA."""
    style = to_html(EVERY_STATE).partition("<style>")[2].partition("</style>")[0]
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[theme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    pairs = [(text, ground) for text in ("text", "quiet", "link") for ground in ("page", "card", "code")]
    pairs += [(kind, f"{kind}-soft") for kind in ("good", "bad", "warn")]
    pairs += [("quiet", "mute-soft"), *((text, f"{it}-soft") for text in ("text", "link") for it in ("good", "bad"))]
    assert {pair: ratio for pair in pairs if (ratio := _contrast(colours[pair[0]], colours[pair[1]])) < 4.5} == {}


# --- hostile text ---------------------------------------------------------------------------------------------------

LONG = json.dumps({"to": HOSTILE, "payload": {"x": "w" * 4000}}, ensure_ascii=False)[:4000] + "…"
HOSTILE_REPORT = _report(
    _failed(message=HOSTILE, example=LONG, transcript=(Exchange(HOSTILE, HOSTILE),), examples={HOSTILE: 1}),
    _failed("routing.deep", example="[" * 3000, description=HOSTILE, clause=HOSTILE),
    _passed("delivery.text", state=State.NOT_APPLICABLE, message=HOSTILE),
    connector=HOSTILE,
    target=HOSTILE,
    profile=HOSTILE,
)


@pytest.mark.parametrize("report", [HOSTILE_REPORT, _report(connector=HOSTILE, spec_errors=(HOSTILE,))])
def test_hostile_text_is_escaped_in_the_page(report: Report) -> None:
    """Markup and control characters have no effect."""
    text = to_html(report)
    page = _Page(text)
    assert page.named("script") == []
    assert r"<script>alert(1)</script>" in page.text()
    assert r"\x00\x1b[31m\x85 \u202eevil שלמ \ud800\ufffe" in page.text()
    assert _escape(text) == text
    text.encode()


@pytest.mark.parametrize("report", [HOSTILE_REPORT, _report(connector=HOSTILE, spec_errors=(HOSTILE,))])
def test_hostile_text_is_escaped_in_junit(report: Report) -> None:
    """The XML is valid, and the text is readable."""
    root = ET.fromstring(to_junit(report).encode())
    assert root.find("testsuite").get("name") == _escape(HOSTILE)  # type: ignore[union-attr]
    messages = [it.get("message") for it in root.iter() if it.tag in {"failure", "error"}]
    assert messages[0] == _escape(HOSTILE)


# --- JUnit ----------------------------------------------------------------------------------------------------------

_ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {
        *("name", "package", "id", "timestamp", "hostname"),
        *("tests", "failures", "errors", "skipped", "time"),
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
    **{key: set[str]() for key in ("system-out", "system-err")},
}


def _junit(report: Report) -> ET.Element:
    """Parse the XML, and compare it with the rules that the schemas of Ant and of Jenkins share."""
    root = ET.fromstring(to_junit(report).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == _ATTRIBUTES[element.tag], element.tag
    (suite,) = root
    assert re.fullmatch("properties (testcase )*system-out system-err", " ".join(it.tag for it in suite))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    cases = suite.findall("testcase")
    assert all(len(case) <= 1 for case in cases)
    assert suite.get("tests") == str(len(cases))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suite.get(attribute) == str(len(suite.findall(f"testcase/{tag}")))
    for timed in (suite, *cases):
        assert re.fullmatch(r"\d+\.\d{3}", timed.attrib["time"])
    return suite


def test_junit_has_a_test_case_for_each_check() -> None:
    """Its name is the id, its class is the area, and its result follows from the state."""
    suite = _junit(EVERY_STATE)
    cases = [
        (case.get("classname"), case.get("name"), *((it.tag, it.get("type") or it.get("message")) for it in case))
        for case in suite.iter("testcase")
    ]
    assert cases == [
        ("delivery", "delivery.recipient"),
        ("routing", "routing.exact-match", ("failure", "failed")),
        ("secrets", "secrets.echoed-request", ("skipped", "advisory: expected this, found that")),
        ("routing", "routing.i18n-first", ("skipped", "expected failure: see #12 (expected this)")),
        ("metadata", "metadata.json-round-trip", ("failure", "unexpected pass")),
        ("delivery", "delivery.text", ("skipped", "not applicable: the Spec does not declare text")),
        ("errors", "errors.throttle", ("error", "not exercised")),
    ]
    assert suite.get("timestamp") == "2025-06-01T12:00:00"


def test_junit_has_a_failure_in_full() -> None:
    """The message is the reason; the text has everything else."""
    failure = _junit(EVERY_STATE).find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "expected this, found that"
    for words in (
        "requires: Another rule. (clause T1 of docs/contract.md, required)",
        "reason: expected this, found that",
        '["SignIn"]',
        "request 1:\nPOST / ",
        "response 1:\nHTTP/1.1 200",
    ):
        assert words in str(failure.text)
    assert str(failure.text).endswith(f"replay: connector-kit conformance acme:Acme --replay {TOKEN}")


def test_junit_has_the_options_and_the_examples() -> None:
    """The options of the run are properties; the examples of each check are the output."""
    suite = _junit(EVERY_STATE)
    properties = {it.get("name"): it.get("value") for it in suite.iter("property")}
    assert properties == {
        "target": "acme:Acme",
        "profile": "dev",
        "seed": "7",
        "requireCoverage": "true",
        "conforms": "false",
    }
    assert "passed: delivery.recipient (required, D1) sent: 25" in (suite.findtext("system-out") or "")


def test_junit_cuts_a_long_message_but_not_the_text() -> None:
    """CI servers show messages in tables."""
    failure = _junit(_report(_failed(message="m" * 1000))).find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "m" * 300 + "…"
    assert "m" * 1000 in str(failure.text)


def test_junit_has_a_test_case_for_each_error_in_the_spec() -> None:
    """An unusable Spec fails a build."""
    suite = _junit(_report(spec_errors=("one", "two"), seed=None))
    errors = [(it.get("type"), it.get("message")) for it in suite.findall("testcase/error")]
    assert errors == [("spec error", "one"), ("spec error", "two")]


def test_junit_skips_unexercised_checks_if_coverage_is_not_required() -> None:
    """They do not fail a build then."""
    suite = _junit(evolve(EVERY_STATE, require_coverage=False))
    assert suite.get("errors") == "0"
    assert suite.find("testcase[@name='errors.throttle']/skipped") is not None


# --- the badge ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "value"),
    [
        (_report(*_NINE), "conforms"),
        (_report(_passed()), "conforms · 1 of 9 checks"),
        (_report(_failed(), *_NINE[1:]), "1 error"),
        (EVERY_STATE, "3 errors"),
        (_report(spec_errors=("an error",)), "error in the Spec"),
        (_report(), "no check ran"),
    ],
)
def test_badge_shows_the_verdict(report: Report, value: str) -> None:
    """In its text, its title and its colour; after a run of only some checks, it shows how many."""
    root = ET.fromstring(to_badge(report))
    space = "{http://www.w3.org/2000/svg}"
    assert [it.text for it in root.iter(f"{space}text")] == ["logto connector", value]
    assert root.findtext(f"{space}title") == root.get("aria-label") == f"logto connector: {value}"
    assert root.get("role") == "img"
    colour = root.find(f"{space}path").get("fill")  # type: ignore[union-attr]
    assert colour == ("#2e7d32" if report.conforms else "#b3261e")
    assert _contrast("#ffffff", str(colour)) >= 4.5
    lengths = [int(it.get("textLength", 0)) for it in root.iter(f"{space}text")]
    assert int(root.get("width", 0)) == sum(lengths) + 24


# --- JSON -----------------------------------------------------------------------------------------------------------

SCHEMA = Draft202012Validator(bundle("conformance-report"))


def _real(**changes: Any) -> Report:
    checks = ["metadata", "routing.first-match-wins", "secrets.log", "delivery.one-call"]
    return check_connector(evolve(SPEC, **changes), checks=checks, profile=DEV, seed=3, target="acme:spec")


def _wrong(check_id: str) -> type[Any]:
    return next(it.connector for it in WRONG if it.check == check_id)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"connector": _wrong("routing.first-match-wins")},
        {"connector": _wrong("delivery.one-call"), "expected_failures": {"delivery.one-call": "see #12"}},
        {"expected_failures": {"metadata.json-round-trip": "it passes"}},
        {"expected_failures": {"metadata.jso": "a typo"}},
    ],
    ids=["passed", "failed", "expected", "unexpected", "spec errors"],
)
def test_json_of_a_run_matches_its_schema(changes: dict[str, Any]) -> None:
    """The schema describes every member."""
    report = json.loads(json.dumps(_real(**changes).to_json()))
    SCHEMA.validate(report)
    assert report.keys() == SCHEMA.schema["properties"].keys()
    for check in report["checks"]:
        assert check.keys() == SCHEMA.schema["$defs"]["check"]["properties"].keys()


@pytest.mark.parametrize(
    "report", [EVERY_STATE, HOSTILE_REPORT, _report(), evolve(EVERY_STATE, require_coverage=False)]
)
def test_json_of_any_report_matches_its_schema(report: Report) -> None:
    """With every state, hostile text, and no checks."""
    SCHEMA.validate(json.loads(json.dumps(report.to_json())))


def _other(report: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(report)) | changes  # type: ignore[no-any-return]


def test_schema_rejects_inconsistent_json() -> None:
    """Each mutant has a wrong type, lacks a member, or has a verdict that contradicts its checks."""
    report = json.loads(json.dumps(EVERY_STATE.to_json()))
    passed, failed = report["checks"][0], report["checks"][1]
    right = _other(report, conforms=True, checks=[passed], counts={"passed": 1})
    assert SCHEMA.is_valid(right)
    mutants = [
        {key: value for key, value in report.items() if key != "conforms"},
        _other(report, conforms="no"),
        _other(report, conforms=True),
        _other(right, checks=[]),
        _other(right, checks=[failed], counts={"failed": 1}),
        _other(right, counts={"unexpected pass": 1}),
        _other(right, counts={"not exercised": 1}),
        _other(right, specErrors=["an error"]),
        _other(report, specErrors=["an error"]),
        _other(report, counts={"passt": 1}),
        _other(report, started="yesterday"),
        _other(report, started="2025-06-01T12:00:00Z\n"),
        _other(report, seconds=-1),
        _other(report, checks=[passed | {"state": "Passed"}]),
        _other(report, checks=[passed | {"level": "optional"}]),
        _other(report, checks=[passed | {"example": "{}"}]),
        _other(report, checks=[passed | {"examples": {"sent": -1}}]),
        _other(report, checks=[failed | {"message": ""}]),
        _other(report, checks=[failed | {"replay": ""}]),
        _other(report, checks=[failed | {"transcript": [{"request": ""}]}]),
    ]
    assert [index for index, mutant in enumerate(mutants) if SCHEMA.is_valid(mutant)] == []


# --- secrets --------------------------------------------------------------------------------------------------------


class KeepsTheFirstKey(BaseSes):
    """Puts the first key that it ever received into every message."""

    _first = ""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver with an old key in the body, plain and encoded."""
        type(self)._first = self._first or config.access_key_secret
        encoded = base64.b64encode(f"x:{self._first}:{email.data.payload.code}".encode()).decode()
        return super().deliver(config, evolve(email, body=f"{email.body} {self._first} {encoded}"))


class LeaksInBase64(BaseSes):
    """Fails with an error that has its secret in base64."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Fail with the secret twice in a row, and in base64 at each alignment."""
        secret = config.access_key_secret
        leaks = [base64.b64encode(f"{'.' * before}{secret}!".encode()).decode() for before in range(3)]
        raise RuntimeError(
            f"{secret}{secret} {leaks} {base64.urlsafe_b64encode(secret.encode())!r} {email.data.payload}"
        )


def _forms(canary: str) -> list[str]:
    """Return the forms of a secret in a report: plain, and in base64 between other texts."""
    encoded = [base64.b64encode(b"." * before + canary.encode() + b"..")[4:-4].decode() for before in range(3)]
    return [canary, *encoded]


_LEAKS = [
    (it.connector, it.check)
    for it in WRONG
    if it.based_on is None and (it.check.startswith("secrets.") or "credentials" in it.check)
]


@pytest.mark.parametrize(
    ("wrong", "check"),
    [*_LEAKS, (KeepsTheFirstKey, "rendering.replaces-placeholders"), (LeaksInBase64, "secrets.log")],
    ids=lambda it: it if isinstance(it, str) else it.__name__,
)
def test_no_report_has_a_secret(wrong: type[Any], check: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the files nor the terminal have one, plain or in base64, for connectors that leak all of them."""
    made: list[str] = []
    original = Canaries._keep

    def keep(self: Canaries, name: str, secret: NewSecret) -> object:
        made.extend(secret.secret)
        return original(self, name, secret)

    monkeypatch.setattr(Canaries, "_keep", keep)
    monkeypatch.setitem(sys.modules, "author", type(sys)("author"))
    author: Any = sys.modules["author"]
    author.spec = evolve(spec_of(BaseSes), connector=wrong)
    files = [tmp_path / name for name in ("report.html", "report.json", "report.xml", "badge.svg")]
    options = [it for pair in zip(("--html", "--json", "--junit", "--badge"), files, strict=True) for it in pair]
    chosen = ["--check", check, "--check", "config.uses-unsaved", "--check", "config.rejects-missing"]
    done = CliRunner().invoke(conformance, ["author:spec", "--profile", "dev", *chosen, *map(str, options)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in {0, 1}, done.output
    assert made
    texts = [done.output, *(file.read_text(encoding="utf-8") for file in files)]
    replays = re.findall(r'"replay": "[^"]+:([A-Za-z0-9+/=]+)"', texts[2])
    texts += [zlib.decompress(base64.b64decode(replay)).decode("latin-1") for replay in replays]
    everything = "\n".join(texts).lower()
    assert [form for canary in made for form in _forms(canary) if form.lower() in everything] == []


def test_replay_command_is_quoted_for_a_shell() -> None:
    """It is empty for a result without a replay."""
    assert EVERY_STATE.replay_command(_passed()) == ""
    assert (
        evolve(EVERY_STATE, target="a b").replay_command(_failed()).startswith("connector-kit conformance 'a b' --rep")
    )
