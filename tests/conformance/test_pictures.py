"""A logo is judged by its bytes: an SVG or a PNG, that shows by itself."""

import pytest

from conformance.pictures import picture_fault

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"


@pytest.mark.parametrize(
    "inside",
    [
        "<!-- drawn by hand --><rect/>",
        '<linearGradient id="a"/><rect fill="url(#a)" style="stroke: url( \'#a\' )"/>',
        '<use xlink:href="#a"/><image href="data:image/png;base64,AAAA"/>',
        '<a href="https://acme.example/"><rect/></a>',
        "<style>rect { fill: red }</style><style/>",
        '<metadata><licence xmlns="http://acme.example/l" resource="http://acme.example/"/></metadata>',
    ],
)
def test_an_svg_that_shows_by_itself_has_no_fault(inside: str) -> None:
    """References inside it, embedded pictures, links and names of the web are no fault."""
    assert picture_fault(SVG.format(inside).encode(), is_svg=True) is None


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<script/>", "a script"),
        ('<g onclick="x()"/>', "an event handler"),
        ('<use xlink:href="other.svg#a"/>', "to other.svg#a"),
        ('<rect fill="url(https://acme.example/a.svg#a)"/>', "to https://acme.example/a.svg#a"),
        ("<style>@import 'a.css';</style>", "to a.css"),
        ("<style>rect { fill: url(a.svg) }</style>", "to a.svg"),
        ("&nothing;", "no XML"),
    ],
)
def test_an_svg_that_needs_more_than_itself_has_a_fault(inside: str, words: str) -> None:
    """Scripts, handlers, and whatever has to be loaded."""
    assert words in str(picture_fault(SVG.format(inside).encode(), is_svg=True))


def test_an_svg_without_its_namespace_is_none() -> None:
    """Browsers draw it only with one; text in an unknown encoding is no XML at all."""
    assert "no svg element" in str(picture_fault(b"<svg/>", is_svg=True))
    assert "no XML" in str(picture_fault(b'<?xml version="1.0" encoding="none-such"?><svg/>', is_svg=True))


def test_a_png_is_known_by_its_first_bytes() -> None:
    """The signature and the header after it."""
    assert picture_fault(PNG, is_svg=False) is None
    assert picture_fault(PNG[:8], is_svg=False) is not None
    assert picture_fault(SVG.encode(), is_svg=False) is not None
