"""``@logto/connector-oidc`` and ``@logto/connector-oauth``, and the stubs of their providers."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from conformance.npm.official.package import STRING, OfficialPackage, config_schema
from conformance.providers.oauth2 import OAuth2Provider

_STRINGS: Final[Mapping[str, Any]] = {"type": "array", "items": STRING}
_BOOLEAN: Final[Mapping[str, Any]] = {"type": "boolean"}
_STRING_OR_STRINGS: Final[Mapping[str, Any]] = {"anyOf": [STRING, _STRINGS]}
_STRING_OR_NUMBER: Final[Mapping[str, Any]] = {"type": ["string", "number"]}
_ENDPOINTS: Final = {"authorizationEndpoint": STRING, "tokenEndpoint": STRING}
_CLIENT: Final = {"clientId": STRING, "clientSecret": STRING}
_OPTIONAL: Final[Mapping[str, Any]] = {
    "responseType": {"const": "code"},
    "grantType": {"const": "authorization_code"},
    "tokenEndpointAuthMethod": {"enum": ["client_secret_basic", "client_secret_post", "client_secret_jwt"]},
    "clientSecretJwtSigningAlgorithm": {"enum": ["HS256", "HS384", "HS512"]},
    "customConfig": {"type": "object", "additionalProperties": STRING},
}
_REQUEST_OPTIONS: Final = (
    "responseMode",
    "display",
    "prompt",
    "maxAge",
    "uiLocales",
    "idTokenHint",
    "loginHint",
    "acrValues",
)


class OidcProvider(OAuth2Provider):
    """An OpenID provider, whose ID token has all details of the user."""

    endpoints: ClassVar[Mapping[str, str]] = {
        "authorizationEndpoint": "/authorize",
        "tokenEndpoint": "/token",
    }
    user_path = None
    has_id_token = True
    id_token_algorithm = "RS256"  # noqa: S105 - the name of an algorithm
    issuer = "/issuer"

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Set the addresses of the keys and of the issuer, too."""
        prepared = super().prepare_config(config)
        given = prepared.get("idTokenVerificationConfig")
        if not isinstance(given, dict):  # a check has changed it
            return prepared
        own = {"jwksUri": f"{self.url}{self.keys_path}", "issuer": self.issuer_address}
        return {**prepared, "idTokenVerificationConfig": {**given, **own}}


OIDC: Final = OfficialPackage(
    schema=config_schema(
        "OIDC connector config",
        {
            **_ENDPOINTS,
            **_CLIENT,
            "scope": STRING,
            "idTokenVerificationConfig": {
                "type": "object",
                "properties": {
                    "jwksUri": STRING,
                    "issuer": _STRING_OR_STRINGS,
                    "audience": _STRING_OR_STRINGS,
                    "algorithms": _STRINGS,
                    "clockTolerance": _STRING_OR_NUMBER,
                    "crit": {"type": "object", "additionalProperties": _BOOLEAN},
                    "currentDate": False,  # a Date, which JSON cannot represent
                    "maxTokenAge": _STRING_OR_NUMBER,
                    "subject": STRING,
                    "typ": STRING,
                },
                "required": ["jwksUri"],
            },
        },
        {
            **_OPTIONAL,
            "acceptStringTypedBooleanClaims": _BOOLEAN,
            "trustUnverifiedEmail": _BOOLEAN,
            "authRequestOptionalConfig": {"type": "object", "properties": dict.fromkeys(_REQUEST_OPTIONS, STRING)},
        },
    ),
    valid_config={
        "authorizationEndpoint": "https://provider.example/authorize",
        "tokenEndpoint": "https://provider.example/token",
        "clientId": "logto-client",
        "clientSecret": "0123456789abcdef0123456789abcdef",
        "tokenEndpointAuthMethod": "client_secret_post",
        "scope": "openid profile email",
        "idTokenVerificationConfig": {
            "jwksUri": "https://provider.example/keys",
            "issuer": "https://provider.example/issuer",
        },
    },
    provider=OidcProvider,
    capabilities={"social"},
    secrets=("clientSecret",),
)


class OAuthProvider(OAuth2Provider):
    """An OAuth 2 provider whose user info has an id. Its tokens are JSON: the package reads no form with an expires_in."""

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return the user under the keys of the default profileMap."""
        return {"id": user_id, "name": f"Name of {user_id}", "email": f"{user_id}@user.example"}


OAUTH: Final = OfficialPackage(
    schema=config_schema(
        "OAuth 2.0 connector config",
        {**_ENDPOINTS, "userInfoEndpoint": STRING, **_CLIENT},
        {
            **_OPTIONAL,
            "scope": STRING,
            "tokenEndpointResponseType": {"enum": ["query-string", "json"]},
            "profileMap": {
                "type": "object",
                "properties": dict.fromkeys(("id", "email", "phone", "name", "avatar"), STRING),
            },
        },
    ),
    valid_config={
        "authorizationEndpoint": "https://provider.example/authorize",
        "tokenEndpoint": "https://provider.example/token",
        "userInfoEndpoint": "https://provider.example/userinfo",
        "clientId": "logto-client",
        "clientSecret": "0123456789abcdef0123456789abcdef",
        "tokenEndpointAuthMethod": "client_secret_post",
        "tokenEndpointResponseType": "json",
        "scope": "profile email",
    },
    provider=OAuthProvider,
    capabilities={"social"},
    secrets=("clientSecret",),
)
