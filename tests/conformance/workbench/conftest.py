"""Fixtures: a workbench whose connector runs in this process, and its page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from conformance.workbench.application import make_application
from conformance.workbench.bench import Bench
from conformance.workbench.configs import ConfigSource
from conformance.workbench.connector_process import ConnectorProcess
from conformance.workbench.loaded_connector import LoadedConnector, load

MODULE = "tests.conformance.workbench.bench_connectors"
HOST = "127.0.0.1:8086"
TOKEN = "a-token-of-the-tests"


class InThisProcess(ConnectorProcess):
    """Runs each call here."""

    async def call(self, function: Callable[..., Any], *args: Any, **_: Any) -> Any:
        """Call the function."""
        return function(load(self._target), *args)


class Page(TestClient):
    """The page: it sends the token, as its own origin."""

    def __init__(self, bench: Bench, **headers: str) -> None:
        own = {"Authorization": f"Bearer {TOKEN}", "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
        app = make_application(bench, hosts=frozenset({HOST}), token=TOKEN)
        super().__init__(app, base_url=f"http://{HOST}", headers=own | headers)
        self.bench = bench


@pytest.fixture
def acme() -> LoadedConnector:
    """Load Acme's connector with its stub."""
    return load(f"{MODULE}:spec")


@pytest.fixture
def source(tmp_path: Path) -> ConfigSource:
    """Return a config file that does not exist yet."""
    return ConfigSource(tmp_path / "config.json", b"key")


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """Return the page of Acme's connector, whose config file does not exist yet."""
    return Page(Bench(f"{MODULE}:spec", tmp_path / "config.json", InThisProcess))
