"""A short memory of sends, so that an identical one is not sent again."""

import hashlib
import json
import os
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from attrs import define

T = TypeVar("T")

_MOST = 10_000


@define
class _Remembered(Generic[T]):
    value: T
    until: float


class RecentSends(Generic[T]):
    """Remembers sends by their content for some seconds; of the content it keeps a keyed digest alone.

    Safe to use from any thread: a send that fails is forgotten in the thread that it ran in.

    Args:
        seconds: how long; 0 for not at all.
        most: how many at a time; beyond that the oldest are forgotten.
    """

    def __init__(self, seconds: float, most: int = _MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._lock = Lock()
        self._secret = os.urandom(32)
        self._sends: dict[bytes, _Remembered[T]] = {}

    def digest(self, *content: object) -> bytes | None:
        """Return what identifies a send, or ``None`` where nothing is to be remembered."""
        if not self._seconds:
            return None
        text = json.dumps(content, sort_keys=True)
        return hashlib.blake2b(text.encode("ascii"), key=self._secret, digest_size=32).digest()

    def find(self, digest: bytes | None) -> T | None:
        """Return what is remembered of an identical send."""
        if digest is None:
            return None
        now = monotonic()
        with self._lock:
            while self._sends and self._sends[oldest := next(iter(self._sends))].until < now:
                del self._sends[oldest]
            found = self._sends.get(digest)
        return None if found is None else found.value

    def remember(self, digest: bytes | None, value: T) -> None:
        """Remember a send from now on."""
        if digest is None:
            return
        with self._lock:
            if len(self._sends) >= self._most:
                del self._sends[next(iter(self._sends))]
            self._sends[digest] = _Remembered(value, monotonic() + self._seconds)

    def forget(self, digest: bytes | None, value: T) -> None:
        """Forget a send that failed, so that it can be tried again."""
        if digest is None:
            return
        with self._lock:
            found = self._sends.get(digest)
            if found is not None and found.value is value:
                del self._sends[digest]
