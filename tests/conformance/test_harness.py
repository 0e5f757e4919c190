"""The harness: time limits, threads, transcripts and the environment of a stub."""

import os
import socket
import threading
import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from attrs import evolve
from hypothesis import strategies as st

from conformance import PROFILES, CheckFailure, Outcome, State, check_connector, spec_of
from conformance.harness.attempt import OverdueError
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.providers.sockets import SocketBlockedError
from connector_kit import Email
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors import RIGHT
from tests.conformance.right_connectors.in_memory import AcmeProvider
from tests.conformance.wrong_connectors import BaseSes

if TYPE_CHECKING:
    from conformance.providers.base import Call

OPTIONS = SearchOptions(PROFILES["dev"])
SPEC = spec_of(BaseSes)
MESSAGE = {"to": "a@b.example", "type": "Generic", "payload": {"code": "123456"}}


def _harness(connector: type[BaseSes] = BaseSes) -> Harness:
    return Harness(evolve(SPEC, connector=connector), OPTIONS)


def test_send_beyond_its_time_limit_is_overdue() -> None:
    """The check continues, and the send still talks to the stub."""
    released = threading.Event()

    class Slow(BaseSes):
        def deliver(self, config: AwsSesConfig, email: Email) -> object:
            released.wait(10)
            return super().deliver(config, email)

    harness = _harness(Slow)
    with harness.provider.running():
        attempt = harness.send(MESSAGE, harness.config, within=0.2)
        released.set()
        harness.finish()
        assert len(harness.provider.calls) == 1, "the overdue send must reach the stub"
    assert isinstance(attempt.error, OverdueError)
    assert attempt.summary.startswith("it did not return within 0.2 s: it was still running in test_send_beyond")
    assert "Slow.deliver (tests/conformance/test_harness.py line " in attempt.summary
    assert attempt.summary_with_text == attempt.summary
    assert 0.2 <= attempt.seconds < 5


def test_messages_are_sent_at_the_same_time() -> None:
    """Each has a thread of its own; the exceptions are returned in the order of the messages."""
    meeting = threading.Barrier(8)

    class Meeting(BaseSes):
        def deliver(self, config: AwsSesConfig, email: Email) -> object:
            meeting.wait(10)
            if email.to.startswith("3"):
                raise RuntimeError(email.to)
            return super().deliver(config, email)

    harness = _harness(Meeting)
    with harness.provider.running():
        sends = [({**MESSAGE, "to": f"{number}@b.example"}, harness.config) for number in range(8)]
        errors = harness.send_together(sends, within=20)
        arrived = sorted(call.to[0] for call in harness.provider.calls)
    assert [str(error) for error in errors if error] == ["3@b.example"]
    assert errors[3] is not None
    assert arrived == [f"{number}@b.example" for number in range(8) if number != 3]


def test_environment_of_a_stub_is_restored() -> None:
    """Afterwards, old variables have their values again, and new ones are removed."""

    class WithEnvironment(SPEC.provider):  # type: ignore[name-defined,misc]  # a class that the Spec holds
        environment = {"CONFORMANCE_TEST_NEW": "new", "CONFORMANCE_TEST_OLD": "other"}  # noqa: RUF012 - as a property

    os.environ["CONFORMANCE_TEST_OLD"] = "old"
    try:
        with WithEnvironment().running():
            assert os.environ["CONFORMANCE_TEST_NEW"] == "new"
            assert os.environ["CONFORMANCE_TEST_OLD"] == "other"
        assert "CONFORMANCE_TEST_NEW" not in os.environ
        assert os.environ["CONFORMANCE_TEST_OLD"] == "old"
    finally:
        del os.environ["CONFORMANCE_TEST_OLD"]


