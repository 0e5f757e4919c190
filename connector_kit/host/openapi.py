"""The OpenAPI document of a host: ``openapi.json`` with the parts that depend on the host or on the kit filled in."""

import json
import re
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from connector_kit.errors import ConnectorErrorCodes
from connector_kit.host.responses import HOST_CODES
from connector_kit.schemas import bundle

_SCHEMA_FILE = re.compile(r'"([\w-]+)\.schema\.json"')
_COMPONENT = "#/components/schemas/"


def openapi_document(connector_ids: Iterable[str], *, email: bool, sms: bool, metrics: bool) -> dict[str, Any]:
    """Return the document.

    Args:
        connector_ids: the hosted connectors.
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
    components["parameters"]["ConnectorId"]["schema"]["enum"] = list(connector_ids)
    components["schemas"]["Error"]["properties"]["code"]["enum"] = sorted(
        {*map(str, ConnectorErrorCodes), *HOST_CODES} - {"bad_request"}  # what is not HTTP reaches no operation
    )
    components["schemas"] |= _kit_schemas(_SCHEMA_FILE.findall(text))
    return document


def _kit_schemas(names: Iterable[str]) -> dict[str, Any]:
    """Return the kit's schemas with these names, and all that they refer to, as components of the document."""
    schemas: dict[str, Any] = {}
    for name in names:
        schema = bundle(name)
        schemas |= schema.pop("$defs", {}) | {name: schema}
        del schema["$schema"]
    relocated: dict[str, Any] = json.loads(json.dumps(schemas).replace('"#/$defs/', f'"{_COMPONENT}'))
    return relocated
