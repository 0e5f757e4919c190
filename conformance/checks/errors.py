"""Errors: each failure of a provider has its error code, and no failure looks like a success."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st

from conformance.harness.attempt import Attempt, OverdueError
from conformance.harness.expectations import (
    CONCURRENT,
    CONCURRENT_WAIT_SECONDS,
    TIME_LIMIT_SECONDS,
    WAIT_SECONDS,
    choose_outcomes,
    choose_quick_failures,
    expect_code,
    expect_equal,
    expect_error,
    expect_json_data,
    expect_no_call,
    expect_one_call,
    expect_recovery,
    expect_time_limit,
    for_each_outcome,
    is_failure_without_pause,
    send_with_outcome,
    show_data,
)
from conformance.harness.harness import Harness
from conformance.harness.strategies import json_values, unusual_recipients
from conformance.harness.values import show
from conformance.providers.base import Family, Outcome
from conformance.registry import check
from conformance.verdicts import NotApplicable, expect
from connector_kit import ConnectorError, ConnectorErrorCodes

Json = Any

_MAX_ATTEMPTS: Final = 5
"""More attempts would delay Logto's request, and load a provider that asks for fewer requests."""

_CONSECUTIVE_FAILURES: Final = 50

_MOST_BYTES: Final = 32 * 1024 * 1024
"""More than what the buffers of the system hold."""


