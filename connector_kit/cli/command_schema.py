"""``connector-kit schema``: the JSON Schemas."""

from typing import Any

import click

from connector_kit.cli.connector_argument import find_connector_class
from connector_kit.cli.errors import CommandError, calling_connector
from connector_kit.cli.output import print_json
from connector_kit.cli.tables import print_table
from connector_kit.discovery import installed_connectors
from connector_kit.schemas import bundle, schema_names
from connector_kit.suggestions import did_you_mean


@click.command("schema")
@click.argument("name", required=False)
@click.option(
    "--list", "list_all", is_flag=True, help="List the names of the schemas. This is the default without NAME."
)
def schema_command(*, name: str | None, list_all: bool) -> None:
    """Print a JSON Schema as one self-contained document.

    NAME is a schema of the kit. It may also be an installed connector, or package.module:Class: then the command prints
    the schema of the connector's config.
    """
    if name is not None and list_all:
        raise click.UsageError("NAME and --list exclude each other.")
    if name is None:
        print_table(("NAME", "TITLE"), [(it, str(bundle(it).get("title", ""))) for it in schema_names()])
    else:
        print_json(_schema(name))


def _schema(name: str) -> dict[str, Any]:
    if name in schema_names():
        return bundle(name)
    installed = installed_connectors()
    if ":" in name or name in installed:
        connector_class = find_connector_class(name)
        with calling_connector(name):
            return connector_class.config_guard.schema
    hint = did_you_mean(name, [*schema_names(), *installed])
    raise CommandError(f"no schema or connector has the name {name!r}{hint}. `connector-kit schema` lists the schemas.")
