"""Keeps a connector from the network: while a stub runs, sockets open to its addresses and to nowhere else."""

import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from attrs import frozen

_EVENTS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOK_UPS: Final = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex", "socket.gethostbyaddr"}
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_NAMELESS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - binding to any address looks nothing up


class SocketRefusedError(ConnectionRefusedError):
    """A connector asked for a socket to somewhere else than its provider's stub."""


@frozen
class _Fence:
    allowed: Callable[[], Collection[tuple[str, int]]]
    refused: list[str]
    exempt: frozenset[threading.Thread]
    """Threads that were there before: what they do is none of the connector's doing."""


_fences: Final[list[_Fence]] = []


@contextmanager
def only_sockets_to(allowed: Callable[[], Collection[tuple[str, int]]]) -> Iterator[list[str]]:
    """Refuse every socket but those to the allowed hosts and ports while the context lasts.

    Sockets of Python's own `socket` module are watched, whichever library opens them. Those of C libraries with
    sockets of their own, and those of other processes, are not.

    Args:
        allowed: tells the hosts and ports, each time anew.

    Yields:
        The addresses that were refused, in words; more come in while the context lasts.
    """
    _watch()
    fence = _Fence(allowed, [], frozenset(threading.enumerate()) - {threading.current_thread()})
    _fences.append(fence)
    try:
        yield fence.refused
    finally:
        _fences.remove(fence)


@cache
def _watch() -> None:
    """Watch from now on: an audit hook cannot be taken out again, so there is one, which does nothing without a fence."""
    sys.addaudithook(_judge)


def _judge(event: str, arguments: tuple[Any, ...]) -> None:
    if not _fences or (event not in _EVENTS and event not in _LOOK_UPS):
        return
    fence = _fences[-1]
    if threading.current_thread() in fence.exempt:
        return
    address = arguments[1] if event in _EVENTS else arguments[0]
    if _is_allowed(event, address, fence.allowed()):
        return
    host = address[0] if isinstance(address, tuple) else address
    shown = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    port = f" port {address[1]}" if isinstance(address, tuple) else ""
    fence.refused.append(f"{shown}{port}")
    raise SocketRefusedError(f"The conformance suite opens no socket to {shown}{port}.")


_judge.__cantrace__ = True  # type: ignore[attr-defined]  # else neither debugger nor coverage sees an audit hook


def _is_allowed(event: str, address: Any, allowed: Collection[tuple[str, int]]) -> bool:  # noqa: ANN401 - of any family
    if event in _LOOK_UPS:
        name = address.decode(errors="replace") if isinstance(address, bytes) else address
        return name is None or name in _LOOPBACK or name in _NAMELESS or name in {host for host, _ in allowed}
    if address is None or not isinstance(address, tuple):
        return True  # a connected socket, or one that stays on the machine: a Unix socket's path
    return (str(address[0]), address[1]) in allowed
