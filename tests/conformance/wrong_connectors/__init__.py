"""Wrong connectors, each with one fault; importing this package registers them all."""

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
from tests.conformance.wrong_connectors.base import WRONG, BaseSes, Wrong

__all__ = [
    "WRONG",
    "BaseSes",
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
