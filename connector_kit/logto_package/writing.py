"""Writes an npm package to a folder, completely or not at all. It replaces only an earlier package of this kit."""

import json
from pathlib import Path

from connector_kit.folder_writing import write_folder
from connector_kit.logto_package.package import MARKER, LogtoPackage


class FolderInUseError(FileExistsError):
    """The target folder must not be replaced; the message states why."""


def write_package(package: LogtoPackage, folder: Path, *, replace: bool = False) -> None:
    """Write a package to a folder.

    Args:
        package: the package to write.
        folder: a folder that does not exist yet, or is empty.
        replace: whether to replace an earlier package in the folder.

    Raises:
        FolderInUseError: The folder has other contents, or an earlier package and ``replace`` is false.
        OSError: A file or folder cannot be written.
    """
    _check_replaceable(folder, replace=replace)
    write_folder(package.files, folder)


def _check_replaceable(folder: Path, *, replace: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise FolderInUseError(f"{folder} exists and is not a folder.")
    if not any(folder.iterdir()):
        return
    if not replace:
        raise FolderInUseError(
            f"{folder} is not empty. Choose another folder, or use --force to replace an earlier package."
        )
    if not _is_package_of_this_kit(folder):
        raise FolderInUseError(f"{folder} was not written by this command, so it is not replaced.")


def _is_package_of_this_kit(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "package.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and MARKER in manifest
