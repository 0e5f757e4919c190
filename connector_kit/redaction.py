"""What counts as a secret, and how secrets are removed from text."""

import html
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from attrs import frozen

from connector_kit._javascript import number_to_string
from connector_kit.connector import Connector
from connector_kit.messages import SendMessagePayload
from connector_kit.metadata import ConnectorConfigFormItemType

REDACTED: Final = "[redacted]"
"""What replaces a secret in a text."""

_SHORTEST_SECRET: Final = 4
"""In characters. A shorter text keeps nothing secret, and removing it would make messages unreadable."""

_MOST_SECRETS: Final = 1_000
_LONGEST_DOMAIN: Final = 255
_LONGEST_TEXT: Final = 1 << 16

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
_LARGEST_INTEGER: Final = 10**400
_SHORTEST_VALUE: Final = 6
"""In characters. Shorter values of a payload, other than codes and links, are parts of ordinary words."""
"""Larger numbers exceed every double, and Python cannot print those of more than 4,300 digits."""


def redact(text: str, secrets: Iterable[object]) -> str:
    """Replace secrets in a text by `REDACTED`; see `Redactor`."""
    return Redactor(secrets)(text)


class Redactor:
    """Replaces secrets in texts by `REDACTED`.

    A secret is found as it is; escaped as in a URL, in HTML or in JSON, also several times; and inside base64 and
    hexadecimal digits. Where two secrets overlap, both are removed.

    Time is linear in the length of the text. Anybody can choose texts and secrets, so there are limits: a text of more
    than 65,536 characters, and any text if there are more than 1,000 secrets, are replaced as a whole.

    Args:
        secrets: the texts and numbers to remove. Other values, and those of fewer than 4 characters, are ignored.
    """

    def __init__(self, secrets: Iterable[object]) -> None:
        wanted: dict[str, None] = {}
        for text in (form for secret in secrets for form in _texts(secret) if len(form) >= _SHORTEST_SECRET):
            wanted[text] = None
            if len(wanted) > _MOST_SECRETS:
                break
        self._hides_all = len(wanted) > _MOST_SECRETS
        kept = () if self._hides_all else wanted
        self._encoded = _by_start(form for secret in kept for form in encoded_forms(secret))
        self._plain = _by_start(map(_plain, kept))

    def __call__(self, text: str) -> str:
        """Return a text, for example an error message of a provider, without the secrets."""
        if self._hides_all or (self._plain and len(text) > _LONGEST_TEXT):
            return REDACTED
        if not self._plain:
            return text
        spans = list(_occurrences(text, self._encoded))
        for decoded in _decodings(text):
            spans += [decoded.span(*it) for it in _occurrences(decoded.text, self._plain)]
        parts, end = [], 0
        for start, stop in sorted(spans):
            if start >= end:
                parts += [text[end:start], REDACTED]
            end = max(end, stop)
        return "".join((*parts, text[end:]))


def encoded_forms(secret: str) -> tuple[str, ...]:
    """Return how a secret may appear in a text: as it is, percent-encoded, in hexadecimal, and inside base64.

    In base64 it has three forms for its alignment, in two alphabets, for the secret and for its escape in HTML. Forms of
    fewer than 4 characters are left out.
    """
    content = secret.encode("utf-8", "surrogatepass")
    forms = {secret: None, quote(content, safe=""): None, content.hex(): None, content.hex().upper(): None}
    for part in {content: None, html.escape(secret).encode("utf-8", "surrogatepass"): None}:
        for encode in (b64encode, urlsafe_b64encode):
            for offset in range(3):
                encoded = encode(bytes(offset) + part).decode().rstrip("=")
                first = (0, 2, 3)[offset]  # the characters before this one also encode bits of what precedes the secret
                last = len(encoded) - ((offset + len(part)) % 3 != 0)  # the last one may encode bits of what follows it
                forms[encoded[first:last]] = None
    return tuple(form for form in forms if min(len(form), len(secret)) >= _SHORTEST_SECRET)


_ESCAPE: Final = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,31});"
    r"|(?P<surrogates>\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|\\u(?P<unit>[0-9A-Fa-f]{4})"
    r"|\\x(?P<byte>[0-9A-Fa-f]{2})"
    r"|\\(?P<same>[\"'/\\])"
    r"|(?P<plus>\+)"
)
"""An escaped part of a text: of a URL, of HTML, or of JSON."""

_DEEPEST_ESCAPE: Final = 3
"""How often a text may be escaped: for example, a link in HTML, in JSON, in a form."""


