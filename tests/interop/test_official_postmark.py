"""The Postmark connector next to ``@logto/connector-postmark``: the same verdicts on configs, and the same requests."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from conformance import Spec
from conformance.providers.base import Call
from connector_kit.connectors.postmark_mail import PostmarkConnector
from connector_kit.connectors.postmark_mail.stub import PostmarkProvider
from tests.interop.official_configs import CONFIGS, configs, messages, official_spec, send_both, verdicts

_NEAR: Final = ("POSTMARK_API_TEST", "Acme <noreply@example.com>", "12345")
_RECIPIENTS: Final = ("jane@example.com", "o'brien+tag@mail.example", "jane@b\u00fccher.example")


@pytest.fixture(scope="module")
def official() -> Spec:
    """Return the Spec of the official package."""
    return official_spec("@logto/connector-postmark")


def test_config_has_the_same_verdict(official: Spec) -> None:
    """At least 2,000 configs, of which both guards accept and reject many."""
    found = configs([official.valid_config], near=_NEAR)
    both = verdicts(PostmarkConnector.config_guard, official.connector.config_guard, found)
    assert both.differences == ()
    assert both.accepted + both.rejected == CONFIGS
    assert min(both.accepted, both.rejected) > CONFIGS / 10


def _meaning(call: Call) -> Mapping[str, Any]:
    request = call.raw
    token = request.headers["X-Postmark-Server-Token"]
    return {"method": request.method, "url": request.url, "token": token, "body": request.json}


def test_requests_have_the_same_meaning(official: Spec) -> None:
    """Address, token, recipient, sender, alias and variables."""
    kinds = ("OrganizationInvitation", "BindMfa")
    names = [{"usageType": kind, "templateAlias": f"other-{kind}"} for kind in kinds]
    config = {**official.valid_config, "fromEmail": 'Zo\u00eb "O" <noreply@example.com>'}
    config["templates"] = [*official.valid_config["templates"], *names]
    stub = PostmarkProvider()
    sent = list(send_both(PostmarkConnector, official.connector, stub, config, messages(_RECIPIENTS)))
    assert len(sent) == 60
    assert {ours.template for ours, _ in sent} == {it["templateAlias"] for it in config["templates"]}
    for ours, theirs in sent:
        assert _meaning(ours) == _meaning(theirs)


def test_official_connector_fits_our_stub(official: Spec) -> None:
    """The stub's own verdict on the official request: format, sender and credentials."""
    stub, config = PostmarkProvider(), official.valid_config
    ((ours, theirs),) = send_both(PostmarkConnector, official.connector, stub, config, [next(messages(_RECIPIENTS))])
    for call in (ours, theirs):
        for aspect in ("format", "sender", "credentials", "options"):
            assert stub.request_error(call, config, aspect) is None
