"""Opens pages in Chromium, and collects what a page of the workbench may never do."""

import ipaddress
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, WebError

Scheme = Literal["light", "dark"]

NARROW: Final = 375
WIDE: Final = 1280
"""The widths of pages in CSS pixels: a phone's, and a computer's."""

REBOUND: Final = "rebound.example"
"""A name that the browser resolves to this machine, as an attacker's name server would."""

_STOPPED_BY_POLICY: Final = "csp"
"""Why a request has failed that the browser did not send."""

_LOCAL_SCHEMES: Final = frozenset({"about", "blob", "data", "file"})
TIME_LIMIT: Final = 20_000
"""In milliseconds, for each step: the machine of a test run is busy."""


class MissingBrowserError(Exception):
    """There is no Chromium on this machine."""


def start_browser(playwright: Playwright) -> Browser:
    """Start Debian's Chromium; it resolves no name but `REBOUND`, so that no page leaves this machine.

    Raises:
        MissingBrowserError: it is not installed.
    """
    path = shutil.which("chromium")
    if path is None:
        raise MissingBrowserError("Chromium is not installed: apt-get install chromium")
    rules = f"MAP {REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    arguments = ["--no-sandbox", f"--host-resolver-rules={rules}"]
    return playwright.chromium.launch(executable_path=path, args=arguments)


class Watch:
    """What went wrong in the pages of one context: requests off this machine, errors in the console, exceptions.

    Chromium reports a violation of the Content-Security-Policy as an error in the console.

    Args:
        context: of the pages.
        expected: regular expressions; a console error that one of them matches is not a problem.
    """

    def __init__(self, context: BrowserContext, expected: Sequence[str] = ()) -> None:
        self.problems: list[str] = []
        self.requests: list[Request] = []
        self._expected = [re.compile(it) for it in expected]
        context.on("request", self._see_request)
        context.on("response", lambda it: self._see_sent(it.request))
        context.on("requestfailed", self._see_failed)
        context.on("console", self._see_console)
        context.on("weberror", self._see_exception)

    def _see_request(self, request: Request) -> None:
        self.requests.append(request)

    def _see_failed(self, request: Request) -> None:
        if request.failure != _STOPPED_BY_POLICY:
            self._see_sent(request)

    def _see_sent(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in _LOCAL_SCHEMES and not _is_loopback(url.hostname or ""):
            self.problems.append(f"a request to {request.url}")

    def _see_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(it.search(message.text) for it in self._expected):
            self.problems.append(f"in the console: {message.text}")

    def _see_exception(self, error: WebError) -> None:
        self.problems.append(f"an exception: {error.error}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in {"localhost", REBOUND}


@contextmanager
def watched_page(
    browser: Browser, *, width: int = WIDE, scheme: Scheme = "light", expected: Sequence[str] = ()
) -> Iterator[tuple[Page, Watch]]:
    """Open an empty page in a context of its own; at the end of the block, fail if a page did what it may not.

    Args:
        browser: the browser.
        width: in CSS pixels.
        scheme: the colours that the user prefers.
        expected: regular expressions of console errors that are right here.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(TIME_LIMIT)
    try:
        watch = Watch(context, expected)
        yield context.new_page(), watch
    finally:
        context.close()
    assert watch.problems == []
