"""Nothing that a connector does hangs the suite or ends it: each step has a time limit, in a thread of its own."""

import asyncio
import io
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import strategies as st

from conformance import PROFILES, Check, CheckFailure, CheckResult, Report, State, check_connector, spec_of
from conformance.harness.arrival import BeyondMedium
from conformance.harness.attempt import AwaitableResultError, run_job
from conformance.harness.error_text import describe_error, text_of
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.harness.steps import Steps, StepStopped, StuckError, _idle, stop, supervise, supervised_steps
from conformance.providers.sockets import SocketBlockedError
from conformance.registry import ALL
from conformance.run.one_check import run_check
from conformance.run.spec_trial import try_spec
from connector_kit import ConnectorError, ConnectorErrorCodes, Sms
from tests.conformance.wrong_connectors import BaseSes
from tests.conformance.wrong_connectors.hangs import KeepsItsLock, RetriesWhateverItCatches
from tests.conformance.wrong_connectors.memory import SMS, MemoryProvider, MemorySms, SmsConfig

QUICK = evolve(PROFILES["dev"], step_seconds=2.0)
SPEC = spec_of(BaseSes)


def _steps(seconds: float = 0.3) -> Steps:
    return Steps(seconds, MemorySms)


def _check(run: Callable[[Harness], None]) -> CheckResult:
    made = Check("test.check", "A rule.", "required", "X1", frozenset(), (), ALL, run)
    return run_check(made, SPEC, SearchOptions(QUICK))


# --- supervision ----------------------------------------------------------------------------------------------------


def test_job_runs_in_a_daemon_thread_that_knows_its_steps() -> None:
    """Threads that a connector starts there are daemons, too, and do not keep the process from ending."""
    steps = _steps()
    found = supervise(lambda: (threading.current_thread().daemon, threading.Thread().daemon, supervised_steps()), steps)
    assert found == (True, True, steps)
    assert supervised_steps() is None


def test_thread_that_has_ended_gets_no_job() -> None:
    """In a process that was forked, the threads of its parent have ended."""
    supervise(lambda: None, _steps())
    _idle[-1].stop()
    assert supervise(lambda: 1, _steps()) == 1


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_exception_of_a_job_is_raised(error: BaseException) -> None:
    """Also one that would end a thread without a word."""

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        supervise(fail, _steps())


def test_step_beyond_its_limit_is_stuck_and_its_position_is_shown() -> None:
    """The message names the function, its file as the package names it, and what it calls; no path of this machine."""

    def wait_for_the_lock() -> None:
        lock = threading.Event()
        lock.wait()

    with pytest.raises(StuckError) as caught:
        supervise(wait_for_the_lock, _steps())
    message = str(caught.value)
    assert message.startswith("expected each step to end within 0.3 s; one was still running after that time, in test_")
    assert "wait_for_the_lock (tests/conformance/test_steps.py line " in message
    assert ", in Condition.wait (threading.py line " in message
    assert str(Path(__file__).parents[2]) not in message
    assert caught.value.where in message
    assert "threading.py" not in caught.value.where


def test_steps_that_begin_in_time_never_exceed_the_limit() -> None:
    """The limit is for each step; a step may have more time than the limit."""

    def work() -> str:
        for _ in range(6):
            steps.begin()
            time.sleep(0.1)
        steps.begin(more=1)
        time.sleep(0.5)
        return "done"

    steps = _steps()
    assert supervise(work, steps) == "done"


def test_stuck_thread_is_stopped_and_what_it_changed_is_restored(caplog: pytest.LogCaptureFixture) -> None:
    """Output, log, warnings and the environment; code of the suite that it still reaches ends, too."""
    ended: list[str] = []
    before = (sys.stdout, sys.stderr, list(logging.getLogger().handlers), dict(os.environ))

    def leave_a_mess() -> None:
        sys.stdout = io.StringIO()
        logging.getLogger().addHandler(logging.NullHandler())
        os.environ["CONFORMANCE_LEFT"] = "behind"
        try:
            while True:
                time.sleep(0.01)
        finally:
            try:
                steps.begin()
            except StepStopped:
                ended.append("stopped")

    steps = _steps()
    with pytest.raises(StuckError):
        supervise(leave_a_mess, steps)
    assert ended == ["stopped"]
    assert before == (sys.stdout, sys.stderr, list(logging.getLogger().handlers), dict(os.environ))
    assert caplog.handler in logging.getLogger().handlers


