"""Several checks at a time, each in a process of its own: connectors, and what stands in for providers, share a process badly."""

import math
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache

from attrs import evolve

from conformance.checks import all_checks
from conformance.judge import run_check
from conformance.profile import Profile
from conformance.registry import Check
from conformance.report import CheckResult
from conformance.spec import Spec, SpecError
from conformance.target import find_spec
from connector_kit import ConnectorError


class ProcessError(Exception):
    """Checks cannot be run in other processes, for a reason that the connector or its name gives."""


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def results_from_processes(
    jobs: int, target: str, checks: Sequence[Check], profile: Profile, *, seed: int | None, until: float
) -> Iterator[Iterator[CheckResult]]:
    """Run checks, and give their results in the checks' order as they come; what has not begun at the end never does.

    Args:
        jobs: how many processes.
        target: by what each of them finds the connector.
        checks: which.
        profile: how hard to try.
        seed: for the examples.
        until: when, by `time.monotonic`, to begin no further example.

    Raises:
        ProcessError: one of them ended by itself, or does not find the connector.
    """
    last = until if until == math.inf else time.time() + until - time.monotonic()  # the one clock that processes share
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        running = {
            it.id: pool.submit(run_named_check, target, it.id, profile, seed, last)
            for it in sorted(checks, key=lambda it: not it.waits)
        }
        try:
            yield (_result(running[it.id], target) for it in checks)
        finally:
            pool.shutdown(cancel_futures=True)


def _result(running: "Future[CheckResult]", target: str) -> CheckResult:
    try:
        return running.result()
    except BrokenProcessPool as error:
        raise ProcessError(
            "A process that ran checks has ended by itself: the connector ended it, or crashed."
        ) from error
    except (LookupError, SpecError, ConnectorError) as error:
        raise ProcessError(f"Another process does not find {target!r}, which this one has found: {error}") from error


def run_named_check(target: str, check_id: str, profile: Profile, seed: int | None, last: float) -> CheckResult:
    """Run one check in this process, and leave out of its result what stays here: the exception, for a debugger.

    Args:
        target: by what to find the connector.
        check_id: which.
        profile: how hard to try.
        seed: for the examples.
        last: when, by `time.time`, to begin no further example.
    """
    (check,) = (it for it in all_checks() if it.id == check_id)
    until = last if last == math.inf else time.monotonic() + last - time.time()
    return evolve(run_check(check, _spec(target), profile, seed, until=until), error=None)


@cache
def _spec(target: str) -> Spec:
    return find_spec(target)
