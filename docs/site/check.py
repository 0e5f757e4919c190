"""``python docs/site/check.py FOLDER``: check a built site without a network.

MkDocs checks the links in Markdown. This reads the HTML: also the links of the theme, of the API reference and of HTML in
Markdown, what a page loads, and whether Python-Markdown shows the lists and code blocks that GitHub shows.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from lxml import html
from markdown_it import MarkdownIt
from pages import GITHUB, ROOT, place, shown

BASE: Final = "/logto-connector-kit/"
"""The path of `site_url` in mkdocs.yml."""

_LOADED: Final = ("//script/@src", "//img/@src", "//iframe/@src", "//link[@rel!='canonical']/@href", "//source/@srcset")
_CSS_URL: Final = re.compile(r"url\(\s*['\"]?(?!data:)([^'\")]+)|@import\s+['\"]([^'\"]+)")
_SAME_ELEMENTS: Final = {"li": "list_item_open", "table": "table_open", "pre": "fence", "blockquote": "blockquote_open"}


@cache
def read(page: Path) -> Any:
    """Parse a page."""
    return html.fromstring(page.read_bytes())


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the ids of a page."""
    return frozenset(read(page).xpath("//@id | //a/@name"))


def broken_links(site: Path, page: Path) -> Iterator[str]:
    """Yield the links to a file of the site, or of the repository on GitHub, that does not exist, and those to a missing id."""
    for target in read(page).xpath("//a/@href"):
        url = urlsplit(target)
        if target.startswith(f"{GITHUB}/"):
            kind, _, path = target.removeprefix(f"{GITHUB}/").partition("/main/")
            if kind in {"blob", "tree", "edit"} and not (ROOT / unquote(urlsplit(path).path)).exists():
                yield target
        elif not url.scheme and not url.netloc:
            file = _file(site, page, url.path) if url.path else page
            is_found = file.is_file() and file.is_relative_to(site)
            fragment = unquote(url.fragment)
            if not is_found or (fragment and file.suffix == ".html" and fragment not in anchors(file)):
                yield target


def _file(site: Path, page: Path, path: str) -> Path:
    """Return the file that a path on a page names. Only 404.html has absolute paths: a server shows it anywhere."""
    name = unquote(path)
    file = (site / name.removeprefix(BASE) if name.startswith(BASE) else page.parent / name).resolve()
    return file / "index.html" if file.is_dir() else file


def foreign_loads(site: Path) -> Iterator[str]:
    """Yield what a page or a style sheet loads from another server, or from a file that does not exist."""
    for page in site.rglob("*.html"):
        for loaded in (it for path in _LOADED for it in read(page).xpath(path)):
            if not loaded.startswith("data:") and not _is_own(site, page, loaded):
                yield f"{page.relative_to(site)} loads {loaded}"
    for sheet in site.rglob("*.css"):
        for loaded in (first or second for first, second in _CSS_URL.findall(sheet.read_text(encoding="utf-8"))):
            if not loaded.startswith("#") and not _is_own(site, sheet, loaded):
                yield f"{sheet.relative_to(site)} loads {loaded}"


def _is_own(site: Path, file: Path, target: str) -> bool:
    url = urlsplit(target)
    return not url.netloc and _file(site, file, url.path).is_file()


def other_elements(site: Path) -> Iterator[str]:
    """Yield the pages with another number of lists, tables or code blocks than in CommonMark, as GitHub reads it."""
    parser = MarkdownIt("commonmark").enable("table")
    for name in shown():
        if not name.endswith(".md"):
            continue
        tokens = Counter(it.type for it in parser.parse((ROOT / name).read_text(encoding="utf-8")))
        (content,) = read(site / place(name)).xpath("//article")
        for element, token in _SAME_ELEMENTS.items():
            found = len(content.xpath(f".//{element}"))
            if found != tokens[token]:
                yield f"{name}: expected {tokens[token]} <{element}>, found {found}"


def main(site: Path) -> int:
    """Print what is wrong; return the exit status."""
    pages = sorted(site.rglob("*.html"))
    wrong = [f"{page.relative_to(site)} links to {it}" for page in pages for it in broken_links(site, page)]
    wrong += [*foreign_loads(site), *other_elements(site)]
    print("\n".join(wrong) or f"{len(pages)} pages: every link resolves, nothing is loaded from another server.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
