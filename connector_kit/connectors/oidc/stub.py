"""A provider of OpenID Connect on the loopback interface."""

from collections.abc import Mapping
from typing import Any, ClassVar

from conformance import OAuth2Provider


class OpenIdProvider(OAuth2Provider):
    """Replaces the provider of the config. Its ID tokens have all details of a user."""

    endpoints: ClassVar[Mapping[str, str]] = {"authorizationEndpoint": "/authorize", "tokenEndpoint": "/token"}
    user_path = None
    has_id_token = True
    id_token_algorithm = "RS256"  # noqa: S105 - the name of an algorithm
    issuer = "https://login.acme.com"

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config with the stub's addresses, that of its keys included."""
        prepared = super().prepare_config(config)
        verification = {**config["idTokenVerificationConfig"], "jwksUri": f"{self.url}{self.keys_path}"}
        return {**prepared, "idTokenVerificationConfig": verification}

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return the claims of a user."""
        number = {"phone": "4915112345678", "phone_verified": True}
        return {**super().user(user_id), **number, "picture": f"https://user.example/{user_id}.png"}
