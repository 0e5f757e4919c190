"""Right connectors that do not hang, although they wait: slow sends, a pool of their own, exceptions of their own."""

import asyncio
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar

from attrs import evolve

from conformance import Spec
from connector_kit import ConnectorError, ConnectorErrorCodes, ConnectorMetadata, Sms
from tests.conformance.wrong_connectors.memory import SMS, MemorySms, Request, SmsConfig


def _named(name: str) -> ConnectorMetadata:
    return evolve(MemorySms.metadata, id=name)


class SlowSms(MemorySms):
    """Waits for a slow provider, within the limits: longer after a failure, before it gives up."""

    metadata: ClassVar[ConnectorMetadata] = _named("slow-sms")

    def call(self, request: Request) -> object:
        """Send it, and pause."""
        try:
            return super().call(request)
        except ConnectorError:
            time.sleep(0.005)
            raise
        finally:
            time.sleep(0.001)


class PooledSms(MemorySms):
    """Sends in the threads of a pool that all its instances share, one message at a time for each thread."""

    metadata: ClassVar[ConnectorMetadata] = _named("pooled-sms")
    _pool: ClassVar[ThreadPoolExecutor] = ThreadPoolExecutor(4, "pooled-sms")

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        """Send it in the pool, and wait for the result for a limited time."""
        sent: Future[object] = self._pool.submit(super().deliver, config, sms)
        try:
            return sent.result(10)
        except TimeoutError as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "The message was not sent in time.") from error


class _Cancelled(BaseException):
    """Ends a request inside the connector, past the handlers of its client."""


class TranslatingSms(MemorySms):
    """Raises exceptions of its own and of asyncio inside, one of them a BaseException, and translates them all."""

    metadata: ClassVar[ConnectorMetadata] = _named("translating-sms")

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        """Send it in an event loop of its own."""
        try:
            return asyncio.run(self._send(self.request(config, sms)))
        except asyncio.CancelledError as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "The provider is unreachable.") from error

    async def _send(self, request: Request) -> object:
        task = asyncio.ensure_future(asyncio.to_thread(self._send_or_cancel, request))
        try:
            return await task
        except* _Cancelled as group:
            raise asyncio.CancelledError from group

    def _send_or_cancel(self, request: Request) -> Any:
        try:
            return self.call(request)
        except ConnectorError as error:
            if error.code is ConnectorErrorCodes.GENERAL:
                raise BaseExceptionGroup("requests", [_Cancelled()]) from error
            raise


class LockingSms(MemorySms):
    """Builds requests one at a time, under a lock that it always releases; keeps a watcher thread while it sends."""

    metadata: ClassVar[ConnectorMetadata] = _named("locking-sms")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._lock = threading.Lock()

    def request(self, config: SmsConfig, sms: Sms) -> Request:
        """Build the request under the lock."""
        with self._lock:
            return super().request(config, sms)

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        """Send it while a thread watches the time, and end that thread."""
        ended = threading.Event()
        watcher = threading.Thread(target=ended.wait, args=(10,), daemon=False)
        watcher.start()
        try:
            return super().deliver(config, sms)
        finally:
            ended.set()
            watcher.join()


PATIENT: tuple[Spec, ...] = tuple(evolve(SMS, connector=it) for it in (SlowSms, PooledSms, TranslatingSms, LockingSms))
