"""The "did you mean …?" at the end of a message about an unknown name."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_CLOSE: Final = 0.6
_VERY_CLOSE: Final = 0.75
"""One letter of four is wrong, or two of them have changed places."""


def did_you_mean(found: object, choices: Iterable[object]) -> str:
    """Return `` (did you mean 'x'?)`` for the choice closest to what was found, or ``""`` if none is close.

    Only strings are compared, without upper and lower case and white space around them; any other value or choice is ignored.
    """
    names = {choice.lower(): str(choice) for choice in choices if isinstance(choice, str)}
    close = get_close_matches(found.strip().lower(), names, n=1, cutoff=_CLOSE) if isinstance(found, str) else []
    return f" (did you mean {names[close[0]]!r}?)" if close else ""


def misspelt(found: str, names: Iterable[str]) -> str | None:
    """Return the name that was most likely meant, if what was found is not one of them, but very close to one.

    Upper and lower case do not count.
    """
    by_lower_case = {name.lower(): name for name in names}
    if found in by_lower_case.values():
        return None
    close = get_close_matches(found.lower(), by_lower_case, n=1, cutoff=_VERY_CLOSE)
    return by_lower_case[close[0]] if close else None
