"""Runs a host in its own process, as an operator does."""

import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final

from attrs import field, frozen

ROOT: Final = Path(__file__).parents[3]
_START_LIMIT: Final = 30
_STOP_LIMIT: Final = 30
_LOG_LIMIT: Final = 10


@frozen
class RunningHost:
    """The URL of a host, and the lines that it has logged so far."""

    url: str
    log: list[str] = field(repr=False)

    def has_logged(self, text: str) -> bool:
        """Wait until a line contains a text: the host logs a request after its response is on the way."""
        end = time.monotonic() + _LOG_LIMIT
        while not any(text in line for line in self.log):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


@contextmanager
def running_host(folder: Path, host_toml: str, environment: Mapping[str, str]) -> Iterator[RunningHost]:
    """Run ``connector-kit serve`` on a free port during the block, and check that it exits with status 0.

    Args:
        folder: its working directory.
        host_toml: its config, without a port.
        environment: variables in addition to those of the tests.
    """
    file = folder / "host.toml"
    file.write_text(host_toml, encoding="utf-8")
    log: list[str] = []
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    with subprocess.Popen(
        [sys.executable, "-m", "connector_kit.cli", "serve", "--hosts", str(file), "--port", "0"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        reader = Thread(target=_read, args=(process.stderr, log, lines), daemon=True)
        reader.start()
        try:
            yield RunningHost(_serving_url(lines, log), log)
        finally:
            process.terminate()
            try:
                status = process.wait(_STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            reader.join(_STOP_LIMIT)
    assert status == 0, "\n".join(log)


def _read(stream: IO[str], log: list[str], lines: "queue.SimpleQueue[str]") -> None:
    for line in stream:
        log.append(line)
        lines.put(line)


def _serving_url(lines: "queue.SimpleQueue[str]", log: list[str]) -> str:
    try:
        while True:
            line: Any = lines.get(timeout=_START_LIMIT)
            if line.startswith("{"):
                event = json.loads(line)
                if event["event"] == "serving":
                    return str(event["url"])
    except queue.Empty:
        raise AssertionError(f"The host did not start:\n{''.join(log)}") from None
