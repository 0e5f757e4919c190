"""Issues: what is wrong with a JSON value, where, what was expected and what was found.

A message never shows a string from the value, only its length: any string of a config may be a secret. Numbers are
shown where a schema limits numbers.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from attrs import frozen
from jsonschema.exceptions import SchemaError, ValidationError

from connector_kit._javascript import number_to_string
from connector_kit.suggestions import did_you_mean

Location = tuple[str | int, ...]
"""Keys and indices from the root of a value to a place in it."""

Severity = Literal["error", "warning"]


@frozen
class Issue:
    """One thing that is wrong with a value.

    Args:
        location: keys and indices from the root, as in ``("templates", 0, "subject")``.
        keyword: the JSON Schema keyword that failed, or the name of the warning.
        message: what was expected and what was found. Show no string of the value: it may be a secret.
        severity: ``"error"`` if Logto rejects the value; ``"warning"`` if Logto accepts it, but it is unlikely to work.
    """

    location: Location
    keyword: str
    message: str
    severity: Severity = "error"

    @property
    def path(self) -> str:
        """The location as a JSONPath: ``$.templates[0].subject``."""
        return format_path(self.location)

    def to_json(self) -> dict[str, str]:
        """Return ``{"path", "keyword", "message", "severity"}``."""
        return {"path": self.path, "keyword": self.keyword, "message": self.message, "severity": self.severity}


def json_type(value: object) -> str:
    """Name the JSON type of a value as JSON Schema does: null, boolean, number, string, array or object."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return f"Python {type(value).__name__}"


_PLAIN_TYPES: Final = frozenset((str, int, bool, type(None)))


def find_non_json(value: object) -> Issue | None:
    """Return an issue for the first part of a value that JSON cannot represent, at any depth.

    That is NaN, a Python value of any other type, a key that is not a string, or a list or object that contains itself.
    """
    pending: list[tuple[Location, object]] = [((), value)]
    enclosing: set[int] = set()
    while pending:
        location, item = pending.pop()
        if isinstance(item, _End):
            enclosing.remove(item.identity)
        elif isinstance(item, list | dict):
            keys, members = (item.keys(), item.values()) if isinstance(item, dict) else (range(len(item)), item)
            for key in keys if isinstance(item, dict) else ():
                if not isinstance(key, str):
                    return _non_json(location, f"expected string keys, found a key of type Python {type(key).__name__}")
            if _PLAIN_TYPES.issuperset(map(type, members)):  # most members have one, and a large config has many
                continue
            if id(item) in enclosing:
                return _non_json(location, f"expected a JSON value, found an {json_type(item)} that contains itself")
            enclosing.add(id(item))
            pending.append((location, _End(id(item))))
            inner = location[:SHOWN_DEPTH]
            pending += [
                ((*inner, key), it) for key, it in zip(keys, members, strict=True) if type(it) not in _PLAIN_TYPES
            ]
        elif isinstance(item, float) and math.isnan(item):
            return _non_json(location, "expected a JSON value, found NaN")
        elif item is not None and not isinstance(item, str | int | float):
            return _non_json(location, f"expected a JSON value, found a {json_type(item)}")
    return None


def _non_json(location: Location, message: str) -> Issue:
    return Issue(location, "json", message)


@frozen
class _End:
    """Marks the end of a list or an object in the walk of `find_non_json`."""

    identity: int


SHOWN_DEPTH: Final = 32
"""How many parts of a location are kept while walking a value of any depth."""


TOO_DEEP: Final = Issue((), "depth", "nested too deeply to validate")
"""For a value that exhausts Python's stack."""

_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def format_path(location: Location) -> str:
    """Return a location as a JSONPath: ``$.templates[0]["key with spaces"]``."""
    parts = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if _IDENTIFIER.fullmatch(part) else f"[{json.dumps(part)}]"
        for part in location
    )
    return "$" + "".join(parts)


def explain(error: ValidationError | SchemaError) -> Iterator[Issue]:
    """Yield the issues behind one failed keyword: one for each missing or unknown key, else one."""
    location: Location = tuple(error.absolute_path)
    keyword = str(error.validator)
    expected: Any = error.validator_value
    found: Any = error.instance
    if not isinstance(error.validator, str):  # the schema is `false`
        yield Issue(location, "false", f"no value is allowed here: remove it; found {_describe(found)}")
    elif _is_about_a_key(error):
        message = f"expected as a key: {_title(error.schema) or _limit(keyword, expected)}; found {json.dumps(found)}"
        yield Issue((*location, found), "propertyNames", message)
    elif keyword == "required":
        for name in expected:
            if name not in found:
                message = f"expected {_expected_member(error.schema, name)} (required), found nothing"
                yield Issue((*location, name), keyword, message)
    elif keyword == "dependentRequired":
        for name, cause in _missing_dependents(expected, found).items():
            message = f"expected {_expected_member(error.schema, name)} (required with {cause}), found nothing"
            yield Issue((*location, name), keyword, message)
    elif keyword in {"additionalProperties", "unevaluatedProperties"}:
        known = _property_names(error.schema)
        for name in _unexpected_keys(error):
            message = f"unknown key: the schema allows no other keys{did_you_mean(name, known)}; remove it"
            yield Issue((*location, name), keyword, message)
    else:
        yield Issue(location, keyword, _message(error))


