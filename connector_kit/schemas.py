"""The JSON Schemas of the kit. Nothing is fetched from the network.

Python, editors and other validators all use these files. They refer to each other by file name; `bundle` combines a
schema and all that it refers to in one document.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from referencing import Registry
from referencing.jsonschema import DRAFT202012, Schema

from connector_kit.schema_walk import map_subschemas
from connector_kit.suggestions import did_you_mean

_SUFFIX: Final = ".schema.json"


class UnknownSchemaError(LookupError):
    """The schema does not exist. The message lists all names and suggests the closest."""


@cache
def _folder() -> Traversable:
    """Return the folder of the schemas: in an installed package, or in a source checkout."""
    package = files("connector_kit")
    installed = package / "schemas"
    return installed if installed.is_dir() else package / ".." / "schemas"


@cache
def _documents() -> Mapping[str, Schema]:
    return {
        file.name: json.loads(file.read_text(encoding="utf-8"))
        for file in _folder().iterdir()
        if file.name.endswith(_SUFFIX)
    }


def schema_names() -> tuple[str, ...]:
    """Return the names of all schemas, such as ``"aws-ses-config"``, sorted."""
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in _documents()))


def registry() -> Registry[Schema]:
    """Return a registry with each schema under its file name, for validators that resolve references."""
    resources = ((name, DRAFT202012.create_resource(contents)) for name, contents in _documents().items())
    return Registry[Schema]().with_resources(resources)


def bundle(name: str) -> dict[str, Any]:
    """Return a self-contained schema, with every schema that it refers to in ``$defs``.

    Args:
        name: one of `schema_names`.

    Raises:
        UnknownSchemaError: the schema does not exist.
    """
    file_name = name + _SUFFIX
    if file_name not in _documents():
        raise UnknownSchemaError(
            f"Unknown schema {name!r}{did_you_mean(name, schema_names())}. Known schemas: {', '.join(schema_names())}."
        )
    definitions: dict[str, Any] = {}
    root: dict[str, Any] = _relocate(deepcopy(_documents()[file_name]), "#", definitions)
    return root | ({"$defs": root.get("$defs", {}) | definitions} if definitions else {})


def _relocate(schema: Any, base: str, definitions: dict[str, Any]) -> Any:
    """Return a schema for use at ``base``, and add the schemas that it refers to to ``definitions``."""
    moved = map_subschemas(schema, lambda part: _relocate(part, base, definitions))
    if isinstance(moved, dict) and "$ref" in moved:
        moved["$ref"] = _relocate_reference(moved["$ref"], base, definitions)
    return moved


def _relocate_reference(reference: str, base: str, definitions: dict[str, Any]) -> str:
    if reference.startswith("#"):
        return base + reference[1:]
    name = reference.removesuffix(_SUFFIX)
    target = f"#/$defs/{name}"
    if name not in definitions:
        definitions[name] = None  # reserves the name, because the schema may refer to itself
        definitions[name] = _relocate(deepcopy(_documents()[reference]), target, definitions)
        definitions[name].pop("$schema")
    return target
