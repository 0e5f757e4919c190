"""``connector-kit conformance``: the suite as a command, for connectors that are installed or can be imported."""

import json
import math
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from conformance.checks import all_checks
from conformance.processes import ProcessError, usable_processors
from conformance.profile import PROFILES, default_profile
from conformance.registry import Check
from conformance.report import CheckResult, Report, State
from conformance.reports import to_badge, to_html, to_junit
from conformance.reports.characters import spell_out
from conformance.runner import check_connector, checks_for, find_replay
from conformance.spec import Spec, SpecError
from conformance.target import find_spec
from connector_kit import ConnectorError

_UNUSABLE = 2
_FEW = 30
"""Checks that are done before other processes have begun."""

_MOST_JOBS = 8
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


class _Unusable(click.ClickException):
    """What was named cannot be tested."""

    exit_code = _UNUSABLE


_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", required=False)
@click.option("--list", "list_only", is_flag=True, help="List the checks and their claims, and run none.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="Run this check, or this area; repeatable.")
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), help="How hard to try [default: dev; ci where CI is set]."
)
@click.option("--seed", type=int, help="Draw the same examples as another run with this seed.")
@click.option("--replay", metavar="TOKEN", help="Run one failure alone again, as a report names it.")
@click.option(
    "--max-time",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Begin no further example after so many seconds.",
)
@click.option(
    "--strict-vacuity/--no-strict-vacuity",
    default=True,
    help="Whether a check that has seen no example of some kind is an error; it is, unless told otherwise.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Run checks in so many processes [default: one for each processor, at most 8; 1 for a few checks].",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first error.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write the report as one page to read.")
@click.option("--json", type=_FILE, metavar="FILE", help="Write the report as JSON, for programs.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the report as JUnit's XML, for build servers.")
@click.option("--badge", type=_FILE, metavar="FILE", help="Write the verdict as an SVG badge.")
@click.option("-v", "--verbose", is_flag=True, help="Show every check, not only those that did not pass.")
def conformance(
    target: str | None,
    *,
    checks: tuple[str, ...],
    profile: str | None,
    seed: int | None,
    replay: str | None,
    max_time: float | None,
    list_only: bool,
    strict_vacuity: bool,
    fail_fast: bool,
    jobs: int | None,
    verbose: bool,
    **files: Path | None,
) -> None:
    """Run the conformance suite on a connector.

    TARGET is the id of an installed connector, package.module:Class, package.module:spec for a Spec of yours, or
    npm:PACKAGE for a connector written for Node.js. No provider account is needed and nothing is sent anywhere: a stub
    stands in for the provider.

    Exits with 0 when the connector conforms, 1 when it or its Spec does not, 2 when it cannot be tested.
    """
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    if list_only:
        _print_checks(console)
        return
    if target is None:
        raise click.UsageError("Missing argument 'TARGET': the id of a connector, or package.module:name.")
    if replay is not None and checks:
        raise click.UsageError("--replay names its check itself: leave --check out.")
    reports = {f"--{name}": path for name, path in files.items() if path is not None}
    _check_files(reports)
    try:
        spec = find_spec(target)
        chosen = checks_for(spec, checks) if replay is None else (find_replay(replay)[0],)
    except (LookupError, SpecError, ConnectorError) as error:
        raise _Unusable(spell_out(str(error))) from error
    tried = default_profile() if profile is None else PROFILES[profile]
    console.print(_headline(spec, chosen, tried.name))
    try:
        with _progress(console, len(chosen)) as on_result:
            report = check_connector(
                spec,
                checks=checks,
                profile=tried,
                seed=seed,
                replay=replay,
                max_time=math.inf if max_time is None else max_time,
                strict_vacuity=strict_vacuity,
                fail_fast=fail_fast,
                target=target,
                jobs=jobs or (1 if len(chosen) < _FEW else min(usable_processors(), _MOST_JOBS)),
                on_result=on_result,
            )
    except ProcessError as error:
        raise _Unusable(f"{spell_out(str(error))} Try --jobs 1.") from error
    _print_report(console, report, verbose=verbose or replay is not None)
    if replay is None:
        _print_verdict(console, report)
    _write(reports, report)
    sys.exit(0 if report.conforms else 1)


# --- the reports ----------------------------------------------------------------------------------------------------


def _check_files(reports: Mapping[str, Path]) -> None:
    """Refuse files that cannot be written, before a run that may take minutes.

    Raises:
        UsageError: there is no such folder, it may not be written to, or two reports have one file.
    """
    taken: dict[Path, str] = {}
    for option, path in reports.items():
        try:
            reason = _why_not(path.resolve(), taken)
        except (OSError, RuntimeError) as error:  # a name that is too long, links in a circle
            reason = str(error)
        if reason is not None:
            raise click.UsageError(f"{option} {path} cannot be written: {reason}.")
        taken[path.resolve()] = option


def _why_not(file: Path, taken: Mapping[Path, str]) -> str | None:
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if file in taken and (file.is_file() or not file.exists()):
        return f"{taken[file]} names that file too"
    return None if os.access(file if file.exists() else file.parent, os.W_OK) else "it is protected"


def _write(reports: Mapping[str, Path], report: Report) -> None:
    """Write all reports that can be written.

    Raises:
        _Unusable: one of them could not.
    """
    failed = []
    for option, path in reports.items():
        try:
            # What UTF-8 cannot encode is a lone surrogate, and backslashreplace writes it just as JSON escapes it.
            _replace(path.resolve(), _FORMATS[option](report).encode("utf-8", "backslashreplace"))
        except OSError as error:
            failed.append(f"{option} {path} could not be written: {error.strerror}.")
    if failed:
        raise _Unusable("\n".join(failed))


def _replace(file: Path, contents: bytes) -> None:
    """Write a file in one step, so that nobody reads half of it; a pipe or a device is written to as it is."""
    if file.exists() and not file.is_file():
        file.write_bytes(contents)
        return
    scratch = file.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        scratch.write_bytes(contents)
        if file.exists():
            shutil.copymode(file, scratch)
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)


