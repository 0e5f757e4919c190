"""Runs the connector in a process of its own: its code can be imported again, and a connector that hangs can be ended."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from conformance.workbench.configs import ConfigError
from conformance.workbench.loaded_connector import ConnectorLoadError, LoadedConnector, load

P = ParamSpec("P")
T = TypeVar("T")

CALL_SECONDS: Final = 60.0
"""The time limit of a call. The slowest is a send to a provider that never responds."""


class ConnectorProcessError(Exception):
    """A call did not end in time, or the connector has ended its process; the message states which."""


class ConnectorProcess:
    """A process that imports the connector at its first call, and then runs one call after the other.

    Args:
        target: the connector, as `load` expects it.
        seconds: the time limit of a call.
    """

    def __init__(self, target: str, seconds: float = CALL_SECONDS) -> None:
        self._target = target
        self._seconds = seconds
        self._executor: ProcessPoolExecutor | None = None
        self._pid = 0
        self._starting = asyncio.Lock()

    async def call(self, function: Callable[Concatenate[LoadedConnector, P], T], *args: P.args, **_: P.kwargs) -> T:
        """Run a function of a module in the process, and return its result.

        Args:
            function: called with the connector and the arguments.
            *args: the other arguments.

        Raises:
            ConnectorLoadError: the connector cannot be imported.
            ConfigError: of the function.
            ConnectorProcessError: the call took too long, the process has ended, or the function raised something else.
        """
        async with self._starting:
            executor = self._executor or await self._start()
        future = asyncio.wrap_future(executor.submit(_run, self._target, function, args))
        try:
            return await asyncio.wait_for(future, self._seconds)
        except TimeoutError:
            self._stop(executor)
            raise ConnectorProcessError(
                f"The connector did not return within {self._seconds:.0f} seconds; its process was ended."
            ) from None
        except BrokenProcessPool:
            self._stop(executor)
            raise ConnectorProcessError(
                "The connector's process has ended. The next call starts another one."
            ) from None
        except (ConfigError, ConnectorLoadError):
            raise
        except Exception as error:  # noqa: BLE001 - it may be one of the connector's, whose text may hold a secret
            raise ConnectorProcessError(f"Unexpected {type(error).__name__} in the connector's process.") from None

    def stop(self) -> None:
        """End the process, also in the middle of a call; the next call starts another one, which imports the code again."""
        if self._executor is not None:
            self._stop(self._executor)

    async def _start(self) -> ProcessPoolExecutor:
        # `spawn`: a forked process would have the modules that this one has already imported.
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(1, context, initializer=_ignore_interrupt)
        self._pid = await asyncio.wrap_future(executor.submit(os.getpid))
        self._executor = executor
        return executor

    def _stop(self, executor: ProcessPoolExecutor) -> None:
        if executor is not self._executor:  # another call has already done so
            return
        self._executor = None
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(self._pid, signal.SIGTERM)
        executor.shutdown(wait=False, cancel_futures=True)


def _ignore_interrupt() -> None:
    """Let the server alone react to Ctrl-C, which a terminal sends to both processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(target: str, function: Callable[..., T], args: tuple[Any, ...]) -> T:
    return function(load(target), *args)
