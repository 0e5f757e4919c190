"""Responses: a status, a code, a message without secrets, and the request's id."""

import json
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from connector_kit.errors import ConnectorError, ConnectorErrorCodes

HOST_CODES: Final[Mapping[str, tuple[int, str]]] = {
    "bad_request": (400, "The request is not valid HTTP."),
    "bad_json": (400, "The body is not JSON in UTF-8."),
    "no_session": (400, "The session of this sign-in was not found. Start the sign-in again."),
    "unauthorized": (401, "The token is missing or wrong."),
    "forbidden": (403, "Requests from this address are not allowed."),
    "not_found": (404, "The resource does not exist."),
    "method_not_allowed": (405, "The resource does not support this method."),
    "slow_body": (408, "The request did not arrive in time."),
    "too_large": (413, "The body is too large."),
    "unsupported_media_type": (415, "The content type must be application/json."),
    "internal": (500, "An internal error occurred."),
    "busy": (503, "Too many messages are being sent at once. Try again in a moment."),
    "timed_out": (504, "Sending took too long. The message may still arrive."),
}
"""The host's own error codes, each with its status and message."""

SIGN_IN_MESSAGES: Final[Mapping[str, str]] = {
    "busy": "Too many requests at once. Try again in a moment.",
    "timed_out": "The sign-in took too long. Start it again.",
}
"""The messages for calls of social connectors, where that of `HOST_CODES` is about sending."""

RETRY_AFTER_SECONDS: Final = 1

MOST_ISSUES: Final = 100
"""A response lists the first issues of a config or a request; a small body may have thousands."""


def new_request_id() -> str:
    """Return a random id for a request that has none."""
    return secrets.token_hex(12)


class HostError(Exception):
    """The host itself rejects a request.

    Args:
        code: one of `HOST_CODES`.
        headers: extra headers of the response.
        is_sign_in: the request is a call of a social connector.
    """

    def __init__(self, code: str, headers: Mapping[str, str] | None = None, *, is_sign_in: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.message = HOST_CODES[code]
        if is_sign_in:
            self.message = SIGN_IN_MESSAGES.get(code, self.message)
        self.headers = dict(headers or {})

    def response(self, request_id: str) -> Response:
        """Return the response to the rejected request."""
        return JsonResponse(error_body(self.code, self.message, request_id), self.status, self.headers)


class JsonResponse(Response):
    """A JSON body in ASCII: it can carry any text, even an unpaired surrogate."""

    media_type = "application/json"

    def __init__(self, content: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(json.dumps(content, separators=(",", ":"), allow_nan=False), status, headers)


def error_body(code: str, message: str, request_id: str) -> dict[str, Any]:
    """Return the body of every failure."""
    return {"code": code, "message": message, "requestId": request_id}


def connector_error_response(
    error: ConnectorError,
    request_id: str,
    redact: Callable[[str], str],
    *,
    with_issues: bool,
    is_sign_in: bool = False,
) -> Response:
    """Return the response to a failed connector call: its code and status, and none of the provider's text.

    Args:
        error: what the connector raised.
        request_id: the id of the request.
        redact: removes secrets from a text. Issues of a guard hold none, but a connector may add its own.
        with_issues: list what is wrong with the config or the request.
        is_sign_in: the call is one of a social connector.
    """
    message = error.code.sign_in_message if is_sign_in else error.code.user_message
    body = error_body(str(error.code), message, request_id)
    if with_issues and error.code in _CODES_WITH_ISSUES:
        redact = cache(redact)  # the same message for a hundred places
        body["issues"] = [{name: redact(text) for name, text in issue.items()} for issue in _issues(error.data)]
    return JsonResponse(body, error.http_status)


_CODES_WITH_ISSUES: Final = frozenset(
    {ConnectorErrorCodes.INVALID_CONFIG, ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS}
)
_ISSUE_KEYS: Final = frozenset({"path", "keyword", "message"})


def _issues(data: object) -> list[dict[str, str]]:
    """Return those issues in an error's data that have the form of a guard's."""
    issues = data.get("issues") if isinstance(data, dict) else None
    return [
        {"severity": "error", **issue}
        for issue in (issues[:MOST_ISSUES] if isinstance(issues, list) else ())
        if isinstance(issue, dict) and issue.keys() == _ISSUE_KEYS and all(isinstance(it, str) for it in issue.values())
    ]
