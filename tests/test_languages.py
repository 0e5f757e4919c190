"""The language tags that Logto accepts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import i18n_phrases_guard, is_language_tag, language_tags


def test_tags_are_sorted_and_unique() -> None:
    """In the list of the module."""
    assert list(language_tags()) == sorted(set(language_tags()))


@pytest.mark.parametrize("tag", ["en", "es", "pt-BR", "zh-CN", "zh-HK", "ko", "tr-TR", "es-419"])
def test_languages_of_logtos_interface_are_accepted(tag: str) -> None:
    """For example ``pt-BR``."""
    assert tag in language_tags()
    assert is_language_tag(tag)


@given(st.data())
def test_upper_and_lower_case_are_equal(data: st.DataObject) -> None:
    """For every tag."""
    tag = data.draw(st.sampled_from(language_tags()))
    mixed = "".join(data.draw(st.sampled_from((letter.lower(), letter.upper()))) for letter in tag)
    assert is_language_tag(mixed)


@pytest.mark.parametrize(
    "value", ["", "xx", "en_US", "en ", "en-", "english", "\u2147n", None, 1, ["en"], {"en": 1}, b"en"]
)
def test_other_values_are_rejected(value: Any) -> None:
    """Other texts and values of other types, without an exception."""
    assert not is_language_tag(value)


@given(st.text(max_size=6) | st.sampled_from(language_tags()).map(str.swapcase))
def test_guard_of_phrases_accepts_the_same_tags(key: str) -> None:
    """The schema has its own list for other validators."""
    assert i18n_phrases_guard.is_valid({"en": "a", key: "b"}) == is_language_tag(key)


def test_kelvin_sign_equals_k() -> None:
    """As in JavaScript, where ``toLowerCase`` converts U+212A to ``k``."""
    assert is_language_tag("\u212ao")
    assert i18n_phrases_guard.is_valid({"en": "a", "\u212ao": "b"})
