"""Recipients, bodies and subjects are compared by meaning; what a medium cannot carry may be rejected."""

from typing import Any

import pytest
from attrs import evolve

from conformance import CheckFailure, Medium, Outcome, Spec
from conformance.harness.arrival import (
    carries,
    expect_body,
    expect_recipient,
    expect_subject,
    has_body,
    has_subject,
    medium_of,
    messages_in,
    recipient_form,
)
from conformance.providers.base import Call
from tests.conformance.wrong_connectors.memory import MAIL, SMS


def _call(**parts: Any) -> Call:
    empty = {"to": ("a@b.example",), "subject": None, "html": None, "text": None, "sender": None, "reply_to": ()}
    return Call(**{**empty, "outcome": Outcome("accepted", "accepted", None), "result": None, "raw": None, **parts})


def _with(*capabilities: str, spec: Spec = MAIL) -> Spec:
    return evolve(spec, capabilities=spec.capabilities | set(capabilities))


@pytest.mark.parametrize(
    "number", ["15550123456", "+15550123456", "0015550123456", "tel:+1 (555) 012-3456", "whatsapp:+15550123456"]
)
def test_notation_of_a_number_does_not_matter(number: str) -> None:
    """All mean the same number in E.164."""
    assert recipient_form(number, is_sms=True) == "15550123456"


def test_text_that_is_not_a_number_stays_unchanged() -> None:
    """It then differs from each number."""
    assert recipient_form("nobody", is_sms=True) == "nobody"


@pytest.mark.parametrize("address", ["Jane@bücher.example", "<Jane@bücher.example>", "Jane@XN--BCHER-KVA.example"])
def test_notation_of_a_domain_does_not_matter(address: str) -> None:
    """Angle brackets, case and IDNA form of the domain have no meaning."""
    assert recipient_form(address, is_sms=False) == "Jane@xn--bcher-kva.example"


@pytest.mark.parametrize("other", ["jane@example.com", "Jane+tag@example.com", "Jane@example.org", "nobody"])
def test_other_local_part_or_domain_is_another_recipient(other: str) -> None:
    """Case and tags of the local part may lead to another mailbox."""
    with pytest.raises(CheckFailure, match=r"expected the recipients \('Jane@example.com',\), found"):
        expect_recipient(MAIL, _call(to=(other,)), {"to": "Jane@example.com"})


def test_impossible_domain_is_compared_as_it_is() -> None:
    """It has no IDNA form."""
    address = f"jane@{'ü' * 64}.example"
    assert recipient_form(address, is_sms=False) == address


@pytest.mark.parametrize(
    "html",
    [
        "<p>1</p>",
        "<p>1</p>\r\n",
        "<!DOCTYPE html>\n<html><head><title>t</title></head><body>\n<p>1</p>\n</body></html>\n",
        "<html lang='en'><body class=a><p>1</p></body></html>",
    ],
)
def test_line_ends_and_an_empty_page_do_not_change_a_body(html: str) -> None:
    """SMTP changes line ends, and a fragment needs a page."""
    assert has_body(MAIL, "<p>1</p>", _call(html=html))


@pytest.mark.parametrize("html", ["<p>1</p><p>ad</p>", "<html><body><p>1</p>ad</body></html>", "<p>2</p>", "", None])
def test_added_or_missing_text_changes_a_body(html: str | None) -> None:
    """Without a declared layout, nothing may be added."""
    with pytest.raises(CheckFailure, match="expected the body '<p>1</p>', found"):
        expect_body(MAIL, "the body", "<p>1</p>", _call(html=html))


@pytest.mark.parametrize(
    "html",
    [
        "<h1>Acme</h1><p>Tom &amp; <b>1</b></p><br>Bye",
        "<h1>Acme</h1><p style='color: red' class=x>Tom &#38; <b>1</b></p><br/>",
        "<style>p {}</style><table width=600><tr><td><p>Tom &amp; <b align=left>1</b></p><br /></td></tr></table>",
    ],
)
def test_declared_layout_contains_the_content(html: str) -> None:
    """An inliner parses the content, adds styles and writes it again."""
    wanted = "<style>p { color: red }</style><p>Tom &amp; <b>1</b></p><br>"
    assert has_body(_with("layout"), wanted.removeprefix("<style>p { color: red }</style>"), _call(html=html))
    assert not has_body(MAIL, wanted, _call(html=html))


@pytest.mark.parametrize("html", ["<h1>Acme</h1>&lt;p&gt;1&lt;/p&gt;", "<h1>Acme</h1>1", "<h1>Acme</h1><p>2</p>"])
def test_layout_that_changes_the_content_does_not_contain_it(html: str) -> None:
    """Escaped markup is another text."""
    assert not has_body(_with("layout"), "<p>1</p>", _call(html=html))


