"""E-mail as plain text and nothing else, through a provider that answers 204 with no body."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import Answer, Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import ConnectorMetadata, Email, EmailConnector, Guard, strip_header_control_chars
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    TOKEN,
    Http,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
)

_HTTP: Final = Http(accepted=frozenset({204}), said=lambda answer: answer["error"]["detail"])


@frozen
class PlainTemplate:
    """A plain text."""

    usage_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class PlainConfig:
    """A key and templates."""

    access_key: str = field(repr=False)
    templates: tuple[PlainTemplate, ...]


class PlainText(EmailConnector[PlainConfig]):
    """Sends every body as text; takes its provider's address as an argument."""

    metadata: ClassVar[ConnectorMetadata] = metadata("plain-text", required("accessKey"), json_item("templates"))
    config_guard: ClassVar[Guard[PlainConfig]] = Guard(
        config_schema({"accessKey": TOKEN, "templates": templates("subject", "content")}), PlainConfig
    )

    def __init__(self, *, server: str = "https://plain.example", **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._server = server
        self._pool = new_pool()

    def deliver(self, config: PlainConfig, email: Email) -> object:
        """Post it; there is nothing to return."""
        mail = {
            "recipient": one_recipient(email.to),
            "subject": strip_header_control_chars(email.subject),
            "text": email.body,
        }
        secrets = (config.access_key, email.data.payload.code)
        headers = {"X-Access-Key": config.access_key}
        _HTTP.call(self._pool, "POST", f"{self._server}/mails", secrets, headers=headers, json=mail)
        return None


class PlainProvider(HttpProvider):
    """Answers 204; its key is in a header of its own."""

    option = "server"
    path = "/mails"
    failures = (
        Failure("too-fast", "throttle", 429, "Too fast."),
        Failure("too-many", "quota", 402, "No more mails this month."),
        Failure("unknown-key", "credentials", 401, "This key is unknown."),
        Failure("no-recipient", "refusal", 422, "There is no such mailbox."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Read a mail."""
        sent = request.json
        return Message(sent["recipient"], sent["subject"], text=sent["text"])

    def accepted(self, message_id: str) -> Answer:  # noqa: ARG002 - it gives no id
        """Say nothing."""
        return Answer(204)

    def refused(self, status: int, message: str) -> Answer:
        """Say why, one level down."""
        return Answer.json({"error": {"detail": message}}, status)

    def credentials(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the key."""
        same = request.headers.get("X-Access-Key") == config["accessKey"]
        return None if same else "expected the config's accessKey, found another"

    answer_is_read = False


PLAIN_TEXT: Final = Spec(
    connector=PlainText,
    valid_config={
        "accessKey": "k",
        "templates": [{"usageType": kind, "subject": f"{kind}", "content": "Code {{code}}"} for kind in REQUIRED],
    },
    provider=PlainProvider,
    capabilities={"config-templates", "i18n-templates", "text"},
)
