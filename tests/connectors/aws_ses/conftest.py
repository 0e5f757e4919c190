"""Fixtures: a loopback server in place of SES, and connectors."""

from collections.abc import Iterator
from threading import Thread

import pytest
from botocore.session import Session

from connector_kit.aws_api import endpoint
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.connectors.aws_ses.client import SesClientFactory
from tests.connectors.aws_ses.keep_alive_stub import KeepAliveStub
from tests.connectors.aws_ses.ses_cases import ACCEPTED, ses_config
from tests.loopback import Loopback


@pytest.fixture
def ses(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Return a loopback server that accepts messages; clients created during the test call it instead of SES."""
    loopback.answers = [ACCEPTED]
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", loopback.url)
    return loopback


@pytest.fixture(scope="session")
def botocore_session() -> Session:
    """Share one botocore session between the tests that do not read the environment: creating one is slow."""
    return endpoint.create_session()


@pytest.fixture
def connector(botocore_session: Session) -> AwsSesConnector:
    """Return a connector with a saved config and endpoints of its own."""
    factory = SesClientFactory()
    factory._endpoints.session = botocore_session
    return AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config())


@pytest.fixture
def fresh_connector() -> AwsSesConnector:
    """Return a connector with a botocore session of its own, which reads the environment."""
    return AwsSesConnector(get_config=lambda _: ses_config())


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Skip the pauses between attempts; return the longest possible duration of each."""
    longest: list[float] = []

    def uniform(_: float, high: float) -> float:
        longest.append(high)
        return 0.0

    monkeypatch.setattr(endpoint.random, "uniform", uniform)
    return longest


@pytest.fixture
def stub() -> Iterator[KeepAliveStub]:
    """Run a server in place of SES that keeps connections open."""
    with KeepAliveStub() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
