"""Configs that cannot be read: one clear line on standard error, status 2, and nothing of the content."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from connector_kit.cli import main
from connector_kit.cli.config_file import LARGEST

NAME = "standard input"

UNREADABLE = {
    "empty": (b"", f"{NAME} is empty: a JSON object is expected."),
    "blank": (b" \n\t", f"{NAME} is empty: a JSON object is expected."),
    "mark alone": (b"\xef\xbb\xbf", f"{NAME} is empty: a JSON object is expected."),
    "cut short": (b'{"a":\n  "s3cret"', f"{NAME} is not JSON: line 2, column 11: "),
    "single quotes": (b"{'a': 's3cret'}", f"{NAME} is not JSON: line 1, column 2: "),
    "two values": (b'{"a": "s3cret"}\n{}', f"{NAME} is not JSON: line 2, column 1: Extra data."),
    "control character": (b'{"a": "s3\ncret"}', f"{NAME} is not JSON: line 1, column 10: "),
    "NaN": (b'{"a": NaN}', f"{NAME} is not JSON: NaN is not JSON."),
    "Infinity": (b'{"a": -Infinity}', f"{NAME} is not JSON: -Infinity is not JSON."),
    "Latin-1": ('{"a": "s3cret é"}'.encode("latin-1"), f"{NAME} is not UTF-8: byte 15 cannot be read."),
    "UTF-16": ('{"a": "s3cret"}'.encode("utf-16"), f"{NAME} is not UTF-8 but looks like UTF-16: save it as UTF-8."),
    "UTF-16 without mark": ('{"a": 1}'.encode("utf-16-le"), f"{NAME} is not UTF-8 but looks like UTF-16-LE: "),
    "UTF-32": ('{"a": 1}'.encode("utf-32"), f"{NAME} is not UTF-8 but looks like UTF-32: "),
    "nested without end": (b"[" * 100_000, f"{NAME} is nested too deeply to be read."),
    "50 MB": (b" " * 50_000_000, f"{NAME} is larger than 4 MiB: it cannot be a config."),
}


def assert_unusable(result: Result, message: str) -> None:
    """One line on standard error, nothing on standard output, status 2."""
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert (result.exit_code, result.stdout) == (2, "")
    assert "s3cret" not in result.stderr


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("command", [["validate"], ["render"], ["test", "--to", "a@example.com"]], ids=lambda it: it[0])
def test_content_that_is_no_config(
    run: Callable[..., Result], command: list[str], content: bytes, message: str
) -> None:
    """Every command that takes a config says in one line why this is none."""
    assert_unusable(run(*command, "aws-ses-mail", "-", stdin=content), message)


def test_a_large_file_is_not_read_to_its_end(run: Callable[..., Result]) -> None:
    """A file without end is refused like any that is too large."""
    assert_unusable(run("validate", "aws-ses-mail", "/dev/zero"), "/dev/zero is larger than 4 MiB")


def test_the_largest_config_is_read(run: Callable[..., Result], ses_config: dict[str, Any]) -> None:
    """The limit itself is allowed."""
    text = json.dumps(ses_config)
    assert run("validate", "aws-ses-mail", "-", stdin=text.ljust(LARGEST)).exit_code == 0
    assert run("validate", "aws-ses-mail", "-", stdin=text.ljust(LARGEST + 1)).exit_code == 2


def test_a_missing_file(run: Callable[..., Result]) -> None:
    """A file that is not there is named."""
    assert_unusable(run("validate", "aws-ses-mail", "absent.json"), "absent.json cannot be read: No such file")


def test_a_directory(run: Callable[..., Result], tmp_path: Path) -> None:
    """A directory is no file."""
    (tmp_path / "folder").mkdir()
    assert_unusable(run("validate", "aws-ses-mail", "folder"), "folder cannot be read: Is a directory.")


def test_a_file_that_the_system_does_not_give(run: Callable[..., Result], tmp_path: Path) -> None:
    """Whatever the system says of a file is passed on; here, a link that leads to itself."""
    (tmp_path / "loop").symlink_to("loop")
    assert_unusable(run("validate", "aws-ses-mail", "loop"), "loop cannot be read: Too many levels of symbolic links.")


def test_a_name_that_no_file_can_have(run: Callable[..., Result]) -> None:
    """A name that the system refuses outright is spelled out, not printed raw."""
    assert_unusable(run("validate", "aws-ses-mail", "a\0b"), r"a\x00b cannot be read: embedded null byte.")


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard input may be closed altogether."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SystemExit) as leaving:
        main(["validate", "aws-ses-mail", "-"])
    assert leaving.value.code == 2
    assert capsys.readouterr().err == "Error: standard input cannot be read: it is closed.\n"


def test_a_byte_order_mark_is_passed_over(run: Callable[..., Result], ses_config: dict[str, Any]) -> None:
    """A UTF-8 byte order mark, as some editors write it, is no part of the config."""
    content = json.dumps(ses_config).encode("utf-8-sig")
    assert run("validate", "aws-ses-mail", "-", stdin=content).exit_code == 0
