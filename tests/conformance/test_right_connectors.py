"""The suite passes correct connectors of any design, and makes no exception for them."""

import gc
import os
from collections.abc import Iterator
from typing import Any, Final

import pytest
from attrs import evolve

from conformance import Outcome, Profile, Spec, State, all_checks, check_connector, spec_of
from conformance.harness.strategies import REQUIRED_TYPES
from connector_kit import ConnectorError, ConnectorErrorCodes, Sms
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.right_connectors import FAMILIES, RIGHT
from tests.conformance.wrong_connectors.memory import SMS, MemoryProvider, MemorySms, SmsConfig

_FEW: Final = Profile("few", examples=4, failure_examples=1, derandomized=True)
"""A check tries its fixed examples in every profile: those are most of them."""

_EVERY_CHECK: Final = "EVERY_CHECK"
"""While this environment variable is set, every connector runs every check: half an hour on one processor."""


@pytest.fixture(autouse=True)
def quick_garbage_collection() -> Iterator[None]:
    """Leave the objects of earlier tests alone: to go through all of them takes longer than a connector's time limit."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _checks(spec: Spec) -> list[str]:
    """Return the areas of checks to run: an empty list runs every check."""
    if _EVERY_CHECK in os.environ:
        return []
    return next(([*areas] for family, areas in FAMILIES if spec in family), [])


_MEASURED: Final = frozenset(
    [
        "badge",
        "bank",
        "beacon",
        "by-type-mail",
        "everything",
        "flat-texts",
        "forge",
        "gate",
        "gsm-texts",
        "hex-templates",
        "hub-app",
        "keyed-mail",
        "list-texts",
        "mime-mail",
        "named-error-mail",
        "nested-auth-mail",
        "numbered-templates",
        "official-mailgun",
        "official-postmark",
        "official-sendgrid",
        "official-smtp",
        "official-twilio",
        "optional-templates-mail",
        "plain",
        "plain-text",
        "search",
        "two-hosts-mail",
    ]
)
"""The connectors that run with coverage: each reaches a line or a branch that no other test with coverage does."""


def _case(spec: Spec) -> Any:
    return pytest.param(spec, marks=[pytest.mark.measured] if spec.name in _MEASURED else [], id=spec.name)


@pytest.mark.parametrize("spec", [_case(spec) for spec in RIGHT])
def test_correct_connector_conforms(spec: Spec) -> None:
    """Every check passes, advisory ones included; a check that does not apply names a missing declaration."""
    report = check_connector(spec, profile=_FEW, checks=_checks(spec))
    assert report.spec_errors == ()
    unexpected = [
        (it.id, it.state, it.message, it.example) for it in report.results if it.is_error or it.state is State.FAILED
    ]
    assert unexpected == []
    assert report.conforms
    reasons = {it.message for it in report.results if it.state is State.NOT_APPLICABLE}
    declarations = ("declare", "names no", "have no", "with no id")
    assert [reason for reason in reasons if not any(text in reason for text in declarations)] == []


def test_warning_about_the_texts_of_an_example_is_no_false_warning() -> None:
    """A template of the author with {{link}} for messages with a code says nothing about the connector."""
    texts = [{"usageType": kind, "subject": "s", "content": "{{code}} {{link}}"} for kind in REQUIRED_TYPES]
    spec = evolve(spec_of(AwsSesConnector), valid_config={**spec_of(AwsSesConnector).valid_config, "templates": texts})
    assert {it.keyword for it in spec.connector.config_guard.issues(spec.valid_config)} == {"placeholder", "unfilled"}
    (result,) = check_connector(spec, checks=["operator.no-false-warning"], profile=_FEW).results
    assert result.state is State.PASSED, result.message


def test_families_name_areas_and_right_connectors() -> None:
    """A misspelt area would run nothing, and a misspelt name would measure nothing."""
    for family, areas in FAMILIES:
        assert set(areas) <= {it.area for it in all_checks()}
        assert all(it in RIGHT for it in family)
    assert {it.name for it in RIGHT} >= _MEASURED


class _SlowToConnect(MemoryProvider):
    outcomes = (
        Outcome("accepted", "accepted", None),
        Outcome("slow-to-connect", "network", ConnectorErrorCodes.GENERAL, hangs=True),
    )


class _SendsTwice(MemorySms):
    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        try:
            return super().deliver(config, sms)
        except ConnectorError:
            return super().deliver(config, sms)


def test_hanging_request_may_be_retried_if_the_provider_cannot_have_accepted_it() -> None:
    """For example if the connection was never established."""
    spec = evolve(SMS, connector=_SendsTwice, provider=_SlowToConnect)
    (result,) = check_connector(spec, checks=["errors.time-limit"], profile=_FEW).results
    assert result.state is State.PASSED, result.message
