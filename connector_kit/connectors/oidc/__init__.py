"""OpenID Connect: signs users in at any provider whose addresses the config has."""

from connector_kit.connectors.oidc.config import OpenIdConfig
from connector_kit.connectors.oidc.connector import OpenIdConnector

__all__ = ["OpenIdConfig", "OpenIdConnector"]
