"""Issues: what was expected, what was found, and never the value; whatever value there is."""

import math
import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import (
    ConnectorError,
    Guard,
    Issue,
    Remark,
    connector_metadata_guard,
    email_service_branding_guard,
    json_guard,
    oidc_prompts_guard,
    send_message_data_guard,
    token_response_guard,
)
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from tests.guard_cases import CANARY, ITEM, METADATA, Anything, Json, deep, guard, ses_config, told
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
            [("$.port", "type", "expected array, found null")],
        ),
        (
            {"properties": {"port": {"enum": ["smtp", "smtps", 25]}}},
            {"port": "smpt"},
            [("$.port", "enum", 'expected one of "smtp", "smtps", 25; found another string (did you mean "smtp"?)')],
        ),
        (
            {"properties": {"port": {"enum": ["smtp", 25]}}},
            {"port": 26},
            [("$.port", "enum", 'expected one of "smtp", 25; found number')],
        ),
        (
            {"properties": {"port": {"const": "smtp"}}},
            {"port": CANARY},
            [("$.port", "const", 'expected "smtp"; found another string')],
        ),
        (
            {"properties": {"port": {"pattern": "^[0-9]+$"}}},
            {"port": CANARY},
            [("$.port", "pattern", "expected: another form; found another string")],
        ),
        (
            {"properties": {"port": {"title": "Port", "pattern": "^[0-9]+$"}}},
            {"port": CANARY},
            [("$.port", "pattern", "expected: Port; found another string")],
        ),
        (
            {"properties": {"port": {"anyOf": [{"type": "number"}, {"type": "null"}]}}},
            {"port": CANARY},
            [("$.port", "anyOf", "expected: another form; found another string")],
        ),
        (
            {"properties": {"port": {"not": {"description": "a free port", "type": "string"}}}},
            {"port": CANARY},
            [("$.port", "not", "expected anything but: a free port; found just that")],
        ),
        (
            {"propertyNames": {"title": "Short key", "maxLength": 4}},
            {"port": 1, "with space": 2},
            [('$["with space"]', "propertyNames", "expected as a key: Short key; found another")],
        ),
        (
            {"properties": {"port": {"minimum": 1}}},
            {"port": -777},
            [("$.port", "minimum", "expected minimum 1; found number")],
        ),
        (
            {"properties": {"port": {"contains": {"type": "number"}}}},
            {"port": [CANARY]},
            [("$.port", "contains", "expected at least one item of the required form, found none")],
        ),
        (
            {"properties": {"port": {"contains": False}}},
            {"port": [CANARY]},
            [("$.port", "contains", "expected at least one item of the required form, found none")],
        ),
    ],
)
def test_an_issue_says_what_was_expected_and_found(schema: Json, value: Json, expected: Json) -> None:
    """Each keyword has its words: path, keyword, what the schema wants and the kind of thing that stands there."""
    assert told(guard(**schema), value) == expected


def test_paths_are_those_of_json_path() -> None:
    """Keys that are identifiers follow a dot; indices and other keys stand in brackets."""
    schema = {"additionalProperties": {"type": "array", "items": {"type": "number"}}}
    value = {"a_$1": ["x"], "with space": [1, "x"], "": ["x"]}
    assert [it.path for it in guard(**schema).issues(value)] == ['$[""][0]', "$.a_$1[0]", '$["with space"][1]']


def test_issues_are_ordered_by_path() -> None:
    """Indices count as numbers, and of one place errors come before warnings."""
    numbers = {"type": "array", "items": {"properties": {"a": {"type": "number"}}}}
    of = guard(
        properties={"nested": numbers, "port": {"type": "number"}}, advice=(lambda _: [Remark(("port",), "mine", "m")],)
    )
    value = {"port": "x", "nested": [{"a": 1}] * 2 + [{"a": "x"}] * 10, "what": 1}
    found = of.issues(value)
    assert [(it.path, it.severity) for it in found] == [
        *((f"$.nested[{index}].a", "error") for index in range(2, 12)),
        ("$.port", "error"),
        ("$.port", "warning"),
        ("$.what", "warning"),
    ]


def test_what_is_said_twice_is_listed_once() -> None:
    """Schema and advice may find the same thing; two branches may too."""
    wants = {"required": ["port"]}
    say = Remark(("port",), "required", "expected a value (required), found nothing")
    of = guard(allOf=[wants, wants], advice=(lambda _: [say, say],))
    assert of.issues({}) == [Issue("$.port", "required", say.message, "error")]


