"""Errors of AWS and botocore: one table of kinds for an operation decides the error code and the retries.

Check the kinds that all operations share against Amazon's documentation:

- errors of every operation: https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
- what AWS clients retry: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import json
from collections.abc import Collection, Iterable, Mapping
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


class CredentialsError(ConnectorError):
    """A request cannot be signed, because its credentials were not found or not given. The data contains no secret."""


@frozen
class ErrorKind:
    """One kind of error: how to recognize it, and what a call does about it.

    An error response of AWS (``ClientError``) matches by its error code, its HTTP status or its message; a kind that
    lists none of these matches every one.

    Args:
        name: identifies the kind.
        code: of the ``ConnectorError`` that is raised.
        exceptions: the exception classes that belong to the kind.
        error_codes: the error codes of AWS that belong to the kind.
        statuses: the HTTP statuses that belong to the kind.
        messages: the parts of AWS's message, in lower case, that identify the kind.
        retry_pauses: for each retry, the longest pause before it, in seconds. Empty: the call is not retried.
    """

    name: str
    code: ConnectorErrorCodes
    exceptions: tuple[type[Exception], ...] = (ClientError,)
    error_codes: Collection[str] = ()
    statuses: Collection[int] = ()
    messages: Collection[str] = ()
    retry_pauses: tuple[float, ...] = ()

    def matches(self, error: Exception) -> bool:
        """Return whether the error is of this kind."""
        if not isinstance(error, self.exceptions):
            return False
        if not (isinstance(error, ClientError) and (self.error_codes or self.statuses or self.messages)):
            return True
        response = _ErrorResponse.of(error)
        return (
            response.code in self.error_codes
            or response.status in self.statuses
            or any(part in response.message.lower() for part in self.messages)
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

_COMMON_KINDS: Final = (
    THROTTLE,
    UNAVAILABLE,
    SERVER_ERROR,
    REJECTED,
    MALFORMED_RESPONSE,
    UNREACHABLE,
    NO_RESPONSE,
    OTHER,
)


@frozen
class ErrorTable:
    """What the errors of one operation mean.

    An operation that sends a message has no idempotency token. A message that AWS may have accepted is therefore never sent
    again (clause E6): not after a lost connection or a missing response, and not after 500, 502 or 504, which AWS or a
    gateway may send after AWS has accepted the message. botocore and the AWS SDK for JavaScript retry all of these.

    Args:
        provider: the name of the service, for messages.
        kinds: all kinds. An error is of the first kind that matches it.
    """

    provider: str
    kinds: tuple[ErrorKind, ...]

    @classmethod
    def of(
        cls,
        provider: str,
        errors: Mapping[str, ConnectorErrorCodes],
        messages: Mapping[str, ConnectorErrorCodes],
    ) -> "ErrorTable":
        """Return the table of an operation: its own kinds, one for each code, and then those of all operations.

        Args:
            provider: the name of the service, for messages.
            errors: the code of the ``ConnectorError`` by AWS's error code.
            messages: the code by a part of AWS's message, in lower case.
        """
        own = (
            ErrorKind(
                str(code),
                code,
                error_codes={it for it, its_code in errors.items() if its_code is code},
                messages={it for it, its_code in messages.items() if its_code is code},
                retry_pauses=THROTTLE.retry_pauses if code is THROTTLE.code else (),
            )
            for code in dict.fromkeys((*messages.values(), *errors.values()))
        )
        return cls(provider, (*own, *_COMMON_KINDS))

    def classify(self, error: Exception) -> ErrorKind:
        """Return the kind of an error that a call raised."""
        return next(kind for kind in self.kinds if kind.matches(error))

    def connector_error(self, error: Exception, secrets: Iterable[object]) -> ConnectorError:
        """Translate an error that a call raised.

        The original exception becomes the ``__cause__``, unless its text may contain a secret, headers or a body.

        Args:
            error: the exception.
            secrets: redacted in AWS's message and error code.
        """
        if isinstance(error, CredentialsError):
            return error
        kind = self.classify(error)
        secrets = tuple(secrets)
        translated = ConnectorError(kind.code, self._data(kind, error, secrets))
        if isinstance(error, ClientError | BotoCoreError) and redact(str(error), secrets) == str(error):
            translated.__cause__ = error
        return translated

    def _data(self, kind: ErrorKind, error: Exception, secrets: Iterable[object]) -> dict[str, object]:
        if isinstance(error, ClientError):
            response = _ErrorResponse.of(error)
            message = response.message or f"{self.provider} responded with HTTP {response.status} and no message."
            return {
                "message": redact(message, secrets),
                "code": redact(response.code, secrets),
                "status": response.status,
                "requestId": None if response.request_id is None else redact(str(response.request_id), secrets),
                **({"reason": redact(response.reason, secrets)} if response.reason else {}),
            }
        name = _type_name(error)
        if kind is MALFORMED_RESPONSE:
            return {"message": f"{self.provider} sent an invalid response: its body cannot be parsed."}
        if kind is UNREACHABLE:
            return {"message": f"{self.provider} could not be reached: {name}."}
        if kind is NO_RESPONSE:
            return {"message": f"{self.provider} did not respond, but may have accepted the message: {name}."}
        return {"message": f"The call to {self.provider} failed: {name}."}


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
    reason: str
    request_id: str | None

    @classmethod
    def of(cls, error: ClientError) -> "_ErrorResponse":
        response: Any = error.response
        details, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
        return cls(
            int(metadata.get("HTTPStatusCode", 0)),
            str(details.get("Code") or ""),
            str(details.get("Message") or ""),
            str(details.get("Reason") or ""),
            metadata.get("RequestId"),
        )


def _type_name(error: Exception) -> str:
    """Return the name of an error's type. For a failed connection: of the reason, such as ``SSLCertVerificationError``."""
    raised = error.kwargs.get("error") if isinstance(error, EndpointConnectionError) else None
    return type(getattr(raised, "__cause__", None) or error).__name__
