"""Metrics of one process and of several workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector_kit.host import metrics as module
from connector_kit.host.metrics import MULTIPROCESS_FOLDER, Metrics
from tests.host.conftest import Client, message


def test_metrics_count_requests_sends_and_slots(client: Client) -> None:
    """By route, status and outcome."""
    host = client(metrics=True, slots=5)
    host.post("/email", json=message())
    host.post("/email", json=message(outcome="rate_limit_exceeded"))
    host.post("/email", json=message(outcome="crash") | {"type": "Unknown"})
    host.get("/nothing")
    response = host.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = response.text.splitlines()
    for line in (
        'connector_kit_requests_total{route="/email",status="200"} 1.0',
        'connector_kit_requests_total{route="/email",status="429"} 1.0',
        'connector_kit_requests_total{route="(unknown)",status="404"} 1.0',
        'connector_kit_sends_total{connector="acme-mail",outcome="sent",type="SignIn"} 1.0',
        'connector_kit_sends_total{connector="acme-mail",outcome="rate_limit_exceeded",type="SignIn"} 1.0',
        'connector_kit_sends_total{connector="acme-mail",outcome="internal",type="other"} 1.0',
        'connector_kit_send_seconds_count{connector="acme-mail"} 3.0',
        "connector_kit_slots 5.0",
        "connector_kit_slots_busy 0.0",
    ):
        assert line in lines


def test_metrics_are_off_by_default(client: Client) -> None:
    assert client().get("/metrics").status_code == 404


_WORKER = """
import sys
from connector_kit.host.metrics import Metrics
metrics = Metrics(4, lambda: 2)
metrics.count_response("/email", 200)
metrics.update_slots()
sys.stdout.buffer.write(metrics.render())
"""


def test_metrics_of_workers_are_combined(tmp_path: Path) -> None:
    """Counters add up over all processes, slots over the running ones."""
    environment = {**os.environ, MULTIPROCESS_FOLDER: str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", _WORKER], env=environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for _ in range(2)
    ]
    assert 'connector_kit_requests_total{route="/email",status="200"} 2.0' in outputs[1]
    assert "connector_kit_slots 4.0" in outputs[1]
    assert "connector_kit_slots_busy 2.0" in outputs[1]


_PRELOADED = """
import os, sys
from starlette.testclient import TestClient
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.host import HostedSettings, HostSettings, create_app
app = create_app(HostSettings((HostedSettings(AwsSesConnector),), insecure_without_token=True, metrics=True, slots=4))
ready, done = os.pipe(), os.pipe()
workers = []
for _ in range(2):
    workers.append(os.fork())
    if workers[-1] == 0:
        with TestClient(app, base_url="http://localhost"):
            os.write(ready[1], b".")
            os.read(done[0], 1)
        os._exit(0)
for _ in workers:
    os.read(ready[0], 1)
worker = os.fork()
if worker == 0:
    with TestClient(app, base_url="http://localhost") as client:
        sys.stdout.write(client.get("/metrics").text)
        sys.stdout.flush()
    os._exit(0)
os.waitpid(worker, 0)
os.write(done[1], b"..")
assert [os.waitpid(it, 0)[1] for it in workers] == [0, 0]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_application_made_before_the_fork_counts_the_slots_of_its_workers(tmp_path: Path) -> None:
    """As with ``gunicorn --preload``: the process that made it has no slots, and workers need no request first."""
    environment = {**os.environ, MULTIPROCESS_FOLDER: str(tmp_path)}
    output = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _PRELOADED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "connector_kit_slots 12.0" in output
    assert "connector_kit_slots_busy 0.0" in output


def test_slots_of_an_ended_worker_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its counters stay, and so do the files of running processes."""
    monkeypatch.setenv(MULTIPROCESS_FOLDER, str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    names = [f"gauge_livesum_{pid}.db" for pid in (ended.pid, os.getpid(), 1)] + [f"counter_{ended.pid}.db"]
    for name in names:
        (tmp_path / name).touch()

    monkeypatch.setattr(module, "is_running", lambda process: process != ended.pid)
    module._remove_ended_workers(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(names[1:])
    for name in names[1:]:
        (tmp_path / name).unlink()
    assert Metrics(1, lambda: 0).render() == b""  # this process shares no metrics: it started without the folder
