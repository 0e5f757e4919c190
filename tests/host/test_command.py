"""``connector-kit serve``: what it refuses to start, and that it serves, stops and scales."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from connector_kit.host.command import serve
from connector_kit.host.configuration import host_guard
from connector_kit.host.runner import AppFactory, _shared_metrics
from tests.host.conftest import CONFIG, CONNECTORS, TOKEN, Settings, message
from tests.host.running import Process, serving

pytestmark = pytest.mark.usefixtures("acme")

Run = Callable[..., Result]
_ENVIRONMENT = {"HOST_TOKEN": TOKEN, "PYTHONPATH": str(CONNECTORS)}
_MAIL = ("--connector", "acme_hosted:AcmeMail", "--config", "mail.json", "--token-env", "HOST_TOKEN")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with a config and a host's file."""
    (tmp_path / "mail.json").write_text(json.dumps(CONFIG), encoding="utf-8")
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
    """Run the command with arguments."""
    return lambda *arguments: CliRunner().invoke(serve, arguments)


def test_a_host_can_be_checked_without_starting(run: Run, folder: Path) -> None:
    """From a file, or from options; warnings are said."""
    told = run("--hosts", "host.toml", "--check")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == ["The host can start: acme-mail.", "  /email acme-mail", "  /sms   -"]
    assert run(*_MAIL, "--check").exit_code == 0
    assert run("--connector", "aws-ses-mail", "--token-env", "HOST_TOKEN", "--check").exit_code == 0
    (folder / "mail.json").write_text(json.dumps({**CONFIG, "acount": "x"}), encoding="utf-8")
    told = run(*_MAIL, "--check")
    assert told.exit_code == 0
    assert "warning: mail.json: $.acount: no such key" in told.stderr


def test_a_host_without_a_token_does_not_start(run: Run) -> None:
    """Unless told so, and then on loopback only."""
    mail = _MAIL[:4]
    told = run(*mail, "--check")
    assert told.exit_code == 2
    assert "command line: $.server: expected a token, found none" in told.stderr
    assert run(*mail, "--insecure-without-token", "--check").exit_code == 0
    told = run(*mail, "--insecure-without-token", "--host", "0.0.0.0", "--check")
    assert told.exit_code == 2
    assert "accepted on a loopback address only" in told.stderr


def test_a_bad_config_is_said_with_its_place(run: Run, folder: Path) -> None:
    """File, path, issue; and nothing starts."""
    (folder / "mail.json").write_text(json.dumps({**CONFIG, "apiKey": 1}), encoding="utf-8")
    for arguments in (_MAIL, ("--hosts", "host.toml")):
        told = run(*arguments)
        assert told.exit_code == 2
        assert "mail.json: $.apiKey: expected string, found number" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--config", "mail.json"),
        ("--hosts", "host.toml", "--connector", "acme-mail"),
        ("--hosts", "host.toml", "--config", "mail.json"),
        ("--hosts", "absent.toml"),
        ("--connector", "acme_hosted:Nothing"),
        ("--connector", "acme_hosted:SCHEMA"),
        ("--connector", "nobody"),
        ("--hosts", "host.toml", "--port", "x"),
        ("--hosts", "host.toml", "--port", "-1"),
    ],
)
def test_what_cannot_be_used_is_exit_2(run: Run, arguments: tuple[str, ...]) -> None:
    """With a line that says what."""
    told = run(*arguments)
    assert told.exit_code == 2
    assert "Error: " in told.stderr


def test_options_override_the_file(run: Run) -> None:
    """All that the file can say of the server, but for what belongs in a file, can be said as an option."""
    told = run("--hosts", "host.toml", "--slots", "0", "--deadline", "20", "--log-format", "text", "--check")
    assert told.exit_code == 2
    assert "$.server.slots: expected minimum 1" in told.stderr
    assert "$.server.deadline_seconds: expected exclusiveMaximum 15" in told.stderr
    options = {parameter.name for parameter in serve.params if isinstance(parameter, click.Option)}
    keys = set(host_guard.schema["properties"]["server"]["properties"])
    assert keys - options == {"body_seconds", "metrics_token_env", "email", "sms"}
    assert options - keys == {"hosts", "target", "config_file", "check_only"}


def test_a_host_file_whose_server_is_no_table_is_refused(run: Run, folder: Path) -> None:
    """As anything else that is wrong in it."""
    (folder / "host.toml").write_text("server = 1\n", encoding="utf-8")
    assert "$.server: expected object" in run("--hosts", "host.toml", "--port", "0").stderr


def test_an_address_that_is_taken_is_said(run: Run) -> None:
    """Exit status 2, with the system's reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = run("--hosts", "host.toml", "--port", port, "--log-format", "text")
    assert told.exit_code == 2
    assert f"127.0.0.1:{port}: Address already in use" in told.stderr


def _post(process: Process, path: str, body: Mapping[str, Any]) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{process.port}{path}",
        json.dumps(body).encode(),
        {"Authorization": TOKEN, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return int(answer.status)


def _get(process: Process, path: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{process.port}{path}", headers={"Authorization": TOKEN})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(answer.read().decode())


def test_the_command_serves_until_it_is_told_to_stop(folder: Path) -> None:
    """The first line says where, warnings follow, a request is a line, and SIGTERM ends it with 0."""
    (folder / "mail.json").write_text(json.dumps({**CONFIG, "acount": "x"}), encoding="utf-8")
    with serving(_MAIL, folder, _ENVIRONMENT) as process:
        assert _post(process, "/email", message()) == 200
        assert process.stop() == 0
    events = [line["event"] for line in process.log]
    assert events == ["warning", "serving", "request", "stopped"]
    assert process.log[1].items() >= {"connectors": ["acme-mail"], "email": "acme-mail", "workers": 1}.items()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_is_as_good_as_sigterm(folder: Path, workers: str) -> None:
    """It is how a host in a terminal is stopped."""
    with serving((*_MAIL, "--workers", workers), folder, _ENVIRONMENT) as process:
        assert _post(process, "/email", message()) == 200
        assert process.stop(signal.SIGINT) == 0
    assert process.log[-1]["event"] == "stopped"


def test_workers_answer_and_share_their_metrics(folder: Path) -> None:
    """Two processes behind one port; the numbers are those of both."""
    with serving((*_MAIL, "--workers", "2", "--metrics", "--host", "127.0.0.1"), folder, _ENVIRONMENT) as process:
        for _ in range(20):
            assert _post(process, "/email", message()) == 200
        metrics = _get(process, "/metrics")
        assert process.stop() == 0
    assert 'connector_kit_sends_total{connector="acme-mail",outcome="sent",type="SignIn"} 20.0' in metrics
    assert [line["event"] for line in process.log].count("request") == 21


def test_a_worker_makes_its_application_from_the_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And shows none of them."""
    monkeypatch.setattr("connector_kit.host.runner.set_up_logging", lambda _: None)
    factory = AppFactory(settings())
    assert TOKEN not in repr(factory)
    assert callable(factory())


def test_workers_share_a_folder_only_for_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is gone afterwards."""
    import os  # noqa: PLC0415 - of this test alone

    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    with _shared_metrics(enabled=False):
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    with _shared_metrics(enabled=True):
        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "prometheus_client"])
def test_without_the_extra_the_command_says_what_to_install(missing: str) -> None:
    """One line, exit status 2; the other commands go on working."""
    program = f"import sys; sys.modules[{missing!r}] = None; from connector_kit.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", program, "serve"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert f"needs {missing}" in done.stderr
    assert "logto-connector-kit[serve]" in done.stderr
    assert done.stderr.count("\n") == 1
