"""What ``docs/site/check.py`` finds in a built site. CI builds the real one and runs it: that takes longer than a test may."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import griffe
import pytest

from tests.docs.markdown import ROOT


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the script as Python runs it, with its folder on the path."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "site"))
    module = importlib.import_module("check")
    yield module
    for name in ("check", "pages"):
        del sys.modules[name]


def _site(folder: Path, body: str, **files: str) -> Path:
    (folder / "index.html").write_text(f"<html><body><article>{body}</article></body></html>", encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "target",
    [
        "missing.html",
        "other.html#missing",
        "#missing",
        "../outside.html",
        "/logto-connector-kit/missing.html",
        "https://github.com/logto-connector-kit/logto-connector-kit/blob/main/missing.md",
        "https://github.com/logto-connector-kit/logto-connector-kit/edit/main/docs/missing.md",
    ],
)
def test_broken_link_is_found(check: Any, tmp_path: Path, target: str) -> None:
    """A missing page or anchor, a page outside of the site, or a file that the repository lacks."""
    site = _site(tmp_path, f'<a href="{target}">x</a>', other_html="<p id='here'>")
    assert [*check.broken_links(site, site / "index.html")] == [target]


@pytest.mark.parametrize(
    "target",
    [
        "other.html",
        "other.html#here",
        "#",
        ".",
        "/logto-connector-kit/other.html",
        "mailto:ada@example.com",
        "https://example.com",
        "https://github.com/logto-connector-kit/logto-connector-kit/blob/main/docs/contract.md",
        "https://github.com/logto-connector-kit/logto-connector-kit/issues",
    ],
)
def test_good_link_passes(check: Any, tmp_path: Path, target: str) -> None:
    """Also one to another server: the check uses no network."""
    site = _site(tmp_path, f'<a href="{target}">x</a>', other_html="<p id='here'>")
    assert [*check.broken_links(site, site / "index.html")] == []


@pytest.mark.parametrize(
    "loading",
    [
        '<script src="https://cdn.example.com/x.js"></script>',
        '<img src="//cdn.example.com/x.png">',
        '<img src="missing.png">',
        '<link rel="stylesheet" href="https://fonts.example.com/css">',
    ],
)
def test_load_from_another_server_is_found(check: Any, tmp_path: Path, loading: str) -> None:
    """Or of a file that does not exist."""
    assert len([*check.foreign_loads(_site(tmp_path, loading))]) == 1


def test_load_of_a_style_sheet_is_found(check: Any, tmp_path: Path) -> None:
    """A font or an import, but not data in the sheet itself."""
    css = "@import 'https://a.example/b.css'; a { b: url(https://c.example/d.woff) } e { f: url(data:,) }"
    found = sorted(check.foreign_loads(_site(tmp_path, "", style_css=css)))
    assert found == ["style.css loads https://a.example/b.css", "style.css loads https://c.example/d.woff"]


def test_list_that_python_markdown_reads_otherwise_is_found(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list without a blank line before it is text in Python-Markdown."""
    (tmp_path / "page.md").write_text("Text:\n- one\n- two\n", encoding="utf-8")
    (tmp_path / "page.html").write_text("<article><p>Text: - one - two</p></article>", encoding="utf-8")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "shown", lambda: ["page.md"])
    assert [*check.other_elements(tmp_path)] == ["page.md: expected 2 <li>, found 0"]


def test_nested_lists_and_code_in_lists_are_indented_for_python_markdown(check: Any) -> None:
    """GitHub accepts two or three spaces, Python-Markdown four."""
    pages = sys.modules["pages"]
    text = '- a\n  - b\n    c\n\n1. d\n\n   ```json\n   {\n     "e": 1\n   }\n   ```\n'
    assert check.place("connector_kit/connectors/smtp/README.es.md") == "connectors/smtp.es.html"
    assert pages.indented(text) == ('- a\n    - b\n    c\n\n1. d\n\n    ```json\n    {\n      "e": 1\n    }\n    ```\n')


_CLASS = '''
from functools import cached_property
from typing import ClassVar
from attrs import field, frozen

@frozen
class Base:
    a: int

@frozen
class Sent(Base):
    """A message."""
    kind: ClassVar[str] = "x"
    b: str = field(default="c", repr=False)
    d: dict = field(factory=dict, kw_only=True)
    e: int = field(init=False)

    @cached_property
    def f(self) -> int: ...
'''


@pytest.mark.usefixtures("check")
def test_class_of_attrs_has_the_signature_that_python_has(tmp_path: Path) -> None:
    """Fields of base classes first, keyword-only ones last, without class variables and properties."""
    (tmp_path / "sent.py").write_text(_CLASS, encoding="utf-8")
    extension = importlib.import_module("attrs_signatures").AttrsSignatures()
    loaded = griffe.load("sent", search_paths=[str(tmp_path)], extensions=griffe.Extensions(extension))
    parameters = loaded["Sent.__init__"].parameters
    assert [(it.name, str(it.default), it.kind.value) for it in parameters] == [
        ("self", "None", "positional or keyword"),
        ("a", "None", "positional or keyword"),
        ("b", "'c'", "positional or keyword"),
        ("d", "...", "keyword-only"),
    ]


@pytest.mark.usefixtures("check")
def test_page_that_the_navigation_does_not_list_is_added() -> None:
    """A new guide or connector needs no change of mkdocs.yml; a page that is listed at any depth is not repeated."""
    guides: list[Any] = [{"First": "docs/guides/host.md"}, {"More": [{"SES": "docs/guides/aws-ses.md"}]}]
    config = SimpleNamespace(nav=[{"Home": "docs/index.md"}, {"Guides": guides}])
    sys.modules["pages"].on_config(config)
    added = {it for it in guides if isinstance(it, str)}
    listed = {"docs/guides/host.md", "docs/guides/aws-ses.md"}
    assert added == {f"docs/guides/{it.name}" for it in (ROOT / "docs" / "guides").glob("*.md")} - listed
