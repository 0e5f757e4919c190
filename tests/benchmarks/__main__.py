"""Measure the kit and its contenders on this machine: ``python -m tests.benchmarks``.

Every benchmark runs its contenders in turn, round after round, against servers on this machine. Nothing else of the machine
should be busy. It needs Node.js and npm, and takes about half an hour; half of that is the conformance suite.
"""

import argparse
import sys
from pathlib import Path

from tests.benchmarks.environment import describe_machine
from tests.benchmarks.page import BENCHMARKS, PAGE, Report, figures_file, read_report, sections, to_json, write_page
from tests.benchmarks.runner import measure


def _selected(given: str) -> list[str]:
    prefixes = given.split(",")
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in BENCHMARKS):
            raise argparse.ArgumentTypeError(f"no benchmark begins with {prefix!r}: {', '.join(BENCHMARKS)}")
    return [name for name in BENCHMARKS if name.startswith(tuple(prefixes))]


def main(arguments: list[str]) -> int:
    """Measure, print the report, and write what the options name."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", type=_selected, default=list(BENCHMARKS), metavar="NAMES", help=f"some of {', '.join(BENCHMARKS)}"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender is measured [default: 5]")
    parser.add_argument("--quick", action="store_true", help="short rounds: to try the benchmarks, not to measure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FILE",
        help=f"write the page {PAGE.name} with its charts and figures; benchmarks that did not run keep theirs",
    )
    given = parser.parse_args(arguments)
    kept, found = Report(dict(describe_machine()), {}), {}
    if given.page is not None and set(given.only) < set(BENCHMARKS) and figures_file(given.page).exists():
        try:
            kept = kept.extended(read_report(figures_file(given.page)))
        except ValueError as error:
            parser.error(str(error))
    for name in given.only:
        print(f"{name} …", file=sys.stderr)  # noqa: T201 - progress, for a person
        found[name] = measure(BENCHMARKS[name], given.rounds, is_quick=given.quick)
    report = Report(kept.machine, found)
    print(sections(report))  # noqa: T201 - the output of the command
    if given.json is not None:
        given.json.write_text(to_json(report), encoding="utf-8")
    if given.page is not None:
        write_page(report.extended(kept), given.page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
