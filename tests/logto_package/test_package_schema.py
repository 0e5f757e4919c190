"""The compiled schema and the validator of the package reach the verdicts of Python."""

import json
import re
from functools import cache
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from connector_kit import bundle, load_json
from connector_kit.logto_package.config_schema import UncompilableSchemaError, compile_schema
from tests.interop.cases.guards import guard_cases
from tests.interop.cases.schemas import SCHEMAS, SchemaCases
from tests.interop.cases.values import anything, to_text
from tests.interop.dice import Dice
from tests.logto_package.validator import issues


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_every_schema_of_the_kit_has_the_same_verdicts_in_the_package(schema: SchemaCases) -> None:
    """For over 2,000 values each: valid ones, mutations and arbitrary JSON."""
    contents = bundle(schema.schema)
    texts = [case["value"] for case in guard_cases(schema.cases)]
    validator = Draft202012Validator(contents)
    expected = [validator.is_valid(load_json(text)) for text in texts]
    (found,) = issues([(compile_schema(contents), texts)])
    assert [texts[index] for index, verdict in enumerate(expected) if (found[index] == []) is not verdict] == []


# --- any schema ---

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_NAMES: Final = ("a", "b", "c", "toString", "__proto__")
_SCALARS: Final = (None, True, False, 0, -0.0, 1, 1.0, 2, 3.5, -1, 0.3, 1e300, "", "a", "ab", "é", "😀", "a\n")
_PATTERNS: Final = ("a", "^a$", r"^\w+$", ".", "b|c", r"\d", "^$")
_DIVISORS: Final = (1, 2, 3, 0.1, 0.5, 1.5, 1e-300)


def _value(dice: Dice, depth: int = 3) -> Any:  # noqa: ANN401 - any JSON value
    kind = dice.below(5 if depth else 3)
    if kind < 3:
        return dice.pick(_SCALARS)
    if kind == 3:
        return [_value(dice, depth - 1) for _ in range(dice.below(4))]
    return {name: _value(dice, depth - 1) for name in dice.some(_NAMES, 0, 4)}


def _type(dice: Dice, _: int) -> Any:  # noqa: ANN401 - as in JSON Schema
    return dice.pick(_TYPES) if dice.chance(0.7) else sorted(set(dice.some(_TYPES, 1, 3)))


def _part(dice: Dice, depth: int) -> Any:  # noqa: ANN401 - any schema
    return _schema(dice, depth - 1)


def _parts(dice: Dice, depth: int) -> Any:  # noqa: ANN401 - a list of schemas
    return [_schema(dice, depth - 1) for _ in range(dice.between(1, 3))]


def _named_parts(dice: Dice, depth: int) -> Any:  # noqa: ANN401 - schemas by name
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


def _schema(dice: Dice, depth: int) -> Any:  # noqa: ANN401 - any schema
    if depth == 0 or dice.chance(0.15):
        return dice.pick((True, True, False, {"type": dice.pick(_TYPES)}, {"const": dice.pick(_SCALARS)}))
    chosen = dice.some(tuple(_KEYWORDS), 1, 4)
    return {keyword: _KEYWORDS[keyword](dice, depth) for keyword in chosen}


def _definition(dice: Dice) -> Any:  # noqa: ANN401 - any schema
    """Make a schema that refers to none: two that refer to each other would never come to an end."""
    while "$ref" in json.dumps(found := _schema(dice, 2)):
        pass
    return found


@cache
def _questions() -> list[tuple[Any, list[Any]]]:
    dice = Dice("schemas")
    found = []
    while len(found) < 1500:
        schema = _schema(dice, 3)
        definitions = {"one": _definition(dice), "two": {"$anchor": "two", "type": _type(dice, 0)}}
        if isinstance(schema, dict):
            values = [_value(dice) for _ in range(12)] + [anything(dice) for _ in range(3)]
            found.append((schema | {"$defs": definitions}, values))
    return found


