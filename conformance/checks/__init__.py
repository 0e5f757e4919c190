"""All checks: importing the modules of this package registers them, one module after the other."""

from importlib import import_module
from typing import Final

from conformance.registry import Check, registered_checks

_MODULES: Final = (
    "metadata",
    "config",
    "routing",
    "rendering",
    "delivery",
    "isolation",
    "errors",
    "operator",
    "usage",
    "secrets",
    "social",
    "social_sign_in",
    "social_failures",
    "social_tokens",
)
"""In the order in which their checks run."""

for _module in _MODULES:
    import_module(f"conformance.checks.{_module}")


def all_checks() -> tuple[Check, ...]:
    """Return every check, in the order in which they run."""
    return registered_checks()
