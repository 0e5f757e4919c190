"""While a stub runs, this process can open sockets to the stub's addresses only."""

import _socket
import socket
import threading
from collections.abc import Iterator

import pytest

from conformance.providers.sockets import SocketBlockedError, only_sockets_to
from tests.conformance.right_connectors.in_memory import AcmeProvider


@pytest.fixture
def listening() -> Iterator[tuple[str, int]]:
    """A port of this machine that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def test_socket_to_an_allowed_address_opens(listening: tuple[str, int]) -> None:
    """Nothing is recorded as blocked."""
    with only_sockets_to(lambda: [listening]) as blocked:
        socket.create_connection(listening, timeout=5).close()
        assert blocked == []


def test_other_sockets_are_blocked_and_recorded(listening: tuple[str, int]) -> None:
    """Other ports, other hosts, datagrams, and name lookups."""
    with only_sockets_to(list) as blocked:
        with pytest.raises(SocketBlockedError):
            socket.create_connection(listening)
        with pytest.raises(SocketBlockedError):
            _socket.getaddrinfo("mail.example", 443)  # a fixture of these tests replaces `socket.getaddrinfo`
        with pytest.raises(SocketBlockedError):
            socket.gethostbyname("mail.example")
        with pytest.raises(SocketBlockedError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("192.0.2.1", 53))
        assert blocked == [f"127.0.0.1 port {listening[1]}", "mail.example", "mail.example", "192.0.2.1 port 53"]


def test_names_of_this_machine_can_be_looked_up() -> None:
    """As text and as bytes: a lookup of these names stays on this machine."""
    with only_sockets_to(list) as blocked:
        socket.getaddrinfo("localhost", 80)
        socket.getaddrinfo(b"127.0.0.1", 80)
        socket.getaddrinfo(None, 80)
        assert blocked == []


def test_unix_sockets_are_not_blocked(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nor is data sent on a connected socket."""
    path = str(tmp_path_factory.mktemp("s") / "s")
    with only_sockets_to(list), socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        client.sendmsg([b"x"])


def test_threads_from_before_are_not_blocked(listening: tuple[str, int]) -> None:
    """Threads from before do not belong to the connector; new ones do."""
    begin, opened = threading.Event(), []

    def connect() -> None:
        begin.wait(5)
        try:
            socket.create_connection(listening, timeout=5).close()
        except SocketBlockedError:
            opened.append(False)
        else:
            opened.append(True)

    before = threading.Thread(target=connect)
    before.start()
    with only_sockets_to(list) as blocked:
        begin.set()
        before.join()
        after = threading.Thread(target=connect)
        after.start()
        after.join()
        assert blocked == [f"127.0.0.1 port {listening[1]}"]
    assert opened == [True, False]


def test_sockets_open_again_afterwards(listening: tuple[str, int]) -> None:
    """Outside the context nothing is blocked."""
    with only_sockets_to(list):
        pass
    socket.create_connection(listening, timeout=5).close()


def test_provider_without_addresses_blocks_every_socket(listening: tuple[str, int]) -> None:
    """The provider records the blocked addresses until it is reset."""
    provider = AcmeProvider()
    with provider.running():
        with pytest.raises(SocketBlockedError):
            socket.create_connection(listening)
        assert provider.blocked_sockets == (f"127.0.0.1 port {listening[1]}",)
        provider.reset()
        assert provider.blocked_sockets == ()


def test_name_of_this_machine_can_be_looked_up() -> None:
    """As smtplib does for its greeting."""
    with only_sockets_to(tuple) as blocked:
        assert socket.getfqdn()
    assert blocked == []
