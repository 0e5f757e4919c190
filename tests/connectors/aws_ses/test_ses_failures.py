"""What SES and botocore raise, as connector errors: every row of the contract's table, and nothing foreign beside."""

import json
from typing import Any

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
from connector_kit.connectors.aws_ses.failures import send_failure
from tests.connectors.aws_ses.ses_cases import (
    CODE,
    KEY_ID,
    KEY_SECRET,
    MESSAGE,
    FakeClient,
    connector_with,
    failure,
    refusal,
    ses_config,
)
from tests.json_values import json_values
from tests.loopback import Answer, Loopback

THROTTLE, QUOTA, REFUSED, GENERAL = "rate_limit_exceeded", "usage_limit_exceeded", "invalid_response", "general"
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
    (400, "AccountSuspendedException", "Suspended.", REFUSED),
    (400, "SendingPausedException", "Paused.", REFUSED),
    (400, "MessageRejected", "Email address is not verified.", REFUSED),
    (400, "MailFromDomainNotVerifiedException", "Not verified.", REFUSED),
    (404, "NotFoundException", "Configuration set does not exist.", REFUSED),
    (400, "BadRequestException", "Illegal address", REFUSED),
    (500, "InternalServiceErrorException", "Internal.", REFUSED),
    (503, "ServiceUnavailable", "Unavailable.", REFUSED),
    (403, "InvalidClientTokenId", "The security token included in the request is invalid.", REFUSED),
    (403, "SignatureDoesNotMatch", "The signature does not match.", REFUSED),
    (403, "AccessDeniedException", "Not authorized to perform: ses:SendEmail", REFUSED),
    (429, "SomethingNew", "Slow down.", THROTTLE),
    (418, "SomethingNew", "New.", REFUSED),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[1]}-{row[3]}")
@pytest.mark.usefixtures("pauses")
def test_each_error_of_ses_has_its_code(
    ses: Loopback, connector: AwsSesConnector, row: tuple[int, str, str, str]
) -> None:
    """On the wire as SES words it; message, AWS code and request id reach the operator, and the cause is chained."""
    status, code, message, expected = row
    ses.answers = [refusal(status, code, message, **{"x-amzn-RequestId": "request-1"})]
    error = failure(connector)
    assert error.code == expected
    assert error.data == {"message": message, "code": code, "requestId": "request-1"}
    assert isinstance(error.__cause__, ClientError)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(200, b""), "it has no MessageId"),
        (Answer(200, b"{}"), "it has no MessageId"),
        (Answer(200, b'{"MessageId":""}'), "it has no MessageId"),
        (Answer(200, b'{"MessageId":null}'), "it has no MessageId"),
        (Answer(200, b'{"MessageId": "'), "it has no MessageId"),
        (Answer(200, b"<html>"), "it has no MessageId"),
        (Answer(202, b'{"MessageId":"0102"}'), "(HTTP 202): only 200 means accepted"),
        (Answer(204, b""), "(HTTP 204): only 200 means accepted"),
    ],
)
def test_only_a_200_with_a_message_id_means_accepted(
    ses: Loopback, connector: AwsSesConnector, answer: Answer, says: str
) -> None:
    """Anything else that looks like success is ``invalid_response``, and the message is not sent again."""
    ses.answers = [answer]
    error = failure(connector)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert says in str(error)
    assert len(ses.requests) == 1


@pytest.mark.parametrize("body", [b"<html><h1>Bad Gateway</h1></html>", b"", b"{", b"{}", b'{"message":1}'])
@pytest.mark.parametrize("status", [301, 400, 502])
@pytest.mark.usefixtures("pauses")
def test_an_error_that_is_none_of_ses_is_an_invalid_response(
    ses: Loopback, connector: AwsSesConnector, status: int, body: bytes
) -> None:
    """Proxies and balancers answer with whatever they like."""
    ses.answers = [Answer(status, body, {"Content-Type": "text/html"})]
    assert failure(connector).code is ConnectorErrorCodes.INVALID_RESPONSE


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"\xff\xfe"])
@pytest.mark.parametrize("status", [200, 400, 502])
@pytest.mark.usefixtures("pauses")
def test_an_answer_that_botocore_trips_over_is_a_connector_error(
    ses: Loopback, connector: AwsSesConnector, status: int, body: bytes
) -> None:
    """Botocore's parser raises exceptions of its own trade on such bodies; none of them gets out."""
    ses.answers = [Answer(status, body)]
    error = failure(connector)
    assert error.code in {ConnectorErrorCodes.INVALID_RESPONSE, ConnectorErrorCodes.GENERAL}
    assert len(ses.requests) == 1


