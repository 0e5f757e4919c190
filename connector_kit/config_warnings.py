"""Warnings: what Logto accepts in a config, but is unlikely to work.

To add a warning for every connector, write one function under ``@_config_warning``, and its test.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from connector_kit.issues import SHOWN_DEPTH, Issue, Location
from connector_kit.messages import LOGTO_VARIABLES, TemplateType
from connector_kit.schema_walk import Subschema, root_subschema
from connector_kit.suggestions import did_you_mean, misspelt
from connector_kit.templates import placeholder_paths

WarningRule = Callable[[Any], Iterable[Issue]]
"""Yields the warnings for a JSON value of any shape. Guards set the severity of each `Issue`."""

config_warnings: Final[list[WarningRule]] = []
"""The warnings for the config of any connector. To add some for yours: ``warnings=(*config_warnings, my_rule)``."""


def _config_warning(rule: WarningRule) -> WarningRule:
    """Add a rule to `config_warnings`."""
    config_warnings.append(rule)
    return rule


_PLACEHOLDER: Final = re.compile(r"<[a-z0-9]+(?:[- _][a-z0-9]+)*>", re.IGNORECASE)
_USAGE_TYPES: Final = tuple(str(member) for member in TemplateType)


def is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder such as ``<access-key-id>``."""
    return _PLACEHOLDER.fullmatch(text) is not None


@_config_warning
def placeholders(config: object) -> Iterator[Issue]:
    """Find placeholders such as ``<access-key-id>`` that were not replaced, at any depth."""
    pending: list[tuple[Location, object]] = [((), config)]
    while pending:
        location, item = pending.pop()
        if isinstance(item, str) and is_placeholder(item):
            yield Issue(location, "placeholder", "this is a <placeholder>: replace it with a real value")
        elif isinstance(item, dict):
            pending.extend(((*location[:SHOWN_DEPTH], key), member) for key, member in item.items())
        elif isinstance(item, list):
            pending.extend(((*location[:SHOWN_DEPTH], index), member) for index, member in enumerate(item))


@_config_warning
def unused_templates(config: object) -> Iterator[Issue]:
    """Find templates with a usage type that Logto never sends."""
    for index, template in _templates(config):
        usage_type = template.get("usageType")
        if isinstance(usage_type, str) and usage_type not in _USAGE_TYPES:
            message = f"Logto sends no messages of this usage type{did_you_mean(usage_type, _USAGE_TYPES)}"
            yield Issue(("templates", index, "usageType"), "usage-type", message)


@_config_warning
def templates_without_code(config: object) -> Iterator[Issue]:
    """Find templates with neither ``{{code}}`` nor ``{{link}}``, in the content or in the subject."""
    for index, template in _templates(config):
        content = template.get("content")
        paths = {path for text in _texts(template).values() for path in placeholder_paths(text)}
        if isinstance(content, str) and not paths & {"code", "link"}:
            message = "this template has neither {{code}} nor {{link}}: the user gets a message without a code"
            yield Issue(("templates", index, "content"), "no-code", message)


@_config_warning
def misspelt_placeholders(config: object) -> Iterator[Issue]:
    """Find placeholders that are nearly a variable of Logto. Others may be variables of another sender of messages."""
    for index, template in _templates(config):
        for key, text in _texts(template).items():
            for path in dict.fromkeys(placeholder_paths(text)):
                meant = _meant(path)
                if meant:
                    message = f"Logto has no variable {{{{{path}}}}} (did you mean {{{{{meant}}}}}?)"
                    yield Issue(("templates", index, key), "placeholder-name", message)


def _meant(path: str) -> str | None:
    """Return the placeholder that a misspelt one should be, or ``None`` if it is not misspelt."""
    root, *rest = path.split(".")
    meant = misspelt(root, LOGTO_VARIABLES)
    if meant:
        return ".".join((meant, *rest))
    member = misspelt(rest[0], LOGTO_VARIABLES.get(root, ())) if rest else None
    return ".".join((root, member, *rest[1:])) if member else None


def _texts(template: Mapping[str, Any]) -> dict[str, str]:
    return {key: template[key] for key in ("subject", "content") if isinstance(template.get(key), str)}


def _templates(config: object) -> Iterator[tuple[int, dict[str, Any]]]:
    templates = config.get("templates") if isinstance(config, dict) else None
    for index, template in enumerate(templates if isinstance(templates, list) else ()):
        if isinstance(template, dict):
            yield index, template


def unknown_keys(schema: Mapping[str, Any], value: object) -> Iterator[Issue]:
    """Find keys that a schema does not define: most often a typo, and without effect.

    Objects whose schema has no ``properties``, or has ``additionalProperties`` or ``patternProperties``, may hold any key.
    """
    pending: list[tuple[Location, object, list[Subschema]]] = [((), value, [root_subschema(dict(schema))])]
    while pending:
        location, item, schemas = pending.pop()
        parts = list({id(part.schema): part for it in schemas for part in it.parts()}.values())
        if isinstance(item, dict):
            known: dict[str, list[Subschema]] = {}
            for part in parts:
                for name, member in part.keywords.get("properties", {}).items():
                    known.setdefault(name, []).append(part.child(member))
            is_open = any({"additionalProperties", "patternProperties"} & part.keywords.keys() for part in parts)
            for key, member in item.items():
                if key in known:
                    pending.append(((*location, key), member, known[key]))
                elif known and not is_open:
                    message = f"unknown key: it has no effect{did_you_mean(key, known)}"
                    yield Issue((*location, key), "unknown-key", message)
        elif isinstance(item, list):
            items = [part.child(part.keywords["items"]) for part in parts if "items" in part.keywords]
            if items:
                pending.extend(((*location, index), member, items) for index, member in enumerate(item))
