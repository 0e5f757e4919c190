"""``connector-kit validate``: would Logto take this config, and will it work?"""

import click

from connector_kit.cli.config_verdict import judge_config, print_verdict
from connector_kit.cli.connector_target import connector_class
from connector_kit.cli.failures import NO
from connector_kit.cli.output_format import format_option
from connector_kit.cli.printing import print_json


@click.command("validate")
@click.argument("connector_id", metavar="ID")
@click.argument("config")
@click.option("--strict", is_flag=True, help="Refuse what Logto takes but what will hurt: warnings become errors.")
@format_option
@click.pass_context
def validate_command(ctx: click.Context, *, connector_id: str, config: str, strict: bool, output_format: str) -> None:
    """Check a connector's config.

    ID is an installed connector, or package.module:Class. CONFIG is a JSON file, or - for standard input. Exit 0 if
    Logto takes the config, 1 if not, 2 if there is nothing to check.
    """
    verdict = judge_config(connector_class(connector_id), connector_id, config, strict=strict)
    if output_format == "json":
        issues = [
            {"path": it.path, "keyword": it.keyword, "message": it.message, "severity": it.severity}
            for it in verdict.issues
        ]
        print_json({"valid": verdict.is_valid, "issues": issues})
    else:
        print_verdict(verdict)
    if not verdict.is_valid:
        ctx.exit(NO)
