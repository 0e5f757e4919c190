"""Clients of ``SendEmail``: with the keys of a config, or with other credentials."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from connector_kit.aws_api.credentials import AwsKeys, AwsRole
from connector_kit.aws_api.endpoint import Client, ClientFactory
from connector_kit.connectors.aws_ses.config import keys_of
from connector_kit.connectors.aws_ses.errors import ERRORS


class SendEmailClient(Protocol):
    """What the connector calls: a botocore ``sesv2`` client has this method."""

    def send_email(self, **members: Any) -> Mapping[str, Any]:
        """Call ``SendEmail``."""
        ...


SendEmailClientFactory = Callable[[Any], SendEmailClient]
"""Returns the client for a config."""


class SesClient(Client):
    """Calls ``SendEmail`` at an endpoint."""

    def send_email(self, **members: Any) -> Mapping[str, Any]:
        """Call ``SendEmail``; see `connector_kit.aws_api.endpoint.Client.call`."""
        return self.call(members)


class SesClientFactory(ClientFactory):
    """Returns a client for a config. The clients of a region share its connections.

    Args:
        credentials: returns those of a config: its keys, a role, or ``None`` for botocore's default chain.
    """

    client_class = SesClient

    def __init__(self, credentials: Callable[[Any], AwsKeys | AwsRole | None] = keys_of) -> None:
        super().__init__("sesv2", "SendEmail", ERRORS)
        self._credentials = credentials

    def __call__(self, config: Any) -> Any:
        """Return a client for the config's region and credentials."""
        return self.client(config.region, self._credentials(config))
