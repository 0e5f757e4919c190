"""Whole processes: imports, commands, and the conformance suite."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.cases import config
from tests.benchmarks.environment import environment
from tests.benchmarks.runner import Benchmark, Comparison, Contender, Figures

_COMMAND: Final = str(Path(sys.executable).with_name("connector-kit"))
_BASE: Final = "attrs, cattrs, jsonschema"
_KIT: Final = "connector_kit"


def run(command: Sequence[str], folder: str) -> tuple[float, float]:
    """Run a command, and return its seconds on the clock, and of processor time with that of its own children.

    Raises:
        RuntimeError: its exit status is not 0.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    complaints = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}:\n{complaints.decode(errors='replace')}")
    return seconds, usage.ru_utime + usage.ru_stime


@contextmanager
def _in_a_folder(
    commands: Mapping[tuple[str, str], Sequence[str]], per_second: float, unit: str
) -> Iterator[Sequence[Contender]]:
    """Make a contender of each command, by case and name; they run in a folder with a config."""
    with TemporaryDirectory() as folder, environment():
        Path(folder, "config.json").write_text(dumps(config()), encoding="utf-8")

        def contender(case: str, name: str, command: Sequence[str]) -> Contender:
            def costs() -> Figures:
                seconds, cpu_seconds = run(command, folder)
                return {f"CPU {unit}": cpu_seconds * per_second, unit: seconds * per_second}

            return Contender(case, name, costs)

        yield [contender(case, name, command) for (case, name), command in commands.items()]


@contextmanager
def commands(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: ARG001, FBT001 - a field of `Benchmark`
    """Make a folder with a config."""
    python, imports = (sys.executable, "-c"), "import"
    with _in_a_folder(
        {
            (imports, "nothing"): (*python, "pass"),
            (imports, _BASE): (*python, "import attrs, cattrs, jsonschema"),
            (imports, _KIT): (*python, "import connector_kit"),
            ("connector-kit", "--help"): (_COMMAND, "--help"),
            ("connector-kit", "list"): (_COMMAND, "list"),
            ("connector-kit", "show aws-ses-mail"): (_COMMAND, "show", "aws-ses-mail"),
            ("connector-kit", "validate"): (_COMMAND, "validate", "aws-ses-mail", "config.json"),
        },
        1000,
        "ms",
    ) as found:
        yield found


@contextmanager
def suite(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Make a folder."""
    command = (_COMMAND, "conformance", "aws-ses-mail", *(("--check", "routing") if is_quick else ()))
    with _in_a_folder(
        {
            (f"profile {profile}", f"{jobs} process{'es' if jobs > 1 else ''}"): (
                *command,
                *("--profile", profile, "--jobs", str(jobs)),
            )
            for profile in ("dev", "ci")
            for jobs in (1, 2)
        },
        1,
        "s",
    ) as found:
        yield found


COMMANDS: Final = Benchmark(
    "commands",
    "Imports and commands",
    "Each in a new process, whose files are in the cache of the system. *nothing* is Python itself. `connector-kit validate` should "
    "need at most 250 ms.",
    commands,
    (Comparison("CPU ms", _KIT, _BASE), Comparison("ms", _KIT, _BASE)),
    ("CPU ms", "ms"),
)

SUITE: Final = Benchmark(
    "suite",
    "The conformance suite",
    "`connector-kit conformance aws-ses-mail`, with one and with two processes. Processor time is that of all processes. With two processors, "
    "the profile dev should need at most 8 s, and ci at most 12 s.",
    suite,
    (),
    ("s",),
    is_warmed_up=False,
)
