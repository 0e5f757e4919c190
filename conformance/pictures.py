"""Judges the file of a logo: an SVG or a PNG, that shows by itself."""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER: Final = slice(12, 16)
_SVG_ROOT: Final = "{http://www.w3.org/2000/svg}svg"
_REFERENCE: Final = re.compile(r"""url\(\s*["']?\s*([^"')]*)|@import\s+["']([^"']*)""", re.IGNORECASE)
_INSIDE: Final = ("#", "data:")


def picture_fault(data: bytes, *, is_svg: bool) -> str | None:
    """Say what is wrong with a picture, or ``None``.

    Args:
        data: the file.
        is_svg: it says that it is an SVG; otherwise a PNG.
    """
    if is_svg:
        return _svg_fault(data)
    is_png = data.startswith(_PNG) and data[_PNG_HEADER] == b"IHDR"
    return None if is_png else "something that is no PNG"


def _svg_fault(data: bytes) -> str | None:
    try:
        root = ET.fromstring(data)  # noqa: S314 - the author's own file, and expat bounds what entities expand to
    except (ET.ParseError, ValueError, LookupError) as error:
        return f"an SVG that is no XML: {error}"
    if root.tag != _SVG_ROOT:
        return "XML whose root is no svg element of the SVG namespace"
    for element in root.iter():
        name = _local(element.tag)
        if name == "script":
            return "a script in it"
        if any(key.startswith("on") for key in element.attrib):
            return f"an event handler on its element {name}"
        for reference in _loaded(element, name):
            if not reference.strip().lower().startswith(_INSIDE):
                return f"a reference out of it, to {reference}"
    return None


def _local(tag: object) -> str:
    """Return a name without its namespace; comments have none."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _loaded(element: ET.Element, name: str) -> Iterator[str]:
    """Yield what an element has loaded to be drawn; a link loads nothing."""
    for key, value in element.attrib.items():
        if _local(key) in {"href", "src"} and name != "a":
            yield value
        yield from _references(value)
    if name == "style":
        yield from _references(element.text or "")


def _references(text: str) -> Iterator[str]:
    for found in _REFERENCE.finditer(text):
        yield found[1] if found[1] is not None else found[2]
