"""Templates to render, dotted paths to resolve, and template lists to select from."""

from collections.abc import Sequence
from typing import Any, Final

from tests.interop.cases.values import anything, number, scalar, text, to_text
from tests.interop.dice import Dice
from tests.interop.recording import Case, CaseSet

_JAVASCRIPT_SPACES: Final = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_OTHER_SPACES: Final = "\u001c\u001d\u001e\u001f\u0085\u180e\u200b\u2060"
_SPACES: Final = (*_JAVASCRIPT_SPACES, *_OTHER_SPACES)

_ROOTS: Final = ("code", "a", "list", "none", "text", "number", "A_1", "0", "7", "length", "deep", "gone")
_UNUSUAL_ROOTS: Final = (
    "toString",
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "valueOf",
    "á",
    "\u0663",
    "\uff11",
    "\u212a",
    "a-b",
    "a b",
    "$code",
    "",
)
_PARTS: Final = (
    "b",
    "0",
    "1",
    "2",
    "01",
    "-1",
    "1e0",
    "length",
    "x",
    "4294967295",
    "",
    "toString",
    "constructor",
    "at",
)
_LITERALS: Final = (
    "{",
    "}",
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{}}",
    "{{ }}",
    "{{.}}",
    "{{..}}",
    "{{code",
    "code}}",
    "Your code is ",
    "$&",
    "$1",
    "$$",
    "$<name>",
    "\\",
    "\\1",
    "\\g<0>",
    "\n",
    "&amp;",
    "<b>",
    "ação",
    "\U0001f600",
    "\ud83d",
    "\u0000",
)
_VALUES: Final = ("000000", "$&", "$1", "\\1", "{{a}}", "{{code}}", "{{", "}}", "\\", "<b>", "\ud83d", "", " x ")


def _path(dice: Dice) -> str:
    root = dice.pick(_ROOTS if dice.chance(0.8) else _UNUSUAL_ROOTS)
    return ".".join([root, *dice.some(_PARTS, 0, dice.pick((0, 1, 1, 3)))])


def _space(dice: Dice) -> str:
    return "".join(dice.some(_SPACES, 0, 2)) if dice.chance(0.4) else ""


def _piece(dice: Dice) -> str:
    if dice.chance(0.3):
        return dice.pick(_LITERALS)
    braces = dice.pick(("{{", "{{", "{{", "{{", "{{", "{{", "{{{", "{ {", "{"))
    closing = dice.pick(("}}", "}}", "}}", "}}", "}}", "}}", "}}}", "} }", "}"))
    return f"{braces}{_space(dice)}{_path(dice)}{_space(dice)}{closing}"


def _payload(dice: Dice) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "code": dice.pick(_VALUES),
        "a": {"b": scalar(dice), "0": scalar(dice), "x": anything(dice, 2)},
        "list": [anything(dice, 2) for _ in range(dice.below(4))],
        "none": None,
        "text": text(dice),
        "number": number(dice),
        "A_1": dice.pick((True, False)),
        "0": [1, [2, None], {}],
        "deep": {"b": {"0": {"1": [number(dice), {"x": scalar(dice)}]}}},
    }
    for key in list(payload):
        if dice.chance(0.15):
            del payload[key]
    if dice.chance(0.3):
        payload[dice.pick((*_UNUSUAL_ROOTS, "length", "7"))] = anything(dice, 2)
    return payload


def _renderings() -> Sequence[Case]:
    dice = Dice("renderings")
    return [
        {"template": "".join(_piece(dice) for _ in range(dice.between(1, 6))), "payload": to_text(_payload(dice))}
        for _ in range(5000)
    ]


def _every_space() -> Sequence[Case]:
    return [
        {"template": template, "payload": '{"code":"x"}'}
        for space in map(chr, [*range(0x100), *range(0x1600, 0x1900), *range(0x2000, 0x2100), 0x3000, 0xFEFF, 0xFFFE])
        for template in (f"{{{{{space}code{space}}}}}", f"{{{{c{space}}}}}")
    ]


_NUMBER_TEXTS: Final = (
    *(
        "0",
        "-0",
        "1",
        "1.0",
        "-1.50",
        "1e0",
        "1E5",
        "1e20",
        "1e21",
        "123456789012345680000",
        "1e-6",
        "1e-7",
        "1.5e-7",
        "-1e-7",
        "0.000001234",
        "1e400",
        "-1e400",
    ),
    *(
        "4.35",
        "0.1",
        "100",
        "1e2",
        "9007199254740993",
        "123e-20",
        "123e20",
        "5e-324",
        "1.7976931348623157e308",
        "2.5e-5",
        "12345678.9",
    ),
    "1" * 22,
    "9" * 400,
)


def _numbers() -> Sequence[Case]:
    dice = Dice("numbers")
    texts = [*_NUMBER_TEXTS, *(to_text(number(dice)) for _ in range(1500))]
    return [{"template": "{{n}} {{list}}", "payload": f'{{"n":{it},"list":[{it},[{it}]]}}'} for it in texts]


def _values() -> Sequence[Case]:
    dice = Dice("values")
    return [{"object": to_text(_payload(dice)), "path": _path(dice)} for _ in range(3000)]


_USAGE_TYPES: Final = (
    "SignIn",
    "Register",
    "ForgotPassword",
    "OrganizationInvitation",
    "Generic",
    "UserPermissionValidation",
    "BindNewIdentifier",
    "MfaVerification",
    "BindMfa",
    "Test",
    "generic",
    "Generic ",
    "signin",
    "",
    "Custom",
    "toString",
)


def _routes() -> Sequence[Case]:
    dice = Dice("routes")
    cases = []
    for _ in range(3000):
        few = dice.some(_USAGE_TYPES, 1, 5)
        templates: Any = [{"usageType": dice.pick(few), "subject": str(index)} for index in range(dice.below(7))]
        if dice.chance(0.1):
            templates.insert(0, dice.pick(({}, {"usageType": None}, {"usageType": 1}, {"usageType": ["Generic"]})))
        config: Any = {"templates": templates}
        if dice.chance(0.05):
            config = dice.pick(({}, {"templates": None}, {"templates": []}))
        cases.append({"type": dice.pick(few if dice.chance(0.6) else _USAGE_TYPES), "config": to_text(config)})
    return cases


PROTOTYPES: Final = CaseSet(
    "rendering.prototypes",
    "prototypes",
    lambda: [{"names": sorted({*_ROOTS, *_UNUSUAL_ROOTS, *_PARTS})}],
    "full",
)
RENDERINGS: Final = CaseSet("rendering.renderings", "render", _renderings)
SPACES: Final = CaseSet("rendering.spaces", "render", _every_space)
NUMBERS: Final = CaseSet("rendering.numbers", "render", _numbers)
VALUES: Final = CaseSet("rendering.values", "getValue", _values)
ROUTES: Final = CaseSet("rendering.routes", "route", _routes)
CASE_SETS: Final = (PROTOTYPES, RENDERINGS, SPACES, NUMBERS, VALUES, ROUTES)
