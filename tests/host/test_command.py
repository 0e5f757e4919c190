"""``connector-kit serve``: what it checks before it starts, and that it serves, stops and scales."""

import gc
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest
from click.testing import CliRunner, Result

from connector_kit.host import command
from connector_kit.host.command import serve
from connector_kit.host.host_file import HostFile, Listening, host_config_guard
from connector_kit.host.server import AppFactory, _metrics_folder
from tests.host.conftest import (
    API_KEY,
    CODE,
    CONFIG,
    CONNECTORS,
    LINK,
    RECIPIENT,
    TOKEN,
    Settings,
    message,
    write_private,
)
from tests.host.running import Process, serving

pytestmark = pytest.mark.usefixtures("acme")

Run = Callable[..., Result]
_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {"HOST_TOKEN": TOKEN, "PYTHONPATH": f"{CONNECTORS}{os.pathsep}{_ROOT}"}
_MAIL = ("--connector", "acme_hosted:AcmeMail", "--config", "mail.json", "--token-env", "HOST_TOKEN")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with a config and a host.toml."""
    write_private(tmp_path / "mail.json", json.dumps(CONFIG))
    (tmp_path / "host.toml").write_text(
        '[server]\nport = 0\ntoken_env = ["HOST_TOKEN"]\n'
        '[connectors.acme-mail]\nclass = "acme_hosted:AcmeMail"\nconfig_file = "mail.json"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOST_TOKEN", TOKEN)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:  # noqa: ARG001 - the command runs there
    """Return a function that runs the command up to the start of the server: that would not return."""

    def start(_: HostFile) -> NoReturn:
        raise AssertionError("The server has started.")

    def running(*arguments: str) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(command, "run", start)
            return CliRunner().invoke(serve, arguments)

    return running


def test_check_reports_the_social_connectors(run: Run, folder: Path) -> None:
    """They have no route of their own, so the report names them."""
    (folder / "host.toml").write_text(
        '[server]\ninsecure_without_token = true\n[connectors.acme-social]\nclass = "acme_hosted:AcmeSocial"\n',
        encoding="utf-8",
    )
    lines = run("--hosts", "host.toml", "--check").stdout.splitlines()
    assert lines == [
        "The host can start: acme-social.",
        "  /email -",
        "  /sms   -",
        "  Users sign in with: acme-social",
    ]


def test_check_reports_the_host_and_its_warnings(run: Run, folder: Path) -> None:
    """For a host.toml or for options."""
    result = run("--hosts", "host.toml", "--check")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["The host can start: acme-mail.", "  /email acme-mail", "  /sms   -"]
    assert run(*_MAIL, "--check").exit_code == 0
    assert run("--connector", "aws-ses-mail", "--token-env", "HOST_TOKEN", "--check").exit_code == 0
    (folder / "mail.json").write_text(json.dumps({**CONFIG, "acount": "x"}), encoding="utf-8")
    result = run(*_MAIL, "--check")
    assert result.exit_code == 0
    assert "warning: mail.json: $.acount: unknown key" in result.stderr


def test_host_without_token_exits_2_unless_insecure_on_loopback(run: Run) -> None:
    mail = _MAIL[:4]
    result = run(*mail, "--check")
    assert result.exit_code == 2
    assert "command line: $.server: expected a token, found none" in result.stderr
    assert run(*mail, "--insecure-without-token", "--check").exit_code == 0
    result = run(*mail, "--insecure-without-token", "--host", "0.0.0.0", "--check")
    assert result.exit_code == 2
    assert "allowed only if the host listens on a loopback address" in result.stderr


def test_invalid_config_exits_2_with_file_path_and_issue(run: Run, folder: Path) -> None:
    (folder / "mail.json").write_text(json.dumps({**CONFIG, "apiKey": 1}), encoding="utf-8")
    for arguments in (_MAIL, ("--hosts", "host.toml")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "mail.json: $.apiKey: expected string, found number" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hosts", "absent.toml"),
        ("--connector", "acme_hosted:Nothing"),
        ("--connector", "acme_hosted:SCHEMA"),
        ("--connector", "nobody"),
        ("--hosts", "host.toml", "--port", "x"),
        ("--hosts", "host.toml", "--port", "-1"),
    ],
)
def test_unusable_arguments_exit_2_with_an_error(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--check")
    assert result.exit_code == 2
    assert "Error: " in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--config", "mail.json"),
        ("--hosts", "host.toml", *_MAIL[:2]),
        ("--hosts", "host.toml", *_MAIL[2:4]),
        ("--hosts", "host.toml", *_MAIL[:4]),
    ],
)
def test_other_than_one_of_hosts_and_connector_is_a_usage_error(run: Run, arguments: tuple[str, ...]) -> None:
    """With both, one of them would have no effect. Each of the two is valid alone."""
    result = run(*arguments, "--token-env", "HOST_TOKEN", "--check")
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    assert "Error: Give either --hosts FILE, or --connector ID with or without --config FILE." in result.stderr
    assert result.stdout == ""
    assert run("--hosts", "host.toml", "--check").exit_code == run(*_MAIL, "--check").exit_code == 0


def test_options_override_the_host_toml(run: Run) -> None:
    """Every server key has an option, except four that belong in a file."""
    result = run("--hosts", "host.toml", "--slots", "0", "--deadline", "20", "--log-format", "text", "--check")
    assert result.exit_code == 2
    assert "$.server.slots: expected at least 1" in result.stderr
    assert "$.server.deadline_seconds: expected less than 15" in result.stderr
    options = {parameter.name for parameter in serve.params if isinstance(parameter, click.Option)}
    keys = set(host_config_guard.schema["properties"]["server"]["properties"])
    assert keys - options == {"body_seconds", "metrics_token_env", "email", "sms"}
    assert options - keys == {"hosts", "target", "config_file", "check_only"}


def test_server_that_is_not_a_table_is_an_error(run: Run, folder: Path) -> None:
    (folder / "host.toml").write_text("server = 1\n", encoding="utf-8")
    assert "$.server: expected object" in run("--hosts", "host.toml", "--port", "0").stderr


@pytest.mark.usefixtures("folder")
def test_used_port_exits_2_with_the_systems_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        result = CliRunner().invoke(serve, ("--hosts", "host.toml", "--port", port, "--log-format", "text"))
    assert result.exit_code == 2
    assert f"127.0.0.1:{port}: Address already in use" in result.stderr


def _post(process: Process, path: str, body: Mapping[str, Any]) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{process.port}{path}",
        json.dumps(body).encode(),
        {"Authorization": TOKEN, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return int(response.status)


def _get(process: Process, path: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{process.port}{path}", headers={"Authorization": TOKEN})
    with urllib.request.urlopen(request, timeout=20) as response:
        return str(response.read().decode())


def test_host_serves_until_sigterm_and_exits_0(folder: Path) -> None:
    """The log has warnings, the address, one line per request, and the end."""
    (folder / "mail.json").write_text(json.dumps({**CONFIG, "acount": "x"}), encoding="utf-8")
    with serving(_MAIL, folder, _ENVIRONMENT) as process:
        assert _post(process, "/email", message()) == 200
        assert process.stop() == 0
    events = [line["event"] for line in process.log]
    assert events == ["warning", "serving", "request", "stopped"]
    serving_line = {"connectors": ["acme-mail"], "email": "acme-mail", "workers": 1, "token": True}
    assert process.log[1].items() >= serving_line.items()
    assert not [secret for secret in (TOKEN, API_KEY, CODE, LINK, RECIPIENT) if secret in json.dumps(process.log)]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_stops_the_host_with_exit_0(folder: Path, workers: str) -> None:
    """As SIGTERM does."""
    with serving((*_MAIL, "--workers", workers), folder, _ENVIRONMENT) as process:
        assert _post(process, "/email", message()) == 200
        assert process.stop(signal.SIGINT) == 0
    assert process.log[-1]["event"] == "stopped"


def test_workers_share_port_and_metrics(folder: Path) -> None:
    """Each of two workers reports the metrics of both."""
    with serving((*_MAIL, "--workers", "2", "--metrics", "--host", "127.0.0.1"), folder, _ENVIRONMENT) as process:
        for _ in range(20):
            assert _post(process, "/email", message()) == 200
        metrics = _get(process, "/metrics")
        assert process.stop() == 0
    assert 'connector_kit_sends_total{connector="acme-mail",outcome="sent",type="SignIn"} 20.0' in metrics
    assert [line["event"] for line in process.log].count("request") == 21


def test_workers_end_when_their_parent_is_killed(folder: Path) -> None:
    """Otherwise they would keep the port, and nothing could stop them but their process ids."""
    with serving((*_MAIL, "--workers", "2"), folder, _ENVIRONMENT) as process:
        assert _post(process, "/email", message()) == 200
        process.stop(signal.SIGKILL)
        end = time.monotonic() + 20
        while _is_served(process.port):
            assert time.monotonic() < end
            time.sleep(0.1)


def _is_served(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def process() -> Iterator[None]:
    """Restore what a worker changes in its process: the signal handlers, and how threads and garbage are treated."""
    handlers = {it: signal.getsignal(it) for it in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    gc.unfreeze()
    for it, handler in handlers.items():
        signal.signal(it, handler)


@pytest.mark.usefixtures("process")
def test_worker_makes_its_application_from_the_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The factory's repr shows no secrets."""
    monkeypatch.setattr("connector_kit.host.server.set_up_logging", lambda _: None)
    factory = AppFactory(HostFile(settings(), Listening()))
    assert TOKEN not in repr(factory)
    assert callable(factory())


