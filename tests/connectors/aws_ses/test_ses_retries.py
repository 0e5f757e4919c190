"""When a send is tried again, against a server: what SES did not take is repeated, what it may have taken never."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector, client
from connector_kit.connectors.aws_ses.client import SendEmailClient, SessionClientFactory
from tests.connectors.aws_ses.ses_cases import ACCEPTED, MESSAGE, failure, refusal, ses_config
from tests.loopback import Answer, Loopback

THROTTLED = refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
UNMODELLED = refusal(400, "ThrottlingException", "Rate exceeded")
LIMIT = refusal(400, "LimitExceededException", "Too many.")
DAILY = refusal(429, "TooManyRequestsException", "Daily message quota exceeded.")
DAILY_UNMODELLED = refusal(454, "Throttling", "Throttling failure: Daily message quota exceeded")
FAULT = refusal(500, "InternalServiceErrorException", "Internal.")
GATEWAY = Answer(502, b"<html></html>", {"Content-Type": "text/html"})
UNAVAILABLE = Answer(503, b"{}")
REJECTED = refusal(400, "MessageRejected", "No.")


@pytest.mark.parametrize("failing", [THROTTLED, UNMODELLED, FAULT, GATEWAY, UNAVAILABLE, Answer(504)])
@pytest.mark.usefixtures("pauses")
def test_a_passing_failure_is_tried_again(ses: Loopback, connector: AwsSesConnector, failing: Answer) -> None:
    """Once refused, then accepted: two calls and one message id."""
    ses.answers = [failing, ACCEPTED]
    assert connector.send_message(MESSAGE) == "0102-accepted"
    assert len(ses.requests) == 2
    assert ses.requests[0].body == ses.requests[1].body


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (THROTTLED, "rate_limit_exceeded"),
        (UNMODELLED, "rate_limit_exceeded"),
        (FAULT, "invalid_response"),
        (GATEWAY, "invalid_response"),
    ],
)
@pytest.mark.usefixtures("pauses")
def test_three_attempts_are_all(ses: Loopback, connector: AwsSesConnector, answer: Answer, code: str) -> None:
    """A failure that does not pass is given up after the third call."""
    ses.answers = [answer]
    assert failure(connector).code == code
    assert len(ses.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        DAILY,
        DAILY_UNMODELLED,
        LIMIT,
        REJECTED,
        refusal(400, "AccountSuspendedException", "No."),
        refusal(400, "SendingPausedException", "No."),
        refusal(400, "MailFromDomainNotVerifiedException", "No."),
        refusal(404, "NotFoundException", "No."),
        refusal(400, "BadRequestException", "No."),
        refusal(403, "InvalidClientTokenId", "No."),
        refusal(403, "SignatureDoesNotMatch", "No."),
        refusal(403, "RequestExpired", "No."),
        Answer(501),
        Answer(202, b'{"MessageId":"x"}'),
        Answer(200, b"{"),
    ],
)
@pytest.mark.usefixtures("pauses")
def test_what_does_not_pass_is_not_tried_again(ses: Loopback, connector: AwsSesConnector, answer: Answer) -> None:
    """A used-up quota, a refusal or an odd answer ends the send after one call."""
    ses.answers = [answer, ACCEPTED]
    failure(connector)
    assert len(ses.requests) == 1


@pytest.mark.usefixtures("pauses")
def test_failures_of_different_kinds_share_the_three_attempts(ses: Loopback, connector: AwsSesConnector) -> None:
    """A throttle and a fault leave one attempt."""
    ses.answers = [THROTTLED, FAULT, ACCEPTED]
    assert connector.send_message(MESSAGE) == "0102-accepted"
    ses.answers = [THROTTLED, FAULT, THROTTLED, ACCEPTED]
    assert failure(connector).code is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED
    assert len(ses.requests) == 6


@pytest.mark.usefixtures("pauses")
def test_the_environment_does_not_change_how_often_it_is_tried(
    ses: Loopback, fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``AWS_MAX_ATTEMPTS`` and ``AWS_RETRY_MODE`` are for other programs."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    ses.answers = [FAULT]
    failure(fresh_connector)
    assert len(ses.requests) == 3


def test_a_throttle_is_waited_out_longer_than_a_fault(
    ses: Loopback, connector: AwsSesConnector, pauses: list[float]
) -> None:
    """Pauses grow from one attempt to the next, with jitter from zero."""
    ses.answers = [THROTTLED]
    failure(connector)
    ses.answers = [FAULT]
    failure(connector)
    assert pauses == [0.3, 0.9, 0.05, 0.1]


def test_an_answer_that_does_not_come_in_time_is_not_asked_for_again(
    ses: Loopback, connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SES may have taken the message: ``general``, one call."""
    monkeypatch.setattr(client, "READ_TIMEOUT", 1.0)
    ses.answers = [Answer(instead="hang")]
    error = failure(connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert isinstance(error.__cause__, ReadTimeoutError)
    assert len(ses.requests) == 1


def test_a_connection_that_is_lost_is_not_made_again(ses: Loopback, connector: AwsSesConnector) -> None:
    """The request was out when the connection broke: ``general``, one call."""
    ses.answers = [Answer(instead="reset"), ACCEPTED]
    error = failure(connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "Amazon SES could not be reached: ConnectionClosedError."}
    assert len(ses.requests) == 1


@pytest.mark.usefixtures("pauses")
def test_a_refused_connection_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing went out, so trying again is safe."""
    attempts: list[object] = []
    make = SessionClientFactory()

    def counting(config: AwsSesConfig) -> SendEmailClient:
        made: Any = make(config)
        made.meta.events.register("before-send.sesv2.SendEmail", lambda **_: attempts.append(1))
        return made  # type: ignore[no-any-return]

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{unused.getsockname()[1]}")
        error = failure(AwsSesConnector(client_factory=counting, get_config=lambda _: ses_config()))
    assert error.code is ConnectorErrorCodes.GENERAL
    assert isinstance(error.__cause__, EndpointConnectionError)
    assert len(attempts) == 3


def decide(
    attempts: int = 1,
    *,
    elapsed: float = 0.0,
    status: int | None = None,
    code: str = "",
    raised: Exception | None = None,
) -> float | None:
    """Ask whether to try again, as botocore does."""
    response = None if status is None else (SimpleNamespace(status_code=status), {"Error": {"Code": code}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "time", SimpleNamespace(monotonic=lambda: 1000.0 + elapsed))
        return client._pause_before_retry(attempts, response, raised, {"context": {"started": 1000.0}}, more=1)


URL = "https://e.example"


@pytest.mark.parametrize(
    ("raised", "again"),
    [
        (EndpointConnectionError(endpoint_url=URL), True),
        (ConnectTimeoutError(endpoint_url=URL), True),
        (ReadTimeoutError(endpoint_url=URL), False),
        (ConnectionClosedError(endpoint_url=URL), False),
        (SSLError(endpoint_url=URL, error=""), False),
        (RuntimeError(), False),
        (None, False),
    ],
)
def test_only_a_connection_that_never_stood_is_tried_again(raised: Exception | None, again: object) -> None:
    """Without an answer, the request must be known not to have gone out."""
    assert (decide(raised=raised) is not None) is again


def test_a_success_is_not_tried_again() -> None:
    """An answer without an error needs nothing."""
    assert decide(status=200) is None


@given(st.integers(1, 5), st.floats(0, 30), st.sampled_from([(429, "TooManyRequestsException"), (500, ""), (200, "")]))
def test_no_attempt_begins_that_could_not_end_in_time(attempts: int, elapsed: float, answer: tuple[int, str]) -> None:
    """With the pause, the connection and the answer ahead, a send stays under its limit, which is under 15 seconds."""
    pause = decide(attempts, elapsed=elapsed, status=answer[0], code=answer[1])
    assert client.TIME_LIMIT < 15
    if pause is not None:
        assert pause >= 0
        assert attempts < 3
        assert elapsed + pause + client.CONNECT_TIMEOUT + client.READ_TIMEOUT <= client.TIME_LIMIT
    elif attempts < 3 and answer[0] != 200:
        assert elapsed + 0.9 + client.CONNECT_TIMEOUT + client.READ_TIMEOUT > client.TIME_LIMIT


@pytest.mark.parametrize(("spare", "again"), [(0.01, True), (-0.01, False), (-10.0, False)])
@pytest.mark.usefixtures("pauses")
def test_connecting_and_answering_are_both_allowed_for(spare: float, again: object) -> None:
    """The next attempt begins only while there is time left for its connection and its answer, to the hundredth."""
    elapsed = client.TIME_LIMIT - client.CONNECT_TIMEOUT - client.READ_TIMEOUT - spare
    assert (decide(elapsed=elapsed, status=500) is not None) is again


def test_the_clock_of_a_send_starts_with_its_first_call(
    ses: Loopback, connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time that the failed attempts took counts: after ten slow seconds there is no second attempt."""
    now = iter([100.0, 110.0])
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=lambda: next(now)))
    ses.answers = [FAULT, ACCEPTED]
    assert failure(connector).code is ConnectorErrorCodes.INVALID_RESPONSE
    assert len(ses.requests) == 1
