"""``connector-kit validate``: checks a config."""

import click

from connector_kit.cli.config_check import check_config, print_check
from connector_kit.cli.connector_argument import find_connector_class
from connector_kit.cli.errors import REJECTED
from connector_kit.cli.options import config_argument, connector_argument, format_option
from connector_kit.cli.output import print_json


@click.command("validate")
@connector_argument
@config_argument
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@format_option
@click.pass_context
def validate_command(
    ctx: click.Context, *, connector_id: str, config_path: str, strict: bool, output_format: str
) -> None:
    """Check a connector's config.

    Prints errors, for which Logto rejects the config, and warnings: valid for Logto, but unlikely to work.

    ID is an installed connector, or package.module:Class. CONFIG is a JSON file, or - for standard input.

    Exit status: 0 if the config is valid, 1 if it is invalid, 2 if it cannot be checked.
    """
    check = check_config(find_connector_class(connector_id), connector_id, config_path, strict=strict)
    if output_format == "json":
        print_json({"valid": check.is_valid, "issues": [issue.to_json() for issue in check.issues]})
    else:
        print_check(check)
    if not check.is_valid:
        ctx.exit(REJECTED)
