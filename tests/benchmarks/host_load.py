"""Load on the host, on this machine alone: ``python -m tests.benchmarks.host_load [steady|faulty] [--seconds 60]``.

``steady``: a provider that answers in 50 ms; after a minute there must have been no error, and memory must be flat.
``faulty``: it refuses 10 %, hangs on 5 % and resets 5 % of the connections; every request must be answered in time with
the code that its fate calls for, none may reach the provider twice, and none may get lost.

Three processes: the host as ``connector-kit serve`` runs it, the provider, and this one with the callers.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final

import urllib3
from attrs import define, field, frozen

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Guard,
    SendMessageData,
    Sms,
    SmsConnector,
    Template,
)

TOKEN: Final = "token-of-the-load-test-0123456789"
PROVIDER_SECONDS: Final = 0.05
DEADLINE_SECONDS: Final = 3.0
HANG_SECONDS: Final = 8.0
"""Longer than the deadline: the caller has its 504 by then. Then the provider hangs up, and the slot is free again."""

LATEST_ANSWER_SECONDS: Final = DEADLINE_SECONDS + 1.0
_EVERY: Final = 20
_REFUSED: Final = frozenset({3, 13})
_HUNG: Final = frozenset({7})
_RESET: Final = frozenset({17})
EXPECTED: Final = {"sent": 200, "refused": 400, "hung": 504, "reset": 400, "busy": 503}


def fate_of(number: int, mode: str) -> str:
    """Tell what the provider does with a message: known to it and to the caller, from the message's number."""
    place = number % _EVERY
    if mode == "steady":
        return "sent"
    return "refused" if place in _REFUSED else "hung" if place in _HUNG else "reset" if place in _RESET else "sent"


# --- the hosted connector ---


@frozen
class LoadConfig:
    """Where the provider is."""

    url: str
    templates: tuple[Template, ...] = ()


class LoadSms(SmsConnector[LoadConfig]):
    """One call to the provider a message, without a retry, over kept connections, as a real connector makes it."""

    metadata: ClassVar = ConnectorMetadata(
        id="load-sms", target="load", name={"en": "Load"}, description={"en": "Load."}, logo="./x.svg", readme="./x.md"
    )
    config_guard: ClassVar = Guard(
        {
            "type": "object",
            "properties": {"url": {"type": "string"}, "templates": {"type": "array"}},
            "required": ["url", "templates"],
        },
        LoadConfig,
        advice=(),
    )

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._pool = urllib3.PoolManager(maxsize=256, retries=False)

    def compose(self, config: LoadConfig, message: SendMessageData) -> Sms:  # noqa: ARG002 - the base class's signature
        """Forward the number of the message."""
        return Sms(message.to, str(message.payload.code), None, message)

    def deliver(self, config: LoadConfig, sms: Sms) -> object:
        """Post it."""
        try:
            answer = self._pool.request("POST", f"{config.url}/{sms.content}", body=b"{}", timeout=HANG_SECONDS + 5)
        except urllib3.exceptions.HTTPError as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, f"unreachable: {type(error).__name__}") from error
        if answer.status != 200:
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, f"HTTP {answer.status}")
        return answer.headers["X-Message-Id"]


# --- the provider ---


def provide(mode: str, told: Connection) -> None:
    """Serve as the provider until told to stop; then tell how often each message came."""
    asyncio.run(_provide(mode, told))


async def _provide(mode: str, told: Connection) -> None:
    seen: Counter[int] = Counter()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                number = int(head.split(b" ", 2)[1].removeprefix(b"/"))
                seen[number] += 1
                fate = fate_of(number, mode)
                if fate == "reset":
                    connection: socket.socket = writer.get_extra_info("socket")
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                await asyncio.sleep(HANG_SECONDS if fate == "hung" else PROVIDER_SECONDS)
                if fate == "hung":
                    break
                status = b"500 Refused" if fate == "refused" else b"200 OK"
                identifier = b"X-Message-Id: m%d\r\n" % number
                writer.write(b"HTTP/1.1 " + status + b"\r\n" + identifier + b"Content-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    told.send(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(told.recv)
    told.send(seen)


# --- the callers ---


@define
class Tally:
    """What the callers saw."""

    statuses: dict[int, int] = field(factory=dict)
    seconds: list[float] = field(factory=list)
    dropped: int = 0


@define
class Memory:
    """The host's resident memory over the run, in MiB, by the number of messages answered."""

    samples: list[tuple[int, float]] = field(factory=list)


async def _call(port: int, numbers: "Numbers", tally: Tally) -> None:
    """Send message after message over one connection; open another where the host closes it."""
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    while (number := numbers.next()) is not None:
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"to": "15551234567", "type": "SignIn", "payload": {"code": str(number)}}).encode()
        head = f"POST /sms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        started = time.perf_counter()
        try:
            writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            tally.dropped += 1
            reader = writer = None
            continue
        tally.seconds.append(time.perf_counter() - started)
        tally.statuses[number] = int(answer.split(b" ", 2)[1])
    if writer is not None:
        writer.close()


@define
class Numbers:
    """Hands out the numbers of messages until time is up."""

    until: float
    _last: int = 0

    def next(self) -> int | None:
        """Return the next number."""
        if time.monotonic() >= self.until:
            return None
        self._last += 1
        return self._last


async def _watch(process: int, tally: Tally, memory: Memory) -> None:
    while True:
        memory.samples.append((len(tally.seconds), _resident(process)))
        await asyncio.sleep(1)


