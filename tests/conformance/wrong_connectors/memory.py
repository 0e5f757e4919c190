"""Small correct connectors with an in-memory provider, for faults that `BaseSes` cannot show."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from conformance import Aspect, Call, Outcome, Provider, Spec
from conformance.harness.values import show_type
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    SendMessageData,
    Sms,
    SmsConnector,
    Template,
    get_config_template_by_type,
    strip_header_control_chars,
    to_json,
)

Json = Any
Request = dict[str, Any]


class MemoryProvider(Provider):
    """Accepts requests as mappings, and counts the accepted messages."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("accepted", "accepted", None),
        Outcome("rejected", "rejection", ConnectorErrorCodes.INVALID_RESPONSE, "Recipient unknown."),
        Outcome("unreachable", "network", ConnectorErrorCodes.GENERAL),
        Outcome("silent", "network", ConnectorErrorCodes.GENERAL, ambiguous=True, hangs=True),
    )

    def __init__(self) -> None:
        super().__init__()
        self._accepted: list[datetime] = []

    def _intercepting(self) -> AbstractContextManager[None]:
        return nullcontext()

    def connector_options(self) -> dict[str, Any]:
        """Pass the provider to the connector."""
        return {"ask": self.ask}

    def ask(self, request: Mapping[str, Any], within: float | None) -> dict[str, Any]:
        """Respond to one request.

        Raises:
            ConnectionError: the provider is unreachable.
            TimeoutError: no response within the time limit.
        """
        outcome = self.current
        if "since" in request:
            since = request["since"]
            if outcome.family != "accepted":
                raise ConnectionResetError
            return {"count": sum(since is None or moment >= since for moment in self._accepted)}
        self.calls.append(
            Call(
                to=tuple(request["to"]),
                subject=request.get("subject"),
                html=request.get("html"),
                text=request.get("text"),
                sender=None,
                reply_to=(),
                outcome=outcome,
                result="id-1" if outcome.family == "accepted" else None,
                raw=request,
                forwarded=request.get("message"),
            ),
        )
        if outcome.hangs:
            self._changed.wait(within)
            raise TimeoutError
        if outcome.family == "network":
            raise ConnectionResetError
        if outcome.family == "rejection":
            return {"error": outcome.message}
        self._accepted.append(datetime.now(UTC))
        return {"id": "id-1"}

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare the API key."""
        if aspect == "credentials" and call.raw["apiKey"] != config["apiKey"]:
            return f"expected the config's apiKey, found a different {show_type(call.raw['apiKey'])}"
        return None


@frozen
class Text:
    """A template of a text message."""

    usage_type: str
    content: str


@frozen
class SmsConfig:
    """An API key and templates of text messages."""

    api_key: str = field(repr=False)
    templates: tuple[Text, ...]


@frozen
class MailConfig:
    """An API key and templates of e-mails."""

    api_key: str = field(repr=False)
    templates: tuple[Template, ...]


@frozen
class RelayConfig:
    """An API key."""

    api_key: str = field(repr=False)


_KINDS: Final = ("Register", "SignIn", "ForgotPassword", "Generic")


def _schema(*texts: str, **limits: int) -> dict[str, Json]:
    """Return the schema of a config: its templates have these texts; without texts, it has no templates."""
    schema: dict[str, Json] = {
        "type": "object",
        "required": ["apiKey"],
        "properties": {"apiKey": {"type": "string"}},
    }
    if texts:
        template = {
            "type": "object",
            "required": ["usageType", *texts],
            "properties": {name: {"type": "string"} | limits for name in ("usageType", *texts)},
        }
        contained = ({"properties": {"usageType": {"const": kind}}, "required": ["usageType"]} for kind in _KINDS)
        schema["required"].append("templates")
        schema["properties"]["templates"] = {
            "type": "array",
            "items": template,
            "allOf": [{"contains": it} for it in contained],
        }
    return schema


def _metadata(name: str, *, templates: bool = True) -> ConnectorMetadata:
    key = ConnectorConfigFormItem(ConnectorConfigFormItemType.TEXT, "apiKey", "API key", required=True)
    texts = ConnectorConfigFormItem(ConnectorConfigFormItemType.JSON, "templates", "Templates", required=True)
    return ConnectorMetadata(
        id=name,
        target="memory",
        name={"en": "Memory"},
        description={"en": "Keeps messages in memory."},
        logo="https://memory.example/logo.svg",
        readme="Nothing to set up.",
        form_items=(key, texts) if templates else (key,),
    )


class _MemoryClient:
    """Sends requests to the in-memory provider."""

    within: ClassVar[float | None] = 0.05

    def __init__(self, *, ask: Any, **kit: Any) -> None:
        super().__init__(**kit)
        self._ask = ask

    def ask(self, request: Request) -> Request:
        """Send a request, and return the response."""
        response: Request = self._ask(request, self.within)
        return response

    def call(self, request: Request) -> object:
        """Send a request, return the message id and translate errors."""
        try:
            response = self.ask(request)
        except (ConnectionError, TimeoutError) as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "The provider is unreachable.") from error
        if "error" in response:
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": response["error"]})
        return response["id"]


class MemorySms(_MemoryClient, SmsConnector[SmsConfig]):
    """Sends text messages, and has get_usage."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("memory-sms")
    config_guard: ClassVar[Guard[Any]] = Guard(_schema("content"), SmsConfig)

    def request(self, config: SmsConfig, sms: Sms) -> Request:
        """Build the request."""
        return {"to": [sms.to], "text": sms.content, "apiKey": config.api_key}

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        """Send it."""
        return self.call(self.request(config, sms))

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return the number of accepted messages."""
        self.read_config()
        try:
            count: int = self.ask({"since": start_from})["count"]
        except ConnectionError as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "The provider is unreachable.") from error
        return count


class MemoryMail(_MemoryClient, EmailConnector[MailConfig]):
    """Sends e-mail as plain text only."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("memory-mail")
    config_guard: ClassVar[Guard[Any]] = Guard(_schema("subject", "content"), MailConfig)

    def pick(self, config: MailConfig, message: SendMessageData) -> object:
        """Choose the config's template."""
        return get_config_template_by_type(message.type, config)

    def request(self, config: MailConfig, email: Email) -> Request:
        """Build the request."""
        subject = strip_header_control_chars(email.subject)
        return {"to": [email.to], "subject": subject, "text": email.body, "apiKey": config.api_key}

    def deliver(self, config: MailConfig, email: Email) -> object:
        """Send it."""
        return self.call(self.request(config, email))


