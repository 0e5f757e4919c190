"""Files are written completely or not at all."""

import os
import stat
from pathlib import Path

import pytest

from connector_kit.folder_writing import write_file


def test_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"before")
    file.chmod(0o640)
    write_file(file, b"after", private=True)
    assert file.read_bytes() == b"after"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [*tmp_path.iterdir()] == [file]


def test_new_private_file_is_for_its_owner_only(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"", private=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    mask = os.umask(0)
    os.umask(mask)
    write_file(tmp_path / "b", b"")
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o666 & ~mask


def test_failed_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"before")

    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_file(file, b"after")
    assert file.read_bytes() == b"before"
    assert [*tmp_path.iterdir()] == [file]


def test_device_is_written_directly() -> None:
    write_file(Path(os.devnull), b"x")
    assert Path(os.devnull).is_char_device()
