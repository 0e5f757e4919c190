"""Draws examples: messages, payloads, and variations of a config.

A check decides with the published schema whether a config is valid.
"""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import count, islice, repeat
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits, hexdigits
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator

from conformance.harness.config_schema import ConfigSchema
from connector_kit import TemplateType
from connector_kit.languages import language_tags

Json = Any
"""Any JSON value."""

REQUIRED_TYPES: Final = ("Register", "SignIn", "ForgotPassword", "Generic")
KNOWN_TYPES: Final = tuple(str(kind) for kind in TemplateType)

characters: Final = st.characters(exclude_categories=["Cs"])
"""The characters of `st.text()`, which encodes each of them when it is first used: that takes 2 s in a new folder."""

json_values: Final[SearchStrategy[Json]] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(characters, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters, max_size=8), inner, max_size=4),
    max_leaves=12,
)

letters: Final = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
codes: Final = st.text("0123456789", min_size=6, max_size=6) | st.sampled_from(
    ("000123", "0042", "00000000", "12345678", "A1B2C3", "aB3dE9", "x7", "7KQ-99Z", "0e1234", "1_000", "deadBEEF0001")
)
"""Verification codes: six digits as Logto's, and others with leading zeros or letters."""

links: Final = st.builds(
    "https://{0}.example/sign-in?one_time_token={0}0aB&email=foo%2Bbar%40{0}.example#top".format, letters
)
"""Links of invitations and magic links, percent-encoded as they are."""

locales: Final = st.sampled_from(("en", "en-US", "es", "pt-BR", "zh-CN", "tr-TR", "ko", *language_tags()))
ips: Final = ("192.0.2.1", "2001:db8::1", "::ffff:127.0.0.1", "::1")
known_types: Final = st.sampled_from(KNOWN_TYPES)
custom_types: Final = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12).map(
    lambda it: f"Custom{it.title()}"
)

_NOT_PRINTABLE: Final = "\ufffe\uffff"
"""Characters that XML cannot contain; `delivery.unusual-text` tries them, control characters and surrogates."""

line: Final = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters=f"{{}}{_NOT_PRINTABLE}"), max_size=30
)
"""One line of text without braces, so without placeholders."""

text: Final = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"], include_characters="\t\n", exclude_characters=f"{{}}{_NOT_PRINTABLE}"
    ),
    max_size=80,
)
"""Text for a body without braces, and without control characters, which not every medium can carry."""

ADDRESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "capitals": ("First.Last@example.com", "JANE@Example.COM"),
    "a plus tag": ("jane+logto@example.com", "jane+a+b@example.com"),
    "an apostrophe": ("o'brien@example.com",),
    "dots and hyphens": ("j.a.n.e@ex-am-ple.example", "jane-doe@example.com"),
    "digits": ("12345@example.com", "4u@1and1.example"),
    "a long top-level domain": ("jane@example.photography", "jane@example.travelersinsurance"),
    "a country's second level": ("jane@mail.eu.example.co.uk",),
    "an internationalized domain": ("jane@b\u00fccher.example", "jane@\u4f8b\u3048.\u30c6\u30b9\u30c8"),
    "a punycode domain": ("jane@xn--bcher-kva.example", "jane@example.xn--p1ai"),
    "one-letter parts": ("a@b.example", "x@y.co", "1@q.example"),
    "a long local part": (f"{'jane' * 16}@example.com",),
    "a long domain": (f"jane@{'.'.join(['sub' * 12] * 5)}.example",),
    "an underscore, a slash and other signs": (
        "_jane_@example.com",
        "jane/doe=x@example.com",
        "jane&doe#1%@example.com",
    ),
}
"""Addresses that people have, by what is unusual about them."""

NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "North America": ("14155550123", "12425550123"),
    "Europe": ("447700900123", "4915112345678", "33612345678", "390612345678", "35312345678"),
    "Asia": ("8613800138000", "919876543210", "6591234567", "97150123456"),
    "other continents": ("5511987654321", "27821234567", "61412345678"),
    "7 digits": ("2905123",),
    "15 digits": ("491511234567890", "870312345678901"),
}
"""Numbers as Logto has them, without a plus sign, by where or how long they are. All are possible in their country."""

_general_addresses: Final = tuple(
    it for kind, many in ADDRESSES.items() if kind not in {"a long local part", "a long domain"} for it in many
)
addresses: Final = st.builds("{}@{}.example".format, letters, letters) | st.sampled_from(_general_addresses)
phone_numbers: Final = st.text("0123456789", min_size=7, max_size=7).map("1555{}".format) | st.sampled_from(
    tuple(it for many in NUMBERS.values() for it in many)
)

