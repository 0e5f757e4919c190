"""The Resend connector conforms, and its error table is that of its README."""

import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import PROFILES, State, check_connector, spec_of
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors import resend_mail
from connector_kit.connectors.resend_mail import ResendConfig, ResendConnector
from connector_kit.connectors.resend_mail.stub import ResendProvider
from connector_kit.settings import example_config

MAILBOX = "expected an e-mail address with a domain, such as noreply@example.com or Acme <noreply@example.com>"
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


PIECES = st.sampled_from([*" \n\t\0<>@,.-é\u200b\u00a0\ud800\"'{}", "xn--", "ü" * 64, "{{a}}", "<a>"])


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"apiKey": "re_1234\n"}, "apiKey", "there is white space at the end: remove it"),
        ({"apiKey": "re_xxxxxxxxx"}, "apiKey", "this is a placeholder: replace it with a real value"),
        ({"apiKey": "${RESEND_API_KEY}"}, "apiKey", "this is a variable that nothing has replaced: write its value"),
        ({"apiKey": None}, "apiKey", "expected string, found null"),
        ({"fromEmail": "noreply@localhost"}, "fromEmail", f"{MAILBOX}: there is no dot in the domain"),
        ({"fromEmail": "a@acme,com"}, "fromEmail", f"{MAILBOX}: there is a comma in the domain, instead of a dot"),
        (
            {"fromEmail": "Acme <noreply@acme.com"},
            "fromEmail",
            f"{MAILBOX}: there is white space, a bracket or a separator before the @",
        ),
        (
            {"fromEmail": "Acme <noreply@example.com>"},
            "fromEmail",
            "example.com is an example: replace it with your own domain",
        ),
        ({"replyTo": "support"}, "replyTo", f"{MAILBOX}: there is no @"),
        ({"replyTo": None}, "replyTo", "expected string, found null; leave the key out"),
        ({"reply_to": "a@acme.com"}, "reply_to", "unknown key: it has no effect (did you mean 'replyTo'?)"),
    ],
)
def test_broken_config_has_one_message_that_says_what_to_do(changes: Any, path: str, message: str) -> None:
    """The generic rules are all that it needs: there is no warning in the connector's folder."""
    (issue,) = ResendConnector.config_guard.issues({**example_config(ResendConfig), **changes})
    assert issue.path == f"$.{path}"
    assert issue.message.startswith(message)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("re_1234 ", "there is white space at the end: remove it"),
        ("re_…", "this is a placeholder: replace it with a real value"),
    ],
)
def test_key_that_does_not_match_the_pattern_has_a_message_in_words(key: str, message: str) -> None:
    """The pattern alone would be a riddle."""
    issues = ResendConnector.config_guard.issues({**example_config(ResendConfig), "apiKey": key})
    assert {issue.path for issue in issues} == {"$.apiKey"}
    assert [issue.severity for issue in issues] == ["error", "warning"]
    assert issues[1].message == message


def test_example_config_has_no_warnings() -> None:
    """Its domain is a real one."""
    assert ResendConnector.config_guard.issues(example_config(ResendConfig)) == []


@given(st.sampled_from(["apiKey", "fromEmail", "replyTo"]), st.one_of(st.text(max_size=12), PIECES), st.integers(0, 12))
@settings(max_examples=50)
def test_config_that_a_send_calls_invalid_has_an_issue(key: str, piece: str, place: int) -> None:
    """What ``connector-kit test`` refuses, ``connector-kit validate`` reports."""
    example = example_config(ResendConfig)
    changed = {**example, key: f"{example[key][:place]}{piece}{example[key][place:]}"}
    stub = ResendProvider()
    with stub.running():
        config = stub.prepare_config(changed)
        try:
            ResendConnector(get_config=lambda _: config).send_message(MESSAGE)
        except ConnectorError as error:
            assert error.code is not ConnectorErrorCodes.INVALID_CONFIG or ResendConnector.config_guard.issues(config)  # noqa: PT017 - success is as good
