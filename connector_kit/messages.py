"""Messages: their type, their payload, and the e-mail templates that Logto manages."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, Literal, get_args

from attrs import field, frozen
from attrs.validators import in_, instance_of, optional

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.issues import json_type
from connector_kit.wire import frozen_mapping, register_json_form


class TemplateType(StrEnum):
    """The purpose of a message. The ``usageType`` of a config template is one of these."""

    SIGN_IN = "SignIn"
    REGISTER = "Register"
    FORGOT_PASSWORD = "ForgotPassword"  # noqa: S105 - a kind of message, not a password
    ORGANIZATION_INVITATION = "OrganizationInvitation"
    GENERIC = "Generic"
    USER_PERMISSION_VALIDATION = "UserPermissionValidation"
    BIND_NEW_IDENTIFIER = "BindNewIdentifier"
    MFA_VERIFICATION = "MfaVerification"
    BIND_MFA = "BindMfa"


class VerificationCodeType(StrEnum):
    """Deprecated upstream, but still exported there. Use `TemplateType`."""

    SIGN_IN = "SignIn"
    REGISTER = "Register"
    FORGOT_PASSWORD = "ForgotPassword"  # noqa: S105 - a kind of message, not a password
    GENERIC = "Generic"
    USER_PERMISSION_VALIDATION = "UserPermissionValidation"
    BIND_NEW_IDENTIFIER = "BindNewIdentifier"
    TEST = "Test"


_PERSON: Final = ("id", "name", "avatar", "username", "primaryEmail", "primaryPhone", "profile")

LOGTO_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "code": (),
    "link": (),
    "locale": (),
    "uiLocales": (),
    "application": ("id", "name", "displayName", "branding"),
    "organization": ("id", "name", "branding"),
    "user": _PERSON,
    "inviter": _PERSON,
}
"""The variables that Logto sends, each with its members. A message has only some of them."""


def main_variable(usage_type: TemplateType) -> str:
    """Return ``"link"`` for invitations and ``"code"`` for all others: a message has one of the two."""
    return "link" if usage_type is TemplateType.ORGANIZATION_INVITATION else "code"


def may_have_variable(usage_type: TemplateType, name: str) -> bool:
    """Return whether Logto's messages of a type can have a variable. Most of the context variables are optional.

    Who sends an invitation through Logto's Management API chooses its variables (``messagePayload``), except for the code.
    """
    if name in {"code", "link"}:
        return name == main_variable(usage_type)
    return name in LOGTO_VARIABLES or (name != "" and usage_type is TemplateType.ORGANIZATION_INVITATION)


class SendMessagePayload(Mapping[str, object]):
    """The variables of a message: a read-only mapping. Logto defines some keys; others are allowed.

    Its ``repr`` shows the keys only, because a value may be a verification code.

    Args:
        values: any JSON object.

    Raises:
        ConnectorError: ``invalid_request_parameters`` if it is not an object.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        if not isinstance(values, Mapping):
            raise _wrong_parameter("Message data: `payload`", "an object", values)
        self._values = frozen_mapping(values)

    def __getitem__(self, key: str) -> object:
        """Return the variable with that name, or raise KeyError."""
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the variables."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return the number of variables."""
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        """Return whether a variable with that name exists."""
        return key in self._values

    def __repr__(self) -> str:
        """Return the names of the variables, without their values."""
        return f"SendMessagePayload({', '.join(map(repr, self._values))})"

    @property
    def code(self) -> object:
        """The verification code, for ``{{code}}``: a string, or ``None``."""
        return self._values.get("code")

    @property
    def link(self) -> object:
        """The link, for ``{{link}}``, such as an invitation: a string, or ``None``."""
        return self._values.get("link")

    @property
    def locale(self) -> object:
        """The language tag that Logto chose for this message, such as ``"pt-BR"``."""
        return self._values.get("locale")

    @property
    def ui_locales(self) -> object:
        """The ``ui_locales`` of the sign-in request: language tags by preference, separated by spaces."""
        return self._values.get("uiLocales")

    @property
    def application(self) -> object:
        """The application that the user signs in to: an object with ``id``, ``name``, ``displayName``, ``branding``."""
        return self._values.get("application")

    @property
    def organization(self) -> object:
        """The organization of an invitation or a sign-in: an object with ``id``, ``name``, ``branding``."""
        return self._values.get("organization")

    @property
    def user(self) -> object:
        """The user who receives the message: an object with ``id``, ``name``, ``primaryEmail`` and others."""
        return self._values.get("user")

    @property
    def inviter(self) -> object:
        """The user who sent an invitation: an object as ``user``."""
        return self._values.get("inviter")


