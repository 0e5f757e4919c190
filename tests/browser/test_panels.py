"""The panels Form, Message and Send with hostile texts, and the accessibility of every panel."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import FOLDER, OpenPage, in_ci
from tests.browser.hostile_mail import CONFIG, MARKUP, SECRET, write_config
from tests.browser.watched_page import NARROW, WIDE, Scheme
from tests.conformance.right_connectors.social import BEACON
from tests.interop.official import UnavailableError, install

MAIL: Final = "tests.browser.hostile_mail:HostileMail"
SMS: Final = "twilio-sms"
SOCIAL: Final = "tests.conformance.right_connectors.social:BEACON"
BLOCKED: Final = (r"Content Security Policy", r"is sandboxed", r"ERR_BLOCKED_BY")
"""What Chromium reports in the console when it stops a hostile e-mail."""

_HUGE: Final = 300_000
_LOOKS: Final = [(NARROW, "light"), (NARROW, "dark"), (WIDE, "light"), (WIDE, "dark")]


@pytest.fixture(scope="session")
def mail_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a hostile config."""
    return write_config(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="session")
def social_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the config of a social connector."""
    file = tmp_path_factory.mktemp("social") / "config.json"
    file.write_text(json.dumps(BEACON.valid_config), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def mail_url(workbench_of: Callable[..., str], mail_file: Path) -> str:
    """Run the workbench on a hostile connector with a hostile config."""
    return workbench_of(MAIL, mail_file)


def select(page: Page, tab: str) -> None:
    """Select a tab."""
    page.get_by_role("tab", name=tab, exact=True).click()


def mail_in(page: Page) -> FrameLocator:
    """Return the e-mail in the panel; the page keeps the one before until the new one is there."""
    return page.get_by_role("tabpanel").locator("iframe").last.content_frame


def expect_harmless(page: Page) -> None:
    """Fail if a script of a hostile text has run in the page, or if the page is wider than its window."""
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.fixture(scope="session")
def axe() -> None:
    """Install axe-core. In CI, a failure to do so fails the tests."""
    try:
        install(FOLDER)
    except UnavailableError as error:
        if in_ci():
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize(("width", "scheme"), _LOOKS)
def test_mail_panels_are_accessible(mail_url: str, open_page: OpenPage, width: int, scheme: Scheme) -> None:
    """axe-core finds no violation, and nothing is wider than the window; also with hostile texts."""
    page, _ = open_page(mail_url, width=width, scheme=scheme, expected=BLOCKED)
    for tab, content in {
        "Form": page.get_by_role("textbox", name="From"),
        "Message": page.locator("iframe"),
        "Send": page.get_by_role("button", name="Send to the stub"),
        "Conformance": page.get_by_label("Checks", exact=True).locator("option").nth(1),
    }.items():
        select(page, tab)
        content.first.wait_for(state="attached")
        assert violations(page) == [], tab
        expect_harmless(page)


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize(("width", "scheme"), _LOOKS[::3])
def test_social_panels_are_accessible(
    workbench_of: Callable[..., str], social_file: Path, open_page: OpenPage, width: int, scheme: Scheme
) -> None:
    """Also after all steps of a sign-in."""
    page, _ = open_page(workbench_of(SOCIAL, social_file), width=width, scheme=scheme)
    assert violations(page) == []
    select(page, "Sign-in")
    for button in ("Request the authorization URI", "The user agrees", "Return to Logto"):
        page.get_by_role("button", name=button).click()
    page.get_by_role("region", name="User", exact=True).wait_for()
    assert violations(page) == []
    expect_harmless(page)


@pytest.mark.usefixtures("axe")
def test_sms_panels_are_accessible(workbench_of: Callable[..., str], open_page: OpenPage) -> None:
    """With the config of the connector's declaration; the text has its segments."""
    page, _ = open_page(workbench_of(SMS), width=NARROW, scheme="dark")
    page.get_by_role("button", name="Use the example config").click()
    select(page, "Message")
    expect(page.get_by_role("tabpanel", name="Message")).to_contain_text("Segments")
    assert violations(page) == []
    expect_harmless(page)


