"""The Spec: what the suite must know about a connector."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from attrs import field, frozen

from conformance.providers.base import Provider
from connector_kit import Connector
from connector_kit.discovery import check_connector_class
from connector_kit.redaction import secret_keys
from connector_kit.suggestions import did_you_mean

PROVIDER_GROUP: Final = "connector_kit.providers"
"""The group of entry points in which packages register the stubs of their providers."""

CAPABILITIES: Final[Mapping[str, str]] = {
    "config-templates": "its templates are in the config, each with a usageType",
    "html": "it sends HTML bodies",
    "i18n-templates": "it uses the templates that Logto manages, through get_i18n_email_template",
    "provider-templates": "its templates are at the provider: it forwards the type and payload of a message unchanged",
    "reply-to": "it uses the replyTo of a managed template",
    "send-from": "it uses the sendFrom of a managed template: a mailbox, an address, or only a display name",
    "sms": "it sends text messages: its type is Sms",
    "social": "it signs users in at a provider: its type is Social",
    "template-names": "its config names a template at the provider for each usageType",
    "text": "it sends plain text bodies: always, or for a managed template with contentType text/plain",
    "usage": "it reports how many messages were sent, through get_usage",
}
"""Every capability, and what a connector that declares it does."""


class SpecError(ValueError):
    """A Spec cannot be used; the message states the remedy."""


def _known_capabilities(_: object, __: object, names: frozenset[str]) -> None:
    for name in sorted(names - CAPABILITIES.keys()):
        raise SpecError(
            f"There is no capability {name!r}{did_you_mean(name, CAPABILITIES)}. "
            f"The capabilities are: {', '.join(sorted(CAPABILITIES))}."
        )


def _frozen_names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


class _DefaultSecrets(tuple[str, ...]):
    """The secrets of a Spec whose author names none."""

    __slots__ = ()


def _marked_secrets(connector: type[Connector[Any]]) -> frozenset[str]:
    declared = connector.declaration.secrets if connector.declaration else ()
    items = connector.metadata.form_items or ()
    return frozenset((*declared, *(item.key for item in items if item.is_confidential or item.is_masked)))


@frozen
class Spec:
    """A connector, and what the suite must know to test it.

    Args:
        connector: the class.
        valid_config: a config that the connector's guard accepts and with which it can send.
        provider: makes the stub of its provider; each check gets a new one.
        capabilities: what the connector can do: names of `CAPABILITIES`. A check that requires another does not apply.
        secrets: the config keys that hold secrets. The default is `connector_kit.redaction.secret_keys`: those that the
            declaration lists, confidential form items, and keys with a name such as ``apiToken``.
        expected_failures: check ids, each with the reason why the connector fails it. If such a check passes, that is
            an error.

    Raises:
        SpecError: a capability does not exist.
    """

    connector: type[Connector[Any]]
    valid_config: Mapping[str, Any] = field(repr=False)
    provider: Callable[[], Provider]
    capabilities: frozenset[str] = field(converter=_frozen_names, validator=_known_capabilities)
    secrets: tuple[str, ...] = field()
    expected_failures: Mapping[str, str] = field(factory=dict)

    @secrets.default
    def _default_secrets(self) -> tuple[str, ...]:
        marked, named = _marked_secrets(self.connector), secret_keys(self.connector, self.valid_config)
        found = (key for key in self.valid_config if key in marked or (key in named and self._may_be_any_text(key)))
        return _DefaultSecrets(found)

    def _may_be_any_text(self, key: str) -> bool:
        """Return whether a key may have any text as value; a choice such as ``auth: "login"`` is not a secret."""
        is_text = isinstance(self.valid_config[key], str)
        return is_text and self.connector.config_guard.is_valid({**self.valid_config, key: "A" * 32})

    def is_marked_secret(self, key: str) -> bool:
        """Return whether the author marks a key as secret: in the Spec, the declaration or the form."""
        return not isinstance(self.secrets, _DefaultSecrets) or key in _marked_secrets(self.connector)

    @property
    def name(self) -> str:
        """The connector's id, by which reports name it."""
        return self.connector.metadata.id

    @property
    def runs_in(self) -> str | None:
        """Where the connector runs if not in this Python: ``Node.js``. Checks about Python do not apply then."""
        where: str | None = getattr(self.connector, "runs_in", None)
        return where


def spec_of(connector: type[Connector[Any]]) -> Spec:
    """Make the Spec of a connector from its declaration.

    Raises:
        SpecError: the class has no declaration, or its provider is not installed.
        ConnectorError: the class is not a connector.
    """
    check_connector_class(connector)
    declared = connector.declaration
    if declared is None:
        raise SpecError(
            f"{connector.__name__} has no declaration, so the suite knows neither its provider nor a valid config. "
            "Add `declaration = Declaration(...)` to the class, or test a Spec by its name, package.module:spec.",
        )
    installed = {point.name: point for point in entry_points(group=PROVIDER_GROUP)}
    if declared.provider not in installed:
        raise SpecError(
            f"{connector.__name__} declares the provider {declared.provider!r}, which is not installed. "
            f"Installed providers: {', '.join(sorted(installed)) or 'none'}.",
        )
    return Spec(
        connector=connector,
        valid_config=dict(declared.valid_config),
        provider=installed[declared.provider].load(),
        capabilities=declared.capabilities,
    )
