"""Rendering: how placeholders in a template are replaced, exactly as by Logto's own connectors."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.harness.arrival import expect_body, expect_subject
from conformance.harness.expectations import expect_one_call
from conformance.harness.harness import Harness
from conformance.harness.search import Verify
from conformance.harness.strategies import (
    CONTEXTS,
    codes,
    config_templates,
    json_values,
    letters,
    line,
    links,
    text,
    with_config_templates,
    with_media_type,
)
from conformance.harness.values import show
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import replace_send_message_handlebars

Json = Any

_NEEDS = ("config-templates or i18n-templates",)


def _config_with(harness: Harness, **texts: str) -> dict[str, Json]:
    """Return the config with these texts in each of its templates; texts that templates do not have are left out."""
    templates = config_templates(harness.config)
    changes = {key: text for key, text in texts.items() if key in templates[0]}
    return with_config_templates(harness.config, [with_media_type({**it, **changes}, "text/html") for it in templates])


def _sources(harness: Harness) -> list[str]:
    """Return where the connector's templates come from: both are rendered by the same rules."""
    capabilities = {"config": "config-templates", "managed": "i18n-templates"}
    return [source for source, capability in capabilities.items() if capability in harness.spec.capabilities]


def _source(harness: Harness) -> SearchStrategy[str]:
    return st.sampled_from(_sources(harness))


def _for_each(harness: Harness, verify: Verify, cases: Iterable[Any], *strategies: SearchStrategy[Any]) -> None:
    """Try a property on every case with a template of the config, and once each with a managed one."""
    listed = list(cases)
    first, *others = _sources(harness)
    harness.for_each(verify, listed, st.just(first), *strategies)
    for source in others:
        for case in listed:
            harness.for_all(verify, st.just(case), st.just(source), *strategies, examples=1)


def _template_of(harness: Harness, source: str, **texts: str) -> tuple[dict[str, Json], Callable[[], Json] | None]:
    """Return a config and a managed template, one of which has these texts."""
    if source == "managed":
        managed = {"subject": "s", **texts}
        return harness.config, lambda: dict(managed)
    return _config_with(harness, **texts), None


def _expect_rendering(
    harness: Harness, source: str, template: str, message: Json, *, payload: Json, expected: str | None = None
) -> None:
    """Send a message with a template as its subject and content, and expect a text; by default the official one."""
    wanted = replace_send_message_handlebars(template, payload) if expected is None else expected
    config, managed = _template_of(harness, source, subject=template, content=template)
    try:
        call = harness.deliver({**message, "payload": payload}, config, managed=managed)
    except CheckFailure:
        assume(harness.accepts(config))  # a schema may limit the length of texts
        raise
    what = f"the {'managed ' if managed else ''}template {template!r} to give the"
    expect_body(harness.spec, f"{what} body", wanted, call)
    if managed or "subject" in config_templates(config)[0]:
        expect_subject(harness.spec, f"{what} subject", wanted, call)


@check("rendering.replaces-placeholders", clause="T9", needs=_NEEDS, covers=("placeholder",), is_smoke=True)
def replaces_placeholders(harness: Harness) -> None:
    """Each placeholder in the subject and content is replaced by its value, also if it occurs several times."""

    def verify(source: str, texts: tuple[str, str, str], code: str, message: Json) -> None:
        before, between, after = texts
        template = f"{before}{{{{code}}}}{between}{{{{code}}}}{after}"
        _expect_rendering(
            harness, source, template, message, payload={"code": code}, expected=f"{before}{code}{between}{code}{after}"
        )
        harness.coverage.add("placeholder")

    harness.for_all(verify, _source(harness), st.tuples(line, line, line), codes, harness.messages())


@check("rendering.whitespace", clause="T9", needs=_NEEDS, covers=("white space",))
def whitespace(harness: Harness) -> None:
    """A placeholder is replaced with or without white space inside its braces."""

    def verify(left: str, source: str, right: str, code: str, message: Json) -> None:
        _expect_rendering(harness, source, f"{{{{{left}code{right}}}}}", message, payload={"code": code}, expected=code)
        harness.coverage.add("white space")

    spaces = st.text(st.sampled_from(" \u00a0\u3000\ufeff"), max_size=3)
    _for_each(harness, verify, ("\u00a0", " ", "\ufeff", ""), spaces, codes, harness.messages())


