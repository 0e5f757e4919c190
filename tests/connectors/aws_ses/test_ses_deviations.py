"""The deviations from the official SES connector (R1 to R7), tested on the wire; the rest of the request is equal."""

import json
from email.header import decode_header, make_header

import pytest
from botocore.exceptions import EndpointConnectionError

from connector_kit import ConnectorErrorCodes, EmailTemplateDetails
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.connectors.aws_ses.keep_alive_stub import KeepAliveStub
from tests.connectors.aws_ses.ses_cases import (
    CODE,
    MESSAGE,
    FakeClient,
    connector_with,
    error_response,
    failure,
    sent,
    ses_config,
)
from tests.loopback import Loopback


def test_request_equals_that_of_the_official_connector(ses: Loopback, connector: AwsSesConnector) -> None:
    """The expected request was recorded from the official connector; only the charset differs (R5)."""
    assert connector.send_message(MESSAGE) == "0102-accepted"
    (request,) = ses.requests
    assert (request.method, request.path) == ("POST", "/v2/email/outbound-emails")
    assert json.loads(request.body) == {
        "Content": {
            "Simple": {
                "Subject": {"Data": f"SignIn {CODE}", "Charset": "UTF-8"},
                "Body": {"Html": {"Data": f"<p>SignIn {CODE}</p>", "Charset": "UTF-8"}},
            }
        },
        "FromEmailAddress": "Acme <noreply@acme.example>",
        "Destination": {"ToAddresses": ["success@simulator.amazonses.com"]},
    }


def _managed(**members: str) -> AwsSesConnector:
    template = EmailTemplateDetails("Hello", "Code: {{code}}", **members)  # type: ignore[arg-type]
    return AwsSesConnector(get_config=lambda _: ses_config(), get_i18n_email_template=lambda *_: template)


def test_r1_placeholders_of_javascript_prototypes_are_not_replaced(ses: Loopback, connector: AwsSesConnector) -> None:
    """R1: ``{{toString}}`` is an unknown variable. The official connector prints the source of a function."""
    template = {"usageType": "SignIn", "subject": "{{toString}}", "content": "{{constructor.name}} {{__proto__}}"}
    config = ses_config()
    connector.send_message(MESSAGE, {**config, "templates": [template, *config["templates"]]})
    simple = sent(ses)["Content"]["Simple"]
    assert simple["Subject"]["Data"] == "{{toString}}"
    assert simple["Body"]["Html"]["Data"] == "{{constructor.name}} {{__proto__}}"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ((429, "TooManyRequestsException", "Maximum sending rate exceeded."), "rate_limit_exceeded"),
        ((429, "TooManyRequestsException", "Daily message quota exceeded."), "usage_limit_exceeded"),
        ((400, "MessageRejected", "Email address is not verified."), "invalid_response"),
    ],
)
@pytest.mark.usefixtures("pauses")
def test_r2_throttles_and_quotas_have_their_own_codes(
    ses: Loopback, connector: AwsSesConnector, response: tuple[int, str, str], expected: str
) -> None:
    """R2: the error data has the message, the AWS code, the status and the request id."""
    ses.answers = [error_response(*response, **{"x-amzn-RequestId": "r-1"})]
    error = failure(connector)
    assert error.code == expected
    assert error.data == {"message": response[2], "code": response[1], "status": response[0], "requestId": "r-1"}


def test_r3_reply_to_sender_and_content_type_of_a_managed_template_are_used(ses: Loopback) -> None:
    """R3: a template managed in Logto sets ReplyToAddresses, FromEmailAddress and the body's type."""
    _managed(
        content_type="text/plain", reply_to="Help {{code}} <help@acme.example>", send_from="Shop <shop@acme.example>"
    ).send_message(MESSAGE)
    members = sent(ses)
    assert members["Content"]["Simple"]["Body"] == {"Text": {"Data": f"Code: {CODE}", "Charset": "UTF-8"}}
    assert members["ReplyToAddresses"] == [f"Help {CODE} <help@acme.example>"]
    assert members["FromEmailAddress"] == "Shop <shop@acme.example>"


@pytest.mark.parametrize(
    ("send_from", "expected"),
    [
        ("Shop", "Shop <noreply@acme.example>"),
        ("shop@acme.example", "shop@acme.example"),
        ("", "Acme <noreply@acme.example>"),
        ("Shop, Inc.", '"Shop, Inc." <noreply@acme.example>'),
    ],
)
def test_r3_send_from_may_be_a_display_name(ses: Loopback, send_from: str, expected: str) -> None:
    """R3: a display name without an address is combined with the config's address."""
    _managed(send_from=send_from).send_message(MESSAGE)
    assert sent(ses)["FromEmailAddress"] == expected


