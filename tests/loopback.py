"""An HTTP server on this machine that sends prepared responses and records requests."""

import socket
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from ssl import SSLContext
from threading import Event, Thread
from typing import ClassVar, Literal, Self

from attrs import Factory, field, frozen

_LONGEST_HANG = 20.0


@frozen
class HttpResponse:
    """A response to send, or what to do instead.

    ``hang`` until the server stops; ``reset`` or ``close`` the connection; ``stop`` in the middle of the body.

    With ``drips``, the server first sends header lines, then the body, one each of so many seconds.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = Factory(dict)
    instead: Literal["hang", "reset", "close", "stop"] | None = None
    drips: float | None = None


@frozen
class Request:
    """A request that the server received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


def _drip(file: BufferedIOBase, body: bytes, seconds: float, stopped: Event) -> None:
    """Send ten header lines, then each byte of the body, until the client closes the connection."""
    with suppress(OSError):
        for part in (*[b"X-More: 1\r\n"] * 10, b"\r\n", *(bytes([byte]) for byte in body)):
            if stopped.wait(seconds):
                return
            file.write(part)


class Loopback:
    """The server; it sends its ``answers`` in order and repeats the last one."""

    def __init__(self) -> None:
        self.answers: list[HttpResponse] = [HttpResponse()]
        self.requests: list[Request] = []
        self.stopped = Event()
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            owner: ClassVar[Loopback] = loopback

            def log_message(self, *_: object) -> None:
                """Log nothing."""

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.owner.requests.append(Request(self.command, self.path, headers, body))
                answers = self.owner.answers
                self.give(answers.pop(0) if len(answers) > 1 else answers[0])

            do_GET = do_POST = handle_any  # noqa: N815 - the names that the base class calls

            def give(self, answer: HttpResponse) -> None:
                self.close_connection = True
                if answer.instead == "hang":
                    self.owner.stopped.wait(_LONGEST_HANG)
                elif answer.instead == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.shutdown(socket.SHUT_RD)
                elif answer.instead != "close":
                    self.send_response_only(answer.status)
                    for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                        self.send_header(name, value)
                    missing = 1 if answer.instead == "stop" else 0
                    self.send_header("Content-Length", str(len(answer.body) + missing))
                    self.send_header("Connection", "close")
                    if answer.drips is None:
                        self.end_headers()
                        self.wfile.write(answer.body)
                    else:
                        self.flush_headers()
                        _drip(self.wfile, answer.body, answer.drips, self.owner.stopped)

        class Server(ThreadingHTTPServer):
            daemon_threads = False

            def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
                """Close the socket without the base class's shutdown, so that a reset is sent."""
                self.close_request(request)

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def use_tls(self, context: SSLContext) -> None:
        """Serve HTTPS; call this before the start. Each connection does its handshake in its own thread."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End every hanging request, and stop."""
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
