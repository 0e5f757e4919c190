"""The language tags that Logto accepts as keys of a connector's names and descriptions."""

from functools import cache

from connector_kit.schemas import bundle


@cache
def language_tags() -> tuple[str, ...]:
    """Return every tag in its usual spelling, such as ``pt-BR``, sorted.

    The schema `i18n-phrases` has the list. Source: ``languages`` of the npm package ``@logto/language-kit`` 1.4.0, the
    version that ``@logto/connector-kit`` 5.1.1 uses.
    """
    return tuple(bundle("i18n-phrases")["propertyNames"]["anyOf"][0]["enum"])


@cache
def _lower_case_tags() -> frozenset[str]:
    return frozenset(tag.lower() for tag in language_tags())


def is_language_tag(value: object) -> bool:
    """Return whether Logto accepts a value as a language tag, in any mix of upper and lower case.

    It equals ``isLanguageTag`` of ``@logto/language-kit``, which compares with JavaScript's ``toLowerCase``. That agrees
    with `str.lower`: the only character beyond ASCII that both turn into an ASCII letter is the Kelvin sign, U+212A.
    """
    return isinstance(value, str) and value.lower() in _lower_case_tags()