def test_r4_control_characters_are_removed(ses: Loopback) -> None:
    """R4: subject, sender and reply address cannot inject header fields; the body is unchanged."""
    payload = {"name": "x\r\nBcc: evil@evil.example\x00\x7f", "code": CODE}
    template = EmailTemplateDetails(
        "Hi {{name}}", "Hi {{name}}", reply_to="{{name}} <help@acme.example>", send_from="{{name}} <shop@acme.example>"
    )
    connector = AwsSesConnector(get_config=lambda _: ses_config(), get_i18n_email_template=lambda *_: template)
    connector.send_message({**MESSAGE, "payload": payload})
    members = sent(ses)
    simple = members["Content"]["Simple"]
    assert simple["Subject"]["Data"] == "Hi xBcc: evil@evil.example"
    assert simple["Body"]["Html"]["Data"] == f"Hi {payload['name']}"
    assert members["ReplyToAddresses"] == ['"xBcc: evil@evil.example" <help@acme.example>']
    assert members["FromEmailAddress"] == '"xBcc: evil@evil.example" <shop@acme.example>'


def test_r4_display_names_are_encoded(ses: Loopback, connector: AwsSesConnector) -> None:
    """R4: a name outside ASCII is encoded as in RFC 2047."""
    connector.send_message(MESSAGE, ses_config(emailAddress="Ação Ltda<noreply@acme.example>"))
    sender = sent(ses)["FromEmailAddress"]
    assert sender.isascii()
    assert str(make_header(decode_header(sender.removesuffix(" <noreply@acme.example>")))) == "Ação Ltda"


def test_r4_display_names_with_specials_are_quoted(ses: Loopback, connector: AwsSesConnector) -> None:
    """R4: SES rejects an unquoted comma as "Illegal address"."""
    connector.send_message(MESSAGE, ses_config(emailAddress="Acme, Inc. <noreply@acme.example>"))
    assert sent(ses)["FromEmailAddress"] == '"Acme, Inc." <noreply@acme.example>'


def test_r4_domains_are_encoded_as_punycode(ses: Loopback, connector: AwsSesConnector) -> None:
    """R4: the domains of sender and recipient are encoded with IDNA 2008."""
    config = ses_config(emailAddress="<noreply@bücher.example>")
    connector.send_message({**MESSAGE, "to": "a@straße.example"}, config)
    members = sent(ses)
    assert members["FromEmailAddress"] == "<noreply@xn--bcher-kva.example>"
    assert members["Destination"] == {"ToAddresses": ["a@xn--strae-oqa.example"]}


def test_r4_sender_over_320_bytes_raises_before_the_call() -> None:
    """R4: SES would reject the mailbox with a less helpful message."""
    client = FakeClient()
    error = failure(connector_with(client), ses_config(emailAddress="é" * 150 + " <noreply@acme.example>"))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert "320 bytes" in str(error)
    assert client.calls == []


@pytest.mark.parametrize("content_type", ["text/html", "text/plain"])
def test_r5_subject_and_body_declare_utf_8(ses: Loopback, content_type: str) -> None:
    """R5: the official connector declares ``utf8``, which is not a registered charset, and only for the subject."""
    _managed(content_type=content_type).send_message(MESSAGE)
    simple = sent(ses)["Content"]["Simple"]
    (body,) = simple["Body"].values()
    assert simple["Subject"]["Charset"] == body["Charset"] == "UTF-8"


def test_r6_network_failure_raises_connector_error_with_cause() -> None:
    """R6: the official connector throws the exception of the AWS client."""
    cause = EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com")
    error = failure(connector_with(FakeClient(cause)))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.__cause__ is cause


def test_r7_messages_of_a_region_share_a_connection(stub: KeepAliveStub, monkeypatch: pytest.MonkeyPatch) -> None:
    """R7: the official connector creates a client, with a connection, for every message."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", stub.url)
    connector = AwsSesConnector(get_config=lambda _: ses_config())
    for change in ({"configurationSetName": "a"}, {"configurationSetName": "b"}, {"accessKeySecret": "rotated"}):
        connector.send_message(MESSAGE, ses_config(**change))
    assert len(stub.received) == 3
    assert len({connection for connection, _ in stub.received}) == 1


@pytest.mark.usefixtures("pauses")
def test_r7_send_is_attempted_three_times(ses: Loopback, connector: AwsSesConnector) -> None:
    """R7: neither the environment nor the version of botocore changes the number of attempts."""
    ses.answers = [error_response(503, "ServiceUnavailable", "Try again.")]
    failure(connector)
    assert len(ses.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.usefixtures("pauses")
def test_r7_message_that_may_be_accepted_is_not_sent_again(
    ses: Loopback, connector: AwsSesConnector, status: int
) -> None:
    """R7: the AWS SDK of the official connector retries these responses (E6)."""
    ses.answers = [error_response(status, "InternalServiceErrorException", "Internal.")]
    failure(connector)
    assert len(ses.requests) == 1
