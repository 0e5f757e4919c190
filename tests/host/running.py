"""A host that runs: in a thread of this process on a loopback port, or as the command in a process of its own."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from attrs import define, field

from connector_kit.host import HostSettings, create_app
from connector_kit.host.protocol import HostConfig
from connector_kit.host.runner import listen

_PATIENCE = 20


@contextmanager
def running(settings: HostSettings) -> Iterator[int]:
    """Serve in a thread while the block runs, and yield the port."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(
        HostConfig(create_app(settings), settings.body_seconds, timeout_graceful_shutdown=_PATIENCE)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(_PATIENCE)
        assert not thread.is_alive()


@define
class Process:
    """The command ``connector-kit serve`` in a process of its own.

    Args:
        process: it.
        port: where it listens.
        log: its lines so far.
    """

    process: "subprocess.Popen[str]"
    port: int
    log: list[dict[str, Any]] = field(factory=list)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(_PATIENCE * 2)


@contextmanager
def serving(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Process]:
    """Run the command while the block runs; it is killed at the end, should it still live."""
    process = subprocess.Popen(
        [sys.executable, "-m", "connector_kit.cli", "serve", "--port", "0", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    log: list[dict[str, Any]] = []

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            log.append(json.loads(line))  # noqa: PERF401 - others read it as it grows

    reader = threading.Thread(target=read)
    reader.start()
    try:
        end = time.monotonic() + _PATIENCE
        while not any(line["event"] == "serving" for line in log):
            assert time.monotonic() < end
            assert process.poll() is None, log
            time.sleep(0.01)
        url = next(line["url"] for line in log if line["event"] == "serving")
        yield Process(process, int(url.rpartition(":")[2]), log)
    finally:
        process.kill()
        process.wait(_PATIENCE)
        reader.join(_PATIENCE)
        process.stderr.close()


def exchange(port: int, *parts: bytes, pause: float = 0.0, patience: float = _PATIENCE) -> bytes:
    """Send bytes as they are, and return all that comes back until the host hangs up, or falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        for part in parts:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(part)
            time.sleep(pause)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side hangs up, or falls silent."""
    told = b""
    with contextlib.suppress(TimeoutError):
        while chunk := connection.recv(65536):
            told += chunk
    return told


def statuses(told: bytes) -> list[int]:
    """Return the statuses of the answers in a stream of bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", told)]
