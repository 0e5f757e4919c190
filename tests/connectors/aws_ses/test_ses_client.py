"""Clients and their endpoints: made from config and environment, shared, and errors when they cannot be made."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.loaders import Loader
from botocore.session import Session

from connector_kit import ConnectorErrorCodes
from connector_kit.aws_api import endpoint
from connector_kit.aws_api.endpoint import ENDPOINTS_KEPT, Endpoint
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.connectors.aws_ses.client import SesClientFactory
from connector_kit.connectors.aws_ses.request import send_email_request
from tests.connectors.aws_ses.keep_alive_stub import KeepAliveStub
from tests.connectors.aws_ses.ses_cases import (
    CODE,
    KEY_ID,
    KEY_SECRET,
    MESSAGE,
    FakeClient,
    email,
    failure,
    ses_config,
    settings,
)
from tests.loopback import Loopback


def test_clients_of_a_region_share_an_endpoint() -> None:
    """Whatever their keys. A rotated key is used from the next send on."""
    factory = SesClientFactory()
    clients = [factory(settings(**it)) for it in ({}, {"accessKeyId": "AKIA2"}, {"accessKeySecret": "rotated"})]
    assert len({id(it.endpoint) for it in clients}) == 1
    assert len({(it.signer.credentials.access_key, it.signer.credentials.secret_key) for it in clients}) == 3
    assert factory(settings(region="us-east-1")).endpoint is not clients[0].endpoint


def test_endpoint_that_was_not_used_for_longest_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may have 50 idle connections, and a process often 1,024 descriptors. It can be used again."""
    closed = []
    monkeypatch.setattr(Endpoint, "close", lambda self: closed.append(self.signing_region))
    factory = SesClientFactory()

    def endpoint(number: int) -> Endpoint:
        return factory(settings(region=f"eu-west-{number}")).endpoint

    made = [endpoint(number) for number in range(ENDPOINTS_KEPT)]
    assert endpoint(0) is made[0]
    endpoint(ENDPOINTS_KEPT)
    assert endpoint(0) is made[0]
    assert closed == ["eu-west-1"]
    assert endpoint(1) is not made[1]
    assert closed == ["eu-west-1", "eu-west-2"]


def test_endpoint_without_connections_can_be_closed() -> None:
    """Its first message has not been sent."""
    SesClientFactory()(settings()).endpoint.close()


def test_tenants_share_connections(stub: KeepAliveStub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two dozen tenants send three messages at a time each, over three connections; every message arrives."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", stub.url)
    connector = AwsSesConnector(get_config=lambda _: ses_config())
    stub.barrier = Barrier(3)  # the stub responds to three requests together, so that each needs a connection

    def send(number: int) -> object:
        return connector.send_message(MESSAGE, ses_config(accessKeyId=f"AKIA{number // 3}"))

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(send, range(72))) == [f"SignIn {CODE}"] * 72
    assert len({connection for connection, _ in stub.received}) == 3
    stub.wait_until_open(3)
    connector._client_of(settings()).endpoint.close()  # type: ignore[attr-defined]  # of the default factory
    stub.wait_until_open(0)


def test_forked_process_uses_neither_endpoints_nor_locks_of_its_parent() -> None:
    """Those of another process: here the lock is held, as by a thread that the fork did not copy."""
    factory = SesClientFactory()
    before = factory(settings()).endpoint
    inherited = factory._endpoints
    inherited.process = -1
    with inherited.lock:
        after = factory(settings()).endpoint
    assert after is factory(settings()).endpoint
    assert after is not before


