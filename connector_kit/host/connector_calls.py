"""Connector calls: each runs in one of a fixed number of slots, and the request is answered by its deadline."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from threading import Condition, Thread
from typing import Any, Final, Generic, TypeVar

from attrs import evolve, field, frozen
from starlette.responses import Response

from connector_kit.host.hosted_connector import HostedConnector, Outcome, error_details
from connector_kit.host.logs import describe_exception, log_event
from connector_kit.host.metrics import Metrics
from connector_kit.host.request_context import RequestContext
from connector_kit.host.responses import RETRY_AFTER_SECONDS, HostError, JsonResponse, connector_error_response

T = TypeVar("T")


@frozen
class Answer:
    """How a connector call ended: for the client, for the log, and for the metrics.

    Args:
        outcome: ``sent`` or ``ok``, the code of the error, or ``internal``.
        response: the response; ``None`` if the connector crashed.
        details: what the log reports about a failed call.
        log: more fields of the request's log line.
    """

    outcome: str
    response: Response | None
    details: Mapping[str, Any] = field(factory=dict)
    log: Mapping[str, Any] = field(factory=dict)


_CRASHED: Final = Answer("internal", None)


@frozen
class ConnectorCall:
    """One request's call of a connector.

    Args:
        connector: the connector.
        context: the request's context.
        body: the request's body as JSON, not yet validated.
        redactor: makes a function that removes the request's secrets from a text.
        message_type: the type of the message to send; ``None`` for a call that sends none.
        social_call: the last part of the route, for calls of social connectors.
        members: returns the members of the response's body from the result of the call.
        with_issues: list what is wrong with the config or the request, if that is why the call fails.
    """

    connector: HostedConnector
    context: RequestContext
    body: Any = field(repr=False)
    redactor: Callable[[], Callable[[str], str]] = field(repr=False)
    message_type: str | None = None
    social_call: str | None = None
    members: Callable[[Any], Mapping[str, object]] = lambda _: {}
    with_issues: bool = True

    @property
    def is_sign_in(self) -> bool:
        """Whether it is a call of a social connector."""
        return self.social_call is not None

    def answer(self, function: Callable[[HostedConnector, Any], Outcome]) -> Answer:
        """Call a method of the connector, and make the response: not in the event loop, because both take time."""
        redact = self.redactor()  # before the call: the connector may change its config
        outcome = function(self.connector, self.body)
        if outcome.crash is not None:
            return evolve(_CRASHED, details=outcome.crash)
        request_id = self.context.request_id
        if outcome.host_code is not None:
            return Answer(
                outcome.host_code, HostError(outcome.host_code).response(request_id), log={"code": outcome.host_code}
            )
        if outcome.error is not None:
            response = connector_error_response(
                outcome.error, request_id, redact, with_issues=self.with_issues, is_sign_in=self.is_sign_in
            )
            code = str(outcome.error.code)
            return Answer(code, response, error_details(outcome.error, redact), {"code": code})
        log = {"result": redact(outcome.result)} if isinstance(outcome.result, str) else {}
        response = JsonResponse({**self.members(outcome.result), "requestId": request_id})
        return Answer("ok" if self.is_sign_in else "sent", response, log=log)


class ConnectorCalls:
    """Runs the connector calls of one application.

    Args:
        slots: how many calls run at the same time.
    """

    def __init__(self, slots: int) -> None:
        self.slots = Slots(slots)
        self.metrics = Metrics(slots, lambda: self.slots.busy)

    async def run(self, call: ConnectorCall, function: Callable[[HostedConnector, Any], Outcome]) -> Response:
        """Run a call in a slot until it ends or the request's deadline passes, and return the response.

        Args:
            call: the call.
            function: a method of `HostedConnector`, called with the request's body.

        Raises:
            HostError: ``busy``, if no slot is free; ``timed_out`` at the deadline, while the call continues;
                ``internal``, if the connector crashed.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            running = self.slots.start(lambda: call.answer(function))
        except SlotsFullError:
            raise HostError("busy", {"Retry-After": str(RETRY_AFTER_SECONDS)}, is_sign_in=call.is_sign_in) from None
        if call.message_type is not None or call.is_sign_in:
            running.future.add_done_callback(lambda _: self._record(call, running, loop.time() - started))
        remaining = max(call.context.deadline - loop.time(), 0)
        done, _ = await asyncio.wait([asyncio.wrap_future(running.future)], timeout=remaining)
        if not done:
            self.slots.abandon(running)
            raise HostError("timed_out", is_sign_in=call.is_sign_in)
        answer = _answer_of(running)
        call.context.log_line.add(**answer.details, **answer.log)
        if answer.response is None:
            raise HostError("internal")
        return answer.response

    def _record(self, call: ConnectorCall, running: "SlotCall[Answer]", seconds: float) -> None:
        answer = _answer_of(running)
        if call.social_call is not None:
            self.metrics.count_social_call(call.connector.id, call.social_call, answer.outcome, seconds)
        else:
            self.metrics.count_send(call.connector.id, str(call.message_type), answer.outcome, seconds)
        if running.is_abandoned:
            log_event(
                "late",
                request_id=call.context.request_id,
                connector=call.connector.id,
                code=answer.outcome,
                ms=round(seconds * 1000, 1),
                **answer.details,
            )


def _answer_of(ended: "SlotCall[Answer]") -> Answer:
    """Return the answer of a call that has ended; an exception of the host's own code counts as a crash."""
    error = ended.future.exception()
    return ended.future.result() if error is None else evolve(_CRASHED, details=describe_exception(error))


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
            function: what to call; its exception becomes that of the call's future.

        Raises:
            SlotsFullError: no slot is free, or the system has no thread for one.
        """
        call = SlotCall[T]()
        run = copy_context().run
        thread = Thread(target=lambda: self._run(call, partial(run, function)), name="connector call", daemon=True)
        with self._changed:
            if self._busy >= self.count:
                raise SlotsFullError
            self._busy += 1
            self._unfinished += 1
        try:
            thread.start()  # without the lock: it waits for the new thread
        except RuntimeError:  # "can't start new thread"
            with self._changed:
                self._busy -= 1
                self._unfinished -= 1
                self._changed.notify_all()
            raise SlotsFullError from None
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

    def _run(self, call: SlotCall[T], function: Callable[[], T]) -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - a slot must be free again after any exception
            self._finish(call, partial(call.future.set_exception, error))
        else:
            self._finish(call, partial(call.future.set_result, result))

    def _finish(self, call: SlotCall[T], settle: Callable[[], None]) -> None:
        # Free the slot first: a client that sends one message after another must find a free one.
        with self._changed:
            self._busy -= 1
            self._abandoned -= call.is_abandoned
            call.is_ended = True
        settle()
        with self._changed:
            self._unfinished -= 1
            self._changed.notify_all()
