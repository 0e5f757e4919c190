"""Issues: what was expected and what was found, without secrets, for any value."""

import math
import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError

from connector_kit import (
    ConnectorError,
    Guard,
    Issue,
    connector_metadata_guard,
    email_service_branding_guard,
    json_guard,
    oidc_prompts_guard,
    send_message_data_guard,
    token_response_guard,
)
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from connector_kit.issues import explain
from tests.guard_cases import CANARY, ITEM, METADATA, Anything, Json, deep, guard, issue_tuples, ses_config
from tests.json_values import json_values


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (
            {"required": ["port", "other"], "properties": {"port": {"type": ["number", "string"]}}},
            {},
            [
                ("$.other", "required", "expected a value (required), found nothing"),
                ("$.port", "required", "expected number or string (required), found nothing"),
            ],
        ),
        (
            {"properties": {"port": {"type": "number"}}},
            {"port": CANARY},
            [("$.port", "type", "expected number, found string")],
        ),
        (
            {"properties": {"port": {"type": "string"}}},
            {"port": True},
            [("$.port", "type", "expected string, found boolean")],
        ),
        (
            {"properties": {"port": {"type": "object"}}},
            {"port": [CANARY]},
            [("$.port", "type", "expected object, found array")],
        ),
        (
            {"properties": {"port": {"type": "array"}}},
            {"port": {CANARY: 1}},
            [("$.port", "type", "expected array, found object")],
        ),
        (
            {"properties": {"port": {"type": "array"}}},
            {"port": None},
            [("$.port", "type", "expected array, found null; leave the key out")],
        ),
        (
            {"properties": {"port": {"enum": ["smtp", "smtps", 25]}}},
            {"port": "smpt"},
            [
                (
                    "$.port",
                    "enum",
                    'expected one of "smtp", "smtps", 25; found a string of 4 characters (did you mean \'smtp\'?)',
                )
            ],
        ),
        (
            {"properties": {"port": {"enum": ["smtp", 25]}}},
            {"port": 26},
            [("$.port", "enum", 'expected one of "smtp", 25; found 26')],
        ),
        (
            {"properties": {"port": {"const": "smtp"}}},
            {"port": CANARY},
            [("$.port", "const", 'expected "smtp", found a string of 14 characters')],
        ),
        (
            {"properties": {"port": {"pattern": "^[0-9]+$"}}},
            {"port": CANARY},
            [("$.port", "pattern", 'expected: pattern "^[0-9]+$"; found a string of 14 characters')],
        ),
        (
            {"properties": {"port": {"pattern": "^[0-9]+$" * 10}}},
            {"port": "x"},
            [
                (
                    "$.port",
                    "pattern",
                    "expected: a value that the schema's pattern accepts; found a string of 1 character",
                )
            ],
        ),
        (
            {"properties": {"port": {"title": "Port", "pattern": "^[0-9]+$"}}},
            {"port": CANARY},
            [("$.port", "pattern", "expected: Port; found a string of 14 characters")],
        ),
        (
            {"properties": {"port": {"anyOf": [{"type": "number"}, {"type": "null"}]}}},
            {"port": CANARY},
            [("$.port", "anyOf", "expected: number or null; found a string of 14 characters")],
        ),
        (
            {"properties": {"port": {"not": {"description": "a free port", "type": "string"}}}},
            {"port": CANARY},
            [("$.port", "not", "not allowed: a free port; found a string of 14 characters")],
        ),
        (
            {"propertyNames": {"title": "Short key", "maxLength": 4}},
            {"port": 1, "with space": 2},
            [('$["with space"]', "propertyNames", 'expected as a key: Short key; found "with space"')],
        ),
        (
            {"properties": {"port": {"enum": [None, False, 1.0, ["é", {}]]}}},
            {"port": True},
            [("$.port", "enum", 'expected one of null, false, 1, ["é", {}]; found true')],
        ),
        (
            {"properties": {"port": {"minimum": 1}}},
            {"port": -777},
            [("$.port", "minimum", "expected at least 1, found -777")],
        ),
        (
            {"properties": {"port": {"contains": {"type": "number"}}}},
            {"port": [CANARY]},
            [
                (
                    "$.port",
                    "contains",
                    "expected at least one item of the required form, found none among 1 item",
                )
            ],
        ),
        (
            {"properties": {"port": {"contains": False}}},
            {"port": [CANARY]},
            [
                (
                    "$.port",
                    "contains",
                    "expected at least one item of the required form, found none among 1 item",
                )
            ],
        ),
    ],
)
def test_issue_states_what_was_expected_and_found(schema: Json, value: Json, expected: Json) -> None:
    """For each keyword: path, keyword and message."""
    assert issue_tuples(guard(**schema), value) == expected