def test_random_schemas_have_the_same_verdicts_in_the_package() -> None:
    """1,500 schemas of every keyword, fifteen values each; each keyword stands in some that refuse and in some that accept."""
    questions = [(schema, [to_text(value) for value in values]) for schema, values in _questions()]
    found = issues([(compile_schema(schema), texts) for schema, texts in questions])
    refusing = dict.fromkeys(_KEYWORDS, 0)
    accepting = dict.fromkeys(_KEYWORDS, 0)
    differing = []
    for (schema, texts), answers in zip(questions, found, strict=True):
        validator = Draft202012Validator(schema)
        for text, answer in zip(texts, answers, strict=True):
            expected = validator.is_valid(load_json(text))
            counts = accepting if expected else refusing
            for keyword in schema.keys() & _KEYWORDS.keys():
                counts[keyword] += 1
            if (answer == []) is not expected:
                differing.append((schema, text, expected))
    assert differing == []
    assert min(refusing.values()) >= 40
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


def test_corner_cases_have_their_verdicts_on_both_sides() -> None:
    """Where random values seldom come: huge quotients, keys of JavaScript's own, what an ``if`` has looked at."""
    found = issues([(compile_schema(schema), [text]) for schema, text, _ in _CORNERS])
    python = [Draft202012Validator(schema).is_valid(load_json(text)) for schema, text, _ in _CORNERS]
    expected = [verdict for _, _, verdict in _CORNERS]
    assert python == expected
    assert [answers == [[]] for answers in found] == expected


_TREE: Final = {
    "$id": "https://example.com/tree",
    "type": "object",
    "properties": {"left": {"$ref": "#"}, "right": {"$ref": "tree"}, "leaf": {"$ref": "leaf#/$defs/number"}},
    "additionalProperties": False,
    "$defs": {"leaf": {"$id": "leaf", "$defs": {"number": {"type": "number"}}}},
}


def test_references_are_followed_wherever_they_lead_inside_the_schema() -> None:
    """To the root, by base URI, and into an embedded schema with an id of its own; a schema stands once in the list."""
    compiled = compile_schema(_TREE)
    texts = ['{"left": {"right": {"leaf": 1}}}', '{"left": {"right": {"leaf": "1"}}}', '{"right": {"up": {}}}', "{}"]
    (found,) = issues([(compiled, texts)])
    assert [answer == [] for answer in found] == [True, False, False, True]
    assert compiled[0]["properties"] == {"left": {"$ref": 0}, "right": {"$ref": 0}, "leaf": {"$ref": 1}}
    assert compiled[1:] == [{"type": "number"}]


def test_two_patterns_that_become_one_both_count() -> None:
    r"""``A`` and ``\x41`` are one regular expression in the package; what each asks for is still asked for."""
    schema = {"patternProperties": {"A": {"type": "string"}, r"\x41": {"minLength": 2}}}
    (found,) = issues([(compile_schema(schema), ['{"A": "ab"}', '{"A": "a"}', '{"A": 1}'])])
    assert [answer == [] for answer in found] == [True, False, False]


def test_an_issue_says_where_and_what_and_never_shows_the_value() -> None:
    """The path leads there, the keyword is that of the schema, the message names kinds of values."""
    schema = {"properties": {"a": {"items": {"type": ["string", "null"]}}}, "required": ["b"], "maxProperties": 1}
    ((found,),) = issues([(compile_schema(schema), ['{"a": ["x", 12345], "c": 1}'])])
    assert found == [
        {"path": [], "keyword": "maxProperties", "message": "expected maxProperties to hold for this object"},
        {"path": ["b"], "keyword": "required", "message": "expected a value (required), found nothing"},
        {"path": ["a", 1], "keyword": "type", "message": "expected string or null, found number"},
    ]


def test_a_value_nested_without_reason_is_refused_and_not_an_exception() -> None:
    """As in Python, where the interpreter's own limit is hit: the verdict is no."""
    schema = {"items": {"$ref": "#"}}
    text = "[" * 5000 + "]" * 5000
    ((found,),) = issues([(compile_schema(schema), [text])])
    assert [issue["keyword"] for issue in found] == ["depth"]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "text"}, "no JSON Schema 2020-12"),
        ({"$ref": "#/$defs/none"}, "'/$defs/none', which is not in it"),
        ({"$ref": "https://example.com/other.json"}, "'https://example.com/other.json', which is not in it"),
        ({"$dynamicRef": "#a", "$dynamicAnchor": "a"}, "has a $dynamicRef"),
        ({"properties": {"a": {"pattern": "(?i)a"}}}, "cannot be told to JavaScript: the pattern '(?i)a'"),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_the_reason(schema: dict[str, Any], why: str) -> None:
    """Better no package than one with a verdict of its own."""
    with pytest.raises(UncompilableSchemaError, match=re.escape(why)):
        compile_schema(schema)
