"""What the routes of one workbench share: the connector's processes, the config file, and the events."""

import secrets
from collections.abc import Callable
from pathlib import Path

from conformance.workbench.configs import ConfigSource
from conformance.workbench.connector_process import ConnectorProcess
from conformance.workbench.events import Events
from conformance.workbench.previews import Previews


class Bench:
    """One run of the workbench.

    Args:
        target: the connector, as `conformance.workbench.loaded_connector.load` expects it.
        config_file: the config to edit; ``None`` to start from the form's defaults.
        process: makes a process of the connector.
    """

    def __init__(
        self, target: str, config_file: Path | None, process: Callable[[str], ConnectorProcess] = ConnectorProcess
    ) -> None:
        self.target = target
        self.config = ConfigSource(config_file, secrets.token_bytes(32))
        self.events = Events()
        self.edits = process(target)
        """Runs what the page needs while somebody types."""
        self.sends = process(target)
        """Runs what may take long, and the provider's stub, which changes the environment of its process."""
        self.real = process(target)
        """Sends real messages, where no stub has run."""
        self.previews = Previews()

    def reload(self) -> None:
        """Let the next calls import the connector again, and tell the page. A real message is not interrupted."""
        self.edits.stop()
        self.sends.stop()
        self.events.send("reload")

    def stop(self) -> None:
        """End the connector's processes."""
        self.edits.stop()
        self.sends.stop()
        self.real.stop()
