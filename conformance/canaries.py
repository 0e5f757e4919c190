"""Canaries: random strings in the place of every secret, so that any of them showing up anywhere gives a leak away."""

import secrets
import string
from collections.abc import Mapping
from typing import Any, Final

_ALPHABET: Final = string.ascii_uppercase + string.digits
_LENGTH: Final = 32


class Canaries:
    """The secrets of one run, and the means to keep them out of its report."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def make(self, what: str) -> str:
        """Return a new secret: letters and digits, too random to turn up by chance.

        Args:
            what: what it stands for, to name it when it leaks.
        """
        canary = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        self._known[canary] = what
        return canary

    def found_in(self, text: str) -> list[str]:
        """Name the secrets that stand in a text, sorted."""
        return sorted({what for canary, what in self._known.items() if canary in text})

    def redact(self, text: str) -> str:
        """Return the text with every secret replaced."""
        for canary, what in self._known.items():
            text = text.replace(canary, f"[secret: {what}]")
        return text

    def plant(self, config: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
        """Return a config with a new secret under each of the keys it has."""
        return {key: self.make(key) if key in keys else value for key, value in config.items()}
