"""Printing tables that fit the width of the terminal."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from connector_kit.cli.console import console
from connector_kit.cli.output import print_line
from connector_kit.terminal import escape_control_characters

_GAP: Final = 2
_NARROWEST_LAST_COLUMN: Final = 24


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
