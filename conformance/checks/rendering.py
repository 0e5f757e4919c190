"""Rendering: what becomes of placeholders, to the letter as Logto's own connectors do it."""

from typing import Any, Final

from hypothesis import strategies as st

from conformance.registry import check, expect
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
    call = subject.deliver({**message, "payload": payload}, config)
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


@check("rendering.javascript-values", clause="T13", needs=_NEEDS, sees=("value", "any value"))
def javascript_values(subject: Subject) -> None:
    """A value that is no string prints as JavaScript prints it."""

    def known(pair: tuple[Json, str], message: Json) -> None:
        value, printed = pair
        _expect_rendering(subject, "[{{name}}]", {"name": value}, message, f"[{printed}]")
        subject.ledger.saw("value")

    def arbitrary(path: str, value: Json, message: Json) -> None:
        _expect_rendering(subject, f"[{{{{name{path}}}}}]", {"name": value}, message)
        subject.ledger.saw("any value")

    subject.for_each(known, _VALUES, subject.messages())
    subject.for_each(arbitrary, ("", ".0", ".length", ".1.0", ".a", ".01"), json_values, subject.messages())


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
