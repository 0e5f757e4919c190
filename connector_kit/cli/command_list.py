"""``connector-kit list``: the installed connectors."""

from importlib.metadata import EntryPoint

import click
from attrs import asdict, frozen

from connector_kit.cli.connector_argument import find_connector_class
from connector_kit.cli.errors import CommandError
from connector_kit.cli.options import format_option
from connector_kit.cli.output import print_json, print_line
from connector_kit.cli.tables import print_table
from connector_kit.discovery import installed_connectors


@frozen
class _Entry:
    id: str
    type: str
    name: str
    target: str
    package: str
    object: str


@click.command("list")
@format_option
def list_command(*, output_format: str) -> None:
    """List the installed connectors."""
    usable: list[_Entry] = []
    errors: dict[str, str] = {}
    for connector_id, entry_point in installed_connectors().items():
        try:
            usable.append(_entry(connector_id, entry_point))
        except CommandError as error:
            errors[connector_id] = error.message
    if output_format == "json":
        unusable = ({"id": connector_id, "error": message} for connector_id, message in errors.items())
        print_json([*map(asdict, usable), *unusable])
        return
    if usable:
        rows = [(entry.id, entry.type, entry.name, entry.target, entry.package) for entry in usable]
        print_table(("ID", "TYPE", "NAME", "TARGET", "PACKAGE"), rows)
    elif not errors:
        print_line("No connectors are installed.")
    for message in errors.values():
        print_line(("Not usable:", "red"), f" {message}")


def _entry(connector_id: str, entry_point: EntryPoint) -> _Entry:
    connector_class = find_connector_class(connector_id)
    metadata = connector_class.metadata
    package = entry_point.dist
    return _Entry(
        id=connector_id,
        type=connector_class.type,
        name=metadata.name["en"],
        target=metadata.target,
        package=f"{package.name} {package.version}" if package else entry_point.value,
        object=entry_point.value,
    )
