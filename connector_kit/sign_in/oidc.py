"""Base class of connectors for OpenID Connect providers.

Sources: OpenID Connect Core 1.0, OpenID Connect Discovery 1.0, RFC 9207 (``iss`` in the callback).
"""

import secrets
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.http_api import HttpApi
from connector_kit.sign_in.documents import Documents
from connector_kit.sign_in.oauth2 import O, OAuth2Connector, OAuth2Endpoints
from connector_kit.social import AuthorizationRequest, ConnectorSession, TokenResponse

if find_spec("joserfc") is None:
    message = 'connector_kit.OidcConnector needs joserfc. Install it: pip install "logto-connector-kit[oidc]"'
    raise ModuleNotFoundError(message, name="joserfc")

from connector_kit.sign_in.id_tokens import ALGORITHMS, IdTokenRules, verify_id_token

_Codes = ConnectorErrorCodes

_OPENID: Final = "openid"
_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_METADATA_AGE: Final = 3600.0
"""In seconds."""


@frozen
class OidcProvider:
    """A provider of OpenID Connect.

    Args:
        endpoints: its addresses; without ``user_info_endpoint``, the ID token has all details of the user.
        jwks_uri: where its keys are.
        issuers: the possible ``iss`` of its ID tokens; empty if any is accepted.
        has_issuer_in_callback: whether each callback has the ``iss`` (RFC 9207).
    """

    endpoints: OAuth2Endpoints
    jwks_uri: str
    issuers: tuple[str, ...]
    has_issuer_in_callback: bool = False


class OidcConnector(OAuth2Connector[O]):
    """Base class of connectors for OpenID Connect providers: an `OAuth2Connector` that verifies the ID token.

    A subclass declares the ``issuer``, whose discovery document has everything else; or it overrides `issuer_of`, or
    `provider_of` for a provider without such a document. The session has the nonce of each sign-in. The details of the user
    are the claims of the ID token, and those of the user info endpoint if the provider has one and ``has_user_info`` is true.

    An ID token that is not valid raises ``social_invalid_id_token``.
    """

    issuer: ClassVar[str]
    """The address of the provider, as in the ``iss`` of its ID tokens."""

    scope: ClassVar[str] = "openid profile email"
    """What the connector requests if neither Logto nor the config names a scope; ``openid`` is always added."""

    algorithms: ClassVar[tuple[str, ...]] = ALGORITHMS
    """Of the signature of ID tokens. ``HS256``, ``HS384`` and ``HS512`` have the client secret as the key."""

    clock_tolerance: ClassVar[float] = 60
    """By how many seconds the clocks of provider and connector may differ; at most 300."""

    has_user_info: ClassVar[bool] = True
    """Whether the user info endpoint is requested, if there is one: many ID tokens have no name and no e-mail address."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._providers = Documents(partial(_discover, self.user_api, self._provider), max_age=_METADATA_AGE)
        self._keys = Documents(partial(_read_keys, self.user_api, self._provider))

    # --- what a subclass may override -------------------------------------------------------------------------------

    def issuer_of(self, config: O) -> str:  # noqa: ARG002 - for subclasses
        """Return the address of the provider, for a connector whose config has it."""
        return self.issuer

    def provider_of(self, config: O) -> OidcProvider:
        """Return the provider: by default, as its discovery document describes it.

        Raises:
            ConnectorError: the document cannot be read; ``invalid_response`` if it is the document of another issuer, or
                lacks an address.
        """
        provider: OidcProvider = self._providers.get(self.issuer_of(config))
        return provider

    def rules_of(self, config: O, nonce: str) -> IdTokenRules:
        """Return what an ID token must fulfil, for a connector whose config decides. The issuers are the provider's."""
        return IdTokenRules(
            client_id=config.client_id,
            client_secret=config.client_secret,
            nonce=nonce,
            algorithms=self.algorithms,
            clock_tolerance=self.clock_tolerance,
        )

    def endpoints_of(self, config: O) -> OAuth2Endpoints:
        """Return the addresses of the provider."""
        return self.provider_of(config).endpoints

    # --- the sequence -----------------------------------------------------------------------------------------------

    def _new_session(self, request: AuthorizationRequest) -> ConnectorSession:
        return evolve(super()._new_session(request), nonce=secrets.token_urlsafe(32))

    def _scope(self, config: O, request: AuthorizationRequest) -> str:
        scope = super()._scope(config, request)
        return scope if _OPENID in scope.split() else f"{_OPENID} {scope}".strip()

    def _code(self, config: O, callback: object) -> str:
        """Return the authorization code; the ``iss`` shows that no other provider has sent it (RFC 9207)."""
        provider = self.provider_of(config)
        issuer = callback.get("iss") if isinstance(callback, Mapping) else None
        is_expected = provider.has_issuer_in_callback if issuer is None else bool(provider.issuers)
        if is_expected and issuer not in provider.issuers:
            raise ConnectorError(_Codes.GENERAL, f"The callback does not have the iss of {self._provider}.")
        return super()._code(config, callback)

    def _details(self, config: O, tokens: TokenResponse, session: ConnectorSession) -> Any:
        provider = self.provider_of(config)
        if not session.nonce:
            raise ConnectorError(
                _Codes.GENERAL, "The session has no nonce: it may have expired. Start the sign-in again."
            )
        if not tokens.id_token:
            raise ConnectorError(_Codes.SOCIAL_ID_TOKEN_INVALID, f"{self._provider} sent no ID token.")
        claims = verify_id_token(
            tokens.id_token,
            evolve(self.rules_of(config, session.nonce), issuers=provider.issuers),
            partial(self._keys.get, provider.jwks_uri),
            partial(self._keys.renewed, provider.jwks_uri),
        )
        if not self.has_user_info or provider.endpoints.user_info_endpoint is None:
            return claims
        details = super()._details(config, tokens, session)
        if not isinstance(details, Mapping) or details.get("sub") != claims["sub"]:
            raise ConnectorError(
                _Codes.INVALID_RESPONSE, f"The user info of {self._provider} is not about the user of the ID token."
            )
        return {**claims, **details}


def _discover(api: HttpApi, name: str, issuer: str) -> OidcProvider:
    """Return the provider that the discovery document of an issuer describes."""
    found = api.get(f"{issuer.rstrip('/')}{_WELL_KNOWN}").body
    found = found if isinstance(found, Mapping) else {}
    if found.get("issuer") != issuer:
        raise ConnectorError(
            _Codes.INVALID_RESPONSE,
            f"The discovery document of {name} does not have the issuer {issuer}: compare the address in the config with it.",
        )
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    missing = [key for key in needed if not isinstance(found.get(key), str)]
    if missing:
        raise ConnectorError(
            _Codes.INVALID_RESPONSE, f"The discovery document of {name} has no {' and no '.join(missing)}."
        )
    authorization, token, jwks_uri = (found[key] for key in needed)
    user_info = found.get("userinfo_endpoint")
    return OidcProvider(
        OAuth2Endpoints(authorization, token, user_info if isinstance(user_info, str) else None),
        jwks_uri,
        (issuer,),
        has_issuer_in_callback=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _read_keys(api: HttpApi, name: str, address: str) -> Any:
    """Return the JWK set at an address."""
    found = api.get(address).body
    if not isinstance(found, Mapping) or not isinstance(found.get("keys"), list):
        raise ConnectorError(_Codes.INVALID_RESPONSE, f"{name} sent no list of keys.")
    return found
