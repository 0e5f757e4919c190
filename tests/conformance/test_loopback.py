"""The loopback server implements HTTP/1.1, serves requests at the same time, and leaves no thread or socket behind."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import urllib3

from conformance import HttpRequest, HttpResponse
from conformance.providers import loopback
from conformance.providers.loopback import Respond, serve_http
from conformance.providers.tcp import SilentAddress, TcpServer

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def _echo(request: HttpRequest) -> HttpResponse | None:
    shown = f"{request.method} {request.url} ".encode() + request.body
    return None if request.path == "/lost" else HttpResponse(204 if request.path == "/none" else 200, shown)


class _Server(TcpServer):
    def __init__(self, respond: Respond) -> None:
        super().__init__(lambda connection: serve_http(connection, respond, self.url))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.address[1]}"


@contextmanager
def _serving(respond: Respond = _echo) -> Iterator[_Server]:
    server = _Server(respond)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _exchange(server: TcpServer, request: bytes) -> bytes:
    """Send bytes, and return all that the server sends until it closes the connection."""
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return _read_all(connection)


def _read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_connection_is_kept_open() -> None:
    """Several requests use one connection."""
    with _serving() as server:
        client = http.client.HTTPConnection(*server.address, timeout=5)
        local = []
        for _ in range(3):
            client.request("POST", "/a?b=c", b"body")
            assert client.getresponse().read().endswith(b"/a?b=c body")
            local.append(client.sock.getsockname())
        client.close()
    assert len(set(local)) == 1


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b"GET http://h/ "),
        (b"GET / HTTP/1.0\r\n\r\n", b"GET http://127.0.0.1:"),
        (b"GET http://h/p HTTP/1.1\nHost: other\n\n", b"GET http://h/p "),
        (
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: t\r\n\r\n",
            b" abcde",
        ),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", b"POST http://h/ hi"),
        (b"", b""),
        (b"\r\n", b"400 Bad Request"),
        (b"nonsense\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/2\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nUnfinished: ", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\x00: c\r\n\r\n", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nshort", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: much\r\n\r\n", b"400 Bad Request"),
        (b"POST /lost HTTP/1.1\r\nHost: h\r\n\r\n", b""),
    ],
)
def test_requests_are_parsed(request_: bytes, response: bytes) -> None:
    """Lengths, chunks, absolute targets, HTTP/1.0; anything that is not HTTP gets the status 400."""
    with _serving() as server:
        found = _exchange(server, request_)
    assert (response in found) if response else (found == b"")


def test_client_that_waits_gets_100_continue() -> None:
    """The server asks for the body, and then responds."""
    with _serving() as server, socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"x")
        connection.shutdown(socket.SHUT_WR)
        assert _read_all(connection).endswith(b"POST http://h/ x")


@pytest.mark.parametrize(
    ("limit", "request_", "status"),
    [
        ("_MAX_HEAD", b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 200, b"431 Request Header Fields Too Large"),
        ("_MAX_BODY", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + b"a" * 200, b"413 "),
    ],
)
def test_request_beyond_a_limit_is_rejected(
    monkeypatch: pytest.MonkeyPatch, limit: str, request_: bytes, status: bytes
) -> None:
    """A connector cannot fill the memory of the suite."""
    monkeypatch.setattr(loopback, limit, 100)
    with _serving() as server:
        assert _exchange(server, request_).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    ("version", "connection", "responses"), [("1.1", "keep-alive", 2), ("1.1", "close", 1), ("1.0", "close", 1)]
)
def test_client_decides_whether_the_connection_stays_open(version: str, connection: str, responses: int) -> None:
    """The server closes the connection after a request with ``Connection: close`` and after HTTP/1.0."""
    with _serving() as server:
        request = f"GET / HTTP/{version}\r\nHost: h\r\nConnection: {connection}\r\n\r\n".encode()
        found = _exchange(server, request * 2)
    assert found.count(b"HTTP/1.1 200") == responses


def test_response_without_body_has_the_right_length() -> None:
    """A 204 has no Content-Length; a response to HEAD has the length of the missing body."""
    with _serving() as server:
        assert b"Content-Length" not in _exchange(server, b"GET /none HTTP/1.1\r\nHost: h\r\n\r\n")
        head = _exchange(server, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"Content-Length: 15" in head
    assert head.endswith(b"\r\n\r\n")


def test_header_names_and_values_arrive_as_sent() -> None:
    """Reports show the client's letter case; bytes beyond ASCII are Latin-1."""
    seen: list[str] = []

    def respond(request: HttpRequest) -> HttpResponse:
        seen.append(str(request))
        return HttpResponse(headers={"X-Id": "é"})

    with _serving(respond) as server:
        response = _exchange(server, b"GET / HTTP/1.1\r\nHost: h\r\nX-Key: \xe9\r\n\r\n")
    assert seen == ["GET / HTTP/1.1\nHost: h\nX-Key: é"]
    assert b"X-Id: \xe9" in response


def test_many_clients_are_served_at_once() -> None:
    """Eight threads each get the responses to their own requests."""
    found: list[bool] = []

    def send(pool: urllib3.PoolManager, url: str, index: int) -> None:
        for turn in range(25):
            body = f"{index}-{turn}".encode()
            found.append(pool.request("POST", url, body=body, retries=False).data.endswith(b" " + body))

    with _serving() as server, urllib3.PoolManager(maxsize=8) as pool:
        threads = [threading.Thread(target=send, args=(pool, server.url, index)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 200


def test_refused_connections_are_accepted_after_start() -> None:
    """The port stays the same; `refuse` closes open connections."""
    with _serving() as server, urllib3.PoolManager(retries=False) as pool:
        assert pool.request("GET", server.url).status == 200
        server.refuse()
        server.refuse()
        with pytest.raises(urllib3.exceptions.NewConnectionError):
            pool.request("GET", server.url)
        server.start()
        server.start()
        assert pool.request("GET", server.url).status == 200
        server.refuse()


def test_stop_takes_no_time_and_leaves_no_thread() -> None:
    """Kept connections, idle ones and the server's threads have ended afterwards."""
    before = threading.active_count()
    with _serving() as server:
        idle = socket.create_connection(server.address, timeout=5)
        kept = http.client.HTTPConnection(*server.address, timeout=5)
        kept.request("GET", "/")
        kept.getresponse().read()
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert threading.active_count() == before
    assert idle.recv(1) == b""
    idle.close()
    kept.close()


def test_disconnected_client_does_not_affect_the_next_one() -> None:
    """The server drops the response and serves the next client."""
    gone = threading.Event()

    def slow(_: HttpRequest) -> HttpResponse:
        gone.wait(5)
        return HttpResponse(body=b"x" * 1_000_000)

    with _serving(slow) as server:
        with socket.create_connection(server.address) as connection:
            connection.sendall(GET)
        gone.set()
        assert len(_exchange(server, GET)) > 1_000_000


def test_silent_address_accepts_and_never_responds() -> None:
    """After `close`, open connections are reset and new ones refused."""
    silent = SilentAddress()
    silent.open()
    with socket.create_connection(silent.address, timeout=0.05) as connection:
        connection.sendall(b"hello?")
        with pytest.raises(TimeoutError):
            connection.recv(1)
        silent.close()
        connection.settimeout(5)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(silent.address, timeout=5)
    assert silent.url.endswith(f":{silent.address[1]}")
