"""Runs checks in several processes: two connectors under test, with their stubs, cannot share one."""

import faulthandler
import multiprocessing.process
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from attrs import evolve

from conformance.harness.search import SearchOptions
from conformance.providers.threads import SuiteThread
from conformance.registry import Check
from conformance.run.one_check import run_check
from conformance.run.plan import RunPlan, find_checks
from conformance.run.process_end import end_with_the_main_thread
from conformance.run.process_start import UNGUARDED, marked_as_start, process_context
from conformance.run.target import find_spec
from conformance.spec import Spec, SpecError
from conformance.verdicts import CheckResult, State
from connector_kit import ConnectorError

_FRAME: Final = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
_BEAT_SECONDS: Final = 1.0
_END_SECONDS: Final = 10.0
"""How long a process has to end by itself after its last check."""

_SILENT_SECONDS: Final = 15.0
"""How much longer than a step a process may be silent; a connector that keeps the interpreter to itself is silent."""

_FEW_CHECKS: Final = 30
"""So few checks end before other processes have started."""

_MOST_JOBS: Final = 8


class ProcessError(Exception):
    """Another process could not start, or did not find the connector."""


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_jobs(checks: int) -> int:
    """Return the number of processes for so many checks: at least two for many, so that some run while others wait."""
    return 1 if checks < _FEW_CHECKS else max(2, min(usable_processors(), _MOST_JOBS))


@contextmanager
def results_from_processes(plan: RunPlan) -> Iterator[Iterator[CheckResult]]:
    """Run the checks of a plan; yield their results in order, as they arrive. Leaving the context cancels the rest.

    Checks that wait run in as many processes of their own as the others, so that a processor has work meanwhile.

    Raises:
        ProcessError: a process could not start, or did not find the connector.
    """
    waiting = sorted((it for it in plan.checks if it.waits), key=lambda it: -it.waits)
    working = [it for it in plan.checks if not it.waits]
    with _running(plan, waiting) as overlapping, _running(plan, working) as others:
        running = {**overlapping, **others}
        try:
            yield (_result(running[it.id], plan.target) for it in plan.checks)
        finally:
            for it in running.values():
                it.cancel()


@contextmanager
def _running(plan: RunPlan, checks: Sequence[Check]) -> Iterator[dict[str, Future[CheckResult]]]:
    """Run checks in this order, in processes of their own; leaving the context ends the processes."""
    count = min(plan.jobs, len(checks))
    workers: SimpleQueue[_Worker] = SimpleQueue()
    for _ in range(count):
        workers.put(_Worker(plan))

    def run(check: Check) -> CheckResult:
        worker = workers.get()
        try:
            return worker.run(check)
        finally:
            workers.put(worker)

    with ThreadPoolExecutor(max(1, count)) as threads:
        try:
            yield {it.id: threads.submit(run, it) for it in checks}
        finally:
            threads.shutdown()
            for _ in range(count):
                workers.get().close()


def _result(running: Future[CheckResult], target: str) -> CheckResult:
    try:
        return running.result()
    except (LookupError, SpecError, ConnectorError) as error:
        raise ProcessError(f"Another process cannot find {target!r}, although this one can: {error}") from error


