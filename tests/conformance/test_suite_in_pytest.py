"""The suite in an author's own pytest run: one test for each check."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
from attrs import evolve
from conformance import conformance_tests, spec_of
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors.routing import LastMatchWins
from tests.conformance.wrong_connectors.secrets import PassesEchoesOn

spec = spec_of(AwsSesConnector)
"""


def _pytest(folder: Path, body: str, *options: str, stdin: str = "") -> str:
    (folder / "test_mine.py").write_text(HEAD + body, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--rootdir", str(folder), *options]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


def test_each_check_is_a_test_with_its_id(tmp_path: Path) -> None:
    """So that ``-k`` can choose checks."""
    output = _pytest(
        tmp_path, "test_conformance = conformance_tests(spec, profile='dev')", "-k", "form-keys or form-required"
    )
    assert "PASSED test_mine.py::test_conformance[metadata.form-keys]" in output
    assert "PASSED test_mine.py::test_conformance[metadata.form-required]" in output
    assert "2 passed" in output


def test_failure_shows_description_reason_example_and_replay(tmp_path: Path) -> None:
    """It has no traceback through the suite."""
    body = "test_conformance = conformance_tests(evolve(spec, connector=LastMatchWins))"
    output = _pytest(tmp_path, body, "-k", "first-match-wins")
    assert "check: " in output
    assert "failed: expected template" in output
    assert "(T2)" in output
    assert '"usageType"' not in output, "the example has the arguments of the property, not the whole config"
    assert "Traceback" not in output
    assert "replay: routing.first-match-wins:0:" in output
    assert "1 failed" in output


def test_expected_failure_is_an_xfail_and_inapplicable_check_is_skipped(tmp_path: Path) -> None:
    """Each with its reason; an unexpected pass fails."""
    body = """
test_conformance = conformance_tests(evolve(
    spec,
    connector=LastMatchWins,
    expected_failures={"routing.first-match-wins": "see #12", "metadata.json-round-trip": "see #13"},
))"""
    output = _pytest(tmp_path, body, "-k", "first-match-wins or metadata.json-round-trip or sms")
    assert "XFAIL test_mine.py::test_conformance[routing.first-match-wins]" in output
    assert "see #12" in output
    assert "capability sms" in output
    assert "unexpected pass" in output
    assert re.search(r"1 failed, [1-9]\d* skipped, \d+ deselected, 1 xfailed", output)


def test_debugger_opens_where_the_check_failed(tmp_path: Path) -> None:
    """``--pdb`` has the frames of the check."""
    body = "test_conformance = conformance_tests(evolve(spec, connector=LastMatchWins))"
    output = _pytest(tmp_path, body, "-k", "first-match-wins", "--pdb", stdin="w\nq\n")
    assert "_expect_route" in output


def test_checks_run_in_several_processes_of_xdist(tmp_path: Path) -> None:
    """Each process collects the same ids and runs some of them."""
    body = "test_conformance = conformance_tests(spec, profile='dev')"
    output = _pytest(tmp_path, body, "-k", "metadata", "-n", "2")
    assert "2 workers" in output
    assert re.search(r"[1-9]\d* passed", output)
    assert "failed" not in output.splitlines()[-1]


def test_advisory_failure_is_an_xfail(tmp_path: Path) -> None:
    """Its reason starts with the level."""
    body = "test_conformance = conformance_tests(evolve(spec, connector=PassesEchoesOn))"
    output = _pytest(tmp_path, body, "-k", "secrets.echoed-request")
    assert "1 xfailed" in output
    assert "advisory: expected no secret" in output


def test_unusable_spec_fails_once(tmp_path: Path) -> None:
    """The first test fails with the error; the others are skipped and refer to it."""
    body = "test_conformance = conformance_tests(evolve(spec, valid_config={}, secrets=()))"
    output = _pytest(tmp_path, body, "-k", "metadata")
    assert "The Spec cannot be used: valid_config: the connector's schema rejects it: $.accessKeyId" in output
    assert re.search(r"1 failed, [1-9]\d* skipped", output)
    assert "passed" not in output.splitlines()[-1]


def test_hanging_connector_fails_its_tests_and_pytest_ends(tmp_path: Path) -> None:
    """The other checks run; a thread that was left behind does not keep pytest from ending."""
    body = """
from conformance import PROFILES
from tests.conformance.wrong_connectors.hangs import KeepsItsLock
from tests.conformance.wrong_connectors.memory import SMS

test_conformance = conformance_tests(
    evolve(SMS, connector=KeepsItsLock), profile=evolve(PROFILES["dev"], step_seconds=2)
)
"""
    output = _pytest(tmp_path, body, "-k", "errors.recovery or metadata.valid or delivery.recipient")
    assert "FAILED test_mine.py::test_conformance[errors.recovery]" in output
    assert "failed: expected each step to end within 2 s; one was still running after that time, in " in output
    assert "1 failed, " in output
    assert "PASSED test_mine.py::test_conformance[delivery.recipient]" in output


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()"])
def test_exception_that_would_end_pytest_fails_its_test(tmp_path: Path, error: str) -> None:
    """With its name; pytest goes on."""
    body = f"""
from connector_kit.connectors.aws_ses import AwsSesConnector as Base

class Exits(Base):
    def __repr__(self):
        raise {error}

test_conformance = conformance_tests(evolve(spec, connector=Exits))
"""
    output = _pytest(tmp_path, body, "-k", "secrets.repr or metadata.valid")
    assert f"failed: expected no exception; it raised {error.partition('(')[0]}" in output
    assert "1 failed, 1 passed" in output


@pytest.mark.parametrize("profile", ["dev", "nightly"])
def test_profile_is_chosen_by_name(tmp_path: Path, profile: str) -> None:
    """The names are those of the command."""
    body = f"test_conformance = conformance_tests(spec, profile='{profile}')"
    assert "1 passed" in _pytest(tmp_path, body, "-k", "metadata.valid")


def test_quick_profile_runs_only_quick_checks(tmp_path: Path) -> None:
    """As in the command."""
    body = "test_conformance = conformance_tests(spec, profile='quick')"
    output = _pytest(tmp_path, body, "-k", "routing")
    assert "test_conformance[routing.exact-match]" in output
    assert "routing.case-sensitive" not in output
