"""Time: every request is answered, whatever the provider does; nothing queues; nothing is sent twice."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from starlette.testclient import TestClient

from connector_kit.host import create_app
from tests.host.conftest import RECIPIENT, TOKEN, Client, Settings, message


def _eventually(claim: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.005)


def _send(host: TestClient, **payload: object) -> int:
    return host.post("/email", json=message(**payload)).status_code


def test_a_connector_that_hangs_is_answered_at_the_deadline_and_goes_on(
    client: Client, acme: ModuleType, log: list[dict[str, Any]]
) -> None:
    """504, and when the connector comes back at last, the log says how it ended."""
    host = client(deadline_seconds=0.2)
    started = time.monotonic()
    answer = host.post("/email", json=message(outcome="hang"))
    assert 0.2 <= time.monotonic() - started < 2
    assert (answer.status_code, answer.json()["code"]) == (504, "timed_out")
    assert log[0]["code"] == "timed_out"
    acme.RELEASE.set()
    _eventually(lambda: len(log) == 2)
    assert (
        log[1].items()
        >= {
            "event": "late",
            "request_id": answer.headers["x-request-id"],
            "connector": "acme-mail",
            "code": "sent",
        }.items()
    )


def test_a_late_failure_is_told_without_secrets(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """The operator learns that the message did not go out."""
    assert _send(client(deadline_seconds=0.1), outcome="hang-and-fail") == 504
    acme.RELEASE.set()
    _eventually(lambda: len(log) == 2)
    assert (log[1]["event"], log[1]["code"]) == ("late", "general")
    assert log[1]["detail"] == {"message": "s***@example.com [redacted] [redacted] [redacted]"}


def test_a_full_pool_is_503_at_once_and_health_stays_well(
    client: Client, acme: ModuleType, log: list[dict[str, Any]]
) -> None:
    """With Retry-After; there is no queue. When a slot is free again, so is the way."""
    host = client(slots=2, deadline_seconds=10)
    with ThreadPoolExecutor(2) as threads:
        hanging = [threads.submit(_send, host, outcome="hang", number=it) for it in range(2)]
        _eventually(lambda: len(acme.SENT) == 2)
        started = time.monotonic()
        for path in ("/email", "/connectors/acme-mail/validate-config"):
            answer = host.post(path, json=message())
            assert (answer.status_code, answer.json()["code"]) == (503, "busy")
            assert answer.headers["retry-after"] == "1"
        assert host.get("/healthz").status_code == 200
        assert host.get("/readyz").status_code == 200
        assert time.monotonic() - started < 2
        acme.RELEASE.set()
        assert [it.result() for it in hanging] == [200, 200]
    assert _send(host) == 200
    assert [line["status"] for line in log if line["path"] == "/email"].count(503) == 1


def test_a_host_whose_slots_are_all_lost_is_not_ready(client: Client, acme: ModuleType) -> None:
    """A balancer can send its messages elsewhere; it is ready again when the provider lets go."""
    host = client(slots=2, deadline_seconds=0.1)
    assert _send(host, outcome="hang") == 504
    assert host.get("/readyz").status_code == 200
    assert _send(host, outcome="hang") == 504
    answer = host.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "stuck")
    assert host.get("/healthz").status_code == 200
    assert _send(host) == 503
    acme.RELEASE.set()
    _eventually(lambda: host.get("/readyz").status_code == 200)
    assert _send(host) == 200


def test_an_identical_send_is_not_sent_again(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """Not while the first runs, nor within the time after it; both are answered alike."""
    host = client(deduplicate_seconds=60, deadline_seconds=10)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(_send, host, outcome="hang")
        assert acme.STARTED.wait(10)
        second = threads.submit(_send, host, outcome="hang")
        time.sleep(0.1)
        acme.RELEASE.set()
        assert [first.result(), second.result()] == [200, 200]
    assert _send(host, outcome="hang") == 200
    assert len(acme.SENT) == 1
    assert [line.get("deduplicated") for line in log] in ([None, True, True], [True, None, True])


def test_a_send_that_differs_in_anything_is_another_one(client: Client, acme: ModuleType) -> None:
    """Recipient, type, payload, connector, config and template make a send what it is."""
    host = client(deduplicate_seconds=60)
    first = message()
    for data in (first, first | {"to": "b@example.com"}, first | {"type": "Register"}, message(code="1111")):
        assert host.post("/email", json=data).status_code == 200
    path = "/connectors/acme-mail/send-message"
    template = {"subject": "s", "content": "c"}
    for body in ({"data": first, "template": template}, {"data": first, "config": {"apiKey": "k", "templates": []}}):
        host.post(path, json=body)
    assert host.post("/sms", json=first).status_code == 200
    assert host.post("/connectors/acme-mail/test", json={"to": RECIPIENT}).status_code == 200
    assert len(acme.SENT) == 7  # the config without templates has none to send


def test_a_failed_send_is_tried_again(client: Client, acme: ModuleType) -> None:
    """Only what was accepted must not go out twice."""
    host = client(deduplicate_seconds=60)
    assert [_send(host, outcome="invalid_response") for _ in range(2)] == [400, 400]
    assert len(acme.SENT) == 2


def test_a_send_that_timed_out_is_joined_and_not_repeated(client: Client, acme: ModuleType) -> None:
    """The provider may have accepted it: an impatient caller gets its result, not a second message."""
    host = client(deduplicate_seconds=60, deadline_seconds=0.3)
    assert _send(host, outcome="hang") == 504
    threading.Timer(0.1, acme.RELEASE.set).start()
    assert _send(host, outcome="hang") == 200
    assert len(acme.SENT) == 1


def test_identical_sends_are_sent_unless_asked_not_to(client: Client, acme: ModuleType) -> None:
    """Deduplication is off by default."""
    host = client()
    assert [_send(host), _send(host)] == [200, 200]
    assert len(acme.SENT) == 2


def test_ending_waits_a_little_for_what_still_runs(
    settings: Settings, acme: ModuleType, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then says that it was left."""
    from connector_kit.host import application  # noqa: PLC0415 - its patience is shortened here

    monkeypatch.setattr(application, "_LAST_WAIT_SECONDS", 0.05)
    app = create_app(settings(deadline_seconds=0.1))
    with TestClient(app, headers={"Authorization": TOKEN}) as host:
        assert _send(host, outcome="hang") == 504
    assert (log[-1]["event"], log[-1]["connectors_at_work"]) == ("abandoned", 1)
    acme.RELEASE.set()
