"""The client: made from config and environment, kept while region and keys stay, refused with words when it cannot be."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from connector_kit import ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.connectors.aws_ses.client import ClientStore, SessionClientFactory
from tests.connectors.aws_ses.ses_cases import KEY_ID, MESSAGE, FakeClient, failure, ses_config, settings
from tests.loopback import Loopback


class CountingFactory:
    """Makes stand-ins and keeps a list of what they were made for."""

    def __init__(self, pause: float = 0) -> None:
        self.made: list[AwsSesConfig] = []
        self.pause = pause

    def __call__(self, config: AwsSesConfig) -> FakeClient:
        """Make one."""
        self.made.append(config)
        sleep(self.pause)
        return FakeClient()


def test_one_client_serves_while_region_and_keys_stay() -> None:
    """Other settings may change; the client stays."""
    factory = CountingFactory()
    store = ClientStore(factory)
    clients = {id(store.get(settings(emailAddress=f"{name}@b.co"))) for name in ("a", "b", "c")}
    assert len(clients) == len(factory.made) == 1


@pytest.mark.parametrize("change", [{"region": "us-east-1"}, {"accessKeyId": "AKIA2"}, {"accessKeySecret": "rotated"}])
def test_another_region_or_key_makes_another_client(change: dict[str, str]) -> None:
    """A rotated key counts from the next send on; going back finds the old client."""
    factory = CountingFactory()
    store = ClientStore(factory)
    first, second, again = (store.get(settings(**it)) for it in ({}, change, {}))
    assert first is again
    assert first is not second
    assert len(factory.made) == 2


def test_eight_clients_are_kept() -> None:
    """A host that tries many configs does not collect clients without end: the oldest goes first."""
    factory = CountingFactory()
    store = ClientStore(factory)
    for number in range(9):
        store.get(settings(region=f"r-{number}"))
    for number in range(1, 9):
        store.get(settings(region=f"r-{number}"))
    assert len(factory.made) == 9
    store.get(settings(region="r-0"))
    assert len(factory.made) == 10


def test_eight_threads_share_one_client() -> None:
    """Threads that need the same client at once wait for one to be made."""
    factory = CountingFactory(pause=0.05)
    store = ClientStore(factory)
    barrier = Barrier(8)

    def get(_: int) -> int:
        barrier.wait()
        return id(store.get(settings()))

    with ThreadPoolExecutor(8) as threads:
        clients = set(threads.map(get, range(8)))
    assert len(clients) == len(factory.made) == 1


def test_a_failed_attempt_to_make_a_client_is_not_kept() -> None:
    """Once the cause is gone, the next send makes one."""
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
    """Two connectors in a process have nothing to do with each other."""
    factory = CountingFactory()
    for _ in range(2):
        AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config()).send_message(MESSAGE)
    assert len(factory.made) == 2


def test_making_a_connector_makes_no_client() -> None:
    """Nothing is read or opened before the first send."""
    factory = CountingFactory()
    AwsSesConnector(client_factory=factory, get_config=lambda _: pytest.fail("read"))
    assert SessionClientFactory()._session is None
    assert factory.made == []


def test_threads_may_send_at_once(ses: Loopback, fresh_connector: AwsSesConnector) -> None:
    """A connector is safe to share: eight sends at a time, eight requests, one message each."""
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: fresh_connector.send_message(MESSAGE), range(8)))
    assert ids == ["0102-accepted"] * 8
    assert len(ses.requests) == 8


def test_only_the_configs_keys_are_used(
    ses: Loopback, fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, session token and region of the environment belong to something else."""
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
def test_a_region_that_is_none_is_an_invalid_config(connector: AwsSesConnector, region: str) -> None:
    """Logto takes any text; what botocore makes no endpoint of is ``invalid_config`` and says how to write one."""
    error = failure(connector, ses_config(region=region))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert 'give the code of an AWS region, as in "eu-west-1"' in error.data["message"]  # type: ignore[index]


@pytest.mark.parametrize("key", ["AKIA\nX: y", "AKIA 1", "AKIÁ", "AKIA\ud800", "\x7f", "\t"])
def test_an_access_key_that_no_header_can_carry_is_an_invalid_config(connector: AwsSesConnector, key: str) -> None:
    """It would end up in an Authorization header; the error shows neither it nor the secret."""
    error = failure(connector, ses_config(accessKeyId=key))
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert "accessKeyId" in str(error)
    assert repr(key)[1:-1] not in f"{error}{error!r}"


@pytest.mark.parametrize("secret", ["", "\n", "é", "\ud800"])
def test_a_secret_key_of_any_characters_signs_or_fails_as_a_connector_error(
    ses: Loopback, connector: AwsSesConnector, secret: str
) -> None:
    """It only goes into the signature; SES judges that."""
    if secret == "\ud800":
        assert failure(connector, ses_config(accessKeySecret=secret)).code is ConnectorErrorCodes.GENERAL
    else:
        assert connector.send_message(MESSAGE, ses_config(accessKeySecret=secret)) == "0102-accepted"
        assert len(ses.requests) == 1


def test_a_profile_that_is_nowhere_is_general(
    fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``AWS_PROFILE`` is the host's environment, not Logto's config; the cause is chained."""
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    error = failure(fresh_connector)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": "botocore could not make a client: ProfileNotFound."}
    assert error.__cause__ is not None


def test_an_aws_config_file_that_is_none_is_general(
    fresh_connector: AwsSesConnector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So is a file that botocore cannot read."""
    file = tmp_path / "config"
    file.write_text("no section\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    assert failure(fresh_connector).data == {"message": "botocore could not make a client: ConfigParseError."}
