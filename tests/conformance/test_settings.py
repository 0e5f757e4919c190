"""The settings of a schema, values for them, and configs with and without each of them."""

from typing import Any

from jsonschema import Draft202012Validator

from conformance.harness.settings import ConfigVariants, Setting, removed, settings_of, value_at

MAILBOX = {"type": "string", "format": "email"}


def schema_of(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*required], "properties": properties}


def setting_of(variants: ConfigVariants, name: str) -> Setting:
    return next(it for it in variants.settings if it.name == name)


def values_for(schema: dict[str, Any], name: str = "key") -> list[Any]:
    """Return the values for a key that its schema accepts."""
    variants = ConfigVariants(schema_of(**{name: schema}), {})
    return variants.candidates(setting_of(variants, name))


def test_settings_are_found_in_references_alternatives_patterns_and_arrays() -> None:
    """Each with its path; one that all alternatives exclude is none."""
    schema = schema_of(
        ("auth",),
        auth={"$ref": "#/$defs/auth"},
        items={"type": "array", "items": schema_of(note={"type": "string"})},
        headers={"patternProperties": {"^X-a$": {"type": "string"}}},
        never=False,
    )
    schema["$defs"] = {"auth": {"oneOf": [schema_of(token=MAILBOX), schema_of(("user",), user={"const": "u"})]}}
    found = {it.name: it.required for it in settings_of(schema)}
    assert found == {
        "auth": True,
        "auth.token": False,
        "auth.user": False,
        "items": False,
        "items[].note": False,
        "headers": False,
        "headers.X-a": False,
    }


def test_recursive_schema_ends() -> None:
    schema = schema_of(inner={"$ref": "#"})
    assert [it.name for it in settings_of(schema)] == ["inner"]


def test_deep_schema_ends() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(8):
        schema = schema_of(a=schema)
    assert max(len(it.path) for it in settings_of(schema)) == 4


def test_deprecated_setting_is_recognized() -> None:
    old, new = settings_of(schema_of(old={"deprecated": True}, new={"type": "string"}))
    assert (old.is_deprecated, new.is_deprecated) == (True, False)


def test_values_follow_the_schema() -> None:
    """Each value is one that the schema accepts, and there are at least two where the schema has two."""
    schemas: list[dict[str, Any]] = [
        {"type": "boolean"},
        {"type": "integer", "minimum": 3, "maximum": 9},
        {"type": "integer", "exclusiveMaximum": -3},
        {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.25},
        {"type": "string", "pattern": "^pool-[0-9]{2}$"},
        {"type": "string", "minLength": 40, "maxLength": 41},
        {"type": "string", "format": "uuid"},
        {"enum": ["a", 1, None]},
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2},
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"examples": ["x", "y"], "type": "string", "pattern": "^[xy]$"},
    ]
    for schema in schemas:
        found = values_for(schema)
        assert len(found) >= 1 if "minItems" in schema else len(found) >= 2, schema
        assert all(Draft202012Validator(schema).is_valid(it) for it in found), (schema, found)


def test_values_follow_the_name_of_the_key() -> None:
    assert values_for({"type": "string"}, "replyTo")[0] == "first@example.com"
    assert values_for({"type": "string"}, "webhookUrl")[0].startswith("https://")
    assert values_for({"type": "string"}, "campaign")[0] == "first"


def test_pattern_that_nothing_matches_gives_no_value() -> None:
    assert values_for({"type": "string", "pattern": "a^"}) == []


def test_other_settings_change_so_that_a_config_is_valid() -> None:
    """Either a sender or a service; smart encoding requires a service."""
    schema = schema_of(sender=MAILBOX, service={"type": "string"}, smart={"type": "boolean"}) | {
        "oneOf": [{"required": ["sender"]}, {"required": ["service"]}],
        "dependentRequired": {"smart": ["service"]},
    }
    variants = ConfigVariants(schema, {"sender": "a@example.com"})
    smart = setting_of(variants, "smart")
    config = variants.with_value(variants.config, smart, value=True)
    assert config is not None
    assert (sorted(config), config["smart"]) == (["service", "smart"], True)
    assert variants.without(config, smart) == {"service": config["service"]}
    assert variants.without({"sender": "a@example.com"}, setting_of(variants, "sender")) == {"service": "first"}


def test_setting_that_no_valid_config_has() -> None:
    variants = ConfigVariants(schema_of(a={"type": "string"}, b={"type": "string"}) | {"maxProperties": 0}, {})
    assert variants.with_value({}, setting_of(variants, "a"), "x") is None
    assert variants.with_value({}, setting_of(variants, "a"), 1) is None


def test_choice_of_another_setting_changes() -> None:
    """A user name requires another kind of credentials."""
    schema = schema_of(("kind",), kind={"enum": ["token", "user"]}, user={"type": "string"}) | {
        "if": {"properties": {"kind": {"const": "token"}}},
        "then": {"properties": {"user": False}},
        "else": {"required": ["user"]},
    }
    variants = ConfigVariants(schema, {"kind": "token"})
    assert variants.with_value(variants.config, setting_of(variants, "user"), "u") == {"kind": "user", "user": "u"}


def test_minimal_config_has_no_optional_settings() -> None:
    schema = schema_of(("a",), a={"type": "string"}, b=schema_of(c={"type": "string"}))
    assert ConfigVariants(schema, {"a": "1", "b": {"c": "2"}}).minimal() == {"a": "1"}


def test_object_that_is_empty_stays_if_it_may() -> None:
    schema = schema_of(
        open=schema_of(c={"type": "string"}), full=schema_of(d={"type": "string"}) | {"minProperties": 1}
    )
    variants = ConfigVariants(schema, {"open": {"c": "1"}, "full": {"d": "1"}})
    assert variants.without(variants.config, setting_of(variants, "open.c")) == {"open": {}, "full": {"d": "1"}}
    assert variants.without(variants.config, setting_of(variants, "full.d")) == {"open": {"c": "1"}}


def test_value_of_items_is_set_in_each() -> None:
    schema = schema_of(items={"type": "array", "items": schema_of(note={"type": "string"})})
    variants = ConfigVariants(schema, {"items": [{}, {"note": "old"}]})
    note = setting_of(variants, "items[].note")
    config = variants.with_value(variants.config, note, "new")
    assert config == {"items": [{"note": "new"}, {"note": "new"}]}
    assert value_at(config, note.path) == "new"
    assert variants.without(config, note) == {"items": [{}, {}]}


def test_path_through_a_value_that_is_not_an_object_leads_nowhere() -> None:
    assert removed({"a": 1}, ("a", "b", "c")) == {"a": 1}
