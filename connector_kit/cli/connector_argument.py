"""The argument ID of the commands: an installed connector, or ``package.module:Class``."""

import sys
from typing import Any

from connector_kit.cli.errors import CommandError
from connector_kit.connector import Connector, MessageConnector
from connector_kit.discovery import ConnectorNotFoundError, find_connector
from connector_kit.errors import ConnectorError, ConnectorErrorCodes


def make_folder_importable() -> None:
    """Let Python import modules from the current directory, as ``python -m`` does, except with ``python -P``."""
    if not sys.flags.safe_path and "" not in sys.path:
        sys.path.insert(0, "")


def find_connector_class(connector_id: str) -> type[Connector[Any]]:
    """Import a connector.

    Raises:
        CommandError: it does not exist, its import fails, or Logto would not load it.
    """
    if ":" in connector_id:
        make_folder_importable()
    try:
        return find_connector(connector_id)
    except ConnectorNotFoundError as error:
        raise CommandError(str(error)) from error
    except ConnectorError as error:
        message = f"{connector_id} is not a connector that Logto can load: {error.code}: {_reason(error)}"
        raise CommandError(message) from error


def find_message_connector(connector_id: str, command: str) -> type[MessageConnector[Any, Any]]:
    """Import a connector that sends messages.

    Raises:
        CommandError: as `find_connector_class`, or the connector does not send messages.
    """
    connector_class = find_connector_class(connector_id)
    if not issubclass(connector_class, MessageConnector):
        raise CommandError(
            f"`{command}` needs an Email or Sms connector, but {connector_id} is a {connector_class.type} connector."
        )
    return connector_class


def create_connector(connector_class: type[MessageConnector[Any, Any]]) -> Any:
    """Create a connector without a saved config: it can only use the config that it is given."""
    return connector_class(get_config=_raise_no_saved_config)


def _raise_no_saved_config(connector_id: str) -> object:
    raise ConnectorError(
        ConnectorErrorCodes.INVALID_CONFIG,
        f"{connector_id} reads its saved config, which the command line does not have. "
        "send_message must use the config that it is given.",
    )


def _reason(error: ConnectorError) -> str:
    data: Any = error.data
    if "message" in data:
        return str(data["message"])
    return "; ".join(f"{issue['path']} {issue['message']}" for issue in data["issues"])
