"""The body of a request: read within limits of size and time, parsed as JSON, then validated by its guard."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from connector_kit.errors import ConnectorErrorCodes
from connector_kit.guards import Guard
from connector_kit.host.responses import HostError
from connector_kit.messages import SendMessageData
from connector_kit.parsing import load_json
from connector_kit.social import AuthorizationRequest, ConnectorSession

_MAX_DRAINED_BYTES: Final = 1 << 23

_MAX_DEPTH: Final = 100
"""Levels of nesting. Logto's messages have fewer than ten; a thousand exhaust the stack of recursive code."""


class RequestBody:
    """Reads the body of one request.

    Args:
        receive: the ASGI channel.
        headers: the request's headers, with lower-case names.
        seconds: the body must arrive within this time, from now on.
        max_bytes: the largest accepted body.
    """

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes], seconds: float, max_bytes: int) -> None:
        self._receive = receive
        self._headers = headers
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._max_bytes = max_bytes
        self._is_complete = False

    @property
    def _content_length(self) -> int:
        length = self._headers.get(b"content-length", b"0")
        return int(length) if length.isdigit() else 0

    async def read_json(self) -> Any:
        """Read the body and parse it.

        Raises:
            HostError: the content type is not JSON, or the body is not JSON, too large or too slow.
            ClientDisconnect: the client closed the connection before the body was complete.
        """
        if not self._has_json_type():
            raise HostError("unsupported_media_type")
        if self._content_length > self._max_bytes:
            raise HostError("too_large")
        content = bytearray()
        while not self._is_complete:
            content += await self._read_chunk()
            if len(content) > self._max_bytes:
                raise HostError("too_large")
        try:
            value = load_json(content.decode("utf-8"))
        except (ValueError, RecursionError):
            raise HostError("bad_json") from None
        if content.count(b"[") + content.count(b"{") > _MAX_DEPTH and _is_too_deep(value):
            raise HostError("bad_json")
        return value

    async def drain(self) -> bool:
        """Read and discard the rest of the body, within limits of size and time; return whether that was all of it.

        A client that is still writing when the connection closes would lose the response.
        """
        if not self._content_length and b"transfer-encoding" not in self._headers:
            return True  # no body, or HTTP/2, in which an unread body does not cost the client its response
        drained = 0
        try:
            while not self._is_complete and drained < _MAX_DRAINED_BYTES:
                drained += len(await self._read_chunk())
        except (HostError, ClientDisconnect):
            self._is_complete = True  # the client is gone or too slow: nothing more is read
            return False
        return self._is_complete

    async def _read_chunk(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HostError("slow_body", {"Connection": "close"}) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._is_complete = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk

    def _has_json_type(self) -> bool:
        media_type, _, parameters = self._headers.get(b"content-type", b"").lower().partition(b";")
        charsets = [it.partition(b"=")[2].strip(b' "') for it in parameters.split(b";") if b"charset" in it]
        encoding = self._headers.get(b"content-encoding", b"identity").lower().strip()
        return (
            media_type.strip() == b"application/json"
            and all(charset in {b"utf-8", b"utf8"} for charset in charsets)
            and encoding == b"identity"
        )


def _is_too_deep(value: object) -> bool:
    level: list[Any] = [[value]]  # the lists and objects of one level, without empty ones
    for _ in range(_MAX_DEPTH + 1):
        level = [
            member
            for item in level
            for member in (item.values() if type(item) is dict else item)
            if type(member) in {dict, list} and member
        ]
        if not level:
            return False
    return True


# --- what a body holds ---


@frozen
class SendRequest:
    """The body of ``/connectors/{id}/send-message``, except its config.

    Args:
        data: the message.
        template: the e-mail template that Logto resolved.
    """

    data: SendMessageData
    template: Any = None


@frozen
class SendTestRequest:
    """The body of ``/connectors/{id}/test``.

    Args:
        to: the recipient.
        config: used instead of the saved config.
        locale: a language tag.
    """

    to: str
    config: Any = None
    locale: str | None = None


@frozen
class ConfigRequest:
    """The body of ``/connectors/{id}/validate-config``.

    Args:
        config: any JSON value.
    """

    config: Any


@frozen
class UsageRequest:
    """The body of ``/connectors/{id}/usage``.

    Args:
        config: used instead of the saved config.
        start_from: count from this moment, in ISO 8601; ``None`` counts all messages.
    """

    config: Any = None
    start_from: str | None = None


@frozen
class AuthorizationUriRequest:
    """The body of ``/connectors/{id}/authorization-uri``, except its config.

    Args:
        request: what Logto knows about the sign-in.
    """

    request: AuthorizationRequest


@frozen
class UserInfoRequest:
    """The body of ``/connectors/{id}/user-info`` and ``…/token-response-and-user-info``, except its config.

    Args:
        data: the parameters of the callback.
        session: what Logto stores for this sign-in; ``None`` if it has nothing.
    """

    data: Any = field(repr=False)
    session: ConnectorSession | None = None


@frozen
class AccessTokenRequest:
    """The body of ``/connectors/{id}/access-token-by-refresh-token``, except its config."""

    refresh_token: str = field(repr=False)


@frozen
class SamlAssertionRequest:
    """The body of ``/connectors/{id}/validate-saml-assertion``, except its config.

    Args:
        assertion: what Logto received from the identity provider.
        session: what Logto stores for this sign-in; ``None`` if it has nothing.
    """

    assertion: dict[str, Any] = field(repr=False)
    session: ConnectorSession | None = None


def _guard(schema: str, cls: type) -> Guard[Any]:
    return Guard(schema, cls, error_code=ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, warnings=())


host_message_guard: Final[Guard[SendMessageData]] = _guard("host-message", SendMessageData)
host_send_request_guard: Final[Guard[SendRequest]] = _guard("host-send-request", SendRequest)
host_test_request_guard: Final[Guard[SendTestRequest]] = _guard("host-test-request", SendTestRequest)
host_config_request_guard: Final[Guard[ConfigRequest]] = _guard("host-config-request", ConfigRequest)
host_usage_request_guard: Final[Guard[UsageRequest]] = _guard("host-usage-request", UsageRequest)
host_authorization_uri_request_guard: Final[Guard[AuthorizationUriRequest]] = _guard(
    "host-authorization-uri-request", AuthorizationUriRequest
)
host_user_info_request_guard: Final[Guard[UserInfoRequest]] = _guard("host-user-info-request", UserInfoRequest)
host_access_token_request_guard: Final[Guard[AccessTokenRequest]] = _guard(
    "host-access-token-request", AccessTokenRequest
)
host_saml_assertion_request_guard: Final[Guard[SamlAssertionRequest]] = _guard(
    "host-saml-assertion-request", SamlAssertionRequest
)
