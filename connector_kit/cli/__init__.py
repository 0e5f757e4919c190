"""The ``connector-kit`` command: look at connectors, check a config, render a message, send a test. Extra: ``cli``."""

import sys
from collections.abc import Sequence
from typing import Final, NoReturn

_NEEDED: Final = frozenset({"click", "rich"})
_UNUSABLE: Final = 2
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    The status is 0; or 1 where the answer is no (a config that is refused, a message that is not sent); or 2 where
    there is no answer, because what was given cannot be used.

    Args:
        arguments: those of the process where left out.
    """
    try:
        from connector_kit.cli.application import PROGRAM, application  # noqa: PLC0415 - the base install has no click
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in _NEEDED:
            raise
        sys.stderr.write(f"connector-kit needs {missing}: install logto-connector-kit[cli]\n")
        sys.exit(_UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    application.main(arguments, PROGRAM)
