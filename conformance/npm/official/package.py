"""`OfficialPackage`: the parts of the Spec of one of Logto's own packages, and schemas that several of them share."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

from conformance.providers.base import Provider

USAGE_TYPES: Final = ("Register", "SignIn", "ForgotPassword", "Generic")
"""The usage types for which every package requires a template."""

STRING: Final[Mapping[str, Any]] = {"type": "string"}


def _frozen_names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@frozen
class OfficialPackage:
    """The parts of a Spec, apart from the connector class.

    Args:
        schema: a JSON Schema 2020-12 that accepts the same configs as the package's guard, or the name of a published one.
        valid_config: a config with which the package can send.
        provider: the stub of its provider.
        capabilities: what the package does.
        secrets: the config keys that hold secrets.
    """

    schema: str | Mapping[str, Any] = field(repr=False)
    valid_config: Mapping[str, Any] = field(repr=False)
    provider: type[Provider]
    capabilities: frozenset[str] = field(converter=_frozen_names)
    secrets: tuple[str, ...]


def config_schema(
    title: str, required: Mapping[str, Any], optional: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return the schema of a config with these keys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": [*required],
    }


def templates_schema(**texts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a list of templates with these keys and a usageType; each required type occurs."""
    properties = {"usageType": STRING, **texts}
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": [*properties]},
        "allOf": [
            {"contains": {"type": "object", "properties": {"usageType": {"const": kind}}, "required": ["usageType"]}}
            for kind in USAGE_TYPES
        ],
    }
