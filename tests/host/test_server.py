"""The host on a real socket, against callers that misbehave: no 500, no hang, no connection dropped without an answer."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from connector_kit.host import bodies, protocol
from connector_kit.host.runner import listen
from tests.host.conftest import API_KEY, CODE, CONNECTORS, LINK, RECIPIENT, TOKEN, Settings, make_settings, message
from tests.host.running import exchange, read_all, running, statuses

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
    """Run one host for all; its callers have a second for a head or a body."""
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
    "huge body, announced": ([_request(b"POST /email", b"x" * 3_000_000, CLOSE)], [413]),
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
    "announced too much": ([_request(b"POST /email", b"", b"Content-Length: 100\r\n", CLOSE, length=False)], [408]),
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
    "odd path": ([_request(b"POST /%ff%00/..//email?\x7f".replace(b"\x7f", b""), BODY, CLOSE)], [404]),
    "absolute target": ([_request(b"GET http://elsewhere.example/connectors", b"", CLOSE)], [404]),
    "proxy request": ([_request(b"CONNECT elsewhere.example:443", b"", CLOSE)], [404]),
    "head": ([_request(b"HEAD /email", b"", CLOSE)], [405]),
    "options": ([_request(b"OPTIONS /email", b"", CLOSE)], [405]),
    "options of all": ([_request(b"OPTIONS *", b"", CLOSE)], [404]),
    "made-up method": ([_request(b"BREW /email", b"", CLOSE)], [405]),
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
    "another encoding": (
        [_request(b"POST /email", b"", b"Transfer-Encoding: gzip\r\n", CLOSE, length=False)],
        [400],
    ),
    "no http": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"], [400]),
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
    "three in one go": ([SEND + SEND + LAST], [200, 200, 200]),
    "a good one after a bad one": ([_request(b"POST /email", b"{") + _request(b"GET /x") + LAST], [400, 404, 200]),
    "a refused body and the next": ([_request(b"POST /email", b"x" * 9000) + LAST], [413, 200]),
    "http/1.0": ([b"GET /healthz HTTP/1.0\r\n\r\n"], [200]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_an_answer_and_takes_nothing_along(
    port: int, log: list[dict[str, Any]], caplog: pytest.LogCaptureFixture, case: str
) -> None:
    """The status that is due, no secret in an answer or a line of any log, and the host goes on."""
    caplog.set_level(logging.INFO)
    parts, expected = BAD[case]
    told = exchange(port, *parts)
    assert statuses(told) == expected
    lines = json.dumps(log).encode() + caplog.text.encode()
    for secret in SECRETS:
        assert secret not in told
        assert secret not in lines
    assert statuses(exchange(port, LAST)) == [200]


def test_a_slow_body_is_answered_when_its_time_is_up(port: int) -> None:
    """With 408, though bytes still trickle in."""
    started = time.monotonic()
    told = exchange(
        port, _request(b"POST /email", b"", b"Content-Length: 500\r\n", length=False), *[b" "] * 8, pause=0.2
    )
    assert statuses(told) == [408]
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "slow_body"
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("first", [b"", SEND])
def test_a_slow_head_is_answered_too(port: int, first: bytes) -> None:
    """On a new connection, and on one that has served."""
    told = exchange(port, first + b"GET /heal", *[b"t"] * 8, pause=0.2)
    assert statuses(told) == [*statuses(b"HTTP/1.1 200 \r\n" if first else b""), 408]


def test_a_head_without_end_is_refused(port: int, log: list[dict[str, Any]]) -> None:
    """Before it fills the memory."""
    told = exchange(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", b"x" * 30_000, b"x" * 30_000, pause=0.1)
    assert statuses(told) == [400]
    head, _, body = told.partition(b"\r\n\r\n")
    answer = json.loads(body)
    assert answer["code"] == "bad_request"
    assert b"x-request-id: " + answer["requestId"].encode() in head.lower()
    assert log[0].items() >= {"event": "refused", "status": 400, "request_id": answer["requestId"]}.items()


def test_a_caller_that_says_nothing_is_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time of an idle connection; a connection is not free."""
    monkeypatch.setattr(protocol, "KEEP_ALIVE_SECONDS", 0.2)
    with running(settings()) as port:
        started = time.monotonic()
        assert exchange(port) == b""
        assert 0.2 <= time.monotonic() - started < 5


def test_nonsense_after_an_answer_ends_the_connection(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that was given while the body still came is not followed by another."""
    monkeypatch.setattr(bodies, "_MOST_DRAINED", 1000)
    head = b"POST /email HTTP/1.1\r\nHost: x\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    told = exchange(port, head + b"800\r\n" + b"x" * 0x800 + b"\r\n", b"zz\r\n", pause=0.3)
    assert statuses(told) == [401]


def test_a_head_in_pieces_is_put_together(port: int) -> None:
    """As long as it arrives in time."""
    told = exchange(port, LAST[:20], LAST[20:60], LAST[60:], pause=0.05)
    assert statuses(told) == [200]


def test_a_caller_that_goes_away_half_way_hurts_nobody(port: int, log: list[dict[str, Any]]) -> None:
    """In the head, in the body, and while the message is being sent."""
    for part in (SEND[:30], SEND[:-5], SEND):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(part)
    assert statuses(exchange(port, LAST)) == [200]
    assert [line.get("code") for line in log].count("client_gone") <= 1


def test_idle_connections_outlast_the_callers() -> None:
    """Node keeps them for 5 seconds: the host must not hang up just when the next message is on its way."""
    assert protocol.KEEP_ALIVE_SECONDS > 5
    assert protocol.LAST_CALL_SECONDS > 5


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


def _eventually(claim: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def test_a_stop_finishes_what_is_in_flight_and_takes_last_calls(
    settings: Settings, acme: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs is answered; what comes on a connection that was idle is answered; both say that it was the last."""
    monkeypatch.setattr(protocol, "LAST_CALL_SECONDS", 1.5)
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
        _eventually(lambda: _refuses(ports[0]))
        idle.sendall(SEND)
        acme.RELEASE.set()
        for connection in (busy, idle):
            told = read_all(connection)
            assert statuses(told) == [200]
            assert b"connection: close" in told.lower()
        assert read_all(silent) == b""
    thread.join(20)
    assert not thread.is_alive()


def test_listening_fails_with_the_systems_reason() -> None:
    """A port that is taken, an address that is not here; and IPv6 works where there is any."""
    with listen("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])
    if socket.has_ipv6:
        with listen("::1", 0) as listener:
            assert listener.family is socket.AF_INET6
