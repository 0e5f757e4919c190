"""Base classes of connectors. The kit owns the sequence of a send; a subclass calls the provider."""

import inspect
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Protocol, TypeVar

from attrs import evolve, field, frozen

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.guards import Guard, email_template_details_guard, recipient_guard, validate_config
from connector_kit.mailbox import format_mailbox, parse_mailbox, parse_send_from, strip_header_control_chars
from connector_kit.messages import ContentType, EmailTemplateDetails, SendMessageData
from connector_kit.metadata import ConnectorMetadata, ConnectorType
from connector_kit.phone_numbers import e164
from connector_kit.plain_text import html_to_text
from connector_kit.settings import config_guard, example_config, form_items, secret_paths
from connector_kit.templates import TemplateName, get_config_template_by_type, replace_send_message_handlebars
from connector_kit.warning_rules import WarningRule
from connector_kit.wire import frozen_mapping

if TYPE_CHECKING:
    from connector_kit.social import (
        AuthorizationRequest,
        GetSession,
        SetSession,
        SocialUserInfo,
        TokenResponse,
        TokenResponseAndUserInfo,
    )

C = TypeVar("C")
"""The attrs class of a connector's config."""

M = TypeVar("M")
"""A composed message: an `Email`, an `Sms`, a `TemplateMessage`, or of an author's own class."""

GetConnectorConfig = Callable[[str], object]
"""Returns the saved config of the connector with the given id: any JSON value."""

GetI18nEmailTemplate = Callable[[str, Any], EmailTemplateDetails | Mapping[str, object] | None]
"""Returns the e-mail template that Logto manages for a message type and a locale, or ``None``."""

_log: Final = logging.getLogger(__name__)


def _frozen(config: Mapping[str, object]) -> Mapping[str, object]:
    return frozen_mapping(config)


def _frozen_names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@frozen
class Declaration:
    """What the conformance suite needs to test a connector: with it, ``connector-kit conformance ID`` works.

    Args:
        provider: the name of the provider's stub in the entry-point group ``connector_kit.providers``.
        valid_config: a config that the guard accepts and that can send. The suite replaces its secrets. By default, it
            consists of the first example of each setting of ``config_class``.
        capabilities: what the connector can do; names from ``conformance.spec.CAPABILITIES``.
        secrets: the config keys that hold secrets; by default the settings of ``config_class`` that are secrets.
        local_settings: config keys that change no request, such as a time limit or a log switch, each with the reason.
    """

    provider: str
    valid_config: Mapping[str, object] = field(default={}, repr=False, converter=_frozen)
    capabilities: frozenset[str] = field(default=(), converter=_frozen_names)
    secrets: tuple[str, ...] = ()
    local_settings: Mapping[str, str] = field(default={}, converter=_frozen)


_SYNCHRONOUS: Final = (
    "compose",
    "deliver",
    "get_access_token_by_refresh_token",
    "get_authorization_uri",
    "get_token_response_and_user_info",
    "get_usage",
    "get_user_info",
    "read_config",
    "send_message",
    "validate_saml_assertion",
)
"""The methods that subclasses override and that hosts call."""


def _check_synchronous(result: object, what: str) -> None:
    """Raise `ConnectorError` for an awaitable, and close it, so that Python does not warn that nobody awaits it."""
    if not inspect.isawaitable(result):
        return
    for name in ("close", "cancel"):  # of a coroutine, or of a future or task
        end = getattr(result, name, None)
        if end is not None:
            end()
            break
    raise ConnectorError(
        ConnectorErrorCodes.GENERAL,
        f"{what} returned a {type(result).__name__}, but connectors are synchronous: nothing was done. "
        "Use `def` instead of `async def`, or run the coroutine inside, for example with asyncio.run.",
    )


