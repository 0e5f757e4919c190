"""HTTP/1.1 on the loopback interface, for the stubs of providers: small, quick, and gone when it is told to end."""

import contextlib
import math
import selectors
import socket
import threading
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import BufferedReader
from typing import Final

from urllib3 import HTTPHeaderDict

from conformance.http_exchange import Answer, HttpRequest
from conformance.provider import Provider

CONNECTION_REFUSED: Final = "connection-refused"
"""The outcome for which a stub that is a server takes no connections; such a request leaves no call."""

_HOST: Final = "127.0.0.1"
_IDLE: Final = 60.0
"""Seconds after which a connection on which nothing comes is closed."""

_PATIENCE: Final = 5.0
"""Seconds to wait for a thread that was told to end."""

_LONGEST_LINE: Final = 65536
_LONGEST_BODY: Final = 64 * 1024 * 1024
_BODILESS: Final = frozenset({204, 304})
_BACKLOG: Final = 128

Respond = Callable[[HttpRequest], Answer | None]
"""Answers a request; ``None`` closes the connection without an answer."""


class _BadRequestError(Exception):
    """What came is no HTTP."""


class SilentAddress:
    """Takes connections while it is open, and never says a word: the kernel accepts, and nobody reads."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._port = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, those of the last time where it is closed."""
        return _HOST, self._port

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{_HOST}:{self._port}"

    def open(self) -> None:
        """Take connections from now on."""
        self.close()
        self._socket = socket.create_server((_HOST, 0), backlog=_BACKLOG)
        self._port = self._socket.getsockname()[1]

    def close(self) -> None:
        """Take no more, and reset those there are."""
        closing, self._socket = self._socket, None
        if closing is not None:
            closing.close()


class LoopbackServer:
    """Serves from `start` to `stop`, with a daemon thread for each connection.

    Args:
        respond: answers a request, in the thread of its connection.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._socket = _bound(0)
        self._wake, self._woken = socket.socketpair()
        self._acceptor: threading.Thread | None = None
        self.address: Final[tuple[str, int]] = (_HOST, self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{_HOST}:{self.address[1]}"

    def start(self) -> None:
        """Take connections from now on."""
        if self._acceptor is None:
            self._socket.listen(_BACKLOG)
            self._acceptor = threading.Thread(target=self._accept, name="loopback", daemon=True)
            self._acceptor.start()

    def refuse(self) -> None:
        """Refuse connections until `start`, as a host where nothing listens; the port stays taken."""
        if self._acceptor is not None:
            self._silence()
            self._socket = _bound(self.address[1])

    def stop(self) -> None:
        """End: close every socket and wait for the threads."""
        if self._acceptor is not None:
            self._silence()
        self._socket.close()
        self._wake.close()
        self._woken.close()

    def _silence(self) -> None:
        """Stop taking connections, and close those there are."""
        assert self._acceptor is not None  # noqa: S101 - callers saw to it
        self._wake.send(b"\0")
        self._acceptor.join(_PATIENCE)
        self._acceptor = None
        self._socket.close()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join(_PATIENCE)

    def _accept(self) -> None:
        self._socket.settimeout(0)  # a client may be gone again before it is taken
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._woken in ready:
                    self._woken.recv(1)
                    return
                with contextlib.suppress(OSError):
                    self._take(self._socket.accept()[0])

    def _take(self, connection: socket.socket) -> None:
        connection.settimeout(_IDLE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=self._serve, args=(connection,), name="loopback-connection", daemon=True)
        with self._lock:
            self._connections[connection] = thread
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as reader, contextlib.suppress(OSError):
                while self._serve_one(connection, reader):
                    pass
        finally:
            with self._lock:
                del self._connections[connection]

    def _serve_one(self, connection: socket.socket, reader: BufferedReader) -> bool:
        """Serve one request; tell whether the connection stays."""
        try:
            read = _read_request(reader, connection, self.url)
        except (_BadRequestError, ValueError):
            connection.sendall(_on_the_wire(Answer(400), keep=False, head=False))
            return False
        if read is None:
            return False
        request, keep = read
        answer = self._respond(request)
        if answer is None:
            return False
        connection.sendall(_on_the_wire(answer, keep=keep, head=request.method == "HEAD"))
        return keep


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((_HOST, port))
    return made


def _read_request(reader: BufferedReader, connection: socket.socket, url: str) -> tuple[HttpRequest, bool] | None:
    """Read a request, and whether its client wants to keep the connection; ``None`` when no more comes."""
    first = reader.readline(_LONGEST_LINE)
    if not first.strip():
        return None
    parts = first.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise _BadRequestError
    method, target, version = parts
    headers = _read_headers(reader)
    if headers.get("Expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        body = b"".join(_chunks(reader))
    else:
        body = _exactly(reader, int(headers.get("Content-Length", 0)))
    wish = headers.get("Connection", "").lower()
    keep = wish != "close" if version == "HTTP/1.1" else wish == "keep-alive"
    base = f"http://{headers['Host']}" if "Host" in headers else url
    whole = target if target.startswith(("http://", "https://")) else f"{base}{target}"
    return HttpRequest(method, whole, headers, body), keep


def _read_headers(reader: BufferedReader) -> HTTPHeaderDict:
    headers = HTTPHeaderDict()
    while (line := reader.readline(_LONGEST_LINE)) not in {b"\r\n", b"\n"}:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not line.endswith(b"\n"):
            raise _BadRequestError
        headers.add(name, value.strip())
    return headers


def _chunks(reader: BufferedReader) -> Iterator[bytes]:
    while length := int(reader.readline(_LONGEST_LINE).partition(b";")[0], 16):
        yield _exactly(reader, length)
        reader.readline(_LONGEST_LINE)
    while reader.readline(_LONGEST_LINE).strip():
        pass  # what trails the last chunk


def _exactly(reader: BufferedReader, length: int) -> bytes:
    if not 0 <= length <= _LONGEST_BODY:
        raise _BadRequestError
    body = reader.read(length)
    if len(body) != length:
        raise _BadRequestError
    return body


def _on_the_wire(answer: Answer, *, keep: bool, head: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.status not in _BODILESS:
        lines.append(f"Content-Length: {len(answer.body)}")
    if not keep:
        lines.append("Connection: close")
    shown = b"" if head or answer.status in _BODILESS else answer.body
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + shown


class LoopbackProvider(Provider):
    """A provider's stub that is a server; subclasses record and answer requests in `handle`."""

    def __init__(self) -> None:
        super().__init__()
        self._server: LoopbackServer | None = None

    @abstractmethod
    def handle(self, request: HttpRequest) -> Answer | None:
        """Record and answer a request, in a thread of its own; ``None`` closes the connection without an answer."""

    @property
    def url(self) -> str:
        """Scheme, host and port of the server, while it is running."""
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} has an address only while it is running.")
        return self._server.url

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """The server's address."""
        return () if self._server is None else (self._server.address,)

    @property
    def environment(self) -> Mapping[str, str]:
        """No proxy stands between a connector and the stub."""
        return {"no_proxy": "*"}

    def answer_with(self, name: str, times: float = math.inf) -> None:
        """Answer so from now on."""
        super().answer_with(name, times)
        if self._server is not None:
            self._open_or_refuse(self._server)

    def _open_or_refuse(self, server: LoopbackServer) -> None:
        if self.current.name == CONNECTION_REFUSED:
            server.refuse()
        else:
            server.start()

    def _installed(self) -> AbstractContextManager[None]:
        return self._serving()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        self._server = server = LoopbackServer(self.handle)
        try:
            self._open_or_refuse(server)
            yield
        finally:
            self._server = None
            server.stop()
