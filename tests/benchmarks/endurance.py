"""Endurance of the Amazon SES connector: ``python -m tests.benchmarks.endurance [--sends 200000]``.

64 threads send messages with 1,000 configs in turn, each with a key of its own, in ten regions. The provider on this machine
accepts most messages. It throttles, hangs, drips, resets or answers with garbage where `OUTCOMES` says so, for some of them
after it has accepted the message. Halfway, the process forks while all threads send.

Each send must end within `BUDGET_SECONDS` with the documented code (clauses R7 and E6 of docs/contract.md), no message may be
accepted twice, and memory and descriptors must not grow. Two more processes end with an idle connection, and during a send.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final

import cattrs
from attrs import define, field, frozen

from connector_kit import ConnectorError
from connector_kit.aws_api import endpoint
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.benchmarks.cases import MESSAGE, config
from tests.benchmarks.environment import environment
from tests.benchmarks.faulty_ses import (
    ACCEPTED,
    CONFIGS,
    OUTCOMES,
    SLOW,
    Outcome,
    Received,
    key_of,
    outcome_of,
    region_of,
    run_provider,
)
from tests.benchmarks.host_load import descriptors, resident_mib
from tests.benchmarks.ses_server import running_server
from tests.benchmarks.tables import table
from tests.docs.markdown import replace_between

SENDS: Final = 200_000
THREADS: Final = 64
FORKED_SENDS: Final = 200
BUDGET_SECONDS: Final = 15.0
"""Clause E8: a send ends in less than this time."""

MOST_GROWTH_MIB: Final = 8.0
MOST_MORE_DESCRIPTORS: Final = 16
"""From the second third of the run to the last one, by the medians."""

_LONGEST_RUN: Final = 3600.0
_LONGEST_EXIT: Final = 60.0
_LONGEST_FORK: Final = 300
_SAMPLE_SECONDS: Final = 0.25
_MOST_FAILURES: Final = 20

# --- the sender ---


@define
class Progress:
    """What the threads have found so far."""

    sent: int = 0
    wrong: int = 0
    slowest: dict[str, float] = field(factory=dict)
    failures: list[str] = field(factory=list)
    lock: threading.Lock = field(factory=threading.Lock)

    def add(self, outcome: Outcome, seconds: float, failure: str | None) -> None:
        """Count a send that has ended."""
        with self.lock:
            self.sent += 1
            self.slowest[outcome.name] = max(seconds, self.slowest.get(outcome.name, 0.0))
            self.wrong += failure is not None
            if failure is not None and len(self.failures) < _MOST_FAILURES:
                self.failures.append(failure)


class Sender:
    """Sends the message of each number with its config, and compares what the send returns or raises."""

    def __init__(self) -> None:
        self._configs = [config(key=key_of(it)) | {"region": region_of(it)} for it in range(CONFIGS)]
        self._current = threading.local()
        self._connector = AwsSesConnector(get_config=lambda _: self._current.config)

    def send(self, number: int, progress: Progress) -> None:
        """Send one message."""
        self._current.config = self._configs[number % CONFIGS]
        outcome, found, code = outcome_of(number), None, None
        started = time.monotonic()
        try:
            found = self._connector.send_message({**MESSAGE, "to": f"m{number}@example.com"})
        except ConnectorError as error:
            code = str(error.code)
        except BaseException as error:  # noqa: BLE001 - anything else is a failure, too
            code = repr(error)
        seconds = time.monotonic() - started
        failure = None
        if (found, code) != (None if outcome.code else f"id-{number}", outcome.code):
            failure = f"{number}: {outcome.name}: expected {outcome.code}, found {code or found}"
        elif seconds >= BUDGET_SECONDS:
            failure = f"{number}: {outcome.name}: {seconds:.1f} s"
        progress.add(outcome, seconds, failure)


@frozen
class Sample:
    """The process after so many sends."""

    sent: int
    memory_mib: float
    descriptors: int


def sample(sent: int) -> Sample:
    """Return the memory and the descriptors of this process."""
    return Sample(sent, round(resident_mib(os.getpid()), 2), descriptors(os.getpid()))


def _send_all(sender: Sender, numbers: Iterator[int], last: int, until: float, progress: Progress) -> None:
    while (number := next(numbers)) < last and time.monotonic() < until:
        sender.send(number, progress)


def _fork(sender: Sender, first: int) -> int:
    """Fork, let the child send messages with the connections that it has inherited, and return its process id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork of a process with threads
        child = os.fork()
    if child == 0:
        signal.alarm(_LONGEST_FORK)  # ends this process if a send waits for a lock of a thread that only the parent has
        progress = Progress()
        for number in range(first, first + FORKED_SENDS):
            if outcome_of(number) not in SLOW:
                sender.send(number, progress)
        if progress.failures:
            sys.stderr.write("".join(f"in the forked process: {it}\n" for it in progress.failures))
        os._exit(bool(progress.failures))
    return child


