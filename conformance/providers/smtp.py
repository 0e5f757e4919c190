"""`SmtpProvider`: the stub of any SMTP server, from a short description by the connector's author."""

import base64
import binascii
import email
import email.policy
import socket
from collections.abc import Iterator, Mapping
from email.message import EmailMessage, MIMEPart
from functools import partial
from typing import Any, ClassVar, Final, Literal

from attrs import define, field, frozen

from conformance.providers.base import Aspect, Call, Exchange, Family, Outcome
from conformance.providers.request_errors import sender_error
from conformance.providers.tcp import CONNECTION_REFUSED, HOST, TcpProvider
from connector_kit import ConnectorErrorCodes as Codes

Stage = Literal["AUTH", "MAIL", "RCPT", "DATA", "content"]
"""The command to which a server responds with an error; ``content``: the message itself, after ``DATA``."""

_CODES: Final[Mapping[str, Codes]] = {
    "throttle": Codes.RATE_LIMIT_EXCEEDED,
    "quota": Codes.USAGE_LIMIT_EXCEEDED,
}


@frozen
class SmtpFailure:
    """An error response of an SMTP server.

    Args:
        name: unique for the provider.
        family: what it means, as for an HTTP `Failure`.
        stage: the command to which the server responds with it.
        status: the reply code.
        message: the text, which the connector must show to operators; may be empty.
        expect: the code that the connector must raise; without it, the family decides.
    """

    name: str
    family: Family
    stage: Stage
    status: int
    message: str
    expect: Codes | None = field(default=None, kw_only=True)

    @property
    def outcome(self) -> Outcome:
        """The same as an `Outcome`."""
        expect = self.expect or _CODES.get(self.family, Codes.INVALID_RESPONSE)
        return Outcome(self.name, self.family, expect, self.message)


_ACCEPTED: Final = Outcome("accepted", "accepted", None)
_COMMON_FAILURES: Final = (
    SmtpFailure("unknown-recipient", "rejection", "RCPT", 550, "5.1.1 The mailbox does not exist."),
    SmtpFailure("rejected-content", "rejection", "content", 554, "5.7.1 The message was rejected."),
    SmtpFailure("local-error", "server-error", "content", 451, "4.3.0 Local error in processing."),
)
_WRONG_PASSWORD: Final = SmtpFailure("wrong-password", "credentials", "AUTH", 535, "5.7.8 Authentication failed.")
_ECHO: Final = Outcome("echo", "rejection", Codes.INVALID_RESPONSE, "5.7.1 Rejected:", echoes=True)
_SILENT_FROM_THE_START: Final = "silent-from-the-start"
_NETWORK: Final = (
    Outcome(CONNECTION_REFUSED, "network", Codes.GENERAL),
    Outcome("connection-lost", "network", Codes.GENERAL, ambiguous=True),
    Outcome("hangs", "network", Codes.GENERAL, ambiguous=True, hangs=True),
    Outcome(_SILENT_FROM_THE_START, "network", Codes.GENERAL, hangs=True),
)


@define
class _Session:
    """What a client has said in one connection."""

    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    recipients: list[str] = field(factory=list)
    is_rejected: bool = False


