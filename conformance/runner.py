"""Runs checks on a connector and reports; every front goes through here."""

import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from difflib import get_close_matches

from attrs import evolve
from hypothesis import __version__ as hypothesis_version

from conformance.checks import all_checks
from conformance.judge import run_check
from conformance.processes import results_from_processes
from conformance.profile import Profile, default_profile
from conformance.registry import Check
from conformance.report import CheckResult, Report
from conformance.smoke import spec_faults
from conformance.spec import Spec
from conformance.subject import Replay


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
    jobs: int = 1,
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
        jobs: how many processes run checks; each finds the connector anew, by ``target``. With one, all is done here.
        on_result: called with each result as it comes.

    Raises:
        LookupError: a check that does not exist, or a replay that cannot be.
        ValueError: several jobs, and no target.
        ProcessError: another process ended by itself, or does not find the connector.
    """
    if jobs > 1 and target is None:
        raise ValueError("Several jobs need a target, by which other processes find the connector.")
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
    todo = () if report.faults else chosen
    with (
        results_from_processes(jobs, str(target), todo, tried, seed=seed, until=until)
        if jobs > 1 and again is None
        else nullcontext(run_check(it, spec, tried, seed, replay=again and again[1], until=until) for it in todo)
    ) as results:
        for result in results:
            report = evolve(report, results=(*report.results, result))
            if on_result is not None:
                on_result(result)
            if fail_fast and report.errors:
                break
    return evolve(report, seconds=time.perf_counter() - started)
