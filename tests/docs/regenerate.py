"""``python -m tests.docs.regenerate``: write the generated pages and tables of the docs.

Without options it writes the tables, in seconds. ``--all`` also writes the pages that need a long run: the verdicts on
official npm packages (half a minute; needs Node.js and npm) and the mutation report (most of an hour; needs the extra
``mutation``).
"""

import argparse
import sys

from tests.benchmarks import page as benchmarks
from tests.docs.generated import PARTS, SES_SCHEMA, ses_schema_text
from tests.docs.markdown import replace_between


def write_tables() -> None:
    """Write every generated part of a page between its markers, the schema of the SES config, and the charts of the benchmarks."""
    for page, name, generate in PARTS:
        page.write_text(replace_between(page.read_text(encoding="utf-8"), name, generate()), encoding="utf-8")
    SES_SCHEMA.write_text(ses_schema_text(), encoding="utf-8")
    benchmarks.write_charts(benchmarks.read_report(benchmarks.figures_file(benchmarks.PAGE)), benchmarks.PAGE)


def main(arguments: list[str]) -> int:
    """Write what the options ask for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.regenerate", description=__doc__)
    parser.add_argument("--all", action="store_true", help="also write official-connectors.md and mutation.md")
    given = parser.parse_args(arguments)
    write_tables()
    if not given.all:
        return 0
    from tests.interop import verdicts  # noqa: PLC0415 - needs Node.js
    from tests.mutation.__main__ import main as mutate  # noqa: PLC0415 - needs the extra `mutation`

    return verdicts.main() or mutate([])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