def _is_about_a_key(error: ValidationError | SchemaError) -> bool:
    """Return whether the schema that failed is one for names of properties."""
    steps = ["", "", *(step for step in error.schema_path if step != "$ref")]
    return steps[-2] == "propertyNames" and steps[-3] != "properties"


def _missing_dependents(expected: Mapping[str, list[str]], found: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys that are missing, each with the key that requires it."""
    pairs = ((name, cause) for cause, names in expected.items() if cause in found for name in names)
    return {name: cause for name, cause in pairs if name not in found}


def _unexpected_keys(error: ValidationError | SchemaError) -> list[str]:
    """Return the keys that made ``additionalProperties`` or ``unevaluatedProperties`` fail.

    Which keys are evaluated depends on other schemas, so that only the validator knows: it lists them in its message.
    """
    found: Any = error.instance
    if error.validator == "additionalProperties":
        patterns = _keyword(error.schema, "patternProperties") or ()
        others = (key for key in found if key not in (_keyword(error.schema, "properties") or ()))
        return [key for key in others if not any(re.search(pattern, key) for pattern in patterns)]
    listed = error.message[error.message.rfind("(") :]
    return [key for key in found if repr(key) in listed]


def _property_names(schema: object) -> list[str]:
    """Return the names in ``properties`` of a schema and of the schemas in it for the same value."""
    if not isinstance(schema, Mapping):
        return []
    branches = (it for keyword in ("allOf", "anyOf", "oneOf") for it in schema.get(keyword, ()))
    return [*schema.get("properties", {}), *(name for branch in branches for name in _property_names(branch))]


_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "minLength": ("at least", "character"),
    "maxLength": ("at most", "character"),
    "minItems": ("at least", "item"),
    "maxItems": ("at most", "item"),
    "minProperties": ("at least", "key"),
    "maxProperties": ("at most", "key"),
}
_BOUNDS: Final[Mapping[str, str]] = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}


def _message(error: ValidationError | SchemaError) -> str:  # noqa: C901, PLR0912 - one case for each keyword
    expected: Any = error.validator_value
    found: Any = error.instance
    match error.validator:
        case "type":
            return f"expected {_type_names(expected)}, found {json_type(found)}"
        case "enum":
            choices = ", ".join(map(_show, expected))
            return f"expected one of {choices}; found {_show_number(found)}{did_you_mean(found, expected)}"
        case "const":
            return f"expected {_show(expected)}, found {_show_number(found)}"
        case "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" as keyword:
            bound, noun = _COUNTED[keyword]
            return f"expected {bound} {_count(expected, noun)}, found {_describe(found)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" as keyword:
            return f"expected {_BOUNDS[keyword]} {_show(expected)}, found {_show_number(found)}"
        case "uniqueItems":
            return f"expected different items: remove the repeated ones; found {_describe(found)}"
        case "items" | "unevaluatedItems":
            return f"expected no more items than the schema describes: remove the others; found {_describe(found)}"
        case "contains":
            form = _describe_item(expected)
            return f"expected at least one item {form}, found none among {_count(len(found), 'item')}"
        case "minContains" | "maxContains" as keyword:
            bound = "at least" if keyword == "minContains" else "at most"
            form = _describe_item(_keyword(error.schema, "contains"))
            return f"expected {bound} {_count(expected, 'item')} {form}, found {_describe(found)}"
        case "not":
            return f"not allowed: {_describe_excluded(expected, found)}; found {_describe(found)}"
        case "anyOf" | "oneOf" if not error.context:
            return (
                f"expected exactly one of {len(expected)} forms, found one that has several of them{_rivals(expected)}"
            )
        case "anyOf" | "oneOf" if _required_alone(expected):
            return f"expected {' or '.join(' with '.join(names) for names in _required_alone(expected))}, found none of them"
        case "anyOf" | "oneOf":
            return f"expected: {_title(error.schema) or _alternatives(error)}; found {_describe(found)}"
        case "format":  # of a schema: guards do not check the formats of values
            name = "regular expression" if expected == "regex" else str(expected)
            return f"expected a valid {name}, found {_describe(found)}"
        case "pattern":
            names_a_setting = _keyword(error.schema, "type") is not None  # its title does not describe the form
            form = "" if names_a_setting else _title(error.schema)
            form = form or _limit("pattern", expected)
            return f"expected: {form}; found {_describe(found)}"
        case _:
            return f"expected {_limit(str(error.validator), expected)}, found {_show_number(found)}"


def _describe_excluded(schema: object, found: object) -> str:
    """Say what a ``not`` excludes, and how to leave it."""
    names = _keyword(schema, "required")
    if _title(schema):
        return _title(schema)
    if names:
        return f"{' with '.join(map(str, names))}: remove {'it' if len(names) == 1 else 'one of them'}"
    if isinstance(schema, Mapping) and "const" in schema:
        return _show(schema["const"])
    if _keyword(schema, "enum"):
        return f"one of {', '.join(map(_show, _keyword(schema, 'enum')))}"
    if _keyword(schema, "pattern"):
        return _limit("a text of the pattern", _keyword(schema, "pattern"))
    types = _keyword(schema, "type")
    return f"the type {_type_names(types)}" if types else f"{json_type(found)} of this form"


def _alternatives(error: ValidationError | SchemaError) -> str:
    """Say for each alternative what it requires and the value lacks."""
    schemas: Any = error.validator_value
    branches: dict[int, list[Issue]] = {}
    for cause in error.context or ():
        if cause.schema_path:  # it is empty for the alternative `false`, which accepts nothing
            branches.setdefault(int(cause.schema_path[0]), []).extend(explain(cause))
    location = tuple(error.absolute_path)
    if all(issue.keyword == "type" and issue.location == location for issues in branches.values() for issue in issues):
        types = [name for index in branches for name in _listed(schemas[index]["type"])]
        return " or ".join(dict.fromkeys(types)) or "no value"
    forms = [_title(schemas[index]) or _requirement(issues[0]) for index, issues in branches.items()]
    return f"one of {_count(len(forms), 'form')} ({'; or '.join(dict.fromkeys(forms))})"


def _requirement(issue: Issue) -> str:
    return f"at {issue.path}: " + issue.message.partition(", found")[0].partition("; found")[0]


def _required_alone(schemas: list[Any]) -> list[list[str]]:
    """Return the keys that each alternative requires, if no alternative says anything else."""
    names = [_keyword(schema, "required") for schema in schemas]
    return names if all(names) and all({*schema} == {"required"} for schema in schemas) else []


def _rivals(schemas: list[Any]) -> str:
    """Name the keys that tell the alternatives of a ``oneOf`` apart, if it is that."""
    names = list(dict.fromkeys(name for schema in schemas for name in _keyword(schema, "required") or ()))
    return f": keep only one of {', '.join(names)}" if names else ""


def _listed(types: Any) -> list[str]:
    return types if isinstance(types, list) else [types]


def _keyword(schema: object, keyword: str) -> Any:
    return schema.get(keyword) if isinstance(schema, Mapping) else None


def _expected_member(schema: object, name: str) -> str:
    member = (_keyword(schema, "properties") or {}).get(name)
    types = _keyword(member, "type")
    return _type_names(types) if types else "a value"


def _type_names(types: str | list[str]) -> str:
    return types if isinstance(types, str) else " or ".join(types)


def _describe(value: object) -> str:
    """Return the type of a value and its size, without the value."""
    match value:
        case str():
            return f"a string of {_count(len(value), 'character')}"
        case list():
            return f"an array of {_count(len(value), 'item')}"
        case dict():
            return f"an object of {_count(len(value), 'key')}"
        case _:
            return json_type(value)


def _show_number(value: object) -> str:
    """Describe a value, and show it if it is a number or boolean."""
    return _show(value) if isinstance(value, int | float) else _describe(value)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _describe_item(schema: object) -> str:
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    constants = [f"whose {name} is {_show(it['const'])}" for name, it in properties.items() if "const" in it]
    return " and ".join(constants) or "of the required form"


def _title(schema: object) -> str:
    title = schema.get("title") or schema.get("description") if isinstance(schema, Mapping) else None
    return str(title or "")


_LONGEST_LIMIT: Final = 60


def _limit(keyword: str, expected: object) -> str:
    """Return a keyword with its value, or the keyword alone if the value is long: a pattern may fill pages."""
    shown = f"{keyword} {_show(expected)}"
    return shown if len(shown) <= _LONGEST_LIMIT else f"a value that the schema's {keyword} accepts"


def _show(value: object) -> str:
    """Return a value of a schema, or a number, as text."""
    match value:
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return number_to_string(value)
        case _:
            return json.dumps(value, ensure_ascii=False)
