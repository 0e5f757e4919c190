"""Runs the ``connector-kit conformance`` command, prints the report and writes it to files."""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from attrs import evolve
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from conformance.checks import all_checks
from conformance.harness.search import SearchOptions
from conformance.profile import PROFILES, Profile
from conformance.reports import clause_url, contract_url, to_badge, to_html, to_junit
from conformance.run.plan import RunPlan, checks_for
from conformance.run.processes import ProcessError, default_jobs
from conformance.run.runner import run_plan
from conformance.run.target import find_spec
from conformance.spec import SpecError
from conformance.verdicts import CheckResult, Report, State
from connector_kit import ConnectorError
from connector_kit.folder_writing import write_file
from connector_kit.terminal import escape_control_characters

_UNUSABLE = 2
_FEW_ERRORS = 8
"""So many checks are named; the others are counted."""

_STYLES = {
    State.PASSED: "green",
    State.FAILED: "bold red",
    State.EXPECTED_FAILURE: "yellow",
    State.UNEXPECTED_PASS: "bold red",
    State.NOT_APPLICABLE: "dim",
    State.NOT_EXERCISED: "bold red",
}


def _to_json(report: Report) -> str:
    return json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n"


_FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "--html": to_html,
    "--json": _to_json,
    "--junit": to_junit,
    "--badge": to_badge,
}


class _UnusableError(click.ClickException):
    """The target or a file cannot be used."""

    exit_code = _UNUSABLE


def run(
    target: str,
    profile: Profile,
    *,
    checks: tuple[str, ...],
    seed: int | None,
    replay: str | None,
    max_time: float | None,
    require_coverage: bool,
    fail_fast: bool,
    jobs: int | None,
    verbose: bool,
    reports: Mapping[str, Path],
) -> bool:
    """Run checks, print and write the report, and return whether the connector conforms.

    Args:
        target: the name of the connector on the command line.
        profile: how many examples to try.
        checks: ids or areas; empty for all checks.
        seed: for the examples.
        replay: the one failure to run again.
        max_time: seconds after which no further example begins.
        require_coverage: whether a check that lacks examples of some kind is an error.
        fail_fast: whether to stop at the first error.
        jobs: the number of processes; ``None`` chooses it.
        verbose: whether to print every check.
        reports: the files to write, by the option that names each.

    Raises:
        ClickException: an option or the target cannot be used.
    """
    console = _console()
    _check_files(reports)
    try:
        spec = find_spec(target)
        plan = RunPlan(
            spec=spec,
            target=target,
            checks=checks_for(spec, checks, profile),
            options=SearchOptions(profile, seed),
            require_coverage=require_coverage,
            fail_fast=fail_fast,
        )
        plan = evolve(plan, jobs=jobs or default_jobs(len(plan.checks))) if replay is None else plan.replaying(replay)
    except (LookupError, SpecError, ConnectorError) as error:
        raise _UnusableError(escape_control_characters(str(error), keep_lines=True)) from error
    console.print(_headline(plan))
    try:
        with _progress(console, len(plan.checks)) as on_result:
            report = run_plan(plan.ending_after(math.inf if max_time is None else max_time), on_result)
    except ProcessError as error:
        message = escape_control_characters(str(error), keep_lines=True)
        raise _UnusableError(f"{message} Use --jobs 1 to run all checks in one process.") from error
    _print_report(console, report, verbose=verbose or replay is not None)
    if replay is None:
        _print_verdict(console, report, verbose=verbose)
    _write(reports, report)
    return report.conforms


def _console() -> Console:
    return Console(highlight=False, emoji=False, soft_wrap=True)


# --- the reports ----------------------------------------------------------------------------------------------------


def _check_files(reports: Mapping[str, Path]) -> None:
    """Check that all files can be written, before a run that may take minutes.

    Raises:
        UsageError: a folder does not exist, a file is not writable, or two reports have the same file.
    """
    options: dict[Path, str] = {}
    for option, path in reports.items():
        try:
            reason = _why_not_writable(path.resolve(), options)
        except (OSError, RuntimeError) as error:  # a name that is too long, a loop of links
            reason = str(error)
        if reason is not None:
            raise click.UsageError(f"{option} {path} cannot be written: {reason}.")
        options[path.resolve()] = option


def _why_not_writable(file: Path, options: Mapping[Path, str]) -> str | None:
    if not file.parent.is_dir():
        return f"the folder {file.parent} does not exist"
    if file in options and (file.is_file() or not file.exists()):
        return f"{options[file]} has the same file"
    return None if os.access(file if file.exists() else file.parent, os.W_OK) else "permission denied"


def _write(reports: Mapping[str, Path], report: Report) -> None:
    """Write all reports, also after one of them fails.

    Raises:
        _UnusableError: a report could not be written.
    """
    failed = []
    for option, path in reports.items():
        try:
            # UTF-8 cannot encode lone surrogates; backslashreplace writes them just as JSON escapes them.
            write_file(path.resolve(), _FORMATS[option](report).encode("utf-8", "backslashreplace"))
        except OSError as error:
            failed.append(f"{option} {path} could not be written: {error.strerror}.")
    if failed:
        raise _UnusableError("\n".join(failed))


