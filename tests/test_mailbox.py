"""Mailboxes: parsed as by Logto's connectors, sanitized for headers, encoded by RFC 5322 and RFC 2047."""

import re
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import (
    Mailbox,
    MailboxError,
    encode_mailbox,
    format_mailbox,
    parse_send_from,
    sanitize_mailbox_address,
    sanitize_mailbox_display_name,
    strip_header_control_chars,
)
from connector_kit.mailbox import LONGEST_MAILBOX, address_problem, encode_address, parse_mailbox

CONTROLS = "".join(map(chr, (*range(32), 127)))
ENCODED_WORD = re.compile(r"=\?utf-8\?[bq]\?[!-~]*?\?=", re.IGNORECASE)


def test_only_control_characters_are_removed() -> None:
    """U+0000 to U+001F and U+007F; NEL, no-break space and letters stay."""
    assert strip_header_control_chars(f"a{CONTROLS}\x80\x85\u00a0é<b>") == "a\x80\x85\u00a0é<b>"


@given(st.text())
def test_headers_cannot_be_injected(text: str) -> None:
    """No function that writes a header returns a line break, for any text."""
    for written in (
        strip_header_control_chars(text),
        sanitize_mailbox_display_name(text),
        sanitize_mailbox_address(text),
        format_mailbox(text, text),
    ):
        assert not set(written) & set(CONTROLS)


@pytest.mark.parametrize("sanitize", [sanitize_mailbox_display_name, sanitize_mailbox_address])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme", "Acme"),
        (" \ufeffAcme\u00a0", "Acme"),
        ("<Ac>me<", "Acme"),
        ("A\r\nBcc: x", "ABcc: x"),
        ("< >", ""),
        ("\x1cA\x85", "A\x85"),
    ],
)
def test_controls_brackets_and_outer_white_space_are_removed(sanitize: object, text: str, expected: str) -> None:
    """White space is that of JavaScript."""
    assert sanitize(text) == expected  # type: ignore[operator]


@pytest.mark.parametrize(
    ("email", "name", "expected"),
    [
        ("a@b.co", None, "a@b.co"),
        ("a@b.co", "", "a@b.co"),
        ("a@b.co", " <> ", "a@b.co"),
        (" <a@b.co>\n", "Acme\n Inc.", "Acme Inc. <a@b.co>"),
    ],
)
def test_mailbox_is_formatted_with_its_name(email: str, name: str | None, expected: str) -> None:
    """``name <email>``, or the address if the name is empty."""
    assert format_mailbox(email, name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Acme <no-reply@acme.example>", Mailbox("no-reply@acme.example", "Acme")),
        ("Acme<no-reply@acme.example>", Mailbox("no-reply@acme.example", "Acme")),
        ("<no-reply@acme.example>", Mailbox("no-reply@acme.example")),
        (" < no-reply@acme.example > ", Mailbox("no-reply@acme.example")),
        ("no-reply@acme.example", Mailbox("no-reply@acme.example")),
        ("Acme\r\n", Mailbox("fallback@acme.example", "Acme")),
        ("a @ b", Mailbox("fallback@acme.example", "a @ b")),
        ("Acme <>", Mailbox("fallback@acme.example", "Acme")),
        ("", Mailbox("fallback@acme.example", "Fallback")),
    ],
)
def test_rendered_send_from_is_parsed(value: str, expected: Mailbox) -> None:
    """As a mailbox, an address, or a display name for the fallback address."""
    assert parse_send_from(value, "fallback@acme.example", "Fallback") == expected


def test_empty_name_is_none() -> None:
    """Not an empty string."""
    assert parse_send_from("", "a@b.co") == Mailbox("a@b.co")
    assert parse_send_from(" <> ", " <a@b.co> ", None) == Mailbox("a@b.co")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Logto<noreply@logto.io>", Mailbox("noreply@logto.io", "Logto")),
        ("<noreply@logto.io>", Mailbox("noreply@logto.io")),
        (" noreply@logto.io ", Mailbox("noreply@logto.io")),
        ("a > b <c@d.co>", Mailbox("c@d.co", "a > b")),
        ("", Mailbox("")),
    ],
)
def test_sender_of_a_config_is_parsed(value: str, expected: Mailbox) -> None:
    """The two documented formats, and an address alone."""
    assert parse_mailbox(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "Logto<noreply@logto.io>",
        "<noreply@logto.io>",
        "noreply@logto.io",
        "Acme Shop <noreply@acme.example>",
        '"Acme, Inc." <noreply@acme.example>',
        '"A \\"quoted\\" name" <noreply@acme.example>',
        "",
    ],
)
def test_valid_mailbox_stays_unchanged(value: str) -> None:
    """An ASCII phrase or quoted string (RFC 5322 §3.2.5) before an ASCII address, as upstream."""
    assert encode_mailbox(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Acme, Inc. <a@b.co>", '"Acme, Inc." <a@b.co>'),
        ("Acme (Spain)<a@b.co>", '"Acme (Spain)" <a@b.co>'),
        ('Say "hi" <a@b.co>', '"Say \\"hi\\"" <a@b.co>'),
        ("back\\slash: <a@b.co>", '"back\\\\slash:" <a@b.co>'),
        ("Acme\r\nBcc: x@y.z <a@b.co>", '"AcmeBcc: x@y.z" <a@b.co>'),
    ],
)
def test_name_with_specials_is_quoted(value: str, expected: str) -> None:
    """RFC 5322 §3.2.4; SES responds "Illegal address" otherwise."""
    assert encode_mailbox(value) == expected


