"""A server in place of SES in its own process, which needs as little processor time as possible."""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Final

from attrs import define

_BODY: Final = b'{"MessageId":"010001930a1b2c3d-4e5f6a7b-8c9d-0e1f-2a3b-4c5d6e7f8a9b-000000"}'
_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


def response(body: bytes, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    """Return a response in the format of SES."""
    return (
        b"HTTP/1.1 %b\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\nConnection: keep-alive\r\nx-amzn-RequestId: 7a1c7d2e-5c4b-4a3d-9e8f-0123456789ab\r\n"
        b"%b\r\n%b" % (status, len(body), headers, body)
    )


_ACCEPTED: Final = response(_BODY)


class SesConnection(asyncio.Protocol):
    """One kept connection. asyncio sets TCP_NODELAY for it."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin without a request."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._received = bytearray()

    def data_received(self, data: bytes) -> None:
        """Respond to each request that is complete."""
        self._received += data
        while (end := self._received.find(_END_OF_HEAD)) >= 0:
            head = bytes(self._received[:end])
            length = int(head.lower().partition(_LENGTH)[2].split(b"\r\n", 1)[0])
            whole = end + len(_END_OF_HEAD) + length
            if len(self._received) < whole:
                return
            body = bytes(self._received[whole - length : whole])
            del self._received[:whole]
            self.respond(head, body)

    def respond(self, head: bytes, body: bytes) -> None:  # noqa: ARG002 - subclasses read it
        """Accept the message: head and body of the response are one packet."""
        self.transport.write(_ACCEPTED)


def serve(parent: Connection, make_connection: Callable[[], SesConnection] = SesConnection) -> None:
    """Tell the parent process the port, and serve until it sends something or closes the pipe."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(make_connection, "127.0.0.1", 0, backlog=1024)
        parent.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(parent.poll, None)

    asyncio.run(run())


@define
class Server:
    """A running server.

    Args:
        url: its address.
        result: what its process reported; known after the end of the block.
    """

    url: str
    result: Any = None


@contextmanager
def running_server(target: Callable[[Connection], None] = serve) -> Iterator[Server]:
    """Run a server during the block.

    Args:
        target: what the process runs; it may send a result after `serve` has returned.
    """
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=target, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that `recv` fails if the process has failed
    server = Server(f"http://127.0.0.1:{ours.recv()}")
    try:
        yield server
    finally:
        with suppress(EOFError, ConnectionError):
            ours.send("stop")
            server.result = ours.recv()
        process.join(10)
