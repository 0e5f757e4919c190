"""What the suite says of Logto's own packages is what is published, and nothing is tolerated without a reason."""

import os
import shutil
from collections.abc import Mapping, Sequence

import pytest
from attrs import evolve

from conformance import SpecError, State
from tests.interop.verdicts import PACKAGES, PAGE, Difference, Verdict, differences, faults, page, verdicts

Found = Mapping[str, Sequence[Verdict]]


@pytest.fixture
def found() -> Found:
    """Run the suite on the three packages; without Node and npm, skip, but never in CI."""
    if not os.environ.get("CI") and (shutil.which("node") is None or shutil.which("npm") is None):
        pytest.skip("Node.js and npm are not installed")
    try:
        return verdicts()
    except SpecError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def test_the_published_verdicts_are_those_of_the_suite(found: Found) -> None:
    """No difference is without a reason, no reason without a difference, and the page says what the suite says.

    If it does not, ``python -m tests.interop.verdicts`` writes it anew. The suite is Logto's contract and not ours
    alone: its own packages pass far more than they fail.
    """
    assert list(faults(found)) == []
    for package in PACKAGES:
        states = [it.state for it in found[package]]
        assert states.count(State.PASSED) > 2 * states.count(State.FAILED)
        assert not set(states) - {State.PASSED, State.FAILED, State.NOT_APPLICABLE}
    assert PAGE.read_text(encoding="utf-8") == page(found)


def _made(check: str, state: State) -> Verdict:
    return Verdict(check, "E1", "required", state)


def test_a_difference_without_a_reason_is_a_fault() -> None:
    """A check that fails, or that has seen nothing, and that no reason names, is told."""
    known: dict[str, list[Verdict]] = {package: [] for package in PACKAGES}
    for difference in differences():
        for package in difference.packages:
            known[package].append(_made(difference.check, State.FAILED))
    assert list(faults(known)) == []
    for state in (State.FAILED, State.NOT_EXERCISED):
        more = {**known, PACKAGES[0]: [*known[PACKAGES[0]], _made("metadata.guard", state)]}
        assert list(faults(more)) == [
            f"{PACKAGES[0]} does not pass metadata.guard, and differences.toml does not say why."
        ]


def test_a_reason_without_a_difference_is_a_fault() -> None:
    """A reason for a check that passes, or that does not apply, has to go."""
    for state in (State.PASSED, State.NOT_APPLICABLE):
        every = {
            package: [_made(it.check, State.FAILED) for it in differences() if package in it.packages]
            for package in PACKAGES
        }
        first = every[PACKAGES[0]][0]
        changed = {**every, PACKAGES[0]: [evolve(first, state=state), *every[PACKAGES[0]][1:]]}
        assert list(faults(changed)) == [f"{PACKAGES[0]} does not fail {first.check}: take it out of differences.toml."]


def test_a_reason_names_packages_that_are_tested() -> None:
    """A reason is about some of the packages, says something, and is there once for each."""
    told: list[tuple[str, str]] = []
    for it in differences():
        assert isinstance(it, Difference)
        assert it.packages
        assert it.packages <= set(PACKAGES)
        assert it.reason.endswith(".")
        told += [(package, it.check) for package in it.packages]
    assert len(told) == len(set(told))
