"""How SES is reached: certificate authorities, and proxies with and without a tunnel. The environment decides."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Self

import pytest
import trustme

from connector_kit import ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.connectors.aws_ses.ses_cases import ACCEPTED, MESSAGE, failure, ses_config
from tests.loopback import Loopback

AUTHORITY = trustme.CA()


@pytest.fixture
def tls_server() -> Iterator[Loopback]:
    """Run a server with TLS, whose certificate is for localhost only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    server = Loopback()
    server.answers = [ACCEPTED]
    server.use_tls(context)
    with server:
        yield server


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Return the file of the authority of the server's certificate."""
    file = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return file


def connector() -> AwsSesConnector:
    """Return a connector whose endpoints are made from the environment of the test."""
    return AwsSesConnector(get_config=lambda _: ses_config())


def port(url: str) -> str:
    """Return the port of a URL."""
    return url.rpartition(":")[2]


@pytest.mark.parametrize("is_folder", [False, True])
def test_authority_of_the_environment_is_trusted(
    tls_server: Loopback, authority: Path, monkeypatch: pytest.MonkeyPatch, is_folder: object
) -> None:
    """``AWS_CA_BUNDLE`` is a file, or a folder whose files have the names that OpenSSL gives them."""
    if is_folder:
        der = ssl.PEM_cert_to_DER_cert(authority.read_text())
        (authority.parent / f"{subject_hash(der)}.0").write_bytes(authority.read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.parent if is_folder else authority))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"https://localhost:{port(tls_server.url)}")
    assert [connector().send_message(MESSAGE) for _ in range(2)] == ["0102-accepted"] * 2


def subject_hash(der: bytes) -> str:
    """Return OpenSSL's hash of a certificate's subject."""
    import subprocess  # noqa: PLC0415 - for one test

    run = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-hash", "-noout"], input=der, capture_output=True, check=True
    )
    return run.stdout.decode().strip()


def test_missing_authority_raises_general_and_names_the_cause(
    tls_server: Loopback, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error does not say that the message may be accepted: nothing was sent."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.with_name("missing.pem")))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"https://localhost:{port(tls_server.url)}")
    error = failure(connector())
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "The call to Amazon SES failed: FileNotFoundError."}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_untrusted_certificate_is_a_failure_to_connect(
    tls_server: Loopback, authority: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Of an unknown authority, or for another host. The message is not sent."""
    if host != "localhost":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"https://{host}:{port(tls_server.url)}")
    error = failure(connector())
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "Amazon SES could not be reached: SSLCertVerificationError."}
    assert tls_server.requests == []


class TunnellingProxy:
    """Connects its clients to a server, and records the heads of their requests."""

    def __init__(self, target: int) -> None:
        self.heads: list[str] = []
        self._target = target
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._threads = [Thread(target=self._serve)]

    def __enter__(self) -> Self:
        """Start."""
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            client, _ = self._socket.accept()
            self.heads.append(client.recv(4096).decode())
            server = socket.create_connection(("127.0.0.1", self._target))
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = Thread(target=self._copy, args=(server, client))
            self._threads.append(back)
            back.start()
            self._copy(client, server)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with source, target, suppress(OSError):
            while received := source.recv(65536):
                target.sendall(received)
            target.shutdown(socket.SHUT_RDWR)


def test_message_goes_through_the_tunnel_of_a_proxy(
    tls_server: Loopback, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy gets its user and password; the message is encrypted for the server."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "https://localhost:4433")
    with TunnellingProxy(int(port(tls_server.url))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        assert connector().send_message(MESSAGE) == "0102-accepted"
    (head,) = proxy.heads
    assert head.startswith("CONNECT localhost:4433 HTTP/1.")
    assert "proxy-authorization: Basic dXNlcjpwQHNz\r\n" in head
    (request,) = tls_server.requests
    assert request.headers["host"] == "localhost:4433"
    assert "proxy-authorization" not in request.headers


def test_message_is_forwarded_by_a_proxy_without_tls(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """For an endpoint without TLS. Hosts of ``NO_PROXY`` are reached directly."""
    loopback.answers = [ACCEPTED]
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://ses.invalid:80/a b")
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{port(loopback.url)}")
    assert connector().send_message(MESSAGE) == "0102-accepted"
    (request,) = loopback.requests
    assert request.path == "http://ses.invalid:80/a%20b/v2/email/outbound-emails"
    assert request.headers["host"] == "ses.invalid"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", loopback.url)
    assert connector().send_message(MESSAGE) == "0102-accepted"
    assert loopback.requests[1].path == "/v2/email/outbound-emails"
