"""Runs checks in several processes: two connectors under test, with their stubs, cannot share one."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache

from attrs import evolve

from conformance.harness.search import SearchOptions
from conformance.run.one_check import run_check
from conformance.run.plan import RunPlan, find_checks
from conformance.run.target import find_spec
from conformance.spec import Spec, SpecError
from conformance.verdicts import CheckResult
from connector_kit import ConnectorError


class ProcessError(Exception):
    """Another process ended unexpectedly, or did not find the connector."""


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def results_from_processes(plan: RunPlan) -> Iterator[Iterator[CheckResult]]:
    """Run the checks of a plan; yield their results in order, as they arrive. Leaving the context cancels the rest.

    Raises:
        ProcessError: a process ended unexpectedly, or did not find the connector.
    """
    with ProcessPoolExecutor(plan.jobs, multiprocessing.get_context("spawn")) as pool:
        running = {
            it.id: pool.submit(run_named_check, plan.target, it.id, plan.options)
            for it in sorted(plan.checks, key=lambda it: not it.waits)
        }
        try:
            yield (_result(running[it.id], plan.target) for it in plan.checks)
        finally:
            pool.shutdown(cancel_futures=True)


def _result(running: "Future[CheckResult]", target: str) -> CheckResult:
    try:
        return running.result()
    except BrokenProcessPool as error:
        raise ProcessError("A process that runs checks ended: the connector exited or crashed it.") from error
    except (LookupError, SpecError, ConnectorError) as error:
        raise ProcessError(f"Another process cannot find {target!r}, although this one can: {error}") from error


def run_named_check(target: str, check_id: str, options: SearchOptions) -> CheckResult:
    """Run one check in this process and return its result without the exception, which may not cross processes.

    Args:
        target: the name by which to find the connector.
        check_id: the id of the check.
        options: how to search; its time limit holds in every process, since `time.monotonic` is system-wide.
    """
    (check,) = find_checks([check_id])
    return evolve(run_check(check, _spec(target), options), error=None)


@cache
def _spec(target: str) -> Spec:
    return find_spec(target)
