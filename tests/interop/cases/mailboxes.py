"""Mailboxes of templates and configs, and attempts to inject a header."""

from collections.abc import Sequence
from typing import Final

from tests.interop.dice import Dice
from tests.interop.recording import Case, CaseSet

_PIECES: Final = (
    "Logto",
    "Support Team",
    "ação",
    "a@b.co",
    "noreply@logto.io",
    "@",
    "<",
    ">",
    "<",
    ">",
    "<a@b.co>",
    " ",
    ",",
    '"',
    "\\",
    "\r\n",
    "\n",
    "\r",
    "\t",
    "\u0000",
    "\u001b",
    "\u001c",
    "\u001f",
    "\u007f",
    "\u0080",
    "\u0085",
    "\u00a0",
    "\u1680",
    "\u180e",
    "\u2003",
    "\u2028",
    "\u200b",
    "\u3000",
    "\ufeff",
    "\U0001f600",
    "\ud83d",
    "\ude00",
    "Bcc: x@y.z",
)


def _text(dice: Dice) -> str:
    # Two surrogates that meet make one character on the way to Node, and two in Python.
    return "".join(dice.some(_PIECES, 0, 7)).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _name(dice: Dice) -> str | None:
    return None if dice.chance(0.2) else _text(dice)


def _plain(seed: str) -> Sequence[Case]:
    dice = Dice(seed)
    every_character = [{"value": f"{chr(code)}a{chr(code)}b{chr(code)}"} for code in range(0x100)]
    return every_character + [{"value": _text(dice)} for _ in range(2000)]


def _formatted() -> Sequence[Case]:
    dice = Dice("formatMailbox")
    return [{"email": _text(dice), "name": _name(dice)} for _ in range(2000)]


_KNOWN: Final = (
    "",
    " ",
    "<>",
    "< >",
    "<a@b.co",
    "a@b.co>",
    "Logto<noreply@logto.io>",
    "<noreply@logto.io>",
    "noreply@logto.io",
    "Logto",
    "Logto <>",
    "Logto < >",
    "Logto <<a@b.co>>",
    "My <App> <support@example.com>",
    "Brand <bad<addr@example.com>",
    "a@b.co Logto",
    "a@b.co\u00a0Logto",
    "a@b.co\tLogto",
    "<>Logto<>",
    "><",
    "<<>>",
)


def _read() -> Sequence[Case]:
    dice = Dice("parseSendFrom")
    texts = [*_KNOWN, *(_text(dice) for _ in range(4000))]
    fallbacks = ("noreply@logto.io", "<noreply@logto.io>", "", " a@b.co\r\n")
    return [{"value": text, "email": dice.pick(fallbacks), "name": _name(dice)} for text in texts]


STRIPPED: Final = CaseSet(
    "mailboxes.stripHeaderControlChars", "stripHeaderControlChars", lambda: _plain("stripHeaderControlChars")
)
NAMES: Final = CaseSet(
    "mailboxes.sanitizeMailboxDisplayName", "sanitizeMailboxDisplayName", lambda: _plain("sanitizeMailboxDisplayName")
)
ADDRESSES: Final = CaseSet(
    "mailboxes.sanitizeMailboxAddress", "sanitizeMailboxAddress", lambda: _plain("sanitizeMailboxAddress")
)
FORMATTED: Final = CaseSet("mailboxes.formatMailbox", "formatMailbox", _formatted)
READ: Final = CaseSet("mailboxes.parseSendFrom", "parseSendFrom", _read)
CASE_SETS: Final = (STRIPPED, NAMES, ADDRESSES, FORMATTED, READ)