class SmtpProvider(TcpProvider):
    """The stub of an SMTP server, on the loopback interface.

    A subclass sets `host_key` and `port_key`, or overrides `prepare_config`. It overrides the other attributes and
    methods where its provider differs.

    Every `SmtpProvider` has these outcomes in addition to ``accepted`` and its own `failures`: ``unknown-recipient``
    (550 to RCPT), ``rejected-content`` and ``local-error`` (554 and 451 to the message), ``wrong-password`` (535, if
    there is a `user_key`), ``echo``, ``connection-refused``, ``connection-lost`` (after the message), ``hangs`` (no
    response to the message) and ``silent-from-the-start`` (no greeting). A failure of the same name replaces one.
    """

    host_key: ClassVar[str] = "host"
    """The config key of the server's host name."""

    port_key: ClassVar[str] = "port"
    """The config key of the server's port."""

    user_key: ClassVar[str | None] = None
    """The config key of the user name; ``None`` for a server without authentication."""

    password_key: ClassVar[str | None] = None
    """The config key of the password."""

    sender_key: ClassVar[str | None] = None
    """The config key of the sender, compared with the From header; ``None`` accepts any sender."""

    is_secure: ClassVar[bool] = False
    """Whether connections are encrypted from the start, as on port 465."""

    failures: ClassVar[tuple[SmtpFailure, ...]] = ()
    """The server's own error responses."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (_ACCEPTED,)

    def __init_subclass__(cls, **more: object) -> None:
        """Set `outcomes`."""
        super().__init_subclass__(**more)
        common = (*_COMMON_FAILURES, *((_WRONG_PASSWORD,) if cls.user_key else ()))
        cls._failures = {it.name: it for it in (*common, *cls.failures)}
        cls.outcomes = (_ACCEPTED, *(it.outcome for it in cls._failures.values()), _ECHO, *_NETWORK)

    _failures: ClassVar[Mapping[str, SmtpFailure]] = {}

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config with the stub's host and port."""
        return {**config, self.host_key: HOST, self.port_key: self.server.address[1]}

    def expected_result(self, mail: EmailMessage) -> object:  # noqa: ARG002 - the parameter of overriding methods
        """Return what `send_message` must return; ``None`` accepts any result."""
        return None

    def credentials(self, config: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """Return the user, and the password or the access token, of a config; ``None`` accepts any."""
        if self.user_key is None or self.password_key is None:
            return None
        return config.get(self.user_key), config.get(self.password_key)

    @property
    def uses_tls(self) -> bool:
        """Whether `is_secure` is set."""
        return self.is_secure

    def converse(self, connection: socket.socket) -> None:
        """Serve one SMTP session."""
        if self.current.name == _SILENT_FROM_THE_START:
            self.hang()
            return
        session = _Session()
        with connection.makefile("rb") as lines:
            say = partial(_say, connection)
            say(220, "stub.example ESMTP")
            for line in lines:
                verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
                if not self._respond(session, verb.upper(), rest, lines, say):
                    return

    def _respond(self, session: _Session, verb: str, rest: str, lines: Any, say: Any) -> bool:
        """Respond to one command; return whether the session goes on."""
        failure = self._failures.get(self.current.name)
        if failure is not None and verb == failure.stage and verb != "DATA":
            if verb != "AUTH" or not session.is_rejected:  # a client may try each mechanism for one message
                self._record(session, b"", self.current, f"{failure.status} {failure.message}")
            session.is_rejected = True
            say(failure.status, failure.message)
            return True
        match verb:
            case "EHLO":
                say(250, "stub.example", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN XOAUTH2")
            case "AUTH":
                session.user, session.password = _credentials(rest, lines, say)
                say(235, "2.7.0 Authenticated.")
            case "MAIL":
                session.sender, session.recipients = _path(rest), []
                say(250, "2.1.0 OK")
            case "RCPT":
                session.recipients.append(_path(rest))
                say(250, "2.1.5 OK")
            case "DATA":
                say(354, "End data with a dot.")
                return self._receive(session, b"".join(_content(lines)), say)
            case "QUIT":
                say(221, "2.0.0 Bye")
                return False
            case "HELO" | "RSET" | "NOOP":
                say(250, "2.0.0 OK")
            case _:
                say(502, "5.5.1 Unknown command.")
        return True

    def _receive(self, session: _Session, content: bytes, say: Any) -> bool:
        outcome = self.current
        failure = self._failures.get(outcome.name)
        reply = (250, "2.0.0 Queued.")
        if failure is not None:
            reply = (failure.status, failure.message)
        elif outcome.echoes:
            sent = content.decode("utf-8", "replace").replace("\r\n", " ")
            reply = (554, f"{outcome.message} {session.user} {session.password} {sent}"[:900])
        self._record(
            session, content, outcome, "[no reply]" if outcome.family == "network" else f"{reply[0]} {reply[1]}"
        )
        if outcome.family == "network":
            self.hang()
            return False
        say(*reply)
        return True

    def _record(self, session: _Session, content: bytes, outcome: Outcome, reply: str) -> None:
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)  # noqa: S101 - the policy decides
        html, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
        self.calls.append(
            Call(
                to=tuple(session.recipients),
                subject=None if mail["Subject"] is None else str(mail["Subject"]),
                html=_body(html),
                text=_body(text),
                sender=None if mail["From"] is None else str(mail["From"]),
                reply_to=tuple(str(it) for it in mail.get_all("Reply-To", ())),
                outcome=outcome,
                result=self.expected_result(mail) if outcome == _ACCEPTED else None,
                raw=(session, mail),
                exchange=Exchange(f"{session}\n{content.decode('utf-8', 'replace')}", reply),
            )
        )

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare the user and password of the session, and the From header, with the config."""
        session, mail = call.raw
        match aspect:
            case "sender" if self.sender_key is not None:
                return sender_error(call.sender, config.get(self.sender_key), self.sender_key)
            case "credentials":
                expected = self.credentials(config)
                if expected is not None and (session.user, session.password) != expected:
                    return f"expected the user and password of the config, found the user {session.user!r}"
        return self.mail_error(mail, config, aspect)

    def mail_error(self, mail: EmailMessage, config: Mapping[str, Any], aspect: Aspect) -> str | None:  # noqa: ARG002 - the parameters of overriding methods
        """Compare one aspect of the mail with the config: what else the provider verifies, such as own headers."""
        return None


def _say(connection: socket.socket, status: int, *texts: str) -> None:
    lines = [f"{status}{'-' if index < len(texts) - 1 else ' '}{text}\r\n" for index, text in enumerate(texts)]
    connection.sendall("".join(lines).encode())


def _path(argument: str) -> str:
    return argument.partition("<")[2].rpartition(">")[0]


def _content(lines: Any) -> Iterator[bytes]:
    """Yield the lines of a message until the dot, without the dots that the protocol adds."""
    for line in lines:
        if line == b".\r\n":
            return
        yield line[1:] if line.startswith(b".") else line


def _credentials(argument: str, lines: Any, say: Any) -> tuple[str, str]:
    mechanism, _, initial = argument.partition(" ")
    if mechanism.upper() == "LOGIN":
        user = _decoded(initial) if initial else _ask(lines, say, "Username:")
        return user, _ask(lines, say, "Password:")
    if mechanism.upper() == "XOAUTH2":
        fields = dict(it.partition("=")[::2] for it in _decoded(initial).split("\x01"))
        return fields.get("user", ""), fields.get("auth", "").removeprefix("Bearer ")
    _, user, password = (*(_decoded(initial) if initial else _ask(lines, say, "")).split("\0"), "", "", "")[:3]
    return user, password


def _ask(lines: Any, say: Any, question: str) -> str:
    say(334, base64.b64encode(question.encode()).decode())
    return _decoded(lines.readline().decode("ascii", "replace").strip())


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _body(part: MIMEPart | None) -> str | None:
    if part is None:
        return None
    content: str = part.get_content()
    return content.removesuffix("\n").removesuffix("\r")
