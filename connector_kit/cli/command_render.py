"""``connector-kit render``: prints a message without sending it."""

import json
from collections.abc import Iterator
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from connector_kit.cli.config_check import check_config, print_check, print_issues
from connector_kit.cli.connector_argument import create_connector, find_message_connector
from connector_kit.cli.errors import REJECTED, CommandError, calling_connector
from connector_kit.cli.options import config_argument, connector_argument, format_option, locale_option
from connector_kit.cli.output import print_fields, print_json, print_line, print_text
from connector_kit.connector import Email, MessageConnector, Sms, TemplateMessage
from connector_kit.guards import send_message_payload_guard
from connector_kit.issues import json_type
from connector_kit.json_files import JsonFileError, parse_json_text
from connector_kit.messages import SendMessageData, SendMessagePayload, TemplateType
from connector_kit.redaction import payload_secrets
from connector_kit.suggestions import did_you_mean
from connector_kit.template_choice import TemplateChoice

_DEFAULT_PAYLOAD: Final = '{"code": "000000"}'

_RECIPIENT: Final = "recipient@example.com"
"""The recipient of the rendered message. Templates cannot contain it."""


def _example_payloads(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's signature
    """Complete ``--payload`` in the shell: messages as Logto sends them, with their context variables."""
    examples = send_message_payload_guard.schema["examples"]
    texts = [_DEFAULT_PAYLOAD, *(json.dumps(example) for example in examples)]
    return [CompletionItem(text) for text in texts if text.startswith(incomplete)]


@click.command("render")
@connector_argument
@config_argument
@click.option(
    "--type",
    "message_type",
    metavar="TYPE",
    default=TemplateType.GENERIC.value,
    show_default=True,
    help="The type of the message: a usageType of the templates.",
)
@click.option(
    "--payload",
    metavar="JSON",
    default=_DEFAULT_PAYLOAD,
    show_default=True,
    shell_complete=_example_payloads,
    help="The values of the placeholders: a JSON object.",
)
@locale_option
@format_option
@click.pass_context
def render_command(
    ctx: click.Context,
    *,
    connector_id: str,
    config_path: str,
    message_type: str,
    payload: str,
    locale: str | None,
    output_format: str,
) -> None:
    """Print a message as it would be sent, without sending it.

    ID is an installed connector, or package.module:Class. CONFIG is a JSON file, or - for standard input.
    """
    connector_class = find_message_connector(connector_id, "render")
    _check_uses_templates(connector_class, connector_id)
    message = SendMessageData(_RECIPIENT, message_type, _payload(payload, locale))
    check = check_config(connector_class, connector_id, config_path)
    if not check.is_valid:
        print_check(check, stderr=True)
        ctx.exit(REJECTED)
    print_issues(check.warnings, stderr=True)
    _warn_about_unknown_type(message_type)
    with calling_connector(connector_id, (*check.secrets, *payload_secrets(dict(message.payload)))):
        connector = create_connector(connector_class)
        settings = connector.read_config(check.config)
        rendered: Email | Sms | TemplateMessage = connector.compose(settings, message)
        choice = TemplateChoice.of(rendered, settings)
    if output_format == "json":
        print_json({"type": message_type, **_members(rendered), "template": choice.to_json()})
    else:
        _print_rendered(rendered, choice)


def _check_uses_templates(connector_class: type[MessageConnector[Any, Any]], connector_id: str) -> None:
    if connector_class.send_message is not MessageConnector.send_message:
        raise CommandError(f"{connector_id} overrides send_message, so `render` cannot know what it sends.")


def _payload(text: str, locale: str | None) -> SendMessagePayload:
    try:
        value = parse_json_text(text, "--payload")
    except JsonFileError as error:
        raise CommandError(f"{error}.") from None
    if not isinstance(value, dict):
        raise CommandError(
            f'--payload must be a JSON object such as \'{{"code": "000000"}}\', found {json_type(value)}.'
        )
    return SendMessagePayload(value if locale is None else value | {"locale": locale})


def _warn_about_unknown_type(message_type: str) -> None:
    if message_type not in set(TemplateType):
        hint = did_you_mean(message_type, TemplateType)
        print_line(("Warning:", "yellow"), f" Logto never sends messages of type {message_type!r}{hint}.", stderr=True)


def _members(rendered: Email | Sms | TemplateMessage) -> dict[str, object]:
    if isinstance(rendered, Sms):
        return {"content": rendered.content}
    if isinstance(rendered, TemplateMessage):
        return {"name": rendered.template.name, "variables": rendered.variables}
    optional = {"replyTo": rendered.reply_to, "sendFrom": rendered.send_from}
    return {
        "subject": rendered.subject,
        "contentType": rendered.content_type,
        "body": rendered.body,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _print_rendered(rendered: Email | Sms | TemplateMessage, choice: TemplateChoice) -> None:
    print_fields(_fields(rendered, choice))
    print_line()
    if isinstance(rendered, TemplateMessage):
        print_json(rendered.variables)
    else:
        print_text(rendered.content if isinstance(rendered, Sms) else rendered.body)


def _fields(rendered: Email | Sms | TemplateMessage, choice: TemplateChoice) -> Iterator[tuple[str, str]]:
    if isinstance(rendered, Email):
        yield "Subject", rendered.subject
        if rendered.send_from is not None:
            yield "From", rendered.send_from
        if rendered.reply_to is not None:
            yield "Reply-To", rendered.reply_to
        yield "Content type", rendered.content_type
    if isinstance(rendered, TemplateMessage):
        yield "Name", str(rendered.template.name)
    yield "Template", str(choice)
