"""Errors: every way in which a provider fails has its code, and none looks like a success."""

import json
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from conformance.provider import Family, Outcome
from conformance.registry import NotApplicable, check, expect
from conformance.strategies import json_values, unusual_recipients
from conformance.subject import Attempt, Subject
from connector_kit import ConnectorError, ConnectorErrorCodes

Json = Any


def _chosen(subject: Subject, what: str, choose: Callable[[Outcome], bool]) -> list[Outcome]:
    """Return the provider's outcomes of a kind; a provider that knows none has said so."""
    chosen = [
        outcome for outcome in subject.provider.outcomes if not (outcome.echoes or outcome.hangs) and choose(outcome)
    ]
    if not chosen:
        raise NotApplicable(f"{type(subject.provider).__name__} declares no outcome that is {what}")
    return chosen


def _quick(subject: Subject, what: str, choose: Callable[[Outcome], bool] = bool) -> list[Outcome]:
    """Return what will do where any failure will."""
    quick = subject.quick_failures()
    return _chosen(subject, what, lambda it: it in quick and choose(it))


def _expect_code(outcome: Outcome, attempt: Attempt) -> None:
    wanted = "it to return normally" if outcome.expect is None else f"ConnectorError {outcome.expect}"
    expect(
        attempt.code is outcome.expect and (attempt.error is None) == (outcome.expect is None),
        f"expected {wanted} when the provider answers {outcome.name!r}; {attempt.how}",
    )


_MOST_ATTEMPTS: Final = 5
"""More would hold Logto's own request up, and a provider that asks for less."""


def _mapped(subject: Subject, family: Family) -> None:
    """Check each outcome of a family."""
    for outcome in _chosen(subject, f"a {family}", lambda it: it.family == family):

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            attempt = subject.send(message, subject.config)
            _expect_code(outcome, attempt)
            expect(
                len(attempt.calls) <= _MOST_ATTEMPTS,
                f"expected at most {_MOST_ATTEMPTS} attempts while the provider answers {outcome.name!r}, "
                f"found {len(attempt.calls)}",
            )
            subject.ledger.saw(family)

        share = 2 if family == "throttle" else 1  # connectors pause, and pause longer, before they try a throttle again
        subject.for_all(claim, subject.messages(), examples=max(1, subject.profile.failure_examples // share))


@check("errors.throttle", clause="R2", sees=("throttle",), waits=True)
def throttle(subject: Subject) -> None:
    """A passing throttle is rate_limit_exceeded, so that Logto answers 429."""
    _mapped(subject, "throttle")


@check("errors.passing-throttle", clause="R7", level="advisory", sees=("passing",), waits=True)
def passing_throttle(subject: Subject) -> None:
    """A throttle or a refused connection that has passed by the next attempt does not cost the message."""
    throttles = _chosen(subject, "a throttle", lambda it: it.family == "throttle")
    refused = [it for it in subject.provider.outcomes if it.family == "network" and not it.ambiguous]
    for outcome in (*throttles, *refused):

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name, times=1)
            attempt = subject.send(message, subject.config)
            if not attempt.calls:
                return  # a server that takes no connections sees none to count: it never accepts again by itself
            expect(
                attempt.error is None,
                f"expected the message to be sent when the provider answers {outcome.name!r} once; {attempt.how}",
            )
            accepted = [call for call in attempt.calls if call.outcome.family == "accepted"]
            expect(len(accepted) == 1, f"expected it to be accepted once, found {len(accepted)} times")
            subject.ledger.saw("passing")

        subject.for_all(claim, subject.messages(), examples=1)


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


@check("errors.fault", clause="E1", sees=("fault",), waits=True)
def fault(subject: Subject) -> None:
    """A fault inside the provider is invalid_response."""
    _mapped(subject, "fault")


@check("errors.broken-answer", clause="E2", sees=("broken",))
def broken_answer(subject: Subject) -> None:
    """An answer that is not the provider's own, or not a plain success, is invalid_response and never a success."""
    _mapped(subject, "broken")


@check("errors.network", clause="R6", sees=("network",), waits=True)
def network(subject: Subject) -> None:
    """A provider that cannot be reached, hangs or hangs up is a ConnectorError general."""
    _mapped(subject, "network")


@check("errors.message", clause="E3", sees=("message", "empty code"))
def tells_why(subject: Subject) -> None:
    """The data of an error holds what the provider said: the operator needs it."""
    for outcome in _quick(subject, "told in words", lambda it: bool(it.message)):

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            for kind, sent in (("message", message), ("empty code", {**message, "payload": {"code": ""}})):
                subject.provider.answer_with(outcome.name)
                attempt = subject.send(sent, subject.config)
                data = getattr(attempt.error, "data", None)
                told = data.get("message") if isinstance(data, dict) else None
                expect(
                    outcome.message in str(told),
                    f"expected the data's message to hold what the provider said for {outcome.name!r}, found otherwise",
                )
                subject.ledger.saw(kind)

        subject.for_all(claim, subject.messages(), examples=1)


@check("errors.data-is-json", clause="E4", sees=("data",))
def data_is_json(subject: Subject) -> None:
    """The data of every error is JSON: Logto logs it and passes it on."""
    for outcome in _quick(subject, "a failure"):

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
            subject.ledger.saw("no error" if attempt.code is None else "data")

        subject.for_all(claim, subject.messages(), examples=1)


@check("errors.recovers", clause="E5", sees=("after a failure",))
def recovers(subject: Subject) -> None:
    """After any failure the next message goes out as if nothing had been."""
    for outcome in _quick(subject, "a failure"):

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
    _called_once(subject, _chosen(subject, "final or ambiguous", lambda it: it.family in final or it.ambiguous))


@check("errors.quota-not-repeated", clause="R7", level="advisory", sees=("not to be repeated",))
def quota_not_repeated(subject: Subject) -> None:
    """A used-up quota is not tried again: it will not have passed while a user waits."""
    _called_once(subject, _chosen(subject, "a quota", lambda it: it.family == "quota"))


def _called_once(subject: Subject, chosen: list[Outcome]) -> None:
    for outcome in chosen:

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            attempt = subject.send(message, subject.config)
            expect(
                len(attempt.calls) == 1,
                f"expected one call when the provider answers {outcome.name!r}, found {len(attempt.calls)}",
            )
            subject.ledger.saw("not to be repeated")

        subject.for_all(claim, subject.messages(), examples=1)


_TIME_LIMIT: Final = 15
_PATIENCE: Final = 16


@check("errors.time-limit", clause="E8", sees=("hanging",), waits=True)
def time_limit(subject: Subject) -> None:
    """A send ends in under 15 seconds though the provider never answers, and the next message goes out."""
    hanging = [it for it in subject.provider.outcomes if it.hangs]
    if not hanging:
        raise NotApplicable(f"{type(subject.provider).__name__} declares no outcome that hangs")
    message = subject.plain_message
    for outcome in (
        hanging if not subject.time_is_up else ()
    ):  # one send each, and no example is made smaller: it takes seconds
        subject.provider.reset()
        subject.provider.answer_with(outcome.name)
        attempt = subject.send(message, subject.config, within=_PATIENCE)
        made = len(subject.provider.calls)
        expect(
            attempt.seconds < _TIME_LIMIT,
            f"expected a send to end within {_TIME_LIMIT} s when the provider answers {outcome.name!r}, "
            f"found {attempt.seconds:.0f} s; {attempt.how}",
        )
        _expect_code(outcome, attempt)
        expect(
            made == 1 or not outcome.ambiguous,
            f"expected one call when the provider answers {outcome.name!r}, found {made}",
        )
        subject.provider.reset()
        subject.deliver(message, subject.config)
        subject.ledger.saw("hanging")


@check("errors.passing", clause="E11", sees=("passing",), waits=True)
def passing(subject: Subject) -> None:
    """Where a failure passes at once, the message is sent once and the send succeeds, or neither."""
    passes = {"throttle", "fault", "network"}
    chosen = _chosen(subject, "one that passes", lambda it: it.family in passes and not it.ambiguous)
    throttles = [it for it in chosen if it.family == "throttle"]
    for outcome in (it for it in chosen if it not in throttles[1:]):  # connectors pause before they try one again

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name, times=1)
            attempt = subject.send(message, subject.config)
            accepted = sum(call.outcome.family == "accepted" for call in attempt.calls)
            wanted = 0 if attempt.error is not None else 1
            expect(
                accepted == wanted,
                f"expected {wanted} message(s) to be accepted after the provider once answered {outcome.name!r}, "
                f"found {accepted}; {attempt.how}",
            )
            expect(
                attempt.error is None or attempt.code is outcome.expect,
                f"expected ConnectorError {outcome.expect} or none when the provider once answers {outcome.name!r}; "
                f"{attempt.how}",
            )
            subject.ledger.saw("passing")

        subject.for_all(claim, subject.messages(), examples=1)


