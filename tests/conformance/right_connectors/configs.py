"""E-mail and text messages through one JSON API, by connectors whose configs have schemas of many kinds."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import uuid4

from attrs import field, frozen

from conformance import Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    SelectItem,
    SendMessageData,
    Sms,
    SmsConnector,
    Template,
    strip_header_control_chars,
)
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    STRING,
    TOKEN,
    Http,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
    text,
    text_of,
)

Json = Any

_MAILBOX: Final = {"type": "string", "minLength": 3, "maxLength": 100, "pattern": "^[!-~]+@[a-z.]+$"}
_MAIL_TEMPLATES: Final = [{"usageType": kind, "subject": f"{kind}", "content": "<p>{{code}}</p>"} for kind in REQUIRED]


def select(key: str, *values: str, **more: Any) -> ConnectorConfigFormItem:
    """Return a form item for one of some values."""
    items = tuple(SelectItem(value, value) for value in values)
    return ConnectorConfigFormItem(ConnectorConfigFormItemType.SELECT, key, key, select_items=items, **more)


def switch(key: str) -> ConnectorConfigFormItem:
    """Return a form item for a flag."""
    return ConnectorConfigFormItem(ConnectorConfigFormItemType.SWITCH, key, key)


def number(key: str) -> ConnectorConfigFormItem:
    """Return a form item for a number."""
    return ConnectorConfigFormItem(ConnectorConfigFormItemType.NUMBER, key, key)


class Api:
    """Posts JSON to ``/messages`` of an API with a bearer token; a mixin for connectors."""

    def __init__(self, *, base_url: str = "https://api.example", **kit: Any) -> None:
        super().__init__(**kit)
        self.base_url = base_url
        self.pool = new_pool()

    def post(self, token: str, body: Json, payload: Mapping[str, object], **more: Any) -> str:
        """Post a body, and return the message id."""
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        secrets = (token, *payload_secrets(payload))
        url = f"{self.base_url}/messages"
        return text_of(Http().call(self.pool, "POST", url, secrets, headers=headers, json=body), "id")


class ApiProvider(HttpProvider):
    """Accepts JSON messages."""

    connector_option = "base_url"
    path = "/messages"
    content_type = "application/json"
    authorization = "Bearer {apiKey}"
    failures = (
        Failure("throttled", "throttle", 429, "Too many requests."),
        Failure("unpaid", "quota", 402, "The account has no credit."),
        Failure("unknown-sender", "rejection", 422, "The sender is not verified."),
        Failure("wrong-token", "credentials", 401, "The token is invalid."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the message."""
        sent = request.json
        return Message(sent["to"], sent.get("subject"), sent.get("html"), sent.get("text"), sender=sent.get("from"))


def mail(email: Email) -> dict[str, Json]:
    """Return the part of a message that does not come from the config."""
    kind = "text" if email.content_type == "text/plain" else "html"
    return {"to": one_recipient(email.to), "subject": strip_header_control_chars(email.subject), kind: email.body}


# --- many optional settings -----------------------------------------------------------------------------------------


@frozen
class Tracking:
    """What the provider tracks."""

    opens: bool | None = None
    clicks: bool | None = None


@frozen
class SettingsConfig:
    """An API key, a sender, and many optional settings."""

    api_key: str = field(repr=False)
    sender: str
    templates: tuple[Template, ...]
    reply_to: str | None = None
    priority: str | None = None
    tags: tuple[str, ...] | None = None
    ttl: int | None = None
    sandbox: bool | None = None
    pool: str | None = None
    tracking: Tracking | None = None
    timeout: float | None = None


def without_none(members: Mapping[str, Json]) -> dict[str, Json]:
    """Return the members that have a value."""
    return {key: value for key, value in members.items() if value is not None}


