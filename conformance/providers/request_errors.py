"""Compares values of a request with the config that it was made for."""

import json
from collections.abc import Mapping
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Final


def sender_error(sender: str | None, configured: object, key: str) -> str | None:
    """Compare the sender of a request with the config's; display names may be encoded differently.

    Args:
        sender: as sent; a display name may be encoded by RFC 2047.
        configured: the config's value; an empty one means no sender.
        key: its key in the config, for the message.

    Returns:
        What was expected and what was found, or ``None``.
    """
    if not configured:
        return None if sender is None else f"expected no sender, because the config has no {key}; found {sender!r}"
    if sender is None:
        return f"expected the sender to be the config's {key} {configured!r}, found no sender"
    if mailbox(sender) != mailbox(str(configured)):
        return f"expected the sender to be the config's {key} {configured!r}, found {sender!r}"
    return None


def setting_error(name: str, found: object, key: str, configured: object) -> str | None:
    """Compare a member of a request with the config's value.

    Args:
        name: of the member, for the message.
        found: its value; ``None`` where it is missing. Text may hold the JSON form of a value, as in HTML forms.
        key: of the config, for the message.
        configured: the config's value; ``None`` where it is missing.

    Returns:
        What was expected and what was found, or ``None``.
    """
    if _is_configured(found, configured):
        return None
    shown = "it is missing" if found is None else f"found {found!r}"
    if configured is None:
        return f"expected {name} to be missing, because the config has no {key}; {shown}"
    return f"expected {name} to be the config's {key} {configured!r}; {shown}"


def _is_configured(found: object, configured: object) -> bool:
    """Compare a value with the config's; where the config is silent, a connector may state that a thing is off."""
    if isinstance(configured, Mapping) and isinstance(found, Mapping):
        return all(_is_configured(found.get(key), configured.get(key)) for key in found.keys() | configured.keys())
    if configured is None and (found is False or found in _NOTHING):
        return True
    return found == configured or (isinstance(found, str) and _is_json_of(configured, found))


_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})


def _is_json_of(value: object, text: str) -> bool:
    return value is not None and not isinstance(value, str) and text == json.dumps(value)


def mailbox(value: str) -> tuple[str, str]:
    """Return the display name and the address of a mailbox, encoded words decoded."""
    if "@" not in value:
        return "", value  # a phone number, or a sender name of text messages
    name, address = parseaddr(value)
    return str(make_header(decode_header(name))), address
