"""The connectors themselves: the kit owns the sequence of a send, an author's subclass talks to the provider."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

from attrs import field, frozen

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.guards import Guard, email_template_details_guard, validate_config
from connector_kit.mailbox import strip_header_control_chars
from connector_kit.messages import ContentType, EmailTemplateDetails, SendMessageData
from connector_kit.metadata import ConnectorMetadata, ConnectorType
from connector_kit.social import (
    AuthorizationRequest,
    GetSession,
    SetSession,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
)
from connector_kit.templates import get_config_template_by_type, replace_send_message_handlebars
from connector_kit.wire import frozen_mapping

C = TypeVar("C")
"""The attrs class of a connector's config."""

M = TypeVar("M")
"""A finished message: an `Email` or an `Sms`."""

GetConnectorConfig = Callable[[str], object]
"""Given a connector's id, returns its saved config: any JSON value."""

GetI18nEmailTemplate = Callable[[str, Any], EmailTemplateDetails | Mapping[str, object] | None]
"""Given a message's type and locale, returns the e-mail template that Logto manages for them, if there is one."""

_log: Final = logging.getLogger(__name__)


def _frozen(config: Mapping[str, object]) -> Mapping[str, object]:
    return frozen_mapping(config)


def _frozen_names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@frozen
class Declaration:
    """What a connector states of itself, so that ``connector-kit conformance ID`` needs nothing else.

    Args:
        provider: the stub of its provider, by name in the entry-point group ``connector_kit.providers``.
        valid_config: a config that its guard accepts and that can send; secrets are replaced before it is used.
        capabilities: what it can do, of the suite's published names.
        secrets: the config keys that hold secrets.
    """

    provider: str
    valid_config: Mapping[str, object] = field(repr=False, converter=_frozen)
    capabilities: frozenset[str] = field(converter=_frozen_names)
    secrets: tuple[str, ...] = ()


class Connector(ABC, Generic[C]):
    """What every connector has. The class itself is the factory: calling it is upstream's ``createConnector``.

    Making one reads no config and opens nothing. Connectors are synchronous and safe to share between threads; an
    asynchronous host calls them in a worker thread, because provider clients such as botocore block.

    Args:
        get_config: how to get the saved config, by connector id; called on each send.
        get_cloud_service_client: how to reach Logto Cloud's own services, for connectors that use them.
        get_i18n_email_template: how to get a template that Logto manages; e-mail connectors only.
    """

    type: ClassVar[ConnectorType]
    metadata: ClassVar[ConnectorMetadata]
    config_guard: ClassVar[Guard[Any]]
    declaration: ClassVar[Declaration | None] = None

    def __init__(
        self,
        *,
        get_config: GetConnectorConfig,
        get_cloud_service_client: Callable[[], object] | None = None,
        get_i18n_email_template: GetI18nEmailTemplate | None = None,
    ) -> None:
        self.get_config = get_config
        self.get_cloud_service_client = get_cloud_service_client
        self.get_i18n_email_template = get_i18n_email_template

    def read_config(self, config: object = None) -> C:
        """Return the config of this call: the one given, or else the saved one.

        Raises:
            ConnectorError: ``invalid_config`` with the issues. What ``get_config`` raises passes through.
        """
        chosen = self.get_config(self.metadata.id) if config is None else config
        accepted: C = validate_config(chosen, self.config_guard)
        return accepted


def _not_implemented(connector: object, what: str) -> ConnectorError:
    return ConnectorError(ConnectorErrorCodes.NOT_IMPLEMENTED, f"{type(connector).__name__} does not implement {what}.")


class MessageConnector(Connector[C], Generic[C, M]):
    """What e-mail and SMS connectors share: the sequence of a send."""

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Send one message.

        The config is read and validated, `compose` routes and renders, and `deliver` makes the one call to the
        provider. A connector that forwards messages as they are overrides this and needs neither.

        Args:
            data: what to send, as a `SendMessageData` or its JSON.
            config: an unsaved config, as Logto's "Send" gives; ``get_config`` is then not called.

        Returns:
            What `deliver` returns.

        Raises:
            ConnectorError: ``invalid_request_parameters``, ``invalid_config``, ``template_not_found``, or what
                `deliver` raises.
        """
        message = _read_message(data)
        settings = self.read_config(config)
        return self.deliver(settings, self.compose(settings, message))

    @abstractmethod
    def compose(self, config: C, message: SendMessageData) -> M:
        """Route and render a message, and send nothing.

        Raises:
            ConnectorError: ``template_not_found``.
        """

    def deliver(self, config: C, message: M, /) -> object:
        """Hand a finished message to the provider: the one call, and what it returns.

        Raise ``ConnectorError`` for every failure, and translate the provider's own exceptions in one place.
        """
        raise _not_implemented(self, "deliver")

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return how many messages were sent since a moment; optional.

        Raises:
            ConnectorError: ``not_implemented``, unless a connector overrides it.
        """
        raise _not_implemented(self, "get_usage")


def _read_message(data: SendMessageData | Mapping[str, object]) -> SendMessageData:
    message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
    if strip_header_control_chars(message.to) != message.to:
        # Stripping them would make it somebody else's address; leaving them in could break out of a header.
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
            {"message": "Message data: to must be one line, without control characters."},
        )
    return message


