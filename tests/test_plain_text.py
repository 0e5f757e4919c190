"""The text of an HTML e-mail: readable, with its links, without errors, and in time that grows with its length."""

from html import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_kit.default_templates import EMAIL_TEMPLATES
from connector_kit.plain_text import html_to_text
from tests.test_costs import count_calls

URL = "https://acme.com/join?a=1&copy=2&lt;=3"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br>Two<br><br>Three", "One\nTwo\n\nThree"),
        ("<h1>Welcome</h1>\n\n  to   <b>Ac</b>me  <br>\n", "Welcome\n\nto Acme"),
        ("<ul><li>One<li>Two</ul>Three", "- One\n- Two\n\nThree"),
        ("<ul><li></li></ul>Three", "Three"),
        ("<table><tr><td>Code</td><td>123</td></tr><tr><td>Id<td>4</table>", "Code 123\nId 4"),
        ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
        ('<img alt="Acme" src="logo.png"> Hello', "Acme Hello"),
        ("1 &lt; 2 &amp;amp; 3", "1 < 2 &amp; 3"),
        ("<title>T</title><style>p {}</style><script>s()</script>Hello<!-- hidden -->", "Hello"),
        ("<!doctype html><html><head><meta charset=latin1></head><body>Zoë</body></html>", "Zoë"),
    ],
)
def test_layout_is_readable(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f'<a href="{escape(URL)}">Join</a>, please.', f"Join <{URL}>, please."),
        (f'<a href="{escape(URL)}">{escape(URL)}</a>', URL),
        (f'<a href="{escape(URL)}"><img src="x.png"></a>', f"<{URL}>"),
        ('<a href="https://acme.com/\na">Join</a>', "Join <https://acme.com/a>"),
        ('<a href="mailto:a@acme.com">a@acme.com</a>', "a@acme.com"),
        ('<a href="#top">Up</a> <a name="top">here</a> </a>', "Up here"),
        ('<a href="https://a.b">A<a href="https://c.d">B', "A <https://a.b>B <https://c.d>"),
    ],
)
def test_addresses_of_links_stay_visible(html: str, text: str) -> None:
    """Unchanged, and not twice."""
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        (" \n", ""),
        ("\0", ""),
        ("<!-- only a comment", ""),
        ("<?xml version='1.0' encoding='utf-16'?><p>Zoë</p>", "Zoë"),
        ("Zo\0ë \x1b\ud800", "Zoë \x1b\ufffd"),
        ("<div>" * 400 + "x", "x"),
        ("<div>" * 100_000 + "x", ""),
    ],
)
def test_unusual_documents_do_not_raise(html: str, text: str) -> None:
    assert html_to_text(html) == text


_TOKENS = st.sampled_from(
    [
        "<",
        ">",
        "</",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?xml ",
        "<!doctype ",
        "&",
        "&#",
        "&#xD800;",
        "=",
        '"',
        "'",
        "\0",
        "\r",
    ]
    + [
        f"<{slash}{name}>"
        for slash in ("", "/")
        for name in ["a", "b", "p", "li", "ul", "td", "tr", "table", "pre", "br", "hr", "style", "script", "svg"]
    ]
    + ['<a href="', "<img alt=", "<plaintext>", "<textarea>", "<select>", "<frameset>", "<html>", "<head>", "<body>"]
)
HTML = st.lists(_TOKENS | st.text(st.characters(), max_size=5), max_size=30).map("".join)


@given(HTML, st.integers(1, 60))
@example("<", 1)
def test_no_html_raises(html: str, times: int) -> None:
    """And the text has no spaces at the ends of lines, and can be encoded."""
    text = html_to_text(html * times)
    text.encode()
    assert all(line == line.rstrip(" ") for line in text.split("\n"))
    assert text == text.strip("\n ")


@given(
    st.lists(st.sampled_from(["p", "div", "b", "td", "li", "a", "span", "table", "ul", "h1"]), max_size=8), st.text()
)
def test_no_word_is_lost(tags: list[str], text: str) -> None:
    """Whatever elements are around it."""
    words = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "").split()
    html = "".join(f"<{it}>" for it in tags) + escape(" ".join(words))
    assert "".join(html_to_text(html).split()).removeprefix("-") == "".join(words).removeprefix("-")


@pytest.mark.parametrize(
    "part",
    [
        "a<b>b</b>",
        "<a href=x>y</a>",
        "<a href=x>y<table>",
        "<p>x",
        "<td>x",
        "<",
        "<!--",
        "<li>",
        "</p>",
        "<pre>\n",
        "<i>",
    ],
)
def test_work_grows_with_the_length(part: str) -> None:
    """Twice the HTML needs at most a little more than twice the calls."""
    small, large = (count_calls(lambda n=n: html_to_text(part * n)).total() for n in (4_000, 8_000))
    assert large <= 2.2 * small


@pytest.mark.parametrize("template", EMAIL_TEMPLATES, ids=lambda it: it["usageType"])
def test_default_templates_have_a_readable_text(template: dict[str, str]) -> None:
    """Short paragraphs, with the code or the link on lines of their own."""
    text = html_to_text(template["content"])
    assert "<" not in text.replace("<{{link}}>", "")
    wanted = "Accept the invitation <{{link}}>" if "{{link}}" in template["content"] else "{{code}}"
    assert wanted in text.split("\n\n")
