"""Responses that must arrive in total within the time limit of their socket, failures to connect, and exchanges."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from threading import Event, Thread
from typing import Any, Self

import pytest
import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from connector_kit.bounded_http import BoundedResponse, Response, bounded_pool_classes, close_idle_connections, exchange
from tests.loopback import HttpResponse, Loopback

_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect two sockets."""
    client, server = socket.socketpair()
    with client, server:
        yield client, server


@pytest.mark.parametrize("limit", [None, 5.0])
def test_response_in_time_is_read_and_leaves_the_time_limit(
    pair: tuple[socket.socket, socket.socket], limit: float | None
) -> None:
    """The socket has the same timeout before and after a response."""
    client, server = pair
    client.settimeout(limit)
    server.sendall(_RESPONSE)
    response = BoundedResponse(client)
    response.begin()
    assert response.read() == b"ok"
    response.close()
    assert client.gettimeout() == limit


def test_response_that_takes_too_long_in_total_times_out(pair: tuple[socket.socket, socket.socket]) -> None:
    """Although its next byte is there."""
    client, server = pair
    client.settimeout(0.05)
    response = BoundedResponse(client)
    server.sendall(_RESPONSE)
    time.sleep(0.1)
    with pytest.raises(TimeoutError, match="too long in total"):
        response.begin()
    response.close()


def test_response_must_end_before_a_given_time(pair: tuple[socket.socket, socket.socket]) -> None:
    """`exchange` gives the time that is left after the request was sent."""
    client, _ = pair
    for timeout, end in ((60, -1.0), (60, 0.1), (None, 0.1)):
        client.settimeout(timeout)
        response = BoundedResponse(client, end=time.monotonic() + end)
        with pytest.raises(TimeoutError):
            response.begin()
        response.close()
        assert client.gettimeout() == timeout


def test_response_may_be_closed_after_its_socket_and_twice(pair: tuple[socket.socket, socket.socket]) -> None:
    """As a pool does."""
    client, _ = pair
    response = BoundedResponse(client)
    reader: Any = response.fp
    os.close(client.detach())
    reader.raw.close()
    reader.raw.close()
    assert reader.closed
    response.fp = None  # closed: from Python 3.13 on, the response would report that its reader is