def _config_template(config: object, message: SendMessageData) -> Any:  # noqa: ANN401 - any class of template
    template = get_config_template_by_type(message.type, config)
    if template is None:
        raise ConnectorError(
            ConnectorErrorCodes.TEMPLATE_NOT_FOUND,
            f"There is no template for the type {message.type}, and none for Generic.",
        )
    return template


@frozen
class Email:
    """An e-mail that is ready to go: routed and rendered, not yet encoded for any provider.

    Args:
        to: the recipient's address, as Logto gave it.
        subject: rendered.
        body: rendered.
        content_type: what the body is.
        reply_to: rendered; from templates that Logto manages.
        send_from: rendered; a mailbox or a display name alone; from templates that Logto manages.
        template: what it was made from: a template of the config, or an `EmailTemplateDetails`.
        data: the message that Logto asked for.
    """

    to: str
    subject: str = field(repr=False)
    body: str = field(repr=False)
    content_type: ContentType
    reply_to: str | None = field(repr=False)
    send_from: str | None = field(repr=False)
    template: object = field(repr=False)
    data: SendMessageData = field(repr=False)


class EmailConnector(MessageConnector[C, Email]):
    """An e-mail connector: give it ``metadata``, a ``config_guard`` and ``deliver(config, email)``."""

    type: ClassVar[ConnectorType] = ConnectorType.EMAIL

    def compose(self, config: C, message: SendMessageData) -> Email:
        """Take the template that Logto manages, or else the config's own by usage type, and fill it in.

        Raises:
            ConnectorError: ``template_not_found``.
        """
        template = self._i18n_template(message) or _config_template(config, message)
        return _render_email(message, template)

    def _i18n_template(self, message: SendMessageData) -> EmailTemplateDetails | None:
        """Ask Logto for a template; whatever goes wrong with it, the config's own is there to fall back on."""
        if self.get_i18n_email_template is None:
            return None
        try:
            found = self.get_i18n_email_template(message.type, message.payload.locale)
            if found is None or isinstance(found, EmailTemplateDetails):
                return found
            if not email_template_details_guard.is_valid(found):
                # Subject and content are what the message needs; what stands beside them must not cost it.
                found = {key: found[key] for key in ("subject", "content")}
            return email_template_details_guard.validate(found)
        except Exception as error:  # noqa: BLE001 - the contract: any failure here means "no such template"
            _log.warning("No i18n template for %s: %s; using the config's.", message.type, type(error).__name__)
            return None


_PLAIN: Final = EmailTemplateDetails(subject="", content="")
"""Stands for what a template of the config has beside subject and content: nothing."""


def _render_email(message: SendMessageData, template: Any) -> Email:  # noqa: ANN401 - any class of config template
    payload = message.payload
    managed = template if isinstance(template, EmailTemplateDetails) else _PLAIN
    return Email(
        to=message.to,
        subject=replace_send_message_handlebars(template.subject, payload),
        body=replace_send_message_handlebars(template.content, payload),
        content_type=managed.content_type or "text/html",
        reply_to=managed.reply_to and replace_send_message_handlebars(managed.reply_to, payload),
        send_from=managed.send_from and replace_send_message_handlebars(managed.send_from, payload),
        template=template,
        data=message,
    )


@frozen
class Sms:
    """A text message that is ready to go: routed and rendered.

    Args:
        to: the recipient's number, as Logto gave it.
        content: rendered.
        template: the config's template that it was made from.
        data: the message that Logto asked for.
    """

    to: str
    content: str = field(repr=False)
    template: object = field(repr=False)
    data: SendMessageData = field(repr=False)


class SmsConnector(MessageConnector[C, Sms]):
    """An SMS connector: give it ``metadata``, a ``config_guard`` and ``deliver(config, sms)``."""

    type: ClassVar[ConnectorType] = ConnectorType.SMS

    def compose(self, config: C, message: SendMessageData) -> Sms:
        """Take the config's template by usage type, and fill it in; Logto manages none for text messages.

        Raises:
            ConnectorError: ``template_not_found``.
        """
        template = _config_template(config, message)
        content = replace_send_message_handlebars(template.content, message.payload)
        return Sms(message.to, content, template, message)


class SocialConnector(Connector[C]):
    """A social connector: sends users to a provider, and learns who they are when they come back."""

    type: ClassVar[ConnectorType] = ConnectorType.SOCIAL

    @abstractmethod
    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Return where to send the user, and keep in the session what the callback will need."""

    @abstractmethod
    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return who the user is, from the callback's data: any JSON value."""

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Return the provider's tokens too; for connectors whose metadata says that tokens can be stored.

        Raises:
            ConnectorError: ``not_implemented``, unless a connector overrides it.
        """
        raise _not_implemented(self, "get_token_response_and_user_info")

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Return new tokens for a refresh token; for connectors whose metadata says that tokens can be stored.

        Raises:
            ConnectorError: ``not_implemented``, unless a connector overrides it.
        """
        raise _not_implemented(self, "get_access_token_by_refresh_token")

    def validate_saml_assertion(
        self,
        assertion: Mapping[str, object],
        get_session: GetSession,
        set_session: SetSession,
    ) -> str:
        """Return where to send the user after a SAML assertion; for SAML connectors.

        Raises:
            ConnectorError: ``not_implemented``, unless a connector overrides it.
        """
        raise _not_implemented(self, "validate_saml_assertion")