class _SlowToDelete:
    """Python ignores exceptions in a destructor, and reports them."""

    def __init__(self, *, fails: bool = False) -> None:
        self._fails = fails

    def __del__(self) -> None:
        if self._fails:
            raise ValueError("an error of the connector's own")
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            time.sleep(0.001)


def test_stop_in_a_destructor_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytest would warn of it; other exceptions that a destructor ignores are reported."""
    reported: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: reported.append(it.exc_value))
    failed = threading.Event()

    def work() -> None:
        try:
            _SlowToDelete()
            while True:
                time.sleep(0.001)
        except StepStopped:
            _SlowToDelete(fails=True)
            failed.set()
            raise

    thread = threading.Thread(target=work, name="work", daemon=True)
    with monkeypatch.context() as patched:
        patched.setattr(threading, "excepthook", lambda _: None)
        thread.start()
        stop(thread)
        thread.join(5)
    assert failed.is_set()
    assert [type(it) for it in reported] == [ValueError]


def test_interrupt_of_the_user_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the thread that waits, and is raised."""

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.harness.steps._wait", interrupt)
    steps = _steps()
    with pytest.raises(KeyboardInterrupt):
        supervise(lambda: time.sleep(0.2), steps)
    assert steps.is_stopped


def test_thread_in_a_debugger_has_no_limit() -> None:
    """The author is reading."""
    namespace: dict[str, Any] = {"__name__": "bdb", "sleep": time.sleep}
    exec("def wait_for_input(): sleep(0.6)", namespace)
    supervise(namespace["wait_for_input"], _steps())


def test_debugger_stops_the_clock_of_the_check() -> None:
    """After it, the check has its whole time again."""
    namespace: dict[str, Any] = {"__name__": "bdb", "sleep": time.sleep}
    exec("def wait_for_input(): sleep(1)", namespace)
    steps = Steps(0.3, MemorySms, 0.5)

    def read_then_work() -> str:
        namespace["wait_for_input"]()
        time.sleep(0.1)
        return "done"

    assert supervise(read_then_work, steps) == "done"


def test_work_of_the_suite_itself_has_the_limit_of_the_check_only() -> None:
    """Hypothesis may need seconds to draw its first example, on a machine that is busy."""
    supervise(partial(time.sleep, 1.0), _steps())
    with pytest.raises(StuckError, match=r"expected the check to end within 0\.5 s; it was still running after that"):
        supervise(partial(time.sleep, 60), Steps(0.3, MemorySms, 0.5))


def test_check_whose_steps_all_end_in_time_has_a_limit() -> None:
    """The message says where it was."""

    def work() -> None:
        while True:
            steps.begin()
            time.sleep(0.05)

    steps = Steps(10, MemorySms, 0.5)
    with pytest.raises(StuckError, match=r"expected the check to end within 0\.5 s; .* in test_.*work \(tests/"):
        supervise(work, steps)


def test_thread_that_has_ended_has_no_position() -> None:
    """And it is not stopped."""
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    stop(thread)
    assert _steps().position(thread) == "a thread that has ended"
    assert _steps().position_of(ValueError()) == "an unknown place"


def test_position_in_a_package_names_its_init_file() -> None:
    """As the package names it."""

    def waits() -> list[str]:
        return [steps.position(threading.current_thread())]

    steps = Steps(1, BaseSes)
    namespace: dict[str, Any] = {"__name__": "acme.mail", "waits": waits, "steps": steps, "threading": threading}
    code = compile("def send():\n    return waits()", "/home/me/acme/mail/__init__.py", "exec")
    exec(code, namespace)
    assert "test_steps.py" in namespace["send"]()[0]
    exec(
        compile("def here():\n    return steps.position(threading.current_thread())", code.co_filename, "exec"),
        namespace,
    )
    assert "here (acme/mail/__init__.py line 2)" in namespace["here"]()


