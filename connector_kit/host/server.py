"""The server: uvicorn in one process or several, with time limits that keep connections open while a client writes.

A dropped connection is worse here than elsewhere: Logto's HTTP e-mail connector then throws an error that contains the
Authorization header and the message. uvicorn 0.54 has no setting for what `HostProtocol` adds, so the class overrides
methods that uvicorn does not document. pyproject.toml therefore bounds uvicorn's version.
"""

import asyncio
import gc
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
from types import FrameType
from typing import Any, Final, cast

import h11
import uvicorn
from attrs import frozen
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors import Multiprocess

if sys.platform != "win32":  # pragma: no branch - not tested on Windows
    import resource

from connector_kit.host.host_file import HostConfigError, HostFile, HostFileIssue
from connector_kit.host.logs import CONNECTION_LIMIT, log_event, set_up_logging
from connector_kit.host.metrics import MULTIPROCESS_FOLDER
from connector_kit.host.reloading import ReloadingApp, log_issues
from connector_kit.host.responses import HOST_CODES, error_body, new_request_id
from connector_kit.host.settings import HostSettings, is_loopback
from connector_kit.issues import Issue

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
        HostConfigError: it cannot use the socket that it inherits.
    """
    settings, listening = host.settings, host.listening
    set_up_logging(settings.log_format)
    if sys.platform != "win32":  # pragma: no branch - Windows has no SIGHUP
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is an application; workers inherit this
    listener = inherited_listener(settings) or listen(listening.host, listening.port)
    address, port = listener.getsockname()[:2]
    log_issues("warning", host.warnings)
    log_event(
        "serving",
        url=f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}",
        connectors=[it.id for it in settings.connectors],
        email=settings.email,
        sms=settings.sms,
        workers=listening.workers,
        token=bool(settings.tokens),
    )
    config = server_config(AppFactory(host), settings, factory=True, workers=listening.workers)
    if listening.workers > 1:
        with _metrics_folder(enabled=settings.metrics):
            Workers(config, sockets=[listener]).run()
    else:
        # uvicorn raises the signal again after its shutdown. Ignore it: the exit status must be 0.
        for stop in _STOP_SIGNALS:
            signal.signal(stop, lambda *_: None)
        uvicorn.Server(config).run(sockets=[listener])
    log_event("stopped")


_FIRST_INHERITED: Final = 3
"""The first file descriptor that a process manager passes on: ``SD_LISTEN_FDS_START``."""


def inherited_listener(settings: HostSettings) -> socket.socket | None:
    """Return the listening socket that a process manager such as systemd has opened for this process, if there is one.

    It passes the socket as file descriptor 3, and sets LISTEN_PID and LISTEN_FDS: see sd_listen_fds(3).

    Raises:
        HostConfigError: it is not one TCP socket that listens, or without a token, it does not listen on a loopback
            address only.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS")
    if count != "1":
        raise _inherited_error(f"expected one socket, found LISTEN_FDS={count}")
    os.set_inheritable(_FIRST_INHERITED, False)  # noqa: FBT003 - the standard library allows no keyword here
    listener = socket.socket(fileno=_FIRST_INHERITED)
    error = _unusable(listener, settings)
    if error is not None:
        listener.close()
        raise _inherited_error(error)
    return listener


def _unusable(listener: socket.socket, settings: HostSettings) -> str | None:
    is_tcp = listener.family in (socket.AF_INET, socket.AF_INET6) and listener.type == socket.SOCK_STREAM
    if not is_tcp or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return "expected a TCP socket that listens; with systemd: ListenStream=127.0.0.1:8085"
    address = listener.getsockname()[0]
    if not settings.tokens and not is_loopback(address):
        return f"a host without a token has to listen on a loopback address, found {address}"
    return None


def _inherited_error(message: str) -> HostConfigError:
    return HostConfigError([HostFileIssue("inherited socket", Issue((), "host-file", message))])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address.

    Raises:
        OSError: that is not possible.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    # A response is two packets. Without this, the second one waits for the client's acknowledgement: 40 ms.
    # asyncio sets it only for sockets with the protocol TCP, and those of `create_server` have the default one.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


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
    """Makes the application in the process that serves it, and installs that process's signal handlers.

    Args:
        host: the settings, already checked by the parent process.
    """

    host: HostFile

    def __call__(self) -> ASGIApp:
        """Configure the process's log and make its application."""
        set_up_logging(self.host.settings.log_format)
        _share_interpreter()
        parent = multiprocessing.parent_process()
        if parent is not None:
            Thread(target=_stop_after, args=(parent,), name="parent", daemon=True).start()
        app = ReloadingApp(self.host)
        _handle_signals(app)
        return app


_SWITCH_SECONDS: Final = 0.0002
"""After this time a computing thread lets another one run; Python's default is 5 ms.

A message waits for its turn about twenty times, because each read and each write gives it away.
"""


def _share_interpreter() -> None:
    """Limit how long messages wait for a thread that computes, for example the issues of a large config.

    Imported objects stay until the end, so the garbage collector need not look at them: else it takes 25 ms each time.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()


_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def _handle_signals(app: ReloadingApp) -> None:
    """Let SIGHUP reload, and let only the first stop signal have an effect.

    At the second one, uvicorn would end without responding to the open requests.
    """
    if sys.platform != "win32":  # pragma: no branch - Windows has no SIGHUP
        signal.signal(signal.SIGHUP, lambda *_: app.request_reload())
    handlers = {it: signal.getsignal(it) for it in _STOP_SIGNALS}

    def stop(number: int, frame: FrameType | None) -> None:
        for it in _STOP_SIGNALS:
            signal.signal(it, signal.SIG_IGN)
        handler = handlers[signal.Signals(number)]
        if callable(handler):  # pragma: no branch - it is uvicorn's
            handler(number, frame)

    for it in _STOP_SIGNALS:
        signal.signal(it, stop)


class Workers(Multiprocess):
    """The worker processes."""

    def handle_hup(self) -> None:
        """Let each worker reload; uvicorn would end them."""
        for process in self.processes:
            if process.pid is not None:  # pragma: no branch - each has been started
                os.kill(process.pid, signal.SIGHUP)


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
