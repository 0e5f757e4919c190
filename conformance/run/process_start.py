"""How the processes of a run start: on Linux as forks of a server that imports the suite once, elsewhere as new interpreters.

This module imports little: the server starts while the process of the command still imports the suite.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.forkserver import ensure_running
from typing import Any, Final

UNGUARDED: Final = 78
"""The exit status of a process whose main module starts a run while it is imported."""

_STARTING: Final = "LOGTO_CONNECTOR_KIT_STARTING_PROCESS"
"""Set while a new process imports the main module, before it can run checks."""

_FORK_SERVER: Final = "forkserver"
_SERVED: Final = "conformance.run.processes"
"""What the server imports: the module of the function that a process runs, and with it the suite."""

_environment_of_a_start: Final = threading.Lock()
"""Held while the environment has the variable for a process that starts."""


def prepare_processes() -> None:
    """Start the server, if there is one, and let it import the suite while this process does something else."""
    context = process_context()
    if context.get_start_method() == _FORK_SERVER:
        context.set_forkserver_preload([_SERVED])
        with marked_as_start():
            ensure_running()


def process_context() -> Any:
    """Return the context of `multiprocessing` that starts the processes of a run.

    New interpreters would import the suite four times, which takes a fifth of the processor time of a run. On macOS, a fork of
    a process that has used the system's libraries is not safe.
    """
    return multiprocessing.get_context(_FORK_SERVER if sys.platform == "linux" else "spawn")


@contextmanager
def marked_as_start() -> Iterator[dict[str, str]]:
    """Mark the processes that start in this context: they import the main module, which must not run checks then.

    Yields:
        The environment without the mark.
    """
    with _environment_of_a_start:
        environment = dict(os.environ)
        os.environ[_STARTING] = "1"
        try:
            yield environment
        finally:
            del os.environ[_STARTING]


def exit_if_starting() -> None:
    """End this process if it is one of a run's processes that still imports the main module: that would run again."""
    if _STARTING in os.environ:
        os._exit(UNGUARDED)  # the server would replace the status of sys.exit
