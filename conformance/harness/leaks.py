"""Finds secrets in a text: whole or in part, plain, encoded, escaped, reversed, or split by separators.

A search ignores case, escapes and all characters but letters and digits. A part of a secret counts as found if it is so
long that it cannot occur by chance: 8 letters and digits in a row, or 6 that stand alone; more of hex or of digits.
"""

import base64
import math
import re
import string
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from attrs import frozen

_WIDTH: Final = 6
_STEP: Final = 3
"""A search looks at every third place of a text: of 8 characters in a row, it sees 6 at once."""

_LEAST: Final = _WIDTH + _STEP - 1
_COMPACT: Final = string.digits + string.ascii_lowercase
_LOWERED: Final = bytes(it + 32 if 65 <= it <= 90 else it for it in range(256))  # noqa: PLR2004 - A to Z
_DROPPED: Final = bytes(it for it in range(256) if chr(_LOWERED[it]) not in _COMPACT)
_RUN: Final = re.compile("[0-9a-z]{6,}")
_SEPARATORS: Final = frozenset("_-.+/~")
"""Characters of secrets that do not separate words of a part."""
_ESCAPE: Final = re.compile(
    r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[abfnrtv0])|%(?:25)*([0-9a-fA-F]{2})"
    r"|&(?:amp;)*#(?:([0-9]{2,5})|[xX]([0-9a-fA-F]{2,4}));|&[a-z]{2,6};"
)
_BITS_INSIDE: Final = 38
"""Bits of chance that a part of a secret has at least, wherever it is found."""
_BITS_EXACT: Final = 33
"""The same where upper and lower case match."""
_BITS_ALONE: Final = 28
"""The same where the part stands alone."""
_BITS_AT_END: Final = 23
"""The same where it is moreover one of the two ends of the secret."""
_SHORTEST: Final = 6
_HEX: Final = frozenset("0123456789abcdef")
_slices: Final[dict[int, list[slice]]] = {1: [], _STEP: []}
"""The places at which a search looks, by the step between two of them."""


@frozen
class Trace:
    """One text that shows a secret, and how much of it must be found.

    Args:
        name: the secret's name.
        text: compact: letters and digits only, in lower case.
        least: how many characters in a row are a leak.
    """

    name: str
    text: str
    least: int


class LeakIndex:
    """The secrets to search for.

    A text is compared with all of them at once, so the time of a search depends on the length of the text only.

    Args:
        is_for_few_searches: whether adding secrets has to be fast, for a few searches in short texts. A search then looks at
            each place of a text, and a secret needs a fifth of the grams.
    """

    def __init__(self, *, is_for_few_searches: bool = False) -> None:
        self._step = 1 if is_for_few_searches else _STEP
        self._grams: dict[str, list[tuple[Trace, int]]] = {}
        self._alone: dict[str, str] = {}
        self._exact: dict[str, str] = {}
        self._separators: set[str] = set()

    def add(self, name: str, secret: str, prefix: str = "", *, has_words: bool = False) -> None:
        """Add a secret.

        Args:
            name: names it in results.
            secret: the secret text. Fewer than 6 characters are ignored: they occur by chance.
            prefix: the public text before it, after which fewer characters stand alone: ``AKIA``.
            has_words: whether a short part may be a word of another text, so that only long parts are a leak.
        """
        for trace in _traces(name, secret):
            # Each part that is long enough to be a leak contains one of these grams.
            step = trace.least - _WIDTH + 1 if self._step == 1 else 1
            for at in range(0, len(trace.text) - _WIDTH + 1, step):
                self._grams.setdefault(trace.text[at : at + _WIDTH], []).append((trace, at))
        for text in () if has_words else _alone(secret, prefix):
            self._alone[text] = name
        self._separators |= _SEPARATORS.intersection(secret)
        for text in _exact(secret):
            self._exact[text] = name

    def remove_all(self) -> None:
        """Forget all secrets."""
        self._grams.clear()
        self._alone.clear()
        self._exact.clear()
        self._separators.clear()

    def names_in(self, text: str) -> set[str]:
        """Return the names of the secrets in a text."""
        plain = _unescaped(text)
        compact = _compact(plain)
        found = {name for form, name in self._exact.items() if form in plain}
        if self._alone:
            found |= {name for _, _, name in self._runs(plain.lower())}
        if not self._grams.keys().isdisjoint(_windows(compact, self._step)):
            found |= {trace.name for _, _, trace in self._matches(compact)}
        return found

    def _runs(self, lowered: str) -> Iterator[tuple[int, int, str]]:
        """Yield start, end and name of each part that stands alone: letters and digits, or several with separators."""
        patterns = [_RUN]
        if self._separators:  # of these secrets: others separate words
            patterns.append(re.compile(rf"[0-9a-z]+(?:[{re.escape(''.join(sorted(self._separators)))}]+[0-9a-z]+)+"))
        for pattern in patterns:
            for run in pattern.finditer(lowered):
                name = self._alone.get(_compact(run[0]))
                if name is not None:
                    yield run.start(), run.end(), name

    def _matches(self, compact: str) -> Iterator[tuple[int, int, Trace]]:
        """Yield start, end and trace of each match in a compact text; matches do not overlap."""
        at = first = 0
        while at <= len(compact) - _WIDTH:
            found = (
                (*_extended(compact, at, trace.text, position, first), trace)
                for trace, position in self._grams.get(compact[at : at + _WIDTH], ())
            )
            long_enough = [it for it in found if it[1] - it[0] >= it[2].least]
            if long_enough:
                longest = max(long_enough, key=lambda it: it[1] - it[0])
                yield longest
                at = first = longest[1]
            else:
                at += self._step

    def spans_in(self, text: str) -> list[tuple[int, int, str]]:
        """Return start, end and name of each secret in a text, in order; they do not overlap."""
        characters = list(_characters(text))
        lowered = "".join(it for it, _, _ in characters)
        kept = [at for at, it in enumerate(lowered) if it in _COMPACT]
        compact = "".join(lowered[at] for at in kept)
        spans = [(kept[start], kept[end - 1] + 1, trace.name) for start, end, trace in self._matches(compact)]
        spans += self._runs(lowered)
        spans = [(characters[start][1], characters[end - 1][2], name) for start, end, name in spans]
        spans += [
            (found.start(), found.end(), name)
            for form, name in self._exact.items()
            if form in text
            for found in re.finditer(re.escape(form), text)
        ]
        result: list[tuple[int, int, str]] = []
        for start, end, name in sorted(spans, key=lambda it: (it[0], -it[1])):
            if not result or start >= result[-1][1]:
                result.append((start, end, name))
        return result


