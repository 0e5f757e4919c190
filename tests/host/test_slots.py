"""Slots: concurrent calls without a queue, context variables, and abandoned calls."""

import threading
from contextvars import ContextVar
from functools import partial

import pytest

from connector_kit.host.connector_calls import Slots, SlotsFullError

_NAME: ContextVar[str] = ContextVar("name", default="none")


def test_call_runs_in_a_copy_of_the_context() -> None:
    """It sees the context variables of its caller, and its own changes stay in the copy."""
    slots = Slots(1)

    def function() -> str:
        found = _NAME.get()
        _NAME.set("changed")
        return found

    for name in ("first", "second"):
        token = _NAME.set(name)
        assert slots.start(function).future.result(10) == name
        assert _NAME.get() == name
        _NAME.reset(token)
    assert slots.start(function).future.result(10) == "none"


def test_call_beyond_the_last_slot_raises() -> None:
    """There is no queue. When the calls end, all slots are free again."""
    slots = Slots(3)
    release = threading.Event()
    calls = [slots.start(lambda: release.wait(10)) for _ in range(3)]
    assert slots.busy == 3
    with pytest.raises(SlotsFullError):
        slots.start(lambda: None)
    assert not slots.wait_until_idle(0.01)
    release.set()
    assert [call.future.result(10) for call in calls] == [True] * 3
    assert slots.wait_until_idle(10)
    assert slots.busy == 0


def test_slot_is_free_when_the_result_is_known() -> None:
    """A client that sends one message after another never finds its own slot busy."""
    slots = Slots(1)
    assert [slots.start(lambda: 1).future.result(10) for _ in range(50)] == [1] * 50


def test_thread_that_cannot_start_keeps_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may have no more threads for a moment."""
    slots = Slots(1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _fail_to_start)
        with pytest.raises(SlotsFullError):
            slots.start(lambda: None)
    assert slots.start(lambda: 1).future.result(10) == 1


def test_slot_is_free_after_any_exception() -> None:
    """Its caller gets the exception."""
    slots = Slots(1)
    for error in (ValueError("x"), SystemExit(1), KeyboardInterrupt()):
        assert slots.start(partial(_raise, error)).future.exception(10) is error
    assert slots.start(lambda: 1).future.result(10) == 1
    assert slots.wait_until_idle(10)


def _raise(error: BaseException) -> None:
    raise error


def _fail_to_start(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_threads_are_daemons() -> None:
    """A provider that never responds must not keep the process from ending."""
    assert Slots(1).start(lambda: threading.current_thread().daemon).future.result(10)


def test_call_is_abandoned_once_and_not_after_its_end() -> None:
    """The number of abandoned calls returns to zero."""
    slots = Slots(1)
    release = threading.Event()
    call = slots.start(lambda: release.wait(10))
    assert not slots.is_stuck
    slots.abandon(call)
    slots.abandon(call)
    assert slots.is_stuck
    release.set()
    call.future.result(10)
    assert not slots.is_stuck
    slots.abandon(call)
    assert not slots.is_stuck


def test_running_call_cannot_be_cancelled() -> None:
    """It may be in the middle of a send."""
    slots = Slots(1)
    release = threading.Event()
    call = slots.start(lambda: release.wait(10))
    assert not call.future.cancel()
    release.set()
    assert call.future.result(10)
