"""Canaries: random secrets, planted to detect leaks and to keep secrets out of reports."""

import re
import secrets
import string
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from connector_kit.redaction import encoded_forms

_ALPHABET: Final = string.ascii_uppercase + string.digits
_LENGTH: Final = 32
_RUN: Final = re.compile(rf"[A-Za-z0-9+/]{{{_LENGTH},}}")
"""A run of characters that may contain a canary, plain or in base64."""


class Canaries:
    """The canaries of one check."""

    _forms: ClassVar[dict[str, tuple[str, str]]] = {}
    """Each canary of this process and its name, by its forms in a text: a connector may keep one beyond its check."""

    def __init__(self) -> None:
        self._searched: dict[str, str] = {}
        self._baseline = 0

    def make(self, name: str) -> str:
        """Return a new canary: letters and digits, long enough not to occur by chance.

        Args:
            name: names the secret in messages, such as ``apiKey`` or ``the access token``.
        """
        canary = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        self._searched[canary] = name
        for form in encoded_forms(canary):
            self._forms[form.lower()] = canary, name
        return canary

    def plant(self, config: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
        """Return a copy of a config with a new canary under each of these keys that it has."""
        return {key: self.make(key) if key in keys else value for key, value in config.items()}

    def set_baseline(self) -> None:
        """Mark the canaries made so far as those of all examples."""
        self._baseline = len(self._searched)

    def drop_newer(self) -> None:
        """Stop searching for the canaries made since the baseline: the example that made them has ended.

        `redact` still replaces them.
        """
        for canary in list(self._searched)[self._baseline :]:
            del self._searched[canary]

    def found_in(self, text: str) -> list[str]:
        """Return the names of the canaries in a text, plain or in base64, sorted."""
        return sorted({name for _, _, canary, name in self._places(text) if canary in self._searched})

    def redact(self, text: str) -> str:
        """Return the text with every canary replaced by its name, plain or in base64."""
        parts, end_of_last = [], 0
        for start, end, _, name in self._places(text):
            parts += [text[end_of_last:start], f"[secret: {name}]"]
            end_of_last = end
        return "".join((*parts, text[end_of_last:]))

    def _places(self, text: str) -> Iterator[tuple[int, int, str, str]]:
        """Yield start, end, canary and name of each canary in a text, found by looking up every long enough part."""
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


_LENGTHS: Final = sorted({len(form) for form in encoded_forms("A" * _LENGTH)})
