"""The time limits of checks and of their steps: no connector can hang the suite, and a report says where it was stuck."""

import contextvars
import ctypes
import logging
import math
import os
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath
from queue import SimpleQueue
from types import FrameType
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from conformance.providers.sockets import CHECK_THREAD
from conformance.providers.threads import SuiteThread

T = TypeVar("T")

_GRACE: Final = 1.0
"""Seconds for a thread to end after it was stopped."""

_OFFER: Final = 0.02
"""Seconds for which an exception is pending in another thread."""

_GENERIC: Final = frozenset({"conformance", *sys.stdlib_module_names})
"""The top-level packages of code that is neither the connector's nor its libraries'."""

_DEBUGGER: Final = "bdb"
_CONNECTORS: Final = "connector_kit.connectors."


class StepStopped(BaseException):
    """Raised inside a thread whose step has exceeded its time limit; only code of the suite may catch it."""


class StuckError(Exception):
    """A step or a whole check exceeded its time limit; the message says how long it ran, and where it was.

    Args:
        message: what was expected, and where the thread was.
        where: the place in the code of the connector alone.
    """

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.where = where


class Steps:
    """The current step of a check: one send, one construction, or whatever else runs between two of these.

    Args:
        seconds: the time limit of a step.
        connector: the class of the connector, to find its code on a stack.
        check_seconds: the time limit of all steps together, from now on.
    """

    def __init__(self, seconds: float, connector: type, check_seconds: float = math.inf) -> None:
        self._seconds = seconds
        self._check_seconds = check_seconds
        self.limit = seconds
        """The time limit of the current step."""
        self._ends = time.monotonic() + seconds
        self._check_ends = time.monotonic() + check_seconds
        self._modules = frozenset(it.__module__ for it in connector.__mro__ if not _is_kit(it.__module__))
        self._package = f"{connector.__module__.rpartition('.')[0] or connector.__module__}."
        self.is_stopped = False

    def begin(self, more: float = 0) -> None:
        """Begin the next step; a step that has a time limit of its own gets that many seconds more.

        Raises:
            StepStopped: the check has failed already, and this thread of it has to end.
        """
        if self.is_stopped:
            raise StepStopped
        self.limit = self._seconds + more
        self._ends = time.monotonic() + self.limit

    def begin_again(self) -> None:
        """Begin the current step and the check again, with their whole time."""
        self._check_ends = time.monotonic() + self._check_seconds
        self.begin()

    @property
    def remaining(self) -> float:
        """The seconds until the current step, or the check, exceeds its limit."""
        return min(self._ends, self._check_ends) - time.monotonic()

    @property
    def is_check_overdue(self) -> bool:
        """Whether the check has exceeded its limit."""
        return time.monotonic() >= self._check_ends

    def position(self, thread: threading.Thread) -> str:
        """Say where a thread is: the innermost function of the connector, and what it calls there."""
        stack = [_Place(it, it.f_lineno) for it in _stack_of(thread)]
        if not stack:
            return "a thread that has ended"
        own = self._own(stack)
        return str(own) if own is stack[0] else f"{own}, in {stack[0]}"

    def stuck(self, thread: threading.Thread) -> StuckError:
        """Make the error for a thread whose step, or whose check, has exceeded its time limit."""
        position = self.position(thread)
        expected = f"expected each step to end within {self.limit:g} s; one"
        if self.is_check_overdue:
            expected = f"expected the check to end within {self._check_seconds:g} s; it"
        message = f"{expected} was still running after that time, in {position}"
        return StuckError(message, position.partition(", in ")[0])

    def position_of(self, error: BaseException) -> str:
        """Say where an exception was raised: the innermost function of the connector."""
        stack = [_Place(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        return str(self._own(stack[::-1])) if stack else "an unknown place"

    def _own(self, stack: "list[_Place]") -> "_Place":
        """Return the first place of the connector, or else of any code that is not the suite's."""
        own = next((it for it in stack if self._is_connector(it)), None)
        return own or next((it for it in stack if not it.is_generic), stack[0])

    def _is_connector(self, place: "_Place") -> bool:
        name = place.module
        return name in self._modules or name.startswith(self._package)


def _is_kit(module: str) -> bool:
    """Return whether a module is generic: of the kit, but not of a connector in it."""
    return module == "builtins" or (module.startswith("connector_kit.") and not module.startswith(_CONNECTORS))


@frozen
class _Place:
    """A line of a function on a stack."""

    frame: FrameType
    line: int

    @property
    def module(self) -> str:
        return str(self.frame.f_globals.get("__name__", ""))

    @property
    def is_generic(self) -> bool:
        """Whether it is the suite's or the standard library's; Hypothesis makes modules, with names of its own."""
        package = self.module.partition(".")[0]
        return package in _GENERIC or package.startswith("hypothesis")

    def __str__(self) -> str:
        """Name the function and its file as its package names it, without a path of this machine."""
        *packages, module = self.module.split(".")
        file = PurePath(self.frame.f_code.co_filename).name
        folders = [*packages, module] if file == "__init__.py" else packages
        return f"{self.frame.f_code.co_qualname} ({'/'.join([*folders, file])} line {self.line})"


def _stack_of(thread: threading.Thread) -> Iterator[FrameType]:
    """Yield the frames of a thread, the innermost first."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - documented; the only way to another stack
    while frame is not None:
        yield frame
        frame = frame.f_back


_current: Final[contextvars.ContextVar[Steps]] = contextvars.ContextVar("the steps that are supervised")


def supervised_steps() -> Steps | None:
    """Return the steps that `supervise` watches in this thread: those of a check, or of the trial of a Spec."""
    return _current.get(None)


class _Job(Generic[T]):
    """A job, and what it returned or raised."""

    def __init__(self, job: Callable[[], T], steps: Steps) -> None:
        self._job = job
        self._steps = steps
        self._context = contextvars.copy_context()
        self.ended = threading.Event()
        self.result: T
        self.raised: BaseException | None = None

    def run(self) -> None:
        """Run the job in the context of the thread that waits for it."""
        self._context.run(self._run)

    def _run(self) -> None:
        _current.set(self._steps)
        try:
            self.result = self._job()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.raised = error
        finally:
            del self._job  # what only the job holds is deleted here, where a destructor has a time limit
            self.ended.set()


class _JobThread:
    """A thread that runs one job after the other: Hypothesis prepares each new thread, which takes it a while."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        # Threads that the connector starts in a daemon thread are daemons, too: they do not keep the process from ending.
        self.thread = SuiteThread(self._serve, name=CHECK_THREAD)
        self.thread.start()

    def _serve(self) -> None:
        with suppress(StepStopped):
            while (job := self._jobs.get()) is not None:
                job.run()
                del job

    def start(self, job: "_Job[Any]") -> None:
        """Run a job next."""
        self._jobs.put(job)

    def stop(self) -> None:
        """Stop the current job, and end the thread after it."""
        self._jobs.put(None)
        stop(self.thread)


_idle: Final[list[_JobThread]] = []


def _idle_thread() -> _JobThread:
    """Return a thread that waits for a job. In a forked process, the threads of its parent do not run."""
    while _idle:
        found = _idle.pop()
        if found.thread.is_alive():
            return found
    return _JobThread()


def supervise(job: Callable[[], T], steps: Steps) -> T:
    """Run a job in another thread, and return or raise what it does.

    Connectors run in threads in production, too. A thread that does not end after a stop is left behind.

    Raises:
        StuckError: a step, or the check, exceeded its time limit.
    """
    running = _Job(job, steps)
    del job
    with _restored_after_a_stop(steps):
        thread = _idle_thread()
        steps.begin()
        thread.start(running)
        try:
            _wait(running.ended, thread.thread, steps)
        except BaseException:  # also when the user stops the run
            steps.is_stopped = True
            thread.stop()
            raise
        _idle.append(thread)
    if running.raised is not None:
        raise running.raised
    return running.result


def _wait(ended: threading.Event, thread: threading.Thread, steps: Steps) -> None:
    """Wait for the end of a job.

    A step of the connector has the time limit of a step. A step of the suite itself, such as drawing an example, may take
    until the time limit of the check. While the job is stopped in a debugger, no time limit applies.
    """
    while not ended.wait(max(0.01, steps.remaining)):
        if steps.remaining > 0:
            continue
        stack = [_Place(it, it.f_lineno) for it in _stack_of(thread)]
        if any(it.module == _DEBUGGER for it in stack):
            steps.begin_again()
        elif steps.is_check_overdue or not all(it.is_generic for it in stack):
            raise steps.stuck(thread)
        else:
            steps.begin()


def stop(thread: threading.Thread) -> None:
    """Raise `StepStopped` in a thread, and wait a moment until it ends.

    Python delivers the exception when the thread next runs Python code: not while it waits for a lock without a limit.
    Such a thread is left behind.
    """
    last = time.monotonic() + _GRACE
    with _without_unraisable_reports():
        while thread.is_alive() and time.monotonic() < last:
            # More than once: a destructor or a callback, in which Python ignores exceptions, may get one of them.
            _offer(thread)


@contextmanager
def _without_unraisable_reports() -> Iterator[None]:
    """Let Python not report a `StepStopped` that a destructor or a callback ignores: pytest makes a warning of it."""
    report = sys.unraisablehook

    def report_others(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, StepStopped):
            report(unraisable)

    sys.unraisablehook = report_others
    try:
        yield
    finally:
        sys.unraisablehook = report


def _offer(thread: threading.Thread) -> None:
    """Raise `StepStopped` in a thread if it runs Python code within a moment, and withdraw the exception then.

    While one is pending in any thread, CPython 3.11 never leaves the first line of a Python function that a profiler or
    tracer follows: so this function calls none meanwhile. CPython 3.11 notices that none is pending any more when some
    thread raises one: this one.
    """
    raise_in, sleep, exception = ctypes.pythonapi.PyThreadState_SetAsyncExc, time.sleep, ctypes.py_object(StepStopped)
    target, this = ctypes.c_ulong(thread.ident or 0), ctypes.c_ulong(threading.get_ident())
    with suppress(StepStopped):
        raise_in(target, exception)
        sleep(_OFFER)
        raise_in(target, None)
        sleep(raise_in(this, exception))  # raised in one of the two calls


@contextmanager
def _restored_after_a_stop(steps: Steps) -> Iterator[None]:
    """Restore what a thread that was stopped may leave changed: output, log, warnings, environment."""
    root = logging.getLogger()
    output, level, handlers = (sys.stdout, sys.stderr), root.level, list(root.handlers)
    filters, environment = list(warnings.filters), dict(os.environ)
    show = warnings.showwarning
    try:
        yield
    finally:
        if steps.is_stopped:
            sys.stdout, sys.stderr = output
            root.setLevel(level)
            root.handlers[:] = handlers
            warnings.filters[:] = filters  # type: ignore[index]  # a list, which the stubs declare as a sequence
            warnings.showwarning = show
            if dict(os.environ) != environment:
                os.environ.clear()
                os.environ.update(environment)
