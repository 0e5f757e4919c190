"""``connector-kit list``: the installed connectors."""

from importlib.metadata import EntryPoint

import click
from attrs import asdict, frozen

from connector_kit.cli.connector_target import connector_class
from connector_kit.cli.failures import Unusable
from connector_kit.cli.output_format import format_option
from connector_kit.cli.printing import print_json, print_line, print_table
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
    broken: dict[str, str] = {}
    for connector_id, point in installed_connectors().items():
        try:
            usable.append(_entry(connector_id, point))
        except Unusable as error:
            broken[connector_id] = error.message
    if output_format == "json":
        failed = ({"id": connector_id, "error": why} for connector_id, why in broken.items())
        print_json([*map(asdict, usable), *failed])
        return
    if usable:
        rows = [(it.id, it.type, it.name, it.target, it.package) for it in usable]
        print_table(("ID", "TYPE", "NAME", "TARGET", "FROM"), rows)
    elif not broken:
        print_line("No connector is installed.")
    for why in broken.values():
        print_line(("not usable:", "red"), f" {why}")


def _entry(connector_id: str, point: EntryPoint) -> _Entry:
    found = connector_class(connector_id)
    metadata = found.metadata
    return _Entry(
        id=connector_id,
        type=found.type,
        name=metadata.name["en"],
        target=metadata.target,
        package=f"{point.dist.name} {point.dist.version}" if point.dist else point.value,
        object=point.value,
    )
