"""Which processes are running: on POSIX by a signal that does nothing, on Windows by a handle."""

import os
import subprocess
import sys
from typing import Any

import pytest

from connector_kit.host.running_processes import is_running, is_running_on_windows


def test_running_process_is_found_and_an_ended_one_is_not() -> None:
    """Asking does not end it."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(process.pid)
    assert process.poll() is None
    process.communicate(b"\n", timeout=60)
    assert not is_running(process.pid)


def test_process_of_another_user_is_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """It exists, since the permission is missing."""

    def kill(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert is_running(1)


class _Kernel:
    """The functions of kernel32 that are called; processes 1 and 2 exist, and 2 has ended."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.OpenProcess: Any = self._Opener(self.open)

    class _Opener:
        def __init__(self, handles: list[int]) -> None:
            self._handles = handles

        def __call__(self, _: int, __: bool, process: int) -> int | None:  # noqa: FBT001 - the function of Windows
            if process not in {1, 2}:
                return None
            self._handles.append(process)
            return process

    def WaitForSingleObject(self, handle: Any, _: int) -> int:  # noqa: N802 - the function of Windows
        return 258 if handle.value == 1 else 0

    def CloseHandle(self, handle: Any) -> None:  # noqa: N802 - the function of Windows
        self.open.remove(handle.value)


@pytest.mark.parametrize(("process", "error", "expected"), [(1, 0, True), (2, 0, False), (3, 87, False), (3, 5, True)])
def test_process_on_windows_is_asked_by_its_handle(process: int, error: int, *, expected: bool) -> None:
    """A process that must not be opened is running; each handle is closed."""
    kernel = _Kernel()
    assert is_running_on_windows(process, kernel, lambda: error) is expected
    assert kernel.open == []
