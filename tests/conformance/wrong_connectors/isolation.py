"""Connectors in which one message, config or thread touches another, or the world outside."""

import os
import socket
from contextlib import suppress
from typing import Any, ClassVar

from connector_kit import (
    Email,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.open import Open, killed_by


def _call_home() -> None:
    """Send a datagram to an address that is nobody's (RFC 5737)."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"one more", ("192.0.2.1", 9))


@killed_by("isolation.construction", "get_config was called")
class ReadsItsConfigAtOnce(Open):
    """Reads the config when it is made."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self.get_config(self.metadata.id)


@killed_by("isolation.construction", "get_i18n_email_template was called")
class AsksForATemplateAtOnce(Open):
    """Looks when it is made whether Logto manages templates."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self.manages = self.get_i18n_email_template and self.get_i18n_email_template("Generic", None) is not None


@killed_by("isolation.construction", "it raised KeyError")
class NeedsTheEnvironment(Open):
    """Cannot be made where a variable is missing."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self.home = os.environ["PATH"]


@killed_by("isolation.construction", "a socket was asked for, to 192.0.2.1")
class CallsHomeWhenMade(Open):
    """Reports that it is there."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        _call_home()


@killed_by("isolation.instances", "of the second config")
class OneConfigForAll(Open):
    """Keeps the saved config in the class, for all its connectors."""

    saved: ClassVar[AwsSesConfig | None] = None

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        type(self).saved = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it once."""
        if config is not None:
            return super().read_config(config)
        type(self).saved = self.saved or super().read_config()
        return self.saved or super().read_config()


@killed_by("isolation.instances", "because the config names none")
class OneRequestForAll(Open):
    """Keeps a template of the request in the class, and fills in only what the config sets."""

    last: ClassVar[dict[str, Any]] = {}

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it on the last one."""
        self.last.update(super().request(config, email))
        return dict(self.last)


@killed_by("isolation.configs", "expected ConfigurationSetName to be the config's configurationSetName (not set)")
class RemembersOptions(Open):
    """Goes on with an option that the next config does not set."""

    name: str | None = None

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, with the last configuration set where there is none."""
        request = super().request(config, email)
        self.name = request.get("ConfigurationSetName", self.name)
        return request if self.name is None else request | {"ConfigurationSetName": self.name}


@killed_by("isolation.key-rotation", "after accessKeySecret changed")
class KeepsTheClientOfAKey(Open):
    """Knows a client by its key id, and goes on with the secret it was made with."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._known: dict[str, AwsSesConfig] = {}

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call with the client that is there."""
        return super().call(self._known.setdefault(config.access_key_id, config), request)


@killed_by("isolation.unsaved", "expected get_config to be called after a test-send")
class RemembersTheTestConfig(Open):
    """Takes a config that was tried for one that was saved."""

    tried: object = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read the one that was given last."""
        self.tried = self.tried if config is None else config
        return super().read_config(self.tried)


@killed_by("isolation.unsaved", "of the saved config")
class LeavesTheTestClient(Open):
    """Goes on with the keys of a test-send for one more message."""

    last: AwsSesConfig | None = None

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call with the keys of the last one."""
        last, self.last = self.last, config
        return super().call(last or config, request)


@killed_by("isolation.threads", "at once")
class SharesItsMessage(Open):
    """Keeps the message that it is sending in itself."""

    email: Email

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver what was put down last."""
        self.email = email
        request = self.request(config, self.email)
        request["Destination"] = {"ToAddresses": [self.email.to]}
        return self.accepted(self.call(config, request))


@killed_by("isolation.threads", "of the at once")
class SharesItsConfig(Open):
    """Keeps the config that it is sending with in itself."""

    config: AwsSesConfig

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver with what was put down last."""
        self.config = config
        request = self.request(self.config, email)
        return self.accepted(self.call(self.config, request))


@killed_by("isolation.threads", "some raised RuntimeError")
class OneAtATime(Open):
    """Refuses a message while another is on its way."""

    busy = False

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, alone."""
        if self.busy:
            raise RuntimeError("busy")
        self.busy = True
        try:
            return super().deliver(config, email)
        finally:
            self.busy = False


@killed_by("isolation.network", "192.0.2.1")
class CallsHome(Open):
    """Tells its maker of every message."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and report."""
        result = super().deliver(config, email)
        _call_home()
        return result


@killed_by("isolation.network", "when it answers")
class ReportsFailures(Open):
    """Tells its maker of every failure."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and report."""
        _call_home()
        return super().failure(error, config, email)


@killed_by("isolation.process", "the environment changed")
class HandsKeysToTheProcess(Open):
    """Leaves what the next call needs in the environment."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, by way of the environment."""
        os.environ["MAIL_SENT"] = str(int(os.environ.get("MAIL_SENT", "0")) + 1)
        return super().deliver(config, email)
