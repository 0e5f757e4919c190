"""Metrics: what is counted, of one process or of all workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector_kit.host import metrics as module
from connector_kit.host.metrics import MULTIPROCESS_FOLDER, Metrics
from tests.host.conftest import Client, message


def test_metrics_count_requests_sends_and_slots(client: Client) -> None:
    """By route, status and outcome; nothing of a message is in them."""
    host = client(metrics=True, slots=5)
    host.post("/email", json=message())
    host.post("/email", json=message(outcome="rate_limit_exceeded"))
    host.post("/email", json=message(outcome="boom") | {"type": "Odd"})
    host.get("/nothing")
    answer = host.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
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


def test_metrics_are_served_only_where_asked_for(client: Client) -> None:
    """Off by default."""
    assert client().get("/metrics").status_code == 404


_WORKER = """
import sys
from connector_kit.host.metrics import Metrics
metrics = Metrics(4, lambda: 2)
metrics.answered("/email", 200)
metrics.count_slots()
sys.stdout.buffer.write(metrics.render())
"""


def test_workers_share_their_numbers(tmp_path: Path) -> None:
    """Counts add up over all processes; slots count for those that live."""
    environment = {**os.environ, MULTIPROCESS_FOLDER: str(tmp_path)}
    told = [
        subprocess.run(
            [sys.executable, "-c", _WORKER], env=environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for _ in range(2)
    ]
    assert 'connector_kit_requests_total{route="/email",status="200"} 2.0' in told[1]
    assert "connector_kit_slots 4.0" in told[1]
    assert "connector_kit_slots_busy 2.0" in told[1]


def test_the_slots_of_a_worker_that_is_gone_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it counted stays; a process of another user is left alone."""
    monkeypatch.setenv(MULTIPROCESS_FOLDER, str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(60)
    names = [f"gauge_livesum_{pid}.db" for pid in (gone.pid, os.getpid(), 1)] + [f"counter_{gone.pid}.db"]
    for name in names:
        (tmp_path / name).touch()

    def kill(process: int, _: int) -> None:
        if process == 1:
            raise PermissionError
        if process == gone.pid:
            raise ProcessLookupError

    monkeypatch.setattr(module.os, "kill", kill)
    module._forget_dead_workers(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(names[1:])
    for name in names[1:]:
        (tmp_path / name).unlink()
    assert Metrics(1, lambda: 0).render() == b""  # this process does not share its numbers: it began without a folder
