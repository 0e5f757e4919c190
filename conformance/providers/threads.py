"""The threads of the suite and of its stubs."""

import threading
from collections.abc import Callable
from typing import Any, Final

_LONGEST_WAIT: Final = 1.0
"""Seconds to wait for a thread to run: in a forked process, one of its parent never does."""

_starting: Final = threading.Lock()


class SuiteThread(threading.Thread):
    """A daemon thread that starts only when the one before it runs.

    In Python 3.11, threads that start at the same time under a trace or profile function, such as coverage's, may fail
    with "Cannot install a trace function while another trace function is being installed": such a thread never runs.

    Args:
        target: the function to run.
        args: its arguments.
        name: the name of the thread.
    """

    def __init__(self, target: Callable[..., object], args: tuple[Any, ...] = (), name: str | None = None) -> None:
        super().__init__(target=target, args=args, name=name, daemon=True)
        self._runs = threading.Event()

    def start(self) -> None:
        """Start, and wait until the thread runs."""
        is_next = _starting.acquire(timeout=_LONGEST_WAIT)
        try:
            super().start()
            self._runs.wait(_LONGEST_WAIT)
        finally:
            if is_next:
                _starting.release()

    def run(self) -> None:
        """Run the target."""
        self._runs.set()
        super().run()
