"""Connector calls: every request is answered by its deadline, there is no queue, and nothing is sent twice."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, NoReturn

import pytest
from starlette.testclient import TestClient

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.host import connector_calls, create_app
from tests.host.conftest import TOKEN, Client, Settings, message


def _wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def _send(host: TestClient, **payload: object) -> int:
    return host.post("/email", json=message(**payload)).status_code


def test_hanging_call_is_504_at_the_deadline_and_continues(
    client: Client, acme: ModuleType, log: list[dict[str, Any]]
) -> None:
    """When the call ends, a second log line has its outcome."""
    host = client(deadline_seconds=1.0)
    started = time.monotonic()
    response = host.post("/email", json=message(outcome="hang"))
    assert 1.0 <= time.monotonic() - started < 1.8
    assert (response.status_code, response.json()["code"]) == (504, "timed_out")
    assert log[0]["code"] == "timed_out"
    acme.RELEASE.set()
    _wait_until(lambda: len(log) == 2)
    assert (
        log[1].items()
        >= {
            "event": "late",
            "request_id": response.headers["x-request-id"],
            "connector": "acme-mail",
            "code": "sent",
        }.items()
    )


def test_late_failure_is_logged_without_secrets(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """The operator can see that the message was not sent."""
    assert _send(client(deadline_seconds=0.1), outcome="hang-and-fail") == 504
    acme.RELEASE.set()
    _wait_until(lambda: len(log) == 2)
    assert (log[1]["event"], log[1]["code"]) == ("late", "general")
    assert log[1]["detail"] == {"message": "s***@example.com [redacted] [redacted] [redacted]"}


def test_request_beyond_the_last_slot_is_503_at_once(
    client: Client, acme: ModuleType, log: list[dict[str, Any]]
) -> None:
    """With Retry-After. Health checks need no slot, and a free slot accepts the next message."""
    host = client(slots=2, deadline_seconds=10)
    with ThreadPoolExecutor(2) as threads:
        hanging = [threads.submit(_send, host, outcome="hang", number=it) for it in range(2)]
        _wait_until(lambda: len(acme.SENT) == 2)
        started = time.monotonic()
        for path in ("/email", "/connectors/acme-mail/validate-config"):
            response = host.post(path, json=message())
            assert (response.status_code, response.json()["code"]) == (503, "busy")
            assert response.headers["retry-after"] == "1"
        assert host.get("/healthz").status_code == 200
        assert host.get("/readyz").status_code == 200
        assert time.monotonic() - started < 2
        acme.RELEASE.set()
        assert [it.result() for it in hanging] == [200, 200]
    assert _send(host) == 200
    assert [line["status"] for line in log if line["path"] == "/email"].count(503) == 1


def test_host_with_only_abandoned_calls_is_not_ready(client: Client, acme: ModuleType) -> None:
    """A load balancer can use another host. This one is ready again when the calls end."""
    host = client(slots=2, deadline_seconds=0.1)
    assert _send(host, outcome="hang") == 504
    assert host.get("/readyz").status_code == 200
    assert _send(host, outcome="hang") == 504
    response = host.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "stuck")
    assert host.get("/healthz").status_code == 200
    assert _send(host) == 503
    acme.RELEASE.set()
    _wait_until(lambda: host.get("/readyz").status_code == 200)
    assert _send(host) == 200


def test_response_is_made_outside_of_the_event_loop(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redaction takes time that the request chooses: other requests do not wait for it."""
    begun, release = threading.Event(), threading.Event()

    def wait(*_: object) -> dict[str, object]:
        begun.set()
        release.wait(10)
        return {}

    monkeypatch.setattr(connector_calls, "error_details", wait)
    host = client()
    with ThreadPoolExecutor(1) as threads:
        failing = threads.submit(_send, host, outcome="issues")
        assert begun.wait(10)
        assert host.get("/healthz").status_code == 200
        assert not failing.done()
        release.set()
        assert failing.result() == 400


def test_response_has_a_hundred_issues_at_most(client: Client) -> None:
    """A request of 30 kilobytes with a thousand issues and a thousand secrets took minutes, in which nothing else ran."""
    config = {"templates": [{"usageType": 1}] * 1_200, "keys": {"secret": [f"{number:08}" for number in range(1_200)]}}
    host = client()
    response = host.post("/connectors/acme-mail/send-message", json={"data": message(), "config": config})
    assert (response.status_code, len(response.json()["issues"])) == (400, 100)
    response = host.post("/connectors/acme-mail/validate-config", json={"config": config})
    assert (response.status_code, len(response.json()["issues"])) == (200, 100)


def test_log_has_ten_issues_at_most(
    client: Client, acme: ModuleType, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connector may list thousands."""

    def fail(*_: object) -> NoReturn:
        issues = [{"path": f"$.{number}", "keyword": "acme", "message": "x"} for number in range(50)]
        raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})

    monkeypatch.setattr(acme.AcmeMail, "deliver", fail)
    assert _send(client()) == 400
    assert log[0]["detail"]["issues"] == "; ".join(f"$.{number} x" for number in range(10))


def test_request_that_gets_no_thread_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be repeated, and the next one gets a slot."""
    host = client(slots=1)

    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(connector_calls, "Thread", NoThread)
        response = host.post("/email", json=message())
        assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert _send(host) == 200


def test_exception_of_the_host_itself_is_500_and_frees_the_slot(
    client: Client, monkeypatch: pytest.MonkeyPatch, log: list[dict[str, Any]]
) -> None:
    """The log has its type and place; the metrics count it."""
    host = client(slots=1, metrics=True)

    def fail(*_: object) -> None:
        raise LookupError("secret text")

    with monkeypatch.context() as patch:
        patch.setattr(connector_calls, "JsonResponse", fail)
        response = host.post("/email", json=message())
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert log[0]["exception"] == "LookupError"
    assert "secret text" not in str(log)
    assert _send(host) == 200
    assert 'outcome="internal"' in host.get("/metrics").text


def test_identical_messages_are_both_sent(client: Client, acme: ModuleType) -> None:
    """The host does not de-duplicate."""
    host = client()
    assert [_send(host), _send(host)] == [200, 200]
    assert len(acme.SENT) == 2


def test_shutdown_waits_for_an_abandoned_call(settings: Settings, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """So the log has its outcome."""
    with TestClient(create_app(settings(deadline_seconds=0.1)), headers={"Authorization": TOKEN}) as host:
        assert _send(host, outcome="hang") == 504
        threading.Timer(0.3, acme.RELEASE.set).start()
    assert [line["event"] for line in log] == ["request", "late"]


def test_shutdown_waits_for_abandoned_calls_up_to_a_limit(
    settings: Settings, acme: ModuleType, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it logs how many it leaves."""
    from connector_kit.host import application  # noqa: PLC0415 - its time limit is shortened here

    monkeypatch.setattr(application, "_SHUTDOWN_WAIT_SECONDS", 0.05)
    app = create_app(settings(deadline_seconds=0.1))
    with TestClient(app, headers={"Authorization": TOKEN}) as host:
        assert _send(host, outcome="hang") == 504
    assert (log[-1]["event"], log[-1]["connectors_at_work"]) == ("abandoned", 1)
    acme.RELEASE.set()
