"""The panel Conformance of the workbench, in the browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.running_workbench import running_workbench

HUB: Final = "tests.conformance.right_connectors.social:HUB"
_ALL: Final = 60_000
"""In milliseconds: how long a run of some quick checks may take on a busy machine."""

_CONNECTOR: Final = """
from attrs import evolve
from connector_kit import SocialUserInfo
from tests.conformance.right_connectors.social import HUB, Hub

class Acme(Hub):
    {fault}

spec = evolve(HUB, connector=Acme)
"""
_RIGHT: Final = _CONNECTOR.format(fault="pass")
_WRONG: Final = _CONNECTOR.format(
    fault="""
    def to_user_info(self, details):
        return SocialUserInfo("<b>somebody</b> else")
"""
)
_WRONG_TWICE: Final = _CONNECTOR.format(
    fault="""
    def read_code(self, data):
        return super().read_code(data) if "code" in data else self.fail()

    def network_error(self, error):
        self.fail()

    def fail(self):
        raise RuntimeError
"""
)


def open_panel(page: Page) -> None:
    """Select the tab, and wait until checks can be chosen."""
    page.get_by_role("tab", name="Conformance").click()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def run(page: Page, checks: str, profile: str = "quick") -> None:
    """Start a run of some checks."""
    page.get_by_label("Checks", exact=True).select_option(checks)
    page.get_by_label("Examples").select_option(profile)
    page.get_by_role("button", name="Run", exact=True).click()


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Run the workbench on a connector with an error; return the connector's file, and the workbench's URL."""
    file = tmp_path / "acme_login.py"
    file.write_text(_WRONG, encoding="utf-8")
    with running_workbench("acme_login:spec", folder=tmp_path) as url:
        yield file, url


def test_right_connector_passes(workbench_of: Callable[[str], str], open_page: OpenPage) -> None:
    """The quick checks are not a proof, and the page states that."""
    page, _ = open_page(workbench_of(HUB))
    open_panel(page)
    run(page, "")
    expect(page.get_by_text("✓ hub passes these checks. They are not a proof of conformance")).to_be_visible(
        timeout=_ALL
    )
    page.get_by_text(re.compile("passed \\d")).click()
    expect(page.get_by_role("list").get_by_text("social.user-info", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    assert "hub" in download.value.path().read_text(encoding="utf-8")


def test_page_opened_later_shows_the_latest_run(workbench_of: Callable[[str], str], open_page: OpenPage) -> None:
    url = workbench_of(HUB)
    page, _ = open_page(url)
    open_panel(page)
    run(page, "metadata")
    expect(page.locator(".verdict")).to_be_visible(timeout=_ALL)
    later, _ = open_page(url)
    open_panel(later)
    assert later.locator(".verdict").inner_text() == page.locator(".verdict").inner_text()


def test_run_can_be_cancelled(workbench_of: Callable[[str], str], open_page: OpenPage) -> None:
    page, _ = open_page(workbench_of(HUB))
    open_panel(page)
    run(page, "", "ci")
    expect(page.get_by_text(re.compile("^[1-9]\\d* of \\d+$"))).to_be_visible(timeout=_ALL)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile("^Cancelled after \\d+ of \\d+ checks"))).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_failure_is_replayed_and_runs_again_on_save(acme: tuple[Path, str], open_page: OpenPage) -> None:
    """The failure has its example and its exchanges, without the client's secret; its markup is text."""
    file, url = acme
    page, _ = open_page(url)
    open_panel(page)
    run(page, "social.user-info")
    expect(page.get_by_text("✗ hub does not conform: 1 error.")).to_be_visible(timeout=_ALL)
    finding = page.get_by_role("article", name="social.user-info")
    expect(finding.locator(".reason")).to_contain_text("found '<b>somebody</b> else'")
    expect(finding.get_by_role("region", name="Smallest example")).to_be_visible()
    finding.get_by_text("Exchanges with the provider").click()
    expect(finding.get_by_role("region", name="Request 1")).to_contain_text("client_secret=[secret: clientSecret]")

    finding.get_by_role("button", name="Replay").click()
    expect(finding.get_by_text("Replay: ✗ failed")).to_be_visible(timeout=_ALL)
    page.get_by_label("Run again when a file changes").check()
    file.write_text(_RIGHT, encoding="utf-8")
    expect(finding.get_by_text("the check passes for this example now")).to_be_visible(timeout=_ALL)


def test_checks_that_fail_for_one_cause_are_shown_together(acme: tuple[Path, str], open_page: OpenPage) -> None:
    file, url = acme
    file.write_text(_WRONG_TWICE, encoding="utf-8")
    page, _ = open_page(url)
    open_panel(page)
    run(page, "social", "dev")
    group = page.get_by_role("region", name=re.compile("checks fail for one cause"))
    expect(group.first).to_contain_text("RuntimeError", timeout=_ALL)
    group.first.get_by_text("The other").click()
    expect(group.first.get_by_role("article").nth(1)).to_be_visible()
