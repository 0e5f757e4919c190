"""The benchmarks: their arithmetic, their page, and a short run of the endurance. Nothing here is timed."""

import itertools
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import cattrs
import pytest
from attrs import evolve

from tests.benchmarks.__main__ import main
from tests.benchmarks.charts import bars, lines
from tests.benchmarks.endurance import Exit, Results, Sample, read_results, section
from tests.benchmarks.environment import describe_machine
from tests.benchmarks.faulty_ses import OUTCOMES
from tests.benchmarks.host import cpu_seconds
from tests.benchmarks.page import (
    BENCHMARKS,
    Report,
    charts,
    figures_file,
    growth_table,
    ratio_table,
    read_report,
    sections,
    to_json,
    write_page,
)
from tests.benchmarks.runner import (
    Benchmark,
    Comparison,
    Contender,
    Measured,
    Series,
    exponent,
    in_turn,
    measure,
    quantile,
    ratios,
)
from tests.benchmarks.tables import figure
from tests.docs.markdown import ROOT

CPU: Final = "CPU ms per message"


def _series(contender: str, *values: float, case: str = "1 kB, serial", size: int | None = None) -> Series:
    return Series(case, contender, CPU, values, size)


# --- the runner ---


def test_contenders_run_in_turn() -> None:
    """Each once, then each again; with a round before that does not count."""
    order: list[str] = []

    @contextmanager
    def contenders(_: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
        def contender(name: str, figures: Iterator[float]) -> Contender:
            def run() -> dict[str, float]:
                order.append(name)
                return {CPU: next(figures)}

            return Contender("case", name, run)

        yield [contender("a", itertools.count(1.0)), contender("b", itertools.count(10.0))]

    found = measure(Benchmark("toy", "Toy", "It counts.", contenders), 2)
    assert order == ["a", "b"] * 3
    assert [(it.contender, it.values) for it in found.series] == [("a", (2.0, 3.0)), ("b", (11.0, 12.0))]


def test_series_keep_the_order_of_the_contenders() -> None:
    """Also if a contender reports several quantities."""
    found = in_turn([Contender("case", name, lambda: {"x": 1.0, "y": 2.0}) for name in "ba"], 1)
    assert [(it.contender, it.quantity) for it in found] == [("b", "x"), ("b", "y"), ("a", "x"), ("a", "y")]


def test_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    """A disturbance in one round hits both; the ratio of the medians would be 1.5."""
    series = [_series("ours", 1.0, 30.0, 3.0), _series("bare", 2.0, 60.0, 2.0)]
    (found,) = ratios(Comparison(CPU, "ours", "bare"), series)
    assert (found.contender, found.values, found.median) == ("ours : bare", (0.5, 0.5, 1.5), 0.5)


def test_ratios_are_limited_to_cases_that_both_have() -> None:
    """And to those that the comparison names."""
    series = [_series(who, 1.0, case=case) for who in ("ours", "bare") for case in ("serial", "16 in flight")]
    series.append(_series("ours", 1.0, case="serial, alone"))
    assert [it.case for it in ratios(Comparison(CPU, "ours", "bare", within="serial"), series)] == ["serial"]


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_exponent_is_that_of_a_power(power: float) -> None:
    """Whatever the factor."""
    assert exponent((size, 7.0 * size**power) for size in (4, 40, 400, 4000)) == pytest.approx(power)


def test_exponent_has_the_least_squares() -> None:
    """The values 1, 10 and 10 at 1, 10 and 100: a line with the slope 0.5."""
    assert exponent([(1, 1), (10, 10), (100, 10)]) == pytest.approx(0.5)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_quantile_is_a_value_of_the_list(share: float, expected: int) -> None:
    """Of the numbers from 1 to 100, in any order."""
    assert quantile(range(100, 0, -1), share) == expected


def test_processor_time_of_children_counts() -> None:
    """A child that works adds to the time of its parent."""
    before = cpu_seconds(os.getpid())
    work = "sum(range(20_000_000)); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        of_both, of_child = cpu_seconds(os.getpid()), cpu_seconds(child.pid)
        child.communicate(b"\n")
    assert of_child > 0
    assert of_both > before + of_child - 0.001  # the system counts in hundredths


# --- the page ---


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12345.6, "12,346"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.0456, "0.0456"), (0, "0")],
)
def test_figure_has_three_digits(value: float, expected: str) -> None:
    """Small ones have at most four decimals."""
    assert figure(value) == expected


