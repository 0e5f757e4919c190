"""What counts as a secret, and how secrets are removed from text."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from connector_kit.connector import Connector

REDACTED: Final = "[redacted]"
"""What replaces a secret in a text."""

_SHORTEST_SECRET: Final = 4
"""In characters. A shorter text keeps nothing secret, and removing it would make messages unreadable."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET_WORD: Final = re.compile(
    r"(?:authorization|auth|credential|key|passphrase|passwd|password|pass|pwd|secret|token)s?\Z", re.IGNORECASE
)
_PUBLIC_WORDS: Final = frozenset(
    ("algorithm", "endpoint", "id", "method", "mode", "name", "path", "region", "type", "uri", "url")
)
_PUBLIC_VARIABLES: Final = frozenset({"locale", "uiLocales"})
_SHORTEST_LOCAL_PART: Final = 3
_SHORTEST_NUMBER: Final = 6
_SHOWN_DIGITS: Final = 2


def redact(text: str, secrets: Iterable[object]) -> str:
    """Replace secrets in a text by `REDACTED`.

    A secret is found as it is, percent-encoded, and inside base64. Where two secrets overlap, both are removed. Time
    is linear in the length of the text.

    Args:
        text: for example an error message of a provider.
        secrets: the texts to remove. Values that are not strings, and strings of fewer than 4 characters, are ignored.
    """
    forms = {form for secret in secrets if isinstance(secret, str) for form in encoded_forms(secret)}
    spans = sorted(span for form in forms for span in _occurrences(text, form))
    parts, end = [], 0
    for start, stop in spans:
        if start >= end:
            parts += [text[end:start], REDACTED]
        end = max(end, stop)
    return "".join((*parts, text[end:]))


def encoded_forms(secret: str) -> tuple[str, ...]:
    """Return how a secret may appear in a text: as it is, percent-encoded, and inside base64 at three alignments.

    Forms of fewer than 4 characters are left out.
    """
    content = secret.encode("utf-8", "surrogatepass")
    forms = {secret: None, quote(content, safe=""): None}
    for offset in range(3):
        encoded = b64encode(bytes(offset) + content).decode().rstrip("=")
        first = (0, 2, 3)[offset]  # the characters before this one also encode bits of what precedes the secret
        last = len(encoded) - ((offset + len(content)) % 3 != 0)  # the last one may encode bits of what follows it
        forms[encoded[first:last]] = None
    return tuple(form for form in forms if min(len(form), len(secret)) >= _SHORTEST_SECRET)


def _occurrences(text: str, part: str) -> Iterator[tuple[int, int]]:
    start = text.find(part)
    while start != -1:
        yield start, start + len(part)
        start = text.find(part, start + len(part))


def is_secret_name(name: str) -> bool:
    """Return whether a config key is named like a secret: ``apiToken``, ``secretValue``; not ``tokenEndpoint``.

    One of its words ends with a word for a secret, and its last word does not name something public, such as ``Id``.
    """
    words = _WORD.findall(name)
    return any(map(_SECRET_WORD.search, words)) and words[-1].lower() not in _PUBLIC_WORDS


def secret_keys(connector_class: type[Connector[Any]], config: Iterable[str] = ()) -> frozenset[str]:
    """Return the config keys that hold secrets.

    These are the keys that the connector's declaration lists, those of its confidential or masked form items, and those
    that are named like a secret, unless the form item has ``is_confidential=False``.

    Args:
        connector_class: the connector.
        config: further keys to judge by their name, such as those of a config.
    """
    items = connector_class.metadata.form_items or ()
    declared = connector_class.declaration.secrets if connector_class.declaration else ()
    is_secret = _secret_key_rule(connector_class)
    return frozenset(key for key in (*(item.key for item in items), *declared, *config) if is_secret(key))


def _secret_key_rule(connector_class: type[Connector[Any]]) -> Callable[[str], bool]:
    items = connector_class.metadata.form_items or ()
    marked = set(connector_class.declaration.secrets if connector_class.declaration else ())
    marked |= {item.key for item in items if item.is_confidential or item.is_masked}
    public = {item.key for item in items if item.is_confidential is False}
    return lambda key: key in marked or (key not in public and is_secret_name(key))


def config_secrets(connector_class: type[Connector[Any]], config: object) -> Iterator[str]:
    """Yield the secrets of a config: every text and number under a key that holds secrets, at any depth.

    Args:
        connector_class: the connector that the config is for.
        config: any JSON value.
    """
    is_secret = _secret_key_rule(connector_class)
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            for key, member in value.items():
                if is_secret(key):
                    yield from _texts(member)
                else:
                    pending.append(member)


def payload_secrets(payload: object) -> Iterator[str]:
    """Yield the texts and numbers of a message's payload (codes, links, names), except its languages."""
    if isinstance(payload, dict):
        for name, value in payload.items():
            if name not in _PUBLIC_VARIABLES:
                yield from _texts(value)


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


def mask_recipient(to: object) -> str:
    """Return an address as ``j***@example.com``, a number as ``***67``, and anything else as ``***``."""
    if not isinstance(to, str):
        return "***"
    local, at, domain = to.rpartition("@")
    if at:
        return f"{local[0] if len(local) >= _SHORTEST_LOCAL_PART else ''}***@{domain}"
    return f"***{to[-_SHOWN_DIGITS:]}" if len(to) >= _SHORTEST_NUMBER else "***"
