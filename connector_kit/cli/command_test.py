"""``connector-kit test``: sends one real message, like the "Send" button of Logto Console."""

import click

from connector_kit.cli.config_check import check_config, print_check, print_issues
from connector_kit.cli.connector_argument import create_connector, find_message_connector
from connector_kit.cli.errors import REJECTED, CommandError, calling_connector
from connector_kit.cli.options import config_argument, connector_argument, locale_option
from connector_kit.cli.output import print_json, print_line
from connector_kit.messages import SendMessageData, SendMessagePayload, TemplateType
from connector_kit.wire import to_json


@click.command("test")
@connector_argument
@config_argument
@click.option("--to", "recipient", required=True, metavar="ADDRESS", help="An e-mail address or a phone number.")
@locale_option
@click.pass_context
def test_command(
    ctx: click.Context, *, connector_id: str, config_path: str, recipient: str, locale: str | None
) -> None:
    """Send one real message.

    The message has the type Generic and the code 000000, like the test message of Logto Console.

    ID is an installed connector, or package.module:Class. CONFIG is a JSON file, or - for standard input.

    Exit status: 0 if the message was sent, 1 if the connector or its provider rejects it.
    """
    connector_class = find_message_connector(connector_id, "test")
    check = check_config(connector_class, connector_id, config_path)
    if not isinstance(check.config, dict):
        # Logto sends only objects. The connector would use its saved config for null.
        if check.is_valid:
            raise CommandError(f"{check.name} does not contain a JSON object.")
        print_check(check, stderr=True)
        ctx.exit(REJECTED)
    print_issues(check.warnings, stderr=True)
    payload = {"code": "000000"} | ({} if locale is None else {"locale": locale})
    message = SendMessageData(recipient, TemplateType.GENERIC, SendMessagePayload(payload))
    with calling_connector(connector_id, check.secrets):
        result = create_connector(connector_class).send_message(message, check.config)
    _print_result(result)


def _print_result(result: object) -> None:
    """Print that the message was sent, and what the connector returned. The message is sent, so nothing may fail."""
    if isinstance(result, str):
        print_line(("Sent.", "bold green"), f" MessageId: {result}")
        return
    print_line(("Sent.", "bold green"))
    try:
        print_json(to_json(result))
    except (TypeError, ValueError, RecursionError):
        print_line(f"The connector returned a Python {type(result).__name__}, which cannot be converted to JSON.")
