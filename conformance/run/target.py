"""Finds the connector to test by the name on a command line."""

from functools import partial
from pathlib import Path
from typing import Final

from conformance.harness.steps import Steps, StuckError, supervise
from conformance.spec import Spec, spec_of
from connector_kit import ConnectorNotFoundError, find_connector
from connector_kit.discovery import import_object

_IMPORT_SECONDS: Final = 60.0
"""The time limit for the import of a connector's module."""


def find_spec(target: str) -> Spec:
    """Return the Spec with that name, or the Spec that a connector declares.

    Args:
        target: the id of an installed connector, ``module:Class``, ``module:spec``, ``npm:package``, or
            ``npm:folder`` with a package that ``connector-kit package`` wrote.

    Raises:
        ConnectorNotFoundError: there is nothing with that name, or its import does not end in time.
        SpecError: the declaration of the connector is missing or not usable.
        ConnectorError: the object with that name is not a connector.
    """
    if target.startswith("npm:"):
        from conformance.npm import npm_spec  # noqa: PLC0415 - only npm packages need Node.js

        name = target.removeprefix("npm:")
        if not Path(name).is_dir():
            return npm_spec(name)
        from conformance.npm.hosted import hosted_spec  # noqa: PLC0415 - only such packages need the extra `serve`

        return hosted_spec(Path(name))
    try:
        return supervise(partial(_imported_spec, target), Steps(_IMPORT_SECONDS, object))
    except StuckError as stuck:
        raise ConnectorNotFoundError(f"{target!r} cannot be imported: {stuck}.") from stuck


def _imported_spec(target: str) -> Spec:
    if ":" in target:
        found = import_object(target)
        if isinstance(found, Spec):
            return found
        if not isinstance(found, type):
            raise ConnectorNotFoundError(
                f"{target!r} is an object of type {type(found).__name__}; expected a Spec or a Connector class."
            )
    return spec_of(find_connector(target))
