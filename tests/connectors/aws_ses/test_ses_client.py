"""The botocore client: creation from config and environment, reuse, and errors when it cannot be created."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from connector_kit import ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.connectors.aws_ses.client import ClientStore, SessionClientFactory
from tests.connectors.aws_ses.ses_cases import KEY_ID, KEY_SECRET, MESSAGE, FakeClient, failure, ses_config, settings
from tests.loopback import Loopback


class CountingFactory:
    """Creates fake clients and records their configs."""

    def __init__(self, pause: float = 0) -> None:
        self.made: list[AwsSesConfig] = []
        self.pause = pause

    def __call__(self, config: AwsSesConfig) -> FakeClient:
        """Create a client."""
        self.made.append(config)
        sleep(self.pause)
        return FakeClient()


def test_same_region_and_keys_reuse_client() -> None:
    """Other settings may differ."""
    factory = CountingFactory()
    store = ClientStore(factory)
    clients = {id(store.get(settings(emailAddress=f"{name}@b.co"))) for name in ("a", "b", "c")}
    assert len(clients) == len(factory.made) == 1


@pytest.mark.parametrize("change", [{"region": "us-east-1"}, {"accessKeyId": "AKIA2"}, {"accessKeySecret": "rotated"}])
def test_new_region_or_key_creates_client(change: dict[str, str]) -> None:
    """A rotated key is used from the next send on. The previous client is kept."""
    factory = CountingFactory()
    store = ClientStore(factory)
    first, second, again = (store.get(settings(**it)) for it in ({}, change, {}))
    assert first is again
    assert first is not second
    assert len(factory.made) == 2


def test_store_keeps_at_most_eight_clients() -> None:
    """The store drops the oldest client first."""
    factory = CountingFactory()
    store = ClientStore(factory)
    for number in range(9):
        store.get(settings(region=f"r-{number}"))
    for number in range(1, 9):
        store.get(settings(region=f"r-{number}"))
    assert len(factory.made) == 9
    store.get(settings(region="r-0"))
    assert len(factory.made) == 10


def test_concurrent_requests_create_one_client() -> None:
    """Threads that need the same client wait until one of them has created it."""
    factory = CountingFactory(pause=0.05)
    store = ClientStore(factory)
    barrier = Barrier(8)

    def get(_: int) -> int:
        barrier.wait()
        return id(store.get(settings()))

    with ThreadPoolExecutor(8) as threads:
        clients = set(threads.map(get, range(8)))
    assert len(clients) == len(factory.made) == 1


def test_client_is_created_after_a_failed_attempt() -> None:
    """A failure to create a client does not affect the next send."""
    attempts = []

    def factory(config: AwsSesConfig) -> FakeClient:
        attempts.append(config)
        if len(attempts) == 1:
            raise ValueError("not now")
        return FakeClient()

    connector = AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config())
    failure(connector)
    assert connector.send_message(MESSAGE) == "0102-fake"


def test_connectors_do_not_share_clients() -> None:
    """Each connector creates its own client."""
    factory = CountingFactory()
    for _ in range(2):
        AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config()).send_message(MESSAGE)
    assert len(factory.made) == 2


def test_constructing_a_connector_creates_no_client() -> None:
    """The constructor neither reads the config nor creates a session."""
    factory = CountingFactory()
    AwsSesConnector(client_factory=factory, get_config=lambda _: pytest.fail("read"))
    assert SessionClientFactory()._session is None
    assert factory.made == []


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


REGIONS = [
    "",
    " ",
    "a.b",
    "eu_west_1",
    "eu-west-1\n",
    "é ü",
    "eu-west-1/",
    "#@evil.example",
    "-a",
    "x" * 64,
    "\ud800",
    "%2f",
]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.usefixtures("pauses")
def test_invalid_region_raises_invalid_config(connector: AwsSesConnector, region: str) -> None:
    """The guard accepts any string as a region, so the connector checks that it can be part of a host name."""
    error = failure(connector, ses_config(region=region))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert error.data == {
        "message": f"The region is not valid: expected an AWS region such as eu-west-1, found {region!r}."
    }


@pytest.mark.parametrize("key", ["AKIA\nX: y", "AKIA 1", "AKIÁ", "AKIA\ud800", "\x7f", "\t"])
def test_access_key_id_that_cannot_be_in_a_header_raises_invalid_config(connector: AwsSesConnector, key: str) -> None:
    """The key id is part of the Authorization header. The error does not show it."""
    error = failure(connector, ses_config(accessKeyId=key))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert "accessKeyId" in str(error)
    assert repr(key)[1:-1] not in f"{error}{error!r}"


@pytest.mark.parametrize("secret", ["", "\n", "é", "\ud800"])
def test_any_secret_key_signs_or_raises_connector_error(ses: Loopback, connector: AwsSesConnector, secret: str) -> None:
    """Only the signature contains the key; SES verifies it."""
    if secret == "\ud800":
        assert failure(connector, ses_config(accessKeySecret=secret)).code is ConnectorErrorCodes.GENERAL
    else:
        assert connector.send_message(MESSAGE, ses_config(accessKeySecret=secret)) == "0102-accepted"
        assert len(ses.requests) == 1


def test_unknown_aws_profile_raises_general(fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    """``AWS_PROFILE`` is not part of the config; the exception of botocore is the cause."""
    monkeypatch.setenv("AWS_PROFILE", "missing")
    error = failure(fresh_connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "botocore could not create a client: ProfileNotFound."}
    assert error.__cause__ is not None


def test_malformed_aws_config_file_raises_general(
    fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``AWS_CONFIG_FILE`` is not part of the config either."""
    file = tmp_path / "config"
    file.write_text("no section\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    assert failure(fresh_connector).data == {"message": "botocore could not create a client: ConfigParseError."}


def test_invalid_endpoint_in_the_environment_raises_general(
    fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error does not blame the config, and does not show the URL, which may hold a password."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"not a URL, {KEY_SECRET}")
    error = failure(fresh_connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "botocore could not create a client: ValueError."}
