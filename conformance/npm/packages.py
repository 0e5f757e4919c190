"""Where npm packages are found: in ``node_modules`` here or above, or else installed once into the user's cache folder."""

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
"""The package.json and the lock of the versions that are known to work."""

_NAME: Final = re.compile(r"(?P<name>(?:@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*)(?:@(?P<version>\S+))?")
_EXACT: Final = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_INSTALL_TIME_LIMIT: Final = 300
_OLDEST_NODE: Final = 20


def split_name(target: str) -> tuple[str, str | None]:
    """Take ``name`` or ``name@version`` apart.

    Raises:
        SpecError: it is neither.
    """
    found = _NAME.fullmatch(target)
    if found is None:
        raise SpecError(f"{target!r} is not the name of an npm package: give name or name@1.2.3.")
    name, version = found["name"], found["version"]
    if version is not None and _EXACT.fullmatch(version) is None:
        raise SpecError(
            f"{version!r} is not one version of {name}: give {name}@1.2.3, so that a verdict can be repeated."
        )
    return name, version


def pinned_versions() -> Mapping[str, str]:
    """Return the packages that can be named without a version, and the version that is then meant."""
    dependencies: dict[str, str] = json.loads((PINNED_FILES / "package.json").read_text("utf-8"))["dependencies"]
    return dependencies


def find_node() -> str:
    """Return the path of Node.

    Raises:
        SpecError: there is none.
    """
    node = shutil.which("node")
    if node is None:
        raise SpecError(
            f"Node.js is not installed, and npm packages run in it: install version {_OLDEST_NODE} or newer, "
            "so that `node` is on the PATH."
        )
    return node


def find_package(target: str) -> Path:
    """Return the folder of a package, which is installed first where it is not there.

    Raises:
        SpecError: it is neither here nor to be had.
    """
    name, version = split_name(target)
    for folder in (Path.cwd(), *Path.cwd().parents):
        found = folder / "node_modules" / name
        if (found / "package.json").is_file() and version in {None, _version(found)}:
            return found
    pinned = pinned_versions()
    if version is None and name not in pinned:
        raise SpecError(
            f"{name} is in no node_modules folder here or above: install it with `npm install {name}`, "
            f"or name one version of it, {name}@1.2.3."
        )
    return _installed(name, None if version in {None, pinned.get(name)} else version) / "node_modules" / name


def _version(folder: Path) -> str:
    return str(json.loads((folder / "package.json").read_text("utf-8")).get("version"))


def _installed(name: str, version: str | None) -> Path:
    """Install one version, or the pinned ones together, and return the folder that holds ``node_modules``."""
    npm = shutil.which("npm")
    if version is None:
        contents = b"".join(path.read_bytes() for path in sorted(PINNED_FILES.iterdir()))
        key, command = f"pinned-{hashlib.sha256(contents).hexdigest()[:16]}", ["ci"]
    else:
        key, command = f"{name.replace('/', '+')}@{version}", ["install", f"{name}@{version}"]
    with built_once(cache_folder() / "npm" / key) as scratch:
        if scratch is not None:
            if npm is None:
                raise SpecError(
                    f"npm is not installed, so {name} cannot be: install Node.js with npm, or {name} yourself."
                )
            if version is None:
                shutil.copytree(PINNED_FILES, scratch, dirs_exist_ok=True)
            _run_npm(npm, command, scratch)
    return cache_folder() / "npm" / key


def _run_npm(npm: str, command: list[str], folder: Path) -> None:
    shown = f"npm {' '.join(command)}"
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - npm as found on the PATH, and a name that `split_name` has looked at
            [npm, *command, *quiet],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SpecError(f"`{shown}` took more than {_INSTALL_TIME_LIMIT} seconds: is the network there?") from None
    if done.returncode != 0:
        raise SpecError(f"`{shown}` failed:\n{done.stderr.strip()}")


def cache_folder() -> Path:
    """Return the user's own folder for what was downloaded once."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "logto-connector-kit"


@contextmanager
def built_once(folder: Path) -> Iterator[Path | None]:
    """Yield a scratch folder to build ``folder`` in, or ``None`` where it stands already.

    It appears under its name in one step, when complete: however many processes build at a time, one of them wins.
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
