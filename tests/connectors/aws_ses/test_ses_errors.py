"""Translation of the errors of SES and botocore into connector errors."""

import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.connectors.aws_ses.errors import ERRORS
from tests.connectors.aws_ses.ses_cases import (
    CODE,
    KEY_ID,
    KEY_SECRET,
    MESSAGE,
    FakeClient,
    connector_with,
    error_response,
    failure,
    ses_config,
)
from tests.json_values import json_values
from tests.loopback import HttpResponse, Loopback

THROTTLE, QUOTA, REJECTED, GENERAL = "rate_limit_exceeded", "usage_limit_exceeded", "invalid_response", "general"
DAILY = "Daily message quota exceeded."

TABLE = [
    (429, "TooManyRequestsException", "Maximum sending rate exceeded.", THROTTLE),
    (400, "ThrottlingException", "Rate exceeded", THROTTLE),
    (400, "Throttling", "Rate exceeded", THROTTLE),
    (400, "LimitExceededException", "Too many.", QUOTA),
    (429, "LimitExceededException", "Too many.", QUOTA),
    (429, "TooManyRequestsException", DAILY, QUOTA),
    (400, "ThrottlingException", DAILY, QUOTA),
    (454, "Throttling", "Throttling failure: daily message quota exceeded", QUOTA),
    (400, "AccountSuspendedException", "Suspended.", REJECTED),
    (400, "SendingPausedException", "Paused.", REJECTED),
    (400, "MessageRejected", "Email address is not verified.", REJECTED),
    (400, "MailFromDomainNotVerifiedException", "Not verified.", REJECTED),
    (404, "NotFoundException", "Configuration set does not exist.", REJECTED),
    (400, "BadRequestException", "Illegal address", REJECTED),
    (500, "InternalServiceErrorException", "Internal.", REJECTED),
    (503, "ServiceUnavailable", "Unavailable.", REJECTED),
    (403, "InvalidClientTokenId", "The security token included in the request is invalid.", REJECTED),
    (403, "SignatureDoesNotMatch", "The signature does not match.", REJECTED),
    (403, "AccessDeniedException", "Not authorized to perform: ses:SendEmail", REJECTED),
    (429, "SomethingNew", "Slow down.", THROTTLE),
    (418, "SomethingNew", "New.", REJECTED),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[1]}-{row[3]}")
@pytest.mark.usefixtures("pauses")
def test_error_of_ses_raises_the_documented_code(
    ses: Loopback, connector: AwsSesConnector, row: tuple[int, str, str, str]
) -> None:
    """The error has the AWS message, the AWS code, the status and the request id; botocore's exception is the cause."""
    status, code, message, expected = row
    ses.answers = [error_response(status, code, message, **{"x-amzn-RequestId": "request-1"})]
    error = failure(connector)
    assert error.code == expected
    assert error.data == {"message": message, "code": code, "status": status, "requestId": "request-1"}
    assert isinstance(error.__cause__, ClientError)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (HttpResponse(200, b""), "(HTTP 200): no MessageId"),
        (HttpResponse(200, b"{}"), "(HTTP 200): no MessageId"),
        (HttpResponse(200, b'{"MessageId":""}'), "(HTTP 200): no MessageId"),
        (HttpResponse(200, b'{"MessageId":null}'), "(HTTP 200): no MessageId"),
        (HttpResponse(200, b'{"MessageId": "'), "(HTTP 200): no MessageId"),
        (HttpResponse(200, b"<html>"), "(HTTP 200): no MessageId"),
        (HttpResponse(202, b'{"MessageId":"0102"}'), "(HTTP 202): only 200 means that the message was accepted"),
        (HttpResponse(204, b""), "(HTTP 204): only 200 means that the message was accepted"),
    ],
)
def test_success_without_status_200_and_message_id_raises_invalid_response(
    ses: Loopback, connector: AwsSesConnector, response: HttpResponse, message: str
) -> None:
    """The send is not retried."""
    ses.answers = [response]
    error = failure(connector)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert message in str(error)
    assert len(ses.requests) == 1


