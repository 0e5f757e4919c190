"""Calls of a provider's HTTP API: bodies, limits, retries without a second delivery, errors and redaction."""

import base64
import json
import os
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import trustme

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    HttpApi,
    SendMessageData,
    Sms,
    TemplateMessage,
    TemplateName,
)
from tests.loopback import HttpResponse, Loopback

CODE = "829145"
MESSAGE = SendMessageData.from_json(
    {
        "to": "15550100",
        "type": "SignIn",
        "payload": {"code": CODE, "link": "https://l.example/x", "user": {"name": "Adelaide"}},
    }
)
SMS = Sms("15550100", f"Your code is {CODE}.", None, MESSAGE)
QUICK: Mapping[str, Any] = {"retry_pauses": (0.01, 0.01)}


def _json(status: int, body: object, **headers: str) -> HttpResponse:
    return HttpResponse(status, json.dumps(body).encode(), headers)


def _error(call: Callable[[], object]) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        call()
    assert CODE not in str(caught.value)
    return caught.value


def test_json_and_headers_arrive(loopback: Loopback) -> None:
    """With a bearer token, query parameters and headers of the connector's own."""
    loopback.answers = [_json(202, {"id": "m1", "items": [{"id": "i1"}]})]
    api = HttpApi("Acme", loopback.url)
    found = api.post("/messages", SMS, json={"a": "é"}, bearer="t0", query={"q": "1 2"}, headers={"X-Acme": "2"})
    assert (found.status, found.body["id"], found.text("id"), found.text("items.0.id")) == (202, "m1", "m1", "i1")
    assert found.headers["content-type"] == "application/json"
    assert repr(found) == "ApiResponse(202)"
    (request,) = loopback.requests
    assert (request.method, request.path, json.loads(request.body)) == ("POST", "/messages?q=1+2", {"a": "é"})
    assert request.headers["authorization"] == "Bearer t0"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-acme"] == "2"
    assert request.headers["user-agent"] == "logto-connector-kit"
    assert request.headers["host"] == loopback.url.removeprefix("http://")


def test_members_that_are_none_are_left_out(loopback: Loopback) -> None:
    """Of an object and of a form; not of objects inside, where null may mean something."""
    loopback.answers = [_json(202, {"id": "m1"})] * 4
    api = HttpApi("Acme", loopback.url)
    api.post("/messages", SMS, json={"a": None, "b": {"c": None}, "d": 0})
    api.post("/messages", SMS, form={"a": None, "b": ""})
    api.post("/messages", SMS, form=[("a", None), ("b", "")])
    api.post("/messages", SMS, json=[None])
    assert [it.body for it in loopback.requests] == [b'{"b": {"c": null}, "d": 0}', b"b=", b"b=", b"[null]"]


@pytest.mark.parametrize("form", [{"a": "é", "b": "2"}, [("a", "é"), ("b", "2")]])
def test_form_and_basic_credentials_arrive(loopback: Loopback, form: Any) -> None:
    """As a mapping or as pairs, to a base URL of the call."""
    HttpApi("Acme").post("/texts", SMS, base_url=loopback.url, form=form, basic=("user", "pässword"))
    (request,) = loopback.requests
    assert parse_qsl(request.body.decode()) == [("a", "é"), ("b", "2")]
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == "user:pässword"


def test_errors_show_nothing_of_a_message_from_a_template_of_the_provider(loopback: Loopback) -> None:
    """Any class with the message and its recipient can be sent."""
    message = TemplateMessage(MESSAGE.to, TemplateName("SignIn", "sign-in"), MESSAGE)
    loopback.answers = [_json(422, {"message": f"No {CODE} for Adelaide at https://l.example/x in sign-in."})]
    api = HttpApi("Acme", loopback.url)
    error = _error(lambda: api.post("/messages", message, json=message.variables))
    assert error.data == {"message": "No [redacted] for [redacted] at [redacted] in sign-in.", "status": 422}
    assert json.loads(loopback.requests[0].body) == message.variables
    assert CODE not in str(api.failure(f"No {CODE}", message))


