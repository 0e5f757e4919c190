"""The smoke gate: a Spec that is mis-wired, or says less than the connector does, reports itself before any check runs."""

import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from attrs import evolve

from conformance import PROFILES, Outcome, Provider, check_connector, spec_of
from conformance.provider import Aspect, Call
from conformance.smoke import spec_faults
from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors import Open

DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)


class Unreached(Provider):
    """A stub that no connector talks to."""

    outcomes = (Outcome("accepted", "accepted", None),)

    def _installed(self) -> AbstractContextManager[None]:
        return nullcontext()

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Judge nothing."""
        raise NotImplementedError(call, config, aspect)


class Silent(Open):
    """Says that it has sent, and sends nothing."""

    def deliver(self, config: object, email: object) -> object:
        """Do nothing."""
        del config, email
        return "sent"


class Unmakeable(Open):
    """Cannot be made."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        raise RuntimeError(f"no {len(kit)}")


class Broken(Open):
    """Sends nothing."""

    def deliver(self, config: object, email: object) -> object:
        """Fail."""
        del config, email
        raise ConnectorError(ConnectorErrorCodes.GENERAL, "out of order")


class Elsewhere(Open):
    """Talks to something that is not its provider."""

    def deliver(self, config: object, email: object) -> object:
        """Open a socket."""
        del config, email
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("192.0.2.1", 9))
        return "sent"


class Counting(Open):
    """Tells how much it sent, too."""

    def get_usage(self, start_from: object = None) -> int:
        """Tell it."""
        raise NotImplementedError(start_from)


def test_a_right_spec_has_no_fault() -> None:
    """The gate lets a right Spec through."""
    assert spec_faults(SPEC) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expected_failures": {"routing.exact": "x"}}, "Did you mean 'routing.exact-case'?"),
        ({"expected_failures": {"zzz": "x"}}, "expected_failures names 'zzz', which is no check."),
        ({"secrets": ("apiKey",)}, "secrets names 'apiKey'"),
        ({"valid_config": {"region": "eu-west-1"}, "secrets": ()}, "valid_config is not valid: $.accessKeyId"),
        ({"connector": Silent}, "not to `provider`"),
        ({"connector": Unmakeable}, "the connector cannot be made: RuntimeError: no 2"),
        ({"connector": Broken}, "could not be sent: it raised ConnectorError general"),
        ({"connector": Elsewhere}, "went to 192.0.2.1 port 9 and not to `provider`"),
    ],
)
def test_a_spec_that_cannot_work_says_so_itself(changes: dict[str, Any], words: str) -> None:
    """The gate names the one fault, and no check runs."""
    report = check_connector(evolve(SPEC, **changes), profile=DEV)
    assert report.results == ()
    assert not report.conforms
    assert words in " ".join(report.faults)


ALL_BUT = {name: SPEC.capabilities - {name} for name in SPEC.capabilities}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capabilities": SPEC.capabilities | {"sms"}}, "type is Email: take out the capability 'sms'"),
        ({"capabilities": SPEC.capabilities | {"social"}}, "type is Email: take out the capability 'social'"),
        ({"capabilities": ALL_BUT["config-templates"]}, "declare 'config-templates' or 'provider-templates'"),
        ({"capabilities": SPEC.capabilities | {"provider-templates"}}, "where its templates stand"),
        ({"capabilities": SPEC.capabilities - {"html", "text"}}, "declare 'html', 'text', or both"),
        ({"capabilities": SPEC.capabilities - {"i18n-templates"}}, "declare 'i18n-templates' too"),
        (
            {"capabilities": SPEC.capabilities - {"i18n-templates", "reply-to", "send-from"}},
            "declare the capability 'i18n-templates'",
        ),
        ({"capabilities": ALL_BUT["send-from"]}, "declare the capability 'send-from'"),
        ({"capabilities": ALL_BUT["reply-to"]}, "declare the capability 'reply-to'"),
        ({"capabilities": ALL_BUT["text"]}, "declare the capability 'text'"),
        ({"capabilities": ALL_BUT["html"]}, "declare the capability 'html'"),
        ({"capabilities": SPEC.capabilities | {"usage"}}, "no get_usage of its own: take out the capability 'usage'"),
        ({"connector": Counting}, "has a get_usage of its own: declare the capability 'usage'"),
    ],
)
def test_a_spec_declares_what_the_connector_does(changes: dict[str, Any], words: str) -> None:
    """A capability left out would switch checks off in silence, and one too many would fail them."""
    assert words in " ".join(spec_faults(evolve(SPEC, **changes), DEV))
