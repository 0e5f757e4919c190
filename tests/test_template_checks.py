"""Checks of templates: for each a template that has the problem, and one that does not."""

import pytest

from connector_kit import Guard
from connector_kit.default_templates import EMAIL_TEMPLATES, SMS_TEMPLATES
from connector_kit.template_checks import TEMPLATE_CHECKS, check_template
from tests.guard_cases import Json, issue_tuples

PAGE = '<!doctype html><html lang="en"><body>{}</body></html>'


def found(content: str, kind: str = "SignIn", **others: Json) -> list[tuple[str, str, str]]:
    """Return the warnings of the checks about an e-mail template: keyword, key and message."""
    template = {"usageType": kind, "subject": "{{code}}", "content": content, **others}
    issues = Guard({}, object).issues({"templates": [template]})
    return [(it.keyword, str(it.location[-1]), it.message) for it in issues if it.keyword in TEMPLATE_CHECKS]


def keywords(content: str, kind: str = "SignIn", **others: Json) -> list[str]:
    """Return the keywords of these warnings."""
    return [keyword for keyword, _, _ in found(content, kind, **others)]


@pytest.mark.parametrize(
    "content",
    [
        "Your code is {{code}}.",
        "<p>Your code is {{code}}.</p>",
        PAGE.format('<img src="{{organization.branding.logoUrl}}" alt="Acme"><p>{{code}}</p>'),
        "",
    ],
)
def test_ordinary_template_has_no_finding(content: str) -> None:
    """With or without HTML."""
    assert found(content) == []


def test_default_templates_of_the_kit_have_no_finding() -> None:
    """Nor do those of Logto's packages: tests/interop/test_default_templates.py."""
    for templates in (EMAIL_TEMPLATES, SMS_TEMPLATES):
        assert [it.keyword for it in Guard({}, object).issues({"templates": [*map(dict, templates)]})] == []


@pytest.mark.parametrize("template", [{}, {"templateAlias": "x"}, {"subject": "123456"}, {"content": 1}])
def test_template_without_content_is_not_checked(template: Json) -> None:
    """The provider has its text."""
    assert list(check_template({"usageType": "SignIn", **template}, ())) == []


def test_template_that_no_message_uses_is_not_checked() -> None:
    """It has a warning already."""
    templates = [{"usageType": "Letter", "subject": "s", "content": "{{code}} 123456"}]
    assert [it[1] for it in issue_tuples(Guard({}, object), {"templates": templates})] == ["usage-type"]


# --- hard-coded-code --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["000000", "123456", "111111", "654321", "012345", "123-456", "123 456"])
@pytest.mark.parametrize("text", ["Your code is {}.", "<b>{}</b> is your code", "{}"])
def test_example_of_a_code_is_found(code: str, text: str) -> None:
    """One warning: `no-code` would be about the same."""
    templates = [{"usageType": "SignIn", "subject": "Sign in", "content": text.format(code)}]
    message = f"every user gets the code {code}, which is written in the template: write {{{{code}}}} instead"
    assert issue_tuples(Guard({}, object), {"templates": templates}) == [
        ("$.templates[0].content", "hard-coded-code", message)
    ]


def test_example_of_a_code_in_the_subject_is_found() -> None:
    """The content may have the real one."""
    ((keyword, key, _),) = found("{{code}}", subject="123456 is your code")
    assert (keyword, key) == ("hard-coded-code", "subject")


@pytest.mark.parametrize(
    "text",
    [
        "#123456 #000000",
        "+1 555 000000, 1-800-123456",
        "€ 1,000,000 or 100000 or 1000000",
        "invoice A123456",
        "123456%",
        "https://acme.example/123456",
        '<p style="color:#000000" data-x="123456">Acme</p>',
        "company no. 04572918",
        "123456 7890",
    ],
)
def test_other_number_is_not_a_code(text: str) -> None:
    """Colours, phone numbers, amounts and addresses."""
    assert keywords(text + " {{code}}") == []


