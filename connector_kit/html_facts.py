"""Reads what the HTML of an e-mail has in it: its language, its images, and the colours of its texts."""

import math
import re
from typing import Any, Final

from attrs import evolve, frozen

from connector_kit.html_parsing import DEEPEST_LEVEL, TooDeepError, parse_html

_REMOTE: Final = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_REMOTE_IN_STYLE: Final = re.compile(r"url\(\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE)
_PLACEHOLDER: Final = "{{"
_HIDDEN_TAGS: Final = frozenset(("head", "script", "style", "title", "template"))
_BOLD_TAGS: Final = frozenset(("b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"))
_HEADINGS: Final = {"h1": 32.0, "h2": 24.0}
"""Their sizes in pixels by default: both are large text."""

_LONGEST_STYLE: Final = 2_000
_MOST_STYLES: Final = 300
"""Different styles of one template; tinycss2 parses 1.3 MB a second, and a host's client chooses the size of a config."""

_LARGE: Final = 24.0
_LARGE_IF_BOLD: Final = 18.66
"""Pixels: 18 and 14 points. The definition of large text in WCAG 2.2."""

_BOLD: Final = 700
_PIXELS: Final = {"px": 1.0, "pt": 4 / 3}
_INVISIBLE_SIZE: Final = 1.0


@frozen
class Image:
    """An image of an HTML document.

    Args:
        has_alt: whether it has an alternative text, which may be empty, or needs none.
        is_remote: whether it is on another server.
        is_unusable: whether mail programs cannot load it.
    """

    has_alt: bool
    is_remote: bool
    is_unusable: bool


Rgb = tuple[float, float, float]
"""Red, green and blue, from 0 to 1."""


@frozen
class Colours:
    """The colours of a text and its background, as ``#rrggbb``.

    Args:
        text: of the text.
        background: behind it.
        ratio: the contrast, from 1 to 21.
        required: the least contrast that WCAG 2.2 requires at level AA.
    """

    text: str
    background: str
    ratio: float
    required: float

    @property
    def is_readable(self) -> bool:
        """Whether the contrast is enough."""
        return self.ratio >= self.required


@frozen
class HtmlFacts:
    """What an HTML document has in it.

    Args:
        language: the ``lang`` of its ``<html>`` element; empty if there is none.
        images: its images that are not hidden, those behind other elements included.
        colours: of its texts; only those whose two colours are in attributes, each once.
    """

    language: str
    images: tuple[Image, ...]
    colours: tuple[Colours, ...]


def html_facts(html: str) -> HtmlFacts:
    """Read an HTML document. No HTML raises; of elements in more than 500 levels, nothing is read."""
    facts: HtmlFacts | None = parse_html(html, _FactsTarget())
    return facts or HtmlFacts("", (), ())


@frozen
class _Look:
    """How an element looks, as far as its attributes and those of the elements around it tell.

    Args:
        text: the colour of its text; ``None`` if unknown.
        background: the colour behind it; ``None`` if unknown.
        pixels: the size of its text; infinite if unknown, so that the text counts as large.
        is_bold: whether its text is bold.
        is_hidden: whether it is not shown.
    """

    text: Rgb | None = None
    background: Rgb | None = None
    pixels: float = 16.0
    is_bold: bool = False
    is_hidden: bool = False

    @property
    def required_contrast(self) -> float:
        return 3.0 if self.pixels >= (_LARGE_IF_BOLD if self.is_bold else _LARGE) else 4.5


class _FactsTarget:
    """Collects facts from the events of an HTML parser."""

    def __init__(self) -> None:
        self._looks = [_Look()]
        self._styles: dict[str, dict[str, Any]] = {"": {}}
        self._language = ""
        self._images: list[Image] = []
        self._colours: dict[Colours, None] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._looks) > DEEPEST_LEVEL:
            raise TooDeepError
        style = attributes.get("style", "")
        look = self._look(tag, attributes, self._declarations(style))
        self._looks.append(look)
        if tag == "html":
            self._language = attributes.get("lang", "").strip() or attributes.get("xml:lang", "").strip()
        if look.is_hidden:
            return
        if tag == "img":
            self._images.append(_image(attributes))
        elif _REMOTE.match(attributes.get("background", "").strip()) or _REMOTE_IN_STYLE.search(style):
            self._images.append(Image(has_alt=True, is_remote=True, is_unusable=False))

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser's signature
        self._looks.pop()

    def data(self, text: str) -> None:
        look = self._looks[-1]
        if look.text and look.background and not look.is_hidden and text.strip():
            ratio = _contrast(look.text, look.background)
            self._colours[Colours(_hex(look.text), _hex(look.background), ratio, look.required_contrast)] = None

    def close(self) -> HtmlFacts:
        return HtmlFacts(self._language, tuple(self._images), tuple(self._colours))

    def _declarations(self, style: str) -> dict[str, Any]:
        if style not in self._styles:
            if len(style) > _LONGEST_STYLE or len(self._styles) > _MOST_STYLES:
                return {"color": [], "background": []}  # both unknown
            self._styles[style] = _parse_style(style)
        return self._styles[style]

    def _look(self, tag: str, attributes: dict[str, str], style: dict[str, Any]) -> _Look:
        look = self._looks[-1]
        changes: dict[str, Any] = {}
        if tag in _HIDDEN_TAGS or "hidden" in attributes or _hides(style):
            changes["is_hidden"] = True
        if tag == "a":
            changes["text"] = None  # the reader's mail program has a colour for links
        if tag in _HEADINGS:
            changes["pixels"] = _HEADINGS[tag]
        if tag in _BOLD_TAGS:
            changes["is_bold"] = True
        changes |= _colours(attributes, style)
        if "font-size" in style:
            changes["pixels"] = _pixels(style["font-size"])
        elif "font" in style or "size" in attributes:
            changes["pixels"] = math.inf
        if "font-weight" in style:
            changes["is_bold"] = _is_bold(style["font-weight"])
        return evolve(look, **changes) if changes else look


