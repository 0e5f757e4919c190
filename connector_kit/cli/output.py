"""Printing: results to standard output, everything else to standard error.

On a terminal, text has colours (unless ``NO_COLOR`` is set) and tables fit the width. Elsewhere the output is plain text
of any width. Nothing is truncated.
"""

import json
import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from connector_kit.terminal import escape_control_characters

Part = str | tuple[str, str]
"""A text, or a text with a style of rich."""


def prepare_streams() -> None:
    """Make sure that printing works: replace missing streams, and escape characters that the encoding cannot write."""
    sys.stdout = sys.stdout or _null_device()
    sys.stderr = sys.stderr or _null_device()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _null_device() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _is_plain(stream: TextIO) -> bool:
    """Return whether a stream shows no styles: it is not a terminal, and no variable that rich reads says otherwise."""
    return not stream.isatty() and not {"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys()


def print_line(*parts: Part, stderr: bool = False) -> None:
    """Print one line of any length."""
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    styled = [(escape_control_characters(text), style) for text, style in styled]
    stream = sys.stderr if stderr else sys.stdout
    if _is_plain(stream):
        stream.write("".join(text for text, _ in styled) + "\n")
        return
    from connector_kit.cli.console import print_styled  # noqa: PLC0415 - rich takes 40 ms to import, and a pipe needs no styles

    print_styled(styled, stderr=stderr)


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
