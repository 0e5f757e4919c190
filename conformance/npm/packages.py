"""Finds npm packages in ``node_modules`` folders, and installs missing ones into the user's cache folder."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from conformance.spec import SpecError

PINNED_FILES: Final = Path(__file__).with_name("pinned")
"""The folder with the package.json and the package-lock.json of the pinned versions."""

_NAME: Final = re.compile(r"(?P<name>(?:@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*)(?:@(?P<version>\S+))?")
_EXACT: Final = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_INSTALL_TIME_LIMIT: Final = 300
_MIN_NODE_VERSION: Final = 20


def split_name(target: str) -> tuple[str, str | None]:
    """Split ``name`` or ``name@version``.

    Raises:
        SpecError: the target has another form.
    """
    found = _NAME.fullmatch(target)
    if found is None:
        raise SpecError(f"expected an npm package as name or name@1.2.3, found {target!r}")
    name, version = found["name"], found["version"]
    if version is not None and _EXACT.fullmatch(version) is None:
        raise SpecError(
            f"expected one version of {name} such as {name}@1.2.3, so that verdicts are repeatable; found {version!r}"
        )
    return name, version


def pinned_versions() -> Mapping[str, str]:
    """Return the packages that can be named without a version, with their pinned version."""
    dependencies: dict[str, str] = json.loads((PINNED_FILES / "package.json").read_text("utf-8"))["dependencies"]
    return dependencies


def find_node() -> str:
    """Return the path of the ``node`` executable.

    Raises:
        SpecError: Node.js is not installed.
    """
    node = shutil.which("node")
    if node is None:
        raise SpecError(
            f"npm packages need Node.js, and `node` is not on the PATH: install version {_MIN_NODE_VERSION} or newer."
        )
    return node


def find_package(target: str) -> Path:
    """Return the folder of a package; install the package if it is missing.

    Raises:
        SpecError: the package is not installed, and cannot be.
    """
    name, version = split_name(target)
    for folder in (Path.cwd(), *Path.cwd().parents):
        found = folder / "node_modules" / name
        if (found / "package.json").is_file() and version in {None, _version(found)}:
            return found
    pinned = pinned_versions()
    if version is None and name not in pinned:
        raise SpecError(
            f"{name} is not in node_modules of this folder or a parent: install it with `npm install {name}`, "
            f"or name a version, such as {name}@1.2.3."
        )
    return _install(name, None if version in {None, pinned.get(name)} else version) / "node_modules" / name


def _version(folder: Path) -> str:
    return str(json.loads((folder / "package.json").read_text("utf-8")).get("version"))


def _install(name: str, version: str | None) -> Path:
    """Install one version, or all pinned packages together; return the folder that contains ``node_modules``."""
    npm = shutil.which("npm")
    if version is None:
        contents = b"".join(path.read_bytes() for path in sorted(PINNED_FILES.iterdir()))
        key, command = f"pinned-{hashlib.sha256(contents).hexdigest()[:16]}", ["ci"]
    else:
        key, command = f"{name.replace('/', '+')}@{version}", ["install", f"{name}@{version}"]
    with built_once(cache_folder() / "npm" / key) as scratch:
        if scratch is not None:
            if npm is None:
                raise SpecError(f"{name} is missing and npm is not on the PATH: install Node.js with npm, or {name}.")
            if version is None:
                shutil.copytree(PINNED_FILES, scratch, dirs_exist_ok=True)
            _run_npm(npm, command, scratch)
    return cache_folder() / "npm" / key


def _run_npm(npm: str, command: list[str], folder: Path) -> None:
    shown = f"npm {' '.join(command)}"
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - npm from the PATH, with a name that `split_name` has validated
            [npm, *command, *quiet],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SpecError(f"`{shown}` took more than {_INSTALL_TIME_LIMIT} seconds: check the network.") from None
    if done.returncode != 0:
        raise SpecError(f"`{shown}` failed:\n{done.stderr.strip()}")


def cache_folder() -> Path:
    """Return the user's cache folder for downloaded packages."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "logto-connector-kit"


@contextmanager
def built_once(folder: Path) -> Iterator[Path | None]:
    """Yield a temporary folder with which to build ``folder``, or ``None`` where that exists.

    The temporary folder is renamed when it is complete. If several processes build it at a time, one of them succeeds
    and the others use its result.
    """
    if folder.is_dir():
        yield None
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        yield scratch
        try:
            scratch.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
