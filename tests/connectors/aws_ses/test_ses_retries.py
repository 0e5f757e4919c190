"""Retries: a send that SES did not accept may be repeated; one that it may have accepted never is."""

import re
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorErrorCodes
from connector_kit.aws_api import endpoint
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.connectors.aws_ses.client import SesClient, SesClientFactory
from connector_kit.connectors.aws_ses.errors import ERRORS
from tests.connectors.aws_ses.ses_cases import ACCEPTED, MESSAGE, error_response, failure, ses_config
from tests.loopback import HttpResponse, Loopback

THROTTLED = error_response(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
UNMODELLED = error_response(400, "ThrottlingException", "Rate exceeded")
LIMIT = error_response(400, "LimitExceededException", "Too many.")
DAILY = error_response(429, "TooManyRequestsException", "Daily message quota exceeded.")
DAILY_UNMODELLED = error_response(454, "Throttling", "Throttling failure: Daily message quota exceeded")
INTERNAL = error_response(500, "InternalServiceErrorException", "Internal.")
GATEWAY = HttpResponse(502, b"<html></html>", {"Content-Type": "text/html"})
GATEWAY_TIMEOUT = HttpResponse(504, b"<html></html>", {"Content-Type": "text/html"})
UNAVAILABLE = error_response(503, "ServiceUnavailable", "Try again.")
UNAVAILABLE_PAGE = HttpResponse(503, b"<html></html>", {"Content-Type": "text/html"})
REJECTED = error_response(400, "MessageRejected", "No.")


@pytest.mark.parametrize("failing", [THROTTLED, UNMODELLED, UNAVAILABLE, UNAVAILABLE_PAGE])
@pytest.mark.usefixtures("pauses")
def test_transient_failure_is_retried(ses: Loopback, connector: AwsSesConnector, failing: HttpResponse) -> None:
    """The first request fails, the second succeeds with the same body."""
    ses.answers = [failing, ACCEPTED]
    assert connector.send_message(MESSAGE) == "0102-accepted"
    assert len(ses.requests) == 2
    assert ses.requests[0].body == ses.requests[1].body


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (THROTTLED, "rate_limit_exceeded"),
        (UNMODELLED, "rate_limit_exceeded"),
        (UNAVAILABLE, "invalid_response"),
        (UNAVAILABLE_PAGE, "invalid_response"),
    ],
)
@pytest.mark.usefixtures("pauses")
def test_send_fails_after_three_attempts(
    ses: Loopback, connector: AwsSesConnector, response: HttpResponse, code: str
) -> None:
    """The error of the last attempt is raised."""
    ses.answers = [response]
    assert failure(connector).code == code
    assert len(ses.requests) == 3


@pytest.mark.parametrize(
    "response",
    [
        DAILY,
        DAILY_UNMODELLED,
        LIMIT,
        REJECTED,
        error_response(400, "AccountSuspendedException", "No."),
        error_response(400, "SendingPausedException", "No."),
        error_response(400, "MailFromDomainNotVerifiedException", "No."),
        error_response(404, "NotFoundException", "No."),
        error_response(400, "BadRequestException", "No."),
        error_response(403, "InvalidClientTokenId", "No."),
        error_response(403, "SignatureDoesNotMatch", "No."),
        error_response(403, "RequestExpired", "No."),
        HttpResponse(501),
        HttpResponse(202, b'{"MessageId":"x"}'),
        HttpResponse(200, b"{"),
    ],
)
@pytest.mark.usefixtures("pauses")
def test_permanent_failure_is_not_retried(ses: Loopback, connector: AwsSesConnector, response: HttpResponse) -> None:
    """An exhausted quota, a rejection or a malformed response ends the send after one request."""
    ses.answers = [response, ACCEPTED]
    failure(connector)
    assert len(ses.requests) == 1


