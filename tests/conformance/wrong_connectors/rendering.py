"""Connectors that fill templates wrongly."""

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
from tests.conformance.wrong_connectors.open import Open, killed_by


@killed_by("rendering.fills", "expected the body")
class FillsOnce(Open):
    """Replaces only the first placeholder."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render a little."""
        return re.sub(r"\{\{\s*code\s*\}\}", lambda _: str(payload.get("code")), template, count=1)


@killed_by("rendering.fills", "expected the subject")
class PlainSubject(Open):
    """Renders the content and not the subject."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route, and render half."""
        email = super().compose(config, message)
        template: Any = email.template
        return evolve(email, subject=template.subject)


@killed_by("rendering.white-space", "expected the body")
class NoWhiteSpace(Open):
    """Knows only the tight form."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render what is tight."""
        for key, value in payload.items():
            template = template.replace(f"{{{{{key}}}}}", to_string(value))
        return template


@killed_by("rendering.unknown-stays", "expected the body")
class UnknownVanishes(Open):
    """Leaves nothing of a name that it does not know."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, and sweep."""
        return re.sub(r"\{\{[^{}]*\}\}", "", super().fill(template, payload))


@killed_by("rendering.no-prototype", "expected the body")
class LikeJavaScript(Open):
    """Finds what every JavaScript object has."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render as upstream does."""
        return super().fill(template, {"toString": "function toString() { [native code] }", **payload})


@killed_by("rendering.nested", "expected the body")
class Flat(Open):
    """Does not follow dots."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render names without dots."""
        return re.sub(
            r"\{\{\s*(\w+)\s*\}\}", lambda it: to_string(payload[it[1]]) if it[1] in payload else it[0], template
        )


@killed_by("rendering.one-pass", "expected the body")
class UntilNothingChanges(Open):
    """Fills in what users typed."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render twice."""
        return super().fill(super().fill(template, payload), payload)


@killed_by("rendering.literal-values", "expected the body")
class ValueIsAPattern(Open):
    """Gives a value to re.sub as its replacement."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render by pattern."""
        name = payload.get("name")
        if isinstance(name, str):
            template = re.sub(r"\{\{(name)\}\}", name, template)
        return super().fill(template, payload)


@killed_by("rendering.literal-values", "expected the body")
class EscapesHtml(Open):
    """Escapes values that the contract puts in as they are."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render safely, as it thinks."""
        escaped = {key: html.escape(it) if isinstance(it, str) else it for key, it in payload.items()}
        return super().fill(template, escaped)


@killed_by("rendering.javascript-values", "expected the body")
class LikePython(Open):
    """Prints values as Python does."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render with str."""
        return re.sub(
            r"\{\{\s*([\w.]+)\s*\}\}",
            lambda it: str(get_value(payload, it[1])) if it[1].partition(".")[0] in payload else it[0],
            template,
        )


@killed_by("rendering.text", "expected the body")
class TrimsText(Open):
    """Tidies up what the author wrote."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, and strip."""
        return super().fill(template, payload).strip()


@killed_by("rendering.i18n", "expected the body")
class ManagedAsIs(Open):
    """Does not render what Logto manages."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route, and render the config's own."""
        email = super().compose(config, message)
        template: Any = email.template
        return email if isinstance(template, Template) else evolve(email, body=template.content)


@killed_by("rendering.adjacent", "expected the body")
class ThreeBraces(Open):
    """Takes three braces for a placeholder too, as Mustache does."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render with one brace fewer."""
        return super().fill(re.sub(r"\{(\{\{\s*[\w.]+\s*\}\})\}", r"\1", template), payload)


@killed_by("rendering.adjacent", "expected the body")
class OneLineEach(Open):
    """Finds no placeholder that has a line break in it."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render line by line."""
        return "".join(super(OneLineEach, self).fill(part, payload) for part in template.splitlines(keepends=True))


@killed_by("rendering.near-misses", "expected the body")
class KnowsHelpers(Open):
    """Fills in what has a sign before the name, as Handlebars does."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render without signs."""
        return super().fill(re.sub(r"\{\{[&>^#/!]", "{{", template), payload)


@killed_by("rendering.near-misses", "expected the body")
class AnyName(Open):
    """Takes anything between braces for a name."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render by key."""
        found = re.sub(
            r"\{\{([^{}]*)\}\}", lambda it: to_string(payload[it[1]]) if it[1] in payload else it[0], template
        )
        return super().fill(found, payload)


@killed_by("rendering.growth", "it raised RecursionError")
class BraceByBrace(Open):
    """Goes down one level for each brace."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, and descend."""
        self.descend(template.lstrip("{") if len(template) < 100 else template)
        return super().fill(template, payload)

    def descend(self, template: str) -> None:
        """Look at one brace."""
        if template.startswith("{"):
            self.descend(template[1:])


@killed_by("rendering.growth", "it took longer")
class SlowlyDoesIt(Open):
    """Looks for the end of each brace in all that follows, which takes its time where there are many."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, in time."""
        time.sleep(10.5 if template.count("{{") > 20_000 else 0)
        return super().fill(template, payload)


@killed_by("rendering.growth", "filled in once")
class FillsTheLongOnes(Open):
    """Fills in again what it filled in, if that is long."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, and perhaps again."""
        once = super().fill(template, payload)
        return super().fill(once, payload) if len(once) > 1_000 else once


@killed_by("rendering.many-names", "all of 1,000 names")
class HundredNames(Open):
    """Fills in a hundred placeholders."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, up to a hundred."""
        pieces = template.split("{{")
        return super().fill("{{".join(pieces[:101]), payload) + "".join(f"{{{{{it}" for it in pieces[101:])


@killed_by("rendering.many-names", "all of 2 names")
class ShortNames(Open):
    """Knows names of up to a thousand letters."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render what is short."""
        return super().fill(template, {key: value for key, value in payload.items() if len(key) <= 1_000})
