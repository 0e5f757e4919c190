"""`AwsApi`: requests, errors, and credentials of the default chain and of roles, at a loopback STS and container endpoint."""

import json
import logging
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.utils import ContainerMetadataFetcher

from connector_kit import AwsApi, AwsKeys, AwsResponse, AwsRole, ConnectorError, ConnectorErrorCodes
from connector_kit.aws_api import credential_sources
from connector_kit.aws_api.credential_sources import CredentialSources
from connector_kit.aws_api.endpoint import Client
from tests.loopback import HttpResponse, Loopback

KEYS = AwsKeys("AKIAFAKEFAKEFAKEFAKE", "canary+Secret/Key0123456789canarySecret0")
EXTERNAL_ID = "external-canary-77e1"
ROLE = AwsRole("arn:aws:iam::123456789012:role/mail", EXTERNAL_ID)
ACCEPTED = HttpResponse(200, b'{"MessageId": "id-1"}')
AWS_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the credentials of the machine that runs the tests."""
    for name in AWS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def sms(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Return the server in place of AWS End User Messaging."""
    loopback.answers = [ACCEPTED]
    monkeypatch.setenv("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", loopback.url)
    return loopback


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """Return the server in place of STS, with credentials of the host in the environment."""
    with Loopback() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHOST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "host-secret-canary")
        yield server


def new_api(**tables: Any) -> AwsApi:
    """Return an API with state of its own."""
    return AwsApi("AWS SMS", "pinpoint-sms-voice-v2", "SendTextMessage", **tables)


def call(api: AwsApi, credentials: AwsKeys | AwsRole | None = None, **options: Any) -> AwsResponse:
    """Send a message."""
    members = {"DestinationPhoneNumber": "+491511", "MessageBody": "hi", "MaxPrice": None}
    return api.call(members, region="eu-west-1", credentials=credentials, **options)


def failure(api: AwsApi, credentials: AwsKeys | AwsRole | None = None, **options: Any) -> ConnectorError:
    """Return the error of a call; fail if it shows a secret."""
    with pytest.raises(ConnectorError) as caught:
        call(api, credentials, **options)
    error = caught.value
    for secret in (KEYS.access_key_id, KEYS.access_key_secret, EXTERNAL_ID, "secret-canary", "token-canary"):
        assert secret not in f"{error!r}{error}{error.data}{error.__cause__!r}{error.__cause__}"
    return error


def message(error: ConnectorError) -> str:
    """Return the message of an error."""
    data: Any = error.data
    return str(data["message"])


def issued(number: int, minutes: float = 60) -> HttpResponse:
    """Return the response of STS with credentials that end after so many minutes."""
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    body = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>secret-canary-{number}</SecretAccessKey>
        <SessionToken>token-canary-{number}</SessionToken><Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration>
        </Credentials></AssumeRoleResult></AssumeRoleResponse>"""
    return HttpResponse(200, body.encode(), {"Content-Type": "text/xml"})


def rejected(status: int, code: str, text: str) -> HttpResponse:
    """Return an error response of STS."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    return HttpResponse(status, body.encode(), {"Content-Type": "text/xml"})


def signers(server: Loopback) -> list[tuple[str, str | None]]:
    """Return the access key id and the session token of each request."""
    found = [(re.search(r"Credential=(\w+)/", it.headers["authorization"]), it) for it in server.requests]
    return [(match[1] if match else "", it.headers.get("x-amz-security-token")) for match, it in found]


# --- requests and errors ----------------------------------------------------------------------------------------------


def test_call_sends_the_members_and_returns_the_response(sms: Loopback) -> None:
    """A member that is ``None`` is left out; the reprs show no secret."""
    response = call(new_api(), KEYS)
    assert (response.status, response.text("MessageId")) == (200, "id-1")
    (request,) = sms.requests
    assert json.loads(request.body) == {"DestinationPhoneNumber": "+491511", "MessageBody": "hi"}
    assert request.headers["x-amz-target"] == "PinpointSMSVoiceV2.SendTextMessage"
    assert signers(sms) == [(KEYS.access_key_id, None)]
    assert repr(response) == "AwsResponse(provider='AWS SMS', status=200)"
    assert KEYS.access_key_id not in repr(KEYS)
    assert EXTERNAL_ID not in repr(ROLE)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HttpResponse(200, b"{}"), "(HTTP 200): no MessageId"),
        (HttpResponse(200, b'{"MessageId": ""}'), "(HTTP 200): no MessageId"),
        (HttpResponse(202, ACCEPTED.body), "(HTTP 202): only 200 means that the message was accepted"),
    ],
)
def test_success_without_its_member_is_an_invalid_response(sms: Loopback, answer: HttpResponse, words: str) -> None:
    """It is unknown whether the message was sent."""
    sms.answers = [answer]
    with pytest.raises(ConnectorError, match="AWS SMS sent an invalid response") as caught:
        call(new_api(), KEYS).text("MessageId")
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert words in message(caught.value)


