"""Correct connectors that do not speak JSON over HTTP/1.1 from the thread of the send."""

import asyncio
import base64
import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from functools import cache
from typing import Any, ClassVar, Final

import httpx2
from attrs import field, frozen

from conformance import Aspect, Call, Failure, HttpProvider, HttpRequest, HttpResponse, Message, Outcome, Spec
from conformance.providers.base import Exchange
from conformance.providers.smtp import SmtpProvider
from conformance.providers.tcp import HOST, TcpProvider
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    Sms,
    SmsConnector,
    strip_header_control_chars,
)
from connector_kit.redaction import payload_secrets, redact
from tests.conformance.right_connectors.api_mail import (
    ApiMail,
    ApiStub,
    Client,
    Reply,
    api_metadata,
    api_spec,
)
from tests.conformance.right_connectors.parts import (
    ADDRESS,
    REQUIRED,
    STRING,
    TOKEN,
    config_schema,
    json_item,
    metadata,
    one_recipient,
    required,
    templates,
)

Codes = ConnectorErrorCodes
Json = Any


# --- SMTP -----------------------------------------------------------------------------------------------------------


@frozen
class SmtpTemplate:
    """A subject and an HTML body."""

    usage_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class SmtpConfig:
    """A server, a user and a sender."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    from_email: str
    templates: tuple[SmtpTemplate, ...]


class SmtpMail(EmailConnector[SmtpConfig]):
    """Sends through an SMTP server with smtplib; each command is limited, and the whole session, too."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "smtp-mail",
        required("host"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.NUMBER, "port", "port", required=True),
        required("username"),
        required("password", is_confidential=True),
        required("fromEmail"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[SmtpConfig]] = Guard(
        config_schema(
            {
                "host": STRING,
                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                "username": TOKEN,
                "password": TOKEN,
                "fromEmail": STRING,
                "templates": templates("subject", "content"),
            }
        ),
        SmtpConfig,
    )
    within: ClassVar[float] = 0.5

    def deliver(self, config: SmtpConfig, email: Email) -> object:
        """Send the e-mail; the result is its Message-ID."""
        mail, to = self.mail(config, email), one_recipient(email.to)
        secrets = (config.password, config.username, *payload_secrets(email.data.payload))
        try:
            self.submit(config, mail, to)
        except smtplib.SMTPServerDisconnected as error:
            raise self.unreachable(error) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise self.rejection(*next(iter(error.recipients.values())), secrets) from None
        except smtplib.SMTPResponseException as error:
            raise self.rejection(error.smtp_code, error.smtp_error, secrets) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self.unreachable(error) from None
        return None

    def mail(self, config: SmtpConfig, email: Email) -> EmailMessage:
        """Build the mail."""
        mail = EmailMessage()
        mail["From"] = strip_header_control_chars(config.from_email)
        mail["To"] = Address(addr_spec="undisclosed@recipient.invalid")
        mail["Subject"] = _encodable(" ".join(strip_header_control_chars(email.subject).splitlines()))
        mail["Message-ID"] = make_msgid(domain="acme.example")
        kind = "plain" if email.content_type == "text/plain" else "html"
        mail.set_content(_encodable(email.body), subtype=kind, cte="base64")
        return mail

    def submit(self, config: SmtpConfig, mail: EmailMessage, to: str) -> None:
        """Talk to the server."""
        with smtplib.SMTP(config.host, config.port, timeout=self.within) as server:
            server.login(config.username, config.password)
            options = ("SMTPUTF8", "BODY=8BITMIME") if not to.isascii() else ()
            server.sendmail("noreply@acme.example", [to], mail.as_bytes(), mail_options=options)

    def unreachable(self, error: Exception) -> ConnectorError:
        """Translate a network failure."""
        return ConnectorError(Codes.GENERAL, {"message": f"The server could not be reached: {type(error).__name__}."})

    def rejection(self, status: int, reply: bytes | str, secrets: tuple[object, ...]) -> ConnectorError:
        """Translate an error reply."""
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        return ConnectorError(Codes.INVALID_RESPONSE, {"message": redact(text, secrets), "status": status})


