"""Fixtures for the host: Acme's connectors, an application that serves them, and its log."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.testclient import TestClient

from connector_kit.host import HostedSettings, HostSettings, create_app
from connector_kit.host.logs import LOGGER, JsonFormatter

CONNECTORS = Path(__file__).parent / "connectors"
TOKEN = "a-token-of-the-tests-0123456789"
API_KEY = "acme-api-key-5f1d"
CODE = "739512"
LINK = "https://acme.example/invitation?token=t0k3n"
RECIPIENT = "someone@example.com"
TEMPLATES = [
    {"usageType": kind, "subject": f"{kind} {{{{code}}}}", "content": "Your code: {{code}} ({{locale}})"}
    for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
]
TEMPLATES.append({"usageType": "OrganizationInvitation", "subject": "Invitation", "content": "{{link}}"})
CONFIG: Mapping[str, Any] = {"apiKey": API_KEY, "account": "account-1", "templates": TEMPLATES}

CLIENT_SECRET = "acme-client-secret-3e1b"
SOCIAL_CONFIG: Mapping[str, Any] = {"clientId": "acme-client", "clientSecret": CLIENT_SECRET}

Settings = Callable[..., HostSettings]
Client = Callable[..., TestClient]


def write_private(file: Path, text: str) -> None:
    """Write a file that holds a secret: the host warns of one that other users can read."""
    file.touch(0o600)
    file.write_text(text, encoding="utf-8")


def message(**payload: object) -> dict[str, Any]:
    """Return a message as Logto posts it; its payload decides what Acme does."""
    return {"to": RECIPIENT, "type": "SignIn", "payload": {"code": CODE, "link": LINK, **payload}, "ip": "203.0.113.7"}


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Make Acme's connectors importable as ``acme_hosted:…``, and release hanging calls at the end."""
    monkeypatch.syspath_prepend(CONNECTORS)
    import acme_hosted  # noqa: PLC0415 - only importable from here on

    acme_hosted.SENT.clear()
    acme_hosted.MADE.clear()
    acme_hosted.STARTED.clear()
    acme_hosted.RELEASE.clear()
    yield acme_hosted
    acme_hosted.RELEASE.set()


def make_settings(acme: ModuleType, **more: Any) -> HostSettings:
    """Return settings with two e-mail connectors, one of them with a config, an SMS connector, and a social connector."""
    hosted = (
        HostedSettings(acme.AcmeMail, dict(CONFIG)),
        HostedSettings(acme.SecondMail),
        HostedSettings(acme.AcmeSms, dict(CONFIG)),
        HostedSettings(acme.AcmeSocial, dict(SOCIAL_CONFIG)),
    )
    return HostSettings(**{"connectors": hosted, "tokens": (TOKEN,), "email": "acme-mail", "sms": "acme-sms", **more})


@pytest.fixture
def settings(acme: ModuleType) -> Settings:
    """Return a function that makes settings for Acme's connectors."""
    return partial(make_settings, acme)


@pytest.fixture
def client(settings: Settings, acme: ModuleType) -> Iterator[Client]:
    """Return a function that makes a client of an application; by default the client sends the token."""
    with ExitStack() as stack:

        def make(*, headers: Mapping[str, str] | None = None, **more: Any) -> TestClient:
            sent = {"Authorization": f"Bearer {TOKEN}"} if headers is None else dict(headers)
            app = create_app(settings(**more))
            return stack.enter_context(TestClient(app, headers=sent, client=("127.0.0.1", 50000)))

        yield make
        acme.RELEASE.set()


@pytest.fixture
def log() -> Iterator[list[dict[str, Any]]]:
    """Collect the lines of the log, parsed from JSON."""
    lines: list[dict[str, Any]] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(self.format(record)))

    logger = logging.getLogger(LOGGER)
    handler = Collector()
    handler.setFormatter(JsonFormatter())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(before)
