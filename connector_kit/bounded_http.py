"""HTTP connections with a time limit for connecting and for the whole response.

By default, neither has one: the look-up of a name may take half a minute, each address of a server has the timeout anew, and
a server that sends a byte now and then holds a reader forever. A failure to connect has an exception of its own.
"""

import contextlib
import io
import queue
import re
import socket
import time
from collections.abc import Mapping
from functools import lru_cache
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from attrs import frozen
from urllib3 import PoolManager, ProxyManager, exceptions
from urllib3.poolmanager import pool_classes_by_scheme
from urllib3.util import Url, create_urllib3_context, make_headers, parse_url
from urllib3.util.connection import allowed_gai_family

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3.connection import HTTPConnection as _Connection
else:
    _Connection = object  # `_BoundedConnection` is combined with the connection class of each pool

_SLACK: Final = 0.05
"""In seconds: a response may exceed its limit by this much. To set the timeout of a socket before each read would cost a
system call each time."""

_SPLITS_A_HEAD: Final = re.compile(r"[\0\r\n]").search


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until its time limit has passed in total.

    Args:
        sock: its timeout is the limit, in seconds, of the whole response. ``None``: no limit but ``end``.
        source: the unbuffered file of the same socket.
        end: by ``time.monotonic``: when the response must have ended, instead of after that timeout.
    """

    def __init__(self, sock: socket.socket, source: Any, end: float | None) -> None:
        self._sock = sock
        self._source = source
        self._limit = self._timeout = sock.gettimeout()
        self._end = time.monotonic() + self._limit if end is None and self._limit is not None else end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        if self._end is not None:
            remaining = self._end - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("the response took too long in total")
            if self._timeout is None or self._timeout - remaining > _SLACK:
                self._timeout = remaining
                self._sock.settimeout(remaining)
        count: int | None = self._source.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            if self._timeout != self._limit and self._sock.fileno() != -1:
                self._sock.settimeout(self._limit)  # a kept connection is used again
            self._source.close()
        super().close()


class BoundedResponse(HTTPResponse):
    """A response whose status line, headers and body arrive within the timeout of the socket, in total.

    An ordinary response may take that long for each read: a server that sends a byte now and then holds it forever.
    """

    def __init__(self, sock: socket.socket, *args: Any, end: float | None = None, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(sock, self.fp.detach(), end))


def bounded_pool_classes(pool_classes: dict[str, Any]) -> dict[str, Any]:
    """Return urllib3's pool classes by scheme, with changes to their connections.

    Their responses are `BoundedResponse`. Each failure before the request is sent raises urllib3's ``NewConnectionError``
    or ``ConnectTimeoutError``: by default, a failed TLS handshake raises the same exceptions as a response that breaks
    off, and only after the former, a retry cannot send a message twice. The look-up of a name ends within the timeout for
    connecting.

    Args:
        pool_classes: as in ``urllib3.PoolManager.pool_classes_by_scheme``.
    """
    return {scheme: _bounded_pool_class(pool_class) for scheme, pool_class in pool_classes.items()}


def _bounded_pool_class(pool_class: Any) -> Any:
    connection_class = pool_class.ConnectionCls
    bounded_class = type(connection_class.__name__, (_BoundedConnection, connection_class), {})
    return type(pool_class.__name__, (pool_class,), {"ConnectionCls": bounded_class})


def connection_manager(url: str, timeout: float, kept: int, certificates: str | None) -> PoolManager:
    """Return the manager of bounded connections to a server, through the proxy that the environment names for it.

    Args:
        url: of the server.
        timeout: seconds for connecting to each address.
        kept: how many idle connections stay open.
        certificates: the file or folder of the certificate authorities; ``None`` for those of the system, or of
            ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` in the environment.

    Raises:
        OSError: the authorities cannot be read.
    """
    context = create_urllib3_context()
    if certificates is None:
        context.load_default_certs()
    else:
        is_folder = Path(certificates).is_dir()
        context.load_verify_locations(**{"capath" if is_folder else "cafile": certificates})
    options: Any = {
        "maxsize": kept,
        "timeout": timeout,
        "ssl_context": context,
        "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    }
    server = urlsplit(url)
    proxy = None if proxy_bypass(server.netloc) else getproxies().get(server.scheme)
    if proxy is None:
        manager = PoolManager(**options)
    else:
        proxy = proxy if "://" in proxy else f"http://{proxy.lstrip('/')}"
        headers = make_headers(proxy_basic_auth=unquote(parse_url(proxy).auth or "") or None)
        manager = ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=context, **options)
    manager.pool_classes_by_scheme = bounded_pool_classes(pool_classes_by_scheme)
    return manager


@frozen
class Response:
    """A whole response. Its repr shows neither headers nor body."""

    status: int
    headers: HTTPMessage
    body: bytes

    def __repr__(self) -> str:
        """Return the status and the length of the body."""
        return f"Response({self.status}, {len(self.body)} bytes)"


def exchange(
    manager: PoolManager,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    connect_limit: float,
    limit: float,
    largest: int | None = None,
) -> Response:
    """Send a request and return its response.

    It needs half the time of urllib3's ``request``, which has redirects, retries and streams.

    Args:
        manager: of the connections, with `bounded_pool_classes`; a ``ProxyManager`` for a proxy.
        method: of the request.
        url: of the request.
        headers: all of them, ``Host`` and ``Content-Length`` included.
        body: of the request.
        connect_limit: seconds for connecting: the look-up of the name, all addresses (each has the manager's timeout, too),
            proxy and TLS.
        limit: seconds for sending the request and for its whole response.
        largest: bytes that the body of the response may have.

    Raises:
        urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.ProxyError: the
            request was not sent.
        OSError, http.client.HTTPException: it may have been handled. A ``TimeoutError`` is an ``OSError``. A response that is
            too large is an ``HTTPException``.
        ValueError: a header has a line break, or a character that is not Latin-1.
    """
    parsed = _parsed(url)
    target = parsed.request_uri
    is_forwarded = False
    if isinstance(manager, ProxyManager) and parsed.scheme == "http":  # for https, a proxy is a tunnel
        is_forwarded = True
        target = parsed.url
        headers = {**headers, **manager.proxy_headers}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    for line in lines:
        if _SPLITS_A_HEAD(line):
            raise ValueError(f"expected no line break in the header {line.partition(':')[0]!r}")
    request = "\r\n".join((*lines, "", "")).encode("latin-1") + body
    pool: Any = manager.connection_from_host(parsed.host, parsed.port, parsed.scheme)
    connection = pool._get_conn()
    is_reusable = False
    try:
        if connection.is_closed:
            connection.connect_end = time.monotonic() + connect_limit
            if manager.proxy is not None and not is_forwarded:
                pool._prepare_proxy(connection)  # connects
            else:
                connection.connect()
        sock = connection.sock
        if sock.gettimeout() != limit:
            sock.settimeout(limit)
        end = time.monotonic() + limit
        is_sent = _send(sock, request)
        with contextlib.closing(BoundedResponse(sock, method=method, end=end)) as response:
            response.begin()
            received = Response(response.status, response.headers, _read(response, largest))
        is_reusable = is_sent and not response.will_close
    except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError) as error:
        if manager.proxy is None:
            raise
        raise exceptions.ProxyError("the connection through the proxy failed", error) from error
    finally:
        if not is_reusable:
            connection.close()
        pool._put_conn(connection)
    return received


@lru_cache(maxsize=128)
def _parsed(url: str) -> Url:
    """Parse a URL: most requests have that of an earlier one, and to parse it takes 1.5 % of a send."""
    return parse_url(url)


def close_idle_connections(manager: PoolManager) -> None:
    """Close the connections that no request uses now. Requests in other threads go on; urllib3's ``clear`` makes them fail."""
    for key in manager.pools.keys():  # noqa: SIM118 - urllib3's container raises an error if it is iterated itself
        pool: Any = manager.pools[key]
        for _ in range(pool.pool.maxsize):
            try:
                connection = pool.pool.get(block=False)
            except queue.Empty:
                break
            if connection is not None:
                connection.close()


def _read(response: HTTPResponse, largest: int | None) -> bytes:
    if largest is None:
        return response.read()
    content = response.read(largest + 1)
    if len(content) > largest:
        raise HTTPException(f"the response is larger than {largest:,} bytes")
    if response.length:  # with a length to read, http.client does not report that the rest is missing
        raise IncompleteRead(content, response.length)
    return content


def _send(sock: socket.socket, request: bytes) -> bool:
    """Send a request; return whether all of it was sent. A server may close the connection before, and still respond."""
    try:
        sock.sendall(request)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


class _BoundedConnection(_Connection):
    """Overrides how a connection of urllib3 connects, and the class of its responses."""

    response_class = BoundedResponse
    connect_end: float | None = None
    """By ``time.monotonic``: when connecting ends. ``None``: the look-up and each address may take the timeout."""

    def connect(self) -> None:
        try:
            super().connect()
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError):
            raise
        except (exceptions.HTTPError, OSError) as error:
            raise exceptions.NewConnectionError(self, type(error).__name__) from error

    def _new_conn(self) -> socket.socket:
        host, port, timeout = self._dns_host, self.port, self.timeout  # what urllib3 connects to
        failure: Exception = OSError("no address")
        try:
            limit = timeout if self.connect_end is None else self._remaining()
            for self._dns_host, self.port in look_up(host, port, limit):
                limits = (it for it in (timeout, self._remaining()) if it is not None)
                self.timeout = min(limits, default=None)
                try:
                    connected = super()._new_conn()
                except exceptions.HTTPError as error:
                    failure = error
                else:
                    return connected
        finally:
            self._dns_host, self.port, self.timeout = host, port, timeout
        raise failure

    def _remaining(self) -> float | None:
        if self.connect_end is None:
            return None
        remaining = self.connect_end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("connecting took too long in total")
        return remaining


def look_up(host: str, port: int, limit: float | None) -> list[tuple[str, int]]:
    """Return the addresses of a host, with their ports: tests direct names to other ports, too.

    The system's function has no time limit. So it runs in a thread, which is left alone when the limit has passed.

    Args:
        host: a name or an address.
        port: of the server.
        limit: in seconds; ``None``: no limit.

    Raises:
        OSError: the host has no address, or the limit has passed.
    """

    def addresses(flags: int = 0) -> list[tuple[str, int]]:
        name = host.strip("[]")  # around an IPv6 address
        found = socket.getaddrinfo(name, port, allowed_gai_family(), socket.SOCK_STREAM, flags=flags)
        return [(str(address[0]), int(address[1])) for *_, address in found]

    def run() -> None:
        try:
            results.put(addresses())
        except Exception as error:  # noqa: BLE001 - the waiting thread raises it
            results.put(error)

    with contextlib.suppress(OSError, UnicodeError):
        return addresses(socket.AI_NUMERICHOST)
    results: queue.SimpleQueue[list[tuple[str, int]] | Exception] = queue.SimpleQueue()
    Thread(target=run, daemon=True, name="look-up of a host").start()
    try:
        result = results.get(timeout=limit)
    except queue.Empty:
        raise TimeoutError("the look-up of the host took too long") from None
    if isinstance(result, Exception):  # a UnicodeError if a part of the name is too long
        raise result if isinstance(result, OSError) else socket.gaierror(socket.EAI_NONAME, type(result).__name__)
    return result
