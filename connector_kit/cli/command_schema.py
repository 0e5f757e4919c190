"""``connector-kit schema``: the JSON Schemas."""

from difflib import get_close_matches
from typing import Any

import click

from connector_kit.cli.connector_target import connector_class
from connector_kit.cli.failures import Unusable, calling_connector
from connector_kit.cli.printing import print_json, print_table
from connector_kit.discovery import installed_connectors
from connector_kit.schemas import bundle, schema_names


@click.command("schema")
@click.argument("name", required=False)
@click.option("--list", "list_all", is_flag=True, help="List the names of the schemas; so does leaving NAME out.")
def schema_command(*, name: str | None, list_all: bool) -> None:
    """Print a JSON Schema, complete in itself.

    NAME is a schema of the kit, or a connector as installed or as package.module:Class: then it is the schema of its
    config.
    """
    if name is not None and list_all:
        raise click.UsageError("Give a NAME or --list, not both.")
    if name is None:
        print_table(("NAME", "TITLE"), [(it, str(bundle(it).get("title", ""))) for it in schema_names()])
    else:
        print_json(_schema(name))


def _schema(name: str) -> dict[str, Any]:
    if name in schema_names():
        return bundle(name)
    installed = installed_connectors()
    if ":" in name or name in installed:
        found = connector_class(name)
        with calling_connector(name):
            return found.config_guard.schema
    near = get_close_matches(name, [*schema_names(), *installed], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise Unusable(f"There is no schema or connector named {name!r}.{hint} `connector-kit schema` lists the names.")