@check("rendering.unknown-placeholder", clause="T10", needs=_NEEDS, covers=("unknown name",))
def unknown_placeholder(harness: Harness) -> None:
    """A placeholder stays unchanged if the payload does not have its name."""

    def verify(name: str, source: str, message: Json) -> None:
        template = f"a {{{{ {name} }}}} b"
        _expect_rendering(harness, source, template, message, payload={"code": "123456"}, expected=template)
        harness.coverage.add("unknown name")

    _for_each(harness, verify, ("Code", "codes", "cod", ".code", "é", "٣"), harness.messages())
    harness.for_all(verify, letters.map(lambda it: f"no_{it}"), _source(harness), harness.messages())


@check(
    "rendering.no-prototype-access",
    clause="R1",
    level="advisory",
    needs=_NEEDS,
    covers=("property of JavaScript objects",),
)
def no_prototype_access(harness: Harness) -> None:
    """A placeholder with the name of a JavaScript object property, such as toString, stays unchanged."""

    def verify(name: str, source: str, message: Json) -> None:
        _expect_rendering(
            harness, source, f"{{{{{name}}}}}", message, payload={"code": "1"}, expected=f"{{{{{name}}}}}"
        )
        harness.coverage.add("property of JavaScript objects")

    _for_each(harness, verify, ("toString", "constructor", "__proto__", "valueOf"), harness.messages())


@check("rendering.nested", clause="T11", needs=_NEEDS, covers=("existing member", "missing member"))
def nested(harness: Harness) -> None:
    """A dotted name is replaced by a member of a value, and by the empty string if the value lacks the member."""

    def verify(kind: str, source: str, names: tuple[str, str], value: str, message: Json) -> None:
        root, part = names
        members, expected = ({part: value}, value) if kind == "existing member" else ({}, "")
        _expect_rendering(
            harness, source, f"[{{{{{root}.{part}}}}}]", message, payload={root: members}, expected=f"[{expected}]"
        )
        harness.coverage.add(kind)

    kinds = ("existing member", "missing member")
    _for_each(harness, verify, kinds, st.tuples(letters, letters), line, harness.messages())


@check("rendering.single-pass", clause="T12", needs=_NEEDS, covers=("placeholder in a value",))
def single_pass(harness: Harness) -> None:
    """A placeholder inside a value is not replaced: users can choose values."""

    def verify(name: str, source: str, code: str, message: Json) -> None:
        value = f"{{{{{name}}}}}"
        payload = {"code": code, "name": value}
        _expect_rendering(harness, source, "{{name}} {{code}}", message, payload=payload, expected=f"{value} {code}")
        harness.coverage.add("placeholder in a value")

    _for_each(harness, verify, ("code", "name", " code "), codes, harness.messages())


_SPECIALS: Final = (
    "$&",
    "$1",
    "$$",
    r"\1",
    r"\g<0>",
    r"C:\new\table",
    "%s",
    "100 %25",
    "{0}",
    "[]~|\\^€",
    "<b>&amp;</b>",
    "a & b",
    "'\"",
    "O'Brien",
    "{{",
    "}}",
    "first line\nsecond line\n\nlast line",
    "tab\tand  spaces",
    "\U0001f469\u200d\U0001f4bb \u2764\ufe0f",
    "\u682a\u5f0f\u4f1a\u793e",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "name " * 60,
)


@check("rendering.literal-values", clause="T12", needs=_NEEDS, covers=("special characters",))
def literal_values(harness: Harness) -> None:
    r"""A value is inserted unchanged, without escaping: ``$&``, ``\1`` and ``<b>`` have no special meaning."""

    def verify(special: str, source: str, message: Json) -> None:
        _expect_rendering(harness, source, "a{{name}}b", message, payload={"name": special}, expected=f"a{special}b")
        harness.coverage.add("special characters")

    _for_each(harness, verify, _SPECIALS, harness.messages())


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

    def verify_listed(case: tuple[Json, str, str], source: str, message: Json) -> None:
        value, path, printed = case
        _expect_rendering(
            harness, source, f"[{{{{name{path}}}}}]", message, payload={"name": value}, expected=f"[{printed}]"
        )
        harness.coverage.add("listed member" if path else "listed value")

    def verify_drawn(path: str, source: str, value: Json, message: Json) -> None:
        _expect_rendering(harness, source, f"[{{{{name{path}}}}}]", message, payload={"name": value})
        harness.coverage.add("drawn value")

    _for_each(harness, verify_listed, (*_VALUES, *_MEMBERS), harness.messages())
    nested = st.lists(json_values | st.lists(json_values, max_size=3), max_size=3)
    paths = ("", ".0", ".length", ".1.0", ".a", ".01", ".0.length")
    harness.for_each(verify_drawn, paths, _source(harness), json_values | nested, harness.messages())