_IN_A_ROW: Final = 50


@check("errors.in-a-row", clause="E9", sees=("after many failures",))
def in_a_row(subject: Subject) -> None:
    """However many messages fail in a row, the next one goes out: a failure gives back what it took."""
    slow = ("throttle", "fault", "broken", "accepted")
    chosen = _chosen(subject, "a quick failure", lambda it: it.family not in slow)

    def claim(message: Json, next_message: Json) -> None:
        for number in range(_IN_A_ROW):
            outcome = chosen[number % len(chosen)]
            subject.provider.answer_with(outcome.name)
            _expect_code(outcome, subject.send(message, subject.config))
        subject.provider.reset()
        subject.deliver(next_message, subject.config)
        subject.ledger.saw("after many failures")

    subject.for_all(claim, subject.messages(), subject.messages(), examples=1)


@check("errors.together", clause="E10", sees=("together",))
def together(subject: Subject) -> None:
    """Messages that fail at the same time fail each with an error of its own."""
    for outcome in _chosen(subject, "a refusal", lambda it: it.family == "refusal")[:1]:

        def claim(messages: list[Json], outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            errors = subject.send_together([(it, subject.config) for it in messages], within=60)
            codes = {error.code if isinstance(error, ConnectorError) else type(error).__name__ for error in errors}
            expect(
                codes == {outcome.expect},
                f"expected ConnectorError {outcome.expect} for each of {len(errors)} messages at once when the "
                f"provider answers {outcome.name!r}, found {', '.join(sorted(map(str, codes)))}",
            )
            own = len({id(error) for error in errors})
            expect(own == len(errors), f"expected {len(errors)} errors for as many messages, found {own} shared by all")
            subject.ledger.saw("together")

        at_once = st.lists(subject.messages(), min_size=8, max_size=8)
        subject.for_all(claim, at_once, examples=subject.profile.failure_examples)


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
    for recipient in unusual_recipients:
        unusual = st.builds(lambda it, to: {**it, "to": to}, subject.messages(), st.just(recipient))
        subject.for_all(claim, unusual, examples=1)
