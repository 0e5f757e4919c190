"""New secrets of the same form as an author's: same prefix, length and alphabet, a UUID, base64, a private key."""

import base64
import binascii
import json
import re
import secrets
import string
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from attrs import frozen

from connector_kit.redaction import is_secret_name

Json = Any
"""Any JSON value."""

FREE_LENGTH: Final = 32
_SHORTEST_KEPT_LENGTH: Final = 8
"""A shorter value, such as ``k``, is a placeholder: its length means nothing unless the schema requires it."""

_SHORTEST_REST: Final = 8
"""What follows a fixed prefix has at least this length; otherwise the value has no fixed prefix."""

_FEWEST_VARIED: Final = 6
"""A longer prefix has at least this many letters and digits after it: with fewer, a new secret may equal the old one."""

_PREFIX: Final = re.compile(r"(?:[A-Za-z]{1,8}[0-9]{0,2}[_.:-])+|AKIA|ASIA|AIza|(?:AC|SK|MG)(?=[0-9a-f]{32}\Z)")
_PEM: Final = re.compile(r"(-----BEGIN ([A-Z0-9 ]*)-----)(.*?)(-----END \2-----)", re.DOTALL)
_JWT: Final = re.compile(r"(eyJ[\w-]+\.[\w-]+\.)([\w-]{16,})")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{15,}={0,2}")
_URL_SECRET: Final = re.compile(
    r"(?<=://)[^/?#@]*:(?P<password>[^/?#@]+)@|[?&][\w-]*(?:key|token|secret|sig)=(?P<value>[^&#]+)"
)
_NOT_HEX: Final = frozenset("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ")
_PARTS: Final = re.compile("[A-Za-z0-9]+")
_HEX_DIGITS: Final = ("0123456789abcdef", "0123456789ABCDEF")
_TRIALS: Final = 8
"""How many values of a form have to be valid: one of the wrong form is sometimes valid by chance."""
_WINDOW: Final = 8
_ATTEMPTS: Final = 200
_DIGIT: Final = 86
"""Of 256: a third of the characters are digits."""


@frozen
class NewSecret:
    """A secret for one check.

    Args:
        value: the whole value.
        secret: the parts of it that are secret: what a search looks for. A fixed prefix is not among them.
        prefix: the fixed text before the first part.
        has_words: whether a short part of it may be a word that other texts have too, such as ``EXAMPLE``.
    """

    value: Json
    secret: tuple[str, ...]
    prefix: str = ""
    has_words: bool = False


@frozen
class Form:
    """The form of a secret.

    Args:
        description: for messages: ``the prefix 'sk_live_' and 24 letters and digits``.
        make: makes another secret of that form.
    """

    description: str
    make: Callable[[], NewSecret]


def free_text(length: int = FREE_LENGTH, letters: str = string.ascii_uppercase, digits: str = string.digits) -> str:
    """Return random letters and digits that are unlike words, numbers and hex: any eight in a row have all kinds."""
    for _ in range(_ATTEMPTS):
        dice = secrets.token_bytes(2 * length)
        kinds = [digits if it < _DIGIT else letters for it in dice[:length]]
        text = "".join(kind[it % len(kind)] for kind, it in zip(kinds, dice[length:], strict=True))
        windows = (text[at : at + _WINDOW] for at in range(max(1, length - _WINDOW + 1)))
        if all(map(_is_unlike_others, windows)):
            break
    return text


def _is_unlike_others(text: str) -> bool:
    return not text.isalpha() and not _NOT_HEX.isdisjoint(text)


FREE: Final = Form(f"{FREE_LENGTH} letters and digits", lambda: _whole(free_text()))


def _whole(text: str) -> NewSecret:
    return NewSecret(text, (text,))


OWN_VALUE: Final = "the author's own value"
"""The description of the form of a value that is not replaced."""


def own_value(value: Json) -> Form:
    """Return the form of a value of which there is no other."""
    text = str(value)
    keys = tuple(_private_half(found[0]) for found in _PEM.finditer(text))
    secret = keys or ((text,) if _is_unlike_others(text) else ())  # a word, or a number, occurs in other texts
    return Form(OWN_VALUE, lambda: NewSecret(value, secret, has_words=True))