class SettingsMail(Api, EmailConnector[SettingsConfig]):
    """Sends every optional setting that the config has, false and 0 included."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "settings-mail",
        required("apiKey"),
        required("sender"),
        text("replyTo"),
        select("priority", "low", "normal", "high"),
        json_item("tags", is_required=False),
        number("ttl"),
        switch("sandbox"),
        text("pool"),
        json_item("tracking", is_required=False),
        number("timeout"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[SettingsConfig]] = Guard(
        config_schema(
            {"apiKey": TOKEN, "sender": _MAILBOX, "templates": templates("subject", "content")},
            {
                "replyTo": {"type": "string", "format": "email", "examples": ["help@example.com"]},
                "priority": {"enum": ["low", "normal", "high"]},
                "tags": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 20}, "maxItems": 5},
                "ttl": {"type": "integer", "minimum": 0, "maximum": 600},
                "sandbox": {"type": "boolean"},
                "pool": {"type": "string", "pattern": "^pool-[0-9]+$"},
                "tracking": {
                    "type": "object",
                    "properties": {"opens": {"type": "boolean"}, "clicks": {"type": "boolean"}},
                },
                "timeout": {"type": "number", "minimum": 0.1, "maximum": 0.5},
            },
        ),
        SettingsConfig,
    )

    def options(self, config: SettingsConfig, email: Email) -> dict[str, Json]:  # noqa: ARG002 - for wrong connectors
        """Return the part of a message that comes from the config."""
        tracking = config.tracking and without_none({"opens": config.tracking.opens, "clicks": config.tracking.clicks})
        return without_none(
            {
                "from": config.sender,
                "reply_to": config.reply_to,
                "priority": {"low": 5, "normal": 3, "high": 1}[config.priority] if config.priority else None,
                "tags": None if config.tags is None else [*config.tags],
                "ttl": config.ttl,
                "sandbox": config.sandbox,
                "ip_pool": config.pool,
                "tracking": tracking,
            }
        )

    def deliver(self, config: SettingsConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        return self.post(config.api_key, mail(email) | self.options(config, email), email.data.payload)


class SettingsProvider(ApiProvider):
    """Knows some of the settings; the others show as differences between requests."""

    sender_key = "sender"
    settings: ClassVar = {"sandbox": "sandbox", "ttl": "ttl", "replyTo": "reply_to"}


SETTINGS: Final = Spec(
    connector=SettingsMail,
    valid_config={"apiKey": "k", "sender": "noreply@example.com", "templates": _MAIL_TEMPLATES},
    provider=SettingsProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=("apiKey",),
    local_settings={"timeout": "it decides how long the connector waits for the provider"},
)


# --- a closed schema ------------------------------------------------------------------------------------------------


@frozen
class ClosedConfig:
    """An API key, a sender and templates."""

    api_key: str = field(repr=False)
    sender: str
    templates: tuple[Template, ...]
    tag: str | None = None


def _closed_schema() -> dict[str, Json]:
    schema = config_schema(
        {"apiKey": TOKEN, "sender": _MAILBOX, "templates": templates("subject", "content")}, {"tag": STRING}
    )
    schema["properties"]["templates"]["items"]["additionalProperties"] = False
    return schema | {"additionalProperties": False}


class ClosedMail(Api, EmailConnector[ClosedConfig]):
    """Rejects every key that its schema does not name: a typo in a key is an error."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "closed-mail", required("apiKey"), required("sender"), text("tag"), json_item("templates")
    )
    config_guard: ClassVar[Guard[ClosedConfig]] = Guard(_closed_schema(), ClosedConfig)

    def deliver(self, config: ClosedConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        body = mail(email) | without_none({"from": config.sender, "tag": config.tag})
        return self.post(config.api_key, body, email.data.payload)


class TaggingProvider(ApiProvider):
    """Has a sender and a tag."""

    sender_key = "sender"
    settings: ClassVar = {"tag": "tag"}


CLOSED: Final = Spec(
    connector=ClosedMail,
    valid_config={"apiKey": "k", "sender": "noreply@example.com", "tag": "codes", "templates": _MAIL_TEMPLATES},
    provider=TaggingProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=("apiKey",),
)


# --- templates that are optional, and none --------------------------------------------------------------------------

_DEFAULT: Final = Template("Generic", "Your code", "<p>Your code is {{code}} {{link}}</p>")


def _optional_templates() -> dict[str, Json]:
    return {key: value for key, value in templates("subject", "content").items() if key != "allOf"}


@frozen
class OptionalTemplatesConfig:
    """An API key, and templates that replace the built-in text."""

    api_key: str = field(repr=False)
    templates: tuple[Template, ...] = ()


class OptionalTemplatesMail(Api, EmailConnector[OptionalTemplatesConfig]):
    """Has a built-in text for each usage type without a template."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "optional-templates-mail", required("apiKey"), json_item("templates", is_required=False)
    )
    config_guard: ClassVar[Guard[OptionalTemplatesConfig]] = Guard(
        config_schema({"apiKey": TOKEN}, {"templates": _optional_templates()}), OptionalTemplatesConfig
    )

    def compose(self, config: OptionalTemplatesConfig, message: SendMessageData) -> Email:
        """Add the built-in text as the last template."""
        complete = OptionalTemplatesConfig(config.api_key, (*config.templates, _DEFAULT))
        return super().compose(complete, message)

    def deliver(self, config: OptionalTemplatesConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        return self.post(config.api_key, mail(email), email.data.payload)


OPTIONAL_TEMPLATES: Final = Spec(
    connector=OptionalTemplatesMail,
    valid_config={"apiKey": "k", "templates": _MAIL_TEMPLATES},
    provider=ApiProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=("apiKey",),
)


@frozen
class BuiltInConfig:
    """An API key and the name of the product, which is in the built-in text."""

    api_key: str = field(repr=False)
    product: str | None = None


class BuiltInMail(Api, EmailConnector[BuiltInConfig]):
    """Has one built-in text, and no templates in its config."""

    metadata: ClassVar[ConnectorMetadata] = metadata("built-in-mail", required("apiKey"), text("product"))
    config_guard: ClassVar[Guard[BuiltInConfig]] = Guard(
        config_schema({"apiKey": TOKEN}, {"product": {"type": "string", "maxLength": 30}}), BuiltInConfig
    )

    def compose(self, config: BuiltInConfig, message: SendMessageData) -> Email:
        """Render the built-in text."""
        product = config.product or "Acme"
        content = f"<p>{{{{code}}}} {{{{link}}}} {product}</p>"
        return super().compose(
            OptionalTemplatesConfig(config.api_key, (Template("Generic", f"{product} code", content),)),  # type: ignore[arg-type]  # compose reads only its templates
            message,
        )

    def deliver(self, config: BuiltInConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        return self.post(config.api_key, mail(email), email.data.payload)


BUILT_IN: Final = Spec(
    connector=BuiltInMail,
    valid_config={"apiKey": "k"},
    provider=ApiProvider,
    capabilities={"html", "i18n-templates", "text"},
    secrets=("apiKey",),
)


# --- either a sender or a service -----------------------------------------------------------------------------------


@frozen
class EitherTemplate:
    """A text message."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class EitherConfig:
    """An API key, and either a sender or a service that has senders."""

    api_key: str = field(repr=False)
    templates: tuple[EitherTemplate, ...]
    sender: str | None = None
    service: str | None = None
    validity: int | None = None
    smart: bool | None = None


class EitherSms(Api, SmsConnector[EitherConfig]):
    """Sends from a number, or through a service; only a service can encode smartly."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "either-sms",
        required("apiKey"),
        text("sender"),
        text("service"),
        number("validity"),
        switch("smart"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[EitherConfig]] = Guard(
        config_schema(
            {"apiKey": TOKEN, "templates": templates("content")},
            {
                "sender": {"type": "string", "pattern": "^\\+[0-9]{6,15}$"},
                "service": {"type": "string", "pattern": "^MG[0-9a-f]{4}$"},
                "validity": {"type": "integer", "minimum": 1, "maximum": 600},
                "smart": {"type": "boolean"},
            },
        )
        | {"oneOf": [{"required": ["sender"]}, {"required": ["service"]}], "dependentRequired": {"smart": ["service"]}},
        EitherConfig,
    )

    def deliver(self, config: EitherConfig, sms: Sms) -> object:
        """Send the text message, and return the provider's id."""
        body = {
            "to": one_recipient(sms.to),
            "text": sms.content,
            "from": config.sender,
            "service": config.service,
            "validity": config.validity,
            "smart_encoding": config.smart,
        }
        return self.post(config.api_key, without_none(body), sms.data.payload)


class EitherProvider(ApiProvider):
    """Has senders and services."""

    sender_key = "sender"
    settings: ClassVar = {"service": "service", "validity": "validity", "smart": "smart_encoding"}


EITHER: Final = Spec(
    connector=EitherSms,
    valid_config={
        "apiKey": "k",
        "sender": "+15550100000",
        "templates": [{"usageType": kind, "content": "{{code}}"} for kind in REQUIRED],
    },
    provider=EitherProvider,
    capabilities={"config-templates", "sms"},
    secrets=("apiKey",),
)


# --- nested authentication, formats, conditions ---------------------------------------------------------------------

_NESTED_SCHEMA: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["account", "auth", "sender", "templates"],
    "properties": {
        "account": {"type": "string", "format": "uuid", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
        "auth": {"$ref": "#/$defs/auth"},
        "sender": {"$ref": "#/$defs/mailbox"},
        "replyTo": {"$ref": "#/$defs/mailbox"},
        "statusUrl": {"type": "string", "format": "uri", "pattern": "^https://[!-~]+$"},
        "headers": {"type": "object", "patternProperties": {"^X-[A-Za-z]+$": TOKEN}, "additionalProperties": False},
        "templates": templates("subject", "content") | {"minItems": 4},
    },
    "unevaluatedProperties": False,
    "$defs": {
        "mailbox": _MAILBOX | {"format": "email"},
        "auth": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": ["token", "user"]}, "token": TOKEN, "user": TOKEN, "password": TOKEN},
            "if": {"properties": {"type": {"const": "token"}}},
            "then": {"required": ["token"], "properties": {"user": False, "password": False}},
            "else": {"required": ["user", "password"], "properties": {"token": False}},
            "additionalProperties": False,
        },
    },
}


