"""Writes the files of a folder, completely or not at all."""

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