def send_and_exit(number: int) -> None:
    """Send a message and return; the connection stays open until the interpreter ends."""
    progress = Progress()
    Sender().send(number, progress)
    assert progress.failures == [], progress.failures


def exit_during_a_send() -> None:
    """Return while a daemon thread waits for a response that never comes."""
    server = socket.create_server(("127.0.0.1", 0))
    os.environ["AWS_ENDPOINT_URL_SESV2"] = f"http://127.0.0.1:{server.getsockname()[1]}"
    threading.Thread(target=Sender().send, args=(0, Progress()), daemon=True).start()
    connection, _ = server.accept()
    connection.recv(65536)
    _open_until_the_end.extend((server, connection))


_open_until_the_end: list[socket.socket] = []


@frozen
class Exit:
    """How a process ended: its exit status, and what it wrote to standard error."""

    status: int
    errors: str
    seconds: float


def _exit_of(call: str) -> Exit:
    started = time.monotonic()
    command = [sys.executable, "-c", f"from tests.benchmarks import endurance; endurance.{call}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_EXIT, check=False)
    except subprocess.TimeoutExpired:
        return Exit(-1, f"it still ran after {_LONGEST_EXIT:g} s", _LONGEST_EXIT)
    return Exit(done.returncode, done.stderr, round(time.monotonic() - started, 2))


# --- the results ---


@frozen
class Results:
    """What a run found.

    Args:
        sends: how many ended.
        seconds: how long they took together.
        threads: how many sent.
        slowest: the slowest send of each outcome, in seconds.
        counts: how many messages had each outcome.
        wrong: how many sends ended with something else than documented, or too late.
        failures: the first of them.
        not_ended: how many threads were still sending at the end.
        twice: how many messages were accepted twice.
        miscounted: how many messages the provider received or accepted otherwise than documented.
        wrong_credentials: how many requests had the key or the region of another message.
        forked_status: the exit status of the forked process.
        exits: how the processes ended that exit with a connection.
        start: before the first send.
        warm: after a tenth of the sends.
        end: after the last one.
        memory_mib: the medians of the second and of the last third.
        descriptors: the same.
        memory_slope: KiB for each 1,000 sends after the first tenth, by least squares.
        descriptors_slope: the same for descriptors.
    """

    sends: int
    seconds: float
    threads: int
    slowest: dict[str, float]
    counts: dict[str, int]
    wrong: int
    failures: list[str]
    not_ended: int
    twice: int
    miscounted: int
    wrong_credentials: int
    forked_status: int
    exits: dict[str, Exit]
    start: Sample
    warm: Sample
    end: Sample
    memory_mib: tuple[float, float]
    descriptors: tuple[float, float]
    memory_slope: float
    descriptors_slope: float

    def missed(self) -> list[str]:
        """Return what is not as it must be."""
        found = list(self.failures)
        names = ("not_ended", "twice", "miscounted", "wrong_credentials", "forked_status")
        found += [f"{name}: {getattr(self, name)}" for name in names if getattr(self, name)]
        found += [f"{name}: {it.status}, {it.errors!r}" for name, it in self.exits.items() if it.status or it.errors]
        if self.memory_mib[1] - self.memory_mib[0] > MOST_GROWTH_MIB:
            found.append(f"memory_mib: {self.memory_mib}")
        if self.descriptors[1] - self.descriptors[0] > MOST_MORE_DESCRIPTORS:
            found.append(f"descriptors: {self.descriptors}")
        return found


def measure(sends: int, threads: int = THREADS) -> Results:
    """Send so many messages, and return what was found."""
    progress, numbers, samples = Progress(), count(), [sample(0)]
    with running_server(run_provider) as provider, environment(AWS_ENDPOINT_URL_SESV2=provider.url):
        sender, started = Sender(), time.monotonic()
        until = started + _LONGEST_RUN
        workers = [
            threading.Thread(target=_send_all, args=(sender, numbers, sends, until, progress), daemon=True)
            for _ in range(threads)
        ]
        for worker in workers:
            worker.start()
        child = None
        while any(it.is_alive() for it in workers) and time.monotonic() < until + BUDGET_SECONDS:
            time.sleep(_SAMPLE_SECONDS)
            samples.append(sample(progress.sent))
            if child is None and progress.sent >= sends // 2:
                child = _fork(sender, sends)
        seconds = time.monotonic() - started
        child = _fork(sender, sends) if child is None else child
        forked_status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        exits = {
            "with an idle connection": _exit_of(f"send_and_exit({_after(sends)})"),
            "during a send": _exit_of("exit_during_a_send()"),
        }
        not_ended = sum(it.is_alive() for it in workers)
    received: Received = provider.result
    expected = {number: outcome_of(number) for number in _numbers(sends)}
    warm = [it for it in samples if it.sent >= sends // 10] or samples[-1:]
    memory, descriptors = _thirds([it.memory_mib for it in samples]), _thirds([it.descriptors for it in samples])
    return Results(
        sends=progress.sent,
        seconds=round(seconds, 1),
        threads=threads,
        slowest={name: round(it, 2) for name, it in progress.slowest.items()},
        counts=dict(Counter(it.name for it in expected.values())),
        wrong=progress.wrong,
        failures=progress.failures,
        not_ended=not_ended,
        twice=sum(it > 1 for it in received.accepted.values()),
        miscounted=sum(
            (received.requests[number], received.accepted[number]) != (it.requests, it.accepted)
            for number, it in expected.items()
        ),
        wrong_credentials=received.wrong_credentials,
        forked_status=forked_status,
        exits=exits,
        start=samples[0],
        warm=warm[0],
        end=samples[-1],
        memory_mib=memory,
        descriptors=descriptors,
        memory_slope=round(_slope(warm, "memory_mib") * 1024, 2),
        descriptors_slope=round(_slope(warm, "descriptors"), 3),
    )


def _after(sends: int) -> int:
    """Return the number of an accepted message after those of the forked process."""
    return (sends + FORKED_SENDS) // 500 * 500 + 500


def _numbers(sends: int) -> list[int]:
    """Return the numbers of all messages: of the threads, of the forked process, and of the process that ends."""
    forked = (it for it in range(sends, sends + FORKED_SENDS) if outcome_of(it) not in SLOW)
    return [*range(sends), *forked, _after(sends)]


def _thirds(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the second and of the last third."""
    third = len(values) // 3
    return statistics.median(values[third : 2 * third] or values), statistics.median(values[2 * third :])


def _slope(samples: Sequence[Sample], name: str) -> float:
    """Return the growth for each 1,000 sends, by least squares; 0 without samples at two numbers of sends."""
    sent = [it.sent / 1000 for it in samples]
    if len(set(sent)) == 1:
        return 0.0
    return statistics.linear_regression(sent, [getattr(it, name) for it in samples]).slope


def section(results: Results) -> str:
    """Return the results for the page."""
    by_name = {it.name: it for it in (ACCEPTED, *OUTCOMES.values())}
    outcomes = [
        (
            name,
            f"{times:,}",
            f"`{it.code}`" if it.code else "",
            str(it.requests),
            f"{results.slowest.get(name, 0.0):.2f}",
        )
        for name, times in results.counts.items()
        for it in (by_name[name],)
    ]
    states = []
    for heading, name, slope in (
        ("Memory, MiB", "memory_mib", f"{results.memory_slope:+.2f} KiB"),
        ("Descriptors", "descriptors", f"{results.descriptors_slope:+.3f}"),
    ):
        moments = [getattr(it, name) for it in (results.start, results.warm, results.end)]
        states.append((heading, *(f"{it:.4g}" for it in (*moments, *getattr(results, name))), slope))
    failures = (
        ("sends", results.sends),
        ("another code, or later than 15 seconds", results.wrong),
        ("accepted twice", results.twice),
        ("requests or acceptances other than documented", results.miscounted),
        ("the key or the region of another message", results.wrong_credentials),
        ("exit status of the forked process", results.forked_status),
        *((f"exit status of a process that ends {name}", it.status) for name, it in results.exits.items()),
    )
    parts = (
        f"{results.threads} threads with {CONFIGS:,} configs needed {results.seconds:,.0f} seconds.\n",
        table(("What", "Count"), ((name, f"{found:,}") for name, found in failures)),
        table(("The provider sends", "Messages", "Documented code", "Requests of each", "Slowest send, s"), outcomes),
        table(
            ("", "Start", "After a tenth", "End", "Second third", "Last third", "For each 1,000 sends after a tenth"),
            states,
        ),
    )
    return "\n" + "\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Send, print the results, and return the exit status: 1 if a bound is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.endurance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sends", type=int, default=SENDS)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--response-seconds", type=float, help="instead of the connector's limit, for a short run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the section of benchmarks.md")
    given = parser.parse_args(arguments)
    if given.response_seconds is not None:
        assert hasattr(endpoint, "READ_TIMEOUT")
        endpoint.READ_TIMEOUT = given.response_seconds  # type: ignore[misc]
    results = measure(given.sends, given.threads)
    print(section(results))  # noqa: T201 - the output of the command
    for it in results.missed():
        print(f"missed: {it}")  # noqa: T201 - the output of the command
    text = json.dumps(cattrs.unstructure(results), indent=1) + "\n"
    if given.json is not None:
        given.json.write_text(text, encoding="utf-8")
    if given.page is not None:
        results_file(given.page).write_text(text, encoding="utf-8")
        page = given.page.read_text(encoding="utf-8")
        given.page.write_text(replace_between(page, PART, section(results)), encoding="utf-8")
    return 1 if results.missed() else 0


PART: Final = "endurance"
"""The name of the markers around the section in the page."""


def results_file(page: Path) -> Path:
    """Return the file with the results that a page shows."""
    return page.with_suffix("") / "endurance.json"


def read_results(file: Path) -> Results:
    """Read results from JSON."""
    return cattrs.structure(json.loads(file.read_text(encoding="utf-8")), Results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