@pytest.mark.parametrize(
    ("of", "sound"),
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
def test_no_issue_ever_shows_a_value(of: Guard[Any], sound: Json) -> None:
    """A canary in every position, alone and inside every other type, turns up in no message, error or traceback."""
    for place in _places(sound):
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
            damaged = _replaced(sound, place, value)
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
        ({"a": {1: 2}}, "$.a", "expected keys that are strings, found a Python int"),
        (..., "$", "expected a JSON value, found a Python ellipsis"),
    ],
)
def test_what_is_no_json_is_an_issue_and_no_exception(value: Json, path: str, message: str) -> None:
    """A guard takes any Python value and says what JSON has no form for."""
    of = Guard({}, Anything)
    assert not of.is_valid(value)
    assert of.issues(value) == [Issue(path, "json", message)]
    with pytest.raises(ConnectorError) as caught:
        of.validate(value)
    assert caught.value.data == {"issues": [{"path": path, "keyword": "json", "message": message}]}


@pytest.mark.parametrize(
    "of",
    [guard(properties={"nested": {"type": "array", "items": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}})],
)
@pytest.mark.parametrize("levels", [sys.getrecursionlimit(), 5_000])
def test_nesting_too_deep_to_look_at_is_an_issue(of: Guard[Any], levels: int) -> None:
    """A recursive schema meets a value without end: refused with words, not with a RecursionError."""
    value = deep(levels)
    message = "expected a value of reasonable depth, found one nested too deeply to look at"
    assert not of.is_valid(value)
    assert of.issues(value) == [Issue("$", "depth", message)]
    with pytest.raises(ConnectorError) as caught:
        of.validate(value)
    assert caught.value.data == {"issues": [{"path": "$", "keyword": "depth", "message": message}]}


def test_depth_that_a_schema_does_not_look_into_is_no_fault() -> None:
    """Unknown keys pass whatever they hold; the advice finds its way to the end of it."""
    config = ses_config(extra=deep(5_000, "<region>"))
    assert aws_ses_config_guard.is_valid(config)
    assert aws_ses_config_guard.validate(config).region == "eu-west-1"
    assert {it.keyword for it in aws_ses_config_guard.issues(config)} == {"unknown-key", "placeholder"}
    assert not json_guard.is_valid(deep(5_000, math.nan))


def test_a_value_that_holds_itself_is_an_issue() -> None:
    """JSON has no form for a cycle, wherever it closes; a part that merely stands twice is no cycle."""
    config = ses_config()
    config["extra"] = {"list": [config]}
    assert not aws_ses_config_guard.is_valid(config)
    message = "expected a JSON value, found an object that holds itself"
    assert told(aws_ses_config_guard, config) == [("$.extra.list[0]", "json", message)]
    with pytest.raises(ConnectorError):
        aws_ses_config_guard.validate(config)
    part: list[Json] = [1]
    assert json_guard.is_valid([part, {"again": part}, part])
    part.append(part)
    assert told(json_guard, part) == [("$[1]", "json", "expected a JSON value, found an array that holds itself")]


@given(json_values)
def test_any_json_is_judged_without_an_exception(value: Json) -> None:
    """Issues, verdict and validation agree on every JSON value."""
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
def test_strict_mode_changes_severities_and_nothing_else(data: st.DataObject) -> None:
    """The same findings, warnings among them, are all errors in strict mode."""
    config = ses_config()
    for key in data.draw(st.lists(st.sampled_from([*config, "zzz"]), max_size=3)):
        config[key] = data.draw(json_values)
    relaxed, strict = aws_ses_config_guard.issues(config), aws_ses_config_guard.issues(config, strict=True)
    assert sorted(it.path + it.message for it in relaxed) == sorted(it.path + it.message for it in strict)
    assert {it.severity for it in strict} <= {"error"}


def test_a_property_that_is_named_like_a_keyword_is_a_property() -> None:
    """What fails under a property called ``propertyNames`` is its value, which is not repeated."""
    guard = Guard({"properties": {"propertyNames": {"type": "string"}}}, dict)
    (issue,) = guard.issues({"propertyNames": 5})
    assert (issue.path, issue.keyword) == ("$.propertyNames", "type")


def test_a_key_with_quotes_or_line_breaks_stays_on_its_line() -> None:
    """Odd keys print as JSON strings."""
    (issue,) = Guard({"properties": {"a": {}}}, dict).issues({'a"\nb': 1})
    assert issue.path == r'$["a\"\nb"]'


def test_a_schema_that_allows_nothing_says_so() -> None:
    """``false`` as a schema: nothing is expected."""
    (issue,) = Guard({"properties": {"a": False}}, dict).issues({"a": 1})
    assert (issue.keyword, issue.message) == ("false", "expected nothing here, found number")
