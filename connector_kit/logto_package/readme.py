"""Removes the relative links of a README: Console shows it without the files that they lead to."""

import re
from typing import Final

_CODE: Final = r"""
    (?P<code>
        ^(?P<indent>[ ]*(?:[-*+>][ ]*|\d+\.[ ]*)*)(?P<fence>`{3,}|~{3,})[^\n]*\n (?:.*?\n)?? [ >]*(?P=fence)[`~]*[ ]*$
      | (?<!`)(?P<ticks>`+)(?!`)(?:.+?)(?<!`)(?P=ticks)(?!`)
      | <!--.*?-->
    )
"""
_TITLE: Final = r"""(?:"[^"]*"|'[^']*'|\([^()]*\))"""
_DESTINATION: Final = r"(?:<(?P<{0}_pointed>[^<>\n]*)>|(?P<{0}_plain>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*))"
_TEXT: Final = (
    r"(?:[^\[\]]|\[[^\[\]]*\](?:\([^()]*\))?+)*+"  # possessive: else exponential where a bracket is not closed
)
_DEFINITION: Final = re.compile(
    rf"{_CODE} | ^[ ]{{0,3}}\[(?P<label>[^\[\]\n]+)\]:[ \t]*\n?[ \t]*{_DESTINATION.format('definition')}"
    rf"(?:[ \t]*\n?[ \t]+{_TITLE})?[ \t]*$\n?",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_LINK: Final = re.compile(
    rf"""
    {_CODE}
  | !?\[(?P<text>{_TEXT})\](?:
        \([ \n]*{_DESTINATION.format("link")}(?:[ \n]+{_TITLE})?[ \n]*\)
      | \[(?P<reference>[^\[\]]*)\]
      | (?P<shortcut>)
    )
  | <a\b(?P<anchor>[^<>]*)>(?P<content>.*?)</a\s*>
  | <(?:img|source|video|audio|embed|object|iframe|link|script)\b(?P<embedded>[^<>]*)>
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_LINKING: Final = frozenset({"data", "href", "poster", "src", "srcset"})
_INDEPENDENT: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
"""The beginning of a link that leads to the same place from anywhere, or to a heading of the README itself."""


def remove_relative_links(markdown: str) -> str:
    """Replace each relative link by its text, and each relative image by its alternative text.

    Links may be inline, references or HTML. Code is left unchanged.
    """
    removed: set[str] = set()

    def define(match: re.Match[str]) -> str:
        if match["code"] is not None or not _is_relative(match["definition_pointed"] or match["definition_plain"]):
            return match[0]
        removed.add(_normal(match["label"]))
        return ""

    def unlink(match: re.Match[str]) -> str:
        if match["code"] is not None:
            return match[0]
        if match["text"] is not None:
            text = _LINK.sub(unlink, match["text"])
            if match["reference"] is None and match["shortcut"] is None:
                is_relative = _is_relative(match["link_pointed"] or match["link_plain"])
            else:
                is_relative = _normal(match["reference"] or match["text"]) in removed
            start = match.start("text") - match.start()
            return text if is_relative else match[0][:start] + text + match[0][start + len(match["text"]) :]
        attributes = _attributes(match["anchor"] if match["anchor"] is not None else match["embedded"])
        is_relative = any(_is_relative(it) for name, it in attributes.items() if name in _LINKING)
        if match["anchor"] is None:
            return attributes.get("alt", "") if is_relative else match[0]
        content = _LINK.sub(unlink, match["content"])
        return content if is_relative else f"<a{match['anchor']}>{content}</a>"

    return _LINK.sub(unlink, _DEFINITION.sub(define, markdown))


def _is_relative(target: str) -> bool:
    return bool(target) and _INDEPENDENT.match(target.strip()) is None


def _normal(label: str) -> str:
    """Return a label of a reference in the form in which Markdown compares it."""
    return " ".join(label.split()).casefold()


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): "".join(values) for name, *values in _ATTRIBUTE.findall(text)}
