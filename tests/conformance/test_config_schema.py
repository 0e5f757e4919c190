"""What a config's schema says of one key is found wherever the schema says it."""

from typing import Any

import pytest

from conformance.config_schema import JSON_TYPES, ConfigSchema, references_out_of

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


def test_a_key_is_known_wherever_it_is_named() -> None:
    """By properties, in a reference, in allOf, in a branch, or by a pattern; a key that is merely allowed is not."""
    schema = ConfigSchema(SPREAD)
    assert all(schema.names(key) for key in ("host", "port", "mode", "apiKey", "user", "tls", "any", "x-a"))
    assert not any(schema.names(key) for key in ("hots", "", "a-x-"))
    assert schema.names_any
    assert not ConfigSchema({"type": "object"}).names_any
    assert ConfigSchema({"additionalProperties": TEXT}).names("anything")


def test_what_is_required_always_and_at_times_is_told_apart() -> None:
    """A branch, a then and a dependency require at times; a reference and allOf always."""
    schema = ConfigSchema(SPREAD)
    assert schema.required == {"host", "port"}
    assert schema.required_at_times == {"apiKey", "user", "tls", "password"}


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
        ("tls", False, True),  # where the port is another
        ("tls", "yes", False),
        ("x-note", "text", True),
        ("x-note", 1, False),
        ("unknown", {}, True),
    ],
)
def test_a_value_is_taken_where_some_config_may_hold_it(key: str, value: object, verdict: bool) -> None:  # noqa: FBT001 - parametrized
    """References, branches and patterns are followed."""
    assert ConfigSchema(SPREAD).takes(key, value) is verdict


def test_a_schema_that_takes_nothing_takes_no_value() -> None:
    """The schema ``false`` is one, for a key or in a branch."""
    assert not ConfigSchema({"properties": {"a": False}}).takes("a", 1)
    assert not ConfigSchema({"anyOf": [False]}).takes("a", 1)
    assert ConfigSchema({"properties": {"a": False}}).types("a") == frozenset()


def test_types_are_those_that_all_parts_leave() -> None:
    """An integer is a number; what nothing is said of may be anything; enum and const have types too."""
    schema = ConfigSchema(SPREAD)
    assert schema.types("host") == {"string", "null"}
    assert schema.types("port") == {"number"}
    assert schema.types("mode") == {"string"}
    assert schema.types("any") == schema.types("unknown") == JSON_TYPES
    assert ConfigSchema({"properties": {"a": {"enum": [1, None]}}}).types("a") == {"number", "null"}


def test_listed_values_and_defaults_are_found() -> None:
    """Strings of enum and const, of a value or of an array's items; and what a missing key means."""
    schema = ConfigSchema(SPREAD)
    assert schema.listed("mode") == ["key", "user"]
    assert schema.listed("levels") == ["low", "high"]
    assert schema.has_default("tls", False)  # noqa: FBT003 - the value
    assert not schema.has_default("tls", True)  # noqa: FBT003 - the value
    assert not schema.has_default("host", None)


def test_a_schema_that_holds_itself_ends() -> None:
    """A reference to what it stands in is followed once."""
    schema = ConfigSchema({"properties": {"a": TEXT}, "anyOf": [{"$ref": "#"}, {"required": ["a"]}]})
    assert schema.takes("a", "text")
    assert schema.required_at_times == {"a"}


def test_references_that_lead_out_or_nowhere_are_told() -> None:
    """Those inside the schema are not; what stands in an example or an enum is no reference."""
    schema = {
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": True, "c": {"$dynamicRef": "#nowhere"}},
        "properties": {"x": {"$ref": "https://acme.example/x.json"}, "y": {"enum": [{"$ref": "#/z"}]}},
    }
    assert references_out_of(schema) == ["#nowhere", "https://acme.example/x.json"]
    assert references_out_of(SPREAD) == []
