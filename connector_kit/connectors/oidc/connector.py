"""The OpenID Connect connector, for a provider whose addresses the config has."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from attrs import evolve

from connector_kit import (
    AuthorizationRequest,
    ClientAuthentication,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    Declaration,
    IdTokenRules,
    Issue,
    OAuth2Endpoints,
    OidcConnector,
    OidcProvider,
    SocialUserInfo,
    UserFields,
    WarningRule,
    form_items,
)
from connector_kit.connectors.oidc.config import OpenIdConfig, seconds

_SPANS: Final = ("clockTolerance", "maxTokenAge")
_VERIFICATION: Final = "idTokenVerificationConfig"
_FIXED: Final = frozenset({"responseType", "grantType"})
"""Settings with one possible value, which Logto's own form does not show either."""

_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FLAGS: Final = ("email_verified", "phone_verified")
_YES: Final = frozenset({"1", "true", "y", "yes", "yep", "yeah"})


def unusual_verification(config: Any) -> Iterator[Issue]:
    """Find settings of the verification that reject every ID token, or accept those of any issuer."""
    found = config.get(_VERIFICATION) if isinstance(config, dict) else None
    if not isinstance(found, dict):
        return
    if not found.get("issuer"):
        reason = "without an issuer, the `iss` of ID tokens is not compared: add `issuer` from the discovery document"
        yield Issue((_VERIFICATION,), "issuer", reason)
    for name in _SPANS:
        if name in found and seconds(found[name]) is None:
            reason = "expected seconds or a time span such as 1 minute, found another text"
            yield Issue((_VERIFICATION, name), "time-span", reason)


class OpenIdConnector(OidcConnector[OpenIdConfig]):
    """Signs users in with a provider of OpenID Connect (https://openid.net/specs/openid-connect-core-1_0.html)."""

    config_class = OpenIdConfig
    config_warnings: ClassVar[tuple[WarningRule, ...]] = (unusual_verification,)
    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="openid-connect",
        target="oidc",
        platform=ConnectorPlatform.UNIVERSAL,
        name={"en": "OpenID Connect"},
        description={"en": "Signs users in with any provider of OpenID Connect."},
        is_standard=True,
        is_token_storage_supported=True,
        form_items=tuple(
            evolve(it, is_confidential=False) if it.key == _VERIFICATION else it  # its name is like that of a secret
            for it in form_items(OpenIdConfig)
            if it.key not in _FIXED
        ),
    )
    declaration: ClassVar[Declaration | None] = Declaration(provider="openid-connect", capabilities={"social"})
    # Claims of the names that Logto's own connector reads; e-mail addresses have a rule of their own below.
    user_fields = UserFields(email=None, phone="phone", phone_verified="phone_verified")

    def provider_of(self, config: OpenIdConfig) -> OidcProvider:
        """Return the provider of the config. Without a user info endpoint, the ID token has all details of a user."""
        issuer = config.id_token_verification_config.get("issuer") or ()
        return OidcProvider(
            endpoints=OAuth2Endpoints(config.authorization_endpoint, config.token_endpoint),
            jwks_uri=config.id_token_verification_config["jwksUri"],
            issuers=(issuer,) if isinstance(issuer, str) else tuple(issuer),
        )

    def authentication_of(self, config: OpenIdConfig) -> ClientAuthentication:
        """Return the method and the algorithm of the config."""
        return ClientAuthentication(config.token_endpoint_auth_method, config.jwt_signing_algorithm)

    def authorization_parameters(self, config: OpenIdConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Return the optional and the custom parameters of the config; a scope that Logto requests counts more."""
        more = _snake_case({**config.auth_request_optional_config, **config.custom_config})
        return {name: it for name, it in more.items() if name != "scope" or not request.scope}

    def token_parameters(self, config: OpenIdConfig) -> Mapping[str, str]:
        """Return the custom parameters of the config."""
        return _snake_case(config.custom_config)

    def rules_of(self, config: OpenIdConfig, nonce: str) -> IdTokenRules:
        """Return what the config requires of an ID token.

        Raises:
            ConnectorError: ``invalid_config`` for a time span that is none.
        """
        found = config.id_token_verification_config
        tolerance, largest_age = (_span(found, name) for name in _SPANS)
        return evolve(
            super().rules_of(config, nonce),
            algorithms=tuple(found.get("algorithms") or self.algorithms),
            clock_tolerance=self.clock_tolerance if tolerance is None else tolerance,
            largest_age=largest_age,
            token_type=found.get("typ"),
        )

    def read_user(self, config: OpenIdConfig, details: Any) -> SocialUserInfo:
        """Return the user of the ID token."""
        claims = dict(details)
        for name in _FLAGS:
            if isinstance(claims.get(name), str) and config.accept_string_typed_boolean_claims:
                claims[name] = claims[name].lower() in _YES
            if not isinstance(claims.get(name), bool | None):
                raise _invalid(f"its claim {name} is not true or false")
        if config.id_token_verification_config.get("subject", claims["sub"]) != claims["sub"]:
            raise _invalid("its claim sub is not the subject of the config")
        flag = claims.get("email_verified")
        is_verified = config.trust_unverified_email if flag is None else flag
        email = claims.get("email") if is_verified else None
        return evolve(super().read_user(config, claims), email=email or None, raw_data=details)


def _invalid(reason: str) -> ConnectorError:
    return ConnectorError(ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID, f"The ID token is not valid: {reason}.")


def _span(verification: Mapping[str, Any], name: str) -> float | None:
    """Return a time span of the config in seconds, if it has one."""
    if name not in verification:
        return None
    span = seconds(verification[name])
    if span is None:
        raise ConnectorError(
            ConnectorErrorCodes.INVALID_CONFIG,
            f"{_VERIFICATION}.{name}: expected seconds or a time span such as 1 minute.",
        )
    return span


def _snake_case(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Return parameters with the names that Logto's own connector makes of keys, such as ``login_hint`` of ``loginHint``."""
    words = {key: re.sub(r"[^A-Za-z0-9]+", "_", _WORD_START.sub("_", key)).strip("_") for key in parameters}
    return {words[key].lower(): value for key, value in parameters.items()}
