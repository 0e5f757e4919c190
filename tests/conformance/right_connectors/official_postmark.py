"""E-mail as Logto's Postmark connector sends it: the alias of a template at Postmark, with the payload as its model."""

from http import HTTPStatus
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import Spec
from conformance.npm.official.postmark import OUT_OF_CREDITS, Postmark
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit import (
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    SendMessageData,
    get_config_template_by_type,
    to_json,
)
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.official_parts import Api, Problem
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    STRING,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
)


@frozen
class PostmarkTemplate:
    """The alias of a template at Postmark."""

    usage_type: str
    template_alias: str


@frozen
class PostmarkConfig:
    """A server token and a sender."""

    server_token: str = field(repr=False)
    from_email: str
    templates: tuple[PostmarkTemplate, ...]


def _problem(status: int, body: Any) -> Problem | None:
    if status == HTTPStatus.OK and body["ErrorCode"] == 0 and isinstance(body["MessageID"], str):
        return None
    code = Codes.RATE_LIMIT_EXCEEDED if status == HTTPStatus.TOO_MANY_REQUESTS else Codes.INVALID_RESPONSE
    if body["ErrorCode"] == OUT_OF_CREDITS:
        code = Codes.USAGE_LIMIT_EXCEEDED
    return Problem(code, body["Message"], body["ErrorCode"])


class PostmarkMail(EmailConnector[PostmarkConfig]):
    """Sends a template's alias and its model."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "official-postmark",
        required("serverToken", is_confidential=True),
        required("fromEmail"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[PostmarkConfig]] = Guard(
        config_schema(
            {
                "serverToken": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
                "fromEmail": STRING,
                "templates": templates("templateAlias"),
            }
        ),
        PostmarkConfig,
    )
    api: ClassVar[Api] = Api(_problem)

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def compose(self, config: PostmarkConfig, message: SendMessageData) -> Email:
        """Select the template by usage type; Postmark has its subject and body."""
        template = get_config_template_by_type(message.type, to_json(config))
        return Email(message.to, "", "", "text/html", None, None, template, message)

    def model(self, message: SendMessageData) -> Any:
        """Return the variables of the template."""
        return to_json(message.payload)

    def deliver(self, config: PostmarkConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        assert isinstance(email.template, dict)
        mail = {
            "From": config.from_email,
            "To": one_recipient(email.to),
            "TemplateAlias": email.template["templateAlias"],
            "TemplateModel": self.model(email.data),
        }
        payload = email.data.payload
        secrets = (config.server_token, *payload_secrets(payload))
        headers = {"X-Postmark-Server-Token": config.server_token, "Accept": "application/json"}
        url = "https://api.postmarkapp.com/email/withTemplate"
        return self.api.send(self._pool, "POST", url, secrets, headers=headers, json=mail).json["MessageID"]


OFFICIAL_POSTMARK: Final = Spec(
    connector=PostmarkMail,
    valid_config={
        "serverToken": "0b5ee5a0-1a3b-4c5d-8e7f-9a8b7c6d5e4f",
        "fromEmail": "Example <noreply@example.com>",
        "templates": [{"usageType": kind, "templateAlias": f"alias-{kind}"} for kind in REQUIRED],
    },
    provider=Postmark,
    capabilities={"template-names"},
    secrets=("serverToken",),
)