def test_concurrent_sends_make_one_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that need the same endpoint wait until one of them has made it."""
    made = []
    make = endpoint._Endpoints._make

    def slow(self: Any, region: str) -> Endpoint:
        made.append(region)
        sleep(0.05)
        return make(self, region)

    monkeypatch.setattr(endpoint._Endpoints, "_make", slow)
    factory, barrier = SesClientFactory(), Barrier(8)

    def get(_: int) -> int:
        barrier.wait()
        return id(factory(settings()).endpoint)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(get, range(8)))) == 1
    assert len(made) == 1


def test_client_is_made_after_a_failed_attempt() -> None:
    """A failure to make a client does not affect the next send."""
    attempts = []

    def factory(config: AwsSesConfig) -> FakeClient:
        attempts.append(config)
        if len(attempts) == 1:
            raise ValueError("not now")
        return FakeClient()

    connector = AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config())
    failure(connector)
    assert connector.send_message(MESSAGE) == "0102-fake"


def test_constructing_a_connector_makes_no_client() -> None:
    """The constructor neither reads the config nor creates a session."""
    AwsSesConnector(client_factory=lambda _: pytest.fail("made"), get_config=lambda _: pytest.fail("read"))
    assert SesClientFactory()._endpoints.session is None


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1",
        "eu-central-2",
        "cn-north-1",
        "us-gov-west-1",
        "eusc-de-east-1",
        "xx-new-7",
        "fips-us-east-1",
    ],
)
@pytest.mark.parametrize("variables", [{}, {"AWS_USE_FIPS_ENDPOINT": "true"}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}])
def test_request_goes_where_a_botocore_client_sends_it(
    monkeypatch: pytest.MonkeyPatch, region: str, variables: dict[str, str]
) -> None:
    """URL, body and scope of the signature are the same, also with FIPS and dual stack. A region may be new to botocore."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    seen = []

    def respond(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        scope = re.search(r"Credential=\S+?/\d{8}/(\S+?),", str(request.headers["Authorization"]))
        seen.append((request.method, request.url, request.body, scope and scope[1]))
        return AWSResponse(
            request.url, 200, HTTPHeaders(), SimpleNamespace(stream=lambda **_: iter([b'{"MessageId":"1"}']))
        )

    ours = SesClientFactory()(settings(region=region))
    theirs = Session().create_client("sesv2", region, aws_access_key_id=KEY_ID, aws_secret_access_key=KEY_SECRET)
    for events in (ours.endpoint._client.meta.events, theirs.meta.events):
        events.register("before-send.sesv2.SendEmail", respond)
    request = send_email_request(settings(), email(subject="Zürich \u2028"))
    for it in (ours, theirs):
        it.send_email(**request)
    assert seen[0] == seen[1]


def test_handler_of_the_event_before_a_request_may_change_its_url(
    ses: Loopback, fresh_connector: AwsSesConnector
) -> None:
    """As for a botocore client: the stub of the conformance suite does, and tests of other projects."""

    def change(request: AWSPreparedRequest, **_: object) -> None:
        request.url = f"{ses.url}/elsewhere"

    made: Any = fresh_connector._client_of(settings())
    made.endpoint._client.meta.events.register("before-send.sesv2.SendEmail", change)
    assert fresh_connector.send_message(MESSAGE) == "0102-accepted"
    assert [it.path for it in ses.requests] == ["/elsewhere"]


def test_concurrent_sends_succeed(ses: Loopback, fresh_connector: AwsSesConnector) -> None:
    """A connector is thread-safe: eight concurrent sends cause eight requests."""
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: fresh_connector.send_message(MESSAGE), range(8)))
    assert ids == ["0102-accepted"] * 8
    assert len(ses.requests) == 8


def test_keys_and_region_of_the_environment_are_ignored(
    ses: Loopback, fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is signed with the config's keys and region only."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-the-environment")
    fresh_connector.send_message(MESSAGE)
    (request,) = ses.requests
    assert request.path == "/v2/email/outbound-emails"
    assert f"Credential={KEY_ID}/" in request.headers["authorization"]
    assert "/eu-west-1/ses/aws4_request" in request.headers["authorization"]
    assert "x-amz-security-token" not in request.headers


MALFORMED = "no section\n"

NONSENSE = {
    "AWS_PROFILE": "missing",
    "AWS_DEFAULT_PROFILE": "missing",
    "AWS_DEFAULTS_MODE": "nonsense",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "nonsense",
    "AWS_METADATA_SERVICE_TIMEOUT": "soon",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "nonsense",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "nonsense",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "-1",
    "AWS_SDK_UA_APP_ID": "x" * 100,
    "AWS_STS_REGIONAL_ENDPOINTS": "nonsense",
    "AWS_ENDPOINT_DISCOVERY_ENABLED": "nonsense",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "nonsense",
    "AWS_DATA_PATH": "/nonexistent",
    "AWS_CSM_ENABLED": "true",
    "AWS_CSM_PORT": "nonsense",
    "AWS_DEFAULT_REGION": "not a region",
    "AWS_ACCESS_KEY_ID": "decoy",
    "AWS_SECRET_ACCESS_KEY": "decoy",
}


@pytest.mark.parametrize("variable", NONSENSE)
def test_variable_of_other_aws_clients_does_not_affect_a_send(
    ses: Loopback, fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The keys and the region are in the config; a profile, an SDK default or a decoy is not needed."""
    monkeypatch.setenv(variable, NONSENSE[variable])
    assert fresh_connector.send_message(MESSAGE) == "0102-accepted"
    assert f"Credential={KEY_ID}/" in ses.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    "content", [MALFORMED, "[default]\nregion = not a region\nendpoint_url = http://127.0.0.1:1\n"]
)
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HOME"])
def test_files_of_other_aws_clients_are_not_read(  # noqa: PLR0917 - pytest passes the fixtures by name
    ses: Loopback,
    fresh_connector: AwsSesConnector,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    content: str,
) -> None:
    """Malformed or well-formed: neither the files that variables name, nor those of the home directory."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    for name in ("config", "credentials"):
        (folder / name).write_text(content)
    monkeypatch.setenv(variable, str(tmp_path if variable == "HOME" else folder / "config"))
    assert fresh_connector.send_message(MESSAGE) == "0102-accepted"
    assert len(ses.requests) == 1


def test_service_model_in_the_home_directory_is_not_read(
    ses: Loopback, fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Botocore would prefer a newer model in ``~/.aws/models``."""
    model = tmp_path / ".aws/models/sesv2/2099-01-01/service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path / ".aws/models"))
    assert fresh_connector.send_message(MESSAGE) == "0102-accepted"
    assert len(ses.requests) == 1


def test_invalid_endpoint_in_the_environment_raises_general(
    fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error does not blame the config, and does not show the URL, which may hold a password."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"not a URL, {KEY_SECRET}")
    error = failure(fresh_connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "The call to Amazon SES failed: ValueError."}
