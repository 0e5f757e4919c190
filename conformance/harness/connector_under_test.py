"""The connector under test with its stub, its config, and Logto's callbacks."""

import copy
from collections.abc import Callable
from functools import cached_property
from typing import Any

from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator

from conformance.harness.canaries import Canaries
from conformance.harness.logto import LogtoCallbacks
from conformance.harness.strategies import addresses, known_types, messages, phone_numbers, variations
from conformance.spec import Spec
from conformance.verdicts import CheckFailure
from connector_kit import ConnectorType, SocialConnector
from connector_kit.connector import MessageConnector


class ConnectorUnderTest:
    """A connector with a provider of its own, and the configs and messages that it accepts.

    Args:
        spec: the connector and what its author declares about it.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.canaries = Canaries()
        self.provider = spec.provider()
        self.provider.new_secret = self.canaries.make
        self.logto = LogtoCallbacks()

    def make(
        self,
        *,
        get_config: Callable[[str], object] | None = None,
        get_i18n_email_template: Callable[[str, object], Any] | None = None,
    ) -> Any:
        """Make another connector. Without callbacks of its own, its config and template are those given to `send`."""
        get_template = get_i18n_email_template or self.logto.get_i18n_email_template
        return self.spec.connector(
            get_config=get_config or self.logto.get_config,
            get_i18n_email_template=get_template if self.spec.connector.type is ConnectorType.EMAIL else None,
            **self.provider.connector_options(),
        )

    @cached_property
    def connector(self) -> MessageConnector[Any, Any]:
        """The connector, if it sends messages; `send` sets its saved config and managed template."""
        made = self.make()
        if not isinstance(made, MessageConnector):
            raise CheckFailure(f"expected an e-mail or SMS connector, found {type(made).__name__}")
        return made

    @cached_property
    def social(self) -> SocialConnector[Any]:
        """The connector, if it is a social one; its saved config is `config`."""
        self.logto.saved_config = lambda: self.config
        made = self.make()
        if not isinstance(made, SocialConnector):
            raise CheckFailure(f"expected a social connector, found {type(made).__name__}")
        return made

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The published schema of the config."""
        return self.spec.connector.config_guard.schema

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema)

    def accepts(self, config: object) -> bool:
        """Return whether the published schema accepts a config; the connector is not consulted."""
        return self._validator.is_valid(config)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The author's valid config, with the stub's address and a canary for each secret."""
        config = self.provider.prepare_config(copy.deepcopy(dict(self.spec.valid_config)))
        return self.canaries.plant(config, self.spec.secrets)

    def configs(self) -> SearchStrategy[dict[str, Any]]:
        """Draw variations of `config` that the schema accepts."""
        return variations(self.config, self.schema).filter(self.accepts)

    @property
    def recipients(self) -> SearchStrategy[str]:
        """Draw recipients that fit the connector: e-mail addresses, or phone numbers."""
        return phone_numbers if self.spec.connector.type is ConnectorType.SMS else addresses

    @property
    def plain_message(self) -> dict[str, Any]:
        """The JSON of a message that every connector can send, for checks that draw none."""
        to = "15550000000" if self.spec.connector.type is ConnectorType.SMS else "someone@example.com"
        return {"to": to, "type": "Generic", "payload": {"code": "000000"}}

    def messages(self, types: SearchStrategy[str] = known_types) -> SearchStrategy[dict[str, Any]]:
        """Draw the JSON of messages; unless given, their types are Logto's own."""
        return messages(self.recipients, types)
