"""Sending through a mail server: encryption, login, limits, retries without a second delivery, errors and redaction."""

import base64
import email
import email.policy
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage, MIMEPart
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorError, ConnectorErrorCodes, Email, SendMessageData, SmtpApi, SmtpServer

CODE = "829145"
LINK = "https://l.example/join?token=0123456789&x=0123456789012345678901234567890123456789"
MESSAGE = SendMessageData.from_json(
    {"to": "jane@example.com", "type": "SignIn", "payload": {"code": CODE, "link": LINK, "user": {"name": "Adelaide"}}}
)
EMAIL = Email(
    to="jane@example.com",
    subject="Größe",
    body=f'<p>Your code is {CODE}</p>\n.<p><a href="{LINK}">Open</a></p>',
    content_type="text/html",
    reply_to=None,
    send_from=None,
    template=None,
    data=MESSAGE,
)
SENDER = "Acme, Größe <noreply@acme.com>"
API = SmtpApi("Acme", retry_pauses=(0.01, 0.01))
IMPATIENT = SmtpApi("Acme", retry_pauses=(0.01,), connect_limit=0.2, response_limit=0.3, budget=1.0)
LOGINS = {("user", "pa55word"), ("user", "pässword")}


def error_of(call: Callable[[], object]) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        call()
    for secret in (CODE, LINK, "Adelaide", "pa55word", "t0ken-1234"):
        assert secret not in str(caught.value)
    return caught.value


