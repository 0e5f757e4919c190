"""The smoke test: a Spec with errors is reported before any check runs."""

import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from attrs import evolve

from conformance import PROFILES, Outcome, Provider, Spec, check_connector, spec_of
from conformance.providers.base import Aspect, Call
from conformance.run.smoke_test import spec_errors
from conformance.secret_forms import free_text
from conformance.spec import TEMPLATE_SOURCES
from connector_kit import ConnectorError, ConnectorErrorCodes, Email
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from tests.conformance.right_connectors.bodies import BODIES, LayoutMail
from tests.conformance.right_connectors.bodies import spec as body_spec
from tests.conformance.right_connectors.forwarder import FORWARDER
from tests.conformance.right_connectors.text_messages import TEXT_MESSAGES, NamedTexts, named_spec
from tests.conformance.wrong_connectors import BaseSes

DEV = PROFILES["dev"]
SPEC = spec_of(AwsSesConnector)


class Unreached(Provider):
    """A stub that no connector talks to."""

    outcomes = (Outcome("accepted", "accepted", None),)

    def _intercepting(self) -> AbstractContextManager[None]:
        return nullcontext()

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Never called."""
        raise NotImplementedError(call, config, aspect)


class Silent(BaseSes):
    """Returns a result without sending anything."""

    def deliver(self, config: object, email: object) -> object:
        """Do nothing."""
        del config, email
        return "sent"


class Unmakeable(BaseSes):
    """Raises in its constructor."""

    def __init__(self, **kit: Any) -> None:
        raise RuntimeError(f"no {len(kit)}")


class Broken(BaseSes):
    """Fails each send."""

    def deliver(self, config: object, email: object) -> object:
        """Fail."""
        del config, email
        raise ConnectorError(ConnectorErrorCodes.GENERAL, "out of order")


class Elsewhere(BaseSes):
    """Connects to an address that is not its provider's."""

    def deliver(self, config: object, email: object) -> object:
        """Open a socket."""
        del config, email
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("192.0.2.1", 9))
        return "sent"


class Counting(BaseSes):
    """Implements get_usage."""

    def get_usage(self, start_from: object = None) -> int:
        """Not called."""
        raise NotImplementedError(start_from)


def test_correct_spec_has_no_errors() -> None:
    """A first message reaches the stub."""
    assert spec_errors(SPEC) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expected_failures": {"routing.exact": "x"}}, "(did you mean 'routing.exact-match'?)"),
        ({"expected_failures": {"zzz": "x"}}, "expected_failures: there is no check 'zzz'."),
        (
            {"secrets": ("accessKey",)},
            "secrets: valid_config has no text at 'accessKey' (did you mean 'accessKeyId'?).",
        ),
        ({"valid_config": {"region": "eu-west-1"}, "secrets": ()}, "schema rejects it: $.accessKeyId"),
        ({"connector": Silent}, "was sent, but did not reach the stub."),
        ({"connector": Unmakeable}, "connector: its constructor raised RuntimeError: no 2"),
        ({"connector": Broken}, "could not be sent: it raised ConnectorError general"),
        ({"connector": Elsewhere}, "went to 192.0.2.1 port 9 instead of the stub."),
    ],
)
def test_unusable_spec_is_reported(changes: dict[str, Any], words: str) -> None:
    """The report has the error, and no check runs."""
    report = check_connector(evolve(SPEC, **changes), profile=DEV)
    assert report.results == ()
    assert not report.conforms
    assert words in " ".join(report.spec_errors)


