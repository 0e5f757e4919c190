"""A rewritten pattern matches the same texts in JavaScript as the original in Python."""

import re
import warnings
from typing import Final

import pytest

from connector_kit.logto_package.patterns import UnsupportedPatternError, to_javascript
from tests.docs.markdown import DOCS
from tests.interop.dice import Dice
from tests.logto_package.javascript import search

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
            # Python warns about "[[": a future version may treat it as a nested set.
            warnings.simplefilter("ignore", FutureWarning)
            try:
                re.compile(pattern)
            except re.error:
                continue
        found.append(pattern)
    return found


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_rewritten_patterns_match_the_same_texts() -> None:
    """2,000 random patterns with every supported construct, each on about fifty texts."""
    patterns = dict.fromkeys(_patterns())
    rewritten = {pattern: to_javascript(pattern) for pattern in patterns if _POSSESSIVE.search(pattern) is None}
    assert len(rewritten) > 0.95 * len(patterns)
    expected = [[re.search(pattern, text) is not None for text in _TEXTS] for pattern in rewritten]
    found = search((javascript, _TEXTS) for javascript in rewritten.values())
    differing = [(pattern, found[index]) for index, pattern in enumerate(rewritten) if found[index] != expected[index]]
    assert differing == []
    assert any(map(any, expected))
    assert not all(map(all, expected))


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        ("(?i)a", "(?i"),
        ("(?#note)a", "(?#"),
        ("(?>a)b", "(?>"),
        ("(a)(?(1)b|c)", "(?("),
        ("(?P<x>a)(?P=x)", "(?P"),
        (r"(a)\1", r"\1"),
        (r"\07", r"\0"),
        (r"[\1]", r"\1"),
        (r"\Ba", r"\B"),
        (r"\N{BULLET}", r"\N"),
        ("a*+", "*+"),
        ("a{2}+", "{2}+"),
    ],
)
def test_unsupported_construct_is_rejected_by_name(pattern: str, construct: str) -> None:
    """The message quotes the pattern and the construct."""
    with pytest.raises(UnsupportedPatternError) as caught:
        to_javascript(pattern)
    assert str(caught.value) == f"the pattern {pattern!r} uses '{construct}', which the npm package does not support"


def test_invalid_pattern_is_rejected_with_pythons_reason() -> None:
    """A pattern that Python cannot compile has no meaning to preserve."""
    with pytest.raises(UnsupportedPatternError, match=r"'\(' is not a valid regular expression: missing \)"):
        to_javascript("(")


def test_readable_pattern_stays_readable() -> None:
    """Letters, digits, ranges, alternatives and repeats have the same form in both languages."""
    assert to_javascript("^[A-Za-z0-9]+|ab{2,3}?c*$") == r"^[A-Za-z0-9]+|ab{2,3}?c*(?=\n?$)"


def test_guide_lists_supported_and_rejected_constructs() -> None:
    """Each construct in the lists of the guide is supported, or rejected."""
    guide = (DOCS / "guides" / "logto.md").read_text(encoding="utf-8")
    section = guide.partition("It supports:")[2].partition("**The id.**")[0]
    supported, _, rejected = section.partition("Any other construct is rejected")
    constructs = re.findall(r"`([^`]+)`", supported)
    assert len(constructs) > 20
    for construct in constructs:
        to_javascript(construct)
    for construct in re.findall(r"`([^`]+)`", rejected):
        with pytest.raises(UnsupportedPatternError, match="does not support"):
            to_javascript(construct)