# --- sms-segments -----------------------------------------------------------------------------------------------------


def _sms(content: str) -> list[str]:
    issues = Guard({}, object).issues({"templates": [{"usageType": "SignIn", "content": content}]})
    return [it.message for it in issues if it.keyword in TEMPLATE_CHECKS]


def test_text_message_of_several_segments_is_found() -> None:
    """The placeholders are replaced by example values: a code has six characters."""
    assert _sms("{{code}}" + "a" * 154) == []
    assert _sms("{{code}}" + "a" * 155) == [
        "with example values, this text has 161 characters, and is charged as 2 messages: shorten it to 160 characters"
    ]
    assert _sms("{{ user.name }}" + "a" * 152) == []


def test_characters_that_make_a_text_message_longer_are_named() -> None:
    """The first three."""
    assert _sms("“{{code}}”" + "a" * 62) == []
    (message,) = _sms("“{{code}}”" + "a" * 63)
    assert message == (
        "with example values, this text has 71 characters, and is charged as 2 messages: replace “ (U+201C), ” (U+201D), with "
        "which a message has 70 characters instead of 160, or shorten the text"
    )
    (message,) = _sms("{{code}}\u200bжщыю" + "a" * 70)
    assert "replace U+200B, ж (U+0436), щ (U+0449) and 2 more, with which" in message


def test_html_without_a_subject_is_not_a_text_message() -> None:
    """It may be an e-mail of a connector that has the subject elsewhere."""
    assert _sms("<p>{{code}}</p>" + "a" * 200) == []
    assert _sms("<#> {{code}}" + "a" * 200) != []


# --- text-alternative -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        '<input value="{{code}}">Your code',
        "<title>{{code}}</title>Your code",
        '<p title="{{code}}">Your code</p>',
        "<style>{{code}}</style>Your code",
    ],
)
def test_code_that_the_derived_text_lacks_is_found(content: str) -> None:
    """The reader of the plain text has no code."""
    ((keyword, key, message),) = found(content)
    assert (keyword, key) == ("text-alternative", "content")
    assert message.startswith("the plain text that the kit derives from this HTML lacks {{code}}: ")


@pytest.mark.parametrize(
    "content", ["<p></p>", "<style>a{}</style>", '<img src="{{code}}" alt="">', "<div>" * 501 + "{{code}}"]
)
def test_empty_derived_text_is_found(content: str) -> None:
    """Such as that of a message of images only."""
    ((keyword, _, message),) = found(content)
    assert keyword == "text-alternative"
    assert message.startswith("the plain text that the kit derives from this HTML is empty: ")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("SignIn", '<img src="{{organization.logo}}" alt="{{code}}">'),
        ("SignIn", "<p>Look at the subject</p>"),
        ("OrganizationInvitation", '<a href="{{link}}">Join</a>'),
        ("OrganizationInvitation", '<p title="{{code}}">{{link}}</p>'),
    ],
)
def test_derived_text_with_the_code_or_link_has_no_finding(kind: str, content: str) -> None:
    """The address of a link is a part of it."""
    assert keywords(content, kind) == []


def test_plain_text_needs_no_alternative() -> None:
    """In connectors that have a content type: SMTP's, SendGrid's."""
    for key in ("contentType", "type"):
        assert keywords('<input value="{{code}}"> <img>', **{key: "text/plain"}) == []


# --- message-size -----------------------------------------------------------------------------------------------------


def test_message_that_gmail_cuts_off_is_found() -> None:
    """Bytes count, not characters."""
    assert keywords("{{code}}" + "a" * 101_992) == []
    assert found("{{code}}" + "a" * 101_991 + "é") == [
        (
            "message-size",
            "content",
            "this body has 102,001 bytes, and Gmail cuts it off after 102,000: remove styles or hidden parts",
        )
    ]
    assert _sms("<b>" + "a" * 110_000) == []


