"""The middleware around every request: its context before the route; headers, errors and the log line after it."""

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector_kit.host.authentication import client_address
from connector_kit.host.logs import RequestLogLine, describe_exception
from connector_kit.host.metrics import Metrics
from connector_kit.host.request_body import RequestBody
from connector_kit.host.request_context import CONTEXT_KEY, RequestContext
from connector_kit.host.responses import HostError, new_request_id
from connector_kit.host.settings import HostSettings

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_HEADERS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_CLOSE: Final = (b"connection", b"close")
_UNKNOWN_ROUTE: Final = "(unknown)"


class RequestMiddleware:
    """Gives each request its context, and turns every exception into a response.

    Args:
        app: the ASGI application behind it.
        settings: the host's settings.
        metrics: counts the responses.
    """

    def __init__(self, app: ASGIApp, settings: HostSettings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request and write its log line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = scope[CONTEXT_KEY] = self._context(scope, receive)
        line = context.log_line
        status: int | None = None

        async def send_response(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], *_HEADERS, (b"x-request-id", context.request_id.encode())]
                if not await context.body.drain() and _CLOSE not in headers:
                    headers.append(_CLOSE)  # the rest of the body may never arrive
                message["headers"] = headers
            await send(message)

        try:
            _reject_ambiguous_length(scope)
            await self._app(scope, receive, send_response)
        except ClientDisconnect:
            line.add(code="client_gone")
        except HostError as error:
            line.add(code=error.code)
            await error.response(context.request_id)(scope, receive, send_response)
        except Exception as error:
            line.add(**describe_exception(error))
            if status is not None:
                raise
            line.add(code="internal")
            await HostError("internal").response(context.request_id)(scope, receive, send_response)
        finally:
            route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
            self._metrics.count_response(route, status or 0)
            line.add(path=route)
            line.write(status=status, request_id=context.request_id)

    def _context(self, scope: Scope, receive: Receive) -> RequestContext:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        forwarded_for = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        peer = scope["client"][0] if scope.get("client") else None
        client = client_address(peer, forwarded_for, self._settings.trusted_proxies)
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        return RequestContext(
            request_id=_request_id(headers),
            client=client,
            log_line=RequestLogLine(method=method, path=_UNKNOWN_ROUTE, client=client),
            body=RequestBody(receive, headers, self._settings.body_seconds, self._settings.max_body_bytes),
            deadline=asyncio.get_running_loop().time() + self._settings.deadline_seconds,
        )


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    header = headers.get(b"x-request-id", b"").decode("latin-1")
    return header if _REQUEST_ID.fullmatch(header) else new_request_id()


def _reject_ambiguous_length(scope: Scope) -> None:
    """Reject a request with both Content-Length and Transfer-Encoding.

    A proxy may have used the other header, and so disagree on where the next request begins (RFC 9112 §6.3).
    """
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
        raise HostError("bad_request", {"Connection": "close"})
