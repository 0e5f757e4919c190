"""The suite fails wrong connectors, each by the check that is meant for it, in words that name the fault."""

import pytest
from attrs import evolve

from conformance import PROFILES, State, all_checks, check_connector, spec_of
from tests.conformance.wrong_connectors import WRONG, Open, Wrong

PROFILE = PROFILES["ci"]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.check}-{wrong.connector.__name__}")
def test_a_wrong_connector_fails_the_check_that_is_meant_for_it(wrong: Wrong) -> None:
    """The check fails, with a message that names the fault and an example where there is one to show."""
    spec = evolve(spec_of(Open), connector=wrong.connector)
    report = check_connector(spec, checks=[wrong.check], profile=PROFILE)
    (result,) = report.results
    assert result.state is State.FAILED, f"{wrong.connector.__name__} got away with {result.state}"
    assert wrong.words in result.message


def test_every_check_finds_a_wrong_connector() -> None:
    """No check is there that nothing can fail."""
    assert {check.id for check in all_checks()} - {wrong.check for wrong in WRONG} == set()


def test_the_right_connector_in_parts_passes() -> None:
    """What the wrong connectors are made from is right, so that what fails is the change."""
    report = check_connector(spec_of(Open), profile=PROFILE)
    assert [(it.id, it.message) for it in report.results if it.state is not State.PASSED] == []
    assert report.conforms
