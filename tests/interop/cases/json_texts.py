"""JSON texts, valid and invalid, and the data of errors."""

from collections.abc import Sequence
from typing import Any, Final

from tests.interop.cases.values import KEYS, LONE_SURROGATES, NUMBERS, STRINGS, anything, to_text
from tests.interop.dice import Dice
from tests.interop.recording import Case, CaseSet

_KNOWN: Final = (
    "",
    " ",
    "null",
    "nul",
    "NULL",
    "true",
    "True",
    "NaN",
    "-NaN",
    "Infinity",
    "-Infinity",
    "[NaN]",
    '{"a":Infinity}',
    "undefined",
    "0",
    "-0",
    "-",
    "+1",
    "01",
    "-01",
    "1.",
    ".5",
    "1e5",
    "1E+5",
    "1e",
    "0x10",
    "1_000",
    "1e400",
    "-1e400",
    "1e-400",
    "9" * 30,
    "9" * 399,
    "9" * 400,
    "9" * 5000,
    "-" + "9" * 5000,
    "1" + "0" * 308,
    "1" + "0" * 309,
    "0." + "1" * 500,
    '""',
    "''",
    '"a',
    '"\n"',
    '"\t"',
    '"\u0000"',
    '"\u001f"',
    '"\u007f"',
    '"\u2028"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\u12"',
    '"\\u12G4"',
    '"\\u+123"',
    '"\\u 123"',
    '"\\u0x12"',
    '"\\u1_23"',
    '"\\x41"',
    '"\\a"',
    '"\\/"',
    '"\\\n"',
    "[]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1,2",
    "[1,2]]",
    '[1,2,3,"4",]',
    "{}",
    '{"a":1,}',
    '{"a" 1}',
    '{"a":}',
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    '{"a":1,"a":2}',
    '{"b":1,"a":2,"b":3}',
    '{"__proto__":{"x":1}}',
    '{"__proto__":1,"__proto__":2}',
    '{"constructor":null,"toString":[]}',
    '{"2":1,"1":2,"01":3,"-1":4}',
    '{"":0}',
    "// a\n1",
    "1 // a",
    "/* a */1",
    "1 2",
    "1\u00a0",
    "1\u000b",
    "1\u000c",
    "1\u2028",
    " \t\r\n1 \t\r\n",
    "\ufeff1",
    "1\ufeff",
    '\ufeff{"a":1}',
    "\u0000",
    "1\u0000",
    "\u0661",
    "[\u0661]",
    "1\u0662",
    "\uff11",
    '{"a":[{"b":[[]]}]}',
    "[" * 200 + "]" * 200,
    '{"a":' * 200 + "1" + "}" * 200,
    "[" * 200,
)

_INSERTED: Final[tuple[str, ...]] = (
    *'{}[]:,"\\ue+-.0',
    "null",
    "NaN",
    "\n",
    "\u00a0",
    "\ufeff",
    "\u0000",
    "\ud800",
    "'",
    "//",
    "1e400",
)


def _broken(dice: Dice, text: str) -> str:
    where = dice.below(len(text) + 1)
    kind = dice.below(3)
    if kind == 0:
        return text[:where] + dice.pick(_INSERTED) + text[where:]
    if kind == 1:
        return text[:where] + text[where + dice.between(1, 3) :]
    return text[:where]


def _texts() -> Sequence[Case]:
    dice = Dice("texts")
    texts = list(_KNOWN)
    for _ in range(3000):
        text = to_text(anything(dice))
        texts.append(text if dice.chance(0.3) else _broken(dice, text))
    return [{"text": text} for text in texts]


_CODES: Final = (
    "general",
    "invalid_metadata",
    "unexpected_type",
    "invalid_config_guard",
    "invalid_request_parameters",
    "insufficient_request_parameters",
    "invalid_config",
    "invalid_certificate",
    "invalid_response",
    "template_not_found",
    "template_not_supported",
    "rate_limit_exceeded",
    "usage_limit_exceeded",
    "not_implemented",
    "social_auth_code_invalid",
    "social_invalid_access_token",
    "social_invalid_id_token",
    "authorization_failed",
)

_DATA: Final = (
    None,
    "null",
    "false",
    "true",
    "0",
    "-0",
    "-0.0",
    '""',
    "[]",
    "{}",
    "[-0]",
    '{"a":-0,"b":1.0,"c":1e21,"d":1e-7,"e":123456789012345680000,"f":1e400,"g":9007199254740993}',
    '{"b":1,"a":2,"10":3,"9":4,"01":5,"-1":6,"4294967294":7,"4294967295":8,"4294967296":9}',
    '{"\\ud800":"\\udfff","x":"\\ud83d\\ude00"}',
    '"\\ud800"',
    '"\\u0000\\u001f\\u007f\\u0080\\u2028\\u2029\\"\\\\/\\b\\f\\n\\r\\t"',
    '{"__proto__":{"a":1},"constructor":1,"toString":2}',
    '{"toJSON":1}',
    "[[[[]]],{}]",
    "1e400",
    "-1e400",
)


def _errors() -> Sequence[Case]:
    dice = Dice("errors")
    data: list[str | None] = [*_DATA]
    data += [to_text(it) for it in (*STRINGS, *LONE_SURROGATES, *NUMBERS)]
    data += [to_text({key: index for index, key in enumerate(dice.shuffled(KEYS))}) for _ in range(50)]
    data += [to_text(anything(dice)) for _ in range(2000)]
    cases = [{"code": dice.pick(_CODES), "data": it} for it in data]
    return cases + [{"code": code, "data": it} for code in _CODES for it in (None, '"Why."')]


def _callbacks() -> Sequence[Case]:
    dice = Dice("callbacks")
    cases = []
    for _ in range(500):
        data: dict[str, Any] = {"code": "x"}
        for key in ("credential", "g_csrf_token"):
            if dice.chance(0.7):
                data[key] = anything(dice, 1)
        cases.append({"data": to_text(data)})
    return cases


TEXTS: Final = CaseSet("json.parseJson", "parseJson", _texts)
OBJECT_TEXTS: Final = CaseSet("json.parseJsonObject", "parseJsonObject", _texts)
ERRORS: Final = CaseSet("json.connectorError", "connectorError", _errors)
ONE_TAP: Final = CaseSet("json.isGoogleOneTap", "isGoogleOneTap", _callbacks, "bits")
EXTERNAL_ONE_TAP: Final = CaseSet("json.isExternalGoogleOneTap", "isExternalGoogleOneTap", _callbacks, "bits")
CASE_SETS: Final = (TEXTS, OBJECT_TEXTS, ERRORS, ONE_TAP, EXTERNAL_ONE_TAP)
