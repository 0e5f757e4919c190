"""Finding connectors: the installed ones by id, any other by ``package.module:Class``."""

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from connector_kit.connector import Connector
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.guards import Guard, connector_metadata_guard
from connector_kit.metadata import ConnectorMetadata, ConnectorType
from connector_kit.wire import to_json

ENTRY_POINT_GROUP: Final = "connector_kit.connectors"


class ConnectorNotFoundError(LookupError):
    """There is no such connector, or it cannot be imported; the message says what to do."""


def installed_connectors() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed connectors by id, sorted; none is imported."""
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda it: it.name)}


def find_connector(target: str) -> type[Connector[Any]]:
    """Import a connector and check it as Logto's own loader does.

    Args:
        target: the id of an installed connector, or ``package.module:Class``.

    Raises:
        ConnectorNotFoundError: it is not there, or its import fails.
        ConnectorError: it is there and no connector: ``invalid_metadata``, ``invalid_config_guard`` or
            ``unexpected_type``.
    """
    found = import_object(target) if ":" in target else _load_installed(target)
    check_connector_class(found)
    connector: type[Connector[Any]] = found
    if ":" not in target and connector.metadata.id != target:
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_METADATA,
            f"{target} is installed under that name, but its metadata's id is {connector.metadata.id}.",
        )
    return connector


def import_object(target: str) -> Any:  # noqa: ANN401 - whatever stands there
    """Import what ``package.module:name`` names.

    Raises:
        ConnectorNotFoundError: there is no such module or name in it, or its import fails.
    """
    module_name, _, path = target.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split("."):
            found = getattr(found, name)
    except (Exception, SystemExit) as error:
        raise ConnectorNotFoundError(
            f"{target!r} cannot be imported: {type(error).__name__}: {error}. Give package.module:Class, from a folder "
            "or an installed package that Python finds.",
        ) from error
    return found


def _load_installed(connector_id: str) -> Any:  # noqa: ANN401 - checked by the caller
    installed = installed_connectors()
    if connector_id not in installed:
        near = get_close_matches(connector_id, installed, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        names = ", ".join(installed) or "none"
        raise ConnectorNotFoundError(
            f"No connector {connector_id!r} is installed.{hint} Installed: {names}. "
            "A connector that is not installed is named as package.module:Class.",
        )
    try:
        return installed[connector_id].load()
    except (Exception, SystemExit) as error:
        raise ConnectorNotFoundError(
            f"The connector {connector_id!r} is installed but cannot be imported: {type(error).__name__}: {error}.",
        ) from error


def check_connector_class(found: object) -> None:
    """Check a class as Logto's loader checks a package: metadata, guard and type.

    Raises:
        ConnectorError: ``unexpected_type``, ``invalid_metadata`` or ``invalid_config_guard``.
    """
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise ConnectorError(ConnectorErrorCodes.UNEXPECTED_TYPE, f"{found!r} is not a Connector class.")
    if getattr(found, "type", None) not in list(ConnectorType):
        raise ConnectorError(ConnectorErrorCodes.UNEXPECTED_TYPE, f"{found.__name__} has no ConnectorType as its type.")
    metadata = getattr(found, "metadata", None)
    if not isinstance(metadata, ConnectorMetadata):
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_METADATA, f"{found.__name__} has no ConnectorMetadata as metadata."
        )
    connector_metadata_guard.validate(to_json(metadata))
    if not isinstance(getattr(found, "config_guard", None), Guard):
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_CONFIG_GUARD, f"{found.__name__} has no Guard as config_guard."
        )
