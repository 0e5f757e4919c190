"""The connector as a check sees it: time limits, threads, and what is told of a call."""

import os
import socket
import threading
import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from attrs import evolve
from hypothesis import strategies as st

from conformance import PROFILES, CheckFailure, Outcome, State, check_connector, spec_of
from conformance.sockets import SocketRefusedError
from conformance.subject import OverdueError, Subject
from connector_kit import Email
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors import RIGHT
from tests.conformance.right_connectors.in_memory import AcmeProvider
from tests.conformance.wrong_connectors import Open

if TYPE_CHECKING:
    from conformance.provider import Call

SPEC = spec_of(Open)
MESSAGE = {"to": "a@b.example", "type": "Generic", "payload": {"code": "123456"}}


def _subject(connector: type[Open] = Open) -> Subject:
    return Subject(evolve(SPEC, connector=connector), PROFILES["dev"])


def test_a_send_that_takes_too_long_is_not_waited_for() -> None:
    """It is overdue, and the check goes on."""
    released = threading.Event()

    class Slow(Open):
        def deliver(self, config: AwsSesConfig, email: Email) -> object:
            released.wait(10)
            return super().deliver(config, email)

    subject = _subject(Slow)
    with subject.provider.running():
        attempt = subject.send(MESSAGE, subject.config, within=0.2)
        released.set()
        subject.finish()
        assert len(subject.provider.calls) == 1, "what it still does, it does to the stub"
    assert isinstance(attempt.error, OverdueError)
    assert attempt.how == "it raised OverdueError, which is no ConnectorError"
    assert 0.2 <= attempt.seconds < 5


def test_messages_are_sent_at_once() -> None:
    """Each in its own thread, all of them under way before the first is done; what each raised comes back in order."""
    meeting = threading.Barrier(8)

    class Meeting(Open):
        def deliver(self, config: AwsSesConfig, email: Email) -> object:
            meeting.wait(10)
            if email.to.startswith("3"):
                raise RuntimeError(email.to)
            return super().deliver(config, email)

    subject = _subject(Meeting)
    with subject.provider.running():
        sends = [({**MESSAGE, "to": f"{number}@b.example"}, subject.config) for number in range(8)]
        errors = subject.send_together(sends, within=20)
        arrived = sorted(call.to[0] for call in subject.provider.calls)
    assert [str(error) for error in errors if error] == ["3@b.example"]
    assert errors[3] is not None
    assert arrived == [f"{number}@b.example" for number in range(8) if number != 3]


def test_the_environment_of_a_stub_holds_while_it_runs() -> None:
    """A variable that was there before is there again afterwards, and one that was not is gone."""

    class Led(SPEC.provider):  # type: ignore[name-defined,misc]  # a class that the Spec holds
        environment = {"CONFORMANCE_TEST_NEW": "new", "CONFORMANCE_TEST_OLD": "other"}  # noqa: RUF012 - as a property

    os.environ["CONFORMANCE_TEST_OLD"] = "old"
    try:
        with Led().running():
            assert os.environ["CONFORMANCE_TEST_NEW"] == "new"
            assert os.environ["CONFORMANCE_TEST_OLD"] == "other"
        assert "CONFORMANCE_TEST_NEW" not in os.environ
        assert os.environ["CONFORMANCE_TEST_OLD"] == "old"
    finally:
        del os.environ["CONFORMANCE_TEST_OLD"]


def test_a_stub_that_hangs_goes_on_when_its_outcome_changes() -> None:
    """Nothing waits for longer than the check that asked for it."""
    provider = SPEC.provider()
    provider.answer_with("hangs")
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


def test_a_provider_without_texts_of_its_own_has_a_transcript() -> None:
    """The message as it arrived, and the name of the outcome."""
    memory = next(spec for spec in RIGHT if spec.name == "acme-sms")
    subject = Subject(memory, PROFILES["dev"])
    with subject.provider.running():
        subject.send({"to": "15550000000", "type": "Generic", "payload": {"code": "1"}}, subject.config)
        (exchange,) = subject.transcript
    assert exchange.request == "to: ('15550000000',)\ntext: 1"
    assert exchange.answer == "accepted"


def test_a_long_transcript_is_cut() -> None:
    """A report shows the first calls, and the beginning of each."""
    subject = _subject()
    with subject.provider.running():
        for _ in range(10):
            subject.send({**MESSAGE, "payload": {"code": "x" * 5000}}, subject.config)
        transcript = subject.transcript
        calls: list[Call] = subject.provider.calls
        assert len(calls) == 10
    assert len(transcript) == 8
    assert all(len(it.request) <= 4001 for it in transcript)


def test_the_wrong_type_of_connector_is_a_failure_of_the_check() -> None:
    """A check about messages has nothing to do with a class that sends none."""
    with pytest.raises(CheckFailure, match="expected a social connector, found Open"):
        _ = _subject().social


def test_the_secrets_of_the_config_are_looked_for_in_every_example() -> None:
    """They are not those of an example that is over, though the first example is the first to need them."""
    subject = Subject(SPEC, PROFILES["dev"])
    found: list[list[str]] = []
    with subject.provider.running():
        subject.for_all(
            lambda _: found.append(subject.canaries.found_in(str(subject.config))), st.integers(), examples=3
        )
    assert len(found) == 3
    assert all("accessKeySecret" in names for names in found)


def test_a_provider_that_declares_no_failure_leaves_the_checks_of_failures_out() -> None:
    """They do not apply, and say who declared it; the others go on, without secrets too."""
    relay = next(spec for spec in RIGHT if spec.name == "relay")

    class Faultless(AcmeProvider):
        outcomes: ClassVar[tuple[Outcome, ...]] = (Outcome("accepted", "accepted", None),)

    report = check_connector(evolve(relay, provider=Faultless, secrets=()), profile=PROFILES["dev"])
    assert [it.id for it in report.errors] == []
    states = {it.id: (it.state, it.message) for it in report.results}
    assert states["delivery.one-call"][0] is State.PASSED
    assert states["operator.words"] == (State.NOT_APPLICABLE, "Faultless declares no outcome that is a failure")
    assert states["secrets.repr"][0] is State.NOT_APPLICABLE


def test_a_stub_without_a_server_lets_no_socket_open() -> None:
    """Its connectors have no business with any."""
    memory = Subject(next(spec for spec in RIGHT if spec.name == "relay"), PROFILES["dev"])
    with memory.provider.running(), socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(SocketRefusedError), socket.socket() as client:
            client.connect(server.getsockname())
        assert len(memory.provider.refused_sockets) == 1


def test_examples_can_be_tried_while_no_stub_runs() -> None:
    """A claim about the class alone needs none; the config, which leads to the stub, is then not made."""
    seen: list[int] = []
    subject = Subject(next(spec for spec in RIGHT if spec.name == "http-forwarder"), PROFILES["dev"])
    subject.for_all(seen.append, st.integers())
    assert seen


def test_a_social_connector_sends_no_messages() -> None:
    """A check about messages says so."""
    with pytest.raises(CheckFailure, match="expected an e-mail or SMS connector, found Badge"):
        _ = Subject(next(spec for spec in RIGHT if spec.name == "badge"), PROFILES["dev"]).connector
