"""Random JSON: strings, numbers and keys that validators or languages treat differently, and arbitrary values."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.interop.dice import Dice, Make

STRINGS: Final = (
    "",
    " ",
    "a",
    "code",
    "en",
    "EN",
    "Generic",
    "Generic\n",
    "generic",
    "none",
    "0",
    "-1",
    "1e3",
    "true",
    "null",
    "text/html",
    "text/html\n",
    "Text/HTML",
    "https://logto.io/logo.png",
    "logto.io",
    "p.s.a.",
    "Logto<noreply@logto.io>",
    "ação",
    "e\u0301",
    "ß",
    "\u0130",
    "\u017f",
    "\u212a",
    "\u212ao",
    "\u0663",
    "\U0001f600",
    "\U0001d7d8",
    "\u0000",
    "\u001c",
    "\u007f",
    "\u0085",
    "\u00a0",
    "\u2028",
    "\ufeff",
    "\ufffe",
    "__proto__",
    "constructor",
    "x" * 300,
)

LONE_SURROGATES: Final = ("\ud800", "\udfff", "a\udc00b")

NUMBERS: Final = (
    0,
    -0.0,
    1,
    -1,
    0.1,
    1.0,
    1.5,
    0.1 + 0.2,
    1e-6,
    1e-7,
    1.5e-7,
    5e-324,
    2.2250738585072014e-308,
    1e20,
    1e21,
    1.5e21,
    123456789012345680000,
    2**31,
    2**32 - 1,
    2**53,
    2**53 + 1,
    -(2**63),
    10**22,
    10**25,
    1.7976931348623157e308,
)

KEYS: Final = (
    "a",
    "b",
    "code",
    "en",
    "type",
    "0",
    "1",
    "10",
    "01",
    "-1",
    "4294967294",
    "4294967295",
    "length",
    "",
    " ",
    "a.b",
    "á",
    "\ud800",
    "\U0001f600",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "prototype",
)


def text(dice: Dice) -> str:
    """Make a string; a few have lone surrogates, which one of the validators does not support."""
    if dice.chance(0.02):
        return dice.pick(LONE_SURROGATES)
    if dice.chance(0.2):
        return "".join(dice.some(STRINGS[:-1], 1, 3))
    return dice.pick(STRINGS)


def number(dice: Dice) -> float:
    """Make a number, sometimes one that is in no list."""
    if dice.chance(0.5):
        return dice.pick(NUMBERS)
    mantissa = (dice.below(2**32) * 2**21 + dice.below(2**21)) * dice.pick((1, -1))
    return float(f"{mantissa}e{dice.between(-40, 30)}")


def scalar(dice: Dice) -> Any:
    """Make a JSON value that is not an array or object."""
    return dice.pick((_null, _true, _false, text, text, number))(dice)


def _null(_: Dice) -> None:
    return None


def _true(_: Dice) -> bool:
    return True


def _false(_: Dice) -> bool:
    return False


def anything(dice: Dice, depth: int = 3) -> Any:
    """Make an arbitrary JSON value."""
    if depth == 0 or dice.chance(0.4):
        return scalar(dice)
    if dice.chance(0.5):
        return [anything(dice, depth - 1) for _ in range(dice.below(4))]
    return {dice.pick(KEYS): anything(dice, depth - 1) for _ in range(dice.below(5))}


def one_of(*choices: object) -> Make[Any]:
    """Make one of some constants."""
    return lambda dice: dice.pick(choices)


def list_of(item: Make[Any], low: int = 0, high: int = 3) -> Make[Any]:
    """Make an array."""
    return lambda dice: [item(dice) for _ in range(dice.between(low, high))]


def record(required: Mapping[str, Make[Any]], optional: Mapping[str, Make[Any]] | None = None) -> Make[Any]:
    """Make an object with all required members, some optional ones and sometimes unknown ones, in any order."""

    def make(dice: Dice) -> Any:
        members = [(key, item(dice)) for key, item in required.items()]
        members += [(key, item(dice)) for key, item in (optional or {}).items() if dice.chance(0.6)]
        if dice.chance(0.2):
            key = dice.pick(KEYS)
            if key not in required and key not in (optional or {}):
                members.append((key, anything(dice, 1)))
        return dict(dice.shuffled(members))

    return make


def to_text(value: object) -> str:
    """Write a JSON value as text for both sides."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
