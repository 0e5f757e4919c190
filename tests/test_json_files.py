"""Reading JSON files, and naming the cause of a syntax error."""

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.json_files import (
    LARGEST_FILE,
    JsonFileError,
    parse_json_bytes,
    parse_json_text,
    read_file,
    repeated_keys,
)
from tests.json_values import json_values

SYNTAX_ERRORS = {
    "curly quotes around a key": ("{“key”: 1}", 1, 2, 'curly quotes: use straight double quotes (")'),
    "curly quotes around a value": ('{"key": “s3cret”}', 1, 9, 'curly quotes: use straight double quotes (")'),
    "curly quote at the end": ('{"key": "s3cret”}', 1, 9, "string ends with a curly quote: use straight double"),
    "German quotes": ('{"key": „s3cret“}', 1, 9, "curly quotes"),
    "guillemets": ('{"key": «s3cret»}', 1, 9, 'guillemets: use straight double quotes (")'),
    "single quotes around a key": ("{'key': 1}", 1, 2, 'single quotes: use straight double quotes (")'),
    "single quotes around a value": ("{\"key\": 's3cret'}", 1, 9, "single quotes"),
    "trailing comma in an object": ('{"key": "s3cret",\n}', 1, 17, "trailing comma: remove it"),
    "trailing comma in an array": ('["s3cret" ,  ]', 1, 11, "trailing comma: remove it"),
    "comma alone": ("{,}", 1, 2, "trailing comma: remove it"),
    "line comment": ('{\n  // s3cret\n  "key": 1}', 2, 3, "comment: JSON has no comments; remove it"),
    "comment after a value": ('{"key": 1 /* s3cret */}', 1, 11, "comment"),
    "comment at the end": ('{"key": 1}\n# s3cret', 2, 1, "comment"),
    "missing comma": ('{"key": "s3cret"\n "other": 1}', 1, 17, "missing comma"),
    "missing comma in an array": ('["s3cret""s3cret"]', 1, 10, "missing comma"),
    "double quote inside a string": ('{"key": "<a href="s3cret">"}', 1, 19, r"double quote inside a string: write \""),
    "missing colon": ('{"key" "s3cret"}', 1, 8, "missing colon after a key"),
    "unquoted key": ('{s3cret: "x"}', 1, 2, "key without double quotes"),
    "number as a key": ("{1: 2}", 1, 2, "expected a key in double quotes"),
    "unquoted value": ('{"key": s3cret}', 1, 9, "text without double quotes"),
    "Python's True": ('{"key": True}', 1, 9, "write true instead of True"),
    "Python's None": ('{"key": [None]}', 1, 10, "write null instead of None"),
    "JavaScript's undefined": ('{"key": undefined}', 1, 9, "write null instead of undefined"),
    "NaN": ('{"NaN": "-Infinity \\"",\n "key": NaN}', 2, 9, "NaN and Infinity are not JSON: use a number or null"),
    "Infinity": ('{"key": -Infinity}', 1, 9, "NaN and Infinity are not JSON"),
    "several values": ('{"key": "s3cret"}\n{"key": "s3cret"}', 2, 1, "more text after the end of the JSON value"),
    "mark in the middle": ('{\ufeff"key": "s3cret"}', 1, 2, "byte order mark (U+FEFF) inside the text: remove it"),
    "no-break space": ('{\u00a0"key": "s3cret"}', 1, 2, "invisible character U+00A0: remove it"),
    "text that ends early": ('{"key":\n  "s3cret"', 2, 11, "the text ends too early"),
    "no value": ('{"key": }', 1, 9, "expected a value"),
    "leading zero": ('{"key": 012}', 1, 10, "invalid number: write it as 0, -1.5 or 1e3"),
    "number without digits": ('{"key": 1.}', 1, 10, "invalid number"),
    "number in brackets": ("[1[2]]", 1, 3, "missing comma"),
    "line break in a string": ('{"key": "s3\ncret"}', 1, 12, "line break or control character inside a string"),
    "escape": (r'{"key": "s3\cret"}', 1, 12, r"invalid escape sequence: write \\ for a backslash"),
    "string without end": ('{"key": "s3cret}', 1, 9, "string without a closing double quote"),
}


@pytest.mark.parametrize(("text", "line", "column", "cause"), SYNTAX_ERRORS.values(), ids=SYNTAX_ERRORS)
def test_syntax_error_has_place_and_cause(text: str, line: int, column: int, cause: str) -> None:
    """The message never shows the content, which may be secret."""
    with pytest.raises(JsonFileError) as caught:
        parse_json_text(text, "a.json")
    assert str(caught.value).startswith(f"a.json is not JSON: line {line}, column {column}: {cause}")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert str(caught.value) == f"{caught.value.name} {caught.value.reason}"


