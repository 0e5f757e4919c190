"""The conformance suite, and nothing else, on connectors that are right: what it says of the mutated code.

Not collected with the other tests: mutmut runs it, see `tests/mutation/__main__.py`.
"""

import pytest
from attrs import evolve

from conformance import Check, Profile, Spec, State, spec_of
from conformance.judge import run_check
from conformance.runner import checks_for
from conformance.smoke import spec_faults
from connector_kit import EmailConnector
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.right_connectors import RIGHT

PROFILE = Profile("mutation", examples=12, failure_examples=1, derandomized=True)
SES = spec_of(AwsSesConnector)
OTHERS = tuple(spec for spec in RIGHT if spec.name in {"acme-sms", "form-sms", "everything", "template-ids", "hub"})
"""What the SES connector does not reach in the kit: text messages, and templates that are used further."""

SLOW = {"errors.time-limit", "social.time-limit"}
"""Checks that wait for a time limit: one connector is enough for them."""

CASES = [
    pytest.param(spec, check, id=f"{spec.name}-{check.id}")
    for spec in (SES, *OTHERS)
    for check in checks_for(spec)
    if spec is SES or check.id not in SLOW
]


@pytest.mark.parametrize("spec", [SES, *OTHERS], ids=lambda spec: spec.name)
def test_the_spec_is_usable(spec: Spec) -> None:
    """The smoke gate lets it through."""
    assert spec_faults(spec, PROFILE) == ()


class Unfinished(AwsSesConnector):
    """A connector whose author has not come to the sending yet."""

    deliver = EmailConnector.deliver  # type: ignore[assignment]  # as if it had none


def test_an_unfinished_connector_is_told_what_it_lacks() -> None:
    """The smoke gate names the method that its author has still to write."""
    (fault,) = spec_faults(evolve(SES, connector=Unfinished), PROFILE)
    assert "not_implemented" in fault
    assert "Unfinished does not implement deliver." in fault


@pytest.mark.parametrize(("spec", "check"), CASES)
def test_the_check_holds(spec: Spec, check: Check) -> None:
    """The check passes or does not apply; advice counts too."""
    result = run_check(check, spec, PROFILE)
    assert result.state in {State.PASSED, State.NOT_APPLICABLE}, result.message
