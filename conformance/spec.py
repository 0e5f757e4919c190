"""The Spec: what the suite must know about a connector."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from attrs import field, frozen

from conformance.providers.base import Provider
from conformance.secret_forms import new_form
from conformance.secret_paths import Place, nested_secret_places, path_to, value_at, with_value
from connector_kit import Connector
from connector_kit.discovery import check_connector_class
from connector_kit.redaction import is_secret_name, secret_keys
from connector_kit.suggestions import did_you_mean

PROVIDER_GROUP: Final = "connector_kit.providers"
"""The group of entry points in which packages register the stubs of their providers."""

CAPABILITIES: Final[Mapping[str, str]] = {
    "config-templates": "its templates are in the config, each with a usageType",
    "html": "it sends HTML bodies, alone or with a text alternative",
    "i18n-templates": "it uses the templates that Logto manages, through get_i18n_email_template",
    "layout": "it puts a layout around the content of a template: a header, footer, preheader, or inlined CSS",
    "provider-templates": "its templates are at the provider: it forwards the type and payload of a message unchanged",
    "reply-to": "it uses the replyTo of a managed template",
    "send-from": "it uses the sendFrom of a managed template: a mailbox, an address, or only a display name",
    "sms": "it sends text messages: its type is Sms",
    "social": "it signs users in at a provider: its type is Social",
    "subject-prefix": "it puts a text of its own before or after the subject of a template",
    "template-names": "its config names a template at the provider for each usageType",
    "text": "it sends plain text bodies: always, or for a managed template with contentType text/plain",
    "usage": "it reports how many messages were sent, through get_usage",
}
"""Every capability, and what a connector that declares it does."""

TEMPLATE_SOURCES: Final = frozenset({"config-templates", "template-names", "provider-templates"})
"""Where templates can be, apart from Logto. Without any, the texts are the connector's own, or Logto manages them."""


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


def marked_secrets(connector: type[Connector[Any]]) -> frozenset[str]:
    """Return the config keys that an author marks as secret in the declaration or in the form."""
    declared = connector.declaration.secrets if connector.declaration else ()
    items = connector.metadata.form_items or ()
    return frozenset((*declared, *(item.key for item in items if item.is_confidential or item.is_masked)))


@frozen
class Medium:
    """The limits of what carries the text of a message, such as a text message or the query of a URL.

    Within the limits, every text must arrive unchanged. Beyond them, a connector rejects the message with
    ``invalid_request_parameters`` or ``invalid_config`` and sends nothing; or it splits a long text into several
    messages, and replaces characters.

    Args:
        max_length: the length of the longest text; ``None`` means no limit.
        characters: the characters that it can carry, or a function that decides about one; ``None`` means all.
        size: returns the length of a text, if that is not its number of characters.
    """

    max_length: int | None = None
    characters: str | Callable[[str], bool] | None = None
    size: Callable[[str], int] = len

    def carries(self, character: str) -> bool:
        """Return whether it can carry a character."""
        if self.characters is None:
            return True
        return character in self.characters if isinstance(self.characters, str) else self.characters(character)

    def holds(self, text: str) -> bool:
        """Return whether a text is not too long."""
        return self.max_length is None or self.size(text) <= self.max_length


@frozen
class Spec:
    """A connector, and what the suite must know to test it.

    Args:
        connector: the class.
        valid_config: a config that the connector's guard accepts and with which it can send.
        provider: makes the stub of its provider; each check gets a new one.
        capabilities: what the connector can do: names of `CAPABILITIES`. A check that requires another does not apply.
        secrets: where the config has secrets: ``apiKey``, ``auth.token``, ``keys[]``, ``accounts[].token``. The default
            is the rule of `connector_kit.redaction.secret_keys`, at any depth: the keys that the declaration lists,
            confidential form items, and keys with a name such as ``apiToken``.
        local_settings: config keys that change no request, such as a time-out or a log switch, each with the reason;
            a path such as ``http.timeout`` for a nested key.
        expected_failures: check ids, each with the reason why the connector fails it. If such a check passes, that is
            an error.
        medium: the limits of the medium, such as the length and the characters of text messages.
        make_secret: by path, a function that makes another secret. Needed only where no variation of the valid
            config's value will do, such as for a key with a check digit.

    Raises:
        SpecError: a capability does not exist.
    """

    connector: type[Connector[Any]]
    valid_config: Mapping[str, Any] = field(repr=False)
    provider: Callable[[], Provider]
    capabilities: frozenset[str] = field(converter=_frozen_names, validator=_known_capabilities)
    secrets: tuple[str, ...] = field()
    local_settings: Mapping[str, str] = field(factory=dict)
    expected_failures: Mapping[str, str] = field(factory=dict)
    medium: Medium | None = None
    make_secret: Mapping[str, Callable[[], Any]] = field(factory=dict, kw_only=True)

    @secrets.default
    def _default_secrets(self) -> tuple[str, ...]:
        marked, named = marked_secrets(self.connector), secret_keys(self.connector, self.valid_config)

        def is_secret(place: Place) -> bool:
            """Return whether a value under a secret name is a secret; a choice such as ``auth: "login"`` is not."""
            is_text = isinstance(value_at(self.valid_config, place), str)
            return place[0] in marked or (is_text and self.can_vary(place))

        places = [*nested_secret_places(self.valid_config, lambda key: key in named or is_secret_name(key))]
        public = {key for key in self.valid_config if is_secret_name(key)} - named - marked
        found = (path_to(place) for place in places if place[0] not in public and is_secret(place))
        return _DefaultSecrets(dict.fromkeys(found))

    def can_vary(self, place: Place) -> bool:
        """Return whether the guard accepts another value at a place of the valid config."""
        guard, config = self.connector.config_guard, self.valid_config
        form = new_form(value_at(config, place), lambda it: guard.is_valid(with_value(config, place, it)))
        return form is not None

    def is_marked_secret(self, key: str) -> bool:
        """Return whether the author marks a key as secret: in the Spec, the declaration or the form."""
        return not isinstance(self.secrets, _DefaultSecrets) or key.partition(".")[0].removesuffix(
            "[]"
        ) in marked_secrets(self.connector)

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
        local_settings=dict(declared.local_settings),
    )
