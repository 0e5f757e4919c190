"""The load programme: it judges rightly, and a few seconds of it find nothing wrong."""

from collections import Counter
from typing import Any

import pytest

from tests.benchmarks.host_load import Memory, Tally, fate_of, judge, measure

FATES = {"sent": 200, "refused": 400, "hung": 504, "reset": 400}


def _judged(mode: str = "faulty", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - what differs
    numbers = range(1, 101)
    tally = Tally({number: FATES[fate_of(number, mode)] for number in numbers}, [0.05] * 100, 0)
    memory = Memory([(0, 40.0), (10, 50.0), (100, 52.0)])
    seen = Counter(dict.fromkeys(numbers, 1))
    lines = [{"event": "request", "path": "/sms"}] * 100
    for name, change in changes.items():
        change({"tally": tally, "memory": memory, "seen": seen, "lines": lines}[name])
    return judge(mode, tally, memory, seen, lines)


def test_a_faultless_run_passes() -> None:
    """A tenth is refused, a twentieth hangs, a twentieth is reset."""
    assert _judged()["passed"]
    assert _judged("steady")["passed"]
    assert Counter(fate_of(number, "faulty") for number in range(1000)) == {
        "sent": 800,
        "refused": 100,
        "hung": 50,
        "reset": 50,
    }


def _twice(seen: Any) -> None:  # noqa: ANN401 - a Counter
    seen[1] += 1


def _lost(seen: Any) -> None:  # noqa: ANN401 - a Counter
    del seen[1]


def _busy(tally: Any) -> None:  # noqa: ANN401 - a Tally
    tally.statuses[1] = 503


def _wrong(tally: Any) -> None:  # noqa: ANN401 - a Tally
    tally.statuses[3] = 200


def _late(tally: Any) -> None:  # noqa: ANN401 - a Tally
    tally.seconds[0] = 4.5


def _dropped(tally: Any) -> None:  # noqa: ANN401 - a Tally
    tally.dropped = 1


def _grows(memory: Any) -> None:  # noqa: ANN401 - a Memory
    memory.samples.append((100, 70.0))


def _unlogged(lines: Any) -> None:  # noqa: ANN401 - a list
    lines.pop()


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"seen": _twice}, "sent_twice"),
        ({"seen": _lost}, "lost"),
        ({"tally": _busy}, "sent_though_busy"),
        ({"tally": _wrong}, "wrong_code"),
        ({"tally": _late}, "answered_late"),
        ({"tally": _dropped}, "connections_dropped"),
        ({"lines": _unlogged}, "log_lines_missing"),
        ({"memory": _grows}, None),
    ],
)
def test_each_fault_is_seen(change: dict[str, Any], count: str | None) -> None:
    """A message sent twice, lost, or sent though the answer was 503; a wrong code; an answer too late, or none."""
    found = _judged(**change)
    assert not found["passed"]
    assert count is None or found[count] == 1


def test_a_full_host_is_an_error_under_steady_load() -> None:
    """There are as many slots as callers."""

    def busy(tally: Any) -> None:  # noqa: ANN401 - a Tally
        tally.statuses[1] = 503

    def unseen(seen: Any) -> None:  # noqa: ANN401 - a Counter
        del seen[1]

    assert not _judged("steady", tally=busy, seen=unseen)["passed"]
    assert _judged("faulty", tally=busy, seen=unseen)["passed"]


def test_a_few_seconds_under_a_faulty_provider() -> None:
    """In time, with the right code, none twice, none lost; ``python -m tests.benchmarks.host_load`` is the long run."""
    found = measure("faulty", seconds=4, clients=8, slots=64)
    assert found["messages"] > 50
    assert set(found["statuses"]) == {200, 400, 504}
    faults = ("wrong_code", "connections_dropped", "answered_late", "sent_twice", "lost", "log_lines_missing")
    assert {name: found[name] for name in faults} == dict.fromkeys(faults, 0)
    assert found["health_slowest_ms"] < 2000
    assert found["exit_status"] == 0
