"""The suite fails wrong connectors, each by the check that is meant for it, in words that name the fault."""

import pytest

from conformance import PROFILES, Spec, State, all_checks, check_connector, spec_of
from tests.conformance.wrong_connectors import WRONG, Open, Wrong
from tests.conformance.wrong_connectors.memory import SPECS

PROFILE = PROFILES["ci"]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.check}-{wrong.connector.__name__}")
def test_a_wrong_connector_fails_the_check_that_is_meant_for_it(wrong: Wrong) -> None:
    """The check fails, with a message that names the fault and an example where there is one to show."""
    report = check_connector(wrong.spec, checks=[wrong.check], profile=PROFILE)
    (result,) = report.results
    assert result.state is State.FAILED, f"{wrong.connector.__name__} got away with {result.state}"
    assert wrong.words in result.message


def test_every_check_finds_a_wrong_connector() -> None:
    """No check is there that nothing can fail."""
    assert {check.id for check in all_checks()} - {wrong.check for wrong in WRONG} == set()


@pytest.mark.parametrize("spec", [spec_of(Open), *SPECS], ids=lambda spec: spec.connector.__name__)
def test_the_right_connector_in_parts_passes(spec: Spec) -> None:
    """What the wrong connectors are made from is right, so that what fails is the change."""
    report = check_connector(spec, profile=PROFILE)
    odd = [it for it in report.results if it.state not in {State.PASSED, State.NOT_APPLICABLE}]
    assert [(it.id, it.message) for it in odd] == []
    assert report.conforms
