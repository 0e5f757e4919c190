"""The threads that connectors run in: a fixed number of slots, and no queue behind them."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Condition, Thread
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class PoolFullError(Exception):
    """Every slot is taken."""


class Job(Generic[T]):
    """One call that runs in a slot, and goes on there whether or not somebody still waits for it.

    Args:
        call: what to run; it reports its own failures, and raises nothing.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self.call = call
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()  # from here on nobody can cancel it
        self.ended = False
        self.abandoned = False


class SlotPool:
    """Runs jobs in threads, as many at a time as there are slots.

    The threads are daemons, so a provider that never answers cannot keep the process from ending.

    Args:
        slots: how many.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._jobs: SimpleQueue[Job[object]] = SimpleQueue()
        self._changed = Condition()
        self._threads = 0
        self._busy = 0
        self._unfinished = 0
        self._abandoned = 0

    @property
    def busy(self) -> int:
        """How many slots are taken."""
        return self._busy

    @property
    def is_stuck(self) -> bool:
        """Whether every slot is held by a job that nobody waits for any more."""
        return self._abandoned >= self.slots

    def submit(self, call: Callable[[], T]) -> Job[T]:
        """Start a job in a free slot; it sees the context variables of this call.

        Raises:
            PoolFullError: there is none.
        """
        job = Job(partial(copy_context().run, call))
        with self._changed:
            if self._busy >= self.slots:
                raise PoolFullError
            self._busy += 1
            self._unfinished += 1
            if self._busy > self._threads:
                self._threads += 1
                Thread(target=self._work, name=f"connector slot {self._threads}", daemon=True).start()
        self._jobs.put(job)  # type: ignore[arg-type]  # a job of any type
        return job

    def abandon(self, job: Job[T]) -> None:
        """Note that nobody waits for a job any more; its slot is free when it ends."""
        with self._changed:
            if not job.abandoned and not job.ended:
                job.abandoned = True
                self._abandoned += 1

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until all jobs have ended and their callbacks have run, for so long at most, and tell whether they have."""
        end = monotonic() + seconds
        with self._changed:
            while self._unfinished:
                left = end - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            result = job.call()
            # The slot is free before anybody learns of the result: who sends one after the other finds one.
            with self._changed:
                self._busy -= 1
                self._abandoned -= job.abandoned
                job.ended = True
            job.future.set_result(result)
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()
            del job, result  # while the thread waits for the next, nothing of this message stays in memory
