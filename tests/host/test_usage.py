"""The usage route: how many messages a connector has sent."""

import time
from datetime import UTC, datetime
from types import ModuleType

import pytest

from connector_kit.host import HostedSettings
from tests.host.conftest import CONFIG, Client


@pytest.mark.parametrize(
    ("start_from", "usage"),
    [
        (None, 1000),
        ("2026-01-02T03:04:05.678Z", 3),
        ("2026-01-02T03:04:05+02:00", 3),
        ("2026-01-02T05:00", 5),
        ("2026-01-02", 0),
    ],
)
def test_usage_is_counted_from_start_from(client: Client, start_from: str | None, usage: int) -> None:
    """With the saved config; without startFrom, all messages."""
    body = {} if start_from is None else {"startFrom": start_from}
    response = client().post("/connectors/acme-mail/usage", json=body)
    assert response.json() == {"usage": usage, "requestId": response.headers["x-request-id"]}


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows cannot change the time zone of a process")
def test_moment_without_a_time_zone_is_in_utc(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the time zone of the host's machine."""
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    time.tzset()
    try:
        seen: list[datetime] = []
        monkeypatch.setattr("acme_hosted.AcmeMail.get_usage", lambda _, moment: seen.append(moment) or 1)
        assert client().post("/connectors/acme-mail/usage", json={"startFrom": "2026-01-02T05:00"}).json()["usage"] == 1
    finally:
        monkeypatch.undo()
        time.tzset()
    assert seen == [datetime(2026, 1, 2, 5, tzinfo=UTC)]


def test_usage_with_the_requests_config(client: Client) -> None:
    """A connector without a saved config needs it."""
    post = client().post
    assert post("/connectors/acme-mail-2/usage", json={}).json()["code"] == "invalid_config"
    assert post("/connectors/acme-mail-2/usage", json={"config": dict(CONFIG)}).json()["usage"] == 1000
    body = post("/connectors/acme-mail/usage", json={"config": {**CONFIG, "account": 1}}).json()
    assert [issue["path"] for issue in body["issues"]] == ["$.account"]


@pytest.mark.parametrize(("start_from", "path"), [("yesterday", "$.startFrom"), (5, "$.startFrom")])
def test_invalid_start_from_is_400(client: Client, start_from: object, path: str) -> None:
    response = client().post("/connectors/acme-mail/usage", json={"startFrom": start_from})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request_parameters")
    assert [issue["path"] for issue in response.json()["issues"]] == [path]


def test_connector_without_usage_is_501(client: Client, acme: ModuleType) -> None:
    hosted = (HostedSettings(acme.AcmeForward, {}),)
    response = client(connectors=hosted, email=None, sms=None).post("/connectors/acme-forward/usage", json={})
    assert (response.status_code, response.json()["code"]) == (501, "not_implemented")
