"""Canaries are found in any form, and are kept out of reports."""

import base64

import pytest

from conformance.harness.canaries import Canaries


@pytest.mark.parametrize("before", ["", "a", "ab", "api:", "Bearer "])
@pytest.mark.parametrize("after", ["", "!", "!!", ":password"])
def test_base64_of_a_canary_is_found_and_replaced(before: str, after: str) -> None:
    """At any position in the encoded text: Basic credentials are a user, a colon and a secret."""
    canaries = Canaries()
    encoded = base64.b64encode(f"{before}{canaries.make('apiKey')}{after}".encode()).decode()
    assert canaries.found_in(f"Authorization: Basic {encoded}") == ["apiKey"]
    shown = canaries.redact(encoded)
    assert "[secret: apiKey]" in shown
    assert canaries.found_in(shown) == []


def test_canary_is_found_in_lower_case() -> None:
    """Some clients log in lower case."""
    canaries = Canaries()
    assert canaries.found_in(canaries.make("token").lower()) == ["token"]


def test_text_without_canaries_is_unchanged() -> None:
    """Redaction replaces canaries only."""
    canaries = Canaries()
    canaries.make("token")
    assert canaries.found_in("plain text") == []
    assert canaries.redact("plain text") == "plain text"


def test_canaries_of_earlier_examples_are_not_searched_for() -> None:
    """Only those before the baseline belong to every example; the others are still redacted."""
    canaries = Canaries()
    first = canaries.make("first")
    canaries.set_baseline()
    second = canaries.make("second")
    canaries.drop_newer()
    assert canaries.found_in(first + second) == ["first"]
    assert canaries.redact(f"{first} {second.lower()}") == "[secret: first] [secret: second]"


def test_adjacent_canaries_are_replaced_one_by_one() -> None:
    """Each has its own name in the result."""
    canaries = Canaries()
    one, other = canaries.make("one"), canaries.make("other")
    assert canaries.redact(f"<{one}{other}>") == "<[secret: one][secret: other]>"


def test_long_text_without_canaries_is_unchanged() -> None:
    """A long run of letters, or a part of a canary, is not a canary."""
    canaries = Canaries()
    secret = canaries.make("it")
    text = f"{'A' * 100} {secret[:-1]} {'x' * 31}"
    assert (canaries.redact(text), canaries.found_in(text)) == (text, [])
