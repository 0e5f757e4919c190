"""Runs one check on a connector and returns its result."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from functools import partial
from typing import TypeVar

from attrs import evolve

from conformance.harness.effects import rare_collection
from conformance.harness.error_text import describe_error, text_of
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.harness.steps import Steps, StepStopped, StuckError, supervise
from conformance.registry import MESSAGES, Check
from conformance.run.causes import cause_of
from conformance.spec import Spec
from conformance.verdicts import CheckFailure, CheckResult, NotApplicable, NotExercised, State
from connector_kit import ConnectorError

T = TypeVar("T")


def run_check(check: Check, spec: Spec, options: SearchOptions) -> CheckResult:
    """Run one check and compare its result with what the Spec expects."""
    started = time.perf_counter()
    result = CheckResult(
        id=check.id,
        state=State.PASSED,
        level=check.level,
        clause=check.clause,
        description=check.description,
        examples={},
        seconds=0,
    )
    reason = _why_not_applicable(check, spec)
    result = _run(check, spec, options, result) if reason is None else _not_applicable(result, reason)
    result = _with_expectation(result, spec.expected_failures.get(check.id))
    return evolve(result, seconds=time.perf_counter() - started)


def _not_applicable(result: CheckResult, reason: str) -> CheckResult:
    return evolve(result, state=State.NOT_APPLICABLE, message=reason)


def _why_not_applicable(check: Check, spec: Spec) -> str | None:
    if spec.connector.type not in check.types:
        types = "e-mail and SMS" if check.types == MESSAGES else " and ".join(sorted(check.types))
        return f"the check is for {types} connectors, and this one has the type {spec.connector.type}"
    missing = check.missing_capabilities(spec.capabilities)
    if missing:
        noun = "capability" if len(missing) == 1 else "capabilities"
        return f"the Spec does not declare the {noun} {', '.join(missing)}"
    return None


def _run(check: Check, spec: Spec, options: SearchOptions, result: CheckResult) -> CheckResult:
    """Run a check with a stub of its own; one that hangs or raises an exception fails the check, as a connector does."""
    profile = options.profile
    steps = Steps(profile.step_seconds, spec.connector, profile.check_seconds)
    try:
        harness = _of_stub(partial(Harness, spec, options), steps)
        with _running_stub(harness) as context, rare_collection():
            try:
                ended = context.run(supervise, partial(_run_supervised, check, harness, result), steps)
            except StuckError as error:
                ended = _failed(check, harness, result, error)
    except _StubError as error:
        message = f"the stub of the Spec cannot be used: {_message(error.cause)}"
        return evolve(result, state=State.FAILED, message=message, cause=message, replay=check.id, error=error.cause)
    ended = evolve(ended, examples=harness.coverage.counts)
    return _not_failed(check, harness, ended) if ended.state is State.PASSED else ended


class _StubError(Exception):
    """The stub hangs, or raised an exception, when a check made, started or stopped it."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause


@contextmanager
def _running_stub(harness: Harness) -> Iterator[Context]:
    """Start the stub, yield the context that it started in, and stop it there: a stub may use context variables."""
    running, context = harness.provider.running(), copy_context()
    _of_stub(partial(context.run, running.__enter__), harness.steps)
    try:
        yield context
    finally:
        stop = partial(context.run, running.__exit__, None, None, None)
        _of_stub(stop, Steps(harness.profile.step_seconds, type(harness.provider)))


def _of_stub(job: Callable[[], T], steps: Steps) -> T:
    try:
        return supervise(job, steps)
    except StuckError as error:
        raise _StubError(error) from error
    except BaseException as error:
        if steps.is_stopped:
            raise  # the user has stopped the run
        raise _StubError(error) from error


def _run_supervised(check: Check, harness: Harness, result: CheckResult) -> CheckResult:
    """Run a check in the thread that has a time limit: it alone calls the connector, and reads its errors."""
    try:
        check.run(harness)
    except NotApplicable as reason:
        return _not_applicable(result, str(reason))
    except NotExercised as reason:
        return evolve(result, state=State.NOT_EXERCISED, message=str(reason))
    except StepStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - a wrong connector may raise anything, anywhere
        return _failed(check, harness, result, error)  # here, where the stub still has its calls
    finally:
        harness.finish()
    return result


def _failed(check: Check, harness: Harness, result: CheckResult, error: BaseException) -> CheckResult:
    failed = harness.search.failed
    return evolve(
        result,
        state=State.FAILED,
        message=harness.canaries.redact(_message(error)),
        example=harness.example,
        transcript=harness.transcript,
        replay=check.id if failed is None else f"{check.id}:{failed}",
        error=error,
        cause=harness.canaries.redact(cause_of(error, harness)),
    )


def _message(error: BaseException) -> str:
    if isinstance(error, CheckFailure):
        return error.message
    if isinstance(error, StuckError):
        return str(error)
    if isinstance(error, ConnectorError):
        return f"expected no exception; it raised {text_of(error)} ({error.code})"
    return f"expected no exception; it raised {describe_error(error)}"


def _not_failed(check: Check, harness: Harness, result: CheckResult) -> CheckResult:
    search = harness.search
    if search.options.replay is not None and search.options.replay.example is not None:
        if search.tried:
            return evolve(result, message="the check passes for this example now")
        reason = "the time was up" if search.time_is_up else "the check no longer draws examples of this form"
        message = f"the example was not tried: {reason}. Run the whole check with --check {check.id}"
        return evolve(result, state=State.NOT_EXERCISED, message=message)
    missing = harness.coverage.missing(check.covers)
    if missing and search.beyond_medium:
        if any(harness.coverage.counts.values()):
            return result
        return _not_applicable(
            result, "the medium, by its own limits or those that the Spec declares, cannot carry its texts"
        )
    if missing:
        reason = ", because the time was up" if search.time_is_up else ""
        message = f"the check tried no example of {', '.join(map(repr, missing))}{reason}, so it has proven nothing"
        return evolve(result, state=State.NOT_EXERCISED, message=message)
    return result


def _with_expectation(result: CheckResult, reason: str | None) -> CheckResult:
    """Compare a result with the Spec's reason to expect a failure."""
    if reason is None:
        return result
    match result.state:
        case State.FAILED:
            return evolve(result, state=State.EXPECTED_FAILURE, message=f"{reason} ({result.message})")
        case State.PASSED:
            message = f"the check passes, but expected_failures expects a failure: {reason}. Remove the entry."
            return evolve(result, state=State.UNEXPECTED_PASS, message=message)
        case State.NOT_APPLICABLE:
            message = (
                f"the check does not apply ({result.message}), but expected_failures expects a failure: {reason}. "
                "Remove the entry."
            )
            return evolve(result, state=State.NOT_EXERCISED, message=message)
    return result
