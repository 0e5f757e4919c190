"""The command and the processes of the connector."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.workbench import connector_process
from conformance.workbench.configs import ConfigError
from conformance.workbench.connector_process import ConnectorProcess, ConnectorProcessError
from conformance.workbench.loaded_connector import ConnectorLoadError, LoadedConnector

CONNECTOR = """
from connector_kit.connectors.smtp import SmtpConnector

class Mail(SmtpConnector):
    metadata = SmtpConnector.metadata.__class__(
        id="{id}", target="x", name={{"en": "X"}}, description={{"en": "X"}}, logo="./l.svg", readme="x", form_items=()
    )
"""


def connector_id(loaded: LoadedConnector) -> str:
    return loaded.connector.metadata.id


def process_id(_: LoadedConnector) -> int:
    return os.getpid()


def never_return(_: LoadedConnector) -> None:
    time.sleep(60)


def end_process(_: LoadedConnector) -> None:
    os._exit(1)


def raise_error(_: LoadedConnector, error: Exception) -> None:
    raise error


def test_process_imports_changed_code_after_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = tmp_path / "bench_mail.py"
    module.write_text(CONNECTOR.format(id="before"), encoding="utf-8")

    async def scenario() -> None:
        process = ConnectorProcess("bench_mail:Mail")
        process.stop()  # does nothing before the first call
        assert await asyncio.gather(process.call(connector_id), process.call(connector_id)) == ["before", "before"]
        first = await process.call(process_id)
        assert first not in {os.getpid(), 0}
        process.stop()
        module.write_text(CONNECTOR.format(id="changed"), encoding="utf-8")
        assert await process.call(connector_id) == "changed"
        process.stop()
        module.write_text("import no_such_module", encoding="utf-8")
        with pytest.raises(ConnectorLoadError, match="No module named 'no_such_module'"):
            await process.call(connector_id)
        process.stop()

    asyncio.run(scenario())


def test_process_that_hangs_ends_or_raises_is_reported_without_its_texts() -> None:
    async def scenario() -> None:
        process = ConnectorProcess("smtp", seconds=30)
        with pytest.raises(ConfigError, match="told"):
            await process.call(raise_error, ConfigError("told"))
        with pytest.raises(ConnectorProcessError, match=r"^Unexpected ValueError in the connector's process\.$"):
            await process.call(raise_error, ValueError("a secret"))
        with pytest.raises(ConnectorProcessError, match="process has ended"):
            await process.call(end_process)
        assert await process.call(connector_id) == "smtp"
        process._seconds = 0.2
        calls = [process.call(never_return) for _ in range(2)]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert "The connector did not return within 0 seconds; its process was ended." in {str(it) for it in errors}
        assert all(isinstance(it, ConnectorProcessError) for it in errors)

    asyncio.run(scenario())


def test_process_runs_the_function_and_leaves_interrupts_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, because the coverage of one that is ended is lost."""
    handlers: dict[int, object] = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    connector_process._ignore_interrupt()
    assert handlers == {signal.SIGINT: signal.SIG_IGN}
    assert connector_process._run("smtp", connector_id, ()) == "smtp"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a connector's module."""
    (tmp_path / "bench_mail.py").write_text(CONNECTOR.format(id="before"), encoding="utf-8")
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Return a function that starts `connector-kit dev`."""
    started = []

    def run(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "connector_kit.cli", "dev", *arguments]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def wait_for_event(stream: Iterator[bytes], name: str) -> None:
    assert any(line.decode().strip() == f"event: {name}" for line in stream)


def test_command_serves_until_it_is_interrupted_and_reports_changes(
    folder: Path, start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    """The token is in the fragment, which reaches no server."""
    config = folder / "config.json"
    process = start("bench_mail:Mail", "--config", "config.json", "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"Workbench of bench_mail:Mail: (http://127\.0\.0\.1:\d+)/#token=(\S{43})\n", line)
    assert found, line
    base, token = found.groups()

    def get(path: str) -> object:
        headers = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"{base}{path}", headers=headers)
        return urllib.request.urlopen(request, timeout=60)

    with get("/") as page:  # type: ignore[attr-defined]
        assert b"<title>Workbench</title>" in page.read()
    with get("/api/connector") as described:  # type: ignore[attr-defined]
        connector = json.load(described)
    assert (connector["id"], connector["configFile"]) == ("before", "config.json")
    with get("/api/events") as events:  # type: ignore[attr-defined]
        assert events.readline() == b": connected\n"
        time.sleep(1.0)  # the watch starts after the import; nothing on the page shows when
        config.write_text("{}", encoding="utf-8")
        wait_for_event(events, "config-changed")
        (folder / "bench_mail.py").write_text(CONNECTOR.format(id="changed"), encoding="utf-8")
        wait_for_event(events, "reload")
        with get("/api/connector") as described:  # type: ignore[attr-defined]
            assert json.load(described)["id"] == "changed"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_port_in_use_is_an_error(start: Callable[..., "subprocess.Popen[str]"]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = start("smtp", "--port", str(port))
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert stderr == f"Error: 127.0.0.1:{port}: Address already in use. Choose another --port.\n"


def test_missing_extra_is_named(folder: Path) -> None:
    """Such as watchfiles of the extra ``serve``, or Hypothesis of ``conformance``."""
    for module in ("watchfiles", "hypothesis"):
        code = f"import sys; sys.modules[{module!r}] = None; from connector_kit.cli import main; main()"
        ended = subprocess.run(
            [sys.executable, "-c", code, "dev", "smtp"], cwd=folder, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 2
        assert ended.stderr.endswith('pip install "logto-connector-kit[conformance,serve]"\n'), ended.stderr