def test_lone_surrogates_are_sent_as_question_marks(loopback: Loopback) -> None:
    """UTF-8 cannot represent them; a message whose user has one in the name must arrive."""
    basic = ("user", "\ud800")
    HttpApi("Acme", loopback.url).post("/texts", SMS, form={"a": "x\ud800"}, query={"b": "\udfff"}, basic=basic)
    (request,) = loopback.requests
    assert (request.path, request.body) == ("/texts?b=%3F", b"a=x%3F")
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"user:?"


def test_plain_text_of_an_error_is_its_message(loopback: Loopback) -> None:
    """Without secrets. HTML, a long text and a text without a type are not shown."""
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    loopback.answers = [
        HttpResponse(403, f"Not enough credits for {CODE}\n".encode(), plain),
        HttpResponse(403, b"<p>Not enough credits", {"Content-Type": "text/html"}),
        HttpResponse(403, b"x" * 501, plain),
        HttpResponse(403, b"", plain),
    ]
    api = HttpApi("Acme", loopback.url)
    shown = [_error(lambda: api.post("/texts", SMS, form={})).data for _ in range(4)]
    no_message = {"message": "Acme responded with HTTP 403 and no message.", "status": 403}
    assert shown == [{"message": "Not enough credits for [redacted]", "status": 403}, *[no_message] * 3]


def test_part_of_a_message_decides_the_code(loopback: Loopback) -> None:
    """A used-up quota is then not repeated; an error code of the provider counts more."""
    quota, busy = {"message": "Your daily QUOTA is used up."}, {"message": "Quota of the second.", "code": "busy"}
    loopback.answers = [_json(429, quota), _json(503, busy)]
    codes = {"quota": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED}
    errors = {"busy": ConnectorErrorCodes.RATE_LIMIT_EXCEEDED}
    api = HttpApi("Acme", loopback.url, messages=codes, errors=errors, code="code", **QUICK)
    found = [_error(lambda: api.post("/texts", SMS, json={})).code for _ in range(2)]
    assert found == ["usage_limit_exceeded", "rate_limit_exceeded"]
    assert len(loopback.requests) == 2


def test_id_in_a_header_is_required(loopback: Loopback) -> None:
    """A response without it leaves open whether the message was sent."""
    loopback.answers = [HttpResponse(202, b"", {"X-Message-Id": "m1"}), HttpResponse(202, b"")]
    api = HttpApi("Acme", loopback.url)
    assert api.post("/messages", SMS, json={}).header("x-message-id") == "m1"
    error = _error(lambda: api.post("/messages", SMS, json={}).header("x-message-id"))
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert error.data == {
        "message": "The provider sent a malformed response (HTTP 202): it has no header x-message-id."
    }


def test_get_has_no_body(loopback: Loopback) -> None:
    """And a response may have none."""
    loopback.answers = [HttpResponse(204, b"")]
    found = HttpApi("Acme", loopback.url).get("/usage")
    assert (found.status, found.body) == (204, None)
    assert loopback.requests[0].method == "GET"
    assert "content-type" not in loopback.requests[0].headers


def test_response_without_the_id_is_an_error(loopback: Loopback) -> None:
    """Nobody knows what the provider did."""
    for body in ({"id": 1}, {"id": ""}, [], "id"):
        loopback.answers = [_json(200, body)]
        error = _error(lambda: HttpApi("Acme", loopback.url).post("/", SMS).text("id"))
        assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
        assert error.data == {"message": "The provider sent a malformed response (HTTP 200): it has no id."}


