"""Messages show the values that a check expected and found, at a length that a person can read."""

import pytest

from conformance.harness.values import difference, read_back, show, show_type
from conformance.verdicts import CheckFailure


class _Raises:
    def __repr__(self) -> str:
        raise RuntimeError


def test_long_value_is_cut() -> None:
    """Two hundred characters are shown."""
    assert show("short") == "'short'"
    assert show("x" * 1_000) == f"'{'x' * 199}…"


def test_value_whose_repr_raises_is_shown_by_its_class() -> None:
    """Python refuses to print very long integers; a connector's own class may raise anything."""
    assert show(_Raises()) == "an object of type _Raises (its repr raises RuntimeError)"
    assert show(10**5_000) == "an object of type int (its repr raises ValueError)"


def test_type_is_shown_with_its_length_and_without_the_value() -> None:
    """For values that may be secret."""
    values: list[object] = ["secret", ["secret"], {"key": "secret"}, None, 1, set()]
    assert [show_type(value) for value in values] == [
        "a string of 6 characters",
        "an array of 1 items",
        "an object of 1 keys",
        "null",
        "a number",
        "a Python set",
    ]


def test_difference_shows_short_values_whole() -> None:
    """There is nothing to cut."""
    assert difference("the body", "a", "b") == "expected the body 'a', found 'b'"
    assert difference("the type", "Email", None) == "expected the type 'Email', found None"


def test_difference_shows_long_values_from_shortly_before_they_differ() -> None:
    """A thousand characters that are the same would hide the one that is not."""
    same = "x" * 40
    message = difference("the body", "x" * 1_000 + "a", "x" * 1_000 + "b" * 300)
    assert message == f"expected the body …{same}a', found …{same}{'b' * 160}…"
    assert difference("the body", "x" * 300, None) == f"expected the body '{'x' * 199}…, found None"


def test_read_back_returns_what_json_keeps() -> None:
    """Keys become strings."""
    assert read_back("the metadata", {1: (None,)}) == {"1": [None]}


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), float("inf")])
def test_value_that_json_cannot_hold_is_a_failure(value: object) -> None:
    """The message names the value and the reason."""
    with pytest.raises(CheckFailure, match="expected the metadata to be JSON, found a value that JSON cannot hold: "):
        read_back("the metadata", value)
