"""E-mail as Logto's Mailgun connector sends it: a form; templates in an object by usage type, or at Mailgun."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import quote

from attrs import field, frozen
from urllib3 import make_headers

from conformance import Spec
from conformance.npm.official.mailgun import Mailgun
from connector_kit import (
    ConnectorError,
    ConnectorMetadata,
    Email,
    EmailConnector,
    EmailTemplateDetails,
    Guard,
    SendMessageData,
    format_mailbox,
    parse_send_from,
    replace_send_message_handlebars,
    strip_header_control_chars,
    to_json,
    wire_name,
)
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.official_parts import Api, Problem, url_encoded
from tests.conformance.right_connectors.parts import (
    STRING,
    TOKEN,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    text,
)

_US: Final = "https://api.mailgun.net"
_DELIVERY: Final = {
    "type": "object",
    "properties": {"subject": STRING, "replyTo": STRING},
    "anyOf": [
        {"properties": {"html": STRING, "text": STRING}, "required": ["html"]},
        {"properties": {"template": STRING, "variables": {"type": "object"}}, "required": ["template"]},
    ],
}


@frozen
class MailgunConfig:
    """A domain, its key, a sender, and by usage type either texts or the name of a template at Mailgun."""

    domain: str
    api_key: str = field(repr=False)
    sender: str = field(metadata=wire_name("from"))
    deliveries: Mapping[str, Any] = field(repr=False)
    endpoint: str | None = None


def _problem(status: int, body: Any) -> Problem | None:
    if status == HTTPStatus.OK and isinstance(body["id"], str):
        return None
    codes = {
        HTTPStatus.PAYMENT_REQUIRED: Codes.USAGE_LIMIT_EXCEEDED,
        HTTPStatus.TOO_MANY_REQUESTS: Codes.RATE_LIMIT_EXCEEDED,
    }
    return Problem(codes.get(HTTPStatus(status), Codes.INVALID_RESPONSE), body["message"])


class MailgunMail(EmailConnector[MailgunConfig]):
    """Sends both bodies where the config has both; a managed template has one."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "official-mailgun",
        text("endpoint"),
        required("domain"),
        required("apiKey"),
        required("from"),
        json_item("deliveries"),
    )
    config_guard: ClassVar[Guard[MailgunConfig]] = Guard(
        config_schema(
            {
                "domain": TOKEN,
                "apiKey": TOKEN,
                "from": STRING,
                "deliveries": {"type": "object", "additionalProperties": _DELIVERY},
            },
            {"endpoint": {"type": "string", "pattern": r"^https://api(\.[a-z]+)?\.mailgun\.net$"}},
        ),
        MailgunConfig,
    )
    api: ClassVar[Api] = Api(_problem)

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def delivery(self, config: MailgunConfig, message: SendMessageData) -> Mapping[str, Any]:
        """Return the config's delivery for the usage type, or the generic one.

        Raises:
            ConnectorError: ``template_not_found``.
        """
        found = config.deliveries.get(message.type) or config.deliveries.get("Generic")
        if found is None:
            raise ConnectorError(Codes.TEMPLATE_NOT_FOUND, {"message": f"No delivery for {message.type}."})
        delivery: Mapping[str, Any] = found
        return delivery

    def compose(self, config: MailgunConfig, message: SendMessageData) -> Email:
        """Render the managed template, or keep the config's delivery for `form`."""
        if self._i18n_template(message) is None:
            return Email(message.to, "", "", "text/html", None, None, self.delivery(config, message), message)
        return super().compose(config, message)

    def form(self, config: MailgunConfig, email: Email) -> dict[str, str | None]:
        """Return the fields of the request; ``None`` for those to leave out."""
        common = {"from": config.sender, "to": one_recipient(email.to)}
        if isinstance(email.template, EmailTemplateDetails):
            return common | self.managed(config, email)
        assert isinstance(email.template, Mapping)
        return common | self.configured(email.template, email.data)

    def managed(self, config: MailgunConfig, email: Email) -> dict[str, str | None]:
        """Return the fields for a managed template."""
        own = parse_send_from(config.sender, "")
        sender = parse_send_from(email.send_from or "", own.email, own.name)
        return {
            "subject": strip_header_control_chars(email.subject),
            "text" if email.content_type == "text/plain" else "html": email.body,
            "h:Reply-To": email.reply_to and strip_header_control_chars(email.reply_to),
            "from": format_mailbox(sender.email, sender.name) if email.send_from and sender.email else config.sender,
        }

    def configured(self, delivery: Mapping[str, Any], message: SendMessageData) -> dict[str, str | None]:
        """Return the fields for a delivery of the config."""

        def rendered(key: str) -> str | None:
            return replace_send_message_handlebars(delivery[key], message.payload) if key in delivery else None

        subject = rendered("subject")
        common = {"subject": subject and strip_header_control_chars(subject), "h:Reply-To": delivery.get("replyTo")}
        if "template" in delivery:
            variables = {**delivery.get("variables", {}), **self.variables(message)}
            return common | {"template": delivery["template"], "h:X-Mailgun-Variables": json.dumps(variables)}
        return common | {"html": rendered("html"), "text": rendered("text")}

    def variables(self, message: SendMessageData) -> Mapping[str, Any]:
        """Return the variables of a template at Mailgun."""
        return dict(to_json(message.payload))

    def deliver(self, config: MailgunConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        url = f"{config.endpoint or _US}/v3/{quote(config.domain, safe='')}/messages"
        headers = make_headers(basic_auth=f"api:{config.api_key}")
        payload = email.data.payload
        secrets = (headers["authorization"], config.api_key, *payload_secrets(payload))
        form = [(key, value) for key, value in self.form(config, email).items() if value is not None]
        return self.api.send(self._pool, "POST", url, secrets, headers=headers, **url_encoded(form)).json["id"]


OFFICIAL_MAILGUN: Final = Spec(
    connector=MailgunMail,
    valid_config={
        "endpoint": "https://api.eu.mailgun.net",
        "domain": "mail.example.com",
        "apiKey": "key-0123456789abcdef0123456789abcdef",
        "from": "Example <noreply@example.com>",
        "deliveries": {
            "Register": {
                "subject": "Welcome",
                "html": "<p>{{code}}</p>",
                "text": "{{code}}",
                "replyTo": "r@example.com",
            },
            "SignIn": {"template": "sign-in", "variables": {"brand": "Example"}},
            "OrganizationInvitation": {"subject": "Join us", "html": '<a href="{{link}}">Join</a>', "text": "{{link}}"},
            "Generic": {"subject": "Code {{code}}", "html": "<p>{{code}}</p>"},
        },
    },
    provider=Mailgun,
    capabilities={"html", "i18n-templates", "reply-to", "send-from", "text"},
    secrets=("apiKey",),
)
