"""Runs a plan and returns the report; every front uses it."""

import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext

from attrs import evolve

from conformance.harness.search import SearchOptions
from conformance.profile import Profile, default_profile
from conformance.run.one_check import run_check
from conformance.run.plan import RunPlan, checks_for
from conformance.run.process_end import end_with_the_main_thread
from conformance.run.process_start import exit_if_starting, prepare_processes
from conformance.run.processes import results_from_processes
from conformance.run.spec_trial import try_spec
from conformance.spec import Spec
from conformance.verdicts import CheckResult, Report


def check_connector(
    spec: Spec,
    *,
    checks: Iterable[str] = (),
    profile: Profile | None = None,
    seed: int | None = None,
    replay: str | None = None,
    max_time: float = math.inf,
    require_coverage: bool = True,
    fail_fast: bool = False,
    target: str | None = None,
    jobs: int = 1,
    on_result: Callable[[CheckResult], None] | None = None,
) -> Report:
    """Run the suite on a connector.

    Args:
        spec: the connector and what its author declares about it.
        checks: ids or areas; the default is every check for the connector's type.
        profile: how many examples to try; the default is ``ci`` if the environment variable CI is set, else ``dev``.
        seed: for the examples; the same seed draws the same examples.
        replay: the one failure to run again, as a report names it; no other check runs.
        max_time: seconds after which no further example begins; a check without examples is then not exercised.
        require_coverage: whether a check that lacks examples of some kind is an error.
        fail_fast: whether to stop at the first error.
        target: the name of the connector in the report's commands; the default is ``module:Class``.
        jobs: the number of processes; each finds the connector by ``target``. With 1, checks run in this process.
        on_result: called with each result.

    Raises:
        LookupError: a check does not exist, or the replay is not usable.
        ValueError: there are several jobs, but no target.
        ProcessError: another process could not start, or did not find the connector.
    """
    if jobs > 1 and target is None:
        raise ValueError("Several jobs need a target, by which other processes find the connector.")
    profile = profile or default_profile()
    plan = RunPlan(
        spec=spec,
        target=target or f"{spec.connector.__module__}:{spec.connector.__qualname__}",
        checks=checks_for(spec, checks, profile),
        options=SearchOptions(profile, seed),
        require_coverage=require_coverage,
        fail_fast=fail_fast,
        jobs=jobs,
    ).ending_after(max_time)
    return run_plan(plan if replay is None else plan.replaying(replay), on_result)


def run_plan(plan: RunPlan, on_result: Callable[[CheckResult], None] | None = None) -> Report:
    """Try the Spec, run the checks of a plan if the Spec is usable, and return the report.

    Raises:
        ProcessError: another process could not start, or did not find the connector.
    """
    exit_if_starting()
    end_with_the_main_thread()
    started = time.perf_counter()
    if plan.jobs > 1:
        prepare_processes()
    report = Report(
        connector=plan.spec.name,
        profile=plan.options.profile.name,
        results=(),
        spec_errors=try_spec(plan.spec, plan.options.profile),
        seconds=0,
        target=plan.target,
        seed=plan.options.seed,
        require_coverage=plan.require_coverage,
        available=len(checks_for(plan.spec)),
    )
    if report.spec_errors:
        return evolve(report, seconds=time.perf_counter() - started)
    with (
        results_from_processes(plan)
        if plan.jobs > 1
        else nullcontext(run_check(it, plan.spec, plan.options) for it in plan.checks)
    ) as results:
        for result in results:
            report = evolve(report, results=(*report.results, result))
            if on_result is not None:
                on_result(result)
            if plan.fail_fast and report.errors:
                break
    return evolve(report, seconds=time.perf_counter() - started)
