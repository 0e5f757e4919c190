"""``connector-kit validate``: checks a config."""

import click

from connector_kit.cli.config_check import check_config, print_check
from connector_kit.cli.connector_argument import find_connector_class
from connector_kit.cli.errors import REJECTED
from connector_kit.cli.options import config_argument, connector_argument, format_option
from connector_kit.cli.output import print_json, print_line
from connector_kit.issues import format_path
from connector_kit.suggestions import misspelt
from connector_kit.template_checks import TEMPLATE_CHECKS
from connector_kit.warning_rules import generic_fallback


def _check_keywords(ctx: click.Context, param: click.Parameter, keywords: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001 - click's signature
    """Reject a keyword that is nearly the id of a template check. Other names may be those of a connector's own warnings."""
    for keyword in keywords:
        meant = misspelt(keyword, TEMPLATE_CHECKS)
        if meant:
            raise click.BadParameter(f"no warning has the keyword {keyword!r} (did you mean {meant!r}?)")
    return keywords


@click.command("validate")
@connector_argument
@config_argument
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="KEYWORD",
    callback=_check_keywords,
    help="Leave out the warnings with this keyword, which is in brackets at the end of each; repeatable.",
)
@format_option
@click.pass_context
def validate_command(
    ctx: click.Context,
    *,
    connector_id: str,
    config_path: str,
    strict: bool,
    ignored: tuple[str, ...],
    output_format: str,
) -> None:
    """Check a connector's config.

    Prints errors, for which Logto rejects the config, and warnings: valid for Logto, but unlikely to work. For a valid
    config, one more line names the types of messages that have no template of their own and use the Generic one.

    ID is an installed connector, or package.module:Class. CONFIG is a JSON file, or - for standard input.

    Exit status: 0 if the config is valid, 1 if it is invalid, 2 if it cannot be checked.
    """
    check = check_config(find_connector_class(connector_id), connector_id, config_path, strict=strict, ignored=ignored)
    fallback = generic_fallback(check.config)
    if output_format == "json":
        issues = [issue.to_json() for issue in check.issues]
        types = [] if fallback is None else fallback[1]
        print_json({"valid": check.is_valid, "issues": issues, "fallbackToGeneric": types})
    else:
        print_check(check)
        if check.is_valid and fallback is not None:
            path = format_path(("templates", fallback[0]))
            print_line("  ", ("info   ", "blue"), "  ", (path, "cyan"), f"  also used for {', '.join(fallback[1])}")
    if not check.is_valid:
        ctx.exit(REJECTED)
