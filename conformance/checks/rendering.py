"""Rendering: how placeholders in a template are replaced, exactly as by Logto's own connectors."""

from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st

from conformance.harness.expectations import expect_equal, expect_one_call
from conformance.harness.harness import Harness
from conformance.harness.strategies import codes, json_values, letters, line, text
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import replace_send_message_handlebars, strip_header_control_chars

Json = Any

_NEEDS = ("config-templates",)


def _config_with(harness: Harness, **texts: str) -> dict[str, Json]:
    """Return the config with these texts in each of its templates; texts that templates do not have are left out."""
    templates = harness.config["templates"]
    changes = {key: text for key, text in texts.items() if key in templates[0]}
    return {**harness.config, "templates": [{**it, **changes} for it in templates]}


def _expect_rendering(
    harness: Harness, template: str, payload: Json, message: Json, expected: str | None = None
) -> None:
    """Send a message with a template as its subject and content, and expect a text; by default the official one."""
    wanted = replace_send_message_handlebars(template, payload) if expected is None else expected
    config = _config_with(harness, subject=template, content=template)
    try:
        call = harness.deliver({**message, "payload": payload}, config)
    except CheckFailure:
        assume(harness.accepts(config))  # a schema may limit the length of texts
        raise
    expect_equal(f"the template {template!r} to give the body", wanted, call.body)
    if "subject" in config["templates"][0]:
        # A subject is a header field: a connector may strip control characters.
        subject, found = strip_header_control_chars(wanted), strip_header_control_chars(call.subject or "")
        expect_equal(f"the template {template!r} to give the subject", subject, found)


@check("rendering.replaces-placeholders", clause="T9", needs=_NEEDS, covers=("placeholder",))
def replaces_placeholders(harness: Harness) -> None:
    """Each placeholder in the subject and content is replaced by its value, also if it occurs several times."""

    def verify(before: str, between: str, after: str, code: str, message: Json) -> None:
        template = f"{before}{{{{code}}}}{between}{{{{code}}}}{after}"
        _expect_rendering(harness, template, {"code": code}, message, f"{before}{code}{between}{code}{after}")
        harness.coverage.add("placeholder")

    harness.for_all(verify, line, line, line, codes, harness.messages())


@check("rendering.whitespace", clause="T9", needs=_NEEDS, covers=("white space",))
def whitespace(harness: Harness) -> None:
    """A placeholder is replaced with or without white space inside its braces."""

    def verify(left: str, right: str, code: str, message: Json) -> None:
        _expect_rendering(harness, f"{{{{{left}code{right}}}}}", {"code": code}, message, code)
        harness.coverage.add("white space")

    spaces = st.text(st.sampled_from(" \u00a0\u3000\ufeff"), max_size=3)
    harness.for_each(verify, (" ", "\u00a0", "\ufeff", ""), spaces, codes, harness.messages())


@check("rendering.unknown-placeholder", clause="T10", needs=_NEEDS, covers=("unknown name",))
def unknown_placeholder(harness: Harness) -> None:
    """A placeholder stays unchanged if the payload does not have its name."""

    def verify(name: str, message: Json) -> None:
        template = f"a {{{{ {name} }}}} b"
        _expect_rendering(harness, template, {"code": "123456"}, message, template)
        harness.coverage.add("unknown name")

    harness.for_each(verify, ("Code", "codes", "cod", ".code", "é", "٣"), harness.messages())
    harness.for_all(verify, letters.map(lambda it: f"no_{it}"), harness.messages())


@check(
    "rendering.no-prototype-access",
    clause="R1",
    level="advisory",
    needs=_NEEDS,
    covers=("property of JavaScript objects",),
)
def no_prototype_access(harness: Harness) -> None:
    """A placeholder with the name of a JavaScript object property, such as toString, stays unchanged."""

    def verify(name: str, message: Json) -> None:
        _expect_rendering(harness, f"{{{{{name}}}}}", {"code": "1"}, message, f"{{{{{name}}}}}")
        harness.coverage.add("property of JavaScript objects")

    harness.for_each(verify, ("toString", "constructor", "__proto__", "valueOf"), harness.messages())


