"""An HTTP/1.1 server on the loopback interface for provider stubs: h11 reads and writes the protocol."""

import contextlib
import math
import selectors
import socket
import threading
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import h11
from urllib3 import HTTPHeaderDict

from conformance.providers.base import Provider
from conformance.providers.http_messages import HttpRequest, HttpResponse

CONNECTION_REFUSED: Final = "connection-refused"
"""The outcome for which a loopback server refuses connections. Such a request leaves no call."""

_HOST: Final = "127.0.0.1"
_IDLE_LIMIT: Final = 60.0
"""Seconds without data after which the server closes a connection."""

_JOIN_LIMIT: Final = 5.0
"""Seconds to wait for each thread when the server stops."""

_MAX_HEAD: Final = 1024 * 1024
_MAX_BODY: Final = 64 * 1024 * 1024
_READ_SIZE: Final = 65536
_STATUSES_WITHOUT_BODY: Final = frozenset({204, 304})
_BACKLOG: Final = 128

Respond = Callable[[HttpRequest], HttpResponse | None]
"""Returns the response to a request, or ``None`` to close the connection without one."""


class SilentAddress:
    """Accepts connections while it is open and never sends anything: the kernel accepts them and no thread reads."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._port = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; after `close`, those of the last `open`."""
        return _HOST, self._port

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{_HOST}:{self._port}"

    def open(self) -> None:
        """Accept connections on a new port."""
        self.close()
        self._socket = socket.create_server((_HOST, 0), backlog=_BACKLOG)
        self._port = self._socket.getsockname()[1]

    def close(self) -> None:
        """Refuse connections, and reset the open ones."""
        closing, self._socket = self._socket, None
        if closing is not None:
            closing.close()


class LoopbackServer:
    """Serves from `start` to `stop`, with a daemon thread for each connection.

    A request that is not valid HTTP gets the status 400, or the one that h11 suggests; ``respond`` does not see it.

    Args:
        respond: returns the response to a request; called in the thread of the connection.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._listener = _bind(0)
        self._wake, self._woken = socket.socketpair()
        self._acceptor: threading.Thread | None = None
        self.address: Final[tuple[str, int]] = (_HOST, self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{_HOST}:{self.address[1]}"

    def start(self) -> None:
        """Accept connections."""
        if self._acceptor is None:
            self._listener.listen(_BACKLOG)
            self._acceptor = threading.Thread(target=self._accept, name="loopback", daemon=True)
            self._acceptor.start()

    def refuse(self) -> None:
        """Close all connections and refuse new ones until `start`; the port stays reserved."""
        if self._acceptor is not None:
            self._stop_serving(self._acceptor)
            self._listener = _bind(self.address[1])

    def stop(self) -> None:
        """Close every socket and wait for the threads."""
        if self._acceptor is not None:
            self._stop_serving(self._acceptor)
        for it in (self._listener, self._wake, self._woken):
            it.close()

    def _stop_serving(self, acceptor: threading.Thread) -> None:
        self._wake.send(b"\0")
        acceptor.join(_JOIN_LIMIT)
        self._acceptor = None
        self._listener.close()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join(_JOIN_LIMIT)

    def _accept(self) -> None:
        self._listener.settimeout(0)  # a client may close its connection before it is accepted
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._woken in ready:
                    self._woken.recv(1)
                    return
                with contextlib.suppress(OSError):
                    self._start_thread(self._listener.accept()[0])

    def _start_thread(self, connection: socket.socket) -> None:
        connection.settimeout(_IDLE_LIMIT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=self._serve, args=(connection,), name="loopback-connection", daemon=True)
        with self._lock:
            self._connections[connection] = thread
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        try:
            with connection, contextlib.suppress(OSError):
                try:
                    while self._serve_one(http, connection):
                        http.start_next_cycle()
                except h11.RemoteProtocolError as error:
                    _send_response(http, connection, HttpResponse(error.error_status_hint), "")
        finally:
            with self._lock:
                del self._connections[connection]

    def _serve_one(self, http: h11.Connection, connection: socket.socket) -> bool:
        """Serve one request, and return whether the connection stays open."""
        request = _read_request(http, connection, self.url)
        response = None if request is None else self._respond(request)
        if request is None or response is None:
            return False
        _send_response(http, connection, response, request.method)
        return http.our_state is h11.DONE


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((_HOST, port))
    return bound


def _read_request(http: h11.Connection, connection: socket.socket, url: str) -> HttpRequest | None:
    """Read one request; ``None`` when the client has closed the connection."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            if http.they_are_waiting_for_100_continue:
                connection.sendall(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            http.receive_data(connection.recv(_READ_SIZE))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_BODY:
                raise h11.RemoteProtocolError("The body is too large.", error_status_hint=413)
        else:
            return _request(head, bytes(body), url) if head is not None else None


def _request(head: h11.Request, body: bytes, url: str) -> HttpRequest:
    headers = HTTPHeaderDict()
    for name, value in head.headers.raw_items():
        headers.add(name.decode("ascii"), value.decode("latin-1"))
    target = head.target.decode("ascii")
    if not target.startswith(("http://", "https://")):
        target = f"http://{headers['Host']}{target}" if "Host" in headers else f"{url}{target}"
    return HttpRequest(head.method.decode("ascii"), target, headers, body)


def _send_response(http: h11.Connection, connection: socket.socket, response: HttpResponse, method: str) -> None:
    has_length = response.status not in _STATUSES_WITHOUT_BODY
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.headers.items()]
    headers += [(b"Content-Length", str(len(response.body)).encode())] if has_length else []
    head = h11.Response(status_code=response.status, reason=response.reason, headers=headers)
    body = [h11.Data(data=response.body)] if has_length and method != "HEAD" else []
    connection.sendall(b"".join(http.send(event) or b"" for event in (head, *body, h11.EndOfMessage())))


class LoopbackProvider(Provider):
    """A provider stub that is an HTTP server on the loopback interface.

    A subclass implements `handle`, which records each request in `calls` and returns the response.
    """

    def __init__(self) -> None:
        super().__init__()
        self._server: LoopbackServer | None = None

    @abstractmethod
    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Record a request and return the response; ``None`` closes the connection without one.

        The server calls it in the thread of the connection, so several calls may run at once.
        """

    @property
    def url(self) -> str:
        """Scheme, host and port of the server.

        Raises:
            RuntimeError: the stub is not running.
        """
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} has a URL only while it is running: use `with stub.running():`.")
        return self._server.url

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """The server's host and port; empty while it is not running."""
        return () if self._server is None else (self._server.address,)

    @property
    def environment(self) -> Mapping[str, str]:
        """Keeps HTTP clients from sending requests to the stub through a proxy."""
        return {"no_proxy": "*"}

    def respond_with(self, name: str, times: float = math.inf) -> None:
        """Set the outcome, and refuse or accept connections accordingly."""
        super().respond_with(name, times)
        if self._server is not None:
            self._start_or_refuse(self._server)

    def _start_or_refuse(self, server: LoopbackServer) -> None:
        if self.current.name == CONNECTION_REFUSED:
            server.refuse()
        else:
            server.start()

    def _intercepting(self) -> AbstractContextManager[None]:
        return self._serving()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        self._server = server = LoopbackServer(self.handle)
        try:
            self._start_or_refuse(server)
            yield
        finally:
            self._server = None
            server.stop()
