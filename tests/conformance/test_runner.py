"""Running checks: the states, the smoke gate, and what keeps a connector from conforming."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import strategies as st

from conformance import PROFILES, Check, CheckFailure, Spec, State, check_connector, spec_of
from conformance.canaries import Canaries
from conformance.judge import run_check
from conformance.registry import ALL
from conformance.report import CheckResult, Report
from conformance.runner import find_checks, find_replay
from conformance.subject import Subject
from connector_kit import ConnectorError, ConnectorErrorCodes, ConnectorType, SendMessageData
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import WRONG, Open

DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)


def _check(run: Callable[[Subject], None], **changes: Any) -> Check:  # noqa: ANN401 - any field of a Check
    made = Check("test.check", "A claim.", "required", "X1", frozenset(), ("example",), ALL, run)
    return evolve(made, **changes)


def _sees(subject: Subject) -> None:
    subject.ledger.saw("example")


def _fails(subject: Subject) -> None:
    subject.ledger.saw("example")
    raise CheckFailure("expected this, found that")


def test_a_check_that_sees_its_examples_and_does_not_fail_passes() -> None:
    """Passed, with how many examples of each kind there were."""
    result = run_check(_check(_sees), SPEC, DEV)
    assert (result.state, dict(result.examples), result.is_error) == (State.PASSED, {"example": 1}, False)


def test_a_check_that_sees_no_example_of_a_kind_is_an_error() -> None:
    """Not exercised: it has proven nothing, whatever it says."""
    result = run_check(_check(_sees, sees=("example", "other kind")), SPEC, DEV)
    assert result.state is State.NOT_EXERCISED
    assert result.is_error
    assert "other kind" in result.message


def test_a_check_that_needs_more_than_was_declared_does_not_apply() -> None:
    """Not applicable, with the capability and who would declare it; and no error."""
    result = run_check(_check(_fails, needs=frozenset({"sms"})), SPEC, DEV)
    assert (result.state, result.is_error) == (State.NOT_APPLICABLE, False)
    assert "the Spec does not declare the capability sms" in result.message


def test_a_failure_that_was_announced_is_no_error() -> None:
    """Expected failure, with the reason that was given."""
    spec = evolve(SPEC, expected_failures={"test.check": "see #12"})
    result = run_check(_check(_fails), spec, DEV)
    assert (result.state, result.is_error) == (State.EXPECTED_FAILURE, False)
    assert result.message == "see #12 (expected this, found that)"


def test_an_announced_failure_that_passes_is_an_error() -> None:
    """Unexpected pass: the expectation has to go."""
    spec = evolve(SPEC, expected_failures={"test.check": "see #12"})
    result = run_check(_check(_sees), spec, DEV)
    assert (result.state, result.is_error) == (State.UNEXPECTED_PASS, True)


@pytest.mark.parametrize(("level", "is_error"), [("required", True), ("advisory", False)])
def test_only_a_required_check_keeps_a_connector_from_conforming(level: str, *, is_error: bool) -> None:
    """An advisory check that fails says how to do better."""
    result = run_check(_check(_fails, level=level), SPEC, DEV)
    assert (result.state, result.is_error) == (State.FAILED, is_error)


@pytest.mark.parametrize("error", [RuntimeError("boom"), ConnectorError(ConnectorErrorCodes.GENERAL, "boom")])
def test_whatever_a_connector_raises_is_a_failure_of_the_check(error: Exception) -> None:
    """An exception is reported, not passed on."""

    def run(_: Subject) -> None:
        raise error

    result = run_check(_check(run), SPEC, DEV)
    assert result.state is State.FAILED
    assert "boom" in result.message


def test_an_announced_failure_that_does_not_apply_is_an_error() -> None:
    """Not exercised: an expectation that nothing can meet hides behind a capability."""
    spec = evolve(SPEC, expected_failures={"test.check": "see #12"})
    result = run_check(_check(_fails, needs=frozenset({"sms"})), spec, DEV)
    assert (result.state, result.is_error) == (State.NOT_EXERCISED, True)
    assert "Take the expectation out." in result.message


def test_an_announced_failure_of_a_check_that_saw_nothing_is_an_error_too() -> None:
    """Nothing was proven, so nothing was expected either."""
    spec = evolve(SPEC, expected_failures={"test.check": "see #12"})
    result = run_check(_check(_sees, sees=("other",)), spec, DEV)
    assert (result.state, result.is_error) == (State.NOT_EXERCISED, True)


def test_a_check_about_other_connectors_does_not_apply() -> None:
    """A check for social connectors says so to an e-mail connector."""
    result = run_check(_check(_fails, types=frozenset({ConnectorType.SOCIAL})), SPEC, DEV)
    assert result.state is State.NOT_APPLICABLE
    assert result.message == "it is about Social connectors, and the connector declares the type Email"


def test_vacuity_can_be_shown_without_counting() -> None:
    """Where the author says so, a check that saw nothing does not keep the connector from conforming."""
    vacuous = CheckResult("a.b", State.NOT_EXERCISED, "required", "X1", "c", {}, 0.0)
    passed = evolve(vacuous, state=State.PASSED)
    assert not Report("x", "dev", (vacuous, passed), (), 0.0).conforms
    assert Report("x", "dev", (vacuous, passed), (), 0.0, strict_vacuity=False).conforms


def test_a_failure_that_comes_and_goes_is_told_as_such() -> None:
    """A connector that fails for an input only now and then is wrong, and the report says in what way."""
    times: list[int] = []

    def claim(_: object) -> None:
        times.append(1)
        if len(times) == 1:
            raise CheckFailure("now and then")

    result = run_check(_check(lambda subject: subject.for_all(claim, st.integers())), SPEC, DEV)
    assert result.state is State.FAILED
    assert result.message == "it fails only sometimes for the same input: now and then"


def _for_hundreds(subject: Subject) -> None:
    """Fail in the second claim, for numbers from a hundred on."""

    def claim(number: int) -> None:
        subject.ledger.saw("example")
        if number >= 100:
            raise CheckFailure(f"expected less than 100, found {number}")

    subject.for_all(claim, st.integers(0, 99))
    subject.for_all(claim, st.integers(0, 1000))


def test_a_failure_can_be_run_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token leads to the one claim and the one example, and to no other."""
    check = _check(_for_hundreds)
    monkeypatch.setattr("conformance.runner.all_checks", lambda: (check,))
    found = run_check(check, SPEC, DEV)
    assert (found.state, found.example) == (State.FAILED, "100")
    assert found.replay.startswith("test.check:1:")
    _, replay = find_replay(found.replay)
    again = run_check(check, SPEC, DEV, replay=replay)
    assert (again.state, again.example, dict(again.examples)) == (State.FAILED, "100", {"example": 1})


