"""Writes a file, or the files of a folder, completely or not at all."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files to a temporary folder, then rename that folder to its final name. Parents are made.

    Args:
        files: contents by path in the folder, with slashes.
        folder: a folder that exists is replaced with all that it contains; the caller checks that it may be.

    Raises:
        OSError: A file or folder cannot be written. An earlier folder is then as before.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        written, replaced = Path(scratch) / "written", Path(scratch) / "replaced"
        for path, content in files.items():
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


def write_file(file: Path, content: bytes, *, private: bool = False) -> None:
    """Replace a file in one step, so that readers never see half of it; write to a pipe or a device directly.

    Args:
        file: keeps its permissions if it exists.
        content: of the file.
        private: only the owner may read a new file.

    Raises:
        OSError: it cannot be written. An earlier file is then as before.
    """
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    scratch = file.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        mode = 0o600 if private else 0o666
        with open(scratch, "xb", opener=lambda path, flags: os.open(path, flags, mode)) as opened:
            opened.write(content)
        if file.exists():
            shutil.copymode(file, scratch)
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