@check("rendering.literal-text", clause="T14", needs=_NEEDS, covers=("text",))
def literal_text(harness: Harness) -> None:
    """Text outside placeholders stays unchanged, in any script."""

    def verify(content: str, source: str, message: Json) -> None:
        _expect_rendering(harness, source, content, message, payload={"code": "1"}, expected=content)
        harness.coverage.add("text")

    harness.for_all(verify, text, _source(harness), harness.messages())


@check("rendering.i18n-template", clause="T15", needs=("i18n-templates",), covers=("managed template",), is_smoke=True)
def i18n_template(harness: Harness) -> None:
    """Placeholders in a managed template are replaced by the same rules as in a template of the config."""

    def verify(before: str, code: str, message: Json) -> None:
        template = {"subject": f"{before}{{{{code}}}}", "content": f"{{{{ code }}}}{before}{{{{other}}}}"}
        call = harness.deliver({**message, "payload": {"code": code}}, harness.config, managed=lambda: template)
        expect_body(harness.spec, "the body", f"{code}{before}{{{{other}}}}", call)
        expect_subject(harness.spec, "the subject", f"{before}{code}", call)
        harness.coverage.add("managed template")

    harness.for_all(verify, line, codes, harness.messages())


@check("rendering.adjacent-placeholders", clause="T9", needs=_NEEDS, covers=("pair of braces",))
def adjacent_placeholders(harness: Harness) -> None:
    """Placeholders are replaced next to each other, inside further braces, and with line breaks inside them."""

    def verify(pair: tuple[str, str], source: str, message: Json) -> None:
        template, wanted = pair
        payload = {"a": "1", "b": "2", "Long_name.9": "no", "Long_name": {"9": "3"}, "_": "4", "0": "5"}
        _expect_rendering(harness, source, template, message, payload=payload, expected=wanted)
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
    _for_each(harness, verify, pairs, harness.messages())


@check("rendering.malformed-placeholders", clause="T10", needs=_NEEDS, covers=("malformed placeholder",))
def malformed_placeholders(harness: Harness) -> None:
    """Text that is similar to a placeholder stays unchanged, also if it means something in other template languages."""

    def verify(template: str, source: str, message: Json) -> None:
        payload = {"code": "123456", "x": {"y": "no"}, "if": "no", "a-b": "no", "": "no", " ": "no"}
        _expect_rendering(harness, source, template, message, payload=payload, expected=template)
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
    _for_each(harness, verify, (*unbalanced, *inside, *languages), harness.messages())


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
    for source in _sources(harness):
        for kind in _growing(0):
            _expect_linear_time(harness, source, kind)
    if harness.never_covered(_growing(0)):
        raise NotApplicable("the config's schema declares texts too short for such templates")


def _expect_linear_time(harness: Harness, source: str, kind: str) -> None:
    # Short templates come first: rendering that takes seconds for them could take years for long ones.
    for size in () if harness.search.time_is_up else _SIZES:
        template, payload, wanted = _growing(size)[kind]
        config, managed = _template_of(harness, source, content=template)
        if not harness.accepts(config):
            return  # the schema does not allow a template of this length
        message = {**harness.plain_message, "payload": payload}
        for _ in range(2):  # on a busy machine, the first attempt may take longer than the connector's own time limit
            harness.provider.reset()
            attempt = harness.send(message, config, managed=managed, within=_TIME_LIMIT)
            if attempt.error is None:
                break
        what = f"a {'managed ' if managed else ''}template of {size:,} characters ({kind})"
        expect(
            attempt.seconds < _TIME_LIMIT,
            f"expected {what} to be sent within {_TIME_LIMIT} s, found it unfinished after {attempt.seconds:.0f} s",
        )
        if harness.may_reject(attempt, message, config, managed):
            return
        expect(attempt.error is None, f"expected {what} to be sent; {attempt.summary}")
        call = expect_one_call(attempt, f"for {what}")
        expect_body(harness.spec, f"{what} to give the body", wanted, call)
        harness.coverage.add(kind)