def test_a_failure_that_is_mended_passes_when_it_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the result says that there is nothing left to see."""
    check = _check(_for_hundreds)
    monkeypatch.setattr("conformance.runner.all_checks", lambda: (check,))
    token = run_check(check, SPEC, DEV).replay

    def mended(subject: Subject) -> None:
        for _ in range(2):
            subject.for_all(lambda _: None, st.integers(0, 1000))

    again = run_check(evolve(check, run=mended), SPEC, DEV, replay=find_replay(token)[1])
    assert (again.state, again.message) == (State.PASSED, "the failure does not show any more")


def test_a_failure_outside_any_claim_is_run_again_with_its_whole_check() -> None:
    """There is no example to begin from, so the token is the check's id."""
    broken = evolve(SPEC, connector=next(it.connector for it in WRONG if it.check == "metadata.platform"))
    (result,) = check_connector(broken, checks=["metadata.platform"]).results
    assert result.replay == "metadata.platform"
    report = check_connector(broken, replay=result.replay)
    assert [(it.id, it.state) for it in report.results] == [("metadata.platform", State.FAILED)]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("routing", "is nothing that a report gives to replay"),
        ("routing.exact-match:1", "is nothing that a report gives to replay"),
        ("routing.exact-match:x:1.0:AA==", "is nothing that a report gives to replay"),
        ("routing.exact-match:1:1.0:AA==", "found with Hypothesis 1.0, and"),
        ("routing.exact:1:1.0:AA==", "Did you mean routing.exact"),
    ],
)
def test_what_cannot_be_replayed_is_refused(token: str, words: str) -> None:
    """A token that is none, and one of another Hypothesis, whose examples mean something else."""
    with pytest.raises(LookupError) as caught:
        find_replay(token)
    assert words in str(caught.value)


