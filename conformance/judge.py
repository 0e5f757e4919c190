"""Runs one check on a connector, and says what came of it."""

import math
import time

from attrs import evolve

from conformance.profile import Profile
from conformance.registry import MESSAGES, Check, CheckFailure, NotApplicable
from conformance.report import CheckResult, State
from conformance.spec import Spec
from conformance.subject import Replay, Subject
from connector_kit import ConnectorError


def _token(check: Check, replay: Replay | None) -> str:
    if replay is None:
        return check.id
    return f"{check.id}:{replay.claim}:{replay.version}:{replay.blob.decode()}"


def run_check(
    check: Check,
    spec: Spec,
    profile: Profile,
    seed: int | None = None,
    *,
    replay: Replay | None = None,
    until: float = math.inf,
) -> CheckResult:
    """Run one check.

    Args:
        check: which.
        spec: the connector and what the suite has to know of it.
        profile: how hard to try.
        seed: for the examples.
        replay: the one failure to run again.
        until: when, by `time.monotonic`, to begin no further example.
    """
    started = time.perf_counter()
    subject = Subject(spec, profile, seed, replay=replay, until=until)
    result = CheckResult(
        id=check.id,
        state=State.PASSED,
        level=check.level,
        clause=check.clause,
        claim=check.claim,
        examples={},
        seconds=0,
    )
    judged = _with_expectation(_judge(check, subject, result), spec.expected_failures.get(check.id))
    return evolve(judged, examples=subject.ledger.counts, seconds=time.perf_counter() - started)


def _judge(check: Check, subject: Subject, result: CheckResult) -> CheckResult:
    spec = subject.spec
    if spec.connector.type not in check.types:
        kinds = "e-mail and SMS" if check.types == MESSAGES else " and ".join(sorted(check.types))
        reason = f"it is about {kinds} connectors, and the connector declares the type {spec.connector.type}"
        return evolve(result, state=State.NOT_APPLICABLE, message=reason)
    lacking = check.lacking(spec.capabilities)
    if lacking:
        reason = f"the Spec does not declare the capability {', '.join(lacking)}"
        return evolve(result, state=State.NOT_APPLICABLE, message=reason)
    try:
        with subject.provider.running():
            try:
                return _run(check, subject, result)
            finally:
                subject.finish()
    except NotApplicable as reason:
        return evolve(result, state=State.NOT_APPLICABLE, message=str(reason))


def _run(check: Check, subject: Subject, result: CheckResult) -> CheckResult:
    """Run a check in the presence of its provider, so that a transcript can be taken."""
    try:
        check.run(subject)
    except NotApplicable:
        raise
    except Exception as error:  # noqa: BLE001 - a wrong connector may raise anything, anywhere
        return evolve(
            result,
            state=State.FAILED,
            message=subject.canaries.redact(_why(error)),
            example=error.example if isinstance(error, CheckFailure) else None,
            transcript=subject.transcript,
            replay=_token(check, subject.failed_claim),
            error=error,
        )
    if subject.is_replay:
        return evolve(result, message="the failure does not show any more")
    unseen = subject.ledger.missing(check.sees)
    if unseen:
        late = "; the time was up" if subject.time_is_up else ""
        reason = f"it saw no example of: {', '.join(unseen)}, so it has proven nothing{late}"
        return evolve(result, state=State.NOT_EXERCISED, message=reason)
    return result


def _why(error: Exception) -> str:
    if isinstance(error, CheckFailure):
        return error.message
    return f"it raised {error}" if isinstance(error, ConnectorError) else f"it raised {type(error).__name__}: {error}"


def _with_expectation(result: CheckResult, reason: str | None) -> CheckResult:
    """Hold a result against the Spec's expectation: both have to say the same."""
    if reason is None:
        return result
    match result.state:
        case State.FAILED:
            return evolve(result, state=State.EXPECTED_FAILURE, message=f"{reason} ({result.message})")
        case State.PASSED:
            message = f"it passes, but expected_failures says it would not: {reason}. Take the expectation out."
            return evolve(result, state=State.UNEXPECTED_PASS, message=message)
        case State.NOT_APPLICABLE:
            message = f"expected_failures names it, but it does not apply: {result.message}. Take the expectation out."
            return evolve(result, state=State.NOT_EXERCISED, message=message)
    return result
