"""What an error says in words, and where a value is missing in them."""

import re
from collections.abc import Iterator
from typing import Any, Final

_NO_VALUE: Final = re.compile(
    r"""
    \b(NoneType|undefined|NaN)\b
    | (?<=[\w,]\ )None\b
    | \bNone\b(?!\ (of|was|were|is|are|has|have|can|could|found)\b)  # a sentence may begin with the English word
    | \[object\ \w+\]
    | <[\w.]+\ object\ at\ 0x
    """,
    re.VERBOSE,
)


def missing_values(text: str) -> list[str]:
    """Return what Python and JavaScript print where a value was meant and there is none, or none with a text of its own."""
    return list(dict.fromkeys(found[0] for found in _NO_VALUE.finditer(text)))


def missing_values_in(error: Exception) -> list[str]:
    """Return the same for all that an error says: its own text, and those in its data."""
    return missing_values("\n".join((str(error), *_texts(getattr(error, "data", None)))))


def _texts(data: Any) -> Iterator[str]:  # noqa: ANN401 - any value at all
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for inner in data.values() if isinstance(data, dict) else data:
            yield from _texts(inner)
