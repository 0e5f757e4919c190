"""Text messages with the limits of their medium: 1,600 characters, parts of 160, GSM-7, the length of a URL."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

import phonenumbers
from attrs import evolve, field, frozen

from conformance import Failure, HttpProvider, HttpRequest, Medium, Message, Spec
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Guard,
    SendMessageData,
    Sms,
    SmsConnector,
    get_config_template_by_type,
    to_json,
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
    text_of,
)

_HTTP: Final = Http()


def _too_long(most: int) -> ConnectorError:
    reason = {"message": f"A text message has at most {most:,} characters."}
    return ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, reason)


@frozen
class TextTemplate:
    """A text message."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class TextConfig:
    """A key, a sender and templates."""

    api_key: str = field(repr=False)
    sender: str
    templates: tuple[TextTemplate, ...]


class Texts(SmsConnector[TextConfig]):
    """Sends JSON with the number in E.164 form, and at most 1,600 characters; subclasses differ."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "texts", required("apiKey", is_confidential=True), required("sender"), json_item("templates")
    )
    config_guard: ClassVar[Guard[Any]] = Guard(
        config_schema({"apiKey": TOKEN, "sender": STRING, "templates": templates("content")}), TextConfig
    )

    def __init__(self, *, server: str = "https://sms.example", **kit: Any) -> None:
        super().__init__(**kit)
        self._server = server
        self._pool = new_pool()

    def number(self, sms: Sms) -> str:
        """Return the recipient as the provider requires it."""
        return f"+{one_recipient(sms.to)}"

    def request(self, config: TextConfig, sms: Sms) -> dict[str, Any]:
        """Return the body of the request."""
        if len(sms.content) > 1_600:
            raise _too_long(1_600)
        return {"to": self.number(sms), "from": config.sender, "text": sms.content}

    def deliver(self, config: TextConfig, sms: Sms) -> object:
        """Send the text message, and return the provider's id."""
        return self.call(config, sms, "POST", f"{self._server}/sms", json=self.request(config, sms))

    def call(self, config: TextConfig, sms: Sms, method: str, url: str, **request: Any) -> object:
        """Send a request, and return the id in the response."""
        secrets = (config.api_key, *payload_secrets(sms.data.payload))
        headers = {"X-Api-Key": config.api_key}
        return text_of(_HTTP.call(self._pool, method, url, secrets, headers=headers, **request), "id")


