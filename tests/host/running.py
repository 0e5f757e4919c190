"""Running hosts: in a thread of this process, or as the command in its own process."""

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
from connector_kit.host.server import listen, server_config

_TIMEOUT = 20


@contextmanager
def running(settings: HostSettings, send_buffer: int | None = None) -> Iterator[int]:
    """Serve in a thread during the block, and yield the port.

    Args:
        settings: the host's.
        send_buffer: how many bytes the system accepts for a client that does not receive them; by default, many.
    """
    listener = listen("127.0.0.1", 0)
    if send_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)  # connections inherit it
    server = uvicorn.Server(server_config(create_app(settings), settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(_TIMEOUT)
        assert not thread.is_alive()


@define
class Process:
    """The command ``connector-kit serve`` in its own process.

    Args:
        process: the process.
        port: the port it listens on.
        log: the log lines so far.
    """

    process: "subprocess.Popen[str]"
    port: int
    log: list[dict[str, Any]] = field(factory=list)

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(stop_signal)
        return self.process.wait(_TIMEOUT * 2)


_PASS_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
"""What systemd does before it starts a service with a socket."""


@contextmanager
def serving(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], listener: socket.socket | None = None
) -> Iterator[Process]:
    """Run the command during the block; kill it at the end if it still runs.

    Args:
        arguments: those of the command.
        folder: where it runs.
        environment: more environment variables.
        listener: a socket to pass on, as a process manager does.
    """
    command = ["-m", "connector_kit.cli", "serve", "--port", "0", *arguments]
    inherited = () if listener is None else (listener.fileno(),)
    process = subprocess.Popen(
        [sys.executable, *([] if listener is None else ["-c", _PASS_SOCKET, str(listener.fileno())]), *command],
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=inherited,
        start_new_session=True,
    )
    assert process.stderr is not None
    log: list[dict[str, Any]] = []

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            log.append(json.loads(line))  # noqa: PERF401 - the tests read the list while it grows

    reader = threading.Thread(target=read)
    reader.start()
    try:
        end = time.monotonic() + _TIMEOUT
        while not any(line["event"] == "serving" for line in log):
            assert time.monotonic() < end
            assert process.poll() is None, log
            time.sleep(0.01)
        url = next(line["url"] for line in log if line["event"] == "serving")
        yield Process(process, int(url.rpartition(":")[2]), log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too, if they have not ended with it
        process.wait(_TIMEOUT)
        reader.join(_TIMEOUT)
        process.stderr.close()


def send_raw(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send raw bytes, and return everything received until the host closes the connection or sends nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT) as connection:
        for part in parts:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(part)
            time.sleep(pause)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Return everything received until the other side closes or resets the connection, or sends nothing more."""
    received = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def statuses(received: bytes) -> list[int]:
    """Return the statuses of the responses in a stream of bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]
