"""Every JSON Schema of the kit, in one registry that never leaves the machine.

The files are the truth for Python, for editors and for any other validator. They refer to each other by file name;
`bundle` makes one self-contained document of a schema and all that it refers to.
"""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from referencing import Registry
from referencing.jsonschema import DRAFT202012, Schema

_SUFFIX: Final = ".schema.json"

_DATA: Final = frozenset({"const", "default", "enum", "examples"})
"""Keywords that hold values, not schemas."""


class UnknownSchemaError(LookupError):
    """There is no schema of that name; the message says which name may have been meant."""


@cache
def _folder() -> Traversable:
    """Find the schemas: inside the package when installed from a wheel, beside it in a source checkout."""
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
    """Return the names of all schemas, sorted; ``"aws-ses-config"`` is one."""
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in _documents()))


def registry() -> Registry[Schema]:
    """Return a registry that holds each schema under its file name, for validators that resolve references."""
    resources = ((name, DRAFT202012.create_resource(contents)) for name, contents in _documents().items())
    return Registry[Schema]().with_resources(resources)


def bundle(name: str) -> dict[str, Any]:
    """Return one self-contained schema, with every schema that it refers to under ``$defs``.

    Args:
        name: one of `schema_names`.

    Raises:
        UnknownSchemaError: there is no such schema.
    """
    file_name = name + _SUFFIX
    if file_name not in _documents():
        near = get_close_matches(name, schema_names(), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UnknownSchemaError(
            f"There is no schema named {name!r}.{hint} The names are: {', '.join(schema_names())}."
        )
    definitions: dict[str, Any] = {}
    root: dict[str, Any] = _relocate(_documents()[file_name], "#", definitions)
    return root | ({"$defs": root.get("$defs", {}) | definitions} if definitions else {})


def _relocate(node: Any, base: str, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - any part of a schema
    """Copy a schema that will stand at ``base``, pulling what it refers to into ``definitions``."""
    if isinstance(node, list):
        return [_relocate(item, base, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _reference(value, base, definitions)
        if key == "$ref"
        else value
        if key in _DATA
        else _relocate(value, base, definitions)
        for key, value in node.items()
        if not (key == "$schema" and isinstance(value, str) and base != "#")
    }


def _reference(reference: str, base: str, definitions: dict[str, Any]) -> str:
    if reference.startswith("#"):
        return base + reference[1:]
    name = reference.removesuffix(_SUFFIX)
    target = f"#/$defs/{name}"
    if name not in definitions:
        definitions[name] = None  # holds the place while the schema refers to itself
        definitions[name] = _relocate(_documents()[reference], target, definitions)
    return target