def _read(source: str | Path | BinaryIO, name: str) -> Any:
    return parse_json_bytes(read_file(source, name), name)


UNUSABLE = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t", "is empty"),
    "mark alone": (b"\xef\xbb\xbf", "is empty"),
    "Latin-1": ('{"a": "s3cret é"}'.encode("latin-1"), "is not UTF-8: invalid byte at offset 14. Save it as UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "is encoded as UTF-16: save it as UTF-8"),
    "UTF-16 without mark": ('{"a": 1}'.encode("utf-16-le"), "is encoded as UTF-16-LE: save it as UTF-8"),
    "UTF-32": ('{"a": 1}'.encode("utf-32"), "is encoded as UTF-32: save it as UTF-8"),
    "deep": (b"[" * 100_000, "is nested too deeply"),
    "large": (b" " * (LARGEST_FILE + 1), "is larger than 4 MiB"),
}


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_content_raises_json_file_error(tmp_path: Path, content: bytes, reason: str) -> None:
    """From a file as from a stream."""
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(JsonFileError) as caught:
        _read(file, str(file))
    assert str(caught.value) == f"{file} {reason}"
    with pytest.raises(JsonFileError) as caught:
        _read(io.BytesIO(content), "standard input")
    assert str(caught.value) == f"standard input {reason}"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("absent.json", "No such file or directory"), ("", "Is a directory"), ("a\0b", "embedded null byte")],
)
def test_unreadable_file_raises_json_file_error(tmp_path: Path, name: str, reason: str) -> None:
    """With the reason of the operating system."""
    with pytest.raises(JsonFileError) as caught:
        _read(str(tmp_path / name), "a.json")
    assert str(caught.value) == f"a.json cannot be read: {reason}"


def test_byte_order_mark_at_the_start_is_ignored(tmp_path: Path) -> None:
    """Some editors on Windows write one."""
    (tmp_path / "a.json").write_bytes('{"a": "é"}'.encode("utf-8-sig"))
    assert _read(tmp_path / "a.json", "a.json") == {"a": "é"}


@given(
    json_values,
    st.integers(0, 200),
    st.sampled_from(["", "'", '"', ",", "}", "]", "//", "\ufeff", "x", "NaN", "0", "."]),
)
def test_any_text_yields_a_value_or_json_file_error(value: object, place: int, inserted: str) -> None:
    """JSON with a piece inserted: no other exception is raised."""
    text = json.dumps(value)
    text = text[:place] + inserted + text[place:]
    try:
        parse_json_text(text, "a.json")
    except JsonFileError as error:
        assert error.reason.startswith(("is not JSON: line 1, column ", "is empty"))  # noqa: PT017 - success is as good


@pytest.mark.parametrize(
    ("text", "path", "lines"),
    [
        ('{"a": 1,\n "b": 2,\n "a": 3}', "$.a", (1, 3)),
        ('[1, [2],\n {"a": {"b": "x", "\\u0062": 1}}]', "$[2].a.b", (2, 2)),
        ('\ufeff{"a": "{,:]", "c d": [],\n\n"c d": "a: \\""}', '$["c d"]', (1, 3)),
        ('{"templates": [{}, {"subject": "s,",\r\n "subject": "t"}]}', "$.templates[1].subject", (1, 2)),
    ],
)
def test_repeated_key_is_a_warning_with_both_lines(text: str, path: str, lines: tuple[int, int]) -> None:
    """JSON.parse keeps the last value, as we do, so Logto accepts the file."""
    (issue,) = repeated_keys(text.encode())
    message = f"this key is in line {lines[0]} and again in line {lines[1]}: the last one counts; remove the other"
    assert (issue.path, issue.keyword, issue.message, issue.severity) == (path, "repeated-key", message, "warning")


def test_each_repetition_is_a_warning() -> None:
    """It names the one before it."""
    found = [it.message for it in repeated_keys(b'{"a": 1,\n"a": {"a": 2},\n"a": 3}')]
    assert [it[:40] for it in found] == [
        "this key is in line 1 and again in line ",
        "this key is in line 2 and again in line ",
    ]


@given(json_values, st.sampled_from([None, 1]))
def test_json_without_repeated_keys_has_no_warning(value: object, indent: int | None) -> None:
    """Python writes each key once."""
    assert list(repeated_keys(json.dumps(value, indent=indent).encode())) == []


@given(st.lists(st.tuples(st.text(), json_values), min_size=1))
def test_repeated_keys_are_those_that_the_parser_drops(pairs: list[tuple[str, object]]) -> None:
    """There are as many warnings as values without effect."""
    text = "{" + ",".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
    assert len(list(repeated_keys(text.encode()))) == len(pairs) - len(parse_json_text(text, "a.json"))
