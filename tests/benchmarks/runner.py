"""Measures contenders in turn, round after round, and compares their figures."""

import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

Figures = Mapping[str, float]
"""What one round of a contender measures, by quantity, such as ``{"CPU ms per message": 0.4}``."""


@frozen
class Contender:
    """One of those that do the same work.

    Args:
        case: the work; contenders are compared within it.
        name: who does it.
        run: does one round of it, and returns the figures.
        size: of the work, if the benchmark is about growth.
    """

    case: str
    name: str
    run: Callable[[], Figures]
    size: int | None = None


@frozen
class Comparison:
    """Divides a contender's figures by those of another, in each case that both have.

    Args:
        quantity: what is compared.
        contender: the name of the dividend.
        base: the name of the divisor.
        most: the target, if the ratio should be at most this.
        least: the target, if the ratio should be at least this.
        within: only cases that contain this text.
    """

    quantity: str
    contender: str
    base: str
    most: float | None = None
    least: float | None = None
    within: str = ""


@frozen
class Benchmark:
    """Contenders, and how they are compared.

    Args:
        name: for the command line and for files.
        title: the heading of its section.
        method: the paragraph that describes what is measured.
        contenders: makes the contenders, and all that they need. With ``True``, a round is short.
        comparisons: the ratios to report.
        charts: the quantities to draw.
        is_warmed_up: whether a round that does not count comes first.
        steepest: the target for the exponents, if the benchmark is about growth.
    """

    name: str
    title: str
    method: str
    contenders: Callable[[bool], AbstractContextManager[Sequence[Contender]]]
    comparisons: tuple[Comparison, ...] = ()
    charts: tuple[str, ...] = ()
    is_warmed_up: bool = True
    steepest: float | None = None


@frozen
class Series:
    """The figures of one contender for one quantity, one for each round."""

    case: str
    contender: str
    quantity: str
    values: tuple[float, ...]
    size: int | None = None

    @property
    def median(self) -> float:
        """The middle figure."""
        return statistics.median(self.values)


@frozen
class Measured:
    """What a run of one benchmark found.

    Args:
        date: of the run, as ``YYYY-MM-DD``.
        load: how many processes of the machine wanted to run in the minute before.
        series: in the order of the contenders.
    """

    date: str
    load: float
    series: tuple[Series, ...]


def measure(benchmark: Benchmark, rounds: int, *, is_quick: bool = False) -> Measured:
    """Run all contenders in turn, so many times, and return their figures."""
    load = round(os.getloadavg()[0], 2)
    with benchmark.contenders(is_quick) as contenders:
        if benchmark.is_warmed_up:
            for contender in contenders:
                contender.run()
        found = in_turn(contenders, rounds)
    return Measured(datetime.now(UTC).date().isoformat(), load, found)


def in_turn(contenders: Sequence[Contender], rounds: int) -> tuple[Series, ...]:
    """Run each contender once, then each once more, and so on: what disturbs the machine for a while disturbs them all."""
    values: dict[tuple[int, str], list[float]] = {}
    for _ in range(rounds):
        for index, contender in enumerate(contenders):
            for quantity, value in contender.run().items():
                values.setdefault((index, quantity), []).append(value)
    return tuple(
        Series(contenders[index].case, contenders[index].name, quantity, tuple(found), contenders[index].size)
        for (index, quantity), found in sorted(values.items(), key=lambda it: it[0][0])
    )


def ratios(comparison: Comparison, series: Iterable[Series]) -> list[Series]:
    """Return the ratios of a comparison for each case: of the figures of the same round, since they share its disturbances."""
    by_place = {(it.case, it.contender): it for it in series if it.quantity == comparison.quantity}
    found = []
    for (case, name), dividend in by_place.items():
        divisor = by_place.get((case, comparison.base))
        if name == comparison.contender and divisor is not None and comparison.within in case:
            values = tuple(ours / theirs for ours, theirs in zip(dividend.values, divisor.values, strict=True))
            found.append(Series(case, f"{name} : {comparison.base}", comparison.quantity, values))
    return found


def exponent(points: Iterable[tuple[float, float]]) -> float:
    """Return the exponent of growth: the slope of the straight line with the least squares through the logarithms.

    Args:
        points: sizes with their figures, at least two.
    """
    logarithms = [(math.log(size), math.log(value)) for size, value in points]
    return statistics.linear_regression(*zip(*logarithms, strict=True)).slope


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds on the clock, and of processor time of this process with all its threads."""
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - clock, time.process_time() - processor


MICROSECONDS: Final = "CPU µs"


def each(action: Callable[[], object], count: int) -> Callable[[], Figures]:
    """Return a round that repeats an action, and measures the processor time of each."""

    def repeat() -> None:
        for _ in range(count):
            action()

    return lambda: {MICROSECONDS: timed(repeat)[1] / count * 1e6}
