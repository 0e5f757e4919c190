"""What an author says of a connector, so that the suite can judge it."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any, Final

from attrs import evolve, field, frozen

from conformance.provider import Provider
from connector_kit import Connector
from connector_kit.discovery import check_connector_class

PROVIDER_GROUP: Final = "connector_kit.providers"

CAPABILITIES: Final[Mapping[str, str]] = {
    "config-templates": "its templates stand in the config, each with a usageType",
    "html": "it sends bodies as HTML",
    "i18n-templates": "it takes the templates that Logto manages, through get_i18n_email_template",
    "provider-templates": "its templates stand at the provider: it forwards a message's type and payload as they are",
    "reply-to": "it honours a managed template's replyTo",
    "send-from": "it honours a managed template's sendFrom: a mailbox, an address, or a display name alone",
    "sms": "it sends text messages: its type is Sms",
    "social": "it signs users in at a provider: its type is Social",
    "template-names": "its config names, for each usageType, a template that stands at the provider",
    "text": "it sends plain text: always, or a managed template of contentType text/plain",
    "usage": "it tells how many messages were sent, through get_usage",
}
"""Every capability, and what declaring it promises."""


class SpecError(ValueError):
    """A Spec says something that cannot be; the message says what to do."""


def _known_capabilities(_: object, __: object, names: frozenset[str]) -> None:
    for name in sorted(names - CAPABILITIES.keys()):
        near = get_close_matches(name, CAPABILITIES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SpecError(f"There is no capability {name!r}.{hint} The names are: {', '.join(sorted(CAPABILITIES))}.")


def _frozen_names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@frozen
class Spec:
    """A connector, and what the suite has to know of it.

    Args:
        connector: the class.
        valid_config: a config that its guard accepts and that can send.
        provider: makes the stub of its provider, one a check.
        capabilities: what it can do: names of `CAPABILITIES`. A check that needs one it lacks does not apply.
        secrets: the config keys that hold secrets. Where it is left out: the confidential form items, and the keys
            that Console masks by their name, ending in ``Key`` or ``Secret``.
        expected_failures: by check id, why the connector is known to fail it. One that passes is an error.

    Raises:
        SpecError: an unknown capability.
    """

    connector: type[Connector[Any]]
    valid_config: Mapping[str, Any] = field(repr=False)
    provider: Callable[[], Provider]
    capabilities: frozenset[str] = field(converter=_frozen_names, validator=_known_capabilities)
    secrets: tuple[str, ...] = field()
    expected_failures: Mapping[str, str] = field(factory=dict)

    @secrets.default
    def _confidential_keys(self) -> tuple[str, ...]:
        items = self.connector.metadata.form_items or ()
        masked = {
            item.key
            for item in items
            if item.is_confidential or (item.is_confidential is None and item.key.endswith(("Key", "Secret")))
        }
        return tuple(key for key in self.valid_config if key in masked)

    @property
    def name(self) -> str:
        """What a report calls the connector."""
        return self.connector.metadata.id

    @property
    def runs_in(self) -> str | None:
        """Where the connector runs, if that is not this Python: ``Node.js``; what is Python's alone does not apply."""
        where: str | None = getattr(self.connector, "runs_in", None)
        return where


def spec_of(connector: type[Connector[Any]]) -> Spec:
    """Make the Spec of a connector from what it declares of itself.

    Raises:
        SpecError: it declares nothing, or names a provider that is not installed.
        ConnectorError: it is no connector.
    """
    check_connector_class(connector)
    declared = connector.declaration
    if declared is None:
        raise SpecError(
            f"{connector.__name__} has no declaration, so the suite does not know its provider or a valid config. "
            "Give it `declaration = Declaration(...)`, or name a Spec of yours as package.module:spec.",
        )
    installed = {point.name: point for point in entry_points(group=PROVIDER_GROUP)}
    if declared.provider not in installed:
        raise SpecError(
            f"{connector.__name__} names the provider {declared.provider!r}, which is not installed. "
            f"Installed: {', '.join(sorted(installed)) or 'none'}.",
        )
    spec = Spec(
        connector=connector,
        valid_config=dict(declared.valid_config),
        provider=installed[declared.provider].load(),
        capabilities=declared.capabilities,
    )
    return evolve(spec, secrets=declared.secrets) if declared.secrets else spec