class _Worker:
    """A process that runs one check after the other; after it has ended, the next check gets a new one."""

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self._silence = plan.options.profile.step_seconds + _SILENT_SECONDS
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection

    def run(self, check: Check) -> CheckResult:
        """Run a check. If the process ends meanwhile, or no longer responds, the check has failed."""
        if self._process is None:
            self._start()
        try:
            self._connection.send(check.id)
            answer = self._receive()
        except TimeoutError as reason:
            where = self._where_it_is()
            self._end(is_silent=True)
            return _failed(check, f"the process that ran the check {reason}{where}")
        except (EOFError, OSError):
            return _failed(check, f"the connector ended the process that ran the check, {self._end()}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _start(self) -> None:
        context = process_context()
        self._connection, theirs = context.Pipe()
        descriptor, self._stack_file = tempfile.mkstemp()
        os.close(descriptor)
        with marked_as_start() as environment:
            arguments = (theirs, self._plan.target, self._plan.options, self._stack_file, environment)
            process = context.Process(target=_serve, args=arguments)
            process.start()
        self._process = process
        theirs.close()
        try:
            if not self._connection.poll(self._silence):
                self._end(is_silent=True)
                raise ProcessError(
                    "A process for checks did not start in time. Each process imports the script that starts the run, "
                    "which may not wait for anything while it is imported."
                )
            self._connection.recv()
        except (EOFError, OSError):
            raise ProcessError(self._why_not_started(process)) from None

    def _why_not_started(self, process: multiprocessing.process.BaseProcess) -> str:
        ending = self._end()
        if process.exitcode != UNGUARDED:
            return f"A process for checks ended before it could run one, {ending}."
        return (
            "Each process imports the script that starts the run, and would start it again. "
            'Put the call of check_connector under `if __name__ == "__main__":`, or use jobs=1.'
        )

    def _receive(self) -> CheckResult | Exception:
        """Return the next answer that is not a sign of life.

        Raises:
            TimeoutError: the process sends no sign of life, or it exceeds the time limit of a check. The process watches
                that limit itself, but cannot while a destructor of the connector blocks its main thread.
        """
        seconds = self._plan.options.profile.check_seconds + self._silence
        last = time.monotonic() + seconds
        while self._connection.poll(self._silence):
            answer: CheckResult | Exception | None = self._connection.recv()
            if answer is not None:
                return answer
            if time.monotonic() > last:
                raise TimeoutError(f"did not end it within {seconds:g} s")
        raise TimeoutError(
            f"did not respond for {self._silence:g} s: the connector kept Python from running anything else, "
            "for example in a regular expression"
        )

    def _where_it_is(self) -> str:
        """Say where a process is that no longer runs Python code, from the stack that a signal makes it write."""
        process: Any = self._process
        with suppress(AttributeError):  # Windows has no such signal
            os.kill(process.pid, signal.SIGUSR1)
            process.join(_BEAT_SECONDS)  # time for the stack
        stack = Path(self._stack_file).read_text(encoding="utf-8", errors="replace")
        place = _innermost_place(stack, sys.modules[self._plan.spec.connector.__module__].__file__)
        return place and f", in {place}"

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._end()

    def _end(self, *, is_silent: bool = False) -> str:
        """End the process, and say how it ended; one that is silent does not end by itself."""
        process: Any = self._process
        self._process = None
        self._connection.close()
        Path(self._stack_file).unlink(missing_ok=True)
        process.join(0 if is_silent else _END_SECONDS)
        process.kill()
        process.join()
        code = process.exitcode or 0
        return f"with the exit status {code}" if code >= 0 else f"by the signal {signal.Signals(-code).name}"


def _innermost_place(stack: str, connector_file: str | None) -> str:
    """Return the first line of the connector's folder in a stack that faulthandler wrote; empty if there is none."""
    folder = str(Path(connector_file or os.devnull).parent)
    roots = sorted((it for it in sys.path if it), key=len, reverse=True)
    for path, line, function in _FRAME.findall(stack):
        if path.startswith(folder):
            root = next((it for it in roots if path.startswith(it)), folder)
            return f"{function} ({path[len(root) :].lstrip(os.sep).replace(os.sep, '/')} line {line})"
    return ""


def _failed(check: Check, message: str) -> CheckResult:
    return CheckResult(
        id=check.id,
        state=State.FAILED,
        level=check.level,
        clause=check.clause,
        description=check.description,
        examples={},
        seconds=0,
        message=message,
        cause=message,
        replay=check.id,
    )


def _serve(
    connection: Connection, target: str, options: SearchOptions, stack_file: str, environment: Mapping[str, str]
) -> None:
    """Run checks, in another process, until the connection closes. Its environment may be older than the run."""
    for name in {*os.environ} - {*environment}:
        del os.environ[name]
    os.environ.update(environment)
    end_with_the_main_thread()
    stack = Path(stack_file).open("w", encoding="utf-8")  # noqa: SIM115 - a signal handler writes to it until the end
    with suppress(AttributeError):  # Windows has no such signal
        faulthandler.register(signal.SIGUSR1, stack)
    lock = threading.Lock()

    def send(answer: CheckResult | Exception | None) -> None:
        with lock:
            connection.send(answer)

    def show_life() -> None:
        while not ended.wait(_BEAT_SECONDS):
            send(None)

    ended = threading.Event()
    send(None)
    SuiteThread(show_life, name="conformance-life").start()
    try:
        while True:
            check_id = connection.recv()
            try:
                answer: CheckResult | Exception = run_named_check(target, check_id, options)
            except Exception as error:  # noqa: BLE001 - raised again in the process that waits
                answer = error
            send(answer)
    except (EOFError, OSError, KeyboardInterrupt):
        ended.set()


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
