"""E-mail as Logto's SMTP connector sends it: login or OAuth 2, a content type for each template, and own headers."""

import base64
import smtplib
import time
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from conformance import Spec
from conformance.npm.official.smtp import MailServer
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    encode_mailbox,
    format_mailbox,
    parse_send_from,
    strip_header_control_chars,
)
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit.redaction import payload_secrets, redact
from tests.conformance.right_connectors.official_parts import well_formed
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    STRING,
    TOKEN,
    config_schema,
    json_item,
    metadata,
    one_recipient,
    required,
    templates,
    text,
)

_TIMEOUT: Final = 1.0
_PAUSE: Final = 0.02
_DONE, _AUTHENTICATED = 250, 235
_THROTTLED: Final = ("4.7.0", "4.7.1")
_QUOTA: Final = ("4.5.3", "5.4.5")
_AUTH: Final = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"type": {"enum": ["login", "Login", "LOGIN"]}, "user": TOKEN, "pass": TOKEN},
            "required": ["user", "pass"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"type": {"enum": ["oauth2", "OAuth2", "OAUTH2"]}, "user": TOKEN, "accessToken": TOKEN},
            "required": ["type", "user", "accessToken"],
        },
    ]
}


@frozen
class SmtpTemplate:
    """A subject, a content, and the content's media type."""

    usage_type: str
    content_type: str
    subject: str
    content: str = field(repr=False)


@frozen
class SmtpConfig:
    """A server, the way to authenticate there, a sender, and headers for each message."""

    host: str
    port: int
    auth: Mapping[str, Any] = field(repr=False)
    from_email: str
    templates: tuple[SmtpTemplate, ...]
    reply_to: str | None = None
    custom_headers: Mapping[str, str] | None = None


def rejected(reply: int, text_of_reply: bytes | str) -> ConnectorError:
    """Return the error for a reply, by its enhanced status code (RFC 3463)."""
    message = text_of_reply.decode("utf-8", "replace") if isinstance(text_of_reply, bytes) else text_of_reply
    status = message.partition(" ")[0]
    code = Codes.INVALID_RESPONSE
    if status in _THROTTLED:
        code = Codes.RATE_LIMIT_EXCEEDED
    elif status in _QUOTA:
        code = Codes.USAGE_LIMIT_EXCEEDED
    return ConnectorError(code, {"message": message or "The server gave no reason.", "code": status, "status": reply})