register_json_form(SendMessagePayload, load=SendMessagePayload, dump=dict)


def _wrong_parameter(name: str, expected: str, found: object) -> ConnectorError:
    return ConnectorError(
        ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
        {"message": f"{name} must be {expected}, found {json_type(found)}."},
    )


def _payload(value: Mapping[str, object]) -> SendMessagePayload:
    return value if isinstance(value, SendMessagePayload) else SendMessagePayload(value)


_TEMPLATE_TYPES: Final = {str(member): member for member in TemplateType}


def _template_type(value: str) -> TemplateType | str:
    if not isinstance(value, str):
        raise _wrong_parameter("Message data: `type`", "a string", value)
    return _TEMPLATE_TYPES.get(value, value)


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise _wrong_parameter("Message data: `to`", "a string", value)
    return value


def _optional_text(value: str | None) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _wrong_parameter("Message data: `ip`", "a string", value)
    return value


@frozen
class SendMessageData:
    """One message for a connector to send.

    Args:
        to: an e-mail address, or a phone number: country code and number, digits only.
        type: the purpose of the message. A type that is newer than this kit stays a plain string.
        payload: the variables of the message.
        ip: the IP address of the user who requested it, if Logto knows it.

    Raises:
        ConnectorError: ``invalid_request_parameters`` if a member has the wrong JSON type.
    """

    to: str = field(converter=_text)
    type: TemplateType | str = field(converter=_template_type)
    payload: SendMessagePayload = field(converter=_payload)
    ip: str | None = field(default=None, converter=_optional_text)

    @classmethod
    def from_json(cls, value: object) -> "SendMessageData":
        """Return the message with the JSON ``{to, type, payload, ip?}``. Other members are ignored.

        Raises:
            ConnectorError: ``invalid_request_parameters`` if a member is missing or has the wrong JSON type.
        """
        if not isinstance(value, Mapping):
            raise _wrong_parameter("Message data", "an object", value)
        missing = [name for name in ("to", "type", "payload") if name not in value]
        if missing:
            raise ConnectorError(
                ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
                {"message": f"Message data: missing {', '.join(missing)}."},
            )
        return cls(to=value["to"], type=value["type"], payload=value["payload"], ip=value.get("ip"))


register_json_form(
    SendMessageData,
    load=SendMessageData.from_json,
    dump=lambda data: {
        "to": data.to,
        "type": str(data.type),
        "payload": dict(data.payload),
        **({} if data.ip is None else {"ip": data.ip}),
    },
)


ContentType = Literal["text/html", "text/plain"]


@frozen
class EmailTemplateDetails:
    """An e-mail template that Logto manages, for one language and one message type.

    Args:
        subject: with ``{{placeholders}}``.
        content: the body, with ``{{placeholders}}``.
        content_type: of the body; ``None`` means HTML.
        reply_to: a mailbox, with ``{{placeholders}}``.
        send_from: a mailbox, or a display name only, with ``{{placeholders}}``.
    """

    subject: str = field(validator=instance_of(str))
    content: str = field(validator=instance_of(str))
    content_type: ContentType | None = field(default=None, validator=optional(in_(get_args(ContentType))))
    reply_to: str | None = field(default=None, validator=optional(instance_of(str)))
    send_from: str | None = field(default=None, validator=optional(instance_of(str)))


@frozen
class EmailServiceBranding:
    """The branding of a tenant in Logto's e-mail service. The texts contain no URL; ``app_logo`` is a URL."""

    sender_name: str | None = None
    company_information: str | None = None
    app_logo: str | None = None
