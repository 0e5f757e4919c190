"""Find connectors: installed ones by id, any other by ``package.module:Class``."""

import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from connector_kit.connector import Connector
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.guards import Guard, connector_metadata_guard
from connector_kit.metadata import ConnectorMetadata, ConnectorType
from connector_kit.suggestions import did_you_mean
from connector_kit.wire import to_json

ENTRY_POINT_GROUP: Final = "connector_kit.connectors"


class ConnectorNotFoundError(LookupError):
    """A connector is not installed or cannot be imported. The message states what to do."""


def installed_connectors() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed connectors by id, sorted, without importing them."""
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda it: it.name)}


def find_connector(target: str) -> type[Connector[Any]]:
    """Import a connector, and check it as Logto's loader does.

    Args:
        target: the id of an installed connector, or ``package.module:Class``.

    Raises:
        ConnectorNotFoundError: it does not exist, or its import fails.
        ConnectorError: it is not a valid connector: ``invalid_metadata``, ``invalid_config_guard`` or
            ``unexpected_type``.
    """
    found = import_object(target) if ":" in target else _load_installed(target)
    check_connector_class(found)
    connector: type[Connector[Any]] = found
    if ":" not in target and connector.metadata.id != target:
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_METADATA,
            f"The entry point is named {target}, but the connector's metadata.id is {connector.metadata.id}.",
        )
    return connector


def import_object(target: str) -> Any:
    """Import the object that ``package.module:name`` names.

    Raises:
        ConnectorNotFoundError: the module or the name in it does not exist, or its import fails.
    """
    module_name, _, path = target.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split("."):
            found = getattr(found, name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ConnectorNotFoundError(
            f"{target!r} cannot be imported: {type(error).__name__}: {error}. Expected package.module:Class, in the "
            "current folder or an installed package.",
        ) from error
    return found


def _load_installed(connector_id: str) -> Any:
    installed = installed_connectors()
    if connector_id not in installed:
        raise ConnectorNotFoundError(
            f"No installed connector has the id {connector_id!r}{did_you_mean(connector_id, installed)}. "
            f"Installed: {', '.join(installed) or 'none'}. Give any other connector as package.module:Class.",
        )
    try:
        return installed[connector_id].load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ConnectorNotFoundError(
            f"The connector {connector_id!r} is installed, but its import fails: {type(error).__name__}: {error}.",
        ) from error


def check_connector_class(found: object) -> None:
    """Check the metadata, guard and type of a connector class, as Logto's loader does for a package.

    Raises:
        ConnectorError: ``unexpected_type``, ``invalid_metadata`` or ``invalid_config_guard``.
    """
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise ConnectorError(ConnectorErrorCodes.UNEXPECTED_TYPE, f"Expected a subclass of Connector, found {found!r}.")
    if getattr(found, "type", None) not in list(ConnectorType):
        raise ConnectorError(ConnectorErrorCodes.UNEXPECTED_TYPE, f"{found.__name__}.type must be a ConnectorType.")
    metadata = getattr(found, "metadata", None)
    if not isinstance(metadata, ConnectorMetadata):
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_METADATA, f"{found.__name__}.metadata must be a ConnectorMetadata."
        )
    try:
        value = to_json(metadata)
    except Exception as error:
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_METADATA,
            f"{found.__name__}.metadata has members of another type: {type(error).__name__}: {error}. Form items are "
            "ConnectorConfigFormItem objects.",
        ) from error
    connector_metadata_guard.validate(value)
    if not isinstance(getattr(found, "config_guard", None), Guard):
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_CONFIG_GUARD, f"{found.__name__}.config_guard must be a Guard."
        )
