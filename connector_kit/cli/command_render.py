"""``connector-kit render``: what a message would say."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

import click
from attrs import frozen

from connector_kit.cli.config_file import read_json
from connector_kit.cli.config_verdict import judge_config, print_issues, print_verdict
from connector_kit.cli.connector_target import message_connector, new_connector
from connector_kit.cli.failures import NO, Unusable, calling_connector
from connector_kit.cli.output_format import format_option
from connector_kit.cli.printing import print_fields, print_json, print_line, print_text
from connector_kit.connector import Email, MessageConnector, Sms
from connector_kit.messages import SendMessageData, SendMessagePayload, TemplateType

_RECIPIENT: Final = "recipient@example.com"
"""Stands in for the recipient: no template can show it."""


@click.command("render")
@click.argument("connector_id", metavar="ID")
@click.argument("config")
@click.option("--type", "message_type", default=TemplateType.GENERIC.value, show_default=True, help="What it is for.")
@click.option("--payload", default='{"code": "000000"}', show_default=True, help="The variables: a JSON object.")
@click.option("--locale", help="A language tag, added to the payload.")
@format_option
@click.pass_context
def render_command(
    ctx: click.Context,
    *,
    connector_id: str,
    config: str,
    message_type: str,
    payload: str,
    locale: str | None,
    output_format: str,
) -> None:
    """Print the message that a config makes of a payload. Nothing is sent.

    ID is an installed connector, or package.module:Class. CONFIG is a JSON file, or - for standard input.
    """
    found = message_connector(connector_id, "render")
    _check_renders(found, connector_id)
    message = SendMessageData(_RECIPIENT, message_type, _payload(payload, locale))
    verdict = judge_config(found, connector_id, config)
    if not verdict.is_valid:
        print_verdict(verdict, stderr=True)
        ctx.exit(NO)
    print_issues(verdict.warnings, stderr=True)
    _warn_of_unknown_type(message_type)
    variables = [str(value) for value in message.payload.values() if isinstance(value, str | int | float)]
    with calling_connector(connector_id, [*verdict.secrets, *variables]):
        connector = new_connector(found)
        settings = connector.read_config(verdict.config)
        rendered: Email | Sms = connector.compose(settings, message)
        choice = _Choice.of(rendered, settings)
    if output_format == "json":
        print_json({"type": message_type, **_members(rendered), "template": choice.to_json()})
    else:
        _print_rendered(rendered, choice)


def _check_renders(found: type[MessageConnector[Any, Any]], target: str) -> None:
    if found.send_message is not MessageConnector.send_message:
        raise Unusable(f"{target} has a send_message of its own, so what it would send cannot be told in advance.")


def _payload(text: str, locale: str | None) -> SendMessagePayload:
    value = read_json(text, "--payload")
    if not isinstance(value, dict):
        raise Unusable('--payload must be a JSON object, such as \'{"code": "000000"}\'.')
    return SendMessagePayload(value if locale is None else value | {"locale": locale})


def _warn_of_unknown_type(message_type: str) -> None:
    if message_type not in set(TemplateType):
        near = get_close_matches(message_type, [str(member) for member in TemplateType], n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        print_line(("Warning:", "yellow"), f" Logto sends no message of the type {message_type!r}{hint}", stderr=True)


@frozen
class _Choice:
    """Which template was chosen: its place in the config, its usage type, and whether it stands in for another."""

    index: int | None
    usage_type: str | None
    fallback: bool

    @classmethod
    def of(cls, rendered: Email | Sms, settings: Any) -> "_Choice":  # noqa: ANN401 - any class of config
        chosen: Any = rendered.template
        templates = settings.get("templates") if isinstance(settings, Mapping) else getattr(settings, "templates", None)
        index = next((place for place, template in enumerate(templates or ()) if template is chosen), None)
        is_json = isinstance(chosen, Mapping)
        usage_type = chosen.get("usageType") if is_json else getattr(chosen, "usage_type", None)
        return cls(index, usage_type, usage_type not in (None, rendered.data.type))

    def __str__(self) -> str:
        place = "the connector's own" if self.index is None else f"$.templates[{self.index}]"
        usage = "" if self.usage_type is None else f" for {self.usage_type}"
        return f"{place}{usage}{', which stands in: there is none for this type' * self.fallback}"

    def to_json(self) -> dict[str, object]:
        return {"index": self.index, "usageType": self.usage_type, "fallback": self.fallback}


def _members(rendered: Email | Sms) -> dict[str, object]:
    if isinstance(rendered, Sms):
        return {"content": rendered.content}
    optional = {"replyTo": rendered.reply_to, "sendFrom": rendered.send_from}
    return {
        "subject": rendered.subject,
        "contentType": rendered.content_type,
        "body": rendered.body,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _print_rendered(rendered: Email | Sms, choice: _Choice) -> None:
    print_fields(_fields(rendered, choice))
    print_line()
    print_text(rendered.content if isinstance(rendered, Sms) else rendered.body)


def _fields(rendered: Email | Sms, choice: _Choice) -> Iterator[tuple[str, str]]:
    if isinstance(rendered, Email):
        yield "Subject", rendered.subject
        if rendered.send_from is not None:
            yield "From", rendered.send_from
        if rendered.reply_to is not None:
            yield "Reply-To", rendered.reply_to
        yield "Content type", rendered.content_type
    yield "Template", str(choice)
