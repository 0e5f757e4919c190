"""The Resend connector conforms, and its error table is that of its README."""

import re
from pathlib import Path

import pytest
from attrs import evolve

from conformance import PROFILES, State, check_connector, spec_of
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors import resend_mail
from connector_kit.connectors.resend_mail import ResendConfig, ResendConnector
from connector_kit.connectors.resend_mail.stub import ResendProvider
from connector_kit.settings import example_config

MESSAGE = SendMessageData.from_json({"to": "a@b.co", "type": "SignIn", "payload": {"code": "123456"}})


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    report = check_connector(spec_of(ResendConnector), profile=evolve(PROFILES["ci"], examples=5, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


@pytest.mark.parametrize(
    ("outcome", "code", "requests"),
    [
        ("daily-quota", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 1),
        ("monthly-quota", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 1),
        ("rate-limited", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, 3),
        ("application-error", ConnectorErrorCodes.INVALID_RESPONSE, 3),
        ("wrong-key", ConnectorErrorCodes.INVALID_RESPONSE, 1),
    ],
)
def test_errors_have_the_codes_of_the_readme(outcome: str, code: ConnectorErrorCodes, requests: int) -> None:
    """And only what passes is repeated, with one idempotency key."""
    stub = ResendProvider()
    with stub.running():
        stub.respond_with(outcome)
        connector = ResendConnector(get_config=lambda _: stub.prepare_config(example_config(ResendConfig)))
        with pytest.raises(ConnectorError) as caught:
            connector.send_message(MESSAGE)
    assert caught.value.code is code
    assert len(stub.calls) == requests
    assert len({it.idempotency_key for it in stub.calls}) == 1


@pytest.mark.parametrize(
    ("content_type", "html", "text"),
    [
        (
            "text/html",
            '<p>Your <b>code</b>: 123456</p><a href="https://acme.com">Help</a>',
            "Your code: 123456\n\nHelp <https://acme.com>",
        ),
        ("text/html", "<img src=https://acme.com/code.png>", None),
        ("text/plain", None, "<b>123456</b>"),
    ],
)
def test_html_has_a_text_alternative(content_type: str, html: str | None, text: str | None) -> None:
    """Without text it is sent alone, and so is a template that is plain text."""
    stub = ResendProvider()
    template = {"subject": "Hello", "content": html or text, "contentType": content_type}
    with stub.running():
        config = stub.prepare_config(example_config(ResendConfig))
        ResendConnector(get_config=lambda _: config, get_i18n_email_template=lambda *_: template).send_message(MESSAGE)
    (call,) = stub.calls
    assert (call.html, call.text) == (html, text)


def test_readme_lists_the_settings() -> None:
    """Each key of the config has a row."""
    readme = (Path(str(resend_mail.__file__)).parent / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \| (?!after)", readme, re.MULTILINE)[:4] == [
        item.key for item in ResendConnector.metadata.form_items or ()
    ]
