"""HTTP connections with a time limit for the whole response, and an exception of its own for a failure to connect."""

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from socket import socket

    from _typeshed import WriteableBuffer

_NO_LIMIT: Final = None


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until its time limit has passed in total.

    Args:
        sock: its timeout when the response begins is the limit, in seconds, of the whole response.
        source: the file of the same socket.
    """

    def __init__(self, sock: "socket", source: Any) -> None:
        self._sock = sock
        self._source = source
        self._limit = sock.gettimeout()
        self._end = _NO_LIMIT if self._limit is None else time.monotonic() + self._limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        if self._end is not _NO_LIMIT:
            remaining = self._end - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("the response took too long in total")
            self._sock.settimeout(remaining)
        count: int | None = self._source.raw.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            if self._sock.fileno() != -1:
                self._sock.settimeout(self._limit)  # a kept connection is used again
            self._source.close()
        super().close()


class BoundedResponse(HTTPResponse):
    """A response whose status line, headers and body arrive within the timeout of the socket, in total.

    An ordinary response may take that long for each read: a server that sends a byte now and then holds it forever.
    """

    def __init__(self, sock: "socket", *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(sock, self.fp))


def bounded_pool_classes(pool_classes: dict[str, Any]) -> dict[str, Any]:
    """Return urllib3's pool classes by scheme, with two changes to their connections.

    Their responses are `BoundedResponse`. Each failure before the request is sent raises urllib3's ``NewConnectionError``
    or ``ConnectTimeoutError``: by default, a failed TLS handshake raises the same exceptions as a response that breaks
    off, and only after the former, a retry cannot send a message twice.

    Args:
        pool_classes: as in ``urllib3.PoolManager.pool_classes_by_scheme``.
    """
    return {scheme: _bounded_pool_class(pool_class) for scheme, pool_class in pool_classes.items()}


def _bounded_pool_class(pool_class: Any) -> Any:
    from urllib3 import exceptions  # noqa: PLC0415 - `import connector_kit` takes a tenth longer with urllib3

    connection_class = pool_class.ConnectionCls

    def connect(self: Any) -> None:
        try:
            connection_class.connect(self)
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError):
            raise
        except (exceptions.HTTPError, OSError) as error:
            raise exceptions.NewConnectionError(self, type(error).__name__) from error

    members = {"response_class": BoundedResponse, "connect": connect}
    bounded_class = type(connection_class.__name__, (connection_class,), members)
    return type(pool_class.__name__, (pool_class,), {"ConnectionCls": bounded_class})