@pytest.mark.parametrize(
    ("values", "bounds", "target"),
    [
        ((0.5, 0.5), {"most": 0.6}, "at most 0.6"),
        ((0.7, 0.7), {"most": 0.6}, "at most 0.6: missed"),
        ((3.5, 3.5), {"least": 3}, "at least 3"),
        ((2.5, 2.5), {"least": 3}, "at least 3: missed"),
        ((2.5, 2.5), {}, ""),
    ],
)
def test_missed_targets_are_named(values: tuple[float, ...], bounds: dict[str, Any], target: str) -> None:
    """The table has the ratio, its range and its target."""
    series = [_series("ours", *values), _series("bare", 1.0, 1.0)]
    last = ratio_table([Comparison(CPU, "ours", "bare", **bounds)], series).splitlines()[-1]
    shown = figure(values[0])
    assert last == f"| {CPU} | ours : bare | 1 kB, serial | {shown} ({shown} to {shown}) | {target} |"


def test_growth_table_has_both_exponents() -> None:
    """Over all sizes, and of the last step."""
    series = [_series("ours", value, case="routing", size=size) for size, value in ((1, 2.0), (10, 2.0), (100, 20.0))]
    assert growth_table(series, 1.1).splitlines() == [
        f"| {CPU} by size | 1 | 10 | 100 | Exponent, at most 1.1 | Of the last step |",
        "| --- | --- | --- | --- | --- | --- |",
        "| routing | 2.00 | 2.00 | 20.0 | 0.50 | 1.00 |",
    ]


def _report(load: float = 0.5, machine: str = "a processor") -> Report:
    sends = [
        Series("1 kB, serial", who, quantity, (value, value + 1))
        for who, value in (("ours", 1.0), ("bare botocore", 2.0))
        for quantity in BENCHMARKS["send"].charts
    ]
    steps = [Series("routing", "ours", "CPU µs", (2.0 * size,), size) for size in (4, 40)]
    return Report(
        {"Processor": machine},
        {
            "send": Measured("2026-11-27", load, tuple(sends)),
            "growth-templates": Measured("2026-11-27", 0.5, tuple(steps)),
        },
    )


def test_report_survives_json(tmp_path: Path) -> None:
    """Every figure of it."""
    file = tmp_path / "figures.json"
    file.write_text(to_json(_report()), encoding="utf-8")
    assert read_report(file) == _report()


