"""What a config's schema says of one of its keys, wherever in the schema it says so."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from attrs import frozen
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, SchemaRegistry, SchemaResource

from connector_kit.issues import json_type

Json = Any
"""Any JSON value, or any schema."""

JSON_TYPES: Final = frozenset({"array", "boolean", "null", "number", "object", "string"})
"""The types of JSON; an integer is a number."""


@frozen
class _Part:
    """A schema inside another, with what its references are relative to and what it stands in."""

    schema: Json
    resolver: Any  # of references, which are relative to the nearest $id
    above: frozenset[int] = frozenset()

    @property
    def says(self) -> Mapping[str, Json]:
        """Its keywords; the schemas ``true`` and ``false`` have none."""
        return self.schema if isinstance(self.schema, Mapping) else {}

    def into(self, schema: Json) -> "_Part":
        """Go on to a schema that stands in this one."""
        resource: SchemaResource = DRAFT202012.create_resource(schema)
        return _Part(schema, self.resolver.in_subresource(resource), self.above | {id(self.schema)})

    def certain(self) -> Iterator["_Part"]:
        """Yield the schema and those that always apply beside it: references and allOf."""
        if id(self.schema) in self.above:
            return
        yield self
        for schema in self.says.get("allOf", ()):
            yield from self.into(schema).certain()
        if "$ref" in self.says:
            found = self.resolver.lookup(self.says["$ref"])
            yield from _Part(found.contents, found.resolver, self.above | {id(self.schema)}).certain()

    def choices(self) -> Iterator[list["_Part"]]:
        """Yield the groups of schemas of which one applies: anyOf, oneOf, and either way of an if."""
        for part in self.certain():
            for keyword in ("anyOf", "oneOf"):
                if keyword in part.says:
                    yield [part.into(schema) for schema in part.says[keyword]]
            if "if" in part.says:
                yield [part.into(part.says.get(way, True)) for way in ("then", "else")]

    def everywhere(self) -> Iterator["_Part"]:
        """Yield all schemas that may apply in this place."""
        yield from self.certain()
        for group in self.choices():
            for part in group:
                yield from part.everywhere()

    def members(self, key: str) -> list["_Part"]:
        """Return the schemas that this one, by itself, holds for the value of a key."""
        named = [schema for name, schema in self.says.get("properties", {}).items() if name == key]
        named += [it for pattern, it in self.says.get("patternProperties", {}).items() if re.search(pattern, key)]
        if not named and "additionalProperties" in self.says:
            named = [self.says["additionalProperties"]]
        return [self.into(schema) for schema in named]

    def types(self) -> frozenset[str]:
        """Return the JSON types that a value may have for all that the schema says of types."""
        found = JSON_TYPES
        for part in self.certain():
            found &= part.own_types()
        for group in self.choices():
            found &= frozenset[str]().union(*(part.types() for part in group))
        return found

    def own_types(self) -> frozenset[str]:
        """Return the types that this schema allows by itself."""
        if self.schema is False:
            return frozenset()
        found = JSON_TYPES
        if "type" in self.says:
            said = self.says["type"]
            found &= {"number" if it == "integer" else it for it in ([said] if isinstance(said, str) else said)}
        if "enum" in self.says:
            found &= {json_type(it) for it in self.says["enum"]}
        if "const" in self.says:
            found &= {json_type(self.says["const"])}
        return found

    def listed(self) -> Iterator[str]:
        """Yield the strings that the schema lists as values."""
        for part in self.everywhere():
            said = [*part.says.get("enum", ()), *([part.says["const"]] if "const" in part.says else [])]
            yield from (it for it in said if isinstance(it, str))


class ConfigSchema:
    """A config's schema, to be asked about single keys.

    Where a schema gives a choice, a value counts as taken when any of the choices takes it: what the answers refuse,
    no config can hold.

    Args:
        schema: a JSON Schema 2020-12, self-contained.
    """

    def __init__(self, schema: Mapping[str, Json]) -> None:
        registry: SchemaRegistry = Registry()
        resource: SchemaResource = DRAFT202012.create_resource(schema)
        self._root = _Part(schema, registry.resolver_with_root(resource))
        self._validator = Draft202012Validator(schema)

    def names(self, key: str) -> bool:
        """Tell whether a key means anything: it is named, or fits a pattern, or any key has a schema."""
        parts = list(self._root.everywhere())
        if any(member.schema not in (True, False) for part in parts for member in part.members(key)):
            return True
        return any(part.says.get("properties", {}).get(key) is True for part in parts)

    @cached_property
    def names_any(self) -> bool:
        """Whether it names keys at all; one that does not leaves all of them to the connector."""
        return any({"properties", "patternProperties"} & part.says.keys() for part in self._root.everywhere())

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that every config has."""
        return frozenset(key for part in self._root.certain() for key in part.says.get("required", ()))

    @cached_property
    def required_at_times(self) -> frozenset[str]:
        """The keys that some configs must have, and others need not."""
        parts = list(self._root.everywhere())
        found = {key for part in parts for key in part.says.get("required", ())}
        found |= {key for part in parts for keys in part.says.get("dependentRequired", {}).values() for key in keys}
        return frozenset(found) - self.required

    def takes(self, key: str, value: Json) -> bool:
        """Tell whether a config may hold a value under a key."""
        return self._takes(self._root, key, value)

    def _takes(self, part: _Part, key: str, value: Json) -> bool:
        members = (member for it in part.certain() for member in it.members(key))
        return (
            part.schema is not False
            and not any(self._errors(member, value) for member in members)
            and all(any(self._takes(way, key, value) for way in group) for group in part.choices())
        )

    def _errors(self, part: _Part, value: Json) -> list[Any]:
        return list(self._validator.descend(value, part.schema, resolver=part.resolver))

    def types(self, key: str) -> frozenset[str]:
        """Return the JSON types that the value of a key may have."""
        return self._types(self._root, key)

    def _types(self, part: _Part, key: str) -> frozenset[str]:
        found = JSON_TYPES
        for it in part.certain():
            for member in it.members(key):
                found &= member.types()
        for group in part.choices():
            found &= frozenset[str]().union(*(self._types(way, key) for way in group))
        return found

    def has_default(self, key: str, value: Json) -> bool:
        """Tell whether the schema says that a key that is left out means this value."""
        members = (member for part in self._root.everywhere() for member in part.members(key))
        parts = (part for member in members for part in member.everywhere())
        return any("default" in part.says and part.says["default"] == value for part in parts)

    def listed(self, key: str) -> list[str]:
        """Return the strings that the schema lists as values of a key, or as items of its array."""
        members = [member for part in self._root.everywhere() for member in part.members(key)]
        members += [it.into(it.says["items"]) for member in members for it in member.everywhere() if "items" in it.says]
        return list(dict.fromkeys(value for member in members for value in member.listed()))


def references_out_of(schema: Mapping[str, Json]) -> list[str]:
    """Return the references of a schema that lead out of it, or nowhere in it."""
    registry: SchemaRegistry = Registry()
    resource: SchemaResource = DRAFT202012.create_resource(schema)
    return sorted(set(_lost(resource, registry.resolver_with_root(resource))))


def _lost(resource: SchemaResource, resolver: Any) -> Iterator[str]:  # noqa: ANN401 - of references, see _Part
    says = resource.contents if isinstance(resource.contents, Mapping) else {}
    for reference in (says[keyword] for keyword in ("$ref", "$dynamicRef") if keyword in says):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            yield reference
    for inner in resource.subresources():
        yield from _lost(inner, resolver.in_subresource(inner))
