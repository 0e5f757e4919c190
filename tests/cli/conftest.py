"""Fixtures: running the command, Acme's connectors, configs, and a loopback server in place of Amazon SES."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from connector_kit.cli.application import application

CONNECTORS = Path(__file__).parent / "connectors"

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run each test in its own folder, without colours and without access to AWS."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "PYTHONSAFEPATH", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    missing_file = str(tmp_path / "no-such-file")
    settings = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": missing_file,
        "AWS_SHARED_CREDENTIALS_FILE": missing_file,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_SESV2": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
        "TERM": "xterm",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run() -> Run:
    """Return a function that runs ``connector-kit`` with arguments and standard input."""

    def invoke(*arguments: str, stdin: str | bytes = b"") -> Result:
        return CliRunner().invoke(application, arguments, input=stdin, prog_name="connector-kit")

    return invoke


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make Acme's connectors importable as ``acme_connectors:…``, and return the module."""
    monkeypatch.syspath_prepend(CONNECTORS)
    import acme_connectors  # noqa: PLC0415 - importable only after the line above

    acme_connectors.SENT.clear()
    return acme_connectors


@pytest.fixture
def acme_config() -> Mapping[str, Any]:
    """Return a config that is valid for Acme's connectors, without warnings."""
    templates = [
        {"usageType": kind, "subject": f"{kind} {{{{code}}}}", "content": "Your code: {{code}} ({{locale}})"}
        for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
    ]
    templates.append({"usageType": "OrganizationInvitation", "subject": "Invitation", "content": "{{link}}"})
    return {"apiKey": "acme-key-1", "account": "account-1", "templates": templates}


@pytest.fixture
def alias_config() -> Mapping[str, Any]:
    """Return a config that names templates of the provider, without warnings."""
    kinds = ("Register", "SignIn", "ForgotPassword", "Generic")
    return {"apiKey": "acme-key-1", "templates": [{"usageType": kind, "templateAlias": f"t-{kind}"} for kind in kinds]}


@pytest.fixture
def ses_config() -> Mapping[str, Any]:
    """Return a config that is valid for the SES connector, without warnings."""
    templates = [
        {"usageType": kind, "subject": f"{kind} code", "content": "<b>{{code}}</b>"}
        for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
    ]
    templates.append({"usageType": "OrganizationInvitation", "subject": "Invitation", "content": "{{link}}"})
    return {
        "accessKeyId": "AKIAFAKEFAKEFAKEFAKE",
        "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYFAKESECRET",
        "region": "eu-west-1",
        "emailAddress": "Acme <noreply@acme.example>",
        "templates": templates,
    }


@pytest.fixture
def written(tmp_path: Path) -> Callable[[object], str]:
    """Return a function that writes a config to a file in the current directory and returns the file's name."""

    def write(config: object) -> str:
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        return "config.json"

    return write


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Return a function that installs a distribution with entry points and extras only."""

    def install_entry_points(group: str, points: Mapping[str, str], *extras: str, name: str = "acme-kit") -> None:
        folder = tmp_path / "site" / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir(parents=True)
        metadata = [f"Name: {name}", "Version: 1.0", *(f"Provides-Extra: {extra}" for extra in extras)]
        (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", *metadata, ""]), encoding="utf-8")
        lines = [f"[{group}]", *(f"{point} = {value}" for point, value in points.items())]
        (folder / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.syspath_prepend(folder.parent)

    return install_entry_points


class SesServer(ThreadingHTTPServer):
    """Sends the configured response to every request, and records the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _SesHandler)
        self.status = 200
        self.error = ""
        self.response: dict[str, str] = {"MessageId": "0100-message"}
        self.received: list[tuple[str, dict[str, Any]]] = []


class _SesHandler(BaseHTTPRequestHandler):
    server: SesServer
    protocol_version = "HTTP/1.1"
    default_headers: ClassVar = {"Content-Type": "application/json"}

    def do_POST(self) -> None:
        received = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((self.path, received))
        body = json.dumps(self.server.response).encode()
        self.send_response(self.server.status)
        for name, value in {**self.default_headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.server.error:
            self.send_header("x-amzn-ErrorType", self.server.error)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do not log."""


@contextmanager
def _serving() -> Iterator[SesServer]:
    with SesServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[SesServer]:
    """Return a loopback server that clients of AWS call instead of SES."""
    with _serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{server.server_port}")
        yield server
