"""What is wrong with a JSON value, said in words: where, what was expected, what was found, and never the value."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, Literal

from attrs import frozen
from jsonschema.exceptions import ValidationError

Path = tuple[str | int, ...]


@frozen
class Issue:
    """One thing that is wrong with a value, or will hurt.

    Args:
        path: where, as in ``$.templates[0].subject``.
        keyword: the JSON Schema keyword that failed, or the name of the advice.
        message: what was expected and what was found, never the value itself: it could be a secret.
        severity: ``"error"`` when Logto refuses it, ``"warning"`` when Logto takes it and it will hurt.
    """

    path: str
    keyword: str
    message: str
    severity: Literal["error", "warning"] = "error"


@frozen
class Remark:
    """What a piece of advice has to say: where (keys and indices from the root), its name, and its message."""

    path: Path
    keyword: str
    message: str


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


def json_fault(value: object) -> Remark | None:
    """Find the first thing in a value that JSON has no form for, at any depth; one that holds itself is one too."""
    pending: list[tuple[Path, object]] = [((), value)]
    enclosing: dict[int, None] = {}
    while pending:
        path, item = pending.pop()
        if isinstance(item, _Leave):
            del enclosing[item.identity]
        elif isinstance(item, list | dict):
            if id(item) in enclosing:
                return Remark(path, "json", f"expected a JSON value, found an {json_type(item)} that holds itself")
            enclosing[id(item)] = None
            pending.append((path, _Leave(id(item))))
            for key, member in item.items() if isinstance(item, dict) else enumerate(item):
                if isinstance(item, dict) and not isinstance(key, str):
                    return Remark(path, "json", f"expected keys that are strings, found a Python {type(key).__name__}")
                pending.append(((*path[:SHOWN_DEPTH], key), member))
        elif isinstance(item, float) and math.isnan(item):
            return Remark(path, "json", "expected a JSON value, found NaN")
        elif item is not None and not isinstance(item, str | int | float):
            return Remark(path, "json", f"expected a JSON value, found a {json_type(item)}")
    return None


@frozen
class _Leave:
    """Marks where the walk comes out of a list or an object."""

    identity: int


SHOWN_DEPTH: Final = 32
"""How much of a path is kept while walking a value that may be nested without end."""


_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def print_path(path: Path) -> str:
    """Print a path as JSONPath does: ``$.templates[0]["odd key"]``."""
    parts = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if _IDENTIFIER.fullmatch(part) else f"[{json.dumps(part)}]"
        for part in path
    )
    return "$" + "".join(parts)


def explain(error: ValidationError) -> Iterator[Remark]:
    """Say in words what one failed keyword expected and found, without ever showing the value."""
    path: Path = tuple(error.absolute_path)
    keyword = str(error.validator)
    expected: Any = error.validator_value
    found: Any = error.instance
    if not isinstance(error.validator, str):  # the schema is `false`
        yield Remark(path, "false", f"expected nothing here, found {json_type(found)}")
    elif _is_about_a_key(error):
        yield Remark((*path, found), "propertyNames", f"expected as a key: {_title(error.schema)}; found another")
    elif keyword == "required":
        for name in expected:
            if name not in found:
                yield Remark((*path, name), keyword, f"expected {_expected_member(error, name)}, found nothing")
    else:
        yield Remark(path, keyword, _in_words(keyword, expected, found, error.schema))


def _is_about_a_key(error: ValidationError) -> bool:
    """Tell whether what failed is a schema for names of properties, and not a property that has such a name."""
    steps = ["", "", *(step for step in error.schema_path if step != "$ref")]
    return steps[-2] == "propertyNames" and steps[-3] != "properties"


def _in_words(keyword: str, expected: Any, found: object, schema: object) -> str:  # noqa: ANN401 - any keyword's value
    match keyword:
        case "type":
            return f"expected {_type_names(expected)}, found {json_type(found)}"
        case "enum":
            choices = ", ".join(_quoted(choice) for choice in expected)
            return f"expected one of {choices}; found {_describe(found)}{hint(found, expected)}"
        case "contains":
            return f"expected at least one item {_describe_item(expected)}, found none"
        case "not":
            return f"expected anything but: {_title(expected)}; found just that"
        case "const":
            return f"expected {_quoted(expected)}; found {_describe(found)}"
        case "anyOf" | "oneOf" | "pattern":
            return f"expected: {_title(schema)}; found {_describe(found)}"
        case _:
            return f"expected {keyword} {_quoted(expected)}; found {_describe(found)}"


def _expected_member(error: ValidationError, name: str) -> str:
    schema = error.schema
    member = schema.get("properties", {}).get(name) if isinstance(schema, Mapping) else None
    types = member.get("type") if isinstance(member, Mapping) else None
    return f"{_type_names(types)} (required)" if types else "a value (required)"


def _type_names(types: str | list[str]) -> str:
    return types if isinstance(types, str) else " or ".join(types)


def _describe(value: object) -> str:
    return "another string" if isinstance(value, str) else json_type(value)


def hint(found: object, choices: Iterable[object]) -> str:
    """Return " (did you mean …?)" where one of the choices is near, and nothing where none is."""
    names = [choice for choice in choices if isinstance(choice, str)]
    near = get_close_matches(found, names, n=1) if isinstance(found, str) else []
    return f" (did you mean {_quoted(near[0])}?)" if near else ""


def _describe_item(schema: object) -> str:
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    constants = [f"whose {name} is {_quoted(it['const'])}" for name, it in properties.items() if "const" in it]
    return " and ".join(constants) or "of the required form"


def _title(schema: object) -> str:
    """Say what a schema is for; never print its pattern, which may run to pages."""
    says = schema.get("title") or schema.get("description") if isinstance(schema, Mapping) else None
    return str(says or "another form")


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
