"""Wrong connectors that hang, or raise what could end the suite itself; each must fail one check, and no more."""
# ruff: noqa: D105 - most faults override one method, and use a part of its arguments

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Final

from connector_kit import ConnectorError, ConnectorErrorCodes, Email, Guard, SendMessageData, Sms
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.base import BaseSes, killed_by
from tests.conformance.wrong_connectors.memory import SMS, MemorySms, Request, SmsConfig

_LIMIT: Final = 2.0
"""The step limit of these tests; the faults wait for ever, or for longer than any limit."""

_FOREVER: Final = 3_600.0


class _HandlesFailures(MemorySms):
    """Calls `failed` after a failed request."""

    def call(self, request: Request) -> object:
        try:
            return super().call(request)
        except ConnectorError as error:
            return self.failed(error, request)

    def failed(self, error: ConnectorError, request: Request) -> object:
        """Raise the error: overridden by the faults."""
        raise error


def _on(code: ConnectorErrorCodes, fault: Callable[[], object]) -> type[BaseSes]:
    """Return an SES connector with a fault for one error code."""

    class Faulty(BaseSes):
        """Has a fault after one kind of failure."""

        def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
            failure = super().failure(error, config, email)
            if isinstance(failure, ConnectorError) and failure.code is code:
                fault()
            return failure

    return Faulty


# --- hangs ----------------------------------------------------------------------------------------------------------


@killed_by("errors.network", "still running", spec=SMS, step_seconds=_LIMIT)
class RetriesForever(_HandlesFailures):
    """Retries for as long as the provider is unreachable."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        while error.code is ConnectorErrorCodes.GENERAL:
            time.sleep(0.01)
            try:
                return MemorySms.call(self, request)
            except ConnectorError as again:
                error = again
        raise error


@killed_by("errors.rejection", "still running", spec=SMS, step_seconds=_LIMIT)
class RetriesWhateverItCatches(_HandlesFailures):
    """Catches everything, also what asks it to stop, and tries again."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        while True:
            try:
                return MemorySms.call(self, request)
            except BaseException:  # noqa: BLE001 - the fault
                time.sleep(0.01)


@killed_by("routing.exact-match", "expected the check to end within 2 s", spec=SMS, check_seconds=_LIMIT)
class PausesBeforeEachMessage(MemorySms):
    """Pauses before each message: never for as long as a step may take, but a check never ends."""

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        time.sleep(0.3)
        return super().deliver(config, sms)


@killed_by("errors.throttle", "still running", step_seconds=_LIMIT)
class ObeysAnyRetryAfter(BaseSes):
    """Pauses for an hour after a throttle."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and failure.code is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED:
            time.sleep(_FOREVER)
        return failure


@killed_by("errors.recovery", "still running", spec=SMS, step_seconds=_LIMIT)
class KeepsItsLock(MemorySms):
    """Does not release its lock after a failure."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._lock = threading.Lock()

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        self._lock.acquire()
        result = super().deliver(config, sms)
        self._lock.release()
        return result


@killed_by("isolation.instances", "still running", spec=SMS, step_seconds=_LIMIT)
class NeverReturnsItsSlot(MemorySms):
    """Waits in its constructor for one of four slots of the class; an instance keeps its slot."""

    _slots: ClassVar[threading.Semaphore] = threading.Semaphore(4)

    def __init__(self, **options: Any) -> None:
        self._slots.acquire()
        super().__init__(**options)


@killed_by("config.saved-invalid", "still running", spec=SMS, step_seconds=_LIMIT)
class WaitsForAConfig(MemorySms):
    """Calls get_config until an operator has saved a config."""

    def read_config(self, config: object = None) -> SmsConfig:
        while config is None:
            config = self.get_config(self.metadata.id)
            time.sleep(0 if config else 0.05)
        return super().read_config(config)


class _PatientGuard(Guard[Any]):
    """Searches an invalid config for a valid one, without an end."""

    def validate(self, value: Any) -> Any:
        while not self.is_valid(value):
            value = dict(value) if isinstance(value, Mapping) else {"value": value}
        return super().validate(value)


@killed_by("config.rejects-missing", "still running", spec=SMS, step_seconds=_LIMIT)
class GuardWithoutAnEnd(MemorySms):
    """Has a guard that never ends for an invalid config."""

    config_guard: ClassVar[Guard[Any]] = _PatientGuard(MemorySms.config_guard.schema, SmsConfig)


