"""The host: its rate and response times with 1, 16 and 64 clients, and with 1 and 2 workers."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.host_load import Host, load, running_host, running_provider
from tests.benchmarks.runner import Benchmark, Contender, Figures, quantile

CLIENTS: Final = (1, 16, 64)
WORKERS: Final = (1, 2)
_SLOTS: Final = 64
_RATE: Final = "requests per second"
_CPU: Final = "CPU ms per request"


def cpu_seconds(process: int) -> float:
    """Return the processor time of a process and of its children, in seconds."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            continue
        if process in {int(stat.parent.name), int(fields[1])}:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _round(host: Host, clients: int, seconds: float) -> Figures:
    before, started = cpu_seconds(host.process), time.perf_counter()
    tally, _, health = asyncio.run(load(host.port, host.process, clients, seconds))
    elapsed, count = time.perf_counter() - started, len(tally.seconds)
    if set(tally.statuses.values()) != {200} or tally.dropped or health.failed:
        raise RuntimeError(
            f"A request failed: {set(tally.statuses.values())}, {tally.dropped} dropped, {health.failed} unhealthy."
        )
    return {
        _RATE: count / elapsed,
        "median, ms": quantile(tally.seconds, 0.5) * 1000,
        "99th percentile, ms": quantile(tally.seconds, 0.99) * 1000,
        _CPU: (cpu_seconds(host.process) - before) / count * 1000,
    }


@contextmanager
def contenders(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Start the provider and the hosts."""
    seconds = 0.5 if is_quick else 3.0
    with running_provider("prompt") as provider, ExitStack() as hosts:

        def contender(host: Host, workers: int, clients: int) -> Contender:
            case = f"{clients} client{'s' if clients > 1 else ''}"
            name = f"{workers} worker{'s' if workers > 1 else ''}"
            return Contender(case, name, lambda: _round(host, clients, seconds))

        running = {it: hosts.enter_context(running_host(provider, _SLOTS, workers=it)) for it in WORKERS}
        yield [contender(host, workers, clients) for clients in CLIENTS for workers, host in running.items()]


BENCHMARK: Final = Benchmark(
    "host",
    "The host",
    "`connector-kit serve` with an SMS connector, whose provider responds at once. Each client sends one message after the other "
    "over its own connection. Host, provider and clients are processes of the same machine: the clients need about as much "
    "of it as the host. See [the host under load](../guides/host.md#under-load) for a provider that is slow or fails.",
    contenders,
    (),
    (_RATE, "99th percentile, ms"),
)