@frozen
class NestedAuth:
    """A token, or a user with a password."""

    type: str
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@frozen
class NestedAuthConfig:
    """An account, its credentials, a sender and options."""

    account: str
    auth: NestedAuth = field(repr=False)
    sender: str
    templates: tuple[Template, ...]
    reply_to: str | None = None
    status_url: str | None = None
    headers: Mapping[str, str] | None = None


class NestedAuthMail(Api, EmailConnector[NestedAuthConfig]):
    """Has nested credentials of two kinds, formats, custom headers and a closed schema."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "nested-auth-mail",
        required("account"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.JSON, "auth", "auth", required=True),
        required("sender"),
        text("replyTo"),
        text("statusUrl"),
        json_item("headers", is_required=False),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[NestedAuthConfig]] = Guard(_NESTED_SCHEMA, NestedAuthConfig)

    def deliver(self, config: NestedAuthConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        body = mail(email) | without_none(
            {
                "account": config.account,
                "from": config.sender,
                "reply_to": config.reply_to,
                "callback": config.status_url,
                "headers": None if config.headers is None else dict(config.headers),
            }
        )
        token = config.auth.token or f"{config.auth.user}:{config.auth.password}"
        return self.post(token, body, email.data.payload)


class NestedAuthProvider(ApiProvider):
    """Compares the nested credentials itself."""

    sender_key = "sender"
    authorization = ""
    settings: ClassVar = {"account": "account", "statusUrl": "callback"}

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the token, or the user and the password."""
        auth = config["auth"]
        token = auth.get("token") or f"{auth.get('user')}:{auth.get('password')}"
        return None if request.authorization == f"Bearer {token}" else "expected the credentials of the config's auth"


