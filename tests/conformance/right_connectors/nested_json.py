"""E-mail as nested JSON with a bearer token; the provider accepts with status 202, no body, and the id in a header."""

from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import Failure, HttpProvider, HttpRequest, HttpResponse, Message, Spec
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    strip_header_control_chars,
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
    required,
    templates,
    text,
)

_HTTP: Final = Http(
    accepted=frozenset({202}),
    error_message=lambda body: body["errors"][0]["message"],
    codes={403: ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 429: ConnectorErrorCodes.RATE_LIMIT_EXCEEDED},
)


@frozen
class TypedTemplate:
    """A template with the content type of its own content."""

    usage_type: str
    type: str
    subject: str
    content: str = field(repr=False)


@frozen
class NestedConfig:
    """An API key, a sender as address and name, and templates."""

    api_key: str = field(repr=False)
    from_email: str
    templates: tuple[TypedTemplate, ...]
    from_name: str | None = None


class NestedJson(EmailConnector[NestedConfig]):
    """Sends content of the template's own ``type``; ignores managed templates."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "nested-json", required("apiKey"), required("fromEmail"), text("fromName"), json_item("templates")
    )
    config_guard: ClassVar[Guard[NestedConfig]] = Guard(
        config_schema(
            {"apiKey": TOKEN, "fromEmail": STRING, "templates": templates("type", "subject", "content")},
            {"fromName": STRING},
        ),
        NestedConfig,
    )

    def __init__(self, *, base_url: str = "https://api.nested.example", **kit: Any) -> None:
        super().__init__(**kit)
        self.get_i18n_email_template = None
        self._url = f"{base_url}/v3/mail/send"
        self._pool = new_pool()

    def deliver(self, config: NestedConfig, email: Email) -> object:
        """Send the e-mail, and return the id from the header."""
        if "," in email.to or strip_header_control_chars(email.to) != email.to:
            raise ConnectorError(
                ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "Expected one e-mail address as the recipient."
            )
        sender = {"email": config.from_email} | ({} if config.from_name is None else {"name": config.from_name})
        assert isinstance(email.template, TypedTemplate)
        mail = {
            "personalizations": [{"to": [{"email": email.to}]}],
            "from": sender,
            "subject": strip_header_control_chars(email.subject),
            "content": [{"type": email.template.type, "value": email.body}],
        }
        headers = {"Authorization": f"Bearer {config.api_key}"}
        secrets = (config.api_key, *payload_secrets(email.data.payload))
        return _HTTP.call(self._pool, "POST", self._url, secrets, headers=headers, json=mail).headers["X-Message-Id"]


class NestedProvider(HttpProvider):
    """Accepts nested JSON."""

    connector_option = "base_url"
    path = "/v3/mail/send"
    content_type = "application/json"
    authorization = "Bearer {apiKey}"
    sender_key = "fromEmail"
    settings: ClassVar = {"fromName": "from.name"}
    is_response_read = False
    failures = (
        Failure("throttled", "throttle", 429, "too many requests"),
        Failure("no-credits", "quota", 403, "Maximum credits exceeded"),
        Failure("unknown-key", "credentials", 401, "The provided authorization grant is invalid"),
        Failure("unverified", "rejection", 400, "The from address does not match a verified Sender Identity."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        sent = request.json
        bodies = {part["type"]: part["value"] for part in sent["content"]}
        return Message(
            [it["email"] for group in sent["personalizations"] for it in group["to"]],
            sent["subject"],
            bodies.get("text/html"),
            bodies.get("text/plain"),
            sender=sent["from"]["email"],
        )

    def success_response(self, message_id: str) -> HttpResponse:
        """Return status 202 with the id in a header."""
        return HttpResponse(202, headers={"X-Message-Id": message_id})

    def expected_result(self, message_id: str) -> str:
        """Return the id: it is in a header, so that the empty body does not matter."""
        return message_id

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return the message in a list of errors."""
        return HttpResponse.json({"errors": [{"message": message, "field": None}]}, status)


NESTED_JSON: Final = Spec(
    connector=NestedJson,
    valid_config={
        "apiKey": "k",
        "fromEmail": "noreply@example.com",
        "fromName": "Example",
        "templates": [
            {"usageType": kind, "type": "text/html", "subject": f"{kind}", "content": "<p>{{code}}</p>"}
            for kind in REQUIRED
        ],
    },
    provider=NestedProvider,
    capabilities={"config-templates", "html"},
)