@pytest.mark.usefixtures("process")
def test_worker_lets_messages_run_while_a_thread_computes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large request computes for 200 ms; a message waits for the interpreter about twenty times."""
    monkeypatch.setattr("connector_kit.host.server.set_up_logging", lambda _: None)
    AppFactory(HostFile(settings(), Listening()))()
    assert sys.getswitchinterval() == pytest.approx(0.0002)
    assert gc.get_freeze_count() > 10_000


class _Parent:
    """A parent process that has ended after `end`."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self.end = self._ended.set

    def join(self) -> None:
        """Wait for its end."""
        self._ended.wait(10)


@pytest.mark.usefixtures("process")
def test_worker_stops_itself_after_its_parent(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it had received SIGTERM: the open requests still get their responses."""
    parent, stopped = _Parent(), threading.Event()
    monkeypatch.setattr("connector_kit.host.server.set_up_logging", lambda _: None)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    AppFactory(HostFile(settings(), Listening()))()
    time.sleep(0.1)
    assert not stopped.is_set()
    parent.end()
    end = time.monotonic() + 10
    while not stopped.is_set():  # the handler runs in this thread, between two steps of it
        assert time.monotonic() < end
        time.sleep(0.01)


def test_metrics_folder_exists_during_the_block_if_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    with _metrics_folder(enabled=False):
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    with _metrics_folder(enabled=True):
        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert folder.is_dir()
    assert not folder.exists()
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "prometheus_client"])
def test_missing_extra_exits_2_and_names_it(missing: str) -> None:
    """In one line, without a traceback."""
    program = f"import sys; sys.modules[{missing!r}] = None; from connector_kit.cli import main; main(sys.argv[1:])"
    finished = subprocess.run(
        [sys.executable, "-c", program, "serve"], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 2
    assert f"needs {missing}" in finished.stderr
    assert "logto-connector-kit[serve]" in finished.stderr
    assert finished.stderr.count("\n") == 1
