"""A package appears as a whole, and takes the place of nothing but an earlier one."""

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
    """To a folder that is not there, nor the one above it, or that is empty; and nothing is left beside it."""
    (tmp_path / "empty").mkdir()
    write_package(_PACKAGE, tmp_path / out)
    assert _files(tmp_path / out) == _PACKAGE.files
    assert [it.name for it in (tmp_path / out).parent.iterdir() if it.name.startswith(".")] == []


def test_the_folder_is_open_to_others_as_any_new_one_is(tmp_path: Path) -> None:
    """Logto often runs as another user."""
    plain = tmp_path / "plain"
    plain.mkdir()
    write_package(_PACKAGE, tmp_path / "package")
    assert (tmp_path / "package").stat().st_mode == plain.stat().st_mode


def test_a_folder_that_holds_something_stays_as_it_is(tmp_path: Path) -> None:
    """Without force, even where it holds an earlier package."""
    write_package(_PACKAGE, tmp_path / "package")
    (tmp_path / "package" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FolderInUseError, match="is not empty"):
        write_package(_PACKAGE, tmp_path / "package")
    assert (tmp_path / "package" / "mine.txt").exists()


def test_an_earlier_package_is_replaced_when_asked(tmp_path: Path) -> None:
    """Files of it that are no more are gone."""
    write_package(_PACKAGE, tmp_path / "package")
    (tmp_path / "package" / "lib" / "old.js").write_text("", encoding="utf-8")
    write_package(_PACKAGE, tmp_path / "package", replace=True)
    assert _files(tmp_path / "package") == _PACKAGE.files
    assert [it.name for it in tmp_path.iterdir()] == ["package"]


@pytest.mark.parametrize("manifest", [None, "{}", "[]", "no JSON"])
def test_what_is_no_package_of_ours_is_never_replaced(tmp_path: Path, manifest: str | None) -> None:
    """Force is no licence to delete someone's folder."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    if manifest is not None:
        (tmp_path / "package.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(FolderInUseError, match="it stays"):
        write_package(_PACKAGE, tmp_path, replace=True)
    assert (tmp_path / "mine.txt").exists()


def test_a_file_and_a_link_are_no_folders(tmp_path: Path) -> None:
    """Both stay, with force too."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(FolderInUseError, match="is no folder"):
            write_package(_PACKAGE, tmp_path / name, replace=True)


def test_a_failure_half_way_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier package is back in its place, whole, and no scraps lie around."""
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


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A package with an impossible path fails before anything appears."""
    broken = LogtoPackage("connector-a", "1.0.0", "a", "A", {"a": b"", f"a{os.sep}b": b""})
    with pytest.raises(OSError, match="a"):
        write_package(broken, tmp_path / "package")
    assert list(tmp_path.iterdir()) == []
