"""The host under attack, on this machine: ``python -m tests.benchmarks.host_attack [--seconds 60]``.

64 clients send messages to a host with one worker, each over one connection: first undisturbed, then while attackers do
what `ATTACKS` lists, each at its own rate. Under attack no message may fail, get lost or be sent twice, the 99th percentile
of the response time must stay below twice that of the quiet run, and memory and descriptors must not grow.

It runs four processes: the host with ``connector-kit serve``, the provider, the attackers, and this one with the clients. The
attackers have a lower priority, so that they do not take the processor from the clients that measure.

The clients send at a fixed rate, one message a second each. ``--rate 0`` lets each client send message after message: then
the host is fully loaded in the quiet run too, and each attack takes its share of the processor from the clients.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, Final

from attrs import define, field, frozen

from tests.benchmarks.host_load import (
    TOKEN,
    Health,
    Host,
    Memory,
    Provider,
    Tally,
    descriptors,
    evaluate,
    load,
    running_host,
    running_provider,
)
from tests.host.running import statuses

DESCRIPTORS: Final = 512
"""The host's limit (``ulimit -n``): the attackers' idle connections reach the host's limit of connections."""

_SPARE_SLOTS: Final = 16
"""For the attackers that have a token; the clients need at most one slot each."""

MOST_RATIO: Final = 2.0
"""Of the 99th percentile under attack to that of the quiet run."""

MOST_GROWTH_MIB: Final = 8.0
"""From the second third of the attack to the last one, by the medians."""

MOST_MORE_DESCRIPTORS: Final = 16
"""After the attack, compared with its start. Besides, the hosted connector keeps one connection for each client."""

_SETTLING_SECONDS: Final = 2.0
"""After the attack: the host notices the closed connections."""

_PATIENCE: Final = 30.0
"""An attacker waits at most so many seconds for the host to close a connection."""

_NICENESS: Final = 10
_SEND: Final = "/connectors/load-sms/send-message"


# --- the attackers ---


@frozen
class Attack:
    """One kind of attack.

    Args:
        attackers: how many do it at the same time.
        pause: between two rounds of one attacker, in seconds.
        round: one round: opens a connection, and returns all that the host responds.
        expected: the statuses that may be among the responses.
    """

    attackers: int
    pause: float
    round: Callable[[int], Awaitable[bytes]] = field(repr=False)
    expected: frozenset[int] = frozenset()


def _request(path: str, body: bytes = b"", *headers: str, token: str = TOKEN, length: int | None = None) -> bytes:
    lines = [f"POST {path} HTTP/1.1" if body or length else f"GET {path} HTTP/1.1", "Host: x", *headers]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Content-Type: application/json"]
    if "Transfer-Encoding: chunked" not in headers:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _exchange(*parts: bytes, pause: float = 0.0) -> Callable[[int], Awaitable[bytes]]:
    """Return a round that sends parts with pauses between them, until the host closes the connection."""

    async def run(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        received = asyncio.create_task(_read(reader))
        try:
            with contextlib.suppress(ConnectionError):  # the host has closed the connection, perhaps after a response
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)
            return await asyncio.wait_for(received, _PATIENCE)
        finally:
            received.cancel()
            writer.transport.abort()

    return run


async def _read(reader: asyncio.StreamReader) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            received += chunk
    return received


async def _never_read(port: int) -> bytes:
    """Send many requests over one connection and read no response, until the host closes it."""
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
        await loop.sock_connect(connection, ("127.0.0.1", port))
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await loop.sock_sendall(connection, _request("/openapi.json") * 200)
                while True:
                    await asyncio.sleep(0.5)
                    await loop.sock_sendall(connection, b"GET ")
    return b""


def _bytes(text: bytes) -> tuple[bytes, ...]:
    return tuple(text[at : at + 1] for at in range(len(text)))


