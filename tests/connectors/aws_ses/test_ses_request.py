"""The SendEmail request: a pure function of config and e-mail; every option, and nothing that SES refuses."""

import itertools
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses.request import send_email_request
from tests.connectors.aws_ses.ses_cases import FakeClient, connector_with, email, failure, ses_config, settings

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


def without_options(**changes: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return settings that have none of the options but those given."""
    config = {key: value for key, value in ses_config().items() if key not in OPTIONS}
    return settings(**{**dict.fromkeys(OPTIONS, ""), **config, **changes})


@pytest.mark.parametrize("chosen", list(itertools.product((False, True), repeat=len(OPTIONS))))
def test_each_option_becomes_its_member_and_an_absent_one_none(chosen: tuple[bool, ...]) -> None:
    """Every combination of the five options, by the names of SES v2's API."""
    keys = [key for key, used in zip(OPTIONS, chosen, strict=True) if used]
    request = send_email_request(without_options(**{key: OPTIONS[key][1] for key in keys}), email())
    assert request == {
        "Content": CONTENT,
        "Destination": {"ToAddresses": ["success@simulator.amazonses.com"]},
        **{OPTIONS[key][0]: OPTIONS[key][1] for key in keys},
    }


@pytest.mark.parametrize("key", OPTIONS)
def test_an_empty_option_is_left_out(key: str) -> None:
    """SES refuses an empty member; a form that was cleared leaves one."""
    request = send_email_request(settings(**{**{it: value for it, (_, value) in OPTIONS.items()}, key: ""}), email())
    assert OPTIONS[key][0] not in request
    assert len(request) == len(OPTIONS) + 1


def test_an_empty_reply_to_or_sender_of_a_template_is_left_out() -> None:
    """What renders to nothing says nothing; the config's sender then stands."""
    request = send_email_request(settings(), email(reply_to="", send_from=""))
    assert "ReplyToAddresses" not in request
    assert request["FromEmailAddress"] == "Acme <noreply@acme.example>"
    assert "ReplyToAddresses" not in send_email_request(settings(), email(reply_to="\r\n"))


def test_without_any_sender_none_is_made_up() -> None:
    """A display name alone needs the config's address; without one SES is left to refuse."""
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
def test_the_recipient_goes_out_as_logto_gave_it_but_for_its_domain(to: str, expected: str) -> None:
    """SES takes domains in punycode only."""
    assert send_email_request(settings(), email(to=to))["Destination"] == {"ToAddresses": [expected]}


@pytest.mark.parametrize("to", ["a@ü..example", "a" * 316 + "@b.co", "é" * 158 + "@b.co"])
def test_an_unusable_recipient_is_logtos_fault_and_ses_is_not_called(to: str) -> None:
    """``invalid_request_parameters``, before any call, without the address in it."""
    client = FakeClient()
    error = failure(connector_with(client), message={"to": to, "type": "SignIn", "payload": {}})
    assert error.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert to not in str(error)
    assert "recipient" in str(error)
    assert client.calls == []


@pytest.mark.parametrize(
    ("changes", "template", "where"),
    [
        ({"emailAddress": "é" * 150 + " <a@b.co>"}, {}, "emailAddress"),
        ({"emailAddress": "a@ü..example"}, {}, "emailAddress"),
        ({}, {"reply_to": "é" * 150 + " <a@b.co>"}, "replyTo of the template"),
        ({}, {"send_from": "é" * 150}, "sendFrom of the template"),
        ({}, {"send_from": "Acme <a@ü..example>"}, "sendFrom of the template"),
    ],
)
def test_an_unusable_mailbox_is_the_configs_fault_and_ses_is_not_called(
    changes: dict[str, str], template: dict[str, str], where: str
) -> None:
    """``invalid_config`` names the place and the fault, not the mailbox."""
    client = FakeClient()
    with pytest.raises(ConnectorError) as caught:
        connector_with(client).deliver(settings(**changes), email(**template))
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
    assert f"The mailbox in {where} cannot be used: it" in str(caught.value)
    assert "é" not in str(caught.value)
    assert client.calls == []


SHAPE = get_session().get_service_model("sesv2").operation_model("SendEmail").input_shape


@given(st.data())
def test_whatever_is_sent_has_the_form_that_ses_documents(data: st.DataObject) -> None:
    """Any texts at all give a request that Amazon's own model of SES v2 accepts, or a connector error."""
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
