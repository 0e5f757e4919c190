"""All checks: importing the modules of this package registers them, one module after the other."""

from importlib import import_module
from typing import Final

from conformance.registry import Check, registered_checks

_MODULES: Final = (
    "metadata",
    "config",
    "config_settings",
    "config_memory",
    "routing",
    "rendering",
    "delivery",
    "isolation",
    "isolation_surroundings",
    "errors",
    "transport",
    "operator",
    "usage",
    "secrets",
    "social",
    "social_sign_in",
    "social_user",
    "social_callback",
    "social_id_token",
    "social_failures",
    "social_tokens",
    "social_isolation",
)
"""In the order in which their checks run."""

for _module in _MODULES:
    import_module(f"conformance.checks.{_module}")


def all_checks() -> tuple[Check, ...]:
    """Return every check, in the order in which they run."""
    return registered_checks()
