"""Rendering: what becomes of placeholders, to the letter as Logto's own connectors do it."""

from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st

from conformance.registry import CheckFailure, NotApplicable, check, expect
from conformance.strategies import codes, json_values, letters, line, text
from conformance.subject import Subject
from connector_kit import replace_send_message_handlebars, strip_header_control_chars

Json = Any

_NEEDS = ("config-templates",)


def _expect_rendering(
    subject: Subject, template: str, payload: Json, message: Json, expected: str | None = None
) -> None:
    """Send one template as subject and content and compare what arrives."""
    wanted = replace_send_message_handlebars(template, payload) if expected is None else expected
    example = subject.config["templates"][0]
    texts = {key: template for key in ("subject", "content") if key in example}
    config = {**subject.config, "templates": [{**it, **texts} for it in subject.config["templates"]]}
    try:
        call = subject.deliver({**message, "payload": payload}, config)
    except CheckFailure:
        assume(subject.accepts(config))  # a schema may ask for texts of some length
        raise
    expect(call.body == wanted, f"expected the body {wanted!r} from {template!r}, found {call.body!r}")
    if "subject" in texts:
        # A subject is a header field: control characters are a connector's to strip.
        shown = strip_header_control_chars(wanted)
        found = strip_header_control_chars(call.subject or "")
        expect(found == shown, f"expected the subject {shown!r} from {template!r}, found {found!r}")


@check("rendering.fills", clause="T9", needs=_NEEDS, sees=("filled",))
def fills(subject: Subject) -> None:
    """A placeholder is replaced wherever it stands, in subject and content, however often."""

    def claim(before: str, between: str, after: str, code: str, message: Json) -> None:
        template = f"{before}{{{{code}}}}{between}{{{{code}}}}{after}"
        _expect_rendering(subject, template, {"code": code}, message, f"{before}{code}{between}{code}{after}")
        subject.ledger.saw("filled")

    subject.for_all(claim, line, line, line, codes, subject.messages())


@check("rendering.white-space", clause="T9", needs=_NEEDS, sees=("space",))
def white_space(subject: Subject) -> None:
    """White space inside the braces does not matter."""

    def claim(left: str, right: str, code: str, message: Json) -> None:
        _expect_rendering(subject, f"{{{{{left}code{right}}}}}", {"code": code}, message, code)
        subject.ledger.saw("space")

    spaces = st.text(st.sampled_from(" \u00a0\u3000\ufeff"), max_size=3)
    subject.for_each(claim, (" ", "\u00a0", "\ufeff", ""), spaces, codes, subject.messages())


@check("rendering.unknown-stays", clause="T10", needs=_NEEDS, sees=("unknown",))
def unknown_stays(subject: Subject) -> None:
    """A placeholder whose name the payload lacks stays as it is written."""

    def claim(name: str, message: Json) -> None:
        template = f"a {{{{ {name} }}}} b"
        _expect_rendering(subject, template, {"code": "123456"}, message, template)
        subject.ledger.saw("unknown")

    subject.for_each(claim, ("Code", "codes", "cod", ".code", "é", "٣"), subject.messages())
    subject.for_all(claim, letters.map(lambda it: f"no_{it}"), subject.messages())


@check("rendering.no-prototype", clause="R1", level="advisory", needs=_NEEDS, sees=("prototype",))
def no_prototype(subject: Subject) -> None:
    """Names that every JavaScript object inherits are names like any other, and stay as written."""

    def claim(name: str, message: Json) -> None:
        _expect_rendering(subject, f"{{{{{name}}}}}", {"code": "1"}, message, f"{{{{{name}}}}}")
        subject.ledger.saw("prototype")

    subject.for_each(claim, ("toString", "constructor", "__proto__", "valueOf"), subject.messages())


@check("rendering.nested", clause="T11", needs=_NEEDS, sees=("there", "missing"))
def nested(subject: Subject) -> None:
    """A dotted name is followed into the payload; a part that is missing there becomes nothing."""

    def claim(there: bool, root: str, part: str, value: str, message: Json) -> None:  # noqa: FBT001 - one of two
        payload = {root: {part: value} if there else {}}
        _expect_rendering(subject, f"[{{{{{root}.{part}}}}}]", payload, message, f"[{value if there else ''}]")
        subject.ledger.saw("there" if there else "missing")

    subject.for_each(claim, (True, False), letters, letters, line, subject.messages())