def test_layout_of_plain_text_contains_the_text_as_it_is() -> None:
    """Plain text has no markup to compare."""
    assert has_body(_with("layout"), "a < b", _call(text="Acme\n\na < b\n\nBye"))
    assert not has_body(_with("layout"), "a < b", _call(text="a &lt; b"))


def test_incomplete_markup_inside_a_layout_is_not_compared() -> None:
    """What a parser makes of it depends on the parser."""
    assert has_body(_with("layout"), "a <b", _call(html="<p>a </p>"))


def test_subject_may_lose_control_characters_and_repeated_spaces() -> None:
    """A header field cannot hold the first, and unfolding changes the second."""
    assert has_subject(MAIL, " a\n  b ", _call(subject="a b"))
    with pytest.raises(CheckFailure, match="expected the subject 'a', found '\\[x\\] a'"):
        expect_subject(MAIL, "the subject", "a", _call(subject="[x] a"))
    assert has_subject(_with("subject-prefix"), "a", _call(subject="[x] a"))
    assert not has_subject(_with("subject-prefix"), "a", _call(subject=None))
    assert has_subject(MAIL, "", _call(subject=None))  # mail clients leave an empty subject out


@pytest.mark.parametrize(
    ("medium", "content", "expected"),
    [
        (None, "x" * 1_600, True),
        (None, "x" * 1_601, False),
        (Medium(10), "{{code}}", True),
        (Medium(10), "code: {{code}}", False),
        (Medium(20, size=lambda it: 2 * len(it)), "{{code}}.....", False),
        (Medium(characters="0123456789"), "{{code}}", True),
        (Medium(characters="0123456789"), "{{code}}!", False),
        (Medium(characters=str.isascii), "é", False),
        (Medium(), "x" * 10_000, True),
    ],
)
def test_medium_carries_texts_within_its_limits(medium: Medium | None, content: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The limits hold for the rendered text; without a declaration, a text message has 1,600 characters."""
    config = {"templates": [{"usageType": "Generic", "content": content}]}
    message = {"type": "SignIn", "payload": {"code": "123456"}}
    assert carries(evolve(SMS, medium=medium), message, config, None) is expected
    assert carries(evolve(SMS, medium=medium), message, None, {"content": content}) is expected


def test_subject_beyond_a_line_of_smtp_may_be_rejected() -> None:
    """A line has at most 998 characters."""
    message = {"type": "SignIn", "payload": {}}
    assert carries(MAIL, message, None, {"subject": "x" * 998, "content": "x" * 100_000})
    assert not carries(MAIL, message, None, {"subject": "x" * 999, "content": ""})
    assert medium_of(MAIL) == Medium()


def test_characters_beyond_the_medium_may_be_replaced() -> None:
    """All others must be there."""
    spec = evolve(SMS, medium=Medium(characters=str.isascii))
    assert has_body(spec, "a→b", _call(text="a-b"))
    assert not has_body(spec, "a→b", _call(text="a-"))
    assert not has_body(spec, "a-b", _call(text="a_b"))


@pytest.mark.parametrize(
    "texts", [("123456789012", "345678"), ("(1/3) 123456", "(2/3) 789012", "(3/3) 345678"), ("1234567", "89012345678")]
)
def test_parts_of_a_long_text_are_one_message(texts: tuple[str, ...]) -> None:
    """The parts are joined without their numbers."""
    found = messages_in(evolve(SMS, medium=Medium(12)), [_call(text=it) for it in texts])
    assert [it.text for it in found] == ["123456789012345678"]


def test_calls_that_are_no_parts_stay_separate() -> None:
    """A text that the medium holds was sent more than once, or to several recipients."""
    spec = evolve(SMS, medium=Medium(12))
    assert messages_in(spec, []) == ()
    for calls in (
        [_call(text="1234"), _call(text="1234")],
        [_call(text="1234567890"), _call(text="1234567890", to=("other",))],
        [_call(text="1234567890123"), _call(text="1")],
        [_call(html="1"), _call(html="1")],
    ):
        assert messages_in(spec, calls) == tuple(calls)


def test_calls_with_one_idempotency_key_are_one_message() -> None:
    """The last one counts, and none that the provider has ignored."""
    calls = [
        _call(text="1", idempotency_key="a"),
        _call(text="2", idempotency_key="a"),
        _call(text="3", idempotency_key="b"),
        _call(text="3", idempotency_key="b", is_ignored=True),
        _call(text="4"),
    ]
    assert [it.text for it in messages_in(SMS, calls)] == ["2", "3", "4"]


def test_repeated_call_is_not_a_part_of_a_long_text() -> None:
    """Both have the whole text and one idempotency key."""
    spec = evolve(SMS, medium=Medium(12))
    calls = [_call(text="1234567890", idempotency_key="a")] * 2
    assert [it.text for it in messages_in(spec, calls)] == ["1234567890"]
