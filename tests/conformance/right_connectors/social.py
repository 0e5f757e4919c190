"""Connectors that sign users in: one of OAuth 2, and one of OpenID Connect whose tokens Logto can store."""

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

Codes = ConnectorErrorCodes
Json = Any

_LIMITS = urllib3.Timeout(connect=1, read=2)


@frozen
class LoginConfig:
    """What both providers want to know."""

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


def _metadata(connector_id: str, schema: Mapping[str, Json], **more: Any) -> ConnectorMetadata:  # noqa: ANN401 - any field
    return ConnectorMetadata(
        id=connector_id,
        target=connector_id,
        name={"en": connector_id},
        description={"en": "Signs users in."},
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
    """What both connectors share, in parts that can be changed one by one."""

    scope: ClassVar[str]

    # leaving

    def protection(self) -> Mapping[str, str]:
        """Make what protects one sign-in: kept in the session."""
        return {}

    def shown(self, protection: Mapping[str, str]) -> Mapping[str, str]:
        """Return what the provider sees of that."""
        return protection

    def parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Return what else goes into the authorization URI."""
        return {
            "response_type": "code",
            "client_id": config.client_id,
            "redirect_uri": request.redirect_uri,
            "state": request.state,
            "scope": request.scope or config.scope or self.scope,
        }

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Send the user to the provider."""
        config = self.read_config()
        protection = self.protection()
        set_session(self.kept(request, protection))
        query = urlencode({**self.parameters(config, request), **self.shown(protection)})
        return f"{config.authorization_endpoint}?{query}"

    def kept(self, request: AuthorizationRequest, protection: Mapping[str, str]) -> ConnectorSession:
        """Return what the callback will need."""
        more = dict(protection)
        return ConnectorSession(nonce=more.pop("nonce", None), redirect_uri=request.redirect_uri, extra=more)

    # coming back

    def code(self, data: object) -> str:
        """Read the callback."""
        found = data if isinstance(data, Mapping) else {}
        if isinstance(found.get("code"), str):
            return str(found["code"])
        if found.get("error") == "access_denied":
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The user refused.")
        raise ConnectorError(Codes.GENERAL, "The callback has no code.")

    @abstractmethod
    def client(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return form fields and headers that authenticate the client."""

    def fetch(self, place: str, method: str, url: str, **request: Any) -> bytes:  # noqa: ANN401 - see urllib3
        """Make one request: the one place where foreign exceptions are translated."""
        try:
            answer = urllib3.request(method, url, timeout=_LIMITS, retries=False, redirect=False, **request)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self.unreached(error) from None
        if answer.status != 200:
            raise self.refused(place, answer.status, answer.data)
        return answer.data

    def unreached(self, error: Exception) -> Exception:
        """Translate what urllib3 raised."""
        return ConnectorError(Codes.GENERAL, f"The provider cannot be reached: {type(error).__name__}.")

    def refused(self, place: str, status: int, body: bytes) -> Exception:
        """Translate a refusal."""
        del body  # it may repeat the request
        return ConnectorError(Codes.GENERAL, f"The provider answered HTTP {status} at its {place}.")

    def object_in(self, body: bytes) -> dict[str, Json]:
        """Read an answer."""
        text = body.decode("utf-8", "replace")
        return parse_json_object(text, Codes.INVALID_RESPONSE, {"message": "The answer is no JSON object."})

    def tokens(self, config: LoginConfig, fields: Mapping[str, str]) -> TokenResponse:
        """Ask for tokens."""
        client, headers = self.client(config)
        body = urlencode({**fields, **client}, errors="replace")
        form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        answer = self.object_in(self.fetch("token endpoint", "POST", config.token_endpoint, body=body, headers=form))
        response: TokenResponse = token_response_guard.validate(answer)
        if not response.access_token:
            raise ConnectorError(Codes.INVALID_RESPONSE, "The provider issued no token.")
        return response

    def redeem(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Give a code for tokens."""
        if not session.redirect_uri:
            raise ConnectorError(Codes.GENERAL, "The session is lost.")
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": session.redirect_uri}
        return self.tokens(config, {**fields, **self.proof(session)})

    def proof(self, session: ConnectorSession) -> Mapping[str, str]:
        """Return what proves that the code comes back to where it was asked for."""
        del session
        return {}

    @abstractmethod
    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Return what the provider says of the user."""

    def user(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Read that."""
        if not isinstance(details.get("sub"), str):
            raise ConnectorError(Codes.INVALID_RESPONSE, "The provider does not say who the user is.")
        return SocialUserInfo(details["sub"], details.get("email"), None, details.get("name"), None, dict(details))

    def arrive(self, data: object, session: ConnectorSession) -> TokenResponseAndUserInfo:
        """Do all of that."""
        config, code = self.read_config(), self.code(data)
        tokens = self.redeem(config, code, session)
        return TokenResponseAndUserInfo(self.user(self.details(config, tokens, session)), tokens)

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Tell who the user is."""
        return self.arrive(data, get_session()).user_info


_HUB_SCHEMA = _schema("userInfoEndpoint")


class Hub(OpenLogin):
    """OAuth 2: the client secret goes in the form, and who the user is has to be asked for."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("hub", _HUB_SCHEMA)
    config_guard: ClassVar[Guard[LoginConfig]] = Guard(_HUB_SCHEMA, LoginConfig)
    scope: ClassVar[str] = "user"

    def client(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Authenticate in the form."""
        return {"client_id": config.client_id, "client_secret": config.client_secret}, {}

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Ask for them."""
        del session
        assert config.user_info_endpoint is not None
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        return self.object_in(self.fetch("user endpoint", "GET", config.user_info_endpoint, headers=headers))


class HubProvider(OAuth2Provider):
    """What Hub talks to."""


_BEACON_SCHEMA = _schema()


class Beacon(OpenLogin):
    """OpenID Connect with PKCE: HTTP Basic, all details in the ID token, codes that say more than the official ones."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("beacon", _BEACON_SCHEMA, is_token_storage_supported=True)
    config_guard: ClassVar[Guard[LoginConfig]] = Guard(_BEACON_SCHEMA, LoginConfig)
    scope: ClassVar[str] = "openid email"

    def protection(self) -> Mapping[str, str]:
        """Make a nonce and a verifier."""
        return {"nonce": secrets.token_urlsafe(16), "codeVerifier": secrets.token_urlsafe(32)}

    def shown(self, protection: Mapping[str, str]) -> Mapping[str, str]:
        """Show the nonce, and the verifier's digest."""
        challenge = _base64url(hashlib.sha256(protection["codeVerifier"].encode()).digest())
        return {"nonce": protection["nonce"], "code_challenge": challenge, "code_challenge_method": "S256"}

    def proof(self, session: ConnectorSession) -> Mapping[str, str]:
        """Show the verifier."""
        return {"code_verifier": str(session.extra.get("codeVerifier", ""))}

    def client(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Authenticate in a header."""
        pair = f"{config.client_id}:{config.client_secret}".encode()
        return {}, {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def refused(self, place: str, status: int, body: bytes) -> Exception:
        """Tell a code that is not taken, and a throttle."""
        failure = super().refused(place, status, body)
        code = {400: Codes.SOCIAL_AUTH_CODE_INVALID, 429: Codes.RATE_LIMIT_EXCEEDED}.get(status)
        return failure if code is None else ConnectorError(code, str(failure))

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Read and verify the ID token."""
        signed, _, signature = (tokens.id_token or "").rpartition(".")
        mac = hmac.digest(config.client_secret.encode(), signed.encode(), "sha256")
        if not hmac.compare_digest(_base64url(mac).encode(), signature.encode()):
            raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, "The signature is not the provider's.")
        claims: dict[str, Json] = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        for what, holds in self.expected(claims, config, session).items():
            if not holds:
                raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, f"The ID token has another {what}.")
        return {key: value for key, value in claims.items() if key != "jti"}

    def expected(
        self, claims: Mapping[str, Json], config: LoginConfig, session: ConnectorSession
    ) -> Mapping[str, object]:
        """Compare the claims."""
        return {
            "audience": claims["aud"] == config.client_id,
            "time": claims["exp"] > time.time(),
            "nonce": session.nonce and claims["nonce"] == session.nonce,
        }

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Tell who the user is, with the tokens."""
        return self.arrive(data, get_session())

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Renew them."""
        return self.tokens(self.read_config(), {"grant_type": "refresh_token", "refresh_token": refresh_token})


class BeaconProvider(OAuth2Provider):
    """What Beacon talks to."""

    endpoints = {"authorizationEndpoint": "/authorize", "tokenEndpoint": "/token"}  # noqa: RUF012 - see OAuth2Provider
    user_path = None
    has_id_token = True
    expects = {  # noqa: RUF012 - see OAuth2Provider
        "token-refused": Codes.SOCIAL_AUTH_CODE_INVALID,
        "token-echo": Codes.SOCIAL_AUTH_CODE_INVALID,
        "token-throttled": Codes.RATE_LIMIT_EXCEEDED,
    }


class HubApp(Hub):
    """The same in an app: it comes back by itself, so that neither a redirect URI nor a session is needed."""

    metadata: ClassVar[ConnectorMetadata] = evolve(Hub.metadata, id="hub-app", platform=ConnectorPlatform.NATIVE)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Send the user to the app."""
        del set_session
        config = self.read_config()
        return f"hubapp://authorize?{urlencode({'client_id': config.client_id, 'state': request.state})}"

    def redeem(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Give a code for tokens."""
        del session
        return self.tokens(config, {"code": code})

    def user(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Read numbers as the provider writes them."""
        number = details.get("id")
        return super().user({**details, "sub": str(number) if isinstance(number, int) else None})


class HubAppProvider(HubProvider):
    """What HubApp talks to: users have numbers."""

    wants_redirect_uri = False

    def new_user(self) -> str:
        """Count users."""
        return str(len(self.calls) + secrets.randbelow(1_000_000) * 1000)

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Give the number."""
        return {"id": int(user_id), "name": "N. N."}


@frozen
class BadgeConfig:
    """Where users sign in, and how assertions are verified: this is no secret."""

    sign_in_endpoint: str
    certificate: str


_BADGE_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["signInEndpoint", "certificate"],
    "properties": {"signInEndpoint": {"type": "string"}, "certificate": {"type": "string"}},
}


class Badge(SocialConnector[BadgeConfig]):
    """As SAML does it: no state in the URI, an assertion that says it all, and no request to the provider."""

    metadata: ClassVar[ConnectorMetadata] = _metadata("badge", _BADGE_SCHEMA)
    config_guard: ClassVar[Guard[BadgeConfig]] = Guard(_BADGE_SCHEMA, BadgeConfig)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Keep the state, and send the user off with the interaction's id."""
        config = self.read_config()
        set_session(ConnectorSession(state=request.state, redirect_uri=request.redirect_uri, jti=request.jti))
        return f"{config.sign_in_endpoint}?{urlencode({'RelayState': request.jti})}"

    def validate_saml_assertion(
        self, assertion: Mapping[str, object], get_session: GetSession, set_session: SetSession
    ) -> str:
        """Verify the assertion, keep what it says, and go on to Logto."""
        config, session = self.read_config(), get_session()
        body: Json = assertion.get("body")
        found: Json = body.get("SAMLResponse") if isinstance(body, Mapping) else None
        subject_id, _, signature = found.rpartition(".") if isinstance(found, str) else ("", "", "")
        if not hmac.compare_digest(
            _signed(config.certificate, subject_id).encode(), signature.encode(errors="replace")
        ):
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The assertion is not the provider's.")
        if session.redirect_uri is None:
            raise ConnectorError(Codes.GENERAL, "The session is lost.")
        set_session(evolve(session, extra={"user": subject_id}))
        return self.landing(session)

    def landing(self, session: ConnectorSession) -> str:
        """Return where the user goes then."""
        uri = str(session.redirect_uri)
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': session.state})}"

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Tell who the user is."""
        del data
        self.read_config()
        found = get_session().extra.get("user")
        if not isinstance(found, str):
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "No assertion was given.")
        return SocialUserInfo(found)


def _signed(certificate: str, text: str) -> str:
    return hmac.new(certificate.encode(), text.encode(errors="replace"), "sha256").hexdigest()


class BadgeProvider(Provider):
    """Signs assertions; no connector talks to it."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (Outcome("accepted", "accepted", None),)

    def __init__(self) -> None:
        super().__init__()
        self._certificate = ""

    def _installed(self) -> AbstractContextManager[None]:
        return nullcontext()

    def prepare_config(self, config: Mapping[str, Json]) -> dict[str, Json]:
        """Learn the certificate."""
        self._certificate = config["certificate"]
        return dict(config)

    def authorize(self, uri: str) -> Consent:
        """Sign an assertion."""
        assert "RelayState=" in uri
        user_id = f"user-{secrets.token_hex(4)}"
        return Consent({"body": {"SAMLResponse": f"{user_id}.{_signed(self._certificate, user_id)}"}}, user_id)

    def fault(self, call: Call, config: Mapping[str, Json], aspect: Aspect) -> str | None:
        """Judge nothing: there is no request."""
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
