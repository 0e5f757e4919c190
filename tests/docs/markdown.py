"""Reads the project's Markdown: code blocks with their markers, tables, links and headings."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
_TOP_LEVEL: Final = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
CONNECTORS: Final = ROOT / "connector_kit" / "connectors"
SES: Final = CONNECTORS / "aws_ses"
PAGES: Final = (
    *sorted(DOCS.rglob("*.md")),
    *(ROOT / name for name in _TOP_LEVEL if (ROOT / name).is_file()),
    *sorted(CONNECTORS.glob("*/*.md")),
)

_FENCE: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_MARKER: Final = re.compile(r"<!-- (?P<verb>file|run|not run|output)(?:: (?P<argument>[^\n]+?))? -->\s*\Z")
_HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")
_CODE: Final = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@frozen
class Block:
    """One fenced code block.

    Args:
        language: after the fence; empty for none.
        code: without the block's own indentation.
        verb: from the comment before it: ``file`` (write it to a file), ``run``, ``output`` (of the run before it),
            ``not run`` (with a reason), or ``None``.
        argument: of the comment.
        line: where the block begins.
    """

    language: str
    code: str
    verb: str | None
    argument: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        marker = _MARKER.search(text, max(0, match.start() - 300), match.start())
        found.append(
            Block(
                match["language"],
                "".join(line.removeprefix(match["indent"]) for line in match["code"].splitlines(keepends=True)),
                marker["verb"] if marker else None,
                (marker["argument"] or "") if marker else "",
                text.count("\n", 0, match.start()) + 1,
            ),
        )
    return found


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def code_spans(page: Path) -> Iterator[str]:
    """Yield the code spans outside of code blocks."""
    yield from (match[1] for match in _CODE.finditer(prose(page)))


def links(page: Path) -> Iterator[str]:
    """Yield the targets of links, outside of code."""
    yield from (match["target"] for match in _LINK.finditer(_CODE.sub("", prose(page))))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for match in _HEADING.finditer(prose(page)):
        text = re.sub(r"[^\w\- ]", "", match[1].lower()).replace(" ", "-")
        found.add(text if text not in found else f"{text}-1")
    return found


def section(page: Path, heading: str) -> str:
    """Return the text under a heading, up to the next heading of its level or above."""
    text = page.read_text(encoding="utf-8")
    level = heading.split(" ", 1)[0]
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"{page.name} has no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[tuple[str, ...]]:
    """Return the rows of the first table in a text, without its heading and without backticks around cells."""
    lines = iter(text.splitlines())
    rows = []
    for line in lines:
        if line.startswith("|"):
            rows.append(line)
        elif rows:
            break
    return [tuple(cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", row)[1:-1]) for row in rows[2:]]


def between(text: str, name: str) -> str:
    """Return the text between the markers of a generated part."""
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    assert text.count(begin) == text.count(end) == 1, f"the markers of {name} must stand there once"
    return text.split(begin)[1].split(end, maxsplit=1)[0]


def replace_between(text: str, name: str, content: str) -> str:
    """Return the text with another generated part."""
    return text.replace(f"<!-- {name}:begin -->\n{between(text, name)}", f"<!-- {name}:begin -->\n{content}")