def _resident(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def _health(port: int, slowest: list[float]) -> None:
    """Ask for the host's health all along: load and a provider that hangs must not show in it."""
    while True:
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        if not (await reader.read()).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("The host is not well.")
        writer.close()
        slowest[0] = max(slowest[0], time.perf_counter() - started)
        await asyncio.sleep(0.5)


async def _load(port: int, process: int, clients: int, seconds: float) -> tuple[Tally, Memory, float]:
    tally, memory, slowest = Tally(), Memory(), [0.0]
    watchers = [asyncio.create_task(_watch(process, tally, memory)), asyncio.create_task(_health(port, slowest))]
    numbers = Numbers(time.monotonic() + seconds)
    await asyncio.gather(*(_call(port, numbers, tally) for _ in range(clients)))
    for watcher in watchers:
        watcher.cancel()
    for done in await asyncio.gather(*watchers, return_exceptions=True):
        if not isinstance(done, asyncio.CancelledError):
            raise RuntimeError("A watcher ended early.") from done  # noqa: TRY004 - what it raised is the cause
    return tally, memory, slowest[0]


# --- the whole ---


def measure(mode: str, seconds: float, clients: int, slots: int) -> dict[str, Any]:
    """Run host, provider and callers, and return what was measured."""
    ours, theirs = multiprocessing.Pipe()
    provider = multiprocessing.get_context("spawn").Process(target=provide, args=(mode, theirs), daemon=True)
    provider.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    with TemporaryDirectory() as folder:
        config = Path(folder) / "load.json"
        config.write_text(json.dumps({"url": url, "templates": []}), encoding="utf-8")
        log_file = Path(folder) / "log"
        command = [sys.executable, "-m", "connector_kit.cli", "serve", "--port", "0", "--token-env", "HOST_TOKEN"]
        command += ["--connector", "tests.benchmarks.host_load:LoadSms", "--config", str(config)]
        command += ["--slots", str(slots), "--deadline", str(DEADLINE_SECONDS)]
        with log_file.open("wb") as log:
            host = subprocess.Popen(command, stderr=log, env={**os.environ, "HOST_TOKEN": TOKEN})
        try:
            port = _port(log_file, host)
            tally, memory, health = asyncio.run(_load(port, host.pid, clients, seconds))
        finally:
            host.send_signal(signal.SIGTERM)
            status = host.wait(60)
        lines = [json.loads(line) for line in log_file.read_text(encoding="utf-8").splitlines()]
    ours.send("stop")
    seen: Counter[int] = ours.recv()
    provider.join(10)
    return judge(mode, tally, memory, seen, lines) | {"health_slowest_ms": round(health * 1000), "exit_status": status}


def _port(log_file: Path, host: "subprocess.Popen[bytes]") -> int:
    end = time.monotonic() + 30
    while time.monotonic() < end and host.poll() is None:
        first = log_file.read_text(encoding="utf-8").partition("\n")
        if first[1]:
            return int(json.loads(first[0])["url"].rpartition(":")[2])
        time.sleep(0.05)
    raise RuntimeError(f"The host did not start: {log_file.read_text(encoding='utf-8')}")


def judge(mode: str, tally: Tally, memory: Memory, seen: Counter[int], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Hold answers, the provider's count and the log against each other."""
    ordered = sorted(tally.seconds)
    busy = {number for number, status in tally.statuses.items() if status == EXPECTED["busy"]}
    wrong = {
        number: status
        for number, status in tally.statuses.items()
        if number not in busy and status != EXPECTED[fate_of(number, mode)]
    }
    reached = set(tally.statuses) - busy
    late = [it for it in ordered if it > LATEST_ANSWER_SECONDS]
    settled = [size for count, size in memory.samples if count >= _settled_after(tally)]
    requests = [line for line in lines if line["event"] == "request" and line["path"] == "/sms"]
    found = {
        "messages": len(ordered),
        "per_second": round(len(ordered) / max(1, len(memory.samples))),
        "statuses": dict(sorted(Counter(tally.statuses.values()).items())),
        "wrong_code": len(wrong),
        "connections_dropped": tally.dropped,
        "answered_late": len(late),
        "sent_twice": sum(count > 1 for count in seen.values()),
        "lost": len(reached - set(seen)),
        "sent_though_busy": len(busy & set(seen)),
        "log_lines_missing": len(ordered) - len(requests),
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
        "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 1),
        "slowest_ms": round(ordered[-1] * 1000, 1),
        "memory_mib": {
            "after_start": round(memory.samples[0][1], 1),
            "a_tenth_in": round(settled[0], 1),
            "end": round(settled[-1], 1),
            "highest": round(max(settled), 1),
        },
    }
    zero = ("wrong_code", "connections_dropped", "answered_late", "sent_twice", "lost", "sent_though_busy")
    growth = settled[-1] - settled[0]
    found["passed"] = not any(found[name] for name in (*zero, "log_lines_missing")) and growth < _MOST_GROWTH_MIB
    if mode == "steady":
        found["passed"] = found["passed"] and not busy
    return found


_MOST_GROWTH_MIB: Final = 8.0


def _settled_after(tally: Tally) -> int:
    """Return after how many messages every thread and connection there will be is there."""
    return len(tally.seconds) // 10


def main() -> int:
    """Measure, print, and return the exit status: 1 where something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=("steady", "faulty"), default="steady")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--slots", type=int, default=0, help="[default: 64 for steady, 256 for faulty]")
    given = parser.parse_args()
    slots = given.slots or (64 if given.mode == "steady" else 256)
    found = measure(given.mode, given.seconds, given.clients, slots)
    print(json.dumps(found, indent=2))  # noqa: T201 - the result
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
