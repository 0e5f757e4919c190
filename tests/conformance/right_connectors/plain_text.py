"""E-mail as plain text only, through a provider that accepts with status 204 and no body."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import Failure, HttpProvider, HttpRequest, HttpResponse, Message, Spec
from connector_kit import ConnectorMetadata, Email, EmailConnector, Guard, strip_header_control_chars
from connector_kit.redaction import payload_secrets
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

_HTTP: Final = Http(accepted=frozenset({204}), error_message=lambda body: body["error"]["detail"])


@frozen
class PlainTemplate:
    """A subject and a plain-text body."""

    usage_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class PlainConfig:
    """An access key and templates."""

    access_key: str = field(repr=False)
    templates: tuple[PlainTemplate, ...]


class PlainText(EmailConnector[PlainConfig]):
    """Sends every body as text; has its provider's address as a constructor argument."""

    metadata: ClassVar[ConnectorMetadata] = metadata("plain-text", required("accessKey"), json_item("templates"))
    config_guard: ClassVar[Guard[PlainConfig]] = Guard(
        config_schema({"accessKey": TOKEN, "templates": templates("subject", "content")}), PlainConfig
    )

    def __init__(self, *, server: str = "https://plain.example", **kit: Any) -> None:
        super().__init__(**kit)
        self._server = server
        self._pool = new_pool()

    def deliver(self, config: PlainConfig, email: Email) -> object:
        """Send the e-mail; the provider returns no id."""
        mail = {
            "recipient": one_recipient(email.to),
            "subject": strip_header_control_chars(email.subject),
            "text": email.body,
        }
        secrets = (config.access_key, *payload_secrets(email.data.payload))
        headers = {"X-Access-Key": config.access_key}
        _HTTP.call(self._pool, "POST", f"{self._server}/mails", secrets, headers=headers, json=mail)
        return None


class PlainProvider(HttpProvider):
    """Accepts with status 204; reads the access key from the header X-Access-Key."""

    connector_option = "server"
    path = "/mails"
    is_response_read = False
    failures = (
        Failure("too-fast", "throttle", 429, "Too fast."),
        Failure("too-many", "quota", 402, "No more mails this month."),
        Failure("unknown-key", "credentials", 401, "This key is unknown."),
        Failure("no-recipient", "rejection", 422, "The mailbox does not exist."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        sent = request.json
        return Message(sent["recipient"], sent["subject"], text=sent["text"])

    def success_response(self, message_id: str) -> HttpResponse:  # noqa: ARG002 - the provider returns no id
        """Return status 204."""
        return HttpResponse(204)

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return the message in a nested object."""
        return HttpResponse.json({"error": {"detail": message}}, status)

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the access key."""
        found = request.headers.get("X-Access-Key", "")
        if found == config["accessKey"]:
            return None
        return f"expected the config's accessKey in X-Access-Key, found {len(found)} characters"


PLAIN_TEXT: Final = Spec(
    connector=PlainText,
    valid_config={
        "accessKey": "k",
        "templates": [{"usageType": kind, "subject": f"{kind}", "content": "Code {{code}}"} for kind in REQUIRED],
    },
    provider=PlainProvider,
    capabilities={"config-templates", "i18n-templates", "text"},
)
