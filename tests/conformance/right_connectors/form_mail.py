"""E-mail as a form: the host depends on the config's region, the path on the config's domain."""

from typing import Any, ClassVar, Final
from urllib.parse import quote

from attrs import field, frozen
from urllib3 import make_headers

from conformance import Failure, HttpProvider, HttpRequest, HttpResponse, Message, Spec
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    SelectItem,
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
    one_recipient,
    required,
    templates,
    text,
    text_of,
)

_REGIONS: Final = ("us", "eu")


@frozen
class MailTemplate:
    """A subject and an HTML body."""

    usage_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class FormMailConfig:
    """A domain, its API key and its region."""

    domain: str
    api_key: str = field(repr=False)
    region: str
    sender: str
    templates: tuple[MailTemplate, ...]
    tag: str | None = None


class FormMail(EmailConnector[FormMailConfig]):
    """Sends a form with HTTP Basic; as HTML, or as plain text where a managed template has that content type."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "form-mail",
        required("domain"),
        required("apiKey"),
        ConnectorConfigFormItem(
            ConnectorConfigFormItemType.SELECT,
            "region",
            "region",
            required=True,
            select_items=tuple(SelectItem(it, it) for it in _REGIONS),
        ),
        required("sender"),
        text("tag"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[FormMailConfig]] = Guard(
        config_schema(
            {
                "domain": TOKEN,
                "apiKey": TOKEN,
                "region": {"enum": [*_REGIONS]},
                "sender": STRING,
                "templates": templates("subject", "content"),
            },
            {"tag": STRING},
        ),
        FormMailConfig,
    )

    def __init__(self, *, servers: str = "https://{region}.mail.example", **kit: Any) -> None:
        super().__init__(**kit)
        self._servers = servers
        self._pool = new_pool()

    def deliver(self, config: FormMailConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        server = self._servers.replace("{region}", config.region)
        form = [
            ("from", strip_header_control_chars(config.sender)),
            ("to", one_recipient(email.to)),
            ("subject", strip_header_control_chars(email.subject)),
            ("text" if email.content_type == "text/plain" else "html", email.body),
        ]
        form += [("o:tag", config.tag)] if config.tag is not None else []
        headers = make_headers(basic_auth=f"api:{config.api_key}")
        secrets = (headers["authorization"], config.api_key, *payload_secrets(email.data.payload))
        url = f"{server}/v3/{quote(config.domain, safe='')}/messages"
        return text_of(Http().call(self._pool, "POST", url, secrets, headers=headers, form=form), "id")


class FormMailProvider(HttpProvider):
    """Has one server per region; in the stub, the region is the first part of the path."""

    connector_option = "servers"
    base_path = "/{region}"
    path = "/{region}/v3/{domain}/messages"
    content_type = "application/x-www-form-urlencoded"
    authorization = "Basic api:{apiKey}"
    sender_key = "sender"
    settings: ClassVar = {"tag": "o:tag"}
    failures = (
        Failure("throttled", "throttle", 429, "Too many requests."),
        Failure("unknown-domain", "rejection", 404, "Domain not found: mg.example.com"),
        Failure("forbidden", "credentials", 401, response=HttpResponse.html("Forbidden", 401)),
        Failure("inactive", "quota", 402, "The account has used up its messages."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail; commas separate recipients."""
        sent = request.form
        return Message(
            sent["to"].split(","), sent["subject"], sent.get("html"), sent.get("text"), sender=sent.get("from")
        )

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the id in angle brackets, as a Message-ID header has it."""
        return HttpResponse.json({"id": f"<{message_id}@mail.example>", "message": "Queued."})

    def expected_result(self, message_id: str) -> str:
        """Return the same id."""
        return f"<{message_id}@mail.example>"


FORM_MAIL: Final = Spec(
    connector=FormMail,
    valid_config={
        "domain": "mg.example.com",
        "apiKey": "k",
        "region": "eu",
        "sender": "Bücher & Söhne <noreply@mg.example.com>",
        "tag": "codes",
        "templates": [{"usageType": kind, "subject": f"{kind}", "content": "<p>{{code}}</p>"} for kind in REQUIRED],
    },
    provider=FormMailProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
)
