"""The ``SendEmail`` request: every option of the config, and no member that SES rejects."""

import itertools
import tracemalloc
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses.request import send_email_request
from tests.connectors.aws_ses.ses_cases import MESSAGE, FakeClient, connector_with, email, failure, ses_config, settings

OPTIONS = {
    "emailAddress": ("FromEmailAddress", "Acme <noreply@acme.example>"),
    "emailAddressIdentityArn": ("FromEmailAddressIdentityArn", "arn:aws:ses:eu-west-1:123456789012:identity/a"),
    "feedbackForwardingEmailAddress": ("FeedbackForwardingEmailAddress", "bounces@acme.example"),
    "feedbackForwardingEmailAddressIdentityArn": (
        "FeedbackForwardingEmailAddressIdentityArn",
        "arn:aws:ses:eu-west-1:123456789012:identity/b",
    ),
    "configurationSetName": ("ConfigurationSetName", "codes"),
}
CONTENT = {
    "Simple": {
        "Subject": {"Data": "Subject", "Charset": "UTF-8"},
        "Body": {"Html": {"Data": "<p>Body</p>", "Charset": "UTF-8"}},
    }
}


def without_options(**changes: Any) -> Any:
    """Return a config without options, with changes."""
    config = {key: value for key, value in ses_config().items() if key not in OPTIONS}
    return settings(**{**dict.fromkeys(OPTIONS, ""), **config, **changes})


@pytest.mark.parametrize("chosen", list(itertools.product((False, True), repeat=len(OPTIONS))))
def test_each_option_sets_its_member(chosen: tuple[bool, ...]) -> None:
    """Every combination of the five options; an option that is not set adds no member."""
    keys = [key for key, used in zip(OPTIONS, chosen, strict=True) if used]
    request = send_email_request(without_options(**{key: OPTIONS[key][1] for key in keys}), email())
    assert request == {
        "Content": CONTENT,
        "Destination": {"ToAddresses": ["success@simulator.amazonses.com"]},
        **{OPTIONS[key][0]: OPTIONS[key][1] for key in keys},
    }


@pytest.mark.parametrize("key", OPTIONS)
def test_empty_option_adds_no_member(key: str) -> None:
    """SES rejects empty members. A cleared form field leaves an empty option."""
    request = send_email_request(settings(**{**{it: value for it, (_, value) in OPTIONS.items()}, key: ""}), email())
    assert OPTIONS[key][0] not in request
    assert len(request) == len(OPTIONS) + 1


def test_empty_reply_to_or_send_from_adds_no_member() -> None:
    """Without a sender of the template, the config's sender is used."""
    request = send_email_request(settings(), email(reply_to="", send_from=""))
    assert "ReplyToAddresses" not in request
    assert request["FromEmailAddress"] == "Acme <noreply@acme.example>"
    assert "ReplyToAddresses" not in send_email_request(settings(), email(reply_to="\r\n"))


def test_missing_sender_adds_no_member() -> None:
    """A display name without the config's address is not a sender; SES then rejects the message."""
    for send_from in (None, "", "Acme"):
        assert "FromEmailAddress" not in send_email_request(without_options(), email(send_from=send_from))


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("a@example.com", "a@example.com"),
        ("A.b+c@EXAMPLE.com", "A.b+c@EXAMPLE.com"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
    ],
)
def test_recipient_is_unchanged_except_for_its_domain(to: str, expected: str) -> None:
    """SES accepts domains only in punycode."""
    assert send_email_request(settings(), email(to=to))["Destination"] == {"ToAddresses": [expected]}


@pytest.mark.parametrize("to", ["a@ü..example", "a" * 316 + "@b.co", "é" * 158 + "@b.co"])
def test_invalid_recipient_raises_invalid_request_parameters(to: str) -> None:
    """SES is not called, and the error does not show the address."""
    client = FakeClient()
    error = failure(connector_with(client), message={"to": to, "type": "SignIn", "payload": {}})
    assert error.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert to not in str(error)
    assert "recipient" in str(error)
    assert client.calls == []


@pytest.mark.parametrize(
    ("changes", "template", "where"),
    [
        ({"emailAddress": "é" * 150 + " <a@b.co>"}, {}, "The setting emailAddress"),
        ({"emailAddress": "a@ü..example"}, {}, "The setting emailAddress"),
        ({"feedbackForwardingEmailAddress": "a@ü..example"}, {}, "The setting feedbackForwardingEmailAddress"),
        ({}, {"reply_to": "é" * 150 + " <a@b.co>"}, "The mailbox in replyTo of the template"),
        ({}, {"send_from": "é" * 150}, "The mailbox in sendFrom of the template"),
        ({}, {"send_from": "Acme <a@ü..example>"}, "The mailbox in sendFrom of the template"),
    ],
)
def test_invalid_mailbox_raises_invalid_config(changes: dict[str, str], template: dict[str, str], where: str) -> None:
    """SES is not called. The error names the key and the reason, not the mailbox."""
    client = FakeClient()
    with pytest.raises(ConnectorError) as caught:
        connector_with(client).deliver(settings(**changes), email(**template))
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
    assert f"{where} is not valid: it" in str(caught.value)
    assert "é" not in str(caught.value)
    assert client.calls == []


SHAPE = get_session().get_service_model("sesv2").operation_model("SendEmail").input_shape


def test_remembered_mailboxes_are_short() -> None:
    """A megabyte of white space around a sender is left out of the request, and stays in no memory."""
    tracemalloc.start()
    try:
        for number in range(8):
            sender = f"a{number}@b.co{' ' * 1_000_000}"
            assert send_email_request(settings(emailAddress=sender), email())["FromEmailAddress"] == f"a{number}@b.co"
        del sender
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("key", ["accessKeyId", "accessKeySecret"])
def test_key_of_more_than_1024_characters_raises_invalid_config(key: str) -> None:
    """The connector keeps the clients of many keys; AWS makes keys of 20 and 40 characters."""
    connector = connector_with(FakeClient())
    assert connector.send_message(MESSAGE, ses_config(**{key: "A" * 1_024})) == "0102-fake"
    error = failure(connector, ses_config(**{key: "A" * 1_025}))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert error.data == {"message": f"The setting {key} is not valid: expected at most 1,024 characters, found 1,025."}


@given(st.data())
def test_any_request_matches_the_service_model(data: st.DataObject) -> None:
    """Any config and e-mail result in a request that botocore's model of SES v2 accepts, or in a ConnectorError."""
    texts = st.text(max_size=12) | st.builds(
        "{}<{}@{}>".format, st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)
    )
    config = settings(**{key: data.draw(texts) for key in OPTIONS})
    message = email(
        to=data.draw(st.text(min_size=1)),
        subject=data.draw(st.text()),
        body=data.draw(st.text()),
        content_type=data.draw(st.sampled_from(["text/html", "text/plain"])),
        reply_to=data.draw(st.none() | texts),
        send_from=data.draw(st.none() | texts),
    )
    try:
        request = send_email_request(config, message)
    except ConnectorError:
        return
    assert not ParamValidator().validate(request, SHAPE).has_errors()
