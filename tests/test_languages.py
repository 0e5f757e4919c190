"""The language tags that Logto takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import LANGUAGE_TAGS, i18n_phrases_guard, is_language_tag


def test_the_tags_are_sorted_and_each_stands_once() -> None:
    """A list that people read and change stays in order and without doubles."""
    assert list(LANGUAGE_TAGS) == sorted(set(LANGUAGE_TAGS))


@pytest.mark.parametrize("tag", ["en", "es", "pt-BR", "zh-CN", "zh-HK", "ko", "tr-TR", "es-419"])
def test_tags_of_logtos_own_languages_are_known(tag: str) -> None:
    """The languages of Logto's interface are among them."""
    assert tag in LANGUAGE_TAGS
    assert is_language_tag(tag)


@given(st.data())
def test_case_does_not_matter(data: st.DataObject) -> None:
    """Any tag passes in any mix of upper and lower case."""
    tag = data.draw(st.sampled_from(LANGUAGE_TAGS))
    mixed = "".join(data.draw(st.sampled_from((letter.lower(), letter.upper()))) for letter in tag)
    assert is_language_tag(mixed)


@pytest.mark.parametrize(
    "value", ["", "xx", "en_US", "en ", "en-", "english", "\u2147n", None, 1, ["en"], {"en": 1}, b"en"]
)
def test_anything_else_is_no_tag(value: Any) -> None:  # noqa: ANN401 - any value
    """Other texts and values that are no text are refused, never an error."""
    assert not is_language_tag(value)


@given(st.text(max_size=6) | st.sampled_from(LANGUAGE_TAGS).map(str.swapcase))
def test_the_guard_of_phrases_knows_the_same_tags(key: str) -> None:
    """The schema spells the list out for other validators; both must agree on every key."""
    assert i18n_phrases_guard.is_valid({"en": "a", key: "b"}) == is_language_tag(key)


def test_the_kelvin_sign_passes_for_k() -> None:
    """JavaScript's ``toLowerCase`` turns U+212A into ``k``, and so it must pass here."""
    assert is_language_tag("\u212ao")
    assert i18n_phrases_guard.is_valid({"en": "a", "\u212ao": "b"})