@check("rendering.nested", clause="T11", needs=_NEEDS, covers=("existing member", "missing member"))
def nested(harness: Harness) -> None:
    """A dotted name is replaced by a member of a value, and by the empty string if there is no such member."""

    def verify(kind: str, root: str, part: str, value: str, message: Json) -> None:
        members, expected = ({part: value}, value) if kind == "existing member" else ({}, "")
        _expect_rendering(harness, f"[{{{{{root}.{part}}}}}]", {root: members}, message, f"[{expected}]")
        harness.coverage.add(kind)

    harness.for_each(verify, ("existing member", "missing member"), letters, letters, line, harness.messages())


@check("rendering.single-pass", clause="T12", needs=_NEEDS, covers=("placeholder in a value",))
def single_pass(harness: Harness) -> None:
    """A placeholder inside a value is not replaced: users can choose values."""

    def verify(name: str, code: str, message: Json) -> None:
        value = f"{{{{{name}}}}}"
        payload = {"code": code, "name": value}
        _expect_rendering(harness, "{{name}} {{code}}", payload, message, f"{value} {code}")
        harness.coverage.add("placeholder in a value")

    harness.for_each(verify, ("code", "name", " code "), codes, harness.messages())


@check("rendering.literal-values", clause="T12", needs=_NEEDS, covers=("special characters",))
def literal_values(harness: Harness) -> None:
    r"""A value is inserted unchanged, without escaping: ``$&``, ``\1`` and ``<b>`` have no special meaning."""

    def verify(special: str, message: Json) -> None:
        _expect_rendering(harness, "a{{name}}b", {"name": special}, message, f"a{special}b")
        harness.coverage.add("special characters")

    specials = ("$&", "$1", "$$", r"\1", r"\g<0>", "%s", "{0}", "<b>&amp;</b>", "'\"", "{{", "}}")
    harness.for_each(verify, specials, harness.messages())


_VALUES: Final[tuple[tuple[Json, str, str], ...]] = (
    (True, "", "true"),
    (False, "", "false"),
    (None, "", ""),
    (0, "", "0"),
    (-0.0, "", "0"),
    (1.0, "", "1"),
    (1.5, "", "1.5"),
    (1e21, "", "1e+21"),
    (1e-7, "", "1e-7"),
    (123456789012345680000, "", "123456789012345680000"),
    ([], "", ""),
    ([1, [2, None], {}], "", "1,2,,[object Object]"),
    ({}, "", "[object Object]"),
)

_MEMBERS: Final[tuple[tuple[Json, str, str], ...]] = (
    ([7, [8]], ".length", "2"),
    ([7, [8]], ".0", "7"),
    ([7, [8]], ".1.0", "8"),
    ([7, [8]], ".1.length", "1"),
    ([7, [8]], ".2", ""),
    ([7, [8]], ".00", ""),
    ([7, [8]], ".a", ""),
    ("text", ".length", ""),
    ("text", ".0", ""),
    ({"length": 3, "0": 4}, ".length", "3"),
    ({"length": 3, "0": 4}, ".0", "4"),
    ({"a": None}, ".a", ""),
    ({"a": None}, ".a.b", ""),
    (5, ".a", ""),
)
"""A value, a path into it, and the text that the official function inserts."""


@check(
    "rendering.javascript-values", clause="T13", needs=_NEEDS, covers=("listed value", "listed member", "drawn value")
)
def javascript_values(harness: Harness) -> None:
    """A value that is not a string is inserted as JavaScript's String(value) writes it; null as the empty string."""

    def verify_listed(case: tuple[Json, str, str], message: Json) -> None:
        value, path, printed = case
        _expect_rendering(harness, f"[{{{{name{path}}}}}]", {"name": value}, message, f"[{printed}]")
        harness.coverage.add("listed member" if path else "listed value")

    def verify_drawn(path: str, value: Json, message: Json) -> None:
        _expect_rendering(harness, f"[{{{{name{path}}}}}]", {"name": value}, message)
        harness.coverage.add("drawn value")

    harness.for_each(verify_listed, (*_VALUES, *_MEMBERS), harness.messages())
    nested = st.lists(json_values | st.lists(json_values, max_size=3), max_size=3)
    paths = ("", ".0", ".length", ".1.0", ".a", ".01", ".0.length")
    harness.for_each(verify_drawn, paths, json_values | nested, harness.messages())


