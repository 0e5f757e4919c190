"""The connector under test with its stub, its config, and Logto's callbacks."""

import copy
import gc
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final
from weakref import WeakKeyDictionary

from hypothesis.strategies import SearchStrategy

from conformance.harness.canaries import Canaries, KnownForms
from conformance.harness.logto import LogtoCallbacks
from conformance.harness.settings import value_at
from conformance.harness.strategies import addresses, known_types, messages, phone_numbers, variations
from conformance.secret_forms import free_text
from conformance.spec import TEMPLATE_SOURCES, Spec
from conformance.verdicts import CheckFailure
from connector_kit import ConnectorError, ConnectorErrorCodes, ConnectorType, SocialConnector
from connector_kit.connector import MessageConnector
from connector_kit.fast_validation import schema_predicate
from connector_kit.guards import Guard

_MANAGED: Final = {"subject": "Your code", "content": "{{code}} {{link}}"}
"""The managed template of a connector that has no other, unless a check sets one."""
_CODE_LENGTHS: Final = (32, 10, 8)
"""The lengths of codes in turn: long ones hide nothing, but some providers limit them."""

_forms: Final[WeakKeyDictionary[Guard[Any], KnownForms]] = WeakKeyDictionary()
"""The forms of secrets that each config guard accepts, for all checks of this process."""

_compiled: Final[WeakKeyDictionary[Guard[Any], tuple[object, Callable[[object], bool]]]] = WeakKeyDictionary()
"""The schema that each config guard publishes, and which values it accepts."""


class ConnectorUnderTest:
    """A connector with a provider of its own, and the configs and messages that it accepts.

    Args:
        spec: the connector and what its author declares about it.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        forms = _forms.setdefault(spec.connector.config_guard, {})
        self.canaries = Canaries(self.accepts, spec.make_secret, forms)
        self.provider = spec.provider()
        self.provider.new_secret = self.canaries.make
        self.logto = LogtoCallbacks(default_template=lambda: _MANAGED if self.is_managed_only else None)
        self._code_lengths = [*_CODE_LENGTHS]

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

    def delete_connectors(self) -> None:
        """Delete the connectors here, where a destructor that hangs has a time limit; also those in a reference cycle."""
        for name in ("connector", "social"):
            vars(self).pop(name, None)
        if hasattr(self.spec.connector, "__del__"):
            gc.collect()

    @cached_property
    def connector(self) -> MessageConnector[Any, Any]:
        """The connector, if it sends messages; `send` sets its saved config and managed template."""
        made = self.make()
        if not isinstance(made, MessageConnector):
            raise CheckFailure(f"expected an e-mail or SMS connector, found {type(made).__name__}")
        return made

    @cached_property
    def has_own_texts(self) -> bool:
        """Whether no template is in the config or at the provider, so that texts are the connector's or Logto's."""
        return not self.spec.capabilities & TEMPLATE_SOURCES and self.spec.connector.type is not ConnectorType.SOCIAL

    @cached_property
    def is_managed_only(self) -> bool:
        """Whether the connector cannot send without a managed template; the first use tries it."""
        if not self.has_own_texts or "i18n-templates" not in self.spec.capabilities:
            return False
        calls = list(self.provider.calls)
        try:
            self.make(get_i18n_email_template=lambda *_: None).send_message(self.plain_message, self.config)
        except Exception as error:  # noqa: BLE001 - a wrong connector may raise anything
            return isinstance(error, ConnectorError) and error.code is ConnectorErrorCodes.TEMPLATE_NOT_FOUND
        finally:
            self.provider.calls[:] = calls
        return False

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
    def _is_valid(self) -> Callable[[object], bool]:
        schema, guard = self.schema, self.spec.connector.config_guard
        compiled = _compiled.get(guard)
        if compiled is None or compiled[0] != schema:
            compiled = _compiled[guard] = copy.deepcopy(schema), schema_predicate(schema)
        return compiled[1]

    def accepts(self, config: object) -> bool:
        """Return whether the published schema accepts a config; the connector is not consulted."""
        return self._is_valid(config)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The author's valid config, with the stub's address and a canary for each secret."""
        return self.canaries.plant(self._prepared, self.spec.secrets)

    @cached_property
    def _prepared(self) -> dict[str, Any]:
        return self.provider.prepare_config(copy.deepcopy(dict(self.spec.valid_config)))

    def is_address(self, path: tuple[str, ...]) -> bool:
        """Return whether the stub sets the value at a path of the config, as for its address.

        No check removes such a value, even if it is optional: the message would go to the real provider.
        """
        return bool(value_at(self._prepared, path) != value_at(dict(self.spec.valid_config), path))

    def secret_code(self) -> str:
        """Return a new canary as verification code."""
        code = free_text(self._code_lengths[0])
        self.canaries.add("the verification code", code)
        return code

    def shorten_codes(self) -> bool:
        """Make the codes of `secret_code` shorter, for providers that limit their length; return whether they are."""
        is_possible = len(self._code_lengths) > 1
        del self._code_lengths[: int(is_possible)]
        return is_possible

    def configs(self) -> SearchStrategy[dict[str, Any]]:
        """Draw variations of `config` that the schema accepts."""
        addresses = [key for key in self._prepared if self.is_address((key,))]
        return variations(self.config, self.schema, addresses).filter(self.accepts)

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
