"""An HTTP/1.1 server on the loopback interface for provider stubs: h11 reads and writes the protocol."""

import socket
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final, Literal

import h11
from attrs import evolve
from urllib3 import HTTPHeaderDict

from conformance.providers.http_messages import HttpRequest, HttpResponse
from conformance.providers.tcp import HOST, TcpProvider

_MAX_HEAD: Final = 1024 * 1024
_MAX_BODY: Final = 64 * 1024 * 1024
_READ_SIZE: Final = 65536
_STATUSES_WITHOUT_BODY: Final = frozenset({204, 304})

Respond = Callable[[HttpRequest], HttpResponse | Iterator[bytes] | None]
"""Returns the response to a request, or the parts of one, or ``None`` to close the connection without one."""


def serve_http(connection: socket.socket, respond: Respond, url: str) -> None:
    """Serve the requests of one connection.

    A request that is not valid HTTP gets the status 400, or the one that h11 suggests; ``respond`` does not see it.

    Args:
        connection: the connection.
        respond: returns the response to a request; called in this thread.
        url: scheme, host and port of the server, for requests that do not name a host.
    """
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
    try:
        while _serve_one(http, connection, respond, url):
            http.start_next_cycle()
    except h11.RemoteProtocolError as error:
        _send_response(http, connection, HttpResponse(error.error_status_hint), "")


def _serve_one(http: h11.Connection, connection: socket.socket, respond: Respond, url: str) -> bool:
    """Serve one request, and return whether the connection stays open."""
    request = _read_request(http, connection, url)
    response = None if request is None else respond(request)
    if request is None or response is None:
        return False
    if isinstance(response, HttpResponse):
        _send_response(http, connection, response, request.method)
        return http.our_state is h11.DONE
    for part in response:
        connection.sendall(part)
    return False


def _read_request(http: h11.Connection, connection: socket.socket, url: str) -> HttpRequest | None:
    """Read one request; ``None`` when the client has closed the connection."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            if http.they_are_waiting_for_100_continue:
                connection.sendall(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            http.receive_data(connection.recv(_READ_SIZE))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_BODY:
                raise h11.RemoteProtocolError("The body is too large.", error_status_hint=413)
        else:
            return _request(head, bytes(body), url) if head is not None else None


def _request(head: h11.Request, body: bytes, url: str) -> HttpRequest:
    headers = HTTPHeaderDict()
    for name, value in head.headers.raw_items():
        headers.add(name.decode("ascii"), value.decode("latin-1"))
    target = head.target.decode("ascii")
    if not target.startswith(("http://", "https://")):
        scheme, _, host = url.partition("://")
        target = f"{scheme}://{headers.get('Host', host)}{target}"
    return HttpRequest(head.method.decode("ascii"), target, headers, body)


def _send_response(http: h11.Connection, connection: socket.socket, response: HttpResponse, method: str) -> None:
    has_length = response.status not in _STATUSES_WITHOUT_BODY
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.headers.items()]
    headers += [(b"Content-Length", str(len(response.body)).encode())] if has_length else []
    head = h11.Response(status_code=response.status, reason=response.reason, headers=headers)
    body = [h11.Data(data=response.body)] if has_length and method != "HEAD" else []
    connection.sendall(b"".join(http.send(event) or b"" for event in (head, *body, h11.EndOfMessage())))


def response_head(response: HttpResponse, headers: Mapping[str, str]) -> bytes:
    """Return the status line and headers of a response, without its Content-Length."""
    fields = {**response.headers, **headers}
    lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def in_chunks(response: HttpResponse) -> Iterator[bytes]:
    """Yield a response with a chunk for every third of its body, and header names in lower case."""
    lower = {name.lower(): value for name, value in response.headers.items()}
    if response.status in _STATUSES_WITHOUT_BODY:
        yield response_head(evolve(response, headers=lower), {"connection": "close"})
        return
    yield response_head(evolve(response, headers=lower), {"connection": "close", "transfer-encoding": "chunked"})
    size = len(response.body) // 3 + 1
    for start in range(0, len(response.body), size):
        part = response.body[start : start + size]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


class LoopbackProvider(TcpProvider):
    """A provider stub that is an HTTP server on the loopback interface.

    A subclass implements `handle`, which records each request in `calls` and returns the response.
    """

    scheme: ClassVar[Literal["http", "https"]] = "http"
    """With ``https``, the server shows a certificate of a test authority. The environment variables for such files
    (``SSL_CERT_FILE``, ``REQUESTS_CA_BUNDLE``, ``NODE_EXTRA_CA_CERTS`` …) make HTTP clients trust it."""

    @abstractmethod
    def handle(self, request: HttpRequest) -> HttpResponse | Iterator[bytes] | None:
        """Record a request and return the response.

        The server calls it in the thread of the connection, so several calls may run at once.

        Returns:
            The response; or parts of one, which are sent as they are made, before the connection closes; or ``None``
            to close the connection without a response.
        """

    @property
    def uses_tls(self) -> bool:
        """Whether the scheme is ``https``."""
        return self.scheme == "https"

    def enable_tls(self) -> bool:
        """Use ``https`` from the next start on."""
        self.scheme = "https"  # type: ignore[misc]  # of this stub, instead of that of its class
        return True

    @property
    def url(self) -> str:
        """Scheme, host and port of the server.

        Raises:
            RuntimeError: the stub is not running.
        """
        return f"{self.scheme}://{HOST}:{self.server.address[1]}"

    def converse(self, connection: socket.socket) -> None:
        """Serve the requests of one connection."""
        serve_http(connection, self.handle, self.url)
