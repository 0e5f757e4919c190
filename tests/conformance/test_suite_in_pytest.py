"""The suite in an author's own pytest run: one test a check, and a reason for each that does not run."""

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


def test_each_check_is_a_test_that_can_be_chosen(tmp_path: Path) -> None:
    """Ids are the checks' own, and ``-k`` chooses among them."""
    told = _pytest(
        tmp_path, "test_conformance = conformance_tests(spec, profile='dev')", "-k", "form-keys or form-required"
    )
    assert "PASSED test_mine.py::test_conformance[metadata.form-keys]" in told
    assert "PASSED test_mine.py::test_conformance[metadata.form-required]" in told
    assert "2 passed" in told


def test_a_failure_says_what_why_and_with_which_example(tmp_path: Path) -> None:
    """Claim, fault, clause and example, without a traceback through the suite."""
    body = "test_conformance = conformance_tests(evolve(spec, connector=LastMatchWins))"
    told = _pytest(tmp_path, body, "-k", "first-match-wins")
    assert "Of several templates with the same usageType, the first is taken." in told
    assert "failed: expected template" in told
    assert "(T2)" in told
    assert '"usageType"' not in told, "the claim's own arguments are the example, not the whole config"
    assert "Traceback" not in told
    assert "replay: routing.first-match-wins:0:" in told
    assert "1 failed" in told


def test_expectations_and_capabilities_are_shown_as_such(tmp_path: Path) -> None:
    """An expected failure is an xfail with its reason; what does not apply is skipped with the capability."""
    body = """
test_conformance = conformance_tests(evolve(
    spec,
    connector=LastMatchWins,
    expected_failures={"routing.first-match-wins": "see #12", "metadata.json": "see #13"},
))"""
    told = _pytest(tmp_path, body, "-k", "first-match-wins or metadata.json or sms")
    assert "XFAIL test_mine.py::test_conformance[routing.first-match-wins]" in told
    assert "see #12" in told
    assert "capability sms" in told
    assert "unexpected pass" in told
    assert re.search(r"1 failed, [1-9]\d* skipped, \d+ deselected, 1 xfailed", told)


def test_a_debugger_opens_at_the_claim_that_does_not_hold(tmp_path: Path) -> None:
    """With ``--pdb``, the frames from the claim inwards are there to look into."""
    body = "test_conformance = conformance_tests(evolve(spec, connector=LastMatchWins))"
    told = _pytest(tmp_path, body, "-k", "first-match-wins", "--pdb", stdin="w\nq\n")
    assert "_expect_route" in told
    assert "def claim" not in told.partition("(Pdb)")[0]


def test_the_tests_can_be_shared_among_processes(tmp_path: Path) -> None:
    """Under pytest-xdist each process collects the same ids and runs a part of them."""
    body = "test_conformance = conformance_tests(spec, profile='dev')"
    told = _pytest(tmp_path, body, "-k", "metadata", "-n", "2")
    assert "2 workers" in told
    assert re.search(r"[1-9]\d* passed", told)
    assert "failed" not in told.splitlines()[-1]


def test_an_advisory_failure_does_not_fail_the_run(tmp_path: Path) -> None:
    """It shows as an xfail that says so."""
    body = "test_conformance = conformance_tests(evolve(spec, connector=PassesEchoesOn))"
    told = _pytest(tmp_path, body, "-k", "secrets.echo")
    assert "1 xfailed" in told
    assert "advisory: expected no secret" in told


def test_a_spec_that_cannot_work_fails_once(tmp_path: Path) -> None:
    """Not seventy times: the first test says why, the others that there is a first."""
    body = "test_conformance = conformance_tests(evolve(spec, valid_config={}, secrets=()))"
    told = _pytest(tmp_path, body, "-k", "metadata")
    assert "The Spec is not usable: valid_config is not valid: $.accessKeyId" in told
    assert re.search(r"1 failed, [1-9]\d* skipped", told)
    assert "passed" not in told.splitlines()[-1]


@pytest.mark.parametrize("profile", ["dev", "nightly"])
def test_a_profile_is_chosen_by_name(tmp_path: Path, profile: str) -> None:
    """As in the other fronts."""
    body = f"test_conformance = conformance_tests(spec, profile='{profile}')"
    assert "1 passed" in _pytest(tmp_path, body, "-k", "metadata.guard")
