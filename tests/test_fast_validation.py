"""jsonschema-rs accepts a value only if jsonschema does."""

import json
import sys
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator

from connector_kit import Guard, bundle, load_json
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from connector_kit.fast_validation import NotPlainError, fast_validator, plain_copy, schema_predicate
from tests.guard_cases import Json, deep, ses_config
from tests.interop.cases.guards import guard_cases
from tests.interop.cases.schemas import SCHEMAS, SchemaCases
from tests.json_values import json_values

WITH_PATTERNS: Final = {
    *("configurable-connector-metadata", "conformance-report", "connector-metadata", "email-service-branding"),
    *("host-message", "host-send-request", "host-test-request", "i18n-phrases", "recipient"),
}
"""The schemas whose keyword ``pattern`` leaves the decision to jsonschema."""


def _is_plain(value: Json) -> bool:
    try:
        plain_copy(value)
    except NotPlainError:
        return False
    return True


def _is_encodable(value: Json) -> bool:
    """Return whether no text of a value has a lone surrogate, about which jsonschema-rs cannot always tell."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_both_accept_the_same_values_of_every_schema_of_the_kit(schema: SchemaCases) -> None:
    """Valid values, mutations of them and arbitrary JSON."""
    document = bundle(schema.schema)
    reference = Draft202012Validator(document)
    accepts = fast_validator(document)
    values = [load_json(case["value"]) for case in guard_cases(schema.cases)]
    predicate = schema_predicate(document)
    assert [predicate(value) for value in values] == [reference.is_valid(value) for value in values]
    plain = [value for value in values if _is_plain(value)]
    assert len(plain) > len(values) / 4
    assert [value for value in plain if accepts(value) and not reference.is_valid(value)] == []
    encodable = [value for value in plain if _is_encodable(value)]
    assert any(map(accepts, encodable)) is (schema.schema not in WITH_PATTERNS)
    if any(map(accepts, encodable)):
        assert [value for value in encodable if accepts(value) is not reference.is_valid(value)] == []


_NAMES: Final = st.sampled_from(["a", "b", "$ref", "", "é", "\U0001f600", "\ud800", "toString"])
_NUMBERS: Final = st.sampled_from(
    [0, 1, -1, 2, 1.0, 0.5, -0.0, 1.5, 1e300, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, -(2**64), 10**30, float(2**53)]
)
_SCALARS: Final = (
    st.none() | st.booleans() | _NUMBERS | st.sampled_from(["", "a", "e\u0301", "é", "\U0001f600", "\x00", "\ud800"])
)
_VALUES: Final = st.recursive(
    _SCALARS | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)
_COUNTS: Final = st.integers(0, 3)
_TYPES: Final = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def _objects(inner: SearchStrategy[Json]) -> SearchStrategy[Json]:
    parts = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(_NAMES, inner, max_size=3)
    names = st.lists(_NAMES, unique=True, max_size=2)
    keywords: dict[str, SearchStrategy[Json]] = {
        **dict.fromkeys(("additionalProperties", "contains", "else", "if", "items", "not"), inner),
        **dict.fromkeys(("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"), inner),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), parts),
        **dict.fromkeys(("dependentSchemas", "properties"), named),
        **dict.fromkeys(("maxContains", "minContains", "maxItems", "minItems", "maxLength", "minLength"), _COUNTS),
        **dict.fromkeys(("maxProperties", "minProperties"), _COUNTS),
        **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"), _NUMBERS),
        "$ref": st.sampled_from(["#", "#/$defs/a", "#/$defs/b"]),
        "const": _VALUES,
        "dependentRequired": st.dictionaries(_NAMES, names, max_size=2),
        "enum": st.lists(_VALUES, min_size=1, max_size=4),
        "format": st.sampled_from(["email", "uri", "regex"]),
        "multipleOf": st.sampled_from([1, 2, 0.1, 1.5]),
        "pattern": st.sampled_from(["a$", r"^\w$", r"\s"]),
        "required": names,
        "type": _TYPES | st.lists(_TYPES, min_size=1, max_size=3, unique=True),
        "uniqueItems": st.booleans(),
    }
    return st.lists(st.sampled_from(sorted(keywords)), max_size=4, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({keyword: keywords[keyword] for keyword in chosen})
    )


_PARTS: Final = st.recursive(st.booleans() | st.builds(lambda it: {"type": it}, _TYPES), _objects, max_leaves=6)
_SCHEMAS: Final = st.builds(
    lambda root, first, second: {**(root if isinstance(root, dict) else {}), "$defs": {"a": first, "b": second}},
    *(_PARTS, _PARTS, _PARTS),
)


@given(_SCHEMAS, st.lists(_VALUES, min_size=1, max_size=5))
@example({"minimum": 2**53}, [2**53 - 1, 2**53, 2**53 + 1, -(2**70), float("-inf")])
@example({"multipleOf": 0.1}, [0.3, float("inf")])
@example({"multipleOf": 3}, [9, 9.0, 3 * 2**70])
@example({"enum": [0, [1], {"a": True}]}, [False, -0.0, [True], [1.0], {"a": 1}])
@example({"uniqueItems": True}, [[1, True], [[1], [True]], [{"a": 1}, {"a": 1.0}]])
@example({"type": "array"}, [(1,)])
@example({"type": "integer"}, [1.0, True, 2**200, 1e300])
@example({"pattern": r"^\d$"}, ["\u0663", "1\n", "1"])
@example({"$ref": "#"}, [1])
@example({"properties": {"nested": {"$ref": "#"}}, "items": {"$ref": "#"}}, [deep(30), deep(100)])
@example({"const": "\ud800"}, ["\ud800"])
def test_both_agree_on_any_schema(schema: Json, values: list[Json]) -> None:
    """For each value that jsonschema-rs is asked about: it is plain, and the schema has only the keywords of the list."""
    accepts, reference = fast_validator(schema), Draft202012Validator(schema)
    accepted = [value for value in values if _is_plain(value) and accepts(value)]
    assert [value for value in accepted if not reference.is_valid(value)] == []


@given(json_values)
def test_copy_of_a_plain_value_is_equal_and_shares_no_part(value: Json) -> None:
    """Floats are not plain."""
    if _is_plain(value):
        copy = plain_copy(value)
        assert repr(copy) == repr(value)
        assert not isinstance(value, list | dict) or copy is not value


@pytest.mark.parametrize(
    "value",
    [
        *(
            1.5,
            1.0,
            float("nan"),
            float("inf"),
            2**53 + 1,
            -(2**53) - 1,
            10**5_000,
            (1,),
            b"",
            object(),
            {1: 2},
            {True: 1},
        ),
        *(type("Sub", (base,), {})() for base in (str, int, list, dict)),
        *({"a": [type("Sub", (str,), {})("a")]}, {type("Sub", (str,), {})("a"): 1}, deep(33)),
    ],
    ids=lambda it: type(it).__name__,
)
def test_value_that_validators_may_read_differently_is_not_plain(value: Json) -> None:
    """At any depth."""
    with pytest.raises(NotPlainError):
        plain_copy(value)
    with pytest.raises(NotPlainError):
        plain_copy({"a": ["b", value]})


def test_value_that_contains_itself_is_not_plain() -> None:
    """It has any number of levels."""
    value: list[Json] = []
    value.append(value)
    with pytest.raises(NotPlainError):
        plain_copy(value)


@pytest.mark.parametrize(
    "schema",
    [
        {"items": {"pattern": "a"}},
        {"$defs": {"a": {"multipleOf": 2}}},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"$id": "https://acme.example/a", "items": {"$ref": "https://acme.example/a"}},
        {"items": {"$ref": "https://acme.example/b"}},
        {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"uniqueItems": True}}},
        {"const": "\ud800"},
    ],
)
def test_schema_that_validators_may_read_differently_has_no_fast_verdicts(schema: Json) -> None:
    """The function accepts nothing, so that jsonschema decides."""
    accepts = fast_validator(schema)
    assert not any(map(accepts, ({}, [], "a", 1, None)))


def test_supported_schema_has_fast_verdicts() -> None:
    """A reference that is used twice does not make a schema refer to itself."""
    accepts = fast_validator(
        {"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a"}, "not": {"$ref": "#/$defs/a"}}
    )
    assert [accepts(value) for value in ([], ["a"], [1], "a")] == [True, True, False, False]


def test_lone_surrogate_that_jsonschema_rs_cannot_read_is_not_accepted() -> None:
    """Jsonschema decides."""
    assert not fast_validator({"not": {"const": "a"}})("\ud800")


class CountingReference:
    """Counts the calls of jsonschema."""

    def __init__(self, guard: Guard[Any]) -> None:
        self.calls = 0
        self._validator = Draft202012Validator(guard.schema)
        guard.__dict__["_validator"] = self

    def is_valid(self, value: Json) -> bool:
        """Return the verdict."""
        self.calls += 1
        return self._validator.is_valid(value)

    def iter_errors(self, value: Json) -> Any:
        """Yield the errors."""
        return self._validator.iter_errors(value)


def test_guard_asks_jsonschema_only_about_what_jsonschema_rs_does_not_accept() -> None:
    """An invalid value, and one that is not plain."""
    guard: Guard[Any] = Guard("aws-ses-config", dict)
    reference = CountingReference(guard)
    assert guard.is_valid(ses_config())
    assert reference.calls == 0
    assert not guard.is_valid(ses_config(region=1))
    assert guard.is_valid(ses_config(more=1.5))
    assert reference.calls == 2


def test_guard_works_without_jsonschema_rs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same results."""
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    guard: Guard[Any] = Guard("aws-ses-config", aws_ses_config_guard._cls)
    reference = CountingReference(guard)
    for config in (ses_config(), ses_config(region=1)):
        assert guard.is_valid(config) is aws_ses_config_guard.is_valid(config)
    assert guard.validate(ses_config()) == aws_ses_config_guard.validate(ses_config())
    assert reference.calls == 3
