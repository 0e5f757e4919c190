"""Checks the templates of a config for what mail programs, readers and providers of text messages have trouble with.

`connector_kit.warning_rules` makes a warning of each finding. To add a check, write one function under
``@_template_check``, and its test.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from attrs import field, frozen

from connector_kit.html_facts import HtmlFacts, html_facts
from connector_kit.messages import TemplateType, main_variable
from connector_kit.plain_text import html_to_text
from connector_kit.schemas import bundle
from connector_kit.sms_segments import sms_segments
from connector_kit.templates import placeholder_paths, replace_send_message_handlebars

_GMAIL_LIMIT: Final = 102_000
_FEW: Final = 3
_MARKUP: Final = re.compile(r"<[A-Za-z!/]")
_HTML_ELEMENT: Final = re.compile(r"\s*(?:<!doctype[^>]*>\s*)?<html\b", re.IGNORECASE)
_EXAMPLE_CODE: Final = re.compile(
    r"(?<![\w#.,+/:-])(?<!\d )(?:([0-9])\1{5}|123456|012345|654321|123[ -]456)(?![\w%]|[ .,-]\d)"
)


@frozen
class CheckedTemplate:
    """A template of a config, as the checks see it.

    Args:
        usage_types: the types of the messages that use it.
        subject: of an e-mail; ``None`` for a text message.
        content: the body, with ``{{placeholders}}``.
        html: what the content has in it, if it is HTML with at least one tag.
        text: the content as a reader sees it: for HTML, the text that the kit derives from it.
    """

    usage_types: tuple[TemplateType, ...]
    subject: str | None
    content: str
    html: HtmlFacts | None = field(repr=False)
    text: str = field(repr=False)

    @classmethod
    def of(cls, template: Mapping[str, Any], usage_types: Iterable[TemplateType]) -> "CheckedTemplate | None":
        """Read the JSON of a template; return ``None`` if it has no content: then the provider has it."""
        content, subject = template.get("content"), template.get("subject")
        if not isinstance(content, str):
            return None
        content_type = str(template.get("contentType") or template.get("type") or "text/html")
        is_html = subject is not None and content_type != "text/plain" and _MARKUP.search(content) is not None
        return cls(
            usage_types=tuple(usage_types),
            subject=subject if isinstance(subject, str) else None,
            content=content,
            html=html_facts(content) if is_html else None,
            text=html_to_text(content) if is_html else content,
        )


TemplateCheck = Callable[[CheckedTemplate], Iterator[tuple[str, str]]]
"""Yields for each finding the key of the template and a message: what was found, and what to do."""

TEMPLATE_CHECKS: Final[dict[str, TemplateCheck]] = {}
"""The checks by their id, which is the keyword of the warning."""


def _template_check(name: str) -> Callable[[TemplateCheck], TemplateCheck]:
    """Add a check. The first line of its docstring is its description in docs/guides/template-checks.md."""

    def register(check: TemplateCheck) -> TemplateCheck:
        TEMPLATE_CHECKS[name] = check
        return check

    return register


def check_template(template: Mapping[str, Any], usage_types: Iterable[TemplateType]) -> Iterator[tuple[str, str, str]]:
    """Yield the id of the check, the key of the template and a message for each finding.

    Args:
        template: the JSON of a template of the config.
        usage_types: the types of the messages that use it.
    """
    checked = CheckedTemplate.of(template, usage_types)
    if checked is not None:
        for name, check in TEMPLATE_CHECKS.items():
            yield from ((name, key, message) for key, message in check(checked))


def example_code(text: str) -> str | None:
    """Return the example of a code that a text has in it, such as 000000 or 123456."""
    found = _EXAMPLE_CODE.search(text)
    return found and found[0]


# --- every message ----------------------------------------------------------------------------------------------------


@_template_check("hard-coded-code")
def hard_coded_codes(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """An example of a code instead of `{{code}}`: six equal digits, `123456`, `654321` and the like."""
    for key, text in (("subject", template.subject or ""), ("content", template.text)):
        code = example_code(text)
        if code:
            yield key, f"every user gets the code {code}, which is written in the template: write {{{{code}}}} instead"


# --- text messages ----------------------------------------------------------------------------------------------------


@_template_check("sms-segments")
def segments(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """A text message that is sent as more than one segment: providers charge for each. Placeholders have example values."""
    if template.subject is not None or _MARKUP.search(template.content):
        return
    found = sms_segments(replace_send_message_handlebars(template.content, _example_payload()))
    if found.segments == 1:
        return
    size = f"with example values, this text has {found.units} characters, and is charged as {found.segments} messages"
    if found.outside_gsm:
        listed = _characters(found.outside_gsm)
        yield (
            "content",
            f"{size}: replace {listed}, with which a message has 70 characters instead of 160, or shorten the text",
        )
    else:
        yield "content", f"{size}: shorten it to 160 characters"


@cache
def _example_payload() -> Mapping[str, object]:
    """Return the variables of a message with a code."""
    payload: Mapping[str, object] = bundle("send-message-payload")["examples"][0]
    return payload


def _characters(characters: tuple[str, ...]) -> str:
    shown = ", ".join(f"{it} (U+{ord(it):04X})" if it.isprintable() else f"U+{ord(it):04X}" for it in characters[:_FEW])
    return f"{shown} and {len(characters) - _FEW} more" if len(characters) > _FEW else shown


# --- e-mails ----------------------------------------------------------------------------------------------------------


@_template_check("text-alternative")
def poor_text_alternatives(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """An HTML body whose text alternative, which the kit derives from it, is empty or lacks the code or the link."""
    if template.html is None:
        return
    if not template.text:
        yield (
            "content",
            "the plain text that the kit derives from this HTML is empty: write the message as text, not only as images",
        )
        return
    for name in sorted(set(map(main_variable, template.usage_types))):
        of_html, of_text = (name in set(placeholder_paths(it)) for it in (template.content, template.text))
        if of_html and not of_text:
            message = (
                f"the plain text that the kit derives from this HTML lacks {{{{{name}}}}}: write it as text or as the "
                "address of a link, not only in other attributes, in styles or in the title"
            )
            yield "content", message


@_template_check("message-size")
def large_messages(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """An e-mail of more than 102,000 bytes: Gmail shows only the start of it."""
    size = len(template.content.encode("utf-8", "surrogatepass"))
    if template.subject is not None and size > _GMAIL_LIMIT:
        yield (
            "content",
            f"this body has {size:,} bytes, and Gmail cuts it off after {_GMAIL_LIMIT:,}: remove styles or hidden parts",
        )


@_template_check("html-lang")
def missing_language(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """An `<html>` element without `lang`: screen readers read the text with the pronunciation of another language."""
    if template.html and not template.html.language and _HTML_ELEMENT.match(template.content):
        yield "content", 'screen readers do not know the language of this message: add lang, as in <html lang="en">'


@_template_check("image-alt")
def images_without_alt(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """An image without `alt`: screen readers read its address, and the reader of a blocked image sees nothing."""
    count = 0 if template.html is None else sum(not it.has_alt for it in template.html.images)
    if count:
        yield (
            "content",
            f'{_images(count, "has", "have")} no alt: describe it in alt="…", or write alt="" for decoration',
        )


@_template_check("remote-image")
def remote_images(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """An image on another server: many mail programs do not load it, and if they do, that server learns who reads the message."""
    count = 0 if template.html is None else sum(it.is_remote for it in template.html.images)
    if count:
        message = (
            f"{_images(count, 'is', 'are')} on another server, from which many mail programs load nothing: remove the image, or "
            "turn this warning off if the message is complete without it"
        )
        yield "content", message


@_template_check("image-source")
def unusable_images(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """An image that mail programs cannot load: a relative address, `cid:` without an attachment, `file:`, or `data:`."""
    count = 0 if template.html is None else sum(it.is_unusable for it in template.html.images)
    if count:
        message = (
            f"{_images(count, 'has', 'have')} an address that mail programs cannot load (a relative one, cid: or data:): "
            "write an address that begins with https://"
        )
        yield "content", message


@_template_check("contrast")
def low_contrast(template: CheckedTemplate) -> Iterator[tuple[str, str]]:
    """Text with a contrast of less than 4.5:1 to its background, or 3:1 if it is large. Both colours must be in attributes.

    Source: WCAG 2.2, success criterion 1.4.3.
    """
    pairs = [] if template.html is None else [it for it in template.html.colours if not it.is_readable]
    if pairs:
        it, *others = pairs
        more = f" (the first of {len(pairs)} such pairs)" if others else ""
        message = f"text in {it.text} on {it.background} has a contrast of {it.ratio:.2f}:1{more}"
        yield "content", f"{message}: choose colours with at least {it.required}:1"


def _images(count: int, singular: str, plural: str) -> str:
    return f"an image {singular}" if count == 1 else f"{count} images {plural}"
