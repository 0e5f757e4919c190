"""Errors of SES and botocore: one table of kinds decides the error code, the retries and the guide's table.

Check the table against Amazon's documentation:

- errors of the operation: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
- errors of every operation: https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
- throttle or daily quota: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
- what AWS clients retry: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import json
from collections.abc import Collection, Iterable
from typing import Any, Final

from attrs import frozen
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.redaction import redact


@frozen
class ErrorKind:
    """One kind of error: how to recognize it, and what the connector does about it.

    An error response of AWS (``ClientError``) matches by its error code, its HTTP status or its message; a kind that
    lists none of these matches every one.

    Args:
        name: identifies the kind.
        code: of the ``ConnectorError`` that is raised.
        exceptions: the exception classes that belong to the kind.
        error_codes: the error codes of AWS that belong to the kind.
        statuses: the HTTP statuses that belong to the kind.
        message: the part of AWS's message, in lower case, that identifies the kind.
        retry_pauses: for each retry, the longest pause before it, in seconds. Empty: the send is not retried.
    """

    name: str
    code: ConnectorErrorCodes
    exceptions: tuple[type[Exception], ...] = (ClientError,)
    error_codes: Collection[str] = ()
    statuses: Collection[int] = ()
    message: str | None = None
    retry_pauses: tuple[float, ...] = ()

    def matches(self, error: Exception) -> bool:
        """Return whether the error is of this kind."""
        if not isinstance(error, self.exceptions):
            return False
        if not (isinstance(error, ClientError) and (self.error_codes or self.statuses or self.message)):
            return True
        response = _ErrorResponse.of(error)
        return (
            response.code in self.error_codes
            or response.status in self.statuses
            or (self.message is not None and self.message in response.message.lower())
        )


QUOTA: Final = ErrorKind(
    "quota",
    ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,
    error_codes={"LimitExceededException"},
    message="daily message quota exceeded",  # AWS reports the daily quota under the error codes of a throttle
)
THROTTLE: Final = ErrorKind(
    "throttle",
    ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,
    error_codes={
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    },
    statuses={429},
    retry_pauses=(0.3, 0.9),
)
UNAVAILABLE: Final = ErrorKind(
    "unavailable",
    ConnectorErrorCodes.INVALID_RESPONSE,
    statuses={503},  # the server has not handled the request (RFC 9110 §15.6.4)
    retry_pauses=(0.05, 0.1),
)
SERVER_ERROR: Final = ErrorKind("server-error", ConnectorErrorCodes.INVALID_RESPONSE, statuses={500, 502, 504})
REJECTED: Final = ErrorKind("rejected", ConnectorErrorCodes.INVALID_RESPONSE)
MALFORMED_RESPONSE: Final = ErrorKind(
    "malformed-response",
    ConnectorErrorCodes.INVALID_RESPONSE,
    exceptions=(ResponseParserError, UnicodeDecodeError),
)
UNREACHABLE: Final = ErrorKind(
    "unreachable",
    ConnectorErrorCodes.GENERAL,
    exceptions=(EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError),
    retry_pauses=(0.05, 0.1),
)
NO_RESPONSE: Final = ErrorKind("no-response", ConnectorErrorCodes.GENERAL, exceptions=(HTTPClientError, SSLError))
OTHER: Final = ErrorKind("other", ConnectorErrorCodes.GENERAL, exceptions=(Exception,))

ERROR_KINDS: Final = (
    QUOTA,
    THROTTLE,
    UNAVAILABLE,
    SERVER_ERROR,
    REJECTED,
    MALFORMED_RESPONSE,
    UNREACHABLE,
    NO_RESPONSE,
    OTHER,
)
"""All kinds. An error is of the first kind that matches it.

``SendEmail`` has no idempotency token. A send that SES may have accepted is therefore never retried (clause E6): not after
a lost connection or a missing response, and not after 500, 502 or 504, which SES or a gateway may send after SES has
accepted the message. botocore and the AWS SDK for JavaScript retry all of these.
"""


def classify(error: Exception) -> ErrorKind:
    """Return the kind of an error that a call of ``SendEmail`` raised."""
    return next(kind for kind in ERROR_KINDS if kind.matches(error))


def connector_error(error: Exception, secrets: Iterable[object]) -> ConnectorError:
    """Translate an error that a call of ``SendEmail`` raised.

    The original exception becomes the ``__cause__``, unless its text may contain a secret, headers or a body.

    Args:
        error: the exception.
        secrets: redacted in AWS's message and error code.
    """
    kind = classify(error)
    secrets = tuple(secrets)
    translated = ConnectorError(kind.code, _data(kind, error, secrets))
    if isinstance(error, ClientError | BotoCoreError) and redact(str(error), secrets) == str(error):
        translated.__cause__ = error
    return translated


def malformed_response(reason: str, status: int) -> ConnectorError:
    """Return the error for a response without an error that still does not mean that SES accepted the message."""
    message = f"Amazon SES sent an invalid response (HTTP {status}): {reason}."
    return ConnectorError(MALFORMED_RESPONSE.code, {"message": message})


def check_json_object(body: bytes) -> None:
    """Reject JSON that is not an object, which proxies send: botocore's parser fails on it.

    Raises:
        ResponseParserError: the body is JSON, but not an object.
    """
    if body.lstrip().startswith(b"{"):
        return
    try:
        json.loads(body)
    except ValueError:
        return  # botocore's parser handles a body that is not JSON
    raise ResponseParserError("expected a JSON object")


@frozen
class _ErrorResponse:
    """An error response of AWS; members may be missing or of any type."""

    status: int
    code: str
    message: str
    request_id: str | None

    @classmethod
    def of(cls, error: ClientError) -> "_ErrorResponse":
        response: Any = error.response
        details, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
        return cls(
            int(metadata.get("HTTPStatusCode", 0)),
            str(details.get("Code") or ""),
            str(details.get("Message") or ""),
            metadata.get("RequestId"),
        )


def _data(kind: ErrorKind, error: Exception, secrets: Iterable[object]) -> dict[str, object]:
    if isinstance(error, ClientError):
        response = _ErrorResponse.of(error)
        message = response.message or f"Amazon SES responded with HTTP {response.status} and no message."
        return {
            "message": redact(message, secrets),
            "code": redact(response.code, secrets),
            "requestId": None if response.request_id is None else redact(str(response.request_id), secrets),
        }
    name = _type_name(error)
    if kind is MALFORMED_RESPONSE:
        return {"message": "Amazon SES sent an invalid response: its body cannot be parsed."}
    if kind is UNREACHABLE:
        return {"message": f"Amazon SES could not be reached: {name}."}
    if kind is NO_RESPONSE:
        return {"message": f"Amazon SES did not respond, but may have accepted the message: {name}."}
    return {"message": f"The call to Amazon SES failed: {name}."}


def _type_name(error: Exception) -> str:
    """Return the name of an error's type. For a failed connection: of the reason, such as ``SSLCertVerificationError``."""
    raised = error.kwargs.get("error") if isinstance(error, EndpointConnectionError) else None
    return type(getattr(raised, "__cause__", None) or error).__name__