def content_of(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


def message_of(error: ConnectorError) -> str:
    data: Any = error.data
    return str(data["message"])


# --- a real mail server -----------------------------------------------------------------------------------------------


class Inbox:
    """Keeps what arrives at a mail server."""

    def __init__(self) -> None:
        self.mails: list[tuple[Any, EmailMessage]] = []
        self.logins: list[tuple[str, bytes, bytes]] = []
        self.is_encrypted: list[bool] = []

    async def handle_DATA(self, _: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a message."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope, mail))
        self.is_encrypted.append(session.ssl is not None)
        return "250 2.0.0 Queued"

    def authenticate(self, _: Any, __: Any, ___: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        """Keep a login, and compare it."""
        login = (data.login.decode(), data.password.decode())
        self.logins.append((mechanism, *map(str.encode, login)))
        return AuthResult(success=login in LOGINS, handled=False)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@contextmanager
def mail_server(inbox: Inbox, **options: Any) -> Iterator[SmtpServer]:
    """Run aiosmtpd on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, **options)
    controller.start()
    try:
        yield SmtpServer("127.0.0.1", port)
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return the settings of a server whose authority the environment trusts."""
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return server_tls(authority, "127.0.0.1")


def server_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_message_arrives_with_html_and_text(inbox: Inbox) -> None:
    """And with the headers that each message needs."""
    with mail_server(inbox) as server:
        headers = {
            "X-Tags": ["a", "é", ""],
            "X-Long": "x" * 2000,
            "Reply-To": "b@c.de",
            "bcc": "x@y.z",
            "Subject": "no",
        }
        found = API.send(EMAIL, server, sender=SENDER, reply_to="Help <help@acme.com>", headers=headers)
    ((envelope, mail),) = inbox.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("noreply@acme.com", ["jane@example.com"])
    assert mail["Message-ID"] == found
    assert found.endswith("@acme.com>")
    assert mail["From"].addresses[0].display_name == "Acme, Größe"
    assert (mail["To"], mail["Subject"], mail["Reply-To"]) == ("jane@example.com", "Größe", "Help <help@acme.com>")
    assert mail["Date"].datetime is not None
    assert mail.get_all("X-Tags") == ["a", "é"]
    assert mail["X-Long"].replace(" ", "") == "x" * 2000
    assert mail["Bcc"] is None
    assert mail.get_content_type() == "multipart/alternative"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert content_of(html) == EMAIL.body
    assert content_of(text) == f"Your code is {CODE}\n\n.\n\nOpen <{LINK}>"
    assert max(map(len, envelope.original_content.splitlines())) <= 998


@pytest.mark.parametrize(
    ("changes", "content_type"),
    [
        ({"content_type": "text/plain"}, "text/plain"),
        ({"body": "<img src=x>"}, "text/html"),
        ({"body": ""}, "text/html"),
    ],
)
def test_single_body_is_not_multipart(inbox: Inbox, changes: Mapping[str, Any], content_type: str) -> None:
    with mail_server(inbox) as server:
        API.send(evolve(EMAIL, **changes), server, sender="a@b.co", reply_to=" ")
    ((_, mail),) = inbox.mails
    assert mail.get_content_type() == content_type
    assert mail["Reply-To"] is None
    assert content_of(mail) == evolve(EMAIL, **changes).body


@pytest.mark.parametrize("encryption", ["starttls", "starttls-if-offered"])
@pytest.mark.parametrize("password", ["pa55word", "pässword"])
def test_starttls_is_used_before_the_login(inbox: Inbox, tls: ssl.SSLContext, encryption: Any, password: str) -> None:
    options = {"tls_context": tls, "require_starttls": True, "auth_required": True, "authenticator": inbox.authenticate}
    with mail_server(inbox, **options) as server:
        API.send(EMAIL, evolve(server, encryption=encryption, user="user", password=password), sender="a@b.co")
    assert inbox.is_encrypted == [True]
    assert {it[1:] for it in inbox.logins} == {(b"user", password.encode())}


def test_tls_from_the_start(inbox: Inbox, tls: ssl.SSLContext) -> None:
    with mail_server(inbox, ssl_context=tls) as server:
        API.send(EMAIL, evolve(server, encryption="tls"), sender="a@b.co")
    assert len(inbox.mails) == 1


def test_no_encryption_ignores_starttls(inbox: Inbox, tls: ssl.SSLContext) -> None:
    with mail_server(inbox, tls_context=tls) as server:
        API.send(EMAIL, evolve(server, encryption="none"), sender="a@b.co")
    assert inbox.is_encrypted == [False]


def test_required_starttls_that_is_not_offered_sends_nothing(inbox: Inbox) -> None:
    with mail_server(inbox) as server:
        error = error_of(lambda: API.send(EMAIL, evolve(server, encryption="starttls"), sender="a@b.co"))
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert inbox.mails == []


@pytest.mark.parametrize("encryption", ["tls", "starttls-if-offered"])
def test_certificate_must_be_valid_unless_the_server_says_otherwise(
    inbox: Inbox, tls: ssl.SSLContext, authority: trustme.CA, encryption: Any
) -> None:
    """For the name of the server, or for another one that its settings have."""
    other = server_tls(authority, "mail.acme.com")
    del tls
    with mail_server(inbox, **{"ssl_context" if encryption == "tls" else "tls_context": other}) as found:
        server = evolve(found, encryption=encryption)
        error = error_of(lambda: API.send(EMAIL, server, sender="a@b.co"))
        assert error.code is ConnectorErrorCodes.GENERAL
        assert "no valid certificate" in message_of(error)
        assert inbox.mails == []
        API.send(EMAIL, evolve(server, server_name="mail.acme.com"), sender="a@b.co")
        API.send(EMAIL, evolve(server, is_verified=False), sender="a@b.co")
    assert len(inbox.mails) == 2


def test_tls_at_a_port_without_is_an_error_with_a_hint(inbox: Inbox) -> None:
    with mail_server(inbox) as server:
        error = error_of(lambda: API.send(EMAIL, evolve(server, encryption="tls"), sender="a@b.co"))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert "Is the encryption right for this port?" in message_of(error)


def test_wrong_password_is_an_error(inbox: Inbox) -> None:
    options = {"auth_require_tls": False, "authenticator": inbox.authenticate}
    with mail_server(inbox, **options) as server:
        error = error_of(lambda: API.send(EMAIL, evolve(server, user="user", password="wr0ng-pass"), sender="a@b.co"))
    data: Any = error.data
    assert (error.code, data["status"], data["code"]) == (ConnectorErrorCodes.INVALID_RESPONSE, 535, "5.7.8")
    assert inbox.mails == []


def test_addresses_outside_ascii_arrive(inbox: Inbox) -> None:
    """The domain in punycode; the local part as it is, if the server has SMTPUTF8."""
    with mail_server(inbox) as server:
        API.send(evolve(EMAIL, to="jürgen@straße.de"), server, sender="Zoë <zoë@straße.de>")
        API.send(evolve(EMAIL, to="jane@straße.de"), server, sender="acme")
    (first, mail), (second, _) = inbox.mails
    assert (first.mail_from, first.rcpt_tos) == ("zoë@xn--strae-oqa.de", ["jürgen@xn--strae-oqa.de"])
    assert str(mail["To"]) == "jürgen@xn--strae-oqa.de"
    assert (second.mail_from, second.rcpt_tos) == ("acme", ["jane@xn--strae-oqa.de"])


TEXTS = st.text(st.characters(exclude_characters="\x00"), max_size=200)


@given(subject=TEXTS, body=TEXTS, name=TEXTS, header=TEXTS)
def test_no_text_breaks_a_message(subject: str, body: str, name: str, header: str) -> None:
    """Neither with an injected header nor with an error. The subject arrives, without control characters."""
    from connector_kit import smtp_api  # noqa: PLC0415 - the message alone, without a server

    message = evolve(EMAIL, subject=subject, body=body, content_type="text/plain")
    _, content = smtp_api._message(
        message,
        "a@b.co",
        "c@d.co",
        sender=smtp_api.parse_mailbox("c@d.co").email,
        reply_to=None,
        headers={"X-A": [header, name]},
    )
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert {it.lower() for it in mail} <= {
        "from", "to", "subject", "date", "message-id", "x-a", "content-type", "content-transfer-encoding", "mime-version",
    }  # fmt: skip
    assert len(mail.get_all("To", ())) == 1
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    expected = "".join(it for it in subject if it.isalnum() and it.isascii())
    assert "".join(it for it in str(mail["Subject"]) if it.isalnum() and it.isascii()) == expected


# --- a server that follows a script -----------------------------------------------------------------------------------

Script = Sequence[bytes | float]
"""What a server sends after each line that it reads; a number is a pause before it closes the connection."""

HELLO = (b"220 hi\r\n", b"250-hi\r\n250 AUTH PLAIN XOAUTH2\r\n")
OK = b"250 2.0.0 OK\r\n"


@contextmanager
def scripted(*scripts: Script) -> Iterator[tuple[SmtpServer, list[bytes]]]:
    """Serve one script to each connection; yield the server and the lines that it reads."""
    lines: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        for script in scripts:
            try:
                connection, _ = listener.accept()
            except OSError:  # the test has ended
                return
            with suppress(OSError), connection, connection.makefile("rb") as file:
                for index, step in enumerate(script):
                    if isinstance(step, float):
                        ended.wait(step)
                        break
                    connection.sendall(step)
                    is_content = step.startswith(b"354")
                    while index < len(script) - 1:
                        line = file.readline()
                        lines.append(line)
                        if not is_content or line in {b".\r\n", b""}:
                            break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield SmtpServer("127.0.0.1", listener.getsockname()[1]), lines
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)  # ends `accept`
        thread.join(5)
        listener.close()


def commands(lines: Sequence[bytes], name: bytes) -> int:
    return sum(line.upper().startswith(name) for line in lines)


@pytest.mark.parametrize(
    ("reply", "code", "status"),
    [
        ("421 too many connections", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, None),
        ("421 4.7.28 unusual rate", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, "4.7.28"),
        ("450 4.7.1 greylisted", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, "4.7.1"),
        ("450 4.2.1 too quickly", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, "4.2.1"),
        ("432 4.3.2 connections", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, "4.3.2"),
        ("550 5.4.5 daily limit", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, "5.4.5"),
        ("550 5.1.90 daily limit", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, "5.1.90"),
        ("550 5.7.232 trial limit", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, "5.7.232"),
        ("550 5.7.233 limit", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, "5.7.233"),
        ("550 5.1.1 no such user", ConnectorErrorCodes.INVALID_RESPONSE, "5.1.1"),
        ("552 5.2.2 mailbox full", ConnectorErrorCodes.INVALID_RESPONSE, "5.2.2"),
        ("452 4.2.2 mailbox full", ConnectorErrorCodes.INVALID_RESPONSE, "4.2.2"),
        ("550 no such user", ConnectorErrorCodes.INVALID_RESPONSE, None),
        ("599 9.9.9 own", ConnectorErrorCodes.INVALID_CONFIG, None),
        ("550 5.9.9 own", ConnectorErrorCodes.TEMPLATE_NOT_FOUND, "5.9.9"),
    ],
)
def test_table_decides_the_code(reply: str, code: ConnectorErrorCodes, status: str | None) -> None:
    """The enhanced status code counts more than the reply code; the connector's own table more than the usual one."""
    own = {599: ConnectorErrorCodes.INVALID_CONFIG, "5.9": ConnectorErrorCodes.TEMPLATE_NOT_FOUND}
    with scripted([*HELLO, OK, f"{reply}\r\n".encode(), b""]) as (server, _):
        error = error_of(lambda: SmtpApi("Acme", errors=own, retry_pauses=()).send(EMAIL, server, sender="a@b.co"))
    expected = {"message": reply[4:], "status": int(reply[:3])} | ({"code": status} if status else {})
    assert (error.code, error.data) == (code, expected)


@pytest.mark.parametrize(
    ("first", "is_repeated"),
    [
        ([b"421 4.7.0 busy\r\n", b""], True),
        ([*HELLO, b"451 4.3.0 MAIL\r\n", b""], True),
        ([*HELLO, OK, b"450 4.7.1 RCPT\r\n", b""], True),
        ([*HELLO, OK, OK, b"451 4.3.0 DATA\r\n", b""], True),
        ([*HELLO, OK, OK], True),
        ([b"220 hi\r\n"], True),
        ([*HELLO, OK, b"550 5.1.1 RCPT\r\n", b""], False),
        ([*HELLO, OK, OK, b"354 go\r\n", b"451 4.7.1 content\r\n", b""], False),
        ([*HELLO, OK, OK, b"354 go\r\n", b""], False),
        ([b"HTTP/1.1 400 Bad Request\r\n", b""], False),
    ],
    ids=lambda it: None if isinstance(it, bool) else b"".join(it)[-16:].decode().strip(),
)
def test_message_is_repeated_only_before_its_content(first: Script, is_repeated: bool) -> None:  # noqa: FBT001 - of the table
    second = [*HELLO, OK, OK, b"354 go\r\n", OK, b"221 bye\r\n", b""]
    with scripted(first, second) as (server, lines):
        if is_repeated:
            API.send(EMAIL, server, sender="a@b.co")
        else:
            error_of(lambda: API.send(EMAIL, server, sender="a@b.co"))
    contents = commands(lines, b".\r\n")
    assert contents == (1 if is_repeated else commands(lines, b"DATA"))


def test_lost_connection_after_the_content_may_be_accepted() -> None:
    with scripted([*HELLO, OK, OK, b"354 go\r\n", b""]) as (server, _):
        error = error_of(lambda: API.send(EMAIL, server, sender="a@b.co"))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert "may have accepted the message" in message_of(error)


def test_failed_goodbye_does_not_matter() -> None:
    with scripted([*HELLO, OK, OK, b"354 go\r\n", OK, b""]) as (server, _):
        assert API.send(EMAIL, server, sender="a@b.co").startswith("<")


@pytest.mark.parametrize(
    "script",
    [
        [5.0],
        [b"2", 5.0],
        [b"220-hi\r\n" * 20_000, 5.0],
        [*HELLO, 5.0],
        [*HELLO, OK, OK, b"354 go\r\n", 5.0],
    ],
    ids=["silent", "half a line", "endless", "after EHLO", "after the content"],
)
def test_slow_server_is_left_in_time(script: Script) -> None:
    """At the latest when the budget ends, whatever it sends."""
    began = time.monotonic()
    with scripted(script, script) as (server, _):
        error = error_of(lambda: IMPATIENT.send(EMAIL, server, sender="a@b.co"))
        assert time.monotonic() - began < 3  # of 5: the limits are 1 second in total
    assert error.code is ConnectorErrorCodes.GENERAL


def test_dripping_server_is_left_in_time() -> None:
    """A byte now and then is not a reply."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            while not ended.wait(0.02):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        error = error_of(
            lambda: evolve_api(retry_pauses=()).send(
                EMAIL, SmtpServer("127.0.0.1", listener.getsockname()[1]), sender="a@b.co"
            )
        )
    finally:
        ended.set()
        thread.join(5)
        listener.close()
    assert message_of(error) == "Acme could not be reached: TimeoutError."


def evolve_api(**options: Any) -> SmtpApi:
    return SmtpApi("Acme", **{"connect_limit": 0.2, "response_limit": 0.3, "budget": 1.0, **options})


def test_refused_connection_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        server = SmtpServer("127.0.0.1", free.getsockname()[1])
    error = error_of(lambda: API.send(EMAIL, server, sender="a@b.co"))
    assert (error.code, error.data) == (
        ConnectorErrorCodes.GENERAL,
        {"message": "Acme could not be reached: ConnectionRefusedError."},
    )


def test_connecting_has_a_limit_in_total() -> None:
    """Each further address has only what is left."""
    server = SmtpServer("127.0.0.1", 9)
    error = error_of(lambda: evolve_api(connect_limit=0.0, retry_pauses=()).send(EMAIL, server, sender="a@b.co"))
    assert message_of(error) == "Acme could not be reached: TimeoutError."


def test_host_without_an_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector_kit.smtp_api.look_up", lambda *_: [])
    error = error_of(lambda: API.send(EMAIL, SmtpServer("mail.acme.com", 25), sender="a@b.co"))
    assert message_of(error) == "Acme could not be reached: OSError."


@pytest.mark.parametrize(
    ("reply", "status"), [(b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n", b"535 5.7.8 Bad token\r\n"), (b"235 2.7.0 OK\r\n", b"")]
)
def test_access_token_logs_in_with_xoauth2(reply: bytes, status: bytes) -> None:
    """After a challenge, which has the reason, the server replies to an empty response."""
    rest = [status, b""] if status else [OK, OK, b"354 go\r\n", OK, b""]
    with scripted([*HELLO, reply, *rest]) as (found, lines):
        server = evolve(found, user="jane@acme.com", access_token="t0ken-1234")
        if status:
            assert message_of(error_of(lambda: API.send(EMAIL, server, sender="a@b.co"))) == "5.7.8 Bad token"
            assert lines[2] == b"\r\n"
        else:
            API.send(EMAIL, server, sender="a@b.co")
    verb, mechanism, response = lines[1].split()
    assert (verb, mechanism) == (b"AUTH", b"XOAUTH2")
    assert base64.b64decode(response) == b"user=jane@acme.com\1auth=Bearer t0ken-1234\1\1"
    assert "t0ken" not in repr(server)


def test_login_needs_a_user_and_a_password_and_a_server_that_has_one() -> None:
    script = [*HELLO, OK, OK, b"354 go\r\n", OK, b""]
    without = [HELLO[0], b"250 hi\r\n", *script[2:]]
    with scripted(script, script, without) as (server, lines):
        API.send(EMAIL, evolve(server, user="user"), sender="a@b.co")
        API.send(EMAIL, evolve(server, password="pa55word"), sender="a@b.co")
        API.send(EMAIL, evolve(server, user="user", password="pa55word"), sender="a@b.co")
    assert commands(lines, b"AUTH") == 0


def test_size_is_announced_and_smtputf8_required_for_other_addresses() -> None:
    hello = [HELLO[0], b"250-hi\r\n250 SIZE 1000\r\n"]
    with scripted([*hello, b"552 5.3.4 too large\r\n", b""], [*hello, b""]) as (server, lines):
        assert message_of(error_of(lambda: API.send(EMAIL, server, sender="a@b.co"))) == "5.3.4 too large"
        error = error_of(lambda: API.send(evolve(EMAIL, to="jürgen@example.com"), server, sender="a@b.co"))
    assert lines[1].startswith(b"MAIL FROM:<a@b.co> SIZE=")
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert "SMTPUTF8" in message_of(error)


def test_error_has_no_secret_of_the_message() -> None:
    """Also if the server repeats the message as it was encoded, and wraps it."""
    quoted = LINK.replace("=", "=3D")
    wrapped = base64.b64encode(f"{LINK} and more, so that the code {CODE} is after it".encode()).decode()
    for echo in (f"{CODE} {LINK} Adelaide", f"{quoted[:30]}= {quoted[30:]}", f"{wrapped[:76]} {wrapped[76:]}"):
        with scripted([*HELLO, f"554 5.7.1 Rejected: {echo}\r\n".encode(), b""]) as (server, _):
            message = message_of(error_of(lambda: API.send(EMAIL, server, sender="a@b.co")))
        assert message.startswith("5.7.1 Rejected: ")
        assert "l.example" not in message
        assert wrapped[20:40] not in message


def test_reply_without_a_text_is_explained() -> None:
    with scripted([b"554\r\n", b""]) as (server, _):
        assert (
            message_of(error_of(lambda: API.send(EMAIL, server, sender="a@b.co")))
            == "Acme replied with 554 and no text."
        )


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"port": 0}, {}),
        ({"port": 587.5}, {}),
        ({"port": 1 << 16}, {}),
        ({"client_name": "a\r\nRSET"}, {}),
        ({}, {"sender": "a@b.co, c@d.co"}),
        ({}, {"sender": "a@xn--0.ß"}),
        ({}, {"sender": "a@b.co", "reply_to": f"{'x' * 400}@b.co"}),
        ({}, {"sender": "a@b.co", "headers": {"X A": "b"}}),
        ({}, {"sender": "a@b.co", "headers": {"X-A:\r\nBcc": "b"}}),
    ],
)
def test_config_that_cannot_be_used_is_an_error(changes: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    with scripted([b"220 hi\r\n", OK, b""]) as (server, _):
        error = error_of(lambda: API.send(EMAIL, evolve(server, **changes), **{"sender": "a@b.co", **options}))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG


@pytest.mark.parametrize(
    "to", ["a@b.co,c@d.co", "a@b.co; c@d.co", "<a@b.co>", "a b@c.co", "a@b.co\r\nDATA", "", "a@\ud800", "a@ß..de"]
)
def test_recipient_must_be_one_address(to: str) -> None:
    error = error_of(lambda: API.send(evolve(EMAIL, to=to), SmtpServer("127.0.0.1", 9), sender="a@b.co"))
    assert error.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS


@pytest.mark.parametrize(("host", "name"), [("build.acme.com", b"build.acme.com"), ("laptop", b"[127.0.0.1]")])
def test_client_has_the_name_of_its_machine_if_that_has_a_domain(
    monkeypatch: pytest.MonkeyPatch, host: str, name: bytes
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    with scripted([*HELLO, b"554 no\r\n", b""]) as (server, lines):
        error_of(lambda: API.send(EMAIL, evolve(server, source_address="127.0.0.1"), sender="a@b.co"))
    assert lines[0] == b"ehlo " + name + b"\r\n"


def test_threads_send_at_once(inbox: Inbox) -> None:
    """Each message over a connection of its own."""
    with mail_server(inbox) as server:
        emails = [evolve(EMAIL, to=f"user{number}@example.com", subject=f"Code {number}") for number in range(8)]
        threads = [threading.Thread(target=API.send, args=(it, server), kwargs={"sender": "a@b.co"}) for it in emails]
        for it in threads:
            it.start()
        for it in threads:
            it.join()
    assert {(it[0].rcpt_tos[0], it[1]["Subject"]) for it in inbox.mails} == {(it.to, it.subject) for it in emails}
