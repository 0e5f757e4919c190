"""Reading JSON that people write, and explaining what is wrong with it without showing its content."""

import json
import re
from bisect import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from connector_kit.issues import Issue
from connector_kit.parsing import load_json

LARGEST_FILE: Final = 4 * 1024 * 1024
"""In bytes. Configs are far smaller: a template takes a few kilobytes."""


class JsonFileError(ValueError):
    """A JSON file cannot be used. ``str(error)`` is the name and the reason; neither shows any content.

    Args:
        name: what to call the file.
        reason: what is wrong and where, as in ``is not JSON: line 3, column 8: trailing comma: remove it``.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason


def read_file(source: str | Path | BinaryIO, name: str) -> bytes:
    """Return the content of a file or stream.

    Raises:
        JsonFileError: it cannot be read, or is larger than `LARGEST_FILE`.
    """
    try:
        if isinstance(source, str | Path):
            with Path(source).open("rb") as file:
                content = file.read(LARGEST_FILE + 1)
        else:
            content = source.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise JsonFileError(name, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > LARGEST_FILE:
        raise JsonFileError(name, f"is larger than {LARGEST_FILE // 1024**2} MiB")
    return content


def parse_json_bytes(content: bytes, name: str) -> Any:
    """Return the JSON value of a text in UTF-8. A byte order mark at its start is ignored: some editors write one.

    Raises:
        JsonFileError: it is not JSON in UTF-8.
    """
    encoding = json.detect_encoding(content)
    if not encoding.startswith("utf-8"):
        raise JsonFileError(name, f"is encoded as {encoding.upper()}: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonFileError(name, f"is not UTF-8: invalid byte at offset {error.start}. Save it as UTF-8") from None
    return parse_json_text(text, name)


def parse_json_text(text: str, name: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        JsonFileError: it is not JSON. The reason names the line, the column and the probable cause.
    """
    if not text.strip():
        raise JsonFileError(name, "is empty")
    try:
        return load_json(text)
    except json.JSONDecodeError as error:
        position, cause = _explain(error)
    except RecursionError:
        raise JsonFileError(name, "is nested too deeply") from None
    except ValueError:
        position, cause = _python_constant(text), "NaN and Infinity are not JSON: use a number or null"
    place = json.JSONDecodeError("", text, position)
    raise JsonFileError(name, f"is not JSON: line {place.lineno}, column {place.colno}: {cause}") from None


_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]:,]')


def repeated_keys(content: bytes) -> Iterator[Issue]:
    """Yield a warning for each key that an object of a JSON file has once more: only its last value has an effect.

    Args:
        content: of a file that `parse_json_bytes` accepts.
    """
    text = content.decode("utf-8-sig")
    line_ends = [match.start() for match in re.finditer("\n", text)]
    around: list[tuple[list[str | int], dict[str, int]]] = []
    """For each object or list around a token: its current key or index, and where its keys are."""
    string = None
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{":
                around.append(([""], {}))
            case "[":
                around.append(([0], {}))
            case "}" | "]":
                around.pop()
            case "," if isinstance(around[-1][0][0], int):
                around[-1][0][0] += 1
            case ":" if string is not None:
                current, places = around[-1]
                key = current[0] = json.loads(string[0])
                if key in places:
                    first, second = (bisect(line_ends, place) + 1 for place in (places[key], string.start()))
                    message = (
                        f"this key is in line {first} and again in line {second}: the last one counts; remove the other"
                    )
                    yield Issue(tuple(step for (step,), _ in around), "repeated-key", message, "warning")
                places[key] = string.start()
            case _:
                string = token


_STRING_OR_CONSTANT: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?P<constant>NaN|-?Infinity)', re.DOTALL)


def _python_constant(text: str) -> int:
    """Return the position of the first ``NaN`` or ``Infinity`` outside strings."""
    return next(match.start() for match in _STRING_OR_CONSTANT.finditer(text) if match["constant"])


