"""All checks; importing this registers them, in the order in which they run."""

# isort: off
from conformance.checks import metadata
from conformance.checks import config
from conformance.checks import routing
from conformance.checks import rendering
from conformance.checks import delivery
from conformance.checks import errors
from conformance.checks import secrets
# isort: on

__all__ = ["config", "delivery", "errors", "metadata", "rendering", "routing", "secrets"]
