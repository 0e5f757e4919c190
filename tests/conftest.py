"""For every test: Hypothesis profiles, an AWS environment without real credentials, and no network but loopback."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Verbosity, settings

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
        if not _is_local(host):
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
