"""What a connector, a provider or a drawn example puts into a text, made fit to be shown."""

import re
from typing import Final

_UNFIT: Final = re.compile(
    "["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: XML holds few of them, and terminals obey them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of writing
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # no characters at all
    "]"
)


def spell_out(text: str) -> str:
    r"""Return a text with everything but line feeds and tabs that is no plain character written as ``\x00``.

    What comes out can be shown by a terminal and held by XML, HTML and UTF-8, and reads in the order of its characters.
    """
    return _UNFIT.sub(lambda it: it[0].encode("unicode_escape").decode("ascii"), text.replace("\r\n", "\n"))