def _strict() -> Guard[Any]:
    schema = _schema("subject", "content", minLength=1, maxLength=2_000)
    schema["properties"]["templates"]["maxItems"] = 20
    return Guard(schema, MailConfig)


class StrictMemoryMail(MemoryMail):
    """Accepts at most 20 templates, no empty or long template, and no subject with a line break."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("strict-memory-mail")
    config_guard: ClassVar[Guard[Any]] = _strict()

    def request(self, config: MailConfig, email: Email) -> Request:
        """Build the request, or reject the subject."""
        request = super().request(config, email)
        if len(request["subject"].splitlines()) > 1:
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "The subject contains a line break.")
        return request


class MemoryRelay(_MemoryClient, EmailConnector[RelayConfig]):
    """Forwards messages unchanged."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("memory-relay", templates=False)
    config_guard: ClassVar[Guard[Any]] = Guard(_schema(), RelayConfig)

    def message(self, data: SendMessageData) -> Json:
        """Build the forwarded message."""
        return to_json(data)

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Forward it."""
        message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
        settings = self.read_config(config)
        return self.call({"to": [message.to], "message": self.message(message), "apiKey": settings.api_key})


def _templates(**texts: str) -> list[dict[str, str]]:
    return [{"usageType": kind, **texts} for kind in _KINDS]


_MAIL_TEMPLATES: Final = _templates(subject="Code", content="Your code is {{code}}.")
SMS: Final = Spec(
    connector=MemorySms,
    valid_config={"apiKey": "k", "templates": _templates(content="Your code is {{code}}.")},
    provider=MemoryProvider,
    capabilities={"config-templates", "sms", "usage"},
)
MAIL: Final = Spec(
    connector=MemoryMail,
    valid_config={"apiKey": "k", "templates": _MAIL_TEMPLATES},
    provider=MemoryProvider,
    capabilities={"config-templates", "i18n-templates", "text"},
)
RELAY: Final = Spec(
    connector=MemoryRelay, valid_config={"apiKey": "k"}, provider=MemoryProvider, capabilities={"provider-templates"}
)
SPECS: Final = (SMS, MAIL, evolve(MAIL, connector=StrictMemoryMail), RELAY)
"""The Specs of the correct connectors."""
