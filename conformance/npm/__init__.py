"""Connectors that are not Python: npm packages, run in Node and judged by the same checks."""

from conformance.npm.connector import NodeConnector, NodeGuard, npm_connector
from conformance.npm.errors import NodeError, NodeObject
from conformance.npm.official import npm_spec

__all__ = ["NodeConnector", "NodeError", "NodeGuard", "NodeObject", "npm_connector", "npm_spec"]