@pytest.mark.parametrize("body", [b"<html><h1>Bad Gateway</h1></html>", b"", b"{", b"{}", b'{"message":1}'])
@pytest.mark.parametrize("status", [301, 400, 502])
@pytest.mark.usefixtures("pauses")
def test_error_response_of_a_proxy_raises_invalid_response(
    ses: Loopback, connector: AwsSesConnector, status: int, body: bytes
) -> None:
    """Proxies and load balancers send responses of any format."""
    ses.answers = [HttpResponse(status, body, {"Content-Type": "text/html"})]
    assert failure(connector).code is ConnectorErrorCodes.INVALID_RESPONSE


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"\xff\xfe"])
@pytest.mark.parametrize("status", [200, 400, 502])
@pytest.mark.usefixtures("pauses")
def test_body_that_breaks_botocores_parser_raises_connector_error(
    ses: Loopback, connector: AwsSesConnector, status: int, body: bytes
) -> None:
    """Botocore's parser raises undocumented exceptions for such bodies."""
    ses.answers = [HttpResponse(status, body)]
    error = failure(connector)
    assert error.code in {ConnectorErrorCodes.INVALID_RESPONSE, ConnectorErrorCodes.GENERAL}
    assert len(ses.requests) == 1


def test_parser_error_raises_invalid_response_without_cause() -> None:
    """The message of the parser may contain the body, so the exception is not the cause."""
    error = failure(connector_with(FakeClient(ResponseParserError(KEY_SECRET))))
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert "its body cannot be parsed" in str(error)
    assert error.__cause__ is None


SECRETS = [KEY_SECRET, KEY_ID, CODE, "https://acme.example/invite?token=1"]


@pytest.mark.parametrize(
    ("secret", "where"), [*((it, "message") for it in SECRETS), *((it, "code") for it in SECRETS if ":" not in it)]
)
def test_secret_in_an_error_response_is_redacted(
    ses: Loopback, connector: AwsSesConnector, secret: str, where: str
) -> None:
    """Neither the data, the message, the cause nor the traceback shows the secret."""
    texts = {"message": "was rejected", "code": "MessageRejected", where: f"was {secret} rejected"}
    ses.answers = [error_response(400, texts["code"], texts["message"])]
    payload = {"code": CODE, "link": SECRETS[-1]}
    error = failure(connector, message={**MESSAGE, "payload": payload})
    assert error.data[where] == "was [redacted] rejected"  # type: ignore[index]
    assert secret not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


PAYLOAD = {
    "code": 918273,
    "link": "https://acme.example/invite?a=1&token=tök/en",
    "ticket": "ticket-5551",
    "amount": 1234567,
    "user": {"id": "u", "name": "Alice Example", "primaryEmail": "success@simulator.amazonses.com"},
    "organization": {"name": "noreply"},
    "inviter": {"profile": {"nickname": "Bobby-Tables"}},
    "locale": "pt-BR",
}


@pytest.mark.parametrize(
    "echo",
    [str, lambda it: quote(it, safe=""), html.escape, lambda it: json.dumps(it)[1:-1].replace("/", r"\/")],
    ids=["plain", "percent", "html", "json"],
)
def test_payload_in_an_error_response_is_redacted(
    ses: Loopback, connector: AwsSesConnector, echo: Callable[[str], str]
) -> None:
    """Codes that are numbers, links in any encoding, and other values; not addresses that the operator needs."""
    link, needed = PAYLOAD["link"], "success@simulator.amazonses.com, noreply@acme.example, pt-BR"
    texts = ["918273", "1234567", "ticket-5551", "Alice Example", "Bobby-Tables"]
    ses.answers = [error_response(400, "MessageRejected", f"{needed} {' '.join(map(echo, [*texts, str(link)]))}")]
    error = failure(connector, message={**MESSAGE, "payload": PAYLOAD})
    message = error.data["message"]  # type: ignore[index]
    assert message.startswith(needed)
    assert message.removeprefix(needed).replace("[redacted]", "").strip() == ""
    assert error.__cause__ is None