class TextsProvider(HttpProvider):
    """Accepts JSON with a number in E.164 form."""

    connector_option = "server"
    method: ClassVar[str] = "POST"
    path = "/sms"
    sender_key = "sender"
    failures = (
        Failure("throttled", "throttle", 429, "Too many messages."),
        Failure("no-such-number", "rejection", 400, "The number is not valid."),
        Failure("wrong-key", "credentials", 401, "The key is not valid."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        sent = request.json
        return Message(sent["to"], text=sent["text"], sender=sent["from"])

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the key."""
        return None if request.headers.get("x-api-key") == config["apiKey"] else "expected the config's apiKey"


def _named(name: str) -> ConnectorMetadata:
    return evolve(Texts.metadata, id=name, target=name, name={"en": name})


class PlusTexts(Texts):
    """Adds the plus sign of E.164."""

    metadata: ClassVar[ConnectorMetadata] = _named("plus-texts")


class PossibleTexts(Texts):
    """Rejects numbers that are not possible in their country."""

    metadata: ClassVar[ConnectorMetadata] = _named("possible-texts")

    def number(self, sms: Sms) -> str:
        """Return the number in E.164 form."""
        try:
            parsed = phonenumbers.parse(f"+{one_recipient(sms.to)}")
        except phonenumbers.NumberParseException:
            parsed = None
        if parsed is None or not phonenumbers.is_possible_number(parsed):
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "The number is not possible.")
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class UriTexts(Texts):
    """Writes numbers as WhatsApp's users: whatsapp:+..."""

    metadata: ClassVar[ConnectorMetadata] = _named("uri-texts")

    def number(self, sms: Sms) -> str:
        """Return the number as a URI."""
        return f"whatsapp:{super().number(sms)}"


class ZeroTexts(Texts):
    """Writes the international prefix as 00."""

    metadata: ClassVar[ConnectorMetadata] = _named("zero-texts")

    def number(self, sms: Sms) -> str:
        """Return the number with two zeros."""
        return f"00{one_recipient(sms.to)}"


class PartTexts(Texts):
    """Splits a text into parts of 160 characters, each a request of its own."""

    metadata: ClassVar[ConnectorMetadata] = _named("part-texts")

    def deliver(self, config: TextConfig, sms: Sms) -> object:
        """Send the parts in order, and return the id of the first one."""
        pieces = [sms.content[at : at + 150] for at in range(0, len(sms.content), 150)]
        if len(sms.content) <= 160:
            pieces = [sms.content]
        elif len(pieces) > 9:
            raise _too_long(1_350)
        ids = []
        for index, piece in enumerate(pieces):
            text = piece if len(pieces) == 1 else f"({index + 1}/{len(pieces)}) {piece}"
            ids.append(super().deliver(config, evolve(sms, content=text)))
        return ids[0]


GSM: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)


class GsmTexts(Texts):
    """Sends a GET request with GSM-7: replaces other characters, and rejects what a URL cannot hold."""

    metadata: ClassVar[ConnectorMetadata] = _named("gsm-texts")

    def deliver(self, config: TextConfig, sms: Sms) -> object:
        """Send the request."""
        content = "".join(it if it in GSM else "?" for it in sms.content)
        if len(quote(content)) > 1_800:
            raise _too_long(1_800)
        query = urlencode({"to": one_recipient(sms.to), "from": config.sender, "text": content}, quote_via=quote)
        return self.call(config, sms, "GET", f"{self._server}/sms?{query}")


class GsmProvider(TextsProvider):
    """Reads the query."""

    method = "GET"

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        sent = request.query
        return Message(sent["to"], text=sent["text"], sender=sent["from"])


@frozen
class KeyConfig:
    """A key and a sender."""

    api_key: str = field(repr=False)
    sender: str


class BuiltInTexts(Texts):
    """Has texts of its own, by language, and no templates in its config."""

    metadata: ClassVar[ConnectorMetadata] = evolve(
        _named("built-in-texts"),
        form_items=tuple(it for it in Texts.metadata.form_items or () if it.key != "templates"),
    )
    config_guard: ClassVar[Guard[Any]] = Guard(config_schema({"apiKey": TOKEN, "sender": STRING}), KeyConfig)
    texts: ClassVar[Mapping[str, str]] = {"de": "Ihr Code: {}", "es": "Su código: {}", "pt": "Seu código: {}"}

    def compose(self, config: TextConfig, message: SendMessageData) -> Sms:
        """Return the text in the message's language, or in English."""
        del config
        language = re.split("[-_]", str(message.payload.locale or ""))[0].lower()
        found = message.payload.code or message.payload.link or ""
        content = self.texts.get(language, "Your code: {}").format(found)
        return Sms(message.to, content, None, message)


@frozen
class NamedTemplate:
    """The name of a template at the provider."""

    usage_type: str
    template_id: str


@frozen
class NamedConfig:
    """A key, a sender and the names of templates."""

    api_key: str = field(repr=False)
    sender: str
    templates: tuple[NamedTemplate, ...]


class NamedTexts(Texts):
    """Names a template of the provider, and sends all variables as JSON."""

    metadata: ClassVar[ConnectorMetadata] = _named("named-texts")
    config_guard: ClassVar[Guard[Any]] = Guard(
        config_schema({"apiKey": TOKEN, "sender": STRING, "templates": templates("templateId")}), NamedConfig
    )

    def compose(self, config: TextConfig, message: SendMessageData) -> Sms:
        """Choose the template."""
        return Sms(message.to, "", get_config_template_by_type(message.type, to_json(config)), message)

    def variables(self, sms: Sms) -> Any:
        """Return the variables of the template."""
        return to_json(sms.data)["payload"]

    def request(self, config: TextConfig, sms: Sms) -> dict[str, Any]:
        """Return the body of the request."""
        template: Any = sms.template
        named = {"template": template["templateId"], "variables": self.variables(sms)}
        return {"to": self.number(sms), "from": config.sender, **named}


class NamedProvider(TextsProvider):
    """Stores the templates."""

    def read(self, request: HttpRequest) -> Message:
        """Return the template's name and the variables."""
        sent = request.json
        return Message(sent["to"], sender=sent["from"], template=sent["template"], variables=sent["variables"])


def _flat(value: object, name: str) -> dict[str, str]:
    if isinstance(value, Mapping):
        found: dict[str, str] = {}
        for key, member in value.items():
            found |= _flat(member, f"{name}_{key}" if name else key)
        return found
    return {name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)}


class FlatTexts(NamedTexts):
    """Sends every variable as text, and members of members under a joined name."""

    metadata: ClassVar[ConnectorMetadata] = _named("flat-texts")

    def variables(self, sms: Sms) -> Any:
        """Return texts by name."""
        return _flat(to_json(sms.data)["payload"], "")


class ListTexts(NamedTexts):
    """Sends the values of a template by position: the code or the link, and how many minutes it is valid."""

    metadata: ClassVar[ConnectorMetadata] = _named("list-texts")

    def variables(self, sms: Sms) -> Any:
        """Return the values."""
        payload = sms.data.payload
        return [payload.code or payload.link or "", "10"]


def spec(connector: type[Texts], provider: Any = TextsProvider, medium: Medium | None = None) -> Spec:
    """Return the Spec of a subclass."""
    return Spec(
        connector=connector,
        valid_config={
            "apiKey": "k",
            "sender": "Example",
            "templates": [{"usageType": kind, "content": "{{code}} {{link}}"} for kind in REQUIRED],
        },
        provider=provider,
        capabilities={"config-templates", "sms"},
        secrets=("apiKey",),
        medium=medium,
    )


def named_spec(connector: type[Texts]) -> Spec:
    """Return the Spec of a subclass whose templates are at the provider."""
    found = spec(connector, NamedProvider)
    names = [{"usageType": kind, "templateId": f"t-{kind}"} for kind in REQUIRED]
    config = {**found.valid_config, "templates": names}
    return evolve(found, valid_config=config, capabilities={"template-names", "sms"})


TEXT_MESSAGES: tuple[Spec, ...] = (
    spec(PlusTexts),
    spec(PossibleTexts),
    spec(UriTexts),
    spec(ZeroTexts),
    spec(PartTexts, medium=Medium(160)),
    spec(GsmTexts, GsmProvider, Medium(1_800, GSM, size=lambda text: len(quote(text)))),
    evolve(spec(BuiltInTexts), valid_config={"apiKey": "k", "sender": "Example"}, capabilities=frozenset({"sms"})),
    *map(named_spec, (NamedTexts, FlatTexts, ListTexts)),
)
