"""Measures the workbench in the browser: ``python -m tests.browser.timings``."""

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.running_workbench import running_workbench, write_config
from tests.browser.watched_page import start_browser, watched_page

_LOADS: Final = 7
_EDITS: Final = 20


def main() -> None:
    """Print how long the page takes to load, and a message to appear after an edit of its payload."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        running_workbench("resend-mail", write_config("resend-mail", Path(folder) / "resend.json")) as url,
    ):
        browser = start_browser(playwright)
        first, *loads = [_load(browser, url) for _ in range(_LOADS + 1)]
        with watched_page(browser) as (page, _):
            _open(page, url)
            page.get_by_role("tab", name="Message").click()
            edits = [_edit(page, f"{number:06}") for number in range(100_000, 100_000 + _EDITS)]
        browser.close()
    sys.stdout.write(f"page load: first {first * 1000:.0f} ms, then {_summary(loads)}\n")
    sys.stdout.write(f"edit to preview: {_summary(edits)}\n")


def _open(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("[data-ready]")


def _load(browser: Browser, url: str) -> float:
    with watched_page(browser) as (page, _):
        started = time.perf_counter()
        _open(page, url)
        return time.perf_counter() - started


def _edit(page: Page, code: str) -> float:
    """Return the seconds until the preview shows another code."""
    started = time.perf_counter()
    page.get_by_label("Payload (JSON)").fill(json.dumps({"code": code}))
    page.locator("iframe").last.content_frame.get_by_text(code, exact=True).first.wait_for()
    return time.perf_counter() - started


def _summary(seconds: Sequence[float]) -> str:
    shown = [f"{it * 1000:.0f}" for it in (median(seconds), min(seconds), max(seconds))]
    return f"median {shown[0]} ms ({shown[1]} to {shown[2]} ms, {len(seconds)} times)"


if __name__ == "__main__":
    main()
