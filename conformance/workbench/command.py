"""The ``connector-kit dev`` command; needs the extras ``serve`` and ``conformance``."""

from importlib.util import find_spec
from pathlib import Path

import click

from conformance.workbench.server import HOST, serve

if find_spec("hypothesis") is None:  # the command line then names the extras to install
    raise ModuleNotFoundError("No module named 'hypothesis'", name="hypothesis")

_CANNOT_START = 2


class _CannotStartError(click.ClickException):
    """The workbench cannot start."""

    exit_code = _CANNOT_START


@click.command("dev", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target")
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The config to edit, a JSON file; saving creates it if it does not exist.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8086,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
def dev(target: str, *, config_file: Path | None, port: int) -> None:
    """Show a connector in the browser: its form, its messages, and what its provider receives.

    TARGET is the id of an installed connector, package.module:Class, or package.module:spec for a Spec. The page is for
    this machine and this run only: open the URL that is printed. Messages go to a stub of the provider, unless you
    confirm another recipient. The page reloads when the connector's files or the config change. Ctrl-C stops it.

    Exits with 0 when stopped, and with 2 if it cannot start.
    """
    try:
        serve(target, config_file, port, announce=click.echo)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # without the address, which is already there
        raise _CannotStartError(f"{HOST}:{port}: {reason}. Choose another --port.") from error