def test_an_answer_that_botocore_cannot_parse_is_an_invalid_response() -> None:
    """SES answered, but not as SES answers; the parser's message may hold the body, so it is not chained."""
    error = failure(connector_with(FakeClient(ResponseParserError(KEY_SECRET))))
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert "its body is not what SES sends" in str(error)
    assert error.__cause__ is None


SECRETS = [KEY_SECRET, KEY_ID, CODE, "https://acme.example/invite?token=1"]


@pytest.mark.parametrize(
    ("secret", "where"), [*((it, "message") for it in SECRETS), *((it, "code") for it in SECRETS if ":" not in it)]
)
def test_a_secret_that_aws_repeats_is_redacted(
    ses: Loopback, connector: AwsSesConnector, secret: str, where: str
) -> None:
    """It stands in neither data, message, cause nor traceback; the rest of the message does."""
    texts = {"message": "was rejected", "code": "MessageRejected", where: f"was {secret} rejected"}
    ses.answers = [refusal(400, texts["code"], texts["message"])]
    payload = {"code": CODE, "link": SECRETS[-1]}
    error = failure(connector, message={**MESSAGE, "payload": payload})
    assert error.data[where] == "was [redacted] rejected"  # type: ignore[index]
    assert secret not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


NETWORK: list[tuple[BotoCoreError, str]] = [
    (EndpointConnectionError(endpoint_url="https://e.example"), "EndpointConnectionError"),
    (ConnectTimeoutError(endpoint_url="https://e.example"), "ConnectTimeoutError"),
    (ReadTimeoutError(endpoint_url="https://e.example"), "ReadTimeoutError"),
    (ConnectionClosedError(endpoint_url="https://e.example"), "ConnectionClosedError"),
    (SSLError(endpoint_url="https://e.example", error="x"), "SSLError"),
    (HTTPClientError(error="x"), "HTTPClientError"),
    (NoCredentialsError(), "NoCredentialsError"),
]


@pytest.mark.parametrize(("cause", "name"), NETWORK)
def test_a_network_failure_is_general_and_chained(cause: BotoCoreError, name: str) -> None:
    """Its kind is named; the cause is there for a log."""
    error = failure(connector_with(FakeClient(cause)))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": f"Amazon SES could not be reached: {name}."}
    assert error.__cause__ is cause


def test_a_network_failure_that_shows_a_secret_is_not_chained() -> None:
    """A client's own error may hold the request."""
    error = failure(connector_with(FakeClient(HTTPClientError(error=f"sent {KEY_SECRET}"))))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.__cause__ is None


@pytest.mark.parametrize("cause", [RuntimeError(KEY_SECRET), OSError(KEY_SECRET), KeyError(CODE), UnicodeError("x")])
def test_an_exception_that_is_not_botocores_is_general_and_not_chained(cause: Exception) -> None:
    """Nothing is known of its text, so only its kind is named."""
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
def test_any_refusal_is_translated(response: Any) -> None:  # noqa: ANN401 - botocore's parsed answer
    """Members may be missing or of any kind: what comes out is a connector error whose data is JSON."""
    error = send_failure(ClientError(response, "SendEmail"), [None, "", 1])
    assert error.code.value in {THROTTLE, QUOTA, REFUSED}
    json.dumps(error.data)


def test_whatever_the_config_a_send_ends_in_success_or_a_connector_error(
    ses: Loopback, connector: AwsSesConnector
) -> None:
    """No config, however odd, and none that the guard accepts, brings out a foreign exception or a secret."""
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
