"""Running checks: the state of each result, replays, time limits, and when a connector conforms."""

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import __version__ as hypothesis_version
from hypothesis import assume
from hypothesis import strategies as st

from conformance import PROFILES, Check, CheckFailure, NotApplicable, Spec, State, check_connector, spec_of
from conformance.harness.canaries import Canaries
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.registry import ALL
from conformance.run.one_check import run_check
from conformance.run.plan import find_checks, find_replay
from conformance.verdicts import CheckResult, Report
from connector_kit import ConnectorError, ConnectorErrorCodes, ConnectorType, SendMessageData
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import WRONG, BaseSes

DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)


def _wrong(check_id: str) -> Spec:
    connector = next(it.connector for it in WRONG if it.check == check_id)
    return evolve(spec_of(BaseSes), connector=connector)


def _check(run: Callable[[Harness], None], **changes: Any) -> Check:
    made = Check("test.check", "A rule.", "required", "X1", frozenset(), ("example",), ALL, run)
    return evolve(made, **changes)


def _run(run: Callable[[Harness], None], spec: Spec = SPEC, **changes: Any) -> CheckResult:
    return run_check(_check(run, **changes), spec, SearchOptions(DEV))


def _covers(harness: Harness) -> None:
    harness.coverage.add("example")


def _fails(harness: Harness) -> None:
    harness.coverage.add("example")
    raise CheckFailure("expected this, found that")


# --- states ---------------------------------------------------------------------------------------------------------


def test_covered_check_without_failure_passes() -> None:
    """The result has the number of examples of each kind."""
    result = _run(_covers)
    assert (result.state, dict(result.examples), result.is_error) == (State.PASSED, {"example": 1}, False)


def test_check_without_examples_of_a_kind_is_not_exercised() -> None:
    """That is an error: the check has proven nothing."""
    result = _run(_covers, covers=("example", "other kind"))
    assert (result.state, result.is_error) == (State.NOT_EXERCISED, True)
    assert result.message == "the check tried no example of 'other kind', so it has proven nothing"


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"sms"}, "the Spec does not declare the capability sms"),
        ({"sms", "social or usage"}, "the Spec does not declare the capabilities sms, social or usage"),
    ],
)
def test_check_with_a_missing_capability_is_not_applicable(needs: set[str], words: str) -> None:
    """The message names the capability."""
    result = _run(_fails, needs=frozenset(needs))
    assert (result.state, result.is_error, result.message) == (State.NOT_APPLICABLE, False, words)


def test_check_for_other_types_is_not_applicable() -> None:
    """The message names both types."""
    result = _run(_fails, types=frozenset({ConnectorType.SOCIAL}))
    assert result.state is State.NOT_APPLICABLE
    assert result.message == "the check is for Social connectors, and this one has the type Email"


def test_check_may_find_itself_not_applicable() -> None:
    """From what it learns about the connector, in an example too."""

    def run(harness: Harness) -> None:
        def verify(_: object) -> None:
            raise NotApplicable("the metadata has no logo")

        harness.for_all(verify, st.integers())

    result = _run(run)
    assert (result.state, result.message, result.replay) == (State.NOT_APPLICABLE, "the metadata has no logo", "")


@pytest.mark.parametrize(("level", "is_error"), [("required", True), ("advisory", False)])
def test_only_required_failure_is_an_error(level: str, *, is_error: bool) -> None:
    """An advisory check that fails recommends an improvement."""
    result = _run(_fails, level=level)
    assert (result.state, result.is_error) == (State.FAILED, is_error)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("boom"), "expected no exception; it raised RuntimeError: boom"),
        (
            ConnectorError(ConnectorErrorCodes.GENERAL, "boom"),
            'expected no exception; it raised ConnectorError: "boom" (general)',
        ),
    ],
)
def test_exception_fails_the_check(error: Exception, message: str) -> None:
    """It is reported, not raised."""

    def run(_: Harness) -> None:
        raise error

    result = _run(run)
    assert (result.state, result.message) == (State.FAILED, message)


