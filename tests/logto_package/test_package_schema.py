"""The compiled schema and the JavaScript validator reach the same verdicts as Python."""

import json
import re
from functools import cache
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from connector_kit import bundle, load_json
from connector_kit.logto_package.config_schema import UnsupportedSchemaError, compile_schema
from tests.interop.cases.guards import guard_cases
from tests.interop.cases.schemas import SCHEMAS, SchemaCases
from tests.interop.cases.values import anything, to_text
from tests.interop.dice import Dice
from tests.logto_package.javascript import find_issues, parse_undefined, read_endpoints


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_schemas_of_the_kit_have_the_same_verdicts_in_javascript(schema: SchemaCases) -> None:
    """Over 2,000 values for each schema: valid values, mutations of them and arbitrary JSON."""
    contents = bundle(schema.schema)
    texts = [case["value"] for case in guard_cases(schema.cases)]
    validator = Draft202012Validator(contents)
    expected = [validator.is_valid(load_json(text)) for text in texts]
    (found,) = find_issues([(compile_schema(contents), texts)])
    assert [texts[index] for index, verdict in enumerate(expected) if (found[index] == []) is not verdict] == []


# --- random schemas ---

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_NAMES: Final = ("a", "b", "c", "toString", "__proto__")
_SCALARS: Final = (None, True, False, 0, -0.0, 1, 1.0, 2, 3.5, -1, 0.3, 1e300, "", "a", "ab", "é", "😀", "a\n")
_PATTERNS: Final = ("a", "^a$", r"^\w+$", ".", "b|c", r"\d", "^$")
_DIVISORS: Final = (1, 2, 3, 0.1, 0.5, 1.5, 1e-300)


def _value(dice: Dice, depth: int = 3) -> Any:
    kind = dice.below(5 if depth else 3)
    if kind < 3:
        return dice.pick(_SCALARS)
    if kind == 3:
        return [_value(dice, depth - 1) for _ in range(dice.below(4))]
    return {name: _value(dice, depth - 1) for name in dice.some(_NAMES, 0, 4)}


def _type(dice: Dice, _: int) -> Any:
    return dice.pick(_TYPES) if dice.chance(0.7) else sorted(set(dice.some(_TYPES, 1, 3)))


def _part(dice: Dice, depth: int) -> Any:
    return _schema(dice, depth - 1)


def _parts(dice: Dice, depth: int) -> Any:
    return [_schema(dice, depth - 1) for _ in range(dice.between(1, 3))]


def _named_parts(dice: Dice, depth: int) -> Any:
    return {name: _schema(dice, depth - 1) for name in dice.some(_NAMES, 1, 3)}


def _count(dice: Dice, _: int) -> int:
    return dice.below(4)


def _number(dice: Dice, _: int) -> float:
    return dice.pick((0, 1, 1.0, 2, 3.5, -1, 1e300))


_KEYWORDS: Final[dict[str, Any]] = {
    "type": _type,
    "const": lambda dice, _: _value(dice, 2),
    "enum": lambda dice, _: [_value(dice, 1) for _ in range(dice.between(1, 4))],
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "multipleOf": lambda dice, _: dice.pick(_DIVISORS),
    "minLength": _count,
    "maxLength": _count,
    "pattern": lambda dice, _: dice.pick(_PATTERNS),
    "minItems": _count,
    "maxItems": _count,
    "uniqueItems": lambda dice, _: dice.chance(0.8),
    "prefixItems": _parts,
    "items": _part,
    "contains": _part,
    "minContains": _count,
    "maxContains": _count,
    "unevaluatedItems": _part,
    "minProperties": _count,
    "maxProperties": _count,
    "required": lambda dice, _: sorted(set(dice.some(_NAMES, 0, 2))),
    "dependentRequired": lambda dice, _: {dice.pick(_NAMES): sorted(set(dice.some(_NAMES, 1, 2)))},
    "dependentSchemas": _named_parts,
    "properties": _named_parts,
    "patternProperties": lambda dice, depth: {
        pattern: _schema(dice, depth - 1) for pattern in dice.some(_PATTERNS, 1, 2)
    },
    "additionalProperties": _part,
    "propertyNames": _part,
    "unevaluatedProperties": _part,
    "allOf": _parts,
    "anyOf": _parts,
    "oneOf": _parts,
    "not": _part,
    "if": _part,
    "then": _part,
    "else": _part,
    "$ref": lambda dice, _: dice.pick(("#/$defs/one", "#/$defs/two", "#two")),
    "format": lambda dice, _: dice.pick(("email", "uri")),
    "nullable": lambda *_: True,
}


def _schema(dice: Dice, depth: int) -> Any:
    if depth == 0 or dice.chance(0.15):
        return dice.pick((True, True, False, {"type": dice.pick(_TYPES)}, {"const": dice.pick(_SCALARS)}))
    chosen = dice.some(tuple(_KEYWORDS), 1, 4)
    return {keyword: _KEYWORDS[keyword](dice, depth) for keyword in chosen}


