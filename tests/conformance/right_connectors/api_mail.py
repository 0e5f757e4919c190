"""The base of correct connectors with JSON APIs: a client whose waits are limited in total, and the stub it talks to."""

import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import urllib3
from attrs import field, frozen

from conformance import Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    strip_header_control_chars,
)
from connector_kit.redaction import payload_secrets, redact
from tests.conformance.right_connectors.parts import (
    ADDRESS,
    REQUIRED,
    TOKEN,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
)

Codes = ConnectorErrorCodes
Json = Any

_MOST_BYTES: Final = 1_000_000
_PAUSE: Final = 0.02


@frozen
class ApiTemplate:
    """A subject and an HTML body."""

    usage_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class ApiConfig:
    """A server, and the key for it."""

    server: str
    api_key: str = field(repr=False)
    templates: tuple[ApiTemplate, ...]


API_CONFIG: Final[Guard[ApiConfig]] = Guard(
    config_schema({"server": ADDRESS, "apiKey": TOKEN, "templates": templates("subject", "content")}), ApiConfig
)


def api_metadata(name: str) -> ConnectorMetadata:
    """Return the metadata of a connector with an `ApiConfig`."""
    return metadata(name, required("server"), required("apiKey"), json_item("templates"))


@frozen
class Reply:
    """A response that was read completely."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def json(self) -> dict[str, Json]:
        """The body, if it is a JSON object; else empty."""
        try:
            found = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def text(self, key: str) -> str:
        """Return a string of the body.

        Raises:
            ConnectorError: ``invalid_response``: there is none.
        """
        value = self.json.get(key)
        if not isinstance(value, str) or not value:
            raise ConnectorError(
                Codes.INVALID_RESPONSE, {"message": f"Expected a JSON object with the string {key!r}."}
            )
        return value


class Client:
    """Sends requests; follows no redirect, limits the time of a response in total and its size."""

    def __init__(self, **options: Any) -> None:
        self._pool = new_pool(**options)

    def send(self, method: str, url: str, until: float, **request: Any) -> Reply:
        """Send a request and read the response.

        Raises:
            ConnectorError: ``general``: there is no response before the time ``until``; ``invalid_response``: it is huge.
        """
        try:
            return self.exchange(method, url, until, **request)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            message = f"The provider could not be reached: {type(error).__name__}."
            raise ConnectorError(Codes.GENERAL, {"message": message}) from None

    def exchange(self, method: str, url: str, until: float, **request: Any) -> Reply:
        """Send a request and read the response; raise what urllib3 raises."""
        timeout = urllib3.Timeout(total=max(0.01, until - time.monotonic()))
        response = self._pool.request(method, url, redirect=False, preload_content=False, timeout=timeout, **request)
        content = response.read(_MOST_BYTES + 1, decode_content=True)
        if len(content) > _MOST_BYTES:
            response.close()
            raise ConnectorError(Codes.INVALID_RESPONSE, {"message": "The provider sent an endless response."})
        response.release_conn()
        return Reply(response.status, response.headers, content)


class ApiMail(EmailConnector[ApiConfig]):
    """Posts one JSON object for each message."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("api-mail")
    config_guard: ClassVar[Guard[ApiConfig]] = API_CONFIG
    within: ClassVar[float] = 1.5
    """Seconds for the whole send."""

    retries_throttles: ClassVar[bool] = True
    """Whether a message that was throttled is sent once more."""

    codes: ClassVar[Mapping[object, Codes]] = {402: Codes.USAGE_LIMIT_EXCEEDED, 429: Codes.RATE_LIMIT_EXCEEDED}
    """Error codes by status, or by the provider's own code."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.client = self.new_client()

    def new_client(self) -> Client:
        """Make the client."""
        return Client()

    def deliver(self, config: ApiConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        mail = {
            "to": one_recipient(email.to),
            "subject": strip_header_control_chars(email.subject),
            "text" if email.content_type == "text/plain" else "html": email.body,
        }
        secrets = (config.api_key, *payload_secrets(email.data.payload))
        until = time.monotonic() + self.within
        try:
            return self.exchange(config, mail, secrets, until)
        except ConnectorError as error:
            if error.code is not Codes.RATE_LIMIT_EXCEEDED or not self.retries_throttles:
                raise
            time.sleep(_PAUSE)
            return self.exchange(config, mail, secrets, until)

    def exchange(self, config: ApiConfig, mail: Mapping[str, str], secrets: tuple[object, ...], until: float) -> object:
        """Make the requests for one e-mail."""
        return self.accepted(self.post(config, "/messages", mail, until), secrets).text("id")

    def headers(self, config: ApiConfig) -> dict[str, str]:
        """Return the headers of every request."""
        return {"Authorization": f"Bearer {config.api_key}"}

    def post(self, config: ApiConfig, path: str, body: Json, until: float, **headers: str) -> Reply:
        """Post JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.send(
            "POST", f"{config.server}{path}", until, json=body, headers={**self.headers(config), **named}
        )

    def accepted(self, reply: Reply, secrets: tuple[object, ...]) -> Reply:
        """Return a successful response.

        Raises:
            ConnectorError: the provider rejected the message.
        """
        if 200 <= reply.status < 300:
            return reply
        raise self.rejection(reply, secrets)

    def rejection(self, reply: Reply, secrets: tuple[object, ...]) -> ConnectorError:
        """Translate an error response."""
        message, name = reply.json.get("message"), reply.json.get("name")
        code = self.codes.get(name) if isinstance(name, str) else None
        data: dict[str, Json] = {
            "message": redact(message, secrets) if isinstance(message, str) else f"The provider sent {reply.status}.",
            "status": reply.status,
        }
        if isinstance(name, str):
            data["code"] = redact(name, secrets)
        return ConnectorError(code or self.codes.get(reply.status, Codes.INVALID_RESPONSE), data)


class ApiStub(HttpProvider):
    """Accepts one JSON object for each message."""

    config_key = "server"
    path = "/messages"
    authorization = "Bearer {apiKey}"
    failures = (
        Failure("throttled", "throttle", 429, "Slow down."),
        Failure("used-up", "quota", 402, "No more mails this month."),
        Failure("unknown-recipient", "rejection", 422, "The mailbox does not exist."),
        Failure("unknown-key", "credentials", 401, "This key is unknown."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        return self.message_of(request.json)

    def message_of(self, sent: Mapping[str, Json], **more: Json) -> Message:
        """Return the e-mail in a JSON object."""
        return Message(sent["to"], sent["subject"], sent.get("html"), sent.get("text"), **more)


def api_spec(connector: type[Any], provider: type[Any], **config: Json) -> Spec:
    """Return the Spec of a connector with an `ApiConfig`."""
    return Spec(
        connector=connector,
        valid_config={
            "server": "https://api.acme.example",
            "apiKey": "k-0123456789",
            "templates": [{"usageType": it, "subject": it, "content": "<p>{{code}}</p>"} for it in REQUIRED],
            **config,
        },
        provider=provider,
        capabilities={"config-templates", "html", "i18n-templates", "text"},
    )


API_MAIL: Final = api_spec(ApiMail, ApiStub)
