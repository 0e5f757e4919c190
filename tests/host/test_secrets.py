"""Tokens of the host and secrets of a config: neither log nor response shows them, however a provider's error has them."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final
from urllib.parse import quote, quote_plus

import pytest
from starlette.testclient import TestClient

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.host import HostedSettings
from tests.host.conftest import CONFIG, RECIPIENT, Client, message

_TOKENS: Final = ("first/token+0123456789=", "second&token?'0123456789")
_METRICS_TOKEN: Final = 'metrics"token\\0123456789'

_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "bare": str,
    "in a header": lambda token: f"Authorization: Bearer {token}",
    "quoted": repr,
    "in JSON": json.dumps,
    "in JSON twice": lambda token: json.dumps(json.dumps(token)),
    "base64": lambda token: b64encode(token.encode()).decode(),
    "base64 of a header": lambda token: b64encode(f"Bearer {token}".encode()).decode(),
    "base64 of a header, for URLs": lambda token: urlsafe_b64encode(f"xBearer {token}".encode()).decode(),
    "in a URL": lambda token: "https://acme.example/?token=" + quote(token, safe=""),
    "in a path": lambda token: "https://acme.example/" + quote(token),
    "in a form": lambda token: "token=" + quote_plus(token),
    "hexadecimal": lambda token: token.encode().hex(),
}
"""How a provider may repeat a token that it, or a proxy in front of it, has received."""


def _send(host: TestClient) -> list[Any]:
    """Make each kind of call that can fail, and return the bodies of the responses."""
    calls = {
        "/email": message(),
        "/connectors/acme-mail/send-message": {"data": message()},
        "/connectors/acme-mail/test": {"to": RECIPIENT},
        "/connectors/acme-mail/usage": {},
        "/connectors/acme-mail-2/send-message": {"data": message(), "config": dict(CONFIG)},
    }
    return [host.post(path, json=body).json() for path, body in calls.items()]


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("code", [ConnectorErrorCodes.GENERAL, ConnectorErrorCodes.INVALID_CONFIG])
def test_token_in_a_providers_error_is_neither_logged_nor_returned(
    client: Client,
    acme: ModuleType,
    log: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    *,
    code: ConnectorErrorCodes,
    form: str,
) -> None:
    """For each token of the host, that of the metrics included, in the data and in the issues of the error."""
    shown = [_FORMS[form](token) for token in (*_TOKENS, _METRICS_TOKEN)]

    def fail(*_: object) -> object:
        text = f"rejected: {' and '.join(shown)}."
        issues = [{"path": "$.x", "keyword": "acme", "message": text}]
        raise ConnectorError(code, {"message": text, "list": shown, "issues": issues}) from OSError(text)

    monkeypatch.setattr(acme.AcmeMail, "deliver", fail)
    monkeypatch.setattr(acme.AcmeMail, "get_usage", fail)
    host = client(headers={"Authorization": _TOKENS[0]}, tokens=_TOKENS, metrics=True, metrics_tokens=(_METRICS_TOKEN,))
    bodies = _send(host)
    assert [body["code"] for body in bodies] == [str(code)] * len(bodies)
    assert [line["code"] for line in log] == [str(code)] * len(bodies)
    texts = [json.dumps(it, ensure_ascii=False) for it in (*bodies, *log)]
    for line in log:
        assert line["detail"]["message"].startswith("rejected: ")
        assert line["detail"]["message"].count("[redacted]") == len(shown)
    for secret in (*shown, *_TOKENS, _METRICS_TOKEN):
        assert not [text for text in texts if secret in text or json.dumps(secret)[1:-1] in text]


@pytest.mark.parametrize("form", _FORMS)
def test_token_in_a_result_is_not_logged(
    client: Client, acme: ModuleType, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """The log shows a result that is a text."""
    monkeypatch.setattr(acme.AcmeMail, "deliver", lambda *_: f"id {_FORMS[form](_TOKENS[1])}.")
    assert client(headers={"Authorization": _TOKENS[0]}, tokens=_TOKENS).post("/email", json=message()).is_success
    assert log[0]["result"].count("[redacted]") == 1
    assert _FORMS[form](_TOKENS[1]) not in log[0]["result"]


def test_secret_that_a_connector_removes_from_its_config_is_neither_logged_nor_returned(
    client: Client, acme: ModuleType, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host lists the request's secrets before it calls the connector."""

    def remove_and_fail(self: Any, *_: object) -> object:
        key = self.get_config("acme-forward").pop("apiKey")
        issue = {"path": "$", "keyword": "acme", "message": f"not {key}"}
        raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"message": key, "issues": [issue]})

    monkeypatch.setattr(acme.AcmeForward, "send_message", remove_and_fail)
    host = client(connectors=(HostedSettings(acme.AcmeForward),), email=None, sms="acme-forward")
    body = {"data": message(), "config": {"apiKey": "removed-key-0123456789"}}
    response = host.post("/connectors/acme-forward/send-message", json=body)
    assert response.json()["issues"][0]["message"] == "not [redacted]"
    assert log[0]["detail"]["message"] == "[redacted]"
    assert "removed-key" not in response.text + json.dumps(log)