def _check_family(harness: Harness, family: Family) -> None:
    """Check the error code and the number of attempts for each outcome of a family."""

    def verify(outcome: Outcome, message: Json) -> None:
        attempt = send_with_outcome(harness, outcome, message)
        expect_code(outcome, attempt)
        _expect_in_time(outcome, attempt)
        expect(
            len(attempt.calls) <= _MAX_ATTEMPTS,
            f"expected at most {_MAX_ATTEMPTS} attempts for the outcome {outcome.name!r}, found {len(attempt.calls)}",
        )
        harness.coverage.add(family)

    share = 2 if family == "throttle" else 1  # a connector pauses, each time longer, before it retries
    examples = max(1, harness.profile.failure_examples // share)
    outcomes = choose_outcomes(harness, f"is of the family {family!r}", lambda it: it.family == family)
    for_each_outcome(harness, outcomes, verify, harness.messages(), examples=examples)


def _expect_in_time(outcome: Outcome, attempt: Attempt) -> None:
    overdue = isinstance(attempt.error, OverdueError)
    found = "it still running" if overdue else f"{attempt.seconds:.0f} s"
    expect(
        attempt.seconds < TIME_LIMIT_SECONDS,
        f"expected a send to end within {TIME_LIMIT_SECONDS} s for the outcome {outcome.name!r}, found {found}",
    )


@check("errors.throttle", clause="R2", covers=("throttle",), waits=3)
def throttle(harness: Harness) -> None:
    """A rate limit raises rate_limit_exceeded, for which Logto responds with status 429."""
    _check_family(harness, "throttle")


@check("errors.retries-throttle", clause="R7", level="advisory", covers=("transient failure",), waits=3)
def retries_throttle(harness: Harness) -> None:
    """A message is delivered if a rate limit or a refused connection affects only the first attempt."""
    throttles = choose_outcomes(harness, "is of the family 'throttle'", lambda it: it.family == "throttle")
    unreachable = [it for it in harness.provider.outcomes if it.family == "network" and not it.ambiguous]

    def verify(outcome: Outcome, message: Json) -> None:
        attempt = send_with_outcome(harness, outcome, message, times=1)
        if not attempt.calls:
            return  # the stub counts no call when it accepts no connection, so it would never accept one again
        expect(
            attempt.error is None,
            f"expected the message to be sent if only the first attempt meets the outcome {outcome.name!r}; "
            f"{attempt.summary}",
        )
        expect_equal("the number of accepted messages", 1, _accepted(attempt))
        harness.coverage.add("transient failure")

    for_each_outcome(harness, [*throttles, *unreachable], verify, harness.messages())


def _accepted(attempt: Attempt) -> int:
    return sum(call.outcome.family == "accepted" for call in attempt.messages)


@check("errors.quota", clause="R2", covers=("quota",))
def quota(harness: Harness) -> None:
    """An exhausted quota raises usage_limit_exceeded."""
    _check_family(harness, "quota")


@check("errors.rejection", clause="E1", covers=("rejection",), is_smoke=True)
def rejection(harness: Harness) -> None:
    """Any other rejection by the provider raises invalid_response."""
    _check_family(harness, "rejection")


@check("errors.credentials", clause="E1", covers=("credentials",), is_smoke=True)
def credentials(harness: Harness) -> None:
    """Wrong or insufficient credentials raise invalid_response."""
    _check_family(harness, "credentials")


@check("errors.server-error", clause="E1", covers=("server-error",), waits=3)
def server_error(harness: Harness) -> None:
    """An internal error of the provider raises invalid_response."""
    _check_family(harness, "server-error")


@check("errors.malformed-response", clause="E2", covers=("malformed",), is_smoke=True)
def malformed_response(harness: Harness) -> None:
    """A response that is not a well-formed success of the provider raises invalid_response."""
    _check_family(harness, "malformed")


@check("errors.network", clause="R6", covers=("network",), waits=3)
def network(harness: Harness) -> None:
    """A network failure raises ConnectorError(general)."""
    _check_family(harness, "network")


@check("errors.provider-message", clause="E3", covers=("message with a code", "message with an empty code"))
def provider_message(harness: Harness) -> None:
    """The error's data contains the provider's own error message."""

    def verify(outcome: Outcome, message: Json) -> None:
        for kind, sent in (
            ("message with a code", message),
            ("message with an empty code", {**message, "payload": {"code": ""}}),
        ):
            data = getattr(send_with_outcome(harness, outcome, sent).error, "data", None)
            found = data.get("message") if isinstance(data, dict) else None
            expect(
                outcome.message in str(found),
                f"expected the error's data to contain the provider's message {outcome.message!r} for the outcome "
                f"{outcome.name!r}, found {show_data(data) if found is None else show(found)}",
            )
            harness.coverage.add(kind)

    outcomes = choose_quick_failures(harness, "has a message", lambda it: it.message)
    for_each_outcome(harness, outcomes, verify, harness.messages())


@check("errors.json-data", clause="E4", covers=("data",))
def json_data(harness: Harness) -> None:
    """The data of every error is JSON."""

    def verify(outcome: Outcome, message: Json) -> None:
        found = expect_json_data(outcome, send_with_outcome(harness, outcome, message))
        harness.coverage.add("data" if found else "no error")

    for_each_outcome(harness, choose_quick_failures(harness), verify, harness.messages())


@check("errors.recovery", clause="E5", covers=("send after a failure",))
def recovery(harness: Harness) -> None:
    """A message is delivered as usual after a failed one."""

    def verify(outcome: Outcome, message: Json, next_message: Json) -> None:
        send_with_outcome(harness, outcome, message)
        expect_recovery(harness, lambda: harness.deliver(next_message, harness.config))
        harness.coverage.add("send after a failure")

    for_each_outcome(harness, choose_quick_failures(harness), verify, harness.messages(), harness.messages())


@check("errors.not-retried", clause="E6", covers=("final failure",))
def not_retried(harness: Harness) -> None:
    """A message that the provider rejected, or may have accepted, is not sent again."""
    final = ("rejection", "credentials")
    _check_one_call(
        harness,
        choose_outcomes(harness, "is final or ambiguous", lambda it: it.family in final or it.ambiguous),
    )


@check("errors.quota-not-retried", clause="R7", level="advisory", covers=("final failure",))
def quota_not_retried(harness: Harness) -> None:
    """A message that exceeds a quota is not sent again."""
    _check_one_call(harness, choose_outcomes(harness, "is of the family 'quota'", lambda it: it.family == "quota"))


def _check_one_call(harness: Harness, outcomes: list[Outcome]) -> None:
    def verify(outcome: Outcome, message: Json) -> None:
        attempt = send_with_outcome(harness, outcome, message)
        if outcome.family != "credentials" or not _has_renewed_credentials(attempt):
            expect_one_call(attempt, f"for the outcome {outcome.name!r}")
        harness.coverage.add("final failure")

    for_each_outcome(harness, outcomes, verify, harness.messages())


def _has_renewed_credentials(attempt: Attempt) -> bool:
    """Return whether each rejected call was repeated with other credentials, at most once."""
    pairs = list(pairwise(attempt.calls))
    return len(pairs) == 1 and all(
        after.other_requests > before.other_requests
        or getattr(after.raw, "authorization", None) != getattr(before.raw, "authorization", None)
        for before, after in pairs
    )


@check("errors.idempotency-key", clause="E12", covers=("message with a key",))
def idempotency_key(harness: Harness) -> None:
    """Each message has its own idempotency key, also one to the same recipient."""
    if harness.deliver(harness.plain_message, harness.config).idempotency_key is None:
        raise NotApplicable(f"{type(harness.provider).__name__} declares no idempotency key")

    def verify(message: Json, other: Json) -> None:
        next_to_the_same = {**other, "to": message["to"]}
        keys = [harness.deliver(it, harness.config).idempotency_key for it in (message, next_to_the_same)]
        assume(message != next_to_the_same)
        expect(
            keys[0] != keys[1],
            f"expected another idempotency key for another message, found {keys[0]!r} for both: the provider may ignore "
            "the second",
        )
        harness.coverage.add("message with a key")

    harness.for_all(verify, harness.messages(), harness.messages())


@check("errors.retry-after", clause="E8", covers=("Retry-After",), waits=3)
def retry_after(harness: Harness) -> None:
    """A send ends within 15 seconds if Retry-After states an hour, a date or nonsense, and raises the usual error."""
    for outcome in choose_outcomes(harness, "has a header Retry-After", only_for="retry-after"):
        harness.provider.reset()
        harness.provider.respond_with(outcome.name)
        attempt = harness.send(harness.plain_message, harness.config, within=WAIT_SECONDS)
        _expect_in_time(outcome, attempt)
        expect_code(outcome, attempt)
        harness.coverage.add("Retry-After")
    expect_recovery(harness, lambda: harness.deliver(harness.plain_message, harness.config))


_LIMITED: Final = frozenset({ConnectorErrorCodes.GENERAL, ConnectorErrorCodes.INVALID_RESPONSE})
"""The codes for a response that does not end; a connector that does not read the response may succeed."""


@check("errors.slow-response", clause="E13", level="advisory", covers=("slow response",), waits=15)
def slow_response(harness: Harness) -> None:
    """A send ends within 15 seconds in total if the response arrives byte by byte."""
    for outcome in choose_outcomes(harness, "is a slow response", only_for="slow-response"):
        harness.provider.reset()
        harness.provider.respond_with(outcome.name)
        sends = [(harness.plain_message, harness.config)] * 2  # one for slow headers, one for a slow body
        errors = harness.send_together(sends, within=WAIT_SECONDS)
        expect(
            not any(isinstance(error, OverdueError) for error in errors),
            f"expected a send to end within {TIME_LIMIT_SECONDS} s in total if the response arrives byte by byte, "
            f"found it still running after {WAIT_SECONDS} s: a time limit for each read is not one for the response",
        )
        _expect_limited(outcome, errors)
        harness.coverage.add("slow response")


@check("errors.endless-response", clause="E13", level="advisory", covers=("endless response",), waits=15)
def endless_response(harness: Harness) -> None:
    """A response that does not end is read only up to a limit."""
    for outcome in choose_outcomes(harness, "is an endless response", only_for="endless-response"):
        harness.provider.reset()
        harness.provider.respond_with(outcome.name)
        attempt = harness.send(harness.plain_message, harness.config, within=WAIT_SECONDS)
        harness.provider.reset()
        _expect_in_time(outcome, attempt)
        read = getattr(harness.provider, "endless_bytes", 0)
        expect(
            read < _MOST_BYTES,
            f"expected a response to be read up to a limit of at most {_MOST_BYTES:,} bytes, found {read:,} bytes read",
        )
        _expect_limited(outcome, [attempt.error])
        harness.coverage.add("endless response")


def _expect_limited(outcome: Outcome, errors: Iterable[BaseException | None]) -> None:
    for error in errors:
        code = error.code if isinstance(error, ConnectorError) else None
        expect(
            error is None or code in _LIMITED,
            f"expected ConnectorError general or invalid_response for the outcome {outcome.name!r}, "
            f"found {code or type(error).__name__}",
        )


@check("errors.unreadable-error", clause="E2", covers=("unreadable error",))
def unreadable_error(harness: Harness) -> None:
    """An error response without a readable message raises invalid_response, with JSON as its data."""

    def verify(outcome: Outcome, message: Json) -> None:
        attempt = send_with_outcome(harness, outcome, message)
        expect_code(outcome, attempt)
        expect_json_data(outcome, attempt)
        harness.coverage.add("unreadable error")

    outcomes = choose_outcomes(harness, "is an unreadable error", only_for="unreadable-error")
    for_each_outcome(harness, outcomes, verify, harness.messages())


@check("errors.time-limit", clause="E8", covers=("unresponsive provider",), waits=15)
def time_limit(harness: Harness) -> None:
    """A send ends within 15 seconds if the provider never responds, and the next message is delivered."""
    message = harness.plain_message

    def fail(outcome: Outcome, within: float) -> Attempt:
        attempt = harness.send(message, harness.config, within=within)
        if outcome.ambiguous:
            expect_one_call(attempt, f"for the outcome {outcome.name!r}")
        return attempt

    expect_time_limit(harness, "a send", fail, lambda: harness.deliver(message, harness.config))


@check("errors.transient", clause="E11", covers=("transient failure",), waits=3)
def transient(harness: Harness) -> None:
    """After a transient failure the message is delivered exactly once, or the send fails and nothing is delivered."""
    families = {"throttle", "server-error", "network"}
    chosen = choose_outcomes(harness, "can be transient", lambda it: it.family in families and not it.ambiguous)
    throttles = [it for it in chosen if it.family == "throttle"]

    def verify(outcome: Outcome, message: Json) -> None:
        attempt = send_with_outcome(harness, outcome, message, times=1)
        accepted, expected = _accepted(attempt), 0 if attempt.error is not None else 1
        when = f"if only the first attempt meets the outcome {outcome.name!r}"
        expect(
            accepted == expected,
            f"expected the provider to accept {expected} message(s) {when}, found {accepted}; {attempt.summary}",
        )
        expect(
            attempt.error is None or attempt.code is outcome.expect,
            f"expected ConnectorError {outcome.expect} or no error {when}; {attempt.summary}",
        )
        harness.coverage.add("transient failure")

    # One throttle is enough: a connector pauses before it retries one.
    outcomes = [it for it in chosen if it not in throttles[1:]]
    for_each_outcome(harness, outcomes, verify, harness.messages())


@check("errors.consecutive", clause="E9", covers=("send after many failures",))
def consecutive(harness: Harness) -> None:
    """A message is delivered after many consecutive failures."""
    outcomes = choose_outcomes(harness, "is a failure without a pause", is_failure_without_pause)

    def verify(message: Json, next_message: Json) -> None:
        for number in range(_CONSECUTIVE_FAILURES):
            outcome = outcomes[number % len(outcomes)]
            expect_code(outcome, send_with_outcome(harness, outcome, message))
        expect_recovery(harness, lambda: harness.deliver(next_message, harness.config))
        harness.coverage.add("send after many failures")

    harness.for_all(verify, harness.messages(), harness.messages(), examples=1)


@check("errors.concurrent", clause="E10", covers=("concurrent failures",))
def concurrent(harness: Harness) -> None:
    """Messages that fail at the same time raise separate errors."""

    def verify(outcome: Outcome, messages: list[Json]) -> None:
        harness.provider.respond_with(outcome.name)
        sends = [(it, harness.config) for it in messages]
        errors = harness.send_together(sends, within=CONCURRENT_WAIT_SECONDS)
        codes = {error.code if isinstance(error, ConnectorError) else type(error).__name__ for error in errors}
        expect(
            codes == {outcome.expect},
            f"expected ConnectorError {outcome.expect} for each of {CONCURRENT} concurrent messages for the outcome "
            f"{outcome.name!r}, found {', '.join(sorted(map(str, codes)))}",
        )
        expect_equal("the number of separate error objects", CONCURRENT, len({id(error) for error in errors}))
        harness.coverage.add("concurrent failures")

    concurrent_messages = st.lists(harness.messages(), min_size=CONCURRENT, max_size=CONCURRENT)
    outcomes = choose_outcomes(harness, "is of the family 'rejection'", lambda it: it.family == "rejection")[:1]
    for_each_outcome(harness, outcomes, verify, concurrent_messages, examples=harness.profile.failure_examples)


@check("errors.invalid-message", clause="E7", covers=("rejected message", "sent message"))
def invalid_message(harness: Harness) -> None:
    """Any JSON value as a message is sent, or raises invalid_request_parameters before a call to the provider."""

    def verify(message: Json) -> None:
        attempt = harness.send(message, harness.config)
        if attempt.error is None:
            harness.coverage.add("sent message")
            return
        expect(attempt.code is not None, f"expected a ConnectorError for an invalid message; {attempt.summary}")
        expect_no_call(attempt, "a send that rejects its message")
        expect_error(attempt, ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "for an invalid message")
        harness.coverage.add("rejected message")

    members = st.fixed_dictionaries(
        {},
        optional={"to": harness.recipients | json_values, "type": json_values, "payload": json_values},
    )
    harness.for_all(verify, harness.messages() | members | json_values)
    for recipient in unusual_recipients:
        unusual = st.builds(lambda it, to: {**it, "to": to}, harness.messages(), st.just(recipient))
        harness.for_all(verify, unusual, examples=1)
