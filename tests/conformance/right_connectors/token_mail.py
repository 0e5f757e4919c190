"""E-mail through a provider that requires an access token; the connector requests one per client and keeps it."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, ClassVar, Final

from attrs import field, frozen
from urllib3 import make_headers

from conformance import Failure, HttpProvider, HttpRequest, HttpResponse, Message, Spec
from connector_kit import ConnectorMetadata, Email, EmailConnector, Guard, strip_header_control_chars
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.parts import (
    ADDRESS,
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
    text_of,
)

_HTTP: Final = Http(accepted=frozenset({202}), error_message=lambda body: body["error"])


@frozen
class TokenTemplate:
    """A subject and an HTML body."""

    usage_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class TokenConfig:
    """A server, and the client id and secret for it."""

    server: str
    client_id: str
    client_secret: str = field(repr=False)
    templates: tuple[TokenTemplate, ...]


class TokenMail(EmailConnector[TokenConfig]):
    """Requests an access token for each client, and keeps it."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "token-mail", required("server"), required("clientId"), required("clientSecret"), json_item("templates")
    )
    config_guard: ClassVar[Guard[TokenConfig]] = Guard(
        config_schema(
            {
                "server": ADDRESS,
                "clientId": TOKEN,
                "clientSecret": TOKEN,
                "templates": templates("subject", "content"),
            }
        ),
        TokenConfig,
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()
        self._tokens: dict[tuple[str, str, str], str] = {}
        self._lock = Lock()

    def deliver(self, config: TokenConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        mail = {
            "to": one_recipient(email.to),
            "subject": strip_header_control_chars(email.subject),
            "text" if email.content_type == "text/plain" else "html": email.body,
        }
        token = self._token(config)
        headers = {"Authorization": f"Bearer {token}"}
        secrets = (token, config.client_secret, *payload_secrets(email.data.payload))
        url = f"{config.server}/messages"
        return text_of(_HTTP.call(self._pool, "POST", url, secrets, headers=headers, json=mail), "id")

    def _token(self, config: TokenConfig) -> str:
        key = (config.server, config.client_id, config.client_secret)
        with self._lock:
            if key not in self._tokens:
                headers = make_headers(basic_auth=f"{config.client_id}:{config.client_secret}")
                form = [("grant_type", "client_credentials")]
                url, secrets = f"{config.server}/oauth/token", (headers["authorization"], config.client_secret)
                response = Http().call(self._pool, "POST", url, secrets, headers=headers, form=form)
                self._tokens[key] = text_of(response, "access_token")
            return self._tokens[key]


class TokenProvider(HttpProvider):
    """Issues an access token to any client, and remembers which client it belongs to."""

    config_key = "server"
    path = "/messages"
    failures = (
        Failure("throttled", "throttle", 429, "Slow down."),
        Failure("used-up", "quota", 402, "No more today."),
        Failure("not-allowed", "credentials", 403, "The token does not allow it."),
        Failure("rejected", "rejection", 400, "The message was rejected."),
    )

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, tuple[str, str]] = {}

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
        """Issue an access token."""
        if request.path != "/oauth/token":
            return None
        assert request.form == {"grant_type": "client_credentials"}
        assert request.basic is not None
        token = f"token-{len(self._clients)}"
        self._clients[token] = request.basic
        return HttpResponse.json({"access_token": token, "token_type": "Bearer"})

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        sent = request.json
        return Message(sent["to"], sent["subject"], sent.get("html"), sent.get("text"))

    def success_response(self, message_id: str) -> HttpResponse:
        """Return status 202 with the id."""
        return HttpResponse.json({"id": message_id}, 202)

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return the message as ``error``."""
        return HttpResponse.json({"error": message}, status)

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the client of the access token with the config's."""
        client_id, client_secret = self._clients.get(request.bearer or "", ("", ""))
        if (client_id, client_secret) == (config["clientId"], config["clientSecret"]):
            return None
        return f"expected an access token of the config's client {config['clientId']!r}, found one of {client_id!r}"


TOKEN_MAIL: Final = Spec(
    connector=TokenMail,
    valid_config={
        "server": "https://token.example",
        "clientId": "c",
        "clientSecret": "s",
        "templates": [{"usageType": kind, "subject": kind, "content": "<p>{{code}}</p>"} for kind in REQUIRED],
    },
    provider=TokenProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
)
