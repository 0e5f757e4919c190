"""Server-Sent Events: what the server tells the page without being asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

_HEARTBEAT_SECONDS: Final = 15.0
"""After this time without an event, a comment shows the server whether the page still reads."""


class Events:
    """Sends each event to every page that listens."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._is_closed = False

    def send(self, name: str, data: Any = None) -> None:
        """Send an event.

        Args:
            name: by which the page listens to it.
            data: any JSON value.
        """
        for listener in self._listeners:
            listener.put_nowait(f"event: {name}\ndata: {json.dumps(data)}\n\n")

    async def stream(self) -> AsyncIterator[str]:
        """Yield the events from now on, as the body of a response of the type ``text/event-stream``."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield ": connected\n\n"
            while not self._is_closed:
                try:
                    text = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    text = ": still here\n\n"
                if text is not None:
                    yield text
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self._is_closed = True
        for listener in self._listeners:
            listener.put_nowait(None)
