"""Connectors that are right and unlike the SES one, on a provider that lives in memory."""

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
"""How the connectors here reach their provider: nothing, unless a provider is running."""


def call_acme(request: Request) -> object:
    """Call Acme, and translate what it says."""
    try:
        answer = network.get()(request)
    except ConnectionError as error:
        raise ConnectorError(ConnectorErrorCodes.GENERAL, "Acme cannot be reached.") from error
    if "error" in answer:
        raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": answer["error"]})
    return answer.get("id")


class AcmeProvider(Provider):
    """Takes requests as mappings; knows no throttle, no quota and no broken answers."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("accepted", "accepted", None),
        Outcome("refused", "refusal", ConnectorErrorCodes.INVALID_RESPONSE, "Recipient unknown."),
        Outcome("unreachable", "network", ConnectorErrorCodes.GENERAL, ambiguous=True),
    )

    def _installed(self) -> AbstractContextManager[None]:
        return self._reached()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        token = network.set(self._answer)
        try:
            yield
        finally:
            network.reset(token)

    def _answer(self, request: Request) -> Mapping[str, Any]:
        accepted = self._outcome.family == "accepted"
        self.calls.append(
            Call(
                to=(request["to"],),
                subject=request.get("subject"),
                html=None,
                text=request.get("text"),
                sender=request.get("sender"),
                reply_to=(),
                outcome=self._outcome,
                result=None,  # Acme answers 204: there is no id
                raw=request,
                forwarded=request.get("message"),
            ),
        )
        if self._outcome.family == "network":
            raise ConnectionResetError
        return {} if accepted else {"error": self._outcome.message}

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare the token; the rest of Acme's requests cannot be wrong."""
        if aspect == "credentials" and call.raw["token"] != config["token"]:
            return "expected the config's token, found another"
        return None


@frozen
class SmsTemplate:
    """A text message: no subject."""

    usage_type: str
    content: str


@frozen
class AcmeSmsConfig:
    """Acme's config; ``sender`` may be null."""

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


def _text(key: str, **more: Any) -> ConnectorConfigFormItem:  # noqa: ANN401 - any field
    return ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key=key, label=key, **more)


class AcmeSms(SmsConnector[AcmeSmsConfig]):
    """Text messages, a config key that may be null, a logo on the web, a provider that returns no id."""

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
        """Call Acme."""
        return call_acme(
            {"to": one_recipient(sms.to), "text": sms.content, "sender": config.sender, "token": config.token}
        )


@frozen
class RelayConfig:
    """A config without templates."""

    token: str = field(repr=False)


class Relay(EmailConnector[RelayConfig]):
    """Forwards the message as it is: the templates are the provider's."""

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
        """Forward it."""
        message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
        settings = self.read_config(config)
        return call_acme({"to": message.to, "message": to_json(message), "token": settings.token})

    def deliver(self, config: RelayConfig, email: Email) -> object:
        """Never come here."""
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
    ),
    Spec(connector=Relay, valid_config={"token": "t"}, provider=AcmeProvider, capabilities={"provider-templates"}),
)
