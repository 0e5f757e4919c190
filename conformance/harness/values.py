"""Values that a check expected or found: how a message shows them, and how JSON writes them."""

import json
from typing import Any, Final

from conformance.verdicts import CheckFailure
from connector_kit.issues import json_type

_LONGEST: Final = 200
_CONTEXT: Final = 40


def show(value: object) -> str:
    """Return the ``repr`` of a value, cut after 200 characters.

    Use `show_type` for a value that may be a secret of the author.
    """
    return _part(_repr(value), 0)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a connector's own class may raise anything, a huge int a ValueError
        return f"an object of type {type(value).__name__} (its repr raises {type(error).__name__})"


def _part(text: str, start: int) -> str:
    before, after = "…" if start else "", "…" if len(text) > start + _LONGEST else ""
    return f"{before}{text[start : start + _LONGEST]}{after}"


def show_type(value: object) -> str:
    """Return the JSON type of a value and its length: ``a string of 12 characters``, ``an array of 3 items``."""
    match value:
        case None:
            return "null"
        case str():
            return f"a string of {len(value):,} characters"
        case list():
            return f"an array of {len(value):,} items"
        case dict():
            return f"an object of {len(value):,} keys"
    return f"a {json_type(value)}"


def difference(what: str, expected: object, found: object) -> str:
    """Return a message about a value that differs; long values are shown from shortly before the first difference.

    Args:
        what: names the value: ``the subject``.
        expected: what it should be.
        found: what it is.
    """
    texts = _repr(expected), _repr(found)
    start = 0
    if max(map(len, texts)) > _LONGEST:
        same = next(
            (at for at, pair in enumerate(zip(*texts, strict=False)) if pair[0] != pair[1]), len(min(texts, key=len))
        )
        start = max(0, same - _CONTEXT)
    return f"expected {what} {_part(texts[0], start)}, found {_part(texts[1], start)}"


def read_back(what: str, value: object) -> Any:
    """Return a value as it is after it was written as JSON and read again.

    Args:
        what: names the value in the message of a failure.
        value: any value.

    Raises:
        CheckFailure: it cannot be written as JSON.
    """
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CheckFailure(f"expected {what} to be JSON, found a value that JSON cannot hold: {error}") from None
