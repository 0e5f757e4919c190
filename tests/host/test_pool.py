"""The pool: slots, no queue, context, and a memory of what was abandoned."""

import threading
from contextvars import ContextVar

import pytest

from connector_kit.host.pool import PoolFullError, SlotPool

_NAME: ContextVar[str] = ContextVar("name", default="none")


def test_a_job_sees_the_context_of_its_submission() -> None:
    """And what it changes there stays with it."""
    pool = SlotPool(1)

    def job() -> str:
        seen = _NAME.get()
        _NAME.set("changed")
        return seen

    for name in ("first", "second"):
        token = _NAME.set(name)
        assert pool.submit(job).future.result(10) == name
        assert _NAME.get() == name
        _NAME.reset(token)
    assert pool.submit(job).future.result(10) == "none"


def test_threads_are_made_when_needed_and_used_again() -> None:
    """One after the other takes one thread; as many at a time as there are slots, so many."""
    pool = SlotPool(3)
    names = {pool.submit(lambda: threading.current_thread().name).future.result(10) for _ in range(20)}
    assert len(names) == 1
    release = threading.Event()
    jobs = [pool.submit(lambda: release.wait(10)) for _ in range(3)]
    assert pool.busy == 3
    with pytest.raises(PoolFullError):
        pool.submit(lambda: None)
    assert not pool.wait_until_idle(0.01)
    release.set()
    assert [job.future.result(10) for job in jobs] == [True] * 3
    assert pool.wait_until_idle(10)
    assert pool.busy == 0


def test_slot_threads_do_not_keep_the_process_from_ending() -> None:
    """A provider that never answers would otherwise."""
    assert SlotPool(1).submit(lambda: threading.current_thread().daemon).future.result(10)


def test_a_job_is_abandoned_once_and_not_after_its_end() -> None:
    """The count of lost slots comes back to nothing."""
    pool = SlotPool(1)
    release = threading.Event()
    job = pool.submit(lambda: release.wait(10))
    assert not pool.is_stuck
    pool.abandon(job)
    pool.abandon(job)
    assert pool.is_stuck
    release.set()
    job.future.result(10)
    assert not pool.is_stuck
    pool.abandon(job)
    assert not pool.is_stuck


def test_nobody_can_cancel_a_job() -> None:
    """It may be half-way through a send."""
    pool = SlotPool(1)
    release = threading.Event()
    job = pool.submit(lambda: release.wait(10))
    assert not job.future.cancel()
    release.set()
    assert job.future.result(10)
