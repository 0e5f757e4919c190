"""The schemas: sound, self-contained, and never fetched from anywhere."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connector_kit import UnknownSchemaError, bundle, registry, schema_names

NAMES = schema_names()


def test_there_is_a_schema_for_every_guard_and_for_the_ses_config() -> None:
    """Names are sorted, and each official guard has its schema."""
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
        "social-connector-metadata",
        "social-user-info",
        "template-type",
        "token-response",
        "verification-code-type",
    } <= set(NAMES)


def _nodes(schema: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any part of a schema
    children = schema if isinstance(schema, list) else list(schema.values()) if isinstance(schema, dict) else []
    own = [schema] if isinstance(schema, dict) else []
    return own + [node for child in children for node in _nodes(child)]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_json_schema_2020_12(name: str) -> None:
    """Each bundle says what it is and satisfies the meta-schema."""
    schema = bundle(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_refers_to_nothing_outside_itself(name: str) -> None:
    """Every reference is a pointer into the same document, and leads somewhere."""
    schema = bundle(name)
    for node in _nodes(schema):
        if isinstance(reference := node.get("$ref"), str):
            assert reference.startswith("#/$defs/")
            target: Any = schema
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
            assert isinstance(target, dict)


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_accepts_its_own_examples(name: str) -> None:
    """The examples that people copy are valid, at the top and in every part."""
    schema = bundle(name)
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)
    for node in _nodes({key: value for key, value in schema.items() if key != "examples"}):
        for example in node["examples"] if isinstance(node.get("examples"), list) else ():
            part = {**node, "$defs": schema.get("$defs", {})}
            assert Draft202012Validator(part).is_valid(example), (name, example)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_and_their_bundles_reach_the_same_verdicts(name: str) -> None:
    """Validating with the files and the registry is the same as with the bundle."""
    by_file = Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=registry())
    bundled = Draft202012Validator(bundle(name))
    samples = [*bundle(name)["examples"], None, 1, "x", [], {}, {"en": 1}, {"templates": []}, {"type": "Select"}]
    for sample in samples:
        assert by_file.is_valid(sample) == bundled.is_valid(sample)


def test_the_ses_bundle_brings_the_template_along() -> None:
    """What a schema refers to stands under ``$defs`` by its name."""
    assert "template" in bundle("aws-ses-config")["$defs"]
    assert "$defs" not in bundle("template-type")


def test_a_bundle_is_the_callers_own() -> None:
    """Changing one bundle changes no other."""
    bundle("aws-ses-config")["properties"].clear()
    assert bundle("aws-ses-config")["properties"]


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    """The message names what may have been meant, and all there is."""
    with pytest.raises(UnknownSchemaError, match=r"Did you mean aws-ses-config\? .*template-type") as caught:
        bundle("aws-ses-confg")
    assert isinstance(caught.value, LookupError)
    with pytest.raises(UnknownSchemaError) as caught:
        bundle("zzzzzz")
    assert "Did you mean" not in str(caught.value)


def test_schemas_that_refer_to_each_other_and_to_themselves_are_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree of schemas becomes one document, references inside a file moved with it."""
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
