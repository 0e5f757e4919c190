"""Which processes of this machine are running."""

import ctypes
import os
import sys
from typing import Any, Final

_QUERY_AND_WAIT: Final = 0x1000 | 0x100000
"""PROCESS_QUERY_LIMITED_INFORMATION and SYNCHRONIZE, of OpenProcess."""

_ACCESS_DENIED: Final = 5
_STILL_RUNNING: Final = 258
"""WAIT_TIMEOUT, of WaitForSingleObject."""


def is_running(process: int) -> bool:
    """Return whether a process is running, also one of another user."""
    if sys.platform == "win32":  # pragma: no cover - the tests pass a kernel of their own
        # There, os.kill does not ask: it ends the process, or interrupts a group of them.
        return is_running_on_windows(process, ctypes.WinDLL("kernel32", use_last_error=True), ctypes.get_last_error)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_running_on_windows(process: int, kernel: Any, last_error: Any) -> bool:
    """Return whether a process is running, by its handle.

    Args:
        process: its id.
        kernel: the library kernel32.
        last_error: returns the error of the last call.
    """
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(_QUERY_AND_WAIT, False, process)  # noqa: FBT003 - a parameter of Windows
    if not handle:
        return bool(last_error() == _ACCESS_DENIED)
    try:
        return bool(kernel.WaitForSingleObject(ctypes.c_void_p(handle), 0) == _STILL_RUNNING)
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))
