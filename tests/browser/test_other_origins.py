"""A page of another origin cannot make the workbench send or save anything, and cannot read from it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.hostile_mail import CONFIG, write_config
from tests.browser.watched_page import REBOUND
from tests.loopback import HttpResponse, Loopback

MAIL: Final = "tests.browser.hostile_mail:HostileMail"
ANY: Final = (".",)
"""The attacker's page may have any error in its console."""

BODIES: Final[dict[str, Any]] = {
    "/api/form/save": {"config": {**CONFIG, "fromEmail": "Mallory <mallory@leak.example>"}},
    "/api/send/stub": {"config": CONFIG, "message": {"to": "a@b.example", "type": "Generic", "payload": {"code": "1"}}},
    "/api/conformance/start": {"checks": [], "profile": "quick", "replay": None},
}

_FETCH: Final = """
async ([url, options]) => {
  try {
    const response = await fetch(url, options);
    return { type: response.type, status: response.status, text: await response.text() };
  } catch (error) {
    return null;
  }
}
"""
_FORM: Final = """
([url, type, name, value]) => {
  document.body.innerHTML = '<iframe name="target"></iframe><form target="target" method="post"></form>';
  const form = document.forms[0];
  Object.assign(form, { action: url, enctype: type });
  const input = document.createElement("input");
  Object.assign(input, { name, value });
  form.append(input);
  form.submit();
}
"""
_EVENTS: Final = """
(url) => new Promise((resolve) => {
  const source = new EventSource(url, { withCredentials: true });
  source.onopen = () => resolve("open");
  source.onerror = () => resolve("error");
})
"""


class Target:
    """A workbench and its config file.

    Args:
        url: its URL, with the token.
        file: the config file.
    """

    def __init__(self, url: str, file: Path) -> None:
        self.url = url
        self.file = file
        self.origin = url.partition("/#")[0]
        self.token = urlsplit(url).fragment.removeprefix("token=")

    def expect_unchanged(self) -> None:
        """Fail if the config was saved."""
        assert json.loads(self.file.read_text("utf-8")) == CONFIG


@pytest.fixture(scope="module")
def target(workbench_of: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Target:
    """Run a workbench."""
    file = write_config(tmp_path_factory.mktemp("target"))
    return Target(workbench_of(MAIL, file), file)


@pytest.fixture
def attacker(target: Target, open_page: OpenPage) -> Iterator[Page]:
    """Open a page of another origin; the same browser has the workbench open in another tab."""
    with Loopback() as server:
        server.answers = [
            HttpResponse(200, b"<!doctype html><title>Other</title><body>", {"Content-Type": "text/html"})
        ]
        page, watch = open_page(target.url, expected=ANY)
        other = page.context.new_page()
        other.goto(server.url)
        yield other
        assert page.evaluate("document.documentElement.dataset.ready") == "true"
        del watch


@pytest.mark.parametrize("path", [*BODIES])
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_fetch_from_another_origin_is_rejected(attacker: Page, target: Target, path: str, mode: str) -> None:
    """With and without cookies, with and without the token, as JSON and as what a form may send."""
    for credentials in ("include", "omit"):
        for headers in ({}, {"Content-Type": "application/json"}, {"Authorization": f"Bearer {target.token}"}):
            options = {"method": "POST", "mode": mode, "credentials": credentials, "body": json.dumps(BODIES[path])}
            answer = attacker.evaluate(_FETCH, [target.origin + path, {**options, "headers": headers}])
            assert answer in (None, {"type": "opaque", "status": 0, "text": ""})
    target.expect_unchanged()


@pytest.mark.parametrize("path", ["/", "/api/connector", "/api/form", "/api/events", "/web/workbench.js"])
def test_other_origin_reads_nothing(attacker: Page, target: Target, path: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {target.token}"}):
        assert attacker.evaluate(_FETCH, [target.origin + path, {"credentials": "include", "headers": headers}]) is None


@pytest.mark.parametrize("enctype", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_form_of_another_origin_is_rejected(attacker: Page, target: Target, enctype: str) -> None:
    """Also one whose body is JSON: ``{"config": …, "x": "="}``."""
    text = json.dumps(BODIES["/api/form/save"])
    for path in BODIES:
        with attacker.expect_response(lambda it, path=path: it.url.endswith(path)) as response:  # type: ignore[misc]
            attacker.evaluate(_FORM, [target.origin + path, enctype, f'{text[:-1]}, "x": "', '"}'])
        assert response.value.status == 403
    target.expect_unchanged()


def test_workbench_cannot_be_framed(attacker: Page, target: Target) -> None:
    """Chromium shows an error page in the frame instead: the server rejects the request, and the policy forbids frames."""
    attacker.evaluate("(url) => { document.body.innerHTML = `<iframe src='${url}'></iframe>`; }", target.url)
    frame = attacker.frame_locator("iframe").locator("body")
    frame.wait_for(state="attached")
    assert attacker.frame_locator("iframe").get_by_role("tab").count() == 0


def test_event_source_of_another_origin_is_rejected(attacker: Page, target: Target) -> None:
    assert attacker.evaluate(_EVENTS, f"{target.origin}/api/events") == "error"


def test_window_that_another_page_opens_is_out_of_its_reach(attacker: Page, target: Target) -> None:
    """Even with the token; the opener-policy of the workbench separates the two."""
    with attacker.context.expect_page() as opened:
        attacker.evaluate("(url) => { window.opened = window.open(url); }", target.url)
    opened.value.wait_for_selector("[data-ready]")
    assert opened.value.evaluate("window.opener") is None
    assert attacker.evaluate("opened.closed || opened.length === 0")


def test_rebound_name_is_rejected(target: Target, open_page: OpenPage) -> None:
    """DNS rebinding: a name of the attacker that resolves to this machine is of the same origin as itself."""
    port = urlsplit(target.url).port
    page, _ = open_page(None, expected=ANY)
    answer = page.goto(f"http://{REBOUND}:{port}/")
    assert answer is not None
    assert answer.status == 403
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
    for path, body in BODIES.items():
        options = {"method": "POST", "headers": headers, "body": json.dumps(body)}
        assert page.evaluate(_FETCH, [path, options])["status"] == 403
    target.expect_unchanged()
