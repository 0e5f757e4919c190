"""Checks in several processes: the same results, and an error if a process cannot run checks."""

import os
import sys
import time
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

from conformance import PROFILES, State, check_connector, spec_of
from conformance.command import conformance
from conformance.harness.search import SearchOptions
from conformance.run.plan import checks_for
from conformance.run.processes import ProcessError, run_named_check, usable_processors
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import WRONG

CI = PROFILES["ci"]
DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)
DYING = """
import multiprocessing, os
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import WRONG

class Dying(AwsSesConnector):
    def deliver(self, config, email):
        if multiprocessing.parent_process() is not None:
            os._exit(3)
        return super().deliver(config, email)
"""


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a connector that exits any process except this one."""
    (tmp_path / "dying_connector.py").write_text(DYING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "dying_connector:Dying"


def test_several_processes_have_the_results_of_one() -> None:
    """The same checks in the same order, with the same examples and messages."""
    wanted = ["routing", "errors.recovery", "metadata.logo-image", "delivery.sms"]
    alone, together = (
        check_connector(SPEC, checks=wanted, profile=CI, target="aws-ses-mail", jobs=jobs).results for jobs in (1, 2)
    )
    assert [(it.id, it.state, it.examples, it.message) for it in together] == [
        (it.id, it.state, it.examples, it.message) for it in alone
    ]
    assert len(together) == len(checks_for(SPEC, wanted))


WRONG_CONNECTOR = next(it.connector for it in WRONG if it.check == "routing.first-match-wins")
WRONG_TARGET = f"{WRONG_CONNECTOR.__module__}:{WRONG_CONNECTOR.__name__}"


def test_failure_of_another_process_lacks_only_its_exception() -> None:
    """Reason, example, transcript and replay are the same."""
    spec = evolve(SPEC, connector=WRONG_CONNECTOR)
    alone, together = (
        check_connector(spec, checks=["routing.first-match-wins"], profile=CI, target=WRONG_TARGET, jobs=jobs)
        for jobs in (1, 2)
    )
    (here,), (there,) = alone.results, together.results
    assert there.state is State.FAILED
    assert (there.message, there.example, there.replay) == (here.message, here.example, here.replay)
    assert len(there.transcript) == len(here.transcript) > 0
    assert here.error is not None
    assert there.error is None


def test_fail_fast_cancels_checks_that_have_not_started() -> None:
    """The report ends with the first error."""
    seen: list[str] = []
    report = check_connector(
        evolve(SPEC, connector=WRONG_CONNECTOR),
        checks=["metadata.valid", "routing.first-match-wins", "secrets.log", "usage.not-implemented"],
        profile=DEV,
        target=WRONG_TARGET,
        jobs=2,
        fail_fast=True,
        on_result=lambda result: seen.append(result.id),
    )
    assert [it.id for it in report.results] == seen == ["metadata.valid", "routing.first-match-wins"]


def test_several_jobs_require_a_target() -> None:
    """Other processes find the connector by its name."""
    with pytest.raises(ValueError, match="need a target"):
        check_connector(SPEC, checks=["metadata.logo-image"], jobs=2)


def test_connector_that_exits_its_process_exits_with_2(dying: str) -> None:
    """The message states the cause and a remedy; the command neither hangs nor prints a traceback."""
    result = CliRunner().invoke(conformance, [dying, "--check", "routing.exact-match", "--jobs", "2"])
    assert result.exit_code == 2
    assert "A process that runs checks ended: the connector exited or crashed it." in result.output
    assert "Use --jobs 1 to run all checks in one process." in result.output


def test_connector_that_other_processes_cannot_find_raises_process_error() -> None:
    """A class that was created at run time has no name in them."""
    with pytest.raises(ProcessError, match="Another process cannot find 'nowhere:Connector'"):
        check_connector(SPEC, checks=["metadata.logo-image"], target="nowhere:Connector", jobs=2)


def test_command_runs_checks_in_several_processes() -> None:
    """The verdict is the same as with one."""
    result = CliRunner().invoke(conformance, ["aws-ses-mail", "--check", "metadata", "-j", "2"])
    assert result.exit_code == 0, result.output
    assert "aws-ses-mail conforms." in result.output


def test_named_check_runs_until_the_time_is_up() -> None:
    """Every process has the same monotonic clock."""
    ended, endless = (
        run_named_check("aws-ses-mail", "routing.exact-match", options)
        for options in (SearchOptions(DEV, until=time.monotonic()), SearchOptions(DEV))
    )
    assert ended.state is State.NOT_EXERCISED
    assert "the time was up" in ended.message
    assert endless.state is State.PASSED


def test_max_time_applies_to_every_process() -> None:
    """No example starts after it, and a check without examples is not exercised."""
    report = check_connector(
        SPEC, checks=["routing.exact-match"], profile=DEV, target="aws-ses-mail", jobs=2, max_time=0.000_001
    )
    assert [it.state for it in report.results] == [State.NOT_EXERCISED]


def test_usable_processors_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """All processors if the system does not know these, and one if it knows none."""
    if sys.platform == "linux":
        assert usable_processors() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_processors() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_processors() == 1
