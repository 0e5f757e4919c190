"""Printing with styles, on a terminal. Importing rich takes a sixth of ``connector-kit validate``; a pipe needs no styles."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise the error again: rich would exit with status 1, which means "rejected" here."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Return a console for the current standard output or standard error."""
    return _Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def print_styled(parts: Iterable[tuple[str, str]], *, stderr: bool) -> None:
    """Print texts with their styles in one line of any length."""
    console(stderr=stderr).print(Text.assemble(*parts), soft_wrap=True)