def test_page_has_the_machine_the_tables_and_the_charts(tmp_path: Path) -> None:
    """Between its markers, with the figures and charts next to it."""
    page = tmp_path / "benchmarks.md"
    page.write_text("# Mine\n<!-- benchmarks:begin -->\nold\n<!-- benchmarks:end -->\nend\n", encoding="utf-8")
    write_page(_report(), page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Mine\n")
    assert text.endswith("\nend\n")
    assert "old" not in text
    assert "| Processor | a processor |" in text
    assert "| 1 kB, serial | ours | 1.50 (1.00 to 2.00) | 1.50 (1.00 to 2.00) |" in text
    assert "| routing | 8.00 | 80.0 | 1.00 | 1.00 |" in text
    assert read_report(figures_file(page)) == _report()
    for name, chart in charts(_report()).items():
        assert (tmp_path / "benchmarks" / name).read_text(encoding="utf-8") == chart


def test_partial_run_keeps_the_other_figures_of_the_same_machine() -> None:
    """Figures of two machines are never on one page."""
    new = Report({"Processor": "a processor"}, {"send": _report(load=9.0).benchmarks["send"]})
    assert new.extended(_report()).benchmarks == {**_report().benchmarks, "send": new.benchmarks["send"]}
    with pytest.raises(ValueError, match="another machine"):
        new.extended(_report(machine="another"))


@pytest.mark.parametrize(
    ("draw", "series"),
    [
        (bars, [_series("ours", 1.0, 2.0), _series("a <name> & more", 3.0, 4.0)]),
        (lines, [_series("ours", 10.0**power, case="send", size=10**power) for power in range(4)]),
        (lines, [_series("ours", 5.0, case=case, size=4) for case in ("send", "routing")]),
    ],
)
def test_chart_is_well_formed_inside_its_frame(
    draw: Callable[[str, Sequence[Series]], str], series: list[Series]
) -> None:
    """With colours for light and dark, a title for screen readers, and no two labels at one place."""
    chart = draw("Sends: ms", series)
    root = ET.fromstring(chart)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    names = [it.tag.rpartition("}")[2] for it in root]
    assert names[:3] == ["title", "style", "rect"]
    assert "prefers-color-scheme: dark" in chart
    places = [(float(it.attrib["x"]), float(it.attrib["y"])) for it in root if it.tag.endswith("text")]
    assert all(0 <= x < width and 0 < y < height for x, y in places)
    assert len(places) == len(set(places))


def test_machine_has_neither_name_nor_path() -> None:
    """The description may be published."""
    described = describe_machine()
    assert described["Python"].endswith(platform.python_version())
    text = " ".join(described.values())
    assert platform.node() not in text.split()
    assert str(Path.home()) not in text
    assert "botocore " in described["Python packages"]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Add a benchmark that needs nothing; return the options with which it was run."""
    runs: list[bool] = []

    @contextmanager
    def contenders(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
        runs.append(is_quick)
        yield [Contender("case", "ours", lambda: {CPU: 1.0 if is_quick else 2.0})]

    monkeypatch.setitem(BENCHMARKS, "toy-train", Benchmark("toy-train", "Toy", "It counts.", contenders))
    return runs


def test_benchmarks_can_be_selected_by_prefix(
    capsys: pytest.CaptureFixture[str], toy: list[bool], tmp_path: Path
) -> None:
    """The report is printed and written; a prefix of no benchmark is an error."""
    figures = tmp_path / "figures.json"
    assert main(["--only", "toy", "--quick", "--rounds", "2", "--json", str(figures)]) == 0
    report = read_report(figures)
    assert {name: it.series for name, it in report.benchmarks.items()} == {
        "toy-train": (Series("case", "ours", CPU, (1.0, 1.0)),)
    }
    assert capsys.readouterr().out.strip() == sections(report).strip()
    with pytest.raises(SystemExit):
        main(["--only", "toy,nonsense"])
    assert "no benchmark begins with 'nonsense'" in capsys.readouterr().err
    assert toy == [True]


def _page(folder: Path, machine: Mapping[str, str]) -> Path:
    page = folder / "benchmarks.md"
    page.write_text("<!-- benchmarks:begin -->\n<!-- benchmarks:end -->\n", encoding="utf-8")
    write_page(evolve(_report(), machine=dict(machine)), page)
    return page


def test_page_of_a_partial_run_keeps_the_rest(toy: list[bool], tmp_path: Path) -> None:
    """The figures of the same machine with the same versions."""
    page = _page(tmp_path, describe_machine())
    assert main(["--only", "toy", "--rounds", "1", "--page", str(page)]) == 0
    assert {*read_report(figures_file(page)).benchmarks} == {*_report().benchmarks, "toy-train"}
    assert toy == [False]


def test_partial_run_for_the_page_of_another_machine_ends_before_it_measures(
    capsys: pytest.CaptureFixture[str], toy: list[bool], tmp_path: Path
) -> None:
    """Figures of two machines are never on one page."""
    page = _page(tmp_path, {"Processor": "another"})
    with pytest.raises(SystemExit):
        main(["--only", "toy", "--page", str(page)])
    assert "are from another machine" in capsys.readouterr().err
    assert toy == []


def test_each_benchmark_draws_what_it_measures() -> None:
    """Names are unique, since files are named after them."""
    assert all(it.charts for it in BENCHMARKS.values())
    assert len({it.title for it in BENCHMARKS.values()}) == len(BENCHMARKS)


# --- the endurance ---


def _results(**changes: Any) -> Results:
    calm = Results(
        sends=1000,
        seconds=10.0,
        threads=8,
        slowest={"accepted": 0.1},
        counts={"accepted": 1000},
        wrong=0,
        failures=[],
        not_ended=0,
        twice=0,
        miscounted=0,
        wrong_credentials=0,
        forked_status=0,
        exits={"during a send": Exit(0, "", 1.0)},
        start=Sample(0, 60.0, 6),
        warm=Sample(100, 80.0, 40),
        end=Sample(1000, 81.0, 40),
        memory_mib=(80.0, 81.0),
        descriptors=(40.0, 40.0),
        memory_slope=1.0,
        descriptors_slope=0.0,
    )
    return evolve(calm, **changes)


@pytest.mark.parametrize(
    "change",
    [
        {"failures": ["7: a reset: expected general, found id-7"]},
        {"not_ended": 1},
        {"twice": 1},
        {"miscounted": 1},
        {"wrong_credentials": 1},
        {"forked_status": 1},
        {"exits": {"during a send": Exit(1, "", 1.0)}},
        {"exits": {"during a send": Exit(0, "Exception ignored", 1.0)}},
        {"memory_mib": (80.0, 89.0)},
        {"descriptors": (40.0, 57.0)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_failure_fails_the_endurance(change: dict[str, Any]) -> None:
    """And a run without failures passes."""
    assert _results().missed() == []
    assert len(_results(**change).missed()) == 1


def test_results_of_the_endurance_survive_json(tmp_path: Path) -> None:
    """The section of the page is made from them."""
    file = tmp_path / "endurance.json"
    file.write_text(json.dumps(cattrs.unstructure(_results())), encoding="utf-8")
    assert read_results(file) == _results()
    assert "| sends | 1,000 |" in section(_results())


def test_sends_to_a_faulty_provider_end_as_documented(tmp_path: Path) -> None:
    """The long run is ``python -m tests.benchmarks.endurance``; here a response may take 4 seconds instead of 6."""
    file = tmp_path / "endurance.json"
    options = ("--sends", "500", "--threads", "16", "--response-seconds", "4", "--json", str(file))
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.endurance", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    found = read_results(file)
    assert found.sends == 500
    assert set(found.slowest) == {"accepted", *(it.name for it in OUTCOMES.values())}
