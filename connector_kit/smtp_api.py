"""One way to send through an SMTP server: limits, retries, errors and redaction, so that a connector needs none of its own."""

import base64
import io
import quopri
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING, Final, Literal

from attrs import field, frozen

from connector_kit.bounded_http import look_up
from connector_kit.connector import Email
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.mailbox import (
    MailboxError,
    encode_address,
    encode_mailbox,
    parse_mailbox,
    strip_header_control_chars,
)
from connector_kit.redaction import message_secrets, redact

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

Encryption = Literal["tls", "starttls", "starttls-if-offered", "none"]
"""``tls``: from the start, as on port 465; ``starttls``: required before anything else is sent."""

SmtpErrorTable = Mapping[int | str, ConnectorErrorCodes]
"""The connector's code for a reply code, or for an enhanced status code, which counts more: ``4.7.28``, or ``4.7`` for all of
them."""

_DEFAULT_CODES: Final[SmtpErrorTable] = {
    421: ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,  # RFC 5321 §3.8: too many connections, or the server shuts down
    "4.7": ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,  # RFC 3463 §3.8: policy. Gmail 4.7.28, Yahoo 4.7.0, greylisting 4.7.1
    "4.2.1": ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,  # Gmail: the recipient receives messages too quickly
    "4.3.2": ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,  # Exchange Online: too many concurrent connections
    "5.4.5": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,  # Gmail: daily sending limit
    "5.1.90": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,  # Exchange Online: daily limit of recipients
    "5.7.232": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,  # Exchange Online: limit of a trial tenant
    "5.7.233": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,  # Exchange Online: limit of the tenant
}
"""Not 4.2.2 and 5.2.2: the mailbox of the recipient is full, not the quota of the sender (RFC 3463 §3.3)."""

