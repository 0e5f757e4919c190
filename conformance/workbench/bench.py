"""What the routes of one workbench share: the connector's processes, the config file, and the events."""

import secrets
from pathlib import Path

from conformance.workbench.connector_process import ConnectorProcess
from conformance.workbench.events import Events


class Bench:
    """One run of the workbench.

    Args:
        target: the connector, as `conformance.workbench.loaded_connector.load` expects it.
        config_file: the config to edit; ``None`` to start from the form's defaults.
    """

    def __init__(self, target: str, config_file: Path | None) -> None:
        self.target = target
        self.config_file = config_file
        self.events = Events()
        self.edits = ConnectorProcess(target)
        """Runs what the page needs while somebody types."""
        self.sends = ConnectorProcess(target)
        """Runs what may take long, and the provider's stub, which changes the environment of its process."""
        self.marker_key = secrets.token_bytes(32)
        """With it, a saved secret gets the marker that the page has instead of it."""

    def reload(self) -> None:
        """Let the next calls import the connector again, and tell the page."""
        self.stop()
        self.events.send("reload")

    def stop(self) -> None:
        """End the connector's processes."""
        self.edits.stop()
        self.sends.stop()
