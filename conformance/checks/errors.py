"""Errors: every way in which a provider fails has its code, and none looks like a success."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from conformance.provider import Family, Outcome
from conformance.registry import NotApplicable, check, expect
from conformance.strategies import json_values
from conformance.subject import Attempt, Subject
from connector_kit import ConnectorErrorCodes

Json = Any


def _chosen(subject: Subject, what: str, choose: Callable[[Outcome], bool]) -> list[Outcome]:
    """Return the provider's outcomes of a kind; a provider that knows none has said so."""
    chosen = [outcome for outcome in subject.provider.outcomes if not outcome.echoes and choose(outcome)]
    if not chosen:
        raise NotApplicable(f"{type(subject.provider).__name__} declares no outcome that is {what}")
    return chosen


def _is_quick_failure(outcome: Outcome) -> bool:
    """Leave throttles out where any failure will do: connectors pause before they try those again."""
    return outcome.family not in {"accepted", "throttle"}


def _expect_code(outcome: Outcome, attempt: Attempt) -> None:
    expect(
        attempt.code is outcome.expect,
        f"expected ConnectorError {outcome.expect} when the provider answers {outcome.name!r}; {attempt.how}",
    )


def _mapped(subject: Subject, family: Family) -> None:
    """Check each outcome of a family."""
    for outcome in _chosen(subject, f"a {family}", lambda it: it.family == family):

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            _expect_code(outcome, subject.send(message, subject.config))
            subject.ledger.saw(family)

        subject.for_all(claim, subject.messages(), examples=subject.profile.failure_examples)


@check("errors.throttle", clause="R2", sees=("throttle",))
def throttle(subject: Subject) -> None:
    """A passing throttle is rate_limit_exceeded, so that Logto answers 429."""
    _mapped(subject, "throttle")


@check("errors.quota", clause="R2", sees=("quota",))
def quota(subject: Subject) -> None:
    """A quota that is used up is usage_limit_exceeded: trying again soon will not help."""
    _mapped(subject, "quota")


@check("errors.refusal", clause="E1", sees=("refusal",))
def refusal(subject: Subject) -> None:
    """Any other refusal by the provider is invalid_response."""
    _mapped(subject, "refusal")


@check("errors.credentials", clause="E1", sees=("credentials",))
def credentials(subject: Subject) -> None:
    """Wrong or insufficient credentials are invalid_response."""
    _mapped(subject, "credentials")


@check("errors.fault", clause="E1", sees=("fault",))
def fault(subject: Subject) -> None:
    """A fault inside the provider is invalid_response."""
    _mapped(subject, "fault")


@check("errors.broken-answer", clause="E2", sees=("broken",))
def broken_answer(subject: Subject) -> None:
    """An answer that is not the provider's own, or not a plain success, is invalid_response and never a success."""
    _mapped(subject, "broken")


@check("errors.network", clause="R6", sees=("network",))
def network(subject: Subject) -> None:
    """A provider that cannot be reached, hangs or hangs up is a ConnectorError general."""
    _mapped(subject, "network")


@check("errors.message", clause="E3", sees=("message",))
def tells_why(subject: Subject) -> None:
    """The data of an error holds what the provider said: the operator needs it."""
    for outcome in _chosen(subject, "told in words", lambda it: bool(it.message) and _is_quick_failure(it)):

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            attempt = subject.send(message, subject.config)
            data = getattr(attempt.error, "data", None)
            told = data.get("message") if isinstance(data, dict) else None
            expect(
                outcome.message in str(told),
                f"expected the data's message to hold what the provider said for {outcome.name!r}, found otherwise",
            )
            subject.ledger.saw("message")

        subject.for_all(claim, subject.messages(), examples=1)


@check("errors.data-is-json", clause="E4", sees=("data",))
def data_is_json(subject: Subject) -> None:
    """The data of every error is JSON: Logto logs it and passes it on."""
    for outcome in _chosen(subject, "a failure", _is_quick_failure):

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            attempt = subject.send(message, subject.config)
            try:
                json.dumps(getattr(attempt.error, "data", None))
            except (TypeError, ValueError) as error:
                expect(
                    condition=False,
                    message=f"expected data that is JSON for {outcome.name!r}, found otherwise: {error}",
                )
            subject.ledger.saw("data")

        subject.for_all(claim, subject.messages(), examples=1)


@check("errors.recovers", clause="E5", sees=("after a failure",))
def recovers(subject: Subject) -> None:
    """After any failure the next message goes out as if nothing had been."""
    for outcome in _chosen(subject, "a failure", _is_quick_failure):

        def claim(one: Json, other: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            subject.send(one, subject.config)
            subject.provider.reset()
            subject.deliver(other, subject.config)
            subject.ledger.saw("after a failure")

        subject.for_all(claim, subject.messages(), subject.messages(), examples=1)


@check("errors.not-repeated", clause="E6", sees=("not to be repeated",))
def not_repeated(subject: Subject) -> None:
    """A request that was refused, or may have been accepted, is not sent again: that could send the message twice."""
    final = ("refusal", "credentials")
    for outcome in _chosen(subject, "final or ambiguous", lambda it: it.family in final or it.ambiguous):

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            attempt = subject.send(message, subject.config)
            expect(
                len(attempt.calls) == 1,
                f"expected one call when the provider answers {outcome.name!r}, found {len(attempt.calls)}",
            )
            subject.ledger.saw("not to be repeated")

        subject.for_all(claim, subject.messages(), examples=1)


@check("errors.bad-message", clause="E7", sees=("refused", "sent"))
def bad_message(subject: Subject) -> None:
    """Any JSON as a message is sent or refused as a ConnectorError; it never breaks the connector."""

    def claim(message: Json) -> None:
        attempt = subject.send(message, subject.config)
        if attempt.error is None:
            subject.ledger.saw("sent")
            return
        expect(attempt.code is not None, f"expected a ConnectorError for a malformed message; {attempt.how}")
        expect(
            not attempt.calls, f"expected nothing to be sent for a refused message, found {len(attempt.calls)} call(s)"
        )
        expect(
            attempt.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
            f"expected invalid_request_parameters for a malformed message; {attempt.how}",
        )
        subject.ledger.saw("refused")

    members = st.fixed_dictionaries(
        {},
        optional={"to": subject.recipients | json_values, "type": json_values, "payload": json_values},
    )
    subject.for_all(claim, subject.messages() | members | json_values)