SENDERS = {"oneOf": [{"required": ["sender"]}, {"required": ["service"]}]}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (
            {"properties": {"port": {}}, "patternProperties": {"^x-": {}}, "additionalProperties": False},
            {"prot": 1, "x-a": 2, "it's": 3},
            [
                ('$["it\'s"]', "additionalProperties", "unknown key: the schema allows no other keys; remove it"),
                (
                    "$.prot",
                    "additionalProperties",
                    "unknown key: the schema allows no other keys (did you mean 'port'?); remove it",
                ),
            ],
        ),
        (
            {"allOf": [{"properties": {"host": {}}}], "unevaluatedProperties": False},
            {"host": 1, "hots": 1, "it's": 1},
            [
                (
                    "$.hots",
                    "unevaluatedProperties",
                    "unknown key: the schema allows no other keys (did you mean 'host'?); remove it",
                ),
                ('$["it\'s"]', "unevaluatedProperties", "unknown key: the schema allows no other keys; remove it"),
            ],
        ),
        (
            {
                "dependentRequired": {"user": ["password", "realm"], "none": ["x"]},
                "properties": {"realm": {"type": "string"}},
            },
            {"user": 1},
            [
                ("$.password", "dependentRequired", "expected a value (required with user), found nothing"),
                ("$.realm", "dependentRequired", "expected string (required with user), found nothing"),
            ],
        ),
        (
            SENDERS,
            {},
            [
                (
                    "$",
                    "oneOf",
                    "expected sender or service, found none of them",
                )
            ],
        ),
        (
            SENDERS,
            {"sender": 1, "service": 1},
            [
                (
                    "$",
                    "oneOf",
                    "expected exactly one of 2 forms, found one that has several of them: keep only one of sender, service",
                )
            ],
        ),
        (
            {"oneOf": [True, True]},
            {},
            [("$", "oneOf", "expected exactly one of 2 forms, found one that has several of them")],
        ),
        (
            {"anyOf": [{"title": "A token", "required": ["token"]}, {"properties": {"type": {"const": None}}}]},
            {"type": 1},
            [
                (
                    "$",
                    "anyOf",
                    "expected: one of 2 forms (A token; or at $.type: expected null); found an object of 1 key",
                )
            ],
        ),
        (
            {"anyOf": [False]},
            {},
            [
                (
                    "$",
                    "anyOf",
                    "expected: no value; found an object of 0 keys",
                )
            ],
        ),
        (
            {"not": {"required": ["a", "b"]}},
            {"a": 1, "b": 1},
            [("$", "not", "not allowed: a with b: remove one of them; found an object of 2 keys")],
        ),
        ({"not": {"required": ["a"]}}, {"a": 1}, [("$", "not", "not allowed: a: remove it; found an object of 1 key")]),
        (
            {"properties": {"a": {"not": {"const": None}}}},
            {"a": None},
            [("$.a", "not", "not allowed: null; found null; leave the key out")],
        ),
        (
            {"properties": {"a": {"not": {"enum": ["x", True]}}}},
            {"a": True},
            [("$.a", "not", 'not allowed: one of "x", true; found boolean')],
        ),
        (
            {"properties": {"a": {"not": {"pattern": "^x"}}}},
            {"a": "xy"},
            [("$.a", "not", 'not allowed: a text of the pattern "^x"; found a string of 2 characters')],
        ),
        (
            {"properties": {"a": {"not": {"type": ["null", "string"]}}}},
            {"a": None},
            [("$.a", "not", "not allowed: the type null or string; found null; leave the key out")],
        ),
        (
            {"properties": {"a": {"not": True}}},
            {"a": 1},
            [("$.a", "not", "not allowed: number of this form; found number")],
        ),
        (
            {"properties": {"a": {"uniqueItems": True}}},
            {"a": [1, 1]},
            [("$.a", "uniqueItems", "expected different items: remove the repeated ones; found an array of 2 items")],
        ),
        (
            {"properties": {"a": {"minItems": 1}}},
            {"a": []},
            [("$.a", "minItems", "expected at least 1 item, found an array of 0 items")],
        ),
        (
            {"properties": {"a": {"maxLength": 2}}},
            {"a": "xyz"},
            [("$.a", "maxLength", "expected at most 2 characters, found a string of 3 characters")],
        ),
        (
            {"properties": {"a": {"multipleOf": 5}}},
            {"a": 7},
            [("$.a", "multipleOf", "expected a multiple of 5, found 7")],
        ),
        (
            {"properties": {"a": {"prefixItems": [{}], "items": False}}},
            {"a": [1, 2]},
            [
                (
                    "$.a",
                    "items",
                    "expected no more items than the schema describes: remove the others; found an array of 2 items",
                )
            ],
        ),
        (
            {"properties": {"a": {"contains": {"type": "string"}, "minContains": 2}}},
            {"a": ["x"]},
            [("$.a", "minContains", "expected at least 2 items of the required form, found an array of 1 item")],
        ),
        (
            {"properties": {"a": {"contains": {"type": "string"}, "maxContains": 1}}},
            {"a": ["x", "y"]},
            [("$.a", "maxContains", "expected at most 1 item of the required form, found an array of 2 items")],
        ),
        (
            {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
            {"a": 1},
            [("$.b", "required", "expected a value (required), found nothing")],
        ),
    ],
)
def test_issue_names_the_key_and_the_remedy(schema: Json, value: Json, expected: Json) -> None:
    """For the schemas that authors write; with no literal of Python, such as True or None."""
    errors = [it for it in Guard(schema, Anything, warnings=()).issues(value) if it.severity == "error"]
    assert [(it.path, it.keyword, it.message) for it in errors] == expected


