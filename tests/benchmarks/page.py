"""The report of a run: as JSON, and as the tables and charts of a page in the docs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import cattrs
from attrs import evolve, frozen

from tests.benchmarks import growth, host, kit, processes, send
from tests.benchmarks.charts import bars, lines
from tests.benchmarks.runner import Benchmark, Comparison, Measured, Series, exponent, ratios
from tests.benchmarks.tables import figure, table
from tests.docs.markdown import DOCS, replace_between

BENCHMARKS: Final = {
    it.name: it
    for it in (
        send.BENCHMARK,
        kit.VALIDATION,
        kit.RENDERING,
        kit.ROUTING,
        growth.GROWTH_BY_TEMPLATES,
        growth.GROWTH_BY_BYTES,
        processes.COMMANDS,
        host.BENCHMARK,
        processes.SUITE,
    )
}
"""By name, in the order of the page."""

PAGE: Final = DOCS / "internals" / "benchmarks.md"
PART: Final = "benchmarks"
"""The name of the markers around the generated part of the page."""


@frozen
class Report:
    """What was measured, and on which machine."""

    machine: dict[str, str]
    benchmarks: dict[str, Measured]

    def extended(self, other: "Report") -> "Report":
        """Return a report that also has those benchmarks of another one that this one lacks.

        Raises:
            ValueError: the other report is from another machine.
        """
        if other.machine != self.machine:
            raise ValueError("The stored figures are from another machine or other versions: measure all benchmarks.")
        return evolve(self, benchmarks={**other.benchmarks, **self.benchmarks})


def figures_file(page: Path) -> Path:
    """Return the file with the figures of a page. The charts are in the same folder."""
    return page.with_suffix("") / "figures.json"


def read_report(file: Path) -> Report:
    """Read a report from JSON."""
    return cattrs.structure(json.loads(file.read_text(encoding="utf-8")), Report)


def to_json(report: Report) -> str:
    """Return a report as JSON, with one series a line."""
    text = json.dumps(cattrs.unstructure(report), indent=1)
    return re.sub(r"\[\s+([-\d., \n]+?)\s+\]", lambda it: f"[{' '.join(it[1].split())}]", text) + "\n"


def write_page(report: Report, page: Path) -> None:
    """Write the figures, the charts, and the generated part of the page."""
    figures_file(page).parent.mkdir(exist_ok=True)
    write_charts(report, page)
    figures_file(page).write_text(to_json(report), encoding="utf-8")
    text = replace_between(page.read_text(encoding="utf-8"), PART, sections(report))
    page.write_text(text, encoding="utf-8")


def write_charts(report: Report, page: Path) -> None:
    """Write the charts next to the figures."""
    for name, chart in charts(report).items():
        (figures_file(page).parent / name).write_text(chart, encoding="utf-8")


def charts(report: Report) -> Mapping[str, str]:
    """Return the charts by file name."""
    found = {}
    for benchmark, measured in _measured(report):
        for quantity in benchmark.charts:
            series = [it for it in measured.series if it.quantity == quantity]
            title = f"{benchmark.title}: {quantity}"
            found[_chart_name(benchmark, quantity)] = (lines if series[0].size else bars)(title, series)
    return found


def _chart_name(benchmark: Benchmark, quantity: str) -> str:
    words = re.findall(r"[a-z0-9]+", quantity.lower().replace("µ", "u"))
    return f"{'-'.join((benchmark.name, *words))}.svg"


def _measured(report: Report) -> Iterator[tuple[Benchmark, Measured]]:
    return ((it, report.benchmarks[name]) for name, it in BENCHMARKS.items() if name in report.benchmarks)


def sections(report: Report) -> str:
    """Return the generated part of the page: the machine, then a section for each benchmark."""
    parts = ["\n## The machine\n", table(("", ""), report.machine.items())]
    for benchmark, measured in _measured(report):
        rounds = len(measured.series[0].values)
        parts += [
            f"## {benchmark.title}\n",
            f"{benchmark.method}\n",
            f"Measured on {measured.date}, rounds: {rounds}, load of the machine before: {measured.load}.\n",
            *(f"![{benchmark.title}: {it}]({PAGE.stem}/{_chart_name(benchmark, it)})\n" for it in benchmark.charts),
            growth_table(measured.series, benchmark.steepest) if measured.series[0].size else _figures(measured.series),
            ratio_table(benchmark.comparisons, measured.series),
        ]
    return "\n".join(filter(None, parts))


def _figures(series: Iterable[Series]) -> str:
    quantities = list(dict.fromkeys(it.quantity for it in series))
    rows = []
    for (case, contender), found in groupby(series, key=lambda it: (it.case, it.contender)):
        by_quantity = {it.quantity: it for it in found}
        rows.append((case, contender, *(_spread(by_quantity[it]) for it in quantities)))
    return table(("Case", "Who", *quantities), rows)


def growth_table(series: Iterable[Series], steepest: float | None) -> str:
    """Return a row for each case with its medians by size, and the exponents of its growth."""
    by_case: dict[str, list[Series]] = {}
    for it in series:
        by_case.setdefault(it.case, []).append(it)
    sizes = dict.fromkeys(it.size for it in series)
    rows = []
    for case, found in by_case.items():
        points = [(float(it.size or 1), it.median) for it in found]
        exponents = (exponent(points), exponent(points[-2:]))
        rows.append((case, *(figure(it.median) for it in found), *(f"{it:.2f}" for it in exponents)))
    target = "" if steepest is None else f", at most {steepest:g}"
    headings = (f"{found[0].quantity} by size", *(f"{it:,}" for it in sizes), f"Exponent{target}", "Of the last step")
    return table(headings, rows)


def ratio_table(comparisons: Iterable[Comparison], series: Iterable[Series]) -> str:
    """Return a row for each comparison and case: the ratio, its target, and whether that is met. Empty without ratios."""
    rows = []
    for comparison in comparisons:
        for it in ratios(comparison, series):
            target, is_met = "", True
            if comparison.most is not None:
                target, is_met = f"at most {comparison.most:g}", it.median <= comparison.most
            if comparison.least is not None:
                target, is_met = f"at least {comparison.least:g}", it.median >= comparison.least
            rows.append((it.quantity, it.contender, it.case, _spread(it), f"{target}{'' if is_met else ': missed'}"))
    return table(("Ratio of", "Who", "Case", "Found", "Target"), rows) if rows else ""


def _spread(series: Series) -> str:
    if len(series.values) == 1:
        return figure(series.median)
    return f"{figure(series.median)} ({figure(min(series.values))} to {figure(max(series.values))})"