def test_failed_tls_handshake_is_a_failure_to_connect() -> None:
    """A retry is safe after it: the request was not sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_one() -> None:
            server.accept()[0].close()

        thread = Thread(target=close_one)
        thread.start()
        http = urllib3.PoolManager(retries=False)
        http.pool_classes_by_scheme = bounded_pool_classes(http.pool_classes_by_scheme)
        with pytest.raises(NewConnectionError, match=r"ConnectionReset|SSL|Protocol"):
            http.request("GET", f"https://127.0.0.1:{server.getsockname()[1]}", timeout=5)
        thread.join()
        http.clear()


class Connections:
    """Bounded connections to a server."""

    def __init__(self, url: str, proxy: str | None = None, **options: Any) -> None:
        self.url = url
        self.manager = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        self.manager.pool_classes_by_scheme = bounded_pool_classes(self.manager.pool_classes_by_scheme)

    @property
    def pool(self) -> Any:
        """The pool of urllib3."""
        return self.manager.connection_from_url(self.url)

    @property
    def idle(self) -> list[Any]:
        """The open connections of the pool."""
        return [it for it in self.pool.pool.queue if it is not None and not it.is_closed]

    def close(self) -> None:
        """Close the idle connections."""
        close_idle_connections(self.manager)


def send(
    connections: Connections, body: bytes = b"", limit: float = 5.0, connect_limit: float = 5.0, **headers: str
) -> Response:
    """Send a request, and return its response."""
    headers = {"Host": "server", "Content-Length": str(len(body)), **headers}
    url = f"{connections.url}/path?q"
    return exchange(connections.manager, "POST", url, headers, body, connect_limit=connect_limit, limit=limit)


Serve = Callable[[socket.socket], None]


class Server:
    """Serves each connection with a function, one after the other."""

    def __init__(self, serve: Serve) -> None:
        self.accepted = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._serve = serve
        self._thread = Thread(target=self._accept)

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.accepted += 1
                with connection, suppress(OSError):
                    self._serve(connection)


def test_exchange_sends_headers_and_body_in_order_and_returns_the_whole_response() -> None:
    """Head and body are one packet: with two, the server may wait for the second one for 40 ms."""
    received = []

    def serve(connection: socket.socket) -> None:
        received.append(connection.recv(1024))
        connection.sendall(b"HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\nok")

    with Server(serve) as server:
        response = send(Connections(server.url), b"body", Accept="*/*")
    assert (response.status, response.headers["x-id"], response.body) == (201, "7", b"ok")
    assert received == [b"POST /path?q HTTP/1.1\r\nHost: server\r\nContent-Length: 4\r\nAccept: */*\r\n\r\nbody"]
    assert repr(response) == "Response(201, 2 bytes)"


def keep_open(connection: socket.socket) -> None:
    """Respond to all requests of a connection."""
    while connection.recv(1024):
        connection.sendall(_RESPONSE)


def test_connection_is_used_again_until_it_is_closed_while_idle() -> None:
    """The pool works on after its idle connections were closed."""
    with Server(keep_open) as server:
        connections = Connections(server.url, maxsize=2)
        assert [send(connections).body for _ in range(3)] == [b"ok"] * 3
        assert server.accepted == 1
        for _ in range(2):
            connections.close()
        assert [send(connections, limit=3).body, send(connections).body] == [b"ok"] * 2
        connections.close()
    assert server.accepted == 2


def test_connection_that_the_server_closed_is_replaced() -> None:
    """After ``Connection: close``, and after it closed an idle connection without notice."""

    def serve(connection: socket.socket) -> None:
        connection.recv(1024)
        close = b"Connection: close\r\n" if server.accepted == 1 else b""
        connection.sendall(_RESPONSE.replace(b"Content", close + b"Content"))

    with Server(serve) as server:
        connections = Connections(server.url)
        assert send(connections).body == b"ok"
        assert send(connections).body == b"ok"
        (used,) = connections.idle
        assert used.sock.recv(1, socket.MSG_PEEK) == b""
        assert send(connections).body == b"ok"
        connections.close()
    assert server.accepted == 3


def test_response_before_the_whole_request_is_read() -> None:
    """A server may reject a large request early, and close the connection."""

    def serve(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_RD)
        connection.settimeout(2)
        with suppress(OSError):
            while connection.recv(1 << 20):
                pass

    with Server(serve) as server:
        connections = Connections(server.url)
        with suppress(OSError):  # or the reset arrives before the response was read
            assert send(connections, b"x" * (1 << 24)).status == 413
        assert connections.idle == []


def test_request_that_cannot_be_sent_whole_closes_the_connection() -> None:
    """Although the response has arrived: the server would read the next request as a part of this one."""

    def serve(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(_RESPONSE)
        connection.recv(1)

    class Broken:
        """A socket that breaks when a request is sent."""

        def __init__(self, sock: socket.socket) -> None:
            self._sock = sock

        def __getattr__(self, name: str) -> Any:
            return getattr(self._sock, name)

        def sendall(self, request: bytes) -> None:
            self._sock.sendall(request[:10])
            raise BrokenPipeError

    with Server(serve) as server:
        connections = Connections(server.url)
        connection = connections.pool._get_conn()
        connection.connect()
        connection.sock = Broken(connection.sock)
        connections.pool._put_conn(connection)
        assert send(connections).body == b"ok"
        assert connection.is_closed


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (HttpResponse(instead="reset"), ConnectionResetError),
        (HttpResponse(instead="close"), ConnectionResetError),
        (HttpResponse(body=b"half of it", instead="stop"), HTTPException),
        (HttpResponse(instead="hang"), TimeoutError),
        (HttpResponse(body=b"x" * 100, drips=0.05), TimeoutError),
    ],
    ids=["reset", "close", "stop", "hang", "drips"],
)
def test_exchange_without_a_whole_response_raises_os_error_or_http_exception(
    loopback: Loopback, response: HttpResponse, expected: type[Exception]
) -> None:
    """And closes the connection. The request may have been handled."""
    loopback.answers = [response]
    connections = Connections(loopback.url)
    with pytest.raises(expected):
        send(connections, limit=0.3)
    assert connections.idle == []
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("value", ["a\nb: c", "a\rb", "a\0b", "\u2028"])
def test_header_that_would_split_the_head_is_rejected(loopback: Loopback, value: str) -> None:
    """Nothing is sent."""
    with pytest.raises(ValueError, match=r"line break in the header 'X-Id'$|encode"):
        send(Connections(loopback.url), **{"X-Id": value})
    assert loopback.requests == []


def test_proxy_forwards_a_request_with_its_own_headers(loopback: Loopback) -> None:
    """For http, it gets the URL of the request and the headers for itself."""
    connections = Connections(
        "http://server.invalid", loopback.url, proxy_headers={"Proxy-Authorization": "Basic eA=="}
    )
    assert send(connections).status == 200
    (request,) = loopback.requests
    assert request.path == "http://server.invalid/path?q"
    assert request.headers["proxy-authorization"] == "Basic eA=="


@pytest.mark.parametrize("url", ["http://server.invalid", "https://server.invalid"])
def test_proxy_that_cannot_be_reached_raises_proxy_error(url: str) -> None:
    """The request was not sent."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(ProxyError):
        send(Connections(url, proxy))


