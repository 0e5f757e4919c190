"""HTTP/1.1 under uvicorn: request heads have a time limit too, and nobody who may be writing is hung up on.

A dropped connection costs more here than elsewhere: Logto's HTTP e-mail connector then throws an error that holds the
Authorization header and the message.
"""

import asyncio
import json
import logging
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector_kit.host.answers import HOST_CODES, new_request_id
from connector_kit.host.logs import log_event

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than callers keep idle connections (Node: 5 seconds), so that it is they who close them, never at the moment
when the next request is on its way."""

LAST_CALL_SECONDS: Final = 6.0
"""At shutdown idle connections stay open for so long, for the same reason; whatever still comes is answered."""

_LARGEST_HEAD: Final = 32 << 10


class HostConfig(uvicorn.Config):
    """uvicorn's config as this host needs it.

    Args:
        app: the application, or, where there are workers, what makes it in each of them.
        head_seconds: how long a request's head may take to arrive.
        **more: uvicorn's own.
    """

    def __init__(self, app: Any, head_seconds: float, **more: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(
            app,
            http=HostProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
            **more,
        )
        self.head_seconds = head_seconds


class HostProtocol(H11Protocol):
    """One connection."""

    config: HostConfig
    _head_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **more)
        self.access_log = False  # the application writes its own line, without what stands in a query

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin; a caller that then says nothing is let go as one whose connection is idle."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Take bytes; while they are part of a head, the time for it runs."""
        super().data_received(data)
        in_head = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if in_head and self._head_timer is None:
            self._head_timer = self.loop.call_later(self.config.head_seconds, self._give_up_on_head)
        elif not in_head:
            self._stop_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Finish what is in flight; wait a little for what may be on its way on an idle connection."""
        headers = self.server_state.default_headers
        if (b"connection", b"close") not in headers:
            self.server_state.default_headers = [*headers, (b"connection", b"close")]
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # uvicorn's type leaves out that there is none at first
            self.loop.call_later(LAST_CALL_SECONDS, self._close_if_idle)
        else:
            self.cycle.default_headers = self.server_state.default_headers
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answer what is no HTTP."""
        self._refuse("bad_request")

    def _close_if_idle(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up_on_head(self) -> None:
        self._refuse("slow_body")

    def _refuse(self, code: str) -> None:
        """Answer without the application, which has seen no request; and close."""
        status, message = HOST_CODES[code]
        request_id = new_request_id()
        body = json.dumps({"code": code, "message": message, "requestId": request_id}).encode("ascii")
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode("ascii")),
            (b"connection", b"close"),
            (b"x-request-id", request_id.encode("ascii")),
        ]
        client = self.client[0] if self.client else None
        log_event("refused", logging.WARNING, request_id=request_id, status=status, code=code, client=client)
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE} and not self.transport.is_closing():
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event))
        self.transport.close()
