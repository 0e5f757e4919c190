"""Reading request bodies: within a size and a time, JSON in UTF-8 only, and to the end before anything is answered."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.types import Receive

from connector_kit.host.answers import HostError
from connector_kit.parsing import load_json

_MOST_DRAINED: Final = 1 << 23

_DEEPEST: Final = 100
"""Levels of nesting. Nothing that Logto sends comes near; a thousand would exhaust whatever walks through it."""


class ClientGoneError(Exception):
    """The caller hung up before its request was complete."""


class RequestBody:
    """The body of one request.

    Args:
        receive: the ASGI channel.
        headers: of the request, lower case.
        seconds: how long it may take to arrive, from now on.
    """

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes], seconds: float) -> None:
        self._receive = receive
        self._headers = headers
        self._until = asyncio.get_running_loop().time() + seconds
        self._complete = False

    @property
    def _announced(self) -> int:
        length = self._headers.get(b"content-length", b"0")
        return int(length) if length.isdigit() else 0

    async def read_json(self, most: int) -> Any:  # noqa: ANN401 - any JSON value
        """Read the body.

        Args:
            most: how many bytes are taken.

        Raises:
            HostError: it is not JSON, not said to be JSON, too large or too slow.
            ClientGoneError: it ended half-way.
        """
        if not self._is_json():
            raise HostError("unsupported_media_type")
        if self._announced > most:
            raise HostError("too_large")
        content = bytearray()
        while not self._complete:
            content += await self._chunk()
            if len(content) > most:
                raise HostError("too_large")
        try:
            value = load_json(content.decode("utf-8"))
        except (ValueError, RecursionError):
            raise HostError("bad_json") from None
        if content.count(b"[") + content.count(b"{") > _DEEPEST and _is_too_deep(value):
            raise HostError("bad_json")
        return value

    async def drain(self) -> None:
        """Read and drop the rest: closing on a caller that still writes would lose it the answer.

        There is an end to that too, for a caller that writes and writes.
        """
        if not self._announced and b"transfer-encoding" not in self._headers:
            return  # there is none, or the server's protocol has frames: no answer is lost there
        drained = 0
        try:
            while not self._complete and drained < _MOST_DRAINED:
                drained += len(await self._chunk())
        except (HostError, ClientGoneError):
            self._complete = True

    async def _chunk(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise HostError("slow_body", {"Connection": "close"}) from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        self._complete = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk

    def _is_json(self) -> bool:
        media_type, _, parameters = self._headers.get(b"content-type", b"").lower().partition(b";")
        charsets = [it.partition(b"=")[2].strip(b' "') for it in parameters.split(b";") if b"charset" in it]
        encoding = self._headers.get(b"content-encoding", b"identity").lower().strip()
        return (
            media_type.strip() == b"application/json"
            and all(charset in {b"utf-8", b"utf8"} for charset in charsets)
            and encoding == b"identity"
        )


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [
            member
            for item in level
            if isinstance(item, dict | list)
            for member in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True
