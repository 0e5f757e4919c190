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


_LONGEST_TEXT: Final = 300


def missing_values(text: str) -> list[str]:
    """Return what Python and JavaScript print for a missing value, or for an object without a text form."""
    return list(dict.fromkeys(found[0] for found in _NO_VALUE.finditer(text)))


def text_of(error: BaseException) -> str:
    """Return the text of an error, or what it raises instead of one."""
    try:
        return str(error)
    except Exception as raised:  # noqa: BLE001 - an error's own class may raise anything
        return f"(its text cannot be shown: its __str__ raises {type(raised).__name__})"


def describe_error(error: BaseException) -> str:
    """Return the name and the text of an error, cut after 300 characters."""
    name, text = type(error).__name__, text_of(error)
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text):,} characters)"
    return f"{name}: {shown}" if shown else name


def missing_values_in(error: BaseException) -> list[str]:
    """Return the missing values in the message of an error and in the texts of its data."""
    return missing_values("\n".join((text_of(error), *_texts(getattr(error, "data", None)))))


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for inner in data.values() if isinstance(data, dict) else data:
            yield from _texts(inner)
