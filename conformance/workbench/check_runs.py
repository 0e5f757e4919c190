"""The runs of checks that the page starts: at most one at a time, in a process of its own."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from conformance.workbench.events import Events

_LONGEST_LINE: Final = 64 << 20
"""In bytes. A report with a long transcript for each check has a few."""

_ENDED: Final = "The process that ran the checks has ended with the exit status {}. The terminal of connector-kit dev has its output."


class CheckRuns:
    """Runs checks on one connector, and keeps the results of the latest run for the page.

    A replay keeps the results of the run that found the failure, and adds its own.

    Args:
        target: the connector.
        events: for the event ``conformance``: there is something new.
    """

    def __init__(self, target: str, events: Events) -> None:
        self._target = target
        self._events = events
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._number = 0
        self._checks: list[str] = []
        self._results: list[dict[str, Any]] = []
        self._replays: dict[str, dict[str, Any]] = {}
        self._report: dict[str, Any] | None = None
        self._error = ""
        self._replaying = ""

    async def start(self, checks: Sequence[str], profile: str, replay: str | None = None) -> None:
        """Start a run, or replay one failure; a run that has not ended is cancelled.

        Args:
            checks: ids and areas; empty for all checks.
            profile: the name of the profile.
            replay: the token of the failure.
        """
        await self.cancel()
        self._error = ""
        if replay is None:
            self._number += 1
            self._checks, self._results, self._replays, self._report = [], [], {}, None
        else:
            self._replaying = replay.partition(":")[0]
            self._replays.pop(self._replaying, None)
        request = {"target": self._target, "checks": [*checks], "profile": profile, "replay": replay}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "conformance.workbench.check_process", json.dumps(request)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(self._process, is_replay=replay is not None))
        self._events.send("conformance")

    async def cancel(self) -> None:
        """End the run, if there is one; its results so far stay."""
        if self._process is None or self._reading is None:
            return
        reading, self._reading = self._reading, None
        reading.cancel()
        await asyncio.wait([reading])
        if self._process is not None:  # the task was cancelled before its first step
            await self._end(self._process)

    async def _read(self, process: asyncio.subprocess.Process, *, is_replay: bool) -> None:
        lines = cast("asyncio.StreamReader", process.stdout)
        try:
            async for line in lines:
                kind, data = json.loads(line)
                self._note(kind, data, is_replay=is_replay)
                self._events.send("conformance")
            if await process.wait() != 0:
                self._error = _ENDED.format(process.returncode)
        finally:
            await self._end(process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        standard_input = cast("asyncio.StreamWriter", process.stdin)
        standard_input.close()  # which ends the process and those that it has started
        await process.wait()
        self._process, self._replaying = None, ""
        self._events.send("conformance")

    def _note(self, kind: str, data: Any, *, is_replay: bool) -> None:
        match kind:
            case "error":
                self._error = data
            case "result" if is_replay:
                self._replays[data["id"]] = data
            case "result":
                self._results.append(data)
            case "checks" if not is_replay:
                self._checks = data
            case "report" if not is_replay:
                self._report = data

    @property
    def html(self) -> str | None:
        """The report of the latest run as one HTML page; ``None`` before its end."""
        return None if self._report is None else self._report["html"]

    def news(self, number: int, known: int) -> Mapping[str, Any]:
        """Return the state of the latest run, and those of its results that the page does not have.

        Args:
            number: the number of the run that the page shows.
            known: how many results of that run the page has.
        """
        first = known if number == self._number else 0
        report = self._report and {name: value for name, value in self._report.items() if name != "html"}
        return {
            "number": self._number,
            "isRunning": self._process is not None,
            "checks": self._checks,
            "first": first,
            "results": self._results[first:],
            "replays": self._replays,
            "replaying": self._replaying,
            "report": report,
            "error": self._error,
        }
