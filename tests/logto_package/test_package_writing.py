"""A package is written completely or not at all, and replaces only an earlier package."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.logto_package.package import LogtoPackage, build_package
from connector_kit.logto_package.writing import FolderInUseError, write_package

_PACKAGE = build_package(AwsSesConnector)


def _files(folder: Path) -> Mapping[str, bytes]:
    return {it.relative_to(folder).as_posix(): it.read_bytes() for it in folder.rglob("*") if it.is_file()}


@pytest.mark.parametrize("out", ["package", "some/where/package", "empty"])
def test_all_files_are_written(tmp_path: Path, out: str) -> None:
    """The folder and its parents may be missing, or the folder is empty. No temporary files remain."""
    (tmp_path / "empty").mkdir()
    write_package(_PACKAGE, tmp_path / out)
    assert _files(tmp_path / out) == _PACKAGE.files
    assert [it.name for it in (tmp_path / out).parent.iterdir() if it.name.startswith(".")] == []


def test_folder_has_the_default_permissions(tmp_path: Path) -> None:
    """Logto often runs as a different user, who must be able to read it."""
    plain = tmp_path / "plain"
    plain.mkdir()
    write_package(_PACKAGE, tmp_path / "package")
    assert (tmp_path / "package").stat().st_mode == plain.stat().st_mode


def test_folder_with_contents_is_not_replaced_by_default(tmp_path: Path) -> None:
    """Even if it contains an earlier package."""
    write_package(_PACKAGE, tmp_path / "package")
    (tmp_path / "package" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FolderInUseError, match="is not empty"):
        write_package(_PACKAGE, tmp_path / "package")
    assert (tmp_path / "package" / "mine.txt").exists()


def test_earlier_package_is_replaced_on_request(tmp_path: Path) -> None:
    """Files that only the earlier package had are removed."""
    write_package(_PACKAGE, tmp_path / "package")
    (tmp_path / "package" / "lib" / "old.js").write_text("", encoding="utf-8")
    write_package(_PACKAGE, tmp_path / "package", replace=True)
    assert _files(tmp_path / "package") == _PACKAGE.files
    assert [it.name for it in tmp_path.iterdir()] == ["package"]


@pytest.mark.parametrize("manifest", [None, "{}", "[]", "not JSON"])
def test_folder_without_a_package_of_this_kit_is_never_replaced(tmp_path: Path, manifest: str | None) -> None:
    """Even with replace: it may contain someone's work."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    if manifest is not None:
        (tmp_path / "package.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(FolderInUseError, match="was not written by this command"):
        write_package(_PACKAGE, tmp_path, replace=True)
    assert (tmp_path / "mine.txt").exists()


def test_files_and_links_are_never_replaced(tmp_path: Path) -> None:
    """Even with replace."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(FolderInUseError, match="is not a folder"):
            write_package(_PACKAGE, tmp_path / name, replace=True)


def test_failed_rename_restores_the_earlier_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier package is complete, and no temporary files remain."""
    folder = tmp_path / "package"
    write_package(_PACKAGE, folder)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "written":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="No space"):
        write_package(_PACKAGE, folder, replace=True)
    assert _files(folder) == _PACKAGE.files
    with pytest.raises(OSError, match="No space"):
        write_package(_PACKAGE, tmp_path / "other")
    assert [it.name for it in tmp_path.iterdir()] == ["package"]


def test_unwritable_file_leaves_no_folder(tmp_path: Path) -> None:
    """A package with a conflicting path fails before the folder is created."""
    broken = LogtoPackage("connector-a", "1.0.0", "a", "A", {"a": b"", f"a{os.sep}b": b""})
    with pytest.raises(OSError, match="a"):
        write_package(broken, tmp_path / "package")
    assert list(tmp_path.iterdir()) == []
