"""Load test of the host on this machine: ``python -m tests.benchmarks.host_load [steady|faulty] [--seconds 60]``.

``steady``: the provider responds after 50 ms. After a minute there must be no error, and memory must not grow.
``faulty``: the provider rejects 10 % of the messages, hangs on 5 %, and resets the connection on 5 %. Every request must
get its response in time, with the expected code. No message may reach the provider twice or get lost.

It runs three processes: the host with ``connector-kit serve``, the provider, and this one with the clients.
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
"""Longer than the deadline: the client has its 504 by then. Then the provider closes the connection, which frees the slot."""

LATEST_RESPONSE_SECONDS: Final = DEADLINE_SECONDS + 1.0
_EVERY: Final = 20
_REJECTED: Final = frozenset({3, 13})
_HUNG: Final = frozenset({7})
_RESET: Final = frozenset({17})
EXPECTED_STATUS: Final = {"sent": 200, "rejected": 400, "hung": 504, "reset": 400, "busy": 503}


def outcome_of(number: int, mode: str) -> str:
    """Return what the provider does with a message. Provider and client compute it from the message's number."""
    place = number % _EVERY
    if mode == "steady":
        return "sent"
    return "rejected" if place in _REJECTED else "hung" if place in _HUNG else "reset" if place in _RESET else "sent"


# --- the hosted connector ---


@frozen
class LoadConfig:
    """The config of `LoadSms`: the provider's address."""

    url: str
    templates: tuple[Template, ...] = ()


class LoadSms(SmsConnector[LoadConfig]):
    """Calls the provider once per message, over pooled connections, as a real connector does."""

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
        warnings=(),
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = urllib3.PoolManager(maxsize=256, retries=False)

    def compose(self, config: LoadConfig, message: SendMessageData) -> Sms:  # noqa: ARG002 - the base class's signature
        """Return the message's number as its content."""
        return Sms(message.to, str(message.payload.code), None, message)

    def deliver(self, config: LoadConfig, sms: Sms) -> object:
        """Post the message's number to the provider."""
        try:
            response = self._pool.request("POST", f"{config.url}/{sms.content}", body=b"{}", timeout=HANG_SECONDS + 5)
        except urllib3.exceptions.HTTPError as error:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, f"unreachable: {type(error).__name__}") from error
        if response.status != 200:
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, f"HTTP {response.status}")
        return response.headers["X-Message-Id"]


# --- the provider ---


def run_provider(mode: str, parent: Connection) -> None:
    """Serve as the provider until the parent process sends a stop; then report how often each message came."""
    asyncio.run(_run_provider(mode, parent))


