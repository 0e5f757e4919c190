"""The settings that a config's schema names, values for them, and valid configs with and without each of them."""

import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations, islice
from typing import Any, Final

from attrs import field, frozen
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from jsonschema import Draft202012Validator

from connector_kit.schema_walk import Subschema, root_subschema

Json = Any

ITEMS: Final = "[]"
"""In a path: every item of an array."""

Path = tuple[str, ...]

_DEEPEST: Final = 4
_MAX_CHANGES: Final = 3
"""How many other settings may have to change so that a config with, or without, a setting is valid."""

_MAX_CONFIGS: Final = 400
"""How many changed configs to try for one setting."""

_MATCHES: Final = 12
"""How many texts to draw for a pattern; a length may exclude some."""

_MISSING: Final = object()


@frozen
class Setting:
    """A key that the schema of a config names, at any depth.

    Args:
        path: the keys that lead to it; `ITEMS` for every item of an array.
        required: whether every object at its place must have it.
        schemas: what applies to its value, in the order of the schema.
    """

    path: Path
    required: bool
    schemas: tuple[Subschema, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The path as text: ``tracking.opens``, ``templates[].replyTo``."""
        return ".".join(self.path).replace(f".{ITEMS}", ITEMS)

    @property
    def parts(self) -> list[Subschema]:
        """All schemas that may apply to the value."""
        return [part for schema in self.schemas for part in schema.parts()]

    @property
    def choices(self) -> list[Json]:
        """The values of ``enum`` and ``const``, if the schema lists them."""
        return _unique(value for part in self.parts for value in _listed(part))

    @property
    def defaults(self) -> list[Json]:
        """The values of ``default``."""
        return [part.keywords["default"] for part in self.parts if "default" in part.keywords]

    @property
    def is_deprecated(self) -> bool:
        """Whether the schema marks it as ``deprecated``: such a key may have no effect."""
        return any(part.keywords.get("deprecated") is True for part in self.parts)


def settings_of(schema: Mapping[str, Json]) -> list[Setting]:
    """Return the settings that a schema names; a pattern gives one setting with a name that matches it."""
    found: dict[Path, Setting] = {}
    for setting in _settings([root_subschema(schema)], (), ()):
        found.setdefault(setting.path, setting)
    return list(found.values())


def _settings(schemas: Iterable[Subschema], above: Path, enclosing: tuple[int, ...]) -> Iterator[Setting]:
    parts = [part for schema in schemas for part in schema.parts() if id(part.schema) not in enclosing]
    if len([key for key in above if key != ITEMS]) >= _DEEPEST:
        return
    inside = (*enclosing, *(id(part.schema) for part in parts))
    always = {
        key for schema in schemas for part in schema.required_parts() for key in part.keywords.get("required", ())
    }
    for key, members in _members(parts).items():
        if any(member.schema is not False for member in members):
            setting = Setting((*above, key), key in always, tuple(it for it in members if it.schema is not False))
            yield setting
            yield from _settings(setting.schemas, setting.path, inside)
    items = [part.child(part.keywords["items"]) for part in parts if isinstance(part.keywords.get("items"), Mapping)]
    if items:
        yield from _settings(items, (*above, ITEMS), inside)


def _members(parts: Iterable[Subschema]) -> dict[str, list[Subschema]]:
    """Return the schemas of each named key; of a pattern, those of one key that matches it."""
    found: dict[str, list[Subschema]] = {}
    for part in parts:
        for key, schema in part.keywords.get("properties", {}).items():
            found.setdefault(key, []).append(part.child(schema))
        for pattern, schema in part.keywords.get("patternProperties", {}).items():
            for key in _matching(pattern)[:1]:
                found.setdefault(key, []).append(part.child(schema))
    return found


def _unique(values: Iterable[Json]) -> list[Json]:
    """Return the values without repetitions; 1 and true differ."""
    return list({repr(value): value for value in values}.values())


def _listed(part: Subschema) -> Iterator[Json]:
    yield from part.keywords.get("enum", ())
    if "const" in part.keywords:
        yield part.keywords["const"]


# --- values ---------------------------------------------------------------------------------------------------------

_BY_FORMAT: Final[Mapping[str, tuple[str, ...]]] = {
    "date": ("2030-01-02", "2031-02-03"),
    "date-time": ("2030-01-02T03:04:05Z", "2031-02-03T04:05:06Z"),
    "email": ("first@example.com", "second@example.org"),
    "hostname": ("first.example.com", "second.example.org"),
    "idn-email": ("first@example.com", "second@example.org"),
    "ipv4": ("192.0.2.1", "192.0.2.2"),
    "ipv6": ("2001:db8::1", "2001:db8::2"),
    "time": ("03:04:05Z", "04:05:06Z"),
    "uri": ("https://first.example.com/hook", "https://second.example.org/hook"),
    "url": ("https://first.example.com/hook", "https://second.example.org/hook"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174001"),
}
_BY_NAME: Final = (
    (re.compile(r"(?i)name$|id$|label$|title$"), ("first", "second")),
    (re.compile(r"(?i)domain$|host$"), _BY_FORMAT["hostname"]),
    (re.compile(r"(?i)phone|number$|msisdn"), ("+15550100001", "+15550100002")),
    (re.compile(r"(?i)e-?mail|address|reply|sender|^from$|bounce|(^|[a-z])(b?cc)$"), _BY_FORMAT["email"]),
    (re.compile(r"(?i)ur[il]$|webhook|callback|endpoint"), _BY_FORMAT["uri"]),
    (re.compile(r"(?i)locale|language|^lang"), ("en", "de")),
    (re.compile(r"(?i)colou?r"), ("#112233", "#445566")),
    (re.compile(r""), ("first", "second")),
)


def _candidates(schemas: Iterable[Subschema], name: str, depth: int) -> Iterator[Json]:
    parts = [part for schema in schemas for part in schema.parts()]
    merged: dict[str, Json] = {}
    for part in parts:
        yield from part.keywords.get("examples", ())
        yield from _listed(part)
        if "default" in part.keywords:
            yield part.keywords["default"]
        merged = {**part.keywords, **merged}
    types = {it for part in parts for it in _types(part)} or {"string"}
    if "boolean" in types:
        yield from (True, False)
    if types & {"integer", "number"}:
        yield from _numbers(merged, is_whole="number" not in types)
    if "string" in types and not any("enum" in part.keywords or "const" in part.keywords for part in parts):
        yield from _texts(merged, name)
    if "array" in types and depth:
        items = [part.child(part.keywords["items"]) for part in parts if "items" in part.keywords]
        found = list(islice((it for it in _candidates(items, name, depth - 1)), 2))
        yield from (found[:1], found)
    if "object" in types and depth:
        yield from _objects(parts, depth)


def _types(part: Subschema) -> Iterator[str]:
    named = part.keywords.get("type", ())
    yield from [named] if isinstance(named, str) else named
    if "properties" in part.keywords or "patternProperties" in part.keywords:
        yield "object"
    if "items" in part.keywords:
        yield "array"


def _numbers(keywords: Mapping[str, Json], *, is_whole: bool) -> Iterator[Json]:
    step = keywords.get("multipleOf", 1 if is_whole else 0.5)
    lowest = keywords.get("minimum", keywords.get("exclusiveMinimum"))
    highest = keywords.get("maximum", keywords.get("exclusiveMaximum"))
    low = lowest if lowest is not None else 0 if highest is None else min(0, highest)
    yield from (low + step, low + 2 * step, low, low + 10 * step, low + 50 * step)
    if highest is not None:
        yield from (highest, highest - step, highest - 2 * step)


def _texts(keywords: Mapping[str, Json], name: str) -> Iterator[str]:
    shortest, longest = keywords.get("minLength", 0), keywords.get("maxLength")

    def fits(text: str) -> bool:
        return len(text) >= max(shortest, 1) and (longest is None or len(text) <= longest)

    named = next(values for pattern, values in _BY_NAME if pattern.search(name))
    known = _BY_FORMAT.get(keywords.get("format", ""), named)
    yield from (text for text in known if fits(text))
    yield from (text for text in (f"{known[0]}-{'0' * 200}"[: shortest or 1], "a" * max(shortest, 1)) if fits(text))
    if "pattern" in keywords and not all(re.search(keywords["pattern"], text) for text in known):
        yield from (text for text in _matching(keywords["pattern"]) if fits(text))


@lru_cache(64)
def _matching(pattern: str) -> tuple[str, ...]:
    """Return some printable texts that match a pattern; none if it is not a regular expression of Python."""
    found: list[str] = []

    def is_new(text: str) -> bool:
        found.extend([text] if text not in found else [])
        return len(found) >= _MATCHES

    quick = settings(max_examples=200, database=None, derandomize=True, phases=[Phase.generate])
    try:
        texts = st.from_regex(pattern, alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]))
        find(texts, is_new, settings=quick)
    except (HypothesisException, re.error, ValueError):
        pass  # fewer texts than wanted match, or none
    return tuple(sorted(found, key=lambda it: (len(it), it)))


def _objects(parts: list[Subschema], depth: int) -> Iterator[Json]:
    members = _members(parts)
    required = {key for part in parts for key in part.keywords.get("required", ())}
    values = {key: next(_candidates(schemas, key, depth - 1), _MISSING) for key, schemas in members.items()}
    known = {key: value for key, value in values.items() if value is not _MISSING}
    yield known
    yield {key: value for key, value in known.items() if key in required}
    yield from ({key: value} for key, value in known.items())
    extra = [part.keywords["additionalProperties"] for part in parts if "additionalProperties" in part.keywords]
    for part, schema in zip(parts, extra, strict=False):
        if isinstance(schema, Mapping) and not known:
            yield from ({"first": value} for value in _candidates([part.child(schema)], "first", depth - 1))


# --- configs --------------------------------------------------------------------------------------------------------


def set_at(config: Json, path: Path, value: Json) -> Json:
    """Return a copy of a config with a value at a path; objects on the way are made, arrays are not."""
    changed = copy.deepcopy(config)
    for holder in _holders(changed, path, make=True):
        holder[path[-1]] = copy.deepcopy(value)
    return changed


def removed(config: Json, path: Path) -> Json:
    """Return a copy of a config without the value at a path."""
    changed = copy.deepcopy(config)
    for holder in _holders(changed, path, make=False):
        holder.pop(path[-1], None)
    return changed


def _pruned(config: Json, path: Path) -> Json:
    """Return a config without the objects on a path that are empty."""
    while path and ITEMS not in path and value_at(config, path) == {}:
        config, path = removed(config, path), path[:-1]
    return config


def value_at(config: Json, path: Path) -> Json:
    """Return the value at a path, the first of several; `MISSING` if there is none."""
    holders = (it for it in _holders(config, path, make=False) if path[-1] in it)
    return next((it[path[-1]] for it in holders), MISSING)


MISSING: Final = _MISSING
"""Instead of a value that a config does not have."""


def _holders(value: Json, path: Path, *, make: bool) -> Iterator[dict[str, Json]]:
    if not path[:-1]:
        if isinstance(value, dict):
            yield value
    elif path[0] == ITEMS:
        for item in value if isinstance(value, list) else ():
            yield from _holders(item, path[1:], make=make)
    elif isinstance(value, dict):
        if make and path[0] not in value and path[1] != ITEMS:
            value[path[0]] = {}
        yield from _holders(value.get(path[0]), path[1:], make=make)


class ConfigVariants:
    """Makes valid configs with, and without, a setting; changes as few other settings as possible.

    Args:
        schema: of the config.
        config: a valid config.
    """

    def __init__(self, schema: Mapping[str, Json], config: Mapping[str, Json]) -> None:
        self.config = dict(config)
        self.settings = [it for it in settings_of(schema) if it.path[0] != "$schema"]
        self._validator = Draft202012Validator(schema)
        self._is_valid = self._validator.is_valid
        self._candidates: dict[Path, list[Json]] = {}

    def candidates(self, setting: Setting) -> list[Json]:
        """Return values that the schema may accept for a setting, the most telling first."""
        if setting.path not in self._candidates:
            found = _unique(_candidates(setting.schemas, setting.path[-1], _DEEPEST))
            self._candidates[setting.path] = [value for value in found if self.may_accept(setting, value)]
        return self._candidates[setting.path]

    def may_accept(self, setting: Setting, value: Json) -> bool:
        """Return whether some schema of the setting accepts a value; the rest of the config may still exclude it."""
        found = (self._validator.descend(value, it.schema, resolver=it.resolver) for it in setting.schemas)
        return any(next(iter(errors), None) is None for errors in found)

    def minimal(self, kept: Collection[str] = ()) -> Json:
        """Return the config without the optional settings that can be left out, except these keys."""
        found: Json = self.config
        for setting in self.settings:
            lacking = removed(found, setting.path)
            if not setting.required and setting.path[0] not in kept and self._is_valid(lacking):
                found = lacking
        return found

    def with_value(self, base: Json, setting: Setting, value: Json) -> Json | None:
        """Return a valid config with a value, or ``None``."""
        return self._repaired(set_at(base, setting.path, value), setting)

    def without(self, base: Json, setting: Setting) -> Json | None:
        """Return a valid config without a setting, or ``None``; an object that is empty then stays, if it may."""
        found = self._repaired(removed(base, setting.path), setting)
        return found or self._repaired(_pruned(removed(base, setting.path), setting.path[:-1]), setting)

    def _repaired(self, config: Json, kept: Setting) -> Json | None:
        wanted = value_at(config, kept.path)

        def is_right(changed: Json) -> bool:
            return repr(value_at(changed, kept.path)) == repr(wanted) and self._is_valid(changed)

        if is_right(config):
            return config
        if wanted is not MISSING and not self.may_accept(kept, wanted):
            return None
        changes = sorted(self._changes(config, kept), key=lambda it: it[0][:-1] != kept.path[:-1])
        tried = (which for count in range(1, _MAX_CHANGES + 1) for which in combinations(changes, count))
        for which in islice(tried, _MAX_CONFIGS):
            changed = config
            for path, value in which:
                changed = removed(changed, path) if value is MISSING else set_at(changed, path, value)
            if is_right(changed):
                return changed
        return None

    def _changes(self, config: Json, kept: Setting) -> Iterator[tuple[Path, Json]]:
        """Yield changes of other settings: remove one, add one, choose another value for one."""
        for other in self.settings:
            is_inside = other.path[: len(kept.path)] == kept.path or kept.path[: len(other.path)] == other.path
            if is_inside or ITEMS in other.path:
                continue
            now, authors = value_at(config, other.path), value_at(self.config, other.path)
            if now is not MISSING and not other.required:
                yield other.path, MISSING
            has_place = len(other.path) == 1 or value_at(config, other.path[:-1]) is not MISSING
            if now is MISSING and has_place:
                options = [authors] if authors is not MISSING else self.candidates(other)[:2]
                yield from ((other.path, it) for it in options)
            if now is not MISSING:
                yield from ((other.path, it) for it in other.choices[:4] if it != now)
