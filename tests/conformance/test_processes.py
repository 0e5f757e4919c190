"""Checks in several processes: the same results, and an error if a process cannot run checks."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from attrs import evolve
from click.testing import CliRunner

import conformance as conformance_package
from conformance import PROFILES, Report, State, check_connector, spec_of
from conformance.command import conformance
from conformance.harness.search import SearchOptions
from conformance.run.plan import RunPlan
from conformance.run.processes import ProcessError, _innermost_place, _Worker, run_named_check, usable_processors
from conformance.run.target import find_spec
from connector_kit import ConnectorNotFoundError
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import WRONG

CI = PROFILES["ci"]
DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)
DYING = """
import multiprocessing, os, re, signal, time
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import WRONG

class Dying(AwsSesConnector):
    def deliver(self, config, email):
        if multiprocessing.parent_process() is not None:
            os._exit(3)
        return super().deliver(config, email)

class Crashing(AwsSesConnector):
    def deliver(self, config, email):
        if multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().deliver(config, email)

class Blocking(AwsSesConnector):
    def deliver(self, config, email):
        if multiprocessing.parent_process() is not None:
            re.match("(a+)+$", "a" * 60 + "b")
        return super().deliver(config, email)

class ReadsItsEnvironment(AwsSesConnector):
    def deliver(self, config, email):
        if multiprocessing.parent_process() is not None and "DYING_CONNECTOR" in os.environ:
            os._exit(3)
        return super().deliver(config, email)

def __getattr__(name):
    time.sleep(600)
