"""Escaping control characters."""

import unicodedata

import pytest

from connector_kit.terminal import escape_control_characters


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[31m\x07\x7f\x85", r"\x1b[31m\x07\x7f\x85"),
        ("a\n\tb\r", r"a\n\tb\r"),
        ("\u202eevil\u2066\u200f\u061c", r"\u202eevil\u2066\u200f\u061c"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud800\ufffe", r"\ud800\ufffe"),
        ("שלמ مرحبا 日本 é 😀 \\x1b", "שלמ مرحبا 日本 é 😀 \\x1b"),
    ],
)
def test_control_characters_are_escaped(text: str, escaped: str) -> None:
    """Controls, direction changes, line separators, surrogates and noncharacters; letters of any script stay."""
    assert escape_control_characters(text) == escaped


def test_line_feeds_and_tabs_can_be_kept() -> None:
    """CR LF becomes a line feed; a lone CR is escaped."""
    assert escape_control_characters("a\r\nb\tc\rd\x00", keep_lines=True) == "a\nb\tc\\rd\\x00"


def test_escaped_text_has_no_control_character_and_escapes_to_itself() -> None:
    """For every character of Unicode."""
    text = "".join(map(chr, range(0x110000)))
    escaped = escape_control_characters(text)
    assert not any(unicodedata.category(it) in {"Cc", "Cs", "Zl", "Zp"} for it in escaped)
    assert escape_control_characters(escaped) == escaped
    assert escape_control_characters(text, keep_lines=True).encode()
