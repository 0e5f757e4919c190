"""Parses HTML with lxml, in linear time and within a limit of depth."""

from typing import Final, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)

DEEPEST_LEVEL: Final = 500
"""Levels of elements. Chrome shows 512. The time of libxml2 for an end tag grows with the levels around it."""

_PART: Final = 1 << 14
"""Bytes that are parsed before an error in the target ends the parsing."""


class TooDeepError(Exception):
    """A target raises it in `HtmlTarget.start`, to end the parsing of a document with more levels than `DEEPEST_LEVEL`."""


class HtmlTarget(Protocol[T_co]):
    """Receives the events of the parser. Each start has its end, also for elements without an end tag."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element, or raise `TooDeepError`."""

    def end(self, tag: str) -> None:
        """End an element."""

    def data(self, text: str) -> None:
        """Add text to the open element."""

    def close(self) -> T_co:
        """Return the result at the end of the document."""


def parse_html(html: str, target: HtmlTarget[T_co]) -> T_co | None:
    """Send the events of an HTML document to a target, and return its result. No HTML raises.

    Args:
        html: any text.
        target: for this document only.

    Returns:
        The result of the target; ``None`` if the document is empty, or the target raised `TooDeepError`.
    """
    from lxml.etree import HTMLParser, XMLSyntaxError  # type: ignore[import-untyped]  # noqa: PLC0415 - lxml has no types; only e-mail connectors need it

    parser = HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    document = html.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode().replace(b"\0", b"")
    try:
        for start in range(0, len(document), _PART):
            parser.feed(document[start : start + _PART])
        result: T_co = parser.close()
    except (TooDeepError, XMLSyntaxError):  # the latter for an empty document
        return None
    return result
