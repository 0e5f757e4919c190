"""Connector calls: each runs in one of a fixed number of slots, and the request is answered by its deadline."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from threading import Condition, Thread
from typing import Any, Generic, TypeVar

from attrs import field, frozen
from starlette.responses import Response

from connector_kit.host.hosted_connector import HostedConnector, Outcome, error_details
from connector_kit.host.logs import log_event
from connector_kit.host.metrics import Metrics
from connector_kit.host.request_context import RequestContext
from connector_kit.host.responses import RETRY_AFTER_SECONDS, HostError, JsonResponse, connector_error_response

T = TypeVar("T")


@frozen
class ConnectorCall:
    """One request's call of a connector.

    Args:
        connector: the connector.
        context: the request's context.
        body: the request's body as JSON, not yet validated.
        redact: removes the request's secrets from a text.
        message_type: the type of the message to send; ``None`` for a call that sends none.
    """

    connector: HostedConnector
    context: RequestContext
    body: Any = field(repr=False)
    redact: Callable[[str], str] = field(repr=False)
    message_type: str | None = None

    def log_details(self, outcome: Outcome) -> Mapping[str, Any]:
        """Return what the log reports about a failed call."""
        if outcome.crash is not None:
            return outcome.crash
        return {} if outcome.error is None else error_details(outcome.error, self.redact)

    def respond(self, outcome: Outcome, *, with_issues: bool = True, **members: object) -> Response:
        """Return the response, and add the outcome to the log line.

        Args:
            outcome: how the call ended.
            with_issues: list what is wrong with the config or the request, if that is why the call failed.
            **members: of the body, if the call succeeded.

        Raises:
            HostError: ``internal``, if the connector crashed.
        """
        line = self.context.log_line
        line.add(**self.log_details(outcome))
        if outcome.crash is not None:
            raise HostError("internal")
        if outcome.error is not None:
            line.add(code=outcome.code)
            return connector_error_response(
                outcome.error, self.context.request_id, self.redact, with_issues=with_issues
            )
        if isinstance(outcome.result, str):
            line.add(result=self.redact(outcome.result))
        return JsonResponse({**members, "requestId": self.context.request_id})


class ConnectorCalls:
    """Runs the connector calls of one application.

    Args:
        slots: how many calls run at the same time.
    """

    def __init__(self, slots: int) -> None:
        self.slots = Slots(slots)
        self.metrics = Metrics(slots, lambda: self.slots.busy)

    async def run(self, call: ConnectorCall, function: Callable[[HostedConnector, Any], Outcome]) -> Outcome:
        """Run a call in a slot until it ends or the request's deadline passes.

        Args:
            call: the call.
            function: a method of `HostedConnector`, called with the request's body.

        Raises:
            HostError: ``busy``, if no slot is free; ``timed_out`` at the deadline, while the call continues.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            running = self.slots.start(lambda: function(call.connector, call.body))
        except SlotsFullError:
            raise HostError("busy", {"Retry-After": str(RETRY_AFTER_SECONDS)}) from None
        if call.message_type is not None:
            running.future.add_done_callback(lambda _: self._record(call, running, loop.time() - started))
        remaining = max(call.context.deadline - loop.time(), 0)
        done, _ = await asyncio.wait([asyncio.wrap_future(running.future)], timeout=remaining)
        if not done:
            self.slots.abandon(running)
            raise HostError("timed_out")
        return done.pop().result()

    def _record(self, call: ConnectorCall, running: "SlotCall[Outcome]", seconds: float) -> None:
        outcome = running.future.result()
        self.metrics.count_send(call.connector.id, str(call.message_type), outcome.code, seconds)
        if running.is_abandoned:
            log_event(
                "late",
                request_id=call.context.request_id,
                connector=call.connector.id,
                code=outcome.code,
                ms=round(seconds * 1000, 1),
                **call.log_details(outcome),
            )


# --- slots ---


class SlotsFullError(Exception):
    """Every slot is busy."""


class SlotCall(Generic[T]):
    """A call in a slot. It continues there even if the request has already been answered."""

    def __init__(self) -> None:
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()  # a running call cannot be cancelled
        self.is_ended = False
        self.is_abandoned = False


class Slots:
    """Runs calls in threads, as many at the same time as there are slots, without a queue.

    Each call has its own daemon thread, so a provider that never responds cannot keep the process from ending. The
    executors of the standard library wait for their threads.

    Args:
        count: the number of slots.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._changed = Condition()
        self._busy = 0
        self._unfinished = 0
        self._abandoned = 0

    @property
    def busy(self) -> int:
        """How many slots are busy."""
        return self._busy

    @property
    def is_stuck(self) -> bool:
        """Whether every slot is busy with an abandoned call."""
        return self._abandoned >= self.count

    def start(self, function: Callable[[], T]) -> SlotCall[T]:
        """Start a call in a free slot, with a copy of the current context variables.

        Args:
            function: what to call; it must not raise.

        Raises:
            SlotsFullError: no slot is free.
        """
        call = SlotCall[T]()
        run = copy_context().run
        thread = Thread(target=lambda: self._finish(call, run(function)), name="connector call", daemon=True)
        with self._changed:
            if self._busy >= self.count:
                raise SlotsFullError
            thread.start()
            self._busy += 1
            self._unfinished += 1
        return call

    def abandon(self, call: SlotCall[T]) -> None:
        """Record that the request is answered without the call's result. The slot stays busy until the call ends."""
        with self._changed:
            if not call.is_abandoned and not call.is_ended:
                call.is_abandoned = True
                self._abandoned += 1

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until all calls and their callbacks have ended, up to a time limit; return whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unfinished == 0, seconds)

    def _finish(self, call: SlotCall[T], result: T) -> None:
        # Free the slot first: a client that sends one message after another must find a free one.
        with self._changed:
            self._busy -= 1
            self._abandoned -= call.is_abandoned
            call.is_ended = True
        call.future.set_result(result)
        with self._changed:
            self._unfinished -= 1
            self._changed.notify_all()
