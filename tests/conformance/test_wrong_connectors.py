"""Each wrong connector fails the check for its fault, with a message that names the fault."""

import pytest
from attrs import evolve

from conformance import PROFILES, Spec, State, all_checks, check_connector, spec_of
from tests.conformance.wrong_connectors import WRONG, BaseSes, Wrong
from tests.conformance.wrong_connectors.memory import SPECS

PROFILE = PROFILES["ci"]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.check}-{wrong.connector.__name__}")
def test_wrong_connector_fails_its_check(wrong: Wrong) -> None:
    """The check fails, or cannot prove what it is about, with a message that names the fault."""
    report = check_connector(wrong.spec, checks=[wrong.check], profile=evolve(PROFILE, **wrong.limits))
    (result,) = report.results
    assert result.state in {State.FAILED, State.NOT_EXERCISED}
    assert wrong.words in result.message


def test_every_check_fails_a_wrong_connector() -> None:
    """Every check can fail."""
    assert {check.id for check in all_checks()} - {wrong.check for wrong in WRONG} == set()


@pytest.mark.parametrize("spec", [spec_of(BaseSes), *SPECS], ids=lambda spec: spec.connector.__name__)
def test_base_connector_passes_all_checks(spec: Spec) -> None:
    """The connectors that wrong ones derive from are correct, so a failure is due to the fault."""
    report = check_connector(spec, profile=evolve(PROFILE, examples=10))
    unexpected = [it for it in report.results if it.state not in {State.PASSED, State.NOT_APPLICABLE}]
    assert [(it.id, it.message) for it in unexpected] == []
    assert report.conforms
