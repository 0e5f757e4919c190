"""Every export of the official kit has a Python counterpart, named by rule."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

import attrs

import connector_kit
from connector_kit import Guard, is_language_tag, language_tags, url_reg_ex
from tests.interop.cases.names import CONSTANTS, LANGUAGES, NAMES, URLS
from tests.interop.recording import Official


def python_name(name: str) -> str:
    """Return the Python name of an official export: classes and enums keep theirs, everything else is in snake_case."""
    return name if name[0].isupper() else re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _upper_case(member: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", member).upper()


def _plain(value: object) -> Any:
    if isinstance(value, type):
        members = {name: _plain(getattr(value, name)) for name in vars(value) if not name.startswith("_")}
        return {_camel(name): member for name, member in members.items() if not isinstance(member, Guard)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if attrs.has(type(value)):
        return {_camel(it.name): getattr(value, it.name) for it in attrs.fields(cast("Any", type(value)))}
    return dict(value) if isinstance(value, Mapping) else value


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def test_every_official_export_is_there(official: Official) -> None:
    """No export of ``@logto/connector-kit`` is missing from ``connector_kit.__all__``."""
    (names,) = official.answers(NAMES).full
    assert len(names) == 48
    assert [name for name in names if python_name(name) not in connector_kit.__all__] == []


def test_official_guards_are_guards(official: Official) -> None:
    """Every official guard is a `Guard` here."""
    (names,) = official.answers(NAMES).full
    guards = [name for name in names if name.endswith("Guard")]
    assert len(guards) == 18
    assert all(isinstance(getattr(connector_kit, python_name(name)), Guard) for name in guards)


def test_enums_and_constants_equal_the_official_ones(official: Official) -> None:
    """Every enum has exactly the official members and values, every constant the official value."""
    (constants,) = official.answers(CONSTANTS).full
    for name, value in constants.items():
        ours = getattr(connector_kit, python_name(name))
        if isinstance(ours, type) and issubclass(ours, Enum):
            assert {member.name: member.value for member in ours} == {_upper_case(key): it for key, it in value.items()}
        else:
            assert _plain(ours) == value, name
    assert len(constants) >= 14


def test_the_language_tags_are_those_of_logto(official: Official) -> None:
    """The language tags are those of ``@logto/language-kit``, in any letter case."""
    (tags,) = official.answers(LANGUAGES).full
    assert sorted(language_tags()) == sorted(tags)
    assert all(map(is_language_tag, (*tags, *map(str.lower, tags), *map(str.upper, tags))))


def test_urls_are_found_as_upstream(official: Official) -> None:
    """``url_reg_ex.search`` finds a URL in exactly the texts in which ``urlRegEx`` does."""
    answers = official.answers(URLS)
    ours = [url_reg_ex.search(case["value"]) is not None for case in answers.cases]
    assert [answers.report(index, ours[index]) for index in answers.differences(ours)] == []
    assert min(ours.count(True), ours.count(False)) > 500
