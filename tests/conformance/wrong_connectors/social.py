"""Wrong connectors for the checks of social connectors."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import urllib3
from attrs import evolve, field, frozen

from connector_kit import (
    AuthorizationRequest,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorSession,
    GetSession,
    Guard,
    SetSession,
    SocialConnector,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
)
from tests.conformance.right_connectors.social import BADGE, BEACON, HUB, Badge, Beacon, Hub, LoginConfig
from tests.conformance.wrong_connectors.base import killed_by

Codes = ConnectorErrorCodes
Json = Any

# --- the authorization URI ------------------------------------------------------------------------------------------


@killed_by("social.authorization-uri", "absolute http or https URL", spec=HUB)
class NoScheme(Hub):
    """Returns an authorization URI without a scheme."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        return super().get_authorization_uri(request, set_session).partition(":")[2]


@killed_by("social.authorization-uri", "spaces and control characters", spec=HUB)
class SpaceInTheUri(Hub):
    """Returns an authorization URI with a space."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        return f"{super().get_authorization_uri(request, set_session)}&prompt=login consent"


@killed_by("social.authorization-uri", "expected a valid authorization URI", spec=HUB)
class InvalidHost(Hub):
    """Returns an authorization URI with half of an IPv6 address, for a short state."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        uri = super().get_authorization_uri(request, set_session)
        return uri if len(request.state) > 30 else uri.replace("127.0.0.1", "[::1")


@killed_by("social.authorization-uri", "as a string, found bytes", spec=HUB)
class BytesAsUri(Hub):
    """Returns the authorization URI as bytes, for a short state."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> Any:
        uri = super().get_authorization_uri(request, set_session)
        return uri if len(request.state) > 30 else uri.encode()


@killed_by("social.state", "expected a parameter with the state", spec=HUB)
class UnencodedParameters(Hub):
    """Does not encode the parameters of the authorization URI."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        config = self.read_config()
        set_session(self.new_session(request, {}))
        query = "&".join(f"{key}={value}" for key, value in self.uri_parameters(config, request).items())
        return f"{config.authorization_endpoint}?{query}"


@killed_by("social.redirect-uri", "expected a parameter with the redirect URI", spec=HUB)
class DropsTheQuery(Hub):
    """Drops the query of the redirect URI."""

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        return super().uri_parameters(config, evolve(request, redirect_uri=request.redirect_uri.partition("?")[0]))


@killed_by("social.saml-assertion", "expected a parameter with the state", spec=BADGE)
class DropsTheState(Badge):
    """Returns from a SAML assertion without the state."""

    def return_uri(self, session: ConnectorSession) -> str:
        return str(session.redirect_uri)


@killed_by("social.saml-assertion", "expected the user to return to", spec=BADGE)
class FixedRedirectUri(Badge):
    """Returns from a SAML assertion to a fixed address."""

    def return_uri(self, session: ConnectorSession) -> str:
        return super().return_uri(evolve(session, redirect_uri="https://logto.example/callback/social"))


@killed_by("social.client-id", "the config's clientId", spec=HUB)
class ChangesTheClientId(Hub):
    """Removes special characters from the client id."""

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        allowed = "".join(it for it in config.client_id if it.isalnum() or it == "-")
        return {**super().uri_parameters(config, request), "client_id": allowed}


@killed_by("social.scope", "expected a parameter with the scope", spec=BEACON)
class IgnoresTheScope(Beacon):
    """Ignores the scope that Logto requests."""

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        return super().uri_parameters(config, evolve(request, scope=None))


@killed_by("social.uri-without-secrets", "found clientSecret", spec=HUB)
class SecretInTheUri(Hub):
    """Adds the client secret to the authorization URI."""

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        return {**super().uri_parameters(config, request), "client_secret": config.client_secret}


# --- several users --------------------------------------------------------------------------------------------------


@killed_by("social.concurrent-users", "of the user at the provider", spec=HUB)
class CachesTheUser(Hub):
    """Caches the details of the first user."""

    details_of_all: Mapping[str, Json] | None = None

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        if self.details_of_all is None:
            self.details_of_all = super().user_details(config, tokens, session)
        return self.details_of_all


@killed_by("social.concurrent-users", "without another user's state", spec=HUB)
class LeaksTheState(Hub):
    """Adds the state of the previous user to the authorization URI."""

    before = ""

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        before, self.before = self.before, request.state
        return {**super().uri_parameters(config, request), "previous": before}


