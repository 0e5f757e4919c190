"""All checks; importing this registers them, in the order in which they run."""

# isort: off
from conformance.checks import metadata
from conformance.checks import config
from conformance.checks import routing
from conformance.checks import rendering
from conformance.checks import delivery
from conformance.checks import isolation
from conformance.checks import errors
from conformance.checks import operator
from conformance.checks import usage
from conformance.checks import secrets
from conformance.checks import social
# isort: on

from conformance.registry import Check, registered_checks

__all__ = [
    "all_checks",
    "config",
    "delivery",
    "errors",
    "isolation",
    "metadata",
    "operator",
    "rendering",
    "routing",
    "secrets",
    "social",
    "usage",
]


def all_checks() -> tuple[Check, ...]:
    """Return every check, in the order in which they run."""
    return registered_checks()
