"""``connector-kit show``: a connector's metadata."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from connector_kit.cli.connector_argument import find_connector_class
from connector_kit.cli.errors import calling_connector
from connector_kit.cli.options import connector_argument, format_option
from connector_kit.cli.output import print_fields, print_heading, print_json, print_line
from connector_kit.cli.tables import print_table
from connector_kit.connector import Connector
from connector_kit.wire import to_json


@click.command("show")
@connector_argument
@format_option
def show_command(*, connector_id: str, output_format: str) -> None:
    """Show a connector's metadata, config form and files.

    ID is an installed connector, or package.module:Class. --format json prints the metadata as Logto receives it.
    """
    connector_class = find_connector_class(connector_id)
    if output_format == "json":
        print_json(to_json(connector_class.metadata))
        return
    metadata = connector_class.metadata
    print_fields(_fields(connector_class))
    for heading, phrases in (("Names", metadata.name), ("Descriptions", metadata.description)):
        print_heading(heading)
        _print_phrases(phrases)
    print_heading("Config form")
    if metadata.form_items:
        rows = [
            (item.key, item.type, _yes(item.required), _yes(item.is_masked), item.description or item.label)
            for item in metadata.form_items
        ]
        print_table(("KEY", "CONTROL", "REQUIRED", "MASKED", "DESCRIPTION"), rows)
    else:
        print_line("No form items.")
    print_heading("Config schema")
    with calling_connector(connector_id):
        schema = connector_class.config_guard.schema
    print_fields(_schema_fields(schema))


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _print_phrases(phrases: Mapping[str, str]) -> None:
    width = max(map(len, phrases))
    for tag, phrase in phrases.items():
        print_line(f"{tag.ljust(width)}  {phrase}")


def _fields(connector_class: type[Connector[Any]]) -> Iterator[tuple[str, str]]:
    metadata = connector_class.metadata
    yield "ID", metadata.id
    yield "Type", connector_class.type
    yield "Target", metadata.target
    if metadata.platform is not None:
        yield "Platform", metadata.platform
    yield "Class", f"{connector_class.__module__}:{connector_class.__qualname__}"
    yield "Logo", _file(connector_class, metadata.logo)
    if metadata.logo_dark is not None:
        yield "Dark logo", _file(connector_class, metadata.logo_dark)
    yield "README", _file(connector_class, metadata.readme)


def _file(connector_class: type[Connector[Any]], named: str) -> str:
    """Return the path of a file that the metadata names. A logo may also be a URL, and a README its own text."""
    if not named.startswith("./"):
        first, *more = named.split("\n")
        return f"{first} …" if more else named
    try:
        file = Path(inspect.getfile(connector_class)).parent / named
    except (OSError, TypeError):
        return f"{named} (the connector's class is not in a file)"
    return str(file) if file.is_file() else f"{named} (file not found: {file})"


def _schema_fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    required = schema.get("required", [])
    yield "Title", str(schema.get("title", "none"))
    yield "Required", ", ".join(required) or "none"
    yield "Optional", ", ".join(key for key in schema.get("properties", {}) if key not in required) or "none"