def test_paths_are_json_paths() -> None:
    """Keys that are identifiers follow a dot; indices and other keys are in brackets."""
    schema = {"additionalProperties": {"type": "array", "items": {"type": "number"}}}
    value = {"a_$1": ["x"], "with space": [1, "x"], "": ["x"]}
    assert [it.path for it in guard(**schema).issues(value)] == ['$[""][0]', "$.a_$1[0]", '$["with space"][1]']


def test_issues_are_ordered_by_location() -> None:
    """Indices are compared as numbers; errors precede warnings of the same location."""
    numbers = {"type": "array", "items": {"properties": {"a": {"type": "number"}}}}
    of = guard(
        properties={"nested": numbers, "port": {"type": "number"}},
        warnings=(lambda _: [Issue(("port",), "mine", "m")],),
    )
    value = {"port": "x", "nested": [{"a": 1}] * 2 + [{"a": "x"}] * 10, "what": 1}
    found = of.issues(value)
    assert [(it.path, it.severity) for it in found] == [
        *((f"$.nested[{index}].a", "error") for index in range(2, 12)),
        ("$.port", "error"),
        ("$.port", "warning"),
        ("$.what", "warning"),
    ]


def test_duplicate_issue_is_listed_once() -> None:
    """From two branches of a schema, or from the schema and a warning rule."""
    required = {"required": ["port"]}
    issue = Issue(("port",), "required", "expected a value (required), found nothing")
    of = guard(allOf=[required, required], warnings=(lambda _: [issue, issue],))
    assert of.issues({}) == [issue]


