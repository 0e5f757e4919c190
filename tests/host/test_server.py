"""The server on a real socket: malformed input, slow clients, idle connections and shutdown."""

import contextlib
import json
import logging
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from types import ModuleType
from typing import Any

import pytest

from connector_kit.host import create_app, request_body, server
from connector_kit.host.logs import LOGGER
from connector_kit.host.server import listen, server_config
from tests.host.conftest import API_KEY, CODE, CONNECTORS, LINK, RECIPIENT, TOKEN, Settings, make_settings, message
from tests.host.running import read_all, running, send_raw, statuses

BODY = json.dumps(message()).encode()
AUTHORIZED = b"Host: x\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n"
JSON = b"Content-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"
SECRETS = [secret.encode() for secret in (API_KEY, CODE, LINK, RECIPIENT, TOKEN)]


def _request(line: bytes, body: bytes = b"", *headers: bytes, length: bool = True) -> bytes:
    counted = b"Content-Length: %d\r\n" % len(body) if length else b""
    return line + b" HTTP/1.1\r\n" + AUTHORIZED + JSON + counted + b"".join(headers) + b"\r\n" + body


SEND = _request(b"POST /email", BODY)
LAST = _request(b"POST /email", BODY, CLOSE)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run one host for all tests; heads and bodies must arrive within a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(CONNECTORS)
        import acme_hosted  # noqa: PLC0415 - only importable from here on

        settings = make_settings(acme_hosted, body_seconds=1.0, max_body_bytes=4096, deadline_seconds=5)
        with running(settings) as found:
            yield found


