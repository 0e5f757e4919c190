"""How many messages a connector has sent: the host asks, the connector counts."""

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
def test_the_usage_is_what_the_connector_says(client: Client, start_from: str | None, usage: int) -> None:
    """With the saved config, since the moment that is given, or in all."""
    body = {} if start_from is None else {"startFrom": start_from}
    answer = client().post("/connectors/acme-mail/usage", json=body)
    assert answer.json() == {"usage": usage, "requestId": answer.headers["x-request-id"]}


def test_the_requests_config_is_used_for_the_usage(client: Client) -> None:
    """A connector without a saved config needs it, and says what is wrong with it."""
    post = client().post
    assert post("/connectors/acme-mail-2/usage", json={}).json()["code"] == "invalid_config"
    assert post("/connectors/acme-mail-2/usage", json={"config": dict(CONFIG)}).json()["usage"] == 1000
    told = post("/connectors/acme-mail/usage", json={"config": {**CONFIG, "account": 1}}).json()
    assert [issue["path"] for issue in told["issues"]] == ["$.account"]


@pytest.mark.parametrize(("start_from", "path"), [("yesterday", "$.startFrom"), (5, "$.startFrom")])
def test_a_moment_that_is_none_is_refused(client: Client, start_from: object, path: str) -> None:
    """Before the connector is asked."""
    answer = client().post("/connectors/acme-mail/usage", json={"startFrom": start_from})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request_parameters")
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]


def test_a_connector_that_does_not_count_says_so(client: Client, acme: ModuleType) -> None:
    """501, as for anything that a connector does not implement."""
    hosted = (HostedSettings(acme.AcmeForward, {}),)
    answer = client(connectors=hosted, email=None, sms=None).post("/connectors/acme-forward/usage", json={})
    assert (answer.status_code, answer.json()["code"]) == (501, "not_implemented")
