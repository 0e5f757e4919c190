"""The server behind the stubs speaks HTTP/1.1, serves many at once, and leaves nothing behind."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import urllib3

from conformance import Answer, HttpRequest
from conformance.loopback_server import LoopbackServer, Respond, SilentAddress


def _echo(request: HttpRequest) -> Answer | None:
    shown = f"{request.method} {request.url} ".encode() + request.body
    return None if request.path == "/lost" else Answer(204 if request.path == "/none" else 200, shown)


@contextmanager
def _serving(respond: Respond = _echo) -> Iterator[LoopbackServer]:
    server = LoopbackServer(respond)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _said(server: LoopbackServer, request: bytes) -> bytes:
    """Say something, and return all that comes back until the connection ends."""
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_connection_is_kept() -> None:
    """Several requests go over one connection."""
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
    ("request_", "answer"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b"GET http://h/ "),
        (b"GET / HTTP/1.0\r\n\r\n", b"GET http://127.0.0.1:"),
        (b"GET http://h/p HTTP/1.1\nHost: other\n\n", b"GET http://h/p "),
        (
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: t\r\n\r\n",
            b" abcde",
        ),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", b"POST http://h/ hi"),
        (
            b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200",
        ),
        (b"\r\n", b""),
        (b"", b""),
        (b"nonsense\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/2\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nUnfinished: ", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\nContent-Length: much\r\n\r\n", b"400 Bad Request"),
        (b"POST /lost HTTP/1.1\r\n\r\n", b""),
    ],
)
def test_it_reads_what_clients_send(request_: bytes, answer: bytes) -> None:
    """Lengths, chunks, absolute targets, older versions; what is no HTTP is a bad request."""
    with _serving() as server:
        found = _said(server, request_)
    assert (answer in found) if answer else (found == b"")


@pytest.mark.parametrize(
    ("version", "wish", "kept"), [("1.0", "keep-alive", 2), ("1.0", "close", 1), ("1.1", "close", 1)]
)
def test_a_client_says_whether_a_connection_stays(version: str, wish: str, kept: int) -> None:
    """By version and header."""
    with _serving() as server:
        found = _said(server, f"GET / HTTP/{version}\r\nConnection: {wish}\r\n\r\n".encode() * 2)
    assert found.count(b"HTTP/1.1 200") == kept


def test_an_answer_without_a_body_says_so() -> None:
    """204 has no length, and HEAD a length without a body."""
    with _serving() as server:
        assert b"Content-Length" not in _said(server, b"GET /none HTTP/1.1\r\n\r\n")
        head = _said(server, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"Content-Length: 15" in head
    assert head.endswith(b"\r\n\r\n")


def test_many_are_served_at_once() -> None:
    """Eight threads, and no answer goes to another's request."""
    found: list[bool] = []

    def ask(pool: urllib3.PoolManager, url: str, index: int) -> None:
        for turn in range(25):
            body = f"{index}-{turn}".encode()
            found.append(pool.request("POST", url, body=body, retries=False).data.endswith(b" " + body))

    with _serving() as server, urllib3.PoolManager(maxsize=8) as pool:
        threads = [threading.Thread(target=ask, args=(pool, server.url, index)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 200


def test_connections_are_refused_until_it_starts_again() -> None:
    """As where nothing listens, on the same port; those that were there are ended."""
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


def test_it_ends_at_once_and_leaves_nothing() -> None:
    """Kept connections, idle ones and its threads are gone when it has stopped."""
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


def test_a_client_that_is_gone_does_no_harm() -> None:
    """Its answer is dropped, and the next client is served."""
    gone = threading.Event()

    def slow(_: HttpRequest) -> Answer:
        gone.wait(5)
        return Answer(body=b"x" * 1_000_000)

    with _serving(slow) as server:
        with socket.create_connection(server.address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        gone.set()
        assert len(_said(server, b"GET / HTTP/1.1\r\n\r\n")) > 1_000_000


def test_a_silent_address_takes_and_never_answers() -> None:
    """Until it is closed: then every connection ends, and another is refused."""
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
