"""On AWS Lambda: events of each kind of front reach the application, and its answers come back."""

import base64
import json
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
    """Set a function up: a host's file in its package, the token in its environment."""
    import asyncio  # noqa: PLC0415 - Mangum takes the current event loop; Lambda's process has one for itself

    assert acme
    (tmp_path / "mail.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    tables = '[connectors.acme-mail]\nclass = "acme_hosted:AcmeMail"\nconfig_file = "mail.json"\n'
    (tmp_path / "host.toml").write_text('[server]\ntoken_env = ["HOST_TOKEN"]\n' + tables, encoding="utf-8")
    monkeypatch.setenv("CONNECTOR_KIT_HOSTS", str(tmp_path / "host.toml"))
    monkeypatch.setenv("HOST_TOKEN", TOKEN)
    monkeypatch.setattr("connector_kit.host.application.set_up_logging", lambda _: None)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    aws_lambda._adapter.cache_clear()
    yield
    aws_lambda._adapter.cache_clear()
    asyncio.set_event_loop(None)
    loop.close()


def _url_event(path: str, body: str, *, encoded: bool = False) -> dict[str, Any]:
    """Return what a function URL, or an HTTP API, hands over."""
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
    """Return what an application load balancer hands over."""
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
def test_a_message_goes_out_of_a_function(acme: ModuleType, log: list[dict[str, Any]], event: dict[str, Any]) -> None:
    """With its answer, its line in the log, and its second call on the same application."""
    for count in (1, 2):
        answer = aws_lambda.handler(event, None)
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"]).keys() == {"requestId"}
        assert len(acme.SENT) == count
    assert len(acme.MADE) == 1
    assert [line["status"] for line in log] == [200, 200]


def test_failures_keep_their_status(acme: ModuleType) -> None:
    """As anywhere else."""
    assert acme
    answer = aws_lambda.handler(_url_event("/email", json.dumps(message(outcome="rate_limit_exceeded"))), None)
    assert answer["statusCode"] == 429
    event = _url_event("/email", "{}")
    event["headers"] = {"content-type": "application/json"}
    assert aws_lambda.handler(event, None)["statusCode"] == 401


def test_a_function_that_cannot_start_says_why(tmp_path: Path) -> None:
    """At its first event, and at the next, should the reason be gone, it starts."""
    file = tmp_path / "mail.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(HostConfigError, match=r"mail\.json: \$\.apiKey"):
        aws_lambda.handler(_url_event("/email", "{}"), None)
    file.write_text(json.dumps(CONFIG), encoding="utf-8")
    assert aws_lambda.handler(_url_event("/email", "{}"), None)["statusCode"] == 400