@check("rendering.literal-text", clause="T14", needs=_NEEDS, covers=("text",))
def literal_text(harness: Harness) -> None:
    """Text outside placeholders stays unchanged, in any script."""

    def verify(content: str, message: Json) -> None:
        _expect_rendering(harness, content, {"code": "1"}, message, content)
        harness.coverage.add("text")

    harness.for_all(verify, text, harness.messages())


@check("rendering.i18n-template", clause="T15", needs=("i18n-templates",), covers=("managed template",))
def i18n_template(harness: Harness) -> None:
    """Placeholders in a managed template are replaced by the same rules as in a template of the config."""

    def verify(before: str, code: str, message: Json) -> None:
        template = {"subject": f"{before}{{{{code}}}}", "content": f"{{{{ code }}}}{before}{{{{other}}}}"}
        call = harness.deliver({**message, "payload": {"code": code}}, harness.config, managed=lambda: template)
        wanted = f"{code}{before}{{{{other}}}}"
        expect_equal("the body", wanted, call.body)
        expect_equal("the subject", f"{before}{code}", call.subject)
        harness.coverage.add("managed template")

    harness.for_all(verify, line, codes, harness.messages())


@check("rendering.adjacent-placeholders", clause="T9", needs=_NEEDS, covers=("pair of braces",))
def adjacent_placeholders(harness: Harness) -> None:
    """Placeholders are replaced next to each other, inside further braces, and with line breaks inside them."""

    def verify(pair: tuple[str, str], message: Json) -> None:
        template, wanted = pair
        payload = {"a": "1", "b": "2", "Long_name.9": "no", "Long_name": {"9": "3"}, "_": "4", "0": "5"}
        _expect_rendering(harness, template, payload, message, wanted)
        harness.coverage.add("pair of braces")

    pairs = (
        ("{{a}}{{b}}", "12"),
        ("{{a}}{{a}}{{a}}", "111"),
        ("{{a}}}}", "1}}"),
        ("{{{a}}}", "{1}"),
        ("{{{{a}}}}", "{{1}}"),
        ("{{{a}} {{b}}}", "{1 2}"),
        ("{{ {{a}} }}", "{{ 1 }}"),
        ("{{b {{a}}", "{{b 1"),
        ("}}{{a}}{{", "}}1{{"),
        ("{{\n a \t\r\n}}", "1"),
        ("{{\u2028a\u2029}}", "1"),
        ("{{Long_name.9}}{{_}}{{0}}", "345"),
        ("{{a.}}{{b}}", "2"),
    )
    harness.for_each(verify, pairs, harness.messages())


@check("rendering.malformed-placeholders", clause="T10", needs=_NEEDS, covers=("malformed placeholder",))
def malformed_placeholders(harness: Harness) -> None:
    """Text that is similar to a placeholder stays unchanged, also if it means something in other template languages."""

    def verify(template: str, message: Json) -> None:
        payload = {"code": "123456", "x": {"y": "no"}, "if": "no", "a-b": "no", "": "no", " ": "no"}
        _expect_rendering(harness, template, payload, message, template)
        harness.coverage.add("malformed placeholder")

    unbalanced = ("{{code}", "{code}}", "{{code", "code}}", "{ {code}}", "{{code} }", "{{}}", "{{ }}", "{{", "}}{{")
    inside = (
        "{{ x . y }}",
        "{{x .y}}",
        "{{co de}}",
        "{{code\ncode}}",
        "{{a-b}}",
        "{{.code}}",
        "{{.}}",
        "{{..}}",
        "{{x[y]}}",
    )
    languages = (
        "{{#if}}",
        "{{/if}}",
        "{{>code}}",
        "{{!code}}",
        "{{&code}}",
        "{{^code}}",
        "{{code|upper}}",
        "{{code()}}",
        "{{'code'}}",
        "{{@code}}",
        "{{$code}}",
        "{{=code}}",
        "{{{{!code}}}}",
        "{%code%}",
        "${code}",
        "#{code}",
        "<%=code%>",
        "%(code)s",
        "[[code]]",
        "$code",
        ":code",
    )
    harness.for_each(verify, (*unbalanced, *inside, *languages), harness.messages())


