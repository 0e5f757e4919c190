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
from jsonschema.exceptions import ValidationError

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
            if id(item) in enclosing:
                return _non_json(location, f"expected a JSON value, found an {json_type(item)} that contains itself")
            enclosing.add(id(item))
            pending.append((location, _End(id(item))))
            for key, member in item.items() if isinstance(item, dict) else enumerate(item):
                if isinstance(item, dict) and not isinstance(key, str):
                    return _non_json(location, f"expected string keys, found a key of type Python {type(key).__name__}")
                pending.append(((*location[:SHOWN_DEPTH], key), member))
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


_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def format_path(location: Location) -> str:
    """Return a location as a JSONPath: ``$.templates[0]["key with spaces"]``."""
    parts = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if _IDENTIFIER.fullmatch(part) else f"[{json.dumps(part)}]"
        for part in location
    )
    return "$" + "".join(parts)


def explain(error: ValidationError) -> Iterator[Issue]:
    """Yield the issues behind one failed keyword: for ``required`` one a missing key, else one."""
    location: Location = tuple(error.absolute_path)
    keyword = str(error.validator)
    expected: Any = error.validator_value
    found: Any = error.instance
    if not isinstance(error.validator, str):  # the schema is `false`
        yield Issue(location, "false", f"no value is allowed here, found {_describe(found)}")
    elif _is_about_a_key(error):
        message = f"expected as a key: {_title(error.schema) or _limit(keyword, expected)}; found {found!r}"
        yield Issue((*location, found), "propertyNames", message)
    elif keyword == "required":
        for name in expected:
            if name not in found:
                message = f"expected {_expected_member(error, name)} (required), found nothing"
                yield Issue((*location, name), keyword, message)
    else:
        yield Issue(location, keyword, _message(keyword, expected, found, error.schema))


def _is_about_a_key(error: ValidationError) -> bool:
    """Return whether the schema that failed is one for names of properties."""
    steps = ["", "", *(step for step in error.schema_path if step != "$ref")]
    return steps[-2] == "propertyNames" and steps[-3] != "properties"


def _message(keyword: str, expected: Any, found: Any, schema: object) -> str:
    match keyword:
        case "type":
            return f"expected {_type_names(expected)}, found {json_type(found)}"
        case "enum":
            choices = ", ".join(map(_show, expected))
            return f"expected one of {choices}; found {_show_number(found)}{did_you_mean(found, expected)}"
        case "const":
            return f"expected {_show(expected)}, found {_show_number(found)}"
        case "contains":
            return (
                f"expected at least one item {_describe_item(expected)}, found none among {_count(len(found), 'item')}"
            )
        case "not":
            return f"not allowed: {_title(expected) or 'a value of the excluded form'}; found {_describe(found)}"
        case "anyOf" | "oneOf":
            alternatives = _title(schema) or f"a value that one of {len(expected)} schemas accepts"
            return f"expected: {alternatives}; found {_describe(found)}"
        case "pattern":
            return f"expected: {_title(schema) or _limit(keyword, expected)}; found {_describe(found)}"
        case _:
            return f"expected {_limit(keyword, expected)}, found {_show_number(found)}"


def _expected_member(error: ValidationError, name: str) -> str:
    schema = error.schema
    member = schema.get("properties", {}).get(name) if isinstance(schema, Mapping) else None
    types = member.get("type") if isinstance(member, Mapping) else None
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
        case str():
            return repr(value)
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return number_to_string(value)
        case _:
            return json.dumps(value, ensure_ascii=False)
