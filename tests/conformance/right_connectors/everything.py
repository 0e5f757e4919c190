"""E-mail as JSON, with every feature: managed templates, reply-to, both content types, usage, every type of config key."""

from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import Failure, HttpProvider, HttpRequest, HttpResponse, Message, Spec
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    EmailTemplateDetails,
    Guard,
    MailboxError,
    encode_mailbox,
    format_mailbox,
    parse_send_from,
    strip_header_control_chars,
)
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.parts import (
    ADDRESS,
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
    text,
    text_of,
)

_HTTP: Final = Http(accepted=frozenset({202}))


@frozen
class FullTemplate:
    """A subject, an HTML body, and a note that the provider stores."""

    usage_type: str
    subject: str
    content: str = field(repr=False)
    note: str | None = None


@frozen
class Tracking:
    """Which events the provider tracks."""

    opens: bool = False
    clicks: bool = False


@frozen
class FullConfig:
    """A config with keys of every type."""

    endpoint: str
    api_key: str = field(repr=False)
    templates: tuple[FullTemplate, ...]
    sender: str | None = None
    tag: str | None = None
    priority: float | None = None
    sandbox: bool | None = None
    categories: tuple[str, ...] | None = None
    tracking: Tracking | None = None


class Everything(EmailConnector[FullConfig]):
    """Sends JSON to an endpoint in the config, and reports usage."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "everything",
        required("endpoint"),
        required("apiKey"),
        *(text(key) for key in ("sender", "tag")),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.NUMBER, "priority", "priority"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.SWITCH, "sandbox", "sandbox"),
        *(json_item(key, is_required=False) for key in ("categories", "tracking")),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[FullConfig]] = Guard(
        config_schema(
            {"endpoint": ADDRESS, "apiKey": TOKEN, "templates": templates("subject", "content", note=STRING)},
            {
                "sender": STRING,
                "tag": STRING,
                "priority": {"type": "number"},
                "sandbox": {"type": "boolean"},
                "categories": {"type": "array", "items": STRING},
                "tracking": {
                    "type": "object",
                    "properties": {"opens": {"type": "boolean"}, "clicks": {"type": "boolean"}},
                },
            },
        ),
        FullConfig,
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def deliver(self, config: FullConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        secrets = (config.api_key, *payload_secrets(email.data.payload))
        headers = {"Authorization": f"Bearer {config.api_key}"}
        try:
            mail = request_body(config, email)
        except MailboxError as error:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"message": f"The sender: {error}."}) from None
        return text_of(
            _HTTP.call(self._pool, "POST", f"{config.endpoint}/messages", secrets, headers=headers, json=mail), "id"
        )

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Request the number of sent messages from the provider."""
        config = self.read_config()
        since = {} if start_from is None else {"since": start_from.isoformat()}
        headers = {"Authorization": f"Bearer {config.api_key}"}
        url = f"{config.endpoint}/usage"
        response = Http().call(self._pool, "GET", url, (config.api_key,), headers=headers, fields=since)
        return int(text_of(response, "sent"))


def request_body(config: FullConfig, email: Email) -> dict[str, Any]:
    """Return the body of the request, without keys that have no value."""
    sender = config.sender and encode_mailbox(config.sender)
    if email.send_from is not None:
        own = parse_send_from(config.sender or "", "")
        mailbox = parse_send_from(email.send_from, own.email, own.name)
        sender = encode_mailbox(format_mailbox(mailbox.email, mailbox.name)) if mailbox.email else sender
    tracking = config.tracking and {"opens": config.tracking.opens, "clicks": config.tracking.clicks}
    optional = {
        "from": sender,
        "reply_to": email.reply_to and strip_header_control_chars(email.reply_to),
        "tag": config.tag,
        "priority": config.priority,
        "sandbox": config.sandbox,
        "stream": "managed" if isinstance(email.template, EmailTemplateDetails) else _note(email.template),
        "categories": None if config.categories is None else [*config.categories],
        "tracking": tracking,
    }
    return {
        "to": one_recipient(email.to),
        "subject": strip_header_control_chars(email.subject),
        "text" if email.content_type == "text/plain" else "html": email.body,
    } | {name: value for name, value in optional.items() if value is not None}


def _note(template: object) -> str | None:
    assert isinstance(template, FullTemplate)
    return template.note


class FullProvider(HttpProvider):
    """Accepts JSON with status 202, and reports the number of accepted messages."""

    config_key = "endpoint"
    base_path = "/v1"
    path = "/v1/messages"
    content_type = "application/json"
    authorization = "Bearer {apiKey}"
    sender_key = "sender"
    settings: ClassVar = {key: key for key in ("tag", "priority", "sandbox", "categories", "tracking")}
    failures = (
        Failure("throttled", "throttle", 429, "Slow down."),
        Failure("used-up", "quota", 402, "The plan's messages are used up."),
        Failure("unverified", "rejection", 400, "The sender is not verified."),
        Failure("wrong-key", "credentials", 401, "This key does not exist."),
        Failure("half-accepted", "malformed", 200, response=HttpResponse.json({"id": "half"})),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        sent = request.json
        return Message(
            sent["to"],
            sent["subject"],
            sent.get("html"),
            sent.get("text"),
            sender=sent.get("from"),
            reply_to=sent.get("reply_to"),
        )

    def success_response(self, message_id: str) -> HttpResponse:
        """Return status 202 with the id."""
        return HttpResponse.json({"id": message_id}, 202)

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
        """Return the number of messages sent since a time: all messages of this run, or none if it is in the future."""
        if request.path != "/v1/usage":
            return None
        since = datetime.fromisoformat(request.query.get("since", "1970-01-01T00:00:00+00:00"))
        sent = [call for call in self.calls if call.outcome.family == "accepted" and since < datetime.now(UTC)]
        return self.current_failure(request) or HttpResponse.json({"sent": str(len(sent))})


EVERYTHING: Final = Spec(
    connector=Everything,
    valid_config={
        "endpoint": "https://api.everything.example/v1",
        "apiKey": "k",
        "sender": "Example <noreply@example.com>",
        "tag": "codes",
        "priority": 1.5,
        "sandbox": False,
        "categories": ["a", "b"],
        "tracking": {"opens": True, "clicks": False},
        "templates": [
            {"usageType": kind, "subject": f"{kind}", "content": "<p>{{code}}</p>", "note": "n"} for kind in REQUIRED
        ],
    },
    provider=FullProvider,
    capabilities={"config-templates", "html", "i18n-templates", "reply-to", "send-from", "text", "usage"},
)