_ENHANCED: Final = re.compile(r"([245]\.\d{1,3})\.\d{1,3}\b")
_ADDRESS: Final = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|[^\s<>,;:()"\\@]+)(?:@[^\s<>,;()"\\@]+)?""")
_HEADER_NAME: Final = re.compile(r"[!-9;-~]+")
_SIMPLE: Final = re.compile(r"[!-~](?:[ -~]{0,900}[!-~])?")
"""A header value that needs no encoding: a line has at most 998 characters (RFC 5322 §2.1.1)."""

_LINE_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
"""Line breaks for Python, but not for e-mail: they become spaces, because `Header` would lose them."""

_UNUSUAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WRAPPED: Final = re.compile(r"=\s+|(?<=[A-Za-z0-9+/]{76})\s+")
"""Where quoted-printable or base64 wraps a line."""

_OWN_HEADERS: Final = re.compile(r"from|to|cc|bcc|subject|date|message-id|mime-version|content-.*", re.IGNORECASE)
"""Headers that are not replaced: they decide who gets the message, from whom, and how it is read."""

_POLICY: Final = policy.SMTP.clone(cte_type="7bit")  # needs no 8BITMIME, and its lines are short
_LARGEST_REPLY: Final = 1 << 16
_QUIT_LIMIT: Final = 1.0
_PORTS: Final = range(1, 1 << 16)
_READY: Final = 220
_AUTHENTICATED: Final = 235
_DONE: Final = range(250, 252)
_START_OF_CONTENT: Final = 354
_CHALLENGE: Final = 334
_PASSING: Final = range(400, 500)


@frozen
class SmtpServer:
    """A mail server, and how to talk to it. Its repr shows no secret.

    Args:
        host: name or address.
        port: usually 587 (``starttls``) or 465 (``tls``).
        encryption: by default STARTTLS if the server offers it; then its certificate must be valid, too.
        is_verified: whether its certificate must be valid.
        server_name: the name in its certificate, if it is not ``host``.
        user: to log in with; ``None`` for a server without login. A server that offers no login gets none.
        password: to log in with: PLAIN, LOGIN or CRAM-MD5, whichever the server offers.
        access_token: of OAuth 2, to log in with XOAUTH2 instead of the password.
        client_name: the name to introduce oneself with; by default that of this machine, if it has a domain.
        source_address: the own address to connect from.
    """

    host: str
    port: float
    encryption: Encryption = "starttls-if-offered"
    is_verified: bool = True
    server_name: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    client_name: str | None = None
    source_address: str | None = None


class SmtpApi:
    """Sends e-mails through an SMTP server. It is thread-safe, and opens a connection for each message.

    A send ends within its time limits. It is repeated only where the message cannot be delivered twice: after a failure to
    connect, and after a reply or a loss of the connection before the content was sent. Used-up quotas and permanent errors
    (5xx) are not repeated. Each failure is a `ConnectorError` whose data has the server's text, without secrets, the reply
    code and the enhanced status code (RFC 3463).

    Args:
        provider: its name, for messages.
        errors: the connector's codes, in addition to the usual ones. Others are ``invalid_response``.
        retry_pauses: the pause in seconds before each repetition.
        connect_limit: seconds for connecting, the look-up of the name and all addresses included.
        response_limit: seconds for each command with its reply, the TLS handshake and the content included.
        budget: seconds for a send with all its repetitions.
    """

    def __init__(
        self,
        provider: str,
        *,
        errors: SmtpErrorTable | None = None,
        retry_pauses: tuple[float, ...] = (0.5, 1.0),
        connect_limit: float = 3.0,
        response_limit: float = 8.0,
        budget: float = 14.0,
    ) -> None:
        self._provider = provider
        self._codes = {**_DEFAULT_CODES, **(errors or {})}
        self._retry_pauses = retry_pauses
        self._connect_limit = connect_limit
        self._response_limit = response_limit
        self._budget = budget

    def send(
        self,
        email: Email,
        server: SmtpServer,
        *,
        sender: str,
        reply_to: str | None = None,
        headers: Mapping[str, str | Iterable[str]] | None = None,
        secrets: Iterable[object] = (),
    ) -> str:
        """Send an e-mail with its HTML and its text, and return its Message-ID.

        Args:
            email: the message.
            server: where to send it.
            sender: a mailbox; its address is also the envelope's.
            reply_to: a mailbox.
            headers: more headers by name; a header with several values is repeated. Those that every message has, ``Cc``
                and ``Bcc`` are left out.
            secrets: what errors must not show, besides the server's and the message's.

        Raises:
            ConnectorError: the server could not be reached, did not respond in time, or rejected the message.
                ``invalid_config`` if the server, the sender or a header cannot be used, ``invalid_request_parameters`` if the
                recipient is not one address.
        """
        recipient = _address(email.to, "the recipient", ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS)
        envelope = _address(parse_mailbox(sender).email, "the sender", ConnectorErrorCodes.INVALID_CONFIG)
        if server.port not in _PORTS:
            raise _unusable(f"expected a port from 1 to 65535, found {server.port}")
        message_id, content = _message(
            email, recipient, envelope, sender=sender, reply_to=reply_to, headers=headers or {}
        )
        hidden = [*secrets, server.password, server.access_token, *message_secrets(email.data.payload, email.to)]
        self._send(server, envelope, recipient, content, hidden)
        return message_id

    def _send(self, server: SmtpServer, sender: str, recipient: str, content: bytes, hidden: list[object]) -> None:
        ends = time.monotonic() + self._budget
        pauses = iter(self._retry_pauses)
        while True:
            connection = _Connection(server, ends, self._response_limit)
            try:
                with closing(connection):
                    connection.open(self._connect_limit)
                    connection.log_in()
                    connection.transmit(sender, recipient, content)
                    connection.leave()
            except (smtplib.SMTPException, OSError) as error:
                failure = self._failure(error, hidden, is_content_sent=connection.is_content_sent)
                is_passing = getattr(error, "smtp_code", _PASSING[0]) in _PASSING
                is_passing &= not isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError)
                is_passing &= failure.code is not ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED
                pause = next(pauses, None) if is_passing and not connection.is_content_sent else None
                if pause is None or time.monotonic() + pause + self._connect_limit + self._response_limit > ends:
                    raise failure from None
                time.sleep(pause)
            except ValueError as error:  # a line break, a NUL, or a label of the host name that is too long
                reason = f"its host, its user or its name is not valid ({type(error).__name__})"
                raise _unusable(reason) from None
            else:
                return

    def _failure(self, error: Exception, hidden: list[object], *, is_content_sent: bool) -> ConnectorError:
        """Return the error for an exception of a send: the only place that translates them."""
        code, data = ConnectorErrorCodes.GENERAL, {}
        match error:
            case smtplib.SMTPResponseException():
                text = error.smtp_error
                text = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).strip()
                enhanced = _ENHANCED.match(text)
                found = (enhanced[0], enhanced[1], error.smtp_code) if enhanced else (error.smtp_code,)
                code = next(
                    (self._codes[it] for it in found if it in self._codes), ConnectorErrorCodes.INVALID_RESPONSE
                )
                data = {"status": error.smtp_code, **({"code": enhanced[0]} if enhanced else {})}
                reason = _redacted(text, hidden) or f"{self._provider} replied with {error.smtp_code} and no text."
            case smtplib.SMTPNotSupportedError():
                code, reason = (
                    ConnectorErrorCodes.INVALID_RESPONSE,
                    f"{self._provider} cannot send this message: {error}",
                )
            case ssl.SSLCertVerificationError():
                reason = f"{self._provider} has no valid certificate: {error.verify_message}."
            case ssl.SSLError():
                reason = (
                    f"No TLS connection to {self._provider}: {error.reason}. Is the encryption right for this port?"
                )
            case _:
                name = type(error.__context__ or error).__name__
                reason = f"{self._provider} could not be reached: {name}."
                if is_content_sent:
                    reason = f"{self._provider} did not respond, but may have accepted the message: {name}."
        return ConnectorError(code, {"message": reason, **data})


def _redacted(text: str, hidden: list[object]) -> str:
    """Return a reply without secrets, also if it repeats a part of the message as it was encoded."""
    plain = redact(text, hidden)
    decoded = quopri.decodestring(_WRAPPED.sub("", plain).encode()).decode("utf-8", "replace")
    shown = redact(decoded, hidden)
    return plain if shown == decoded else shown


class _Connection(smtplib.SMTP):
    """A connection for one message: each step and the whole have a time limit, and each reply a length.

    By default, a server that sends a byte now and then, or a reply without an end, holds a sender forever.
    """

    def __init__(self, server: SmtpServer, ends: float, limit: float) -> None:
        name = server.client_name or socket.gethostname()
        is_known = server.client_name or "." in name  # nodemailer's rule; servers reject a bare name
        super().__init__(local_hostname=name if is_known else "[127.0.0.1]")
        self._server = server
        self._ends = ends
        self._limit = limit
        self._step_ends = ends
        self.received = 0
        self.is_content_sent = False

    def open(self, limit: float) -> None:
        """Connect, read the greeting, introduce oneself, and encrypt as the server's settings require."""
        server = self._server
        source = None if server.source_address is None else (server.source_address, 0)
        failure = OSError("no address")
        self._begin(limit)
        for address in look_up(server.host or "localhost", int(server.port), self.remaining()):
            try:
                self.sock = socket.create_connection(address, self.remaining(), source)
                break
            except OSError as error:
                failure = error
        if self.sock is None:
            raise failure
        self._begin(self._limit)
        if server.encryption == "tls":
            self._encrypt()
        self._expect([_READY], self.getreply())
        self.ehlo_or_helo_if_needed()
        is_offered = server.encryption == "starttls-if-offered" and self.has_extn("starttls")
        if server.encryption == "starttls" or is_offered:
            self._expect([_READY], self.docmd("STARTTLS"))
            self._encrypt()
            self.ehlo_resp = self.helo_resp = None
            self.esmtp_features = {}
            self.ehlo_or_helo_if_needed()

    def log_in(self) -> None:
        """Log in, if there are credentials and the server has a login."""
        user, password, token = self._server.user, self._server.password, self._server.access_token
        if not user or not self.has_extn("auth"):
            return
        if token:
            self._authenticate("XOAUTH2", f"user={user}\1auth=Bearer {token}\1\1")
        elif password and f"{user}{password}".isascii():
            self.login(user, password)
        elif password:  # smtplib's login has no other characters; RFC 4616 requires UTF-8
            self._authenticate("PLAIN", f"\0{user}\0{password}")

    def transmit(self, sender: str, recipient: str, content: bytes) -> None:
        """Send a message to one recipient."""
        options = f" SIZE={len(content)}" if self.has_extn("size") else ""
        if not f"{sender}{recipient}".isascii():
            if not self.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError("it accepts no addresses outside ASCII (SMTPUTF8).")
            self.command_encoding = "utf-8"
            options += " SMTPUTF8"
        self._expect(_DONE, self.docmd("MAIL", f"FROM:<{sender}>{options}"))
        self._expect(_DONE, self.docmd("RCPT", f"TO:<{recipient}>"))
        self._expect([_START_OF_CONTENT], self.docmd("DATA"))
        self._begin(self._limit)
        self.is_content_sent = True
        self.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        self._expect(_DONE, self.getreply())

    def leave(self) -> None:
        """Say goodbye. The server has accepted the message, so what goes wrong now does not matter."""
        self._ends = min(self._ends, time.monotonic() + _QUIT_LIMIT)
        with suppress(smtplib.SMTPException, OSError):
            self.docmd("QUIT")

    def remaining(self) -> float:
        """Return how many seconds are left for this step."""
        remaining = self._step_ends - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the server took too long in total")
        return remaining

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Begin a step with each command."""
        self._begin(self._limit)
        super().putcmd(cmd, args)

    def send(self, s: "ReadableBuffer | str") -> None:
        """Send within the limit of the step."""
        assert self.sock is not None  # noqa: S101 - for mypy: `open` connects before
        self.sock.settimeout(self.remaining())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """Read within the limits."""
        if self.file is None:
            self.file = io.BufferedReader(_Reader(self))
        self.received = 0
        return super().getreply()

    def _begin(self, limit: float) -> None:
        self._step_ends = min(self._ends, time.monotonic() + limit)

    def _encrypt(self) -> None:
        context = ssl.create_default_context()
        if not self._server.is_verified:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        assert self.sock is not None  # noqa: S101 - for mypy: `open` connects before
        self.sock.settimeout(self.remaining())
        self.sock = context.wrap_socket(self.sock, server_hostname=self._server.server_name or self._server.host)
        self.file = None  # what arrived before the handshake may be from somebody else

    def _authenticate(self, mechanism: str, response: str) -> None:
        reply = self.docmd("AUTH", f"{mechanism} {base64.b64encode(response.encode()).decode()}")
        if reply[0] == _CHALLENGE:  # an error of XOAUTH2: the server gives its reply after an empty response
            reply = self.docmd("")
        self._expect([_AUTHENTICATED], reply)

    @staticmethod
    def _expect(codes: Iterable[int], reply: tuple[int, bytes]) -> None:
        if reply[0] not in codes:
            raise smtplib.SMTPResponseException(*reply)


class _Reader(io.RawIOBase):
    """Reads from the socket of a connection within its limits."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        connection = self._connection
        assert connection.sock is not None  # noqa: S101 - for mypy: a closed connection has no reader
        connection.sock.settimeout(connection.remaining())
        count = connection.sock.recv_into(buffer)
        connection.received += count
        if connection.received > _LARGEST_REPLY:
            raise OSError("the reply is too long")
        return count


