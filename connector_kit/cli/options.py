"""The arguments and options that several commands share."""

import click

connector_argument = click.argument("connector_id", metavar="ID")
config_argument = click.argument("config_path", metavar="CONFIG")
locale_option = click.option("--locale", metavar="TAG", help="Add this language tag to the payload, such as pt-BR.")
format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Print text for people, or JSON for programs.",
)
