"""Runs checks, and writes what happens as lines of JSON: ``python -m conformance.workbench.check_process REQUEST``.

A process of its own: the runner is not made for threads of a server, a run starts further processes, and a user may cancel
it at any moment.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TextIO

from attrs import evolve

from conformance.harness.search import SearchOptions
from conformance.profile import PROFILES
from conformance.providers.threads import SuiteThread
from conformance.reports import clause_url, to_html
from conformance.run.plan import RunPlan, checks_for
from conformance.run.process_start import prepare_processes
from conformance.run.processes import ProcessError, default_jobs
from conformance.run.runner import run_plan
from conformance.run.target import find_spec
from conformance.spec import SpecError
from conformance.verdicts import CheckResult, Report
from connector_kit import ConnectorError

Emit = Callable[[str, Any], None]
"""Writes a line: its kind, and its data."""

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2


def main() -> None:
    """Run the checks that the first argument of the command line requests."""
    output = _own_output()
    SuiteThread(_end_with_the_workbench, name="conformance-input").start()
    request = json.loads(sys.argv[1])

    def emit(kind: str, data: Any) -> None:
        output.write(json.dumps([kind, data]) + "\n")  # in ASCII: a line may have lone surrogates
        output.flush()

    try:
        run(request, emit)
    except (LookupError, SpecError, ConnectorError, ProcessError) as error:
        emit("error", str(error))


def run(request: dict[str, Any], emit: Emit) -> None:
    """Run checks.

    Args:
        request: ``target``, and ``profile``, a name; ``checks``, ids and areas; ``replay``, a failure's token or ``None``.
        emit: called with ``checks`` and their ids, with ``result`` and a result, and with ``report`` and the verdict.

    Raises:
        LookupError: a check does not exist, or the replay is not usable.
        SpecError: the declaration of the connector is missing or not usable.
        ConnectorError: the connector cannot be used.
        ProcessError: another process could not start.
    """
    profile, target = PROFILES[request["profile"]], request["target"]
    spec = find_spec(target)
    plan = RunPlan(
        spec=spec,
        target=target,
        checks=checks_for(spec, request["checks"], profile),
        options=SearchOptions(profile),
    )
    if request["replay"] is None:
        plan = evolve(plan, jobs=default_jobs(len(plan.checks)))
    else:
        plan = plan.replaying(request["replay"])
    emit("checks", [it.id for it in plan.checks])
    if plan.jobs > 1:
        prepare_processes()
    report = run_plan(plan, lambda result: emit("result", _result(plan, result)))
    emit("report", _verdict(report))


def _result(plan: RunPlan, result: CheckResult) -> dict[str, Any]:
    alone = Report(plan.spec.name, plan.options.profile.name, (result,), (), result.seconds, plan.target)
    return {
        **result.to_json(),
        "isError": alone.is_error(result),
        "clauseUrl": clause_url(result.clause),
        "replayCommand": alone.replay_command(result),
    }


def _verdict(report: Report) -> dict[str, Any]:
    return {
        "conforms": report.conforms,
        "isPartial": report.is_partial,
        "counts": report.counts,
        "examples": report.examples,
        "seconds": report.seconds,
        "specErrors": report.spec_errors,
        "causes": {cause: [it.id for it in results] for cause, results in report.shared_causes.items()},
        "html": to_html(report),
    }


def _own_output() -> TextIO:
    """Return the standard output for the lines; what a connector prints goes to the standard error from now on."""
    own = os.fdopen(os.dup(_STDOUT), "w", encoding="ascii")
    os.dup2(_STDERR, _STDOUT)
    return own


def _end_with_the_workbench() -> None:  # pragma: no cover - the process ends before its coverage is saved
    """End this process and those that it has started when the workbench closes the standard input, or ends itself."""
    while os.read(_STDIN, 1):
        pass
    with suppress(AttributeError):  # Windows has no process groups; there, the others end after their current check
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
