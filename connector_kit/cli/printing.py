"""What the command line prints: results to standard output, all else to standard error.

On a terminal there are colours (unless ``NO_COLOR`` is set) and tables that fit it. Anywhere else there is plain text
that does not depend on any width. Nothing is ever cut short.
"""

import json
import os
import re
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

Part = str | tuple[str, str]
"""A text, or a text and its rich style."""

_GAP: Final = 2
_NARROWEST_LAST_COLUMN: Final = 24
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE_IN_TEXT: Final = re.compile(r"(?![\n\t])" + _UNSAFE.pattern)


def prepare_streams() -> None:
    """Make sure that printing does not fail for the text's sake: there is a stream, and a way to write any character."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the caller: rich would end the program with exit status 1, our "no"."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Return a console for standard output or standard error, as they are now."""
    return _Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def on_terminal(stream: TextIO) -> bool:
    """Tell whether a person looks at a stream."""
    return stream.isatty()


def escape(text: str, unsafe: re.Pattern[str] = _UNSAFE) -> str:
    """Spell out what would move the cursor, recolour the terminal or turn the direction of writing."""
    return unsafe.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def print_line(*parts: Part, stderr: bool = False) -> None:
    """Print one line, however long."""
    text = Text()
    for part in parts:
        content, style = (part, "") if isinstance(part, str) else part
        text.append(escape(content), style)
    console(stderr=stderr).print(text, soft_wrap=True)


def print_error(message: str) -> None:
    """Print one line that says what went wrong."""
    print_line(("Error:", "bold red"), f" {' '.join(message.split())}", stderr=True)


def print_text(text: str) -> None:
    """Print a text of many lines: to a terminal with its control characters spelled out, elsewhere as it is."""
    if on_terminal(sys.stdout):
        text = escape(text.replace("\r\n", "\n"), _UNSAFE_IN_TEXT)
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def print_json(value: object) -> None:
    """Print a value as JSON in UTF-8, whatever the encoding of the terminal."""
    # What UTF-8 cannot encode is a lone surrogate, and backslashreplace writes it just as JSON escapes it.
    encoded = json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    sys.stdout.flush()
    sys.stdout.buffer.write(encoded + b"\n")


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print labels and what they stand for, one a line."""
    fields = list(fields)
    width = max(len(label) for label, _ in fields) + 1
    for label, value in fields:
        print_line((f"{label}:".ljust(width), "bold"), f" {value}")


def print_heading(text: str) -> None:
    """Print what the lines below it are about."""
    print_line()
    print_line((text, "bold"))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings; on a terminal the last column takes the room that is left, or a line of its own."""
    cells = [[escape(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(headings, *cells, strict=True)]
    screen = console()
    room = screen.width - sum(widths[:-1]) - _GAP * (len(widths) - 1)
    if not on_terminal(sys.stdout) or room >= widths[-1]:
        print_line((_aligned(headings, widths), "bold"))
        for row in cells:
            print_line(_aligned(row, widths))
    elif room >= _NARROWEST_LAST_COLUMN:
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
