"""Compares what arrived with what was sent, by meaning: recipients, bodies, subjects, and the limits of a medium."""

import re
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any, Final

from attrs import evolve

from conformance.harness.strategies import config_templates
from conformance.harness.values import difference
from conformance.providers.base import Call
from conformance.spec import Medium, Spec
from conformance.verdicts import CheckFailure, expect
from connector_kit import ConnectorType, get_config_template_by_type, replace_send_message_handlebars
from connector_kit.mailbox import MailboxError, encode_address, strip_header_control_chars

Json = Any

_LONGEST_SMS: Final = 1_600
"""The most characters that providers accept in one text message."""

_LONGEST_SUBJECT: Final = 998
"""The most characters of a line in an e-mail (RFC 5322 §2.1.1)."""

# --- recipients -----------------------------------------------------------------------------------------------------

_NUMBER: Final = re.compile(r"(?:[a-z]+:)?(?:\+|00)?([0-9]+)", re.IGNORECASE)
_NOT_IN_NUMBERS: Final = re.compile(r"[ ().-]")


def recipient_form(to: str, *, is_sms: bool) -> str:
    """Return a recipient in a form that two recipients share if they mean the same.

    A number is its digits in E.164: a plus sign, a prefix ``00`` or ``tel:`` and separators do not matter. Angle
    brackets around an address and the case and encoding of its domain do not matter; the local part is exact.
    """
    if is_sms:
        found = _NUMBER.fullmatch(_NOT_IN_NUMBERS.sub("", to))
        return to if found is None else found[1]
    address = to[1:-1] if to.startswith("<") and to.endswith(">") else to
    try:
        local, at, domain = encode_address(address).rpartition("@")
    except MailboxError:
        return address
    return f"{local}{at}{domain.lower()}"


def is_for(spec: Spec, call: Call, message: Mapping[str, Json]) -> bool:
    """Return whether the only recipient of a call is that of a message."""
    is_sms = spec.connector.type is ConnectorType.SMS
    return [recipient_form(it, is_sms=is_sms) for it in call.to] == [recipient_form(message["to"], is_sms=is_sms)]


def expect_recipient(spec: Spec, call: Call, message: Mapping[str, Json], when: str = "") -> None:
    """Expect the only recipient of a call to be that of a message."""
    wanted = (message["to"],)
    expect(is_for(spec, call, message), f"expected the recipients {wanted}{when and f' {when}'}, found {call.to}")


# --- bodies and subjects --------------------------------------------------------------------------------------------

_PAGE: Final = re.compile(
    r"\s*(?:<!doctype[^>]*>\s*)?<html\b[^>]*>\s*(?:<head\b[^>]*>.*?</head>\s*)?<body\b[^>]*>(.*)</body>\s*</html>\s*",
    re.DOTALL | re.IGNORECASE,
)
_PRESENTATION: Final = frozenset(("align", "bgcolor", "border", "class", "height", "style", "valign", "width"))
_VOID: Final = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
_ODD_MARKUP: Final = re.compile(r"<(?![A-Za-z/!][^<>]*>)|&(?!#?\w+;)")


def _lines(text: str | None) -> str:
    """Return a text with the line ends of Python, and without line ends at the end of the text."""
    return "" if text is None else text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