@pytest.mark.parametrize("name", ["José", "验证码", "Ünïcode, Inc.", "🚀 Rocket", "é" * 60, '"Ü"'])
def test_name_outside_ascii_becomes_encoded_words(name: str) -> None:
    """RFC 2047: at most 75 characters each; they decode to the name without its quotes."""
    encoded = encode_mailbox(f"{name} <a@b.co>")
    phrase, _, address = encoded.rpartition(" ")
    assert address == "<a@b.co>"
    assert encoded.isascii()
    words = phrase.split(" ")
    assert all(ENCODED_WORD.fullmatch(word) and len(word) <= 75 for word in words)
    assert str(make_header(decode_header(phrase))) == name.strip('"')


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='<>"\\'), min_size=1, max_size=20))
def test_encoded_name_is_decoded_to_the_same_name(name: str) -> None:
    """For any name; the header is ASCII."""
    name = parse_mailbox(f"{name}<a@b.co>").name or ""
    phrase = encode_mailbox(f"{name}<a@b.co>").rpartition("<")[0].strip(" ")
    assert phrase.isascii()
    assert str(make_header(decode_header(phrase.strip('"')))) == name or "=?" in name


def test_lone_surrogate_in_a_name_is_replaced() -> None:
    """By U+FFFD."""
    phrase = encode_mailbox("a\ud800b <a@b.co>").rpartition(" ")[0]
    assert str(make_header(decode_header(phrase))) == "a\ufffdb"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a@plain.example", "a@plain.example"),
        ("ä@plain.example", "ä@plain.example"),
        ("ä", "ä"),
        ('"x@y"@bücher.example', '"x@y"@xn--bcher-kva.example'),
    ],
)
def test_domain_outside_ascii_becomes_punycode(address: str, expected: str) -> None:
    """IDNA 2008 with the mapping of UTS #46; the local part stays unchanged."""
    assert encode_address(address) == expected
    assert encode_mailbox(f"Acme <{address}>") == (f"Acme <{expected}>" if address != expected else f"Acme <{address}>")


@pytest.mark.parametrize("domain", ["ü..example", "ü b.example", "ü" * 64 + ".example", "\ud800.example", "é_.example"])
def test_invalid_domain_raises_without_showing_it(domain: str) -> None:
    """The message does not contain the domain."""
    with pytest.raises(MailboxError, match="its domain is not a valid") as caught:
        encode_mailbox(f"Acme <a@{domain}>")
    assert domain not in str(caught.value)
    assert caught.value.__cause__ is None


def test_encoded_mailbox_is_limited_to_320_bytes() -> None:
    """The encoded display name counts."""
    fits = "a" * (LONGEST_MAILBOX - len("@b.co")) + "@b.co"
    assert LONGEST_MAILBOX == 320
    assert encode_mailbox(fits) == fits
    with pytest.raises(MailboxError, match="320 bytes"):
        encode_mailbox("a" + fits)
    with pytest.raises(MailboxError, match="320 bytes"):
        encode_mailbox("é" * 150 + " <a@b.co>")
    with pytest.raises(MailboxError, match="320 bytes"):
        encode_mailbox("é" * 161)


@given(st.text() | st.builds("{}<{}@{}>".format, st.text(), st.text(), st.text()))
def test_any_text_is_encoded_or_raises_mailbox_error(text: str) -> None:
    """The result has no control characters and is within the limit."""
    try:
        encoded = encode_mailbox(text)
    except MailboxError:
        return
    assert not set(encoded) & set(CONTROLS)
    assert len(encoded.encode("utf-8", "surrogatepass")) <= LONGEST_MAILBOX


def test_parsing_takes_linear_time() -> None:
    """For any text."""
    for text in ("<" * 300_000, "<>" * 150_000, "a<" * 150_000 + ">", '"' + "\\" * 300_000, " " * 300_000 + "<a>"):
        parse_send_from(text, text, text)
        with pytest.raises(MailboxError):
            encode_mailbox(text + "@" * 400 + ">")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("noreply@acme.com", None),
        ("a.b+c@mail.acme.co.uk", None),
        ('"a b"@acme.com', None),
        ('"a@b"@acme.com', None),
        ("grüße@bücher.example", None),
        ("a@xn--bcher-kva.example", None),
        ("noreply", "there is no @"),
        ("noreply(at)acme.com", "there is no @"),
        ("@acme.com", "there is nothing before or after the @"),
        ("noreply@", "there is nothing before or after the @"),
        ("a@b.com, c@d.com", "there is more than one @"),
        ("Acme noreply@acme.com", "there is white space, a bracket or a separator before the @"),
        ("Acme <noreply@acme.com", "there is white space, a bracket or a separator before the @"),
        ("mailto:noreply@acme.com", "there is white space, a bracket or a separator before the @"),
        ("noreply@acme,com", "there is a comma in the domain, instead of a dot"),
        ("noreply@acme..com", "there is a dot too many in the domain"),
        ("noreply@acme.com.", "there is a dot too many in the domain"),
        ("noreply@acme com", "there is a character in the domain that domains do not have"),
        ("noreply@[10.0.0.1]", "there is a character in the domain that domains do not have"),
        (f"a@{'b' * 64}.com", "a part of the domain is longer than 63 characters"),
        ("a@b", "there is no dot in the domain"),
        ("noreply@localhost", "there is no dot in the domain"),
        ("noreply@acme.c", "the domain has no ending such as .com"),
        ("noreply@10.0.0.1", "the domain has no ending such as .com"),
    ],
)
def test_address_without_a_domain_of_the_internet_has_a_problem(address: str, problem: str | None) -> None:
    """A provider sends from verified domains only."""
    assert address_problem(address) == problem
