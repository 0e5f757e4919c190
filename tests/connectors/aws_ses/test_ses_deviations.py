"""The deviations from the official SES connector, R1 to R7, each seen on the wire; all else is equal."""

import json
from email.header import decode_header, make_header

import pytest
from botocore.exceptions import EndpointConnectionError

from connector_kit import ConnectorErrorCodes, EmailTemplateDetails
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.connectors.aws_ses.ses_cases import (
    CODE,
    MESSAGE,
    FakeClient,
    connector_with,
    failure,
    refusal,
    sent,
    ses_config,
)
from tests.loopback import Loopback


def test_beside_the_deviations_the_request_is_the_official_one(ses: Loopback, connector: AwsSesConnector) -> None:
    """Seen from the official connector, but for the charset of subject and body (R5)."""
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


def test_r1_names_of_a_prototype_stay_as_written(ses: Loopback, connector: AwsSesConnector) -> None:
    """R1: ``{{toString}}`` is a name like any other; upstream prints a function's source."""
    template = {"usageType": "SignIn", "subject": "{{toString}}", "content": "{{constructor.name}} {{__proto__}}"}
    config = ses_config()
    connector.send_message(MESSAGE, {**config, "templates": [template, *config["templates"]]})
    simple = sent(ses)["Content"]["Simple"]
    assert simple["Subject"]["Data"] == "{{toString}}"
    assert simple["Body"]["Html"]["Data"] == "{{constructor.name}} {{__proto__}}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((429, "TooManyRequestsException", "Maximum sending rate exceeded."), "rate_limit_exceeded"),
        ((429, "TooManyRequestsException", "Daily message quota exceeded."), "usage_limit_exceeded"),
        ((400, "MessageRejected", "Email address is not verified."), "invalid_response"),
    ],
)
@pytest.mark.usefixtures("pauses")
def test_r2_throttles_and_quotas_have_codes_of_their_own(
    ses: Loopback, connector: AwsSesConnector, answer: tuple[int, str, str], expected: str
) -> None:
    """R2: a throttle passes, a quota stays, others are as upstream; data has message, AWS code and request id."""
    ses.answers = [refusal(*answer, **{"x-amzn-RequestId": "r-1"})]
    error = failure(connector)
    assert error.code == expected
    assert error.data == {"message": answer[2], "code": answer[1], "requestId": "r-1"}


def test_r3_reply_to_sender_and_content_type_of_a_template_are_honoured(ses: Loopback) -> None:
    """R3: a template of Logto's own says where answers go, who sends and what the body is."""
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
def test_r3_a_display_name_alone_goes_before_the_configs_address(ses: Loopback, send_from: str, expected: str) -> None:
    """R3: ``sendFrom`` may be a mailbox, an address or a display name."""
    _managed(send_from=send_from).send_message(MESSAGE)
    assert sent(ses)["FromEmailAddress"] == expected


def test_r4_control_characters_are_stripped(ses: Loopback) -> None:
    """R4: no subject, sender or Reply-To can break out of its header field; a body keeps its lines."""
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
    """R4: a name outside ASCII becomes encoded words (RFC 2047)."""
    connector.send_message(MESSAGE, ses_config(emailAddress="Ação Ltda<noreply@acme.example>"))
    sender = sent(ses)["FromEmailAddress"]
    assert sender.isascii()
    assert str(make_header(decode_header(sender.removesuffix(" <noreply@acme.example>")))) == "Ação Ltda"


def test_r4_display_names_with_specials_are_quoted(ses: Loopback, connector: AwsSesConnector) -> None:
    """R4: a comma would otherwise be an "Illegal address"."""
    connector.send_message(MESSAGE, ses_config(emailAddress="Acme, Inc. <noreply@acme.example>"))
    assert sent(ses)["FromEmailAddress"] == '"Acme, Inc." <noreply@acme.example>'


def test_r4_domains_are_punycode(ses: Loopback, connector: AwsSesConnector) -> None:
    """R4: sender's and recipient's domains go out as IDNA has them."""
    config = ses_config(emailAddress="<noreply@bücher.example>")
    connector.send_message({**MESSAGE, "to": "a@straße.example"}, config)
    members = sent(ses)
    assert members["FromEmailAddress"] == "<noreply@xn--bcher-kva.example>"
    assert members["Destination"] == {"ToAddresses": ["a@xn--strae-oqa.example"]}


def test_r4_more_than_320_bytes_are_an_error_before_the_call() -> None:
    """R4: SES would refuse the mailbox with less clear words."""
    client = FakeClient()
    error = failure(connector_with(client), ses_config(emailAddress="é" * 150 + " <noreply@acme.example>"))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert "320 bytes" in str(error)
    assert client.calls == []


@pytest.mark.parametrize("content_type", ["text/html", "text/plain"])
def test_r5_the_charset_is_utf_8_throughout(ses: Loopback, content_type: str) -> None:
    """R5: upstream names ``utf8``, which is no registered charset, and for the subject only."""
    _managed(content_type=content_type).send_message(MESSAGE)
    simple = sent(ses)["Content"]["Simple"]
    (body,) = simple["Body"].values()
    assert simple["Subject"]["Charset"] == body["Charset"] == "UTF-8"


def test_r6_a_network_failure_is_a_connector_error_chained_from_its_cause() -> None:
    """R6: upstream throws the client's own exception."""
    cause = EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com")
    error = failure(connector_with(FakeClient(cause)))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.__cause__ is cause


def test_r7_the_client_is_kept_while_region_and_keys_stay_the_same() -> None:
    """R7: upstream makes a client for every message."""
    made = []

    def factory(config: object) -> FakeClient:
        made.append(config)
        return FakeClient()

    connector = AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config())
    for subject in ("a", "b"):
        connector.send_message(MESSAGE, ses_config(configurationSetName=subject))
    assert len(made) == 1
    connector.send_message(MESSAGE, ses_config(accessKeySecret="rotated"))
    assert len(made) == 2


@pytest.mark.usefixtures("pauses")
def test_r7_retries_are_explicit_and_few(ses: Loopback, connector: AwsSesConnector) -> None:
    """R7: three attempts, whatever the environment or the version of botocore thinks best."""
    ses.answers = [refusal(500, "InternalServiceErrorException", "Internal.")]
    failure(connector)
    assert len(ses.requests) == 3
