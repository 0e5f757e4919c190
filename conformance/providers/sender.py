"""Whether a request's sender is the config's, however either is written."""

from email.header import decode_header, make_header
from email.utils import parseaddr


def sender_fault(sender: str | None, configured: object, key: str) -> str | None:
    """Compare a sender on the wire with the config's.

    Args:
        sender: as on the wire; a display name may be encoded as in RFC 2047.
        configured: the config's value; an empty one is none.
        key: its key in the config, for the message.
    """
    if not configured:
        return None if sender is None else "expected no sender, because the config names none"
    if sender is None:
        return f"expected the config's {key} as the sender, found none"
    if mailbox(sender) != mailbox(str(configured)):
        return f"expected the config's {key} as the sender, found another"
    return None


def mailbox(value: str) -> tuple[str, str]:
    """Return the display name and the address of a mailbox on the wire, encoded words decoded."""
    if "@" not in value:
        return "", value  # a phone number, or a name that recipients are shown
    name, address = parseaddr(value)
    return str(make_header(decode_header(name))), address
