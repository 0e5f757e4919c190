"""Texts for a report: the failing example, and what the provider received and responded."""

import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice, repeat
from typing import Any, Final

from conformance.providers.base import Call, Exchange

_MOST_CALLS: Final = 8
_LONGEST_TEXT: Final = 4000


def cut(text: str) -> str:
    """Return the first 4,000 characters of a text."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def example_text(names: Sequence[str], values: Iterable[Any]) -> str:
    """Return an example as text: a line for each value, with its name and its JSON."""
    return "\n".join(
        f"{name}: {json.dumps(value, ensure_ascii=False, default=_text)}"
        for name, value in zip(names, values, strict=True)
    )


def _text(value: object) -> str:
    """Return an object that JSON does not know, such as an outcome, as text: its name if it has one."""
    return str(getattr(value, "name", value))


def parameter_names(function: Callable[..., object], count: int) -> list[str]:
    """Return the names of a function's next parameters in plain English: ``next message`` for ``next_message``."""
    names = (name.strip("_").replace("_", " ") or "value" for name in inspect.signature(function).parameters)
    return list(islice(chain(names, repeat("value")), count))


def exchanges(calls: Sequence[Call]) -> list[Exchange]:
    """Return the first calls as text."""
    return [_exchange(call) for call in calls[:_MOST_CALLS]]


def _exchange(call: Call) -> Exchange:
    """Return one call as text: as its provider formats it, or else the message and the outcome."""
    if call.exchange is not None:
        return call.exchange
    parts = {"to": call.to, "sender": call.sender, "subject": call.subject, "html": call.html, "text": call.text}
    request = "\n".join(f"{name}: {value}" for name, value in parts.items() if value is not None)
    return Exchange(request, call.outcome.name)