# --- what is printed ------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Let a text of the connector's neither style the output nor move the cursor."""
    return escape(spell_out(text))


def _headline(spec: Spec, chosen: tuple[Check, ...], profile: str) -> str:
    count = f"{len(chosen)} {'check' if len(chosen) == 1 else 'checks'}"
    named = f"{spec.connector.__module__}:{spec.connector.__name__}"
    return f"Conformance of [bold]{_plain(spec.name)}[/] ({_plain(named)}), {count}, profile {profile}"


class _OnResult:
    """Shows how far the run is."""

    def __init__(self, console: Console, progress: Progress | None, total: int) -> None:
        self._console = console
        self._progress = progress
        self._task = None if progress is None else progress.add_task("starting", total=total)
        self._area = ""

    def __call__(self, result: CheckResult) -> None:
        """Count one more check; without a terminal, one line an area."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, advance=1, description=result.id)
            return
        area = result.id.partition(".")[0]
        if area != self._area:
            self._area = area
            self._console.print(f"  {area} …")


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


def _print_checks(console: Console) -> None:
    checks = all_checks()
    width = max(len(check.id) for check in checks)
    for check in checks:
        needs = f" (needs {', '.join(sorted(check.needs))})" if check.needs else ""
        level = "" if check.level == "required" else " (advisory)"
        console.print(f"{check.id:{width}}  {check.clause:4}{escape(check.claim)}{level}{needs}")


def _print_report(console: Console, report: Report, *, verbose: bool) -> None:
    for fault in report.faults:
        console.print(f"[bold red]The Spec is not usable:[/] {_plain(fault)}")
    for result in report.results:
        if verbose or result.state is not State.PASSED:
            _print_result(console, report, result)


def _print_verdict(console: Console, report: Report) -> None:
    if report.faults:
        return
    counts = ", ".join(f"[{_STYLES[state]}]{count} {state}[/]" for state, count in report.counts.items())
    console.print(f"\n{counts}; {report.examples:,} examples in {report.seconds:.1f} s")
    if report.conforms:
        console.print(f"[bold green]{_plain(report.connector)} conforms.[/]")
    else:
        names = ", ".join(result.id for result in report.errors)
        console.print(f"[bold red]{_plain(report.connector)} does not conform:[/] {names}")


def _print_result(console: Console, report: Report, result: CheckResult) -> None:
    level = " (advisory)" if result.level == "advisory" else ""
    console.print(f"[{_STYLES[result.state]}]{result.state}[/] [bold]{result.id}[/]{level}")
    if result.state is State.PASSED and not result.message:
        return
    if result.state is State.NOT_APPLICABLE:
        console.print(f"    {_plain(result.message)}")
        return
    console.print(f"    claim    {escape(result.claim)}")
    console.print(f"    clause   {result.clause} of docs/contract.md")
    console.print(f"    why      {_plain(result.message)}")
    for index, line in enumerate([] if result.example is None else result.example.split("\n")):
        console.print(f"    {'' if index else 'example':8} {_plain(line)}")
    if result.replay:
        console.print(f"    replay   {_plain(report.replay_command(result))}")
