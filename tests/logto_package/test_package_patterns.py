"""Regular expressions mean in the package what they mean in Python."""

import re
import warnings
from typing import Final

import pytest

from connector_kit.logto_package.patterns import UntranslatablePatternError, to_javascript
from tests.interop.dice import Dice
from tests.logto_package.validator import searches

_TEXTS: Final = [
    *("", "a", "b", "ab", "aa", "a\n", "\n", "a\nb", "a\r", "a\u2028b", "ab1", "b{2}", "a,", "{,}", "{}", "a{}"),
    *(
        "1",
        "_",
        "-",
        " ",
        "a b",
        "a-b",
        "A",
        "[]",
        "]",
        "^",
        "$",
        ".",
        "\\",
        "|",
        "()",
        "*",
        "+",
        "?",
        "/",
        "\t\v\f\a\b",
    ),
    *("é", "e\u0301", "٣", "²", "Ⅷ", "一", "\u203f", "·", "\x1c", "\x85", "\xa0", "\ufeff", "\u180e", "\u3000"),
    *("😀", "a😀b", "\ud83d", "a\u200bb"),
]
_PIECES: Final = (
    *("a", "b", "1", "_", "-", " ", "é", "٣", "😀", ".", "^", "$", "|", "(", ")", "[", "]", "{", "}", ",", "/"),
    *("*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{,2}", "{1,2}?", "{}", "{,}"),
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\A", r"\Z", r"\.", r"\-", r"\/", r"\\", r"\@", r"\ "),
    *(r"\n", r"\t", r"\v", r"\f", r"\a", r"\x41", r"\u00e9", r"\U0001f600"),
    *("[a-z]", "[^a]", "[]a]", "[^]]", "[a-]", "[-a]", r"[\s\S]", r"[\w.-]", r"[^\W]", r"[\b]", r"[\]\\^]", "[😀-😂]"),
    *("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?P<name>"),
)
_PATTERNS: Final = 2000
_POSSESSIVE: Final = re.compile(r"[*+?}]\+")


def _patterns() -> list[str]:
    dice = Dice("patterns")
    found: list[str] = []
    while len(found) < _PATTERNS:
        pattern = "".join(dice.some(_PIECES, 1, 7))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # Python warns of "[[", which it still takes for two brackets
            try:
                re.compile(pattern)
            except re.error:
                continue
        found.append(pattern)
    return found


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_translated_pattern_finds_the_same_texts() -> None:
    """2,000 made of every construct, each on some fifty texts: both languages agree on all."""
    patterns = dict.fromkeys(_patterns())
    translated = {pattern: to_javascript(pattern) for pattern in patterns if _POSSESSIVE.search(pattern) is None}
    assert len(translated) > 0.95 * len(patterns)
    expected = [[re.search(pattern, text) is not None for text in _TEXTS] for pattern in translated]
    found = searches((javascript, _TEXTS) for javascript in translated.values())
    differing = [(pattern, found[index]) for index, pattern in enumerate(translated) if found[index] != expected[index]]
    assert differing == []
    assert any(map(any, expected))
    assert not all(map(all, expected))


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("(?i)a", "'(?i'"),
        ("(?#note)a", "'(?#'"),
        ("(?>a)b", "'(?>'"),
        ("(a)(?(1)b|c)", "'(?('"),
        ("(?P<x>a)(?P=x)", "'(?P'"),
        (r"(a)\1", r"'\1'"),
        (r"\07", r"'\0'"),
        (r"\Ba", r"'\B'"),
        (r"\N{BULLET}", r"'\N'"),
        ("a*+", "possessive"),
        ("a{2}+", "possessive"),
        ("(", "is none"),
    ],
)
def test_what_javascript_has_not_is_refused_by_name(pattern: str, what: str) -> None:
    """The message quotes the pattern and names what in it cannot be said."""
    with pytest.raises(UntranslatablePatternError, match=re.escape(what)) as caught:
        to_javascript(pattern)
    assert repr(pattern) in str(caught.value)