# --- the output -----------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Escape a connector's text, so that it neither styles the output nor moves the cursor."""
    return escape(escape_control_characters(text, keep_lines=True))


def _headline(plan: RunPlan) -> str:
    spec = plan.spec
    count = f"{len(plan.checks)} {'check' if len(plan.checks) == 1 else 'checks'}"
    name = f"{spec.connector.__module__}:{spec.connector.__name__}"
    profile = plan.options.profile.name
    return f"Conformance of [bold]{_plain(spec.name)}[/] ({_plain(name)}), {count}, profile {profile}"


class _OnResult:
    """Shows the progress of a run."""

    def __init__(self, console: Console, progress: Progress | None, total: int) -> None:
        self._console = console
        self._progress = progress
        self._task = None if progress is None else progress.add_task("starting", total=total)
        self._area = ""

    def __call__(self, result: CheckResult) -> None:
        """Advance the bar by one check; without a terminal, print a line for each area."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, advance=1, description=result.id)
        elif result.area != self._area:
            self._area = result.area
            self._console.print(f"  {self._area} …")


@contextmanager
def _progress(console: Console, total: int) -> Iterator[_OnResult]:
    if not console.is_terminal:
        yield _OnResult(console, None, total)
        return
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _OnResult(console, progress, total)


def print_checks() -> None:
    """Print the id, clause, level and description of each check."""
    console = _console()
    for check in all_checks():
        level = ", advisory" if check.level == "advisory" else ""
        needs = f", needs {', '.join(sorted(check.needs))}" if check.needs else ""
        console.print(f"[bold]{check.id}[/] ({check.clause}{level}{needs})")
        console.print(f"    {escape(check.description)}")


def _print_report(console: Console, report: Report, *, verbose: bool) -> None:
    """Print each failure once: those with one cause under one headline, with the details of the first of them."""
    for error in report.spec_errors:
        console.print(f"[bold red]Error in the Spec:[/] {_plain(error)}")
    quiet = frozenset[State]() if verbose else {State.PASSED, State.NOT_APPLICABLE}
    shown: set[str] = set()
    for result in report.results:
        if result.id in shown or result.state in quiet:
            continue
        group = report.group_of(result)
        if group:
            console.print(f"[bold red]{len(group)} checks fail for one cause:[/] {_plain(result.cause)}")
            names = [f"{it.id} (advisory)" if it.level == "advisory" else it.id for it in group]
            console.print(f"    checks   {', '.join(names if verbose else _few(names))}")
        if group and not verbose:
            console.print("    details of the first (-v shows the others):")
        for each in group if verbose and group else (result,):
            _print_result(console, report, each)
        shown |= {it.id for it in group}


def _hint(state: State, *, verbose: bool) -> str:
    return " (-v lists them)" if state is State.NOT_APPLICABLE and not verbose else ""


def _print_verdict(console: Console, report: Report, *, verbose: bool) -> None:
    if report.spec_errors:
        console.print("No check ran: correct the Spec first.")
        return
    counts = ", ".join(
        f"[{_STYLES[state]}]{count} {state}[/]{_hint(state, verbose=verbose)}" for state, count in report.counts.items()
    )
    console.print(f"\n{counts}; {report.examples:,} examples in {report.seconds:.1f} s")
    if report.conforms and PROFILES[report.profile].is_smoke:
        console.print(
            f"[bold green]{_plain(report.connector)} passes the quick checks.[/] They are not a proof of conformance: "
            "run all checks, without --quick."
        )
    elif report.conforms:
        console.print(f"[bold green]{_plain(report.connector)} conforms.[/]")
    else:
        names = [_first_of(group) for group in report.by_cause(report.errors)] or ["no check was exercised"]
        console.print(f"[bold red]{_plain(report.connector)} does not conform:[/] {', '.join(_few(names))}")


def _few(names: list[str]) -> list[str]:
    more = len(names) - _FEW_ERRORS
    return [*names[:_FEW_ERRORS], f"and {more} more"] if more > 0 else names


def _first_of(group: tuple[CheckResult, ...]) -> str:
    return f"{group[0].id} ({len(group)} checks)" if group[1:] else group[0].id


def _clause(console: Console, clause: str) -> str:
    """Name a clause: as a link on a terminal, else with the address of the contract."""
    url = clause_url(clause)
    if url is None or not console.is_terminal:
        return f"clause {clause} of {contract_url() or 'docs/contract.md'}"
    return f"[link={url}]clause {clause} of docs/contract.md[/link]"


def _print_result(console: Console, report: Report, result: CheckResult) -> None:
    level = " (advisory)" if result.level == "advisory" else ""
    console.print(f"[{_STYLES[result.state]}]{result.state}[/] [bold]{result.id}[/]{level}")
    if result.state is State.PASSED and not result.message:
        return
    if result.state is State.NOT_APPLICABLE:
        console.print(f"    {_plain(result.message)}")
        return
    console.print(f"    requires {escape(result.description)} ({_clause(console, result.clause)})")
    console.print(f"    reason   {_plain(result.message)}")
    for index, line in enumerate([] if result.example is None else result.example.split("\n")):
        console.print(f"    {'' if index else 'example':8} {_plain(line)}")
    if result.replay:
        console.print(f"    replay   {_plain(report.replay_command(result))}")
