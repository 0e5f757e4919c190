"""Writes the pictures of the docs: ``python -m tests.browser.screenshots``."""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from conformance import PROFILES, check_connector, spec_of
from conformance.reports.html import to_html
from tests.browser.running_workbench import ROOT, running_workbench, write_config
from tests.browser.watched_page import start_browser, watched_page
from tests.conformance.wrong_connectors.delivery import WrongCharset

IMAGES: Final = ROOT / "docs" / "images"
_LONGEST_RUN: Final = 120_000
"""In milliseconds, for the checks of one area."""


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        config = write_config("resend-mail", Path(folder) / "resend.json").relative_to(folder)
        browser = start_browser(playwright)
        with running_workbench("resend-mail", config, folder=Path(folder)) as url, watched_page(browser) as (page, _):
            page.goto(url)
            page.wait_for_selector("[data-ready]")
            _write(page, "workbench-form")
            page.get_by_role("tab", name="Message").click()
            page.locator("iframe").last.content_frame.locator("body").wait_for()
            _write(page, "workbench-message")
            page.get_by_role("tab", name="Conformance").click()
            page.get_by_label("Checks", exact=True).select_option("routing")
            page.get_by_role("button", name="Run", exact=True).click()
            page.locator(".verdict").wait_for(timeout=_LONGEST_RUN)
            _write(page, "workbench-conformance")
            report = Path(folder) / "report.html"
            report.write_text(
                to_html(check_connector(spec_of(WrongCharset), profile=PROFILES["dev"])), encoding="utf-8"
            )
            page.goto(report.as_uri())
            _write(page, "report")
        browser.close()


def _write(page: Page, name: str) -> None:
    page.wait_for_timeout(500)  # until the colours of controls have changed
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