unusual_recipients: Final = (
    f"{'x' * 400}@example.com",
    f"someone@{'ü' * 64}.example",
    f"someone@{'x' * 64}.example",
    "someone@",
    "@example.com",
    "x" * 400,
)
"""Recipients that are longer than any address, or have an impossible domain."""

_USER: Final = {
    "id": "u5jv0m3qk2x1",
    "name": "Zo\u00eb O'Brien",
    "avatar": "https://cdn.example/a.png?size=96&v=2",
    "username": "zoe_ob",
    "primaryEmail": "zoe@example.com",
    "primaryPhone": "447700900123",
    "profile": {
        "givenName": "Zo\u00eb",
        "familyName": "O'Brien",
        "address": {"country": "IE", "formatted": "1 Main St\nDublin"},
    },
}
CONTEXTS: Final[Mapping[str, dict[str, Json]]] = {
    "application and organization": {
        "application": {
            "id": "foobar123456",
            "name": "Shop & Co",
            "displayName": "Shop",
            "branding": {"logoUrl": "https://cdn.example/logo.svg", "darkLogoUrl": "https://cdn.example/dark.svg"},
        },
        "organization": {"id": "org1", "name": "\u682a\u5f0f\u4f1a\u793e", "branding": {}},
    },
    "user and inviter": {"user": _USER, "inviter": {**_USER, "id": "u0", "name": "Ng\u0169g\u0129"}},
    "context with nulls": {
        "application": {"id": "foobar123456", "name": None, "branding": None},
        "organization": None,
        "user": {**dict.fromkeys(_USER), "id": "u1", "profile": {}},
        "inviter": {},
    },
}
"""The context variables that Logto adds to payloads, by kind."""

_contexts: Final = st.sampled_from(tuple(CONTEXTS.values())).map(copy.deepcopy)


_sometimes: Final = st.booleans()
_more: Final = st.sampled_from(("context", "link", "uiLocales"))


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Json]:
    """Draw a payload like Logto's: a code, and in some a link, languages and context variables."""
    payload: dict[str, Json] = {"code": draw(codes)}
    if draw(_sometimes):
        payload["locale"] = draw(locales)
    if draw(_sometimes):
        payload["application"] = {"name": draw(line)}
    if draw(_sometimes):
        more = draw(_more)
        payload |= draw(_contexts) if more == "context" else {}
        payload |= {"link": draw(links)} if more == "link" else {}
        payload |= {"uiLocales": f"{draw(locales)} fr-CA en"} if more == "uiLocales" else {}
    return payload


_payloads: Final = payloads()
_ips: Final = st.sampled_from(ips)


@st.composite
def messages(draw: st.DrawFn, recipients: SearchStrategy[str], types: SearchStrategy[str]) -> dict[str, Json]:
    """Draw the JSON of a message."""
    message = {"to": draw(recipients), "type": draw(types), "payload": draw(_payloads)}
    if draw(_sometimes):
        message["ip"] = draw(_ips)
    return message


def template(example: Mapping[str, Json], usage_type: str, mark: str) -> dict[str, Json]:
    """Return a config template with a mark in all its texts, by which a check recognizes it.

    A template without content names one of the provider's templates; the mark is in that name, with capitals.
    """
    texts, end = (("subject", "content"), "") if "content" in example else (example, " A")
    marked = {key: f"{mark} {key}{end}" for key in texts if isinstance(example.get(key), str)}
    return {**example, **marked, "usageType": usage_type}


_MEDIA_TYPES: Final = frozenset({"text/html", "text/plain"})


def with_media_type(example: Mapping[str, Json], media_type: str) -> dict[str, Json]:
    """Return a config template with another media type, if it has a member for that, whatever its name is."""
    return {key: media_type if value in _MEDIA_TYPES else value for key, value in example.items()}


def marks(count: int) -> list[str]:
    """Return marks; none contains another."""
    return [f"template-{index:03d}." for index in range(count)]


_some_types: Final = st.lists(known_types | custom_types, max_size=5)


@st.composite
def template_types(draw: st.DrawFn, *, more: SearchStrategy[str] | None = None) -> list[str]:
    """Draw the usage types of a config's templates: the required ones and others, in any order."""
    extra = draw(_some_types if more is None else st.lists(more, max_size=5))
    return draw(st.permutations([*REQUIRED_TYPES, *extra]))