def _bomb(size: int) -> bytes:
    """Return a request of about so many bytes with as many secrets to redact and as many issues as fit."""
    numbers = range(size // 60)
    secrets = [f"aaaa{it:06}" for it in numbers]
    config = {"url": "", "templates": [{"usageType": 1} for _ in numbers], "keys": {"secret": secrets}}
    payload = {"code": "1"} | {f"k{it}": f"templates{it}" for it in numbers}
    return json.dumps({"config": config, "data": {"to": "1", "type": "SignIn", "payload": payload}}).encode()


_MIB: Final = b"x" * (1 << 20)
_DEEP: Final = b'{"data":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
_CLOSE: Final = "Connection: close"
_CHUNKED: Final = "Transfer-Encoding: chunked"
_CHUNK: Final = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
_WRONG: Final = "wrong-token-of-the-attack-0123456789"

ATTACKS: Final = {
    "idle connections": Attack(240, 5.0, _exchange()),
    "head, byte by byte": Attack(20, 0.5, _exchange(*_bytes(_request("/healthz")), pause=0.2), frozenset({408})),
    "slow loris": Attack(
        20,
        0.5,
        _exchange(b"GET /healthz HTTP/1.1\r\nHost: x\r\n", *[b"X-More: 1\r\n"] * 60, pause=0.5),
        frozenset({408}),
    ),
    "body, byte by byte": Attack(
        20, 0.5, _exchange(_request(_SEND, length=1000), *[b" "] * 200, pause=0.1), frozenset({408})
    ),
    "body that stops after 401": Attack(
        20, 0.5, _exchange(_request(_SEND, length=1000, token=_WRONG) + b"{"), frozenset({401})
    ),
    "pipelined, never read": Attack(4, 3.0, _never_read),
    "2 MiB with length": Attack(2, 0.5, _exchange(_request(_SEND, _MIB * 2, _CLOSE)), frozenset({413})),
    "2 MiB in chunks": Attack(
        2,
        0.5,
        _exchange(_request(_SEND, b"", _CLOSE, _CHUNKED, length=1), *[_CHUNK] * 32, b"0\r\n\r\n"),
        frozenset({413}),
    ),
    "60,000 brackets": Attack(2, 0.5, _exchange(_request(_SEND, _DEEP, _CLOSE)), frozenset({400})),
    "redaction bomb of 27 kB": Attack(1, 1.0, _exchange(_request(_SEND, _bomb(27_000), _CLOSE)), frozenset({400})),
    "redaction bomb of 200 kB": Attack(1, 3.0, _exchange(_request(_SEND, _bomb(200_000), _CLOSE)), frozenset({400})),
    "redaction bomb of 1 MB": Attack(1, 10.0, _exchange(_request(_SEND, _bomb(1_000_000), _CLOSE)), frozenset({400})),
    "wrong tokens": Attack(
        4,
        0.2,
        _exchange(_request(_SEND, b"{}", token=_WRONG) * 3 + _request("/x", b"", _CLOSE, token=_WRONG)),
        frozenset({401}),
    ),
    "not HTTP": Attack(4, 0.2, _exchange(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"), frozenset({400})),
    "header bomb": Attack(2, 0.5, _exchange(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 8000), frozenset({400})),
}


@define
class Responses:
    """What the host did in one kind of attack: the number of rounds, and of responses by status."""

    rounds: int = 0
    statuses: Counter[int] = field(factory=Counter)


def run_attackers(port: int, seconds: float, names: Sequence[str], parent: Connection) -> None:
    """Wait for the start, and attack for some time.

    Then report the responses to each kind of attack, and this process's seconds of CPU time.
    """
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    parent.recv()
    parent.send((asyncio.run(_attack(port, seconds, names)), time.process_time()))


async def _attack(port: int, seconds: float, names: Sequence[str]) -> dict[str, Responses]:
    responses = {name: Responses() for name in names}
    tasks = [
        asyncio.create_task(_attack_again_and_again(port, ATTACKS[name], found))
        for name, found in responses.items()
        for _ in range(ATTACKS[name].attackers)
    ]
    ended, pending = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        raise RuntimeError("An attacker ended early.") from task.exception()
    while pending:  # more than once: in Python 3.11, `asyncio.wait_for` may lose a cancellation
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1.0)
    return responses


async def _attack_again_and_again(port: int, attack: Attack, responses: Responses) -> None:
    await asyncio.sleep(random.random() * attack.pause)
    while True:
        with contextlib.suppress(ConnectionError, TimeoutError):
            responses.statuses.update(statuses(await attack.round(port)))
        responses.rounds += 1
        await asyncio.sleep(attack.pause)


@define
class Attackers:
    """The attackers in their own process; what they report is complete after the end of the block.

    They are there from the start, because starting a process takes time of the processor.
    """

    connection: Connection
    responses: dict[str, Responses] = field(factory=dict)
    cpu_seconds: float = 0.0


@contextmanager
def _running_attackers(port: int, seconds: float, names: Sequence[str]) -> Iterator[Attackers]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=run_attackers, args=(port, seconds, names, theirs), daemon=True
    )
    process.start()
    theirs.close()  # so that `recv` fails if the process has failed
    attackers = Attackers(ours)
    yield attackers
    if not ours.poll(_PATIENCE):
        process.kill()
        raise TimeoutError("The attackers have not reported.")
    attackers.responses, attackers.cpu_seconds = ours.recv()
    process.join(10)


# --- the measurement ---


@frozen
class Run:
    """What was measured in one of the two runs, with the seconds of CPU time of the host and of the clients."""

    tally: Tally
    memory: Memory
    health: Health
    host_seconds: float
    client_seconds: float


def _run(host: Host, clients: int, seconds: float, *, rate: float, last: int = 0) -> Run:
    host_before, clients_before = _cpu_seconds(host.process), time.process_time()
    pause = clients / rate if rate else 0.0
    tally, memory, health = asyncio.run(load(host.port, host.process, clients, seconds, pause=pause, last=last))
    host_after, clients_after = _cpu_seconds(host.process), time.process_time()
    return Run(tally, memory, health, host_after - host_before, clients_after - clients_before)


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(seconds: float, clients: int, rate: float, names: Sequence[str] = tuple(ATTACKS)) -> dict[str, Any]:
    """Measure both runs, and return the results.

    Args:
        seconds: the length of each run.
        clients: how many clients send messages.
        rate: messages per second of all clients; with 0, each client sends message after message.
        names: the kinds of attack.
    """
    with (
        running_provider("steady") as provider,
        running_host(provider, clients + _SPARE_SLOTS, DESCRIPTORS) as host,
    ):
        with _running_attackers(host.port, seconds, names) as attackers:
            quiet = _run(host, clients, seconds, rate=rate)
            last = len(quiet.tally.statuses) + quiet.tally.dropped
            attackers.connection.send("start")
            attacked = _run(host, clients, seconds, rate=rate, last=last)
        time.sleep(_SETTLING_SECONDS)
        settled = descriptors(host.process)
    lines = [line for line in host.lines if line["event"] == "request" and line["path"] == "/sms"]
    counts = len(quiet.tally.seconds)
    results = {
        "quiet": _results(quiet, provider, lines[:counts], range(1, last + 1)),
        "attacked": _results(attacked, provider, lines[counts:], range(last + 1, sys.maxsize)),
        "clients": clients,
        "descriptors_settled": settled,
        "attacks": {
            name: {
                "rounds": it.rounds,
                "statuses": dict(sorted(it.statuses.items())),
                "unexpected": sorted(it.statuses.keys() - ATTACKS[name].expected),
            }
            for name, it in attackers.responses.items()
        },
        "attackers_cpu_seconds": round(attackers.cpu_seconds, 1),
        "exit_status": host.exit_status,
    }
    return results | {"missed": missed(results)}


def _results(run: Run, provider: Provider, lines: list[dict[str, Any]], numbers: range) -> dict[str, Any]:
    received = Counter({number: count for number, count in provider.received.items() if number in numbers})
    sizes = [size for _, size in run.memory.samples]
    third = len(sizes) // 3
    return evaluate("steady", run.tally, run.memory, received, lines) | {
        "health_slowest_ms": round(run.health.slowest * 1000, 1),
        "health_failed": run.health.failed,
        "memory_mib": {
            "start": round(sizes[0], 1),
            "highest": round(max(sizes), 1),
            "second_third": round(median(sizes[third : 2 * third] or sizes), 1),
            "last_third": round(median(sizes[2 * third :]), 1),
        },
        "descriptors": {
            "start": run.health.descriptors[0],
            "highest": max(run.health.descriptors),
            "end": run.health.descriptors[-1],
        },
        "host_cpu_seconds": round(run.host_seconds, 1),
        "clients_cpu_seconds": round(run.client_seconds, 1),
    }


_ZERO: Final = (
    *("wrong_code", "connections_dropped", "responses_late", "sent_twice", "lost", "sent_though_busy"),
    *("log_lines_missing", "health_failed"),
)


def missed(results: Mapping[str, Any]) -> list[str]:
    """Return the bounds that the results exceed: each name, and what was found."""
    quiet, attacked = results["quiet"], results["attacked"]
    found = []
    for name in ("quiet", "attacked"):
        found += [f"{count}: {results[name][count]} ({name})" for count in _ZERO if results[name][count]]
        if set(results[name]["statuses"]) != {200}:
            found.append(f"statuses: {results[name]['statuses']} ({name})")
    if attacked["p99_ms"] > MOST_RATIO * quiet["p99_ms"]:
        found.append(f"p99_ms: {attacked['p99_ms']} under attack, {quiet['p99_ms']} without")
    memory = attacked["memory_mib"]
    if memory["last_third"] - memory["second_third"] > MOST_GROWTH_MIB:
        found.append(
            f"memory_mib: {memory['second_third']} in the second third, {memory['last_third']} in the last one"
        )
    if attacked["descriptors"]["highest"] >= DESCRIPTORS:
        found.append(f"descriptors: {attacked['descriptors']['highest']} of {DESCRIPTORS}")
    if results["descriptors_settled"] > attacked["descriptors"]["start"] + results["clients"] + MOST_MORE_DESCRIPTORS:
        found.append(
            f"descriptors_settled: {results['descriptors_settled']}, {attacked['descriptors']['start']} before"
        )
    found += [
        f"attacks: {name} got {attack['statuses']}"
        for name, attack in results["attacks"].items()
        if attack["unexpected"]
    ]
    if results["exit_status"] != 0:
        found.append(f"exit_status: {results['exit_status']}")
    return found


def table(results: Mapping[str, Any]) -> str:
    """Return the results of both runs side by side, what each kind of attack got, and the bounds that were exceeded."""
    runs = (results["quiet"], results["attacked"])
    rows: list[tuple[str, list[object]]] = [
        ("messages", [run["messages"] for run in runs]),
        ("errors: wrong code, dropped, late, lost, sent twice", [sum(run[name] for name in _ZERO) for run in runs]),
        ("median, ms", [run["p50_ms"] for run in runs]),
        ("99th percentile, ms", [run["p99_ms"] for run in runs]),
        ("slowest, ms", [run["slowest_ms"] for run in runs]),
        ("slowest health check, ms", [run["health_slowest_ms"] for run in runs]),
    ]
    for key, names in (
        ("memory_mib", ("start", "second_third", "last_third", "highest")),
        ("descriptors", ("start", "highest", "end")),
    ):
        rows += [(f"{key}: {name.replace('_', ' ')}", [run[key][name] for run in runs]) for name in names]
    rows += [
        ("descriptors: after the attack", ["", results["descriptors_settled"]]),
        ("processor time of the host, s", [run["host_cpu_seconds"] for run in runs]),
        ("processor time of the clients, s", [run["clients_cpu_seconds"] for run in runs]),
        ("processor time of the attackers, s", ["", results["attackers_cpu_seconds"]]),
        ("ratio of the 99th percentiles", ["", round(runs[1]["p99_ms"] / runs[0]["p99_ms"], 2)]),
    ]
    lines = [f"{name:52}{quiet!s:>12}{attacked!s:>14}" for name, (quiet, attacked) in rows]
    lines = [f"{'':52}{'quiet':>12}{'under attack':>14}", *lines, ""]
    lines += [f"{name:28}{it['rounds']:6} rounds, statuses {it['statuses']}" for name, it in results["attacks"].items()]
    return "\n".join([*lines, "", *(f"exceeded: {it}" for it in results["missed"] or ["nothing"])])


def main() -> int:
    """Measure, print the results, and return the exit status: 1 if a bound is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="the length of each of the two runs")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument(
        "--rate", type=float, default=64, help="messages per second of all clients; 0: as many as possible"
    )
    parser.add_argument(
        "--attack", action="append", choices=list(ATTACKS), help="one kind of attack; repeatable [default: all]"
    )
    arguments = parser.parse_args()
    results = measure(arguments.seconds, arguments.clients, arguments.rate, arguments.attack or tuple(ATTACKS))
    print(table(results))  # noqa: T201 - the output of the command
    return 1 if results["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