@check("rendering.one-pass", clause="T12", needs=_NEEDS, sees=("placeholder in value",))
def one_pass(subject: Subject) -> None:
    """A value that looks like a placeholder is not filled in again: users choose values."""

    def claim(name: str, code: str, message: Json) -> None:
        value = f"{{{{{name}}}}}"
        payload = {"code": code, "name": value}
        _expect_rendering(subject, "{{name}} {{code}}", payload, message, f"{value} {code}")
        subject.ledger.saw("placeholder in value")

    subject.for_each(claim, ("code", "name", " code "), codes, subject.messages())


@check("rendering.literal-values", clause="T12", needs=_NEEDS, sees=("special",))
def literal_values(subject: Subject) -> None:
    r"""A value goes in as it is: ``$&``, ``\1`` or ``<b>`` mean nothing."""

    def claim(special: str, message: Json) -> None:
        _expect_rendering(subject, "a{{name}}b", {"name": special}, message, f"a{special}b")
        subject.ledger.saw("special")

    specials = ("$&", "$1", "$$", r"\1", r"\g<0>", "%s", "{0}", "<b>&amp;</b>", "'\"", "{{", "}}")
    subject.for_each(claim, specials, subject.messages())


_VALUES: Final[tuple[tuple[Json, str], ...]] = (
    (True, "true"),
    (False, "false"),
    (None, ""),
    (0, "0"),
    (-0.0, "0"),
    (1.0, "1"),
    (1.5, "1.5"),
    (1e21, "1e+21"),
    (1e-7, "1e-7"),
    (123456789012345680000, "123456789012345680000"),
    ([], ""),
    ([1, [2, None], {}], "1,2,,[object Object]"),
    ({}, "[object Object]"),
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
"""A value, a path into it, and what is printed, as the official function does it."""


@check("rendering.javascript-values", clause="T13", needs=_NEEDS, sees=("value", "member", "any value"))
def javascript_values(subject: Subject) -> None:
    """A value that is no string prints as JavaScript prints it."""

    def known(pair: tuple[Json, str], message: Json) -> None:
        value, printed = pair
        _expect_rendering(subject, "[{{name}}]", {"name": value}, message, f"[{printed}]")
        subject.ledger.saw("value")

    def member(case: tuple[Json, str, str], message: Json) -> None:
        value, path, printed = case
        _expect_rendering(subject, f"[{{{{name{path}}}}}]", {"name": value}, message, f"[{printed}]")
        subject.ledger.saw("member")

    def arbitrary(path: str, value: Json, message: Json) -> None:
        _expect_rendering(subject, f"[{{{{name{path}}}}}]", {"name": value}, message)
        subject.ledger.saw("any value")

    subject.for_each(known, _VALUES, subject.messages())
    subject.for_each(member, _MEMBERS, subject.messages())
    nested = st.lists(json_values | st.lists(json_values, max_size=3), max_size=3)
    paths = ("", ".0", ".length", ".1.0", ".a", ".01", ".0.length")
    subject.for_each(arbitrary, paths, json_values | nested, subject.messages())


@check("rendering.text", clause="T14", needs=_NEEDS, sees=("text",))
def any_text(subject: Subject) -> None:
    """Text outside placeholders arrives as it was written, in any script."""

    def claim(content: str, message: Json) -> None:
        _expect_rendering(subject, content, {"code": "1"}, message, content)
        subject.ledger.saw("text")

    subject.for_all(claim, text, subject.messages())


@check("rendering.i18n", clause="T15", needs=("i18n-templates",), sees=("managed",))
def managed_templates(subject: Subject) -> None:
    """A template that Logto manages is rendered by the same rules."""

    def claim(before: str, code: str, message: Json) -> None:
        template = {"subject": f"{before}{{{{code}}}}", "content": f"{{{{ code }}}}{before}{{{{other}}}}"}
        call = subject.deliver({**message, "payload": {"code": code}}, subject.config, managed=lambda: template)
        wanted = f"{code}{before}{{{{other}}}}"
        expect(call.body == wanted, f"expected the body {wanted!r}, found {call.body!r}")
        expect(call.subject == f"{before}{code}", f"expected the subject {before + code!r}, found {call.subject!r}")
        subject.ledger.saw("managed")

    subject.for_all(claim, line, codes, subject.messages())


@check("rendering.adjacent", clause="T9", needs=_NEEDS, sees=("adjacent",))
def adjacent(subject: Subject) -> None:
    """Placeholders side by side, inside further braces, or with line breaks in them are filled like any other."""

    def claim(pair: tuple[str, str], message: Json) -> None:
        template, wanted = pair
        payload = {"a": "1", "b": "2", "Long_name.9": "no", "Long_name": {"9": "3"}, "_": "4", "0": "5"}
        _expect_rendering(subject, template, payload, message, wanted)
        subject.ledger.saw("adjacent")

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
    subject.for_each(claim, pairs, subject.messages())


@check("rendering.near-misses", clause="T10", needs=_NEEDS, sees=("near miss",))
def near_misses(subject: Subject) -> None:
    """What is not quite a placeholder stays as it is written, whatever other template languages make of it."""

    def claim(template: str, message: Json) -> None:
        payload = {"code": "123456", "x": {"y": "no"}, "if": "no", "a-b": "no", "": "no", " ": "no"}
        _expect_rendering(subject, template, payload, message, template)
        subject.ledger.saw("near miss")

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
    subject.for_each(claim, (*unbalanced, *inside, *languages), subject.messages())


_TIME_TO_RENDER: Final = 10
"""In seconds, for what takes milliseconds: far from what a busy machine makes of it."""


def _growing(count: int) -> dict[str, tuple[str, Json, str]]:
    """Return templates that grow with a number: each with a payload, and what must become of it."""
    many = "{{code}} " * (count // 10)
    bombs = {
        "opening braces": "{" * count,
        "opening and closing braces": "{{" * (count // 4) + "}}" * (count // 4),
        "white space after braces": "{{" + " " * count,
        "white space after a name": "{{code" + " " * count + "}",
        "open placeholders": "{{code " * (count // 8),
        "a name without end": "{{" + "a" * count,
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


@check("rendering.growth", clause="T16", needs=_NEEDS, sees=tuple(_growing(0)))
def growth(subject: Subject) -> None:
    """However long a template or a value is, and whatever its braces, the message is soon on its way."""
    message = subject.plain_message
    for kind in _growing(0):
        # The small ones first: who takes seconds for them would take years for the others.
        for size in () if subject.time_is_up else _SIZES:
            template, payload, wanted = _growing(size)[kind]
            templates = [{**it, "content": template} for it in subject.config["templates"]]
            config = {**subject.config, "templates": templates}
            if not subject.accepts(config):
                break  # its schema sees to it that there is no such template
            subject.provider.reset()
            attempt = subject.send({**message, "payload": payload}, config, within=_TIME_TO_RENDER)
            what = f"a template of {size:,} characters with {kind}"
            expect(
                attempt.seconds < _TIME_TO_RENDER,
                f"expected {what} to be sent within {_TIME_TO_RENDER} s; it took longer",
            )
            expect(attempt.error is None, f"expected {what} to be sent; {attempt.how}")
            bodies = [call.body for call in attempt.calls]
            expect(bodies == [wanted], f"expected one message from {what}, filled in once, found something else")
            subject.ledger.saw(kind)
    if subject.never_saw(_growing(0)):
        raise NotApplicable("the config's schema declares texts too short for such templates")


@check("rendering.many-names", clause="T16", needs=_NEEDS, sees=("many", "long"))
def many_names(subject: Subject) -> None:
    """A thousand placeholders of different names, or one with a name of thousands of letters, are all filled."""

    def claim(kind: str, message: Json) -> None:
        names = [f"name_{index}" for index in range(1_000)] if kind == "many" else ["n" * 5_000, "m." * 50 + "m"]
        payload: dict[str, Json] = {name: f"<{index}>" for index, name in enumerate(names)}
        if kind == "long":
            nested: Json = "<1>"
            for _ in range(50):
                nested = {"m": nested}
            payload["m"] = nested
        content = "".join(f"{{{{{name}}}}}" for name in names)
        config = {**subject.config, "templates": [{**it, "content": content} for it in subject.config["templates"]]}
        if not subject.accepts(config):
            return
        call = subject.deliver({**message, "payload": payload}, config, within=_TIME_TO_RENDER)
        wanted = "".join(f"<{index}>" for index in range(len(names)))
        expect(call.body == wanted, f"expected all of {len(names):,} names to be filled, found another body")
        subject.ledger.saw(kind)

    for kind in ("many", "long"):
        subject.for_all(claim, st.just(kind), subject.messages(), examples=2)
    if subject.never_saw(("many", "long")):
        raise NotApplicable("the config's schema declares texts too short for such templates")
