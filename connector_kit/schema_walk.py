"""The walk over a JSON Schema 2020-12: its subschemas, and the schemas that it refers to.

`Subschema.parts` yields the schemas that apply to the same value: ``$ref``, ``allOf``, ``anyOf``, ``oneOf``, ``if``.
`Subschema.children` and `map_subschemas` are about all schemas inside a schema.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY, Schema, SchemaRegistry, SchemaResource

SCHEMA_KEYWORDS: Final = frozenset(
    (
        *("additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"),
        *("unevaluatedItems", "unevaluatedProperties"),
    ),
)
"""Keywords whose value is a schema."""

SCHEMA_LIST_KEYWORDS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords whose value is a list of schemas."""

SCHEMA_MAP_KEYWORDS: Final = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
"""Keywords whose value is an object with schemas as values."""


def map_subschemas(schema: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of a schema with each direct subschema replaced by ``change(subschema)``.

    Values of other keywords (``const``, ``default``, ``required``…) are not schemas and stay the same objects. The
    schemas ``true`` and ``false`` are returned unchanged.
    """
    if not isinstance(schema, Mapping):
        return schema
    return {keyword: _map_keyword(keyword, value, change) for keyword, value in schema.items()}


def _map_keyword(keyword: str, value: Any, change: Callable[[Any], Any]) -> Any:
    if keyword in SCHEMA_KEYWORDS:
        return change(value)
    if keyword in SCHEMA_LIST_KEYWORDS:
        return [change(item) for item in value]
    if keyword in SCHEMA_MAP_KEYWORDS:
        return {name: change(member) for name, member in value.items()}
    return value


@frozen
class Subschema:
    """A schema at its place in a document.

    Make one with `root_subschema`; the others come from its methods.

    Args:
        schema: the schema itself: an object, ``True`` or ``False``.
        resolver: resolves the references in it; they are relative to the closest ``$id``.
        enclosing: ids of the schemas on the way here that apply to the same value; they end a walk in a circle.
    """

    schema: Any
    resolver: Any
    enclosing: frozenset[int] = frozenset()

    @property
    def keywords(self) -> Mapping[str, Any]:
        """The keywords of the schema; ``true`` and ``false`` have none."""
        return self.schema if isinstance(self.schema, Mapping) else {}

    def child(self, schema: Any) -> "Subschema":
        """Return a direct subschema that applies to another value: a property, an item, a key."""
        return Subschema(schema, self._resolver_for(schema))

    def same_value(self, schema: Any) -> "Subschema":
        """Return a direct subschema that applies to the same value as this schema."""
        return Subschema(schema, self._resolver_for(schema), self.enclosing | {id(self.schema)})

    def children(self) -> "Iterator[Subschema]":
        """Yield every direct subschema, ``$defs`` included."""
        found: list[Any] = []
        map_subschemas(self.schema, found.append)
        return map(self.child, found)

    def resolve(self, reference: str) -> "Subschema":
        """Return the schema that a ``$ref`` in this schema refers to.

        Raises:
            referencing.exceptions.Unresolvable: the document and its registry have no such schema.
        """
        target = self.resolver.lookup(reference)
        return Subschema(target.contents, target.resolver, self.enclosing | {id(self.schema)})

    def required_parts(self) -> "Iterator[Subschema]":
        """Yield this schema and those that must accept the same value: ``$ref`` and ``allOf``, at any depth.

        A reference that cannot be resolved is skipped: validation reports it.
        """
        if id(self.schema) in self.enclosing:
            return
        yield self
        for schema in self.keywords.get("allOf", ()):
            yield from self.same_value(schema).required_parts()
        if "$ref" in self.keywords:
            try:
                target = self.resolve(self.keywords["$ref"])
            except Unresolvable:
                return
            yield from target.required_parts()

    def alternatives(self) -> "Iterator[list[Subschema]]":
        """Yield each group of schemas of which at least one accepts the same value: anyOf, oneOf, then and else."""
        for part in self.required_parts():
            for keyword in ("anyOf", "oneOf"):
                if keyword in part.keywords:
                    yield [part.same_value(schema) for schema in part.keywords[keyword]]
            if "if" in part.keywords:
                yield [part.same_value(part.keywords.get(keyword, True)) for keyword in ("then", "else")]

    def parts(self) -> "Iterator[Subschema]":
        """Yield this schema and all that may apply to the same value: required parts and alternatives."""
        yield from self.required_parts()
        for group in self.alternatives():
            for part in group:
                yield from part.parts()

    def member(self, step: str | int) -> "Iterator[Subschema]":
        """Yield the schemas that may apply to a member of the value: to the property of a name, or to an item."""
        for part in self.parts():
            if isinstance(step, int) and "items" in part.keywords:
                yield part.child(part.keywords["items"])
            elif step in part.keywords.get("properties", {}):
                yield part.child(part.keywords["properties"][step])

    def _resolver_for(self, schema: Any) -> Any:
        resource: SchemaResource = DRAFT202012.create_resource(schema)
        return self.resolver.in_subresource(resource)


def root_subschema(schema: Schema, registry: SchemaRegistry = EMPTY_REGISTRY) -> Subschema:
    """Return a whole document as a `Subschema`.

    Args:
        schema: a JSON Schema 2020-12.
        registry: what its references may refer to besides itself; by default nothing.
    """
    resource: SchemaResource = DRAFT202012.create_resource(schema)
    return Subschema(schema, registry.resolver_with_root(resource))


def is_optional(schema: Schema, location: tuple[str | int, ...]) -> bool:
    """Return whether the key at the end of a location may be left out. An item of a list may not.

    Args:
        schema: a self-contained JSON Schema 2020-12.
        location: keys and indices from the root of a value.
    """
    parts = [root_subschema(schema)]
    for step in location[:-1]:
        parts = list({id(it.schema): it for part in parts for it in part.member(step)}.values())
    required = {name for part in parts for it in part.parts() for name in it.keywords.get("required", ())}
    return isinstance(location[-1], str) and location[-1] not in required