@killed_by("social.fresh-nonce", "expected a new nonce", spec=BEACON)
class FixedNonce(Beacon):
    """Uses the same nonce for every sign-in."""

    def new_session_values(self) -> Mapping[str, str]:
        return {**super().new_session_values(), "nonce": "nonce-of-all"}


@killed_by(
    "social.foreign-session",
    "expected a ConnectorError for a callback in another user's session; it returned normally",
    spec=BEACON,
)
class IgnoresTheNonce(Beacon):
    """Does not compare the nonce."""

    def new_session_values(self) -> Mapping[str, str]:
        return {**super().new_session_values(), "codeVerifier": "verifier-of-all"}

    def claim_checks(
        self, claims: Mapping[str, Json], config: LoginConfig, session: ConnectorSession
    ) -> Mapping[str, object]:
        return {**super().claim_checks(claims, config, session), "nonce": True}


@killed_by("social.foreign-session", "not a ConnectorError", spec=BEACON)
class RaisesForAForeignNonce(Beacon):
    """Raises AssertionError for a foreign nonce."""

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        try:
            return super().user_details(config, tokens, session)
        except ConnectorError as error:
            raise AssertionError from error

    def extra_token_fields(self, session: ConnectorSession) -> Mapping[str, str]:
        return {"code_verifier": "verifier-of-all"} if session.nonce else {}

    def new_session_values(self) -> Mapping[str, str]:
        return {**super().new_session_values(), "codeVerifier": "verifier-of-all"}


