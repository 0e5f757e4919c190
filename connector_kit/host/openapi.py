"""The OpenAPI document of a host: ``openapi.json`` with the parts that depend on the host or on the kit filled in."""

import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from connector_kit.connector import Connector, MessageConnector, SocialConnector
from connector_kit.errors import ConnectorErrorCodes
from connector_kit.host.responses import HOST_CODES
from connector_kit.schemas import bundle

_SCHEMA_FILE = re.compile(r'"([\w-]+)\.schema\.json"')
_COMPONENT = "#/components/schemas/"

_KINDS: Final[Mapping[str, type[Connector[Any]]]] = {
    "ConnectorId": Connector,
    "MessageConnectorId": MessageConnector,
    "SocialConnectorId": SocialConnector,
}
"""For each parameter of paths, which connectors it may name."""


def openapi_document(
    connectors: Mapping[str, type[Connector[Any]]], *, email: bool, sms: bool, metrics: bool
) -> dict[str, Any]:
    """Return the document.

    Args:
        connectors: the hosted connectors, by id.
        email: the host serves ``/email``.
        sms: the host serves ``/sms``.
        metrics: the host serves ``/metrics``.
    """
    text = files(__package__).joinpath("openapi.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(_SCHEMA_FILE.sub(rf'"{_COMPONENT}\1"', text))
    document["info"]["version"] = version("logto-connector-kit")
    for path, is_served in (("/email", email), ("/sms", sms), ("/metrics", metrics)):
        if not is_served:
            del document["paths"][path]
    components = document["components"]
    for parameter, kind in _KINDS.items():
        ids = [connector_id for connector_id, connector in connectors.items() if issubclass(connector, kind)]
        components["parameters"][parameter]["schema"]["enum"] = ids
        if not ids:
            _remove_parameter(document, parameter)
    components["schemas"]["Error"]["properties"]["code"]["enum"] = sorted(
        {*map(str, ConnectorErrorCodes), *HOST_CODES} - {"bad_request"}  # what is not HTTP reaches no operation
    )
    components["schemas"] |= _kit_schemas(_SCHEMA_FILE.findall(text))
    return document


def _remove_parameter(document: dict[str, Any], parameter: str) -> None:
    """Remove a parameter that can have no value, and the paths that need it."""
    del document["components"]["parameters"][parameter]
    reference = {"$ref": f"#/components/parameters/{parameter}"}
    document["paths"] = {
        path: item for path, item in document["paths"].items() if reference not in item.get("parameters", ())
    }


def _kit_schemas(names: Iterable[str]) -> dict[str, Any]:
    """Return the kit's schemas with these names, and all that they refer to, as components of the document."""
    schemas: dict[str, Any] = {}
    for name in names:
        schema = bundle(name)
        schemas |= schema.pop("$defs", {}) | {name: schema}
        del schema["$schema"]
    relocated: dict[str, Any] = json.loads(json.dumps(schemas).replace('"#/$defs/', f'"{_COMPONENT}'))
    return relocated
