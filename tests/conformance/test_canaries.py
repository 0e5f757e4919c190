"""Canaries give a leak away in whatever form it shows, and keep it out of the report."""

import base64

import pytest

from conformance.canaries import Canaries


@pytest.mark.parametrize("before", ["", "a", "ab", "api:", "Bearer "])
@pytest.mark.parametrize("after", ["", "!", "!!", ":password"])
def test_a_secret_in_base64_is_found_and_replaced(before: str, after: str) -> None:
    """Wherever it stands in what was encoded: Basic credentials are a user, a colon and a secret."""
    canaries = Canaries()
    told = base64.b64encode(f"{before}{canaries.make('apiKey')}{after}".encode()).decode()
    assert canaries.found_in(f"Authorization: Basic {told}") == ["apiKey"]
    shown = canaries.redact(told)
    assert "[secret: apiKey]" in shown
    assert canaries.found_in(shown) == []


def test_a_secret_is_found_in_another_case() -> None:
    """Some clients lower what they log."""
    canaries = Canaries()
    assert canaries.found_in(canaries.make("token").lower()) == ["token"]


def test_what_is_no_secret_stays() -> None:
    """A text without canaries is left as it is."""
    canaries = Canaries()
    canaries.make("token")
    assert canaries.found_in("nothing here") == []
    assert canaries.redact("nothing here") == "nothing here"


def test_those_of_earlier_examples_are_forgotten() -> None:
    """Only the oldest are kept, so that a long run does not slow down."""
    canaries = Canaries()
    first, second = canaries.make("first"), canaries.make("second")
    canaries.keep(1)
    assert canaries.count == 1
    assert canaries.found_in(first + second) == ["first"]
