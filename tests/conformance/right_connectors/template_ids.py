"""Text messages from templates that the provider stores; the config names the template of each usage type."""

from collections.abc import Iterable
from itertools import count
from typing import Any, ClassVar, Final

from attrs import evolve, frozen
from urllib3 import BaseHTTPResponse

from conformance import Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import (
    ConnectorMetadata,
    TemplateMessage,
    TemplateNames,
    TemplateSmsConnector,
    setting,
    template_names,
)
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.parts import REQUIRED, Http, metadata, new_pool, one_recipient, text_of


@frozen
class NamedConfig:
    """An access key, a signature, and the names of templates."""

    access_key_secret: str = setting("Key", secret=True, pattern="^[!-~]+$")
    sign_name: str = setting("Signature")
    templates: TemplateNames = template_names("templateCode")


class TemplateIds(TemplateSmsConnector[NamedConfig]):
    """Sends the name of a template and its parameters; the provider has the text."""

    metadata: ClassVar[ConnectorMetadata] = evolve(metadata("template-ids"), form_items=None)
    config_class = NamedConfig

    def __init__(self, *, server: str = "https://codes.example", **kit: Any) -> None:
        super().__init__(**kit)
        self._server = server
        self._pool = new_pool()

    def deliver(self, config: NamedConfig, message: TemplateMessage) -> object:
        """Send the template's name and parameters, and return the provider's id."""
        request = {
            "phone": one_recipient(message.to),
            "sign": config.sign_name,
            "template": message.template.name,
            "parameters": message.variables,
        }
        headers = {"Authorization": f"Bearer {config.access_key_secret}"}
        secrets = (config.access_key_secret, *payload_secrets(message.data.payload))
        response = Http().call(self._pool, "POST", f"{self._server}/sms", secrets, headers=headers, json=request)
        return self.accepted(response)

    def accepted(self, response: BaseHTTPResponse) -> str:
        """Return the provider's id from the response to an accepted message."""
        return text_of(response, "id")


class TemplateProvider(HttpProvider):
    """Stores the templates."""

    connector_option = "server"
    path = "/sms"
    content_type = "application/json"
    authorization = "Bearer {accessKeySecret}"
    sender_key = "signName"
    failures = (
        Failure("throttled", "throttle", 429, "Business limit control."),
        Failure("no-such-template", "rejection", 400, "The template does not exist."),
        Failure("unpaid", "quota", 402, "The account is out of service."),
        Failure("wrong-key", "credentials", 403, "The signature does not match."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the recipient, the signature, and the name of the template with its variables."""
        sent = request.json
        return Message(sent["phone"], sender=sent["sign"], template=sent["template"], variables=sent["parameters"])


@frozen
class NumberedConfig(NamedConfig):
    """Has templates with numbers."""

    templates: TemplateNames = template_names("templateCode", form={"type": "integer", "minimum": 1})


class NumberedTemplates(TemplateIds):
    """Has templates with numbers, as Mailjet and Brevo."""

    metadata: ClassVar[ConnectorMetadata] = evolve(TemplateIds.metadata, id="numbered-templates", form_items=None)
    config_class = NumberedConfig


@frozen
class HexConfig(NamedConfig):
    """Has templates with ids of hex digits."""

    templates: TemplateNames = template_names("templateCode", form={"type": "string", "pattern": "^d-[0-9a-f]{32}$"})


class HexTemplates(TemplateIds):
    """Has templates with ids of hex digits, as SendGrid."""

    metadata: ClassVar[ConnectorMetadata] = evolve(TemplateIds.metadata, id="hex-templates", form_items=None)
    config_class = HexConfig


def _spec(connector: type[TemplateIds], ids: Iterable[str | int]) -> Spec:
    listed = [{"usageType": kind, "templateCode": it} for kind, it in zip(REQUIRED, ids, strict=False)]
    return Spec(
        connector=connector,
        valid_config={"accessKeySecret": "k", "signName": "Example", "templates": listed},
        provider=TemplateProvider,
        capabilities={"template-names", "sms"},
    )


TEMPLATE_IDS: Final = _spec(TemplateIds, (f"T_{kind}" for kind in REQUIRED))
FORMS_OF_IDS: Final = (
    _spec(NumberedTemplates, count(4_100_200)),
    _spec(HexTemplates, (f"d-{number:02x}{'0123456789abcde' * 2}" for number in count())),
)
