"""The routes that send or validate: what the connector gets, what the client gets, and what the log shows."""

import json
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from types import ModuleType
from typing import Any, NoReturn

import pytest

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.host import HostedSettings
from tests.host.conftest import API_KEY, CODE, CONFIG, LINK, RECIPIENT, TEMPLATES, TOKEN, Client, message


def deep_list() -> list[object]:
    """Return a list that is nested too deeply to be written as JSON."""
    found: list[object] = []
    for _ in range(100_000):
        found = [found]
    return found


SECRETS = (API_KEY, CODE, LINK, RECIPIENT, TOKEN)


def test_email_of_logto_is_sent(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """The connector gets the message, the response has only a request id, and the log has one line."""
    response = client().post("/email", json=message(locale="pt-BR"))
    assert response.status_code == 200
    assert response.json() == {"requestId": response.headers["x-request-id"]}
    ((config, email),) = acme.SENT
    assert config.api_key == API_KEY
    assert (email.to, email.subject, email.body) == (RECIPIENT, f"SignIn {CODE}", f"Your code: {CODE} (pt-BR)")
    assert email.data.ip == "203.0.113.7"
    (line,) = log
    assert (
        line.items()
        >= {
            "event": "request",
            "request_id": response.headers["x-request-id"],
            "method": "POST",
            "path": "/email",
            "status": 200,
            "connector": "acme-mail",
            "type": "SignIn",
            "to": "s***@example.com",
            "result": "acme-1",
            "client": "127.0.0.1",
        }.items()
    )
    assert not any(secret in json.dumps(line) for secret in SECRETS)


def test_asynchronous_connector_is_an_error_and_never_sent(
    client: Client, acme: ModuleType, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody awaits what it returns, so no message was sent."""

    async def deliver(*_: object) -> object:
        raise AssertionError

    monkeypatch.setattr(acme.AcmeMail, "deliver", deliver)
    response = client().post("/email", json=message())
    assert response.status_code == 400
    assert response.json()["code"] == "general"
    assert (log[0]["status"], log[0]["code"]) == (400, "general")


def test_sms_of_logto_is_sent(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    response = client().post("/sms", json={"to": "15551234567", "type": "Generic", "payload": {"code": CODE}})
    assert response.status_code == 200
    assert acme.SENT[0][1].content == f"Your code: {CODE} ({{{{locale}}}})"
    assert log[0]["to"] == "***67"


def test_unknown_type_is_sent_as_generic(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """A newer Logto may have more types. The log shows only known ones."""
    assert client().post("/email", json=message() | {"type": "PasskeyAdded"}).status_code == 200
    assert acme.SENT[0][1].subject == f"Generic {CODE}"
    assert log[0]["type"] == "other"


def test_send_message_returns_the_connectors_result(client: Client) -> None:
    """As JSON; a result that is not JSON becomes null."""
    post = client().post
    response = post("/connectors/acme-mail/send-message", json={"data": message()})
    assert response.json() == {"result": "acme-1", "requestId": response.headers["x-request-id"]}
    response = post("/connectors/acme-mail/send-message", json={"data": message(outcome="not-json"), "config": None})
    assert response.json()["result"] is None


@pytest.mark.parametrize(
    ("result", "returned"),
    [(nan, None), ([inf], None), (deep_list(), None), ({1: 2}, {"1": 2}), ("\ud800", "\ud800"), ("ação", "ação")],
)
def test_any_result_of_a_sent_message_is_200(
    client: Client, acme: ModuleType, monkeypatch: pytest.MonkeyPatch, result: object, returned: object
) -> None:
    """Otherwise Logto would report a message as failed that was sent, and the user would request another one."""
    monkeypatch.setattr(acme.AcmeMail, "deliver", lambda *_: result)
    response = client().post("/connectors/acme-mail/send-message", json={"data": message()})
    assert (response.status_code, json.loads(response.content)["result"]) == (200, returned)


def test_config_and_template_of_the_request_are_used(client: Client, acme: ModuleType) -> None:
    """They replace the saved config and its templates."""
    body = {
        "data": message(),
        "config": {"apiKey": "key-of-the-request", "templates": TEMPLATES},
        "template": {"subject": "Managed {{code}}", "content": "c", "contentType": "text/plain", "replyTo": "a@b.co"},
    }
    assert client().post("/connectors/acme-mail/send-message", json=body).status_code == 200
    config, email = acme.SENT[0]
    assert config.api_key == "key-of-the-request"
    assert (email.subject, email.content_type, email.reply_to) == (f"Managed {CODE}", "text/plain", "a@b.co")


@pytest.mark.parametrize("config", [{}, [], "", 0, False])
def test_empty_config_of_the_request_does_not_mean_the_saved_one(
    client: Client, acme: ModuleType, config: object
) -> None:
    """Only ``null`` does. Otherwise a message would be sent with another account than the request names."""
    body = {"data": message(), "config": config}
    response = client().post("/connectors/acme-mail/send-message", json=body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_config")
    assert acme.SENT == []


def test_concurrent_requests_use_one_instance_and_their_own_configs(client: Client, acme: ModuleType) -> None:
    """Context variables separate the requests, in their threads too."""
    host = client()

    def send(number: int) -> int:
        own = {"apiKey": f"key-{number}", "templates": TEMPLATES} if number % 2 else None
        body = {"data": message(number=str(number)), "config": own}
        return host.post("/connectors/acme-mail/send-message", json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(send, range(64))) == {200}
    assert len(acme.SENT) == 64
    for config, email in acme.SENT:
        number = int(str(email.data.payload["number"]))
        assert config.api_key == (f"key-{number}" if number % 2 else API_KEY)
    assert [type(made).__name__ for made in acme.MADE] == ["AcmeMail", "SecondMail"]


def test_connector_cannot_change_the_saved_config(client: Client, acme: ModuleType) -> None:
    """It changes its own copy."""
    forward = HostedSettings(acme.AcmeForward, {"apiKey": "k"})
    host = client(connectors=(forward,), email=None, sms="acme-forward")
    for _ in range(2):
        assert host.post("/connectors/acme-forward/send-message", json={"data": message()}).json()["result"] == {
            "forwarded": "k"
        }
    assert [config for config, _ in acme.SENT] == [{"apiKey": "k"}] * 2


@pytest.mark.parametrize("code", list(ConnectorErrorCodes))
def test_connector_error_has_its_code_and_a_generic_message(
    client: Client, log: list[dict[str, Any]], code: ConnectorErrorCodes
) -> None:
    """The log has the provider's text, redacted."""
    response = client().post("/email", json=message(outcome=str(code)))
    assert response.status_code == ConnectorError(code).http_status
    assert response.json() == {
        "code": str(code),
        "message": code.user_message,
        "requestId": response.headers["x-request-id"],
    }
    (line,) = log
    assert line["code"] == str(code)
    assert line["level"] == ("warning" if response.status_code >= 500 else "info")
    assert line["cause"] == "OSError"
    assert line["detail"] == {
        "message": "Acme rejects: s***@example.com [redacted] [redacted] [redacted]",
        "code": "E7",
    }
    assert not any(secret in json.dumps([line, response.json()]) for secret in SECRETS)


@pytest.mark.parametrize(("outcome", "raised"), [("crash", "RuntimeError"), ("exit", "SystemExit")])
def test_other_exception_of_a_connector_is_500(
    client: Client, log: list[dict[str, Any]], outcome: str, raised: str
) -> None:
    """The log has the exception's type and location, but not its message, which may hold secrets."""
    host = client()
    response = host.post("/connectors/acme-mail/send-message", json={"data": message(outcome=outcome)})
    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert log[0]["exception"] == raised
    assert "acme_hosted.py" in log[0]["where"][-1]
    assert not any(secret in json.dumps([log, response.json()]) for secret in SECRETS)
    assert host.post("/email", json=message()).status_code == 200


def test_error_data_may_be_missing_or_a_list(client: Client, log: list[dict[str, Any]]) -> None:
    host = client()
    assert host.post("/email", json=message(outcome="bare")).json()["code"] == "general"
    assert host.post("/email", json=message(outcome="listed")).json()["code"] == "general"
    assert "detail" not in log[0]
    assert log[1]["detail"]["data"].startswith("['a list'")
    assert not any(secret in json.dumps(log) for secret in SECRETS)


def test_log_shows_the_result_redacted(client: Client, log: list[dict[str, Any]]) -> None:
    """Only the client gets the unchanged result."""
    assert client().post("/email", json=message(outcome="echo")).status_code == 200
    assert log[0]["result"] == "s***@example.com [redacted] [redacted] [redacted]"


@pytest.mark.parametrize("path", ["send-message", "test"])
def test_secrets_of_the_requests_config_are_not_logged(client: Client, log: list[dict[str, Any]], path: str) -> None:
    """They are other ones than those of the saved config."""
    config = {"apiKey": "key-of-the-request-77", "templates": TEMPLATES, "more": [{"token": ["nested-secret-88"]}]}
    data = message(outcome="echo", note="nested-secret-88")
    body = {"data": data, "config": config} if path == "send-message" else {"to": RECIPIENT, "config": config}
    assert client().post(f"/connectors/acme-mail/{path}", json=body).status_code == 200
    assert log[0]["result"]
    assert not [secret for secret in ("key-of-the-request-77", "nested-secret-88") if secret in json.dumps(log)]


@pytest.mark.parametrize("code", list(ConnectorErrorCodes))
def test_only_invalid_configs_and_requests_have_issues(
    client: Client, acme: ModuleType, monkeypatch: pytest.MonkeyPatch, code: ConnectorErrorCodes
) -> None:
    """Each with its four members only; others may come from the provider."""
    issue = {"path": "$.x", "keyword": "acme", "message": "wrong"}

    def fail(*_: object) -> NoReturn:
        raise ConnectorError(code, {"issues": [issue, {**issue, "value": "from the provider"}, {"path": "$"}]})

    monkeypatch.setattr(acme.AcmeMail, "deliver", fail)
    body = client().post("/connectors/acme-mail/send-message", json={"data": message()}).json()
    expected = (
        [{**issue, "severity": "error"}] if str(code) in {"invalid_config", "invalid_request_parameters"} else None
    )
    assert body.pop("issues", None) == expected
    assert body.keys() == {"code", "message", "requestId"}


def test_invalid_message_has_issues_except_on_email_and_sms(client: Client) -> None:
    """Logto shows the body of a failed ``/email`` to the end user."""
    host = client()
    wrong = message() | {"payload": {"code": 1}}
    plain = host.post("/email", json=wrong)
    assert plain.status_code == 400
    assert plain.json().keys() == {"code", "message", "requestId"}
    response = host.post("/connectors/acme-mail/send-message", json={"data": wrong})
    assert response.json()["code"] == "invalid_request_parameters"
    assert response.json()["issues"] == [
        {
            "path": "$.data.payload.code",
            "keyword": "type",
            "message": "expected string, found number",
            "severity": "error",
        }
    ]


@pytest.mark.parametrize(
    "body",
    [0, [], "x", {}, {"data": []}, {"data": message(), "template": 1}, {"data": message() | {"type": {}, "to": 1}}],
)
def test_invalid_request_is_400_and_sends_nothing(client: Client, acme: ModuleType, body: object) -> None:
    response = client().post("/connectors/acme-mail/send-message", json=body)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_request_parameters"
    assert response.json()["issues"]
    assert acme.SENT == []


def test_connector_without_saved_config_needs_one_in_the_request(client: Client) -> None:
    host = client()
    response = host.post("/connectors/acme-mail-2/send-message", json={"data": message()})
    assert response.json()["code"] == "invalid_config"
    assert response.json()["issues"][0]["message"] == "expected a config: the host has none for this connector"
    body = {"data": message(), "config": CONFIG}
    assert host.post("/connectors/acme-mail-2/send-message", json=body).status_code == 200


def test_invalid_config_of_the_request_has_issues(client: Client) -> None:
    """A guard's issues hold no values; a connector's own issues are redacted."""
    host = client()
    response = host.post("/connectors/acme-mail/send-message", json={"data": message(), "config": {"apiKey": 1}})
    assert [issue["path"] for issue in response.json()["issues"]] == ["$.apiKey", "$.templates"]
    response = host.post("/connectors/acme-mail/send-message", json={"data": message(outcome="issues")})
    (issue,) = response.json()["issues"]
    assert issue["message"] == "s***@example.com [redacted] [redacted] [redacted]"


def test_test_message_is_the_same_as_in_logto(client: Client, acme: ModuleType) -> None:
    """Type Generic and code 000000, with the saved config or the request's."""
    host = client()
    assert host.post("/connectors/acme-mail/test", json={"to": RECIPIENT}).json()["result"] == "acme-1"
    body = {"to": RECIPIENT, "config": {"apiKey": "other", "templates": TEMPLATES}, "locale": "es"}
    assert host.post("/connectors/acme-mail/test", json=body).status_code == 200
    assert [(config.api_key, email.body) for config, email in acme.SENT] == [
        (API_KEY, "Your code: 000000 ({{locale}})"),
        ("other", "Your code: 000000 (es)"),
    ]
    assert {email.data.type for _, email in acme.SENT} == {"Generic"}
    assert host.post("/connectors/acme-mail/test", json={"to": 1}).json()["issues"][0]["path"] == "$.to"
    assert host.post("/connectors/acme-mail/test", json=[]).status_code == 400


def test_validate_config_returns_errors_and_warnings(client: Client, acme: ModuleType) -> None:
    """Nothing is sent."""
    post = client().post
    response = post("/connectors/acme-mail/validate-config", json={"config": CONFIG})
    assert response.json() == {"valid": True, "issues": [], "requestId": response.headers["x-request-id"]}
    response = post(
        "/connectors/acme-mail/validate-config", json={"config": {**CONFIG, "apikey": "x", "account": None}}
    )
    assert response.json()["valid"] is False
    assert [(issue["path"], issue["severity"]) for issue in response.json()["issues"]] == [
        ("$.account", "error"),
        ("$.apikey", "warning"),
    ]
    assert post("/connectors/acme-mail/validate-config", json=[]).json()["code"] == "invalid_request_parameters"
    assert acme.SENT == []


def test_config_that_the_class_cannot_hold_is_rejected(client: Client, acme: ModuleType) -> None:
    """By the check of a config, and by a message with it: the response is an invalid_config, not a crash."""
    host = client(connectors=(HostedSettings(acme.AcmeDisagreeing),), email=None, sms=None)
    config = {**CONFIG, "templates": [{"usageType": "Generic", "content": "{{code}}"}]}
    response = host.post("/connectors/acme-sms/validate-config", json={"config": config})
    assert response.json()["valid"] is False
    assert [(it["path"], it["keyword"]) for it in response.json()["issues"]] == [("$.templates[0].subject", "class")]
    sent = host.post("/connectors/acme-sms/send-message", json={"data": message(), "config": config})
    assert (sent.status_code, sent.json()["code"]) == (400, "invalid_config")


def test_config_with_many_warnings_is_invalid_if_it_has_an_error(client: Client) -> None:
    """The response lists a hundred issues, the errors first. A config that has only warnings is valid."""
    unknown = {f"a{number:03}": 1 for number in range(150)}
    post = client().post
    found = post("/connectors/acme-mail/validate-config", json={"config": {**CONFIG, **unknown, "apiKey": 1}}).json()
    assert (found["valid"], len(found["issues"]), found["issues"][0]["path"]) == (False, 100, "$.apiKey")
    found = post("/connectors/acme-mail/validate-config", json={"config": {**CONFIG, **unknown}}).json()
    assert (found["valid"], {issue["severity"] for issue in found["issues"]}) == (True, {"warning"})


def test_connectors_are_listed_and_described(client: Client) -> None:
    host = client()
    listed = host.get("/connectors").json()["connectors"]
    assert listed[0] == {"id": "acme-mail", "type": "Email", "target": "acme", "name": {"en": "Acme"}}
    assert [it["id"] for it in listed] == ["acme-mail", "acme-mail-2", "acme-sms", "acme-social"]
    response = host.get("/connectors/acme-sms").json()
    assert response["metadata"]["id"] == "acme-sms"
    assert response["formItems"] == []
    assert response["configSchema"]["title"] == "Acme config"


def test_route_of_a_connector_that_is_not_hosted_is_404(client: Client) -> None:
    host = client(email=None)
    assert host.post("/email", json=message()).status_code == 404
    for path in ("", "/send-message", "/validate-config", "/test"):
        response = host.request("POST" if path else "GET", f"/connectors/nobody{path}", json={})
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
