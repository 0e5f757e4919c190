"""The runs of checks that the page starts, and their routes."""

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from conformance.workbench.bench import Bench
from conformance.workbench.check_runs import CheckRuns
from conformance.workbench.events import Events
from conformance.workbench.loaded_connector import load
from conformance.workbench.panels.conformance import describe_checks
from tests.conformance.workbench.conftest import MODULE, InThisProcess, Page

HUB = "tests.conformance.right_connectors.social:HUB"
_RUN: Mapping[str, Any] = {"checks": [], "profile": "quick", "replay": None}


def _finished(target: str, checks: list[str], profile: str = "quick", replay: str | None = None) -> CheckRuns:
    async def run() -> CheckRuns:
        runs = CheckRuns(target, Events())
        await runs.start(checks, profile, replay)
        assert runs.news(0, 0)["isRunning"]
        assert runs._reading is not None
        await runs._reading
        return runs

    return asyncio.run(run())


def test_run_has_its_results_and_its_report() -> None:
    """The process writes them, one after the other."""
    runs = _finished(HUB, ["metadata.valid"])
    news = runs.news(0, 0)
    assert [(it["id"], it["state"]) for it in news["results"]] == [("metadata.valid", "passed")]
    assert (news["checks"], news["isRunning"], news["error"]) == (["metadata.valid"], False, "")
    assert news["report"]["conforms"]
    assert "<!doctype html>" in str(runs.html)


def test_replay_keeps_the_results_of_the_run() -> None:
    runs = _finished(HUB, [], replay="social.state")
    assert [*runs.news(0, 0)["replays"]] == ["social.state"]
    assert runs.news(0, 0)["results"] == []


def test_unknown_check_is_an_error_of_the_run() -> None:
    assert "no check or area 'snow'" in _finished(HUB, ["snow"]).news(0, 0)["error"]


def test_process_that_fails_is_an_error_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own output is in the terminal."""
    (tmp_path / "acme_exits.py").write_text("import os\n\nos._exit(7)\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "has ended with the exit status 7" in _finished("acme_exits:spec", []).news(0, 0)["error"]


def test_next_run_cancels_the_one_before() -> None:
    """The process of the first one ends."""

    async def run() -> None:
        runs = CheckRuns(HUB, Events())
        await runs.start([], "dev")
        first = runs._process
        await runs.start(["metadata.valid"], "quick")
        assert first is not None
        assert first.returncode is not None
        assert runs.news(1, 0)["number"] == 2
        await asyncio.sleep(0.1)
        await runs.cancel()
        assert not runs.news(2, 0)["isRunning"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({**_RUN, "checks": "all"}, "checks: expected a list of ids and areas of checks."),
        ({**_RUN, "checks": [1]}, "checks: expected a list of ids and areas of checks."),
        ({**_RUN, "profile": "slow"}, "profile: expected one of "),
        ({**_RUN, "profile": None}, "profile: expected one of "),
        ({**_RUN, "replay": 1}, "replay: expected the token of a failure, or null."),
    ],
)
def test_unusable_request_starts_nothing(page: Page, body: Mapping[str, Any], message: str) -> None:
    response = page.post("/api/conformance/start", json=body)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert message in response.json()["message"]
    assert not page.post("/api/conformance/news", json={"number": 0, "known": 0}).json()["isRunning"]


def test_page_offers_checks_and_profiles(page: Page) -> None:
    """Of the connector's type."""
    offered = page.get("/api/conformance/options").json()
    assert "routing.exact-match" in [it["id"] for it in offered["checks"]]
    assert "social.state" not in [it["id"] for it in offered["checks"]]
    assert {"quick", "dev", "ci", "nightly"} <= {it["name"] for it in offered["profiles"]}


def test_page_follows_a_run_and_downloads_its_report(page: Page) -> None:
    with page:
        page.post("/api/conformance/start", json={**_RUN, "checks": ["metadata.valid"]})
        until = time.monotonic() + 60
        while page.post("/api/conformance/news", json={"number": 1, "known": 0}).json()["isRunning"]:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert "<!doctype html>" in page.get("/api/conformance/report").json()["html"]


def test_page_starts_and_cancels_a_run(page: Page) -> None:
    with page:
        assert page.post("/api/conformance/start", json={**_RUN, "checks": ["metadata.valid"]}).json() == {}
        assert page.post("/api/conformance/cancel", json={}).json() == {}
        assert not page.post("/api/conformance/news", json={"number": 1, "known": 0}).json()["isRunning"]
        assert page.get("/api/conformance/report").status_code == HTTPStatus.NOT_FOUND
        assert (
            page.post("/api/conformance/news", json={"number": "1", "known": 0}).status_code == HTTPStatus.BAD_REQUEST
        )


def test_connector_without_a_stub_has_no_checks(tmp_path: Path) -> None:
    """It declares no provider."""
    loaded = load(f"{MODULE}:AcmeMail")
    assert loaded.spec is None
    assert describe_checks(loaded) == []
    page = Page(Bench(f"{MODULE}:AcmeMail", tmp_path / "config.json", InThisProcess))
    assert page.get("/api/conformance/options").json()["checks"] == []
