"""Parsing JSON text: accepted and rejected as by JavaScript."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorError, ConnectorErrorCodes, load_json, parse_json, parse_json_object

NOT_JSON = [
    "",
    "{",
    "NaN",
    "Infinity",
    "-Infinity",
    "[1,]",
    "{'a':1}",
    "01",
    "\ufeff{}",
    '"\n"',
    "undefined",
    "// x\n1",
]


@pytest.mark.parametrize(
    ("text", "value"),
    [(" [1, 2.5, null, true]\n", [1, 2.5, None, True]), ('{"a":{"b":""}}', {"a": {"b": ""}}), ('"é"', "é"), ("0", 0)],
)
def test_json_is_parsed(text: str, value: object) -> None:
    """Any JSON value may be at the top level (RFC 8259 §2)."""
    assert load_json(text) == parse_json(text) == value


def test_integers_of_any_length_are_parsed() -> None:
    """Beyond Python's limit of digits they are infinite, as in JavaScript."""
    assert load_json("1" + "0" * 5000) == math.inf
    assert load_json("-1" + "0" * 5000) == -math.inf
    assert load_json("1" + "0" * 300) == 10**300


@pytest.mark.parametrize("text", NOT_JSON)
def test_text_that_is_not_json_raises(text: str) -> None:
    """Python's extensions of JSON, too."""
    with pytest.raises(ValueError):  # noqa: PT011 - only the type matters here
        load_json(text)
    with pytest.raises(ConnectorError) as caught:
        parse_json(text)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert caught.value.data == {"message": text}


@pytest.mark.parametrize("read", [parse_json, parse_json_object])
def test_error_has_the_given_code_and_data(read: Any) -> None:
    """Given data replaces the text."""
    with pytest.raises(ConnectorError) as caught:
        read("CANARY", ConnectorErrorCodes.INVALID_CONFIG, {"message": "no"})
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
    assert caught.value.data == {"message": "no"}
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("text", ["[]", "1", '"{}"', "null", "true"])
def test_json_that_is_not_an_object_raises(text: str) -> None:
    """As text that is not JSON does."""
    assert parse_json_object('{"a":1}') == {"a": 1}
    with pytest.raises(ConnectorError) as caught:
        parse_json_object(text)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert caught.value.data == {"message": text}
    with pytest.raises(ConnectorError) as caught:
        parse_json_object(text, error_payload={"a": 1})
    assert caught.value.data == {"a": 1}


def test_deeply_nested_json_raises_connector_error() -> None:
    """With ``invalid_response``."""
    with pytest.raises(ConnectorError):
        parse_json("[" * 100_000)


def test_value_that_is_not_text_raises_connector_error() -> None:
    """Not a TypeError."""
    with pytest.raises(ConnectorError):
        parse_json(None)  # type: ignore[arg-type]


@given(st.text())
def test_any_text_gives_a_value_or_a_connector_error(text: str) -> None:
    """No other exception is raised."""
    try:
        parse_json_object(text)
    except ConnectorError as error:
        assert error.code is ConnectorErrorCodes.INVALID_RESPONSE  # noqa: PT017 - success is as good