def look_up(monkeypatch: pytest.MonkeyPatch, result: Callable[[], list[str]], other_port: int | None = None) -> None:
    """Replace the look-up of names; addresses are looked up as usual."""
    original = socket.getaddrinfo

    def replaced(host: str, port: int, *rest: Any, flags: int = 0, **named: Any) -> Any:
        if host != "name.test":
            return original(host, port, *rest, flags=flags, **named)
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not an address")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, other_port or port)) for address in result()]

    monkeypatch.setattr(socket, "getaddrinfo", replaced)


def test_look_up_of_a_name_ends_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's function may take half a minute. It is left alone."""
    released, looked_up = Event(), Event()

    def slow() -> list[str]:
        released.wait(20)
        looked_up.set()
        return ["127.0.0.1"]

    look_up(monkeypatch, slow)
    try:
        with pytest.raises(NewConnectionError) as raised:
            send(Connections("http://name.test:1"), connect_limit=0.05)
        assert isinstance(raised.value.__cause__, TimeoutError)
        with pytest.raises(NewConnectionError):  # without an exchange: within the timeout for connecting
            Connections("http://name.test:1", timeout=0.05).pool.urlopen("GET", "/", retries=False)
    finally:
        released.set()
        assert looked_up.wait(10)


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "x"), UnicodeError("label too long")])
def test_name_without_an_address_raises_new_connection_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The reason is the cause."""

    def failing() -> list[str]:
        raise error

    look_up(monkeypatch, failing)
    with pytest.raises(NewConnectionError) as raised:
        send(Connections("http://name.test:1"))
    assert isinstance(raised.value.__cause__, socket.gaierror)


def test_addresses_are_tried_in_turn_until_one_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one refuses. The host of the connection is still the name."""
    look_up(monkeypatch, lambda: ["127.0.0.9", "127.0.0.1"])
    with Server(keep_open) as server:
        connections = Connections(server.url.replace("127.0.0.1", "name.test"))
        assert send(connections).body == b"ok"
        assert {it.host for it in connections.pool.pool.queue if it is not None} == {"name.test"}
        connections.close()


def test_name_may_be_directed_to_another_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tests do that replace the look-up, and the conformance suite."""
    with Server(keep_open) as server:
        port = int(server.url.rpartition(":")[2])
        look_up(monkeypatch, lambda: ["127.0.0.1"], port)
        connections = Connections("http://name.test")
        assert send(connections).body == b"ok"
        (connection,) = connections.idle
        assert (connection.host, connection.port) == ("name.test", 80)
        connections.close()


def test_connecting_ends_within_the_limit_for_all_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each address has the pool's timeout, but at most what is left of the limit."""
    timeouts = []

    def never(_: object, timeout: float, **__: object) -> socket.socket:
        timeouts.append(timeout)
        time.sleep(timeout)
        raise TimeoutError

    look_up(monkeypatch, lambda: ["127.0.0.1"] * 100)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", never)
    with pytest.raises((NewConnectionError, ConnectTimeoutError)):
        send(Connections("http://name.test:1", timeout=0.1), connect_limit=0.25)
    assert len(timeouts) == 3
    assert timeouts[:2] == [0.1, 0.1]
    assert timeouts[2] < 0.1
