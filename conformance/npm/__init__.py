"""Connectors from npm packages: they run in Node.js, and the same checks apply to them."""

from conformance.npm.connector import NodeConnector, NodeGuard, npm_connector
from conformance.npm.errors import NodeError, NodeObject
from conformance.npm.official import npm_spec
from conformance.npm.social import NodeSocialConnector

__all__ = ["NodeConnector", "NodeError", "NodeGuard", "NodeObject", "NodeSocialConnector", "npm_connector", "npm_spec"]
