"""What JavaScript prints for a JSON value; expected values are those of ECMA-262, sections named beside them."""

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
def test_numbers_print_as_number_to_string_lays_them_out(number: float, text: str) -> None:
    """Numbers print by the layout rules of ECMA-262 §6.1.6.1.20, whole doubles without a fraction."""
    assert number_to_string(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_double_reads_back_as_itself(number: float) -> None:
    """The digits are those that round-trip, and an exponent stands only from 1e21 on and below 1e-6."""
    text = number_to_string(number)
    assert float(text) == number
    assert ("e" in text) == (number != 0 and not 1e-6 <= abs(number) < 1e21)


@given(st.integers(-(2**53), 2**53))
def test_safe_integers_print_as_their_digits(number: int) -> None:
    """An integer that a double holds exactly prints as itself, given as int or as float."""
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
def test_values_print_as_string_does(value: object, text: str) -> None:
    """Values print as ``String(value)``: arrays by Array.prototype.join (§23.1.3.18), objects as their tag."""
    assert to_string(value) == text


def test_a_value_that_is_no_json_prints_as_python_prints_it() -> None:
    """What JSON has no form for is still printed rather than refused."""
    assert to_string(b"x") == "b'x'"


def test_an_array_that_holds_itself_prints_nothing_in_its_place() -> None:
    """A cycle ends where an engine ends it: the inner occurrence is the empty string; a mere repetition prints."""
    cycle: list[Any] = [1]
    cycle.append([cycle, 2])
    again = [3]
    assert to_string(cycle) == "1,,2"
    assert to_string([again, again]) == "3,3"


def test_arrays_of_any_depth_print() -> None:
    """Depth is no reason to fail: the interpreter's recursion limit does not matter."""
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
def test_values_serialize_as_json_stringify_does(value: object, text: str) -> None:
    """JSON.stringify (§25.5.2): compact, array indices first, numbers as JavaScript's, lone surrogates escaped."""
    assert stringify(value) == text


def test_what_json_has_no_form_for_prints_as_its_type_alone() -> None:
    """A foreign object could hold a secret in its repr, so only its type is named."""

    class Vault:
        def __repr__(self) -> str:
            return "CANARY"

    assert stringify({"a": Vault()}) == '{"a":"<Vault>"}'


def test_a_value_that_holds_itself_cannot_be_serialized() -> None:
    """JSON.stringify throws on a cycle; here that is a RecursionError."""
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(RecursionError):
        stringify(cycle)


def _as_doubles(value: Any) -> Any:  # noqa: ANN401 - any JSON value
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
def test_serialized_json_reads_back_as_the_same_doubles(value: object) -> None:
    """Any JSON value survives, as far as doubles hold its numbers."""
    assert _as_doubles(json.loads(stringify(value))) == _as_doubles(value)


@pytest.mark.parametrize("value", [True, 1, -1, 0.5, math.inf, "0", "false", " ", [], {}, ()])
def test_truthy_values(value: object) -> None:
    """ToBoolean (§7.1.2): empty arrays and objects are true, and so is any text."""
    assert is_truthy(value)


@pytest.mark.parametrize("value", [None, False, 0, -0.0, math.nan, ""])
def test_falsy_values(value: object) -> None:
    """ToBoolean (§7.1.2): null, false, zero, NaN and the empty text are false, and nothing else."""
    assert not is_truthy(value)


def test_white_space_is_that_of_ecmascript() -> None:
    """WhiteSpace and LineTerminator (§12.2, §12.3): with U+FEFF, U+00A0 and all of Zs, without U+001C to U+001F."""
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
