"""Reading JSON that a user gives: a config in a file or on standard input, or a payload on the command line."""

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Final

from connector_kit.cli.failures import Unusable
from connector_kit.parsing import load_json

STANDARD_INPUT: Final = "-"

LARGEST: Final = 4 * 1024 * 1024
"""In bytes. Whatever is larger is no config: templates are a few kilobytes each."""


def config_name(path: str) -> str:
    """Name a config in a message."""
    return "standard input" if path == STANDARD_INPUT else path


def read_config_file(path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON in UTF-8 from a file, or from standard input for ``-``.

    A UTF-8 byte order mark is passed over: some editors write one, and it is no part of the config.

    Raises:
        Unusable: there is nothing to read, or too much, or it is not JSON; the message holds none of the content.
    """
    name = config_name(path)
    try:
        with _opened(path) as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise Unusable(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if len(content) > LARGEST:
        raise Unusable(f"{name} is larger than {LARGEST // 1024**2} MiB: it cannot be a config.")
    encoding = json.detect_encoding(content)
    if not encoding.startswith("utf-8"):
        raise Unusable(f"{name} is not UTF-8 but looks like {encoding.upper()}: save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(f"{name} is not UTF-8: byte {error.start + 1} cannot be read. Save it as UTF-8.") from None
    return read_json(text, name)


def read_json(text: str, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON text.

    Args:
        text: the JSON.
        name: what to call it in a message.

    Raises:
        Unusable: it is not JSON; the message says where, and holds none of the text.
    """
    if not text.strip():
        raise Unusable(f"{name} is empty: a JSON object is expected.")
    try:
        return load_json(text)
    except json.JSONDecodeError as error:
        raise Unusable(f"{name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise Unusable(f"{name} is nested too deeply to be read.") from None
    except ValueError as error:
        raise Unusable(f"{name} is not JSON: {error}.") from None


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path != STANDARD_INPUT:
        return Path(path).open("rb")
    if sys.stdin is None:
        raise ValueError("it is closed")
    return nullcontext(sys.stdin.buffer)