@pytest.mark.parametrize(
    "failing", [INTERNAL, GATEWAY, GATEWAY_TIMEOUT, HttpResponse(500), HttpResponse(502, b"{}"), HttpResponse(504)]
)
@pytest.mark.usefixtures("pauses")
def test_response_after_which_the_message_may_be_accepted_is_not_retried(
    ses: Loopback, connector: AwsSesConnector, failing: HttpResponse
) -> None:
    """The stub has received the whole message. A gateway sends 504 also if SES accepts it a second later (E6)."""
    ses.answers = [failing, ACCEPTED]
    assert failure(connector).code is ConnectorErrorCodes.INVALID_RESPONSE
    assert len(ses.requests) == 1


@pytest.mark.usefixtures("pauses")
def test_failures_of_different_kinds_share_three_attempts(ses: Loopback, connector: AwsSesConnector) -> None:
    """After a throttle and an unavailable server, one attempt is left."""
    ses.answers = [THROTTLED, UNAVAILABLE, ACCEPTED]
    assert connector.send_message(MESSAGE) == "0102-accepted"
    ses.answers = [THROTTLED, UNAVAILABLE, THROTTLED, ACCEPTED]
    assert failure(connector).code is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED
    assert len(ses.requests) == 6


@pytest.mark.usefixtures("pauses")
def test_environment_does_not_change_the_number_of_attempts(
    ses: Loopback, fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``AWS_MAX_ATTEMPTS`` and ``AWS_RETRY_MODE`` are ignored."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    ses.answers = [UNAVAILABLE]
    failure(fresh_connector)
    assert len(ses.requests) == 3


def test_pause_after_throttle_is_longer_than_after_unavailable_server(
    ses: Loopback, connector: AwsSesConnector, pauses: list[float]
) -> None:
    """Pauses grow with each attempt; the jitter starts at zero."""
    ses.answers = [THROTTLED]
    failure(connector)
    ses.answers = [UNAVAILABLE]
    failure(connector)
    assert pauses == [0.3, 0.9, 0.05, 0.1]


def test_missing_response_is_not_retried(
    ses: Loopback, connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SES may have accepted the message: ``general`` after one request."""
    monkeypatch.setattr(endpoint, "READ_TIMEOUT", 1.0)
    ses.answers = [HttpResponse(instead="hang")]
    error = failure(connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert isinstance(error.__cause__, ReadTimeoutError)
    assert len(ses.requests) == 1


@pytest.mark.parametrize("body", [b"", b" " * 100 + ACCEPTED.body], ids=["headers", "body"])
def test_dripping_response_ends_after_the_read_timeout(
    ses: Loopback, connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """The limit is for the whole response, not for each read; a byte now and then does not extend it."""
    monkeypatch.setattr(endpoint, "READ_TIMEOUT", 0.5)
    ses.answers = [HttpResponse(200, body, drips=0.1 if body == b"" else 0.03)]
    started = time.monotonic()
    error = failure(connector)
    assert time.monotonic() - started < 2
    assert error.code is ConnectorErrorCodes.GENERAL
    assert isinstance(error.__cause__, ReadTimeoutError)
    assert len(ses.requests) == 1


def test_slow_response_within_the_read_timeout_is_accepted(
    ses: Loopback, connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is used again with its full time limit."""
    monkeypatch.setattr(endpoint, "READ_TIMEOUT", 3.0)
    ses.answers = [HttpResponse(200, ACCEPTED.body, drips=0.01)]
    assert [connector.send_message(MESSAGE) for _ in range(2)] == ["0102-accepted"] * 2


def test_closed_connection_is_not_retried(ses: Loopback, connector: AwsSesConnector) -> None:
    """The connection closed after the request was sent: ``general`` after one request."""
    ses.answers = [HttpResponse(instead="reset"), ACCEPTED]
    error = failure(connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {
        "message": "Amazon SES did not respond, but may have accepted the message: ConnectionClosedError."
    }
    assert len(ses.requests) == 1


class CountingFactory(SesClientFactory):
    """Counts the attempts of its clients."""

    attempts = 0

    def __call__(self, config: AwsSesConfig) -> SesClient:
        """Return a client."""
        made = super().__call__(config)
        made.endpoint._client.meta.events.register("before-send.sesv2.SendEmail", self.count, "count")
        return made

    def count(self, **_: object) -> None:
        """Count an attempt."""
        self.attempts += 1


def refusing(connection: socket.socket) -> None:
    """Close the connection at once."""


def plain_http(connection: socket.socket) -> None:
    """Respond as a server without TLS."""
    connection.recv(1024)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def silent(connection: socket.socket) -> None:
    """Wait until the client gives up."""
    while connection.recv(1024):
        pass


@pytest.mark.parametrize(
    ("kind", "serve", "cause"),
    [
        ("http", None, "ConnectionRefusedError"),
        ("https", None, "ConnectionRefusedError"),
        ("https", refusing, "SSLEOFError|ConnectionResetError"),
        ("https", plain_http, "SSLError"),
        ("https", silent, "TimeoutError"),
        ("proxy", None, "ProxyConnectionError"),
        ("proxy", plain_http, "ProxyConnectionError"),
        ("proxy", silent, "ProxyConnectionError"),
    ],
)
@pytest.mark.usefixtures("pauses")
def test_connection_that_was_never_made_is_retried(
    monkeypatch: pytest.MonkeyPatch, kind: str, serve: Any, cause: str
) -> None:
    """Refused, or failed before the request was sent: in the TLS handshake, or at a proxy. So a retry is safe."""
    monkeypatch.setattr(endpoint, "CONNECT_TIMEOUT", 0.3)
    factory = CountingFactory()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        serve(connection)

        address = f"127.0.0.1:{server.getsockname()[1]}"
        thread = Thread(target=accept)
        if serve is None:
            server.close()
        else:
            thread.start()
        url = "https://ses.invalid" if kind == "proxy" else f"{kind}://{address}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", url)
        if kind == "proxy":
            monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        error = failure(AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config()))
        if serve is not None:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert re.fullmatch(rf"Amazon SES could not be reached: ({cause})\.", error.data["message"])  # type: ignore[index]
    assert factory.attempts == 3


@pytest.mark.usefixtures("pauses")
def test_host_without_an_address_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as that of a region that does not exist, or while the name server is not available."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "https://ses.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", failing_look_up)
    factory = CountingFactory()
    error = failure(AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config()))
    assert error.data == {"message": "Amazon SES could not be reached: gaierror."}
    assert factory.attempts == 3