BAD: dict[str, tuple[list[bytes], list[int]]] = {
    "no token": ([b"POST /email HTTP/1.1\r\nHost: x\r\n" + JSON + CLOSE + b"Content-Length: 2\r\n\r\n{}"], [401]),
    "wrong token": (
        [b"GET /connectors HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n" + CLOSE + b"\r\n"],
        [401],
    ),
    "token twice": ([_request(b"GET /connectors", b"", b"Authorization: " + TOKEN.encode() + b"\r\n", CLOSE)], [401]),
    "huge body with length": ([_request(b"POST /email", b"x" * 3_000_000, CLOSE)], [413]),
    "huge body, chunked": (
        [
            _request(b"POST /email", b"", b"Transfer-Encoding: chunked\r\n", CLOSE, length=False),
            *[b"2000\r\n" + b"x" * 0x2000 + b"\r\n"] * 20,
            b"0\r\n\r\n",
        ],
        [413],
    ),
    "huge body without a token": (
        [
            b"POST /email HTTP/1.1\r\nHost: x\r\n" + JSON + CLOSE + b"Content-Length: 3000000\r\n\r\n",
            b"x" * 3_000_000,
        ],
        [401],
    ),
    "shorter body than its length": (
        [_request(b"POST /email", b"", b"Content-Length: 100\r\n", CLOSE, length=False)],
        [408],
    ),
    "huge number as length": (
        [_request(b"POST /email", b"", b"Content-Length: 99999999999999\r\n", CLOSE, length=False)],
        [413],
    ),
    "bad json": ([_request(b"POST /email", b"{]", CLOSE)], [400]),
    "bad utf-8": ([_request(b"POST /email", b'{"to":"\xff"}', CLOSE)], [400]),
    "empty body": ([_request(b"POST /email", b"", CLOSE)], [400]),
    "no length": ([_request(b"POST /email", b"", CLOSE, length=False)], [400]),
    "half a surrogate pair": ([_request(b"POST /email", BODY.replace(b"someone", b"\\ud800"), CLOSE)], [200]),
    "unknown path": ([_request(b"POST /nowhere", BODY, CLOSE)], [404]),
    "invalid path": ([_request(b"POST /%ff%00/..//email?\x7f".replace(b"\x7f", b""), BODY, CLOSE)], [404]),
    "absolute target": ([_request(b"GET http://elsewhere.example/connectors", b"", CLOSE)], [404]),
    "proxy request": ([_request(b"CONNECT elsewhere.example:443", b"", CLOSE)], [404]),
    "head": ([_request(b"HEAD /email", b"", CLOSE)], [405]),
    "options": ([_request(b"OPTIONS /email", b"", CLOSE)], [405]),
    "options of all": ([_request(b"OPTIONS *", b"", CLOSE)], [404]),
    "invented method": ([_request(b"BREW /email", b"", CLOSE)], [405]),
    "two lengths": ([_request(b"POST /email", BODY, b"Content-Length: 5\r\n", CLOSE)], [400]),
    "the same length twice": ([_request(b"POST /email", BODY, b"Content-Length: %d\r\n" % len(BODY), CLOSE)], [200]),
    "negative length": ([_request(b"POST /email", b"", b"Content-Length: -1\r\n", length=False)], [400]),
    "length and chunks": ([_request(b"POST /email", BODY, b"Transfer-Encoding: chunked\r\n", CLOSE)], [400]),
    "bad chunks": (
        [_request(b"POST /email", b"", b"Transfer-Encoding: chunked\r\n", length=False), b"zz\r\nhello\r\n"],
        [400],
    ),
    "chunked": (
        [
            _request(b"POST /email", b"", b"Transfer-Encoding: chunked\r\n", CLOSE, length=False),
            b"%x\r\n%s\r\n" % (len(BODY), BODY),
            b"0\r\n\r\n",
        ],
        [200],
    ),
    "unsupported transfer encoding": (
        [_request(b"POST /email", b"", b"Transfer-Encoding: gzip\r\n", CLOSE, length=False)],
        [400],
    ),
    "not http": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"], [400]),
    "http/2": ([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], [401, 400]),
    "no host": ([b"GET /healthz HTTP/1.1\r\n\r\n"], [400]),
    "a line break in a header": (
        [b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n b\r\n" + CLOSE + b"\r\n"],
        [200],
    ),
    "a websocket": (
        [_request(b"GET /connectors", b"", b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n")],
        [200],
    ),
    "expects to continue": ([_request(b"POST /email", BODY, b"Expect: 100-continue\r\n", CLOSE)], [100, 200]),
    "three pipelined requests": ([SEND + SEND + LAST], [200, 200, 200]),
    "valid request after invalid ones": (
        [_request(b"POST /email", b"{") + _request(b"GET /x") + LAST],
        [400, 404, 200],
    ),
    "valid request after a large body": ([_request(b"POST /email", b"x" * 9000) + LAST], [413, 200]),
    "http/1.0": ([b"GET /healthz HTTP/1.0\r\n\r\n"], [200]),
}


@pytest.mark.parametrize("case", BAD)
def test_malformed_input_gets_a_response(
    port: int, log: list[dict[str, Any]], caplog: pytest.LogCaptureFixture, case: str
) -> None:
    """It has the expected status, neither response nor log has a secret, and the host continues to serve."""
    caplog.set_level(logging.INFO)
    parts, expected = BAD[case]
    received = send_raw(port, *parts)
    assert statuses(received) == expected
    lines = json.dumps(log).encode() + caplog.text.encode()
    for secret in SECRETS:
        assert secret not in received
        assert secret not in lines
    assert statuses(send_raw(port, LAST)) == [200]


def _drip(port: int, first: bytes, byte: bytes) -> tuple[bytes, float]:
    """Send bytes one by one, ten a second, until the host closes the connection; return what it has sent, and after how many seconds."""
    received = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        started = time.monotonic()
        connection.sendall(first)
        connection.settimeout(0.1)
        while time.monotonic() - started < 10:
            try:
                chunk = connection.recv(65536)
            except TimeoutError:
                connection.sendall(byte)
                continue
            except ConnectionError:
                break
            if not chunk:
                break
            received += chunk
        return received, time.monotonic() - started


_UNFINISHED_BODY = {
    "with length": _request(b"POST /email", b"", b"Content-Length: 4000\r\n", length=False),
    "in chunks": _request(b"POST /email", b"", b"Transfer-Encoding: chunked\r\n", length=False),
}


@pytest.mark.parametrize(("kind", "piece"), [("with length", b" "), ("in chunks", b"1\r\n \r\n")])
def test_slow_body_is_408_at_its_time_limit(port: int, kind: str, piece: bytes) -> None:
    """Even if bytes still arrive: the limit of one second is for the whole body."""
    received, seconds = _drip(port, _UNFINISHED_BODY[kind], piece)
    assert statuses(received) == [408]
    assert received.lower().count(b"\r\nconnection: close\r\n") == 1
    assert json.loads(received.partition(b"\r\n\r\n")[2])["code"] == "slow_body"
    assert 0.9 < seconds < 2.5


@pytest.mark.parametrize("first", [b"", SEND])
@pytest.mark.parametrize(
    ("start", "piece"), [(b"GET /heal", b"t"), (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n")]
)
def test_slow_head_is_408_at_its_time_limit(port: int, first: bytes, start: bytes, piece: bytes) -> None:
    """On a new connection, and after an earlier request. Bytes that still arrive do not start the time limit again."""
    received, seconds = _drip(port, first + start, piece)
    assert statuses(received) == [*statuses(b"HTTP/1.1 200 \r\n" if first else b""), 408]
    assert 0.9 < seconds < 2.5


def test_time_limit_of_a_head_ends_with_the_head(port: int) -> None:
    """A connection whose first head came in pieces stays open for the next request."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(SEND[:20])
        time.sleep(0.2)
        connection.sendall(SEND[20:])
        assert statuses(connection.recv(65536)) == [200]
        time.sleep(1.3)
        connection.sendall(LAST)
        assert statuses(read_all(connection)) == [200]


def test_time_limit_of_a_head_ends_with_the_connection(port: int, log: list[dict[str, Any]]) -> None:
    """Nobody has been rejected."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(SEND[:20])
        time.sleep(0.2)
    time.sleep(1.3)
    assert log == []


_FORGED = (
    b"".join(
        b"%s: 10.0.0.1\r\n" % name
        for name in (b"X-Forwarded-For", b"X-Real-IP", b"X-Client-IP", b"CF-Connecting-IP", b"True-Client-IP")
    )
    + b"Forwarded: for=10.0.0.1\r\n"
)


@pytest.mark.parametrize("allowed_by_uvicorn", [None, "*"])
def test_forged_client_address_neither_passes_nor_is_logged(
    settings: Settings, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, allowed_by_uvicorn: str | None
) -> None:
    """The server, uvicorn, has a trust of its own in X-Forwarded-For: by default it believes it from loopback addresses."""
    if allowed_by_uvicorn is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", allowed_by_uvicorn)
    forged = _request(b"GET /connectors", b"", _FORGED, CLOSE)
    with running(settings(allow_ips=(ip_network("10.0.0.0/8"),))) as port:
        assert statuses(send_raw(port, forged)) == [403]
    with running(settings()) as port:
        assert statuses(send_raw(port, forged)) == [200]
        assert statuses(send_raw(port, b"GET /healthz HTTP/1.1\r\n" + _FORGED + b"\r\n")) == [400]
    assert [line["client"] for line in log] == ["127.0.0.1"] * 3
    assert "10.0.0.1" not in json.dumps(log)


def test_forwarded_address_of_a_trusted_proxy_is_used_on_a_socket(
    settings: Settings, log: list[dict[str, Any]]
) -> None:
    """It passes `allow_ips`, and the log shows it."""
    networks = {"allow_ips": (ip_network("10.0.0.0/8"),), "trusted_proxies": (ip_network("127.0.0.1"),)}
    with running(settings(**networks)) as port:
        forwarded = [
            _request(b"GET /connectors", b"", b"X-Forwarded-For: %s\r\n" % it, CLOSE)
            for it in (b"10.0.0.1", b"1.2.3.4")
        ]
        assert [statuses(send_raw(port, it)) for it in forwarded] == [[200], [403]]
    assert [line["client"] for line in log] == ["10.0.0.1", "1.2.3.4"]


def test_too_long_head_is_400(port: int, log: list[dict[str, Any]]) -> None:
    """Its size is limited to protect the memory."""
    received = send_raw(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", b"x" * 30_000, b"x" * 30_000, pause=0.1)
    assert statuses(received) == [400]
    head, _, body = received.partition(b"\r\n\r\n")
    response = json.loads(body)
    assert response["code"] == "bad_request"
    assert b"x-request-id: " + response["requestId"].encode() in head.lower()
    assert log[0].items() >= {"event": "rejected", "status": 400, "request_id": response["requestId"]}.items()


_UNFINISHED = {
    "401": b"POST /email HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: 1000\r\n\r\n{",
    "401, chunked": b"POST /email HTTP/1.1\r\nHost: x\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "401, waiting for 100": b"POST /email HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n",
    "404": _request(b"POST /none", b"", b"Content-Length: 1000\r\n", length=False) + b"{",
    "413": _request(b"POST /email", b"", b"Content-Length: 100000\r\n", length=False) + b"{",
    "200": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
}


@pytest.mark.parametrize("request_part", _UNFINISHED.values(), ids=_UNFINISHED)
def test_connection_is_closed_after_a_response_to_an_unfinished_request(port: int, request_part: bytes) -> None:
    """Its body may never arrive, whether it stops or arrives byte by byte. The client needs no token for this."""
    for pieces in ((), [b"x"] * 15):
        received = send_raw(port, request_part, *pieces, pause=0.1)
        assert b"\r\nconnection: close\r\n" in received.lower()
        assert len(statuses(received.replace(b"HTTP/1.1 100 ", b""))) == 1


def _slow_receiver(port: int) -> socket.socket:
    """Connect with room for few bytes: the host has to wait until they are read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", port))
    return connection


def test_connection_is_closed_if_the_client_does_not_receive(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the host closes it: the operating system accepts no more of the responses."""
    monkeypatch.setattr(server, "WRITE_SECONDS", 0.2)
    with _slow_receiver(port) as connection:
        connection.sendall(_request(b"GET /openapi.json") * 400)
        with pytest.raises(ConnectionError):
            _send_for_ten_seconds(connection)


def _send_for_ten_seconds(connection: socket.socket) -> None:
    for _ in range(100):
        time.sleep(0.1)
        connection.sendall(b"GET")


def test_connection_is_closed_if_the_client_does_not_receive_the_end_of_a_response(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the rest is so small that the server would not wait for it before the next request."""
    monkeypatch.setattr(server, "WRITE_SECONDS", 0.2)
    with running(settings(), send_buffer=4096) as port, _slow_receiver(port) as connection:
        connection.sendall(_request(b"GET /openapi.json"))
        time.sleep(1)
        received = read_all(connection)
    length = int(received.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert 0 < len(received.partition(b"\r\n\r\n")[2]) < length


def test_slow_client_receives_all_responses(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit ends when it has received what was written."""
    monkeypatch.setattr(server, "WRITE_SECONDS", 10)
    with _slow_receiver(port) as connection:
        connection.sendall(_request(b"GET /openapi.json") * 300 + _request(b"GET /openapi.json", b"", CLOSE))
        time.sleep(3)
        assert statuses(read_all(connection)) == [200] * 301


def test_time_limit_for_receiving_ends_when_the_client_has_received(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection stays open for the next request."""
    monkeypatch.setattr(server, "WRITE_SECONDS", 1.5)
    with _slow_receiver(port) as connection:
        connection.sendall(_request(b"GET /openapi.json") * 20)
        time.sleep(0.3)
        received = b""
        while received.count(b"HTTP/1.1 200 ") < 20 or not received.endswith(b"}"):
            received += connection.recv(65536)
        time.sleep(2)
        connection.sendall(LAST)
        assert statuses(read_all(connection)) == [200]


def _is_open(connection: socket.socket, seconds: float = 0.3) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def test_oldest_connection_without_a_request_makes_room_for_a_new_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that has sent a request stays. Where all have, the new one is closed."""
    monkeypatch.setattr(server, "most_connections", lambda _: 3)
    with running(settings()) as port, contextlib.ExitStack() as stack, caplog.at_level(logging.INFO, LOGGER):

        def connect(request: bytes = b"") -> socket.socket:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            if request:
                connection.sendall(request)
                assert statuses(connection.recv(4096)) == [200]
            return connection

        used, oldest, newer = connect(_request(b"GET /healthz")), connect(), connect()
        last = connect(_request(b"GET /healthz"))
        assert not _is_open(oldest, 10)
        assert [_is_open(it) for it in (used, newer, last)] == [True, True, True]
        connect(_request(b"GET /healthz"))
        assert not _is_open(newer, 10)
        assert not _is_open(connect(), 10)
        assert [it.message for it in caplog.records].count("connection_limit") == 3


def test_limit_of_connections_holds_for_many_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server accepts all that wait before it notices that one is closed."""
    monkeypatch.setattr(server, "most_connections", lambda _: 3)
    with running(settings()) as port, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.socket()) for _ in range(60)]
        for connection in connections:
            connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
            connection.connect_ex(("127.0.0.1", port))
        time.sleep(1)
        assert sum(_is_open(it, 0.01) for it in connections) == 3


def test_limit_of_connections_leaves_descriptors_for_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are few, half of them."""
    for descriptors, limit in ((1024, 896), (128, 64), (-1, 10_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=descriptors: (soft, soft))
        assert server.most_connections(slots=64) == limit


def test_silent_connection_is_closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit for idle connections."""
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 0.2)
    with running(settings()) as port:
        started = time.monotonic()
        assert send_raw(port) == b""
        assert 0.2 <= time.monotonic() - started < 5


def test_response_does_not_name_the_server(port: int) -> None:
    """Nor its version, on each way to a response."""
    for request in (LAST, _request(b"GET /none", b"", CLOSE), b"x\r\n\r\n"):
        head = send_raw(port, request).partition(b"\r\n\r\n")[0].lower()
        assert statuses(head.upper() + b" ")
        assert b"\r\nserver:" not in head
        assert b"uvicorn" not in head


def test_server_has_no_access_log_of_its_own(settings: Settings) -> None:
    """It would show the query, even if a program that has configured the logging of uvicorn runs the host."""
    lines: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = lines.append  # type: ignore[method-assign]  # collects the records
    logger = logging.getLogger("uvicorn.access")
    level = logger.level
    with running(settings()) as port:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            assert statuses(send_raw(port, _request(b"GET /healthz?token=x", b"", CLOSE))) == [200]
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
    assert lines == []


def test_server_speaks_only_http(settings: Settings) -> None:
    """Also where a library for WebSockets is installed: they would pass the middleware."""
    assert server_config(create_app(settings()), settings()).ws == "none"


def test_malformed_data_after_a_response_closes_the_connection(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the response came before the end of the body, there is no second response."""
    monkeypatch.setattr(request_body, "_MAX_DRAINED_BYTES", 1000)
    head = b"POST /email HTTP/1.1\r\nHost: x\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    received = send_raw(port, head + b"800\r\n" + b"x" * 0x800 + b"\r\n", b"zz\r\n", pause=0.3)
    assert statuses(received) == [401]


def test_head_may_arrive_in_pieces(port: int) -> None:
    received = send_raw(port, LAST[:20], LAST[20:60], LAST[60:], pause=0.05)
    assert statuses(received) == [200]


def test_client_may_disconnect_at_any_time(port: int, log: list[dict[str, Any]]) -> None:
    """In the head, in the body, or during the connector call; the host continues to serve."""
    for part in (SEND[:30], SEND[:-5], SEND):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(part)
    assert statuses(send_raw(port, LAST)) == [200]
    assert [line.get("code") for line in log].count("client_gone") <= 1


def test_idle_connections_stay_open_longer_than_nodes() -> None:
    """Node closes its own after 5 seconds. The host must not close one on which the next message is on its way."""
    assert server.KEEP_ALIVE_SECONDS > 5
    assert server.SHUTDOWN_IDLE_SECONDS > 5


def _running_in_thread(settings: Settings, ports: list[int], stop: threading.Event) -> threading.Thread:
    def run() -> None:
        with running(settings(deadline_seconds=10)) as port:
            ports.append(port)
            stop.wait(20)

    thread = threading.Thread(target=run)
    thread.start()
    while not ports:
        time.sleep(0.01)
    return thread


def _wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def _is_closed(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def test_shutdown_finishes_open_requests_and_accepts_late_ones(
    settings: Settings, acme: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running request and one on an idle connection get their response, with ``Connection: close``."""
    monkeypatch.setattr(server, "SHUTDOWN_IDLE_SECONDS", 1.5)
    ports: list[int] = []
    stop = threading.Event()
    thread = _running_in_thread(settings, ports, stop)
    address = ("127.0.0.1", ports[0])
    with (
        socket.create_connection(address, timeout=10) as busy,
        socket.create_connection(address, timeout=10) as idle,
        socket.create_connection(address, timeout=10) as silent,
    ):
        idle.sendall(SEND)
        assert statuses(idle.recv(65536)) == [200]
        busy.sendall(_request(b"POST /email", json.dumps(message(outcome="hang")).encode()))
        assert acme.STARTED.wait(10)
        stop.set()
        _wait_until(lambda: _is_closed(ports[0]))
        idle.sendall(SEND)
        acme.RELEASE.set()
        for connection in (busy, idle):
            received = read_all(connection)
            assert statuses(received) == [200]
            assert b"connection: close" in received.lower()
        assert read_all(silent) == b""
    thread.join(20)
    assert not thread.is_alive()


def test_second_packet_of_a_response_is_sent_at_once() -> None:
    """Without waiting for the client's acknowledgement of the first one, which takes 40 ms."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_used_port_raises_the_systems_error() -> None:
    """IPv6 works where the system has it."""
    with listen("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listener.getsockname()[1])
    if socket.has_ipv6:
        with listen("::1", 0) as listener_6:
            assert listener_6.family is socket.AF_INET6
