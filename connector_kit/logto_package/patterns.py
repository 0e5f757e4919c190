r"""Regular expressions as Python reads them, rewritten so that JavaScript reads the same.

The same text means different things to both: ``$`` also stands before a last line feed in Python, ``\d`` and ``\w`` know
all of Unicode there, ``.`` ends a line at other characters. What JavaScript has no words for is refused.
"""

import re
from collections.abc import Iterator
from typing import Final, NoReturn

_CONTROLS: Final = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_HEXADECIMAL: Final = {"x": 2, "u": 4, "U": 8}

_WORD: Final = r"\p{L}\p{N}_"
_NO_WORD: Final = (
    r"\p{M}\p{S}\p{Z}\p{C}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\u203f\u2040\u2054\ufe33\ufe34\ufe4d-\ufe4f\uff3f"
)
_SPACE: Final = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NO_SPACE: Final = (
    r"\0-\x08\x0e-\x1b\x21-\x84\x86-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\u{10ffff}"
)
_CLASSES: Final = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": _SPACE,
    "S": _NO_SPACE,
    "w": _WORD,
    "W": _NO_WORD,
}
"""What stands between brackets for each; none can be negated inside a class, so both sides are spelled out."""

_OUTSIDE: Final = {
    "A": "(?:^)",
    "Z": "(?:$)",
    "b": f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))",
} | {letter: f"[{inside}]" for letter, inside in _CLASSES.items()}

_AS_SUCH: Final = {")": "))", ".": r"[^\n]", "^": "(?:^)", "$": r"(?:(?=\n?$))", "|": "|"}
_GROUPS: Final = ("(?:", "(?=", "(?!", "(?<=", "(?<!")
_REPEAT: Final = re.compile(r"\{(\d*)(,?)(\d*)\}", re.ASCII)


class UntranslatablePatternError(ValueError):
    """JavaScript has no words for a regular expression; the message says for what in it."""


def to_javascript(pattern: str) -> str:
    """Rewrite a regular expression for ``new RegExp(…, "u")``.

    Both find the same strings. Where Python's and Node's editions of Unicode differ, so do letters and digits.

    Raises:
        UntranslatablePatternError: it is not valid in Python, or needs what JavaScript lacks: flags, comments, back
            references, atomic groups, conditions, possessive repeats, octal and named characters.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise UntranslatablePatternError(f"the pattern {pattern!r} is none: {error}") from error
    return "".join(_Translation(pattern).outside())


class _Translation:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._place = 0

    def _take(self, count: int = 1) -> str:
        taken = self._pattern[self._place : self._place + count]
        self._place += count
        return taken

    def _next_is(self, text: str) -> bool:
        return self._pattern.startswith(text, self._place)

    def _refuse(self, what: str) -> NoReturn:
        raise UntranslatablePatternError(f"the pattern {self._pattern!r} has {what}, which JavaScript has not")

    def outside(self) -> Iterator[str]:
        """Translate all that stands outside of character classes."""
        while self._place < len(self._pattern):
            character = self._take()
            if character in _AS_SUCH:
                yield _AS_SUCH[character]
            elif character == "\\":
                yield self._escape(_OUTSIDE)
            elif character == "[":
                yield "".join(self._character_class())
            elif character == "(":
                yield self._open_group()
            elif character in "*+?":
                yield character + self._after_repeat()
            elif character == "{":
                yield self._counted_repeat()
            else:
                yield _literal(character)

    def _open_group(self) -> str:
        """Open a group, in one more that can be repeated; with no back references, none needs to be remembered."""
        self._place -= 1
        for group in sorted(_GROUPS, key=len, reverse=True):
            if self._next_is(group):
                self._take(len(group))
                return f"(?:{group}"
        if self._next_is("(?P<"):
            self._place = self._pattern.index(">", self._place) + 1
            return "(?:(?:"
        if self._next_is("(?"):
            self._refuse(f"{self._take(3)!r}")
        self._take()
        return "(?:(?:"

    def _after_repeat(self) -> str:
        if self._next_is("+"):
            self._refuse("a possessive repeat")
        return self._take() if self._next_is("?") else ""

    def _counted_repeat(self) -> str:
        found = _REPEAT.match(self._pattern, self._place - 1)
        if found is None or found[0] == "{}":
            return _literal("{")
        self._place = found.end()
        return f"{{{found[1] or 0}{found[2]}{found[3]}}}{self._after_repeat()}"

    def _escape(self, classes: dict[str, str]) -> str:
        letter = self._take()
        if letter in classes:
            return classes[letter]
        if letter in _CONTROLS:
            return _literal(chr(_CONTROLS[letter]))
        if letter in _HEXADECIMAL:
            return _literal(chr(int(self._take(_HEXADECIMAL[letter]), 16)))
        if letter.isascii() and letter.isalnum():
            self._refuse(f"'\\{letter}'")
        return _literal(letter)

    def _character_class(self) -> Iterator[str]:
        yield "["
        if self._next_is("^"):
            yield self._take()
        first = True
        while first or not self._next_is("]"):
            character = self._take()
            if character == "\\":
                yield self._escape(_CLASSES)
            elif character == "-" and not first and not self._next_is("]"):
                yield "-"
            else:
                yield _literal(character)
            first = False
        yield self._take()


def _literal(character: str) -> str:
    """Spell a character so that it stands for itself anywhere."""
    return character if character.isascii() and character.isalnum() else f"\\u{{{ord(character):x}}}"
