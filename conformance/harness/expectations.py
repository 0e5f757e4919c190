"""The expectations that the checks of messages and of sign-ins share: error codes, JSON data, secrets, time limits."""

import json
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from hypothesis.strategies import SearchStrategy

from conformance.harness.attempt import Attempt, OverdueError
from conformance.harness.error_text import missing_values_in
from conformance.harness.harness import Harness
from conformance.harness.logs import error_text
from conformance.harness.output import collected_output
from conformance.harness.search import Verify
from conformance.harness.values import difference, show
from conformance.providers.base import Call, Outcome, Purpose
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import ConnectorError, ConnectorErrorCodes

TIME_LIMIT_SECONDS: Final = 15
"""Every send and every sign-in ends in less time, even if the provider never responds."""

WAIT_SECONDS: Final = 16
"""How long a check waits for a connector that exceeds the time limit."""

CONCURRENT: Final = 8
"""How many messages or users a check of concurrency handles at once."""

CONCURRENT_WAIT_SECONDS: Final = 60
"""How long a check waits for concurrent messages or users."""

_RETRIED_FAMILIES: Final = frozenset({"throttle", "server-error", "malformed"})
"""A connector may pause and retry after these failures."""


# --- outcomes -------------------------------------------------------------------------------------------------------


def _every(_: Outcome) -> bool:
    return True


def choose_outcomes(
    harness: Harness,
    description: str,
    choose: Callable[[Outcome], object] = _every,
    *,
    echoes: bool = False,
    hangs: bool = False,
    only_for: Purpose | None = None,
) -> list[Outcome]:
    """Return the outcomes of the provider that a check is about; without any, the check does not apply.

    Args:
        harness: the connector under test, with its stub.
        description: completes "declares no outcome that …".
        choose: returns whether the check is about an outcome.
        echoes: whether the response repeats the request.
        hangs: whether the provider never responds.
        only_for: what the outcomes are for, if one check alone uses them.
    """
    kind = (echoes, hangs, only_for)
    found = [it for it in harness.provider.outcomes if (it.echoes, it.hangs, it.only_for) == kind]
    chosen = [it for it in found if choose(it)]
    if not chosen:
        raise NotApplicable(f"{type(harness.provider).__name__} declares no outcome that {description}")
    return chosen


def choose_quick_failures(
    harness: Harness, description: str = "is a failure", choose: Callable[[Outcome], object] = _every
) -> list[Outcome]:
    """Return failures after which a connector seldom pauses; without any, the check does not apply."""
    quick = harness.quick_failures()
    return choose_outcomes(harness, description, lambda it: it in quick and choose(it))


def is_failure_without_pause(outcome: Outcome) -> bool:
    """Return whether a connector fails at once for an outcome, so that a check can repeat it many times."""
    is_failure = outcome.family != "accepted" and outcome.family not in _RETRIED_FAMILIES
    return is_failure and not (outcome.echoes or outcome.hangs or outcome.only_for)


def for_each_outcome(
    harness: Harness,
    outcomes: Iterable[Outcome],
    verify: Verify,
    *strategies: SearchStrategy[Any],
    examples: int = 1,
) -> None:
    """Verify a property of each outcome, the first argument of ``verify``; draw its other arguments."""
    for outcome in outcomes:
        harness.for_all(partial(verify, outcome), *strategies, examples=examples)


def send_with_outcome(harness: Harness, outcome: Outcome, message: Any, *, times: float = math.inf) -> Attempt:
    """Send a message while the provider responds with an outcome, either always or the first few times."""
    harness.provider.respond_with(outcome.name, times=times)
    return harness.send(message, harness.config)


# --- errors ---------------------------------------------------------------------------------------------------------


def expect_equal(what: str, expected: object, found: object) -> None:
    """Expect a value, such as ``the subject``."""
    if found != expected:
        is_text = isinstance(expected, str)
        message = f"expected {what} {show(expected)}, found {show(found)}"
        raise CheckFailure(difference(what, expected, found) if is_text else message)


def expect_error(attempt: Attempt, code: ConnectorErrorCodes, when: str) -> None:
    """Expect a ConnectorError with a code."""
    expect(attempt.code is code, f"expected {code} {when}; {attempt.summary}")


def expect_code(outcome: Outcome, attempt: Attempt) -> None:
    """Expect the error code that the provider declares for an outcome, or a normal return for a success."""
    expected = "a normal return" if outcome.expect is None else f"ConnectorError {outcome.expect}"
    is_expected = attempt.code is outcome.expect and (attempt.error is None) == (outcome.expect is None)
    expect(
        is_expected or attempt.code in outcome.alternatives,
        f"expected {expected} for the outcome {outcome.name!r}; {attempt.summary}",
    )


def expect_one_call(attempt: Attempt, when: str = "") -> Call:
    """Expect one call to the provider, and return it."""
    return attempt.only_call(when)


