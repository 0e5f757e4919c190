"""What requests have in common and where they differ."""

from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

from attrs import frozen

from conformance import Call, HttpRequest, Outcome
from conformance.harness.request_parts import SentTwice, request_parts


def parts_of(raw: Any) -> frozenset[tuple[str, str]]:
    accepted = Outcome("accepted", "accepted", None)
    call = Call(
        to=("a",), subject=None, html=None, text=None, sender=None, reply_to=(), outcome=accepted, result=1, raw=raw
    )
    return frozenset((place, value) for place, value in request_parts((call,)) if place.startswith("raw"))


def http(body: str | bytes, content_type: str = "application/json", query: str = "") -> HttpRequest:
    content = body.encode() if isinstance(body, str) else body
    return HttpRequest("POST", f"http://a.example/x{query}", {"Content-Type": content_type, "Date": "now"}, content)


def test_members_of_json_are_places() -> None:
    found = parts_of(http('{"a": {"b": [1, true]}}', query="?q=1"))
    assert {("raw body.a.b.0", "1"), ("raw body.a.b.1", "True"), ("raw query q", "1")} <= found
    assert not any("date" in place for place, _ in found)


def test_fields_of_a_form_are_places() -> None:
    found = parts_of(http("a=1&a=2&b=%7B%22c%22%3A3%7D", "application/x-www-form-urlencoded"))
    assert {("raw body.a", "1"), ("raw body.a", "2"), ("raw body.b.c", "3")} <= found


def test_lines_of_other_text_are_parts() -> None:
    assert {("raw body", "{x"), ("raw body", "y")} <= parts_of(http(b"{x\ny", "text/plain"))
    assert ("raw", "") in parts_of("")


def test_headers_and_parts_of_mime_are_places() -> None:
    message = EmailMessage()
    message["Subject"], message["Date"] = "Code", "now"
    message.set_content("plain")
    message.add_alternative("<p>html</p>", subtype="html")
    found = parts_of(message)
    assert {("raw header subject", "Code"), ("raw.0 body", "plain"), ("raw.1 body", "<p>html</p>")} <= found
    assert not any("date" in place or "boundary" in value for place, value in found)


def test_attributes_of_objects_are_places() -> None:
    @frozen
    class Sent:
        a: int

    class Opaque:
        def __init__(self) -> None:
            self.b = b"x"
            self.other = object()

    assert parts_of(Sent(1)) == {("raw.a", "1")}
    assert parts_of(Opaque()) == {("raw.b", "x")}
    assert parts_of(SimpleNamespace(c=1)) == {("raw", "namespace(c=1)")}


def test_noise_is_not_a_difference() -> None:
    """A nonce differs each time; a time may be that of two requests in a row."""
    first, second = (SentTwice.of(parts_of(it), parts_of(it | {"nonce": 9})) for it in ({"a": 1}, {"a": 2}))
    assert first.differs_from(second)
    early, late = parts_of({"time": 1}), parts_of({"time": 2})
    assert not SentTwice.of(early, early).differs_from(SentTwice.of(early, late))
    assert not SentTwice.of(early, late).differs_from(SentTwice.of(late, late))
