"""`OAuth2Provider`: the stub of an OAuth 2 or OpenID Connect provider, for social connectors."""

from conformance.providers.oauth2.provider import OAuth2Provider

__all__ = ["OAuth2Provider"]
