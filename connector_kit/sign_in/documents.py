"""Keeps documents that a provider publishes: its metadata and its keys."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

from attrs import frozen

_MOST: Final = 8
"""Documents that are kept: those that were used last. A connector has two; a new config may name others."""


@frozen
class _Kept:
    document: Any
    read_at: float
    renewed_at: float | None


class Documents:
    """The documents of one connector, by address. It is thread-safe.

    A document is read again after ``max_age``, and when `renewed` is called, but then at most once in ``renewal_pause``:
    whoever sends tokens with unknown keys must not cause a request for each.

    Args:
        read: returns the document at an address; its errors propagate, and nothing is kept.
        max_age: in seconds.
        renewal_pause: in seconds.
        clock: returns a time in seconds.
    """

    def __init__(
        self,
        read: Callable[[str], Any],
        *,
        max_age: float = 600.0,
        renewal_pause: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._max_age = max_age
        self._renewal_pause = renewal_pause
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[str, _Kept] = {}

    def get(self, address: str) -> Any:
        """Return the document at an address: the one that is kept, or else a new one."""
        with self._lock:
            kept = self._kept.get(address)
        if kept is not None and self._clock() - kept.read_at < self._max_age:
            return kept.document
        return self._store(address, None if kept is None else kept.renewed_at)

    def renewed(self, address: str) -> Any:
        """Return a new document, or ``None`` if it is too early to read it again."""
        now = self._clock()
        with self._lock:
            kept = self._kept.get(address)
            if kept is not None and kept.renewed_at is not None and now - kept.renewed_at < self._renewal_pause:
                return None
            if kept is not None:
                self._kept[address] = _Kept(kept.document, kept.read_at, now)
        return self._store(address, now)

    def _store(self, address: str, renewed_at: float | None) -> Any:
        # Without the lock: a provider that does not respond must not delay the users of another one.
        document = self._read(address)
        with self._lock:
            self._kept.pop(address, None)
            self._kept[address] = _Kept(document, self._clock(), renewed_at)
            if len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]
        return document
