"""The server: uvicorn in one process or several, with time limits that keep connections open while a client writes.

A dropped connection is worse here than elsewhere: Logto's HTTP e-mail connector then throws an error that contains the
Authorization header and the message. uvicorn 0.54 has no setting for what `HostProtocol` adds, so the class overrides
methods that uvicorn does not document. pyproject.toml therefore bounds uvicorn's version.
"""

import asyncio
import json
import logging
import math
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final, cast

import h11
import uvicorn
from attrs import field, frozen
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors import Multiprocess

if sys.platform != "win32":  # pragma: no branch - not tested on Windows
    import resource

from connector_kit.host.application import create_app
from connector_kit.host.host_file import HostFile
from connector_kit.host.logs import CONNECTION_LIMIT, log_event, set_up_logging
from connector_kit.host.metrics import MULTIPROCESS_FOLDER
from connector_kit.host.responses import HOST_CODES, error_body, new_request_id
from connector_kit.host.settings import HostSettings

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than clients keep idle connections (Node: 5 seconds). So the client closes them, and never just after it has
sent the next request."""

SHUTDOWN_IDLE_SECONDS: Final = 6.0
"""At shutdown, idle connections stay open for this time, for the same reason; the host responds to late requests."""

WRITE_SECONDS: Final = 10.0
"""What the host has written must be received within this time; else it closes the connection."""

_DESCRIPTORS_KEPT: Final = 64
"""For files, libraries and the listener; besides, each slot may need one for its provider."""

_MAX_HEAD_BYTES: Final = 32 << 10
_BACKLOG: Final = 2048
_MOST_CONNECTIONS: Final = 10_000
"""Where the system sets no limit of its own."""


def run(host: HostFile) -> None:
    """Serve until a signal stops the host; then finish the open requests.

    Raises:
        OSError: the host cannot listen on its address.
    """
    settings, listening = host.settings, host.listening
    set_up_logging(settings.log_format)
    listener = listen(listening.host, listening.port)
    name = f"[{listening.host}]" if ":" in listening.host else listening.host
    for warning in host.warnings:
        log_event("warning", source=warning.source, path=warning.issue.path, message=warning.issue.message)
    log_event(
        "serving",
        url=f"http://{name}:{listener.getsockname()[1]}",
        connectors=[it.id for it in settings.connectors],
        email=settings.email,
        sms=settings.sms,
        workers=listening.workers,
        token=bool(settings.tokens),
    )
    if listening.workers > 1:
        with _metrics_folder(enabled=settings.metrics):
            config = server_config(AppFactory(settings), settings, factory=True, workers=listening.workers)
            Multiprocess(config, sockets=[listener]).run()
    else:
        # uvicorn raises the signal again after its shutdown. Ignore it: the exit status must be 0.
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: None)
        uvicorn.Server(server_config(create_app(settings), settings)).run(sockets=[listener])
    log_event("stopped")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address.

    Raises:
        OSError: that is not possible.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


def server_config(app: Any, settings: HostSettings, **more: Any) -> "HostServerConfig":
    """Return uvicorn's config for a host.

    Args:
        app: the application, or with ``factory=True`` a function that makes it in each worker.
        settings: the host's settings.
        **more: further arguments of uvicorn's config.
    """
    config = HostServerConfig(
        app,
        http=HostProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.deadline_seconds + SHUTDOWN_IDLE_SECONDS),
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        **more,
    )
    config.head_seconds = settings.body_seconds
    config.most_connections = most_connections(settings.slots)
    return config


def most_connections(slots: int) -> int:
    """Return how many connections a process may have, so that it never runs out of descriptors."""
    if sys.platform == "win32":  # pragma: no cover - not tested on Windows
        return _MOST_CONNECTIONS
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if descriptors == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return descriptors - min(_DESCRIPTORS_KEPT + slots, descriptors // 2)


@frozen
class AppFactory:
    """Makes the application in a worker process.

    Args:
        settings: the settings, already checked by the parent process.
    """

    settings: HostSettings = field(repr=False)

    def __call__(self) -> ASGIApp:
        """Configure the worker's log and make its application."""
        set_up_logging(self.settings.log_format)
        parent = multiprocessing.parent_process()
        if parent is not None:
            Thread(target=_stop_after, args=(parent,), name="parent", daemon=True).start()
        return create_app(self.settings)


