"""Links and file names in the docs exist."""

import re
from pathlib import Path

import pytest

from connector_kit.scaffold.project import Project
from tests.docs.markdown import DOCS, PAGES, ROOT, anchors, blocks, code_spans, links

_FILE = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+\.\w+)?|[\w-]+\.(?:py|md|toml|mjs)")
_TEST = re.compile(r"::test_\w+$")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    """A relative link names an existing file, and its fragment a heading in that file."""
    for target in links(page):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        assert not fragment or fragment in anchors(file), f"{page.name}: {target}"


NEW_PROJECT = Project("acme-mail", "email", "json", "Acme Mail", "https://api.acme.example").files().keys()
"""The files that ``connector-kit new`` writes in a tutorial."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    """A code span that looks like a file is a file of this project, or one that the page creates."""
    made = {block.argument for block in blocks(page) if block.verb == "file"}
    made |= {Path(name).name for name in made} | {"config.json"} | NEW_PROJECT
    for span in code_spans(page):
        name = _TEST.sub("", span)
        if not _FILE.fullmatch(name) or name in made:
            continue
        places = (ROOT, page.parent, ROOT / "connector_kit", DOCS)
        assert any((place / name).exists() for place in places), f"{page.name} names {name}"


def test_index_links_to_every_page() -> None:
    """docs/index.md links to every page."""
    index = DOCS / "index.md"
    linked = {(DOCS / target.partition("#")[0]).resolve() for target in links(index)}
    assert {page.resolve() for page in DOCS.rglob("*.md")} - linked == {index.resolve()}


def test_ses_guide_exists_in_three_languages() -> None:
    """Each language has the same number of links to its README, and links to the other two."""
    counts = set()
    for name in ("aws-ses.md", "aws-ses.es.md", "aws-ses.pt-BR.md"):
        targets = list(links(DOCS / "guides" / name))
        counts.add(sum("README" in target for target in targets))
        assert sum(target.startswith("aws-ses.") for target in targets) == 2
    assert len(counts) == 1
