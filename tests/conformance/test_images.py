"""The file of a logo must be an SVG or a PNG that needs no other file and no script."""

import pytest

from conformance.harness.images import image_problem

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
def test_self_contained_svg_is_accepted(inside: str) -> None:
    """Internal references, embedded images, links and namespaces are allowed."""
    assert image_problem(SVG.format(inside).encode(), is_svg=True) is None


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<script/>", "a script"),
        ('<g onclick="x()"/>', "an event handler"),
        ('<use xlink:href="other.svg#a"/>', "other.svg#a"),
        ('<rect fill="url(https://acme.example/a.svg#a)"/>', "another file, https://acme.example/a.svg#a"),
        ("<style>@import 'a.css';</style>", "another file, a.css"),
        ("<style>rect { fill: url(a.svg) }</style>", "another file, a.svg"),
        ("&nothing;", "not valid XML"),
    ],
)
def test_svg_that_is_not_self_contained_is_rejected(inside: str, words: str) -> None:
    """It has a script, an event handler, or a reference to another file; or it is not valid XML."""
    assert words in str(image_problem(SVG.format(inside).encode(), is_svg=True))


def test_svg_without_its_namespace_or_with_an_unknown_encoding_is_rejected() -> None:
    """Browsers draw neither."""
    assert "instead of an svg element" in str(image_problem(b"<svg/>", is_svg=True))
    assert "not valid XML" in str(image_problem(b'<?xml version="1.0" encoding="none-such"?><svg/>', is_svg=True))


def test_png_is_recognized_by_its_signature_and_header() -> None:
    """A signature alone is not enough."""
    assert image_problem(PNG, is_svg=False) is None
    assert image_problem(PNG[:8], is_svg=False) is not None
    assert image_problem(SVG.encode(), is_svg=False) is not None
