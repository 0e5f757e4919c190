"""Keeping secrets and people out of the log: what is taken out of a text, and how a recipient is shown."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import field, frozen

from connector_kit.connector import Connector

REDACTED: Final = "[redacted]"

_SHORTEST: Final = 4
"""Shorter texts keep nothing secret, and taking them out would leave no readable line."""

_LONGEST_SHOWN: Final = 500
_SHORTEST_LOCAL_PART: Final = 3
_SHOWN_DIGITS: Final = 2
_SHORTEST_NUMBER: Final = 6

_CONFIDENTIAL: Final = re.compile(r"key|secret|token|password|passwd|credential|auth", re.IGNORECASE)
_PUBLIC_VARIABLES: Final = frozenset({"locale", "uiLocales"})


def mask_recipient(recipient: object) -> str:
    """Show enough of an address or a number to recognize it, and not enough to write to it."""
    if not isinstance(recipient, str):
        return "***"
    local, at, domain = recipient.rpartition("@")
    if at:
        return f"{local[0] if len(local) >= _SHORTEST_LOCAL_PART else ''}***@{domain}"
    return f"***{recipient[-_SHOWN_DIGITS:]}" if len(recipient) >= _SHORTEST_NUMBER else "***"


@frozen
class Redactor:
    """Takes the secrets of one request out of a text.

    Args:
        secrets: the texts.
        recipient: shown masked wherever it stands.
    """

    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    recipient: str = field(default="", repr=False)

    def __call__(self, text: str) -> str:
        """Return the text without secrets, and cut if it is long."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, REDACTED)
        if len(self.recipient) >= _SHORTEST:
            mask = mask_recipient(self.recipient)
            text = re.sub(re.escape(self.recipient), lambda _: mask, text, flags=re.IGNORECASE)
        return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def redactor(secrets: Iterable[str], recipient: object = None) -> Redactor:
    """Make a redactor; texts too short to be secrets are passed over."""
    found = frozenset(secret for secret in secrets if len(secret) >= _SHORTEST)
    return Redactor(found, recipient if isinstance(recipient, str) else "")


def payload_secrets(payload: object) -> Iterator[str]:
    """Find the texts in a payload: codes, links, names; all but the languages."""
    if isinstance(payload, dict):
        for name, value in payload.items():
            if name not in _PUBLIC_VARIABLES:
                yield from _texts(value)


def config_secrets(connector: type[Connector[Any]], config: object) -> Iterator[str]:
    """Find the texts in a config that must not show: by what the connector says of its keys, and by their names."""
    marked = {item.key for item in connector.metadata.form_items or () if item.is_confidential}
    marked |= set(connector.declaration.secrets if connector.declaration else ())
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            for key, member in value.items():
                if key in marked or _CONFIDENTIAL.search(key):
                    yield from _texts(member)
                else:
                    pending.append(member)


def _texts(value: object) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield str(item)