@killed_by("secrets.repr", "still running", spec=SMS, step_seconds=_LIMIT)
class LocksItsRepr(MemorySms):
    """Takes a lock for its repr that it already holds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        with self._lock:
            return f"<{self._name()}>"

    def _name(self) -> str:
        with self._lock:
            return type(self).__name__


@killed_by("isolation.instances", "still running", spec=SMS, step_seconds=_LIMIT)
class SleepsWhenDeleted(MemorySms):
    """Waits for its provider when it is deleted: once, so that no other test gets its garbage."""

    made: ClassVar[int] = 0
    has_slept: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        type(self).made += 1
        self._is_slow = self.made > 2

    def __del__(self) -> None:
        if self._is_slow and not self.has_slept:
            type(self).has_slept = True
            time.sleep(_FOREVER)


@killed_by("routing.exact-match", "in SleepsInACycle.__del__", spec=SMS, step_seconds=_LIMIT)
class SleepsInACycle(MemorySms):
    """Waits for its provider when the garbage collector deletes it: once, so that no other test gets its garbage.

    It does so only after many sends: the connector that sends the examples lives until the end of the check.
    """

    has_slept: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._sends = 0
        self._itself = self

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        self._sends += 1
        return super().deliver(config, sms)

    def __del__(self) -> None:
        if self._sends > 3 and not self.has_slept:
            type(self).has_slept = True
            time.sleep(_FOREVER)


@killed_by("errors.rejection", "still running", spec=SMS, step_seconds=_LIMIT)
class WaitsForItsOwnPool(_HandlesFailures):
    """Waits, in the only thread of its pool, for a job of that pool."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        pool = ThreadPoolExecutor(1)
        return pool.submit(lambda: pool.submit(lambda: None).result()).result()


class _SlowTextError(RuntimeError):
    def __str__(self) -> str:
        time.sleep(_FOREVER)
        return ""


@killed_by("secrets.failed-send", "still running", spec=SMS, step_seconds=_LIMIT)
class ErrorWithASlowText(_HandlesFailures):
    """Raises an error whose cause asks the provider for its text."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        raise error from _SlowTextError()


# --- what could end the suite ---------------------------------------------------------------------------------------


@killed_by("errors.credentials", "it raised SystemExit")
class ExitsWithoutCredentials(BaseSes):
    """Exits like a script if the provider rejects the credentials."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and failure.code is ConnectorErrorCodes.INVALID_RESPONSE:
            sys.exit("Check the credentials.")
        return failure


@killed_by("errors.rejection", "it raised KeyboardInterrupt", spec=SMS)
class InterruptsOnRejection(_HandlesFailures):
    """Raises KeyboardInterrupt, as if the user had stopped the process."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        raise KeyboardInterrupt


@killed_by("errors.network", "it raised CancelledError", spec=SMS)
class CancelsTheTask(_HandlesFailures):
    """Passes on the cancellation of its own asyncio task, whose time limit has passed."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        async def send() -> None:
            raise asyncio.CancelledError

        return asyncio.run(send())


@killed_by("errors.recovery", "it raised GeneratorExit", spec=SMS)
class ClosesItsGenerator(_HandlesFailures):
    """Raises GeneratorExit for the message after a failure."""

    was_failure = False

    def failed(self, error: ConnectorError, request: Request) -> object:
        self.was_failure = True
        raise error

    def request(self, config: SmsConfig, sms: Sms) -> Request:
        if self.was_failure:
            raise GeneratorExit
        return super().request(config, sms)


@killed_by("errors.concurrent", "SystemExit", spec=SMS)
class ExitsInAThread(_HandlesFailures):
    """Exits for a failure while other messages are being sent."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        if threading.current_thread() is not threading.main_thread():
            sys.exit(3)
        raise error


@killed_by("secrets.repr", "expected no exception; it raised SystemExit", spec=SMS)
class ExitsInItsRepr(MemorySms):
    """Exits in its repr."""

    def __repr__(self) -> str:
        sys.exit(3)


@killed_by("isolation.construction", "expected the constructor to succeed; it raised SystemExit", spec=SMS)
class ExitsInItsConstructor(MemorySms):
    """Exits if an environment variable is missing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if "HOME" not in os.environ:
            sys.exit("Set HOME.")


class _UnprintableError(RuntimeError):
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


@killed_by("errors.rejection", "it raised _UnprintableError", spec=SMS)
class UnprintableError(_HandlesFailures):
    """Raises an error without a text."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        raise _UnprintableError


@killed_by("isolation.construction", "expected the constructor to succeed; it raised _UnprintableError", spec=SMS)
class UnprintableConstructor(MemorySms):
    """Raises an error without a text from its constructor."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if "HOME" not in os.environ:
            raise _UnprintableError


@killed_by("errors.rejection", "it raised RuntimeError", spec=SMS)
class HugeError(_HandlesFailures):
    """Raises an error with a text of 20 million characters."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        raise RuntimeError("x" * 20_000_000)


@killed_by("errors.rejection", "it raised ExceptionGroup", spec=SMS)
class GroupOfErrors(_HandlesFailures):
    """Raises the right error inside an exception group."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        raise ExceptionGroup("sends", [error])


@killed_by("errors.rejection", "it raised BaseExceptionGroup", spec=SMS)
class GroupWithAnInterrupt(_HandlesFailures):
    """Raises a group with a KeyboardInterrupt, as a task group does."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        raise BaseExceptionGroup("tasks", [error, KeyboardInterrupt()])


@killed_by("errors.rejection", "it raised RecursionError", spec=SMS)
class RecursesWithoutAnEnd(_HandlesFailures):
    """Handles the failure of its own handling."""

    def failed(self, error: ConnectorError, request: Request) -> object:
        return self.failed(error, request)


@killed_by("delivery.message-data-object", "returned a coroutine", spec=SMS)
class AsynchronousForObjects(MemorySms):
    """Returns a coroutine for a message that is an object; nothing awaits it."""

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        if not isinstance(data, SendMessageData):
            return super().send_message(data, config)

        async def send() -> object:
            return MemorySms.send_message(self, data, config)

        return send()
