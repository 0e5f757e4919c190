"""What the right connectors here have in common: pieces of schemas and forms, and the one place that calls and translates."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import urllib3
from attrs import frozen

from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    parse_json,
)

REQUIRED: Final = ("Register", "SignIn", "ForgotPassword", "Generic")
STRING: Final = {"type": "string"}
TOKEN: Final = {"type": "string", "pattern": "^[!-~]+$"}
"""What can stand in a header, a path or a user name as it is."""

ADDRESS: Final = {"type": "string", "pattern": "^https?://[a-z0-9.:/_-]+$"}
_PAUSE: Final = 0.02
_UNWANTED: Final = re.compile(r"[\x00-\x1f\x7f,;]")


def config_schema(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of a config."""
    return {"type": "object", "required": [*required], "properties": {**required, **(optional or {})}}


def templates(*keys: str, **optional: Any) -> dict[str, Any]:  # noqa: ANN401 - the schemas of further keys
    """Return the schema of templates that have these keys, all strings, beside their usageType."""
    item = {
        "type": "object",
        "required": ["usageType", *keys],
        "properties": {**dict.fromkeys(("usageType", *keys), STRING), **optional},
    }
    each = [{"contains": {"properties": {"usageType": {"const": it}}, "required": ["usageType"]}} for it in REQUIRED]
    return {"type": "array", "items": item, "allOf": each}


def metadata(connector_id: str, *items: ConnectorConfigFormItem) -> ConnectorMetadata:
    """Return the metadata of a connector of that id."""
    return ConnectorMetadata(
        id=connector_id,
        target=connector_id,
        name={"en": connector_id},
        description={"en": f"Sends through {connector_id}."},
        logo="https://logos.example/logo.svg",
        readme="Ask the provider for a key.",
        form_items=items,
    )


def text(key: str, **more: Any) -> ConnectorConfigFormItem:  # noqa: ANN401 - any field
    """Return a field for a line of text."""
    return ConnectorConfigFormItem(ConnectorConfigFormItemType.TEXT, key, key, **more)


def required(key: str, **more: Any) -> ConnectorConfigFormItem:  # noqa: ANN401 - any field
    """Return a field for a line of text that has to be filled in."""
    return text(key, required=True, **more)


def json_item(key: str, *, is_required: bool = True) -> ConnectorConfigFormItem:
    """Return a field for JSON."""
    return ConnectorConfigFormItem(ConnectorConfigFormItemType.JSON, key, key, required=is_required)


def one_recipient(to: str) -> str:
    """Return a recipient that is one, and fits on one line.

    Raises:
        ConnectorError: ``invalid_request_parameters``.
    """
    if _UNWANTED.search(to):
        raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "The recipient is not one.")
    return to


CODES: Final = {402: ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 429: ConnectorErrorCodes.RATE_LIMIT_EXCEEDED}


@frozen
class Http:
    """Calls a provider and translates every failure, here and nowhere else.

    Args:
        accepted: the statuses that mean success.
        said: finds the provider's words in the JSON of a refusal.
        codes: which statuses are no ``invalid_response``.
    """

    accepted: frozenset[int] = frozenset({200})
    said: Callable[[Any], object] = lambda answer: answer["message"]
    codes: Mapping[int, ConnectorErrorCodes] = CODES

    def call(
        self,
        pool: urllib3.PoolManager,
        method: str,
        url: str,
        secrets: tuple[object, ...],
        **request: Any,  # noqa: ANN401 - see urllib3
    ) -> urllib3.BaseHTTPResponse:
        """Make one request, or another when the first is throttled, and return its answer if it is a success.

        Args:
            pool: of connections.
            method: of HTTP.
            url: where to.
            secrets: what must not show in an error, should the provider repeat it.
            request: as `urllib3.PoolManager.request` takes it; ``form`` for a form of text fields.
        """
        form = request.pop("form", None)
        try:
            if form is not None:
                request |= {"fields": [(key, it.encode()) for key, it in form], "encode_multipart": False}
            answer = pool.request(method, url, redirect=False, **request)
            if self.codes.get(answer.status) is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED:
                time.sleep(_PAUSE)
                answer = pool.request(method, url, redirect=False, **request)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            message = f"The provider could not be reached: {type(error).__name__}."
            raise ConnectorError(ConnectorErrorCodes.GENERAL, message) from None
        if answer.status in self.accepted:
            return answer
        raise ConnectorError(
            self.codes.get(answer.status, ConnectorErrorCodes.INVALID_RESPONSE),
            {"message": _redacted(self._why(answer), secrets), "status": answer.status},
        )

    def _why(self, answer: urllib3.BaseHTTPResponse) -> str:
        try:
            return str(self.said(answer.json()))
        except (ValueError, LookupError, TypeError, AttributeError):
            return f"The provider answered with HTTP {answer.status} and no reason."


def _redacted(message: str, secrets: tuple[object, ...]) -> str:
    for secret in secrets:
        if isinstance(secret, str) and secret:
            message = message.replace(secret, "[redacted]")
    return message


def text_of(answer: urllib3.BaseHTTPResponse, key: str) -> str:
    """Return a member of a success's body, which must be JSON and have it.

    Raises:
        ConnectorError: ``invalid_response``.
    """
    unusable = {"message": "The provider gave an unusable answer."}
    found = parse_json(answer.data.decode("utf-8", "replace"), error_payload=unusable)
    value = found.get(key) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, unusable)
    return value


def new_pool() -> urllib3.PoolManager:
    """Return connections that try nothing again and wait for nothing long."""
    return urllib3.PoolManager(8, timeout=urllib3.Timeout(connect=1, read=1.5), retries=False, maxsize=8)
