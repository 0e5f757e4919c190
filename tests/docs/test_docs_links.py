"""Links and file names in the docs lead to something that is there."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, PAGES, ROOT, anchors, blocks, code_spans, links

_FILE = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+\.\w+)?|[\w-]+\.(?:py|md|toml|mjs)")
_TEST = re.compile(r"::test_\w+$")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    """A relative link names a file that exists, and its fragment a heading in it."""
    for target in links(page):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        assert not fragment or fragment in anchors(file), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_file_that_is_named_exists(page: Path) -> None:
    """What looks like a file of this project is one, or a file that the page itself makes."""
    made = {block.argument for block in blocks(page) if block.verb == "file"}
    made |= {Path(name).name for name in made} | {"config.json"}
    for span in code_spans(page):
        name = _TEST.sub("", span)
        if not _FILE.fullmatch(name) or name in made:
            continue
        places = (ROOT, page.parent, ROOT / "connector_kit", DOCS)
        assert any((place / name).exists() for place in places), f"{page.name} names {name}"


def test_every_page_is_on_the_map() -> None:
    """The map of the docs links to each page."""
    index = DOCS / "index.md"
    linked = {(DOCS / target.partition("#")[0]).resolve() for target in links(index)}
    assert {page.resolve() for page in DOCS.rglob("*.md")} - linked == {index.resolve()}


def test_the_guide_to_ses_is_there_in_three_languages() -> None:
    """Each language has the same parts, and links to the other two."""
    counts = set()
    for name in ("aws-ses.md", "aws-ses.es.md", "aws-ses.pt-BR.md"):
        targets = list(links(DOCS / "guides" / name))
        counts.add(sum("README" in target for target in targets))
        assert sum(target.startswith("aws-ses.") for target in targets) == 2
    assert len(counts) == 1
