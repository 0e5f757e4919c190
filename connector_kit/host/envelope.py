"""What every request goes through before its route, and every answer after it."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector_kit.host.answers import HostError, new_request_id
from connector_kit.host.bodies import ClientGoneError, RequestBody
from connector_kit.host.callers import TokenCheck, client_address, may_call
from connector_kit.host.exchange import EXCHANGE, Exchange
from connector_kit.host.logs import RequestLine, describe_exception
from connector_kit.host.settings import HostSettings

METRICS_PATH: Final = "/metrics"

_OPEN_PATHS: Final = frozenset({"/healthz", "/readyz"})
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_UNKNOWN_PATH: Final = "(unknown)"


class Envelope:
    """Wraps every request: id, address, token, deadline; and afterwards its line in the log.

    Args:
        app: what is wrapped.
        settings: of the host.
        answered: called with the route and status of every answer.
    """

    def __init__(self, app: ASGIApp, settings: HostSettings, answered: Callable[[str, int], None]) -> None:
        self._app = app
        self._settings = settings
        self._answered = answered
        self._tokens = TokenCheck(settings.tokens)
        self._metrics_tokens = TokenCheck((*settings.tokens, *settings.metrics_tokens))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers)
        line = RequestLine()
        body = RequestBody(receive, headers, self._settings.body_seconds)
        ends = asyncio.get_running_loop().time() + self._settings.deadline_seconds
        exchange = Exchange(request_id, line, body, ends)
        scope[EXCHANGE] = exchange
        method = scope["method"]
        line.note(method=method if method in _METHODS else "(other)", path=_UNKNOWN_PATH)
        status: int | None = None

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                await body.drain()
                common = {**_HEADERS, "X-Request-Id": request_id}
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in common.items()),
                ]
            await send(message)

        try:
            await self._respond(scope, receive, sending, exchange)
        except ClientGoneError:
            line.note(code="client_gone")
        finally:
            self._answered(line.fields["path"], status or 0)
            line.write(status=status, request_id=request_id)

    async def _respond(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        try:
            self._admit(scope, exchange)
        except HostError as error:
            await exchange.refuse(error)(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientGoneError:
            raise
        except Exception as error:
            exchange.line.note(**describe_exception(error))
            if started:
                raise
            await exchange.refuse(HostError("internal"))(scope, receive, send)

    def _admit(self, scope: Scope, exchange: Exchange) -> None:
        """Let a request in.

        Raises:
            HostError: ``bad_request``, ``forbidden`` or ``unauthorized``.
        """
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        peer = scope["client"][0] if scope.get("client") else None
        client = client_address(peer, forwarded, self._settings.trusted_proxies)
        exchange.line.note(client=client)
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
            # A proxy in between may have taken the other of the two for where the next request begins.
            raise HostError("bad_request", {"Connection": "close"})
        if scope["path"] in _OPEN_PATHS:
            return
        if not may_call(client, self._settings.allow_ips):
            raise HostError("forbidden")
        tokens = self._metrics_tokens if scope["path"] == METRICS_PATH else self._tokens
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if self._settings.tokens and not tokens.accepts(given):
            raise HostError("unauthorized", {"WWW-Authenticate": "Bearer"})


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else new_request_id()
