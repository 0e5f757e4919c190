"""Runs axe-core, which finds violations of the Web Content Accessibility Guidelines."""

from functools import cache
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from tests.interop.official import install

_FOLDER: Final = Path(__file__).parent
_RUN: Final = "async () => (await axe.run(document, { iframes: false })).violations"


@cache
def _source() -> str:
    return (install(_FOLDER) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return each violation on a page: the rule, what is wrong, and the elements.

    A frame is left out: it shows an author's e-mail, for which the page is not responsible.

    Raises:
        UnavailableError: axe-core cannot be installed.
    """
    page.evaluate(_source())
    return [
        f"{it['id']}: {it['help']} ({node['html'][:200]}: {node['failureSummary']})"
        for it in page.evaluate(_RUN)
        for node in it["nodes"]
    ]