def _windows(compact: str, step: int) -> Iterable[str]:
    slices = _slices[step]
    count = max(0, len(compact) - _WIDTH + step) // step
    if count > len(slices):
        slices.extend(slice(step * at, step * at + _WIDTH) for at in range(len(slices), count))
    return map(compact.__getitem__, islice(slices, count))


def _extended(compact: str, at: int, text: str, position: int, first: int) -> tuple[int, int]:
    """Return start and end in a compact text of the match with another one, of which one gram is known."""
    start, before = at, position
    while start > first and before > 0 and compact[start - 1] == text[before - 1]:
        start, before = start - 1, before - 1
    end, after = at + _WIDTH, position + _WIDTH
    while end < len(compact) and after < len(text) and compact[end] == text[after]:
        end, after = end + 1, after + 1
    return start, end


def _unescaped(text: str) -> str:
    """Return a text with escapes replaced by what they mean: of JSON, Python, URLs and HTML."""
    return _ESCAPE.sub(_meaning, text) if "\\" in text or "%" in text or "&" in text else text


def _meaning(escape: re.Match[str]) -> str:
    code = next((int(it, 10 if group == 3 else 16) for group, it in enumerate(escape.groups()) if it), None)  # noqa: PLR2004 - the decimal group
    return " " if code is None else chr(code)


def _characters(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each character of a text that is not escaped, in lower case, and where it starts and ends in the text."""
    at = 0
    while at < len(text):
        escape = _ESCAPE.match(text, at) if text[at] in "\\%&" else None
        end = escape.end() if escape else at + 1
        character = (_meaning(escape) if escape else text[at]).lower()
        yield character if len(character) == 1 else " ", at, end
        at = end


# --- what to search for ---------------------------------------------------------------------------------------------


def _compact(text: str) -> str:
    """Return the letters and digits of a text, in lower case; others than those of ASCII are left out."""
    return text.encode("ascii", "ignore").translate(_LOWERED, _DROPPED).decode()


def _bits(compact: str) -> float:
    """Return how many bits of chance a character has."""
    if compact.isdecimal():
        return math.log2(10)
    if _HEX.issuperset(compact):
        return 4
    return math.log2(26) if compact.isalpha() else math.log2(36)


def _length(bits: int, compact: str) -> int:
    return max(_SHORTEST, math.ceil(bits / _bits(compact)))


def _traces(name: str, secret: str) -> Iterator[Trace]:
    plain = _compact(secret)
    if len(plain) < _SHORTEST:
        return
    content = secret.encode("utf-8", "surrogatepass")
    inside = max(_LEAST, _length(_BITS_INSIDE, plain))
    yield Trace(name, plain, inside)
    yield Trace(name, plain[::-1], inside)
    for form in _base64_forms(content):
        yield Trace(name, _compact(form), inside + 2)
    yield Trace(name, content.hex(), max(16, 2 * inside))
    yield Trace(name, "".join(map(str, content)), max(16, 2 * inside))


def _base64_forms(content: bytes) -> Iterator[str]:
    """Yield the characters that base64 of a text has whatever precedes and follows it, at three alignments."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + content).decode().rstrip("=")
        first = (0, 2, 3)[offset]  # the characters before this one also encode bits of what precedes the secret
        last = len(encoded) - ((offset + len(content)) % 3 != 0)  # the last one may encode bits of what follows it
        yield encoded[first:last]


def _alone(secret: str, prefix: str) -> Iterator[str]:
    """Yield parts that are a leak only if they stand alone: between characters that are not letters or digits."""
    plain = _compact(secret)
    if not plain:
        return
    alone, at_end, inside = (_length(it, plain) for it in (_BITS_ALONE, _BITS_AT_END, _BITS_INSIDE))
    glued = re.search(r"[0-9a-z]*\Z", prefix.lower())
    for part in {plain, *re.findall("[0-9a-z]+", secret.lower())}:
        for length in range(alone, min(inside, len(part)) + 1):
            yield from (part[at : at + length] for at in range(len(part) - length + 1))
    for length in range(at_end, min(inside, len(plain)) + 1):
        if len(plain) > length or length >= alone:
            yield plain[:length]
            yield plain[-length:]
        if glued and glued[0]:
            yield glued[0] + plain[:length]


def _exact(secret: str) -> Iterator[str]:
    """Yield forms of a short secret that are a leak as they are, in the same case, inside other text too."""
    if len(_compact(secret)) < _SHORTEST or len(_compact(secret)) > 2 * _LEAST:
        return
    if _bits(_compact(secret)) * len(_compact(secret)) < _BITS_ALONE:
        return
    content = secret.encode("utf-8", "surrogatepass")
    for form in (secret, *_base64_forms(content)):
        if _bits(_compact(form)) * len(form) >= _BITS_EXACT:
            yield form
