"""JSON text: what JavaScript reads is read, what it refuses is refused."""

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
def test_json_is_read(text: str, value: object) -> None:
    """Any JSON value may stand at the top (RFC 8259 §2)."""
    assert load_json(text) == parse_json(text) == value


def test_integers_of_any_length_are_read() -> None:
    """An integer longer than Python likes to convert is what it is to JavaScript: infinite."""
    assert load_json("1" + "0" * 5000) == math.inf
    assert load_json("-1" + "0" * 5000) == -math.inf
    assert load_json("1" + "0" * 300) == 10**300


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_no_json_is_refused(text: str) -> None:
    """Python's own extensions to JSON are refused with the rest."""
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is the claim
        load_json(text)
    with pytest.raises(ConnectorError) as caught:
        parse_json(text)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert caught.value.data == {"message": text}


@pytest.mark.parametrize("read", [parse_json, parse_json_object])
def test_code_and_data_of_the_error_can_be_chosen(read: Any) -> None:  # noqa: ANN401 - either function
    """A caller says which error to raise; data that is given stands in place of the text."""
    with pytest.raises(ConnectorError) as caught:
        read("CANARY", ConnectorErrorCodes.INVALID_CONFIG, {"message": "no"})
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
    assert caught.value.data == {"message": "no"}
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("text", ["[]", "1", '"{}"', "null", "true"])
def test_an_object_is_asked_for_and_nothing_else_will_do(text: str) -> None:
    """JSON that is no object fails like text that is no JSON."""
    assert parse_json_object('{"a":1}') == {"a": 1}
    with pytest.raises(ConnectorError) as caught:
        parse_json_object(text)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert caught.value.data == {"message": text}
    with pytest.raises(ConnectorError) as caught:
        parse_json_object(text, error_payload={"a": 1})
    assert caught.value.data == {"a": 1}


def test_json_nested_without_end_is_refused_as_a_connector_error() -> None:
    """An answer made to exhaust the interpreter is only an invalid response."""
    with pytest.raises(ConnectorError):
        parse_json("[" * 100_000)


def test_a_value_that_is_no_text_is_refused_as_a_connector_error() -> None:
    """A mistake of the caller's does not become a foreign exception."""
    with pytest.raises(ConnectorError):
        parse_json(None)  # type: ignore[arg-type]


@given(st.text())
def test_any_text_gives_a_value_or_a_connector_error(text: str) -> None:
    """No text makes it fail in any other way."""
    try:
        parse_json_object(text)
    except ConnectorError as error:
        assert error.code is ConnectorErrorCodes.INVALID_RESPONSE  # noqa: PT017 - success is as good
