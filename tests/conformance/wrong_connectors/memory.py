"""Small right connectors whose provider lives in memory: what wrong ones are made from where `Open` cannot be wrong."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from conformance import Aspect, Call, Outcome, Provider, Spec
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
    """Takes requests as mappings, and counts what it took."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("accepted", "accepted", None),
        Outcome("refused", "refusal", ConnectorErrorCodes.INVALID_RESPONSE, "Recipient unknown."),
        Outcome("unreachable", "network", ConnectorErrorCodes.GENERAL),
        Outcome("silent", "network", ConnectorErrorCodes.GENERAL, ambiguous=True, hangs=True),
    )

    def __init__(self) -> None:
        super().__init__()
        self._taken: list[datetime] = []

    def _installed(self) -> AbstractContextManager[None]:
        return nullcontext()

    def connector_options(self) -> dict[str, Any]:
        """Hand the connector its provider."""
        return {"ask": self.ask}

    def ask(self, request: Mapping[str, Any], within: float | None) -> dict[str, Any]:
        """Answer one request.

        Raises:
            ConnectionError: nobody is there.
            TimeoutError: there was no answer in time.
        """
        outcome = self.current
        if "since" in request:
            since = request["since"]
            if outcome.family != "accepted":
                raise ConnectionResetError
            return {"count": sum(since is None or moment >= since for moment in self._taken)}
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
        if outcome.family == "refusal":
            return {"error": outcome.message}
        self._taken.append(datetime.now(UTC))
        return {"id": "id-1"}

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare the key; the rest cannot be wrong."""
        if aspect == "credentials" and call.raw["apiKey"] != config["apiKey"]:
            return "expected the config's apiKey, found another"
        return None


@frozen
class Text:
    """A template of a text message."""

    usage_type: str
    content: str


@frozen
class TextConfig:
    """A key and texts."""

    api_key: str = field(repr=False)
    templates: tuple[Text, ...]


@frozen
class LetterConfig:
    """A key and templates."""

    api_key: str = field(repr=False)
    templates: tuple[Template, ...]


@frozen
class RelayConfig:
    """A key alone."""

    api_key: str = field(repr=False)


_KINDS: Final = ("Register", "SignIn", "ForgotPassword", "Generic")


def _schema(*texts: str, **limits: int) -> dict[str, Json]:
    """Return the schema of a config whose templates have these texts; without any, it has no templates."""
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


class _Asks:
    """What the connectors here share: how they talk to their provider."""

    within: ClassVar[float | None] = 0.05

    def __init__(self, *, ask: Any, **kit: Any) -> None:  # noqa: ANN401 - a provider's method; see Connector
        super().__init__(**kit)
        self._ask = ask

    def ask(self, request: Request) -> Request:
        """Ask the provider something."""
        answer: Request = self._ask(request, self.within)
        return answer

    def call(self, request: Request) -> object:
        """Make the call, and translate what the provider says."""
        try:
            answer = self.ask(request)
        except (ConnectionError, TimeoutError) as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "Nobody is there.") from error
        if "error" in answer:
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": answer["error"]})
        return answer["id"]


class OpenTexts(_Asks, SmsConnector[TextConfig]):
    """Text messages, with usage."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("open-texts")
    config_guard: ClassVar[Guard[Any]] = Guard(_schema("content"), TextConfig)

    def request(self, config: TextConfig, sms: Sms) -> Request:
        """Build the request."""
        return {"to": [sms.to], "text": sms.content, "apiKey": config.api_key}

    def deliver(self, config: TextConfig, sms: Sms) -> object:
        """Send it."""
        return self.call(self.request(config, sms))

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Ask the provider."""
        self.read_config()
        try:
            count: int = self.ask({"since": start_from})["count"]
        except ConnectionError as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "Nobody is there.") from error
        return count


class OpenLetters(_Asks, EmailConnector[LetterConfig]):
    """E-mail in plain text alone."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("open-letters")
    config_guard: ClassVar[Guard[Any]] = Guard(_schema("subject", "content"), LetterConfig)

    def pick(self, config: LetterConfig, message: SendMessageData) -> object:
        """Choose the config's template."""
        return get_config_template_by_type(message.type, config)

    def request(self, config: LetterConfig, email: Email) -> Request:
        """Build the request."""
        subject = strip_header_control_chars(email.subject)
        return {"to": [email.to], "subject": subject, "text": email.body, "apiKey": config.api_key}

    def deliver(self, config: LetterConfig, email: Email) -> object:
        """Send it."""
        return self.call(self.request(config, email))


def _strict() -> Guard[Any]:
    schema = _schema("subject", "content", minLength=1, maxLength=2_000)
    schema["properties"]["templates"]["maxItems"] = 20
    return Guard(schema, LetterConfig)


class StrictLetters(OpenLetters):
    """Takes no more than 20 templates, none that is empty or long, and no subject of more than one line."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("strict-letters")
    config_guard: ClassVar[Guard[Any]] = _strict()

    def request(self, config: LetterConfig, email: Email) -> Request:
        """Build the request, if the subject is a line."""
        request = super().request(config, email)
        if len(request["subject"].splitlines()) > 1:
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "The subject is more than one line.")
        return request


class OpenRelay(_Asks, EmailConnector[RelayConfig]):
    """Forwards messages as they are."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("open-relay", templates=False)
    config_guard: ClassVar[Guard[Any]] = Guard(_schema(), RelayConfig)

    def message(self, data: SendMessageData) -> Json:
        """Write the message."""
        return to_json(data)

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Forward it."""
        message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
        settings = self.read_config(config)
        return self.call({"to": [message.to], "message": self.message(message), "apiKey": settings.api_key})


def _templates(**texts: str) -> list[dict[str, str]]:
    return [{"usageType": kind, **texts} for kind in _KINDS]


_LETTERS: Final = _templates(subject="Code", content="Your code is {{code}}.")
TEXTS: Final = Spec(
    connector=OpenTexts,
    valid_config={"apiKey": "k", "templates": _templates(content="Your code is {{code}}.")},
    provider=MemoryProvider,
    capabilities={"config-templates", "sms", "usage"},
)
LETTERS: Final = Spec(
    connector=OpenLetters,
    valid_config={"apiKey": "k", "templates": _LETTERS},
    provider=MemoryProvider,
    capabilities={"config-templates", "i18n-templates", "text"},
)
RELAY: Final = Spec(
    connector=OpenRelay, valid_config={"apiKey": "k"}, provider=MemoryProvider, capabilities={"provider-templates"}
)
SPECS: Final = (TEXTS, LETTERS, evolve(LETTERS, connector=StrictLetters), RELAY)
"""The right ones."""
