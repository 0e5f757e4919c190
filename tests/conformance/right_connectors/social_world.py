"""Social connectors as the providers of the world require them: each provider differs from OAuth 2 in its own way."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode

import urllib3
from attrs import evolve, field, frozen
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, import_key

from conformance import Aspect, Call, HttpRequest, HttpResponse, Spec
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
    parse_json,
)
from tests.conformance.right_connectors.parts import TIME_LIMIT

Codes = ConnectorErrorCodes
Json = Any

_LIMITS = urllib3.Timeout(connect=TIME_LIMIT, read=TIME_LIMIT)
_LEEWAY = 60


@frozen
class Settings:
    """The config of any of these connectors; the schema of each has its own keys only."""

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    app_id: str | None = None
    app_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    team_id: str | None = None
    key_id: str | None = None
    tenant_id: str | None = None
    issuer: str | None = None
    cloud_instance: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    user_info_endpoint: str | None = None
    emails_endpoint: str | None = None
    keys_endpoint: str | None = None


def social_class_parts(connector_id: str, *keys: str, **more: Any) -> tuple[ConnectorMetadata, Guard[Settings]]:
    """Return metadata and guard for a connector whose config has these keys, all of them required."""
    schema = {"type": "object", "required": list(keys), "properties": {key: {"type": "string"} for key in keys}}
    items = tuple(
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key=key,
            label=key,
            required=True,
            is_confidential="ecret" in key or key == "privateKey",
        )
        for key in keys
    )
    metadata = ConnectorMetadata(
        id=connector_id,
        target=connector_id,
        name={"en": connector_id},
        description={"en": f"Signs users in with {connector_id}."},
        logo="https://login.example/logo.svg",
        readme="Ask for a client id.",
        platform=ConnectorPlatform.UNIVERSAL,
        form_items=items,
        **more,
    )
    return metadata, Guard(schema, Settings)


class WorldLogin(SocialConnector[Settings]):
    """The steps that all of them share."""

    scope: ClassVar[str] = "profile"

    # the authorization URI

    def new_values(self) -> Mapping[str, str]:
        """Return new values that protect one sign-in; the session keeps them."""
        return {}

    def address(self, config: Settings) -> str:
        """Return the address where users sign in."""
        return str(config.authorization_endpoint)

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        """Return the parameters of the authorization URI."""
        del values
        return {
            "response_type": "code",
            "client_id": config.client_id,
            "redirect_uri": request.redirect_uri,
            "state": request.state,
            "scope": " ".join(filter(None, (self.scope, request.scope))),
        }

    def session(
        self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]
    ) -> ConnectorSession | None:
        """Return the session that the callback needs."""
        del config
        more = dict(values)
        return ConnectorSession(nonce=more.pop("nonce", None), redirect_uri=request.redirect_uri, extra=more)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Return the authorization URI, and save the session if there is one."""
        config, values = self.read_config(), self.new_values()
        session = self.session(config, request, values)
        if session is not None:
            set_session(session)
        return f"{self.address(config)}?{urlencode(self.uri_fields(config, request, values))}"

    # requests

    def fetch(self, method: str, url: str, **request: Any) -> tuple[int, str]:
        """Send a request; return status and body."""
        try:
            response = urllib3.request(method, url, timeout=_LIMITS, retries=False, redirect=False, **request)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ConnectorError(Codes.GENERAL, f"The provider cannot be reached: {type(error).__name__}.") from None
        return response.status, response.data.decode("utf-8", "replace")

    def read_object(self, status: int, text: str) -> dict[str, Json]:
        """Return the JSON object in a response; raise for a status of an error, or for the body of one."""
        if status != 200:
            raise ConnectorError(Codes.GENERAL, f"The provider responded with HTTP {status}.")
        found = parse_json(text, Codes.INVALID_RESPONSE, {"message": "Expected JSON from the provider."})
        if not isinstance(found, dict):
            raise ConnectorError(Codes.INVALID_RESPONSE, "Expected a JSON object from the provider.")
        if self.is_error(found):
            raise ConnectorError(Codes.GENERAL, "The provider responded with an error.")
        return found

    def is_error(self, body: Mapping[str, Json]) -> bool:
        """Return whether the body of a response is an error, whatever the status."""
        return bool(body.get("error"))

    def get_json(self, url: str, token: str | None = None, **fields: str) -> dict[str, Json]:
        """Return the JSON object at an address."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        query = f"?{urlencode(fields, errors='replace')}" if fields else ""
        return self.read_object(*self.fetch("GET", f"{url}{query}", headers=headers))

    def post_form(self, url: str, fields: Mapping[str, str], **headers: str) -> dict[str, Json]:
        """Post a form, and return the JSON object of the response."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
        body = urlencode(fields, errors="replace")
        return self.read_object(*self.fetch("POST", url, body=body, headers=sent))

    # the callback

    def read_code(self, config: Settings, data: object, session: ConnectorSession) -> str:
        """Return the authorization code of the callback."""
        del config, session
        found = data if isinstance(data, Mapping) else {}
        if found.get("error") == "access_denied":
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The user declined.")
        code = found.get("code")
        if not isinstance(code, str) or not code:
            raise ConnectorError(Codes.GENERAL, "The callback has no code.")
        return code

    def client_fields(self, config: Settings) -> Mapping[str, str]:
        """Return the fields that authenticate the client."""
        return {"client_id": str(config.client_id), "client_secret": str(config.client_secret)}

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for tokens."""
        if not session.redirect_uri:
            raise ConnectorError(Codes.GENERAL, "The session has expired.")
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": session.redirect_uri}
        return self.post_form(str(config.token_endpoint), {**fields, **self.client_fields(config)})

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Return the user."""
        del session, data
        return self.info(self.get_json(str(config.user_info_endpoint), access_token(tokens)))

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the details of a user."""
        raise NotImplementedError

    def handle(self, data: object, session: ConnectorSession) -> tuple[SocialUserInfo, dict[str, Json]]:
        """Handle the callback."""
        config = self.read_config()
        tokens = self.redeem(config, self.read_code(config, data, session), session)
        return self.user(config, tokens, session, data), tokens

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return the user."""
        return self.handle(data, get_session())[0]


