"""Warnings: what Logto accepts in a config, but is unlikely to work.

To add a warning for every connector, write one function under ``@_config_warning``, and its test.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from connector_kit.issues import SHOWN_DEPTH, Issue, Location
from connector_kit.messages import LOGTO_VARIABLES, TemplateType, main_variable, may_have_variable
from connector_kit.schema_walk import Subschema, root_subschema
from connector_kit.suggestions import did_you_mean, misspelt
from connector_kit.template_checks import check_template, example_code
from connector_kit.templates import get_config_template_by_type, placeholder_paths

WarningRule = Callable[[Any], Iterable[Issue]]
"""Yields the warnings for a JSON value of any shape. Guards set the severity of each `Issue`."""

config_warnings: Final[list[WarningRule]] = []
"""The warnings for the config of any connector. To add some for yours: ``warnings=(*config_warnings, my_rule)``."""


def _config_warning(rule: WarningRule) -> WarningRule:
    """Add a rule to `config_warnings`."""
    config_warnings.append(rule)
    return rule


_USAGE_TYPES: Final = tuple(str(member) for member in TemplateType)
_LONGEST_PATH: Final = 64
_INVITATION: Final = TemplateType.ORGANIZATION_INVITATION
_TEMPLATES: Final = "templates"

# --- values that nobody has replaced ----------------------------------------------------------------------------------

_REPLACE: Final = "replace it with a real value"
_PLACEHOLDERS: Final[Mapping[str, re.Pattern[str]]] = {
    f"this is a <placeholder>: {_REPLACE}": re.compile(r"<[a-z0-9]+(?:[- _][a-z0-9]+)*>", re.IGNORECASE),
    f"this is a placeholder: {_REPLACE}": re.compile(
        r"(?:(?:enter|insert|paste|put)[-_])?your(?:[-_][a-z0-9]+)+"
        r"|(?:change|replace)[-_]?(?:me|this)|to[-_]?do|tbd|placeholder"
        r"|(?:[a-z]{2,4}[-_]|sg\.|ac|mg|sk|akia)?(?:x{3,}|[*•]{3,}|\.{3}|…)",
        re.IGNORECASE,
    ),
    f"this is an example of the AWS documentation: {_REPLACE}": re.compile(r"[A-Za-z0-9/+]{12,}EXAMPLE(?:KEY)?"),
}
"""The forms of values that stand for another one. Asterisks and bullets are a value that was copied while it was masked."""

_VARIABLE: Final = re.compile(r"\$\{[^{}]+\}|\$?\{\{[^{}]+\}\}|%[A-Z][A-Z0-9_]+%|<%[^<>]+%>")
"""A value that a deployment should have filled in. In a template, it is a variable of a message."""

_EXAMPLE_DOMAIN: Final = re.compile(
    r"(?:^|[@./ <])(?P<domain>example\.(?:com|net|org)"
    r"|your[-_.]?(?:[a-z0-9]+[-_])?(?:company|domain|site|website)(?:\.[a-z]{2,}){0,2})(?![\w.-])",
    re.IGNORECASE,
)
"""Domains of RFC 2606 that documentation uses, and names for a domain in instructions. ``.example`` and ``.test`` are for tests."""


def is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder such as ``<access-key-id>`` or ``YOUR_API_KEY``, or an example of AWS."""
    return any(form.fullmatch(text) for form in _PLACEHOLDERS.values()) or _VARIABLE.fullmatch(text) is not None


def _placeholder_message(text: str, *, is_setting: bool) -> str | None:
    """Return what a text is instead of a real value, or ``None``."""
    for message, form in _PLACEHOLDERS.items():
        if form.fullmatch(text):
            return message
    if is_setting and _VARIABLE.fullmatch(text):
        return "this is a variable that nothing has replaced: write its value"
    domain = _EXAMPLE_DOMAIN.search(text) if is_setting else None
    return None if domain is None else f"{domain['domain']} is an example: replace it with your own domain"


