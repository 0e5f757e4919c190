"""Request bodies: JSON in UTF-8 only, within limits of size and time."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from connector_kit.host.request_body import RequestBody
from connector_kit.host.responses import HostError
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
def test_invalid_json_is_400_bad_json(client: Client, body: bytes) -> None:
    """So are other encodings, NaN, and values nested more than 100 levels deep."""
    response = client().post("/email", content=body, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, "bad_json")


@pytest.mark.parametrize("body", [b"[" * 100 + b"]" * 100, b"[" + b"{}," * 200 + b"{}]"])
def test_json_of_100_levels_is_read(client: Client, body: bytes) -> None:
    """It is JSON, and is then rejected because it is not a message."""
    response = client().post("/email", content=body, headers=JSON)
    assert response.json()["code"] == "invalid_request_parameters"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/merge-patch+json"},
        {"Content-Type": "application/json-seq"},
        {"Content-Type": "application/jsonlines"},
    ],
)
def test_other_content_type_is_415(client: Client, headers: dict[str, str]) -> None:
    """Even if the body is valid JSON."""
    response = client().post("/email", content=BODY, headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf8"; x=y']
)
def test_content_type_may_have_any_case_and_parameters(client: Client, media_type: str) -> None:
    """A charset must be UTF-8."""
    assert client().post("/email", content=BODY, headers={"Content-Type": media_type}).status_code == 200


def test_body_over_the_limit_is_413(client: Client) -> None:
    """With Content-Length or chunked. A body of exactly the limit is accepted."""
    host = client(max_body_bytes=2048)
    for size, status in ((2048, 200), (2049, 413)):
        body = BODY + b" " * (size - len(BODY))
        assert host.post("/email", content=body, headers=JSON).status_code == status

        def chunks(body: bytes = body) -> Iterator[bytes]:
            yield body[:1000]
            yield body[1000:]

        response = host.post("/email", content=chunks(), headers=JSON)
        assert response.status_code == status
    assert response.json()["code"] == "too_large"


def _body(messages: list[Any], headers: dict[bytes, bytes] | None = None, seconds: float = 5.0) -> RequestBody:
    async def receive() -> Any:
        if not messages:
            await asyncio.sleep(60)
        return messages.pop(0)

    return RequestBody(
        receive, headers or {b"content-type": b"application/json", b"transfer-encoding": b"x"}, seconds, 100
    )


def test_slow_body_is_408_and_closes_the_connection() -> None:

    async def read() -> None:
        chunk = {"type": "http.request", "body": b"{", "more_body": True}
        await _body([chunk], seconds=0.05).read_json()

    with pytest.raises(HostError) as caught:
        asyncio.run(read())
    assert (caught.value.status, caught.value.headers) == (408, {"Connection": "close"})


def test_disconnected_client_raises_client_disconnect() -> None:

    async def read() -> None:
        await _body([{"type": "http.disconnect"}]).read_json()

    with pytest.raises(ClientDisconnect):
        asyncio.run(read())


def test_draining_stops_at_its_limits() -> None:
    """It ends with the body, when the client disconnects, after a time limit, or after 8 MiB."""
    megabyte = {"type": "http.request", "body": b"x" * 2**20, "more_body": True}
    last = {"type": "http.request", "body": b"x"}

    async def drained(messages: list[Any], times: int = 2) -> tuple[bool, int]:
        body = _body(messages, seconds=0.05)
        results = [await body.drain() for _ in range(times)]
        return results[0], len(messages)

    assert asyncio.run(drained([megabyte, megabyte, last])) == (True, 0)
    assert asyncio.run(drained([megabyte, {"type": "http.disconnect"}, last])) == (False, 1)
    assert asyncio.run(drained([megabyte])) == (False, 0)
    assert asyncio.run(drained([megabyte] * 24, times=1)) == (False, 16)
    assert asyncio.run(drained([megabyte] * 24)) == (False, 8)


def test_request_without_a_body_is_not_drained() -> None:
    """Content-Length is missing, zero or malformed; the server rejects malformed ones before."""

    async def drained(headers: dict[bytes, bytes]) -> None:
        await asyncio.wait_for(_body([], headers, seconds=60).drain(), 1)

    asyncio.run(drained({b"content-length": b"0"}))
    asyncio.run(drained({b"content-length": b"x"}))


def test_disconnected_client_is_logged_without_status(client: Client, log: list[dict[str, Any]]) -> None:
    app = client().app

    async def call() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
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
