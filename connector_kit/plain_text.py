"""Derives the text of an e-mail from its HTML: what a reader without HTML sees, links included."""

import re
from typing import Final

from connector_kit.html_parsing import DEEPEST_LEVEL, TooDeepError, parse_html

_HIDDEN: Final = frozenset({"script", "style", "title"})
_LINES: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dt",
        "fieldset",
        "figcaption",
        "footer",
        "form",
        "header",
        "legend",
        "li",
        "main",
        "nav",
        "section",
        "summary",
        "tr",
    ]
)
"""The elements that begin and end with a line break."""

_PARAGRAPHS: Final = frozenset(
    ["blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"]
)
"""The elements with an empty line before and after them."""

_WHITE_SPACE: Final = re.compile(r"[ \t\n\f\r]+")
_NOT_IN_URLS: Final = re.compile(r"[\t\n\r]")


class _TextTarget:
    """Collects text from the events of an HTML parser, in linear time."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._line_feeds = 0
        self._bullet = ""
        self._levels = 0
        self._hidden = 0
        self._preformatted = 0
        self._link: tuple[str, int] | None = None
        """The address of the open link, and how many parts were written before it."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._levels += 1
        if self._levels > DEEPEST_LEVEL:
            raise TooDeepError
        self._break_around(tag)
        self._hidden += tag in _HIDDEN
        self._preformatted += tag == "pre"
        match tag:
            case "a":
                address = _NOT_IN_URLS.sub("", attributes.get("href", "")).strip()
                self._link = (re.sub("^(mailto|tel):", "", address), len(self._written))
            case "br":
                self._line_feeds = min(self._line_feeds + 1, 2)
            case "img":
                self.data(attributes.get("alt", ""))
            case "li":
                self._bullet = "- "
            case "td" | "th":
                self.data(" ")

    def end(self, tag: str) -> None:
        self._levels -= 1
        self._hidden -= tag in _HIDDEN
        self._preformatted -= tag == "pre"
        if tag == "a" and self._link is not None:
            address, before = self._link
            self._link = None
            text = "".join(self._written[before:])
            if address and not address.startswith("#") and address not in text:
                self.data(f" <{address}>")
        if tag == "li":
            self._bullet = ""
        self._break_around(tag)

    def data(self, text: str) -> None:
        if self._hidden:
            return
        first, *others = text.split("\n") if self._preformatted else (text,)
        self._write(first)
        for line in others:
            self._line_feeds = min(self._line_feeds + 1, 2)
            self._write(line)

    def close(self) -> str:
        return "\n".join(line.rstrip(" ") for line in "".join(self._written).split("\n")).strip("\n ")

    def _break_around(self, tag: str) -> None:
        self._line_feeds = max(self._line_feeds, 1 if tag in _LINES else 2 if tag in _PARAGRAPHS else 0)

    def _write(self, text: str) -> None:
        text = text if self._preformatted else _WHITE_SPACE.sub(" ", text)
        is_after_space = not self._written or self._line_feeds or self._written[-1].endswith(" ")
        if is_after_space and not self._preformatted:
            text = text.removeprefix(" ")
        if text:
            self._written.append("\n" * self._line_feeds * bool(self._written) + self._bullet + text)
            self._line_feeds, self._bullet = 0, ""


def html_to_text(html: str) -> str:
    """Return the text of an HTML document, with the address of each link after it, as in ``Join <https://…>``.

    Paragraphs, lines, list items and the alternative texts of images stay. No HTML raises. Libraries for this did not do:
    inscriptis 2.7.6 changes addresses (``&copy=1`` to ``©=1``), makes 9 MB of a table of 30 kB, and takes four times as
    long for twice as many inline elements; html-text 0.7.1 puts spaces between inline elements (``W elcome``). Both lose the
    text in 2,000 levels of elements.

    Args:
        html: any text.

    Returns:
        The text; empty if there is none, or if elements are nested in more than 500 levels.
    """
    text: str | None = parse_html(html, _TextTarget())
    return text or ""
