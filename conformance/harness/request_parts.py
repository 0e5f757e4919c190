"""What requests have in common and where they differ, apart from time stamps, nonces and signatures."""

import email.message
import email.policy
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs

from conformance.providers.base import Call
from conformance.providers.http_messages import HttpRequest

_NOT_THE_CONNECTORS = frozenset({"outcome", "result", "exchange", "reference"})
"""Members of a call that describe the response."""

Parts = frozenset[tuple[str, str]]
"""Places of a request, each with its value as text."""


@attrs.frozen
class SentTwice:
    """The parts of one request that was made twice, with other requests in between.

    Args:
        always: the parts of both.
        ever: the parts of either.
    """

    always: Parts
    ever: Parts

    @classmethod
    def of(cls, first: Parts, second: Parts) -> "SentTwice":
        """Compare the two."""
        return cls(first & second, first | second)

    def own(self, other: "SentTwice") -> Parts:
        """Return the parts that both requests have, and neither of the other's.

        A time stamp or a nonce is not among them: requests are made in turns, so that a time that two of them share is
        also the time of the other's request between them.
        """
        return self.always - other.ever

    def differs_from(self, other: "SentTwice") -> bool:
        """Return whether the requests differ by more than noise."""
        return bool(self.own(other) or other.own(self))


def request_parts(calls: tuple[Call, ...]) -> Parts:
    """Return the parts of the requests of one message."""
    found: set[tuple[str, str]] = set()
    for call in calls:
        for name in (it.name for it in attrs.fields(type(call)) if it.name not in _NOT_THE_CONNECTORS):
            found.update(_parts(getattr(call, name), name))
    return frozenset(found)


def _parts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case HttpRequest():
            yield from _http_parts(value, place)
        case email.message.Message():
            yield from _mime_parts(value, place)
        case bytes() | bytearray():
            yield from _text_parts(bytes(value).decode("utf-8", "replace"), place)
        case str():
            yield from _text_parts(value, place)
        case Mapping():
            yield f"{place}{{}}", ""
            yield from _members(value, place)
        case list() | tuple() | set() | frozenset():
            yield f"{place}[]", str(len(value))
            yield from _members(dict(enumerate(value)), place)
        case _ if attrs.has(type(value)):
            yield from _members({it.name: getattr(value, it.name) for it in attrs.fields(type(value))}, place)
        case _:
            yield from _object_parts(value, place)


def _members(members: Mapping[Any, Any], place: str) -> Iterator[tuple[str, str]]:
    for name, member in members.items():
        yield from _parts(member, f"{place}.{name}")


def _object_parts(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Yield the ``repr`` of an object; its plain attributes, if the ``repr`` is only an address in memory."""
    text = repr(value)
    if " at 0x" not in text:
        yield place, text
        return
    attributes = getattr(value, "__dict__", {}).items()
    yield from _members({name: it for name, it in attributes if isinstance(it, _PLAIN)}, place)


_PLAIN: Final = (str, bytes, int, float, list, tuple, dict)


def _http_parts(request: HttpRequest, place: str) -> Iterator[tuple[str, str]]:
    url = urlsplit(request.url)
    yield f"{place} method", request.method
    yield f"{place} address", f"{url.scheme}://{url.netloc}{url.path}"
    for key, value in parse_qsl(url.query, keep_blank_values=True):
        yield f"{place} query {key}", value
    for name, value in request.headers.items():
        if name.lower() not in {"content-length", "date"}:
            yield f"{place} header {name.lower()}", value
    try:
        fields = request.form_fields
    except ValueError:
        yield from _text_parts(request.body.decode("utf-8", "replace"), f"{place} body")
    else:
        for name, value in fields:
            yield from _text_parts(value, f"{place} body.{name}")


def _text_parts(text: str, place: str) -> Iterator[tuple[str, str]]:
    """Yield the members of JSON, the lines of other text."""
    if text[:1] in {"{", "["}:
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            yield from _parts(read, place)
            return
    lines = text.splitlines()
    yield from ((place, line) for line in lines or [""])


def _mime_parts(message: email.message.Message, place: str) -> Iterator[tuple[str, str]]:
    for name, value in message.items():
        if name.lower() not in {"date", "message-id"} and "boundary=" not in value:
            yield f"{place} header {name.lower()}", str(value)
    parts: Any = message.get_payload() if message.is_multipart() else ()
    for index, part in enumerate(parts):
        yield from _mime_parts(part, f"{place}.{index}")
    if not message.is_multipart():
        yield from _text_parts(str(message.get_payload()), f"{place} body")
