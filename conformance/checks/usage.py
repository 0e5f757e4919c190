"""Usage: how many messages were sent, for connectors that can tell it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from conformance.provider import Outcome
from conformance.registry import CheckFailure, NotApplicable, check, expect
from conformance.subject import Subject
from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connector import MessageConnector

Json = Any


def _connector(subject: Subject) -> MessageConnector[Any, Any]:
    """Make a connector whose saved config is the author's: ``get_usage`` takes no other."""
    made: MessageConnector[Any, Any] = subject.make(get_config=lambda _: subject.config)
    return made


def _usage(connector: MessageConnector[Any, Any], start_from: datetime | None = None) -> int:
    """Ask for the usage, which must be a whole number."""
    try:
        told: object = connector.get_usage(start_from)
    except Exception as error:
        kind = f"ConnectorError {error.code}" if isinstance(error, ConnectorError) else type(error).__name__
        raise CheckFailure(f"expected get_usage to return a number; it raised {kind}") from error
    if not isinstance(told, int) or isinstance(told, bool) or told < 0:
        raise CheckFailure(f"expected a whole number from 0 as the usage, found {told!r}")
    return told


@check("usage.number", clause="U1", needs=("usage",), sees=("asked",))
def number(subject: Subject) -> None:
    """The usage is a whole number from 0, since any moment or none, and asking for it sends nothing."""
    connector = _connector(subject)

    def claim(start: datetime | None) -> None:
        _usage(connector, start)
        sent = [call for call in subject.provider.calls if call.to]
        expect(not sent, f"expected get_usage to send nothing, found {len(sent)} message(s)")
        subject.ledger.saw("asked")

    moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
    subject.for_all(claim, st.none() | moments)


@check("usage.grows", clause="U2", needs=("usage",), sees=("grown", "future"))
def grows(subject: Subject) -> None:
    """The usage grows by each message that was accepted, by none that was refused, and is 0 since a later moment."""
    connector = _connector(subject)
    refusals = [it for it in subject.provider.outcomes if it.family == "refusal" and not (it.echoes or it.hangs)]

    def claim(messages: list[Json]) -> None:
        start = datetime.now(UTC) - timedelta(minutes=5)
        before = _usage(connector, start)
        for message in messages:
            subject.deliver(message, subject.config)
        for refusal in refusals[:1]:
            subject.provider.answer_with(refusal.name)
            subject.send(messages[0], subject.config)
            subject.provider.answer_with("accepted")
        grown = _usage(connector, start) - before
        expect(grown == len(messages), f"expected the usage to grow by {len(messages)} messages, found {grown}")
        subject.ledger.saw("grown")
        future = _usage(connector, datetime.now(UTC) + timedelta(days=2))
        expect(future == 0, f"expected a usage of 0 since the day after tomorrow, found {future}")
        subject.ledger.saw("future")

    subject.for_all(claim, st.lists(subject.messages(), min_size=1, max_size=3), examples=10)


@check("usage.failure", clause="U3", needs=("usage",), sees=("failed",))
def failure(subject: Subject) -> None:
    """Where the provider does not tell the usage, asking for it fails with a ConnectorError."""
    connector = _connector(subject)

    def claim(outcome: Outcome) -> None:
        subject.provider.answer_with(outcome.name)
        try:
            connector.get_usage()
        except ConnectorError:
            subject.ledger.saw("failed")
        except Exception as error:
            raise CheckFailure(
                f"expected a ConnectorError when the provider answers {outcome.name!r}; it raised {type(error).__name__}",
            ) from error

    for outcome in subject.provider.outcomes:  # which of them concern requests for the usage, only the stub knows
        if outcome.family not in {"accepted", "throttle"} and not (outcome.hangs or outcome.echoes):
            subject.for_all(claim, st.just(outcome), examples=1)


@check("usage.absent", clause="U4", sees=("asked",))
def absent(subject: Subject) -> None:
    """A connector that cannot tell its usage says so: not_implemented, which Logto answers with 501."""
    if "usage" in subject.spec.capabilities:
        raise NotApplicable("the Spec declares the capability usage")
    connector = _connector(subject)

    def claim(start: datetime | None) -> None:
        try:
            found = f"a usage of {connector.get_usage(start)!r}"
        except ConnectorError as error:
            found = str(error.code)
        wanted = str(ConnectorErrorCodes.NOT_IMPLEMENTED)
        expect(found == wanted, f"expected {wanted} from a connector that declares no usage, found {found}")
        subject.ledger.saw("asked")

    subject.for_each(claim, (None, datetime(2026, 1, 1, tzinfo=UTC)))