def access_token(tokens: Mapping[str, Json]) -> str:
    """Return the access token of a token response."""
    found = tokens.get("access_token")
    if not isinstance(found, str) or not found:
        raise ConnectorError(Codes.INVALID_RESPONSE, "The token response has no access token.")
    return found


def required_text(details: Mapping[str, Json], key: str) -> str:
    """Return a text that must be there."""
    found = details.get(key)
    if not isinstance(found, str) or not found:
        raise ConnectorError(Codes.INVALID_RESPONSE, f"The user's details have no {key}.")
    return found


def text_or_none(value: Json) -> str | None:
    """Return a text, or nothing for any other value."""
    return value if isinstance(value, str) and value else None


# --- like GitHub: form-encoded tokens, errors with status 200, numbers as ids, a list of e-mail addresses -----------


class Forge(WorldLogin):
    """Reads a form as token response; the e-mail address is the primary verified one of a list."""

    metadata, config_guard = social_class_parts(
        "forge",
        "clientId",
        "clientSecret",
        "authorizationEndpoint",
        "tokenEndpoint",
        "userInfoEndpoint",
        "emailsEndpoint",
    )
    scope: ClassVar[str] = "read:user user:email"

    def session(
        self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]
    ) -> ConnectorSession | None:
        """Return none: the provider compares no redirect URI."""
        del config, request, values
        return None

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for tokens."""
        del session
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"code": code, **self.client_fields(config)}, errors="replace")
        status, text = self.fetch("POST", str(config.token_endpoint), body=body, headers=form)
        if status != 200:
            raise ConnectorError(Codes.GENERAL, f"The provider responded with HTTP {status}.")
        fields = {key: values[0] for key, values in parse_qs(text).items()}
        if "error" in fields or text.startswith("{"):
            raise ConnectorError(Codes.SOCIAL_AUTH_CODE_INVALID, "The provider rejected the code.")
        return fields

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Return the user with the primary verified address."""
        del session, data
        token = access_token(tokens)
        details = self.get_json(str(config.user_info_endpoint), token)
        if type(details.get("id")) is not int:
            raise ConnectorError(Codes.INVALID_RESPONSE, "The user's details have no id.")
        status, text = self.fetch("GET", str(config.emails_endpoint), headers={"Authorization": f"Bearer {token}"})
        found = parse_json(text, Codes.INVALID_RESPONSE) if status == 200 else []
        addresses = [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []
        return SocialUserInfo(
            str(details["id"]),
            self.address_of(addresses),
            None,
            text_or_none(details.get("name")) or text_or_none(details.get("login")),
            text_or_none(details.get("avatar_url")),
            {"user": details, "emails": addresses},
        )

    def address_of(self, addresses: list[dict[str, Json]]) -> str | None:
        """Return the primary verified address."""
        return next((it["email"] for it in addresses if it.get("primary") and it.get("verified") is True), None)


class ForgeProvider(OAuth2Provider):
    """The provider of `Forge`."""

    endpoints = {  # noqa: RUF012 - see OAuth2Provider
        "authorizationEndpoint": "/login/oauth/authorize",
        "tokenEndpoint": "/login/oauth/access_token",
        "userInfoEndpoint": "/user",
        "emailsEndpoint": "/user/emails",
    }
    token_path = "/login/oauth/access_token"
    user_path = "/user"
    token_format = "form"
    has_refresh_tokens = False
    is_redirect_uri_required = False

    def new_user(self) -> str:
        """Return a number."""
        return str(secrets.randbelow(10**9) + 1)

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return the public profile, which has no address."""
        return {"id": int(user_id), "login": f"u{user_id}", "name": None, "email": None, "avatar_url": None}

    def resource(self, request: HttpRequest, user_id: str) -> Json:
        """Return the list of addresses."""
        if request.path != "/user/emails":
            return super().resource(request, user_id)
        return [
            {"email": f"old{user_id}@user.example", "primary": False, "verified": True},
            {"email": f"{user_id}@user.example", "primary": True, "verified": True},
        ]


# --- like WeChat: GET, other names, errors with status 200, the token in the query, no e-mail address ---------------


class Chat(WorldLogin):
    """Sends app id and secret in a query; the id of a user comes with the token."""

    metadata, config_guard = social_class_parts(
        "chat", "appId", "appSecret", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint"
    )
    scope: ClassVar[str] = "snsapi_login"

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        """Return the parameters of the authorization URI."""
        fields = super().uri_fields(config, request, values)
        del fields["client_id"]
        return {"appid": config.app_id, **fields}

    def is_error(self, body: Mapping[str, Json]) -> bool:
        """Return whether the body has an error number."""
        return bool(body.get("errcode"))

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for a token."""
        del session
        return self.get_json(
            str(config.token_endpoint),
            appid=str(config.app_id),
            secret=str(config.app_secret),
            code=code,
            grant_type="authorization_code",
        )

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Request the user's details with the token in the query."""
        del session, data
        open_id = required_text(tokens, "openid")
        details = self.get_json(str(config.user_info_endpoint), access_token=access_token(tokens), openid=open_id)
        if required_text(details, "openid") != open_id:
            raise ConnectorError(Codes.INVALID_RESPONSE, "The details are another user's.")
        return SocialUserInfo(open_id, None, None, text_or_none(details.get("nickname")), None, details)


class ChatProvider(OAuth2Provider):
    """The provider of `Chat`."""

    endpoints = {  # noqa: RUF012 - see OAuth2Provider
        "authorizationEndpoint": "/connect/qrconnect",
        "tokenEndpoint": "/sns/oauth2/access_token",
        "userInfoEndpoint": "/sns/userinfo",
    }
    token_path = "/sns/oauth2/access_token"
    user_path = "/sns/userinfo"
    client_id_key = "appId"
    client_secret_key = "appSecret"
    parameter_names = {"client_id": "appid", "client_secret": "secret"}  # noqa: RUF012 - see OAuth2Provider
    token_method = "GET"
    user_token_parameter = "access_token"
    error_status = 200
    is_redirect_uri_required = False

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return a user without an address."""
        return {"openid": user_id, "nickname": "阿", "sex": 0, "headimgurl": "", "privilege": []}

    def token_response(self, tokens: Mapping[str, Json], user_id: str) -> Mapping[str, Json]:
        """Return the tokens with the user's id, and without a type."""
        kept = {key: value for key, value in tokens.items() if key != "token_type"}
        return {**kept, "openid": user_id, "scope": "snsapi_login"}

    def error_response(self, status: int, error: str, message: str) -> HttpResponse:
        """Return an error with its number."""
        return HttpResponse.json({"errcode": 40029, "errmsg": f"{error}: {message}"}, status)


# --- OpenID Connect -------------------------------------------------------------------------------------------------


class OpenIdLogin(WorldLogin):
    """Verifies an ID token; subclasses say with which keys."""

    scope: ClassVar[str] = "openid email"
    algorithms: ClassVar[list[str]] = ["RS256", "ES256"]

    def new_values(self) -> Mapping[str, str]:
        """Return a new nonce."""
        return {"nonce": secrets.token_urlsafe(16)}

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        """Return the parameters of the authorization URI."""
        return {**super().uri_fields(config, request, values), "nonce": values["nonce"]}

    def keys(self, config: Settings) -> Any:
        """Return the keys of the provider."""
        return KeySet.import_key_set(self.read_object(*self.fetch("GET", str(config.keys_endpoint))))  # type: ignore[arg-type] # a JWK set

    def issuer(self, config: Settings) -> str:
        """Return the issuer."""
        return str(config.issuer)

    def decode(self, config: Settings, token: str) -> dict[str, Json]:
        """Verify the signature, and return the claims."""
        keys = self.keys(config)
        try:
            return dict(jwt.decode(token, keys, algorithms=self.algorithms).claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, f"Invalid ID token: {type(error).__name__}.") from None

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        """Return whether each claim is as it must be."""
        audience, now = claims.get("aud"), time.time()
        audiences = audience if isinstance(audience, list) else [audience]
        expiry, issued = claims.get("exp"), claims.get("iat", now)
        return {
            "iss": claims.get("iss") == self.issuer(config),
            "aud": config.client_id in audiences,
            "azp": claims.get("azp", config.client_id) == config.client_id,
            "exp": isinstance(expiry, int) and expiry > now - _LEEWAY,
            "iat": isinstance(issued, int | float) and issued < now + _LEEWAY,
            "nonce": session.nonce is not None and claims.get("nonce") == session.nonce,
        }

    def verified_claims(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession
    ) -> dict[str, Json]:
        """Return the claims of the ID token."""
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise ConnectorError(Codes.INVALID_RESPONSE, "The token response has no ID token.")
        claims = self.decode(config, token)
        wrong = [name for name, is_right in self.checks(config, claims, session).items() if not is_right]
        if wrong:
            raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, f"The ID token has a wrong {', '.join(wrong)}.")
        return claims

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Return the user of the ID token."""
        del data
        access_token(tokens)
        return self.info(self.verified_claims(config, tokens, session))

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate claims."""
        email = text_or_none(details.get("email")) if details.get("email_verified") in {True, "true"} else None
        return SocialUserInfo(
            required_text(details, "sub"),
            email,
            text_or_none(details.get("phone_number")) if details.get("phone_number_verified") is True else None,
            text_or_none(details.get("name")),
            text_or_none(details.get("picture")),
            dict(details),
        )