def failing_look_up(*_: object, **__: object) -> None:
    """Raise what the system raises for an unknown host."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def decide(error: Exception | tuple[int, str], attempts: int = 1, elapsed: float = 0.0) -> float | None:
    """Return the pause before a retry, or ``None``, after an exception or an error response of a status and a code."""
    if isinstance(error, tuple):
        status, code = error
        response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        error = ClientError(response, "SendEmail")
    return endpoint.pause_before_retry(ERRORS.classify(error), attempts - 1, elapsed)


URL = "https://e.example"


@pytest.mark.parametrize(
    ("raised", "again"),
    [
        (EndpointConnectionError(endpoint_url=URL), True),
        (ConnectTimeoutError(endpoint_url=URL), True),
        (ProxyConnectionError(proxy_url=URL, error=""), True),
        (ReadTimeoutError(endpoint_url=URL), False),
        (ConnectionClosedError(endpoint_url=URL), False),
        (SSLError(endpoint_url=URL, error=""), False),
        (RuntimeError(), False),
    ],
)
def test_only_a_failure_to_connect_is_retried(raised: Exception, again: object) -> None:
    """Without a response, a retry is safe only if the request was certainly not sent."""
    assert (decide(raised) is not None) is again


@given(st.integers(1, 5), st.floats(0, 30), st.sampled_from([(429, "TooManyRequestsException"), (503, "")]))
def test_no_retry_starts_that_could_exceed_the_time_limit(
    attempts: int, elapsed: float, response: tuple[int, str]
) -> None:
    """The pause, the connection and the response fit into the time limit, which is under 15 seconds."""
    pause = decide(response, attempts, elapsed)
    assert endpoint.TIME_LIMIT < 15
    if pause is not None:
        assert pause >= 0
        assert attempts < 3
        assert elapsed + pause + endpoint.CONNECT_TIMEOUT + endpoint.READ_TIMEOUT <= endpoint.TIME_LIMIT
    elif attempts < 3:
        assert elapsed + 0.9 + endpoint.CONNECT_TIMEOUT + endpoint.READ_TIMEOUT > endpoint.TIME_LIMIT


@pytest.mark.parametrize(("spare", "again"), [(0.01, True), (-0.01, False), (-10.0, False)])
@pytest.mark.usefixtures("pauses")
def test_time_limit_includes_both_timeouts(spare: float, again: object) -> None:
    """A retry starts only if the connection timeout and the read timeout fit into the time limit."""
    elapsed = endpoint.TIME_LIMIT - endpoint.CONNECT_TIMEOUT - endpoint.READ_TIMEOUT - spare
    assert (decide((503, ""), elapsed=elapsed) is not None) is again


def test_time_limit_starts_with_the_first_attempt(
    ses: Loopback, connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a first attempt of ten seconds there is no second attempt."""
    now = iter([100.0, 100.0, 110.0])
    monkeypatch.setattr(endpoint, "time", SimpleNamespace(monotonic=lambda: next(now), sleep=time.sleep))
    ses.answers = [UNAVAILABLE, ACCEPTED]
    assert failure(connector).code is ConnectorErrorCodes.INVALID_RESPONSE
    assert len(ses.requests) == 1


