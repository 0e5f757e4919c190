"""One way to call a provider's HTTP API: limits, retries, errors and redaction, so that a connector needs none of its own."""

import base64
import json
import os
import random
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPException, HTTPMessage
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from attrs import frozen
from urllib3 import PoolManager, exceptions

from connector_kit.bounded_http import Response, close_idle_connections, connection_manager, exchange
from connector_kit.connector import ComposedMessage
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.parsing import load_json
from connector_kit.redaction import message_secrets, redact
from connector_kit.templates import get_value

ErrorTable = Mapping[int | str, ConnectorErrorCodes]
"""The connector's code for an HTTP status, or for an error code of the provider, which counts more."""

_DEFAULT_CODES: Final[ErrorTable] = {
    402: ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,
    429: ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,
}
_TOO_MANY_REQUESTS: Final = 429
_FIRST_SERVER_ERROR: Final = 500
_SUCCESS: Final = range(200, 300)

_NEVER_SENT: Final = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyError)
_UNKNOWN: Final = (OSError, HTTPException, exceptions.HTTPError)
_KEPT: Final = 50
"""Idle connections, for each server."""

_SERVERS_KEPT: Final = 8
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""The environment variables with which OpenSSL finds certificate authorities."""

_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST_TEXT: Final = 500
"""Characters of a plain-text error message."""

_SECONDS: Final = re.compile(r"[0-9]{1,4}")


@frozen
class ApiResponse:
    """A successful response of a provider. Its repr shows neither headers nor body.

    Args:
        status: of the response.
        headers: of the response.
        body: its JSON; ``None`` if it is empty. The fields of a form (``application/x-www-form-urlencoded``) are an object of
            texts.
    """

    status: int
    headers: HTTPMessage
    body: Any

    def __repr__(self) -> str:
        """Return the status alone."""
        return f"ApiResponse({self.status})"

    def text(self, path: str) -> str:
        """Return the text at a path of the body, such as ``id`` or ``messages.0.id``.

        Raises:
            ConnectorError: ``invalid_response`` if the body has no text at this path: it is unknown whether the message was sent.
        """
        found = _value_at(self.body, path)
        return self._required(found, path)

    def header(self, name: str) -> str:
        """Return the value of a response header, for APIs that return a message's id in one, whatever its case.

        Raises:
            ConnectorError: ``invalid_response`` if there is none: it is unknown whether the message was sent.
        """
        return self._required(self.headers.get(name), f"header {name}")

    def _required(self, found: object, what: str) -> str:
        if not isinstance(found, str) or not found:
            raise ConnectorError(
                ConnectorErrorCodes.INVALID_RESPONSE,
                {"message": f"The provider sent a malformed response (HTTP {self.status}): it has no {what}."},
            )
        return found


class HttpApi:
    """Calls the HTTP API of one provider. It is thread-safe; a forked process makes connections of its own.

    A call ends within its time limits. It is repeated only where the message cannot be delivered twice: after a connection
    that failed, and after HTTP 429 if it is not a used-up quota. If the API honours an idempotency key, it is also repeated
    after each failure of the network and of the server. It follows no redirect. Proxies and certificate authorities of the
    environment apply. Each failure is a `ConnectorError` whose data has the provider's message, its error code, the HTTP
    status and the request's id, without secrets.

    Args:
        provider: its name, for messages.
        base_url: of the API, without a slash at the end; or give it with each call.
        errors: the connector's codes by HTTP status or by the provider's error code. 402 is ``usage_limit_exceeded``, 429
            ``rate_limit_exceeded``, and all others ``invalid_response``, unless this table has another code.
        messages: the connector's codes by a part of the message in lower case, for errors that share a status and have no
            code. An error code of the provider in ``errors`` counts more, and a status less.
        message: the path of the message in the JSON of an error response, such as ``error.message``. If the response is plain
            text, that is the message.
        code: the path of the provider's error code there.
        request_id: the name of the response header with the id of a request.
        idempotency_header: the name of the request header, if the API delivers a message once for each key.
        retry_pauses: the longest pause in seconds before each repetition; ``Retry-After`` counts more.
        connect_limit: seconds for connecting, the look-up of the name and all addresses included.
        response_limit: seconds for sending a request and receiving its whole response.
        budget: seconds for a call with all its repetitions.
        largest_response: in bytes; a longer response is an error.
    """

    def __init__(
        self,
        provider: str,
        base_url: str = "",
        *,
        errors: ErrorTable | None = None,
        messages: Mapping[str, ConnectorErrorCodes] | None = None,
        message: str = "message",
        code: str | None = None,
        request_id: str = "x-request-id",
        idempotency_header: str | None = None,
        retry_pauses: tuple[float, ...] = (0.5, 1.0),
        connect_limit: float = 2.0,
        response_limit: float = 6.0,
        budget: float = 14.0,
        largest_response: int = 1 << 20,
    ) -> None:
        self._provider = provider
        self._base_url = base_url
        self._codes = {**_DEFAULT_CODES, **(errors or {})}
        self._messages = dict(messages or {})
        self._message = message
        self._code = code
        self._request_id = request_id
        self._idempotency_header = idempotency_header
        self._retry_pauses = retry_pauses
        self._connect_limit = connect_limit
        self._response_limit = response_limit
        self._budget = budget
        self._largest_response = largest_response
        self._lock = Lock()
        self._process = os.getpid()
        self._managers: dict[tuple[str | None, ...], PoolManager] = {}
        """By server and certificate authorities; the one that was used last is the last one."""

    def post(self, path: str, message: ComposedMessage, **request: Any) -> ApiResponse:
        """Send a POST request for a message; see `call`."""
        return self.call("POST", path, message, **request)

    def get(self, path: str, message: ComposedMessage | None = None, **request: Any) -> ApiResponse:
        """Send a GET request; see `call`."""
        return self.call("GET", path, message, **request)

    def call(
        self,
        method: str,
        path: str,
        message: ComposedMessage | None = None,
        *,
        base_url: str | None = None,
        json: object = None,
        form: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        query: Mapping[str, str] | None = None,
        bearer: str | None = None,
        basic: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[object] = (),
    ) -> ApiResponse:
        """Send a request, and return its successful response.

        Args:
            method: of the request.
            path: begins with a slash.
            message: the message that it sends: errors do not show its code, its link and other values of its payload.
            base_url: instead of that of the API.
            json: the body, as any JSON value.
            form: the body, as fields of a form.
            query: the parameters in the URL.
            bearer: the token in the ``Authorization`` header.
            basic: user and password in the ``Authorization`` header.
            headers: more of them. Errors do not show their values.
            secrets: what else errors must not show.

        Raises:
            ConnectorError: the API could not be reached, did not respond in time, or responded with an error, with
                something else than JSON or with too much. ``invalid_config`` if the URL or a header cannot be used.
        """
        url = f"{self._base_url if base_url is None else base_url}{path}{f'?{_urlencoded(query)}' if query else ''}"
        body, content_type = _body(json, form)
        head = {"Accept": "application/json", **({"Content-Type": content_type} if content_type else {})}
        if bearer is not None:
            head["Authorization"] = f"Bearer {bearer}"
        if basic is not None:
            head["Authorization"] = f"Basic {base64.b64encode(':'.join(basic).encode(errors='replace')).decode()}"
        if self._idempotency_header is not None and method == "POST":
            head[self._idempotency_header] = str(uuid.uuid4())
        head |= headers or {}
        hidden = [*secrets, bearer, *(basic or ())[1:], *(headers or {}).values(), *_hidden(message)]
        response = self._sent(method, url, head, body, has_message=message is not None)
        return ApiResponse(response.status, response.headers, self._json(response, hidden))

    def failure(
        self,
        reason: object,
        message: ComposedMessage | None = None,
        *,
        code: ConnectorErrorCodes = ConnectorErrorCodes.INVALID_RESPONSE,
        secrets: Iterable[object] = (),
    ) -> ConnectorError:
        """Return the error for a failure that a successful response reports in its body.

        Args:
            reason: the provider's text; anything else than a text means that it gave none.
            message: of which the error does not show the code, the link and other values.
            code: of the error.
            secrets: what else the error must not show.
        """
        text = reason if isinstance(reason, str) and reason else f"{self._provider} gave no reason."
        return ConnectorError(code, {"message": redact(text, [*secrets, *_hidden(message)])})

    def _sent(self, method: str, url: str, head: dict[str, str], body: bytes, *, has_message: bool) -> Response:
        """Return the response of the last attempt."""
        is_repeatable = self._idempotency_header in head
        ends = time.monotonic() + self._budget
        pauses = iter(self._retry_pauses)
        while True:
            failure: Exception | None = None
            response: Response | None = None
            try:
                response = self._exchange(method, url, head, body)
            except _NEVER_SENT as error:
                failure, may_repeat = error, True
            except _UNKNOWN as error:
                failure, may_repeat = error, is_repeatable
            else:
                is_passing = response.status == _TOO_MANY_REQUESTS
                is_passing |= is_repeatable and response.status >= _FIRST_SERVER_ERROR
                may_repeat = is_passing and self._error(response)[1] is not ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED
            pause = _pause(response, next(pauses, None)) if may_repeat else None
            if pause is None or time.monotonic() + pause + self._connect_limit + self._response_limit > ends:
                if response is None:
                    raise self._unreachable(failure, has_message=has_message)
                return response
            time.sleep(pause)

    def _exchange(self, method: str, url: str, head: dict[str, str], body: bytes) -> Response:
        try:
            parts = urlsplit(url)
            headers = {
                "Host": parts.netloc.rpartition("@")[2],
                "Accept-Encoding": "identity",
                "User-Agent": "logto-connector-kit",
                **head,
                **({"Content-Length": str(len(body))} if body or method == "POST" else {}),
            }
            manager = self._manager(f"{parts.scheme}://{parts.netloc}")
            return exchange(
                manager,
                method,
                url,
                headers,
                body,
                connect_limit=self._connect_limit,
                limit=self._response_limit,
                largest=self._largest_response,
            )
        except (ValueError, exceptions.LocationValueError) as error:
            raise ConnectorError(
                ConnectorErrorCodes.INVALID_CONFIG,
                f"No request to {self._provider} can be made with this config: its address, or a value for a header, is "
                f"not valid ({type(error).__name__}).",
            ) from None

    def _manager(self, server: str) -> PoolManager:
        key = (server, *map(os.environ.get, _CERTIFICATES))
        if self._process != os.getpid():
            # Two processes that share a connection would mix up their responses, and a thread of the parent may hold the lock.
            self._process, self._lock, self._managers = os.getpid(), Lock(), {}
        with self._lock:
            manager = self._managers.pop(key, None)
            if manager is None:
                manager = connection_manager(server, self._connect_limit, _KEPT, certificates=None)
            self._managers[key] = manager
            if len(self._managers) > _SERVERS_KEPT:
                close_idle_connections(self._managers.pop(next(iter(self._managers))))
            return manager

    def _unreachable(self, failure: Exception | None, *, has_message: bool) -> ConnectorError:
        """Return the error for a failure without a response. Its text may have the request, so only its type is shown."""
        name = type(getattr(failure, "__cause__", None) or failure).__name__
        if isinstance(failure, _NEVER_SENT):
            reason = f"{self._provider} could not be reached: {name}."
        elif has_message:
            reason = f"{self._provider} did not respond, but may have accepted the message: {name}."
        else:
            reason = f"{self._provider} did not respond: {name}."
        return ConnectorError(ConnectorErrorCodes.GENERAL, reason)

    def _json(self, response: Response, hidden: list[Any]) -> Any:
        """Return the JSON of a successful response.

        Raises:
            ConnectorError: the response is an error, or no JSON.
        """
        if response.status not in _SUCCESS:
            data, code = self._error(response)
            raise ConnectorError(
                code, {name: redact(it, hidden) if isinstance(it, str) else it for name, it in data.items()}
            )
        if not response.body:
            return None
        try:
            return _parsed(response)
        except ValueError:
            reason = f"{self._provider} sent a malformed response (HTTP {response.status}): its body is not JSON."
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": reason}) from None

    def _error(self, response: Response) -> tuple[dict[str, object], ConnectorErrorCodes]:
        """Return the data of an error response, with secrets, and the connector's code for it."""
        try:
            body = _parsed(response)
        except ValueError:
            body = None
        message = self._text(body, self._message) or _plain_text(response)
        provider_code = self._text(body, self._code)
        by_message = (code for part, code in self._messages.items() if part in (message or "").lower())
        code = self._codes.get(provider_code or "") or next(by_message, self._codes.get(response.status))
        data = {
            "message": message or f"{self._provider} responded with HTTP {response.status} and no message.",
            "status": response.status,
            "code": provider_code,
            "requestId": response.headers.get(self._request_id),
        }
        found = {name: it for name, it in data.items() if it is not None}
        return found, code or ConnectorErrorCodes.INVALID_RESPONSE

    @staticmethod
    def _text(body: Any, path: str | None) -> str | None:
        found = None if path is None else _value_at(body, path)
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def _parsed(response: Response) -> Any:
    """Return the JSON in a response, or the fields of a form.

    Raises:
        ValueError: the body is not JSON, or nested too deeply.
    """
    text = response.body.decode("utf-8", "replace")
    if response.headers.get_content_type() == _FORM:
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return load_json(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _plain_text(response: Response) -> str | None:
    """Return the text of a response that is plain text. A long one is not an error message, but a page."""
    if "content-type" not in response.headers or response.headers.get_content_type() != "text/plain":
        return None
    text = response.body.decode("utf-8", "replace").strip()
    return text if len(text) <= _LONGEST_TEXT else None


def _value_at(body: Any, path: str) -> Any:
    container: Any = body if isinstance(body, dict | list) else {}
    return get_value(container, path)


def _body(document: object, form: Any) -> tuple[bytes, str | None]:
    """Return the body of a request and its content type."""
    if form is not None:
        return _urlencoded(form).encode(), _FORM
    if document is not None:
        return json.dumps(document, ensure_ascii=True).encode(), "application/json"
    return b"", None


def _urlencoded(fields: Any) -> str:
    """Return fields as in a URL; with ``?`` for lone surrogates, which UTF-8 cannot represent."""
    return urlencode([*fields.items()] if isinstance(fields, Mapping) else fields, errors="replace")


def _pause(response: Response | None, longest: float | None) -> float | None:
    """Return how many seconds to wait before the next attempt, or ``None`` if there must be no further attempt."""
    if longest is None:
        return None
    stated = "" if response is None else str(response.headers.get("retry-after", "")).strip()
    if _SECONDS.fullmatch(stated):
        return float(stated)
    return random.uniform(longest / 2, longest)  # noqa: S311 - nobody gains by guessing a pause


def _hidden(message: ComposedMessage | None) -> Iterator[object]:
    """Yield what an error must not show of a message. The recipient's address stays: the operator needs it."""
    return iter(()) if message is None else message_secrets(message.data.payload, message.to)
