"""``connector-kit test``: one real message, as Logto Console's "Send" button makes it."""

import click

from connector_kit.cli.config_file import config_name
from connector_kit.cli.config_verdict import judge_config, print_issues, print_verdict
from connector_kit.cli.connector_target import message_connector, new_connector
from connector_kit.cli.failures import NO, Unusable, calling_connector
from connector_kit.cli.printing import print_json, print_line
from connector_kit.messages import SendMessageData, SendMessagePayload, TemplateType
from connector_kit.wire import to_json


@click.command("test")
@click.argument("connector_id", metavar="ID")
@click.argument("config")
@click.option("--to", "recipient", required=True, metavar="ADDR", help="An e-mail address or a phone number.")
@click.option("--locale", help="A language tag, added to the payload.")
@click.pass_context
def test_command(ctx: click.Context, *, connector_id: str, config: str, recipient: str, locale: str | None) -> None:
    """Send one real message.

    It carries the code 000000 and is of the type Generic, as the message that Logto's own test sends. ID is an
    installed connector, or package.module:Class. CONFIG is a JSON file, or - for standard input. Exit 1 if the
    connector or its provider refuses.
    """
    found = message_connector(connector_id, "test")
    verdict = judge_config(found, connector_id, config)
    if not isinstance(verdict.config, dict):
        # Logto tests objects only, and a connector would take null for "the saved config".
        if verdict.is_valid:
            raise Unusable(f"{config_name(config)} holds no JSON object: there is nothing to test.")
        print_verdict(verdict, stderr=True)
        ctx.exit(NO)
    print_issues(verdict.warnings, stderr=True)
    payload = {"code": "000000"} | ({} if locale is None else {"locale": locale})
    message = SendMessageData(recipient, TemplateType.GENERIC, SendMessagePayload(payload))
    with calling_connector(connector_id, verdict.secrets):
        result = new_connector(found).send_message(message, verdict.config)
    _print_result(result)


def _print_result(result: object) -> None:
    """Say that it is sent, whatever the connector returned: nothing after this point may look like a failure."""
    if isinstance(result, str):
        print_line(("Sent.", "bold green"), f" MessageId: {result}")
        return
    print_line(("Sent.", "bold green"))
    try:
        print_json(to_json(result))
    except (TypeError, ValueError, RecursionError):
        print_line(f"The connector returned a Python {type(result).__name__}, which has no JSON form.")