def _encodable(text: str) -> str:
    """Replace each half of a surrogate pair by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class SmtpStub(SmtpProvider):
    """Requires a user and password."""

    user_key = "username"
    password_key = "password"
    sender_key = "fromEmail"


SMTP_MAIL: Final = Spec(
    connector=SmtpMail,
    valid_config={
        "host": "smtp.acme.example",
        "port": 587,
        "username": "mailer",
        "password": "p-0123456789",
        "fromEmail": "Acme <noreply@acme.example>",
        "templates": [{"usageType": it, "subject": it, "content": "<p>{{code}}</p>"} for it in REQUIRED],
    },
    provider=SmtpStub,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
)


# --- an event loop in a thread --------------------------------------------------------------------------------------


class _Loop:
    """An event loop in a daemon thread, which starts with the first request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, coroutine: Any, within: float) -> Any:
        """Run a coroutine and return its result; after the time limit it is cancelled."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, daemon=True).start()
        limited = asyncio.wait_for(coroutine, max(0.01, within))
        return asyncio.run_coroutine_threadsafe(limited, self._loop).result()


_SHARED_LOOP: Final = _Loop()


class AsyncClient(Client):
    """An asynchronous client; the event loop of its connections lives in a thread of its own."""

    def exchange(self, method: str, url: str, until: float, **request: Any) -> Reply:
        """Send a request and read the response."""
        request["headers"] = {**request.pop("headers")}
        if "json" in request:
            body = request.pop("json")
            request |= {"content": HttpResponse.json(body).body}
            request["headers"]["Content-Type"] = "application/json"
        try:
            return _SHARED_LOOP.run(self._send(method, url, request), until - time.monotonic())  # type: ignore[no-any-return]  # the coroutine returns a Reply
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise OSError(type(error).__name__) from None

    async def _send(self, method: str, url: str, request: dict[str, Any]) -> Reply:
        async with (
            httpx2.AsyncClient(verify=_context()) as client,
            client.stream(method, url, follow_redirects=False, **request) as response,
        ):
            content = b""
            async for part in response.aiter_bytes():
                content += part
                if len(content) > 1_000_000:
                    raise ConnectorError(Codes.INVALID_RESPONSE, {"message": "The response has no end."})
            return Reply(response.status_code, dict(response.headers), content)


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


class AsyncMail(ApiMail):
    """Sends with the asynchronous client."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("async-mail")

    def new_client(self) -> Client:
        """Make the client."""
        return AsyncClient()


ASYNC_MAIL: Final = api_spec(AsyncMail, ApiStub)


# --- text messages: GET with a query, and a protocol of its own -----------------------------------------------------


@frozen
class SmsTemplate:
    """A text."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class SmsConfig:
    """A server, and the key for it."""

    server: str
    api_key: str = field(repr=False)
    templates: tuple[SmsTemplate, ...]


def _sms_guard(server: Mapping[str, Json]) -> Guard[SmsConfig]:
    return Guard(config_schema({"server": server, "apiKey": TOKEN, "templates": templates("content")}), SmsConfig)


def _sms_spec(connector: type[Any], provider: type[Any], server: str) -> Spec:
    return Spec(
        connector=connector,
        valid_config={
            "server": server,
            "apiKey": "k-0123456789",
            "templates": [{"usageType": it, "content": "Code {{code}}"} for it in REQUIRED],
        },
        provider=provider,
        capabilities={"config-templates", "sms"},
    )


class QuerySms(SmsConnector[SmsConfig]):
    """Sends each text with GET; the provider answers one line of text with status 200."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("query-sms")
    config_guard: ClassVar[Guard[SmsConfig]] = _sms_guard(ADDRESS)

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.client = Client()

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        """Send the text, and return the provider's id."""
        text = sms.content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        fields = {"key": config.api_key, "to": one_recipient(sms.to), "text": text.encode()}
        secrets = (config.api_key, *payload_secrets(sms.data.payload))
        until = time.monotonic() + 1
        for pause in (0.02, 0):
            reply = self.client.send("GET", f"{config.server}/send", until, fields=fields)
            status, _, rest = reply.content.decode("utf-8", "replace").partition(" ")
            if status != "ERR1" and reply.status != 429:
                break
            time.sleep(pause)
        if reply.status == 200 and status == "OK" and rest:
            return rest
        code = {"ERR1": Codes.RATE_LIMIT_EXCEEDED, "ERR2": Codes.USAGE_LIMIT_EXCEEDED}.get(status)
        message = redact(rest, secrets) if status.startswith("ERR") else f"The provider sent HTTP {reply.status}."
        raise ConnectorError(code or Codes.INVALID_RESPONSE, {"message": message})


def _line(text: str) -> HttpResponse:
    return HttpResponse(200, text.encode(), {"Content-Type": "text/plain"})