def test_secret_in_the_request_id_is_redacted(ses: Loopback, connector: AwsSesConnector) -> None:
    """A header of the response may repeat the request, too."""
    ses.answers = [error_response(400, "MessageRejected", "No.", **{"x-amzn-RequestId": f"id-{CODE}"})]
    assert failure(connector).data["requestId"] == "id-[redacted]"  # type: ignore[index]


URL = "https://e.example"
COULD_NOT_BE_REACHED, DID_NOT_RESPOND, FAILED = (
    "Amazon SES could not be reached",
    "Amazon SES did not respond, but may have accepted the message",
    "The call to Amazon SES failed",
)


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (EndpointConnectionError(endpoint_url=URL), COULD_NOT_BE_REACHED),
        (ConnectTimeoutError(endpoint_url=URL), COULD_NOT_BE_REACHED),
        (ReadTimeoutError(endpoint_url=URL), DID_NOT_RESPOND),
        (ConnectionClosedError(endpoint_url=URL), DID_NOT_RESPOND),
        (HTTPClientError(error="x"), DID_NOT_RESPOND),
        (SSLError(endpoint_url=URL, error="x"), DID_NOT_RESPOND),
        (NoCredentialsError(), FAILED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exception_of_botocore_raises_general_with_cause(cause: BotoCoreError, message: str) -> None:
    """The message names the type of the exception."""
    error = failure(connector_with(FakeClient(cause)))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": f"{message}: {type(cause).__name__}."}
    assert error.__cause__ is cause


def test_exception_that_shows_a_secret_is_not_the_cause() -> None:
    """An exception of botocore may contain parts of the request."""
    error = failure(connector_with(FakeClient(HTTPClientError(error=f"sent {KEY_SECRET}"))))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.__cause__ is None


@pytest.mark.parametrize("cause", [RuntimeError(KEY_SECRET), OSError(KEY_SECRET), KeyError(CODE), UnicodeError("x")])
def test_other_exception_raises_general_without_cause(cause: Exception) -> None:
    """Its text may contain anything, so the error shows only its type."""
    error = failure(connector_with(FakeClient(cause)))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": f"The call to Amazon SES failed: {type(cause).__name__}."}
    assert error.__cause__ is None


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "Error": st.fixed_dictionaries({}, optional={"Code": json_values, "Message": json_values}),
            "ResponseMetadata": st.fixed_dictionaries({}, optional={"RequestId": st.none() | st.text()}),
        },
    )
)
def test_any_error_response_is_translated(response: Any) -> None:
    """Members may be missing or of any type: the result is a ConnectorError whose data is JSON."""
    error = ERRORS.connector_error(ClientError(response, "SendEmail"), ["", CODE])
    assert error.code.value in {THROTTLE, QUOTA, REJECTED}
    json.dumps(error.data)


def test_send_with_any_config_succeeds_or_raises_connector_error(ses: Loopback, connector: AwsSesConnector) -> None:
    """No config causes an exception of another type."""
    outcomes = set()

    @given(st.data())
    def sending(data: st.DataObject) -> None:
        config = ses_config()
        keys = [*config, "emailAddressIdentityArn", "configurationSetName", "feedbackForwardingEmailAddress"]
        for key in data.draw(st.lists(st.sampled_from(keys), max_size=2)):
            config[key] = data.draw(st.text(max_size=8) | st.sampled_from([KEY_SECRET, "us-east-1"]) | json_values)
        try:
            outcomes.add(connector.send_message(MESSAGE, config))
        except ConnectorError as error:
            outcomes.add(error.code)

    sending()
    assert {"0102-accepted", "invalid_config"} <= outcomes <= {"0102-accepted", "invalid_config", "general"}
    assert ses.requests