class Search(OpenIdLogin):
    """Like Google: discovers everything from the issuer, and compares the user info with the ID token."""

    metadata, config_guard = social_class_parts(
        "search", "clientId", "clientSecret", "issuer", is_token_storage_supported=True
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._documents: dict[str, dict[str, Json]] = {}

    def document(self, config: Settings) -> dict[str, Json]:
        """Return the discovery document, which does not change while this instance lives."""
        issuer = str(config.issuer)
        if issuer not in self._documents:
            found = self.get_json(f"{issuer}/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise ConnectorError(Codes.INVALID_RESPONSE, "The discovery document is another issuer's.")
            self._documents[issuer] = found
        return self._documents[issuer]

    def address(self, config: Settings) -> str:
        """Return the address of the discovery document."""
        return str(self.document(config)["authorization_endpoint"])

    def keys(self, config: Settings) -> Any:
        """Return the keys of the provider."""
        return super().keys(evolve(config, keys_endpoint=self.document(config)["jwks_uri"]))

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for tokens."""
        return super().redeem(evolve(config, token_endpoint=self.document(config)["token_endpoint"]), code, session)

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Return the user of the ID token with the details of the user info endpoint."""
        del data
        claims = self.verified_claims(config, tokens, session)
        details = self.get_json(str(self.document(config)["userinfo_endpoint"]), access_token(tokens))
        self.compare(claims, details)
        return self.info(details)

    def compare(self, claims: Mapping[str, Json], details: Mapping[str, Json]) -> None:
        """Compare the subjects."""
        if required_text(details, "sub") != claims["sub"]:
            raise ConnectorError(Codes.INVALID_RESPONSE, "The user info is another user's.")

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Return the user and the tokens."""
        info, tokens = self.handle(data, get_session())
        return TokenResponseAndUserInfo(info, self.token_response(tokens))

    def token_response(self, tokens: Mapping[str, Json]) -> TokenResponse:
        """Return the tokens for Logto."""
        return TokenResponse(
            id_token=tokens.get("id_token"),
            access_token=access_token(tokens),
            refresh_token=tokens.get("refresh_token"),
            expires_in=tokens.get("expires_in"),
            token_type=tokens.get("token_type"),
        )

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Request new tokens."""
        config = self.read_config()
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token, **self.client_fields(config)}
        return self.token_response(self.post_form(str(self.document(config)["token_endpoint"]), fields))


class SearchProvider(OAuth2Provider):
    """The provider of `Search`."""

    endpoints = {"issuer": ""}  # noqa: RUF012 - see OAuth2Provider
    authorization_path = "/o/oauth2/v2/auth"
    discovery_path = "/.well-known/openid-configuration"
    has_id_token = True
    id_token_algorithm = "RS256"
    is_refresh_token_rotated = False

    def token_response(self, tokens: Mapping[str, Json], user_id: str) -> Mapping[str, Json]:
        """Return the lifetime as a string."""
        return {**super().token_response(tokens, user_id), "expires_in": "3599"}


class Orchard(OpenIdLogin):
    """Like Apple: the client secret is a JWT, only the ID token has details, and the name is in the first callback."""

    metadata, config_guard = social_class_parts(
        "orchard",
        "clientId",
        "teamId",
        "keyId",
        "privateKey",
        "authorizationEndpoint",
        "tokenEndpoint",
        "keysEndpoint",
    )
    scope: ClassVar[str] = "name email"

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        """Return the parameters of the authorization URI."""
        return {**super().uri_fields(config, request, values), "response_mode": "form_post"}

    def issuer(self, config: Settings) -> str:
        """Return the issuer, which is always the same."""
        del config
        return "https://id.orchard.example"

    def client_fields(self, config: Settings) -> Mapping[str, str]:
        """Return a signed client secret."""
        now = int(time.time())
        claims = {
            "iss": config.team_id,
            "iat": now,
            "exp": now + 300,
            "aud": self.issuer(config),
            "sub": config.client_id,
        }
        try:
            key = import_key(str(config.private_key), "EC")
            secret = jwt.encode({"alg": "ES256", "kid": str(config.key_id)}, claims, key)
        except (JoseError, ValueError):
            raise ConnectorError(Codes.INVALID_CONFIG, "The private key is not an EC key in PEM.") from None
        return {"client_id": str(config.client_id), "client_secret": secret}

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Return the user of the ID token; only the name may come from the callback."""
        info = super().user(config, tokens, session, data)
        return evolve(info, name=self.name_in(data))

    def name_in(self, data: object) -> str | None:
        """Return the name in the first callback."""
        sent = data.get("user") if isinstance(data, Mapping) else None
        try:
            found: Json = json.loads(sent) if isinstance(sent, str) else None
        except (ValueError, RecursionError):
            return None
        name = found.get("name") if isinstance(found, dict) else None
        parts = [name.get("firstName"), name.get("lastName")] if isinstance(name, dict) else []
        return " ".join(it for it in parts if isinstance(it, str)) or None


class OrchardProvider(OAuth2Provider):
    """The provider of `Orchard`."""

    endpoints = {  # noqa: RUF012 - see OAuth2Provider
        "authorizationEndpoint": "/auth/authorize",
        "tokenEndpoint": "/auth/token",
        "keysEndpoint": "/auth/keys",
    }
    token_path = "/auth/token"
    user_path = None
    keys_path = "/auth/keys"
    client_secret_key = "privateKey"
    client_authentication = "signed-secret"
    client_assertion_audience = "https://id.orchard.example"
    has_id_token = True
    id_token_algorithm = "RS256"
    issuer = "https://id.orchard.example"

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return claims; Apple sends the flag as a string."""
        return {"sub": user_id, "email": f"{user_id}@relay.example", "email_verified": "true"}

    def callback(self, code: str, state: str, user_id: str) -> Mapping[str, Json]:
        """Return the fields of the posted form, with the name of the user."""
        name = {"firstName": "N.", "lastName": user_id}
        user = json.dumps({"name": name, "email": f"{user_id}@relay.example"})
        return {"code": code, "state": state, "user": user}


class Tenant(OpenIdLogin):
    """Like Azure AD: the tenant is part of each address and of the issuer; PKCE as well as a nonce."""

    metadata, config_guard = social_class_parts("tenant", "clientId", "clientSecret", "tenantId", "cloudInstance")

    def base(self, config: Settings) -> str:
        """Return the address of the tenant."""
        return f"{config.cloud_instance}/{config.tenant_id}"

    def new_values(self) -> Mapping[str, str]:
        """Return a new nonce and a new verifier."""
        return {**super().new_values(), "codeVerifier": secrets.token_urlsafe(48)}

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        """Return the parameters of the authorization URI."""
        digest = hashlib.sha256(values["codeVerifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        more = {"code_challenge": challenge, "code_challenge_method": "S256"}
        return {**super().uri_fields(config, request, values), **more}

    def address(self, config: Settings) -> str:
        """Return the address where users sign in."""
        return f"{self.base(config)}/oauth2/v2.0/authorize"

    def issuer(self, config: Settings) -> str:
        """Return the issuer of the tenant."""
        return f"{self.base(config)}/v2.0"

    def keys(self, config: Settings) -> Any:
        """Return the keys of the tenant."""
        return super().keys(evolve(config, keys_endpoint=f"{self.base(config)}/discovery/v2.0/keys"))

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for tokens, with the verifier."""
        if not session.redirect_uri:
            raise ConnectorError(Codes.GENERAL, "The session has expired.")
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": session.redirect_uri,
            "code_verifier": str(session.extra.get("codeVerifier", "")),
        }
        return self.post_form(f"{self.base(config)}/oauth2/v2.0/token", {**fields, **self.client_fields(config)})


class TenantProvider(OAuth2Provider):
    """The provider of `Tenant`."""

    endpoints = {"cloudInstance": ""}  # noqa: RUF012 - see OAuth2Provider
    authorization_path = "/{tenantId}/oauth2/v2.0/authorize"
    token_path = "/{tenantId}/oauth2/v2.0/token"
    user_path = None
    keys_path = "/{tenantId}/discovery/v2.0/keys"
    issuer = "/{tenantId}/v2.0"
    has_id_token = True
    id_token_algorithm = "ES256"


class Line(OpenIdLogin):
    """Like LINE: ID tokens are signed with the channel's secret."""

    metadata, config_guard = social_class_parts(
        "line", "clientId", "clientSecret", "authorizationEndpoint", "tokenEndpoint"
    )
    algorithms: ClassVar[list[str]] = ["HS256"]

    def keys(self, config: Settings) -> Any:
        """Return the secret of the channel."""
        return OctKey.import_key(str(config.client_secret))

    def issuer(self, config: Settings) -> str:
        """Return the issuer, which is always the same."""
        del config
        return "https://access.line.example"

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Return the address, which the provider has verified."""
        return SocialUserInfo(
            required_text(details, "sub"), text_or_none(details.get("email")), None, None, None, dict(details)
        )


class LineProvider(OAuth2Provider):
    """The provider of `Line`: it does not say whether an address is verified."""

    endpoints = {"authorizationEndpoint": "/authorize", "tokenEndpoint": "/token"}  # noqa: RUF012 - see OAuth2Provider
    user_path = None
    has_id_token = True
    issuer = "https://access.line.example"

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return claims without a flag."""
        return {"sub": user_id, "name": "阿", "email": f"{user_id}@user.example", "amr": ["linesso"]}


class Bank(OpenIdLogin):
    """Authenticates with private_key_jwt, and compares the ``iss`` of the callback (RFC 9207)."""

    metadata, config_guard = social_class_parts(
        "bank", "clientId", "privateKey", "issuer", "authorizationEndpoint", "tokenEndpoint", "keysEndpoint"
    )

    def read_code(self, config: Settings, data: object, session: ConnectorSession) -> str:
        """Return the code of a callback from the right provider."""
        code = super().read_code(config, data, session)
        if not isinstance(data, Mapping) or data.get("iss") != self.issuer(config):
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The callback is another provider's.")
        return code

    def client_fields(self, config: Settings) -> Mapping[str, str]:
        """Return a client assertion."""
        now = int(time.time())
        claims = {
            "iss": config.client_id,
            "sub": config.client_id,
            "aud": config.token_endpoint,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(8),
        }
        try:
            assertion = jwt.encode({"alg": "ES256"}, claims, import_key(str(config.private_key), "EC"))
        except (JoseError, ValueError):
            raise ConnectorError(Codes.INVALID_CONFIG, "The private key is not an EC key in PEM.") from None
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_id": str(config.client_id), "client_assertion_type": kind, "client_assertion": assertion}


class BankProvider(OAuth2Provider):
    """The provider of `Bank`."""

    endpoints = {  # noqa: RUF012 - see OAuth2Provider
        "issuer": "",
        "authorizationEndpoint": "/authorize",
        "tokenEndpoint": "/token",
        "keysEndpoint": "/keys",
    }
    user_path = None
    client_secret_key = "privateKey"
    client_authentication = "private_key_jwt"
    has_id_token = True
    id_token_algorithm = "ES256"
    has_issuer_in_callback = True


# --- OAuth 2 with user info -----------------------------------------------------------------------------------------


class Face(WorldLogin):
    """Like Facebook: GET at the token endpoint, a proof of the app's secret in each request, nested details."""

    metadata, config_guard = social_class_parts(
        "face", "clientId", "clientSecret", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint"
    )
    scope: ClassVar[str] = "email,public_profile"

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for a token."""
        if not session.redirect_uri:
            raise ConnectorError(Codes.GENERAL, "The session has expired.")
        fields = {"code": code, "redirect_uri": session.redirect_uri, **self.client_fields(config)}
        return self.get_json(str(config.token_endpoint), **fields)

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Request the user's details with a proof."""
        del session, data
        token = access_token(tokens)
        proof = hmac.new(str(config.client_secret).encode(errors="replace"), token.encode(), "sha256").hexdigest()
        fields = {"fields": "id,email,name,picture", "appsecret_proof": proof}
        return self.info(self.get_json(str(config.user_info_endpoint), token, **fields))

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the details; the address of the picture is nested."""
        picture = details.get("picture")
        image = picture.get("data") if isinstance(picture, dict) else None
        avatar = image.get("url") if isinstance(image, dict) else None
        return SocialUserInfo(
            required_text(details, "id"),
            text_or_none(details.get("email")),
            None,
            text_or_none(details.get("name")),
            text_or_none(avatar),
            dict(details),
        )


class FaceProvider(OAuth2Provider):
    """The provider of `Face`."""

    token_method = "GET"
    has_refresh_tokens = False

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return nested details."""
        picture = {"data": {"url": "https://face.example/p.png", "is_silhouette": False}}
        return {"id": user_id, "name": "F. F.", "email": f"{user_id}@user.example", "picture": picture}

    def request_error(self, call: Call, config: Mapping[str, Json], aspect: Aspect) -> str | None:
        """Verify the proof too."""
        if aspect == "credentials" and self.endpoint_of(call.raw) == "user":
            token, secret = call.raw.bearer or "", config["clientSecret"]
            expected = hmac.new(secret.encode(errors="replace"), token.encode(), "sha256").hexdigest()
            return None if call.raw.query.get("appsecret_proof") == expected else "expected the proof of the app secret"
        return super().request_error(call, config, aspect)


class Bird(WorldLogin):
    """Like X: PKCE with HTTP Basic, details in an object ``data``, no address, tokens that rotate."""

    metadata, config_guard = social_class_parts(
        "bird",
        "clientId",
        "clientSecret",
        "authorizationEndpoint",
        "tokenEndpoint",
        "userInfoEndpoint",
        is_token_storage_supported=True,
    )
    scope: ClassVar[str] = "users.read offline.access"

    def new_values(self) -> Mapping[str, str]:
        """Return a new verifier."""
        return {"codeVerifier": secrets.token_urlsafe(48)}

    def challenge(self, verifier: str) -> dict[str, str]:
        """Return the parameters by which the URI shows the verifier's digest."""
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {"code_challenge": challenge, "code_challenge_method": "S256"}

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        """Return the parameters of the authorization URI."""
        return {**super().uri_fields(config, request, values), **self.challenge(values["codeVerifier"])}

    def basic(self, config: Settings) -> str:
        """Return the Authorization header of the client."""
        pair = f"{config.client_id}:{config.client_secret}".encode(errors="replace")
        return f"Basic {base64.b64encode(pair).decode()}"

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for tokens."""
        verifier = session.extra.get("codeVerifier")
        if not session.redirect_uri or not isinstance(verifier, str):
            raise ConnectorError(Codes.GENERAL, "The session has expired.")
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": session.redirect_uri,
            "code_verifier": verifier,
        }
        return self.post_form(str(config.token_endpoint), fields, Authorization=self.basic(config))

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the nested details."""
        data = details.get("data")
        found = data if isinstance(data, dict) else {}
        return SocialUserInfo(required_text(found, "id"), None, None, text_or_none(found.get("name")), None, found)

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Return the user and the tokens."""
        info, tokens = self.handle(data, get_session())
        return TokenResponseAndUserInfo(info, self.token_response(tokens))

    def token_response(self, tokens: Mapping[str, Json]) -> TokenResponse:
        """Return the tokens for Logto."""
        return TokenResponse(access_token=access_token(tokens), refresh_token=tokens.get("refresh_token"))

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Request new tokens."""
        config = self.read_config()
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        tokens = self.post_form(str(config.token_endpoint), fields, Authorization=self.basic(config))
        return self.token_response(tokens)


class BirdProvider(OAuth2Provider):
    """The provider of `Bird`."""

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return nested details."""
        return {"data": {"id": user_id, "name": "B.", "username": "b"}}


class Guild(WorldLogin):
    """Like Discord: a flag next to the address, an avatar that may be null."""

    metadata, config_guard = social_class_parts(
        "guild", "clientId", "clientSecret", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint"
    )
    scope: ClassVar[str] = "identify email"

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the details."""
        return SocialUserInfo(
            required_text(details, "id"),
            self.email(details),
            None,
            text_or_none(details.get("username")),
            text_or_none(details.get("avatar")),
            dict(details),
        )

    def email(self, details: Mapping[str, Json]) -> str | None:
        """Return the address if it is verified."""
        return text_or_none(details.get("email")) if details.get("verified") is True else None


class GuildProvider(OAuth2Provider):
    """The provider of `Guild`."""

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return details with a flag."""
        email = f"{user_id}@user.example"
        return {"id": user_id, "username": "g", "avatar": None, "email": email, "verified": True}

    def token_response(self, tokens: Mapping[str, Json], user_id: str) -> Mapping[str, Json]:
        """Return the lifetime as a string."""
        return {**super().token_response(tokens, user_id), "expires_in": "604800", "scope": "identify email"}


class Gate(Guild):
    """Compares the state itself; the user may have a phone number only."""

    metadata, config_guard = social_class_parts(
        "gate", "clientId", "clientSecret", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint"
    )

    def session(
        self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]
    ) -> ConnectorSession | None:
        """Return a session with the state."""
        found = super().session(config, request, values)
        return found and evolve(found, state=request.state)

    def read_code(self, config: Settings, data: object, session: ConnectorSession) -> str:
        """Return the code of a callback with the right state."""
        code = super().read_code(config, data, session)
        if not self.is_own_state(data, session):
            raise ConnectorError(Codes.AUTHORIZATION_FAILED, "The state is not that of this sign-in.")
        return code

    def is_own_state(self, data: object, session: ConnectorSession) -> bool:
        """Return whether the callback has the state of the session."""
        state = data.get("state") if isinstance(data, Mapping) else None
        return isinstance(state, str) and bool(session.state) and state == session.state

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the details."""
        return SocialUserInfo(
            required_text(details, "id"), None, text_or_none(details.get("mobile")), None, None, dict(details)
        )


class GateProvider(OAuth2Provider):
    """The provider of `Gate`."""

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return a phone number."""
        return {"id": user_id, "mobile": "15550000000"}


class Pay(WorldLogin):
    """Like Alipay: one gateway, signed requests, the code named auth_code, nested responses."""

    metadata, config_guard = social_class_parts("pay", "appId", "appSecret", "authorizationEndpoint", "tokenEndpoint")

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        """Return the parameters of the authorization URI."""
        fields = super().uri_fields(config, request, values)
        del fields["client_id"]
        return {"app_id": config.app_id, **fields}

    def read_code(self, config: Settings, data: object, session: ConnectorSession) -> str:
        """Return the code under its own name."""
        found = dict(data) if isinstance(data, Mapping) else {}
        return super().read_code(config, {**found, "code": found.get("auth_code")}, session)

    def call(self, config: Settings, method: str, **fields: str) -> dict[str, Json]:
        """Call a method of the gateway, and return the member of the response that has its result."""
        form = {"app_id": str(config.app_id), "method": method, "timestamp": str(int(time.time())), **fields}
        form["sign"] = signature_of(form, str(config.app_secret))
        body = self.post_form(str(config.token_endpoint), form)
        result = body.get(f"{method.replace('.', '_')}_response")
        if not isinstance(result, dict):
            raise ConnectorError(Codes.INVALID_RESPONSE, "The gateway returned no result.")
        return result

    def is_error(self, body: Mapping[str, Json]) -> bool:
        """Return whether the body is an error response."""
        return "error_response" in body

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for a token."""
        del session
        return self.call(config, "pay.oauth.token", grant_type="authorization_code", code=code)

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Request the user's details."""
        del session, data
        details = self.call(config, "pay.user.info", auth_token=access_token(tokens))
        return SocialUserInfo(required_text(details, "user_id"), None, None, None, None, details)


def signature_of(form: Mapping[str, str], secret: str) -> str:
    """Return the signature of a request: HMAC of its fields in order."""
    text = "&".join(f"{key}={form[key]}" for key in sorted(form) if key != "sign")
    return hmac.new(secret.encode(errors="replace"), text.encode(errors="replace"), "sha256").hexdigest()


class PayProvider(OAuth2Provider):
    """The provider of `Pay`: the field ``method`` says what a request is for."""

    endpoints = {"authorizationEndpoint": "/authorize", "tokenEndpoint": "/gateway.do"}  # noqa: RUF012 - see OAuth2Provider
    client_authentication = "none"
    client_id_key = "appId"
    client_secret_key = "appSecret"
    parameter_names = {"client_id": "app_id"}  # noqa: RUF012 - see OAuth2Provider
    is_redirect_uri_required = False
    has_refresh_tokens = False

    def endpoint_of(self, request: HttpRequest) -> Any:
        """Return what the field ``method`` names."""
        named = {"pay.oauth.token": "token", "pay.user.info": "user"}
        return named.get(request.form.get("method", ""))

    def access_token_of(self, request: HttpRequest) -> str:
        """Return the token of the field ``auth_token``."""
        return request.form.get("auth_token", "")

    def callback(self, code: str, state: str, user_id: str) -> Mapping[str, Json]:
        """Return the code under its own name."""
        del user_id
        return {"auth_code": code, "app_id": "x", "state": state}

    def token_response(self, tokens: Mapping[str, Json], user_id: str) -> Mapping[str, Json]:
        """Return a nested response."""
        return {"pay_oauth_token_response": {**tokens, "user_id": user_id}, "sign": "s"}

    def user(self, user_id: str) -> Mapping[str, Json]:
        """Return a nested response."""
        return {"pay_user_info_response": {"code": "10000", "user_id": user_id}, "sign": "s"}

    def error_response(self, status: int, error: str, message: str) -> HttpResponse:
        """Return an error, with status 200."""
        del status
        return HttpResponse.json({"error_response": {"code": "40002", "sub_code": error, "sub_msg": message}})

    def request_error(self, call: Call, config: Mapping[str, Json], aspect: Aspect) -> str | None:
        """Verify the signature of each request."""
        form = call.raw.form
        if aspect == "credentials" and form.get("sign") != signature_of(form, config["appSecret"]):
            return "expected the signature of the config's appSecret"
        return super().request_error(call, config, aspect)


class Plain(Guild):
    """Signs users in by the access token alone, although the provider issues ID tokens."""

    metadata, config_guard = social_class_parts(
        "plain", "clientId", "clientSecret", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint"
    )

    def email(self, details: Mapping[str, Json]) -> str | None:
        """Return the address if it is verified."""
        return super().email({**details, "verified": details.get("email_verified")})

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Translate the details."""
        return super().info({**details, "id": details.get("sub")})


class PlainProvider(OAuth2Provider):
    """The provider of `Plain`."""

    has_id_token = True
    id_token_algorithm = "RS256"


# --- like Notion: JSON with HTTP Basic at the token endpoint; the token response has the user ----------------------


class Notes(WorldLogin):
    """Posts JSON to the token endpoint, and requests no details: they come with the token."""

    metadata, config_guard = social_class_parts(
        "notes", "clientId", "clientSecret", "authorizationEndpoint", "tokenEndpoint"
    )

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        """Exchange the code for a token."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": session.redirect_uri}
        headers = urllib3.make_headers(basic_auth=f"{config.client_id}:{config.client_secret}")
        sent = {**headers, "Content-Type": "application/json"}
        body = json.dumps(fields).encode()
        return self.read_object(*self.fetch("POST", str(config.token_endpoint), body=body, headers=sent))

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Return the owner of the token."""
        del config, session, data
        owner = tokens.get("owner")
        details = owner if isinstance(owner, dict) else {}
        return SocialUserInfo(
            required_text(details, "id"), None, None, text_or_none(details.get("name")), None, details
        )


class NotesProvider(OAuth2Provider):
    """The provider of `Notes`."""

    user_path = None
    token_request_format = "json"
    has_refresh_tokens = False

    def token_response(self, tokens: Mapping[str, Json], user_id: str) -> Mapping[str, Json]:
        """Add the user."""
        return {**tokens, "owner": {"id": user_id, "name": "Ada", "avatar_url": None}}


# --- Specs ----------------------------------------------------------------------------------------------------------

_PEM = ECKey.generate_key("P-256").as_pem(private=True).decode()
_VALUES = {
    "clientId": "client-1",
    "clientSecret": "s",
    "appId": "app-1",
    "appSecret": "s",
    "teamId": "TEAM",
    "keyId": "KEY",
    "tenantId": "contoso",
    "privateKey": _PEM,
}


def social_spec(connector: type[WorldLogin], provider: type[OAuth2Provider]) -> Spec:
    """Return the Spec of one of these connectors; its provider sets the addresses."""
    keys = connector.config_guard.schema["required"]
    config = {key: _VALUES.get(key, f"https://{connector.metadata.id}.example/{key}") for key in keys}
    return Spec(connector=connector, valid_config=config, provider=provider, capabilities={"social"})


FORGE = social_spec(Forge, ForgeProvider)
CHAT = social_spec(Chat, ChatProvider)
SEARCH = social_spec(Search, SearchProvider)
ORCHARD = social_spec(Orchard, OrchardProvider)
TENANT = social_spec(Tenant, TenantProvider)
LINE = social_spec(Line, LineProvider)
BANK = social_spec(Bank, BankProvider)
FACE = social_spec(Face, FaceProvider)
BIRD = social_spec(Bird, BirdProvider)
GUILD = social_spec(Guild, GuildProvider)
GATE = social_spec(Gate, GateProvider)
PAY = social_spec(Pay, PayProvider)
PLAIN = social_spec(Plain, PlainProvider)
NOTES = social_spec(Notes, NotesProvider)

SOCIAL_WORLD: tuple[Spec, ...] = (
    FORGE,
    CHAT,
    SEARCH,
    ORCHARD,
    TENANT,
    LINE,
    BANK,
    FACE,
    BIRD,
    GUILD,
    GATE,
    PAY,
    PLAIN,
    NOTES,
)