@check("rendering.many-placeholders", clause="T16", needs=_NEEDS, covers=("many names", "long name"))
def many_placeholders(harness: Harness) -> None:
    """All of a thousand placeholders are replaced, and also those with a name of thousands of characters."""

    def verify(kind: str, source: str, message: Json) -> None:
        names = [f"name_{index}" for index in range(1_000)] if kind == "many names" else ["n" * 5_000, "m." * 50 + "m"]
        payload: dict[str, Json] = {name: f"({index})" for index, name in enumerate(names)}
        if kind == "long name":
            nested: Json = "(1)"
            for _ in range(50):
                nested = {"m": nested}
            payload["m"] = nested
        config, managed = _template_of(harness, source, content="".join(f"{{{{{name}}}}}" for name in names))
        if not harness.accepts(config):
            return
        call = harness.deliver({**message, "payload": payload}, config, managed=managed, within=_TIME_LIMIT)
        wanted = "".join(f"({index})" for index in range(len(names)))
        expect_body(harness.spec, f"all {len(names):,} names to be replaced, giving", wanted, call)
        harness.coverage.add(kind)

    kinds = ("many names", "long name")
    for kind in kinds:
        harness.for_all(verify, st.just(kind), _source(harness), harness.messages(), examples=2)
    if harness.never_covered(kinds) and not harness.search.beyond_medium:
        raise NotApplicable("the config's schema declares texts too short for such templates")


# --- as wide as reality ---------------------------------------------------------------------------------------------


@check("rendering.codes", clause="T12", needs=_NEEDS, covers=("code and link",))
def codes_and_links(harness: Harness) -> None:
    """A code and a link are inserted unchanged: leading zeros, letters of both cases, percent signs, ampersands."""

    def verify(source: str, code: str, link: str, message: Json) -> None:
        payload = {"code": code, "link": link}
        _expect_rendering(harness, source, "{{code}} {{link}}", message, payload=payload, expected=f"{code} {link}")
        harness.coverage.add("code and link")

    harness.for_all(verify, _source(harness), codes, links, harness.messages())
    for code in ("000123", "0042", "00000000", "aB3dE9", "7KQ-99Z", "0e1234"):
        harness.for_all(verify, _source(harness), st.just(code), links, harness.messages(), examples=1)


_CONTEXT_PATHS: Final = (
    ("{{application.name}}|{{application.branding.logoUrl}}", "application and organization"),
    ("{{organization.name}}|{{organization.branding.logoUrl}}|{{organization}}", "application and organization"),
    ("{{user.name}}|{{user.profile.givenName}}|{{user.profile.address.country}}", "user and inviter"),
    ("{{inviter.primaryEmail}}|{{inviter.profile.familyName}}|{{inviter.avatar}}", "user and inviter"),
    ("{{application.name}}|{{application.branding.logoUrl}}|{{organization.name}}", "context with nulls"),
    ("{{user.name}}|{{user.profile.givenName}}|{{inviter.name}}|{{user.id}}", "context with nulls"),
)


@check("rendering.context", clause="T11", needs=_NEEDS, covers=("context variables",))
def context(harness: Harness) -> None:
    """The context variables of Logto are inserted: members of members, and the empty string for null or missing ones."""

    def verify(case: tuple[str, str], source: str, code: str, message: Json) -> None:
        template, kind = case
        _expect_rendering(harness, source, template, message, payload={"code": code, **CONTEXTS[kind]})
        harness.coverage.add("context variables")

    _for_each(harness, verify, _CONTEXT_PATHS, codes, harness.messages())


_LENGTHS: Final = (150, 1_000, 20_000, 200_000)


