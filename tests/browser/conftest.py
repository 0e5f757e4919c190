"""One browser for all browser tests of a process, and one workbench for each connector."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.running_workbench import running_workbench
from tests.browser.watched_page import TIME_LIMIT, MissingBrowserError, Scheme, Watch, start_browser, watched_page

FOLDER = Path(__file__).parent

expect.set_options(timeout=TIME_LIMIT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process of pytest-xdist have all tests that need the browser."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.xdist_group("browser"))


def in_ci() -> bool:
    """Return whether a missing tool is a failure instead of a reason to skip."""
    return bool(os.environ.get("CI"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run Chromium. In CI, a missing Chromium fails the tests."""
    with sync_playwright() as playwright:
        try:
            found = start_browser(playwright)
        except MissingBrowserError as error:
            if in_ci():
                pytest.fail(f"Chromium is required in CI: {error}")
            pytest.skip(str(error))
        yield found
        found.close()


class OpenPage(Protocol):
    """Opens a page that is watched until the end of the test."""

    def __call__(
        self, url: str | None, *, width: int = ..., scheme: Scheme = ..., expected: Sequence[str] = ...
    ) -> tuple[Page, Watch]:
        """Open a URL, and wait until a workbench's page is ready."""


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages; the test fails if one of them did what a page of the workbench may not do."""
    with ExitStack() as stack:

        def opening(url: str | None, **options: object) -> tuple[Page, Watch]:
            page, watch = stack.enter_context(watched_page(browser, **options))  # type: ignore[arg-type]
            if url is not None:
                page.goto(url)
                page.wait_for_selector("[data-ready]")
            return page, watch

        yield opening


@pytest.fixture(scope="session")
def workbench_of() -> Iterator[Callable[..., str]]:
    """Return the URL of a workbench, which runs until the end of the session."""
    with ExitStack() as stack:
        urls: dict[tuple[str, Path | None], str] = {}

        def running(target: str, config_file: Path | None = None) -> str:
            key = (target, config_file)
            if key not in urls:
                urls[key] = stack.enter_context(running_workbench(target, config_file))
            return urls[key]

        yield running