def expect_no_call(attempt: Attempt, action: str) -> None:
    """Expect that an action did not call the provider."""
    expect(not attempt.calls, f"expected {action} not to call the provider, found {len(attempt.calls)} call(s)")


def show_data(data: object) -> str:
    """Return an error's data for a message; of an object the keys only, because its values may be long."""
    if data is None:
        return "no data"
    return f"an object with the keys {', '.join(map(repr, data))}" if isinstance(data, dict) else show(data)


def expect_json_data(outcome: Outcome, attempt: Attempt) -> bool:
    """Expect an error's data to be JSON; return whether there was a ConnectorError."""
    data = getattr(attempt.error, "data", None)
    try:
        json.dumps(data)
    except (TypeError, ValueError) as error:
        raise CheckFailure(
            f"expected JSON as the error's data for the outcome {outcome.name!r}, found {show_data(data)} ({error})"
        ) from None
    return attempt.code is not None


def error_message(error: BaseException | None) -> str:
    """Return the ``message`` in the data of a ConnectorError; empty if there is none."""
    data = error.data if isinstance(error, ConnectorError) else None
    message = data.get("message") if isinstance(data, dict) else None
    return message if isinstance(message, str) else ""


def expect_no_missing_values(harness: Harness, errors: Iterable[tuple[BaseException | None, str]]) -> None:
    """Expect that the text of no error prints a missing value; each error comes with the case in which it occurred."""
    for error, when in errors:
        if error is not None:
            found = missing_values_in(error)
            expect(
                not found,
                f"expected no missing value in the error's text {when}, found {', '.join(found)} in {show(str(error))}",
            )
            harness.coverage.add("error")


# --- recovery and time limits ---------------------------------------------------------------------------------------


def expect_recovery(harness: Harness, succeed: Callable[[], object]) -> None:
    """Expect the next send or sign-in to succeed once the provider accepts again."""
    harness.provider.reset()
    succeed()


def expect_time_limit(
    harness: Harness,
    action: str,
    fail: Callable[[Outcome, float], Attempt],
    succeed: Callable[[], object],
) -> None:
    """Expect that an action ends within the time limit if the provider never responds, and that the next one succeeds.

    Args:
        harness: the connector under test, with its stub.
        action: names the action.
        fail: performs it, and waits at most so many seconds.
        succeed: performs it and expects it to succeed.
    """
    for outcome in choose_outcomes(harness, "hangs", hangs=True):
        if harness.search.time_is_up:
            return
        harness.provider.reset()
        harness.provider.respond_with(outcome.name)
        with collected_output() as output:
            attempt = fail(outcome, WAIT_SECONDS)
        when = f"for the outcome {outcome.name!r}"
        expect_no_secret(harness, output.getvalue(), f"the output {when}")
        if not isinstance(attempt.error, OverdueError):
            expect_no_secret_in_error(harness, attempt, when)
        duration = f"it still running after {WAIT_SECONDS} s; {attempt.summary}"
        if not isinstance(attempt.error, OverdueError):
            duration = f"{attempt.seconds:.0f} s; {attempt.summary}"
        expect(
            attempt.seconds < TIME_LIMIT_SECONDS,
            f"expected {action} to end within {TIME_LIMIT_SECONDS} s for the outcome {outcome.name!r}, found {duration}",
        )
        expect_code(outcome, attempt)
        expect_recovery(harness, succeed)
        harness.coverage.add("unresponsive provider")


# --- secrets and sockets --------------------------------------------------------------------------------------------


def expect_no_secret(harness: Harness, text: str, where: str) -> None:
    """Expect that no secret appears in a text."""
    leaked = harness.canaries.found_in(text)
    expect(not leaked, f"expected no secret in {where}, found {', '.join(leaked)}")


def expect_no_secret_in_error(harness: Harness, attempt: Attempt, when: str) -> None:
    """Expect that no secret appears in an error, in its data, in its causes or in the log."""
    data = repr(attempt.error.data) if isinstance(attempt.error, ConnectorError) else ""
    if attempt.error is not None:
        expect_no_secret(harness, f"{attempt.error} {attempt.error!r} {data}", f"the error {when}")
        expect_no_secret(harness, error_text(attempt.error), f"the error's traceback {when}")
    expect_no_secret_in_log(harness, attempt, f"the log {when}")


def expect_no_secret_in_log(harness: Harness, attempt: Attempt, where: str) -> None:
    """Expect that no secret appears in a log, nor in the arguments and fields of its records."""
    expect_no_secret(harness, attempt.log, where)
    expect_no_secret(harness, attempt.log_fields, f"{where} (in the arguments or fields of a record)")


def expect_no_other_socket(harness: Harness, outcome: Outcome) -> None:
    """Expect that the connector opened sockets to its provider only."""
    blocked = harness.provider.blocked_sockets
    expect(
        not blocked,
        f"expected sockets to the provider only for the outcome {outcome.name!r}, "
        f"found an attempt to open a socket to {', '.join(blocked)}",
    )
