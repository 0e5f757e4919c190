"""The docs show the suite's current verdicts on Logto's own packages, with a reason for each failure."""

import os
import shutil
from collections.abc import Mapping, Sequence

import pytest
from attrs import evolve

from conformance import PROFILES, SpecError, State, check_connector
from conformance.npm import npm_spec
from conformance.run.plan import checks_for
from tests.interop.verdicts import PACKAGES, PAGE, Difference, Verdict, differences, errors, page, verdicts

Found = Mapping[str, Sequence[Verdict]]


@pytest.fixture
def found() -> Found:
    """Run the suite on the packages; skip without Node.js and npm, except in CI."""
    if not os.environ.get("CI") and (shutil.which("node") is None or shutil.which("npm") is None):
        pytest.skip("Node.js and npm are not installed")
    try:
        return verdicts()
    except SpecError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def test_page_shows_the_current_verdicts(found: Found) -> None:
    """Each failure has a reason, and ``python -m tests.interop.verdicts`` would write the same page.

    Logto's own packages pass more than twice as many checks as they fail: the suite tests Logto's contract.
    """
    assert list(errors(found)) == []
    for package in PACKAGES:
        states = [it.state for it in found[package]]
        assert states.count(State.PASSED) > 2 * states.count(State.FAILED)
        assert not set(states) - {State.PASSED, State.FAILED, State.NOT_APPLICABLE}
    assert PAGE.read_text(encoding="utf-8") == page(found)


@pytest.mark.measured
@pytest.mark.parametrize("package", PACKAGES)
def test_quick_checks_have_the_verdicts_of_the_page(package: str) -> None:
    """In this process, so that coverage sees how each package is tested."""
    try:
        spec = npm_spec(package)
    except SpecError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    quick = PROFILES["quick"]
    checks = [it.id for it in checks_for(spec, profile=quick)]
    others = ["isolation.secret-rotation", "routing.i18n-details-object"]
    report = check_connector(spec, profile=quick, checks=[*checks, *others])
    failed = {it.id for it in report.results if it.state is State.FAILED}
    assert failed <= {it.check for it in differences() if package in it.packages}
    assert State.PASSED in report.counts


def _made(check: str, state: State) -> Verdict:
    return Verdict(check, "E1", "required", state)


def test_failure_without_a_reason_is_an_error() -> None:
    """So is a check that was not exercised."""
    known: dict[str, list[Verdict]] = {package: [] for package in PACKAGES}
    for difference in differences():
        for package in difference.packages:
            known[package].append(_made(difference.check, State.FAILED))
    assert list(errors(known)) == []
    for state in (State.FAILED, State.NOT_EXERCISED):
        more = {**known, PACKAGES[0]: [*known[PACKAGES[0]], _made("metadata.valid", state)]}
        assert list(errors(more)) == [f"{PACKAGES[0]} fails metadata.valid: add the reason to differences.toml."]


def test_reason_without_a_failure_is_an_error() -> None:
    """The check passes, or does not apply."""
    for state in (State.PASSED, State.NOT_APPLICABLE):
        every = {
            package: [_made(it.check, State.FAILED) for it in differences() if package in it.packages]
            for package in PACKAGES
        }
        first = every[PACKAGES[0]][0]
        changed = {**every, PACKAGES[0]: [evolve(first, state=state), *every[PACKAGES[0]][1:]]}
        message = f"{PACKAGES[0]} does not fail {first.check}: remove the reason from differences.toml."
        assert list(errors(changed)) == [message]


def test_reasons_name_tested_packages() -> None:
    """Each reason is a sentence about at least one package, and each package has at most one reason per check."""
    explained: list[tuple[str, str]] = []
    for it in differences():
        assert isinstance(it, Difference)
        assert it.packages
        assert it.packages <= set(PACKAGES)
        assert it.reason.endswith(".")
        explained += [(package, it.check) for package in it.packages]
    assert len(explained) == len(set(explained))
