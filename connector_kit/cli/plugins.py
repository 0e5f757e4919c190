"""Commands that other packages add: click commands in the entry-point group ``connector_kit.commands``."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import click

from connector_kit.cli.failures import Unusable

ENTRY_POINT_GROUP: Final = "connector_kit.commands"


def plugins() -> Mapping[str, EntryPoint]:
    """Return the entry points of all such commands by name, sorted; none is imported."""
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda it: it.name)}


def load_plugin(point: EntryPoint) -> click.Command:
    """Import a command; where that fails, return one in its place that says why, and what to install."""
    try:
        found = point.load()
    except ModuleNotFoundError as error:
        return _stand_in(point, f"needs {error.name}: install {_remedy(point, error)}", error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a foreign module does when it is imported
        return _stand_in(point, f"cannot be imported: {type(error).__name__}: {error}", error)
    if not isinstance(found, click.Command):
        return _stand_in(point, f"is no click command: {point.value} is a {type(found).__name__}")
    return found


def _remedy(point: EntryPoint, error: ModuleNotFoundError) -> str:
    """Name the extra that the command's package has for it, by the same name; or else the module."""
    extras = (point.dist.metadata.get_all("Provides-Extra") if point.dist else None) or ()
    return f"{point.dist.name}[{point.name}]" if point.dist and point.name in extras else str(error.name)


def _stand_in(point: EntryPoint, why: str, error: BaseException | None = None) -> click.Command:
    def fail() -> None:
        raise Unusable(f"The command {point.name} {why}.") from error

    return click.Command(
        point.name,
        callback=fail,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
        short_help=f"(not available: {why})",
    )
