"""The ``connector-kit conformance`` command; needs the extras ``cli`` and ``conformance``.

Its options alone import little: `connector-kit --help` lists the command, too.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from conformance.profile import PROFILES, default_profile
from conformance.run.process_start import prepare_processes

if find_spec("hypothesis") is None:  # the command line then names the extra to install
    raise ModuleNotFoundError("No module named 'hypothesis'", name="hypothesis")

_QUICK = "quick"
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", required=False)
@click.option("--list", "list_only", is_flag=True, help="List all checks and exit.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="Run this check or area; repeatable.")
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    help="How many examples to try [default: ci if the environment variable CI is set, else dev].",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Run a few checks of each area on few examples, in seconds: the same as --profile quick. Not a proof of conformance.",
)
@click.option("--seed", type=int, help="Draw the same examples as another run with this seed.")
@click.option("--replay", metavar="TOKEN", help="Run one failure again; a report shows its token.")
@click.option(
    "--max-time",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Start no more examples after this time.",
)
@click.option(
    "--require-coverage/--no-require-coverage",
    default=True,
    help="Whether a check that lacks examples of some kind is an error [default: yes].",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Number of processes; checks that mostly wait run in as many additional ones [default: one for each processor, at "
    "least 2 and at most 8]. With 1, the default for a few checks, all checks run in this process.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first error.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write the report as an HTML page.")
@click.option("--json", type=_FILE, metavar="FILE", help="Write the report as JSON.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the report as JUnit XML, for CI servers.")
@click.option("--badge", type=_FILE, metavar="FILE", help="Write the verdict as an SVG badge.")
@click.option("-v", "--verbose", is_flag=True, help="Show every check, also those that passed.")
def conformance(
    target: str | None,
    *,
    checks: tuple[str, ...],
    profile: str | None,
    quick: bool,
    seed: int | None,
    replay: str | None,
    max_time: float | None,
    list_only: bool,
    require_coverage: bool,
    fail_fast: bool,
    jobs: int | None,
    verbose: bool,
    **files: Path | None,
) -> None:
    """Run the conformance suite on a connector.

    TARGET is the id of an installed connector, package.module:Class, package.module:spec for a Spec, or npm:PACKAGE for
    a Node.js connector. The suite needs no provider account and sends nothing: a stub replaces the provider.

    The exit status is 0 if the connector conforms, 1 if the connector does not conform or its Spec has errors, and 2 if
    the target cannot be tested.
    """
    if list_only:
        from conformance.command_run import print_checks  # noqa: PLC0415 - it imports all checks, which takes most of a second

        print_checks()
        return
    if target is None:
        raise click.UsageError("Missing argument 'TARGET': the id of a connector, or package.module:name.")
    if replay is not None and checks:
        raise click.UsageError("Remove --check: the value of --replay already names its check.")
    if quick and profile not in {None, _QUICK}:
        raise click.UsageError(f"Remove --profile {profile} or --quick, which is another profile.")
    name = _QUICK if quick else profile
    chosen = default_profile() if name is None else PROFILES[name]
    if chosen.is_smoke and files["badge"] is not None:
        raise click.UsageError("Remove --badge: the quick checks are not a proof of conformance.")
    if jobs != 1 and replay is None and not checks and not chosen.is_smoke:
        prepare_processes()
    from conformance.command_run import run  # noqa: PLC0415 - it imports all checks, while the server for the processes does the same

    conforms = run(
        target,
        chosen,
        checks=checks,
        seed=seed,
        replay=replay,
        max_time=max_time,
        require_coverage=require_coverage,
        fail_fast=fail_fast,
        jobs=jobs,
        verbose=verbose,
        reports={f"--{name}": path for name, path in files.items() if path is not None},
    )
    sys.exit(0 if conforms else 1)