_TIME_LIMIT: Final = 10
"""In seconds. Linear rendering takes milliseconds, so that a busy machine stays far below the limit."""


def _growing(count: int) -> dict[str, tuple[str, Json, str]]:
    """Return templates of about `count` characters, by kind: the template, the payload and the expected body."""
    many = "{{code}} " * (count // 10)
    bombs = {
        "opening braces": "{" * count,
        "opening and closing braces": "{{" * (count // 4) + "}}" * (count // 4),
        "white space after braces": "{{" + " " * count,
        "white space after a name": "{{code" + " " * count + "}",
        "open placeholders": "{{code " * (count // 8),
        "unclosed name": "{{" + "a" * count,
        "dots": "{{no" + "." * count + "}}",
        "white space and braces": "{{ \t" * (count // 4),
    }
    return {
        "placeholders": (many, {"code": "1"}, "1 " * (count // 10)),
        "placeholders in a value": ("{{name}}", {"name": many, "code": "1"}, many),
        "a value in every placeholder": (many, {"code": "{{code}}"}, many),
        **{name: (bomb, {"code": "1"}, bomb) for name, bomb in bombs.items()},
    }


_SIZES: Final = (100, 1_000, 20_000, 100_000)


@check("rendering.linear-time", clause="T16", needs=_NEEDS, covers=tuple(_growing(0)))
def linear_time(harness: Harness) -> None:
    """A template, value or name of 100,000 characters is rendered within 10 seconds, also with unbalanced braces."""
    for kind in _growing(0):
        # Short templates come first: rendering that takes seconds for them could take years for long ones.
        for size in () if harness.search.time_is_up else _SIZES:
            template, payload, wanted = _growing(size)[kind]
            config = _config_with(harness, content=template)
            if not harness.accepts(config):
                break  # the schema does not allow a template of this length
            harness.provider.reset()
            attempt = harness.send({**harness.plain_message, "payload": payload}, config, within=_TIME_LIMIT)
            what = f"a template of {size:,} characters ({kind})"
            expect(
                attempt.seconds < _TIME_LIMIT,
                f"expected {what} to be sent within {_TIME_LIMIT} s, found it unfinished after {attempt.seconds:.0f} s",
            )
            expect(attempt.error is None, f"expected {what} to be sent; {attempt.summary}")
            expect_equal(f"{what} to give the body", wanted, expect_one_call(attempt, f"for {what}").body)
            harness.coverage.add(kind)
    if harness.never_covered(_growing(0)):
        raise NotApplicable("the config's schema declares texts too short for such templates")


@check("rendering.many-placeholders", clause="T16", needs=_NEEDS, covers=("many names", "long name"))
def many_placeholders(harness: Harness) -> None:
    """All of a thousand placeholders are replaced, and also those with a name of thousands of characters."""

    def verify(kind: str, message: Json) -> None:
        names = [f"name_{index}" for index in range(1_000)] if kind == "many names" else ["n" * 5_000, "m." * 50 + "m"]
        payload: dict[str, Json] = {name: f"<{index}>" for index, name in enumerate(names)}
        if kind == "long name":
            nested: Json = "<1>"
            for _ in range(50):
                nested = {"m": nested}
            payload["m"] = nested
        config = _config_with(harness, content="".join(f"{{{{{name}}}}}" for name in names))
        if not harness.accepts(config):
            return
        call = harness.deliver({**message, "payload": payload}, config, within=_TIME_LIMIT)
        wanted = "".join(f"<{index}>" for index in range(len(names)))
        expect_equal(f"all {len(names):,} names to be replaced, giving", wanted, call.body)
        harness.coverage.add(kind)

    kinds = ("many names", "long name")
    for kind in kinds:
        harness.for_all(verify, st.just(kind), harness.messages(), examples=2)
    if harness.never_covered(kinds):
        raise NotApplicable("the config's schema declares texts too short for such templates")
