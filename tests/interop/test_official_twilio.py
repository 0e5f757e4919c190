"""The Twilio connector next to ``@logto/connector-twilio-sms``: the same verdicts on configs, and the same requests."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from conformance import Spec
from conformance.providers.base import Call
from connector_kit.connectors.twilio_sms import TwilioConnector
from connector_kit.connectors.twilio_sms.stub import TwilioProvider
from tests.interop.official_configs import CONFIGS, configs, messages, official_spec, send_both, verdicts

_NEAR: Final = ("+15550100000", "MG", "AC")
_RECIPIENTS: Final = ("4915112345678", "14155550123", "390612345678")


@pytest.fixture(scope="module")
def official() -> Spec:
    """Return the Spec of the official package."""
    return official_spec("@logto/connector-twilio-sms")


def test_config_has_the_same_verdict(official: Spec) -> None:
    """At least 2,000 configs, of which both guards accept and reject many. The key ``fromNumber`` is not official."""
    found = [it for it in configs([official.valid_config], near=_NEAR) if "fromNumber" not in str(it)]
    both = verdicts(TwilioConnector.config_guard, official.connector.config_guard, found)
    assert both.differences == ()
    assert both.accepted + both.rejected == CONFIGS
    assert min(both.accepted, both.rejected) > CONFIGS / 10


def test_only_a_from_number_makes_a_difference(official: Spec) -> None:
    """The official guard ignores the key, and requires a messaging service."""
    config = {key: it for key, it in official.valid_config.items() if key != "fromMessagingServiceSID"}
    number = {**config, "fromNumber": "+15550100000"}
    wrong = {**official.valid_config, "fromNumber": 1}
    both = verdicts(TwilioConnector.config_guard, official.connector.config_guard, [number, wrong])
    assert both.differences == (number, wrong)
    assert (TwilioConnector.config_guard.is_valid(number), TwilioConnector.config_guard.is_valid(wrong)) == (
        True,
        False,
    )


def _meaning(call: Call) -> Mapping[str, Any]:
    request = call.raw
    return {"method": request.method, "url": request.url, "authorization": request.authorization, "form": request.form}


@pytest.mark.parametrize("is_risk_checked", [True, False])
def test_requests_have_the_same_meaning(official: Spec, *, is_risk_checked: bool) -> None:
    """Address, credentials, recipient, sender, text and risk check."""
    config = {**official.valid_config, "disableRiskCheck": not is_risk_checked}
    kinds = ("OrganizationInvitation", "BindMfa")
    config["templates"] = [
        *(
            {**it, "content": f"{it['content']} {{{{user.name}}}} {{{{custom.1.nested}}}} é&+%"}
            for it in config["templates"]
        ),
        *({"usageType": kind, "content": "{{application.name}} {{user.profile.age}} {{missing}}"} for kind in kinds),
    ]
    sent = list(send_both(TwilioConnector, official.connector, TwilioProvider(), config, messages(_RECIPIENTS)))
    assert len(sent) == 60
    for ours, theirs in sent:
        assert _meaning(ours) == _meaning(theirs)


def test_official_connector_fits_our_stub(official: Spec) -> None:
    """The stub's own verdict on the official request: format, credentials and settings."""
    ((ours, theirs),) = send_both(
        TwilioConnector,
        official.connector,
        stub := TwilioProvider(),
        official.valid_config,
        [next(messages(_RECIPIENTS))],
    )
    for call in (ours, theirs):
        for aspect in ("format", "sender", "credentials", "options"):
            assert stub.request_error(call, official.valid_config, aspect) is None
