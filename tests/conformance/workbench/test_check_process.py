"""The process that runs checks for the workbench."""

from typing import Any

import pytest

from conformance.workbench.check_process import run
from conformance.workbench.check_runs import CheckRuns
from conformance.workbench.events import Events

HUB = "tests.conformance.right_connectors.social:HUB"


def _run(**request: Any) -> dict[str, list[Any]]:
    lines: dict[str, list[Any]] = {"checks": [], "result": [], "report": []}
    run(
        {"target": HUB, "checks": [], "profile": "quick", "replay": None, **request},
        lambda kind, it: lines[kind].append(it),
    )
    return lines


def test_run_writes_its_checks_then_each_result_then_the_verdict() -> None:
    written = _run(checks=["metadata.valid", "social.state"])
    assert written["checks"] == [["metadata.valid", "social.state"]]
    assert [it["state"] for it in written["result"]] == ["passed", "passed"]
    [report] = written["report"]
    assert report["conforms"]
    assert report["isPartial"]
    assert "<!doctype html>" in report["html"]


def test_many_checks_run_in_several_processes() -> None:
    """As with the command."""
    written = _run(checks=["metadata", "social"])
    assert len(written["result"]) == len(written["checks"][0]) > 9
    assert written["report"][0]["conforms"]


def test_replay_runs_its_check_alone() -> None:
    assert _run(replay="social.state")["checks"] == [["social.state"]]


def test_unknown_check_is_an_error() -> None:
    with pytest.raises(LookupError, match="no check or area 'snow'"):
        _run(checks=["snow"])


def test_page_gets_only_the_results_that_it_lacks() -> None:
    runs = CheckRuns(HUB, Events())
    for kind, data in (("checks", ["a", "b"]), ("result", {"id": "a"}), ("result", {"id": "b"})):
        runs._note(kind, data, is_replay=False)
    assert runs.news(0, 1)["results"] == [{"id": "b"}]
    assert runs.news(7, 1)["results"] == [{"id": "a"}, {"id": "b"}]
    assert runs.html is None