# --- html-lang --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", ["<html>", "<!doctype html>\n<html>", '<!DOCTYPE html ""><HTML class="a">', '<html lang=" ">']
)
def test_missing_language_is_found(start: str) -> None:
    """With or without a document type."""
    ((keyword, _, message),) = found(f"{start}<p>{{{{code}}}}</p>")
    assert keyword == "html-lang"
    assert message.endswith('add lang, as in <html lang="en">')


@pytest.mark.parametrize(
    "content", ['<html lang="{{locale}}">{{code}}', '<html xml:lang="de">{{code}}', "<p>{{code}}</p>"]
)
def test_language_or_a_fragment_has_no_finding(content: str) -> None:
    """A fragment has no place for it."""
    assert keywords(content) == []


# --- images -----------------------------------------------------------------------------------------------------------


def test_images_without_alt_are_counted() -> None:
    """Their addresses may have a token, so no message shows one."""
    assert found('{{code}}<img src="{{a}}">') == [
        ("image-alt", "content", 'an image has no alt: describe it in alt="…", or write alt="" for decoration')
    ]
    ((_, _, message),) = found('{{code}}<img src="{{a}}"><img src="{{b}}"><img src="{{c}}" alt="">')
    assert message.startswith("2 images have no alt: ")


@pytest.mark.parametrize(
    "attributes",
    [
        'alt="Acme"',
        'alt=""',
        "alt",
        'role="presentation"',
        'role="none"',
        'aria-hidden="true"',
        'style="display:none"',
        "hidden",
    ],
)
def test_described_decorative_or_hidden_image_has_no_finding(attributes: str) -> None:
    """An empty ``alt`` is that of a decoration."""
    assert keywords(f'{{{{code}}}}<img src="{{{{a}}}}" {attributes}>') == []


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://acme.example/a.png" alt="">',
        '<img src=" HTTP://acme.example/a.png" alt="">',
        '<img src="//acme.example/a.png" alt="">',
        '<td background="https://acme.example/a.png"></td>',
        "<p style=\"background:url( 'https://acme.example/a.png')\"></p>",
    ],
)
def test_remote_image_is_found(html: str) -> None:
    """Also behind an element."""
    ((keyword, _, message),) = found("{{code}}" + html)
    assert keyword == "remote-image"
    assert message.startswith("an image is on another server, ")
    assert "acme" not in message


@pytest.mark.parametrize(
    "source", ["logo.png", "/logo.png", "cid:logo", "file:///a.png", "data:image/png;base64,AA==", ""]
)
def test_image_that_no_mail_program_loads_is_found(source: str) -> None:
    """The kit attaches nothing, and Gmail removes ``data:`` addresses."""
    ((keyword, _, message),) = found(f'{{{{code}}}}<img src="{source}" alt="">')
    assert keyword == "image-source"
    assert message.startswith("an image has an address that mail programs cannot load")


# --- contrast ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "message"),
    [
        # The ratios are those of WebAIM's contrast checker.
        (
            '<p style="color:#777;background:#fff">{{code}}</p>',
            "#777777 on #ffffff has a contrast of 4.48:1: choose colours with at least 4.5:1",
        ),
        (
            '<td bgcolor="#ffffff"><font color="#aaaaaa">{{code}}</font></td>',
            "#aaaaaa on #ffffff has a contrast of 2.32:1: choose colours with at least 4.5:1",
        ),
        (
            '<div style="background-color:white"><p><b style="COLOR: rgb(255, 0, 0)">{{code}}</b></p></div>',
            "#ff0000 on #ffffff has a contrast of 4.00:1: choose colours with at least 4.5:1",
        ),
        (
            '<p style="color:#999;background:white;font-size:24px">{{code}}</p>',
            "#999999 on #ffffff has a contrast of 2.85:1: choose colours with at least 3.0:1",
        ),
        (
            '<a style="background:#fff;color:#ccc">{{code}}</a><b style="background:#eee;color:#fff">a</b>',
            "#cccccc on #ffffff has a contrast of 1.61:1 (the first of 2 such pairs): choose colours with at least 4.5:1",
        ),
    ],
)
def test_low_contrast_is_found(html: str, message: str) -> None:
    """The colours may be those of elements around the text."""
    assert found(html) == [("contrast", "content", f"text in {message}")]


