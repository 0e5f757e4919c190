"""The botocore client: creation from config and environment, reuse, and errors when it cannot be created."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from time import sleep

import pytest
from attrs import evolve
from botocore.loaders import Loader

from connector_kit import ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.connectors.aws_ses.client import (
    CLIENTS_CONNECTED,
    CLIENTS_KEPT,
    ClientStore,
    SessionClientFactory,
)
from tests.connectors.aws_ses.keep_alive_stub import KeepAliveStub
from tests.connectors.aws_ses.ses_cases import (
    CODE,
    KEY_ID,
    KEY_SECRET,
    MESSAGE,
    FakeClient,
    failure,
    ses_config,
    settings,
)
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


def test_least_recently_used_client_is_dropped() -> None:
    """A tenant that sends often keeps its client, however many tenants there are."""
    factory = CountingFactory()
    store = ClientStore(factory)
    for number in range(CLIENTS_KEPT):
        store.get(settings(region=f"r-{number}"))
    store.get(settings(region="r-0"))
    store.get(settings(region="one-more"))
    store.get(settings(region="r-0"))
    assert len(factory.made) == CLIENTS_KEPT + 1
    store.get(settings(region="r-1"))
    assert len(factory.made) == CLIENTS_KEPT + 2


class CountingClient(FakeClient):
    """Counts how often its idle connections are closed."""

    closed = 0

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_only_the_clients_used_last_keep_idle_connections() -> None:
    """Each may have 50, and a process often 1,024 descriptors. A client that is used again stays connected."""
    made: dict[str, CountingClient] = {}

    def factory(config: AwsSesConfig) -> CountingClient:
        return made.setdefault(config.region, CountingClient())

    def closed() -> list[str]:
        return [region for region, it in made.items() if it.closed]

    store = ClientStore(factory)
    for number in range(CLIENTS_CONNECTED):
        store.get(settings(region=f"r-{number}"))
    store.get(settings(region="r-0"))
    assert closed() == []
    store.get(settings(region="more"))
    assert closed() == ["r-1"]
    store.get(settings(region="r-1"))
    assert closed() == ["r-1", "r-2"]
    assert len(made) == CLIENTS_CONNECTED + 1


def test_client_without_close_is_dropped_all_the_same() -> None:
    """A factory of an author may make clients of its own."""
    store = ClientStore(CountingFactory())
    clients = [store.get(settings(region=f"r-{number}")) for number in range(CLIENTS_CONNECTED + 1)]
    assert not any(hasattr(it, "close") for it in clients)


def test_idle_connections_of_many_tenants_are_bounded(stub: KeepAliveStub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two dozen tenants send three messages at a time each; every message arrives."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", stub.url)
    connector = AwsSesConnector(get_config=lambda _: ses_config())
    stub.barrier = Barrier(3)  # the stub responds to three requests together, so that each needs a connection

    def send(number: int) -> object:
        return connector.send_message(MESSAGE, ses_config(accessKeyId=f"AKIA{number // 3}"))

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(send, range(72))) == [f"SignIn {CODE}"] * 72
    assert len({connection for connection, _ in stub.received}) == 72
    stub.wait_until_open(3 * CLIENTS_CONNECTED)


def test_forked_process_uses_neither_clients_nor_locks_of_its_parent() -> None:
    """Those of another process: here the locks are held, as by a thread that the fork did not copy."""
    factory = CountingFactory()
    store = ClientStore(factory)
    before = store.get(settings())
    inherited = store._clients = evolve(store._clients, process=-1)
    with inherited.lock, inherited.creating:
        after = store.get(settings())
        assert after is store.get(settings())
    assert after is not before
    assert len(factory.made) == 2


def test_many_tenants_share_the_store_without_new_clients() -> None:
    """Nine tenants in turn create nine clients, once each."""
    factory = CountingFactory()
    store = ClientStore(factory)
    for _ in range(5):
        for number in range(9):
            store.get(settings(region=f"r-{number}"))
    assert len(factory.made) == 9


def test_known_client_is_returned_while_another_is_created() -> None:
    """Creating a client takes milliseconds; the sends of other tenants do not wait for it."""
    creating, finish = Event(), Event()

    def factory(config: AwsSesConfig) -> FakeClient:
        if config.region == "slow":
            creating.set()
            assert finish.wait(10)
        return FakeClient()

    store = ClientStore(factory)
    known = store.get(settings())
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(store.get, settings(region="slow"))
        assert creating.wait(10)
        assert store.get(settings()) is known
        finish.set()
        assert slow.result(10) is not known


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
