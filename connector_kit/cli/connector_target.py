"""The ID that commands take: an installed connector, or ``package.module:Class``."""

import sys
from typing import Any

from connector_kit.cli.failures import Unusable
from connector_kit.connector import Connector, MessageConnector
from connector_kit.discovery import ConnectorNotFoundError, find_connector
from connector_kit.errors import ConnectorError, ConnectorErrorCodes


def make_folder_importable() -> None:
    """Let Python find modules in the current directory, as ``python -m`` does, unless told to be safe (``-P``)."""
    if not sys.flags.safe_path and "" not in sys.path:
        sys.path.insert(0, "")


def connector_class(target: str) -> type[Connector[Any]]:
    """Import a connector.

    Raises:
        Unusable: there is none, its import fails, or Logto would not load it.
    """
    if ":" in target:
        make_folder_importable()
    try:
        return find_connector(target)
    except ConnectorNotFoundError as error:
        raise Unusable(str(error)) from error
    except ConnectorError as error:
        raise Unusable(f"{target} is no connector that Logto would load: {error.code}: {_why(error)}") from error


def message_connector(target: str, command: str) -> type[MessageConnector[Any, Any]]:
    """Import a connector that sends messages.

    Raises:
        Unusable: as `connector_class`, or it sends none.
    """
    found = connector_class(target)
    if not issubclass(found, MessageConnector):
        raise Unusable(f"{target} is a {found.type} connector: it sends no messages, so there is nothing to {command}.")
    return found


def new_connector(found: type[MessageConnector[Any, Any]]) -> Any:  # noqa: ANN401 - an e-mail or an SMS connector
    """Make a connector that has no saved config: it can only be used with the one given."""
    return found(get_config=_no_saved_config)


def _no_saved_config(connector_id: str) -> object:
    raise ConnectorError(
        ConnectorErrorCodes.INVALID_CONFIG,
        f"{connector_id} asks for its saved config, and the command line has none: only the one that it is given.",
    )


def _why(error: ConnectorError) -> str:
    data: Any = error.data
    if "message" in data:
        return str(data["message"])
    return "; ".join(f"{issue['path']} {issue['message']}" for issue in data["issues"])
