"""The "did you mean …?" at the end of a message about an unknown name."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(found: object, choices: Iterable[object]) -> str:
    """Return `` (did you mean 'x'?)`` for the choice closest to what was found, or ``""`` if none is close.

    Only strings are compared; any other value or choice is ignored.
    """
    names = [str(choice) for choice in choices if isinstance(choice, str)]
    close = get_close_matches(found, names, n=1) if isinstance(found, str) else []
    return f" (did you mean {close[0]!r}?)" if close else ""
