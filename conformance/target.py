"""Finds what to test by the name that a command line gives."""

from conformance.spec import Spec, spec_of
from connector_kit import ConnectorNotFoundError, find_connector
from connector_kit.discovery import import_object


def find_spec(target: str) -> Spec:
    """Return the Spec of that name, or the one that a connector declares of itself.

    Args:
        target: the id of an installed connector, ``module:Class``, ``module:spec`` or ``npm:package``.

    Raises:
        ConnectorNotFoundError: there is nothing of that name.
        SpecError: it says of itself what cannot be, or nothing.
        ConnectorError: it is no connector.
    """
    if target.startswith("npm:"):
        from conformance.npm import npm_spec  # noqa: PLC0415 - Node.js is looked for by those who need it

        return npm_spec(target.removeprefix("npm:"))
    if ":" in target:
        found = import_object(target)
        if isinstance(found, Spec):
            return found
        if not isinstance(found, type):
            raise ConnectorNotFoundError(f"{target!r} is neither a Spec nor a Connector class.")
    return spec_of(find_connector(target))
