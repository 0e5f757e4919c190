"""Mailboxes of e-mail headers: parsing, sanitizing and encoding."""

import re
from email.header import Header
from typing import Final

import idna
from attrs import frozen

from connector_kit._javascript import trim

LONGEST_MAILBOX: Final = 320
"""In bytes, as Amazon SES counts: the whole mailbox, with its encoded display name."""

_CONTROLS: Final = dict.fromkeys((*range(32), 127))
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONGEST_ENCODED_WORD: Final = 75


class MailboxError(ValueError):
    """A mailbox cannot be encoded. The message states why, without the mailbox itself."""


@frozen
class Mailbox:
    """An address, and the display name before it if there is one."""

    email: str
    name: str | None = None


def strip_header_control_chars(value: str) -> str:
    """Remove U+0000 to U+001F and U+007F, which a header field must not contain (RFC 5322 §2.2)."""
    return value.translate(_CONTROLS)


def sanitize_mailbox_display_name(name: str) -> str:
    """Remove control characters, angle brackets, and white space around the name."""
    return trim(strip_header_control_chars(name).replace("<", "").replace(">", ""))


def sanitize_mailbox_address(address: str) -> str:
    """Remove control characters, angle brackets, and white space around the address."""
    return sanitize_mailbox_display_name(address)


def format_mailbox(email: str, name: str | None = None) -> str:
    """Return ``name <email>``, or ``email`` if the name is empty; both are sanitized."""
    address = sanitize_mailbox_address(email)
    display_name = sanitize_mailbox_display_name(name) if name else ""
    return f"{display_name} <{address}>" if display_name else address


def _split(value: str) -> Mailbox | None:
    """Parse ``Name <address>``. Return ``None`` if there are no angle brackets at the end, or they are empty."""
    if not value.endswith(">"):
        return None
    close = len(value) - 1
    opening = value.find("<", value.rfind(">", 0, close) + 1)
    if opening == -1:
        return None
    email = trim(value[opening + 1 : close])
    if not email:
        return None
    return Mailbox(email, trim(value[:opening]) or None)


def parse_send_from(rendered_send_from: str, fallback_email: str, fallback_name: str | None = None) -> Mailbox:
    """Parse a rendered ``sendFrom``: a mailbox, an address, or a display name for the fallback address.

    Args:
        rendered_send_from: the rendered template.
        fallback_email: the address to use if it has none.
        fallback_name: the display name to use if it is empty.
    """
    value = trim(strip_header_control_chars(rendered_send_from))
    parsed = _split(value)
    if parsed is not None:
        name = None if parsed.name is None else sanitize_mailbox_display_name(parsed.name)
        return Mailbox(sanitize_mailbox_address(parsed.email), name)
    if "@" in value and " " not in value:
        return Mailbox(sanitize_mailbox_address(value))
    shown = value or fallback_name
    return Mailbox(
        sanitize_mailbox_address(fallback_email), sanitize_mailbox_display_name(shown) or None if shown else None
    )


def parse_mailbox(value: str) -> Mailbox:
    """Parse a mailbox of a config: ``Logto<noreply@logto.io>``, ``<noreply@logto.io>`` or an address alone."""
    text = trim(strip_header_control_chars(value))
    return _split(text) or Mailbox(text)


def encode_mailbox(value: str) -> str:
    """Encode a mailbox for a header. One that is valid as it is stays unchanged.

    Control characters, and white space around the mailbox, are removed. A display name outside ASCII becomes encoded words (RFC 2047). One with specials
    such as a comma is quoted (RFC 5322 §3.2.4). A domain outside ASCII becomes punycode (UTS #46, IDNA 2008).

    Raises:
        MailboxError: the domain is invalid, or the result is longer than `LONGEST_MAILBOX` bytes.
    """
    text = strip_header_control_chars(value)
    mailbox = _split(trim(text))
    if mailbox is None:
        encoded = encode_address(trim(text))
    else:
        name = mailbox.name or ""
        address = encode_address(mailbox.email)
        if address == mailbox.email and _is_phrase(name):
            encoded = trim(text)
        else:
            encoded = f"{_encode_phrase(name)} <{address}>" if name else f"<{address}>"
    if len(encoded.encode("utf-8", "surrogatepass")) > LONGEST_MAILBOX:
        raise MailboxError(f"it is longer than {LONGEST_MAILBOX} bytes, encoded and with its display name")
    return encoded


def encode_address(address: str) -> str:
    """Encode the domain of an address in ASCII. The local part stays unchanged.

    Raises:
        MailboxError: the domain is outside ASCII and invalid.
    """
    local, at, domain = address.rpartition("@")
    if not at or domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True, transitional=False).decode()}"
    except (idna.IDNAError, UnicodeError):
        raise MailboxError("its domain is not a valid domain name") from None


_LOCAL_PART: Final = re.compile(rf"{_QUOTED.pattern}|[^\s@<>()\[\]:;,\\\"]+")
_LONGEST_LABEL: Final = 63
_LABEL: Final = re.compile(r"[^\x00-,./:-@\[-^`{-\x7f]+")
"""Letters, digits, underscores, dashes, and all beyond ASCII: as a range of their own, these take 6 ms to compile."""


def address_problem(address: str) -> str | None:
    """Return why no provider sends from or to an address, without the address itself, or ``None``.

    Other than in RFC 5321, the domain must be one of the Internet, with a dot, and no IP address.
    """
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    if not local or not domain:
        return "there is nothing before or after the @" if "@" in address else "there is no @"
    if "@" in local and not _QUOTED.fullmatch(local):
        return "there is more than one @"
    if not _LOCAL_PART.fullmatch(local):
        return "there is white space, a bracket or a separator before the @"
    if "," in domain:
        return "there is a comma in the domain, instead of a dot"
    if "" in labels:
        return "there is a dot too many in the domain"
    if any(len(label) > _LONGEST_LABEL for label in labels):
        return f"a part of the domain is longer than {_LONGEST_LABEL} characters"
    if not all(map(_LABEL.fullmatch, labels)):
        return "there is a character in the domain that domains do not have"
    if len(labels) == 1:
        return "there is no dot in the domain"
    if len(labels[-1]) == 1 or labels[-1].isdecimal():
        return "the domain has no ending such as .com"
    return None


def _is_phrase(name: str) -> bool:
    return _ATOMS.fullmatch(name) is not None or (name.isascii() and _QUOTED.fullmatch(name) is not None)


def _encode_phrase(name: str) -> str:
    if _is_phrase(name):
        return name
    bare = re.sub(r"\\(.)", r"\1", name[1:-1]) if _QUOTED.fullmatch(name) else name
    if bare.isascii():
        escaped = bare.replace("\\", r"\\").replace('"', r"\"")
        return f'"{escaped}"'
    # UTF-8 cannot encode a lone surrogate: the replacement character takes its place.
    sound = bare.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Header(sound, "utf-8", maxlinelen=_LONGEST_ENCODED_WORD).encode(linesep="")
