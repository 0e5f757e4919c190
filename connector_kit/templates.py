"""Which template a message takes, and what becomes of its ``{{placeholders}}``."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar

from attrs import field, frozen

from connector_kit._javascript import WHITE_SPACE, is_array_index, to_string
from connector_kit.messages import TemplateType

_SPACE: Final = f"[{re.escape(WHITE_SPACE)}]*+"
_HANDLEBARS: Final = re.compile(rf"\{{\{{{_SPACE}([A-Za-z0-9_.]++){_SPACE}\}}\}}")
"""Possessive throughout: a match is found or given up in one pass, whatever the template holds."""

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


class HasUsageType(Protocol):
    """What routing asks of a template."""

    @property
    def usage_type(self) -> str:
        """The type of message it is for."""
        ...


T = TypeVar("T")


def get_config_template_by_type(type: str, config: Any) -> Any:  # noqa: A002, ANN401 - upstream's name; attrs or JSON
    """Return the first template with that usage type, or else the first for ``Generic``, or else ``None``.

    Args:
        type: a `TemplateType` or any other string, compared exactly.
        config: an attrs value with ``templates`` that have a ``usage_type``, or the JSON of one.
    """
    templates = config.get("templates") if isinstance(config, Mapping) else getattr(config, "templates", None)
    return _first(templates or (), type) or _first(templates or (), TemplateType.GENERIC)


def _first(templates: Iterable[T], usage_type: str) -> T | None:
    return next((template for template in templates if _usage_type(template) == usage_type), None)


def _usage_type(template: Any) -> object:  # noqa: ANN401 - attrs or JSON
    return template.get("usageType") if isinstance(template, Mapping) else template.usage_type


def replace_send_message_handlebars(template: str, payload: Mapping[str, object]) -> str:
    """Fill ``{{name}}`` and ``{{name.part}}`` from the payload, once: a value is never expanded again.

    A name that the payload lacks stays as written; a part that is missing inside a name that is there becomes "".
    Values print as JavaScript prints them. Nothing is looked up on a prototype (deviation R1): ``{{toString}}`` is a
    name like any other.
    """

    def fill(match: re.Match[str]) -> str:
        path = match[1]
        root = path.partition(".")[0]
        if not root or root not in payload:
            return match[0]
        value = get_value(payload, path)
        return "" if value is None else to_string(value)

    return _HANDLEBARS.sub(fill, template)


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
