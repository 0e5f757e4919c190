"""The walk over a JSON Schema."""

from typing import Any

import pytest
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

from connector_kit.schema_walk import (
    SCHEMA_KEYWORDS,
    SCHEMA_LIST_KEYWORDS,
    SCHEMA_MAP_KEYWORDS,
    Subschema,
    is_optional,
    map_subschemas,
    root_subschema,
)


def _marks(parts: Any) -> list[Any]:
    """Return the ``$comment`` of each schema, or the schema itself where it is a boolean."""
    return [part.schema if isinstance(part.schema, bool) else part.schema.get("$comment") for part in parts]


def test_map_subschemas_changes_direct_subschemas_only() -> None:
    """Keywords that hold values, such as ``const``, are unchanged, even if the value looks like a schema."""
    schema = {
        "properties": {"default": {"a": 1}},
        "items": {"b": 1},
        "anyOf": [{"c": 1}, True],
        "const": {"properties": {"d": {}}},
        "required": ["e"],
    }
    assert map_subschemas(schema, lambda part: ("changed", part)) == {
        "properties": {"default": ("changed", {"a": 1})},
        "items": ("changed", {"b": 1}),
        "anyOf": [("changed", {"c": 1}), ("changed", True)],
        "const": {"properties": {"d": {}}},
        "required": ["e"],
    }
    for boolean in (True, False):
        assert map_subschemas(boolean, lambda _: None) is boolean


def test_children_are_the_subresources_of_the_specification() -> None:
    """`referencing` implements the same rules: both find the same direct subschemas."""
    schema = {
        **{keyword: {"$comment": keyword} for keyword in SCHEMA_KEYWORDS},
        **{keyword: [{"$comment": keyword}, {"$comment": f"{keyword} 2"}] for keyword in SCHEMA_LIST_KEYWORDS},
        **{keyword: {"a": {"$comment": keyword}} for keyword in SCHEMA_MAP_KEYWORDS},
        "enum": [{"$comment": "a value"}],
    }
    expected = [it.contents["$comment"] for it in DRAFT202012.create_resource(schema).subresources()]  # type: ignore[index]
    assert sorted(_marks(root_subschema(schema).children())) == sorted(expected)


def test_required_parts_are_references_and_all_of() -> None:
    """At any depth, and without the alternatives."""
    schema = {
        "$comment": "root",
        "$ref": "#/$defs/a",
        "allOf": [{"$comment": "all", "$ref": "#/$defs/b~1c"}, True],
        "anyOf": [{"$comment": "any"}],
        "$defs": {"a": {"$comment": "a"}, "b/c": {"$comment": "b"}},
    }
    assert _marks(root_subschema(schema).required_parts()) == ["root", "all", "b", True, "a"]


def test_alternatives_are_grouped() -> None:
    """anyOf, oneOf, and the branches of an if; a missing branch accepts everything."""
    schema = {
        "anyOf": [{"$comment": "any 1"}, {"$comment": "any 2"}],
        "allOf": [{"oneOf": [{"$comment": "one"}]}],
        "if": {"$comment": "if"},
        "then": {"$comment": "then"},
    }
    groups = [_marks(group) for group in root_subschema(schema).alternatives()]
    assert groups == [["any 1", "any 2"], ["then", True], ["one"]]
    assert set(_marks(root_subschema(schema).parts())) == {None, "any 1", "any 2", "then", True, "one"}


def test_walk_ends_where_a_schema_refers_to_itself() -> None:
    """Through ``$ref``, ``allOf`` and ``anyOf``; in a child the walk starts anew."""
    schema = {"$comment": "root", "$ref": "#", "allOf": [{"$ref": "#"}], "anyOf": [{"$ref": "#"}]}
    assert set(_marks(root_subschema(schema).parts())) == {"root", None}
    recursive = {"$comment": "root", "properties": {"next": {"$ref": "#"}}}
    root = root_subschema(recursive)
    assert _marks(root.child(recursive["properties"]["next"]).parts()) == [None, "root"]  # type: ignore[index]


def test_unresolvable_reference_is_skipped_by_the_walk() -> None:
    """Validation reports it; `resolve` raises."""
    root = root_subschema({"$ref": "#/$defs/absent"})
    assert list(root.parts()) == [root]
    with pytest.raises(Unresolvable):
        root.resolve("#/$defs/absent")


def test_references_are_relative_to_the_closest_id() -> None:
    """A subschema with an ``$id`` is a document of its own."""
    schema = {
        "$id": "https://a.example/root",
        "allOf": [{"$id": "inner", "$ref": "#/$defs/x", "$defs": {"x": {"$comment": "inner x"}}}],
        "$defs": {"x": {"$comment": "outer x"}},
    }
    assert _marks(root_subschema(schema).required_parts()) == [None, None, "inner x"]


def test_registry_provides_other_documents() -> None:
    """Without it, a reference to another document cannot be resolved."""
    registry = EMPTY_REGISTRY.with_resource("other.json", DRAFT202012.create_resource({"$comment": "other"}))
    found = root_subschema({"$ref": "other.json"}, registry).required_parts()
    assert _marks(found) == [None, "other"]


def test_boolean_schema_has_no_keywords_and_no_children() -> None:
    """``true`` and ``false`` are schemas, too."""
    for schema in (True, False):
        root: Subschema = root_subschema(schema)  # type: ignore[arg-type]
        assert root.keywords == {}
        assert list(root.children()) == []
        assert list(root.parts()) == [root]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (("a",), False),
        (("b",), True),
        (("c",), False),
        (("unknown",), True),
        (("list", 0, "d"), False),
        (("list", 0, "e"), True),
        (("list", 0), False),
        (("b", "x", 0, "y"), True),
    ],
)
def test_key_that_no_schema_requires_is_optional(location: tuple[str | int, ...], expected: bool) -> None:  # noqa: FBT001
    """References and alternatives count; an item of a list cannot be left out."""
    item = {"properties": {"d": {}, "e": {}}, "required": ["d"]}
    schema = {
        "properties": {"a": {}, "b": {}, "list": {"items": {"$ref": "#/$defs/item"}}},
        "required": ["a"],
        "anyOf": [{"required": ["c"]}, {}],
        "$defs": {"item": item},
    }
    assert is_optional(schema, location) is expected
