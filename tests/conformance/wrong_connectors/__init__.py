"""Connectors that are wrong in one way each; importing this registers them all."""

from tests.conformance.wrong_connectors import (
    config,
    delivery,
    errors,
    isolation,
    metadata,
    operator,
    rendering,
    routing,
    secrets,
    social,
    usage,
)
from tests.conformance.wrong_connectors.open import WRONG, Open, Wrong

__all__ = [
    "WRONG",
    "Open",
    "Wrong",
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