@_config_warning
def placeholders(config: object) -> Iterator[Issue]:
    """Find placeholders and examples that were not replaced, at any depth. Templates may have variables and any domain."""
    pending: list[tuple[Location, object]] = [((), config)]
    while pending:
        location, item = pending.pop()
        if isinstance(item, str):
            message = _placeholder_message(item, is_setting=location[:1] not in {(_TEMPLATES,), ("$schema",)})
            if message:
                yield Issue(location, "placeholder", message)
        elif isinstance(item, dict):
            pending.extend(((*location[:SHOWN_DEPTH], key), member) for key, member in item.items())
        elif isinstance(item, list):
            pending.extend(((*location[:SHOWN_DEPTH], index), member) for index, member in enumerate(item))


_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u2060\ufeff]")


def stray_characters(text: str) -> str | None:
    """Return what copying has added to a text, and what to do: white space at an end, or an invisible character."""
    if text.isspace():
        return "it is only white space: write a value"
    for name, end in (("start", text[:1]), ("end", text[-1:])):
        if end.isspace() or _INVISIBLE.match(end):
            return f"there is {'white space' if end.isspace() else 'an invisible character'} at the {name}: remove it"
    return "there is a line break or an invisible character inside: remove it" if _INVISIBLE.search(text) else None


# --- templates --------------------------------------------------------------------------------------------------------


@_config_warning
def unused_templates(config: object) -> Iterator[Issue]:
    """Find templates with a usage type that Logto never sends."""
    for index, template in _templates(config):
        usage_type = template.get("usageType")
        if isinstance(usage_type, str) and usage_type not in _USAGE_TYPES:
            message = f"Logto sends no messages of this usage type{did_you_mean(usage_type, _USAGE_TYPES)}"
            yield Issue((_TEMPLATES, index, "usageType"), "usage-type", message)


@_config_warning
def repeated_usage_types(config: object) -> Iterator[Issue]:
    """Find templates that no message uses, because another one before them has the same usage type."""
    first: dict[str, int] = {}
    for index, template in _templates(config):
        usage_type = template.get("usageType")
        if isinstance(usage_type, str) and usage_type in _USAGE_TYPES and first.setdefault(usage_type, index) != index:
            message = (
                f"no message uses this template: $.templates[{first[usage_type]}] has the same usage type; remove one"
            )
            yield Issue((_TEMPLATES, index, "usageType"), "repeated-usage-type", message)


@_config_warning
def templates_without_code(config: object) -> Iterator[Issue]:
    """Find templates with neither ``{{code}}`` nor ``{{link}}``, in the content or in the subject.

    One that has them misspelt or in another syntax, or has an example of a code instead, has a warning already.
    """
    for index, template in _templates(config):
        content = template.get("content")
        texts = _texts(template).values()
        found = {_meant(path) or path for text in texts for path in placeholder_paths(text)}
        found |= {path for text in texts for _, path in _other_syntax(text)}
        if isinstance(content, str) and not found & {"code", "link"} and not any(map(example_code, texts)):
            message = "this template has neither {{code}} nor {{link}}: the user gets a message without a code"
            yield Issue((_TEMPLATES, index, "content"), "no-code", message)


@_config_warning
def misspelt_placeholders(config: object) -> Iterator[Issue]:
    """Find placeholders that are nearly a variable of Logto, in any template."""
    for index, template in _templates(config):
        for key, text in _texts(template).items():
            for path in dict.fromkeys(placeholder_paths(text)):
                meant = _meant(path)
                if meant:
                    message = f"Logto has no variable {_placeholder(path)} (did you mean {_placeholder(meant)}?)"
                    yield Issue((_TEMPLATES, index, key), "placeholder-name", message)


@_config_warning
def foreign_placeholders(config: object) -> Iterator[Issue]:
    """Find variables of Logto in the syntax of another template language, such as ``${code}``."""
    for index, template in _templates(config):
        for key, text in _texts(template).items():
            for written, path in dict.fromkeys(_other_syntax(text)):
                effect = "leaves braces around the value" if written.startswith("{{{") else "stays in the message"
                message = f"{written} {effect}: write {_placeholder(path)}"
                yield Issue((_TEMPLATES, index, key), "placeholder-syntax", message)