@pytest.mark.parametrize(
    ("reason", "shown"), [("ACCOUNT_DISABLED", {"reason": "ACCOUNT_DISABLED"}), (["x"], {}), (None, {})]
)
def test_error_has_message_code_status_request_id_and_reason(sms: Loopback, reason: Any, shown: dict[str, str]) -> None:
    """The reason is a member of some services; of another type, it is left out."""
    body = {"__type": "x#AccessDeniedException", "Message": "No.", "Reason": reason}
    sms.answers = [HttpResponse(400, json.dumps(body).encode(), {"x-amzn-RequestId": "r-1"})]
    error = failure(new_api(), KEYS)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert error.data == {
        "message": "No.",
        "code": "AccessDeniedException",
        "status": 400,
        "requestId": "r-1",
        **shown,
    }


def test_table_of_the_connector_decides_by_error_code_and_by_message(sms: Loopback) -> None:
    """A throttle of its own table is retried like those of all services."""
    api = new_api(
        errors={
            "OwnThrottle": ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,
            "Full": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,
        },
        messages={"spend limit": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED},
    )
    codes = []
    for code, text in (("OwnThrottle", ""), ("Full", ""), ("ThrottlingException", "The Spend Limit is reached")):
        sms.answers = [HttpResponse(400, json.dumps({"__type": code, "message": text}).encode())]
        codes.append(str(failure(api, KEYS).code))
    assert codes == ["rate_limit_exceeded", "usage_limit_exceeded", "usage_limit_exceeded"]
    assert len(sms.requests) == 5


def test_secrets_are_redacted_in_the_response(sms: Loopback) -> None:
    """The keys, and what the connector names."""
    text = f"{KEYS.access_key_id} {KEYS.access_key_secret} own-secret"
    sms.answers = [HttpResponse(400, json.dumps({"__type": "E", "Message": text}).encode())]
    assert message(failure(new_api(), KEYS, secrets=["own-secret"])) == "[redacted] [redacted] [redacted]"


@pytest.mark.parametrize("halves", [(None, None), ("", ""), ("a", None), ("a", ""), (None, "b")])
def test_optional_keys_need_both_halves(halves: tuple[str | None, str | None]) -> None:
    """Without them, the default chain is used."""
    assert AwsKeys.of(*halves) is None
    assert AwsKeys.of("a", "b") == AwsKeys("a", "b")


@pytest.mark.usefixtures("sms")
def test_time_for_credentials_counts_for_the_time_limit() -> None:
    """A call that waited for 13 of its 14 seconds is not retried."""
    api = new_api()
    made = api._clients.client("eu-west-1", KEYS)
    late = Client(made.endpoint, made.signer, made.errors, spent=13.0)
    assert late._pause_before_retry(ConnectionError(), 0, 0.0) is None
    with pytest.raises(Exception, match="connect"):
        late.call({"DestinationPhoneNumber": "+491511"})


# --- the default chain ------------------------------------------------------------------------------------------------