@pytest.mark.parametrize(
    "style",
    [
        "color:#767676;background:#fff",
        "color:#ccc",
        "background:#fff",
        "color:#ccc;background:#fff url(a.png)",
        "color:#ccc;background:#fff;background-image:url(a.png)",
        "color:rgba(0,0,0,.1);background:#fff",
        "color:#ccc;background:rgba(0,0,0,.8)",
        "color:{{organization.branding.color}};background:#fff",
        "color:currentColor;background:#fff",
        "color:#ccc;background:transparent",
        "color:#ccc;background:#fff;display:none",
        "color:#fff;background:#fff;visibility:hidden",
        "color:#fff;background:#fff;mso-hide:all",
        "color:#fff;background:#fff;opacity:0",
        "color:#fff;background:#fff;max-height:0px;overflow:hidden",
        "color:#fff;background:#fff;font-size:1px",
        "color:#fff;background:#fff;font-size:0",
        "color:#949494;background:#fff;font-size:24px",
        "color:#949494;background:#fff;font-size:18pt",
        "color:#949494;background:#fff;font-size:14pt;font-weight:700",
        "color:#949494;background:#fff;font-size:19px;font-weight:bold",
        "color:#949494;background:#fff;font-size:2em",
        "color:#949494;background:#fff;font:2em Arial",
        "color:#ccc;background:#fff;" + "a:b;" * 600,
        "nonsense; color; : {",
    ],
)
def test_readable_hidden_or_unknown_colours_have_no_finding(style: str) -> None:
    """Only two colours that are both written in attributes are compared; of a size that is not known, the text may be large."""
    assert keywords(f'<p style="{style}">a</p>{{{{code}}}}') == []


@pytest.mark.parametrize(
    "html",
    [
        '<h1 style="color:#949494;background:#fff">{{code}}</h1>',
        '<div style="background:#fff;color:#ccc"><a>{{code}}</a></div>',
        '<div style="background:#fff;color:#ccc"><p style="background:#000">{{code}}</p></div>',
        '<div style="background:#000;color:#ccc"><p style="background:transparent;color:inherit">{{code}}</p></div>',
        '<div style="background:#fff;color:#ccc"><p style="font-weight:400;background:url(x)">{{code}}</p></div>',
        '<div style="background:#fff;color:#ccc"> <br> </div>{{code}}',
        '<td bgcolor="{{a}}"><font color="#ccc" size="1">{{code}}</font></td>',
        f'<td bgcolor="{"f" * 3000}"><font color="#ccc">{{{{code}}}}</font></td>',
        '<td bgcolor="#fff" background="{{a}}"><font color="#ccc">{{code}}</font></td>',
    ],
)
def test_colours_of_inner_elements_replace_those_of_outer_ones(html: str) -> None:
    """A link has the colour that the mail program chooses, unless it has its own."""
    assert keywords(html) == []


def test_thousands_of_styles_are_not_all_read() -> None:
    """A host's client chooses the size of a config."""
    many = "".join(f'<p style="color:#000;background:#fff;width:{index}px">a</p>' for index in range(1000))
    assert keywords(f'{{{{code}}}}{many}<p style="color:#ccc;background:#fff">a</p>') == []


@pytest.mark.parametrize(
    "content",
    ["<p>\ud800\0{{code}}", "<" * 5_000 + "{{code}}", "<a <b <c {{code}}", "<!-- {{code}}", "<![CDATA[ {{code}}"],
)
def test_no_html_raises(content: str) -> None:
    """Whatever a config has."""
    assert set(keywords(content)) <= {"text-alternative"}
