"""What the routes that send do: the message arrives, the answer says how it went, and secrets stay here."""

import json
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.host import HostedSettings
from connector_kit.host.answers import MESSAGES
from tests.host.conftest import API_KEY, CODE, CONFIG, LINK, RECIPIENT, TEMPLATES, TOKEN, Client, message

SECRETS = (API_KEY, CODE, LINK, RECIPIENT, TOKEN)


def test_an_email_as_logto_posts_it_is_sent(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """The connector gets the message, the answer has a request id and nothing else, the log has one line."""
    answer = client().post("/email", json=message(locale="pt-BR"))
    assert answer.status_code == 200
    assert answer.json() == {"requestId": answer.headers["x-request-id"]}
    ((config, email),) = acme.SENT
    assert config.api_key == API_KEY
    assert (email.to, email.subject, email.body) == (RECIPIENT, f"SignIn {CODE}", f"Your code: {CODE} (pt-BR)")
    assert email.data.ip == "203.0.113.7"
    (line,) = log
    assert (
        line.items()
        >= {
            "event": "request",
            "request_id": answer.headers["x-request-id"],
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


def test_an_sms_as_logto_posts_it_is_sent(client: Client, acme: ModuleType, log: list[dict[str, Any]]) -> None:
    """The other of the two routes for Logto's own connectors."""
    answer = client().post("/sms", json={"to": "15551234567", "type": "Generic", "payload": {"code": CODE}})
    assert answer.status_code == 200
    assert acme.SENT[0][1].content == f"Your code: {CODE} ({{{{locale}}}})"
    assert log[0]["to"] == "***67"


def test_a_type_that_this_kit_does_not_know_is_sent_as_generic(
    client: Client, acme: ModuleType, log: list[dict[str, Any]]
) -> None:
    """A newer Logto is no reason to fail; the log keeps to the names it knows."""
    assert client().post("/email", json=message() | {"type": "PasskeyAdded"}).status_code == 200
    assert acme.SENT[0][1].subject == f"Generic {CODE}"
    assert log[0]["type"] == "other"


def test_send_message_returns_what_the_connector_returned(client: Client) -> None:
    """As JSON; what is none is left out."""
    post = client().post
    told = post("/connectors/acme-mail/send-message", json={"data": message()})
    assert told.json() == {"result": "acme-1", "requestId": told.headers["x-request-id"]}
    told = post("/connectors/acme-mail/send-message", json={"data": message(outcome="odd"), "config": None})
    assert told.json()["result"] is None


def test_the_requests_own_config_and_template_are_used(client: Client, acme: ModuleType) -> None:
    """Instead of the saved config, and before its templates."""
    body = {
        "data": message(),
        "config": {"apiKey": "key-of-the-request", "templates": TEMPLATES},
        "template": {"subject": "Managed {{code}}", "content": "c", "contentType": "text/plain", "replyTo": "a@b.co"},
    }
    assert client().post("/connectors/acme-mail/send-message", json=body).status_code == 200
    config, email = acme.SENT[0]
    assert config.api_key == "key-of-the-request"
    assert (email.subject, email.content_type, email.reply_to) == (f"Managed {CODE}", "text/plain", "a@b.co")


def test_one_instance_serves_all_and_no_request_sees_anothers_config(client: Client, acme: ModuleType) -> None:
    """Context variables keep what belongs to one request apart, in worker threads too."""
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


def test_a_connector_that_changes_its_config_changes_its_own_copy(client: Client, acme: ModuleType) -> None:
    """The saved config stays what it is."""
    forward = HostedSettings(acme.AcmeForward, {"apiKey": "k"})
    host = client(connectors=(forward,), email=None, sms="acme-forward")
    for _ in range(2):
        assert host.post("/connectors/acme-forward/send-message", json={"data": message()}).json()["result"] == {
            "forwarded": "k"
        }
    assert [config for config, _ in acme.SENT] == [{"apiKey": "k"}] * 2


@pytest.mark.parametrize("code", list(ConnectorErrorCodes))
def test_a_connectors_failure_has_its_code_and_status_and_nothing_of_the_providers(
    client: Client, log: list[dict[str, Any]], code: ConnectorErrorCodes
) -> None:
    """The answer is generic; the log has the provider's words without the secrets among them."""
    answer = client().post("/email", json=message(outcome=str(code)))
    assert answer.status_code == ConnectorError(code).http_status
    assert answer.json() == {
        "code": str(code),
        "message": MESSAGES[code],
        "requestId": answer.headers["x-request-id"],
    }
    (line,) = log
    assert line["code"] == str(code)
    assert line["cause"] == "OSError"
    assert line["detail"] == {
        "message": "Acme says no: s***@example.com [redacted] [redacted] [redacted]",
        "code": "E7",
    }
    assert not any(secret in json.dumps([line, answer.json()]) for secret in SECRETS)


@pytest.mark.parametrize(("outcome", "raised"), [("boom", "RuntimeError"), ("exit", "SystemExit")])
def test_what_no_connector_may_raise_is_a_500_without_a_word(
    client: Client, log: list[dict[str, Any]], outcome: str, raised: str
) -> None:
    """The log says what was raised and where; its message, which may hold anything, is nowhere."""
    host = client()
    answer = host.post("/connectors/acme-mail/send-message", json={"data": message(outcome=outcome)})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert log[0]["exception"] == raised
    assert "acme_hosted.py" in log[0]["where"][-1]
    assert not any(secret in json.dumps([log, answer.json()]) for secret in SECRETS)
    assert host.post("/email", json=message()).status_code == 200


def test_failures_without_data_or_with_a_list_are_told_too(client: Client, log: list[dict[str, Any]]) -> None:
    """Whatever a connector puts into an error."""
    host = client()
    assert host.post("/email", json=message(outcome="bare")).json()["code"] == "general"
    assert host.post("/email", json=message(outcome="listed")).json()["code"] == "general"
    assert "detail" not in log[0]
    assert log[1]["detail"]["data"].startswith("['a list'")
    assert not any(secret in json.dumps(log) for secret in SECRETS)


def test_a_result_that_repeats_secrets_does_not_get_them_into_the_log(
    client: Client, log: list[dict[str, Any]]
) -> None:
    """The caller gets what the connector returned; the log a redacted copy."""
    assert client().post("/email", json=message(outcome="echo")).status_code == 200
    assert log[0]["result"] == "s***@example.com [redacted] [redacted] [redacted]"


def test_a_wrong_message_says_where_but_not_on_the_routes_whose_answers_users_see(client: Client) -> None:
    """Issues are for operators: Logto shows the body of a failed ``/email`` to the end user."""
    host = client()
    wrong = message() | {"payload": {"code": 1}}
    plain = host.post("/email", json=wrong)
    assert plain.status_code == 400
    assert plain.json().keys() == {"code", "message", "requestId"}
    told = host.post("/connectors/acme-mail/send-message", json={"data": wrong})
    assert told.json()["code"] == "invalid_request_parameters"
    assert told.json()["issues"] == [
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
def test_a_request_of_another_shape_is_refused(client: Client, acme: ModuleType, body: object) -> None:
    """Nothing is sent."""
    answer = client().post("/connectors/acme-mail/send-message", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request_parameters"
    assert answer.json()["issues"]
    assert acme.SENT == []


def test_a_connector_without_a_saved_config_needs_the_requests(client: Client) -> None:
    """The answer says what is missing."""
    host = client()
    answer = host.post("/connectors/acme-mail-2/send-message", json={"data": message()})
    assert answer.json()["code"] == "invalid_config"
    assert answer.json()["issues"][0]["message"] == "expected a config: the host has none of its own"
    body = {"data": message(), "config": CONFIG}
    assert host.post("/connectors/acme-mail-2/send-message", json=body).status_code == 200


def test_a_wrong_config_of_the_request_says_where(client: Client) -> None:
    """The guard's issues hold no values, and what a connector adds of its own is redacted."""
    host = client()
    answer = host.post("/connectors/acme-mail/send-message", json={"data": message(), "config": {"apiKey": 1}})
    assert [issue["path"] for issue in answer.json()["issues"]] == ["$.apiKey", "$.templates"]
    answer = host.post("/connectors/acme-mail/send-message", json={"data": message(outcome="issues")})
    (issue,) = answer.json()["issues"]
    assert issue["message"] == "s***@example.com [redacted] [redacted] [redacted]"


def test_a_test_send_is_the_one_of_logto(client: Client, acme: ModuleType) -> None:
    """Type Generic, code 000000, with the saved config or the one given."""
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


def test_a_config_is_checked_without_being_used(client: Client, acme: ModuleType) -> None:
    """Errors and warnings, as the connector's guard lists them."""
    post = client().post
    told = post("/connectors/acme-mail/validate-config", json={"config": CONFIG})
    assert told.json() == {"valid": True, "issues": [], "requestId": told.headers["x-request-id"]}
    told = post("/connectors/acme-mail/validate-config", json={"config": {**CONFIG, "apikey": "x", "account": None}})
    assert told.json()["valid"] is False
    assert [(issue["path"], issue["severity"]) for issue in told.json()["issues"]] == [
        ("$.account", "error"),
        ("$.apikey", "warning"),
    ]
    assert post("/connectors/acme-mail/validate-config", json=[]).json()["code"] == "invalid_request_parameters"
    assert acme.SENT == []


def test_connectors_are_listed_and_described(client: Client) -> None:
    """Enough for an operator, or for a package generator, to know them."""
    host = client()
    listed = host.get("/connectors").json()["connectors"]
    assert listed[0] == {"id": "acme-mail", "type": "Email", "target": "acme", "name": {"en": "Acme"}}
    assert [it["id"] for it in listed] == ["acme-mail", "acme-mail-2", "acme-sms"]
    told = host.get("/connectors/acme-sms").json()
    assert told["metadata"]["id"] == "acme-sms"
    assert told["formItems"] == []
    assert told["configSchema"]["title"] == "Acme config"


def test_there_is_no_route_for_a_type_that_is_not_hosted(client: Client) -> None:
    """And none for a connector that is not hosted."""
    host = client(email=None)
    assert host.post("/email", json=message()).status_code == 404
    for path in ("", "/send-message", "/validate-config", "/test"):
        answer = host.request("POST" if path else "GET", f"/connectors/nobody{path}", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
