"""Reading what a host config names, files and variables; and what is wrong with it, noted with its place."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from connector_kit.parsing import load_json

_LARGEST: Final = 4 << 20


@frozen
class Problem:
    """One thing that keeps a host from starting, or that will hurt.

    Args:
        source: the file, or where else the value came from.
        path: the place in it, as in ``$.server.port``.
        message: what is expected there; never a value.
    """

    source: str
    path: str
    message: str

    def __str__(self) -> str:
        """Return all of it in a line."""
        return f"{self.source}: {self.path}: {self.message}"


class HostConfigError(ValueError):
    """A host cannot start.

    Args:
        problems: all that is wrong.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


@define
class Reader:
    """Reads for one host config, and collects the problems.

    Args:
        source: what to call the host config in a message: its path.
        folder: where relative paths in it start.
        environment: the variables.
        problems: what is wrong so far.
    """

    source: str
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    problems: list[Problem] = field(factory=list)

    def problem(self, path: str, message: str) -> None:
        """Note what is wrong in the host config."""
        self.problems.append(Problem(self.source, path, message))

    def variable(self, path: str, name: str) -> str | None:
        """Return what a variable of the environment holds; nothing, where that is a problem."""
        value = self.environment.get(name)
        if not value:
            self.problem(path, f"expected the environment variable {name} to hold a value, found nothing")
            return None
        return value

    def file_text(self, path: str, name: str) -> str | None:
        """Return the text of a file without the white space around it; nothing, where that is a problem."""
        content = self.read(path, name)
        if content is None:
            return None
        try:
            return content.decode("utf-8").strip()
        except UnicodeDecodeError:
            self.problem(path, f"{name} is not UTF-8")
            return None

    def read(self, path: str, name: str) -> bytes | None:
        """Return what is in a file; nothing, where that is a problem."""
        try:
            with (self.folder / name).open("rb") as file:
                content = file.read(_LARGEST + 1)
        except (OSError, ValueError) as error:
            self.problem(path, f"{name} cannot be read: {getattr(error, 'strerror', None) or error}")
            return None
        if len(content) > _LARGEST:
            self.problem(path, f"{name} is larger than {_LARGEST >> 20} MiB")
            return None
        return content

    def json(self, content: bytes, source: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return the JSON value of a config; nothing, where that is a problem."""
        try:
            return load_json(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            message = "is not UTF-8"
        except json.JSONDecodeError as error:
            message = f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        except RecursionError:
            message = "is nested too deeply"
        except ValueError as error:
            message = f"is not JSON: {error}"
        self.problems.append(Problem(source, "$", message))
        return None