def test_a_run_ends_in_the_time_it_has() -> None:
    """Once the time is up no example begins, and a check that has seen none has proven nothing."""
    report = check_connector(SPEC, checks=["routing"], profile=DEV, max_time=0)
    assert {it.state for it in report.results} == {State.NOT_EXERCISED}
    assert all("the time was up" in it.message for it in report.results)
    assert not report.conforms


def test_a_failure_that_was_found_in_time_is_made_small_all_the_same() -> None:
    """The time bounds the search, not the telling."""

    def run(subject: Subject) -> None:
        def claim(number: int) -> None:
            if number > 10:
                subject._until = 0
                raise CheckFailure("too much")

        subject.for_all(claim, st.integers(0, 1000))

    result = run_check(_check(run), SPEC, DEV)
    assert (result.state, result.example) == (State.FAILED, "11")


def test_the_first_error_can_end_the_run() -> None:
    """With fail_fast nothing runs after it."""
    wrong = evolve(spec_of(Open), connector=next(it.connector for it in WRONG if it.check == "metadata.guard"))
    report = check_connector(wrong, checks=["metadata"], profile=DEV, fail_fast=True)
    assert report.results[-1].id == "metadata.guard"
    assert len(report.results) < len(find_checks(["metadata"]))


def test_a_failure_shows_what_the_provider_received_and_answered() -> None:
    """The transcript is of the smallest example, and secrets are replaced in it."""
    wrong = evolve(
        spec_of(Open), connector=next(it.connector for it in WRONG if it.check == "routing.first-match-wins")
    )
    (result,) = check_connector(wrong, checks=["routing.first-match-wins"], profile=DEV).results
    (exchange,) = result.transcript
    assert "template-" in exchange.request
    assert exchange.answer


def test_examples_that_cannot_be_made_are_a_failure() -> None:
    """A strategy that finds nothing does not pass as a claim that holds."""

    def run(subject: Subject) -> None:
        subject.for_all(lambda _: None, subject.configs().filter(lambda _: False))

    result = run_check(_check(run), SPEC, DEV)
    assert result.state is State.FAILED
    assert "no example could be made" in result.message


def test_a_long_example_is_cut() -> None:
    """A report shows the beginning of a huge example."""

    def claim(_: object) -> None:
        raise CheckFailure("too long")

    def run(subject: Subject) -> None:
        subject.for_each(claim, ["x" * 10_000])

    result = run_check(_check(run), SPEC, DEV)
    assert result.example is not None
    assert len(result.example) < 5_000
    assert result.example.endswith("…")


def test_a_check_that_wants_one_delivery_does_not_take_two() -> None:
    """Whatever a check looks at, a message that arrives twice fails it."""
    twice = next(it.connector for it in WRONG if it.check == "delivery.one-call")
    (result,) = check_connector(evolve(spec_of(Open), connector=twice), checks=["delivery.recipient"]).results
    assert result.message == "expected one call to the provider, found 2"


