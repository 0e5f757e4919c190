"""What the schema of a config requires of single keys, across references, allOf, anyOf, oneOf and if."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing.exceptions import Unresolvable

from connector_kit.issues import json_type
from connector_kit.schema_walk import Subschema, root_subschema

Json = Any
"""Any JSON value, or any schema."""

JSON_TYPES: Final = frozenset({"array", "boolean", "null", "number", "object", "string"})
"""The types of JSON; an integer is a number."""


class ConfigSchema:
    """The schema of a config, with questions about single keys.

    Where a schema has alternatives, a value counts as accepted if one of them accepts it.

    Args:
        schema: a JSON Schema 2020-12, self-contained.
    """

    def __init__(self, schema: Mapping[str, Json]) -> None:
        self._root = root_subschema(schema)
        self._validator = Draft202012Validator(schema)

    def defines(self, key: str) -> bool:
        """Return whether a key has a meaning: it is in ``properties``, matches a pattern, or every key has a schema."""
        parts = list(self._root.parts())
        if any(member.schema not in (True, False) for part in parts for member in _members(part, key)):
            return True
        return any(part.keywords.get("properties", {}).get(key) is True for part in parts)

    @cached_property
    def defines_any(self) -> bool:
        """Whether it names any keys; a schema that does not leaves them all to the connector."""
        return any({"properties", "patternProperties"} & part.keywords.keys() for part in self._root.parts())

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that every config must have."""
        return frozenset(key for part in self._root.required_parts() for key in part.keywords.get("required", ()))

    @cached_property
    def sometimes_required(self) -> frozenset[str]:
        """The keys that only some configs must have."""
        parts = list(self._root.parts())
        found = {key for part in parts for key in part.keywords.get("required", ())}
        dependent = (keys for part in parts for keys in part.keywords.get("dependentRequired", {}).values())
        return frozenset(found.union(*dependent)) - self.required

    def accepts(self, key: str, value: Json) -> bool:
        """Return whether some config may have a value under a key."""
        return self._accepts(self._root, key, value)

    def _accepts(self, part: Subschema, key: str, value: Json) -> bool:
        members = (member for it in part.required_parts() for member in _members(it, key))
        return (
            part.schema is not False
            and not any(self._errors(member, value) for member in members)
            and all(any(self._accepts(it, key, value) for it in group) for group in part.alternatives())
        )

    def _errors(self, part: Subschema, value: Json) -> list[Any]:
        return list(self._validator.descend(value, part.schema, resolver=part.resolver))

    def types(self, key: str) -> frozenset[str]:
        """Return the JSON types that the value of a key may have."""
        return self._types(self._root, key)

    def _types(self, part: Subschema, key: str) -> frozenset[str]:
        found = JSON_TYPES
        for it in part.required_parts():
            for member in _members(it, key):
                found &= _value_types(member)
        for group in part.alternatives():
            found &= frozenset[str]().union(*(self._types(it, key) for it in group))
        return found

    def has_default(self, key: str, value: Json) -> bool:
        """Return whether the schema declares this value as the default of a key."""
        parts = (part for member in self._members_anywhere(key) for part in member.parts())
        return any("default" in part.keywords and part.keywords["default"] == value for part in parts)

    def listed_values(self, key: str) -> list[str]:
        """Return the strings that the schema lists as values of a key, or as items of its array."""
        members = list(self._members_anywhere(key))
        items = (it for member in members for it in member.parts() if "items" in it.keywords)
        members += [it.child(it.keywords["items"]) for it in items]
        return list(dict.fromkeys(value for member in members for value in _listed(member)))

    def _members_anywhere(self, key: str) -> Iterator[Subschema]:
        return (member for part in self._root.parts() for member in _members(part, key))


def _members(part: Subschema, key: str) -> list[Subschema]:
    """Return the schemas that this one, without its references and alternatives, has for the value of a key."""
    named = [schema for name, schema in part.keywords.get("properties", {}).items() if name == key]
    patterns = part.keywords.get("patternProperties", {}).items()
    named += [schema for pattern, schema in patterns if re.search(pattern, key)]
    if not named and "additionalProperties" in part.keywords:
        named = [part.keywords["additionalProperties"]]
    return [part.child(schema) for schema in named]


def _value_types(part: Subschema) -> frozenset[str]:
    """Return the JSON types of the values that a schema may accept."""
    found = JSON_TYPES
    for it in part.required_parts():
        found &= _own_types(it)
    for group in part.alternatives():
        found &= frozenset[str]().union(*(_value_types(it) for it in group))
    return found


def _own_types(part: Subschema) -> frozenset[str]:
    """Return the types that a schema allows by ``type``, ``enum`` and ``const``."""
    if part.schema is False:
        return frozenset()
    found = JSON_TYPES
    if "type" in part.keywords:
        types = part.keywords["type"]
        found &= {"number" if it == "integer" else it for it in ([types] if isinstance(types, str) else types)}
    if "enum" in part.keywords:
        found &= {json_type(it) for it in part.keywords["enum"]}
    if "const" in part.keywords:
        found &= {json_type(part.keywords["const"])}
    return found


def _listed(part: Subschema) -> Iterator[str]:
    """Yield the strings that a schema lists as values."""
    for it in part.parts():
        values = [*it.keywords.get("enum", ()), *([it.keywords["const"]] if "const" in it.keywords else [])]
        yield from (value for value in values if isinstance(value, str))


def references_out_of(schema: Mapping[str, Json]) -> list[str]:
    """Return the references of a schema that do not lead to a place in it."""
    return sorted(set(_unresolvable(root_subschema(schema))))


def _unresolvable(part: Subschema) -> Iterator[str]:
    for reference in (part.keywords[keyword] for keyword in ("$ref", "$dynamicRef") if keyword in part.keywords):
        try:
            part.resolve(reference)
        except Unresolvable:
            yield reference
    for inner in part.children():
        yield from _unresolvable(inner)
