"""``python -m tests.mutation``: change the code in hundreds of small ways, and count which changes the suite detects.

Needs the extra ``mutation``. Takes most of an hour on two cores, so CI does not run it. Works on a copy of the
checkout and writes docs/internals/mutation.md. With names or patterns of mutants, tries only those and writes nothing.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from tests.mutation.report import REPORT, UNTRIED, Mutant, make_report, read_verdicts

ROOT: Final = Path(__file__).parents[2]
_PROCESSES: Final = 4 * (os.cpu_count() or 1)
"""A mutant mostly waits: for time limits, pauses and the processes that end."""

COPIED: Final = ("connector_kit", "conformance", "schemas", "tests", "pyproject.toml", "README.md", "LICENSE")


def main(arguments: list[str] | None = None) -> int:
    """Run mutmut on a copy of the checkout, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("mutants", nargs="*", help="names of mutants, or patterns of them")
    parser.add_argument("--folder", type=Path, help="the folder to work in; continues an earlier run there")
    given = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutation-")))
        folder.mkdir(parents=True, exist_ok=True)
        for part in COPIED:
            _copy(ROOT / part, folder / part)
        status = _mutmut(folder, "run", "--max-children", str(_PROCESSES), *given.mutants).returncode
        if status != 0:
            return status
        mutants = _mutants(folder, everything=not given.mutants)
    counted = Counter(mutant.state for mutant in mutants)
    print(", ".join(f"{count} {state}" for state, count in counted.most_common()))
    if given.mutants:
        for mutant in mutants:
            print(f"{mutant.name}: {mutant.state}\n{mutant.change}")
        return 0
    text, unexplained = make_report(mutants, read_verdicts())
    REPORT.write_text(text, encoding="utf-8")
    for mutant in unexplained:
        print(f"no reason recorded: {mutant.name}\n{mutant.change}")
    return 1 if unexplained else 0


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "recorded"), dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def _mutmut(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mutmut", *arguments]
    stdout = None if arguments[0] == "run" else subprocess.PIPE
    return subprocess.run(command, cwd=folder, stdout=stdout, text=True, check=False)


def _mutants(folder: Path, *, everything: bool) -> list[Mutant]:
    results = _mutmut(folder, "results", "--all", "true").stdout
    found = []
    for line in results.splitlines():
        name, _, state = line.strip().rpartition(": ")
        if name and (everything or state not in {"killed", UNTRIED}):
            shown = "" if state in {"killed", UNTRIED} else _mutmut(folder, "show", name).stdout
            change = "\n".join(it for it in shown.splitlines() if it[:1] in "+-" and it[:3] not in {"+++", "---"})
            found.append(Mutant(name, state, change))
    return found


if __name__ == "__main__":
    sys.exit(main())