class QueryStub(HttpProvider):
    """Reads the query, and answers one line with status 200."""

    config_key = "server"
    method = "GET"
    path = "/send"
    authorization = ""
    failures = (
        Failure("too-fast", "throttle", 200, "Too fast.", response=_line("ERR1 Too fast.")),
        Failure("no-credit", "quota", 200, "No credit.", response=_line("ERR2 No credit.")),
        Failure("wrong-key", "credentials", 200, "Wrong key.", response=_line("ERR3 Wrong key.")),
        Failure("bad-number", "rejection", 200, "Bad number.", response=_line("ERR4 Bad number.")),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        return Message(request.query["to"], text=request.query["text"])

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the key."""
        return None if request.query["key"] == config["apiKey"] else "expected the config's apiKey in the query"

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the id."""
        return _line(f"OK {message_id}")

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return the message."""
        return HttpResponse(status, f"ERR5 {message}".encode(), {"Content-Type": "text/plain"})


QUERY_SMS: Final = _sms_spec(QuerySms, QueryStub, "https://sms.acme.example")


class SocketSms(SmsConnector[SmsConfig]):
    """Speaks a protocol of lines over a socket."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("socket-sms")
    config_guard: ClassVar[Guard[SmsConfig]] = _sms_guard({"type": "string", "pattern": "^[a-z0-9.-]+:[0-9]+$"})
    within: ClassVar[float] = 0.5

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        """Send the text, and return the provider's id."""
        text = base64.b64encode(sms.content.encode("utf-8", "surrogatepass")).decode()
        to = base64.b64encode(one_recipient(sms.to).encode("utf-8", "surrogatepass")).decode()
        secrets = (config.api_key, *payload_secrets(sms.data.payload))
        try:
            status, message = self.talk(config, f"SUBMIT {to} {text}")
            if status == "BUSY":
                time.sleep(0.02)
                status, message = self.talk(config, f"SUBMIT {to} {text}")
        except OSError as error:
            message = f"The provider could not be reached: {type(error).__name__}."
            raise ConnectorError(Codes.GENERAL, {"message": message}) from None
        if status == "OK" and message:
            return message
        code = {"BUSY": Codes.RATE_LIMIT_EXCEEDED, "EMPTY": Codes.USAGE_LIMIT_EXCEEDED}.get(status)
        shown = redact(message, secrets) or "The provider sent no reason."
        raise ConnectorError(code or Codes.INVALID_RESPONSE, {"message": shown})

    def talk(self, config: SmsConfig, line: str) -> tuple[str, str]:
        """Log in and send a line; return the two parts of the reply."""
        host, _, port = config.server.rpartition(":")
        until = time.monotonic() + self.within
        with socket.create_connection((host, int(port)), timeout=self.within) as connection:
            connection.sendall(f"LOGIN {config.api_key}\n{line}\n".encode())
            received = b""
            while not received.endswith(b"\n"):
                connection.settimeout(max(0.01, until - time.monotonic()))
                part = connection.recv(1000)
                if not part:
                    raise ConnectionResetError
                received += part
        status, _, message = received.decode("utf-8", "replace").strip().partition(" ")
        return status, message


class SocketStub(TcpProvider):
    """Reads two lines, and answers with one."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("accepted", "accepted", None),
        Outcome("busy", "throttle", Codes.RATE_LIMIT_EXCEEDED, "Too fast."),
        Outcome("empty", "quota", Codes.USAGE_LIMIT_EXCEEDED, "No credit."),
        Outcome("bad-number", "rejection", Codes.INVALID_RESPONSE, "Bad number."),
        Outcome("garbage", "malformed", Codes.INVALID_RESPONSE),
        Outcome("connection-refused", "network", Codes.GENERAL),
        Outcome("connection-lost", "network", Codes.GENERAL, ambiguous=True),
        Outcome("hangs", "network", Codes.GENERAL, ambiguous=True, hangs=True),
    )
    _replies: ClassVar[Mapping[str, str]] = {"throttle": "BUSY", "quota": "EMPTY", "rejection": "BAD"}

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config with the stub's address."""
        return {**config, "server": f"{HOST}:{self.server.address[1]}"}

    def converse(self, connection: socket.socket) -> None:
        """Read the two lines and answer."""
        with connection.makefile("rb") as lines:
            login, submit = (next(lines).decode().rstrip("\n").split(" ") for _ in range(2))
        outcome, message_id = self.current, f"m-{len(self.calls)}"
        to, text = (base64.b64decode(it).decode("utf-8", "surrogatepass") for it in submit[1:])
        reply = {"accepted": f"OK {message_id}", "malformed": "?"}.get(
            outcome.family, f"{self._replies.get(outcome.family)} {outcome.message}"
        )
        self.calls.append(
            Call(
                to=(to,),
                subject=None,
                html=None,
                text=text,
                sender=None,
                reply_to=(),
                outcome=outcome,
                result=message_id if outcome.family == "accepted" else None,
                raw=login[1],
                exchange=Exchange(f"{login}\n{submit}", reply),
            )
        )
        if outcome.family == "network":
            self.hang()
            return
        with contextlib.suppress(OSError):
            connection.sendall(f"{reply}\n".encode())

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare the key."""
        if aspect == "credentials" and call.raw != config["apiKey"]:
            return f"expected a login with the config's apiKey, found {len(call.raw)} other characters"
        return None


SOCKET_SMS: Final = _sms_spec(SocketSms, SocketStub, "sms.acme.example:2775")

TRANSPORTS: tuple[Spec, ...] = (SMTP_MAIL, ASYNC_MAIL, QUERY_SMS, SOCKET_SMS)
