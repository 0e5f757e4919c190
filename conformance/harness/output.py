"""Collects what a connector prints: through Python, through descriptors, through other processes; and its warnings."""

import io
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import IO, Final

_LAST_WAIT: Final = 0.5
"""Seconds to wait for the threads that a connector leaves behind."""


@contextmanager
def collected_output() -> Iterator[io.StringIO]:
    """Collect standard output, standard error and warnings during the context, also of processes that it starts."""
    output = io.StringIO()
    threads = set(threading.enumerate())
    with tempfile.TemporaryFile() as file:
        with ExitStack() as stack:
            for descriptor in (1, 2):
                stack.enter_context(_redirected(descriptor, file))
            stack.enter_context(redirect_stdout(output))
            stack.enter_context(redirect_stderr(output))
            caught = stack.enter_context(warnings.catch_warnings(record=True))
            warnings.simplefilter("always")
            yield output
            wait_for_new_threads(threads)
        file.seek(0)
        output.write(file.read().decode("utf-8", "replace"))
    output.write("\n".join(f"{it.message} {it.message!r}" for it in caught or ()))


def wait_for_new_threads(known: set[threading.Thread]) -> None:
    """Wait a short time for threads that a connector has started; the stub has threads of its own."""
    last = time.monotonic() + _LAST_WAIT
    for thread in set(threading.enumerate()) - known:
        if not thread.name.startswith("loopback"):
            thread.join(max(0.0, last - time.monotonic()))


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()


@contextmanager
def _redirected(descriptor: int, file: IO[bytes]) -> Iterator[None]:
    """Let a file receive what is written to a descriptor."""
    _flush()
    try:
        original = os.dup(descriptor)
    except OSError:  # the process has no such descriptor
        yield
        return
    os.dup2(file.fileno(), descriptor)
    try:
        yield
    finally:
        _flush()
        os.dup2(original, descriptor)
        os.close(original)
