"""Connectors for the tests of the workbench."""

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import evolve, frozen

from conformance import Message, Spec
from conformance.providers.http import HttpProvider
from conformance.providers.http_messages import HttpRequest
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    EmailTemplates,
    HttpApi,
    SendMessageData,
    Sms,
    SmsConnector,
    SmsTemplates,
    TemplateEmailConnector,
    TemplateMessage,
    TemplateNames,
    email_templates,
    setting,
    sms_templates,
    template_names,
)

METADATA = ConnectorMetadata(
    id="acme-mail",
    target="acme",
    name={"en": "Acme"},
    description={"en": "Sends with Acme."},
    logo="https://acme.example/logo.svg",
    readme="All about it.",
)
KEY = "acme-key-5f1d2c"
TEMPLATES = [
    {"usageType": kind, "subject": f"{kind} {{{{code}}}}", "content": "<p>Your code: {{code}}</p>"}
    for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
]
TEMPLATES.append({"usageType": "OrganizationInvitation", "subject": "Join us", "content": "<p>{{link}}</p>"})
CONFIG: Mapping[str, Any] = {"apiKey": KEY, "templates": TEMPLATES}


@frozen
class AcmeConfig:
    """The config of Acme's mail connector."""

    api_key: str = setting("API key", secret=True, examples=[KEY])
    templates: EmailTemplates = email_templates()


class AcmeMail(EmailConnector[AcmeConfig]):
    """A connector without a declaration: it has no stub."""

    metadata: ClassVar = METADATA
    config_class: ClassVar = AcmeConfig

    def __init__(self, *, base_url: str | None = None, **callbacks: Any) -> None:
        super().__init__(**callbacks)
        self._url = base_url

    def deliver(self, config: AcmeConfig, email: Email) -> object:
        """Post the message to Acme, or answer as the subject demands."""
        match email.subject.partition(" ")[2]:
            case "none":
                return None
            case "object":
                return object()
            case "crash":
                raise RuntimeError(f"{config.api_key} failed")
            case "reject":
                raise ConnectorError(
                    ConnectorErrorCodes.INVALID_RESPONSE, f"{config.api_key} may not send to {email.to}"
                )
        if self._url is None:
            return f"sent with {config.api_key}"
        answer = HttpApi("Acme", self._url, retry_pauses=()).post(
            "/messages",
            email,
            bearer=config.api_key,
            json={"to": email.to, "subject": email.subject, "html": email.html, "text": email.text},
        )
        return answer.text("id")


class AcmeProvider(HttpProvider):
    """Acme's stub."""

    connector_option = "base_url"
    authorization = "Bearer {apiKey}"

    def read(self, request: HttpRequest) -> Message:
        """Return the message in a request."""
        body = request.json
        return Message(to=body["to"], subject=body["subject"], html=body["html"], text=body["text"])


spec = Spec(
    connector=AcmeMail,
    valid_config=CONFIG,
    provider=AcmeProvider,
    capabilities={"html", "text", "config-templates"},
)


class Forwarder(AcmeMail):
    """Passes messages on."""

    metadata: ClassVar = evolve(METADATA, id="acme-forward")

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Return what it was given."""
        return [data, config]


class Unusual(EmailConnector[AcmeConfig]):
    """Composes a class of its own."""

    metadata: ClassVar = evolve(METADATA, id="acme-unusual")
    config_class: ClassVar = AcmeConfig

    def compose(self, config: AcmeConfig, message: SendMessageData) -> Any:
        """Return a tuple."""
        return config, message


@frozen
class AcmeSmsConfig:
    """The config of Acme's SMS connector."""

    api_key: str = setting("API key", secret=True)
    templates: SmsTemplates = sms_templates()


class AcmeSms(SmsConnector[AcmeSmsConfig]):
    """Sends text messages."""

    metadata: ClassVar = evolve(METADATA, id="acme-sms")
    config_class: ClassVar = AcmeSmsConfig

    def deliver(self, config: AcmeSmsConfig, sms: Sms) -> object:
        """Return what would be sent."""
        return f"{config.api_key} {sms.content}"


@frozen
class AcmeNamesConfig:
    """The config of a connector whose provider stores the templates."""

    api_key: str = setting("API key", secret=True)
    templates: TemplateNames = template_names()


class AcmeNames(TemplateEmailConnector[AcmeNamesConfig]):
    """Names templates of the provider."""

    metadata: ClassVar = evolve(METADATA, id="acme-names")
    config_class: ClassVar = AcmeNamesConfig

    def deliver(self, config: AcmeNamesConfig, message: TemplateMessage) -> object:
        """Return what would be sent."""
        return f"{config.api_key} {message.template.name}"
