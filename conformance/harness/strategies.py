"""Draws examples: messages, payloads, and variations of a config.

A check decides with the published schema whether a config is valid.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.harness.config_schema import ConfigSchema
from connector_kit import TemplateType

Json = Any
"""Any JSON value."""

REQUIRED_TYPES: Final = ("Register", "SignIn", "ForgotPassword", "Generic")
KNOWN_TYPES: Final = tuple(str(kind) for kind in TemplateType)

json_values: Final[SearchStrategy[Json]] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

codes: Final = st.from_regex(r"[0-9]{6}", fullmatch=True)
locales: Final = st.sampled_from(("en", "en-US", "es", "pt-BR", "zh-CN", "tr-TR", "ko"))
known_types: Final = st.sampled_from(KNOWN_TYPES)
custom_types: Final = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12).map(
    lambda it: f"Custom{it.title()}"
)
letters: Final = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)

line: Final = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="{}"), max_size=30)
"""One line of text without braces, so without placeholders."""

text: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}\r"), max_size=80)
"""Text for a body without braces, and without carriage returns, which providers may change."""

addresses: Final = st.builds("{}@{}.example".format, letters, letters)
phone_numbers: Final = st.from_regex(r"1555[0-9]{7}", fullmatch=True)

unusual_recipients: Final = (
    f"{'x' * 400}@example.com",
    f"someone@{'ü' * 64}.example",
    f"someone@{'x' * 64}.example",
    "someone@",
    "@example.com",
    "x" * 400,
)
"""Recipients that are longer than any address, or have an impossible domain."""


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Json]:
    """Draw a payload like Logto's: a code, and in some a locale or the application's name."""
    payload: dict[str, Json] = {"code": draw(codes)}
    if draw(st.booleans()):
        payload["locale"] = draw(locales)
    if draw(st.booleans()):
        payload["application"] = {"name": draw(line)}
    return payload


@st.composite
def messages(draw: st.DrawFn, recipients: SearchStrategy[str], types: SearchStrategy[str]) -> dict[str, Json]:
    """Draw the JSON of a message."""
    message = {"to": draw(recipients), "type": draw(types), "payload": draw(payloads())}
    if draw(st.booleans()):
        message["ip"] = "192.0.2.1"
    return message


def template(example: Mapping[str, Json], usage_type: str, mark: str) -> dict[str, Json]:
    """Return a config template with a mark in all its texts, by which a check recognizes it.

    A template without content names one of the provider's templates; the mark is in that name.
    """
    texts = ("subject", "content") if "content" in example else example
    marked = {key: f"{mark} {key}" for key in texts if isinstance(example.get(key), str)}
    return {**example, **marked, "usageType": usage_type}


def marks(count: int) -> list[str]:
    """Return marks; none contains another."""
    return [f"template-{index:03d}." for index in range(count)]


@st.composite
def template_types(draw: st.DrawFn, *, more: SearchStrategy[str] | None = None) -> list[str]:
    """Draw the usage types of a config's templates: the required ones and others, in any order."""
    extra = draw(st.lists(more if more is not None else known_types | custom_types, max_size=5))
    return draw(st.permutations([*REQUIRED_TYPES, *extra]))


def with_templates(config: Mapping[str, Json], usage_types: list[str]) -> dict[str, Json]:
    """Return a config with templates of these usage types in this order, each with its own mark."""
    example = config["templates"][0]
    pairs = zip(usage_types, marks(len(usage_types)), strict=True)
    return {**config, "templates": [template(example, kind, mark) for kind, mark in pairs]}


@st.composite
def variations(draw: st.DrawFn, config: Mapping[str, Json], schema: Mapping[str, Json]) -> dict[str, Json]:
    """Draw variations of a config: without optional keys, keys reordered, templates added and reordered."""
    required = ConfigSchema(schema).required
    kept = {key: value for key, value in config.items() if key in required or draw(st.booleans())}
    if isinstance(kept.get("templates"), list) and kept["templates"]:
        kept = with_templates(kept, draw(template_types()))
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
    | st.text(max_size=5)
)
