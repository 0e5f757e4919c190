"""Warnings: what Logto accepts in a config, but is unlikely to work.

To add a warning for every connector, write one function under ``@_config_warning``, and its test.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from connector_kit.issues import SHOWN_DEPTH, Issue, Location
from connector_kit.messages import LOGTO_VARIABLES, TemplateType, main_variable, may_have_variable
from connector_kit.schema_walk import Subschema, root_subschema
from connector_kit.suggestions import did_you_mean, misspelt
from connector_kit.templates import get_config_template_by_type, placeholder_paths

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
_LONGEST_PATH: Final = 64
_INVITATION: Final = TemplateType.ORGANIZATION_INVITATION


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
    """Find placeholders that are nearly a variable of Logto, in any template."""
    for index, template in _templates(config):
        for key, text in _texts(template).items():
            for path in dict.fromkeys(placeholder_paths(text)):
                meant = _meant(path)
                if meant:
                    message = f"Logto has no variable {_placeholder(path)} (did you mean {_placeholder(meant)}?)"
                    yield Issue(("templates", index, key), "placeholder-name", message)


@_config_warning
def unfilled_placeholders(config: object) -> Iterator[Issue]:
    """Find placeholders that stay in a message, because Logto's messages of its type never have the variable."""
    for index, template, usage_types in _templates_in_use(config):
        for key, text in _texts(template).items():
            for path in dict.fromkeys(placeholder_paths(text)):
                root = path.partition(".")[0]
                unfilled = [it for it in usage_types if not may_have_variable(it, root)]
                if unfilled and not _meant(path):
                    message = f"{_placeholder(path)} stays in {_unfilled(root, unfilled, template)}"
                    yield Issue(("templates", index, key), "unfilled", message)


def _unfilled(name: str, usage_types: list[TemplateType], template: Mapping[str, Any]) -> str:
    """Say in which messages a variable is not filled, and what to do."""
    messages = f"messages of type {', '.join(usage_types)}"
    if name not in LOGTO_VARIABLES:
        return f"{messages}: Logto has no variable of this name; remove it"
    variable = _placeholder(main_variable(usage_types[0]))
    if template["usageType"] in usage_types:
        return f"{messages}, which have {variable} instead: use {variable}"
    return (
        f"{messages}, which use this template and have {variable} instead: "
        f"add a template for {usage_types[0]} that uses {variable}"
    )


def _placeholder(path: str) -> str:
    return f"{{{{{path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + '…'}}}}}"


def _templates_in_use(config: object) -> Iterator[tuple[int, dict[str, Any], list[TemplateType]]]:
    """Yield each template that messages use, with its index and their types."""
    templates = dict(_templates(config))
    used: dict[int, list[TemplateType]] = {}
    for usage_type in TemplateType:
        chosen = get_config_template_by_type(usage_type, {"templates": [*templates.values()]})
        index = next((index for index, template in templates.items() if template is chosen), None)
        if index is not None and (usage_type is not _INVITATION or not _is_text_message(templates[index])):
            used.setdefault(index, []).append(usage_type)
    return ((index, templates[index], usage_types) for index, usage_types in used.items())


def _is_text_message(template: Mapping[str, Any]) -> bool:
    """Return whether a template is one of a text message: Logto sends invitations by e-mail only."""
    return "content" in template and "subject" not in template


def generic_fallback(config: object) -> tuple[int, list[TemplateType]] | None:
    """Return the index of the Generic template, and the types that use it because they have no template of their own.

    Returns ``None`` if the config has no such template, or no type uses it.
    """
    for index, template, usage_types in _templates_in_use(config):
        others = [it for it in usage_types if it != template["usageType"]]
        if others:
            return index, others
    return None


def _meant(path: str) -> str | None:
    """Return the placeholder that a misspelt one should be, or ``None`` if it is not misspelt."""
    inner = path.strip(".")
    if inner != path:
        return _meant(inner) or (inner if inner.partition(".")[0] in LOGTO_VARIABLES else None)
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
