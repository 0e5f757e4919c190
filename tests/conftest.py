"""For every test: Hypothesis profiles, an AWS environment without real credentials, and no network but loopback."""

import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Verbosity, settings

from conformance.harness import steps
from conformance.providers import sockets, threads
from conformance.run.processes import usable_processors
from tests.loopback import Loopback

settings.register_profile("dev", max_examples=40, deadline=None)
settings.register_profile(
    "ci",
    max_examples=80,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # a busy runner is not a wrong test
)
settings.register_profile("nightly", max_examples=2000, deadline=None, verbosity=Verbosity.normal)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


SLOW = (
    "tests/browser/",
    "tests/cli/test_cli_process.py",
    "tests/conformance/test_command.py",
    "tests/conformance/test_effects.py",
    "tests/conformance/test_harness.py",
    "tests/conformance/test_npm.py",
    "tests/conformance/test_optional_settings.py",
    "tests/conformance/test_processes.py",
    "tests/conformance/test_reports.py",
    "tests/conformance/test_right_connectors.py",
    "tests/conformance/test_runner.py",
    "tests/conformance/test_ses_provider.py",
    "tests/conformance/test_shapes_of_connectors.py",
    "tests/conformance/test_social",
    "tests/conformance/test_steps.py",
    "tests/conformance/test_suite_in_pytest.py",
    "tests/conformance/test_unusual_connectors.py",
    "tests/conformance/test_wrong_connectors.py",
    "tests/conformance/workbench/test_workbench_server.py",
    "tests/connectors/",
    "tests/docs/test_docs_code.py",
    "tests/host/",
    "tests/interop/",
    "tests/logto_package/",
    "tests/scaffold/",
    "tests/test_benchmarks.py",
    "tests/test_contributing.py",
    "tests/test_packaging.py",
)
"""How the ids of slow tests begin: they start processes or servers, or run the suite on many connectors."""


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than processors: a third of the tests' time is waiting for time limits and pauses."""
    return usable_processors() + 1


UNMEASURED = (
    "tests/conformance/test_right_connectors.py",
    "tests/interop/test_verdicts.py",
    "tests/scaffold/test_new_projects.py::test_project_installs",
    "tests/scaffold/test_new_projects.py::test_names",
)
"""How the ids of tests begin that run without coverage, which makes the suite's runs take twice as long.

They run many checks that pass on many connectors. What only such a test reaches has the mark ``measured``.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests, which ``-m "not slow"`` leaves out, and tests without coverage."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
        if item.nodeid.startswith(UNMEASURED) and item.get_closest_marker("measured") is None:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session", autouse=True)
def threads_start_one_after_the_other() -> Iterator[None]:
    """Start each thread only when the one before it runs: `SuiteThread` has the reason.

    The tests and the libraries that they use start threads, too.
    """
    if sys.version_info >= (3, 12):
        yield
        return
    start, starting = threading.Thread.start, threads._starting

    def start_next(thread: threading.Thread) -> None:
        if isinstance(thread, threads.SuiteThread):
            start(thread)
            return
        runs, run = threading.Event(), thread.run

        def announce_and_run() -> None:
            runs.set()
            run()

        thread.run = announce_and_run  # type: ignore[method-assign]
        is_next = starting.acquire(timeout=1)
        try:
            start(thread)
            runs.wait(1)
        finally:
            if is_next:
                starting.release()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", start_next)
        yield


@pytest.fixture(autouse=True)
def coverage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the processes of a test without coverage if the test itself does.

    Threads that wait for a job of the suite end before and after such a test: coverage does not measure a thread again
    that ran while it was switched off.
    """
    if request.node.get_closest_marker("no_cover") is None:
        yield
        return
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)
    _end_waiting_threads()
    yield
    _end_waiting_threads()


def _end_waiting_threads() -> None:
    while steps._idle:
        steps._idle.pop().stop()


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the machine's AWS settings and proxies by fake keys and missing files."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.upper() in _PROXIES:
            monkeypatch.delenv(name)
    nowhere = Path(os.devnull)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENTFAKE0",
        "AWS_SECRET_ACCESS_KEY": "fake-secret-of-the-environment",
        "AWS_DEFAULT_REGION": "us-test-1",
        "AWS_CONFIG_FILE": str(nowhere / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(nowhere / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that resolves or connects to any host but this machine; ``except Exception`` does not hide it."""

    def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
        def connecting(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_local(address[0]):
                pytest.fail(f"A test tried to connect to {address!r}.")
            return connect(self, address)

        return connecting

    look_up = socket.getaddrinfo

    def looking_up(host: Any, *rest: Any, **named: Any) -> Any:
        if not _is_local(host) and not sockets._blocks:  # the suite blocks the look-up itself, as anywhere else
            pytest.fail(f"A test tried to look up {host!r}.")
        return look_up(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", looking_up)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """Run an HTTP server on this machine that sends prepared responses and records requests."""
    with Loopback() as server:
        yield server
