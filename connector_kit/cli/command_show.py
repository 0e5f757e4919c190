"""``connector-kit show``: all that a connector says of itself."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from connector_kit.cli.config_verdict import is_confidential
from connector_kit.cli.connector_target import connector_class
from connector_kit.cli.failures import calling_connector
from connector_kit.cli.output_format import format_option
from connector_kit.cli.printing import print_fields, print_heading, print_json, print_line, print_table
from connector_kit.connector import Connector
from connector_kit.wire import to_json


@click.command("show")
@click.argument("connector_id", metavar="ID")
@format_option
def show_command(*, connector_id: str, output_format: str) -> None:
    """Show a connector: its texts, its config form, its files.

    ID is an installed connector, or package.module:Class. With --format json: the metadata as Logto receives it.
    """
    found = connector_class(connector_id)
    if output_format == "json":
        print_json(to_json(found.metadata))
        return
    metadata = found.metadata
    print_fields(_fields(found))
    for heading, phrases in (("Names", metadata.name), ("Descriptions", metadata.description)):
        print_heading(heading)
        _print_phrases(phrases)
    print_heading("Config form")
    if metadata.form_items:
        rows = [
            (item.key, item.type, _yes(item.required), _yes(is_confidential(item)), item.description or item.label)
            for item in metadata.form_items
        ]
        print_table(("KEY", "CONTROL", "REQUIRED", "CONFIDENTIAL", "DESCRIPTION"), rows)
    else:
        print_line("No form items.")
    print_heading("Config schema")
    with calling_connector(connector_id):
        schema = found.config_guard.schema
    print_fields(_schema_fields(schema))


def _yes(value: bool | None) -> str:  # noqa: FBT001 - the one thing it is about
    return "yes" if value else "no"


def _print_phrases(phrases: Mapping[str, str]) -> None:
    width = max(map(len, phrases))
    for tag, phrase in phrases.items():
        print_line(f"{tag.ljust(width)}  {phrase}")


def _fields(found: type[Connector[Any]]) -> Iterator[tuple[str, str]]:
    metadata = found.metadata
    yield "ID", metadata.id
    yield "Type", found.type
    yield "Target", metadata.target
    if metadata.platform is not None:
        yield "Platform", metadata.platform
    yield "Class", f"{found.__module__}:{found.__qualname__}"
    yield "Logo", _file(found, metadata.logo)
    if metadata.logo_dark is not None:
        yield "Dark logo", _file(found, metadata.logo_dark)
    yield "README", _file(found, metadata.readme)


def _file(found: type[Connector[Any]], named: str) -> str:
    """Say where a file of the metadata is; a logo may also be a URL, and a README the text itself."""
    if not named.startswith("./"):
        first, *more = named.split("\n")
        return f"{first} …" if more else named
    try:
        file = Path(inspect.getfile(found)).parent / named
    except (OSError, TypeError):
        return f"{named} (beside a class that is in no file)"
    return str(file) if file.is_file() else f"{named} (there is no file {file})"


def _schema_fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    required = schema.get("required", [])
    yield "Title", str(schema.get("title", "none"))
    yield "Required", ", ".join(required) or "none"
    yield "Optional", ", ".join(key for key in schema.get("properties", {}) if key not in required) or "none"
