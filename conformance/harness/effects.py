"""What a connector does to the machine: files that it writes, processes that it starts, and what it keeps."""

import gc
import logging
import os
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_PROCESS_EVENTS: Final = frozenset(
    ("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "subprocess.Popen")
)
_SETTLE_SECONDS: Final = 2.0
_STUB_THREADS: Final = "loopback"
_OBJECTS_BEFORE_COLLECTION: Final = 10_000
"""Python's own number is 700 to 2,000. With a larger one than this, the suite is hardly faster."""


@frozen
class Effects:
    """What happened on the machine.

    Args:
        written: the paths of files that were opened for writing.
        folders: the paths of folders that were made.
        started: the events that started a process.
        threads: the threads that existed before: they do not belong to the connector.
    """

    written: list[str] = field(factory=list)
    folders: list[str] = field(factory=list)
    started: list[str] = field(factory=list)
    threads: frozenset[threading.Thread] = frozenset()

    @property
    def files_left(self) -> list[str]:
        """The files that still exist: a temporary file that is gone does no harm."""
        files = {path for path in self.written if Path(path).is_file()}
        folders = {path for path in self.folders if Path(path).is_dir()}
        return sorted(path for path in files | folders if not _is_harmless(path))


_recording: Final[list[Effects]] = []


@contextmanager
def recorded_effects() -> Iterator[Effects]:
    """Record what the code of this context does to the machine, and the threads that it starts."""
    _add_audit_hook()
    effects = Effects(threads=frozenset(threading.enumerate()) - {threading.current_thread()})
    _recording.append(effects)
    try:
        yield effects
    finally:
        _recording.remove(effects)


@cache
def _add_audit_hook() -> None:
    """Add the audit hook once: Python cannot remove one. It does nothing outside `recorded_effects`."""
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _recording:
        return
    effects = _recording[-1]
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES:
            _record_path(effects.written, path, effects)
    elif event == "os.mkdir":
        _record_path(effects.folders, arguments[0], effects)
    elif event == "sqlite3.connect":
        _record_path(effects.written, arguments[0], effects)
    elif event in _PROCESS_EVENTS:
        _record(effects.started, event, effects)


_audit.__cantrace__ = True  # type: ignore[attr-defined]  # without it, debugger and coverage do not trace an audit hook


def _record_path(into: list[str], path: object, effects: Effects) -> None:
    if isinstance(path, str | bytes | os.PathLike):  # not a descriptor
        _record(into, os.path.abspath(os.fsdecode(path)), effects)  # noqa: PTH100 - a Path would raise inside the hook


def _record(into: list[str], what: str, effects: Effects) -> None:
    if threading.current_thread() not in effects.threads:
        into.append(what)


def _is_harmless(path: str) -> bool:
    """Return whether a path is a device, or what Python itself writes when it imports a module."""
    return path.startswith(("/dev/", "/proc/")) or "__pycache__" in path


# --- what it keeps --------------------------------------------------------------------------------------------------


@contextmanager
def fast_collection() -> Iterator[None]:
    """Make `gc.collect` fast: in this context, it visits only objects that are made in this context."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def rare_collection() -> Iterator[None]:
    """Collect garbage less often: a check makes many objects and few cycles of them. It saves a fifth of the time."""
    first, *others = gc.get_threshold()
    gc.set_threshold(max(first, _OBJECTS_BEFORE_COLLECTION) if first else 0, *others)  # 0 switches it off
    try:
        yield
    finally:
        gc.set_threshold(first, *others)


def settled(count: Callable[[], int], at_most: int) -> int:
    """Count again until the number is small enough, or two seconds have passed: threads and sockets need time to end."""
    last = time.monotonic() + _SETTLE_SECONDS
    found = count()
    while found > at_most and time.monotonic() < last:
        time.sleep(0.02)
        gc.collect()
        found = count()
    return found


def count_threads() -> int:
    """Count the threads, except those of the stub."""
    return sum(not it.name.startswith(_STUB_THREADS) for it in threading.enumerate())


def count_descriptors() -> int:
    """Count the open file descriptors; 0 where the system does not list them."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(folder):  # noqa: PTH112 - a listing, not a path
            return len(os.listdir(folder))  # noqa: PTH208 - see above
    return 0


def reachable_bytes(roots: Iterable[object], stop: tuple[type, ...]) -> int:
    """Return the size of all objects that can be reached from some, without those that belong to others.

    Args:
        roots: where to start.
        stop: objects of these types are left out, with all that only they refer to.
    """
    never = (*stop, types.ModuleType, types.FrameType, threading.Thread, logging.Logger)
    seen: set[int] = set()
    pending = list(roots)
    size = 0
    while pending:
        found = pending
        pending = []
        for value in found:
            if id(value) in seen or issubclass(type(value), never):  # a proxy may raise at isinstance
                continue
            seen.add(id(value))
            size += sys.getsizeof(value, 0)
            if not issubclass(type(value), str | bytes | int | float):
                pending += _referents(value)
    return size


def _referents(value: object) -> list[object]:
    """Return what a value refers to; of a function what it encloses, but not the globals of its module."""
    if isinstance(value, types.FunctionType):
        return [value.__closure__, value.__dict__, value.__defaults__, value.__kwdefaults__]
    return gc.get_referents(value)
