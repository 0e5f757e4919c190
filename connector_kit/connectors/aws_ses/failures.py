"""What SES and botocore raise, as connector errors. Nothing foreign leaves the connector but through here."""

import json
from collections.abc import Iterable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, InvalidRegionError
from botocore.parsers import ResponseParserError

from connector_kit.errors import ConnectorError, ConnectorErrorCodes

_THROTTLES: Final = frozenset(
    {
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    },
)
_TOO_MANY_REQUESTS: Final = 429
_DAILY_QUOTA: Final = "daily message quota exceeded"
_QUOTAS: Final = frozenset({"LimitExceededException"})
_REDACTED: Final = "[redacted]"


def is_quota(code: str, message: str) -> bool:
    """Tell whether SES says that a quota is used up: the one for these 24 hours comes under a throttle's code."""
    return code in _QUOTAS or _DAILY_QUOTA in message.lower()


def is_throttle(code: str, status: int) -> bool:
    """Tell whether an answer that is no quota asks to slow down, which passes within seconds."""
    return code in _THROTTLES or status == _TOO_MANY_REQUESTS


def unusable_access_key() -> ConnectorError:
    """Say that the access key id is none, before it gets into a header or a message."""
    return ConnectorError(
        ConnectorErrorCodes.INVALID_CONFIG,
        {"message": "The accessKeyId cannot be used: an access key id is letters and digits only."},
    )


def refuse_other_json(response_dict: dict[str, Any], **_: object) -> None:
    """Handle botocore's before-parse event: its parser breaks on JSON that is no object, as some proxies answer.

    Raises:
        ResponseParserError: the body is such JSON.
    """
    body = response_dict["body"].lstrip()
    if body.startswith(b"{"):
        return
    try:
        json.loads(body)
    except ValueError:
        return  # no JSON at all: botocore's parser sees to that
    raise ResponseParserError("expected a JSON object")


def client_failure(error: Exception) -> ConnectorError:
    """Say why no client could be made; the error is not to be chained unless it comes from botocore."""
    if isinstance(error, InvalidRegionError | ValueError):
        return ConnectorError(
            ConnectorErrorCodes.INVALID_CONFIG,
            {"message": 'The region cannot be used: give the code of an AWS region, as in "eu-west-1".'},
        )
    return ConnectorError(
        ConnectorErrorCodes.GENERAL,
        {"message": f"botocore could not make a client: {type(error).__name__}."},
    )


def send_failure(error: Exception, secrets: Iterable[object]) -> ConnectorError:
    """Translate what a call of ``SendEmail`` raised; the result is chained unless the cause could show a secret.

    Args:
        error: what was raised.
        secrets: what must not appear, should a provider or a proxy repeat it in its message.
    """
    if isinstance(error, ClientError):
        return _chained(_refusal(error.response, secrets), error, secrets)
    if isinstance(error, ResponseParserError | UnicodeDecodeError):
        return unusable_answer("its body is not what SES sends")
    if isinstance(error, BotoCoreError):
        message = f"Amazon SES could not be reached: {type(error).__name__}."
        return _chained(ConnectorError(ConnectorErrorCodes.GENERAL, {"message": message}), error, secrets)
    # Not botocore's own, from before the request or from reading the answer: the text may hold headers or a body, so
    # neither it nor its traceback goes along.
    return ConnectorError(
        ConnectorErrorCodes.GENERAL,
        {"message": f"The call to Amazon SES failed: {type(error).__name__}."},
    )


def unusable_answer(reason: str, status: int = 200) -> ConnectorError:
    """Say that SES answered, but not in a way that means the message was accepted."""
    return ConnectorError(
        ConnectorErrorCodes.INVALID_RESPONSE,
        {"message": f"Amazon SES gave an unusable answer (HTTP {status}): {reason}."},
    )


def _refusal(response: Any, secrets: Iterable[object]) -> ConnectorError:  # noqa: ANN401 - botocore's parsed answer
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    code = str(error.get("Code") or "")
    message = str(error.get("Message") or f"Amazon SES answered with HTTP {status} and no message.")
    if is_quota(code, message):
        why = ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED
    elif is_throttle(code, status):
        why = ConnectorErrorCodes.RATE_LIMIT_EXCEEDED
    else:
        why = ConnectorErrorCodes.INVALID_RESPONSE
    data = {
        "message": _redact(message, secrets),
        "code": _redact(code, secrets),
        "requestId": metadata.get("RequestId"),
    }
    return ConnectorError(why, data)


def _redact(text: str, secrets: Iterable[object]) -> str:
    for secret in secrets:
        if isinstance(secret, str) and secret:
            text = text.replace(secret, _REDACTED)
    return text


def _chained(translated: ConnectorError, cause: Exception, secrets: Iterable[object]) -> ConnectorError:
    text = str(cause)
    if _redact(text, secrets) == text:
        translated.__cause__ = cause
    return translated
