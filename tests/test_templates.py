"""Choosing a template by usage type, and rendering it: the rules of the contract."""

import re
import subprocess
import sys
import tracemalloc
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Guard,
    SmsTemplate,
    Template,
    TemplateType,
    bundle,
    get_config_template_by_type,
    get_value,
    replace_send_message_handlebars,
)
from connector_kit._javascript import WHITE_SPACE
from connector_kit.templates import LONGEST_TEXT
from tests.json_values import json_values

render = replace_send_message_handlebars


@frozen
class Config:
    """A config with templates only."""

    templates: tuple[Any, ...]


GENERIC = Template("Generic", "Generic", "1")
SIGN_IN = Template("SignIn", "SignIn", "2")
SIGN_IN_AGAIN = Template("SignIn", "SignIn", "3")


@pytest.mark.parametrize(
    ("templates", "kind", "expected"),
    [
        ((GENERIC, SIGN_IN, SIGN_IN_AGAIN), TemplateType.SIGN_IN, SIGN_IN),
        ((GENERIC, SIGN_IN_AGAIN, SIGN_IN), "SignIn", SIGN_IN_AGAIN),
        ((SIGN_IN, GENERIC), "Register", GENERIC),
        ((SIGN_IN, GENERIC), "signin", GENERIC),
        ((SIGN_IN, GENERIC), "SignIn ", GENERIC),
        ((SIGN_IN,), "Register", None),
        ((), "Generic", None),
    ],
)
def test_first_exact_usage_type_is_selected_then_first_generic(templates: Any, kind: str, expected: Any) -> None:
    """Else ``None``."""
    assert get_config_template_by_type(kind, Config(templates)) is expected


def test_templates_of_text_messages_have_no_subject() -> None:
    """Their class holds what their schema accepts, and is selected in the same way."""
    template: Guard[SmsTemplate] = Guard("sms-template", SmsTemplate)
    assert template.validate({"usageType": "SignIn", "content": "{{code}}"}) == SmsTemplate("SignIn", "{{code}}")
    assert not template.is_valid({"usageType": "SignIn"})
    assert Guard(bundle("sms-template"), SmsTemplate).schema == template.schema
    chosen = get_config_template_by_type("SignIn", Config((GENERIC, SmsTemplate("SignIn", "2"))))
    assert chosen == SmsTemplate("SignIn", "2")


def test_templates_of_json_configs_are_selected() -> None:
    """The result is the JSON of the template."""
    generic, custom = {"usageType": "Generic"}, {"usageType": "Custom"}
    config = {"templates": [generic, custom]}
    assert get_config_template_by_type("Custom", config) is custom
    assert get_config_template_by_type("SignIn", config) is generic
    for bare in ({}, {"templates": None}, object()):
        assert get_config_template_by_type("SignIn", bare) is None


