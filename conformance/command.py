"""``connector-kit conformance``: the suite as a command, for connectors that are installed or can be imported."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from conformance.checks import all_checks
from conformance.profile import PROFILES, default_profile
from conformance.report import CheckResult, Report, State
from conformance.runner import check_connector, find_checks
from conformance.spec import Spec, SpecError, spec_of
from connector_kit import ConnectorError, ConnectorNotFoundError, find_connector
from connector_kit.discovery import import_object

_UNUSABLE = 2
_STYLES = {
    State.PASSED: "green",
    State.FAILED: "bold red",
    State.EXPECTED_FAILURE: "yellow",
    State.UNEXPECTED_PASS: "bold red",
    State.NOT_APPLICABLE: "dim",
    State.NOT_EXERCISED: "bold red",
}


class _Unusable(click.ClickException):
    """What was named cannot be tested."""

    exit_code = _UNUSABLE


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", required=False)
@click.option("--list", "list_only", is_flag=True, help="List the checks and their claims, and run none.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="Run this check, or this area; repeatable.")
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), help="How hard to try [default: dev; ci where CI is set]."
)
@click.option("--seed", type=int, help="Draw the same examples as another run with this seed.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Show every check, not only those that did not pass.")
def conformance(
    target: str | None,
    checks: tuple[str, ...],
    profile: str | None,
    seed: int | None,
    json_file: Path | None,
    *,
    list_only: bool,
    verbose: bool,
) -> None:
    """Run the conformance suite on a connector.

    TARGET is the id of an installed connector, package.module:Class, or package.module:spec for a Spec of yours.
    No provider account is needed and nothing is sent anywhere: a stub stands in for the provider.

    Exits with 0 when the connector conforms, 1 when it does not, 2 when it cannot be tested.
    """
    console = Console(highlight=False, soft_wrap=True)
    if list_only:
        _print_checks(console)
        return
    if target is None:
        raise click.UsageError("Missing argument 'TARGET': the id of a connector, or package.module:name.")
    try:
        spec = _find_spec(target)
        chosen = find_checks(checks)
    except (LookupError, SpecError, ConnectorError) as error:
        raise _Unusable(str(error)) from error
    tried = default_profile() if profile is None else PROFILES[profile]
    console.print(
        f"Conformance of [bold]{escape(spec.name)}[/] ({spec.connector.__module__}:{spec.connector.__name__}), "
        f"{len(chosen)} {'check' if len(chosen) == 1 else 'checks'}, profile {tried.name}",
    )
    with _progress(console, len(chosen)) as on_result:
        report = check_connector(spec, checks=checks, profile=tried, seed=seed, on_result=on_result)
    _print_report(console, report, verbose=verbose)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if report.faults:
        sys.exit(_UNUSABLE)
    sys.exit(0 if report.conforms else 1)


def _find_spec(target: str) -> Spec:
    """Find what to test: a Spec by name, or a connector that declares its own.

    Raises:
        ConnectorNotFoundError: there is nothing of that name.
        SpecError: it says of itself what cannot be, or nothing.
        ConnectorError: it is no connector.
    """
    if ":" in target:
        found = import_object(target)
        if isinstance(found, Spec):
            return found
        if not isinstance(found, type):
            raise ConnectorNotFoundError(f"{target!r} is neither a Spec nor a Connector class.")
    return spec_of(find_connector(target))


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
        console.print(f"[bold red]The Spec is not usable:[/] {escape(fault)}")
    for result in report.results:
        if verbose or result.state is not State.PASSED:
            _print_result(console, result)
    if report.faults:
        return
    examples = sum(sum(result.examples.values()) for result in report.results)
    counts = ", ".join(f"[{_STYLES[state]}]{count} {state}[/]" for state, count in report.counts.items())
    console.print(f"\n{counts}; {examples:,} examples in {report.seconds:.1f} s")
    if report.conforms:
        console.print(f"[bold green]{escape(report.connector)} conforms.[/]")
    else:
        names = ", ".join(result.id for result in report.errors)
        console.print(f"[bold red]{escape(report.connector)} does not conform:[/] {names}")


def _print_result(console: Console, result: CheckResult) -> None:
    level = " (advisory)" if result.level == "advisory" else ""
    console.print(f"[{_STYLES[result.state]}]{result.state}[/] [bold]{result.id}[/]{level}")
    if result.state is State.PASSED:
        return
    console.print(f"    claim    {escape(result.claim)}")
    console.print(f"    clause   {result.clause} of docs/contract.md")
    console.print(f"    why      {escape(result.message)}")
    for index, line in enumerate((result.example or "").splitlines()):
        console.print(f"    {'' if index else 'example':8} {escape(line)}")