@frozen
class _Decoded:
    """A text without some levels of escapes, and where each of its characters is in the original text."""

    text: str
    starts: list[int]
    stops: list[int]

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Return where a part of this text is in the original."""
        return self.starts[start], self.stops[stop - 1]

    def decode(self) -> "_Decoded":
        """Return the text without another level of escapes."""
        parts: list[str] = []
        starts: list[int] = []
        stops: list[int] = []
        end = 0
        for match in _ESCAPE.finditer(self.text):
            start, decoded = match.start(), _unescape(match)
            parts += [self.text[end:start], decoded]
            starts += self.starts[end:start]
            stops += self.stops[end:start]
            end = match.end()
            # All characters of one match have its whole place: a secret that has one of them covers all of it.
            starts += [self.starts[start]] * len(decoded)
            stops += [self.stops[end - 1]] * len(decoded)
        return _Decoded("".join((*parts, self.text[end:])), starts + self.starts[end:], stops + self.stops[end:])


def _decodings(text: str) -> Iterator[_Decoded]:
    decoded = _Decoded(text, list(range(len(text))), list(range(1, len(text) + 1)))
    for _ in range(_DEEPEST_ESCAPE):
        following = decoded.decode()
        if following.text == decoded.text:
            return
        yield following
        decoded = following


def _unescape(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "percent":
            return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")
        case "surrogates":
            return (bytes.fromhex(match[0][2:6]) + bytes.fromhex(match[0][8:])).decode("utf-16-be")
        case "unit" | "byte":
            return chr(int(match[match.lastgroup], 16))
        case "same":
            return match["same"]
        case "plus":
            return " "  # as in a form; `_plain` treats a secret in the same way
    return html.unescape(match[0])


def _plain(secret: str) -> str:
    return secret.replace("+", " ")


def _by_start(parts: Iterable[str]) -> Mapping[str, Iterable[str]]:
    """Group texts by their first characters."""
    groups: dict[str, dict[str, None]] = {}
    for part in parts:
        groups.setdefault(part[:_SHORTEST_SECRET], {})[part] = None
    return groups


def _occurrences(text: str, parts: Mapping[str, Iterable[str]]) -> Iterator[tuple[int, int]]:
    """Yield where a text has parts, which are grouped by their first characters: few groups occur in a text."""
    starts = {text[at : at + _SHORTEST_SECRET] for at in range(len(text) - _SHORTEST_SECRET + 1)}
    for part in (it for start in starts & parts.keys() for it in parts[start]):
        at = text.find(part)
        while at != -1:
            yield at, at + len(part)
            at = text.find(part, at + len(part))


def is_secret_name(name: str) -> bool:
    """Return whether a config key is named like a secret: ``apiToken``, ``secretValue``; not ``tokenEndpoint``.

    One of its words ends with a word for a secret, and its last word does not name something public, such as ``Id``.
    """
    words = _WORD.findall(name)
    return any(map(_SECRET_WORD.search, words)) and _is_private(name)


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
    # Remembered for one config, which may have thousands of objects with the same keys.
    return cache(lambda key: key in marked or (key not in public and is_secret_name(key)))


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


def replace_config_secrets(
    connector_class: type[Connector[Any]], config: object, replacement: Callable[[str | float], object]
) -> Any:
    """Return a config in which other values replace the secrets, for a page or a file that must not have them.

    These are the secrets that `config_secrets` finds, without what everybody may see: choices of the form, and members
    that are named like something public, such as the ``type`` in ``auth``.

    Args:
        connector_class: the connector that the config is for.
        config: any JSON value.
        replacement: returns what replaces a text or a number.

    Raises:
        RecursionError: the config is nested too deeply for the interpreter.
    """
    items = connector_class.metadata.form_items or ()
    choices = {item.key for item in items if item.type in _CHOICES}
    is_secret = _secret_key_rule(connector_class)

    def replace(value: object, *, inside: bool) -> object:
        if isinstance(value, dict):
            return {
                key: replace(it, inside=is_secret(key) or (inside and _is_private(key))) for key, it in value.items()
            }
        if isinstance(value, list):
            return [replace(it, inside=inside) for it in value]
        if inside and isinstance(value, str | int | float) and not isinstance(value, bool):
            return replacement(value)
        return value

    if not isinstance(config, dict):
        return replace(config, inside=False)
    return {key: it if key in choices else replace(it, inside=is_secret(key)) for key, it in config.items()}


_CHOICES: Final = frozenset(
    {
        ConnectorConfigFormItemType.MULTI_SELECT,
        ConnectorConfigFormItemType.SELECT,
        ConnectorConfigFormItemType.SWITCH,
    }
)


def _is_private(name: str) -> bool:
    words = _WORD.findall(name)
    return not words or words[-1].lower() not in _PUBLIC_WORDS


def payload_secrets(payload: object) -> Iterator[str]:
    """Yield the texts and numbers of a message's payload (codes, links, names), except its languages."""
    if isinstance(payload, Mapping):
        for name, value in payload.items():
            if name not in _PUBLIC_VARIABLES:
                yield from _texts(value)


def _texts(value: object) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list | tuple):
            pending += item
        elif isinstance(item, Mapping):
            pending += item.values()
        elif isinstance(item, int | float) and not isinstance(item, bool):
            printed = number_to_string(item)  # by templates
            yield printed
            if isinstance(item, int) and abs(item) < _LARGEST_INTEGER and str(item) != printed:  # by JSON
                yield str(item)


def message_secrets(payload: SendMessagePayload, public: str) -> Iterator[object]:
    """Yield what an error must not show of a message: its code, its link, and the other long values of its payload.

    Args:
        payload: of the message.
        public: texts that an operator needs in an error, such as the recipient. A value that is part of them is left out.
    """
    yield payload.code
    yield payload.link
    yield from (value for value in payload_secrets(payload) if len(value) >= _SHORTEST_VALUE and value not in public)


def mask_recipient(to: object) -> str:
    """Return an address as ``j***@example.com``, a number as ``***67``, and anything else as ``***``.

    A domain that is longer than the 255 characters that DNS allows is cut.
    """
    if not isinstance(to, str):
        return "***"
    local, at, domain = to.rpartition("@")
    if len(domain) > _LONGEST_DOMAIN:
        domain = domain[: _LONGEST_DOMAIN - 1] + "…"
    if at:
        return f"{local[0] if len(local) >= _SHORTEST_LOCAL_PART else ''}***@{domain}"
    return f"***{to[-_SHOWN_DIGITS:]}" if len(to) >= _SHORTEST_NUMBER else "***"