def forms_of(value: Json) -> Iterator[Form]:
    """Yield the forms that new secrets can have to be like a value, the most similar first."""
    if isinstance(value, str):
        yield from _forms_of_text(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        digits = str(abs(value))
        yield Form(f"a number of {len(digits)} digits", lambda: _number(len(digits)))


def _number(length: int) -> NewSecret:
    first, *others = (secrets.choice("123456789" if at == 0 else string.digits) for at in range(length))
    text = "".join((first, *others))
    return NewSecret(int(text), (text,))


def _forms_of_text(value: str) -> Iterator[Form]:
    yield from _special_forms(value)
    if len(value) < _SHORTEST_KEPT_LENGTH:
        yield FREE
    found = _PREFIX.match(value)
    prefix = found[0] if found and len(value) - found.end() >= _SHORTEST_REST else ""
    longer = (value[:end] for end in range(1, len(value)) if len(_letters_of(value[end:])) >= _FEWEST_VARIED)
    for fixed in dict.fromkeys((prefix, "", *longer)):
        for description, varied in _variations(value[len(fixed) :]):
            text = f"the prefix {fixed!r} and {description}" if fixed else description
            yield Form(text, partial(_after_prefix, fixed, varied))
        if fixed == "":
            yield FREE


def _letters_of(text: str) -> str:
    return "".join(it for it in text if it.isascii() and it.isalnum())


def _after_prefix(prefix: str, make_rest: Callable[[], str]) -> NewSecret:
    return _after(prefix, make_rest())


def _after(prefix: str, rest: str) -> NewSecret:
    return NewSecret(prefix + rest, (rest,), prefix)


def _variations(value: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield descriptions and makers of texts that are like a value without a fixed part, the most similar first."""
    letters = _letters_of(value)
    if len(letters) < 1:
        return
    size = f"{len(value)}"
    if letters.isdecimal():
        yield f"{size} digits", lambda: _replaced(value, string.digits)
        return
    for digits in _HEX_DIGITS:
        is_mixed = not letters.isalpha() and len(letters) >= _SHORTEST_KEPT_LENGTH
        if is_mixed and set(letters) <= set(digits):
            yield f"{size} hex digits", partial(_segments, value, partial(_replaced, alphabet=digits))
    cases = _letters_like(letters)
    if len(_PARTS.findall(value)) > 1:
        yield f"{size} characters, each part with its own kinds", partial(_segments, value, _like_part)
    yield f"{size} letters and digits", partial(_segments, value, lambda it: free_text(len(it), cases))
    own = "".join(sorted(set(letters)))
    if len(own) >= 6:  # noqa: PLR2004 - fewer would make too few different secrets
        yield f"{size} of its own characters", lambda: _replaced(value, own)
    yield f"{size} characters of the same kinds", lambda: "".join(map(_same_kind, value))


def _segments(value: str, other: Callable[[str], str]) -> str:
    """Return a text with the same separators and other parts between them; digits among other parts stay digits."""

    def change(part: re.Match[str]) -> str:
        return _replaced(part[0], string.digits) if part[0].isdecimal() and part[0] != value else other(part[0])

    return _PARTS.sub(change, value)


def _like_part(part: str) -> str:
    """Return another part of hex digits, or of digits and letters in the cases of this part."""
    for digits in _HEX_DIGITS:
        if not part.isalpha() and len(part) >= _SHORTEST_KEPT_LENGTH and set(part) <= set(digits):
            return _replaced(part, digits)
    return free_text(len(part), _letters_like(part)) if not part.isalpha() else "".join(map(_same_kind, part))


def _letters_like(value: str) -> str:
    """Return the letters of the cases that a text has."""
    lower = string.ascii_lowercase if any(map(str.islower, value)) else ""
    return lower + (string.ascii_uppercase if any(map(str.isupper, value)) else "")


def _other_text(value: str) -> str:
    return _segments(value, lambda it: free_text(len(it), string.ascii_letters))


def _replaced(value: str, alphabet: str) -> str:
    first = alphabet.replace("0", "") if alphabet == string.digits else alphabet
    while True:
        made = [secrets.choice(alphabet) if it.isascii() and it.isalnum() else it for it in value]
        if value[:1].isdecimal() and value[0] != "0":
            made[0] = secrets.choice(first)
        text = "".join(made)
        # Digits alone occur by chance: a search would ignore them.
        if not _letters_of(text).isdecimal() or _letters_of(value).isdecimal():
            return text


def _same_kind(character: str) -> str:
    for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if character in kind:
            return secrets.choice(kind)
    return character


def _special_forms(value: str) -> Iterator[Form]:
    pem = _PEM.search(value)
    if pem:
        yield from _pem_forms(value, pem)
    if value.startswith("{"):
        yield from _json_forms(value)
    jwt = _JWT.fullmatch(value)
    if jwt:
        yield Form("the same claims and another signature", lambda: _after(jwt[1], _other_text(jwt[2])))
    if "://" in value:
        yield from _url_forms(value)
    try:
        is_upper = value.upper() == value
        uuid.UUID(value)
        if value.count("-") == 4:  # noqa: PLR2004 - without dashes, it is hex
            yield Form("a UUID", lambda: _whole(str(uuid.uuid4()).upper() if is_upper else str(uuid.uuid4())))
    except ValueError:
        pass
    size = _decoded_size(value)
    if size:
        yield Form(f"{size} bytes in base64", lambda: _encoded(free_text(size, string.ascii_letters)))


def _decoded_size(value: str) -> int:
    """Return the number of bytes that a text in base64 has; 0 for one that is rather letters and digits."""
    if len(value) % 4 or not _BASE64.fullmatch(value) or value.isalnum():
        return 0
    return len(base64.b64decode(value, validate=True))


def _encoded(content: str) -> NewSecret:
    text = base64.b64encode(content.encode()).decode()
    return NewSecret(text, (text, content))


def _url_forms(value: str) -> Iterator[Form]:
    found = _URL_SECRET.search(value)
    if not found:
        return
    group = "password" if found["password"] else "value"
    for description, varied in _variations(found[group]):

        def make(varied: Callable[[], str] = varied) -> NewSecret:
            start, end, made = found.start(group), found.end(group), varied()
            return NewSecret(value[:start] + made + value[end:], (made,))

        yield Form(f"a URL with {description}", make)


def _json_forms(value: str) -> Iterator[Form]:
    """Yield the form of JSON in which other texts replace those under a secret name, as in a service account's key."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return

    def make() -> NewSecret:
        parts: list[str] = []
        changed = {}
        for key, member in parsed.items():
            form = next(forms_of(member), None) if is_secret_name(key) and isinstance(member, str) else None
            made = form.make() if form else NewSecret(member, ())
            changed[key] = made.value
            parts += made.secret
        return NewSecret(json.dumps(changed), tuple(parts))

    if isinstance(parsed, dict) and any(isinstance(it, str) and is_secret_name(key) for key, it in parsed.items()):
        yield Form("JSON with the same keys", make)


def new_form(value: object, accepts: Callable[[object], bool]) -> Form | None:
    """Return the form that is most like a value, and that is valid; ``None`` if no other value is valid."""
    for form in forms_of(value):
        if all(accepts(form.make().value) for _ in range(_TRIALS)):
            return form
    return None


# --- private keys ---------------------------------------------------------------------------------------------------

_POOL: Final = 4
_keys: Final[dict[tuple[str, ...], list[str]]] = {}
"""The private keys that were made in this process, by kind: making one costs a tenth of a second."""


def _pem_forms(value: str, pem: re.Match[str]) -> Iterator[Form]:
    separator = "\\n" if "\\n" in pem[3] else "\n"
    turn = iter(range(1 << 62))

    def make() -> NewSecret:
        made = _private_keys(kind, example)[next(turn) % _POOL]
        text = value[: pem.start()] + made.strip().replace("\n", separator) + value[pem.end() :]
        return NewSecret(text, (_private_half(made),))

    example = pem[0].replace("\\n", "\n")
    kind = _kind_of_key(example)
    if kind:
        yield Form(f"another private key of the kind {' '.join(kind)}", make)
    else:
        body = pem[3]

        def vary() -> NewSecret:
            made = _other_text(body) if len(body) > _SHORTEST_REST else body
            return NewSecret(value.replace(body, made), (made,))

        yield Form("PEM with other letters and digits", vary)


def _private_half(pem: str) -> str:
    """Return a part of a private key in base64 that is secret: neither its kind nor the public key in it."""
    body = re.sub(r"-----[A-Z0-9 ]*-----|\\n|\s", "", pem)
    size = len(body)
    if size > _LONGEST_CURVE:  # RSA: the first half has the modulus
        return body[size // 2 :]
    if size <= _ED25519:
        return body[22:]
    return body[10 : size * 3 // 10] if "BEGIN EC" in pem else body[size // 4 : size * 9 // 20]


_LONGEST_CURVE: Final = 400
_ED25519: Final = 64


def _kind_of_key(pem: str) -> tuple[str, ...]:
    """Return the kind of a private key: algorithm, size or curve, format; empty if it cannot be read."""
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - optional
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - optional
    except ImportError:
        return ()
    try:
        key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, binascii.Error):
        return ()
    style = "PKCS8" if "BEGIN PRIVATE KEY" in pem else "TraditionalOpenSSL"
    if isinstance(key, rsa.RSAPrivateKey):
        return ("RSA", str(key.key_size), style)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ("EC", key.curve.name, style)
    return ("Ed25519", "", style) if isinstance(key, ed25519.Ed25519PrivateKey) else ()


def _private_keys(kind: tuple[str, ...], example: str) -> list[str]:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - optional
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - optional

    known = _keys.setdefault(kind, [])
    while len(known) < _POOL:
        key: Any
        if kind[0] == "RSA":
            key = rsa.generate_private_key(65537, int(kind[1]))
        elif kind[0] == "EC":
            old = serialization.load_pem_private_key(example.encode(), None)
            assert isinstance(old, ec.EllipticCurvePrivateKey)  # noqa: S101 - as its kind says
            key = ec.generate_private_key(old.curve)
        else:
            key = ed25519.Ed25519PrivateKey.generate()
        style = getattr(serialization.PrivateFormat, kind[2])
        made = key.private_bytes(serialization.Encoding.PEM, style, serialization.NoEncryption())
        known.append(made.decode())
    return known
