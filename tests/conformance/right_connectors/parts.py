"""Shared by the correct connectors: parts of schemas and forms, and `Http`, which sends requests and translates errors."""

import io
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import urllib3
from attrs import frozen
from urllib3.poolmanager import pool_classes_by_scheme

from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    bounded_pool_classes,
    parse_json,
)
from connector_kit.redaction import redact

REQUIRED: Final = ("Register", "SignIn", "ForgotPassword", "Generic")
STRING: Final = {"type": "string"}
TOKEN: Final = {"type": "string", "pattern": "^[!-~]+$"}
"""Text that needs no encoding in a header, a path or a user name."""

ADDRESS: Final = {"type": "string", "pattern": "^https?://[a-z0-9.:/_-]+$"}
TIME_LIMIT: Final = 0.5
"""Seconds to connect, and seconds for a whole response."""

_PAUSE: Final = 0.02
_MOST_BYTES: Final = 1_000_000
_UNWANTED: Final = re.compile(r"[\x00-\x1f\x7f,;]")


def config_schema(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of a config."""
    return {"type": "object", "required": [*required], "properties": {**required, **(optional or {})}}


def templates(*keys: str, **optional: Any) -> dict[str, Any]:
    """Return the schema of an array of templates: objects with ``usageType`` and these keys, all strings."""
    item = {
        "type": "object",
        "required": ["usageType", *keys],
        "properties": {**dict.fromkeys(("usageType", *keys), STRING), **optional},
    }
    each = [{"contains": {"properties": {"usageType": {"const": it}}, "required": ["usageType"]}} for it in REQUIRED]
    return {"type": "array", "items": item, "allOf": each}


def metadata(connector_id: str, *items: ConnectorConfigFormItem) -> ConnectorMetadata:
    """Return the metadata of a connector with that id."""
    return ConnectorMetadata(
        id=connector_id,
        target=connector_id,
        name={"en": connector_id},
        description={"en": f"Sends through {connector_id}."},
        logo="https://logos.example/logo.svg",
        readme="Ask the provider for a key.",
        form_items=items,
    )


def text(key: str, **more: Any) -> ConnectorConfigFormItem:
    """Return a form item for a line of text."""
    return ConnectorConfigFormItem(ConnectorConfigFormItemType.TEXT, key, key, **more)


def required(key: str, **more: Any) -> ConnectorConfigFormItem:
    """Return a form item for a line of text that is required."""
    return text(key, required=True, **more)


def json_item(key: str, *, is_required: bool = True) -> ConnectorConfigFormItem:
    """Return a form item for JSON."""
    return ConnectorConfigFormItem(ConnectorConfigFormItemType.JSON, key, key, required=is_required)


def one_recipient(to: str) -> str:
    """Return the recipient.

    Raises:
        ConnectorError: ``invalid_request_parameters``: the text has a line break or separates several recipients.
    """
    if _UNWANTED.search(to):
        raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "Expected one recipient on one line.")
    return to


CODES: Final = {402: ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 429: ConnectorErrorCodes.RATE_LIMIT_EXCEEDED}


@frozen
class Http:
    """Sends requests to a provider and translates every failure into a `ConnectorError`.

    Args:
        accepted: the status codes of success.
        error_message: returns the provider's message, given the JSON body of an error response.
        codes: error codes by status; other statuses are ``invalid_response``.
    """

    accepted: frozenset[int] = frozenset({200})
    error_message: Callable[[Any], object] = lambda body: body["message"]
    codes: Mapping[int, ConnectorErrorCodes] = CODES

    def call(
        self,
        pool: urllib3.PoolManager,
        method: str,
        url: str,
        secrets: tuple[object, ...],
        **request: Any,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request, repeat it once if it is throttled, and return the response if it is a success.

        Args:
            pool: the connections to use.
            method: the HTTP method.
            url: the address.
            secrets: values to redact in the provider's error message, which may repeat the request.
            request: arguments of `urllib3.PoolManager.request`; ``form`` for an URL-encoded form.
        """
        form = request.pop("form", None)
        try:
            if form is not None:
                request |= {"fields": [(key, it.encode()) for key, it in form], "encode_multipart": False}
            response = _read(pool.request(method, url, redirect=False, preload_content=False, **request))
            if self.codes.get(response.status) is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED:
                time.sleep(_PAUSE)
                response = _read(pool.request(method, url, redirect=False, preload_content=False, **request))
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            message = f"The provider could not be reached: {type(error).__name__}."
            raise ConnectorError(ConnectorErrorCodes.GENERAL, message) from None
        if response.status in self.accepted:
            return response
        raise ConnectorError(
            self.codes.get(response.status, ConnectorErrorCodes.INVALID_RESPONSE),
            {"message": redact(self._message(response), secrets), "status": response.status},
        )

    def _message(self, response: urllib3.BaseHTTPResponse) -> str:
        try:
            return str(self.error_message(response.json()))
        except (ValueError, LookupError, TypeError, AttributeError):
            return f"The provider responded with HTTP {response.status} and without a message."


def _read(response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    """Read a response, up to a limit."""
    content = response.read(_MOST_BYTES, decode_content=True)
    if len(content) < _MOST_BYTES:
        response.release_conn()
    else:
        response.close()
    return urllib3.HTTPResponse(io.BytesIO(content), {**response.headers, "Content-Encoding": ""}, response.status)


def text_of(response: urllib3.BaseHTTPResponse, key: str) -> str:
    """Return a string from the JSON body of a success response.

    Raises:
        ConnectorError: ``invalid_response``: the body is not JSON or has no such string.
    """
    unusable = {"message": f"Expected a JSON object with the string {key!r} from the provider."}
    found = parse_json(response.data.decode("utf-8", "replace"), error_payload=unusable)
    value = found.get(key) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, unusable)
    return value


def new_pool(size: int = 8, **options: Any) -> urllib3.PoolManager:
    """Return a connection pool without retries, whose time limits suit a provider on the same machine.

    The limits hold for whole responses, so that a provider that sends a byte now and then cannot hold a send.
    """
    limits = urllib3.Timeout(connect=TIME_LIMIT, read=TIME_LIMIT)
    pool = urllib3.PoolManager(size, maxsize=size, retries=False, **({"timeout": limits} | options))
    pool.pool_classes_by_scheme = bounded_pool_classes(pool_classes_by_scheme)
    return pool
