"""Text messages from templates that the provider stores; the config names the template of each usage type."""

from typing import Any, ClassVar, Final

from attrs import field, frozen

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
            "parameters": {"code": sms.data.payload.code},
        }
        headers = {"Authorization": f"Bearer {config.access_key_secret}"}
        secrets = (config.access_key_secret, sms.data.payload.code)
        response = Http().call(self._pool, "POST", f"{self._server}/sms", secrets, headers=headers, json=request)
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
        """Return the recipient, the signature and the name of the template."""
        sent = request.json
        return Message(sent["phone"], sender=sent["sign"], template=sent["template"])


TEMPLATE_IDS: Final = Spec(
    connector=TemplateIds,
    valid_config={
        "accessKeySecret": "k",
        "signName": "Example",
        "templates": [{"usageType": kind, "templateCode": f"T_{kind}"} for kind in REQUIRED],
    },
    provider=TemplateProvider,
    capabilities={"template-names", "sms"},
)
