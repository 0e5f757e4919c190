"""E-mail as Logto's SendGrid connector sends it: JSON, a content type for each template, and no body in the response."""

from http import HTTPStatus
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import Spec
from conformance.npm.official.sendgrid import CREDITS_EXCEEDED, SendGrid
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit import (
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    parse_send_from,
    strip_header_control_chars,
)
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.official_parts import Api, Problem
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    STRING,
    TOKEN,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
    text,
)


@frozen
class SendGridTemplate:
    """A subject, a content, and the content's media type."""

    usage_type: str
    type: str
    subject: str
    content: str = field(repr=False)


@frozen
class SendGridConfig:
    """An API key and a sender."""

    api_key: str = field(repr=False)
    from_email: str
    templates: tuple[SendGridTemplate, ...]
    from_name: str | None = None


def _problem(status: int, body: Any) -> Problem | None:
    if status == HTTPStatus.ACCEPTED:
        return None
    message = body["errors"][0]["message"]
    if message == CREDITS_EXCEEDED:
        return Problem(Codes.USAGE_LIMIT_EXCEEDED, message)
    is_throttled = status == HTTPStatus.TOO_MANY_REQUESTS
    return Problem(Codes.RATE_LIMIT_EXCEEDED if is_throttled else Codes.INVALID_RESPONSE, message)


class SendGridMail(EmailConnector[SendGridConfig]):
    """Sends one personalization and one content; a managed template may name its sender."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "official-sendgrid", required("apiKey"), required("fromEmail"), text("fromName"), json_item("templates")
    )
    config_guard: ClassVar[Guard[SendGridConfig]] = Guard(
        config_schema(
            {
                "apiKey": {**TOKEN, "pattern": r"^SG\.[\w-]{22}\.[\w-]{43}$"},
                "fromEmail": STRING,
                "templates": templates("type", "subject", "content", type={"enum": ["text/plain", "text/html"]}),
            },
            {"fromName": STRING},
        ),
        SendGridConfig,
    )
    api: ClassVar[Api] = Api(_problem)

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def content_type(self, email: Email) -> str:
        """Return the media type of the managed template, or of the config's."""
        template = email.template
        return template.type if isinstance(template, SendGridTemplate) else email.content_type

    def sender(self, config: SendGridConfig, email: Email) -> dict[str, str]:
        """Return the sender of the managed template, or of the config."""
        sender = parse_send_from(email.send_from or "", config.from_email, config.from_name)
        return {"email": sender.email, **({"name": sender.name} if sender.name else {})}

    def body(self, config: SendGridConfig, email: Email) -> dict[str, Any]:
        """Return the body of the request."""
        return {
            "personalizations": [{"to": [{"email": one_recipient(email.to)}]}],
            "from": self.sender(config, email),
            "subject": strip_header_control_chars(email.subject),
            "content": [{"type": self.content_type(email), "value": email.body}],
        }

    def deliver(self, config: SendGridConfig, email: Email) -> object:
        """Send the e-mail, and return the message id from the response's header."""
        payload = email.data.payload
        secrets = (config.api_key, *payload_secrets(payload))
        headers = {"Authorization": f"Bearer {config.api_key}"}
        url, mail = "https://api.sendgrid.com/v3/mail/send", self.body(config, email)
        return self.api.send(self._pool, "POST", url, secrets, headers=headers, json=mail).headers["X-Message-Id"]


OFFICIAL_SENDGRID: Final = Spec(
    connector=SendGridMail,
    valid_config={
        "apiKey": "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",
        "fromEmail": "noreply@example.com",
        "fromName": "Example",
        "templates": [
            {"usageType": kind, "type": kind_of, "subject": f"{kind} {{{{code}}}}", "content": "Your code is {{code}}."}
            for kind, kind_of in zip(REQUIRED, ("text/html", "text/plain") * 2, strict=True)
        ],
    },
    provider=SendGrid,
    capabilities={"config-templates", "html", "i18n-templates", "send-from", "text"},
    secrets=("apiKey",),
)
