"""Checks the file of a logo: an SVG or a PNG that needs no other file and no script."""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER: Final = slice(12, 16)
_SVG_ROOT: Final = "{http://www.w3.org/2000/svg}svg"
_REFERENCE: Final = re.compile(r"""url\(\s*["']?\s*([^"')]*)|@import\s+["']([^"']*)""", re.IGNORECASE)
_INSIDE: Final = ("#", "data:")


def image_problem(data: bytes, *, is_svg: bool) -> str | None:
    """Return what is wrong with an image, for a message that continues "found …"; ``None`` if nothing is.

    Args:
        data: the file.
        is_svg: whether its name declares an SVG; otherwise it declares a PNG.
    """
    if is_svg:
        return _svg_fault(data)
    is_png = data.startswith(_PNG) and data[_PNG_HEADER] == b"IHDR"
    return None if is_png else "a file without the signature and header of a PNG"


def _svg_fault(data: bytes) -> str | None:
    try:
        root = ET.fromstring(data)  # noqa: S314 - the author's own file, and expat bounds what entities expand to
    except (ET.ParseError, ValueError, LookupError) as error:
        return f"an SVG that is not valid XML: {error}"
    if root.tag != _SVG_ROOT:
        return f"XML with the root {root.tag!r} instead of an svg element of the SVG namespace"
    for element in root.iter():
        name = _local(element.tag)
        if name == "script":
            return "a script element"
        if any(key.startswith("on") for key in element.attrib):
            return f"an event handler on the element {name}"
        for reference in _loaded(element, name):
            if not reference.strip().lower().startswith(_INSIDE):
                return f"a reference to another file, {reference}"
    return None


def _local(tag: object) -> str:
    """Return a name without its namespace; ``""`` for a comment."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _loaded(element: ET.Element, name: str) -> Iterator[str]:
    """Yield the references that a browser loads to draw an element; it does not load links."""
    for key, value in element.attrib.items():
        if _local(key) in {"href", "src"} and name != "a":
            yield value
        yield from _references(value)
    if name == "style":
        yield from _references(element.text or "")


def _references(text: str) -> Iterator[str]:
    for found in _REFERENCE.finditer(text):
        yield found[1] if found[1] is not None else found[2]
