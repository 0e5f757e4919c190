"""E-mail through a provider that wants an access token, which is fetched with the client's credentials and kept."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, ClassVar, Final

from attrs import field, frozen
from urllib3 import make_headers

from conformance import Answer, Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import ConnectorMetadata, Email, EmailConnector, Guard, strip_header_control_chars
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

_HTTP: Final = Http(accepted=frozenset({202}), said=lambda answer: answer["error"])


@frozen
class TokenTemplate:
    """A subject and HTML."""

    usage_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class TokenConfig:
    """A client, and where its tokens and messages are taken."""

    server: str
    client_id: str
    client_secret: str = field(repr=False)
    templates: tuple[TokenTemplate, ...]


class TokenMail(EmailConnector[TokenConfig]):
    """Fetches a token for each client that it meets, and keeps it."""

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

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._pool = new_pool()
        self._tokens: dict[tuple[str, str, str], str] = {}
        self._lock = Lock()

    def deliver(self, config: TokenConfig, email: Email) -> object:
        """Post it, and return the id."""
        mail = {
            "to": one_recipient(email.to),
            "subject": strip_header_control_chars(email.subject),
            "text" if email.content_type == "text/plain" else "html": email.body,
        }
        token = self._token(config)
        headers = {"Authorization": f"Bearer {token}"}
        secrets = (token, config.client_secret, email.data.payload.code)
        url = f"{config.server}/messages"
        return text_of(_HTTP.call(self._pool, "POST", url, secrets, headers=headers, json=mail), "id")

    def _token(self, config: TokenConfig) -> str:
        key = (config.server, config.client_id, config.client_secret)
        with self._lock:
            if key not in self._tokens:
                headers = make_headers(basic_auth=f"{config.client_id}:{config.client_secret}")
                form = [("grant_type", "client_credentials")]
                url, secrets = f"{config.server}/oauth/token", (headers["authorization"], config.client_secret)
                answer = Http().call(self._pool, "POST", url, secrets, headers=headers, form=form)
                self._tokens[key] = text_of(answer, "access_token")
            return self._tokens[key]


class TokenProvider(HttpProvider):
    """Gives tokens to whoever has an id and a secret, and knows afterwards whose a token is."""

    config_key = "server"
    path = "/messages"
    failures = (
        Failure("throttled", "throttle", 429, "Slow down."),
        Failure("used-up", "quota", 402, "No more today."),
        Failure("not-allowed", "credentials", 403, "The token does not allow it."),
        Failure("rejected", "refusal", 400, "The message was rejected."),
    )

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, tuple[str, str]] = {}

    def respond(self, request: HttpRequest) -> Answer | None:
        """Give a token."""
        if request.path != "/oauth/token":
            return None
        assert request.form == {"grant_type": "client_credentials"}
        assert request.basic is not None
        token = f"token-{len(self._clients)}"
        self._clients[token] = request.basic
        return Answer.json({"access_token": token, "token_type": "Bearer"})

    def read(self, request: HttpRequest) -> Message:
        """Read a mail."""
        sent = request.json
        return Message(sent["to"], sent["subject"], sent.get("html"), sent.get("text"))

    def accepted(self, message_id: str) -> Answer:
        """Give an id."""
        return Answer.json({"id": message_id}, 202)

    def refused(self, status: int, message: str) -> Answer:
        """Say why."""
        return Answer.json({"error": message}, status)

    def credentials(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the client that a token was given to with the config's."""
        client = self._clients.get(request.bearer or "")
        same = client == (config["clientId"], config["clientSecret"])
        return None if same else "expected a token of the config's client, found another"


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