# --- checks ---------------------------------------------------------------------------------------------------------


def test_stuck_check_fails_with_its_example_and_the_next_one_runs() -> None:
    """The example is the one that was being tried; the report has the cause."""

    def run(harness: Harness) -> None:
        def verify(number: int) -> None:
            if number >= 0:
                time.sleep(60)

        harness.for_all(verify, st.integers())

    result = _check(run)
    assert (result.state, result.example, result.replay) == (State.FAILED, "number: 0", "test.check")
    assert "still running after that time" in result.message
    assert result.cause.startswith("a step does not end in test_stuck_check")
    assert _check(lambda _: None).state is State.PASSED


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), GeneratorExit(), KeyboardInterrupt("stop")])
def test_exception_that_would_end_the_suite_fails_the_check(error: BaseException) -> None:
    """In an example, which is shrunk, and outside of one."""

    def fails() -> None:
        raise error

    def fails_for_large_numbers(harness: Harness) -> None:
        def verify(number: int) -> None:
            if number > 10:
                fails()

        harness.for_all(verify, st.integers(0, 1000))

    inside, outside = _check(fails_for_large_numbers), _check(lambda _: fails())
    expected = f"expected no exception; it raised {describe_error(error)}"
    assert (inside.state, inside.message, inside.example) == (State.FAILED, expected, "number: 11")
    assert (outside.state, outside.message) == (State.FAILED, expected)
    assert inside.cause == outside.cause
    assert "raised in test_exception_that_would_end_the_suite" in inside.cause


def test_check_whose_texts_the_medium_cannot_carry_does_not_apply() -> None:
    """The connector rejected each of them, as it may."""

    def run(harness: Harness) -> None:
        def verify(_: object) -> None:
            raise BeyondMedium

        harness.for_all(verify, st.integers())

    made = Check("test.check", "A rule.", "required", "X1", frozenset(), ("text",), ALL, run)
    result = run_check(made, SPEC, SearchOptions(QUICK))
    assert result.state is State.NOT_APPLICABLE
    assert "cannot carry its texts" in result.message


def test_search_for_a_smaller_example_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the limit, only examples that are known to fail are tried again."""
    monkeypatch.setattr("conformance.harness.search._SHRINK_SECONDS", 0.0)
    tried: list[int] = []

    def run(harness: Harness) -> None:
        def verify(number: int) -> None:
            tried.append(number)
            if number > 1000:
                raise CheckFailure("too large")

        harness.for_all(verify, st.integers(0, 1_000_000))

    result = _check(run)
    large = [it for it in tried if it > 1000]
    assert (result.state, result.message) == (State.FAILED, "too large")
    assert result.example == f"number: {large[0]}"
    assert set(large) == {large[0]}


def test_failure_that_is_not_repeatable_shows_the_exception() -> None:
    """Whatever its type."""
    times: list[int] = []

    def verify(_: object) -> None:
        times.append(1)
        if len(times) == 1:
            raise SystemExit(3)

    result = _check(lambda harness: harness.for_all(verify, st.integers()))
    assert result.message == "it does not fail each time for the same example; it failed once with: SystemExit: 3"


def test_connector_error_outside_of_a_send_is_shown_with_its_code() -> None:
    """And its cause has the place."""

    def run(_: Harness) -> None:
        raise ConnectorError(ConnectorErrorCodes.GENERAL, "boom")

    result = _check(run)
    assert result.message == 'expected no exception; it raised ConnectorError: "boom" (general)'
    assert result.cause.startswith("ConnectorError general raised in test_connector_error")


@pytest.mark.parametrize("connector", [KeepsItsLock, RetriesWhateverItCatches])
def test_hanging_connector_fails_checks_and_the_rest_of_the_suite_goes_on(connector: type[MemorySms]) -> None:
    """Also if it catches what asks it to stop, or waits for a lock, so that its threads are left behind."""
    checks = ["errors.recovery", "errors.rejection", "routing.exact-match", "metadata.valid", "delivery.recipient"]
    report = check_connector(evolve(SMS, connector=connector), checks=checks, profile=QUICK)
    states = {it.id: it.state for it in report.results}
    assert len(states) == len(checks)
    assert State.FAILED in states.values()
    assert states["routing.exact-match"] is states["delivery.recipient"] is State.PASSED


class _FaultyStub(MemoryProvider):
    """Has a fault when it is made, started or stopped."""

    def __init__(self, fault: Callable[[], object], phase: str) -> None:
        super().__init__()
        self._fault, self._phase = fault, phase
        self._do("made")

    def _do(self, phase: str) -> None:
        if phase == self._phase:
            self._fault()

    @contextmanager
    def _intercepting(self) -> Iterator[None]:
        self._do("started")
        yield
        self._do("stopped")


def _exit() -> None:
    sys.exit(3)


def _wait_for_the_server() -> None:
    time.sleep(60)


@pytest.mark.parametrize("phase", ["made", "started", "stopped"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (_exit, "expected no exception; it raised SystemExit: 3"),
        (lambda: 1 // 0, "expected no exception; it raised ZeroDivisionError"),
        (_wait_for_the_server, "expected each step to end within 0.5 s; one was still running after that time, in "),
    ],
)
def test_stub_that_hangs_or_raises_fails_the_check(phase: str, fault: Callable[[], object], words: str) -> None:
    """It is code of the author, too, and may ask a server of its own."""
    made = Check("test.check", "A rule.", "required", "X1", frozenset(), (), ALL, lambda _: None)
    spec = evolve(SMS, provider=partial(_FaultyStub, fault, phase))
    result = run_check(made, spec, SearchOptions(evolve(QUICK, step_seconds=0.5)))
    assert (result.state, result.replay) == (State.FAILED, "test.check")
    assert result.message.startswith(f"the stub of the Spec cannot be used: {words}")
    assert result.cause == result.message


def test_interrupt_of_the_user_while_a_stub_starts_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the stub's exception."""

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.harness.steps._wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _check(lambda _: None)