# --- the message ------------------------------------------------------------------------------------------------------


def _unusable(reason: str) -> ConnectorError:
    data = {"message": f"No mail can be sent with this config: {reason}."}
    return ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, data)


def _address(address: str, what: str, code: ConnectorErrorCodes) -> str:
    """Return an address for a command and a header.

    Raises:
        ConnectorError: it is not one address.
    """
    try:
        encoded = encode_address(address)
        encoded.encode()
    except (MailboxError, UnicodeEncodeError):
        encoded = ""
    if _ADDRESS.fullmatch(encoded) is None:
        raise ConnectorError(
            code, {"message": f"Expected one e-mail address as {what}, found {len(address)} characters."}
        )
    return encoded


def _message(
    email: Email,
    recipient: str,
    envelope: str,
    *,
    sender: str,
    reply_to: str | None,
    headers: Mapping[str, str | Iterable[str]],
) -> tuple[str, bytes]:
    """Return the Message-ID and the message as it is on the wire.

    The standard library writes the body, and `Header` the values: its structured headers raise for U+2028 in a subject, and
    lose white space and what looks encoded.
    """
    domain = envelope.rpartition("@")[2]
    message_id = make_msgid(domain=domain if domain.isascii() else "localhost")
    found = [
        ("From", _mailbox(sender)),
        ("To", recipient),
        ("Subject", _encoded(email.subject)),
        ("Date", format_datetime(datetime.now(UTC))),
        ("Message-ID", message_id),
    ]
    if reply_to and strip_header_control_chars(reply_to).strip():
        found.append(("Reply-To", _mailbox(reply_to)))
    own = {name for name, _ in found if name == "Reply-To"}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise _unusable("a name of its headers is not valid")
        if _OWN_HEADERS.fullmatch(name) is None and name.title() not in own:
            values = [value] if isinstance(value, str) else value
            found.extend((name, _encoded(it)) for it in values if it.strip())
    head = "".join(f"{name}: {value}\r\n" for name, value in found)
    return message_id, head.encode() + _body(email).as_bytes()


def _body(email: Email) -> EmailMessage:
    body = EmailMessage(policy=_POLICY)
    for subtype, content in (("plain", email.text), ("html", email.html)):
        if content is not None:
            sound = _sound(content)
            encoding = "quoted-printable" if _UNUSUAL.search(sound) else None
            add = body.add_alternative if body.keys() else body.set_content
            add(sound, subtype=subtype, cte=encoding)
    return body


def _mailbox(value: str) -> str:
    try:
        encoded = encode_mailbox(_sound(value))
    except MailboxError as error:
        raise _unusable(f"the sender or Reply-To cannot be used: {error}") from None
    return encoded


def _encoded(value: str) -> str:
    """Return a header value of printable ASCII as it is, and others as encoded words (RFC 2047)."""
    text = strip_header_control_chars(_LINE_BREAKS.sub(" ", _sound(value)))
    if not text or (_SIMPLE.fullmatch(text) and "=?" not in text):
        return text
    return Header(text, "utf-8").encode(linesep="\r\n")


def _sound(text: str) -> str:
    """Return a text that UTF-8 can encode."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