"""


def _report_of(module: str, name: str, checks: list[str]) -> Report:
    target = f"{module.partition(':')[0]}:{name}"
    profile = evolve(DEV, step_seconds=3.0)
    return check_connector(find_spec(target), checks=checks, profile=profile, target=target, jobs=2)


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a connector that exits any process except this one."""
    (tmp_path / "dying_connector.py").write_text(DYING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dying_connector", raising=False)  # of an earlier test, in another folder
    return "dying_connector:Dying"


SAME_RESULTS = """
from conformance import PROFILES, check_connector, spec_of
from connector_kit.connectors.aws_ses import AwsSesConnector

if __name__ == "__main__":
    wanted = ["routing", "errors.recovery", "metadata.logo-image", "delivery.sms"]
    for jobs in (1, 2):
        report = check_connector(
            spec_of(AwsSesConnector), checks=wanted, profile=PROFILES["ci"], target="aws-ses-mail", jobs=jobs
        )
        print([(it.id, str(it.state), dict(it.examples), it.message) for it in report.results])
"""
"""In a process of its own: Hypothesis draws constants of the modules that a process has loaded, as this one has tests."""


def test_several_processes_have_the_results_of_one(tmp_path: Path) -> None:
    """The same checks in the same order, with the same examples and messages."""
    script = tmp_path / "same_results.py"
    script.write_text(SAME_RESULTS, encoding="utf-8")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    alone, together = ran.stdout.splitlines()
    assert together == alone
    assert "routing.exact-match" in alone


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


def test_connector_that_exits_its_process_fails_that_check_only(dying: str) -> None:
    """The message has the exit status; the other checks run in a new process."""
    result = CliRunner().invoke(
        conformance, [dying, "--check", "routing.exact-match", "--check", "metadata.valid", "--jobs", "2", "-v"]
    )
    assert result.exit_code == 1
    assert "failed routing.exact-match" in result.output
    assert "the connector ended the process that ran the check, with the exit status 3" in result.output
    assert "passed metadata.valid" in result.output


def test_connector_that_crashes_its_process_fails_its_check(dying: str) -> None:
    """The message has the signal."""
    report = _report_of(dying, "Crashing", checks=["routing.exact-match"])
    assert [it.state for it in report.results] == [State.FAILED]
    assert report.results[0].message.endswith("by the signal SIGKILL")


def test_connector_that_blocks_its_process_fails_its_check(dying: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For example in a regular expression, in which Python runs no other thread; the message says where."""
    monkeypatch.setattr("conformance.run.processes._SILENT_SECONDS", 2.0)
    report = _report_of(dying, "Blocking", checks=["routing.exact-match", "metadata.valid"])
    states = {it.id: it.state for it in report.results}
    assert states == {"metadata.valid": State.PASSED, "routing.exact-match": State.FAILED}
    (message,) = (it.message for it in report.results if it.state is State.FAILED)
    assert "the process that ran the check did not respond for 5 s" in message
    assert "in a regular expression, in deliver (dying_connector.py line " in message


class _AliveForever:
    """The connection to a process that shows life, but whose main thread is stuck, as in a connector's destructor."""

    def poll(self, _: float) -> bool:
        return True

    def recv(self) -> None:
        """Receive a sign of life."""


def test_process_beyond_the_time_of_a_check_is_late() -> None:
    """Its main thread, which watches the time of a check, does not respond; the message has the time."""
    profile = evolve(DEV, step_seconds=-15.5, check_seconds=1.0)
    worker = _Worker(RunPlan(spec=SPEC, target="aws-ses-mail", checks=(), options=SearchOptions(profile)))
    worker._connection = _AliveForever()  # type: ignore[assignment]
    with pytest.raises(TimeoutError, match=r"did not end it within 0\.5 s"):
        worker._receive()


def test_import_that_does_not_end_is_an_error(dying: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For example if the module waits for a lock that another process holds."""
    monkeypatch.setattr("conformance.run.target._IMPORT_SECONDS", 0.5)
    with pytest.raises(
        ConnectorNotFoundError, match=r"cannot be imported: expected each step to end within 0\.5 s; .*"
    ):
        find_spec(f"{dying.partition(':')[0]}:Waits")


def test_process_that_does_not_start_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process imports the main module, which may wait for something."""
    monkeypatch.setattr("conformance.run.processes._SILENT_SECONDS", -30.0)
    with pytest.raises(ProcessError, match="A process for checks did not start in time"):
        check_connector(SPEC, checks=["metadata.valid"], profile=DEV, target="aws-ses-mail", jobs=2)


def test_place_without_a_line_of_the_connector_is_empty() -> None:
    """The message then says only what happened."""
    assert _innermost_place('  File "/elsewhere/a.py", line 3 in run\n', "/home/acme/connector.py") == ""
    stack = '  File "/home/acme/connector.py", line 3 in run\n'
    assert _innermost_place(stack, "/home/acme/connector.py") == "run (connector.py line 3)"


UNGUARDED = """
from conformance import PROFILES, check_connector, spec_of
from connector_kit.connectors.aws_ses import AwsSesConnector
{guard}
    checks = ["metadata.logo-image", "metadata.valid"]
    report = check_connector(
        spec_of(AwsSesConnector), checks=checks, profile=PROFILES["dev"], jobs=2, target="aws-ses-mail"
    )
    print(report.conforms)
"""


@pytest.mark.parametrize(
    ("guard", "output"),
    [
        ("if True:", 'Put the call of check_connector under `if __name__ == "__main__":`, or use jobs=1.'),
        ('if __name__ == "__main__":', "True"),
    ],
)
def test_script_without_a_main_guard_has_a_clear_error(tmp_path: Path, guard: str, output: str) -> None:
    """Each process imports the script again. There is one traceback, of the script itself."""
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED.format(guard=guard), encoding="utf-8")
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert output in done.stdout + done.stderr
    assert done.stderr.count("Traceback") == (done.returncode != 0)


def test_process_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has its exit status."""
    monkeypatch.setattr("conformance.run.processes._serve", sys.exit)
    with pytest.raises(
        ProcessError, match="A process for checks ended before it could run one, with the exit status 1"
    ):
        check_connector(SPEC, checks=["metadata.valid"], profile=DEV, target="aws-ses-mail", jobs=2)


def test_command_names_the_remedy_for_a_connector_that_other_processes_cannot_find(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One process needs no name."""
    monkeypatch.setitem(sys.modules, "author_of_one_process", ModuleType("author_of_one_process"))
    vars(sys.modules["author_of_one_process"])["spec"] = SPEC
    done = CliRunner().invoke(conformance, ["author_of_one_process:spec", "--check", "metadata.valid", "--jobs", "2"])
    assert done.exit_code == 2
    assert "Use --jobs 1 to run all checks in one process." in done.output


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


def test_processes_without_a_fork_server_have_the_same_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS and Windows, each process is a new interpreter."""
    monkeypatch.setattr(sys, "platform", "darwin")
    report = check_connector(
        SPEC, checks=["metadata.valid", "routing.exact-match"], profile=DEV, target="aws-ses-mail", jobs=2
    )
    assert [it.state for it in report.results] == [State.PASSED] * 2


def test_processes_have_the_current_environment(dying: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of the time when the server started which makes them."""
    monkeypatch.delenv("DYING_CONNECTOR", raising=False)
    checks = ["routing.exact-match", "metadata.valid"]
    assert _report_of(dying, "ReadsItsEnvironment", checks=checks).conforms
    monkeypatch.setenv("DYING_CONNECTOR", "1")
    assert not _report_of(dying, "ReadsItsEnvironment", checks=checks).conforms


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


def test_processes_that_run_checks_do_not_import_pytest() -> None:
    """Only the tests that the suite makes for pytest need it."""
    script = "import sys, conformance; assert 'pytest' not in sys.modules; conformance.conformance_tests"
    subprocess.run([sys.executable, "-c", f"{script}; assert 'pytest' in sys.modules"], check=True)
    with pytest.raises(AttributeError, match="module 'conformance' has no attribute 'conformance_test'"):
        conformance_package.conformance_test  # noqa: B018 - the lookup is what is tested


def test_public_names_are_listed_before_they_are_imported() -> None:
    """For editors and shells that complete names."""
    assert {*conformance_package.__all__} <= {*dir(conformance_package)}
