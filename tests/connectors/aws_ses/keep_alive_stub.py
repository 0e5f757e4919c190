"""A server in place of SES that keeps connections open, and records which of them each message came from."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threading import Barrier

_WAIT_SECONDS = 10


class KeepAliveStub(ThreadingHTTPServer):
    """Accepts every message; the MessageId is its subject."""

    def __init__(self) -> None:
        self.received: list[tuple[int, str]] = []
        """The port of the client, and the subject."""
        self.barrier: Barrier | None = None
        """Requests wait for each other here."""
        self.open_connections: set[int] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_port}"

    def wait_until_open(self, count: int) -> None:
        """Wait until so many connections are open: the stub learns a moment later that one is closed."""
        end = time.monotonic() + _WAIT_SECONDS
        while len(self.open_connections) != count:
            assert time.monotonic() < end, self.open_connections
            time.sleep(0.01)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: KeepAliveStub

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def handle(self) -> None:
        port = self.client_address[1]
        self.server.open_connections.add(port)
        try:
            super().handle()
        finally:
            self.server.open_connections.discard(port)

    def do_POST(self) -> None:
        members = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        subject = members["Content"]["Simple"]["Subject"]["Data"]
        self.server.received.append((self.client_address[1], subject))
        if self.server.barrier is not None:
            self.server.barrier.wait(_WAIT_SECONDS)
        body = json.dumps({"MessageId": subject}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
