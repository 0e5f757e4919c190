r"""Rewrites a Python regular expression for JavaScript, or rejects it.

Python and JavaScript read some constructs differently. In Python, ``$`` also matches before a final line feed, ``.``
matches every character but the line feed, and ``\d``, ``\w`` and ``\s`` cover all of Unicode. Each construct in the tables
below has one JavaScript equivalent. A pattern with any other construct is rejected.
"""

import re
from typing import Final

_SPACE: Final = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_WORD: Final = r"\p{L}\p{N}_"

_CLASSES: Final = {
    r"\d": r"\p{Nd}",
    r"\D": r"\P{Nd}",
    r"\s": f"[{_SPACE}]",
    r"\S": f"[^{_SPACE}]",
    r"\w": f"[{_WORD}]",
    r"\W": f"[^{_WORD}]",
}
r"""Valid inside a set such as ``[\w.-]`` as well as outside."""

# A group gets a second pair of parentheses because JavaScript does not allow a repeat directly after a lookaround.
_SYNTAX: Final = _CLASSES | {
    "^": "^",
    "$": r"(?=\n?$)",
    r"\A": "^",
    r"\Z": "$",
    r"\b": f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))",
    ".": r"[^\n]",
    "|": "|",
    "(": "(?:(?:",
    "(?:": "(?:(?:",
    "(?=": "(?:(?=",
    "(?!": "(?:(?!",
    "(?<=": "(?:(?<=",
    "(?<!": "(?:(?<!",
    ")": "))",
}
_CONTROLS: Final = {r"\a": 7, r"\b": 8, r"\f": 12, r"\n": 10, r"\r": 13, r"\t": 9, r"\v": 11}

_ESCAPE: Final = r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)"
_TOKEN: Final = re.compile(
    r"\[(?P<negation>\^?)(?P<members>\]?(?:\\.|[^]\\])*)\]"
    r"|(?P<name>\(\?P<\w+>)"
    r"|\(\?(?:<[=!]|.)"
    r"|(?P<repeat>(?:[*+?]|\{(?=[0-9,])[0-9]*,?[0-9]*\})[?+]?)"
    rf"|{_ESCAPE}|.",
    re.DOTALL,
)
_MEMBER: Final = re.compile(rf"({_ESCAPE}|.)(?:-({_ESCAPE}|.))?", re.DOTALL)


class UnsupportedPatternError(ValueError):
    """A regular expression is invalid or has no JavaScript equivalent; the message quotes it and names the construct."""


class _UnsupportedConstructError(Exception):
    """The construct is the only argument."""


def to_javascript(pattern: str) -> str:
    r"""Return the pattern for ``new RegExp(pattern, "v")``; it matches the same strings as ``re.search``.

    Letters and digits may differ where Python and Node.js implement different versions of Unicode.

    Raises:
        UnsupportedPatternError: The pattern is not valid in Python, or has a flag, comment, backreference, atomic group,
            conditional group, possessive repeat, octal escape, named character or ``\B``.
    """
    try:
        re.compile(pattern)
        return _TOKEN.sub(_rewrite_token, pattern)
    except re.error as error:
        raise UnsupportedPatternError(f"the pattern {pattern!r} is not a valid regular expression: {error}") from error
    except _UnsupportedConstructError as error:
        raise UnsupportedPatternError(
            f"the pattern {pattern!r} uses '{error}', which the npm package does not support"
        ) from None


def _rewrite_token(found: re.Match[str]) -> str:
    token = found[0]
    if token in _SYNTAX:
        return _SYNTAX[token]
    if found["name"]:
        return _SYNTAX["("]
    if found["members"]:
        return f"[{found['negation']}{_MEMBER.sub(_rewrite_member, found['members'])}]"
    if found["repeat"] and not token[1:].endswith("+"):
        return token.replace("{,", "{0,")
    if found["repeat"] or token.startswith("(?"):
        raise _UnsupportedConstructError(token)
    return _rewrite_character(token)


def _rewrite_member(found: re.Match[str]) -> str:
    return "-".join(_CLASSES.get(end) or _rewrite_character(end) for end in found.groups() if end)


def _rewrite_character(token: str) -> str:
    """Return a character, escaped or not, in a form that is literal everywhere in a JavaScript pattern."""
    if re.fullmatch("[0-9A-Za-z]", token):
        return token
    if token in _CONTROLS:
        code = _CONTROLS[token]
    elif re.fullmatch(r"\\[xuU].+", token):
        code = int(token.lstrip(r"\xuU"), 16)
    elif re.fullmatch(r"\\[0-9A-Za-z]", token):
        raise _UnsupportedConstructError(token)
    else:
        code = ord(token[-1])
    return f"\\u{{{code:x}}}"
