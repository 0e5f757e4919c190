"""`TcpProvider` and `SmtpProvider`: what a client sees, what the suite sees, and the mistakes of authors."""

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

import pytest
from attrs import evolve

from conformance import Aspect, CheckFailure, Profile, SmtpFailure, SmtpProvider, State, TcpProvider, check_connector
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from tests.conformance.right_connectors.in_memory import IN_MEMORY
from tests.conformance.right_connectors.transports import SOCKET_SMS, SmtpStub, SocketStub

CONFIG = {"username": "u", "password": "p", "fromEmail": "Acme <noreply@acme.example>"}
MAIL = b"From: Acme <noreply@acme.example>\r\nReply-To: help@acme.example\r\nSubject: Code\r\n\r\n..1"
FEW = Profile("few", examples=2, failure_examples=1, derandomized=True)


class Throttling(SmtpStub):
    """Rejects a message at MAIL if there are too many."""

    failures = (SmtpFailure("too-many", "throttle", "MAIL", 450, "4.7.1 Too many messages."),)


def _client(stub: SmtpProvider, within: float = 5) -> smtplib.SMTP:
    return smtplib.SMTP(*stub.server.address, timeout=within)


def _send(stub: SmtpProvider, to: str = "ada@example.com", within: float = 5) -> None:
    with _client(stub, within) as client:
        client.login("u", "p")
        client.sendmail("noreply@acme.example", [to], MAIL)


def test_mail_arrives_as_a_call() -> None:
    """With the recipients of the envelope, decoded bodies, and the credentials of the session."""
    stub = SmtpStub()
    with stub.running():
        _send(stub)
    (call,) = stub.calls
    assert (call.to, call.subject, call.html, call.text) == (("ada@example.com",), "Code", None, "..1")
    assert (call.sender, call.reply_to) == ("Acme <noreply@acme.example>", ("help@acme.example",))
    assert [stub.request_error(call, CONFIG, it) for it in ("format", "sender", "credentials", "options")] == [None] * 4
    other: list[tuple[Mapping[str, Any], Aspect, str]] = [
        (
            {**CONFIG, "password": "q"},
            "credentials",
            "expected the user and password of the config, found the user 'u'",
        ),
        ({**CONFIG, "fromEmail": "x@y.example"}, "sender", "expected the sender"),
    ]
    for config, aspect, words in other:
        assert words in str(stub.request_error(call, config, aspect))


@pytest.mark.parametrize(
    ("outcome", "error", "words"),
    [
        ("unknown-recipient", smtplib.SMTPRecipientsRefused, "5.1.1 The mailbox does not exist."),
        ("rejected-content", smtplib.SMTPDataError, "5.7.1 The message was rejected."),
        ("local-error", smtplib.SMTPDataError, "4.3.0 Local error"),
        ("wrong-password", smtplib.SMTPAuthenticationError, "5.7.8 Authentication failed."),
        ("too-many", smtplib.SMTPSenderRefused, "4.7.1 Too many messages."),
        ("echo", smtplib.SMTPDataError, "Rejected: u p From: Acme"),
        ("connection-lost", smtplib.SMTPServerDisconnected, ""),
        ("connection-refused", ConnectionRefusedError, ""),
    ],
)
def test_each_outcome_has_a_reply(outcome: str, error: type[Exception], words: str) -> None:
    """It leaves one call, unless the connection was refused."""
    stub = Throttling()
    stub.respond_with(outcome)
    with stub.running():
        with pytest.raises(error) as raised:
            _send(stub)
        assert words in str(raised.value)
        assert [it.outcome.name for it in stub.calls] == ([] if outcome == "connection-refused" else [outcome])


@pytest.mark.parametrize("outcome", ["hangs", "silent-from-the-start"])
def test_server_is_silent_until_the_outcome_changes(outcome: str) -> None:
    """So the client's time limit ends the wait."""
    stub = SmtpStub()
    stub.respond_with(outcome)
    with stub.running(), pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        _send(stub, within=0.2)