def config_templates(config: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Return the templates of a config as a list; a config may have an object of them, by usage type, or none."""
    found = config.get("templates")
    if isinstance(found, Mapping):
        return [{**it, "usageType": kind} for kind, it in found.items() if isinstance(it, Mapping)]
    return found if isinstance(found, list) else []


def with_config_templates(config: Mapping[str, Json], templates: list[dict[str, Json]]) -> dict[str, Json]:
    """Return a config with these templates, in the form that its own have; an object has the first of each type."""
    if not isinstance(config.get("templates"), Mapping):
        return {**config, "templates": templates}
    by_type: dict[str, Json] = {}
    for it in templates:
        by_type.setdefault(it["usageType"], {key: value for key, value in it.items() if key != "usageType"})
    return {**config, "templates": by_type}


def with_templates(
    config: Mapping[str, Json], usage_types: list[str], accepts: Callable[[Json], bool] = lambda _: True
) -> dict[str, Json]:
    """Return a config with templates of these usage types in this order, each with its own mark.

    The names of a provider's templates may have a form, such as ``d-`` and hex digits, or be numbers. If the schema
    does not accept marks, each template has a name of its own that is like the author's.
    """
    first, *others = config_templates(config)
    pairs = zip(usage_types, marks(len(usage_types)), strict=True)
    made = [template(first, kind, mark) for kind, mark in pairs]

    def fits(key: str, value: Json) -> bool:
        return accepts(with_config_templates(config, [{**first, key: value}, *others]))

    for key in first.keys() - {"usageType"} if made and "content" not in first else ():
        if made[0][key] == first[key] or not fits(key, made[0][key]):  # no text, or one of a form
            for it, name in zip(made, _similar_names(first[key], partial(fits, key)), strict=False):
                it[key] = name
    return with_config_templates(config, made)


_TRIED_NAMES: Final = 3
"""How many names have to be valid: the others are like them, and a config may have a thousand."""


def _similar_names(value: Json, fits: Callable[[Json], bool]) -> Iterator[Json]:
    """Yield different names that are like one of a provider's template; the same one if no other is valid."""
    options: Callable[[], Iterator[Json]] = partial(repeat, value)
    if isinstance(value, str):
        options = lambda: (_of_same_kinds(value, Random(index)) for index in count())  # noqa: E731, S311 - a name
    elif isinstance(value, int) and not isinstance(value, bool):
        options = partial(count, value + 1)
    return options() if all(map(fits, islice(options(), _TRIED_NAMES))) else repeat(value)


def _of_same_kinds(value: str, random: Random) -> str:
    kinds = [kind for kind in (hexdigits[:16], hexdigits[:10] + "ABCDEF") if re.search(rf"[{kind}]{{8}}", value)]
    kinds += [digits, ascii_lowercase, ascii_uppercase]
    found = ((it, next((kind for kind in kinds if it in kind), it)) for it in value)
    changed = "".join(random.choice(kind) for _, kind in found)
    prefix = re.match(r"[A-Za-z]+[-_]", value)
    return changed if prefix is None else prefix[0] + changed[prefix.end() :]


def templates_named(config: Mapping[str, Json], name: object) -> set[int]:
    """Return the indexes of the config's templates with that name of a provider's template."""
    names = [{str(it) for key, it in found.items() if key != "usageType"} for found in config_templates(config)]
    return {index for index, own in enumerate(names) if str(name) in own}


@st.composite
def variations(
    draw: st.DrawFn, config: Mapping[str, Json], schema: Mapping[str, Json], always: Iterable[str] = ()
) -> dict[str, Json]:
    """Draw variations of a config: without optional keys, keys reordered, templates added and reordered.

    The keys `always` stay, although they may be optional.
    """
    required = {*ConfigSchema(schema).required, *always}
    kept = {key: value for key, value in config.items() if key in required or draw(_sometimes)}
    if config_templates(kept):
        kept = with_templates(kept, draw(template_types()), Draft202012Validator(schema).is_valid)
    return {key: kept[key] for key in draw(st.permutations(list(kept)))}


Place = tuple[str | int, ...]


def places(config: Mapping[str, Json]) -> list[Place]:
    """Return the paths of a config that a check can change: keys at any depth, and list items except objects."""
    return list(_places(config, ()))


def _places(value: Json, above: Place) -> Iterator[Place]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield (*above, key)
            yield from _places(member, (*above, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if not isinstance(item, Mapping):
                yield (*above, index)
            yield from _places(item, (*above, index))


def without(config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """Return a copy of a config without the value at a path."""
    changed, holder = _copy_to(config, place)
    del holder[place[-1]]
    return changed


def replaced(config: Mapping[str, Json], place: Place, value: Json) -> dict[str, Json]:
    """Return a copy of a config with another value at a path."""
    changed, holder = _copy_to(config, place)
    holder[place[-1]] = value
    return changed


def _copy_to(config: Mapping[str, Json], place: Place) -> tuple[dict[str, Json], Any]:
    changed = copy.deepcopy(dict(config))
    holder: Any = changed
    for part in place[:-1]:
        holder = holder[part]
    return changed, holder


mistyped_values: Final[SearchStrategy[Json]] = (
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(json_values, max_size=2)
    | st.dictionaries(letters, json_values, max_size=2)
    | st.text(characters, max_size=5)
)
