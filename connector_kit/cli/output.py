"""Printing: results to standard output, everything else to standard error.

On a terminal, text has colours (unless ``NO_COLOR`` is set) and tables fit the width. Elsewhere the output is plain text
of any width. Nothing is truncated.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from connector_kit.terminal import escape_control_characters

Part = str | tuple[str, str]
"""A text, or a text with a style of rich."""

_GAP: Final = 2
_NARROWEST_LAST_COLUMN: Final = 24


def prepare_streams() -> None:
    """Make sure that printing works: replace missing streams, and escape characters that the encoding cannot write."""
    sys.stdout = sys.stdout or _null_device()
    sys.stderr = sys.stderr or _null_device()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _null_device() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise the error again: rich would exit with status 1, which means "rejected" here."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Return a console for the current standard output or standard error."""
    return _Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def print_line(*parts: Part, stderr: bool = False) -> None:
    """Print one line of any length."""
    text = Text()
    for part in parts:
        content, style = (part, "") if isinstance(part, str) else part
        text.append(escape_control_characters(content), style)
    console(stderr=stderr).print(text, soft_wrap=True)


def print_error(message: str) -> None:
    """Print an error in one line."""
    print_line(("Error:", "bold red"), f" {' '.join(message.split())}", stderr=True)


def print_text(text: str) -> None:
    """Print a text of several lines. A terminal gets control characters escaped; a file or pipe gets the text unchanged."""
    if sys.stdout.isatty():
        text = escape_control_characters(text, keep_lines=True)
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def print_json(value: object) -> None:
    """Print a value as JSON in UTF-8, independent of the terminal's encoding."""
    # Only lone surrogates cannot be encoded as UTF-8. backslashreplace writes them as JSON escapes.
    encoded = json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    sys.stdout.flush()
    sys.stdout.buffer.write(encoded + b"\n")


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print labels and values, one pair a line."""
    fields = list(fields)
    width = max(len(label) for label, _ in fields) + 1
    for label, value in fields:
        print_line((f"{label}:".ljust(width), "bold"), f" {value}")


def print_heading(text: str) -> None:
    """Print a heading after an empty line."""
    print_line()
    print_line((text, "bold"))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings. On a narrow terminal the last column is wrapped, or moved below its row."""
    cells = [[escape_control_characters(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(headings, *cells, strict=True)]
    screen = console()
    remaining = screen.width - sum(widths[:-1]) - _GAP * (len(widths) - 1)
    if not sys.stdout.isatty() or remaining >= widths[-1]:
        print_line((_aligned(headings, widths), "bold"))
        for row in cells:
            print_line(_aligned(row, widths))
    elif remaining >= _NARROWEST_LAST_COLUMN:
        screen.print(_wrapping_table(headings, cells))
    else:
        print_line((_aligned(headings[:-1], widths), "bold"))
        for row in cells:
            print_line(_aligned(row[:-1], widths))
            screen.print(Padding(Text(row[-1], "dim"), (0, 0, 0, _GAP * 2)))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - cell_len(cell) + _GAP) for cell, width in zip(row, widths, strict=False))
    return "".join(padded).rstrip()


def _wrapping_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=True, overflow="fold")
    table.add_column(headings[-1], overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
