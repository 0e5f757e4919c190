"""Running checks: the states, the smoke gate, and what keeps a connector from conforming."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from attrs import evolve

from conformance import PROFILES, Check, CheckFailure, Outcome, Provider, Spec, State, check_connector, spec_of
from conformance.canaries import Canaries
from conformance.provider import Aspect, Call
from conformance.report import CheckResult, Report
from conformance.runner import find_checks, run_check, spec_faults
from conformance.subject import Subject
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import WRONG, Open

DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)


def _check(run: Callable[[Subject], None], **changes: Any) -> Check:  # noqa: ANN401 - any field of a Check
    made = Check("test.check", "A claim.", "required", "X1", frozenset(), ("example",), run)
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


# --- the smoke gate -------------------------------------------------------------------------------------------------


class Unreached(Provider):
    """A stub that no connector talks to."""

    outcomes = (Outcome("accepted", "accepted", None),)

    def _installed(self) -> AbstractContextManager[None]:
        return nullcontext()

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Judge nothing."""
        raise NotImplementedError(call, config, aspect)


class Silent(Open):
    """Says that it has sent, and sends nothing."""

    def deliver(self, config: object, email: object) -> object:
        """Do nothing."""
        del config, email
        return "sent"


class Unmakeable(Open):
    """Cannot be made."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        raise RuntimeError(f"no {len(kit)}")


class Broken(Open):
    """Sends nothing."""

    def deliver(self, config: object, email: object) -> object:
        """Fail."""
        del config, email
        raise ConnectorError(ConnectorErrorCodes.GENERAL, "out of order")


def test_a_right_spec_has_no_fault() -> None:
    """The gate lets a right Spec through."""
    assert spec_faults(SPEC) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expected_failures": {"routing.exact": "x"}}, "Did you mean 'routing.exact-case'?"),
        ({"expected_failures": {"zzz": "x"}}, "expected_failures names 'zzz', which is no check."),
        ({"secrets": ("apiKey",)}, "secrets names 'apiKey'"),
        ({"valid_config": {"region": "eu-west-1"}, "secrets": ()}, "valid_config is not valid: $.accessKeyId"),
        ({"connector": Silent}, "not to `provider`"),
        ({"connector": Unmakeable}, "the connector cannot be made: RuntimeError: no 2"),
        ({"connector": Broken}, "could not be sent: it raised ConnectorError general"),
    ],
)
def test_a_spec_that_cannot_work_says_so_itself(changes: dict[str, Any], words: str) -> None:
    """The gate names the one fault, and no check runs."""
    report = check_connector(evolve(SPEC, **changes), profile=DEV)
    assert report.results == ()
    assert not report.conforms
    assert words in " ".join(report.faults)


def test_a_connector_that_sends_no_messages_is_no_subject() -> None:
    """The suite is for e-mail and SMS connectors: another object is refused with its type."""

    class NotOne:
        def __init__(self, **_: object) -> None:
            """Take anything."""

        config_guard = AwsSesConnector.config_guard
        metadata = AwsSesConnector.metadata

    spec = evolve(SPEC, connector=NotOne)
    assert "expected an e-mail or SMS connector, found NotOne" in " ".join(spec_faults(spec))


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
    report = check_connector(spec, checks=["secrets", "config.refuses-missing", "errors.refusal"], profile=DEV)
    text = json.dumps(report.to_json()) + repr(report)
    assert not report.conforms or wrong.check == "secrets.echo"
    assert len(made) > 10
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