@pytest.mark.parametrize(
    ("template", "payload", "expected"),
    [
        ("{{code}}", {"code": "1"}, "1"),
        ("{{ code }} {{code }} {{\n\tcode}}", {"code": "1"}, "1 1 1"),
        ("{{\ufeff\u00a0code\u2028}}", {"code": "1"}, "1"),
        ("{{\x1ccode\x1f}}", {"code": "1"}, "{{\x1ccode\x1f}}"),
        ("{{\x85code}}", {"code": "1"}, "{{\x85code}}"),
        ("{{ á }}{{٣}}{{a-b}}{{a b}}", {"á": "1", "٣": "1", "a-b": "1"}, "{{ á }}{{٣}}{{a-b}}{{a b}}"),
        ("{{a_1}}", {"a_1": "x"}, "x"),
        ("{{}}{{ }}{code}{{code}", {"code": "1"}, "{{}}{{ }}{code}{{code}"),
        ("{{missing}} {{missing.part}}", {"code": "1"}, "{{missing}} {{missing.part}}"),
        ("<{{user.name}}|{{user.name.first}}>", {"user": {}}, "<|>"),
        ("{{user.name}}", {"user": {"name": "Ana"}}, "Ana"),
        ("<{{user.name}}>", {"user": None}, "<>"),
        ("{{.code}}{{.}}{{..}}", {"code": "1", "": {"code": "2"}}, "{{.code}}{{.}}{{..}}"),
        ("<{{code.}}>", {"code": "1"}, "<>"),
        ("<{{user.}}>", {"user": {"": "x"}}, "<x>"),
        ("{{a}} {{b}}", {"a": True, "b": False}, "true false"),
        ("{{a}}", {"a": 1.0}, "1"),
        ("{{a}}", {"a": 1e21}, "1e+21"),
        ("{{a}}", {"a": 1e-7}, "1e-7"),
        ("{{a}}", {"a": 123456789012345678901}, "123456789012345680000"),
        ("{{a}}", {"a": -0.0}, "0"),
        ("<{{a}}>", {"a": None}, "<>"),
        ("{{a}}", {"a": [1, [2, None], {}]}, "1,2,,[object Object]"),
        ("{{a}}", {"a": {}}, "[object Object]"),
        ("{{a.0}}<{{a.01}}><{{a.2}}><{{a.-1}}>", {"a": ["x", "y"]}, "x<><>" + "<{{a.-1}}>"),
        ("{{a.length}}", {"a": ["x", "y"]}, "2"),
        ("<{{a.length}}>", {"a": "text"}, "<>"),
        ("{{a.length}}", {"a": {"length": "own"}}, "own"),
        ("{{{a}}}", {"a": 1}, "{1}"),
        ("{{{{a}}}}", {"a": 1}, "{{1}}"),
        ("{{a}}", {"a": "{{b}}", "b": "no"}, "{{b}}"),
        ("{{a}}{{b}}", {"a": "{{", "b": "a}}"}, "{{a}}"),
        ("{{a}}", {"a": r"$& $1 \1 \g<0> $$"}, r"$& $1 \1 \g<0> $$"),
        ("{{a}}", {"a": "<b>&amp;</b>"}, "<b>&amp;</b>"),
        ("", {"a": 1}, ""),
    ],
)
def test_template_is_rendered_by_the_rules_of_the_contract(
    template: str, payload: dict[str, Any], expected: str
) -> None:
    """Each case is one rule."""
    assert render(template, payload) == expected


@pytest.mark.parametrize(
    "name", ["toString", "constructor", "__proto__", "hasOwnProperty", "constructor.name", "__class__", "keys", "get"]
)
def test_r1_names_of_prototypes_are_ordinary_names(name: str) -> None:
    """Deviation R1: a name that is not in the payload stays unchanged."""
    assert render(f"{{{{{name}}}}}", {"code": "1"}) == f"{{{{{name}}}}}"
    assert render(f"<{{{{code.{name}}}}}>", {"code": {"a": []}}) == "<>"
    assert render(f"{{{{{name.partition('.')[0]}}}}}", {name.partition(".")[0]: "own"}) == "own"


@given(st.text(st.characters(exclude_characters="{}")), json_values)
def test_text_without_placeholders_stays_unchanged(text: str, value: object) -> None:
    """For any text and payload."""
    assert render(text, {"code": value}) == text


@given(st.text(), st.text(alphabet=WHITE_SPACE, max_size=3), st.text(alphabet=WHITE_SPACE, max_size=3))
def test_value_is_inserted_unchanged(value: str, before: str, after: str) -> None:
    """Also if it contains a placeholder, and with any white space inside the braces."""
    assert render(f"<{{{{{before}code{after}}}}}>", {"code": value, "a": "no"}) == f"<{value}>"


@given(st.text(alphabet="{}ab. \t\x1c"), st.dictionaries(st.sampled_from(["a", "b", "ab"]), json_values))
def test_only_placeholders_with_known_names_change(template: str, payload: dict[str, Any]) -> None:
    """Other text stays unchanged, by the pattern of the contract."""
    pattern = re.compile(r"\{\{[ \t]*([A-Za-z0-9_.]+)[ \t]*\}\}")
    if not any(match[1].partition(".")[0] in payload for match in pattern.finditer(template)):
        assert render(template, payload) == template


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b": [10, {"c": None}]}),
        ("a.b.0", 10),
        ("a.b.1.c", None),
        ("a.b.length", 2),
        ("a.b.00", None),
        ("a.b.9", None),
        ("a.b.4294967295", None),
        ("a.x.y", None),
        ("a.b.0.c", None),
        ("", None),
        ("x", None),
    ],
)
def test_path_selects_members_indices_and_length(path: str, expected: object) -> None:
    """Any other path gives ``None``."""
    assert get_value({"a": {"b": [10, {"c": None}]}}, path) == expected


