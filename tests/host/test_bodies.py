"""Bodies: JSON in UTF-8 and nothing else, within a size and a time."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from connector_kit.host.answers import HostError
from connector_kit.host.bodies import ClientGoneError, RequestBody
from tests.host.conftest import Client, message

BODY = json.dumps(message()).encode()
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}}",
        b"\xff\xfe",
        b'{"to":"\xe9"}',
        b"NaN",
        b'{"to":Infinity}',
        BODY.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + BODY,
        b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 101 + b"1" + b"}" * 101,
        b"\x00",
        b"'{}'",
    ],
)
def test_what_is_not_json_in_utf_8_is_refused(client: Client, body: bytes) -> None:
    """Also what is nested more deeply than anything that Logto sends."""
    answer = client().post("/email", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


@pytest.mark.parametrize("body", [b"[" * 100 + b"]" * 100, b"[" + b"{}," * 200 + b"{}]"])
def test_what_is_deep_or_wide_within_reason_is_read(client: Client, body: bytes) -> None:
    """It is JSON, and then no message."""
    answer = client().post("/email", content=body, headers=JSON)
    assert answer.json()["code"] == "invalid_request_parameters"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/merge-patch+json"},
    ],
)
def test_what_is_not_said_to_be_json_is_refused(client: Client, headers: dict[str, str]) -> None:
    """Whatever the body is."""
    answer = client().post("/email", content=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf8"; x=y']
)
def test_json_is_taken_however_it_is_announced(client: Client, media_type: str) -> None:
    """Case and parameters do not matter."""
    assert client().post("/email", content=BODY, headers={"Content-Type": media_type}).status_code == 200


def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    """By its announced length, or when that much has come; one at the limit is taken."""
    host = client(max_body_bytes=2048)
    for size, status in ((2048, 200), (2049, 413)):
        body = BODY + b" " * (size - len(BODY))
        assert host.post("/email", content=body, headers=JSON).status_code == status

        def chunks(body: bytes = body) -> Iterator[bytes]:
            yield body[:1000]
            yield body[1000:]

        answer = host.post("/email", content=chunks(), headers=JSON)
        assert answer.status_code == status
    assert answer.json()["code"] == "too_large"


def _body(messages: list[Any], headers: dict[bytes, bytes] | None = None, seconds: float = 5.0) -> RequestBody:
    async def receive() -> Any:  # noqa: ANN401 - an ASGI message
        if not messages:
            await asyncio.sleep(60)
        return messages.pop(0)

    return RequestBody(receive, headers or {b"content-type": b"application/json", b"transfer-encoding": b"x"}, seconds)


def test_a_body_that_does_not_arrive_in_time_is_408() -> None:
    """And the connection is not used again."""

    async def read() -> None:
        chunk = {"type": "http.request", "body": b"{", "more_body": True}
        await _body([chunk], seconds=0.05).read_json(100)

    with pytest.raises(HostError) as caught:
        asyncio.run(read())
    assert (caught.value.status, caught.value.headers) == (408, {"Connection": "close"})


def test_a_caller_that_hangs_up_is_noticed() -> None:
    """There is nobody to answer."""

    async def read() -> None:
        await _body([{"type": "http.disconnect"}]).read_json(100)

    with pytest.raises(ClientGoneError):
        asyncio.run(read())


def test_the_rest_of_a_body_is_drained_within_bounds() -> None:
    """Until it ends, or the caller does, or time or patience is up."""
    megabyte = {"type": "http.request", "body": b"x" * 2**20, "more_body": True}
    last = {"type": "http.request", "body": b"x"}

    async def left(messages: list[Any]) -> int:
        body = _body(messages, seconds=0.05)
        await body.drain()
        await body.drain()
        return len(messages)

    assert asyncio.run(left([megabyte, megabyte, last])) == 0
    assert asyncio.run(left([megabyte, {"type": "http.disconnect"}, last])) == 1
    assert asyncio.run(left([megabyte])) == 0
    assert asyncio.run(left([megabyte] * 24)) == 8


def test_a_request_without_a_body_waits_for_none() -> None:
    """Nothing is announced, so nothing is read: an odd length counts as none, and the server sees to it."""

    async def drained(headers: dict[bytes, bytes]) -> None:
        await asyncio.wait_for(_body([], headers, seconds=60).drain(), 1)

    asyncio.run(drained({b"content-length": b"0"}))
    asyncio.run(drained({b"content-length": b"x"}))


def test_a_caller_that_is_gone_gets_a_line_in_the_log(client: Client, log: list[dict[str, Any]]) -> None:
    """Without a status: there was no answer."""
    app = client().app

    async def call() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:  # noqa: ANN401 - an ASGI message
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
            sent.append(message)

        headers = [(b"content-type", b"application/json"), (b"content-length", b"9")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/email",
            "raw_path": b"/email",
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [*headers, (b"authorization", b"a-token-of-the-tests-0123456789")],
            "client": None,
            "server": ("127.0.0.1", 80),
        }
        await app(scope, receive, send)
        return sent

    assert asyncio.run(call()) == []
    assert log[0]["code"] == "client_gone"
    assert "status" not in log[0]
    assert log[0]["level"] == "warning"