@check("rendering.long-texts", clause="T14", needs=_NEEDS, covers=("long text",))
def long_texts(harness: Harness) -> None:
    """A subject of several hundred characters and a body of 200,000 are sent whole, within the limits of the medium."""

    def verify(length: int, source: str, code: str, message: Json) -> None:
        words = "".join(f"word {index:05}, " for index in range(length // 12))
        lines = words.replace("0, ", "0,\n")
        config, managed = _template_of(
            harness, source, subject=f"{words[:900]}{{{{code}}}}", content=f"{lines}{{{{code}}}}"
        )
        if not harness.accepts(config):
            return
        call = harness.deliver({**message, "payload": {"code": code}}, config, managed=managed)
        expect_body(harness.spec, f"the body of {length:,} characters", f"{lines}{code}", call)
        if call.subject is not None:
            expect_subject(harness.spec, "the subject", f"{words[:900]}{code}", call)
        harness.coverage.add("long text")

    for source in _sources(harness):
        for length in _LENGTHS:
            harness.for_all(verify, st.just(length), st.just(source), codes, harness.messages(), examples=1)
    if harness.never_covered(("long text",)) and not harness.search.beyond_medium:
        raise NotApplicable("the config's schema declares texts too short for such templates")


_PAGE: Final = """<!DOCTYPE html>
<html lang="en" xmlns:o="urn:schemas-microsoft-com:office:office">
<head>
<meta charset="utf-8"><title>Your code</title>
<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->
<style type="text/css">
  @media (max-width: 600px) { .code { font-size: 24px !important } }
  a[href^="tel"] { color: inherit; }
</style>
</head>
<body style="margin:0;padding:0" bgcolor="#ffffff">
<!-- preheader -->
<div style="display:none;max-height:0">Your code is {{code}}&nbsp;&zwnj;&nbsp;</div>
<!--[if (gte mso 9)|(IE)]><table width="600"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0"><tr><td class="code">
<p>Hello {{user.name}},</p>
<p>Your code is <strong>{{ code }}</strong> &mdash; it is valid for 10&nbsp;minutes &amp; for one use.</p>
<p><a href="https://app.example/verify?code={{code}}&amp;lang=en" target='_blank'>Sign in</a> or
<a href="{{link}}">{{link}}</a></p>
<img src="https://cdn.example/logo.png" alt="Shop &amp; Co" width="96"/><br>
</td></tr></table>
<!--[if (gte mso 9)|(IE)]></td></tr></table><![endif]-->
</body>
</html>"""
_HTML: Final[Mapping[str, str]] = {
    "page": _PAGE,
    "fragment": "<p style=\"font-family:'Segoe UI', sans-serif\">Ihr Code: <b>{{code}}</b> &uuml; &#8364; &lt;ok&gt;</p>",
    "comment": "<p>{{code}}</p><!-- build 12 --><p>{{link}}</p>",
    "style": "<style>p { color: #222 }</style><p>{{code}}</p>",
    "long line": f"<p>{'<b>word</b> ' * 400}{{{{code}}}}</p>",
    "attributes": '<a href="{{link}}" title="{{user.name}}" data-code=\'{{code}}\'>{{code}}</a>',
    "languages": "<p>\u3053\u3093\u306b\u3061\u306f {{code}} \u2014 \u0645\u0631\u062d\u0628\u0627 \U0001f44b</p>",
}


@check("rendering.html-templates", clause="T14", needs=("html", *_NEEDS), covers=tuple(_HTML))
def html_templates(harness: Harness) -> None:
    """HTML as it is written for mail clients is sent unchanged: attributes, entities, comments, styles, long lines."""

    def verify(kind: str, source: str, code: str, link: str, message: Json) -> None:
        payload = {"code": code, "link": link, "user": {"name": "Zo\u00eb"}}
        wanted = replace_send_message_handlebars(_HTML[kind], payload)
        config, managed = _template_of(harness, source, content=_HTML[kind])
        if not harness.accepts(config):
            return
        call = harness.deliver({**message, "payload": payload}, config, managed=managed)
        of = f"of a {'managed ' if managed else ''}template"
        expect(
            call.html is not None, f"expected HTML as the body {of} ({kind}), found the plain text {show(call.text)}"
        )
        expect_body(harness.spec, f"the body {of} ({kind})", wanted, call)
        harness.coverage.add(kind)

    _for_each(harness, verify, _HTML, codes, links, harness.messages())
    if harness.never_covered(_HTML) and not harness.search.beyond_medium:
        raise NotApplicable("the config's schema declares texts too short for such templates")
