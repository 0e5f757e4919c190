"""One attempt: what a connector returned or raised, its calls to the provider, its log and its duration."""

import contextvars
import inspect
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from attrs import field, frozen

from conformance.harness.error_text import text_of
from conformance.harness.steps import Steps, StepStopped, stop
from conformance.providers.base import Call
from conformance.providers.threads import SuiteThread
from conformance.verdicts import CheckFailure
from connector_kit import ConnectorError, ConnectorErrorCodes

_LONGEST_TEXT: Final = 300


@frozen
class Attempt:
    """What happened when a connector was used once.

    Args:
        result: what the connector returned.
        error: what the connector raised; or a `JobError` for what the suite found instead.
        calls: the calls that reached the provider.
        seconds: the duration.
        log: the log of level INFO and above, tracebacks included.
        log_fields: what the records hold beside their text: arguments, structured fields.
        messages: one call for each message that arrived, as `messages_in` counts them.
    """

    result: object
    error: BaseException | None
    calls: tuple[Call, ...]
    seconds: float
    log: str = field(repr=False)
    log_fields: str = field(default="", repr=False)
    messages: tuple[Call, ...] = ()

    def only_call(self, when: str = "") -> Call:
        """Return the call of the one message that reached the provider.

        Raises:
            CheckFailure: the provider received no message, or several.
        """
        messages, ended = self.messages, f"; {self.summary}" if self.error is not None else ""
        if len(messages) == 1:
            return messages[0]
        expected = f"expected one call to the provider{when and f' {when}'}"
        if self.calls and not messages:
            key = self.calls[0].idempotency_key
            raise CheckFailure(
                f"{expected}, found one that the provider ignored: its idempotency key {key!r} is that of an earlier "
                f"message{ended}. Make a new key for each message."
            )
        raise CheckFailure(f"{expected}, found {len(messages)}{ended}")

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
        if isinstance(self.error, JobError):
            return str(self.error)
        return f"it raised {type(self.error).__name__}, which is not a ConnectorError"

    @property
    def summary_with_text(self) -> str:
        """What the connector did, with the text of its error, which may be secret."""
        if self.error is None or isinstance(self.error, JobError):
            return self.summary
        text = text_of(self.error)
        return f"{self.summary}: {text[:_LONGEST_TEXT]}" if text else self.summary


class JobError(Exception):
    """What the suite found about a job that neither returned a result nor raised an exception."""


class OverdueError(JobError):
    """A job did not return within its time limit."""


class AwaitableResultError(JobError):
    """A job returned an object that something would have to await: Logto's host awaits nothing."""


@frozen
class Ended:
    """The result of a job: what it returned, or what it raised."""

    result: object = None
    error: BaseException | None = None


def run_job(job: Callable[[], object]) -> Ended:
    """Run a job; an exception is returned, not raised: also those that would end the process, such as SystemExit."""
    try:
        result = job()
    except StepStopped:
        raise
    except BaseException as raised:
        if isinstance(raised, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # the user has stopped the run; the suite runs connectors in other threads
        return Ended(error=raised)
    if not inspect.isawaitable(result):
        return Ended(result)
    if inspect.iscoroutine(result):
        result.close()
    kind = type(result).__name__
    return Ended(error=AwaitableResultError(f"it returned a {kind}, which nothing awaits: connectors are synchronous"))


class JobThreads:
    """Runs jobs in threads with a time limit, and remembers the threads that exceeded it.

    Args:
        steps: the current step of the check.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._overdue: list[threading.Thread] = []

    def run_one(self, job: Callable[[], object], within: float | None) -> Ended:
        """Run a job: in this thread, or in another one if there is a time limit."""
        if within is not None:
            return self.run([job], within)[0]
        self._steps.begin()
        try:
            return run_job(job)
        finally:
            self._steps.begin()

    def run(self, jobs: Sequence[Callable[[], object]], within: float) -> list[Ended]:
        """Run jobs at the same time, each in a thread of its own, and return their results in order.

        Args:
            jobs: the jobs; they start together.
            within: the time limit in seconds; the error of a job that exceeds it is an `OverdueError`.
        """
        self._steps.begin(within)
        endings: list[Ended | None] = [None] * len(jobs)
        all_started = threading.Barrier(len(jobs))

        def run(index: int, job: Callable[[], object]) -> None:
            with suppress(StepStopped):  # the job has exceeded its time limit
                all_started.wait(within)
                endings[index] = run_job(job)

        threads = [SuiteThread(contextvars.copy_context().run, (run, index, job)) for index, job in enumerate(jobs)]
        last = time.monotonic() + within
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, last - time.monotonic()))
        self._overdue += [thread for thread in threads if thread.is_alive()]
        ended = [
            self._overdue_ending(thread, within) if ending is None else ending
            for ending, thread in zip(endings, threads, strict=True)
        ]
        self._steps.begin()
        return ended

    def _overdue_ending(self, thread: threading.Thread, within: float) -> Ended:
        where = self._steps.position(thread)
        return Ended(error=OverdueError(f"it did not return within {within:g} s: it was still running in {where}"))

    def join_overdue(self, within: float) -> None:
        """Wait for the threads that exceeded their time limit, at most this many seconds in all; then stop them."""
        last = time.monotonic() + within
        for thread in self._overdue:
            thread.join(max(0.0, last - time.monotonic()))
        for thread in self._overdue:
            stop(thread)
