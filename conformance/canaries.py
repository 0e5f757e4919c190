"""Canaries: random strings in the place of every secret, so that any of them showing up anywhere gives a leak away."""

import base64
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

_ALPHABET: Final = string.ascii_uppercase + string.digits
_LENGTH: Final = 32
_RUN: Final = re.compile(rf"[A-Za-z0-9+/]{{{_LENGTH},}}")
"""What may hold a secret, as it is or in base64."""


class Canaries:
    """The secrets of one check, and the means to keep all secrets out of its report."""

    _forms: ClassVar[dict[str, tuple[str, str]]] = {}
    """How every secret of this process looks, and whose it is: a connector may hold on to one beyond its check."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def make(self, what: str) -> str:
        """Return a new secret: letters and digits, too random to turn up by chance.

        Args:
            what: what it stands for, to name it when it leaks.
        """
        canary = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        self._known[canary] = what
        for form in _forms(canary):
            self._forms[form.lower()] = canary, what
        return canary

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._known)

    def keep(self, count: int) -> None:
        """Look for the oldest so many alone from now on: the others are those of examples that are over.

        These are kept out of the report all the same.
        """
        for canary in list(self._known)[count:]:
            del self._known[canary]

    def found_in(self, text: str) -> list[str]:
        """Name the secrets that stand in a text, as they are or in base64, sorted."""
        return sorted({what for _, _, canary, what in self._places(text) if canary in self._known})

    def redact(self, text: str) -> str:
        """Return the text with every secret replaced, as it is or in base64."""
        parts, done = [], 0
        for start, end, _, what in self._places(text):
            parts += [text[done:start], f"[secret: {what}]"]
            done = end
        return "".join((*parts, text[done:]))

    def _places(self, text: str) -> Iterator[tuple[int, int, str, str]]:
        """Find where secrets stand, by looking up each part of the text that is as long as one."""
        for run in _RUN.finditer(text):
            start, lowered = run.start(), run[0].lower()
            while start <= run.end() - _LENGTH:
                offset = start - run.start()
                for length in _LENGTHS:
                    found = self._forms.get(lowered[offset : offset + length])
                    if found is not None:
                        yield start, start + length, *found
                        start += length - 1
                        break
                start += 1

    def plant(self, config: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
        """Return a config with a new secret under each of the keys it has."""
        return {key: self.make(key) if key in keys else value for key, value in config.items()}


def _forms(canary: str) -> list[str]:
    """Return how a secret looks in a text: itself, and inside base64 of something longer, at each of three alignments."""
    forms = [canary]
    for before in range(3):
        length = before + len(canary)
        encoded = base64.b64encode(b" " * before + canary.encode()).decode().rstrip("=")
        first = (0, 2, 3)[before]  # characters that hold bits of what stands before
        last = len(encoded) - (length % 3 != 0)  # the last one may hold bits of what follows
        forms.append(encoded[first:last])
    return forms


_LENGTHS: Final = sorted({len(form) for form in _forms("A" * _LENGTH)})
