"""Follows a guide in a folder: writes its files, installs its project, runs its commands."""

import functools
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from tests.docs.markdown import ROOT, Block

_REPLAY: Final = re.compile(r"(--replay [\w.-]+):\S+")
_NUMBER: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")
_INSTALL: Final = ("-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "--target")

_AS_IN_A_VENV: Final = (
    f'python() {{ "{sys.executable}" "$@"; }}\nconnector-kit() {{ python -m connector_kit.cli "$@"; }}\n'
)


@frozen
class Project:
    """The folder of the guide's project, and the folder it is installed in."""

    folder: Path
    site: Path

    def write(self, block: Block) -> Path:
        """Write a block to the file named in its marker."""
        file = self.folder / block.argument
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.code, encoding="utf-8")
        return file

    def install(self) -> None:
        """Install the project with its entry points, without the network."""
        self._call([sys.executable, *_INSTALL, str(self.site), "."]).check_returncode()

    def run(self, commands: str) -> tuple[int, str]:
        """Run shell commands as a reader would, and return the exit status and what they print."""
        done = self._call(["bash", "-c", _AS_IN_A_VENV + commands])
        return done.returncode, done.stdout

    def _call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": f"{self.site}{os.pathsep}{ROOT}", "NO_COLOR": "1", "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )


@frozen
class Run:
    """A block of commands that was run: exit status, output, and the output that the page shows."""

    block: Block
    status: int
    printed: str
    expected: str | None


def follow(blocks: list[Block], project: Project) -> Iterator[Run]:
    """Write every file, install the project if there is one, then run every command in order."""
    for block in blocks:
        if block.verb == "file":
            project.write(block)
    if (project.folder / "pyproject.toml").is_file():
        project.install()
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block.verb == "run":
            expected = after.code if after is not None and after.verb == "output" else None
            yield Run(block, *project.run(block.code), expected)


# --- guides that install what they need ---------------------------------------------------------------------------------


@functools.cache
def _wheels() -> tempfile.TemporaryDirectory[str]:
    """Build the wheel of this checkout, once in a process; the folder is removed at its end."""
    folder = tempfile.TemporaryDirectory()
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder.name, str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    return folder


@frozen
class Reader:
    """Somebody who follows a tutorial: in a new virtual environment that has only what the page installs.

    ``pip`` finds the kit as a wheel of this checkout, and all others in the package registry.
    """

    home: Path

    def follow(self, blocks: list[Block]) -> Iterator[Run]:
        """Write the files and run the commands, in the order of the page."""
        venv.create(self.home / "venv", with_pip=True)
        for block, after in zip(blocks, [*blocks[1:], None], strict=True):
            if block.verb == "file":
                file = self.home / block.argument
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.code, encoding="utf-8")
            if block.verb == "run":
                expected = after.code if after is not None and after.verb == "output" else None
                yield Run(block, *self._run(block.code), expected)

    def _run(self, commands: str) -> tuple[int, str]:
        """Run commands in the folder in which the last ones ended; return the exit status and what they print."""
        place, inherited = self.home / "place", {"HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "TMPDIR"}
        if not place.exists():
            place.write_text(f"{self.home}\n", encoding="utf-8")
        done = subprocess.run(
            ["bash", "-e", "-c", f'cd "$(cat {place})"\ntrap "pwd > {place}" EXIT\n{commands}'],
            env={
                **{name: it for name, it in os.environ.items() if name in inherited or name.startswith("PIP_")},
                "PATH": f"{self.home / 'venv' / 'bin'}:/usr/bin:/bin",
                "PIP_FIND_LINKS": f"{os.environ.get('PIP_FIND_LINKS', '')} {_wheels().name}".strip(),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "NO_COLOR": "1",
                "PYTHONUTF8": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=500,
            check=False,
        )
        return done.returncode, done.stdout


def is_tutorial(blocks: list[Block]) -> bool:
    """Return whether a page installs what it needs."""
    return any(block.verb == "run" and "pip install" in block.code for block in blocks)


def without_figures(text: str) -> list[str]:
    """Return the lines of a text with ``…`` for numbers and replay values: they vary, so that a page may leave them out."""
    return _NUMBER.sub("…", _REPLAY.sub(r"\1:…", text)).strip().splitlines()