@pytest.mark.parametrize(
    ("template", "value", "length"),
    [
        ("{{a}}", "x" * LONGEST_TEXT, LONGEST_TEXT),
        ("{{a}}.", "x" * LONGEST_TEXT, LONGEST_TEXT + 1),
        (".{{a}}", "x" * LONGEST_TEXT, LONGEST_TEXT + 1),
        ("{{a}}{{a}}", "x" * (LONGEST_TEXT // 2), LONGEST_TEXT),
        ("{{a}}{{a}}x", "x" * (LONGEST_TEXT // 2), LONGEST_TEXT + 1),
        ("x" * LONGEST_TEXT, "", LONGEST_TEXT),
        ("x" * (LONGEST_TEXT + 1), "", LONGEST_TEXT + 1),
        ("{{a}}" + "x" * LONGEST_TEXT, "", LONGEST_TEXT),
        ("x" * LONGEST_TEXT + "{{a}}", "", LONGEST_TEXT),
        ("{{a}}" * (LONGEST_TEXT // 5 + 1), "12345", 5 * (LONGEST_TEXT // 5 + 1)),
        ("{{a}}", ["x" * (LONGEST_TEXT // 2)] * 2, LONGEST_TEXT + 1),
        ("{{a}}", [[["x" * 99]]] * (LONGEST_TEXT // 100), LONGEST_TEXT // 100 * 100 - 1),
        ("{{a}}" * 500_000, {}, 15 * 500_000),
    ],
    ids=range(13),
)
def test_r13_rendered_text_has_at_most_2_mebi_characters(template: str, value: Any, length: int) -> None:
    """The limit is for the rendered text: a longer template may give a short text."""
    if length <= LONGEST_TEXT:
        assert len(render(template, {"a": value})) == length
        return
    with pytest.raises(ConnectorError) as caught:
        render(template, {"a": value})
    assert caught.value.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert caught.value.data == {
        "message": "The rendered text would be longer than 2,097,152 characters: "
        "shorten the template, or the values in its placeholders."
    }


@pytest.mark.parametrize("value", ["x" * 100_000, ["x" * 50_000, [["y" * 50_000]]]], ids=["text", "list"])
def test_r13_text_beyond_the_limit_is_not_built(value: Any) -> None:
    """50 kB of template and 100 kB of values would give a gigabyte. The parts of the template need a megabyte and a half."""
    tracemalloc.start()
    try:
        with pytest.raises(ConnectorError):
            render("{{a}}" * 10_000, {"a": value})
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_value_in_many_placeholders_is_printed_once() -> None:
    """Printing a value of many nested empty lists takes long, and its text counts little towards the limit."""

    class Printed:
        count = 0

        def __str__(self) -> str:
            Printed.count += 1
            return "1"

    assert render("{{a}}{{b.0}}{{ a }}" * 100, {"a": Printed(), "b": [Printed()]}) == "111" * 100
    assert Printed.count == 2


def test_repr_of_a_template_shows_no_content() -> None:
    """Nor a subject: a template may contain anything."""
    assert "CANARY" not in repr(Template("SignIn", "CANARY", "CANARY"))
    assert "CANARY" not in repr(SmsTemplate("SignIn", "CANARY"))


HOSTILE = """
from connector_kit import get_value, replace_send_message_handlebars as render
size = 250_000
for template in (
    "{" * 4 * size, "{{" * 2 * size, "{{{{" * size, "{{ " * size, "{{a" * size, "{{a.b " * size,
    "{{" + " " * 4 * size, "{{" + "a" * 4 * size, "{{" + "a" * size + " " * size + "}",
    ("{{" + " " * 500) * 500, ("{{ " + "a" * 500) * 500, "{{a}" * size, "}}" * size,
):
    assert render(template, {"b": 1}) == template
assert render("{{a}}" * size, {"a": "x"}) == "x" * size
assert render("{{" + "a." * size + "a}}", {"a": {}}) == ""
assert get_value({"a": {}}, "a" + ".a" * size) is None
"""


def test_rendering_takes_linear_time() -> None:
    """For templates that would make a backtracking pattern quadratic."""
    subprocess.run([sys.executable, "-c", HOSTILE], check=True, timeout=60)