@pytest.mark.parametrize(
    ("of", "valid"),
    [
        (aws_ses_config_guard, ses_config()),
        (connector_metadata_guard, {**METADATA, "formItems": [ITEM]}),
        (send_message_data_guard, {"to": "a", "type": "SignIn", "payload": {"code": "1"}, "ip": "b"}),
        (token_response_guard, {"access_token": "a", "expires_in": 1}),
        (email_service_branding_guard, {"senderName": "a", "appLogo": "https://a.example"}),
        (oidc_prompts_guard, ["login"]),
    ],
    ids=lambda it: repr(it) if isinstance(it, Guard) else "",
)
def test_issues_never_show_strings_of_the_value(of: Guard[Any], valid: Json) -> None:
    """A canary in every position does not appear in any message, error or traceback."""
    for place in _places(valid):
        for value in (
            CANARY,
            f"{CANARY}@",
            f"x<{CANARY}>@ü..",
            [CANARY],
            {"x": CANARY},
            CANARY.encode(),
            (CANARY,),
            {CANARY},
        ):
            damaged = _replaced(valid, place, value)
            issues = of.issues(damaged) + of.issues(damaged, strict=True)
            assert CANARY not in "".join(it.message + it.path for it in issues), place
            try:
                of.validate(damaged)
            except ConnectorError as error:
                assert CANARY not in f"{error} {error!r} {error.data}"  # noqa: PT017 - acceptance is as good


def _places(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, member in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _places(member, (*path, key))


def _replaced(value: Json, path: tuple[Any, ...], by: Json) -> Json:
    if not path:
        return by
    changed = value.copy()
    changed[path[0]] = _replaced(value[path[0]], path[1:], by)
    return changed


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        (math.nan, "$", "expected a JSON value, found NaN"),
        ({"a": [0, math.nan]}, "$.a[1]", "expected a JSON value, found NaN"),
        ({"a": (1,)}, "$.a", "expected a JSON value, found a Python tuple"),
        ({"a": {1, 2}}, "$.a", "expected a JSON value, found a Python set"),
        ({"a": b"x"}, "$.a", "expected a JSON value, found a Python bytes"),
        (MappingProxyType({"a": 1}), "$", "expected a JSON value, found a Python mappingproxy"),
        ({"a": {1: 2}}, "$.a", "expected string keys, found a key of type Python int"),
        (..., "$", "expected a JSON value, found a Python ellipsis"),
    ],
)
def test_value_that_is_not_json_is_an_issue(value: Json, path: str, message: str) -> None:
    """Guards accept any Python value without an exception."""
    of = Guard({}, Anything)
    assert not of.is_valid(value)
    assert issue_tuples(of, value) == [(path, "json", message)]
    with pytest.raises(ConnectorError) as caught:
        of.validate(value)
    assert caught.value.data == {"issues": [{"path": path, "keyword": "json", "message": message}]}


@pytest.mark.parametrize(
    "of",
    [guard(properties={"nested": {"type": "array", "items": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}})],
)
@pytest.mark.parametrize("levels", [sys.getrecursionlimit(), 5_000])
def test_nesting_too_deep_to_validate_is_an_issue(of: Guard[Any], levels: int) -> None:
    """For a recursive schema; there is no RecursionError."""
    value = deep(levels)
    message = "nested too deeply to validate"
    assert not of.is_valid(value)
    assert of.issues(value) == [Issue((), "depth", message)]
    with pytest.raises(ConnectorError) as caught:
        of.validate(value)
    assert caught.value.data == {"issues": [{"path": "$", "keyword": "depth", "message": message}]}


