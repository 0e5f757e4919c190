"""The SMTP connector conforms, its error table is that of its README, and it reads a config as nodemailer does."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance import PROFILES, State, check_connector, spec_of
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors import smtp
from connector_kit.connectors.smtp import SmtpConfig, SmtpConnector
from connector_kit.connectors.smtp.connector import server_of
from connector_kit.connectors.smtp.stub import OTHERS, QUOTAS, THROTTLES, SmtpServerStub
from connector_kit.settings import example_config
from tests.loopback import HttpResponse, Loopback

MESSAGE = SendMessageData.from_json({"to": "a@b.co", "type": "SignIn", "payload": {"code": "123456"}})
README = (Path(str(smtp.__file__)).parent / "README.md").read_text(encoding="utf-8")
TOKEN = {"type": "oauth2", "user": "jane@acme.com", "accessToken": "t0ken"}
REFRESH = {
    "type": "OAuth2",
    "user": "jane@acme.com",
    "clientId": "id",
    "clientSecret": "s3cret",
    "refreshToken": "r3fresh",
}


def config_of(**changes: Any) -> dict[str, Any]:
    return {**example_config(SmtpConfig), **changes}


def read(**changes: Any) -> SmtpConfig:
    config: SmtpConfig = SmtpConnector.config_guard.validate(config_of(**changes))
    return config


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    report = check_connector(spec_of(SmtpConnector), profile=evolve(PROFILES["ci"], examples=5, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


@pytest.mark.parametrize(
    ("outcome", "code", "requests"),
    [
        *((it.name, ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, 3) for it in THROTTLES),
        *((it.name, ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 1) for it in QUOTAS),
        *((it.name, ConnectorErrorCodes.INVALID_RESPONSE, 3 if it.status < 500 else 1) for it in OTHERS),
        ("unknown-recipient", ConnectorErrorCodes.INVALID_RESPONSE, 1),
        ("local-error", ConnectorErrorCodes.INVALID_RESPONSE, 1),
        ("connection-lost", ConnectorErrorCodes.GENERAL, 1),
        ("connection-refused", ConnectorErrorCodes.GENERAL, 0),
    ],
)
def test_errors_have_the_codes_of_the_readme(
    monkeypatch: pytest.MonkeyPatch, outcome: str, code: ConnectorErrorCodes, requests: int
) -> None:
    """And only what passes is repeated, before the content is sent."""
    monkeypatch.setattr(SmtpConnector, "api", smtp_api_without_pauses())
    stub = SmtpServerStub()
    with stub.running():
        config = stub.prepare_config(config_of())
        stub.respond_with(outcome)
        with pytest.raises(ConnectorError) as caught:
            SmtpConnector(get_config=lambda _: config).send_message(MESSAGE)
        if outcome == "connection-lost":
            stub.respond_with("accepted")  # ends the server's silence
    assert caught.value.code is code
    assert len(stub.calls) == requests


def smtp_api_without_pauses() -> Any:
    return type(SmtpConnector.api)("The mail server", retry_pauses=(0.01, 0.01), response_limit=1.0)


def test_content_type_of_a_template_decides() -> None:
    """HTML has a text alternative; plain text is alone."""
    stub = SmtpServerStub()
    with stub.running():
        for content_type in ("text/html", "text/plain"):
            template = {"contentType": content_type, "subject": "Hello", "content": "<b>{{code}}</b>"}
            templates = [{**template, "usageType": it} for it in ("Register", "SignIn", "ForgotPassword", "Generic")]
            config = stub.prepare_config(config_of(templates=templates))
            SmtpConnector(get_config=lambda _, config=config: config).send_message(MESSAGE)
    assert [(it.html, it.text) for it in stub.calls] == [("<b>123456</b>", "123456"), (None, "<b>123456</b>")]


@pytest.mark.parametrize(
    ("changes", "encryption", "port"),
    [
        ({}, "starttls-if-offered", 587),
        ({"requireTLS": True}, "starttls", 587),
        ({"ignoreTLS": True, "requireTLS": True}, "none", 587),
        ({"secure": True, "port": 2465}, "tls", 2465),
        ({"port": 465}, "tls", 465),
        ({"port": 465, "secure": False}, "starttls-if-offered", 465),
        ({"port": 0}, "starttls-if-offered", 587),
        ({"port": 0, "secure": True}, "tls", 465),
    ],
)
def test_encryption_is_that_of_nodemailer(changes: Mapping[str, Any], encryption: str, port: int) -> None:
    server = server_of(read(**changes))
    assert (server.encryption, server.port) == (encryption, port)


def test_options_of_tls_and_of_the_client() -> None:
    server = server_of(
        read(
            tls={"rejectUnauthorized": False, "servername": "a.b"},
            servername="c.d",
            name="e.f",
            localAddress="127.0.0.2",
        )
    )
    assert (server.is_verified, server.server_name, server.client_name, server.source_address) == (
        False,
        "a.b",
        "e.f",
        "127.0.0.2",
    )
    server = server_of(read(servername="c.d"))
    assert (server.is_verified, server.server_name, server.client_name) == (True, "c.d", None)


def test_oauth2_uses_the_token_of_the_config_while_it_is_valid() -> None:
    later = (time.time() + 100) * 1000
    for auth in (TOKEN, {**TOKEN, **REFRESH, "expires": later}):
        server = server_of(read(auth=auth))
        assert (server.user, server.password, server.access_token) == ("jane@acme.com", None, "t0ken")


@pytest.mark.parametrize("auth", [REFRESH, {**TOKEN, **REFRESH}, {**TOKEN, **REFRESH, "expires": 1.5}])
def test_oauth2_requests_a_new_token_with_the_refresh_token(loopback: Loopback, auth: Mapping[str, Any]) -> None:
    loopback.answers = [HttpResponse(200, json.dumps({"access_token": "n3w", "token_type": "Bearer"}).encode())]
    server = server_of(read(auth={**auth, "accessUrl": loopback.url}))
    assert server.access_token == "n3w"
    assert b"refresh_token=r3fresh" in loopback.requests[0].body


def test_oauth2_without_a_token_is_an_invalid_config() -> None:
    key = {"type": "oauth2", "user": "jane@acme.com", "serviceClient": "1", "privateKey": "k3y"}
    for auth in (key, {"type": "oauth2", "user": "jane@acme.com"}):
        with pytest.raises(ConnectorError) as caught:
            server_of(read(auth=auth))
        assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
        assert "service accounts are not supported" in str(caught.value)
        assert "k3y" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"port": 465, "secure": False}, ("secure",)),
        ({"port": 587, "secure": True}, ("secure",)),
        ({"port": 25, "secure": True}, ("secure",)),
        ({"ignoreTLS": True}, ("ignoreTLS",)),
        ({"tls": {"rejectUnauthorized": False}}, ("tls", "rejectUnauthorized")),
        ({"tls": {"ca": "x"}}, ("tls", "ca")),
        ({"auth": {"user": "a"}}, ("auth",)),
        ({"auth": {"type": "login", "pass": "a"}}, ("auth",)),
        ({"auth": {"user": "a", "accessToken": "b"}}, ("auth",)),
        ({"auth": {"user": "a", "privateKey": "b", "serviceClient": "c"}}, ("auth",)),
        ({"auth": {"type": "oauth2", "user": "a", "privateKey": "b", "serviceClient": "c"}}, ("auth",)),
        ({"fromEmail": "noreply@localhost"}, ("fromEmail",)),
        ({"host": "<host>"}, ("host",)),
    ],
)
def test_mistakes_are_warned_about(changes: Mapping[str, Any], location: tuple[str, ...]) -> None:
    """The official guard accepts them, but they are unlikely to work."""
    issues = SmtpConnector.config_guard.issues(config_of(**changes))
    assert [(it.severity, it.location) for it in issues] == [("warning", location)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"port": 465},
        {"port": 465, "secure": True},
        {"port": 587, "secure": False, "requireTLS": True},
        {"port": 465, "secure": True, "ignoreTLS": True},
        {"auth": {}},
        {"auth": TOKEN},
        {"auth": REFRESH},
        {"tls": {"rejectUnauthorized": True, "servername": "a.b"}},
    ],
)
def test_working_configs_have_no_warnings(changes: Mapping[str, Any]) -> None:
    assert SmtpConnector.config_guard.issues(config_of(**changes)) == []


@pytest.mark.parametrize("config", [None, [], {"auth": 1, "tls": 1}])
def test_warnings_about_other_values_do_not_raise(config: object) -> None:
    assert {it.severity for it in SmtpConnector.config_guard.issues(config)} == {"error"}


def test_repr_of_a_config_has_no_secret() -> None:
    assert "hG6-tR2" not in repr(read())


def test_readme_lists_the_settings() -> None:
    """Each key of the config has its row, in the same order."""
    table = README.partition("## OAuth 2")[0]
    keys = [key for line in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", line)]
    assert keys == [item.key for item in SmtpConnector.metadata.form_items or ()]


def test_readme_lists_the_errors() -> None:
    """Each enhanced status code of the stub's throttles and quotas is in its row."""
    for failures, code in ((THROTTLES, "rate_limit_exceeded"), (QUOTAS, "usage_limit_exceeded")):
        (row,) = re.findall(rf"^\| (.*) \| `{code}`", README, re.MULTILINE)
        for it in failures:
            status = it.message.partition(" ")[0]
            assert status in row or f"{status.rpartition('.')[0]}.x" in row
