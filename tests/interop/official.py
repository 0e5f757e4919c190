"""The official npm packages: installed once into a cache, and run in one long-lived Node process."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from conformance.npm.packages import built_once, cache_folder

FOLDER = Path(__file__).parent
_SOURCES = ("package.json", "package-lock.json")
_INSTALL_TIME_LIMIT = 300
_CLOSE_TIME_LIMIT = 10
_KEPT = ("APPDATA", "HOME", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "USERPROFILE")
"""Nothing else of the environment reaches the driver: no AWS profile, proxy or endpoint of the machine it runs on."""


class UnavailableError(Exception):
    """The official packages are not available; the message gives the reason."""


def interop_cache() -> Path:
    """Return the user's cache folder for downloads of these tests, outside the source tree."""
    return cache_folder() / "interop"


def install(sources: Path = FOLDER) -> Path:
    """Install the packages, if they are not in the cache, and return the folder that holds ``node_modules``.

    Args:
        sources: the folder whose ``package.json`` and lock say which.

    Raises:
        UnavailableError: there is no Node, no npm, or the install fails.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise UnavailableError("Node.js and npm are not installed")
    contents = b"".join((sources / name).read_bytes() for name in _SOURCES)
    installed = interop_cache() / f"npm-{hashlib.sha256(contents).hexdigest()[:16]}"
    with built_once(installed) as scratch:
        if scratch is not None:
            for name in _SOURCES:
                shutil.copy(sources / name, scratch)
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                done = subprocess.run(
                    command, cwd=scratch, capture_output=True, text=True, timeout=_INSTALL_TIME_LIMIT, check=False
                )
            except subprocess.TimeoutExpired:
                raise UnavailableError(f"npm ci took more than {_INSTALL_TIME_LIMIT} seconds") from None
            if done.returncode != 0:
                raise UnavailableError(f"npm ci failed:\n{done.stderr}")
    return installed


class Driver:
    """A running ``driver.mjs``; each call is one request for any number of cases.

    Args:
        process: Node, with pipes for its input and output.
        complaints: the file that its standard error goes to.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", complaints: IO[bytes]) -> None:
        self._process = process
        self._complaints = complaints

    def ask(self, operation: str, cases: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> list[Any]:
        """Return the official answer to each case."""
        request = json.dumps({"op": operation, "with": common, "cases": cases}).encode("ascii")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(request + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._complaints.seek(0)
            raise RuntimeError(f"The driver ended:\n{self._complaints.read().decode(errors='replace')}")
        answers: list[Any] = json.loads(line)["answers"]
        return answers


@contextmanager
def running_driver(sources: Path = FOLDER, script: Path | None = None) -> Iterator[Driver]:
    """Run the driver while the block runs.

    Args:
        sources: the folder of the packages that it drives.
        script: the driver [default: ``driver.mjs`` in that folder].

    Raises:
        UnavailableError: the packages cannot be installed.
    """
    packages = install(sources)
    node = shutil.which("node")
    assert node is not None
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # Retries differ on purpose; only the handling of the last response is compared.
    environment |= {"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    environment |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(packages / "none"))
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            # Node resolves imports of --eval code from the working directory, which has the packages.
            [node, "--input-type=module", "--eval", (script or sources / "driver.mjs").read_text(encoding="utf-8")],
            cwd=packages,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        ) as process,
    ):
        try:
            yield Driver(process, complaints)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_CLOSE_TIME_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