@pytest.mark.parametrize("body", [b"<html>", b"{", b"[" * 100_000])
def test_response_that_is_not_json_is_an_error(loopback: Loopback, body: bytes) -> None:
    """If it is an error response, its status counts."""
    api = HttpApi("Acme", loopback.url)
    loopback.answers = [HttpResponse(200, body)]
    error = _error(lambda: api.post("/", SMS))
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert error.data == {"message": "Acme sent a malformed response (HTTP 200): its body is not JSON."}
    loopback.answers = [HttpResponse(502, body)]
    assert _error(lambda: api.post("/", SMS)).data == {
        "message": "Acme responded with HTTP 502 and no message.",
        "status": 502,
    }
    assert len(loopback.requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": {"name": "bad"}}, ConnectorErrorCodes.INVALID_RESPONSE),
        (401, {"error": {"name": "bad"}}, ConnectorErrorCodes.INVALID_CONFIG),
        (402, {}, ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED),
        (403, {"error": {"name": "daily_quota"}}, ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED),
        (403, {"error": {"name": 20003}}, ConnectorErrorCodes.RATE_LIMIT_EXCEEDED),
        (429, {"error": {"name": True}}, ConnectorErrorCodes.RATE_LIMIT_EXCEEDED),
        (302, {}, ConnectorErrorCodes.INVALID_RESPONSE),
        (500, {"error": 1}, ConnectorErrorCodes.INVALID_RESPONSE),
    ],
)
def test_table_decides_the_code(loopback: Loopback, status: int, body: object, code: ConnectorErrorCodes) -> None:
    """The provider's error code counts more than the status; a redirect is not followed."""
    loopback.answers = [_json(status, body, Location=loopback.url)]
    api = HttpApi(
        "Acme",
        loopback.url,
        errors={
            401: ConnectorErrorCodes.INVALID_CONFIG,
            "daily_quota": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,
            "20003": ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,
        },
        code="error.name",
        retry_pauses=(),
    )
    assert _error(lambda: api.post("/", SMS)).code is code
    assert len(loopback.requests) == 1


def test_error_has_the_details_without_secrets(loopback: Loopback) -> None:
    """The provider may repeat the whole request, encoded or not. The recipient stays."""
    secret = base64.b64encode(b"user:p4ssw0rd").decode()
    echo = f"{CODE} https://l.example/x Adelaide 15550100 {secret} h3ader other5ecret"
    loopback.answers = [_json(400, {"error": {"message": echo, "type": f"bad {CODE}"}}, **{"X-Id": f"r1 {CODE}"})]
    api = HttpApi("Acme", loopback.url, message="error.message", code="error.type", request_id="x-id")
    data: Any = _error(
        lambda: api.post("/", SMS, basic=("user", "p4ssw0rd"), headers={"X": "h3ader"}, secrets=["other5ecret"])
    ).data
    assert set(data) == {"message", "status", "code", "requestId"}
    assert "15550100" in data["message"]
    for hidden in ("l.example", "Adelaide", secret, "h3ader", "other5ecret", CODE):
        assert hidden not in json.dumps(data)


def test_failure_in_a_successful_response_has_the_reason_without_secrets() -> None:
    """For example of a message that is rejected later."""
    api = HttpApi("Acme")
    error = api.failure(f"{CODE} for 15550100 by 4cmek3y", SMS, secrets=["4cmek3y"])
    assert CODE not in str(error)
    assert "4cmek3y" not in str(error)
    assert "15550100" in str(error)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    quota = api.failure(None, code=ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED)
    assert (quota.code, quota.data) == (ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, {"message": "Acme gave no reason."})


@pytest.mark.parametrize("instead", ["reset", "close", "stop"])
def test_lost_response_is_not_repeated(loopback: Loopback, instead: Any) -> None:
    """The provider may have accepted the message."""
    loopback.answers = [HttpResponse(instead=instead)]
    error = _error(lambda: HttpApi("Acme", loopback.url, **QUICK).post("/", SMS))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert "Acme did not respond, but may have accepted the message: " in str(error)
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("first", [HttpResponse(instead="reset"), HttpResponse(503), HttpResponse(429)])
def test_api_with_an_idempotency_key_repeats_every_transient_failure(loopback: Loopback, first: HttpResponse) -> None:
    """With the same key, and another one for the next message."""
    loopback.answers = [first, _json(200, {"id": "1"})]
    api = HttpApi("Acme", loopback.url, idempotency_header="Idempotency-Key", **QUICK)
    assert api.post("/", SMS).text("id") == "1"
    api.post("/", SMS)
    keys = [it.headers["idempotency-key"] for it in loopback.requests]
    assert keys[0] == keys[1] != keys[2]


def test_rate_limit_is_repeated_a_few_times(loopback: Loopback) -> None:
    """Then the error is the provider's. Other failures of the server are not repeated."""
    loopback.answers = [_json(429, {"message": "Slow down."})]
    api = HttpApi("Acme", loopback.url, **QUICK)
    assert _error(lambda: api.post("/", SMS)).data == {"message": "Slow down.", "status": 429}
    assert len(loopback.requests) == 3
    loopback.answers = [HttpResponse(503, b"")]
    assert _error(lambda: api.post("/", SMS)).code is ConnectorErrorCodes.INVALID_RESPONSE
    assert len(loopback.requests) == 4


