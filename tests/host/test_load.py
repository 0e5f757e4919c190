"""The load test of the host: its verdicts are right, and a few seconds of it pass."""

from collections import Counter
from typing import Any

import pytest

from tests.benchmarks.host_attack import measure as measure_attack
from tests.benchmarks.host_attack import missed, table
from tests.benchmarks.host_load import EXPECTED_STATUS, Memory, Tally, evaluate, measure, outcome_of


def _evaluate(mode: str = "faulty", **changes: Any) -> dict[str, Any]:
    numbers = range(1, 101)
    tally = Tally({number: EXPECTED_STATUS[outcome_of(number, mode)] for number in numbers}, [0.05] * 100, 0)
    memory = Memory([(0, 40.0), (10, 50.0), (100, 52.0)])
    received = Counter(dict.fromkeys(numbers, 1))
    lines = [{"event": "request", "path": "/sms"}] * 100
    for name, change in changes.items():
        change({"tally": tally, "memory": memory, "received": received, "lines": lines}[name])
    return evaluate(mode, tally, memory, received, lines)


def test_run_without_errors_passes() -> None:
    """In mode faulty, 10 % are rejected, 5 % hang and 5 % are reset."""
    assert _evaluate()["passed"]
    assert _evaluate("steady")["passed"]
    assert Counter(outcome_of(number, "faulty") for number in range(1000)) == {
        "sent": 800,
        "rejected": 100,
        "hung": 50,
        "reset": 50,
    }


def _twice(received: Any) -> None:
    received[1] += 1


def _lost(received: Any) -> None:
    del received[1]


def _busy(tally: Any) -> None:
    tally.statuses[1] = 503


def _wrong(tally: Any) -> None:
    tally.statuses[3] = 200


def _late(tally: Any) -> None:
    tally.seconds[0] = 4.5


def _dropped(tally: Any) -> None:
    tally.dropped = 1


def _grows(memory: Any) -> None:
    memory.samples.append((100, 70.0))


def _unlogged(lines: Any) -> None:
    lines.pop()


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"received": _twice}, "sent_twice"),
        ({"received": _lost}, "lost"),
        ({"tally": _busy}, "sent_though_busy"),
        ({"tally": _wrong}, "wrong_code"),
        ({"tally": _late}, "responses_late"),
        ({"tally": _dropped}, "connections_dropped"),
        ({"lines": _unlogged}, "log_lines_missing"),
        ({"memory": _grows}, None),
    ],
)
def test_each_error_fails_the_run(change: dict[str, Any], count: str | None) -> None:
    """Messages sent twice, lost, or sent despite 503; wrong, late or missing responses; missing log lines; memory."""
    found = _evaluate(**change)
    assert not found["passed"]
    assert count is None or found[count] == 1


def test_busy_host_fails_a_steady_run() -> None:
    """It has as many slots as there are clients."""

    def busy(tally: Any) -> None:
        tally.statuses[1] = 503

    def never_received(received: Any) -> None:
        del received[1]

    assert not _evaluate("steady", tally=busy, received=never_received)["passed"]
    assert _evaluate("faulty", tally=busy, received=never_received)["passed"]


def test_a_few_seconds_with_a_faulty_provider_pass() -> None:
    """The long run is ``python -m tests.benchmarks.host_load``."""
    found = measure("faulty", seconds=4, clients=8, slots=64)
    assert found["messages"] > 50
    assert set(found["statuses"]) == {200, 400, 504}
    errors = ("wrong_code", "connections_dropped", "responses_late", "sent_twice", "lost", "log_lines_missing")
    assert {name: found[name] for name in errors} == dict.fromkeys(errors, 0)
    assert found["health_slowest_ms"] < 2000
    assert found["exit_status"] == 0


def _attack_results(**changes: Any) -> dict[str, Any]:
    results = {
        name: {
            "statuses": {200: 100},
            "p99_ms": p99,
            "memory_mib": {"second_third": 70.0, "last_third": 72.0},
            "descriptors": {"start": 20, "highest": 400},
            **dict.fromkeys(("wrong_code", "connections_dropped", "responses_late", "sent_twice", "lost"), 0),
            **dict.fromkeys(("sent_though_busy", "log_lines_missing", "health_failed"), 0),
        }
        for name, p99 in (("quiet", 60.0), ("attacked", 119.0))
    }
    attacks = {"wrong tokens": {"statuses": {401: 5}, "unexpected": []}}
    common = {"clients": 64, "descriptors_settled": 90, "attacks": attacks, "exit_status": 0}
    attacked = {**results["attacked"], **changes.pop("attacked", {})}
    return {**results, "attacked": attacked, **common, **changes}


@pytest.mark.parametrize(
    ("change", "bound"),
    [
        ({"attacked": {"lost": 1}}, "lost: 1 (attacked)"),
        ({"attacked": {"health_failed": 2}}, "health_failed: 2 (attacked)"),
        ({"attacked": {"statuses": {200: 9, 503: 1}}}, "statuses: {200: 9, 503: 1} (attacked)"),
        ({"attacked": {"p99_ms": 121.0}}, "p99_ms: 121.0 under attack, 60.0 without"),
        (
            {"attacked": {"memory_mib": {"second_third": 70.0, "last_third": 79.0}}},
            "memory_mib: 70.0 in the second third, 79.0 in the last one",
        ),
        ({"attacked": {"descriptors": {"start": 20, "highest": 512}}}, "descriptors: 512 of 512"),
        ({"descriptors_settled": 101}, "descriptors_settled: 101, 20 before"),
        (
            {"attacks": {"wrong tokens": {"statuses": {200: 1}, "unexpected": [200]}}},
            "attacks: wrong tokens got {200: 1}",
        ),
        ({"exit_status": -9}, "exit_status: -9"),
    ],
)
def test_each_bound_of_the_attack_is_checked(change: dict[str, Any], bound: str) -> None:
    """Errors, times, memory, descriptors, and what the attackers get."""
    assert missed(_attack_results()) == []
    assert missed(_attack_results(**change)) == [bound]


def test_a_few_seconds_of_the_attack_mix_harm_no_message() -> None:
    """The long run is ``python -m tests.benchmarks.host_attack``; only it has bounds for time and memory."""
    found = measure_attack(seconds=3, clients=8, rate=40)
    assert [it for it in found["missed"] if not it.startswith(("p99_ms", "memory_mib"))] == []
    assert min(found[name]["messages"] for name in ("quiet", "attacked")) > 20
    for name in ("wrong tokens", "not HTTP", "header bomb", "2 MiB with length", "60,000 brackets"):
        assert found["attacks"][name]["statuses"], name
    assert "exceeded: " in table(found)
