"""JSON values as JavaScript prints them. Expected values follow ECMA-262; the docstrings name its sections."""

import json
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit._javascript import (
    WHITE_SPACE,
    is_array_index,
    is_truthy,
    number_to_string,
    stringify,
    to_string,
    trim,
)
from tests.json_values import json_values


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (100, "100"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (123456789012345678901, "123456789012345680000"),
        (1e20, "100000000000000000000"),
        (999999999999999900000.0, "999999999999999900000"),
        (1e21, "1e+21"),
        (-1.5e21, "-1.5e+21"),
        (1.2345e25, "1.2345e+25"),
        (1e-6, "0.000001"),
        (1.5e-6, "0.0000015"),
        (1e-7, "1e-7"),
        (-1.25e-7, "-1.25e-7"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (2**53 + 1, "9007199254740992"),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_printed_like_number_to_string(number: float, text: str) -> None:
    """ECMA-262 §6.1.6.1.20; whole numbers have no fraction."""
    assert number_to_string(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_printed_double_is_parsed_as_the_same_double(number: float) -> None:
    """An exponent is used only from 1e21 on and below 1e-6."""
    text = number_to_string(number)
    assert float(text) == number
    assert ("e" in text) == (number != 0 and not 1e-6 <= abs(number) < 1e21)


@given(st.integers(-(2**53), 2**53))
def test_safe_integers_are_printed_as_their_digits(number: int) -> None:
    """As int or float."""
    assert number_to_string(number) == number_to_string(float(number)) == str(number)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ("a", "a"),
        ({}, "[object Object]"),
        (MappingProxyType({"a": 1}), "[object Object]"),
        ([], ""),
        ([[]], ""),
        ([1, [2, None], {}], "1,2,,[object Object]"),
        ((1, (True, "x")), "1,true,x"),
        ([None], ""),
        ([[], []], ","),
        ([[1, 2], [3, [4, []]]], "1,2,3,4,"),
    ],
)
def test_values_are_printed_like_string(value: object, text: str) -> None:
    """``String(value)``: arrays by Array.prototype.join (§23.1.3.18), objects by their tag."""
    assert to_string(value) == text


def test_value_that_is_not_json_is_printed_by_str() -> None:
    """It does not raise."""
    assert to_string(b"x") == "b'x'"


def test_array_inside_itself_is_printed_as_an_empty_string() -> None:
    """An array that appears twice without a cycle is printed twice."""
    cycle: list[Any] = [1]
    cycle.append([cycle, 2])
    again = [3]
    assert to_string(cycle) == "1,,2"
    assert to_string([again, again]) == "3,3"


def test_arrays_of_any_depth_are_printed() -> None:
    """The interpreter's recursion limit does not apply."""
    deep: list[Any] = [7]
    for _ in range(10_000):
        deep = [deep, 1]
    assert to_string(deep).startswith("7,1,1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1.0, "1"),
        (math.nan, "null"),
        (math.inf, "null"),
        (-math.inf, "null"),
        ([1, [None]], "[1,[null]]"),
        ((), "[]"),
        ({"b": 1, "2": 2, "a": [], "1": {}}, '{"1":{},"2":2,"b":1,"a":[]}'),
        ({"01": 1, "0": 2}, '{"0":2,"01":1}'),
        ({7: "seven", "a": 1}, '{"7":"seven","a":1}'),
        ('"\\/\b\f\n\r\t\v\x7f', '"\\"\\\\/\\b\\f\\n\\r\\t\\u000b\x7f"'),
        ("é\u2028", '"é\u2028"'),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_values_are_serialized_like_json_stringify(value: object, text: str) -> None:
    """§25.5.2: compact, array indices first, lone surrogates escaped."""
    assert stringify(value) == text


def test_value_that_is_not_json_is_serialized_as_its_type() -> None:
    """Its repr could contain a secret."""

    class Vault:
        def __repr__(self) -> str:
            return "CANARY"

    assert stringify({"a": Vault()}) == '{"a":"<Vault>"}'


def test_serializing_a_cycle_raises_recursion_error() -> None:
    """JSON.stringify throws, too."""
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(RecursionError):
        stringify(cycle)


def _as_doubles(value: Any) -> Any:
    match value:
        case bool() | None | str():
            return value
        case int() | float():
            return float(value)
        case list():
            return [_as_doubles(item) for item in value]
        case _:
            return {key: _as_doubles(member) for key, member in value.items()}


@given(json_values)
def test_serialized_json_is_parsed_as_the_same_doubles(value: object) -> None:
    """For any JSON value."""
    assert _as_doubles(json.loads(stringify(value))) == _as_doubles(value)


@pytest.mark.parametrize("value", [True, 1, -1, 0.5, math.inf, "0", "false", " ", [], {}, ()])
def test_truthy_values(value: object) -> None:
    """ToBoolean (§7.1.2): empty arrays and objects are true, and so is any text."""
    assert is_truthy(value)


@pytest.mark.parametrize("value", [None, False, 0, -0.0, math.nan, ""])
def test_falsy_values(value: object) -> None:
    """ToBoolean (§7.1.2): null, false, zero, NaN and empty text."""
    assert not is_truthy(value)


def test_white_space_is_that_of_ecmascript() -> None:
    """WhiteSpace and LineTerminator (§12.2, §12.3): with U+FEFF, U+00A0 and Zs, without U+001C to U+001F."""
    import unicodedata  # noqa: PLC0415 - only here

    space_separators = {chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) == "Zs"}
    assert set(WHITE_SPACE) == space_separators | set("\t\n\v\f\r\u2028\u2029\ufeff")
    assert trim(f"{WHITE_SPACE}a b\x1c{WHITE_SPACE}") == "a b\x1c"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("0", True),
        ("10", True),
        ("4294967294", True),
        ("4294967295", False),
        ("99999999999", False),
        ("01", False),
        ("-1", False),
        ("1.0", False),
        ("", False),
        ("٣", False),
        ("a", False),
    ],
)
def test_array_indices_are_canonical(key: str, expected: object) -> None:
    """An array index (§6.1.7) is a canonical numeric string below 2**32 - 1."""
    assert is_array_index(key) is expected