def test_exception_in_an_example_is_shown_with_the_example() -> None:
    """A connector that raises instead of returning has a smallest example, too, and it can be replayed."""

    def run(harness: Harness) -> None:
        def verify(number: int) -> None:
            if number >= 10:
                raise RuntimeError("boom")

        harness.for_all(verify, st.integers(0, 1000))

    result = _run(run)
    assert (result.state, result.example) == (State.FAILED, "number: 10")
    assert result.replay.startswith("test.check:0:")


def test_failure_raised_by_the_suite_passes_through_a_send() -> None:
    """It is not an error of the connector."""

    class Checking(BaseSes):
        def compose(self, config: Any, message: SendMessageData) -> Any:
            """Fail as a check does."""
            del config
            raise CheckFailure(f"raised in a callback for {message.to}")

    harness = Harness(evolve(SPEC, connector=Checking), SearchOptions(DEV))
    with harness.provider.running(), pytest.raises(CheckFailure, match="raised in a callback"):
        harness.send({"to": "a@b.example", "type": "Generic", "payload": {}}, harness.config)


def test_second_delivery_fails_a_check_that_requires_one() -> None:
    """Each check that sends a message notices that it arrives twice."""
    (result,) = check_connector(_wrong("delivery.one-call"), checks=["delivery.recipient"]).results
    assert result.message.endswith("(capitals): expected one call to the provider, found 2")


# --- expected failures ----------------------------------------------------------------------------------------------

EXPECTING = evolve(SPEC, expected_failures={"test.check": "see #12"})


def test_expected_failure_is_not_an_error() -> None:
    """The message starts with the reason from the Spec."""
    result = _run(_fails, EXPECTING)
    assert (result.state, result.is_error) == (State.EXPECTED_FAILURE, False)
    assert result.message == "see #12 (expected this, found that)"


@pytest.mark.parametrize(
    ("run", "changes", "state", "words"),
    [
        (_covers, {}, State.UNEXPECTED_PASS, "the check passes, but expected_failures expects a failure: see #12."),
        (_fails, {"needs": frozenset({"sms"})}, State.NOT_EXERCISED, "the check does not apply (the Spec does not"),
        (_covers, {"covers": ("other",)}, State.NOT_EXERCISED, "the check tried no example of 'other'"),
    ],
    ids=["passes", "not applicable", "not exercised"],
)
def test_expected_failure_that_does_not_occur_is_an_error(
    run: Callable[[Harness], None], changes: dict[str, Any], state: State, words: str
) -> None:
    """An entry of expected_failures must not hide that a check passes or does not run."""
    result = _run(run, EXPECTING, **changes)
    assert (result.state, result.is_error) == (state, True)
    assert result.message.startswith(words)


# --- the verdict ----------------------------------------------------------------------------------------------------


def test_connector_conforms_if_a_check_passed_and_there_is_no_error() -> None:
    """Nothing else makes it conform."""
    passed = CheckResult("a.b", State.PASSED, "required", "X1", "c", {"e": 1}, 0.0)
    assert Report("x", "dev", (passed,), (), 0.0).conforms
    assert not Report("x", "dev", (), (), 0.0).conforms
    assert not Report("x", "dev", (evolve(passed, state=State.NOT_APPLICABLE),), (), 0.0).conforms
    assert not Report("x", "dev", (passed,), ("an error",), 0.0).conforms
    assert not Report("x", "dev", (passed, evolve(passed, state=State.FAILED)), (), 0.0).conforms


def test_missing_coverage_counts_only_if_it_is_required() -> None:
    """With require_coverage=False, a check that was not exercised is not an error."""
    unexercised = CheckResult("a.b", State.NOT_EXERCISED, "required", "X1", "c", {}, 0.0)
    passed = evolve(unexercised, state=State.PASSED)
    assert not Report("x", "dev", (unexercised, passed), (), 0.0).conforms
    assert Report("x", "dev", (unexercised, passed), (), 0.0, require_coverage=False).conforms


