"""The conformance suite alone, on right connectors, as the only test of mutated code.

Not collected with the other tests: mutmut runs it, see `tests/mutation/__main__.py`.
"""

from collections.abc import Iterator

import pytest
from attrs import evolve

from conformance import Check, Profile, Spec, State, spec_of
from conformance.harness.search import SearchOptions
from conformance.run.one_check import run_check
from conformance.run.plan import checks_for
from conformance.run.smoke_test import spec_errors
from connector_kit import EmailConnector
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.right_connectors import RIGHT

PROFILE = Profile("mutation", examples=12, failure_examples=1, derandomized=True)
SES = spec_of(AwsSesConnector)
OTHERS = tuple(spec for spec in RIGHT if spec.name in {"acme-sms", "form-sms", "everything", "template-ids", "hub"})
"""They use parts of the kit that the SES connector does not: text messages, and other shapes of templates."""

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
    """The smoke test finds no error in the Spec."""
    assert spec_errors(spec) == ()


class Unfinished(AwsSesConnector):
    """A connector without a `deliver` method."""

    deliver = EmailConnector.deliver  # type: ignore[assignment]  # as if it had none


def test_unfinished_connector_is_a_spec_error() -> None:
    """The smoke test names the missing method."""
    (fault,) = spec_errors(evolve(SES, connector=Unfinished))
    assert "not_implemented" in fault
    assert "Unfinished does not implement deliver." in fault


class Asynchronous(AwsSesConnector):
    """A connector with an asynchronous `deliver`, which the kit rejects."""

    async def deliver(self, *_: object) -> object:
        """Await nothing."""
        return "id"


class Later:
    """An awaitable that can be neither closed nor cancelled."""

    def __await__(self) -> Iterator[None]:
        """Await nothing."""
        yield


class Unusual(AwsSesConnector):
    """A connector that returns an awaitable of a library."""

    def deliver(self, *_: object) -> object:
        """Return it."""
        return Later()


@pytest.mark.parametrize(("connector", "kind"), [(Asynchronous, "coroutine"), (Unusual, "Later")])
def test_asynchronous_connector_is_a_spec_error(connector: type[AwsSesConnector], kind: str) -> None:
    """The smoke test names the method and the code."""
    (fault,) = spec_errors(evolve(SES, connector=connector))
    expected = f"{connector.__name__}.deliver returned a {kind}, but connectors are synchronous"
    assert f'it raised ConnectorError general: ConnectorError: "{expected}' in fault


@pytest.mark.parametrize(("spec", "check"), CASES)
def test_the_check_holds(spec: Spec, check: Check) -> None:
    """The check passes or does not apply; advisory checks count too."""
    result = run_check(check, spec, SearchOptions(PROFILE))
    assert result.state in {State.PASSED, State.NOT_APPLICABLE}, result.message
