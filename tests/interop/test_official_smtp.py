"""Next to ``@logto/connector-smtp``: the same verdicts about configs, and the same messages on the wire."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from conformance.npm.official.smtp import MailServer
from conformance.providers.base import Call
from connector_kit.connectors.smtp import SmtpConnector
from tests.interop.official_configs import configs, messages, official_spec, send_both, verdicts

PACKAGE = "@logto/connector-smtp"
LOGIN = {"type": "login", "user": "noreply@acme.com", "pass": "pä$$ wörd-1"}
TOKEN = {"type": "OAuth2", "user": "noreply@acme.com", "accessToken": "ya29.a0AfH6SMBx-Tk9s"}
REFRESH = {
    **TOKEN,
    "clientId": "id",
    "clientSecret": "s",
    "refreshToken": "r",
    "expires": 1.5,
    "accessUrl": "https://a.b",
}
KEY = {
    "type": "oauth2",
    "user": "noreply@acme.com",
    "serviceClient": "1",
    "privateKey": {"key": "k", "passphrase": "p"},
}
CONTENT = '<p>Hello {{user.name}}, your code for {{application.name}} is <b>{{code}}</b>.</p>\n<p><a href="{{link}}">Open</a></p>.'
CONFIG: Mapping[str, Any] = {
    "host": "127.0.0.1",
    "port": 587,
    "auth": LOGIN,
    "fromEmail": "Acme, Größe <noreply@acme.com>",
    "replyTo": "Help <help@acme.com>",
    "customHeaders": {"X-Entity": "codes", "X-Tags": ["a", "é"]},
    "templates": [
        {
            "usageType": kind,
            "contentType": f"text/{subtype}",
            "subject": "{{code}} für {{user.name}}",
            "content": CONTENT,
        }
        for kind, subtype in (
            ("Register", "html"),
            ("SignIn", "html"),
            ("ForgotPassword", "plain"),
            ("Generic", "plain"),
        )
    ],
}
OPTIONS: Mapping[str, Any] = {
    **dict.fromkeys(
        ("logger", "debug", "disableFileAccess", "disableUrlAccess", "secure", "ignoreTLS", "requireTLS"), False
    ),
    **dict.fromkeys(("name", "localAddress", "servername"), "a"),
    **dict.fromkeys(("connectionTimeout", "greetingTimeout", "socketTimeout", "dnsTimeout"), 1.5),
    "tls": {"rejectUnauthorized": False, "ca": ["x"]},
}
NEAR = ("text/html", "text/plain", "TEXT/HTML", "login", "Login", "LOGIN", "oauth2", "OAUTH2", "Oauth2")
RECIPIENTS = (
    "jane.doe@example.com",
    "a+b@sub.example.org",
    "Jane@EXAMPLE.com",
    "jürgen@example.com",
    "jane@münchen.example",
)


def test_verdicts_are_those_of_the_official_guard() -> None:
    """About generated configs: each variant of the login, all optional keys, and mistakes at any depth."""
    valid = [
        {**CONFIG, **OPTIONS, "auth": auth} for auth in (LOGIN, {}, TOKEN, REFRESH, KEY, {**KEY, "privateKey": "k"})
    ]
    found = verdicts(
        SmtpConnector.config_guard, official_spec(PACKAGE).connector.config_guard, configs(valid, near=NEAR)
    )
    assert found.differences == ()
    assert found.accepted >= 300
    assert found.rejected >= 300
    assert found.accepted + found.rejected >= 2_000


def meaning(call: Call) -> dict[str, Any]:
    """Return what a message means on the wire: envelope, login, headers and bodies."""
    session, mail = call.raw
    return {
        "recipients": [address_of(it) for it in call.to],
        "envelope sender": address_of(session.sender),
        "login": (session.user, session.password),
        "subject": re.sub(r"\s", "", str(call.subject)),  # the kit removes control characters; nodemailer writes spaces
        "from": [(it.display_name, address_of(it.addr_spec)) for it in mail["From"].addresses],
        "to": [address_of(it.addr_spec) for it in mail["To"].addresses],
        "reply-to": [(it.display_name, address_of(it.addr_spec)) for it in mail["Reply-To"].addresses],
        "headers": {name: mail.get_all(name) for name in ("X-Entity", "X-Tags")},
        "html": text_of(call.html),
        "text": None if call.html is not None else text_of(call.text),
    }


def address_of(address: str) -> str:
    """Return an address with its domain in lower case, which means the same."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def text_of(body: str | None) -> str | None:
    """Return a body with its line ends as LF, and without those at its end, which a message may have."""
    return None if body is None else re.sub(r"\r\n?", "\n", body).rstrip("\n")


@pytest.mark.parametrize("auth", [LOGIN, TOKEN], ids=["login", "oauth2"])
def test_messages_mean_the_same(auth: Mapping[str, str]) -> None:
    """Both connectors send each message to the same server. Only ours has a text alternative."""
    official = official_spec(PACKAGE).connector
    pairs = send_both(SmtpConnector, official, MailServer(), {**CONFIG, "auth": auth}, messages(RECIPIENTS))
    count = 0
    for count, (ours, theirs) in enumerate(pairs, 1):  # noqa: B007 - asserted below
        assert meaning(ours) == meaning(theirs)
        assert theirs.html is None or theirs.text is None
        assert ours.text is not None
    assert count == 60


MANAGED: Mapping[str, Any] = {
    "subject": "Hello {{code}}",
    "content": "Code {{code}}",
    "replyTo": "Desk <desk@{{code}}.acme.com>",
}


@pytest.mark.parametrize(
    "template",
    [
        {**MANAGED, "sendFrom": "Team Ö <team@acme.com>"},
        {**MANAGED, "contentType": "text/plain"},
        {**MANAGED, "contentType": "text/html"},
    ],
)
def test_managed_templates_mean_the_same(template: Mapping[str, str]) -> None:
    """Their sender, Reply-To and content type replace those of the config."""
    provider = MailServer()
    official = official_spec(PACKAGE).connector
    message = next(messages(RECIPIENTS, count=1))
    with provider.running():
        config = provider.prepare_config(CONFIG)
        for it in (SmtpConnector, official):
            it(get_config=lambda _: config, get_i18n_email_template=lambda *_: template).send_message(message)
    ours, theirs = provider.calls
    assert meaning(ours) == meaning(theirs)


def test_server_without_login_gets_none() -> None:
    """Of both."""
    provider = MailServer()
    pairs = send_both(
        SmtpConnector, official_spec(PACKAGE).connector, provider, {**CONFIG, "auth": {}}, messages(RECIPIENTS, count=2)
    )
    assert [(it.raw[0].user, meaning(it) == meaning(other)) for it, other in pairs] == [("", True)] * 2
