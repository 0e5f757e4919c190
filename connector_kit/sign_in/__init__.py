"""Signs users in at a provider with OAuth 2 or OpenID Connect."""