_PATH: Final = rf" ?(?P<path>(?:{'|'.join(LOGTO_VARIABLES)})(?:\.[A-Za-z]{{1,32}}){{0,3}}) ?"
_SYNTAXES: Final = tuple(
    re.compile(form.replace("PATH", _PATH), re.IGNORECASE)
    for form in (
        r"\{\{\{PATH\}\}\}",
        r"(?<![{$#%])\{PATH\}(?!\})",  # also Python
        r"[$#]\{PATH\}",  # JavaScript and shells, Ruby
        r"(?<!\{)\{\{PATH\}(?!\})",
        r"(?<!\{)\{PATH\}\}(?!\})",
        r"(?<!\{)\{\{ ?[$#/^&>=]?(?:if |unless |with |each )?PATH(?:[|?!:(][^{}]{0,64})?\}\}(?!\})",  # Handlebars, Liquid
        r"\[\[PATH\]\]",
        r"<%[=-]?PATH%>",  # EJS, ERB
        r"\{%PATH%\}",
        r"\*\|PATH\|\*",  # Mailchimp
        r"(?<![<{])%{1,2}PATH%{1,2}",  # Windows, SendGrid
        r"%7B%7BPATH%7D%7D",  # an editor has escaped it in a URL
    )
)
"""One variable of Logto each, as other template languages write it."""

_VARIABLES_BY_LOWER_CASE: Final = {name.lower(): name for name in LOGTO_VARIABLES}
_DELIMITER: Final = re.compile(r"[{}%]|\[\[|\*\|")
_VARIABLE_OF_LOGTO: Final = re.compile(r"\{\{ ?[A-Za-z.]++ ?\}\}")
_CODE_TAG: Final = re.compile(r"</?(?:style|script)\b", re.IGNORECASE)


def _other_syntax(text: str) -> Iterator[tuple[str, str]]:
    """Yield each variable in the syntax of another language: as it is written, and its path.

    Braces between ``<style>`` and ``</style>`` are CSS, and those of a script are JavaScript.
    """
    plain = "".join(_CODE_TAG.split(text)[::2])
    if not _DELIMITER.search(_VARIABLE_OF_LOGTO.sub("", plain)):
        return  # most texts: the twelve expressions take half of the time of all warnings
    for match in (match for syntax in _SYNTAXES for match in syntax.finditer(plain)):
        written, (root, dot, rest) = match[0].strip(), match["path"].partition(".")
        if written.startswith("{{{") or tuple(placeholder_paths(written)) != (match["path"],):
            yield written, f"{_VARIABLES_BY_LOWER_CASE[root.lower()]}{dot}{rest}"


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
                    yield Issue((_TEMPLATES, index, key), "unfilled", message)


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


@_config_warning
def template_checks(config: object) -> Iterator[Issue]:
    """Find what the checks of `connector_kit.template_checks` find in the templates that messages use."""
    for index, template, usage_types in _templates_in_use(config):
        for name, key, message in check_template(template, usage_types):
            yield Issue((_TEMPLATES, index, key), name, message)


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


_SYNONYMS: Final = dict.fromkeys(("onetimecode", "onetimepassword", "otp", "passcode", "verificationcode"), "code")


def _meant(path: str) -> str | None:
    """Return the placeholder that a misspelt one should be, or ``None`` if it is not misspelt."""
    inner = path.strip(".")
    if inner != path:
        return _meant(inner) or (inner if inner.partition(".")[0] in LOGTO_VARIABLES else None)
    root, *rest = path.split(".")
    meant = misspelt(root, LOGTO_VARIABLES) or _SYNONYMS.get(root.lower().replace("_", ""))
    if meant:
        return ".".join((meant, *rest))
    member = misspelt(rest[0], LOGTO_VARIABLES.get(root, ())) if rest else None
    return ".".join((root, member, *rest[1:])) if member else None


def _texts(template: Mapping[str, Any]) -> dict[str, str]:
    return {key: template[key] for key in ("subject", "content") if isinstance(template.get(key), str)}


def _templates(config: object) -> Iterator[tuple[int, dict[str, Any]]]:
    templates = config.get(_TEMPLATES) if isinstance(config, dict) else None
    for index, template in enumerate(templates if isinstance(templates, list) else ()):
        if isinstance(template, dict):
            yield index, template


def without_ignored(issues: Iterable[Issue], ignored: Collection[str]) -> list[Issue]:
    """Return the issues without the warnings whose keyword an operator has turned off. Errors stay."""
    return [it for it in issues if it.severity == "error" or it.keyword not in ignored]


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
