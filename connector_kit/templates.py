"""Choosing the template of a message, and filling its ``{{placeholders}}``."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from connector_kit._javascript import WHITE_SPACE, is_array_index, to_string
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.messages import TemplateType

LONGEST_TEXT: Final = 1 << 21
"""In characters, of one rendered text. Providers limit a whole message to 10 to 40 MB, and mail clients show less. Without
a limit, 50 kB of template and 100 kB of payload give a gigabyte, if one long value is in many placeholders. At the limit,
a send through Amazon SES needs 5 to 53 MB, depending on the characters."""

_SPACE: Final = f"[{re.escape(WHITE_SPACE)}]*+"
_PLACEHOLDER: Final = re.compile(rf"\{{\{{{_SPACE}(?P<path>[A-Za-z0-9_.]++){_SPACE}\}}\}}")
"""Its quantifiers are possessive, so the time is linear in the length of any template."""

_TEMPLATES_CACHED: Final = 64
_LONGEST_CACHED: Final = 1 << 13
"""In characters; a longer template is parsed each time. It bounds the memory of the cache: 21 MiB in the worst case."""

_MISSING: Final = object()


@frozen
class Template:
    """An e-mail template of a connector's config.

    Args:
        usage_type: the type of message that it is for: any string.
        subject: with ``{{placeholders}}``.
        content: the HTML body, with ``{{placeholders}}``.
    """

    usage_type: str
    subject: str = field(repr=False)
    content: str = field(repr=False)


@frozen
class SmsTemplate:
    """A template of an SMS connector's config: it has no subject.

    Args:
        usage_type: the type of message that it is for: any string.
        content: the text, with ``{{placeholders}}``.
    """

    usage_type: str
    content: str = field(repr=False)


@frozen
class TemplateName:
    """The name of a template that the provider stores.

    Args:
        usage_type: the type of message that it is for: any string.
        name: its name, alias or number at the provider.
    """

    usage_type: str
    name: str | int


def get_config_template_by_type(type: str, config: Any) -> Any:  # noqa: A002 - upstream's name; attrs or JSON
    """Return the first template with that usage type, else the first for ``Generic``, else ``None``.

    Args:
        type: a `TemplateType` or any other string. It is compared exactly.
        config: an attrs value whose ``templates`` have a ``usage_type``, or the JSON of one.
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
    """Replace ``{{name}}`` and ``{{name.part}}`` with values of the payload. Values are not expanded again.

    A placeholder whose name is not in the payload stays unchanged. A missing part of an existing name becomes "".
    Values are printed as JavaScript prints them. Deviation R1: ``{{toString}}`` and other members of JavaScript's
    prototypes are ordinary names.

    Raises:
        ConnectorError: ``invalid_request_parameters`` if the text would be longer than `LONGEST_TEXT` (deviation R13).
    """
    parsed = _parse_cached if len(template) <= _LONGEST_CACHED else _parse
    parts, names = parsed(template)
    rendered = [*parts]
    longest = len(template)
    for path, root, is_nested, positions in names:
        if root in payload:
            value = get_value(payload, path) if is_nested else payload[root]
            text = "" if value is None else value if type(value) is str else to_string(value)
            longest += len(text) * len(positions)
            for position in positions:
                rendered[position] = text
    if longest > LONGEST_TEXT and sum(map(len, rendered)) > LONGEST_TEXT:
        raise _too_long()
    return "".join(rendered)


_Parsed: TypeAlias = tuple[tuple[str, ...], tuple[tuple[str, str, bool, tuple[int, ...]], ...]]


def _parse(template: str) -> _Parsed:
    """Return the parts of a template, and its names.

    The parts are texts and placeholders in turn. A name has its path, the part before the first dot, whether there is a
    dot, and the positions of its placeholders.
    """
    parts = []
    positions: dict[str, list[int]] = {}
    end = 0
    for match in _PLACEHOLDER.finditer(template):
        parts += [template[end : match.start()], match[0]]
        positions.setdefault(match["path"], []).append(len(parts) - 1)
        end = match.end()
    names = ((path, *path.partition(".")[:2], places) for path, places in positions.items())
    return (*parts, template[end:]), tuple((path, root, dot != "", (*it,)) for path, root, dot, it in names if root)


_parse_cached: Final = lru_cache(_TEMPLATES_CACHED)(_parse)


def _too_long() -> ConnectorError:
    return ConnectorError(
        ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
        f"The rendered text would be longer than {LONGEST_TEXT:,} characters: "
        "shorten the template, or the values in its placeholders.",
    )


def placeholder_paths(template: str) -> Iterator[str]:
    """Yield what is between the braces of each placeholder, such as ``organization.name``."""
    return (match["path"] for match in _PLACEHOLDER.finditer(template))


def get_value(object: Mapping[str, Any], path: str) -> Any:  # noqa: A002 - upstream's name; any JSON value
    """Return the value at a dotted path through objects, array indices and ``length``, or ``None``."""
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
