"""The panel Sign-in of the workbench, in the browser."""

import json
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.conformance.right_connectors.social import BEACON

TARGET: Final = "tests.conformance.right_connectors.social:BEACON"
SECRET: Final = "client-secret-8c1f4e7ab2"


@pytest.fixture(scope="session")
def social_url(workbench_of: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the workbench on a social connector with a saved config."""
    file = tmp_path_factory.mktemp("social") / "config.json"
    file.write_text(json.dumps({**BEACON.valid_config, "clientSecret": SECRET}), encoding="utf-8")
    return workbench_of(TARGET, file)


def start(page: Page) -> None:
    """Do the first step."""
    page.get_by_role("tab", name="Sign-in").click()
    page.get_by_role("button", name="Request the authorization URI").click()
    expect(page.get_by_role("region", name="Logto sends the browser to the provider")).to_be_visible()


def row(page: Page, parameter: str) -> Locator:
    """Return the row of a parameter."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=parameter, exact=True))


def test_sign_in_is_shown_step_by_step(social_url: str, open_page: OpenPage) -> None:
    """Parameters have a meaning; the client secret, the code and the tokens are masked in the whole page."""
    page, _ = open_page(social_url)
    page.get_by_role("tab", name="Sign-in").click()
    page.get_by_label("Scope that Logto adds").fill("birthday <i>of</i> \u202euser")
    start(page)
    expect(row(page, "code_challenge")).to_contain_text("RFC 7636")
    expect(row(page, "scope")).to_contain_text("birthday <i>of</i> \u202euser")
    page.get_by_role("button", name="The user agrees").click()
    expect(row(page, "code")).to_contain_text("[secret: the authorization code]")
    page.get_by_role("button", name="Return to Logto").click()
    last = page.get_by_role("region", name="The connector returns the user")
    expect(last.get_by_role("region", name="User", exact=True)).to_contain_text('"email": "user-')
    expect(last.get_by_role("region", name="Tokens that Logto stores")).to_contain_text("[secret: the access token]")
    last.get_by_text("Request 1 to the provider").click()
    expect(last.get_by_role("region", name="Request 1")).to_contain_text("code_verifier=")
    text = page.content()
    assert SECRET not in text
    assert "eyJ" not in text


def test_user_declines(social_url: str, open_page: OpenPage) -> None:
    """The error is shown as the end user, the operator and the developer see it."""
    page, _ = open_page(social_url)
    start(page)
    page.get_by_role("button", name="The user declines").click()
    expect(row(page, "error")).to_contain_text("access_denied")
    page.get_by_role("button", name="Return to Logto").click()
    last = page.get_by_role("region", name="The connector returns the user")
    expect(last).to_contain_text("What Logto's end user sees")
    expect(last).to_contain_text("authorization_failed")


def test_provider_fails(social_url: str, open_page: OpenPage) -> None:
    """A provider that repeats the request in its error shows no secret."""
    page, _ = open_page(social_url)
    page.get_by_role("tab", name="Sign-in").click()
    page.get_by_label("Responses of the stub").select_option("token-echo")
    start(page)
    page.get_by_role("button", name="The user agrees").click()
    page.get_by_role("button", name="Return to Logto").click()
    last = page.get_by_role("region", name="The connector returns the user")
    expect(last).to_contain_text("What the operator's log has")
    last.get_by_text("Request 1 to the provider").click()
    expect(last.get_by_role("region", name="Response 1")).to_contain_text("[secret: the authorization code]")
    assert SECRET not in page.content()
