"""Usage: the number of messages sent, as get_usage returns it."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

from conformance.harness.expectations import expect_equal
from conformance.harness.harness import Harness
from conformance.harness.values import show
from conformance.providers.base import Outcome
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connector import MessageConnector

Json = Any

_REJECTIONS: Final = 3
_SEVERAL_PAGES: Final = 60
"""More messages than most providers list on a page."""

_OFFSETS: Final = (-12, -5, 5.5, 14)


def _connector(harness: Harness) -> MessageConnector[Any, Any]:
    """Make a connector whose saved config is the author's: get_usage reads no other config."""
    made: MessageConnector[Any, Any] = harness.make(get_config=lambda _: harness.config)
    return made


def _usage(harness: Harness, connector: MessageConnector[Any, Any], start_from: datetime | None) -> int:
    """Return the usage, and expect it to be a whole number."""
    attempt = harness.attempt(partial(connector.get_usage, start_from))
    if attempt.error is not None:
        raise CheckFailure(f"expected get_usage to return a number; {attempt.summary}") from attempt.error
    usage = attempt.result
    if not isinstance(usage, int) or isinstance(usage, bool) or usage < 0:
        raise CheckFailure(f"expected get_usage to return a whole number from 0 on, found {show(usage)}")
    return usage


@check("usage.count", clause="U1", needs=("usage",), covers=("call of get_usage",), is_smoke=True)
def count(harness: Harness) -> None:
    """The connector returns the usage as a whole number, with or without a start time, and sends no message for it."""
    connector = _connector(harness)

    def verify(start: datetime | None) -> None:
        _usage(harness, connector, start)
        sent = [call for call in harness.provider.calls if call.to]
        expect(not sent, f"expected get_usage to send no message, found {len(sent)}")
        harness.coverage.add("call of get_usage")

    times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
    harness.for_all(verify, st.none() | times)


@check("usage.increases", clause="U2", needs=("usage",), covers=("sent messages", "future start time"))
def increases(harness: Harness) -> None:
    """The usage increases by one for each accepted message and not for rejected ones; from a future time on, it is 0."""
    connector = _connector(harness)
    rejections = [it for it in harness.provider.outcomes if it.family == "rejection" and not (it.echoes or it.hangs)]

    def verify(messages: list[Json]) -> None:
        start = datetime.now(UTC) - timedelta(minutes=5)
        before = _usage(harness, connector, start)
        for message in messages:
            harness.deliver(message, harness.config)
        for rejection in rejections[:_REJECTIONS]:
            harness.provider.respond_with(rejection.name)
            harness.send(messages[0], harness.config)
            harness.provider.respond_with("accepted")
        increase = _usage(harness, connector, start) - before
        expect_equal("the usage to increase by", len(messages), increase)
        harness.coverage.add("sent messages")
        usage = _usage(harness, connector, datetime.now(UTC) + timedelta(days=2))
        expect_equal("the usage from the day after tomorrow on to be", 0, usage)
        harness.coverage.add("future start time")

    harness.for_all(verify, st.lists(harness.messages(), min_size=1, max_size=3), examples=10)
    harness.for_all(verify, harness.messages().map(_several_pages), examples=1)


def _several_pages(message: Json) -> list[Json]:
    """Return more messages than a page lists, each with its own code: a provider may drop what it has received before."""
    payload = message["payload"]
    return [{**message, "payload": {**payload, "code": f"{index:06}"}} for index in range(_SEVERAL_PAGES)]


@check("usage.start-time", clause="U5", needs=("usage",), covers=("sent messages",))
def start_time(harness: Harness) -> None:
    """The usage from a point in time does not depend on the time zone in which it is given; an earlier one gives no less."""
    connector = _connector(harness)

    def verify(messages: list[Json]) -> None:
        for message in messages:
            harness.deliver(message, harness.config)
        start = datetime.now(UTC) - timedelta(minutes=5)
        expected = _usage(harness, connector, start)
        for hours in _OFFSETS:
            found = _usage(harness, connector, start.astimezone(timezone(timedelta(hours=hours))))
            expect_equal(f"the usage from the same time, given in the time zone UTC{hours:+}, to be", expected, found)
        for days in (1, 40, 4000):
            found = _usage(harness, connector, start - timedelta(days=days))
            expect(found >= expected, f"expected at least {expected} from {days} days earlier on, found {found}")
        harness.coverage.add("sent messages")

    harness.for_all(verify, st.lists(harness.messages(), min_size=1, max_size=3), examples=3)


@check("usage.error", clause="U3", needs=("usage",), covers=("failing provider",))
def error(harness: Harness) -> None:
    """The connector raises a ConnectorError from get_usage if the provider does not return the usage."""
    connector = _connector(harness)

    def verify(outcome: Outcome) -> None:
        harness.provider.respond_with(outcome.name)
        attempt = harness.attempt(connector.get_usage)
        if attempt.error is None:
            return  # an outcome of a send need not apply to a request for the usage: only the stub knows
        expect(
            isinstance(attempt.error, ConnectorError),
            f"expected a ConnectorError if the provider responds with {outcome.name!r}; {attempt.summary}",
        )
        harness.coverage.add("failing provider")

    for outcome in harness.provider.outcomes:
        if outcome.family not in {"accepted", "throttle"} and not (outcome.hangs or outcome.echoes):
            harness.for_all(verify, st.just(outcome), examples=1)


@check("usage.not-implemented", clause="U4", covers=("call of get_usage",), is_smoke=True)
def not_implemented(harness: Harness) -> None:
    """A connector without the capability usage raises not_implemented from get_usage, which Logto answers with 501."""
    if "usage" in harness.spec.capabilities:
        raise NotApplicable("the Spec declares the capability usage")
    connector = _connector(harness)

    def verify(start: datetime | None) -> None:
        attempt = harness.attempt(partial(connector.get_usage, start))
        found = f"it returned {show(attempt.result)}" if attempt.error is None else attempt.summary
        expected = ConnectorErrorCodes.NOT_IMPLEMENTED
        expect(
            attempt.code is expected, f"expected {expected}, as the Spec does not declare the capability usage; {found}"
        )
        harness.coverage.add("call of get_usage")

    harness.for_each(verify, (None, datetime(2026, 1, 1, tzinfo=UTC)))
