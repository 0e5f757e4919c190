"""While a stub runs, sockets open to its addresses and to nowhere else."""

import _socket
import socket
import threading
from collections.abc import Iterator

import pytest

from conformance.sockets import SocketRefusedError, only_sockets_to


@pytest.fixture
def listening() -> Iterator[tuple[str, int]]:
    """A port of this machine that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def test_a_socket_to_an_allowed_address_opens(listening: tuple[str, int]) -> None:
    """That is where the stub is."""
    with only_sockets_to(lambda: [listening]) as refused:
        socket.create_connection(listening, timeout=5).close()
        assert refused == []


def test_any_other_is_refused_and_noted(listening: tuple[str, int]) -> None:
    """Other ports, other hosts, datagrams, and looking names up."""
    with only_sockets_to(list) as refused:
        with pytest.raises(SocketRefusedError):
            socket.create_connection(listening)
        with pytest.raises(SocketRefusedError):
            _socket.getaddrinfo("mail.example", 443)  # Python's own name for it is guarded in these tests
        with pytest.raises(SocketRefusedError):
            socket.gethostbyname("mail.example")
        with pytest.raises(SocketRefusedError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("192.0.2.1", 53))
        assert refused == [f"127.0.0.1 port {listening[1]}", "mail.example", "mail.example", "192.0.2.1 port 53"]


def test_names_of_this_machine_may_be_looked_up() -> None:
    """They lead nowhere by themselves; names given as bytes are the same names."""
    with only_sockets_to(list) as refused:
        socket.getaddrinfo("localhost", 80)
        socket.getaddrinfo(b"127.0.0.1", 80)
        socket.getaddrinfo(None, 80)
        assert refused == []


def test_sockets_that_stay_on_the_machine_open(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A Unix socket, and what is sent on a connected one."""
    path = str(tmp_path_factory.mktemp("s") / "s")
    with only_sockets_to(list), socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        client.sendmsg([b"x"])


def test_threads_that_were_there_before_go_on_as_they_were(listening: tuple[str, int]) -> None:
    """What the author's own machinery does is none of the connector's doing; its new threads are watched."""
    begin, opened = threading.Event(), []

    def connect() -> None:
        begin.wait(5)
        try:
            socket.create_connection(listening, timeout=5).close()
        except SocketRefusedError:
            opened.append(False)
        else:
            opened.append(True)

    before = threading.Thread(target=connect)
    before.start()
    with only_sockets_to(list) as refused:
        begin.set()
        before.join()
        after = threading.Thread(target=connect)
        after.start()
        after.join()
        assert refused == [f"127.0.0.1 port {listening[1]}"]
    assert opened == [True, False]


def test_afterwards_sockets_open_again(listening: tuple[str, int]) -> None:
    """Outside the block nothing is watched."""
    with only_sockets_to(list):
        pass
    socket.create_connection(listening, timeout=5).close()
