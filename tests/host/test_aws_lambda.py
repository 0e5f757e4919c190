"""AWS Lambda: events of function URLs and load balancers reach the application, and its responses come back."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connector_kit.host import HostConfigError, aws_lambda
from tests.host.conftest import CONFIG, TOKEN, message

HEADERS = {"authorization": TOKEN, "content-type": "application/json"}


@pytest.fixture(autouse=True)
def _function(acme: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Configure a function: a host.toml in its package, the token in its environment."""
    import asyncio  # noqa: PLC0415 - Mangum uses the current event loop, which only this test creates

    assert acme
    (tmp_path / "mail.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    tables = '[connectors.acme-mail]\nclass = "acme_hosted:AcmeMail"\nconfig_file = "mail.json"\n'
    (tmp_path / "host.toml").write_text('[server]\ntoken_env = ["HOST_TOKEN"]\n' + tables, encoding="utf-8")
    monkeypatch.setenv("CONNECTOR_KIT_HOSTS", str(tmp_path / "host.toml"))
    monkeypatch.setenv("HOST_TOKEN", TOKEN)
    monkeypatch.setattr("connector_kit.host.reloading.set_up_logging", lambda _: None)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    aws_lambda._adapter.cache_clear()
    yield
    aws_lambda._adapter.cache_clear()
    asyncio.set_event_loop(None)
    loop.close()


def _url_event(path: str, body: str, *, encoded: bool = False) -> dict[str, Any]:
    """Return an event of a function URL or an HTTP API."""
    http = {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9", "userAgent": "got"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": HEADERS,
        "requestContext": {"http": http, "domainName": "x.example", "stage": "$default", "routeKey": "$default"},
        "body": base64.b64encode(body.encode()).decode() if encoded else body,
        "isBase64Encoded": encoded,
    }


def _balancer_event(path: str, body: str) -> dict[str, Any]:
    """Return an event of an application load balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "POST",
        "path": path,
        "queryStringParameters": {},
        "headers": {**HEADERS, "x-forwarded-for": "203.0.113.9"},
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    "event",
    [
        _url_event("/email", json.dumps(message())),
        _url_event("/email", json.dumps(message()), encoded=True),
        _balancer_event("/email", json.dumps(message())),
    ],
    ids=["function-url", "function-url-base64", "load-balancer"],
)
def test_event_sends_a_message(acme: ModuleType, log: list[dict[str, Any]], event: dict[str, Any]) -> None:
    """The response has a request id, the log one line, and a second event uses the same application."""
    for count in (1, 2):
        response = aws_lambda.handler(event, None)
        assert response["statusCode"] == 200
        assert json.loads(response["body"]).keys() == {"requestId"}
        assert len(acme.SENT) == count
    assert len(acme.MADE) == 1
    assert [line["status"] for line in log] == [200, 200]


def test_failure_keeps_its_status(acme: ModuleType) -> None:
    assert acme
    response = aws_lambda.handler(_url_event("/email", json.dumps(message(outcome="rate_limit_exceeded"))), None)
    assert response["statusCode"] == 429
    event = _url_event("/email", "{}")
    event["headers"] = {"content-type": "application/json"}
    assert aws_lambda.handler(event, None)["statusCode"] == 401


def test_hanging_call_is_504_at_its_deadline(acme: ModuleType, tmp_path: Path) -> None:
    """The response does not wait for the call, as a host does at its end."""
    file = tmp_path / "host.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[server]", "[server]\ndeadline_seconds = 0.3"), "utf-8")
    started = time.monotonic()
    response = aws_lambda.handler(_url_event("/email", json.dumps(message(outcome="hang"))), None)
    assert response["statusCode"] == 504
    assert time.monotonic() - started < 3
    acme.RELEASE.set()


def test_unusable_config_raises_until_it_is_fixed(tmp_path: Path) -> None:
    """The first event raises the reason; the next one succeeds once the config is fixed."""
    file = tmp_path / "mail.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(HostConfigError, match=r"mail\.json: \$\.apiKey"):
        aws_lambda.handler(_url_event("/email", "{}"), None)
    file.write_text(json.dumps(CONFIG), encoding="utf-8")
    assert aws_lambda.handler(_url_event("/email", "{}"), None)["statusCode"] == 400