def test_nothing_but_all_checks_on_a_connector_makes_it_conform() -> None:
    """A report with no results does not conform, and neither does one with an error."""
    passed = CheckResult("a.b", State.PASSED, "required", "X1", "c", {"e": 1}, 0.0)
    assert not Report("x", "dev", (), (), 0.0).conforms
    assert not Report("x", "dev", (evolve(passed, state=State.NOT_APPLICABLE),), (), 0.0).conforms
    assert Report("x", "dev", (passed,), (), 0.0).conforms
    assert not Report("x", "dev", (passed,), ("a fault",), 0.0).conforms
    assert not Report("x", "dev", (passed, evolve(passed, state=State.FAILED)), (), 0.0).conforms


def test_the_report_is_json() -> None:
    """The report as JSON holds the verdict, the counts, and each check with its examples."""
    seen: list[str] = []
    report = check_connector(SPEC, checks=["delivery.recipient"], profile=DEV, on_result=lambda it: seen.append(it.id))
    read = json.loads(json.dumps(report.to_json()))
    assert seen == ["delivery.recipient"]
    assert read["conforms"] is True
    assert read["counts"] == {"passed": 1}
    (check,) = read["checks"]
    assert check["id"] == "delivery.recipient"
    assert check["state"] == "passed"
    assert check["examples"] == {"sent": 25}


def test_the_same_seed_draws_the_same_examples() -> None:
    """A failure can be seen again."""
    spec = evolve(SPEC, connector=next(it.connector for it in WRONG if it.check == "routing.first-match-wins"))

    def run(seed: int) -> str | None:
        (result,) = check_connector(spec, checks=["routing.first-match-wins"], profile=DEV, seed=seed).results
        assert result.state is State.FAILED
        return result.example

    assert run(7) == run(7)


def test_an_area_stands_for_all_its_checks() -> None:
    """``routing`` chooses every check of that area, and nothing else."""
    chosen = find_checks(["routing"])
    assert len(chosen) > 5
    assert {check.id.partition(".")[0] for check in chosen} == {"routing"}


def test_a_check_that_does_not_exist_is_refused() -> None:
    """With the nearest name, where there is one."""
    with pytest.raises(LookupError, match=r"no check 'routing\.exact'.* Did you mean routing\.exact-case\?"):
        find_checks(["routing.exact"])
    with pytest.raises(LookupError, match=r"There is no check 'zzz'\.$"):
        find_checks(["zzz"])


# --- secrets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [it for it in WRONG if it.check.startswith("secrets.")], ids=lambda it: it.connector.__name__
)
def test_no_secret_stands_in_a_report(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - see WRONG
    """Not even in the report of a connector that leaks all of them."""
    made: list[str] = []
    original = Canaries.make

    def make(self: Canaries, what: str) -> str:
        made.append(original(self, what))
        return made[-1]

    monkeypatch.setattr(Canaries, "make", make)
    spec = evolve(spec_of(Open), connector=wrong.connector)
    report = check_connector(spec, checks=[wrong.check, "config.refuses-missing", "errors.refusal"], profile=DEV)
    text = json.dumps(report.to_json()) + repr(report)
    assert any(it.state is State.FAILED for it in report.results)
    assert len(made) > 4
    assert [canary for canary in made if canary in text] == []


def test_a_spec_shows_no_config() -> None:
    """The repr of a Spec leaves the config out."""
    assert "EXAMPLEKEY" not in repr(SPEC)


def test_what_the_suite_raises_itself_is_not_taken_for_the_connectors() -> None:
    """A CheckFailure from inside a callback comes through a send."""

    class Checking(Open):
        def compose(self, config: Any, message: SendMessageData) -> Any:  # noqa: ANN401 - never returns
            """Fail as a check does."""
            del config
            raise CheckFailure(f"from inside, for {message.to}")

    subject = Subject(evolve(SPEC, connector=Checking), DEV)
    with subject.provider.running(), pytest.raises(CheckFailure, match="from inside"):
        subject.send({"to": "a@b.example", "type": "Generic", "payload": {}}, subject.config)


def test_a_spec_names_its_connector() -> None:
    """By the id that Logto knows it by."""
    assert Spec(AwsSesConnector, SPEC.valid_config, SPEC.provider, SPEC.capabilities).name == "aws-ses-mail"
