"""One attempt: what a connector returned or raised, its calls to the provider, its log and its duration."""

import contextvars
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from attrs import field, frozen

from conformance.providers.base import Call
from connector_kit import ConnectorError, ConnectorErrorCodes

_LONGEST_TEXT: Final = 300


@frozen
class Attempt:
    """What happened when a connector was used once.

    Args:
        result: what the connector returned.
        error: what the connector raised.
        calls: the calls that reached the provider.
        seconds: the duration.
        log: the log of level INFO and above, tracebacks included.
    """

    result: object
    error: Exception | None
    calls: tuple[Call, ...]
    seconds: float
    log: str = field(repr=False)

    @property
    def code(self) -> ConnectorErrorCodes | None:
        """The code of the error, if it is a ConnectorError."""
        return self.error.code if isinstance(self.error, ConnectorError) else None

    @property
    def summary(self) -> str:
        """What the connector did, without data that may be secret."""
        if self.error is None:
            return "it returned normally"
        if self.code is not None:
            return f"it raised ConnectorError {self.code}"
        return f"it raised {type(self.error).__name__}, which is not a ConnectorError"

    @property
    def summary_with_text(self) -> str:
        """What the connector did, with the text of its error, which may be secret."""
        text = str(self.error or "")
        return f"{self.summary}: {text[:_LONGEST_TEXT]}" if text else self.summary

    @property
    def traceback(self) -> str:
        """The error as a log shows it, causes included."""
        return "" if self.error is None else "".join(traceback.format_exception(self.error))


class OverdueError(Exception):
    """A job did not return within its time limit."""


@frozen
class Ended:
    """The result of a job: what it returned, or what it raised."""

    result: object = None
    error: Exception | None = None


def run_job(job: Callable[[], object]) -> Ended:
    """Run a job; an exception is returned, not raised."""
    try:
        return Ended(job())
    except Exception as raised:  # noqa: BLE001 - a wrong connector may raise anything
        return Ended(error=raised)


class JobThreads:
    """Runs jobs in threads with a time limit, and remembers the threads that exceeded it."""

    def __init__(self) -> None:
        self._overdue: list[threading.Thread] = []

    def run_one(self, job: Callable[[], object], within: float | None) -> Ended:
        """Run a job: in this thread, or in another one if there is a time limit."""
        return run_job(job) if within is None else self.run([job], within)[0]

    def run(self, jobs: Sequence[Callable[[], object]], within: float) -> list[Ended]:
        """Run jobs at the same time, each in a thread of its own, and return their results in order.

        Args:
            jobs: the jobs; they start together.
            within: the time limit in seconds; the error of a job that exceeds it is an `OverdueError`.
        """
        endings = [Ended(error=OverdueError(f"no result within {within:g} s"))] * len(jobs)
        all_started = threading.Barrier(len(jobs))

        def run(index: int, job: Callable[[], object]) -> None:
            all_started.wait(within)
            endings[index] = run_job(job)

        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(run, index, job), daemon=True)
            for index, job in enumerate(jobs)
        ]
        last = time.monotonic() + within
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, last - time.monotonic()))
        self._overdue += [thread for thread in threads if thread.is_alive()]
        return list(endings)

    def join_overdue(self, within: float) -> None:
        """Wait for the threads that exceeded their time limit, at most this many seconds in all."""
        last = time.monotonic() + within
        for thread in self._overdue:
            thread.join(max(0.0, last - time.monotonic()))


class LogRecords(logging.Handler):
    """Collects log records as text."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Format and keep one record."""
        self.lines.append(self.format(record))


@contextmanager
def collected_logs() -> Iterator[LogRecords]:
    """Collect the records of all loggers at INFO and above during the context."""
    root, records = logging.getLogger(), LogRecords()
    level = root.level
    root.addHandler(records)
    root.setLevel(min(level, logging.INFO))
    try:
        yield records
    finally:
        root.setLevel(level)
        root.removeHandler(records)