def _image(attributes: dict[str, str]) -> Image:
    source = attributes.get("src", "").strip()
    needs_no_alt = attributes.get("role") in {"presentation", "none"} or attributes.get("aria-hidden") == "true"
    is_remote = _REMOTE.match(source) is not None
    return Image(
        has_alt="alt" in attributes or needs_no_alt,
        is_remote=is_remote,
        is_unusable=not is_remote and not source.startswith(_PLACEHOLDER),
    )


# --- styles -----------------------------------------------------------------------------------------------------------


def _parse_style(style: str) -> dict[str, Any]:
    """Return the declarations of a ``style`` attribute: the components of each value, by name. The last one counts."""
    from tinycss2 import parse_declaration_list  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; most templates have no styles

    found = parse_declaration_list(style, skip_comments=True, skip_whitespace=True)
    return {
        it.lower_name: [part for part in it.value if part.type not in {"whitespace", "comment"}]
        for it in found
        if it.type == "declaration"
    }


def _words(parts: list[Any]) -> list[str]:
    """Return the names and numbers of a value."""
    return [getattr(part, "lower_value", None) or str(getattr(part, "value", "")) for part in parts]


def _hides(style: dict[str, Any]) -> bool:
    """Return whether an element is not shown: as the preview text at the start of a message often is."""
    return (
        _words(style.get("display", [])) == ["none"]
        or _words(style.get("visibility", [])) == ["hidden"]
        or _words(style.get("mso-hide", [])) == ["all"]
        or any(_number(style.get(name)) == 0 for name in ("opacity", "max-height", "max-width", "height"))
        or (_number(style.get("font-size")) or math.inf) <= _INVISIBLE_SIZE
        or _number(style.get("font-size")) == 0
    )


def _number(parts: list[Any] | None) -> float | None:
    """Return the one number of a value, without its unit."""
    (part,) = parts if parts and len(parts) == 1 else (None,)
    value = getattr(part, "value", None)
    return float(value) if isinstance(value, int | float) else None


def _pixels(parts: list[Any]) -> float:
    (part,) = parts if len(parts) == 1 else (None,)
    factor = _PIXELS.get(getattr(part, "lower_unit", ""))
    return math.inf if part is None or factor is None else float(part.value) * factor


def _is_bold(parts: list[Any]) -> bool:
    return _words(parts) in (["bold"], ["bolder"]) or (_number(parts) or 0) >= _BOLD


# --- colours ----------------------------------------------------------------------------------------------------------


def _colours(attributes: dict[str, str], style: dict[str, Any]) -> dict[str, Rgb | None]:
    """Return the colours that an element sets; ``None`` for one that cannot be known."""
    found: dict[str, Rgb | None] = {}
    if "color" in attributes:
        found["text"] = _attribute(attributes["color"])
    if "color" in style and _words(style["color"]) != ["inherit"]:
        found["text"] = _opaque(_one_colour(style["color"]))
    if "bgcolor" in attributes:
        found["background"] = _attribute(attributes["bgcolor"])
    for name in ("background", "background-color"):
        if name in style:
            colour = _one_colour(style[name])
            if colour is None or colour.alpha != 0:  # what is behind a transparent element stays
                found["background"] = _opaque(colour)
    if "background" in attributes or "background-image" in style:
        found["background"] = None
    return found


def _one_colour(parts: list[Any]) -> Any:
    """Return the colour that is all of a value, or ``None``. ``background`` may have an image."""
    from tinycss2.color3 import parse_color  # type: ignore[import-untyped]  # noqa: PLC0415 - as in `_parse_style`

    colour = parse_color(parts[0]) if len(parts) == 1 else None
    return None if isinstance(colour, str) else colour


def _opaque(colour: Any) -> Rgb | None:
    return None if colour is None or colour.alpha != 1 else (colour.red, colour.green, colour.blue)


def _attribute(text: str) -> Rgb | None:
    from tinycss2 import parse_component_value_list  # noqa: PLC0415 - as in `_parse_style`

    return _opaque(_one_colour(parse_component_value_list(text.strip()))) if len(text) <= _LONGEST_STYLE else None


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


def _contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    """Return the relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    red, green, blue = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in colour)  # noqa: PLR2004 - of sRGB
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