_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")
_TRAILING_COMMA: Final = re.compile(r",[ \t\r\n]*[}\]]")
_CURLY_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b"
_GUILLEMETS: Final = "\u00ab\u00bb\u2039\u203a"
_USE_DOUBLE_QUOTES: Final = 'use straight double quotes (")'
_MISSING_COMMA: Final = "missing comma"
_REPLACEMENTS: Final = {
    **dict.fromkeys(("True", "TRUE"), "true"),
    **dict.fromkeys(("False", "FALSE"), "false"),
    **dict.fromkeys(("None", "undefined", "NULL", "Null", "nil"), "null"),
}
_CAUSES_BY_CHARACTER: Final = {
    **dict.fromkeys(_CURLY_QUOTES, f"curly quotes: {_USE_DOUBLE_QUOTES}"),
    **dict.fromkeys(_GUILLEMETS, f"guillemets: {_USE_DOUBLE_QUOTES}"),
    **dict.fromkeys("'`", f"single quotes: {_USE_DOUBLE_QUOTES}"),
    **dict.fromkeys("/#", "comment: JSON has no comments; remove it"),
    "\ufeff": "byte order mark (U+FEFF) inside the text: remove it",
}


def _explain(error: json.JSONDecodeError) -> tuple[int, str]:
    """Return the position of a syntax error and its probable cause."""
    text, position = error.doc, error.pos
    if error.msg.startswith("Unterminated string"):
        return position, _unterminated(text, position)
    if error.msg.startswith("Invalid control character"):
        return position, r"line break or control character inside a string: write \n for a line break, \t for a tab"
    if error.msg.startswith("Invalid \\"):
        return position, r"invalid escape sequence: write \\ for a backslash"
    comma = text.rfind(",", 0, position + 1)
    trailing = _TRAILING_COMMA.match(text, comma) if comma != -1 else None
    if trailing is not None and trailing.end() > position:
        return comma, "trailing comma: remove it"
    rest = text[position:].lstrip(" \t\r\n")
    position = len(text) - len(rest)
    before = text[:position].rstrip(" \t\r\n")
    cause = _unexpected(error.msg, before, rest, is_adjacent=len(before) == position)
    return len(before) if cause == _MISSING_COMMA else position, cause


def _unterminated(text: str, position: int) -> str:
    line = text[position:].partition("\n")[0]
    if any(quote in line for quote in _CURLY_QUOTES):
        return f"string ends with a curly quote: {_USE_DOUBLE_QUOTES}"
    return "string without a closing double quote"


def _unexpected(expectation: str, before: str, rest: str, *, is_adjacent: bool) -> str:
    """Return why the rest of a text cannot follow what is before it.

    Args:
        expectation: what Python's parser expected there.
        before: the text up to there, without white space at its end.
        rest: the text from there.
        is_adjacent: whether there is no white space between the two.
    """
    if not rest:
        return "the text ends too early: a closing bracket, brace or value is missing"
    character = rest[0]
    if character in _CAUSES_BY_CHARACTER:
        return _CAUSES_BY_CHARACTER[character]
    if not character.isascii() and not character.isprintable():
        return f"invisible character U+{ord(character):04X}: remove it"
    if "',' delimiter" in expectation:
        return _no_comma(before, rest) if is_adjacent else _MISSING_COMMA
    word = _WORD.match(rest)
    if "property name" in expectation:
        return "key without double quotes" if word else "expected a key in double quotes"
    if "Expecting value" in expectation and word:
        replacement = _REPLACEMENTS.get(word[0])
        return f"write {replacement} instead of {word[0]}" if replacement else "text without double quotes"
    return next(cause for beginning, cause in _CAUSES_BY_EXPECTATION.items() if expectation.startswith(beginning))


_CAUSES_BY_EXPECTATION: Final = {
    "Extra data": "more text after the end of the JSON value: a file holds one value",
    "Expecting ':'": "missing colon after a key",
    "": "expected a value",
}


def _no_comma(before: str, rest: str) -> str:
    if before.endswith('"') and _WORD.match(rest):
        return r"double quote inside a string: write \""
    if before[-1].isdigit() and (rest[0].isalnum() or rest[0] == "."):
        return "invalid number: write it as 0, -1.5 or 1e3"
    return _MISSING_COMMA
