"""Rendering, dotted paths and routing equal those of the official kit."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from connector_kit import (
    get_config_template_by_type,
    get_value,
    load_json,
    replace_send_message_handlebars,
)
from tests.interop.cases.rendering import NUMBERS, PROTOTYPES, RENDERINGS, ROUTES, SPACES, VALUES
from tests.interop.recording import Answers, CaseSet, Official

_LISTED_IN_FULL = 5


def _unexpected(answers: Answers, ours: list[Any], expected: set[int]) -> str:
    wrong = [index for index in answers.differences(ours) if index not in expected]
    return "\n".join(answers.report(index, ours[index]) for index in wrong[:_LISTED_IN_FULL])


class Prototypes:
    """The names that JavaScript finds on the prototypes of objects and arrays."""

    def __init__(self, official: Official) -> None:
        (names,) = official.answers(PROTOTYPES).full
        self._of_object = frozenset(names["object"])
        self._of_array = frozenset(names["array"]) | self._of_object

    def holds(self, container: object, name: str) -> bool:
        """Return whether JavaScript would find a name on the container's prototype, because the container lacks it."""
        if isinstance(container, Mapping):
            return name not in container and name in self._of_object
        return isinstance(container, list) and name in self._of_array

    def reached_by(self, value: object, path: str) -> bool:
        """Return whether following a dotted path would reach a prototype."""
        for part in path.split("."):
            if self.holds(value, part):
                return True
            if isinstance(value, Mapping) and part in value:
                value = value[part]
            elif isinstance(value, list) and re.fullmatch(r"0|[1-9][0-9]*", part, re.ASCII) and int(part) < len(value):
                value = value[int(part)]
            else:
                return False
        return False


def _overrides_to_string(value: object) -> bool:
    """Return whether a printed value has data called ``toString``, which makes JavaScript throw."""
    if isinstance(value, list):
        return any(map(_overrides_to_string, value))
    return isinstance(value, Mapping) and "toString" in value


@pytest.fixture(scope="session")
def prototypes(official: Official) -> Prototypes:
    """The names on JavaScript's prototypes, as Node lists them."""
    return Prototypes(official)


_PLACEHOLDER = re.compile(r"\{\{[^A-Za-z0-9_.{}]*([A-Za-z0-9_.]+)[^A-Za-z0-9_.{}]*\}\}")


def _falls_under_r1(case: Mapping[str, Any], prototypes: Prototypes) -> bool:
    payload = load_json(case["payload"])
    paths = _PLACEHOLDER.findall(case["template"])
    return any(prototypes.reached_by(payload, it) or _overrides_to_string(get_value(payload, it)) for it in paths)


@pytest.mark.parametrize("case_set", [RENDERINGS, SPACES, NUMBERS], ids=lambda it: it.name)
def test_templates_render_as_upstream(case_set: CaseSet, official: Official, prototypes: Prototypes) -> None:
    """Every template renders to the official text, unless upstream reaches a prototype (deviation R1)."""
    answers = official.answers(case_set)
    ours = [replace_send_message_handlebars(it["template"], load_json(it["payload"])) for it in answers.cases]
    deviating = {index for index, it in enumerate(answers.cases) if _falls_under_r1(it, prototypes)}
    assert _unexpected(answers, ours, deviating) == ""
    assert len(deviating) < len(ours) / 4


def test_r1_inherited_names_are_not_looked_up(official: Official, prototypes: Prototypes) -> None:
    """R1: upstream prints members of a prototype; the kit only uses members of the payload."""
    answers = official.answers(RENDERINGS)
    ours = [replace_send_message_handlebars(it["template"], load_json(it["payload"])) for it in answers.cases]
    differing = answers.differences(ours)
    assert len(differing) > 50
    for index in differing:
        assert "native code" not in ours[index]
        assert "function" not in ours[index]
    assert replace_send_message_handlebars("{{toString}} {{ constructor }} {{__proto__}}", {}) == (
        "{{toString}} {{ constructor }} {{__proto__}}"
    )
    assert replace_send_message_handlebars("{{a.toString}}{{l.map}}", {"a": {}, "l": []}) == ""
    assert replace_send_message_handlebars("{{a}}", {"a": {"toString": "x"}}) == "[object Object]"
    assert prototypes.reached_by({}, "toString")
    assert not prototypes.reached_by({"toString": 1}, "toString")


def test_get_value_equals_upstream(official: Official, prototypes: Prototypes) -> None:
    """``get_value`` returns the official value, ``None`` for undefined, unless a prototype is reached (R1)."""
    answers = official.answers(VALUES)
    objects = [load_json(it["object"]) for it in answers.cases]
    ours = [get_value(value, it["path"]) for value, it in zip(objects, answers.cases, strict=True)]
    deviating = {
        index
        for index, (value, it) in enumerate(zip(objects, answers.cases, strict=True))
        if prototypes.reached_by(value, it["path"])
    }
    assert _unexpected(answers, ours, deviating) == ""
    assert sum(value is not None for value in ours) > 500
    assert [ours[index] for index in deviating] == [None] * len(deviating)


def test_template_selection_equals_upstream(official: Official) -> None:
    """``get_config_template_by_type`` returns the same template as upstream, or ``None`` where upstream returns none."""
    answers = official.answers(ROUTES)
    ours = [get_config_template_by_type(it["type"], load_json(it["config"])) for it in answers.cases]
    assert _unexpected(answers, ours, set()) == ""
    assert {None} < {
        template and template["usageType"]
        for template in ours
        if template is None or isinstance(template.get("usageType"), str)
    }