async def _run_provider(mode: str, parent: Connection) -> None:
    received: Counter[int] = Counter()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                number = int(head.split(b" ", 2)[1].removeprefix(b"/"))
                received[number] += 1
                outcome = outcome_of(number, mode)
                if outcome == "reset":
                    connection: socket.socket = writer.get_extra_info("socket")
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                await asyncio.sleep(HANG_SECONDS if outcome == "hung" else PROVIDER_SECONDS)
                if outcome == "hung":
                    break
                status = b"500 Rejected" if outcome == "rejected" else b"200 OK"
                identifier = b"X-Message-Id: m%d\r\n" % number
                writer.write(b"HTTP/1.1 " + status + b"\r\n" + identifier + b"Content-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    parent.send(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(parent.recv)
    parent.send(received)


# --- the clients ---


@define
class Tally:
    """What the clients received."""

    statuses: dict[int, int] = field(factory=dict)
    seconds: list[float] = field(factory=list)
    dropped: int = 0


@define
class Memory:
    """The host's resident memory in MiB, with the number of responses at that time."""

    samples: list[tuple[int, float]] = field(factory=list)


async def _send_messages(port: int, numbers: "Numbers", tally: Tally) -> None:
    """Send message after message over one connection; open another one if the host closes it."""
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    while (number := numbers.next()) is not None:
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"to": "15551234567", "type": "SignIn", "payload": {"code": str(number)}}).encode()
        request = (
            f"POST /sms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        )
        started = time.perf_counter()
        try:
            writer.write(request.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            tally.dropped += 1
            reader = writer = None
            continue
        tally.seconds.append(time.perf_counter() - started)
        tally.statuses[number] = int(head.split(b" ", 2)[1])
    if writer is not None:
        writer.close()


@define
class Numbers:
    """Generates the numbers of messages until the time is up."""

    until: float
    _last: int = 0

    def next(self) -> int | None:
        """Return the next number, or ``None`` when the time is up."""
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
    """Check the host's health during the whole run: load and a hanging provider must not slow it down."""
    while True:
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        if not (await reader.read()).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("The health check failed.")
        writer.close()
        slowest[0] = max(slowest[0], time.perf_counter() - started)
        await asyncio.sleep(0.5)


async def _load(port: int, process: int, clients: int, seconds: float) -> tuple[Tally, Memory, float]:
    tally, memory, slowest = Tally(), Memory(), [0.0]
    watchers = [asyncio.create_task(_watch(process, tally, memory)), asyncio.create_task(_health(port, slowest))]
    numbers = Numbers(time.monotonic() + seconds)
    await asyncio.gather(*(_send_messages(port, numbers, tally) for _ in range(clients)))
    for watcher in watchers:
        watcher.cancel()
    for done in await asyncio.gather(*watchers, return_exceptions=True):
        if not isinstance(done, asyncio.CancelledError):
            raise RuntimeError("A background task ended early.") from done  # noqa: TRY004 - the exception it raised is the cause
    return tally, memory, slowest[0]


# --- the measurement ---


def measure(mode: str, seconds: float, clients: int, slots: int) -> dict[str, Any]:
    """Run host, provider and clients, and return the results."""
    ours, theirs = multiprocessing.Pipe()
    provider = multiprocessing.get_context("spawn").Process(target=run_provider, args=(mode, theirs), daemon=True)
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
    received: Counter[int] = ours.recv()
    provider.join(10)
    return evaluate(mode, tally, memory, received, lines) | {
        "health_slowest_ms": round(health * 1000),
        "exit_status": status,
    }


def _port(log_file: Path, host: "subprocess.Popen[bytes]") -> int:
    end = time.monotonic() + 30
    while time.monotonic() < end and host.poll() is None:
        first = log_file.read_text(encoding="utf-8").partition("\n")
        if first[1]:
            return int(json.loads(first[0])["url"].rpartition(":")[2])
        time.sleep(0.05)
    raise RuntimeError(f"The host did not start: {log_file.read_text(encoding='utf-8')}")


def evaluate(
    mode: str, tally: Tally, memory: Memory, received: Counter[int], lines: list[dict[str, Any]]
) -> dict[str, Any]:
    """Compare responses, the provider's count and the log."""
    ordered = sorted(tally.seconds)
    busy = {number for number, status in tally.statuses.items() if status == EXPECTED_STATUS["busy"]}
    wrong = {
        number: status
        for number, status in tally.statuses.items()
        if number not in busy and status != EXPECTED_STATUS[outcome_of(number, mode)]
    }
    reached = set(tally.statuses) - busy
    late = [it for it in ordered if it > LATEST_RESPONSE_SECONDS]
    settled = [size for count, size in memory.samples if count >= _settled_after(tally)]
    requests = [line for line in lines if line["event"] == "request" and line["path"] == "/sms"]
    results = {
        "messages": len(ordered),
        "per_second": round(len(ordered) / max(1, len(memory.samples))),
        "statuses": dict(sorted(Counter(tally.statuses.values()).items())),
        "wrong_code": len(wrong),
        "connections_dropped": tally.dropped,
        "responses_late": len(late),
        "sent_twice": sum(count > 1 for count in received.values()),
        "lost": len(reached - set(received)),
        "sent_though_busy": len(busy & set(received)),
        "log_lines_missing": len(ordered) - len(requests),
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
        "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 1),
        "slowest_ms": round(ordered[-1] * 1000, 1),
        "memory_mib": {
            "after_start": round(memory.samples[0][1], 1),
            "after_a_tenth": round(settled[0], 1),
            "end": round(settled[-1], 1),
            "highest": round(max(settled), 1),
        },
    }
    zero = ("wrong_code", "connections_dropped", "responses_late", "sent_twice", "lost", "sent_though_busy")
    growth = settled[-1] - settled[0]
    results["passed"] = not any(results[name] for name in (*zero, "log_lines_missing")) and growth < _MAX_GROWTH_MIB
    if mode == "steady":
        results["passed"] = results["passed"] and not busy
    return results


_MAX_GROWTH_MIB: Final = 8.0


def _settled_after(tally: Tally) -> int:
    """Return the number of messages after which all threads and connections exist."""
    return len(tally.seconds) // 10


def main() -> int:
    """Measure, print the results, and return the exit status: 1 if the run did not pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=("steady", "faulty"), default="steady")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--slots", type=int, default=0, help="[default: 64 for steady, 256 for faulty]")
    arguments = parser.parse_args()
    slots = arguments.slots or (64 if arguments.mode == "steady" else 256)
    results = measure(arguments.mode, arguments.seconds, arguments.clients, slots)
    print(json.dumps(results, indent=2))  # noqa: T201 - the output of the command
    return 0 if results["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