def test_hanging_stub_continues_when_its_outcome_changes() -> None:
    """So no thread waits longer than the check."""
    provider = SPEC.provider()
    provider.respond_with("hangs")
    ended: list[float] = []

    def hang() -> None:
        provider.hang()
        ended.append(time.monotonic())

    thread = threading.Thread(target=hang)
    thread.start()
    time.sleep(0.1)
    assert ended == []
    provider.reset()
    thread.join(5)
    assert len(ended) == 1


def test_transcript_of_calls_without_text_shows_the_message() -> None:
    """Some stubs do not format their exchanges: the report shows the message and the name of the outcome."""
    memory = next(spec for spec in RIGHT if spec.name == "acme-sms")
    harness = Harness(memory, OPTIONS)
    with harness.provider.running():
        harness.send({"to": "15550000000", "type": "Generic", "payload": {"code": "1"}}, harness.config)
        (exchange,) = harness.transcript
    assert exchange.request == "to: ('15550000000',)\ntext: 1"
    assert exchange.response == "accepted"


def test_long_transcript_is_cut() -> None:
    """A report shows the first calls, and the start of each."""
    harness = _harness()
    with harness.provider.running():
        for _ in range(10):
            harness.send({**MESSAGE, "payload": {"code": "x" * 5000}}, harness.config)
        transcript = harness.transcript
        calls: list[Call] = harness.provider.calls
        assert len(calls) == 10
    assert len(transcript) == 8
    assert all(len(it.request) <= 4001 for it in transcript)


def test_social_connector_is_required_for_a_sign_in() -> None:
    """Other types fail the check, with the name of the class."""
    with pytest.raises(CheckFailure, match="expected a social connector, found BaseSes"):
        _ = _harness().social


def test_config_secrets_are_searched_for_in_every_example() -> None:
    """They belong to all examples, also if the first example is the first to use the config."""
    harness = Harness(SPEC, OPTIONS)
    found: list[list[str]] = []
    with harness.provider.running():
        harness.for_all(
            lambda _: found.append(harness.canaries.found_in(str(harness.config))), st.integers(), examples=3
        )
    assert len(found) == 3
    assert all("accessKeySecret" in names for names in found)


def test_checks_of_failures_do_not_apply_to_a_provider_without_failures() -> None:
    """The message names the provider; the other checks run, also if there are no secrets."""
    relay = next(spec for spec in RIGHT if spec.name == "relay")

    class WithoutFailures(AcmeProvider):
        outcomes: ClassVar[tuple[Outcome, ...]] = (Outcome("accepted", "accepted", None),)

    report = check_connector(evolve(relay, provider=WithoutFailures, secrets=()), profile=PROFILES["dev"])
    assert [it.id for it in report.errors] == []
    states = {it.id: (it.state, it.message) for it in report.results}
    assert states["delivery.one-call"][0] is State.PASSED
    assert states["operator.error-message"] == (
        State.NOT_APPLICABLE,
        "WithoutFailures declares no outcome that is a failure",
    )
    assert states["secrets.repr"][0] is State.NOT_APPLICABLE


def test_stub_without_a_server_blocks_every_socket() -> None:
    """A connector that is tested without a server needs none."""
    memory = Harness(next(spec for spec in RIGHT if spec.name == "relay"), OPTIONS)
    with memory.provider.running(), socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(SocketBlockedError), socket.socket() as client:
            client.connect(server.getsockname())
        assert len(memory.provider.blocked_sockets) == 1


def test_examples_run_without_a_running_stub() -> None:
    """A property of the class needs none; the config, which has the address of the stub, is not made then."""
    seen: list[int] = []
    harness = Harness(next(spec for spec in RIGHT if spec.name == "http-forwarder"), OPTIONS)
    harness.for_all(seen.append, st.integers())
    assert seen


def test_message_connector_is_required_for_a_send() -> None:
    """Other types fail the check, with the name of the class."""
    with pytest.raises(CheckFailure, match="expected an e-mail or SMS connector, found Badge"):
        _ = Harness(next(spec for spec in RIGHT if spec.name == "badge"), OPTIONS).connector
