"""Follows the Logto guide in two terminals: only its files and its commands, and it compares the output."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import pytest

from tests.docs.markdown import DOCS, ROOT, Block, blocks
from tests.interop.logto.instance import SOURCES
from tests.interop.official import UnavailableError, install

pytestmark = pytest.mark.xdist_group("logto")

_GUIDE: Final = DOCS / "guides" / "logto.md"
_FIRST: Final = "in the first terminal"
_SECOND: Final = "in the second terminal"
_COMMANDS_OF_THE_VENV: Final = (
    f'python() {{ "{sys.executable}" "$@"; }}\nconnector-kit() {{ python -m connector_kit.cli "$@"; }}\n'
)
_PORTS: Final = ("5555", "8085")
_TIME_LIMIT: Final = 60.0


@pytest.fixture(scope="module")
def packages() -> Path:
    """Install Logto's packages. In CI, an unavailable npm fails the test."""
    try:
        return install(SOURCES) / "node_modules"
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages are required in CI: {error}")
        pytest.skip(str(error))


def _free_ports() -> Mapping[str, str]:
    """Return a free port for each port of the guide, which may be in use on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return dict(zip(_PORTS, (str(it.getsockname()[1]) for it in (one, other)), strict=True))


class _Terminals:
    """Two terminals in the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = _free_ports()
        self._log = (folder.parent / "first-terminal.log").open("w+")
        self._first: list[subprocess.Popen[str]] = []

    def with_free_ports(self, text: str) -> str:
        """Return a text of the guide with the free ports of this run."""
        return re.sub("|".join(_PORTS), lambda port: self._ports[port[0]], text)

    def start(self, block: Block) -> None:
        """Run a block in the first terminal, and wait until the server that it starts listens."""
        port = next(port for port in _PORTS if f"-p {port}" in block.code or f"--port {port}" in block.code)
        self._first.append(
            subprocess.Popen(
                ["bash", "-c", _COMMANDS_OF_THE_VENV + self.with_free_ports(block.code) + "wait\n"],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                text=True,
                start_new_session=True,
            )
        )
        end = monotonic() + _TIME_LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(self._ports[port])), 1).close()
            except OSError:
                assert monotonic() < end, self.log()
                sleep(0.05)
            else:
                return

    def run(self, block: Block) -> str:
        """Run a block in the second terminal, and return its output."""
        done = subprocess.run(
            ["bash", "-euc", _COMMANDS_OF_THE_VENV + self.with_free_ports(block.code)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIME_LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stdout + self.log()
        return done.stdout

    def log(self) -> str:
        """Return the output of the first terminal."""
        self._log.seek(0)
        return self._log.read()

    def close(self) -> None:
        """Close the first terminal and end its processes."""
        for process in self._first:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._first:
            try:
                process.wait(30)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        self._log.close()

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUTF8": "1"}


@pytest.fixture
def terminals(tmp_path: Path, packages: Path) -> Iterator[_Terminals]:
    """Open two terminals in a folder with the packages that the guide installs."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "node_modules").symlink_to(packages, target_is_directory=True)
    opened = _Terminals(folder)
    try:
        yield opened
    finally:
        opened.close()


def test_commands_of_the_guide_print_the_documented_output(terminals: _Terminals) -> None:
    """A message is sent both ways: with the HTTP connector and with the package."""
    found = blocks(_GUIDE)
    for block in found:
        if block.verb == "file":
            (terminals.folder / block.argument).write_text(terminals.with_free_ports(block.code), encoding="utf-8")
    compared = 0
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.language != "sh":
            continue
        if block.argument == _FIRST:
            terminals.start(block)
        elif block.argument == _SECOND:
            printed = terminals.run(block)
            assert after is not None
            assert after.verb == "output"
            assert printed == after.code.replace("0.1.0", version("logto-connector-kit"))
            compared += 1
        else:
            assert block.argument == f"{_SECOND}, with the network"
            assert block.code.startswith("npm install ")
    assert compared == 3
    token = (terminals.folder / "host-token").read_text(encoding="utf-8").strip()
    log = terminals.log()
    assert log.count('"event": "request"') >= 2
    assert token not in log
    assert "123456" not in log
