"""Hooks of MkDocs: which files of the repository are pages of the site, and how GitHub's Markdown becomes a page.

Pages are written for GitHub: their links are relative to their file. So the site knows each file by its path in the
repository, and MkDocs resolves the same links. `mkdocs.yml` has the navigation.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = {"Guides": "docs/guides/", "Connectors": "connector_kit/connectors/"}
"""The parts of the navigation to which new pages in a folder belong; their title is their heading."""

PACKAGES: Final = ("connector_kit", "conformance")
TOP_LEVEL: Final = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
SHOWN: Final = (
    *("docs/**/*.md", "docs/**/*.png", "docs/**/*.svg", "docs/site/*.css", "docs/site/*.js"),
    *("schemas/*.json", "connector_kit/connectors/*/*.md", *TOP_LEVEL),
)
"""Links to other files of the repository lead to GitHub."""

NOT_SEARCHED: Final = ("docs/internals/official-connectors.md", "docs/internals/kill-matrix.md")
"""They repeat the ids of all checks: every search would find them first."""

GITHUB: Final = "https://github.com/logto-connector-kit/logto-connector-kit"
_LINK: Final = re.compile(r"(?P<before>\]\()(?P<target>[^)\s#:]+)(?P<fragment>#[^)\s]*)?(?=\))")
_FENCED_IN_A_LIST: Final = re.compile(r"^(?P<indent> {2,3})```\w*\n(?:.*\n)*?(?P=indent)```$", re.MULTILINE)
_NESTED_ITEM: Final = re.compile(r"^ {2,3}(?=[-*] |\d+\. )", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add to the navigation the guides and connectors that it does not list, and the pages of the API."""
    listed = set(_listed(config.nav))
    for part in config.nav or ():
        for title, entries in part.items():
            if title in FOLDERS:
                new = (it for it in shown() if it.endswith(".md") and it.startswith(FOLDERS[title]))
                entries.extend(it for it in new if it not in listed)
            elif title in PACKAGES:
                entries.extend({name.removesuffix(".md").rpartition("/")[2]: name} for name in api_pages(title))
    return config


def _listed(nav: Any) -> Iterator[str]:
    """Yield the pages in a navigation, at any depth."""
    if isinstance(nav, str):
        yield nav
    else:
        for it in nav.values() if isinstance(nav, dict) else nav:
            yield from _listed(it)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace the files of the docs folder by those that the site shows, each by its path in the repository."""
    docs = Path(config.docs_dir)
    found = [it for it in files if it.generated_by or Path(it.src_dir or "") != docs]
    found += (_file(config, name, abs_src_path=str(ROOT / name)) for name in shown())
    for package in PACKAGES:
        found += (_file(config, name, content=text) for name, text in api_pages(package).items())
    return Files(found)


def shown() -> list[str]:
    """Return the files of the repository that the site shows, sorted."""
    return sorted(it.relative_to(ROOT).as_posix() for pattern in SHOWN for it in ROOT.glob(pattern))


def _file(config: MkDocsConfig, name: str, **source: str) -> File:
    file = File.generated(config, name, **source)
    file.dest_uri = place(name)
    return file


def place(name: str) -> str:
    """Return where a file of the repository is on the site."""
    name = name.removeprefix("docs/")
    name = re.sub(r"^connector_kit/connectors/(\w+)/README", r"connectors/\1", name)
    return re.sub(r"\.md$", ".html", name)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs
    """Set a page's options, indent lists for Python-Markdown, and link files that the site does not show to GitHub."""
    if page.file.src_uri in NOT_SEARCHED:
        page.meta["search"] = {"exclude": True}
    if page.is_homepage:
        page.meta["hide"] = ["navigation"]
    folder = (ROOT / page.file.src_uri).parent

    def linked(match: re.Match[str]) -> str:
        path = (folder / match["target"]).resolve()
        if not path.exists() or not path.is_relative_to(ROOT):
            return match[0]  # MkDocs reports it
        name = path.relative_to(ROOT).as_posix()
        if files.get_file_from_path(name):
            return match[0]
        kind = "tree" if path.is_dir() else "blob"
        return f"{match['before']}{GITHUB}/{kind}/main/{name}{match['fragment'] or ''}"

    return _LINK.sub(linked, indented(markdown))


def indented(markdown: str) -> str:
    """Indent nested items, and code in items, by four spaces as Python-Markdown requires; GitHub accepts two or three."""
    markdown = _FENCED_IN_A_LIST.sub(lambda it: re.sub(f"(?m)^{it['indent']}", "    ", it[0]), markdown)
    return _NESTED_ITEM.sub("    ", markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001 - MkDocs
    """Set the language of a page that is a translation: screen readers and browsers need it."""
    language = re.search(r"\.(es|pt-BR)\.md$", page.file.src_uri)
    return output.replace('<html lang="en"', f'<html lang="{language[1]}"', 1) if language else output


@cache
def api_pages(package: str) -> dict[str, str]:
    """Return a page for each module that defines public names of a package, by path; mkdocstrings writes its content."""
    loaded: Any = griffe.load(package, search_paths=[str(ROOT)], resolve_aliases=True)
    modules: dict[str, list[str]] = {}
    for name in sorted(loaded.exports, key=str.lower):
        member = loaded.members[name]
        path = member.final_target.path if member.is_alias else member.path
        modules.setdefault(path.rpartition(".")[0], []).append(name)
    return {
        f"docs/reference/api/{module}.md": _api_page(package, module, modules[module]) for module in sorted(modules)
    }


def _api_page(package: str, module: str, names: list[str]) -> str:
    directives = "\n\n".join(f"::: {module}.{name}" for name in names)
    return f"# {module}\n\n```python\nfrom {package} import {', '.join(names)}\n```\n\n{directives}\n"
