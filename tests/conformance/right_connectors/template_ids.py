"""Text messages from templates that the provider stores; the config names the template of each usage type."""

from collections.abc import Iterable
from itertools import count
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen
from urllib3 import BaseHTTPResponse

from conformance import Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import (
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


@frozen
class NamedTemplate:
    """The name of a template at the provider."""

    usage_type: str
    template_code: str


@frozen
class NamedConfig:
    """An access key, a signature, and the names of templates."""

    access_key_secret: str = field(repr=False)
    sign_name: str
    templates: tuple[NamedTemplate, ...]


class TemplateIds(SmsConnector[NamedConfig]):
    """Sends the name of a template and its parameters; the provider has the text."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "template-ids", required("accessKeySecret"), required("signName"), json_item("templates")
    )
    config_guard: ClassVar[Guard[NamedConfig]] = Guard(
        config_schema({"accessKeySecret": TOKEN, "signName": STRING, "templates": templates("templateCode")}),
        NamedConfig,
    )

    def __init__(self, *, server: str = "https://codes.example", **kit: Any) -> None:
        super().__init__(**kit)
        self._server = server
        self._pool = new_pool()

    def compose(self, config: NamedConfig, message: SendMessageData) -> Sms:
        """Select the template by usage type; the text message has no content of its own."""
        return Sms(message.to, "", get_config_template_by_type(message.type, to_json(config)), message)

    def deliver(self, config: NamedConfig, sms: Sms) -> object:
        """Send the template's name and parameters, and return the provider's id."""
        assert isinstance(sms.template, dict)
        request = {
            "phone": one_recipient(sms.to),
            "sign": config.sign_name,
            "template": sms.template["templateCode"],
            "parameters": to_json(sms.data)["payload"],
        }
        headers = {"Authorization": f"Bearer {config.access_key_secret}"}
        secrets = (config.access_key_secret, *payload_secrets(sms.data.payload))
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


def _form_of_id(form: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a config in which the ids of templates have a form."""
    list_of_templates = templates("templateCode")
    list_of_templates["items"]["properties"]["templateCode"] = form
    return config_schema({"accessKeySecret": TOKEN, "signName": STRING, "templates": list_of_templates})


@frozen
class NumberedTemplate:
    """The number of a template at the provider."""

    usage_type: str
    template_code: int


@frozen
class NumberedConfig:
    """An access key, a signature, and the numbers of templates."""

    access_key_secret: str = field(repr=False)
    sign_name: str
    templates: tuple[NumberedTemplate, ...]


class NumberedTemplates(TemplateIds):
    """Has templates with numbers, as Mailjet and Brevo."""

    metadata: ClassVar[ConnectorMetadata] = evolve(TemplateIds.metadata, id="numbered-templates")
    config_guard: ClassVar[Guard[Any]] = Guard(_form_of_id({"type": "integer", "minimum": 1}), NumberedConfig)


class HexTemplates(TemplateIds):
    """Has templates with ids of hex digits, as SendGrid."""

    metadata: ClassVar[ConnectorMetadata] = evolve(TemplateIds.metadata, id="hex-templates")
    config_guard: ClassVar[Guard[NamedConfig]] = Guard(
        _form_of_id({"type": "string", "pattern": "^d-[0-9a-f]{32}$"}), NamedConfig
    )


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