def _definition(dice: Dice) -> Any:
    """Return a schema without references: two schemas that refer to each other may never end."""
    while "$ref" in json.dumps(found := _schema(dice, 2)):
        pass
    return found


@cache
def _cases() -> list[tuple[Any, list[Any]]]:
    dice = Dice("schemas")
    found = []
    while len(found) < 1500:
        schema = _schema(dice, 3)
        definitions = {"one": _definition(dice), "two": {"$anchor": "two", "type": _type(dice, 0)}}
        if isinstance(schema, dict):
            values = [_value(dice) for _ in range(12)] + [anything(dice) for _ in range(3)]
            found.append((schema | {"$defs": definitions}, values))
    return found


def test_random_schemas_have_the_same_verdicts_in_javascript() -> None:
    """1,500 schemas, fifteen values each. Each keyword occurs in schemas that accept and in schemas that reject a value."""
    cases = [(schema, [to_text(value) for value in values]) for schema, values in _cases()]
    found = find_issues([(compile_schema(schema), texts) for schema, texts in cases])
    rejecting = dict.fromkeys(_KEYWORDS, 0)
    accepting = dict.fromkeys(_KEYWORDS, 0)
    differing = []
    for (schema, texts), results in zip(cases, found, strict=True):
        validator = Draft202012Validator(schema)
        for text, issues in zip(texts, results, strict=True):
            expected = validator.is_valid(load_json(text))
            counts = accepting if expected else rejecting
            for keyword in schema.keys() & _KEYWORDS.keys():
                counts[keyword] += 1
            if (issues == []) is not expected:
                differing.append((schema, text, expected))
    assert differing == []
    assert min(rejecting.values()) >= 40
    assert min(accepting.values()) >= 40


_CORNERS: Final = (
    ({"multipleOf": 2**-1000}, "1e300", True),
    ({"multipleOf": 0.3}, "1e308", False),
    ({"multipleOf": 0.1}, "0.3", False),
    ({"multipleOf": 2}, "1e300", True),
    ({"const": {"__proto__": {}}}, '{"a": 1}', False),
    ({"const": {"a": 1}}, '{"__proto__": {}}', False),
    ({"const": {"__proto__": {}}}, '{"__proto__": {}}', True),
    ({"enum": [[1, True]]}, "[1.0, 1]", False),
    ({"uniqueItems": True}, "[1, true, 0, false, null, {}, []]", True),
    ({"uniqueItems": True}, '[{"a": [1, 2], "b": 0}, {"b": -0.0, "a": [1.0, 2]}]', False),
    ({"required": ["toString"]}, "{}", False),
    ({"properties": {"constructor": False}}, "{}", True),
    ({"if": {"properties": {"a": {"const": 1}}}, "unevaluatedProperties": False}, '{"a": 1}', True),
    ({"if": {"properties": {"a": {"const": 1}}}, "unevaluatedProperties": False}, '{"a": 2}', False),
    ({"anyOf": [{"prefixItems": [True]}, {"prefixItems": [True, True]}], "unevaluatedItems": False}, "[1, 2]", True),
    ({"not": {"properties": {"a": True}}, "unevaluatedProperties": False}, '{"a": 1}', False),
    ({"minLength": 2}, '"😀"', False),
    ({"minLength": 2}, r'"\ud83d\ude00"', False),
    ({"type": "integer"}, "1e400", False),
)


def test_corner_cases_have_the_same_verdicts() -> None:
    """Cases that random values rarely reach: large quotients, names of JavaScript's own properties, evaluated properties."""
    found = find_issues([(compile_schema(schema), [text]) for schema, text, _ in _CORNERS])
    python = [Draft202012Validator(schema).is_valid(load_json(text)) for schema, text, _ in _CORNERS]
    expected = [verdict for _, _, verdict in _CORNERS]
    assert python == expected
    assert [results == [[]] for results in found] == expected


_TREE: Final = {
    "$id": "https://example.com/tree",
    "type": "object",
    "properties": {"left": {"$ref": "#"}, "right": {"$ref": "tree"}, "leaf": {"$ref": "leaf#/$defs/number"}},
    "additionalProperties": False,
    "$defs": {"leaf": {"$id": "leaf", "$defs": {"number": {"type": "number"}}}},
}


def test_references_within_the_schema_are_resolved() -> None:
    """To the root, by base URI, and into an embedded schema with its own id. Each schema is in the list once."""
    compiled = compile_schema(_TREE)
    texts = ['{"left": {"right": {"leaf": 1}}}', '{"left": {"right": {"leaf": "1"}}}', '{"right": {"up": {}}}', "{}"]
    (found,) = find_issues([(compiled, texts)])
    assert [issues == [] for issues in found] == [True, False, False, True]
    assert compiled[0]["properties"] == {"left": {"$ref": 0}, "right": {"$ref": 0}, "leaf": {"$ref": 1}}
    assert compiled[1:] == [{"type": "number"}]


