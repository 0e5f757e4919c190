"""Commands of other packages: click commands in the entry-point group ``connector_kit.commands``."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import click

from connector_kit.cli.errors import CommandError

ENTRY_POINT_GROUP: Final = "connector_kit.commands"


def plugins() -> Mapping[str, EntryPoint]:
    """Return the entry points of these commands by name, sorted. Imports none of them."""
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda it: it.name)}


def load_plugin(point: EntryPoint) -> click.Command:
    """Import a command. If that fails, return a command that prints the reason and what to install."""
    try:
        found = point.load()
    except ModuleNotFoundError as error:
        return _failing_command(point, f"needs {error.name}: {_install_command(point, error)}", error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - importing a module of another package may raise anything
        return _failing_command(point, f"cannot be imported: {type(error).__name__}: {error}", error)
    if not isinstance(found, click.Command):
        return _failing_command(point, f"is not a click command: {point.value} is a {type(found).__name__}")
    return found


def _install_command(point: EntryPoint, error: ModuleNotFoundError) -> str:
    """Return the command that installs what the command needs.

    That is the extras that its entry point names, or else the package's extra of the same name, or else the module.
    """
    provided = (point.dist.metadata.get_all("Provides-Extra") if point.dist else None) or ()
    extras = [extra for extra in point.extras or [point.name] if extra in provided]
    needed = f'"{point.dist.name}[{",".join(extras)}]"' if point.dist and extras else error.name
    return f"pip install {needed}"


def _failing_command(point: EntryPoint, reason: str, error: BaseException | None = None) -> click.Command:
    def fail() -> None:
        raise CommandError(f"the command {point.name} {reason}") from error

    return click.Command(
        point.name,
        callback=fail,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
        short_help=f"(not available: {reason})",
    )
