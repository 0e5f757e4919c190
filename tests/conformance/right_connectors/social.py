"""Social connectors: OAuth 2 on the web and in an app, OpenID Connect with stored tokens, and a SAML-like one."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar
from urllib.parse import urlencode

import urllib3
from attrs import evolve, field, frozen

from conformance import Aspect, Call, Consent, Outcome, Provider, Spec
from conformance.providers.oauth2 import OAuth2Provider
from connector_kit import (
    AuthorizationRequest,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    ConnectorSession,
    GetSession,
    Guard,
    SetSession,
    SocialConnector,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
    parse_json_object,
    token_response_guard,
)
from tests.conformance.right_connectors.parts import TIME_LIMIT

Codes = ConnectorErrorCodes
Json = Any

_LIMITS = urllib3.Timeout(connect=TIME_LIMIT, read=TIME_LIMIT)


@frozen
class LoginConfig:
    """The client's credentials and the provider's addresses."""

    client_id: str
    client_secret: str = field(repr=False)
    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str | None = None
    scope: str | None = None


def _schema(*more: str) -> Mapping[str, Json]:
    required = ("clientId", "clientSecret", "authorizationEndpoint", "tokenEndpoint", *more)
    keys = (*required, "scope")
    return {"type": "object", "required": list(required), "properties": {key: {"type": "string"} for key in keys}}


def _metadata(connector_id: str, schema: Mapping[str, Json], **more: Any) -> ConnectorMetadata:
    return ConnectorMetadata(
        id=connector_id,
        target=connector_id,
        name={"en": connector_id},
        description={"en": f"Signs users in with {connector_id}."},
        logo="https://login.example/logo.svg",
        readme="Ask for a client id.",
        platform=ConnectorPlatform.UNIVERSAL,
        form_items=tuple(
            ConnectorConfigFormItem(
                type=ConnectorConfigFormItemType.TEXT, key=key, label=key, required=key in schema["required"]
            )
            for key in schema["properties"]
        ),
        **more,
    )


class OpenLogin(SocialConnector[LoginConfig]):
    """The base of the OAuth 2 and OpenID Connect connectors; a subclass overrides single steps."""

    scope: ClassVar[str]

    # the authorization URI

    def new_session_values(self) -> Mapping[str, str]:
        """Return new values that protect one sign-in; the session keeps them."""
        return {}

    def uri_values(self, values: Mapping[str, str]) -> Mapping[str, str]:
        """Return the parameters by which the authorization URI shows those values to the provider."""
        return values

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Return the other parameters of the authorization URI."""
        return {
            "response_type": "code",
            "client_id": config.client_id,
            "redirect_uri": request.redirect_uri,
            "state": request.state,
            "scope": request.scope or config.scope or self.scope,
        }

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Return the authorization URI, and save the session."""
        config = self.read_config()
        values = self.new_session_values()
        set_session(self.new_session(request, values))
        query = urlencode({**self.uri_parameters(config, request), **self.uri_values(values)})
        return f"{config.authorization_endpoint}?{query}"

    def new_session(self, request: AuthorizationRequest, values: Mapping[str, str]) -> ConnectorSession:
        """Return the session that the callback needs."""
        more = dict(values)
        return ConnectorSession(nonce=more.pop("nonce", None), redirect_uri=request.redirect_uri, extra=more)

    # the callback

    def read_code(self, data: object) -> str:
        """Return the authorization code of the callback."""
        found = data if isinstance(data, Mapping) else {}
        if isinstance(found.get("code"), str):
            return str(found["code"])
        if found.get("error") == "access_denied":
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The user declined.")
        raise ConnectorError(Codes.GENERAL, "The callback has no code.")

    @abstractmethod
    def client_authentication(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return form fields and headers that authenticate the client."""

    def fetch(self, endpoint: str, method: str, url: str, **request: Any) -> bytes:
        """Send a request and return the body; the only method that translates exceptions of urllib3."""
        try:
            response = urllib3.request(method, url, timeout=_LIMITS, retries=False, redirect=False, **request)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self.network_error(error) from None
        if response.status != 200:
            raise self.response_error(endpoint, response.status, response.data)
        return response.data

    def network_error(self, error: Exception) -> Exception:
        """Translate an exception of urllib3."""
        return ConnectorError(Codes.GENERAL, f"The provider cannot be reached: {type(error).__name__}.")

    def response_error(self, endpoint: str, status: int, body: bytes) -> Exception:
        """Translate an error response."""
        del body  # it may repeat the request
        return ConnectorError(Codes.GENERAL, f"The provider responded with HTTP {status} at its {endpoint}.")

    def parse_object(self, body: bytes) -> dict[str, Json]:
        """Parse the body of a response."""
        text = body.decode("utf-8", "replace")
        return parse_json_object(text, Codes.INVALID_RESPONSE, {"message": "Expected a JSON object from the provider."})

    def request_tokens(self, config: LoginConfig, fields: Mapping[str, str]) -> TokenResponse:
        """Request tokens from the token endpoint."""
        client, headers = self.client_authentication(config)
        fields_text = urlencode({**fields, **client}, errors="replace")
        form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        body = self.parse_object(
            self.fetch("token endpoint", "POST", config.token_endpoint, body=fields_text, headers=form)
        )
        response: TokenResponse = token_response_guard.validate(body)
        if not response.access_token:
            raise ConnectorError(Codes.INVALID_RESPONSE, "The token response has no access token.")
        return response

    def redeem_code(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Exchange an authorization code for tokens."""
        if not session.redirect_uri:
            raise ConnectorError(Codes.GENERAL, "The session has no redirect URI.")
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": session.redirect_uri}
        return self.request_tokens(config, {**fields, **self.extra_token_fields(session)})

    def extra_token_fields(self, session: ConnectorSession) -> Mapping[str, str]:
        """Return further fields of the token request."""
        del session
        return {}

    @abstractmethod
    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Return the user's details."""

    def to_user_info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the user's details."""
        if not isinstance(details.get("sub"), str):
            raise ConnectorError(Codes.INVALID_RESPONSE, "The user's details have no id.")
        return SocialUserInfo(details["sub"], details.get("email"), None, details.get("name"), None, dict(details))

    def handle_callback(self, data: object, session: ConnectorSession) -> TokenResponseAndUserInfo:
        """Handle the callback: return the user and the tokens."""
        config, code = self.read_config(), self.read_code(data)
        tokens = self.redeem_code(config, code, session)
        return TokenResponseAndUserInfo(self.to_user_info(self.user_details(config, tokens, session)), tokens)

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return the user."""
        return self.handle_callback(data, get_session()).user_info


_HUB_SCHEMA = _schema("userInfoEndpoint")


class Hub(OpenLogin):
    """OAuth 2: sends the client secret in the form, and requests the user's details from the user info endpoint."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("hub", _HUB_SCHEMA)
    config_guard: ClassVar[Guard[LoginConfig]] = Guard(_HUB_SCHEMA, LoginConfig)
    scope: ClassVar[str] = "user"

    def client_authentication(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return form fields with the client's credentials."""
        return {"client_id": config.client_id, "client_secret": config.client_secret}, {}

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Request the user's details."""
        del session
        assert config.user_info_endpoint is not None
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        return self.parse_object(self.fetch("user info endpoint", "GET", config.user_info_endpoint, headers=headers))


class HubProvider(OAuth2Provider):
    """The provider of `Hub`."""


_BEACON_SCHEMA = _schema()


class Beacon(OpenLogin):
    """OpenID Connect with PKCE: HTTP Basic, all details in the ID token, more specific error codes than the official ones."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("beacon", _BEACON_SCHEMA, is_token_storage_supported=True)
    config_guard: ClassVar[Guard[LoginConfig]] = Guard(_BEACON_SCHEMA, LoginConfig)
    scope: ClassVar[str] = "openid email"

    def new_session_values(self) -> Mapping[str, str]:
        """Return a new nonce and a new PKCE verifier."""
        return {"nonce": secrets.token_urlsafe(16), "codeVerifier": secrets.token_urlsafe(32)}

    def uri_values(self, values: Mapping[str, str]) -> Mapping[str, str]:
        """Return the nonce, and the digest of the PKCE verifier."""
        challenge = _base64url(hashlib.sha256(values["codeVerifier"].encode()).digest())
        return {"nonce": values["nonce"], "code_challenge": challenge, "code_challenge_method": "S256"}

    def extra_token_fields(self, session: ConnectorSession) -> Mapping[str, str]:
        """Return the PKCE verifier."""
        return {"code_verifier": str(session.extra.get("codeVerifier", ""))}

    def client_authentication(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return an Authorization header with the client's credentials."""
        pair = f"{config.client_id}:{config.client_secret}".encode()
        return {}, {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def response_error(self, endpoint: str, status: int, body: bytes) -> Exception:
        """Translate a rejected code and a throttle to codes of their own."""
        failure = super().response_error(endpoint, status, body)
        code = {400: Codes.SOCIAL_AUTH_CODE_INVALID, 429: Codes.RATE_LIMIT_EXCEEDED}.get(status)
        return failure if code is None else ConnectorError(code, str(failure))

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Verify the ID token and return its claims."""
        signed, _, signature = (tokens.id_token or "").rpartition(".")
        mac = hmac.digest(config.client_secret.encode(), signed.encode(), "sha256")
        if not hmac.compare_digest(_base64url(mac).encode(), signature.encode()):
            raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, "The ID token has an invalid signature.")
        claims: dict[str, Json] = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        for what, is_valid in self.claim_checks(claims, config, session).items():
            if not is_valid:
                raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, f"The ID token has an invalid {what}.")
        return {**claims, "email": claims["email"] if claims["email_verified"] is True else None}

    def claim_checks(
        self, claims: Mapping[str, Json], config: LoginConfig, session: ConnectorSession
    ) -> Mapping[str, object]:
        """Return whether each verified part of the claims is valid."""
        return {
            "audience": claims["aud"] == config.client_id,
            "expiry": claims["exp"] > time.time(),
            "time": claims["iat"] < time.time() + 60,
            "party": claims.get("azp", config.client_id) == config.client_id,
            "nonce": session.nonce and claims["nonce"] == session.nonce,
        }

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Return the user and the tokens."""
        return self.handle_callback(data, get_session())

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Request new tokens."""
        return self.request_tokens(self.read_config(), {"grant_type": "refresh_token", "refresh_token": refresh_token})


class BeaconProvider(OAuth2Provider):
    """The provider of `Beacon`: details in the ID token, and codes of its own."""

    endpoints = {"authorizationEndpoint": "/authorize", "tokenEndpoint": "/token"}  # noqa: RUF012 - see OAuth2Provider
    user_path = None
    has_id_token = True
    expected_codes = {  # noqa: RUF012 - see OAuth2Provider
        "token-rejected": Codes.SOCIAL_AUTH_CODE_INVALID,
        "token-echo": Codes.SOCIAL_AUTH_CODE_INVALID,
        "token-throttled": Codes.RATE_LIMIT_EXCEEDED,
    }


class HubApp(Hub):
    """`Hub` in a native app: the app returns to Logto without a redirect URI and without a session."""

    metadata: ClassVar[ConnectorMetadata] = evolve(Hub.metadata, id="hub-app", platform=ConnectorPlatform.NATIVE)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Return a URI that opens the app."""
        del set_session
        config = self.read_config()
        return f"hubapp://authorize?{urlencode({'client_id': config.client_id, 'state': request.state})}"

    def redeem_code(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Exchange an authorization code for tokens."""
        del session
        return self.request_tokens(config, {"code": code})

    def to_user_info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the user's details; the id is a number."""
        number = details.get("id")
        return super().to_user_info({**details, "sub": str(number) if isinstance(number, int) else None})


class HubAppProvider(HubProvider):
    """The provider of `HubApp`: ids of users are numbers."""

    is_redirect_uri_required = False

    def new_user(self) -> str:
        """Return a new number."""
        return str(len(self.calls) + secrets.randbelow(1_000_000) * 1000)

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return the number as the id."""
        return {"id": int(user_id), "name": "N. N."}


@frozen
class BadgeConfig:
    """The address where users sign in, and the certificate that verifies assertions, which is public."""

    sign_in_endpoint: str
    certificate: str


_BADGE_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["signInEndpoint", "certificate"],
    "properties": {"signInEndpoint": {"type": "string"}, "certificate": {"type": "string"}},
}


class Badge(SocialConnector[BadgeConfig]):
    """Like SAML: no ``state`` in the URI, an assertion with all details, and no request to the provider."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("badge", _BADGE_SCHEMA)
    config_guard: ClassVar[Guard[BadgeConfig]] = Guard(_BADGE_SCHEMA, BadgeConfig)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Save the state, and return a URI with the id of the interaction."""
        config = self.read_config()
        set_session(ConnectorSession(state=request.state, redirect_uri=request.redirect_uri, jti=request.jti))
        return f"{config.sign_in_endpoint}?{urlencode({'RelayState': request.jti})}"

    def validate_saml_assertion(
        self, assertion: Mapping[str, object], get_session: GetSession, set_session: SetSession
    ) -> str:
        """Verify the assertion, save the user's id in the session, and return the URI to redirect to."""
        config, session = self.read_config(), get_session()
        body: Json = assertion.get("body")
        found: Json = body.get("SAMLResponse") if isinstance(body, Mapping) else None
        subject_id, _, signature = found.rpartition(".") if isinstance(found, str) else ("", "", "")
        if not hmac.compare_digest(
            _signed(config.certificate, subject_id).encode(), signature.encode(errors="replace")
        ):
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The assertion has an invalid signature.")
        if session.redirect_uri is None:
            raise ConnectorError(Codes.GENERAL, "The session has no redirect URI.")
        set_session(evolve(session, extra={"user": subject_id}))
        return self.return_uri(session)

    def return_uri(self, session: ConnectorSession) -> str:
        """Return the redirect URI with the state."""
        uri = str(session.redirect_uri)
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': session.state})}"

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return the user."""
        del data
        self.read_config()
        found = get_session().extra.get("user")
        if not isinstance(found, str):
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The session has no assertion.")
        return SocialUserInfo(found)


def _signed(certificate: str, text: str) -> str:
    return hmac.new(certificate.encode(), text.encode(errors="replace"), "sha256").hexdigest()


class BadgeProvider(Provider):
    """Signs assertions; the connector sends it no requests."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (Outcome("accepted", "accepted", None),)

    def __init__(self) -> None:
        super().__init__()
        self._certificate = ""

    def _intercepting(self) -> AbstractContextManager[None]:
        return nullcontext()

    def prepare_config(self, config: Mapping[str, Json]) -> dict[str, Json]:
        """Remember the certificate."""
        self._certificate = config["certificate"]
        return dict(config)

    def authorize(self, uri: str) -> Consent:
        """Return a signed assertion."""
        assert "RelayState=" in uri
        user_id = f"user-{secrets.token_hex(4)}"
        return Consent({"body": {"SAMLResponse": f"{user_id}.{_signed(self._certificate, user_id)}"}}, user_id)

    def request_error(self, call: Call, config: Mapping[str, Json], aspect: Aspect) -> str | None:
        """Fail: the connector sends no requests."""
        raise NotImplementedError(call, config, aspect)


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


HUB = Spec(
    connector=Hub,
    valid_config={
        "clientId": "hub-client",
        "clientSecret": "s",
        "authorizationEndpoint": "https://hub.example/authorize",
        "tokenEndpoint": "https://hub.example/token",
        "userInfoEndpoint": "https://hub.example/user",
        "scope": "user",
    },
    provider=HubProvider,
    capabilities={"social"},
)

BEACON = Spec(
    connector=Beacon,
    valid_config={
        "clientId": "beacon-client",
        "clientSecret": "s",
        "authorizationEndpoint": "https://beacon.example/authorize",
        "tokenEndpoint": "https://beacon.example/token",
    },
    provider=BeaconProvider,
    capabilities={"social"},
)

HUB_APP = evolve(HUB, connector=HubApp, provider=HubAppProvider)

BADGE = Spec(
    connector=Badge,
    valid_config={"signInEndpoint": "https://badge.example/sign-in", "certificate": "MIIB"},
    provider=BadgeProvider,
    capabilities={"social"},
    secrets=(),
)

SOCIAL: tuple[Spec, ...] = (HUB, BEACON, HUB_APP, BADGE)
