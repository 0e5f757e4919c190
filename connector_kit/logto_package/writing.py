"""Writing a package to disk: all of it or nothing, and over nothing but an earlier package of ours."""

import json
import tempfile
from pathlib import Path

from connector_kit.logto_package.package import MARKER, LogtoPackage


class FolderInUseError(FileExistsError):
    """There is something where the package should go; the message says what."""


def write_package(package: LogtoPackage, folder: Path, *, replace: bool = False) -> None:
    """Write a package to a folder, which appears in one step when all files are written.

    Args:
        package: what to write.
        folder: that is not there yet, or is empty.
        replace: take the place of a package that was written before.

    Raises:
        FolderInUseError: there is something else, or ``replace`` was not asked for.
        OSError: it cannot be written.
    """
    folder = folder.absolute()
    _check_free(folder, replace=replace)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        written, replaced = Path(scratch) / "written", Path(scratch) / "replaced"
        for path, content in package.files.items():
            file = written / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if folder.exists():
            folder.rename(replaced)
        try:
            written.rename(folder)
        except OSError:
            if replaced.exists():
                replaced.rename(folder)
            raise


def _check_free(folder: Path, *, replace: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise FolderInUseError(f"{folder} is there and is no folder.")
    if not any(folder.iterdir()):
        return
    if not replace:
        raise FolderInUseError(f"{folder} is not empty. Give another folder, or --force to replace an earlier package.")
    if not _is_ours(folder):
        raise FolderInUseError(f"{folder} holds something else than a package that this command wrote; it stays.")


def _is_ours(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "package.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and MARKER in manifest
