"""Configs that cannot be read: one line on standard error, exit status 2, and none of the content."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from connector_kit.cli import main
from connector_kit.json_files import LARGEST_FILE

NAME = "standard input"
DOUBLE_QUOTES = 'use straight double quotes (").'

UNREADABLE = {
    "empty": (b"", f"{NAME} is empty."),
    "white space": (b" \n\t", f"{NAME} is empty."),
    "byte order mark only": (b"\xef\xbb\xbf", f"{NAME} is empty."),
    "two values": (
        b'{"a": "s3cret"}\n{}',
        f"{NAME} is not JSON: line 2, column 1: more text after the end of the JSON",
    ),
    "NaN": (b'{"a": NaN}', f"{NAME} is not JSON: line 1, column 7: NaN and Infinity are not JSON"),
    "Infinity": (b'{"a": -Infinity}', f"{NAME} is not JSON: line 1, column 7: NaN and Infinity are not JSON"),
    "Latin-1": ('{"a": "s3cret é"}'.encode("latin-1"), f"{NAME} is not UTF-8: invalid byte at offset 14."),
    "UTF-16": ('{"a": "s3cret"}'.encode("utf-16"), f"{NAME} is encoded as UTF-16: save it as UTF-8."),
    "UTF-16 without mark": ('{"a": 1}'.encode("utf-16-le"), f"{NAME} is encoded as UTF-16-LE: save it as UTF-8."),
    "UTF-32": ('{"a": 1}'.encode("utf-32"), f"{NAME} is encoded as UTF-32: save it as UTF-8."),
    "nested too deeply": (b"[" * 100_000, f"{NAME} is nested too deeply."),
    "50 MB": (b" " * 50_000_000, f"{NAME} is larger than 4 MiB."),
}

SYNTAX_ERRORS = {
    "curly quotes": ("{“a”: “s3cret”}", "line 1, column 2", f"curly quotes: {DOUBLE_QUOTES}"),
    "curly closing quote": ('{"a": "s3cret”}', "line 1, column 7", f"string ends with a curly quote: {DOUBLE_QUOTES}"),
    "guillemets": ("{«a»: «s3cret»}", "line 1, column 2", f"guillemets: {DOUBLE_QUOTES}"),
    "single quotes": ("{'a': 's3cret'}", "line 1, column 2", f"single quotes: {DOUBLE_QUOTES}"),
    "trailing comma": ('{\n  "a": "s3cret",\n}', "line 2, column 16", "trailing comma: remove it."),
    "trailing comma in a list": ('{"a": ["s3cret", ]}', "line 1, column 16", "trailing comma: remove it."),
    "line comment": ('{\n  // s3cret\n  "a": 1}', "line 2, column 3", "comment: JSON has no comments; remove it."),
    "hash comment": ('{"a": 1}\n# s3cret', "line 2, column 1", "comment: JSON has no comments; remove it."),
    "missing brace": (
        '{"a":\n  "s3cret"',
        "line 2, column 11",
        "the text ends too early: a closing bracket, brace or value is missing.",
    ),
    "missing comma": ('{"a": "s3cret"\n "b": 1}', "line 1, column 15", "missing comma."),
    "missing quotes": ('{a: "s3cret"}', "line 1, column 2", "key without double quotes."),
    "Python constant": ('{"a": True}', "line 1, column 7", "write true instead of True."),
    "line break in a string": (
        '{"a": "s3\ncret"}',
        "line 1, column 10",
        "line break or control character inside a string",
    ),
}


def assert_unreadable(result: Result, message: str) -> None:
    """Assert one line on standard error, nothing on standard output, and exit status 2."""
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert (result.exit_code, result.stdout) == (2, "")
    assert "s3cret" not in result.stderr


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("command", [["validate"], ["render"], ["test", "--to", "a@example.com"]], ids=lambda it: it[0])
def test_unreadable_config_exits_with_2(
    run: Callable[..., Result], command: list[str], content: bytes, message: str
) -> None:
    """Every command that reads a config prints the reason in one line."""
    assert_unreadable(run(*command, "aws-ses-mail", "-", stdin=content), message)


@pytest.mark.parametrize(("text", "place", "cause"), SYNTAX_ERRORS.values(), ids=SYNTAX_ERRORS)
def test_json_syntax_error_names_place_and_cause(
    run: Callable[..., Result], tmp_path: Path, text: str, place: str, cause: str
) -> None:
    """The message names the line, the column and the probable cause, without any content of the file."""
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    result = run("validate", "aws-ses-mail", "config.json")
    assert_unreadable(result, f"config.json is not JSON: {place}: {cause}")


def test_endless_file_is_rejected(run: Callable[..., Result]) -> None:
    """The command reads no more than the size limit."""
    assert_unreadable(run("validate", "aws-ses-mail", "/dev/zero"), "/dev/zero is larger than 4 MiB.")


def test_config_of_the_largest_size_is_read(run: Callable[..., Result], ses_config: dict[str, Any]) -> None:
    """A config of exactly the limit is valid, one byte more is not."""
    text = json.dumps(ses_config)
    assert run("validate", "aws-ses-mail", "-", stdin=text.ljust(LARGEST_FILE)).exit_code == 0
    assert run("validate", "aws-ses-mail", "-", stdin=text.ljust(LARGEST_FILE + 1)).exit_code == 2


def test_missing_file_is_named(run: Callable[..., Result]) -> None:
    """The message has the reason of the operating system."""
    assert_unreadable(run("validate", "aws-ses-mail", "absent.json"), "absent.json cannot be read: No such file")


def test_directory_cannot_be_read(run: Callable[..., Result], tmp_path: Path) -> None:
    """The message has the reason of the operating system."""
    (tmp_path / "folder").mkdir()
    assert_unreadable(run("validate", "aws-ses-mail", "folder"), "folder cannot be read: Is a directory.")


def test_link_to_itself_cannot_be_read(run: Callable[..., Result], tmp_path: Path) -> None:
    """The message has the reason of the operating system."""
    (tmp_path / "loop").symlink_to("loop")
    assert_unreadable(
        run("validate", "aws-ses-mail", "loop"), "loop cannot be read: Too many levels of symbolic links."
    )


def test_invalid_file_name_is_escaped(run: Callable[..., Result]) -> None:
    """A control character in the name is printed as an escape sequence."""
    assert_unreadable(run("validate", "aws-ses-mail", "a\0b"), r"a\x00b cannot be read: embedded null byte.")


def test_closed_standard_input_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``sys.stdin`` is ``None`` in a process without standard input."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SystemExit) as leaving:
        main(["validate", "aws-ses-mail", "-"])
    assert leaving.value.code == 2
    assert capsys.readouterr().err == "Error: standard input cannot be read: it is closed.\n"


def test_byte_order_mark_is_ignored(run: Callable[..., Result], ses_config: dict[str, Any]) -> None:
    """Some editors write a UTF-8 byte order mark."""
    content = json.dumps(ses_config).encode("utf-8-sig")
    assert run("validate", "aws-ses-mail", "-", stdin=content).exit_code == 0
