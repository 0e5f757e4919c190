"""What will hurt though Logto takes it: advice on configs, given as warnings beside a guard's errors."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from connector_kit.issues import SHOWN_DEPTH, Path, Remark, hint
from connector_kit.messages import TemplateType

Advice = Callable[[Any], Iterable[Remark]]
"""Looks at a JSON value that may be of any shape, and yields what will hurt though Logto takes it."""


def unknown_keys(schema: Mapping[str, Any], value: object) -> Iterator[Remark]:
    """Find keys that a schema neither names nor invites: most often a typo, and silently without effect."""
    pending: list[tuple[list[Mapping[str, Any]], object, Path]] = [([schema], value, ())]
    while pending:
        schemas, item, path = pending.pop()
        parts = [part for it in schemas for part in _parts(schema, it)]
        if isinstance(item, dict):
            known: dict[str, list[Mapping[str, Any]]] = {}
            for part in parts:
                for name, member in part.get("properties", {}).items():
                    known.setdefault(name, []).append(member)
            closed = known and not any({"additionalProperties", "patternProperties"} & part.keys() for part in parts)
            for key, member in item.items():
                if key in known:
                    pending.append((known[key], member, (*path, key)))
                elif closed:
                    yield Remark((*path, key), "unknown-key", f"no such key: it has no effect{hint(key, known)}")
        elif isinstance(item, list):
            items = [part["items"] for part in parts if isinstance(part.get("items"), Mapping)]
            if items:
                pending.extend((items, member, (*path, index)) for index, member in enumerate(item))


def _parts(root: Mapping[str, Any], schema: object) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all that apply beside it in the same place: references, allOf, and either way of an if."""
    pending, seen = [schema], set[int]()
    while pending:
        part = pending.pop()
        if not isinstance(part, Mapping) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        pending += [*part.get("allOf", ()), *part.get("anyOf", ()), *part.get("oneOf", ())]
        pending += [part.get("then"), part.get("else")]
        reference = part.get("$ref", "")
        if reference.startswith("#"):
            target: Any = root
            for name in filter(None, reference[1:].split("/")):
                target = target[name.replace("~1", "/").replace("~0", "~")]
            pending.append(target)


_PLACEHOLDER: Final = re.compile(r"<[a-z0-9]+(?:[- _][a-z0-9]+)*>", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\{\{\s*(?:code|link)\s*\}\}")


def placeholder_advice(value: object) -> Iterator[Remark]:
    """Find text such as ``<access-key-id>`` that a form showed and nobody replaced."""
    pending: list[tuple[Path, object]] = [((), value)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, str) and _PLACEHOLDER.fullmatch(item):
            yield Remark(path, "placeholder", "a <placeholder> stands where a real value should")
        elif isinstance(item, dict):
            pending.extend(((*path[:SHOWN_DEPTH], key), member) for key, member in item.items())
        elif isinstance(item, list):
            pending.extend(((*path[:SHOWN_DEPTH], index), member) for index, member in enumerate(item))


def template_advice(value: object) -> Iterator[Remark]:
    """Find templates for a usage type that no message asks for, and ones that carry neither code nor link."""
    templates = value.get("templates") if isinstance(value, dict) else None
    for index, template in enumerate(templates if isinstance(templates, list) else ()):
        if not isinstance(template, dict):
            continue
        usage_type, content = template.get("usageType"), template.get("content")
        if isinstance(usage_type, str) and usage_type not in _ASKED_FOR:
            yield Remark(
                ("templates", index, "usageType"),
                "usage-type",
                f"no message asks for this usage type, so this template is never sent{hint(usage_type, _ASKED_FOR)}",
            )
        if isinstance(content, str) and not _VARIABLE.search(content):
            yield Remark(
                ("templates", index, "content"),
                "no-code",
                "neither {{code}} nor {{link}} stands in this content: the message would carry nothing to use",
            )


_ASKED_FOR: Final = tuple(str(member) for member in TemplateType)

config_advice: Final[tuple[Advice, ...]] = (placeholder_advice, template_advice)
"""The advice for any connector's config; give ``advice=(*config_advice, yours)`` to add to it."""
