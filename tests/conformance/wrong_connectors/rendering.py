"""Connectors that render templates wrongly."""

import html
import re
import time
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from connector_kit import (
    Email,
    SendMessageData,
    Template,
    get_value,
)
from connector_kit._javascript import to_string
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.base import BaseSes, killed_by


@killed_by("rendering.replaces-placeholders", "to give the body")
class ReplacesFirstOnly(BaseSes):
    """Replaces only the first placeholder."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return re.sub(r"\{\{\s*code\s*\}\}", lambda _: str(payload.get("code")), template, count=1)


@killed_by("rendering.replaces-placeholders", "to give the subject")
class UnrenderedSubject(BaseSes):
    """Renders the content but not the subject."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        email = super().compose(config, message)
        template: Any = email.template
        return evolve(email, subject=template.subject)


@killed_by("rendering.whitespace", "to give the body")
class NoWhiteSpace(BaseSes):
    """Does not replace placeholders with white space inside the braces."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        for key, value in payload.items():
            template = template.replace(f"{{{{{key}}}}}", to_string(value))
        return template


@killed_by("rendering.unknown-placeholder", "to give the body")
class RemovesUnknownPlaceholders(BaseSes):
    """Removes placeholders with an unknown name."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return re.sub(r"\{\{[^{}]*\}\}", "", super().fill(template, payload))


@killed_by("rendering.no-prototype-access", "to give the body")
class PrototypeAccess(BaseSes):
    """Replaces `{{toString}}` as a look-up on a JavaScript object does."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(template, {"toString": "function toString() { [native code] }", **payload})


@killed_by("rendering.nested", "to give the body")
class NoNestedNames(BaseSes):
    """Does not replace dotted names."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return re.sub(
            r"\{\{\s*(\w+)\s*\}\}", lambda it: to_string(payload[it[1]]) if it[1] in payload else it[0], template
        )


@killed_by("rendering.single-pass", "to give the body")
class RendersTwice(BaseSes):
    """Replaces placeholders inside values."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(super().fill(template, payload), payload)


@killed_by("rendering.literal-values", "to give the body")
class ValueAsReplacementPattern(BaseSes):
    """Passes a value to re.sub as a replacement pattern."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        name = payload.get("name")
        if isinstance(name, str):
            template = re.sub(r"\{\{(name)\}\}", name, template)
        return super().fill(template, payload)


@killed_by("rendering.literal-values", "to give the body")
class EscapesHtml(BaseSes):
    """Escapes HTML in values."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        escaped = {key: html.escape(it) if isinstance(it, str) else it for key, it in payload.items()}
        return super().fill(template, escaped)


@killed_by("rendering.javascript-values", "to give the body")
class PythonValues(BaseSes):
    """Inserts values as Python's str() writes them."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return re.sub(
            r"\{\{\s*([\w.]+)\s*\}\}",
            lambda it: str(get_value(payload, it[1])) if it[1].partition(".")[0] in payload else it[0],
            template,
        )


@killed_by("rendering.literal-text", "to give the body")
class TrimsText(BaseSes):
    """Strips white space from texts."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(template, payload).strip()


@killed_by("rendering.i18n-template", "expected the body")
class UnrenderedManagedTemplate(BaseSes):
    """Does not render managed templates."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        email = super().compose(config, message)
        template: Any = email.template
        return email if isinstance(template, Template) else evolve(email, body=template.content)


@killed_by("rendering.adjacent-placeholders", "to give the body")
class ThreeBraces(BaseSes):
    """Replaces three braces like two, as Mustache does."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(re.sub(r"\{(\{\{\s*[\w.]+\s*\}\})\}", r"\1", template), payload)


@killed_by("rendering.adjacent-placeholders", "to give the body")
class RendersLineByLine(BaseSes):
    """Does not replace placeholders with a line break inside."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return "".join(
            super(RendersLineByLine, self).fill(part, payload) for part in template.splitlines(keepends=True)
        )


@killed_by("rendering.malformed-placeholders", "to give the body")
class ReplacesHelpers(BaseSes):
    """Replaces placeholders with a sign before the name, as Handlebars does."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(re.sub(r"\{\{[&>^#/!]", "{{", template), payload)


@killed_by("rendering.malformed-placeholders", "to give the body")
class AnyName(BaseSes):
    """Replaces any text between braces that is a key of the payload."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        found = re.sub(
            r"\{\{([^{}]*)\}\}", lambda it: to_string(payload[it[1]]) if it[1] in payload else it[0], template
        )
        return super().fill(found, payload)


@killed_by("rendering.linear-time", "it raised RecursionError")
class RecursesPerBrace(BaseSes):
    """Calls itself for each brace."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        self.descend(template.lstrip("{") if len(template) < 100 else template)
        return super().fill(template, payload)

    def descend(self, template: str) -> None:
        if template.startswith("{"):
            self.descend(template[1:])


@killed_by("rendering.linear-time", "unfinished after 10 s")
class QuadraticTime(BaseSes):
    """Takes quadratic time: it searches the rest of the text for each brace."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        time.sleep(10.5 if template.count("{{") > 20_000 else 0)
        return super().fill(template, payload)


@killed_by("rendering.linear-time", "(placeholders in a value) to give the body")
class RendersLongTextTwice(BaseSes):
    """Renders long texts twice."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        once = super().fill(template, payload)
        return super().fill(once, payload) if len(once) > 1_000 else once


@killed_by("rendering.many-placeholders", "expected all 1,000 names")
class HundredPlaceholders(BaseSes):
    """Replaces only the first hundred placeholders."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        pieces = template.split("{{")
        return super().fill("{{".join(pieces[:101]), payload) + "".join(f"{{{{{it}" for it in pieces[101:])


@killed_by("rendering.many-placeholders", "expected all 2 names")
class ShortNamesOnly(BaseSes):
    """Does not replace names of more than a thousand characters."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(template, {key: value for key, value in payload.items() if len(key) <= 1_000})
