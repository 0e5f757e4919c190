"""Runs nginx with the example's configuration, as an operator does."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.interop.official import UnavailableError

CONFIGURATION: Final = Path(__file__).parents[3] / "docs" / "examples" / "proxy" / "nginx.conf"
_LISTEN: Final = "listen 8086;"
_HOST: Final = "http://host:8085"
_DNS: Final = "resolver 127.0.0.11 "
_START_LIMIT: Final = 20


def find_nginx() -> str:
    """Return the path of nginx.

    Raises:
        UnavailableError: It is not installed.
    """
    path = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise UnavailableError("nginx is not installed")
    return path


def unused_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running_proxy(folder: Path, host: str, **replaced: str) -> Iterator[str]:
    """Run nginx during the block, and yield its URL. Its log is ``proxy.log`` in the folder.

    Args:
        folder: a folder for its files.
        host: the URL of the host. The name ``host`` is looked up at a DNS server that does not exist.
        **replaced: values of directives that differ from the example.
    """
    port = unused_port()
    text = CONFIGURATION.read_text(encoding="utf-8")
    changes = {_LISTEN: f"listen 127.0.0.1:{port};", _HOST: host, _DNS: f"resolver 127.0.0.1:{unused_port()} "}
    for directive, value in replaced.items():
        (line,) = [it for it in text.splitlines() if it.strip().startswith(f"{directive} ")]
        changes[line] = f"{directive} {value};"
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [find_nginx(), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    command += ["-g", f"daemon off; pid {folder / 'nginx.pid'};"]
    with (
        (folder / "proxy.log").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for(port, process, folder / "proxy.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(_START_LIMIT)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _START_LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.02)
        else:
            return
