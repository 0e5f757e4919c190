"""The ``connector-kit`` command: shows connectors, checks configs, renders messages, sends a test. Extra: ``cli``."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final, NoReturn

_REQUIRED: Final = ("click", "rich")
_COMMAND_FAILED: Final = 2
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    The exit status is 0 for success, 1 if a config is invalid or a message is rejected, and 2 if the command cannot do
    its work.

    Args:
        arguments: by default those of the process.
    """
    missing = [name for name in _REQUIRED if find_spec(name) is None]
    if missing:
        sys.stderr.write(f'Error: connector-kit needs {missing[0]}: pip install "logto-connector-kit[cli]"\n')
        sys.exit(_COMMAND_FAILED)
    try:
        from connector_kit.cli.application import PROGRAM, application  # noqa: PLC0415 - the base install has no click
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    application.main(arguments, PROGRAM)
