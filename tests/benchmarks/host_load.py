"""Load test of the host on this machine: ``python -m tests.benchmarks.host_load [steady|faulty] [--seconds 60]``.

``steady``: the provider responds after 50 ms. After a minute there must be no error, and memory must not grow.
``prompt``: the same, but the provider responds at once; `tests.benchmarks.host` uses it.
``faulty``: the provider rejects 10 % of the messages, hangs on 5 %, and resets the connection on 5 %. Every request must
get its response in time, with the expected code. No message may reach the provider twice or get lost.

It runs three processes: the host with ``connector-kit serve``, the provider, and this one with the clients.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
    if mode in {"prompt", "steady"}:
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
            "properties": {
                "url": {"type": "string"},
                "templates": {"type": "array", "items": {"properties": {"usageType": {"type": "string"}}}},
            },
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
                if mode != "prompt":
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


@define
class Health:
    """The slowest response of ``/healthz`` in seconds, how many requests got none, and the host's descriptors at each."""

    slowest: float = 0.0
    failed: int = 0
    descriptors: list[int] = field(factory=list)


async def _send_messages(port: int, numbers: "Numbers", tally: Tally, pause: float) -> None:
    """Send message after message over one connection; open another one if the host closes it.

    Args:
        port: the host's.
        numbers: generates the numbers of the messages.
        tally: collects the responses.
        pause: send at most one message in this time, in seconds, the first one at a random moment of it.
    """
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    due = time.monotonic() + random.random() * pause
    while (number := await numbers.next(due)) is not None:
        due = max(due + pause, time.monotonic())
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
            writer.transport.abort()
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
    last: int = 0

    async def next(self, due: float) -> int | None:
        """Return the next number at a moment, or ``None`` when the time is up."""
        await asyncio.sleep(max(0, min(due, self.until) - time.monotonic()))
        if time.monotonic() >= self.until:
            return None
        self.last += 1
        return self.last


async def _watch(process: int, tally: Tally, memory: Memory, health: Health) -> None:
    while True:
        memory.samples.append((len(tally.seconds), resident_mib(process)))
        health.descriptors.append(descriptors(process))
        await asyncio.sleep(1)


def descriptors(process: int) -> int:
    """Return how many descriptors a process has."""
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())


def resident_mib(process: int) -> float:
    """Return how much memory of a process is resident, in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def _check_health(port: int, health: Health) -> None:
    """Check the host's health during the whole run: load and a hanging provider must not slow it down."""
    while True:
        started = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                health.failed += not (await reader.read()).startswith(b"HTTP/1.1 200")
            finally:
                writer.transport.abort()
        except ConnectionError:
            health.failed += 1
        health.slowest = max(health.slowest, time.perf_counter() - started)
        await asyncio.sleep(0.5)


async def load(
    port: int, process: int, clients: int, seconds: float, *, pause: float = 0.0, last: int = 0
) -> tuple[Tally, Memory, Health]:
    """Send messages from many clients at the same time, and watch the host meanwhile.

    Args:
        port: the host's.
        process: the host's id.
        clients: how many clients send, each over its own connection.
        seconds: how long.
        pause: each client sends one message in this time, in seconds; with 0, one after the other.
        last: the number of the last message that was sent before.
    """
    tally, memory, health = Tally(), Memory(), Health()
    watchers = [
        asyncio.create_task(_watch(process, tally, memory, health)),
        asyncio.create_task(_check_health(port, health)),
    ]
    numbers = Numbers(time.monotonic() + seconds, last)
    await asyncio.gather(*(_send_messages(port, numbers, tally, pause) for _ in range(clients)))
    for watcher in watchers:
        watcher.cancel()
    for done in await asyncio.gather(*watchers, return_exceptions=True):
        if not isinstance(done, asyncio.CancelledError):
            raise RuntimeError("A background task ended early.") from done  # noqa: TRY004 - the exception it raised is the cause
    return tally, memory, health


# --- the measurement ---


@define
class Provider:
    """The provider in its own process.

    Args:
        url: its address.
        connection: the pipe to it.
        received: how often each message came; complete after the end of the block.
    """

    url: str
    connection: Connection
    received: Counter[int] = field(factory=Counter)


@contextmanager
def running_provider(mode: str) -> Iterator[Provider]:
    """Run the provider during the block."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run_provider, args=(mode, theirs), daemon=True)
    process.start()
    theirs.close()  # so that `recv` fails if the process has failed
    provider = Provider(f"http://127.0.0.1:{ours.recv()}", ours)
    yield provider
    ours.send("stop")
    provider.received = ours.recv()
    process.join(10)


@define
class Host:
    """The host in its own process.

    Args:
        port: the port it listens on.
        process: its id.
        lines: its log; complete after the end of the block.
        exit_status: its exit status; known after the end of the block.
    """

    port: int
    process: int
    lines: list[dict[str, Any]] = field(factory=list)
    exit_status: int | None = None


@contextmanager
def running_host(
    provider: Provider, slots: int, most_descriptors: int | None = None, workers: int = 1
) -> Iterator[Host]:
    """Run the host during the block.

    Args:
        provider: where the hosted connector sends its messages.
        slots: of the host.
        most_descriptors: the host's limit of open descriptors; by default that of this process.
        workers: the number of its processes.
    """
    with TemporaryDirectory() as folder:
        config = Path(folder) / "load.json"
        config.write_text(json.dumps({"url": provider.url, "templates": []}), encoding="utf-8")
        log_file = Path(folder) / "log"
        command = [sys.executable, "-m", "connector_kit.cli", "serve", "--port", "0", "--token-env", "HOST_TOKEN"]
        command += ["--connector", "tests.benchmarks.host_load:LoadSms", "--config", str(config)]
        command += ["--slots", str(slots), "--deadline", str(DEADLINE_SECONDS)]
        command += ["--workers", str(workers)]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with log_file.open("wb") as log:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most_descriptors or soft, hard))  # the host inherits it
            process = subprocess.Popen(command, stderr=log, env={**os.environ, "HOST_TOKEN": TOKEN})
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        try:
            host = Host(_port(log_file, process), process.pid)
            yield host
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
        host.exit_status = status
        host.lines = [json.loads(line) for line in log_file.read_text(encoding="utf-8").splitlines()]


def measure(mode: str, seconds: float, clients: int, slots: int) -> dict[str, Any]:
    """Run host, provider and clients, and return the results."""
    with running_provider(mode) as provider, running_host(provider, slots) as host:
        tally, memory, health = asyncio.run(load(host.port, host.process, clients, seconds))
    results = evaluate(mode, tally, memory, provider.received, host.lines)
    results["passed"] = results["passed"] and not health.failed
    return results | {
        "health_slowest_ms": round(health.slowest * 1000),
        "health_failed": health.failed,
        "exit_status": host.exit_status,
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
    if mode != "faulty":
        results["passed"] = results["passed"] and not busy
    return results


_MAX_GROWTH_MIB: Final = 8.0


def _settled_after(tally: Tally) -> int:
    """Return the number of messages after which all threads and connections exist."""
    return len(tally.seconds) // 10


def main() -> int:
    """Measure, print the results, and return the exit status: 1 if the run did not pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=("steady", "prompt", "faulty"), default="steady")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--slots", type=int, default=0, help="[default: 256 for faulty, otherwise 64]")
    arguments = parser.parse_args()
    slots = arguments.slots or (256 if arguments.mode == "faulty" else 64)
    results = measure(arguments.mode, arguments.seconds, arguments.clients, slots)
    print(json.dumps(results, indent=2))  # noqa: T201 - the output of the command
    return 0 if results["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
