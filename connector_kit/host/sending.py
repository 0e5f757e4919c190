"""Calling connectors: in a slot, within the deadline, and an identical send once."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from connector_kit.host.answers import RETRY_AFTER_SECONDS, HostError
from connector_kit.host.duplicates import RecentSends
from connector_kit.host.exchange import Exchange
from connector_kit.host.hosted import Outcome, error_details
from connector_kit.host.logs import log_event
from connector_kit.host.metrics import Metrics
from connector_kit.host.pool import Job, PoolFullError, SlotPool
from connector_kit.host.redaction import Redactor
from connector_kit.host.settings import HostSettings


@frozen
class Send:
    """One message on its way to a connector, as far as the log and the metrics need to know.

    Args:
        connector: its id.
        message_type: what the message is for.
        redact: takes the secrets of this request out of a text.
    """

    connector: str
    message_type: str
    redact: Redactor = field(repr=False)


def details(outcome: Outcome, redact: Redactor) -> Mapping[str, Any]:
    """Return what the log says of a call that failed."""
    if outcome.fault is not None:
        return outcome.fault
    return {} if outcome.error is None else error_details(outcome.error, redact)


class Caller:
    """Calls connectors for all requests of one application.

    Args:
        settings: of the host.
    """

    def __init__(self, settings: HostSettings) -> None:
        self.pool = SlotPool(settings.slots)
        self.recent: RecentSends[Job[Outcome]] = RecentSends(settings.deduplicate_seconds)
        self.metrics = Metrics(settings.slots, lambda: self.pool.busy)

    def submit(self, call: Callable[[], Outcome]) -> Job[Outcome]:
        """Start a call in a free slot.

        Raises:
            HostError: ``busy``, where there is none.
        """
        try:
            return self.pool.submit(call)
        except PoolFullError:
            raise HostError("busy", {"Retry-After": str(RETRY_AFTER_SECONDS)}) from None

    async def send(self, exchange: Exchange, send: Send, call: Callable[[], Outcome], digest: bytes | None) -> Outcome:
        """Run a send, or join the identical one that runs or has run lately.

        Raises:
            HostError: ``busy`` or ``timed_out``.
        """
        job = self.recent.find(digest)
        if job is not None:
            exchange.line.note(deduplicated=True)
            return await self.wait(exchange, job)
        loop = asyncio.get_running_loop()
        started = loop.time()
        job = self.submit(call)
        self.recent.remember(digest, job)

        def ended(future: Any) -> None:  # noqa: ANN401 - the job's own future
            outcome: Outcome = future.result()
            if outcome.code != "sent":
                self.recent.forget(digest, job)
            self.metrics.sent(send.connector, send.message_type, outcome.code, loop.time() - started)
            if job.abandoned:
                log_event(
                    "late",
                    request_id=exchange.request_id,
                    connector=send.connector,
                    code=outcome.code,
                    ms=round((loop.time() - started) * 1000, 1),
                    **details(outcome, send.redact),
                )

        job.future.add_done_callback(ended)
        return await self.wait(exchange, job)

    async def wait(self, exchange: Exchange, job: Job[Outcome]) -> Outcome:
        """Wait for a call until the request has to be answered.

        Raises:
            HostError: ``timed_out``; the call goes on.
        """
        left = exchange.ends - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait([asyncio.wrap_future(job.future)], timeout=max(left, 0))
        if not done:
            self.pool.abandon(job)
            raise HostError("timed_out")
        return done.pop().result()
