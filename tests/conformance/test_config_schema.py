"""What a schema requires of one key is found across references, allOf, anyOf, oneOf and if."""

from typing import Any

import pytest

from conformance.harness.config_schema import JSON_TYPES, ConfigSchema, references_out_of

TEXT = {"type": "string"}
SPREAD: dict[str, Any] = {
    "type": "object",
    "$ref": "#/$defs/base",
    "allOf": [{"properties": {"port": {"type": "integer"}}, "required": ["port"]}],
    "oneOf": [
        {"properties": {"mode": {"const": "key"}, "apiKey": TEXT}, "required": ["apiKey"]},
        {"properties": {"mode": {"const": "user"}, "user": TEXT, "apiKey": False}, "required": ["user"]},
    ],
    "if": {"properties": {"port": {"const": 465}}},
    "then": {"properties": {"tls": {"const": True}}, "required": ["tls"]},
    "dependentRequired": {"user": ["password"]},
    "$defs": {
        "base": {
            "properties": {
                "host": {"$ref": "#/$defs/host"},
                "tls": {"type": "boolean", "default": False},
                "any": True,
                "levels": {"type": "array", "items": {"enum": ["low", "high", 3]}},
            },
            "patternProperties": {"^x-": TEXT},
            "required": ["host"],
            "additionalProperties": True,
        },
        "host": {"type": ["string", "null"], "anyOf": [{"minLength": 1}, {"type": "null"}]},
    },
}


def test_named_keys_are_found_anywhere_in_the_schema() -> None:
    """In properties, a reference, allOf, an alternative, or by a pattern; a key that is only allowed is not named."""
    schema = ConfigSchema(SPREAD)
    assert all(schema.defines(key) for key in ("host", "port", "mode", "apiKey", "user", "tls", "any", "x-a"))
    assert not any(schema.defines(key) for key in ("hots", "", "a-x-"))
    assert schema.defines_any
    assert not ConfigSchema({"type": "object"}).defines_any
    assert ConfigSchema({"additionalProperties": TEXT}).defines("anything")


def test_required_keys_are_separate_from_those_sometimes_required() -> None:
    """References and allOf always apply; alternatives, then and dependentRequired apply at times."""
    schema = ConfigSchema(SPREAD)
    assert schema.required == {"host", "port"}
    assert schema.sometimes_required == {"apiKey", "user", "tls", "password"}


@pytest.mark.parametrize(
    ("key", "value", "verdict"),
    [
        ("host", "smtp.example", True),
        ("host", None, True),
        ("host", "", False),
        ("port", 587, True),
        ("port", "587", False),
        ("mode", "user", True),
        ("mode", "other", False),
        ("apiKey", "k", True),
        ("apiKey", 1, False),
        ("tls", True, True),
        ("tls", False, True),  # for another port
        ("tls", "yes", False),
        ("x-note", "text", True),
        ("x-note", 1, False),
        ("unknown", {}, True),
    ],
)
def test_value_is_accepted_if_some_config_may_have_it(key: str, value: object, verdict: bool) -> None:  # noqa: FBT001 - parametrized
    """Through references, alternatives and patterns."""
    assert ConfigSchema(SPREAD).accepts(key, value) is verdict


def test_schema_false_accepts_no_value() -> None:
    """For a key or as an alternative."""
    assert not ConfigSchema({"properties": {"a": False}}).accepts("a", 1)
    assert not ConfigSchema({"anyOf": [False]}).accepts("a", 1)
    assert ConfigSchema({"properties": {"a": False}}).types("a") == frozenset()


def test_types_are_those_that_every_part_allows() -> None:
    """An integer is a number; a key without a schema may have any type; enum and const limit types, too."""
    schema = ConfigSchema(SPREAD)
    assert schema.types("host") == {"string", "null"}
    assert schema.types("port") == {"number"}
    assert schema.types("mode") == {"string"}
    assert schema.types("any") == schema.types("unknown") == JSON_TYPES
    assert ConfigSchema({"properties": {"a": {"enum": [1, None]}}}).types("a") == {"number", "null"}


def test_listed_values_and_defaults_are_found() -> None:
    """Strings of enum and const, for a value or the items of an array; and the value of a missing key."""
    schema = ConfigSchema(SPREAD)
    assert schema.listed_values("mode") == ["key", "user"]
    assert schema.listed_values("levels") == ["low", "high"]
    assert schema.has_default("tls", False)  # noqa: FBT003 - the value
    assert not schema.has_default("tls", True)  # noqa: FBT003 - the value
    assert not schema.has_default("host", None)


def test_recursive_schema_is_walked_once() -> None:
    """A reference to an enclosing schema ends the walk."""
    schema = ConfigSchema({"properties": {"a": TEXT}, "anyOf": [{"$ref": "#"}, {"required": ["a"]}]})
    assert schema.accepts("a", "text")
    assert schema.sometimes_required == {"a"}


def test_unresolvable_references_are_found() -> None:
    """A ``$ref`` in an example or an enum is not a reference."""
    schema = {
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": True, "c": {"$dynamicRef": "#nowhere"}},
        "properties": {"x": {"$ref": "https://acme.example/x.json"}, "y": {"enum": [{"$ref": "#/z"}]}},
    }
    assert references_out_of(schema) == ["#nowhere", "https://acme.example/x.json"]
    assert references_out_of(SPREAD) == []
