"""A TCP server on the loopback interface for provider stubs, with or without TLS: it owns sockets and threads."""

import contextlib
import math
import selectors
import socket
import ssl
import threading
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar, Final

from conformance.providers.base import Provider
from conformance.providers.certificates import Certificate, ca_bundle, server_context
from conformance.providers.sockets import resolving
from conformance.providers.threads import SuiteThread

HOST: Final = "127.0.0.1"

CONNECTION_REFUSED: Final = "connection-refused"
"""The outcome for which a server refuses connections. Such a request leaves no call."""

_IDLE_LIMIT: Final = 60.0
"""Seconds without data after which the server closes a connection."""

_JOIN_LIMIT: Final = 5.0
"""Seconds to wait for each thread when the server stops."""

_BACKLOG: Final = 128
_TLS_HANDSHAKE: Final = b"\x16"
"""The first byte of a connection with TLS."""

Converse = Callable[[socket.socket], None]
"""Talks to a client until the conversation ends; may raise OSError when the client goes away."""


class SilentAddress:
    """Accepts connections while it is open and never sends anything: the kernel accepts them and no thread reads."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._port = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; after `close`, those of the last `open`."""
        return HOST, self._port

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self._port}"

    def open(self) -> None:
        """Accept connections on a new port."""
        self.close()
        self._socket = socket.create_server((HOST, 0), backlog=_BACKLOG)
        self._port = self._socket.getsockname()[1]

    def close(self) -> None:
        """Refuse connections, and reset the open ones."""
        closing, self._socket = self._socket, None
        if closing is not None:
            closing.close()


class TcpServer:
    """Serves from `start` to `stop`, with a daemon thread for each connection.

    Args:
        converse: talks to the client of one connection, in the thread of the connection.
        tls: returns the TLS settings of the next connection; without it, connections are not encrypted.
    """

    def __init__(self, converse: Converse, tls: Callable[[], ssl.SSLContext] | None = None) -> None:
        self._converse = converse
        self._tls = tls
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._listener = _bind(0)
        self._wake, self._woken = socket.socketpair()
        self._acceptor: threading.Thread | None = None
        self.address: Final[tuple[str, int]] = (HOST, self._listener.getsockname()[1])
        self.errors: list[str] = []
        """What `converse` raised by mistake."""
        self.unencrypted = 0
        """How many connections began without TLS, although the server has TLS."""

    def start(self) -> None:
        """Accept connections."""
        if self._acceptor is None:
            self._listener.listen(_BACKLOG)
            self._acceptor = SuiteThread(self._accept, name="loopback")
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
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # an SSLSocket's own removes what its thread reads
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
        thread = SuiteThread(self._serve, (connection,), name="loopback-connection")
        with self._lock:
            self._connections[connection] = thread
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:  # closed after an error is recorded, which the suite reads when the client has noticed
                self._talk(connection)
        finally:
            with self._lock:
                del self._connections[connection]

    def _talk(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):
                if self._tls is None:
                    self._converse(connection)
                elif connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                    self._converse_encrypted(connection, self._tls())
                else:
                    self.unencrypted += 1
        except Exception as error:  # noqa: BLE001 - a stub may raise anything, for a wrong request or by mistake
            self.errors.append(f"{type(error).__name__}: {error}")

    def _converse_encrypted(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        """Talk over a copy of the socket: the original stays the one by which the server ends the conversation."""
        with context.wrap_socket(connection.dup(), server_side=True, do_handshake_on_connect=False) as encrypted:
            encrypted.settimeout(_IDLE_LIMIT)
            encrypted.do_handshake()
            self._converse(encrypted)


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound


class TcpProvider(Provider):
    """A provider stub that is a TCP server on the loopback interface, for any protocol.

    A subclass implements `converse`, which reads requests, records each in `calls` and responds. It needs a thread of
    its own for nothing: the server has one for each connection. The outcome ``connection-refused`` is built in.
    """

    host_names: ClassVar[Collection[str]] = ()
    """Names of the real provider's hosts, such as ``api.acme.example`` or ``*.acme.example``: connections to them, at any
    port, reach the stub. For connectors whose address cannot be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.certificate: Certificate = "valid"
        """The certificate that the server shows, if it uses TLS."""
        self._server: TcpServer | None = None
        self._trust: Mapping[str, str] = {}

    @abstractmethod
    def converse(self, connection: socket.socket) -> None:
        """Talk to one client until the conversation ends; then the server closes the connection.

        The server calls it in the thread of the connection, so several calls may run at once.
        """

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted from the start."""
        return False

    @property
    def stub_errors(self) -> tuple[str, ...]:
        """What `converse` raised by mistake while the stub has been running."""
        return () if self._server is None else tuple(self._server.errors)

    def enable_tls(self) -> bool:
        """Use TLS from the next start on, if the stub can; return whether it does."""
        return self.uses_tls

    @property
    def server(self) -> TcpServer:
        """The server.

        Raises:
            RuntimeError: the stub is not running.
        """
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} has a URL only while it is running: use `with stub.running():`.")
        return self._server

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """The server's host and port; empty while it is not running."""
        return () if self._server is None else (self._server.address,)

    @property
    def environment(self) -> Mapping[str, str]:
        """Keeps HTTP clients from using a proxy for the stub, and makes them trust its certificate."""
        return {"no_proxy": "*", **self._trust}

    def respond_with(self, name: str, times: float = math.inf) -> None:
        """Set the outcome, and refuse or accept connections accordingly."""
        super().respond_with(name, times)
        if self._server is not None:
            self._start_or_refuse(self._server)

    def _start_or_refuse(self, server: TcpServer) -> None:
        if self.current.name == CONNECTION_REFUSED:
            server.refuse()
        else:
            server.start()

    def _intercepting(self) -> AbstractContextManager[None]:
        return self._serving()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        bundle: AbstractContextManager[Mapping[str, str]] = ca_bundle() if self.uses_tls else nullcontext({})
        self._server = server = TcpServer(self.converse, self._tls if self.uses_tls else None)
        try:
            with bundle as self._trust, resolving(self.host_names, server.address):
                self._start_or_refuse(server)
                yield
        finally:
            self._server = None
            server.stop()

    def _tls(self) -> ssl.SSLContext:
        return server_context(self.certificate, (HOST, "localhost", *self.host_names))