def _stop_after(parent: BaseProcess) -> None:
    """Stop this worker when its parent has ended: nobody else could stop it, and the port would stay in use."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _metrics_folder(*, enabled: bool) -> Iterator[None]:
    """Provide a folder where the workers share their metrics."""
    if not enabled:
        yield
        return
    with TemporaryDirectory(prefix="connector-kit-metrics-") as folder:
        os.environ[MULTIPROCESS_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[MULTIPROCESS_FOLDER]


class HostServerConfig(uvicorn.Config):
    """uvicorn's config with two more settings.

    `head_seconds` is how long the head of a request may take to arrive; `most_connections` limits the open connections of
    a process.
    """

    head_seconds: float
    most_connections: int


class HostProtocol(H11Protocol):
    """One HTTP/1.1 connection.

    It limits the time for a request's head, for a first request, and for the client to receive a response. It responds to
    malformed HTTP with the host's own error body. At shutdown it keeps idle connections open for a moment.
    """

    config: HostServerConfig
    made_at: float
    """When the connection began, in the time of the event loop."""
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.access_log = False  # uvicorn's access log would show the query string

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the idle timer: uvicorn starts it after the first response only."""
        super().connection_made(transport)
        self.made_at = self.loop.time()
        if len(self.connections) > self.config.most_connections:
            self._close_a_connection()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        transport.set_write_buffer_limits(high=0)  # `pause_writing` is called as soon as the client receives too slowly

    def data_received(self, data: bytes) -> None:
        """Receive bytes, and limit the time until a request's head is complete."""
        super().data_received(data)
        is_in_head = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if not is_in_head:
            self._cancel_head_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.config.head_seconds, self._reject, "slow_body")

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the time limits."""
        self._cancel_head_timer()
        self._cancel_write_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Limit the time until the client has received what the host has written. Also a closed connection waits for it."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has received all."""
        self._cancel_write_timer()
        super().resume_writing()

    def shutdown(self) -> None:
        """Finish the open request, or keep an idle connection open for a request that may be on its way."""
        headers = self.server_state.default_headers
        if (b"connection", b"close") not in headers:
            self.server_state.default_headers = [*headers, (b"connection", b"close")]
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # uvicorn's annotation omits the initial None
            self.loop.call_later(SHUTDOWN_IDLE_SECONDS, self._close_if_idle)
        else:
            self.cycle.default_headers = self.server_state.default_headers
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Respond to malformed HTTP."""
        self._reject("bad_request")

    def _close_a_connection(self) -> None:
        """Close the oldest connection that has sent no request: this one, if all others have."""
        unused = (it for it in cast("set[HostProtocol]", self.connections) if it.cycle is None)  # type: ignore[redundant-expr]  # uvicorn's annotation omits the initial None
        chosen = min(unused, key=lambda it: it.made_at)
        self.connections.discard(chosen)
        chosen.transport.abort()
        log_event(CONNECTION_LIMIT, logging.WARNING, limit=self.config.most_connections)

    def _close_if_idle(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cancel_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _reject(self, code: str) -> None:
        """Respond without the application, which never gets this request, and close the connection."""
        status, message = HOST_CODES[code]
        request_id = new_request_id()
        body = json.dumps(error_body(code, message, request_id)).encode("ascii")
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode("ascii")),
            (b"connection", b"close"),
            (b"x-request-id", request_id.encode("ascii")),
        ]
        client = self.client[0] if self.client else None
        log_event("rejected", logging.WARNING, request_id=request_id, status=status, code=code, client=client)
        with suppress(h11.LocalProtocolError):  # a response has begun already, or the connection is closing
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event))
        self.transport.close()