def _synchronous(method: Callable[..., Any], what: str) -> Callable[..., Any]:
    @wraps(method)
    def checked(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        _check_synchronous(result, what)
        return result

    return checked


class Connector(ABC, Generic[C]):
    """Base class of all connectors. The class is the factory: calling it equals upstream's ``createConnector``.

    Constructing a connector reads no config and opens no connection. Connectors are synchronous and thread-safe. An
    asynchronous host calls them in worker threads, because provider clients such as botocore block.

    Args:
        get_config: returns the saved config for a connector id; called on each send.
        get_cloud_service_client: returns a client of Logto Cloud's services, for connectors that use them.
        get_i18n_email_template: returns a template that Logto manages; for e-mail connectors.
    """

    type: ClassVar[ConnectorType]
    metadata: ClassVar[ConnectorMetadata]
    config_class: ClassVar[Any]
    """The attrs class of the config. From it come the guard and the form, and the secrets and the valid config of the
    declaration, where the connector's class has none of its own; see `connector_kit.settings`."""
    config_guard: ClassVar[Guard[Any]]
    config_warnings: ClassVar[tuple[WarningRule, ...]] = ()
    """The connector's own warning rules, besides those of all connectors."""
    declaration: ClassVar[Declaration | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Derive what follows from ``config_class``, and let methods that return an awaitable raise `ConnectorError`.

        A host would report that as sent.
        """
        super().__init_subclass__(**kwargs)
        if "config_class" in cls.__dict__:
            _derive_from_config_class(cls)
        for name in _SYNCHRONOUS:
            method = cls.__dict__.get(name)
            if inspect.isfunction(method):
                setattr(cls, name, _synchronous(method, f"{cls.__name__}.{name}"))

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
        """Return the validated config of this call: the one given, or else the saved one.

        Raises:
            ConnectorError: ``invalid_config`` with the issues; ``general`` if ``get_config`` is asynchronous. Errors of
                ``get_config`` propagate.
        """
        chosen = config
        if chosen is None:
            chosen = self.get_config(self.metadata.id)
            _check_synchronous(chosen, "get_config")
        accepted: C = validate_config(chosen, self.config_guard)
        return accepted


def _derive_from_config_class(cls: Any) -> None:
    """Set the guard and the form of a connector, and complete its declaration."""
    own, config_class = cls.__dict__, cls.config_class
    if "config_guard" not in own:
        name = own["metadata"].name["en"] if "metadata" in own else cls.__name__
        cls.config_guard = config_guard(config_class, title=f"{name} config", warnings=cls.config_warnings)
    if "metadata" in own and cls.metadata.form_items is None:
        cls.metadata = evolve(cls.metadata, form_items=form_items(config_class))
    declaration = own.get("declaration")
    if declaration is not None:
        secrets = declaration.secrets or secret_paths(config_class)
        valid_config = declaration.valid_config or example_config(config_class)
        cls.declaration = evolve(declaration, secrets=secrets, valid_config=valid_config)


def _not_implemented(connector: object, what: str) -> ConnectorError:
    return ConnectorError(ConnectorErrorCodes.NOT_IMPLEMENTED, f"{type(connector).__name__} does not implement {what}.")


class MessageConnector(Connector[C], Generic[C, M]):
    """Base class of e-mail and SMS connectors: the sequence of a send."""

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Send one message.

        Reads and validates the config, calls `compose` to choose and render the template, and `deliver` to call the
        provider. A connector that forwards messages unchanged overrides this method and implements neither.

        Args:
            data: the message, as a `SendMessageData` or its JSON.
            config: an unsaved config, as from Console's "Send" button. ``get_config`` is then not called.

        Returns:
            The result of `deliver`.

        Raises:
            ConnectorError: ``invalid_request_parameters``, ``invalid_config``, ``template_not_found``, or an error of
                `deliver`.
        """
        message = _read_message(data)
        settings = self.read_config(config)
        return self.deliver(settings, self.compose(settings, message))

    @abstractmethod
    def compose(self, config: C, message: SendMessageData) -> M:
        """Choose the template of a message and render it, without sending.

        Raises:
            ConnectorError: ``template_not_found``.
        """

    def deliver(self, config: C, message: M, /) -> object:
        """Send a rendered message with one call to the provider, and return its result.

        Raise ``ConnectorError`` for every failure. Translate the provider's exceptions in one place.
        """
        raise _not_implemented(self, "deliver")

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return the number of messages sent since a point in time. Optional.

        Raises:
            ConnectorError: ``not_implemented``, unless the connector overrides this method.
        """
        raise _not_implemented(self, "get_usage")


@cache
def _control_characters() -> re.Pattern[str]:
    """Return the pattern of `recipient_guard`, whose validator takes 12 times as long."""
    return re.compile(recipient_guard.schema["not"]["pattern"])


def _read_message(data: SendMessageData | Mapping[str, object]) -> SendMessageData:
    message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
    if _control_characters().search(message.to):
        # Without control characters it would be another address; with them it could inject a header.
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
            {"message": "Message data: `to` must be one line without control characters."},
        )
    return message


def _config_template(config: object, message: SendMessageData) -> Any:
    template = get_config_template_by_type(message.type, config)
    if template is None:
        raise ConnectorError(
            ConnectorErrorCodes.TEMPLATE_NOT_FOUND,
            f"The config has no template for the type {message.type} or for Generic.",
        )
    return template


class ComposedMessage(Protocol):
    """What ``compose`` returns for one message: an `Email`, an `Sms`, a `TemplateMessage`, or of an author's own class."""

    @property
    def to(self) -> str:
        """The recipient, as Logto sent it."""

    @property
    def data(self) -> SendMessageData:
        """The message to send, as Logto sent it."""


def _header_text(value: str | None) -> str | None:
    return strip_header_control_chars(value or "") or None


@frozen
class Email:
    """A rendered e-mail, not yet encoded for a provider. Connectors send `html` and `text`, each if it is not ``None``.

    Args:
        to: the recipient's address, as Logto sent it.
        subject: rendered, without control characters: a line break would end the header.
        body: rendered; HTML or plain text, as ``content_type`` declares.
        content_type: ``text/html`` or ``text/plain``.
        reply_to: rendered, without control characters; ``None`` unless Logto manages the template and it has one.
        send_from: rendered; a mailbox, or a display name only. ``None`` unless Logto manages the template.
        template: the source: a template of the config, or an `EmailTemplateDetails`.
        data: the message to send, as Logto sent it.
    """

    to: str
    subject: str = field(repr=False, converter=strip_header_control_chars)
    body: str = field(repr=False)
    content_type: ContentType
    reply_to: str | None = field(repr=False, converter=_header_text)
    send_from: str | None = field(repr=False)
    template: object = field(repr=False)
    data: SendMessageData = field(repr=False)

    @property
    def html(self) -> str | None:
        """The body, if it is HTML; otherwise ``None``."""
        return self.body if self.content_type == "text/html" else None

    @property
    def text(self) -> str | None:
        """The body, if it is plain text; otherwise the text of the HTML, with the addresses of its links.

        ``None``, if the HTML has no text.
        """
        return self.body if self.content_type == "text/plain" else html_to_text(self.body) or None

    def sender(self, default: str) -> str:
        """Return the mailbox to send from: that of the managed template, or else the config's.

        A managed template may have a display name only, which then gets the config's address.

        Args:
            default: the mailbox in the config, such as ``Acme <noreply@acme.com>``.
        """
        if self.send_from is None:
            return default
        own = parse_mailbox(default)
        mailbox = parse_send_from(self.send_from, own.email, own.name)
        return format_mailbox(mailbox.email, mailbox.name)


class EmailConnector(MessageConnector[C, Email]):
    """Base class of e-mail connectors. A subclass has ``metadata``, ``config_guard`` and ``deliver(config, email)``."""

    type: ClassVar[ConnectorType] = ConnectorType.EMAIL

    def compose(self, config: C, message: SendMessageData) -> Email:
        """Render the template that Logto manages, or else the one of the config for this usage type.

        Raises:
            ConnectorError: ``template_not_found``.
        """
        template = self._i18n_template(message) or _config_template(config, message)
        return _render_email(message, template)

    def _i18n_template(self, message: SendMessageData) -> EmailTemplateDetails | None:
        """Return the template that Logto manages. After any failure return ``None``: the config's template is used."""
        if self.get_i18n_email_template is None:
            return None
        try:
            found = self.get_i18n_email_template(message.type, message.payload.locale)
            if found is None or isinstance(found, EmailTemplateDetails):
                return found
            _check_synchronous(found, "get_i18n_email_template")
            return email_template_details_guard.validate(_without_invalid_options(found))
        except Exception as error:  # noqa: BLE001 - clause K3: any failure means "no managed template"
            _log.warning(
                "The managed template for %s failed with %s; using the config's template.",
                message.type,
                type(error).__name__,
            )
            return None


def _without_invalid_options(template: Any) -> Any:
    """Return a managed template without the optional members that are invalid: they must not prevent the message."""
    issues = email_template_details_guard.issues(template)
    invalid = {issue.location[0] for issue in issues if issue.severity == "error" and issue.location}
    invalid -= {"subject", "content"}
    return {key: member for key, member in template.items() if key not in invalid} if invalid else template


_PLAIN: Final = EmailTemplateDetails(subject="", content="")
"""The optional members of a template of the config, which has only subject and content, and perhaps a content type."""


def _render_email(message: SendMessageData, template: Any) -> Email:
    payload = message.payload
    managed = template if isinstance(template, EmailTemplateDetails) else _PLAIN
    return Email(
        to=message.to,
        subject=replace_send_message_handlebars(template.subject, payload),
        body=replace_send_message_handlebars(template.content, payload),
        content_type=getattr(template, "content_type", None) or "text/html",
        reply_to=managed.reply_to and replace_send_message_handlebars(managed.reply_to, payload),
        send_from=managed.send_from and replace_send_message_handlebars(managed.send_from, payload),
        template=template,
        data=message,
    )


@frozen
class Sms:
    """A rendered text message.

    Args:
        to: the recipient's number, as Logto sent it.
        content: rendered.
        template: the template of the config.
        data: the message to send, as Logto sent it.
    """

    to: str
    content: str = field(repr=False)
    template: object = field(repr=False)
    data: SendMessageData = field(repr=False)

    @property
    def e164(self) -> str:
        """The recipient's number in E.164 form, such as ``+4915112345678``; see `connector_kit.e164`.

        Raises:
            ConnectorError: ``invalid_request_parameters`` if it cannot be a phone number.
        """
        return e164(self.to)


class SmsConnector(MessageConnector[C, Sms]):
    """Base class of SMS connectors. A subclass has ``metadata``, ``config_guard`` and ``deliver(config, sms)``."""

    type: ClassVar[ConnectorType] = ConnectorType.SMS

    def compose(self, config: C, message: SendMessageData) -> Sms:
        """Render the template of the config for this usage type. Logto manages no templates for text messages.

        Raises:
            ConnectorError: ``template_not_found``.
        """
        template = _config_template(config, message)
        content = replace_send_message_handlebars(template.content, message.payload)
        return Sms(message.to, content, template, message)


@frozen
class TemplateMessage:
    """A message from a template that the provider stores.

    Args:
        to: the recipient, as Logto sent it.
        template: the one of the config, with its name at the provider.
        data: the message to send, as Logto sent it.
    """

    to: str
    template: TemplateName
    data: SendMessageData = field(repr=False)

    @property
    def variables(self) -> dict[str, object]:
        """What the template receives: all variables of the message, by name, as JSON."""
        return dict(self.data.payload)


class _TemplateConnector(MessageConnector[C, TemplateMessage]):
    def compose(self, config: C, message: SendMessageData) -> TemplateMessage:
        """Choose the config's template for this usage type; the provider renders it. Logto's templates are not used.

        Raises:
            ConnectorError: ``template_not_found``.
        """
        return TemplateMessage(message.to, _config_template(config, message), message)


class TemplateEmailConnector(_TemplateConnector[C]):
    """Base class of e-mail connectors whose provider stores the templates; see `connector_kit.template_names`.

    A subclass has ``metadata``, ``config_class`` and ``deliver(config, message)``.
    """

    type: ClassVar[ConnectorType] = ConnectorType.EMAIL


class TemplateSmsConnector(_TemplateConnector[C]):
    """Base class of SMS connectors whose provider stores the templates; see `TemplateEmailConnector`."""

    type: ClassVar[ConnectorType] = ConnectorType.SMS


class SocialConnector(Connector[C]):
    """Base class of social connectors, which sign users in at a provider."""

    type: ClassVar[ConnectorType] = ConnectorType.SOCIAL

    @abstractmethod
    def get_authorization_uri(self, request: "AuthorizationRequest", set_session: "SetSession") -> str:
        """Return the URL at which the user signs in. Store in the session what the callback needs."""

    @abstractmethod
    def get_user_info(self, data: object, get_session: "GetSession") -> "SocialUserInfo":
        """Return the user that the callback's data identifies. The data is any JSON value."""

    def get_token_response_and_user_info(self, data: object, get_session: "GetSession") -> "TokenResponseAndUserInfo":
        """Return the user and the provider's tokens; for connectors with ``is_token_storage_supported``.

        Raises:
            ConnectorError: ``not_implemented``, unless the connector overrides this method.
        """
        raise _not_implemented(self, "get_token_response_and_user_info")

    def get_access_token_by_refresh_token(self, refresh_token: str) -> "TokenResponse":
        """Return new tokens for a refresh token; for connectors with ``is_token_storage_supported``.

        Raises:
            ConnectorError: ``not_implemented``, unless the connector overrides this method.
        """
        raise _not_implemented(self, "get_access_token_by_refresh_token")

    def validate_saml_assertion(
        self,
        assertion: Mapping[str, object],
        get_session: "GetSession",
        set_session: "SetSession",
    ) -> str:
        """Return the URL to redirect the user to after a SAML assertion; for SAML connectors.

        Raises:
            ConnectorError: ``not_implemented``, unless the connector overrides this method.
        """
        raise _not_implemented(self, "validate_saml_assertion")