def test_hostile_message_is_shown_and_does_nothing(mail_url: str, open_page: OpenPage) -> None:
    """In each view, at each width and in both colours, and in the stub's inbox."""
    page, _ = open_page(mail_url, expected=BLOCKED)
    select(page, "Message")
    expect(mail_in(page).locator("p").first).to_have_text("123456")
    assert page.locator("iframe").last.get_attribute("sandbox") == ""
    for view in ("Text part", "Source", "What the provider receives", "HTML"):
        page.get_by_role("radio", name=view).check()
        expect_harmless(page)
    page.get_by_role("radio", name="Phone").check()
    page.get_by_role("radio", name="Dark").check()
    select(page, "Send")
    page.get_by_role("button", name="Send to the stub").click()
    expect(page.get_by_text("Sent. The connector returned")).to_be_visible()
    expect(mail_in(page).locator("p").first).to_have_text("123456")
    expect_harmless(page)


def test_hostile_payload_does_nothing(mail_url: str, open_page: OpenPage) -> None:
    """Huge values, markup and lone surrogates; then an error instead of a preview for what is not JSON."""
    page, _ = open_page(mail_url, expected=BLOCKED)
    select(page, "Message")
    payload = page.get_by_label("Payload (JSON)")
    payload.fill(json.dumps({"code": f"{MARKUP}\ud800", "link": "x" * _HUGE}))
    expect(mail_in(page).locator("p").first).to_contain_text('">link')
    expect_harmless(page)
    payload.fill("{")
    expect(page.get_by_role("tabpanel", name="Message")).to_contain_text("JSON")
    expect_harmless(page)


def test_saved_secret_never_reaches_the_page(
    workbench_of: Callable[..., str], tmp_path: Path, open_page: OpenPage
) -> None:
    """Neither the form, nor a response of the server, nor a message to the stub; saving keeps it in the file."""
    file = write_config(tmp_path)
    responses: list[str] = []
    page, _ = open_page(None, expected=BLOCKED)
    page.on(
        "response",
        lambda it: responses.append(it.text()) if "/api/" in it.url and not it.url.endswith("/events") else None,
    )
    page.goto(workbench_of(MAIL, file))
    page.wait_for_selector("[data-ready]")
    page.get_by_label("From", exact=False).first.fill("Other <other@acme.example>")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Discard my edits")).to_be_disabled()
    select(page, "Send")
    page.get_by_role("button", name="Send to the stub").click()
    expect(page.get_by_text("Sent. The connector returned")).to_be_visible()
    saved: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert saved == {**CONFIG, "fromEmail": "Other <other@acme.example>"}
    assert len(responses) > 3
    assert SECRET not in page.content() + "".join(responses)


def test_edits_survive_a_change_of_the_config_file(
    workbench_of: Callable[..., str], tmp_path: Path, open_page: OpenPage
) -> None:
    file = write_config(tmp_path)
    page, _ = open_page(workbench_of(MAIL, file), expected=BLOCKED)
    typed = page.get_by_label("From", exact=False).first
    typed.fill("Typed <typed@acme.example>")
    file.write_text(json.dumps({**CONFIG, "replyTo": "answers@acme.example"}), encoding="utf-8")
    expect(page.get_by_role("tabpanel").get_by_text("The file has changed. Your edits are still here")).to_be_visible()
    expect(typed).to_have_value("Typed <typed@acme.example>")
    page.get_by_role("button", name="Load the file").click()
    expect(page.get_by_label("Reply-To")).to_have_value("answers@acme.example")


def test_real_message_needs_a_confirmation(mail_url: str, open_page: OpenPage) -> None:
    """The dialog names the recipient; without its confirmation nothing is sent."""
    page, watch = open_page(mail_url, expected=BLOCKED)
    select(page, "Send")
    page.get_by_label("Recipient").fill("zoe@acme.example")
    page.get_by_role("button", name="Send a real message…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Send to zoe@acme.example")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert not any(it.url.endswith("/api/send/provider") for it in watch.requests)


def test_tabs_work_with_the_keyboard(mail_url: str, open_page: OpenPage) -> None:
    page, _ = open_page(mail_url, expected=BLOCKED)
    page.get_by_role("tab", name="Form", exact=True).focus()
    for key, selected in (
        ("ArrowRight", "Message"),
        ("End", "Conformance"),
        ("ArrowRight", "Form"),
        ("ArrowLeft", "Conformance"),
    ):
        page.keyboard.press(key)
        expect(page.get_by_role("tab", name=selected, exact=True)).to_be_focused()
        expect(page.get_by_role("tabpanel", name=selected, exact=True)).to_be_visible()