def test_credentials_of_the_environment(sms: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, each message looks for them again: those that come later are found."""
    api = new_api()
    error = failure(api)
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert message(error).startswith("There are no AWS credentials: Unable to locate credentials.")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAHOST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "host-secret-canary")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "host-token-canary")
    call(api)
    assert signers(sms) == [("ASIAHOST", "host-token-canary")]
    sms.answers = [HttpResponse(400, b'{"__type": "E", "Message": "ASIAHOST host-secret-canary host-token-canary"}')]
    assert message(failure(api)) == "[redacted] [redacted] [redacted]"


def test_credentials_of_a_profile(sms: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From the shared file of the profile that the environment names."""
    file = tmp_path / "credentials"
    file.write_text("[mail]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = profile-secret-canary\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "mail")
    call(new_api())
    assert signers(sms) == [("AKIAPROFILE", None)]


@pytest.mark.parametrize(
    ("variables", "files", "words"),
    [
        ({"AWS_PROFILE": "missing"}, {}, "The config profile (missing) could not be found"),
        ({}, {"config": "no section\n"}, "Unable to parse config file"),
        ({"AWS_ACCESS_KEY_ID": "AKIAHOST"}, {}, "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_settings_of_the_host_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], files: dict[str, str], words: str
) -> None:
    """The operator has to set up the host, so the error has botocore's words."""
    for name, content in files.items():
        (tmp_path / name).write_text(content)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / name))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    error = failure(new_api())
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert words in message(error)


def container(number: int, minutes: float) -> HttpResponse:
    """Return the response of a container's endpoint."""
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    keys = {
        "AccessKeyId": f"ASIA{number}",
        "SecretAccessKey": f"secret-canary-{number}",
        "Token": f"token-canary-{number}",
    }
    return HttpResponse(200, json.dumps({**keys, "Expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}).encode())


@pytest.fixture
def container_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """Return the server in place of a container's endpoint."""
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    with Loopback() as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
        yield server


def test_credentials_of_a_container_are_renewed_before_they_expire(sms: Loopback, container_endpoint: Loopback) -> None:
    """The first ones end in five minutes; the next ones are used for all later messages."""
    container_endpoint.answers = [container(1, 5), container(2, 60)]
    api = new_api()
    for _ in range(3):
        call(api)
    assert signers(sms) == [("ASIA2", "token-canary-2")] * 3
    assert len(container_endpoint.requests) == 2


@pytest.mark.usefixtures("sms")
def test_malformed_credentials_of_a_container_are_not_shown(container_endpoint: Loopback) -> None:
    """Botocore's exception has the whole response."""
    container_endpoint.answers = [HttpResponse(200, b'{"SecretAccessKey": "secret-canary", ')]
    error = failure(new_api())
    assert error.code is ConnectorErrorCodes.GENERAL
    assert message(error) == "AWS credentials could not be obtained from container-role: CredentialRetrievalError."


# --- roles ------------------------------------------------------------------------------------------------------------


def test_role_is_assumed_once(sms: Loopback, sts: Loopback) -> None:
    """With the credentials of the host, at the first message. A session of 900 seconds is not renewed for each message."""
    sts.answers = [issued(1, minutes=15)]
    api, role = new_api(), AwsRole(ROLE.role_arn, EXTERNAL_ID, "codes", 900)
    for _ in range(4):
        call(api, role)
    assert signers(sms) == [("ASIA1", "token-canary-1")] * 4
    (request,) = sts.requests
    assert signers(sts) == [("AKIAHOST", None)]
    assert "/eu-west-1/sts/aws4_request" in request.headers["authorization"]
    sent = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    assert sent.pop("Version") == "2011-06-15"
    assert sent == {
        "Action": "AssumeRole",
        "RoleArn": ROLE.role_arn,
        "RoleSessionName": "codes",
        "DurationSeconds": "900",
        "ExternalId": EXTERNAL_ID,
    }


def test_concurrent_messages_assume_a_role_once(sms: Loopback, sts: Loopback) -> None:
    """The others wait for the first one; roles do not share credentials."""
    sts.answers = [issued(1)]
    api, barrier = new_api(), Barrier(8)

    def send(_: int) -> None:
        barrier.wait()
        call(api, ROLE)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(8)))
    assert len(sts.requests) == 1
    sts.answers = [issued(2)]
    call(api, AwsRole(ROLE.role_arn))
    assert {key for key, _ in signers(sms)} == {"ASIA1", "ASIA2"}
    assert "ExternalId" not in sts.requests[1].body.decode()


def test_role_is_renewed_before_its_credentials_expire(sms: Loopback, sts: Loopback) -> None:
    """The first ones end in five minutes."""
    sts.answers = [issued(1, minutes=5), issued(2)]
    api = new_api()
    for _ in range(3):
        call(api, ROLE)
    assert [key for key, _ in signers(sms)] == ["ASIA1", "ASIA2", "ASIA2"]
    assert len(sts.requests) == 2


def test_failed_renewal_uses_the_old_credentials_while_they_last(
    sms: Loopback, sts: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """They end in twelve minutes. botocore logs the failure, without the external ID that the response repeats."""
    sts.answers = [issued(1, minutes=12), rejected(403, "AccessDenied", f"Not with {EXTERNAL_ID}.")]
    api = new_api()
    with caplog.at_level(logging.INFO):
        call(api, ROLE)
        call(api, ROLE)
    assert [key for key, _ in signers(sms)] == ["ASIA1", "ASIA1"]
    assert "Refreshing temporary credentials failed" in caplog.text
    assert "Not with [redacted]" in caplog.text
    for secret in (EXTERNAL_ID, "token-canary", "secret-canary"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (
            rejected(403, "AccessDenied", f"Not authorized with {EXTERNAL_ID}"),
            "invalid_response",
            "AWS STS did not assume the role: Not authorized with [redacted]",
        ),
        (rejected(400, "Throttling", "Rate exceeded"), "rate_limit_exceeded", "Rate exceeded"),
        (rejected(400, "ExpiredToken", "The token has expired"), "invalid_response", "The token has expired"),
        (
            HttpResponse(200, b"<html>secret-canary"),
            "general",
            "AWS credentials could not be obtained: ResponseParserError",
        ),
        (HttpResponse(200, b"<a/>"), "general", "AWS credentials could not be obtained: KeyError"),
        (issued(1, minutes=-1), "general", "AWS credentials could not be obtained: RuntimeError"),
        (HttpResponse(instead="reset"), "general", "AWS credentials could not be obtained: ConnectionClosedError"),
    ],
)
def test_role_that_cannot_be_assumed_ends_the_call(
    sms: Loopback, sts: Loopback, answer: HttpResponse, code: str, words: str
) -> None:
    """Nothing is sent to the service. A renewal that fails shortly before the end does the same."""
    sts.answers = [answer]
    api = new_api()
    error = failure(api, ROLE)
    assert error.code == code
    assert words in message(error)
    assert sms.requests == []
    sts.answers = [issued(1, minutes=5), answer]
    renewed = new_api()
    call(renewed, ROLE)
    assert failure(renewed, ROLE).code == code
    assert len(sms.requests) == 1


def test_error_of_sts_has_its_code_and_request_id(sts: Loopback) -> None:
    """By which an operator finds it in CloudTrail."""
    sts.answers = [rejected(403, "AccessDenied", "No.")]
    data: Any = failure(new_api(), ROLE).data
    assert (data["code"], data["status"], data["requestId"]) == ("AccessDenied", 403, "r-1")


def test_host_without_credentials_cannot_assume_a_role() -> None:
    """The error is that of the host's credentials."""
    error = failure(new_api(), ROLE)
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert "Unable to locate credentials" in message(error)


def test_role_that_was_not_used_for_longest_is_forgotten(
    sms: Loopback, sts: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next message assumes it again."""
    monkeypatch.setattr(credential_sources, "ROLES_KEPT", 2)
    sts.answers = [issued(1)]
    api = new_api()
    roles = [AwsRole(f"arn:aws:iam::123456789012:role/{number}") for number in range(3)]
    for role in (roles[0], roles[1], roles[0], roles[2], roles[0], roles[1]):
        call(api, role)
    assert len(sts.requests) == 4
    assert len(sms.requests) == 6


def test_clients_for_credentials_have_time_limits() -> None:
    """Botocore's own wait for a minute, five times."""
    made: list[Any] = []

    class Session:
        def set_default_client_config(self, config: Any) -> None:
            made.append(config)

        def get_credentials(self) -> None:
            return None

    with pytest.raises(ConnectorError):
        CredentialSources(Session).credentials(None, "eu-west-1")  # type: ignore[arg-type]  # has what is called
    (limits,) = made
    assert (limits.connect_timeout, limits.read_timeout, limits.retries["total_max_attempts"]) == (1, 3, 2)


def test_forked_process_has_credentials_of_its_own(sms: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that a thread of the parent holds during the fork stays locked there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHOST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "host-secret-canary")
    api = new_api()
    call(api)
    inherited = api._clients._endpoints
    inherited.process = os.getpid() + 1
    with inherited.sources._lock:
        call(api)
    assert api._clients._endpoints is not inherited
    assert len(sms.requests) == 2