@killed_by("social.threads", "concurrent users to be signed in", spec=HUB)
class SharesTheToken(Hub):
    """Stores the current token in an attribute."""

    def redeem_code(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        self.current_token = super().redeem_code(config, code, session)
        time.sleep(0.05)
        return self.current_token

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        del tokens
        return super().user_details(config, self.current_token, session)


# --- the config -----------------------------------------------------------------------------------------------------


class _CachedConfig:
    """Calls get_config once for each id and caches its results."""

    def __init__(self, get_config: Callable[[str], object]) -> None:
        self._get_config, self._configs = get_config, dict[str, object]()

    def __call__(self, connector_id: str) -> object:
        if connector_id not in self._configs:
            self._configs[connector_id] = self._get_config(connector_id)
        return self._configs[connector_id]


@killed_by("social.saved-config", "one get_config call", spec=HUB)
class CachesTheConfig(Hub):
    """Caches the config."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**{**kit, "get_config": _CachedConfig(kit["get_config"])})


@killed_by("social.saved-config", "one get_config call", spec=BEACON)
class ReadsTheConfigTwice(Beacon):
    """Reads the config twice to refresh a token."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        self.read_config()
        return super().get_access_token_by_refresh_token(refresh_token)


@killed_by("social.accepts-valid-config", "expected a valid config to be accepted", spec=HUB)
class RequiresAnOptionalKey(Hub):
    """Requires a scope, which is optional in its schema."""

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        if config.scope is None:
            raise ConnectorError(Codes.INVALID_CONFIG, "There is no scope.")
        return super().uri_parameters(config, request)


@killed_by("social.rejects-invalid-config", "for an invalid config; it raised", spec=HUB)
class SkipsConfigValidation(Hub):
    """Does not validate the config."""

    def read_config(self, config: object = None) -> LoginConfig:
        saved: Any = self.get_config(self.metadata.id) if config is None else config
        return LoginConfig(
            saved["clientId"],
            saved["clientSecret"],
            saved["authorizationEndpoint"],
            saved["tokenEndpoint"],
            saved["userInfoEndpoint"],
        )


@killed_by("social.rejects-invalid-config", "not to call the provider", spec=HUB)
class CallsBeforeValidation(Hub):
    """Calls the provider before it validates the config."""

    def read_config(self, config: object = None) -> LoginConfig:
        saved: Any = self.get_config(self.metadata.id) if config is None else config
        if isinstance(saved, dict) and isinstance(saved.get("tokenEndpoint"), str):
            urllib3.request("GET", saved["tokenEndpoint"], retries=False)
        return super().read_config(saved)


@killed_by("social.get-config-error", "to raise the error of get_config", spec=HUB)
class HidesConfigErrors(Hub):
    """Replaces an error of get_config with invalid_config."""

    def read_config(self, config: object = None) -> LoginConfig:
        try:
            return super().read_config(config)
        except Exception as error:
            raise ConnectorError(Codes.INVALID_CONFIG, {"issues": []}) from error


# --- the session ----------------------------------------------------------------------------------------------------


@killed_by("social.session-json", "session that is JSON", spec=HUB)
class ObjectInTheSession(Hub):
    """Stores an object that is not JSON in the session."""

    def new_session(self, request: AuthorizationRequest, values: Mapping[str, str]) -> ConnectorSession:
        return evolve(super().new_session(request, values), extra={"lock": threading.Lock()})


@killed_by("social.session-json", "after storage as JSON the session", spec=HUB)
class StateInExtra(Hub):
    """Stores Logto's own session key among the extra keys."""

    def new_session(self, request: AuthorizationRequest, values: Mapping[str, str]) -> ConnectorSession:
        return evolve(super().new_session(request, values), extra={"state": request.state})


@killed_by("social.session-json", "(dict)", spec=HUB)
class DictAsSession(Hub):
    """Calls set_session with a dict."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        anything: Any = set_session
        anything({"redirectUri": request.redirect_uri})
        return super().get_authorization_uri(request, set_session)


@killed_by("social.other-instance", "expected the user to be signed in", spec=HUB)
class SessionInMemory(Hub):
    """Stores the session in an attribute, which other instances lack."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.sessions: dict[str, ConnectorSession] = {}

    def new_session(self, request: AuthorizationRequest, values: Mapping[str, str]) -> ConnectorSession:
        self.sessions[request.jti] = super().new_session(request, values)
        return ConnectorSession(jti=request.jti)

    def redeem_code(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        return super().redeem_code(config, code, self.sessions.get(str(session.jti), ConnectorSession()))


@killed_by("social.missing-session", "for a missing session; it raised TypeError", spec=HUB)
class RequiresASession(Hub):
    """Raises TypeError if the session is missing."""

    def redeem_code(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        address: Any = session.redirect_uri
        return super().redeem_code(config, code, evolve(session, redirect_uri=address + ""))


class _EqualToText:
    """An object that is equal to a string."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, other: object) -> bool:
        return self._text == other

    def __hash__(self) -> int:
        return hash(self._text)


# --- user info and requests -----------------------------------------------------------------------------------------


@killed_by("social.user-info", "of the user at the provider", spec=HUB)
class EmailAsId(Hub):
    """Uses the e-mail address as the user's id."""

    def to_user_info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        found = super().to_user_info(details)
        return evolve(found, id=found.email or found.id)


@killed_by("social.user-info", "expected the redirect_uri of the authorization URI", spec=HUB)
class OtherRedirectUri(Hub):
    """Sends the token endpoint a redirect URI without its query."""

    def new_session(self, request: AuthorizationRequest, values: Mapping[str, str]) -> ConnectorSession:
        return super().new_session(evolve(request, redirect_uri=request.redirect_uri.partition("?")[0]), values)


@killed_by("social.user-info", "expected a non-empty string as the id", spec=HUB)
class ObjectAsId(Hub):
    """Returns an id that is not a string, but equal to one."""

    def to_user_info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        wrapped: Any = _EqualToText(super().to_user_info(details).id)
        return evolve(super().to_user_info(details), id=wrapped)


@killed_by("social.user-info", "expected JSON as raw_data", spec=HUB)
class SetInRawData(Hub):
    """Returns a set in raw_data."""

    def to_user_info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        return evolve(super().to_user_info(details), raw_data={"groups": {"a", "b"}})


@killed_by("social.user-info", "found $.email", spec=HUB)
class ListAsEmail(Hub):
    """Returns a list as the e-mail address."""

    def to_user_info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        addresses: Any = [details.get("email")]
        return evolve(super().to_user_info(details), email=addresses)


@killed_by("social.user-info", "expected a SocialUserInfo, found dict", spec=HUB)
class DictAsUserInfo(Hub):
    """Returns a dict instead of a SocialUserInfo."""

    def to_user_info(self, details: Mapping[str, Json]) -> Any:
        return dict(details)


@killed_by("social.request-format", "the config's clientSecret at the token endpoint", spec=HUB)
class CachesTheSecret(Hub):
    """Caches the first client secret."""

    first: ClassVar[dict[str, str]] = {}

    def client_authentication(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        secret = self.first.setdefault(config.token_endpoint, config.client_secret)
        return super().client_authentication(evolve(config, client_secret=secret))


# --- the callback ---------------------------------------------------------------------------------------------------


@killed_by("social.invalid-callback", "not a ConnectorError", spec=HUB)
class SkipsCallbackValidation(Hub):
    """Does not validate the callback data."""

    def read_code(self, data: object) -> str:
        sent: Any = data
        return str(sent["code"])


@killed_by("social.invalid-callback", "that the provider did not send; it returned normally", spec=HUB)
class SignsAnyoneIn(Hub):
    """Signs a user in as a guest if the callback is invalid."""

    def handle_callback(self, data: object, session: ConnectorSession) -> TokenResponseAndUserInfo:
        try:
            return super().handle_callback(data, session)
        except ConnectorError:
            return TokenResponseAndUserInfo(SocialUserInfo("guest"))


@killed_by("social.invalid-callback", "an error about the callback", spec=HUB)
class CallbackErrorIsInvalidConfig(Hub):
    """Raises invalid_config for invalid callback data."""

    def read_code(self, data: object) -> str:
        try:
            return super().read_code(data)
        except ConnectorError as error:
            raise ConnectorError(Codes.INVALID_CONFIG, error.data) from None


@killed_by("social.denied", "authorization_failed", spec=HUB)
class DenialIsGeneral(Hub):
    """Raises general for a denied authorization, as the official OAuth connector does."""

    def read_code(self, data: object) -> str:
        try:
            return super().read_code(data)
        except ConnectorError as error:
            raise ConnectorError(Codes.GENERAL, error.data) from None


# --- failures -------------------------------------------------------------------------------------------------------


@killed_by("social.provider-errors", "not a ConnectorError", spec=HUB)
class RawNetworkErrors(Hub):
    """Raises urllib3's errors unchanged."""

    def network_error(self, error: Exception) -> Exception:
        return error


@killed_by("social.provider-errors", "'user-unauthorized'", spec=HUB)
class InventsAUser(Hub):
    """Returns a made-up user if the provider returns no details."""

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        try:
            return super().user_details(config, tokens, session)
        except ConnectorError:
            return {"sub": "made-up"}


@killed_by("social.id-token-signature", "a signature of somebody else's key", spec=BEACON)
class SkipsTheSignature(Beacon):
    """Accepts an ID token with a wrong signature."""

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        try:
            return super().user_details(config, tokens, session)
        except ConnectorError:
            return super().user_details(evolve(config, client_secret="forged"), tokens, session)


@killed_by("social.id-token-expiry", "expired an hour ago", spec=BEACON)
class SkipsTheExpiry(Beacon):
    """Accepts an expired ID token."""

    def claim_checks(
        self, claims: Mapping[str, Json], config: LoginConfig, session: ConnectorSession
    ) -> Mapping[str, object]:
        return {**super().claim_checks(claims, config, session), "expiry": True}


@killed_by("social.json-error-data", "expected JSON as the error's data", spec=HUB)
class SetAsData(Hub):
    """Puts a set into the error's data."""

    def response_error(self, endpoint: str, status: int, body: bytes) -> Exception:
        super().response_error(endpoint, status, body)
        return ConnectorError(Codes.GENERAL, {"status": status, "length": {len(body)}})


@killed_by("social.recovery", "expected the user to be signed in", spec=HUB)
class FailsAfterAFailure(Hub):
    """Rejects every user after one failure."""

    broken = False

    def handle_callback(self, data: object, session: ConnectorSession) -> TokenResponseAndUserInfo:
        if self.broken:
            raise ConnectorError(Codes.GENERAL, "The circuit is open.")
        try:
            return super().handle_callback(data, session)
        except ConnectorError:
            self.broken = True
            raise


@killed_by("social.time-limit", "expected a sign-in to end within 15 s", spec=HUB)
class RetriesTimeouts(Hub):
    """Sends a request up to forty times if the provider does not respond."""

    def fetch(self, endpoint: str, method: str, url: str, **request: Any) -> bytes:
        for _ in range(40):
            try:
                return super().fetch(endpoint, method, url, **request)
            except ConnectorError as error:
                if "Timeout" not in str(error):
                    raise
        raise ConnectorError(Codes.GENERAL, "The provider does not respond.")


@killed_by("social.network", "expected sockets to the provider only", spec=HUB)
class ReportsUsers(Hub):
    """Opens a socket to a third party for every user."""

    def to_user_info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        found = super().to_user_info(details)
        self.report(found)
        return found

    def report(self, user: SocialUserInfo) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(user.id.encode(), ("192.0.2.1", 9))


# --- secrets --------------------------------------------------------------------------------------------------------


@killed_by("social.secrets-in-errors", "the authorization code", spec=HUB)
class CodeInTheError(Hub):
    """Shows a rejected authorization code in the error."""

    def redeem_code(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        try:
            return super().redeem_code(config, code, session)
        except ConnectorError as error:
            raise ConnectorError(error.code, f"The code {code} was rejected.") from error


@killed_by("social.secrets-in-errors", "the access token", spec=HUB)
class TokenInTheLog(Hub):
    """Logs the access token after a failure."""

    def user_details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        try:
            return super().user_details(config, tokens, session)
        except ConnectorError:
            logging.getLogger(__name__).warning("No details for %s", tokens.access_token)
            raise


@killed_by("social.echoed-secrets", "clientSecret", spec=HUB)
class PassesEchoesOn(Hub):
    """Does not redact a response that repeats the request."""

    def response_error(self, endpoint: str, status: int, body: bytes) -> Exception:
        failure = super().response_error(endpoint, status, b"")
        return ConnectorError(Codes.GENERAL, f"{failure} {body.decode('utf-8', 'replace')}")


@killed_by("social.secrets-in-log", "the access token", spec=HUB)
class LogsTheToken(Hub):
    """Logs every access token."""

    def request_tokens(self, config: LoginConfig, fields: Mapping[str, str]) -> TokenResponse:
        found = super().request_tokens(config, fields)
        logging.getLogger(__name__).info("Got the token %s", found.access_token)
        return found


@frozen
class ConfigWithSecretInRepr(LoginConfig):
    """A config class whose repr shows the secret."""

    client_secret: str = field(kw_only=True)


@killed_by("social.secrets-in-repr", "its config", spec=HUB)
class ConfigWithPlainRepr(Hub):
    """Has a config class with the client secret in its repr."""

    config_guard: ClassVar[Guard[LoginConfig]] = Guard(dict(Hub.config_guard.schema), ConfigWithSecretInRepr)


# --- tokens ---------------------------------------------------------------------------------------------------------


@killed_by("social.tokens", "found NoneType", spec=BEACON)
class NoTokens(Beacon):
    """Returns no tokens."""

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        return evolve(super().get_token_response_and_user_info(data, get_session), token_response=None)


@killed_by("social.tokens", "that the provider issued", spec=BEACON)
class MaskedToken(Beacon):
    """Returns a masked access token."""

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        found = super().get_token_response_and_user_info(data, get_session)
        return evolve(found, token_response=TokenResponse(access_token="***"))


@killed_by("social.tokens", "expected a TokenResponseAndUserInfo", spec=BEACON)
class UserWithoutTokens(Beacon):
    """Returns the user info instead of the tokens and the user info."""

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> Any:
        return super().get_token_response_and_user_info(data, get_session).user_info


@killed_by("social.refresh", "it raised ConnectorError not_implemented", spec=BEACON)
class CannotRefresh(Beacon):
    """Declares token storage, but cannot refresh tokens."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        self.read_config()
        return SocialConnector.get_access_token_by_refresh_token(self, refresh_token)


@killed_by("social.refresh", "found the stored refresh token", spec=BEACON)
class ReturnsTheRefreshToken(Beacon):
    """Returns the refresh token as the access token."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        return evolve(super().get_access_token_by_refresh_token(refresh_token), access_token=refresh_token)


@killed_by("social.refresh-errors", "the refresh token", spec=BEACON)
class RefreshTokenInTheError(Beacon):
    """Shows the refresh token in the error."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        try:
            return super().get_access_token_by_refresh_token(refresh_token)
        except ConnectorError as error:
            raise ConnectorError(error.code, f"{refresh_token} cannot be renewed.") from error


@killed_by("social.refresh-errors", "not a ConnectorError", spec=BEACON)
class RaisesKeyError(Beacon):
    """Raises KeyError if a token cannot be refreshed."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        try:
            return super().get_access_token_by_refresh_token(refresh_token)
        except ConnectorError as error:
            raise KeyError("access_token") from error


@killed_by("social.not-implemented", "expected not_implemented from get_access_token_by_refresh_token", spec=HUB)
class PretendsToRefresh(Hub):
    """Returns the refresh token instead of not_implemented."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.get_access_token_by_refresh_token = lambda token: TokenResponse(access_token=token)  # type: ignore[method-assign]


@killed_by("social.no-missing-values", "in the error's text for the callback data null, found None", spec=HUB)
class PrintsNone(Hub):
    """Prints None for a missing code."""

    def read_code(self, data: Json) -> str:
        try:
            return super().read_code(data)
        except ConnectorError as error:
            found = data.get("code") if isinstance(data, Mapping) else None
            raise ConnectorError(error.code, f"There is no code but {found}.") from error