def test_used_up_quota_is_not_repeated(loopback: Loopback) -> None:
    """It stays until the provider resets it, although many providers respond with 429."""
    loopback.answers = [_json(429, {"name": "daily_quota"})]
    errors = {"daily_quota": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED}
    api = HttpApi("Acme", loopback.url, errors=errors, code="name", idempotency_header="Key", **QUICK)
    assert _error(lambda: api.post("/", SMS)).code is ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED
    assert len(loopback.requests) == 1


@pytest.mark.parametrize(("stated", "attempts"), [("0", 3), ("5", 1), ("9999", 1), ("Wed, 21 Oct", 3), ("-1", 3)])
def test_stated_pause_counts_if_there_is_time(loopback: Loopback, stated: str, attempts: int) -> None:
    """A pause that exceeds the budget is not begun."""
    loopback.answers = [HttpResponse(429, b"", {"Retry-After": stated})]
    started = time.monotonic()
    _error(lambda: HttpApi("Acme", loopback.url, budget=12, **QUICK).post("/", SMS))
    assert time.monotonic() - started < 2
    assert len(loopback.requests) == attempts


def test_connection_that_fails_is_repeated() -> None:
    """Nothing was sent."""
    with Loopback() as gone:
        url = gone.url
    started = time.monotonic()
    error = _error(lambda: HttpApi("Acme", url, retry_pauses=(0.2,)).post("/", SMS))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "Acme could not be reached: ConnectionRefusedError."}
    assert time.monotonic() - started > 0.1


def test_slow_and_large_responses_are_errors(loopback: Loopback) -> None:
    """Limits hold for the whole response."""
    api = HttpApi("Acme", loopback.url, response_limit=0.3, largest_response=10)
    loopback.answers = [HttpResponse(drips=0.1)]
    assert "TimeoutError" in str(_error(lambda: api.post("/", SMS)))
    loopback.answers = [HttpResponse(200, b'{"id": "1"}')]
    assert "HTTPException" in str(_error(lambda: api.post("/", SMS)))
    loopback.answers = [HttpResponse(200, b'{"id":"1"}')]
    assert api.post("/", SMS).text("id") == "1"


@pytest.mark.parametrize(
    ("base_url", "request_options"),
    [
        ("https://a.example:x", {}),
        ("http://[1", {}),
        ("", {}),
        ("http://127.0.0.1:1", {"bearer": "a\r\nb"}),
        ("http://127.0.0.1:1", {"headers": {"X": "\u20ac"}}),
    ],
)
def test_unusable_address_or_header_is_an_invalid_config(base_url: str, request_options: Any) -> None:
    """The message does not show the value."""
    error = _error(lambda: HttpApi("Acme").post("/", SMS, base_url=base_url, **request_options))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert "No request to Acme can be made with this config" in str(error)


def test_authorities_of_the_environment_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the environment changes: each set of authorities has connections of its own."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Loopback() as server:
        server.use_tls(context)
        url = server.url.replace("http:", "https:")
        api = HttpApi("Acme", url, retry_pauses=())
        assert "SSLCertVerificationError" in str(_error(lambda: api.post("/", SMS)))
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert api.post("/", SMS).status == 200


def test_few_servers_keep_their_connections() -> None:
    """The one that was used last stays."""
    api = HttpApi("Acme", retry_pauses=())
    for port in range(1, 12):
        _error(lambda port=port: api.post("/", SMS, base_url=f"http://127.0.0.1:{port}"))
    assert [key[0] for key in api._managers] == [f"http://127.0.0.1:{port}" for port in range(4, 12)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_process_makes_connections_of_its_own(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that share a connection would mix up their responses."""
    api = HttpApi("Acme", loopback.url)
    api.post("/", SMS)
    before = [*api._managers.values()]
    monkeypatch.setattr("os.getpid", lambda: -1)
    api.post("/", SMS)
    assert [*api._managers.values()] != before
