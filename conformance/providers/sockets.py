"""Blocks network access: while a stub runs, this process can open sockets to the stub's addresses only."""

import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from attrs import frozen

_CONNECT_EVENTS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKUP_EVENTS: Final = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex", "socket.gethostbyaddr"}
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ANY_ADDRESS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - these names are looked up locally, not bound


CHECK_THREAD: Final = "conformance-check"
"""The name of the threads in which the suite runs checks: they run the connector, also if they existed before."""


class SocketBlockedError(ConnectionRefusedError):
    """A connector tried to open a socket to an address that is not its provider's stub."""


@frozen
class _Block:
    allowed: Callable[[], Collection[tuple[str, int]]]
    blocked: list[str]
    exempt: frozenset[threading.Thread]
    """Threads that existed before: they do not belong to the connector."""


_blocks: Final[list[_Block]] = []


@contextmanager
def only_sockets_to(allowed: Callable[[], Collection[tuple[str, int]]]) -> Iterator[list[str]]:
    """Block every socket and name lookup except those to the allowed hosts and ports while the context lasts.

    This covers Python's own `socket` module, whichever library uses it. It does not cover C libraries with sockets of
    their own, other processes, and threads that existed before.

    Args:
        allowed: returns the hosts and ports; called for each socket.

    Yields:
        The blocked addresses as text, such as ``mail.example port 443``; the list grows while the context lasts.
    """
    _add_audit_hook()
    others = (it for it in threading.enumerate() if it.name != CHECK_THREAD)
    block = _Block(allowed, [], frozenset(others) - {threading.current_thread()})
    _blocks.append(block)
    try:
        yield block.blocked
    finally:
        _blocks.remove(block)


@contextmanager
def resolving(names: Collection[str], address: tuple[str, int]) -> Iterator[None]:
    """Direct connections to some host names, at any port, to an address while the context lasts.

    This covers every client in this process that looks names up with Python's `socket` module.

    Args:
        names: the host names, such as ``api.acme.example`` or ``*.acme.example``.
        address: host and port.
    """
    original = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and any(fnmatchcase(name.lower(), it) for it in names):
            host, port = address
        return original(host, port, *arguments, **options)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = original


@cache
def _add_audit_hook() -> None:
    """Add the audit hook once: Python cannot remove one. It does nothing outside `only_sockets_to`."""
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _blocks or (event not in _CONNECT_EVENTS and event not in _LOOKUP_EVENTS):
        return
    block = _blocks[-1]
    if threading.current_thread() in block.exempt:
        return
    address = arguments[1] if event in _CONNECT_EVENTS else arguments[0]
    if _is_allowed(event, address, block.allowed()):
        return
    host = address[0] if isinstance(address, tuple) else address
    shown = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    port = f" port {address[1]}" if isinstance(address, tuple) else ""
    block.blocked.append(f"{shown}{port}")
    raise SocketBlockedError(f"The conformance suite blocks sockets to {shown}{port}.")


_audit.__cantrace__ = True  # type: ignore[attr-defined]  # without it, debugger and coverage do not trace an audit hook


def _is_allowed(event: str, address: Any, allowed: Collection[tuple[str, int]]) -> bool:
    if event in _LOOKUP_EVENTS:
        name = address.decode(errors="replace") if isinstance(address, bytes) else address
        local = {*_LOOPBACK, *_ANY_ADDRESS, socket.gethostname()}  # smtplib looks up the name of its own machine
        return name is None or name in local or name in {host for host, _ in allowed}
    if address is None or not isinstance(address, tuple):
        return True  # a connected socket, or a Unix socket's path, which stays on the machine
    return (str(address[0]), address[1]) in allowed