def test_report_can_be_written_as_json() -> None:
    """It has the verdict, the number of checks in each state, and each check with its examples."""
    seen: list[str] = []
    report = check_connector(SPEC, checks=["delivery.recipient"], profile=DEV, on_result=lambda it: seen.append(it.id))
    read = json.loads(json.dumps(report.to_json()))
    assert seen == ["delivery.recipient"]
    assert read["conforms"] is True
    assert read["counts"] == {"passed": 1}
    (check,) = read["checks"]
    assert check["id"] == "delivery.recipient"
    assert check["state"] == "passed"
    assert check["examples"] == {"sent message": DEV.examples // 2}


def test_fail_fast_stops_at_the_first_error() -> None:
    """No check runs after it."""
    report = check_connector(_wrong("metadata.valid"), checks=["metadata"], profile=DEV, fail_fast=True)
    assert report.results[-1].id == "metadata.valid"
    assert len(report.results) < len(find_checks(["metadata"]))


# --- choosing checks ------------------------------------------------------------------------------------------------


def test_area_chooses_all_its_checks() -> None:
    """``routing`` chooses the checks whose ids start with it, and no others."""
    chosen = find_checks(["routing"])
    assert {check.area for check in chosen} == {"routing"}
    assert {*find_checks()} - {*chosen} == {check for check in find_checks() if check.area != "routing"}


def test_unknown_check_raises_lookup_error() -> None:
    """The message has the closest name, if there is one."""
    with pytest.raises(LookupError, match=r"no check or area 'routing\.exact' \(did you mean 'routing\.exact-match'"):
        find_checks(["routing.exact"])
    with pytest.raises(LookupError, match=r"There is no check or area 'zzz'\.$"):
        find_checks(["zzz"])


# --- examples -------------------------------------------------------------------------------------------------------


def test_same_seed_draws_the_same_examples() -> None:
    """So that a failure can be found again."""
    spec = _wrong("routing.first-match-wins")

    def run(seed: int) -> str | None:
        (result,) = check_connector(spec, checks=["routing.first-match-wins"], profile=DEV, seed=seed).results
        assert result.state is State.FAILED
        return result.example

    assert run(7) == run(7)


def test_failure_that_is_not_repeatable_is_reported_as_such() -> None:
    """The message has the failure that occurred once, and the result has the example."""
    times: list[int] = []

    def verify(_: object) -> None:
        times.append(1)
        if len(times) == 1:
            raise CheckFailure("only once")

    result = _run(lambda harness: harness.for_all(verify, st.integers()))
    assert result.state is State.FAILED
    assert result.message == "it does not fail each time for the same example; it failed once with: only once"
    assert (result.example, result.replay) == ("value: 0", "test.check")


def test_strategy_that_is_not_repeatable_is_reported_as_such() -> None:
    """If the connector decides what is drawn, and decides differently each time, the check fails."""
    count: list[int] = []

    def drawn(data: st.DataObject) -> None:
        count.append(1)
        number = data.draw(st.integers(0, 10_000 + len(count)))
        if number > 5:
            raise CheckFailure("too large")

    result = _run(lambda harness: harness.for_all(drawn, st.data()))
    assert result.state is State.FAILED
    assert "each time" in result.message


def test_impossible_example_is_a_failure() -> None:
    """A strategy without examples does not pass as a property that holds."""
    result = _run(lambda harness: harness.for_all(lambda _: None, st.none().filter(lambda _: False)))
    assert result.state is State.FAILED
    assert result.message.startswith("no example could be drawn: none meets the conditions of the check")


def test_invalid_strategy_is_a_failure() -> None:
    """The message is Hypothesis's own."""
    result = _run(lambda harness: harness.for_all(lambda _: None, st.integers(2, 1)))
    assert result.state is State.FAILED
    assert result.message.startswith("no example could be drawn: InvalidArgument: Cannot have max_value=1")


def test_property_may_skip_examples() -> None:
    """Hypothesis draws others for those that do not meet an assumption."""

    def run(harness: Harness) -> None:
        def verify(number: int) -> None:
            assume(number % 2 == 0)
            harness.coverage.add("example")

        harness.for_all(verify, st.integers())

    result = _run(run)
    assert (result.state, result.examples["example"]) == (State.PASSED, DEV.examples)


def test_long_example_is_cut() -> None:
    """A report shows only the start of a huge example."""

    def verify(_: object) -> None:
        raise CheckFailure("too long")

    result = _run(lambda harness: harness.for_each(verify, ["x" * 10_000]))
    assert result.example is not None
    assert len(result.example) < 5_000
    assert result.example.endswith("…")


def test_failure_shows_the_exchanges_with_the_provider() -> None:
    """Those of the smallest example, secrets replaced."""
    checks = ["routing.first-match-wins"]
    (result,) = check_connector(_wrong("routing.first-match-wins"), checks=checks, profile=DEV).results
    (exchange,) = result.transcript
    assert "template-" in exchange.request
    assert exchange.response


# --- the time limit -------------------------------------------------------------------------------------------------


def test_no_example_starts_after_max_time() -> None:
    """A check without examples has proven nothing."""
    report = check_connector(SPEC, checks=["routing"], profile=DEV, max_time=0)
    assert {it.state for it in report.results} == {State.NOT_EXERCISED}
    assert all("because the time was up" in it.message for it in report.results)
    assert not report.conforms


def test_failure_found_in_time_is_shrunk_after_max_time() -> None:
    """The limit is for the search, not for the report."""

    def run(harness: Harness) -> None:
        def verify(number: int) -> None:
            if number > 10:
                harness.search.options = evolve(harness.search.options, until=0)
                raise CheckFailure("too much")

        harness.for_all(verify, st.integers(0, 1000))

    result = _run(run)
    assert (result.state, result.example) == (State.FAILED, "number: 11")


# --- replays --------------------------------------------------------------------------------------------------------


def _fails_from_100(harness: Harness) -> None:
    """Fail in the second property, for numbers from 100."""

    def verify(number: int) -> None:
        harness.coverage.add("example")
        if number >= 100:
            raise CheckFailure(f"expected less than 100, found {number}")

    harness.for_all(verify, st.integers(0, 99))
    harness.for_all(verify, st.integers(0, 1000))


CHECK = _check(_fails_from_100)


@pytest.fixture(params=[SearchOptions(DEV), SearchOptions(PROFILES["ci"]), SearchOptions(DEV, seed=3)])
def token(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the replay of a failure that was found at random, in the profile ci, or with a seed."""
    monkeypatch.setattr("conformance.run.plan.all_checks", lambda: (CHECK,))
    found = run_check(CHECK, SPEC, request.param)
    assert (found.state, found.example) == (State.FAILED, "number: 100")
    assert found.replay.startswith(f"test.check:1:{hypothesis_version}:")
    return found.replay


def _replay(token: str, run: Callable[[Harness], None] = _fails_from_100, **options: Any) -> CheckResult:
    _, replay = find_replay(token)
    return run_check(evolve(CHECK, run=run), SPEC, SearchOptions(DEV, replay=replay, **options))


def test_replay_runs_exactly_the_failing_example_once(token: str) -> None:
    """No other property and no other example runs; the result has the same replay."""
    again = _replay(token)
    assert (again.state, again.example, dict(again.examples)) == (State.FAILED, "number: 100", {"example": 1})
    assert again.replay == token


def test_replay_of_a_corrected_failure_passes(token: str) -> None:
    """The message states that this example passes, not that the connector conforms."""

    def corrected(harness: Harness) -> None:
        for _ in range(2):
            harness.for_all(lambda _: None, st.integers(0, 1000))

    again = _replay(token, corrected)
    assert (again.state, again.message) == (State.PASSED, "the check passes for this example now")


def test_replay_of_an_example_that_cannot_be_drawn_is_not_exercised(token: str) -> None:
    """A change of the config or the check may need other choices: that is no success."""

    def changed(harness: Harness) -> None:
        for _ in range(2):
            harness.for_all(lambda _: None, st.lists(st.integers(), min_size=2))

    again = _replay(token, changed)
    assert (again.state, again.message) == (
        State.NOT_EXERCISED,
        (
            "the example was not tried: the check no longer draws examples of this form. "
            "Run the whole check with --check test.check"
        ),
    )


def test_replay_after_max_time_is_not_exercised(token: str) -> None:
    """The message names the time."""
    again = _replay(token, until=0)
    assert again.state is State.NOT_EXERCISED
    assert again.message.startswith("the example was not tried: the time was up.")


def test_failure_outside_an_example_is_replayed_with_its_whole_check() -> None:
    """Its token is the id of the check."""
    wrong = _wrong("metadata.no-platform")
    (result,) = check_connector(wrong, checks=["metadata.no-platform"]).results
    assert result.replay == "metadata.no-platform"
    report = check_connector(wrong, replay=result.replay)
    assert [(it.id, it.state) for it in report.results] == [("metadata.no-platform", State.FAILED)]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("routing", "expected a --replay value from a report, such as area.check:…, found 'routing'"),
        ("routing.exact-match:1", "expected the form index:version:example after the id of the check"),
        ("routing.exact-match:x:1.0:AA==", "expected the form index:version:example after the id of the check"),
        ("routing.exact-match:1:1.0:AA==", "Hypothesis 1.0 wrote its example"),
        (f"routing.exact-match:1:{hypothesis_version}:AA==", "its example is damaged or cut off"),
        (f"routing.exact-match:1:{hypothesis_version}:A", "its example is damaged or cut off"),
        ("routing.exact:1:1.0:AA==", "did you mean 'routing.exact-match'?"),
    ],
)
def test_unusable_replay_raises_lookup_error(token: str, words: str) -> None:
    """The message states why, and what to do."""
    with pytest.raises(LookupError) as caught:
        find_replay(token)
    assert words in str(caught.value)


# --- secrets --------------------------------------------------------------------------------------------------------


_LEAKS = {it.check: it for it in WRONG if it.check.startswith("secrets.") and it.based_on is None}


@pytest.mark.parametrize("wrong", _LEAKS.values(), ids=_LEAKS)
def test_report_has_no_secret(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its JSON nor its repr, for one connector that leaks in each way; test_reports tries all of them."""
    made: list[str] = []
    original = Canaries._keep

    def keep(self: Canaries, name: str, secret: Any) -> object:
        made.extend(secret.secret)
        return original(self, name, secret)

    monkeypatch.setattr(Canaries, "_keep", keep)
    report = check_connector(
        wrong.spec, checks=[wrong.check, "config.rejects-missing", "errors.rejection"], profile=DEV
    )
    text = json.dumps(report.to_json()) + repr(report)
    assert any(it.state is State.FAILED for it in report.results)
    assert len(made) > 2
    assert [canary for canary in made if canary in text] == []


def test_replay_has_no_secret() -> None:
    """It has Hypothesis's choices, which do not include the config's secrets."""
    checks = ["routing.first-match-wins"]
    (result,) = check_connector(_wrong("routing.first-match-wins"), checks=checks, profile=DEV).results
    example = zlib.decompress(base64.b64decode(result.replay.rpartition(":")[2]))
    assert Canaries().redact(example.decode("latin-1")) == example.decode("latin-1")


def test_repr_of_a_spec_has_no_config() -> None:
    """A config has secrets."""
    assert "EXAMPLEKEY" not in repr(SPEC)