def test_both_mechanisms_of_authentication_are_understood() -> None:
    """PLAIN with and without an initial response, and LOGIN; nonsense is an empty user."""
    stub = SmtpStub()

    def encoded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    with stub.running(), _client(stub) as client:
        client.ehlo()
        for lines in (
            [f"AUTH PLAIN {encoded(chr(0) + 'u' + chr(0) + 'p')}"],
            ["AUTH PLAIN", encoded("\0u\0p")],
            ["AUTH LOGIN", encoded("u"), encoded("p")],
            [f"AUTH LOGIN {encoded('u')}", encoded("p")],
            ["AUTH PLAIN !"],
        ):
            assert client.docmd(lines[0])[0] == (235 if len(lines) == 1 else 334)
            replies = [client.docmd(it)[0] for it in lines[1:]]
            assert replies[-1:] in ([], [235])


def test_other_commands_are_answered() -> None:
    """HELO, RSET and NOOP are; one that is unknown is rejected."""
    stub = SmtpStub()
    with stub.running(), _client(stub) as client:
        assert [client.docmd(it)[0] for it in ("HELO x", "RSET", "NOOP", "VRFY a")] == [250, 250, 250, 502]


def test_client_may_leave_in_the_middle_of_a_message() -> None:
    """The message counts as it arrived, and the stub goes on."""
    stub = SmtpStub()
    with stub.running():
        with _client(stub) as client:
            client.login("u", "p")
            assert client.mail("noreply@acme.example")[0] == 250
            assert client.rcpt("ada@example.com")[0] == 250
            assert client.docmd("DATA")[0] == 354
            client.sock.sendall(b"Subject: Co")
            client.close()
        _send(stub)
        assert stub.stub_errors == ()
    assert stub.calls[-1].text == "..1"


class Secure(SmtpProvider):
    """An SMTP server on a port with TLS; it verifies a header."""

    is_secure = True
    host_names = ("smtp.acme.example",)

    def mail_error(self, mail: EmailMessage, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare a header."""
        return (
            None if aspect != "options" or mail["X-Tag"] == config.get("tag") else "expected the config's tag in X-Tag"
        )


def test_smtp_over_tls_at_a_fixed_host() -> None:
    """The certificate is trusted through the environment."""
    stub = Secure()
    with stub.running():
        with smtplib.SMTP_SSL("smtp.acme.example", 465, timeout=5, context=ssl.create_default_context()) as client:
            client.sendmail("a@b.example", ["c@d.example"], MAIL)
        config = stub.prepare_config({})
        assert (config["host"], config["port"]) == stub.server.address
        with socket.create_connection(stub.server.address, timeout=5) as plain:
            plain.sendall(b"E")
            with contextlib.suppress(ConnectionResetError):
                assert plain.recv(10) == b""
        assert stub.server.unencrypted == 1
    (call,) = stub.calls
    assert stub.request_error(call, {"tag": "t"}, "options") == "expected the config's tag in X-Tag"
    assert stub.request_error(call, {}, "credentials") is None
    assert "wrong-password" not in {it.name for it in Secure.outcomes}


def test_stub_that_is_not_running_has_no_server() -> None:
    """Its address is known only then."""
    stub = SocketStub()
    assert (stub.addresses, stub.stub_errors) == ((), ())
    with pytest.raises(RuntimeError, match="only while it is running"):
        stub.server  # noqa: B018 - it raises


class Mistaken(SocketStub):
    """Raises by mistake."""

    def converse(self, connection: socket.socket) -> None:
        """Raise."""
        raise LookupError(f"no such table for {connection.family!r}")


def test_mistake_in_a_stub_is_reported() -> None:
    """It would look like a failure of the connector."""
    harness = Harness(evolve(SOCKET_SMS, provider=Mistaken), SearchOptions(FEW))
    with (
        harness.provider.running(),
        pytest.raises(CheckFailure, match="the stub raised LookupError: no such table for"),
    ):
        harness.deliver(harness.plain_message, harness.config)


def test_certificates_of_a_stub_without_tls_are_not_checked() -> None:
    """A protocol of its own, or no server at all, has none."""
    for spec, words in ((SOCKET_SMS, "SocketStub declares no TLS"), (IN_MEMORY[0], "is not a server")):
        (result,) = check_connector(spec, checks=["transport.certificates"], profile=FEW).results
        assert result.state is State.NOT_APPLICABLE
        assert words in result.message


def test_a_tcp_provider_needs_a_conversation() -> None:
    """The base class is abstract."""
    with pytest.raises(TypeError, match="converse"):
        TcpProvider()  # type: ignore[abstract]  # the point of the test
