"""Which template a message takes, and what becomes of its ``{{placeholders}}``."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from connector_kit._javascript import WHITE_SPACE, is_array_index, to_string
from connector_kit.messages import TemplateType

_SPACE: Final = f"[{re.escape(WHITE_SPACE)}]*+"
_HANDLEBARS: Final = re.compile(rf"(\{{\{{{_SPACE}([A-Za-z0-9_.]++){_SPACE}\}}\}})")
"""The placeholder, and its path inside. Possessive throughout: a match is found or given up in one pass, whatever the template holds."""

_LONGEST_REMEMBERED: Final = 1 << 16
"""In characters; how longer templates are taken apart is not kept."""

_MISSING: Final = object()


@frozen
class Template:
    """An e-mail template of a connector's config.

    Args:
        usage_type: the type of message it is for; any string.
        subject: with ``{{placeholders}}``.
        content: the HTML body, with ``{{placeholders}}``.
    """

    usage_type: str
    subject: str = field(repr=False)
    content: str = field(repr=False)


def get_config_template_by_type(type: str, config: Any) -> Any:  # noqa: A002, ANN401 - upstream's name; attrs or JSON
    """Return the first template with that usage type, or else the first for ``Generic``, or else ``None``.

    Args:
        type: a `TemplateType` or any other string, compared exactly.
        config: an attrs value with ``templates`` that have a ``usage_type``, or the JSON of one.
    """
    templates = getattr(config, "templates", None)
    if templates is None and isinstance(config, Mapping):
        templates = config.get("templates")
    fallback = None
    for template in templates or ():
        usage_type = template.get("usageType") if isinstance(template, dict) else template.usage_type
        if usage_type == type:
            return template
        if fallback is None and usage_type == TemplateType.GENERIC:
            fallback = template
    return fallback


def replace_send_message_handlebars(template: str, payload: Mapping[str, object]) -> str:
    """Fill ``{{name}}`` and ``{{name.part}}`` from the payload, once: a value is never expanded again.

    A name that the payload lacks stays as written; a part that is missing inside a name that is there becomes "".
    Values print as JavaScript prints them. Nothing is looked up on a prototype (deviation R1): ``{{toString}}`` is a
    name like any other.
    """
    text, placeholders = _parse(template) if len(template) <= _LONGEST_REMEMBERED else _parse.__wrapped__(template)
    filled = [text]
    for written, path, root, rest in placeholders:
        if root and root in payload:
            value = payload[root] if root == path else get_value(payload, path)
            filled.append(value if isinstance(value, str) else "" if value is None else to_string(value))
        else:
            filled.append(written)
        filled.append(rest)
    return "".join(filled)


@lru_cache(maxsize=256)
def _parse(template: str) -> tuple[str, tuple[tuple[str, str, str, str], ...]]:
    """Take a template apart; the same few come up on every send.

    Returns:
        The text up to the first placeholder, and for each placeholder: how it is written, its path, the path's first
        part, and the text up to the next one.
    """
    text, *parts = _HANDLEBARS.split(template)
    return text, tuple(
        (written, path, path.partition(".")[0], rest)
        for written, path, rest in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )


def get_value(object: Mapping[str, Any], path: str) -> Any:  # noqa: A002, ANN401 - upstream's name; any JSON value
    """Follow a dotted path through objects, array indices and an array's ``length``; ``None`` where it leads nowhere."""
    current: Any = object
    for part in path.split("."):
        current = _member(current, part)
        if current is _MISSING:
            return None
    return current


def _member(container: object, part: str) -> object:
    if isinstance(container, Mapping):
        return container.get(part, _MISSING)
    if isinstance(container, list | tuple):
        if part == "length":
            return len(container)
        if is_array_index(part) and int(part) < len(container):
            return container[int(part)]
    return _MISSING
