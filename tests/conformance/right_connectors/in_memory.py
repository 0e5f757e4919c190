"""Text messages and forwarded e-mail through a provider without HTTP: the connectors call a function."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from attrs import field, frozen

from conformance import Aspect, Call, Outcome, Provider, Spec
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Declaration,
    Email,
    EmailConnector,
    Guard,
    SendMessageData,
    Sms,
    SmsConnector,
    to_json,
)
from tests.conformance.right_connectors.parts import one_recipient

Request = Mapping[str, Any]

network: ContextVar[Callable[[Request], Mapping[str, Any]]] = ContextVar("network")
"""The function that the connectors call; set while a provider stub is running."""


def call_acme(request: Request) -> object:
    """Call Acme, and raise a `ConnectorError` for an error response."""
    try:
        response = network.get()(request)
    except ConnectionError as error:
        raise ConnectorError(ConnectorErrorCodes.GENERAL, "Acme cannot be reached.") from error
    if "error" in response:
        raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": response["error"]})
    return response.get("id")


class AcmeProvider(Provider):
    """Accepts requests as mappings; has no throttle, no quota and no malformed responses."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("accepted", "accepted", None),
        Outcome("unknown-recipient", "rejection", ConnectorErrorCodes.INVALID_RESPONSE, "Recipient unknown."),
        Outcome("unreachable", "network", ConnectorErrorCodes.GENERAL, ambiguous=True),
    )

    def _intercepting(self) -> AbstractContextManager[None]:
        return self._connected()

    @contextmanager
    def _connected(self) -> Iterator[None]:
        token = network.set(self._respond)
        try:
            yield
        finally:
            network.reset(token)

    def _respond(self, request: Request) -> Mapping[str, Any]:
        outcome = self.current
        self.calls.append(
            Call(
                to=(request["to"],),
                subject=request.get("subject"),
                html=None,
                text=request.get("text"),
                sender=request.get("sender"),
                reply_to=(),
                outcome=outcome,
                result=None,  # Acme returns no id
                raw=request,
                forwarded=request.get("message"),
            ),
        )
        if outcome.family == "network":
            raise ConnectionResetError
        return {} if outcome.family == "accepted" else {"error": outcome.message}

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare the token; Acme accepts any other value."""
        if aspect == "credentials" and call.raw["token"] != config["token"]:
            return f"expected the config's token, found a token of {len(call.raw['token'])} characters"
        return None


@frozen
class SmsTemplate:
    """A text message, which has no subject."""

    usage_type: str
    content: str


@frozen
class AcmeSmsConfig:
    """The config of `AcmeSms`; ``sender`` may be null."""

    token: str = field(repr=False)
    templates: tuple[SmsTemplate, ...]
    sender: str | None = None
    regions: tuple[str, ...] = ()


_SMS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["token", "templates"],
    "properties": {
        "token": {"type": "string"},
        "sender": {"type": ["string", "null"]},
        "regions": {"type": "array", "items": {"type": "string"}},
        "templates": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["usageType", "content"],
                "properties": {"usageType": {"type": "string"}, "content": {"type": "string"}},
            },
            "allOf": [
                {"contains": {"properties": {"usageType": {"const": kind}}, "required": ["usageType"]}}
                for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
            ],
        },
    },
}


def _text(key: str, **more: Any) -> ConnectorConfigFormItem:
    return ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key=key, label=key, **more)


class AcmeSms(SmsConnector[AcmeSmsConfig]):
    """Sends text messages; has a config key that may be null, a logo at a URL, and a provider that returns no id."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="acme-sms",
        target="acme",
        name={"en": "Acme"},
        description={"en": "Text messages through Acme."},
        logo="https://acme.example/logo.svg",
        readme="Ask Acme for a token.",
        form_items=(
            _text("token", required=True, is_confidential=True),
            _text("sender"),
            ConnectorConfigFormItem(ConnectorConfigFormItemType.JSON, "templates", "Templates", required=True),
        ),
    )
    config_guard: ClassVar[Guard[AcmeSmsConfig]] = Guard(_SMS_SCHEMA, AcmeSmsConfig)
    declaration: ClassVar[Declaration | None] = None

    def deliver(self, config: AcmeSmsConfig, sms: Sms) -> object:
        """Send the text message."""
        return call_acme(
            {"to": one_recipient(sms.to), "text": sms.content, "sender": config.sender, "token": config.token}
        )


@frozen
class RelayConfig:
    """A config without templates."""

    token: str = field(repr=False)


class Relay(EmailConnector[RelayConfig]):
    """Forwards messages unchanged; the provider has the templates."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="relay",
        target="acme",
        name={"en": "Relay"},
        description={"en": "Templates at the provider."},
        logo="https://acme.example/logo.svg",
        readme="Ask Acme for a token.",
        form_items=(_text("token", required=True),),
    )
    config_guard: ClassVar[Guard[RelayConfig]] = Guard(
        {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}},
        RelayConfig,
    )

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Forward the message."""
        message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
        settings = self.read_config(config)
        return call_acme({"to": message.to, "message": to_json(message), "token": settings.token})

    def deliver(self, config: RelayConfig, email: Email) -> object:
        """Fail: `send_message` does not call it."""
        raise AssertionError(config, email)


_TEMPLATES = [
    {"usageType": kind, "content": "{{code}}"} for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
]

IN_MEMORY: tuple[Spec, ...] = (
    Spec(
        connector=AcmeSms,
        valid_config={"token": "t", "sender": None, "regions": ["eu"], "templates": _TEMPLATES},
        provider=AcmeProvider,
        capabilities={"config-templates", "sms"},
        local_settings={"regions": "earlier versions used it; Acme chooses the region itself now"},
    ),
    Spec(connector=Relay, valid_config={"token": "t"}, provider=AcmeProvider, capabilities={"provider-templates"}),
)
