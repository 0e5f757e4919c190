"""Runs checks on a connector and reports; every front goes through here."""

import math
import time
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from attrs import evolve
from hypothesis import __version__ as hypothesis_version

from conformance.checks import all_checks
from conformance.profile import Profile, default_profile
from conformance.registry import MESSAGES, Check, CheckFailure, NotApplicable
from conformance.report import CheckResult, Report, State
from conformance.smoke import spec_faults
from conformance.spec import Spec
from conformance.subject import Replay, Subject
from connector_kit import ConnectorError


def find_checks(patterns: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return the checks with one of these ids, or in one of these areas (``routing``); all where none is given.

    Raises:
        LookupError: an id or area that does not exist.
    """
    checks = all_checks()
    wanted = tuple(patterns)
    names = {check.id for check in checks} | {check.id.partition(".")[0] for check in checks}
    for name in wanted:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            raise LookupError(f"There is no check {name!r}." + (f" Did you mean {near[0]}?" if near else ""))
    return tuple(it for it in checks if not wanted or it.id in wanted or it.id.partition(".")[0] in wanted)


def checks_for(spec: Spec, patterns: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return those that are about the connector's type; a check of another type has to be asked for by its id.

    Raises:
        LookupError: an id or area that does not exist.
    """
    wanted = tuple(patterns)
    return tuple(it for it in find_checks(wanted) if spec.connector.type in it.types or it.id in wanted)


def find_replay(token: str) -> tuple[Check, Replay]:
    """Take apart what a report gives for ``--replay``: a check, and the example of one of its claims.

    Raises:
        LookupError: it names no check, is no such text, or was written by another version of Hypothesis.
    """
    check_id, *rest = token.split(":")
    (check,) = find_checks([check_id]) if "." in check_id else (None,)
    if check is None or len(rest) not in {0, 3}:
        raise LookupError(f"{token!r} is nothing that a report gives to replay.")
    if not rest:
        return check, Replay(-1, hypothesis_version, b"")
    claim, version, blob = rest
    if not claim.isdigit():
        raise LookupError(f"{token!r} is nothing that a report gives to replay.")
    if version != hypothesis_version:
        raise LookupError(
            f"The failure was found with Hypothesis {version}, and {hypothesis_version} is installed: "
            f"run it with --check {check_id} instead.",
        )
    return check, Replay(int(claim), version, blob.encode())


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


def check_connector(
    spec: Spec,
    *,
    checks: Iterable[str] = (),
    profile: Profile | None = None,
    seed: int | None = None,
    replay: str | None = None,
    max_time: float = math.inf,
    strict_vacuity: bool = True,
    fail_fast: bool = False,
    target: str | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
) -> Report:
    """Run the suite on a connector.

    Args:
        spec: the connector and what the suite has to know of it.
        checks: ids or areas; all of them where it is left out.
        profile: how hard to try; ``ci`` where the environment says CI, else ``dev``.
        seed: for the examples, to see the same ones again.
        replay: one failure to run again, as a report names it; no other check is run then.
        max_time: seconds after which no further example begins; a check that has then proven nothing is not exercised.
        strict_vacuity: whether a check that saw no example of some kind is an error.
        fail_fast: stop at the first error.
        target: what to call the connector in the report's commands; ``module:Class`` where it is left out.
        on_result: called with each result as it comes.

    Raises:
        LookupError: a check that does not exist, or a replay that cannot be.
    """
    started, until = time.perf_counter(), time.monotonic() + max_time
    tried = profile or default_profile()
    again = None if replay is None else find_replay(replay)
    chosen = checks_for(spec, checks) if again is None else (again[0],)
    report = Report(
        connector=spec.name,
        profile=tried.name,
        results=(),
        faults=spec_faults(spec, tried),
        seconds=0,
        target=target or f"{spec.connector.__module__}:{spec.connector.__qualname__}",
        seed=seed,
        strict_vacuity=strict_vacuity,
        available=len(checks_for(spec)),
    )
    for check in chosen if not report.faults else ():
        result = run_check(check, spec, tried, seed, replay=again and again[1], until=until)
        report = evolve(report, results=(*report.results, result))
        if on_result is not None:
            on_result(result)
        if fail_fast and report.errors:
            break
    return evolve(report, seconds=time.perf_counter() - started)