def test_deep_value_of_an_unknown_key_is_valid() -> None:
    """Warning rules still visit all of it."""
    config = ses_config(extra=deep(5_000, "<region>"))
    assert aws_ses_config_guard.is_valid(config)
    assert aws_ses_config_guard.validate(config).region == "eu-west-1"
    assert {it.keyword for it in aws_ses_config_guard.issues(config)} == {"unknown-key", "placeholder"}
    assert not json_guard.is_valid(deep(5_000, math.nan))


def test_value_that_contains_itself_is_an_issue() -> None:
    """An object that appears twice without a cycle is valid."""
    config = ses_config()
    config["extra"] = {"list": [config]}
    assert not aws_ses_config_guard.is_valid(config)
    message = "expected a JSON value, found an object that contains itself"
    assert issue_tuples(aws_ses_config_guard, config) == [("$.extra.list[0]", "json", message)]
    with pytest.raises(ConnectorError):
        aws_ses_config_guard.validate(config)
    part: list[Json] = [1]
    assert json_guard.is_valid([part, {"again": part}, part])
    part.append(part)
    assert issue_tuples(json_guard, part) == [
        ("$[1]", "json", "expected a JSON value, found an array that contains itself")
    ]


@given(json_values)
def test_issues_verdict_and_validation_agree(value: Json) -> None:
    """For any JSON value."""
    for of in (aws_ses_config_guard, connector_metadata_guard, send_message_data_guard, json_guard):
        errors = [it for it in of.issues(value) if it.severity == "error"]
        assert of.is_valid(value) == (not errors)
        if errors:
            with pytest.raises(ConnectorError) as caught:
                of.validate(value)
            assert caught.value.data == {
                "issues": [{"path": it.path, "keyword": it.keyword, "message": it.message} for it in errors]
            }
        else:
            of.validate(value)


@given(st.data())
def test_strict_mode_only_changes_severities(data: st.DataObject) -> None:
    """Warnings become errors; all else is equal."""
    config = ses_config()
    for key in data.draw(st.lists(st.sampled_from([*config, "zzz"]), max_size=3)):
        config[key] = data.draw(json_values)
    relaxed, strict = aws_ses_config_guard.issues(config), aws_ses_config_guard.issues(config, strict=True)
    assert sorted(it.path + it.message for it in relaxed) == sorted(it.path + it.message for it in strict)
    assert {it.severity for it in strict} <= {"error"}


def test_property_named_like_a_keyword_is_a_property() -> None:
    """The value of a property called ``propertyNames`` is not shown as a key."""
    guard = Guard({"properties": {"propertyNames": {"type": "string"}}}, dict)
    (issue,) = guard.issues({"propertyNames": 5})
    assert (issue.path, issue.keyword) == ("$.propertyNames", "type")


def test_key_with_quotes_or_line_breaks_is_escaped() -> None:
    """It is printed as a JSON string."""
    (issue,) = Guard({"properties": {"a": {}}}, dict).issues({'a"\nb': 1})
    assert issue.path == r'$["a\"\nb"]'


def test_false_schema_allows_no_value() -> None:
    """``false`` is a schema, too."""
    (issue,) = Guard({"properties": {"a": False}}, dict).issues({"a": 1})
    assert (issue.keyword, issue.message) == ("false", "no value is allowed here: remove it; found number")


def test_issue_of_any_other_keyword_has_its_value() -> None:
    """Such as one of a later version of JSON Schema."""
    error = ValidationError("", validator="later", validator_value=5, instance=7, schema={"later": 5})
    (issue,) = explain(error)
    assert issue.keyword == "later"
    assert "5" in issue.message
    assert issue.message.endswith("found 7")


def test_similar_key_of_a_branch_is_suggested() -> None:
    """Where a boolean is a branch, too."""
    schema = {"allOf": [True, {"properties": {"host": {}}}], "unevaluatedProperties": False}
    issues = Guard(schema, Anything).issues({"hots": 1})
    assert any("did you mean 'host'?" in it.message for it in issues), issues
