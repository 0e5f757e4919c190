"""What the host answers: a status, a code, a sentence that gives nothing away, and the request's id."""

import json
import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from connector_kit.errors import ConnectorError, ConnectorErrorCodes

MESSAGES: Final[Mapping[ConnectorErrorCodes, str]] = {
    ConnectorErrorCodes.GENERAL: "The message could not be sent.",
    ConnectorErrorCodes.INVALID_METADATA: "The connector's metadata is not valid.",
    ConnectorErrorCodes.UNEXPECTED_TYPE: "The connector is not of the expected type.",
    ConnectorErrorCodes.INVALID_CONFIG_GUARD: "The connector cannot check its config.",
    ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS: "The request is not one that the connector takes.",
    ConnectorErrorCodes.INSUFFICIENT_REQUEST_PARAMETERS: "The request lacks something that the connector needs.",
    ConnectorErrorCodes.INVALID_CONFIG: "The connector's config is not valid.",
    ConnectorErrorCodes.INVALID_CERTIFICATE: "A certificate is not valid.",
    ConnectorErrorCodes.INVALID_RESPONSE: "The provider did not accept the message.",
    ConnectorErrorCodes.TEMPLATE_NOT_FOUND: "There is no template for this kind of message.",
    ConnectorErrorCodes.TEMPLATE_NOT_SUPPORTED: "This kind of message is not supported.",
    ConnectorErrorCodes.RATE_LIMIT_EXCEEDED: "Too many messages at once; try again in a moment.",
    ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED: "The limit for messages is reached.",
    ConnectorErrorCodes.NOT_IMPLEMENTED: "The connector cannot do this.",
    ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID: "The authorization code is not valid.",
    ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID: "The access token is not valid.",
    ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID: "The id token is not valid.",
    ConnectorErrorCodes.AUTHORIZATION_FAILED: "The provider refused the authorization.",
}
"""What an end user may read in Logto: Logto's HTTP connectors show the body of a failure as it is."""

HOST_CODES: Final[Mapping[str, tuple[int, str]]] = {
    "bad_request": (400, "The request is not HTTP as it should be."),
    "bad_json": (400, "The body is not JSON in UTF-8."),
    "unauthorized": (401, "The token is missing or wrong."),
    "forbidden": (403, "Calls from this address are not allowed."),
    "not_found": (404, "There is no such resource."),
    "method_not_allowed": (405, "The resource does not have this method."),
    "slow_body": (408, "The request did not arrive in time."),
    "too_large": (413, "The body is too large."),
    "unsupported_media_type": (415, "The body has to be application/json."),
    "internal": (500, "Something went wrong."),
    "busy": (503, "Too many messages are being sent at once; try again in a moment."),
    "timed_out": (504, "Sending took too long; the message may arrive nevertheless."),
}
"""The host's own codes, each with its status and sentence."""

RETRY_AFTER_SECONDS: Final = 1


def new_request_id() -> str:
    """Make an id for a request that brings none."""
    return secrets.token_hex(12)


class HostError(Exception):
    """The host itself refuses a request.

    Args:
        code: one of `HOST_CODES`.
        headers: for the answer.
    """

    def __init__(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.message = HOST_CODES[code]
        self.headers = dict(headers or {})


class JsonAnswer(Response):
    """A JSON body in ASCII, so that any text in it survives, half a surrogate pair too.

    Args:
        content: any JSON value.
        status: the HTTP status.
        headers: beside those that every answer has.
        code: why it failed, for the log.
    """

    media_type = "application/json"

    def __init__(
        self,
        content: object,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
        *,
        code: str | None = None,
    ) -> None:
        self.code = code
        super().__init__(json.dumps(content, separators=(",", ":"), allow_nan=False), status, headers)


def refusal(error: HostError, request_id: str) -> JsonAnswer:
    """Answer with a failure of the host's own."""
    body = {"code": error.code, "message": error.message, "requestId": request_id}
    return JsonAnswer(body, error.status, error.headers, code=error.code)


def failure(error: ConnectorError, request_id: str, redact: Callable[[str], str], *, with_issues: bool) -> JsonAnswer:
    """Answer with a connector's failure: its code and status, and of its data nothing but issues.

    Args:
        error: what the connector raised.
        request_id: of the request.
        redact: takes secrets out of a text: a guard's issues have none, but a connector may make its own.
        with_issues: say where a config or a request is wrong.
    """
    body: dict[str, Any] = {"code": str(error.code), "message": MESSAGES[error.code], "requestId": request_id}
    if with_issues and error.code in _HAVE_ISSUES:
        body["issues"] = [{name: redact(text) for name, text in issue.items()} for issue in public_issues(error.data)]
    return JsonAnswer(body, error.http_status, code=str(error.code))


_HAVE_ISSUES: Final = frozenset({ConnectorErrorCodes.INVALID_CONFIG, ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS})


def public_issues(data: object) -> list[dict[str, str]]:
    """Return the issues in an error's data, as far as they have the form that guards give them."""
    issues = data.get("issues") if isinstance(data, dict) else None
    return [
        {"severity": "error", **issue}
        for issue in (issues if isinstance(issues, list) else ())
        if isinstance(issue, dict) and issue.keys() == _ISSUE_KEYS and all(isinstance(it, str) for it in issue.values())
    ]


_ISSUE_KEYS: Final = frozenset({"path", "keyword", "message"})


def json_or_none(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value if it is JSON, and nothing otherwise."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return None
