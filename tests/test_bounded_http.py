"""Responses that must arrive in total within the time limit of their socket, and failures to connect."""

import os
import socket
import time
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
import urllib3
from urllib3.exceptions import NewConnectionError

from connector_kit.bounded_http import BoundedResponse, bounded_pool_classes

_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect two sockets."""
    client, server = socket.socketpair()
    with client, server:
        yield client, server


@pytest.mark.parametrize("limit", [None, 5.0])
def test_response_in_time_is_read_and_leaves_the_time_limit(
    pair: tuple[socket.socket, socket.socket], limit: float | None
) -> None:
    """The socket has the same timeout before and after a response."""
    client, server = pair
    client.settimeout(limit)
    server.sendall(_RESPONSE)
    response = BoundedResponse(client)
    response.begin()
    assert response.read() == b"ok"
    response.close()
    assert client.gettimeout() == limit


def test_response_that_takes_too_long_in_total_times_out(pair: tuple[socket.socket, socket.socket]) -> None:
    """Although its next byte is there."""
    client, server = pair
    client.settimeout(0.05)
    response = BoundedResponse(client)
    server.sendall(_RESPONSE)
    time.sleep(0.1)
    with pytest.raises(TimeoutError, match="too long in total"):
        response.begin()
    response.close()


def test_response_may_be_closed_after_its_socket_and_twice(pair: tuple[socket.socket, socket.socket]) -> None:
    """As a pool does."""
    client, _ = pair
    response = BoundedResponse(client)
    reader: Any = response.fp
    os.close(client.detach())
    reader.raw.close()
    reader.raw.close()
    assert reader.closed


def test_failed_tls_handshake_is_a_failure_to_connect() -> None:
    """A retry is safe after it: the request was not sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_one() -> None:
            server.accept()[0].close()

        thread = Thread(target=close_one)
        thread.start()
        http = urllib3.PoolManager(retries=False)
        http.pool_classes_by_scheme = bounded_pool_classes(http.pool_classes_by_scheme)
        with pytest.raises(NewConnectionError, match=r"ConnectionReset|SSL|Protocol"):
            http.request("GET", f"https://127.0.0.1:{server.getsockname()[1]}", timeout=5)
        thread.join()
        http.clear()
