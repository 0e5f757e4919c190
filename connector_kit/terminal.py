"""Escaping control characters, so that untrusted text can be shown safely."""

import re
from typing import Final

_CONTROL_CHARACTERS: Final = (
    "\x00-\x1f\x7f-\x9f"  # C0 and C1 controls: terminals obey them, XML cannot hold most of them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # surrogates and noncharacters
)
_IN_ONE_LINE: Final = re.compile(f"[{_CONTROL_CHARACTERS}]")
_IN_LINES: Final = re.compile(f"(?![\n\t])[{_CONTROL_CHARACTERS}]")


def escape_control_characters(text: str, *, keep_lines: bool = False) -> str:
    r"""Return a text with each control character as an escape sequence, such as ``\x1b`` for ESC.

    The result cannot move a terminal's cursor, change its colours or reverse the direction of writing. UTF-8, XML and
    HTML can hold it.

    Args:
        text: any text, lone surrogates included.
        keep_lines: keep line feeds and tabs, and turn CR LF into a line feed.
    """
    if keep_lines:
        return _IN_LINES.sub(_escape, text.replace("\r\n", "\n"))
    return _IN_ONE_LINE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