def test_patterns_with_the_same_javascript_pattern_are_both_checked() -> None:
    """``(A)`` and ``(?:A)`` become one regular expression; both of their schemas apply."""
    schema = {"patternProperties": {"(A)": {"type": "string"}, "(?:A)": {"minLength": 2}}}
    (found,) = find_issues([(compile_schema(schema), ['{"A": "ab"}', '{"A": "a"}', '{"A": 1}'])])
    assert [issues == [] for issues in found] == [True, False, False]


def test_issue_has_path_keyword_and_message_without_the_value() -> None:
    """The message shows the type and the size of the value: the value may be a secret."""
    schema = {"properties": {"a": {"items": {"type": ["string", "null"]}}}, "required": ["b"], "maxProperties": 1}
    ((found,),) = find_issues([(compile_schema(schema), ['{"a": ["x", 12345], "c": 1}'])])
    assert found == [
        {"path": [], "keyword": "maxProperties", "message": "expected maxProperties 1, found an object of 2 keys"},
        {"path": ["b"], "keyword": "required", "message": "expected a value (required), found nothing"},
        {"path": ["a", 1], "keyword": "type", "message": "expected string or null, found number"},
    ]


def test_deeply_nested_value_is_rejected() -> None:
    """Python rejects it too: both reach the recursion limit of their interpreter."""
    schema = {"items": {"$ref": "#"}}
    text = "[" * 5000 + "]" * 5000
    ((found,),) = find_issues([(compile_schema(schema), [text])])
    assert [issue["keyword"] for issue in found] == ["depth"]


_MESSAGES: Final = (
    (False, "1", "false", "expected no value, found number"),
    ({"const": "a"}, '"bcd"', "const", 'expected "a", found a string of 3 characters'),
    ({"enum": [1, None]}, "[true, {}]", "enum", "expected one of [1,null], found an array of 2 items"),
    ({"pattern": "^a"}, '"b"', "pattern", "expected a string that matches the pattern, found a string of 1 character"),
    ({"multipleOf": 2}, "3", "multipleOf", "expected multipleOf 2, found number"),
    ({"anyOf": [False, False]}, "null", "anyOf", "expected at least one of 2 schemas to match, found 0"),
    ({"oneOf": [True, True]}, "null", "oneOf", "expected exactly one of 2 schemas to match, found 2"),
    ({"not": True}, "true", "not", "expected a value that does not match the schema, found boolean"),
    ({"contains": False}, "[1]", "contains", "expected at least 1 matching item, found 0"),
    ({"contains": True, "maxContains": 1}, "[1, 2]", "contains", "expected at most 1 matching item, found 2"),
    (
        {"dependentRequired": {"a": ["b"]}},
        '{"a": 1}',
        "dependentRequired",
        "expected a value (required), found nothing",
    ),
    (
        {"propertyNames": {"maxLength": 1}},
        '{"ab": 1}',
        "propertyNames",
        "expected a valid key, found a string of 2 characters",
    ),
)


@pytest.mark.parametrize(("schema", "text", "keyword", "message"), _MESSAGES, ids=[str(it[3]) for it in _MESSAGES])
def test_message_states_what_is_expected_and_found(schema: Any, text: str, keyword: str, message: str) -> None:
    """Expected values come from the schema, so they are shown; found values are described."""
    ((found,),) = find_issues([(compile_schema({"allOf": [schema]}), [text])])
    assert [(issue["keyword"], issue["message"]) for issue in found] == [(keyword, message)]


def test_undefined_config_is_rejected() -> None:
    """Logto passes ``undefined`` if it has no config for the connector."""
    (issues,) = parse_undefined([compile_schema({})])
    assert [(issue["path"], issue["message"]) for issue in issues] == [([], "expected a JSON value, found undefined")]


def test_endpoint_with_many_slashes_is_read_in_linear_time() -> None:
    """200,000 slashes take seconds if each of them starts a search of its own."""
    slashes = "/" * 200_000
    texts = [f"http://host{slashes}", f"http://host/{slashes}a"]
    assert read_endpoints(texts, time_limit=20) == ["http://host", f"http://host/{slashes}a"]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "text"}, "is not a valid JSON Schema 2020-12"),
        ({"$ref": "#/$defs/none"}, "'/$defs/none', which it does not contain"),
        ({"$ref": "https://example.com/other.json"}, "'https://example.com/other.json', which it does not contain"),
        ({"$dynamicRef": "#a", "$dynamicAnchor": "a"}, "has a $dynamicRef"),
        ({"properties": {"a": {"pattern": "(?i)a"}}}, "in the config schema, the pattern '(?i)a' uses '(?i'"),
    ],
)
def test_unsupported_schema_is_rejected_with_the_reason(schema: dict[str, Any], reason: str) -> None:
    """A package whose verdicts differ from Python's is never written."""
    with pytest.raises(UnsupportedSchemaError, match=re.escape(reason)):
        compile_schema(schema)
