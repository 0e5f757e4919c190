"""Runs checks on a connector and reports; every front goes through here."""

import time
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from conformance.checks import all_checks
from conformance.profile import Profile, default_profile
from conformance.registry import Check, CheckFailure, NotApplicable
from conformance.report import CheckResult, Report, State
from conformance.spec import Spec
from conformance.subject import Subject
from connector_kit import ConnectorError, ConnectorType


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


def spec_faults(spec: Spec, profile: Profile | None = None) -> tuple[str, ...]:
    """Try the Spec itself before any check runs: a mis-wired one would fail them all for one reason.

    Returns:
        What is wrong, in words; nothing when the connector can be made, accepts the config, and one message arrives.
    """
    ids = {check.id for check in all_checks()}
    faults = []
    for name in spec.expected_failures:
        if name not in ids:
            near = get_close_matches(name, ids, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            faults.append(f"expected_failures names {name!r}, which is no check.{hint}")
    absent = [key for key in spec.secrets if key not in spec.valid_config]
    faults += [f"secrets names {key!r}, which valid_config does not have." for key in absent]
    if faults:
        return tuple(faults)
    subject = Subject(spec, profile or default_profile())
    with subject.provider.running():
        return tuple(_smoke(subject))


def _smoke(subject: Subject) -> Iterable[str]:
    if not subject.accepts(subject.config):
        issues = subject.spec.connector.config_guard.issues(subject.config)
        found = "; ".join(f"{issue.path}: {issue.message}" for issue in issues if issue.severity == "error")
        yield f"valid_config is not valid: {found}."
        return
    try:
        kind = subject.connector.type
    except Exception as error:  # noqa: BLE001 - whatever making the connector raises
        yield subject.canaries.redact(f"the connector cannot be made: {type(error).__name__}: {error}")
        return
    to = "15550000000" if kind is ConnectorType.SMS else "smoke@example.com"
    attempt = subject.send({"to": to, "type": "Generic", "payload": {"code": "000000"}}, subject.config)
    if attempt.error is not None:
        detail = f"{attempt.how}: {attempt.error}"
        yield subject.canaries.redact(f"a first message with valid_config could not be sent: {detail}.")
    elif not attempt.calls:
        yield "a first message was sent, but not to `provider`: is it the stub of the provider this connector talks to?"


def run_check(check: Check, spec: Spec, profile: Profile, seed: int | None = None) -> CheckResult:
    """Run one check."""
    started = time.perf_counter()
    subject = Subject(spec, profile, seed)
    state, message, example = _judge(check, subject)
    expectation = spec.expected_failures.get(check.id)
    if expectation is not None and state is State.FAILED:
        state, message = State.EXPECTED_FAILURE, f"{expectation} ({message})"
    elif expectation is not None and state is State.PASSED:
        state = State.UNEXPECTED_PASS
        message = f"it passes, but expected_failures says it would not: {expectation}. Take the expectation out."
    return CheckResult(
        id=check.id,
        state=state,
        level=check.level,
        clause=check.clause,
        claim=check.claim,
        examples=subject.ledger.counts,
        seconds=time.perf_counter() - started,
        message=message,
        example=example,
    )


def _judge(check: Check, subject: Subject) -> tuple[State, str, str | None]:
    lacking = sorted(check.needs - subject.spec.capabilities)
    if lacking:
        return State.NOT_APPLICABLE, f"the Spec does not declare the capability {', '.join(lacking)}", None
    try:
        with subject.provider.running():
            check.run(subject)
    except NotApplicable as reason:
        return State.NOT_APPLICABLE, str(reason), None
    except CheckFailure as failure:
        return State.FAILED, subject.canaries.redact(failure.message), failure.example
    except ConnectorError as error:
        return State.FAILED, subject.canaries.redact(f"it raised {error}"), None
    except Exception as error:  # noqa: BLE001 - a wrong connector may raise anything, anywhere
        return State.FAILED, subject.canaries.redact(f"it raised {type(error).__name__}: {error}"), None
    unseen = subject.ledger.missing(check.sees)
    if unseen:
        return State.NOT_EXERCISED, f"it saw no example of: {', '.join(unseen)}, so it has proven nothing", None
    return State.PASSED, "", None


def check_connector(
    spec: Spec,
    *,
    checks: Iterable[str] = (),
    profile: Profile | None = None,
    seed: int | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
) -> Report:
    """Run the suite on a connector.

    Args:
        spec: the connector and what the suite has to know of it.
        checks: ids or areas; all of them where it is left out.
        profile: how hard to try; ``ci`` where the environment says CI, else ``dev``.
        seed: for the examples, to see the same ones again.
        on_result: called with each result as it comes.

    Raises:
        LookupError: a check that does not exist.
    """
    started = time.perf_counter()
    chosen, tried = find_checks(checks), profile or default_profile()
    faults = spec_faults(spec, tried)
    results = []
    for check in chosen if not faults else ():
        results.append(run_check(check, spec, tried, seed))
        if on_result is not None:
            on_result(results[-1])
    return Report(spec.name, tried.name, tuple(results), faults, time.perf_counter() - started)
