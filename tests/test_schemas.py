"""The schemas: valid, self-contained, and never fetched from the network."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connector_kit import UnknownSchemaError, bundle, registry, schema_names

NAMES = schema_names()


def test_every_guard_and_the_ses_config_have_a_schema() -> None:
    """The names are sorted."""
    assert list(NAMES) == sorted(NAMES)
    assert {
        "aws-ses-config",
        "configurable-connector-metadata",
        "connector-config-form-item",
        "connector-metadata",
        "connector-session",
        "email-service-branding",
        "email-template-details",
        "google-connector-config",
        "google-one-tap-config",
        "host-config",
        "i18n-phrases",
        "json",
        "json-object",
        "oidc-prompts",
        "send-message-data",
        "send-message-payload",
        "sms-template",
        "social-connector-metadata",
        "social-user-info",
        "template-type",
        "token-response",
        "verification-code-type",
    } <= set(NAMES)


def _nodes(schema: Any) -> list[dict[str, Any]]:
    children = schema if isinstance(schema, list) else list(schema.values()) if isinstance(schema, dict) else []
    own = [schema] if isinstance(schema, dict) else []
    return own + [node for child in children for node in _nodes(child)]


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_json_schema_2020_12(name: str) -> None:
    """It names its dialect and is valid by the meta-schema."""
    schema = bundle(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", NAMES)
def test_bundle_is_self_contained(name: str) -> None:
    """Every reference resolves inside the document."""
    schema = bundle(name)
    for node in _nodes(schema):
        if isinstance(reference := node.get("$ref"), str):
            assert reference.startswith("#/$defs/")
            target: Any = schema
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
            assert isinstance(target, dict)


@pytest.mark.parametrize("name", NAMES)
def test_bundle_accepts_its_examples(name: str) -> None:
    """At the top level and in every subschema."""
    schema = bundle(name)
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)
    for node in _nodes({key: value for key, value in schema.items() if key != "examples"}):
        for example in node["examples"] if isinstance(node.get("examples"), list) else ():
            part = {**node, "$defs": schema.get("$defs", {})}
            assert Draft202012Validator(part).is_valid(example), (name, example)


@pytest.mark.parametrize("name", NAMES)
def test_files_and_bundles_give_the_same_verdicts(name: str) -> None:
    """The files with the registry, and the bundles alone."""
    by_file = Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=registry())
    bundled = Draft202012Validator(bundle(name))
    samples = [*bundle(name)["examples"], None, 1, "x", [], {}, {"en": 1}, {"templates": []}, {"type": "Select"}]
    for sample in samples:
        assert by_file.is_valid(sample) == bundled.is_valid(sample)


def test_usage_types_of_e_mails_and_text_messages_are_the_same() -> None:
    """A template is part of other schemas, so its schema refers to no other."""
    assert bundle("sms-template")["properties"]["usageType"] == bundle("template")["properties"]["usageType"]


def test_bundle_contains_referenced_schemas() -> None:
    """In ``$defs``, by name."""
    assert "template" in bundle("aws-ses-config")["$defs"]
    assert "$defs" not in bundle("template-type")


def test_changing_a_bundle_does_not_change_the_next() -> None:
    """Each call returns a new copy."""
    bundle("aws-ses-config")["properties"].clear()
    assert bundle("aws-ses-config")["properties"]


def test_unknown_name_raises_with_a_suggestion() -> None:
    """The message lists all names."""
    with pytest.raises(UnknownSchemaError, match=r"did you mean 'aws-ses-config'\?.*template-type") as caught:
        bundle("aws-ses-confg")
    assert isinstance(caught.value, LookupError)
    with pytest.raises(UnknownSchemaError) as caught:
        bundle("zzzzzz")
    assert "did you mean" not in str(caught.value)


def test_recursive_schemas_are_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """References inside a file move with it."""
    from connector_kit import schemas  # noqa: PLC0415 - its private table is replaced here

    documents = {
        "tree.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": {"leaf": {"type": "string"}},
            "anyOf": [{"$ref": "#/$defs/leaf"}, {"$ref": "branch.schema.json"}],
        },
        "branch.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": {"width": {"type": "number"}},
            "properties": {
                "width": {"$ref": "#/$defs/width"},
                "children": {"type": "array", "items": {"$ref": "branch.schema.json"}},
            },
            "required": ["width"],
        },
    }
    monkeypatch.setattr(schemas, "_documents", lambda: documents)
    bundled = json.loads(json.dumps(bundle("tree")))
    validator = Draft202012Validator(bundled)
    assert bundled["$defs"].keys() == {"leaf", "branch"}
    assert validator.is_valid("leaf")
    assert validator.is_valid({"width": 1, "children": [{"width": 2, "children": []}]})
    assert not validator.is_valid({"width": 1, "children": [{"width": "x"}]})
