"""Texts for a report: the failing example, and what the provider received and responded."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from conformance.providers.base import Call, Exchange

_MOST_CALLS: Final = 8
_LONGEST_TEXT: Final = 4000


def cut(text: str) -> str:
    """Return the first 4,000 characters of a text."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def example_text(arguments: Iterable[Any]) -> str:
    """Return an example as text: one JSON value a line."""
    return "\n".join(json.dumps(argument, ensure_ascii=False, default=str) for argument in arguments)


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
