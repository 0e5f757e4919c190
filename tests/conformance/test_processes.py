"""Checks in several processes: the same results, and clear words where a process cannot do its part."""

import math
import os
import sys
import time
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

from conformance import PROFILES, State, check_connector, spec_of
from conformance.command import conformance
from conformance.processes import ProcessError, run_named_check, usable_processors
from connector_kit.connectors.aws_ses import AwsSesConnector

CI = PROFILES["ci"]
DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)
DYING = """
import multiprocessing, os
from connector_kit.connectors.aws_ses import AwsSesConnector

class Dying(AwsSesConnector):
    def deliver(self, config, email):
        if multiprocessing.parent_process() is not None:
            os._exit(3)
        return super().deliver(config, email)
"""


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a connector that ends any process but this one."""
    (tmp_path / "dying_connector.py").write_text(DYING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "dying_connector:Dying"


def test_several_processes_find_what_one_finds() -> None:
    """The same checks in the same order, with the same examples and messages."""
    wanted = ["routing", "errors.recovers", "metadata.logo", "delivery.sms"]
    alone, together = (
        check_connector(SPEC, checks=wanted, profile=CI, target="aws-ses-mail", jobs=jobs).results for jobs in (1, 2)
    )
    assert [(it.id, it.state, it.examples, it.message) for it in together] == [
        (it.id, it.state, it.examples, it.message) for it in alone
    ]
    assert len(together) > 15


def test_a_failure_comes_back_whole_but_for_its_exception() -> None:
    """Reason, example, transcript and replay; the exception stays in its process."""
    target = "tests.conformance.wrong_connectors.delivery:ReturnsNothing"
    spec = evolve(SPEC, connector=_connector("ReturnsNothing"))
    alone, together = (
        check_connector(spec, checks=["delivery.result"], profile=CI, target=target, jobs=jobs).results[0]
        for jobs in (1, 2)
    )
    assert together.state is State.FAILED
    assert (together.message, together.example, together.replay) == (alone.message, alone.example, alone.replay)
    assert len(together.transcript) == len(alone.transcript) > 0
    assert alone.error is not None
    assert together.error is None


def _connector(name: str) -> type[AwsSesConnector]:
    from tests.conformance.wrong_connectors import delivery  # noqa: PLC0415 - registers them all

    found: type[AwsSesConnector] = getattr(delivery, name)
    return found


def test_the_first_error_ends_the_run_where_that_is_asked_for() -> None:
    """What has not begun is not begun any more."""
    seen: list[str] = []
    target = "tests.conformance.wrong_connectors.delivery:ReturnsNothing"
    report = check_connector(
        evolve(SPEC, connector=_connector("ReturnsNothing")),
        checks=["routing.exact-match", "delivery.result", "secrets.log", "usage.absent"],
        profile=DEV,
        target=target,
        jobs=2,
        fail_fast=True,
        on_result=lambda result: seen.append(result.id),
    )
    assert [it.id for it in report.results] == seen == ["routing.exact-match", "delivery.result"]


def test_several_jobs_need_a_name() -> None:
    """Other processes cannot be handed a class."""
    with pytest.raises(ValueError, match="need a target"):
        check_connector(SPEC, checks=["metadata.logo"], jobs=2)


def test_a_connector_that_ends_its_process_is_named_as_the_reason(dying: str) -> None:
    """The run ends in words, and not in a hang or a traceback."""
    told = CliRunner().invoke(conformance, [dying, "--check", "routing.exact-match", "--jobs", "2"])
    assert told.exit_code == 2
    assert "A process that ran checks has ended by itself" in told.output
    assert "Try --jobs 1." in told.output


def test_a_connector_that_other_processes_do_not_find_is_an_error() -> None:
    """One that was made at run time has a name here alone."""
    with pytest.raises(ProcessError, match="Another process does not find 'nowhere:Connector'"):
        check_connector(SPEC, checks=["metadata.logo"], target="nowhere:Connector", jobs=2)


def test_the_command_runs_checks_in_as_many_processes_as_it_is_told() -> None:
    """And says the same as always."""
    told = CliRunner().invoke(conformance, ["aws-ses-mail", "--check", "metadata", "-j", "2"])
    assert told.exit_code == 0, told.output
    assert "aws-ses-mail conforms." in told.output


def test_one_check_runs_in_a_process_of_its_own_until_the_time_is_up() -> None:
    """The time is told by the clock that processes share."""
    ended, endless = (
        run_named_check("aws-ses-mail", "routing.exact-match", DEV, None, last) for last in (time.time(), math.inf)
    )
    assert ended.state is State.NOT_EXERCISED
    assert "the time was up" in ended.message
    assert endless.state is State.PASSED


def test_a_run_in_several_processes_ends_when_its_time_is_up() -> None:
    """No example begins any more, and a check without one is an error."""
    report = check_connector(
        SPEC, checks=["routing.exact-match"], profile=DEV, target="aws-ses-mail", jobs=2, max_time=0.000_001
    )
    assert [it.state for it in report.results] == [State.NOT_EXERCISED]


def test_as_many_processors_are_counted_as_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this process where the system tells them, else all, else one."""
    if sys.platform == "linux":
        assert usable_processors() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_processors() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_processors() == 1