WRONG_TIME = "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)"


@pytest.mark.parametrize("code", ["InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed"])
@pytest.mark.parametrize("minutes", [-90, 6])
def test_wrong_clock_is_corrected_once(ses: Loopback, code: str, minutes: int) -> None:
    """AWS rejects a signature whose time differs by more than five minutes; the next sends have its time at once."""
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    ses.answers = [error_response(403, code, WRONG_TIME, Date=format_datetime(now, usegmt=True)), ACCEPTED]
    connector = AwsSesConnector(get_config=lambda _: ses_config())
    assert [connector.send_message(MESSAGE) for _ in range(2)] == ["0102-accepted"] * 2
    assert len(ses.requests) == 3
    times = [datetime.strptime(it.headers["x-amz-date"], "%Y%m%dT%H%M%S%z") for it in ses.requests]
    assert [abs(it - now) < timedelta(minutes=1) for it in times] == [False, True, True]


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 01 Jan 2026 00:00:00", "now"])
@pytest.mark.usefixtures("pauses")
def test_rejected_signature_without_a_wrong_clock_is_not_retried(ses: Loopback, date: str) -> None:
    """Then the secret key is wrong, or the response has no usable date."""
    value = format_datetime(datetime.now(UTC), usegmt=True) if date == "now" else date
    ses.answers = [error_response(403, "SignatureDoesNotMatch", WRONG_TIME, Date=value), ACCEPTED]
    assert failure(AwsSesConnector(get_config=lambda _: ses_config())).code is ConnectorErrorCodes.INVALID_RESPONSE
    assert len(ses.requests) == 1


def test_server_with_changing_clocks_ends_the_send(ses: Loopback) -> None:
    """After one correction, a wrong time is an error."""
    dates = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, 5, 9))
    ses.answers = [error_response(403, "RequestExpired", "No.", Date=format_datetime(it, usegmt=True)) for it in dates]
    failure(AwsSesConnector(get_config=lambda _: ses_config()))
    assert len(ses.requests) == 2