ALL_BUT = {name: SPEC.capabilities - {name} for name in SPEC.capabilities}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capabilities": SPEC.capabilities | {"sms"}}, "the type of the connector is Email: remove 'sms'"),
        ({"capabilities": SPEC.capabilities | {"social"}}, "the type of the connector is Email: remove 'social'"),
        ({"capabilities": ALL_BUT["config-templates"]}, "the config has templates with a usageType: declare 'config-t"),
        (
            {"capabilities": SPEC.capabilities | {"provider-templates"}},
            (
                "capabilities: declare at most one of config-templates, template-names, provider-templates; "
                "found config-templates and provider-templates."
            ),
        ),
        ({"capabilities": SPEC.capabilities - {"html", "text"}}, "sends: html, text, or both."),
        (
            {"capabilities": SPEC.capabilities - {"i18n-templates"}},
            "'reply-to' requires 'i18n-templates'. Declare both, or remove 'reply-to'.",
        ),
        (
            {"capabilities": SPEC.capabilities - {"i18n-templates", "reply-to", "send-from"}},
            "the connector called get_i18n_email_template: declare 'i18n-templates'.",
        ),
        ({"capabilities": ALL_BUT["send-from"]}, "from the managed template's sendFrom: declare 'send-from'."),
        ({"capabilities": ALL_BUT["reply-to"]}, "with the managed template's replyTo: declare 'reply-to'."),
        ({"capabilities": ALL_BUT["text"]}, "with a plain text body: declare 'text'."),
        ({"capabilities": ALL_BUT["html"]}, "with an HTML body: declare 'html'."),
        (
            {"capabilities": SPEC.capabilities | {"usage"}},
            "the connector does not implement get_usage: remove 'usage'.",
        ),
        ({"connector": Counting}, "the connector implements get_usage: declare 'usage'."),
    ],
)
def test_capabilities_must_match_the_connector(changes: dict[str, Any], words: str) -> None:
    """A missing capability would skip checks without notice, and a wrong one would fail them."""
    assert words in " ".join(spec_errors(evolve(SPEC, **changes)))


CHECKSUM = "#73052846"


class WithChecksum(BaseSes):
    """Accepts only keys that end with a checksum, which no secret has by chance."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Verify the key."""
        if not config.access_key_secret.endswith(CHECKSUM):
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "wrong checksum")
        return super().deliver(config, email)


CHECKED = evolve(
    SPEC, connector=WithChecksum, valid_config={**SPEC.valid_config, "accessKeySecret": f"AbCdEfGh12345678{CHECKSUM}"}
)


def test_rejected_canary_is_named_with_its_form() -> None:
    """An author learns what the suite replaced, and by what."""
    (error,) = spec_errors(CHECKED)
    assert "could not be sent: it raised ConnectorError invalid_config" in error
    assert "The suite had replaced 'accessKeyId' by the prefix 'AKIA' and 16 letters and digits, 'accessKey" in error
    assert "`make_secret`" in error


def test_spec_may_make_secrets_that_a_connector_accepts() -> None:
    """For a form that no variation keeps."""
    made = {"accessKeySecret": lambda: f"{free_text(16)}{CHECKSUM}"}
    assert spec_errors(evolve(CHECKED, make_secret=made)) == ()
    (error,) = spec_errors(evolve(CHECKED, make_secret={"secret": str}))
    assert "make_secret: valid_config has no text at 'secret'" in error


def test_wrong_config_is_not_put_down_to_canaries() -> None:
    """The author's own config is wrong, with or without them."""
    (error,) = spec_errors(evolve(SPEC, valid_config={**SPEC.valid_config, "region": 1}))
    assert "replaced" not in error


def test_spec_without_a_marked_secret_is_reported() -> None:
    """Leaving a secret out is no way around the checks."""
    (error,) = spec_errors(evolve(SPEC, secrets=("accessKeyId",)))
    assert "marks 'accessKeySecret' as a secret, but `secrets` does not name it" in error


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (body_spec(LayoutMail, "subject-prefix"), "adds text to the content 'smoke-content' of a template, found"),
        (body_spec(LayoutMail, "layout"), "found '[Example] smoke-subject': declare 'subject-prefix'."),
        (
            evolve(named_spec(NamedTexts), capabilities={"sms", "config-templates"}),
            "with the name of a template (Message.template): declare 'template-names'.",
        ),
        (
            evolve(FORWARDER, capabilities=frozenset()),
            "that is forwarded (Message.forwarded): declare 'provider-templates'.",
        ),
    ],
)
def test_undeclared_layout_and_undeclared_templates_name_the_capability(spec: Spec, words: str) -> None:
    """The author learns what to declare before any check fails."""
    assert words in " ".join(spec_errors(spec))


def test_connector_without_templates_declares_no_source_of_templates() -> None:
    """Its texts are its own, or Logto manages them."""
    own = [it for it in (*BODIES, *TEXT_MESSAGES) if not it.capabilities & TEMPLATE_SOURCES]
    assert [it.name for it in own] == ["managed-mail", "built-in-mail", "built-in-texts"]
    assert [spec_errors(it) for it in own] == [(), (), ()]