class SmtpMail(EmailConnector[SmtpConfig]):
    """Opens a connection for each message, and returns its Message-ID."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "official-smtp",
        required("host"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.NUMBER, "port", "port", required=True),
        json_item("auth"),
        required("fromEmail"),
        text("replyTo"),
        json_item("customHeaders", is_required=False),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[SmtpConfig]] = Guard(
        config_schema(
            {
                "host": {"type": "string", "pattern": "^[a-z0-9.-]+$"},
                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                "auth": _AUTH,
                "fromEmail": STRING,
                "templates": templates(
                    "contentType", "subject", "content", contentType={"enum": ["text/plain", "text/html"]}
                ),
            },
            {
                "replyTo": STRING,
                "customHeaders": {
                    "type": "object",
                    "propertyNames": {"pattern": "^X-[A-Za-z0-9-]+$"},
                    "additionalProperties": STRING,
                },
            },
        ),
        SmtpConfig,
    )

    def content_type(self, email: Email) -> str:
        """Return the media type of the managed template, or of the config's."""
        template = email.template
        return template.content_type if isinstance(template, SmtpTemplate) else email.content_type

    def headers(self, config: SmtpConfig, email: Email) -> dict[str, str]:
        """Return the headers of the message."""
        own = parse_send_from(config.from_email, "")
        sender = parse_send_from(email.send_from or "", own.email, own.name)
        reply_to = email.reply_to or config.reply_to
        return {
            "From": encode_mailbox(format_mailbox(sender.email, sender.name)),
            "To": one_recipient(email.to),
            "Subject": strip_header_control_chars(email.subject),
            "Date": formatdate(),
            "Message-ID": make_msgid(domain="stub.example"),
            **({"Reply-To": encode_mailbox(strip_header_control_chars(reply_to))} if reply_to else {}),
            **{name: strip_header_control_chars(value) for name, value in (config.custom_headers or {}).items()},
        }

    def document(self, config: SmtpConfig, email: Email) -> bytes:
        """Return the message as it is on the wire.

        Raises:
            ConnectorError: ``invalid_request_parameters``: a header cannot be written.
        """
        subtype = self.content_type(email).partition("/")[2]
        document = MIMEText(well_formed(email.body), subtype, "utf-8")
        try:
            for name, value in self.headers(config, email).items():
                is_subject = name == "Subject"  # encoded words keep the white space at its ends
                document[name] = Header(well_formed(value), "utf-8") if is_subject else well_formed(value)
            return document.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))
        except (ValueError, LookupError, AttributeError, HeaderParseError):
            message = "Expected a recipient, a sender and a subject that headers can have."
            raise ConnectorError(Codes.INVALID_REQUEST_PARAMETERS, {"message": message}) from None

    def deliver(self, config: SmtpConfig, email: Email) -> object:
        """Send the e-mail, once more if it is throttled, and return its Message-ID."""
        document = self.document(config, email)
        try:
            return self.attempt(config, email, document)
        except ConnectorError as error:
            if error.code is not Codes.RATE_LIMIT_EXCEEDED:
                raise
        time.sleep(_PAUSE)
        return self.attempt(config, email, document)

    def attempt(self, config: SmtpConfig, email: Email, document: bytes) -> object:
        """Send the message over one connection, and translate errors."""
        try:
            with smtplib.SMTP(config.host, config.port, timeout=_TIMEOUT) as server:
                reply, answer = self.transmit(server, config, email, document)
        except smtplib.SMTPServerDisconnected as error:
            raise self.unreachable(error) from None
        except smtplib.SMTPRecipientsRefused as error:
            ((reply, answer),) = error.recipients.values()
            raise self.failure(reply, answer, config, email) from None
        except smtplib.SMTPResponseException as error:
            raise self.failure(error.smtp_code, error.smtp_error, config, email) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self.unreachable(error) from None
        if reply != _DONE:
            raise self.failure(reply, answer, config, email)
        return str(message_from_bytes(document)["Message-ID"])

    def transmit(self, server: smtplib.SMTP, config: SmtpConfig, email: Email, document: bytes) -> tuple[int, bytes]:
        """Run the commands of one message, and return the last reply."""
        server.ehlo()
        self.authenticate(server, config)
        if not f"{email.to}{config.from_email}{email.send_from}".isascii():
            server.command_encoding = "utf-8"
        sender = parse_send_from(email.send_from or "", parse_send_from(config.from_email, "").email)
        for command, address in ((server.mail, sender.email), (server.rcpt, one_recipient(email.to))):
            reply, answer = command(address)
            if reply != _DONE:
                raise smtplib.SMTPResponseException(reply, answer)
        return server.data(document)

    def authenticate(self, server: smtplib.SMTP, config: SmtpConfig) -> None:
        """Log in, or authenticate with the access token."""
        user = config.auth["user"]
        if "accessToken" not in config.auth:
            server.login(user, config.auth["pass"])
            return
        token = base64.b64encode(f"user={user}\x01auth=Bearer {config.auth['accessToken']}\x01\x01".encode()).decode()
        reply, answer = server.docmd("AUTH", f"XOAUTH2 {token}")
        if reply != _AUTHENTICATED:
            raise smtplib.SMTPResponseException(reply, answer)

    def failure(self, reply: int, answer: bytes | str, config: SmtpConfig, email: Email) -> ConnectorError:
        """Return the error for a reply, without secrets."""
        error, payload = rejected(reply, answer), email.data.payload
        secrets = (*(it for key, it in config.auth.items() if key != "type"), *payload_secrets(payload))
        assert isinstance(error.data, dict)
        return ConnectorError(error.code, {**error.data, "message": redact(error.data["message"], secrets)})

    def unreachable(self, error: Exception) -> ConnectorError:
        """Return the error for a server that cannot be reached."""
        return ConnectorError(Codes.GENERAL, {"message": f"The server could not be reached: {type(error).__name__}."})


def _spec(auth: Mapping[str, str], secret: str) -> Spec:
    return Spec(
        connector=SmtpMail,
        valid_config={
            "host": "mail.example.com",
            "port": 587,
            "auth": auth,
            "fromEmail": "Example <noreply@example.com>",
            "replyTo": "support@example.com",
            "customHeaders": {"X-Entity": "codes", "X-Priority": "1"},
            "templates": [
                {"usageType": kind, "contentType": media, "subject": f"{kind} {{{{code}}}}", "content": "Code {{code}}"}
                for kind, media in zip(REQUIRED, ("text/html", "text/plain") * 2, strict=True)
            ],
        },
        provider=MailServer,
        capabilities={"config-templates", "html", "i18n-templates", "reply-to", "send-from", "text"},
        secrets=(secret,),
    )


OFFICIAL_SMTP: Final = (
    _spec({"type": "login", "user": "noreply@example.com", "pass": "hG6-tR2-kL9-wQ4"}, "auth.pass"),
    evolve(
        _spec(
            {"type": "oauth2", "user": "noreply@example.com", "accessToken": "ya29.a0AfH6SMBx-Tk9s"}, "auth.accessToken"
        ),
        local_settings={"auth.pass": "only the type login uses it"},
    ),
)
