"""Finds missing values in the text of an error: ``None``, ``undefined``, ``[object Object]``."""

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
    """Return what Python and JavaScript print for a missing value, or for an object without a text form."""
    return list(dict.fromkeys(found[0] for found in _NO_VALUE.finditer(text)))


def missing_values_in(error: Exception) -> list[str]:
    """Return the missing values in the message of an error and in the texts of its data."""
    return missing_values("\n".join((str(error), *_texts(getattr(error, "data", None)))))


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for inner in data.values() if isinstance(data, dict) else data:
            yield from _texts(inner)