class _Content(HTMLParser):
    """The elements and texts of HTML, without what an inliner of CSS changes or removes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._is_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_style = tag == "style"
        if not self._is_style:
            kept = sorted(f"{name}={value or ''}" for name, value in attrs if name not in _PRESENTATION)
            self.parts.append(f"\0<{tag} {' '.join(kept)}>\0")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False
        if tag not in _VOID and tag != "style":
            self.parts.append(f"\0</{tag}>\0")

    def handle_data(self, data: str) -> None:
        if not self._is_style:
            self.parts.append(data)


def _content(html: str) -> str:
    parser = _Content()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)


def _is_inside(wanted: str, found: str, *, is_html: bool) -> bool:
    """Return whether a layout contains a text: as it is, or as HTML that was parsed and written again."""
    if wanted in found:
        return True
    if not is_html:
        return False
    # What a parser makes of incomplete tags and entities depends on the parser: any result is accepted.
    return _ODD_MARKUP.search(wanted) is not None or _content(wanted) in _content(found)


def _keeps(medium: Medium, wanted: str, found: str) -> bool:
    """Return whether a text has all characters of another one that the medium can carry, in order."""
    rest = iter(found)
    return all(it in rest for it in wanted if medium.carries(it))


def has_body(spec: Spec, wanted: str, call: Call) -> bool:
    """Return whether the body of a call has a text: alone, in an empty page, or inside a declared layout."""
    expected, found = _lines(wanted), _lines(call.body)
    if expected == found and (call.body is not None or not wanted):  # some clients leave an empty text out
        return True
    is_html, medium = call.html is not None, medium_of(spec)
    page = _PAGE.fullmatch(found) if is_html else None
    if page is not None and page[1].strip("\n") == expected.strip("\n"):
        return True
    if "layout" in spec.capabilities and call.body is not None and _is_inside(expected, found, is_html=is_html):
        return True
    return not all(map(medium.carries, expected)) and _keeps(medium, expected, found)


def expect_body(spec: Spec, what: str, wanted: str, call: Call) -> None:
    """Expect the body of a call to have a text.

    Args:
        spec: tells whether there is a layout around it.
        what: names the body in the message: ``the body``.
        wanted: the text.
        call: the call.
    """
    if not has_body(spec, wanted, call):
        raise CheckFailure(difference(what, wanted, call.body))


def _one_line(text: str | None) -> str:
    """Return a subject as a header field may hold it: without control characters, runs of spaces as one space."""
    return re.sub("[ \t]+", " ", strip_header_control_chars(text or "")).strip(" ")


def has_subject(spec: Spec, wanted: str, call: Call) -> bool:
    """Return whether the subject of a call is a text, or contains it where the Spec declares a prefix."""
    found, has_prefix = _one_line(call.subject), "subject-prefix" in spec.capabilities
    # Mail clients leave an empty subject out, and either drop line breaks or write a space.
    forms = {_one_line(wanted), _one_line(re.sub("[\r\n]", " ", wanted))}
    is_there = any(it in found if has_prefix else it == found for it in forms)
    return is_there and (call.subject is not None or not any(forms))


def expect_subject(spec: Spec, what: str, wanted: str, call: Call) -> None:
    """Expect the subject of a call to be a text; control characters may be left out."""
    if not has_subject(spec, wanted, call):
        raise CheckFailure(difference(what, wanted, call.subject))


# --- the limits of a medium -----------------------------------------------------------------------------------------


class BeyondMedium(Exception):  # noqa: N818 - it ends an example that the medium cannot carry; it is not an error
    """A connector rejected a text, as it may, because the medium cannot carry it."""


def medium_of(spec: Spec) -> Medium:
    """Return the limits that the Spec declares, or those of every text message."""
    return spec.medium or Medium(_LONGEST_SMS if spec.connector.type is ConnectorType.SMS else None)


def carries(spec: Spec, message: Mapping[str, Json], config: Json, managed: Json) -> bool:
    """Return whether the medium can carry the texts of a message.

    Args:
        spec: declares the limits.
        message: the message to send.
        config: its config, with templates.
        managed: its managed template, or ``None``.
    """
    medium = medium_of(spec)
    template = managed if isinstance(managed, Mapping) else None
    if template is None and isinstance(config, Mapping):
        template = get_config_template_by_type(str(message["type"]), {"templates": config_templates(config)})
    texts = {key: (template or {}).get(key) for key in ("subject", "content")}
    rendered = {
        key: replace_send_message_handlebars(text, message["payload"])
        for key, text in texts.items()
        if isinstance(text, str)
    }
    is_short = len(rendered.get("subject", "")) <= _LONGEST_SUBJECT and medium.holds(rendered.get("content", ""))
    return is_short and all(medium.carries(it) for text in rendered.values() for it in text)


# --- the messages of several calls ----------------------------------------------------------------------------------


def messages_in(spec: Spec, calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return one call for each message among calls.

    Calls with one idempotency key are one message, of which the last call counts; one that the provider ignored is
    none. The parts of a text that is longer than the medium allows are one message too.
    """
    by_key = {call.idempotency_key or index: call for index, call in enumerate(calls) if not call.is_ignored}
    return _joined(spec, by_key.values())


_PART_NUMBER: Final = re.compile(r"\(?\d+/\d+\)?:? ?")


def _joined(spec: Spec, calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return calls; several that are the parts of one text, which is longer than the medium allows, as one call."""
    parts = tuple(calls)
    first = parts[0] if parts else None
    if first is None or len(parts) == 1 or any(it.text is None or it.html or it.to != first.to for it in parts):
        return parts
    pieces = [str(it.text) for it in parts]
    if all(map(_PART_NUMBER.match, pieces)):
        pieces = [_PART_NUMBER.sub("", it, count=1) for it in pieces]
    medium, whole = medium_of(spec), "".join(pieces)
    is_split = not medium.holds(whole) and all(medium.holds(str(it.text)) for it in parts)
    return (evolve(first, text=whole),) if is_split else parts