# --- jobs -----------------------------------------------------------------------------------------------------------


def test_awaitable_result_is_an_error_and_is_closed() -> None:
    """Logto's host awaits nothing: the message would never be sent. There is no warning about the coroutine."""

    async def deliver() -> None:
        """Never run."""

    class Later:
        def __await__(self) -> Any:
            return iter(())

    ended = [run_job(deliver), run_job(Later)]
    assert all(isinstance(it.error, AwaitableResultError) for it in ended)
    assert [str(it.error).partition(",")[0] for it in ended] == ["it returned a coroutine", "it returned a Later"]


def test_interrupt_in_the_main_thread_is_the_users() -> None:
    """In another thread it is the connector's."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    def stopped() -> None:
        raise StepStopped

    with pytest.raises(KeyboardInterrupt):
        run_job(interrupt)
    with pytest.raises(StepStopped):
        run_job(stopped)
    assert isinstance(supervise(lambda: run_job(interrupt), _steps()).error, KeyboardInterrupt)


def test_text_of_an_error_is_safe_and_short() -> None:
    """An error may have a text of any length, or none."""

    class SilentError(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    assert text_of(SilentError()) == "(its text cannot be shown: its __str__ raises ValueError)"
    assert describe_error(ValueError()) == "ValueError"
    shown = describe_error(ValueError("x" * 1_000_000))
    assert shown == f"ValueError: {'x' * 300}… (1,000,000 characters)"


# --- the Spec -------------------------------------------------------------------------------------------------------


def _hanging(self: MemorySms, config: SmsConfig, sms: Sms) -> object:
    time.sleep(60)
    raise AssertionError(self, config, sms)


def _exits(self: MemorySms, **options: Any) -> None:
    del self, options
    sys.exit(3)


async def _async_deliver(self: MemorySms, config: SmsConfig, sms: Sms) -> object:
    return MemorySms.deliver(self, config, sms)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"deliver": _hanging}, "the connector hangs at its first use: expected each step to end within 2 s"),
        ({"deliver": _hanging}, "_hanging (tests/conformance/test_steps.py line "),
        (
            {"__init__": _exits},
            "the connector raised SystemExit at its first use, in _exits (tests/conformance/test_st",
        ),
        ({"deliver": _async_deliver}, "could not be sent: "),
    ],
)
def test_connector_that_hangs_or_exits_at_once_is_an_error_in_the_spec(members: dict[str, Any], words: str) -> None:
    """No check runs; the error says where the connector was."""
    spec = evolve(SMS, connector=type("Faulty", (MemorySms,), {**members, "__module__": __name__}))
    report = check_connector(spec, checks=["metadata.valid"], profile=QUICK)
    assert report.results == ()
    (error,) = report.spec_errors
    assert words in error


def test_exception_of_a_stub_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a mistake in the author's own code; and an interrupt of the user stops the run."""
    with pytest.raises(ZeroDivisionError):
        try_spec(evolve(SMS, provider=lambda: 1 // 0), QUICK)  # type: ignore[arg-type, return-value]  # the mistake

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.harness.steps._wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        try_spec(SMS, QUICK)


# --- the end of the process -----------------------------------------------------------------------------------------

FORKS = """
import os, signal
from conformance.harness.steps import Steps, supervise
from tests.conformance.wrong_connectors.memory import MemorySms

assert supervise(lambda: 1, Steps(10, MemorySms)) == 1
child = os.fork()
if not child:
    signal.alarm(60)
    os._exit(supervise(lambda: 7, Steps(10, MemorySms)))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_forked_process_runs_jobs_in_threads_of_its_own() -> None:
    """Those of its parent do not run there; runners such as mutmut fork after the first test."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "7\n", done.stderr


LEAVES_A_THREAD = """
import threading, time
from attrs import evolve
from conformance import PROFILES, check_connector
from tests.conformance.wrong_connectors.memory import SMS, MemorySms

class Leaves(MemorySms):
    def deliver(self, config, sms):
        threading.Thread(target=time.sleep, args=(600,), name="left-behind", daemon={daemon}).start()
        return super().deliver(config, sms)

report = check_connector(evolve(SMS, connector=Leaves), checks=["delivery.recipient"], profile=PROFILES["dev"])
print(len(report.results), flush=True)
"""


@pytest.mark.parametrize(("daemon", "status"), [("None", 0), ("False", 1)])
def test_thread_left_behind_does_not_keep_the_process_from_ending(daemon: str, status: int) -> None:
    """A thread that insists on it ends the process with the status 1, after the report."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", LEAVES_A_THREAD.format(daemon=daemon)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, "1\n"), done.stderr
    assert ("A connector keeps this process from ending (threads: left-behind" in done.stderr) == bool(status)
    assert time.monotonic() - started < 100


def test_report_of_a_hang_is_json() -> None:
    """Nothing in a result depends on the exception."""
    result = _check(lambda _: time.sleep(60))
    report = Report("x", "dev", (result,), (), 0.0)
    assert report.to_json()["checks"][0]["state"] == "failed"


def test_thread_that_ran_an_earlier_check_opens_no_sockets_either() -> None:
    """Threads that existed before a stub are exempt from its block; those that run checks are not."""
    first = supervise(threading.current_thread, _steps())
    provider = SMS.provider()
    with provider.running(), socket.create_server(("127.0.0.1", 0)) as server:

        def connect() -> threading.Thread:
            with pytest.raises(SocketBlockedError), socket.socket() as client:
                client.connect(server.getsockname())
            return threading.current_thread()

        assert supervise(connect, _steps(5)) is first
        assert len(provider.blocked_sockets) == 1


def test_thread_left_behind_does_not_block_threads_with_a_profiler() -> None:
    """CPython 3.11 never leaves a profiled function while an exception for another thread is pending."""
    with pytest.raises(StuckError):
        supervise(_wait_for_ever, _steps())

    def profiled() -> None:
        sys.setprofile(lambda *_: None)

        def called() -> int:
            return 1

        called()
        ended.set()

    ended = threading.Event()
    threading.Thread(target=profiled, daemon=True).start()
    assert ended.wait(10)


def _wait_for_ever() -> None:
    lock = threading.Lock()
    with lock:
        lock.acquire()
