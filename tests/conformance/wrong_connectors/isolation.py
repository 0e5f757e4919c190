"""Wrong connectors for the checks of isolation."""

import os
import socket
from contextlib import suppress
from typing import Any, ClassVar

from connector_kit import (
    Email,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.base import BaseSes, killed_by


def _open_socket_to_third_party() -> None:
    """Send a datagram to an address that is reserved for documentation (RFC 5737)."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"x", ("192.0.2.1", 9))


@killed_by("isolation.construction", "a call of get_config")
class ReadsConfigWhenConstructed(BaseSes):
    """Reads the config in its constructor."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.get_config(self.metadata.id)


@killed_by("isolation.construction", "a call of get_i18n_email_template")
class ReadsTemplateWhenConstructed(BaseSes):
    """Reads a managed template in its constructor."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.manages = self.get_i18n_email_template and self.get_i18n_email_template("Generic", None) is not None


@killed_by("isolation.construction", "it raised KeyError")
class NeedsTheEnvironment(BaseSes):
    """Reads an environment variable in its constructor."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.home = os.environ["PATH"]


@killed_by("isolation.construction", "an attempt to open a socket to 192.0.2.1")
class OpensASocketWhenConstructed(BaseSes):
    """Opens a socket in its constructor."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        _open_socket_to_third_party()


@killed_by("isolation.instances", "for the second config")
class SharesTheConfig(BaseSes):
    """Stores the saved config in the class, for all instances."""

    saved: ClassVar[AwsSesConfig | None] = None

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        type(self).saved = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        if config is not None:
            return super().read_config(config)
        type(self).saved = self.saved or super().read_config()
        return self.saved or super().read_config()


@killed_by("isolation.instances", "because the config has no emailAddress")
class SharesTheRequest(BaseSes):
    """Stores the last request in the class, and overwrites only the options that the config sets."""

    last: ClassVar[dict[str, Any]] = {}

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        self.last.update(super().request(config, email))
        return dict(self.last)


@killed_by("isolation.configs", "expected ConfigurationSetName to be missing")
class RemembersOptions(BaseSes):
    """Keeps an option of the last config that the current config lacks."""

    name: str | None = None

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        self.name = request.get("ConfigurationSetName", self.name)
        return request if self.name is None else request | {"ConfigurationSetName": self.name}


@killed_by("isolation.secret-rotation", "after accessKeySecret changed")
class CachesTheSecret(BaseSes):
    """Caches the secret by access key id."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._known: dict[str, AwsSesConfig] = {}

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        return super().call(self._known.setdefault(config.access_key_id, config), request)


@killed_by("isolation.unsaved-config", "expected a call of get_config in the send after a test send")
class RemembersTheTestConfig(BaseSes):
    """Uses the config of a test send for later sends."""

    tried: object = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        self.tried = self.tried if config is None else config
        return super().read_config(self.tried)


@killed_by("isolation.unsaved-config", "for the saved config")
class KeepsTheTestCredentials(BaseSes):
    """Uses the credentials of a test send for the next message."""

    last: AwsSesConfig | None = None

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        last, self.last = self.last, config
        return super().call(last or config, request)


@killed_by("isolation.threads", "concurrent")
class SharesTheMessage(BaseSes):
    """Stores the current message in an attribute."""

    email: Email

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        self.email = email
        request = self.request(config, self.email)
        request["Destination"] = {"ToAddresses": [self.email.to]}
        return self.accepted(self.call(config, request))


@killed_by("isolation.threads", "for the concurrent")
class SharesTheCurrentConfig(BaseSes):
    """Stores the current config in an attribute."""

    config: AwsSesConfig

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        self.config = config
        request = self.request(self.config, email)
        return self.accepted(self.call(self.config, request))


@killed_by("isolation.threads", "some raised RuntimeError")
class OneAtATime(BaseSes):
    """Raises RuntimeError while another message is being sent."""

    busy = False

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        if self.busy:
            raise RuntimeError("busy")
        self.busy = True
        try:
            return super().deliver(config, email)
        finally:
            self.busy = False


@killed_by("isolation.network", "192.0.2.1")
class ReportsMessages(BaseSes):
    """Opens a socket to a third party for every message."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        result = super().deliver(config, email)
        _open_socket_to_third_party()
        return result


@killed_by("isolation.network", "for the outcome")
class ReportsFailures(BaseSes):
    """Opens a socket to a third party for every failure."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        _open_socket_to_third_party()
        return super().failure(error, config, email)


@killed_by("isolation.process-state", "it changed the environment")
class CountsInTheEnvironment(BaseSes):
    """Changes an environment variable with every message."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        os.environ["MAIL_SENT"] = str(int(os.environ.get("MAIL_SENT", "0")) + 1)
        return super().deliver(config, email)