NESTED_AUTH: Final = Spec(
    connector=NestedAuthMail,
    valid_config={
        "account": "123e4567-e89b-12d3-a456-426614174000",
        "auth": {"type": "token", "token": "t0123456789"},
        "sender": "noreply@example.com",
        "templates": _MAIL_TEMPLATES,
    },
    provider=NestedAuthProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=(),
)


# --- templates as an object -----------------------------------------------------------------------------------------


@frozen
class Pair:
    """A subject and a content."""

    subject: str
    content: str = field(repr=False)


@frozen
class ByTypeConfig:
    """An API key, and templates by usage type."""

    api_key: str = field(repr=False)
    templates: Mapping[str, Pair]


_PAIR: Final = {
    "type": "object",
    "required": ["subject", "content"],
    "properties": {"subject": STRING, "content": STRING},
}


class ByTypeMail(Api, EmailConnector[ByTypeConfig]):
    """Has its templates in an object whose keys are usage types."""

    metadata: ClassVar[ConnectorMetadata] = metadata("by-type-mail", required("apiKey"), json_item("templates"))
    config_guard: ClassVar[Guard[ByTypeConfig]] = Guard(
        config_schema(
            {"apiKey": TOKEN, "templates": {"type": "object", "required": ["Generic"], "additionalProperties": _PAIR}}
        ),
        ByTypeConfig,
    )

    def compose(self, config: ByTypeConfig, message: SendMessageData) -> Email:
        """Choose by key."""
        listed = tuple(Template(kind, it.subject, it.content) for kind, it in config.templates.items())
        return super().compose(OptionalTemplatesConfig(config.api_key, listed), message)  # type: ignore[arg-type]  # compose reads only its templates

    def deliver(self, config: ByTypeConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        return self.post(config.api_key, mail(email), email.data.payload)


BY_TYPE: Final = Spec(
    connector=ByTypeMail,
    valid_config={
        "apiKey": "k",
        "templates": {kind: {"subject": kind, "content": "<p>{{code}}</p>"} for kind in REQUIRED},
    },
    provider=ApiProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=("apiKey",),
)


# --- signed requests ------------------------------------------------------------------------------------------------


@frozen
class SignedConfig:
    """A key that signs requests, and options that the stub does not compare."""

    key_id: str
    api_secret: str = field(repr=False)
    templates: tuple[Template, ...]
    encoding: str | None = None
    campaign: str | None = None
    log_requests: bool | None = None


class SignedMail(Api, EmailConnector[SignedConfig]):
    """Signs each request with a time stamp and a nonce, so that no two requests are equal."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "signed-mail",
        required("keyId"),
        required("apiSecret"),
        select("encoding", "auto", "7bit", "base64"),
        text("campaign"),
        switch("logRequests"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[SignedConfig]] = Guard(
        config_schema(
            {"keyId": TOKEN, "apiSecret": TOKEN, "templates": templates("subject", "content")},
            {
                "encoding": {"enum": ["auto", "7bit", "base64"]},
                "campaign": {"type": "string", "maxLength": 20},
                "logRequests": {"type": "boolean"},
            },
        ),
        SignedConfig,
    )

    def deliver(self, config: SignedConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        encoding = {"auto": "7bit", None: "7bit"}.get(config.encoding, config.encoding)
        body = mail(email) | without_none({"campaign": config.campaign, "encoding": encoding})
        stamp, nonce = f"{time.time():.6f}", uuid4().hex
        signature = hmac.new(config.api_secret.encode(), f"{stamp}{nonce}".encode(), hashlib.sha256).hexdigest()
        headers = {"X-Time": stamp, "X-Nonce": nonce, "X-Key": config.key_id}
        return self.post(signature, body, email.data.payload, headers=headers)


class SignedProvider(ApiProvider):
    """Verifies the signature."""

    authorization = ""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Sign the same values."""
        signed = f"{request.headers.get('X-Time')}{request.headers.get('X-Nonce')}".encode()
        expected = hmac.new(config["apiSecret"].encode(), signed, hashlib.sha256).hexdigest()
        is_right = request.authorization == f"Bearer {expected}" and request.headers.get("X-Key") == config["keyId"]
        return None if is_right else "expected a signature with the config's apiSecret and keyId"


SIGNED: Final = Spec(
    connector=SignedMail,
    valid_config={"keyId": "id1", "apiSecret": "s", "templates": _MAIL_TEMPLATES},
    provider=SignedProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=("apiSecret",),
    local_settings={"logRequests": "it decides only whether the connector logs a line for each message"},
)
