"""Wrong social connectors: each derives from one of `right_connectors.social_world`, and has one realistic fault."""

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode

import urllib3
from attrs import evolve
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from connector_kit import (
    AuthorizationRequest,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorSession,
    SetSession,
    SocialUserInfo,
    TokenResponse,
)
from tests.conformance.right_connectors.social import HUB, Hub, LoginConfig
from tests.conformance.right_connectors.social_world import (
    BANK,
    BIRD,
    CHAT,
    FACE,
    FORGE,
    GATE,
    GUILD,
    LINE,
    ORCHARD,
    PLAIN,
    SEARCH,
    TENANT,
    Bank,
    Bird,
    Chat,
    Face,
    Forge,
    ForgeProvider,
    Gate,
    Guild,
    Line,
    Orchard,
    Plain,
    Search,
    Settings,
    Tenant,
    access_token,
    text_or_none,
)
from tests.conformance.wrong_connectors.base import killed_by

Codes = ConnectorErrorCodes
Json = Any

_FOLLOW = urllib3.Retry(3, connect=0, read=0)


def _payload(token: str) -> dict[str, Json]:
    """Return the claims of a JWT without verifying it."""
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, "Not a JWT.") from None
    return dict(found)


def _header(token: str) -> dict[str, Json]:
    return _payload(f".{token.split('.', maxsplit=1)[0]}.")


# --- the authorization URI ------------------------------------------------------------------------------------------


@killed_by("social.authorization-address", "expected to send the user to the", spec=GUILD)
class RemembersTheAddress(Guild):
    """Remembers the address where the users of the first config sign in."""

    first: ClassVar[dict[str, str]] = {}

    def address(self, config: Settings) -> str:
        return self.first.setdefault(str(config.client_id), super().address(config))


@killed_by("social.authorization-address", "expected to send the user to the provider's address", spec=SEARCH)
class GuessesTheAddress(Search):
    """Sends users to an address that it makes from the issuer, instead of the discovery document's."""

    def address(self, config: Settings) -> str:
        self.document(config)
        return f"{config.issuer}/authorize"


@killed_by("social.authorization-address", "expected to send the user to the provider's address", spec=TENANT)
class SendsToTheReturnHost(Tenant):
    """Sends users to the host of the redirect URI if that has a query: it joins relative addresses to the wrong base."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        uri = super().get_authorization_uri(request, set_session)
        host = request.redirect_uri.split("/callback")[0]
        return f"{host}/oauth2/v2.0/authorize?{uri.partition('?')[2]}" if "?" in request.redirect_uri else uri


class _FixedAddress(ForgeProvider):
    """The connector knows the address where users sign in; no key of the config has it."""

    endpoints: ClassVar[Mapping[str, str]] = {
        key: path for key, path in ForgeProvider.endpoints.items() if key != "authorizationEndpoint"
    }
    authorization_path = "https://forge.example/login/oauth/authorize"


@killed_by(
    "social.authorization-address",
    "provider's address https://forge.example/login/oauth/authorize, found https://forge.example.attacker.example",
    spec=evolve(
        FORGE,
        provider=_FixedAddress,
        valid_config={**FORGE.valid_config, "authorizationEndpoint": "https://forge.example/login/oauth/authorize"},
    ),
)
class MisspeltHost(Forge):
    """Sends users to another host, whose name only begins with the provider's."""

    def address(self, config: Settings) -> str:
        return super().address(config).replace("forge.example/", "forge.example.attacker.example/")


@killed_by("social.provider-errors", "'token-error-in-success'; it raised KeyError", spec=FORGE)
class ReadsErrorsAsJsonOnly(Forge):
    """Reads a form only where it has tokens: an error in a form, as GitHub sends it, raises KeyError."""

    def fetch(self, *args: Any, **request: Any) -> tuple[int, str]:
        status, text = super().fetch(*args, **request)
        if args[0] == "POST" and status == 200 and not text.startswith("{"):
            parse_qs(text)["access_token"]
        return status, text


@killed_by("social.pkce", "the code_challenge_method S256, found plain", spec=BIRD)
class PlainChallenge(Bird):
    """Shows the verifier itself as the challenge."""

    def challenge(self, verifier: str) -> dict[str, str]:
        return {"code_challenge": verifier, "code_challenge_method": "plain"}


@killed_by("social.pkce", "because the URI has no method", spec=BIRD)
class ChallengeWithoutMethod(Bird):
    """Names no method, which means plain."""

    def challenge(self, verifier: str) -> dict[str, str]:
        return {"code_challenge": super().challenge(verifier)["code_challenge"]}


@killed_by("social.pkce", "expected a code_verifier of 43 to 128", spec=BIRD)
class ShortVerifier(Bird):
    """Makes verifiers of 22 characters."""

    def new_values(self) -> Mapping[str, str]:
        return {"codeVerifier": super().new_values()["codeVerifier"][:22]}


@killed_by("social.pkce", "does not show the code_verifier", spec=BIRD)
class VerifierInTheUri(Bird):
    """Sends the verifier along in the authorization URI."""

    def challenge(self, verifier: str) -> dict[str, str]:
        return {**super().challenge(verifier), "code_verifier": verifier}


@killed_by("social.fresh-nonce", "expected a new code_challenge", spec=BIRD)
class VerifierOfTheInteraction(Bird):
    """Derives the verifier from the id of the interaction, which the browser knows, under a session key of its own."""

    def session(
        self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]
    ) -> ConnectorSession | None:
        del config, values
        return ConnectorSession(redirect_uri=request.redirect_uri, jti=request.jti)

    def uri_fields(self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]) -> dict[str, Json]:
        del values
        verifier = hashlib.sha256(request.jti.encode()).hexdigest()
        return super().uri_fields(config, request, {"codeVerifier": verifier})

    def redeem(self, config: Settings, code: str, session: ConnectorSession) -> dict[str, Json]:
        verifier = hashlib.sha256(str(session.jti).encode()).hexdigest()
        return super().redeem(config, code, evolve(session, extra={"codeVerifier": verifier}))


@killed_by("social.fresh-nonce", "at least 8 random characters", spec=LINE)
class CountedNonce(Line):
    """Counts nonces."""

    numbers: ClassVar[Any] = itertools.count()

    def new_values(self) -> Mapping[str, str]:
        return {"nonce": str(next(self.numbers))}


@killed_by("social.configured-scope", "expected a parameter with the config's scope", spec=HUB)
class IgnoresTheConfiguredScope(Hub):
    """Requests its default scope, whatever the config has."""

    def uri_parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        return super().uri_parameters(evolve(config, scope=None), request)


# --- the session and the user ---------------------------------------------------------------------------------------


@killed_by("social.session-without-secrets", "found clientSecret", spec=GUILD)
class ConfigInTheSession(Guild):
    """Keeps the credentials in the session, so that the callback need not read the config."""

    def session(
        self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]
    ) -> ConnectorSession | None:
        found = super().session(config, request, values)
        client = {"id": config.client_id, "secret": config.client_secret}
        return found and evolve(found, extra={"client": client})


@killed_by("social.session-without-secrets", "found privateKey", spec=BANK)
class KeyInTheSession(Bank):
    """Keeps the private key in the session."""

    def session(
        self, config: Settings, request: AuthorizationRequest, values: Mapping[str, str]
    ) -> ConnectorSession | None:
        found = super().session(config, request, values)
        return found and evolve(found, extra={"signWith": config.private_key})


@killed_by("social.user-info-without-tokens", "found the access token", spec=CHAT)
class TokensInRawData(Chat):
    """Returns the token response as a part of rawData."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        found = super().user(config, tokens, session, data)
        return evolve(found, raw_data={"tokens": dict(tokens), "user": found.raw_data})


@killed_by("social.user-info-without-tokens", "found the ID token", spec=LINE)
class IdTokenInRawData(Line):
    """Returns the ID token as a part of rawData."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        found: Json = super().user(config, tokens, session, data)
        return evolve(found, raw_data={**found.raw_data, "idToken": tokens["id_token"]})


@killed_by("social.user-info-without-tokens", "found the access token", spec=FACE)
class TokenInTheAvatar(Face):
    """Adds the access token to the address of the picture, so that it can be loaded."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        found = super().user(config, tokens, session, data)
        return evolve(found, avatar=f"{found.avatar}?{urlencode({'access_token': access_token(tokens)})}")


@killed_by("social.user-info-without-tokens", "found the authorization code", spec=ORCHARD)
class CallbackInRawData(Orchard):
    """Returns the data of the callback in rawData, with its code."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        found: Json = super().user(config, tokens, session, data)
        return evolve(found, raw_data={**found.raw_data, "callback": data})


@killed_by("social.unverified-email", "marks as unverified (false)", spec=GUILD)
class IgnoresTheFlag(Guild):
    """Returns every address."""

    def email(self, details: Mapping[str, Json]) -> str | None:
        return text_or_none(details.get("email"))


@killed_by("social.unverified-email", 'the text "false"', spec=GUILD)
class ReadsTheFlagAsTruth(Guild):
    """Takes the text "false" as true."""

    def email(self, details: Mapping[str, Json]) -> str | None:
        return text_or_none(details.get("email")) if details.get("verified") else None


@killed_by("social.unverified-email", "marks as unverified (false)", spec=FORGE)
class PrimaryAddress(Forge):
    """Returns the primary address, verified or not."""

    def address_of(self, addresses: list[dict[str, Json]]) -> str | None:
        return next((it["email"] for it in addresses if it.get("primary")), None)


@killed_by("social.unverified-email", "marks as unverified (false)", spec=FORGE)
class AnyAddressWithoutAVerifiedOne(Forge):
    """Returns the first address if none is verified."""

    def address_of(self, addresses: list[dict[str, Json]]) -> str | None:
        found = super().address_of(addresses)
        return found or next((it["email"] for it in addresses), None)


@killed_by("social.unverified-email", "marks as unverified (false)", spec=SEARCH)
class IgnoresTheClaim(Search):
    """Ignores email_verified."""

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        return evolve(super().info(details), email=text_or_none(details.get("email")))


# --- the callback ---------------------------------------------------------------------------------------------------


@killed_by("social.untrusted-callback", "no e-mail address or phone number from the callback data", spec=ORCHARD)
class AddressFromTheCallback(Orchard):
    """Takes the address from the user in the callback, which nobody has signed."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: Json
    ) -> SocialUserInfo:
        found = super().user(config, tokens, session, data)
        sent = data.get("user")
        try:
            user = json.loads(sent) if isinstance(sent, str) else {}
        except ValueError:
            user = {}
        return evolve(found, email=user.get("email") or found.email if isinstance(user, dict) else found.email)


@killed_by("social.untrusted-callback", "of the user at the provider", spec=CHAT)
class IdFromTheCallback(Chat):
    """Prefers the openid of the callback."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: Json
    ) -> SocialUserInfo:
        found = super().user(config, tokens, session, data)
        return evolve(found, id=data.get("openid") if isinstance(data.get("openid"), str) else found.id)


@killed_by("social.untrusted-callback", "of the user at the provider", spec=ORCHARD)
class IdTokenFromTheCallback(Orchard):
    """Reads an ID token in the callback without verifying it."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: Json
    ) -> SocialUserInfo:
        found = super().user(config, tokens, session, data)
        sent = data.get("id_token")
        return self.info(_payload(sent)) if isinstance(sent, str) and sent.count(".") == 2 else found


@killed_by("social.callback-state", "the connector accepts no state", spec=GATE)
class StateOnlyIfPresent(Gate):
    """Compares the state only if the callback has one."""

    def is_own_state(self, data: Json, session: ConnectorSession) -> bool:
        return super().is_own_state(data, session) or "state" not in data


@killed_by("social.callback-state", "the connector accepts a part of the state", spec=GATE)
class StateByPrefix(Gate):
    """Compares as many characters of the state as the callback has."""

    def is_own_state(self, data: Json, session: ConnectorSession) -> bool:
        state = data.get("state")
        return isinstance(state, str) and bool(state) and str(session.state).startswith(state)


@killed_by("social.callback-issuer", "the iss of another provider", spec=BANK)
class IgnoresTheIssuer(Bank):
    """Ignores the iss of the callback."""

    def read_code(self, config: Settings, data: Json, session: ConnectorSession) -> str:
        sent = {**data, "iss": self.issuer(config)} if isinstance(data, dict) else data
        return super().read_code(config, sent, session)


@killed_by("social.callback-issuer", "a callback without iss", spec=BANK)
class IssuerOnlyIfPresent(Bank):
    """Compares the iss only if the callback has one."""

    def read_code(self, config: Settings, data: Json, session: ConnectorSession) -> str:
        sent = {"iss": self.issuer(config), **data} if isinstance(data, dict) else data
        return super().read_code(config, sent, session)


@killed_by("social.code-replay", "the second use of an authorization code; it returned normally", spec=GUILD)
class RemembersCodes(Guild):
    """Remembers the user of each code, so that reloading the page works."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.users: dict[str, Any] = {}

    def handle(self, data: object, session: ConnectorSession) -> tuple[SocialUserInfo, dict[str, Json]]:
        code = str(data.get("code")) if isinstance(data, Mapping) else ""
        if code not in self.users:
            self.users[code] = super().handle(data, session)
        found: tuple[SocialUserInfo, dict[str, Json]] = self.users[code]
        return found


# --- ID tokens ------------------------------------------------------------------------------------------------------


@killed_by("social.id-token-signature", "a signature of somebody else's key", spec=ORCHARD)
class DecodesOnly(Orchard):
    """Decodes ID tokens without verifying them: they come from the provider, after all."""

    def decode(self, config: Settings, token: str) -> dict[str, Json]:
        del config
        return _payload(token)


@killed_by("social.id-token-signature", "the algorithm none", spec=TENANT)
class AcceptsNone(Tenant):
    """Accepts the algorithm none."""

    def decode(self, config: Settings, token: str) -> dict[str, Json]:
        return _payload(token) if _header(token).get("alg") == "none" else super().decode(config, token)


@killed_by("social.id-token-signature", "by HS256 with the provider's public key", spec=ORCHARD)
class AlgorithmOfTheHeader(Orchard):
    """Uses the algorithm of the header, and the public key as the secret for HS256."""

    def decode(self, config: Settings, token: str) -> dict[str, Json]:
        header = _header(token)
        if header.get("alg") != "HS256":
            return super().decode(config, token)
        signed, _, signature = token.rpartition(".")
        key = next(it for it in self.keys(config).keys if it.kid == header["kid"])
        mac = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
        if base64.urlsafe_b64encode(mac).rstrip(b"=").decode() != signature:
            raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, "Invalid signature.")
        return _payload(token)


@killed_by("social.id-token-signature", "a key in its own header", spec=TENANT)
class TrustsTheHeaderKey(Tenant):
    """Verifies with the key in the token's header, if there is one."""

    def decode(self, config: Settings, token: str) -> dict[str, Json]:
        own = _header(token).get("jwk") if token.count(".") == 2 else None
        if own is None:
            return super().decode(config, token)
        try:
            return dict(jwt.decode(token, import_key(own), algorithms=self.algorithms).claims)
        except JoseError:
            raise ConnectorError(Codes.SOCIAL_ID_TOKEN_INVALID, "Invalid signature.") from None


@killed_by("social.id-token-signature", "a key that the provider does not publish", spec=TENANT)
class SkipsUnknownKeys(Tenant):
    """Skips the signature if the key is unknown: it may be newer than the key set."""

    def decode(self, config: Settings, token: str) -> dict[str, Json]:
        known = [None, *(key.kid for key in self.keys(config).keys)]
        return super().decode(config, token) if _header(token).get("kid") in known else _payload(token)


@killed_by("social.id-token-signature", "an ID token to be rejected", spec=PLAIN)
class UnverifiedSubject(Plain):
    """Takes the id from an ID token that it does not verify, and needs no ID token if it is not readable."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        found = super().user(config, tokens, session, data)
        try:
            return evolve(found, id=_payload(str(tokens.get("id_token")))["sub"])
        except ConnectorError:
            return found


@killed_by("social.id-token-issuer", "one of another issuer", spec=TENANT)
class IgnoresIss(Tenant):
    """Does not compare the issuer."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "iss": True}


@killed_by("social.id-token-issuer", "only begins with the right one", spec=SEARCH)
class IssByPrefix(Search):
    """Accepts every issuer that begins with the right one."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "iss": str(claims.get("iss")).startswith(str(config.issuer))}


@killed_by("social.id-token-audience", "one for another client", spec=ORCHARD)
class IgnoresAud(Orchard):
    """Does not compare the audience."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "aud": True}


@killed_by("social.id-token-audience", "whose id only begins with the right one", spec=LINE)
class AudBySubstring(Line):
    """Looks for the client id in the text of the audience."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "aud": str(config.client_id) in claims.get("aud", "")}


@killed_by("social.id-token-expiry", "expired an hour ago", spec=BANK)
class IgnoresExp(Bank):
    """Does not compare the expiry."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "exp": True}


@killed_by("social.id-token-expiry", "expired an hour ago", spec=TENANT)
class ExpInMilliseconds(Tenant):
    """Takes the time of now in the wrong unit, so that nothing expires."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "exp": claims["exp"] * 1000 > time.time()}


@killed_by("social.id-token-nonce", "one without the nonce", spec=ORCHARD)
class NonceOnlyIfPresent(Orchard):
    """Compares the nonce only if the ID token has one."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "nonce": claims.get("nonce", session.nonce) == session.nonce}


@killed_by("social.id-token-nonce", "one with another nonce", spec=TENANT)
class IgnoresTheNonceOfTheToken(Tenant):
    """Does not compare the nonce; the verifier of PKCE hides it from the check of foreign sessions."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "nonce": True}


@killed_by("social.id-token-optional-claims", "whose azp is another client", spec=SEARCH)
class IgnoresAzp(Search):
    """Does not compare the authorized party."""

    def checks(self, config: Settings, claims: Mapping[str, Json], session: ConnectorSession) -> dict[str, bool]:
        return {**super().checks(config, claims, session), "azp": True}


@killed_by("social.id-token-subject", "the user of user info with another sub", spec=SEARCH)
class IgnoresTheSubject(Search):
    """Returns the user info of whichever user."""

    def compare(self, claims: Mapping[str, Json], details: Mapping[str, Json]) -> None:
        del claims, details


@killed_by("social.id-token-subject", "expected no email from user info with another sub", spec=SEARCH)
class MixesTwoUsers(Search):
    """Returns the id of the ID token with the address of whichever user info."""

    def compare(self, claims: Mapping[str, Json], details: Mapping[str, Json]) -> None:
        assert isinstance(details, dict)
        details["sub"] = claims["sub"]


@killed_by("social.unavailable-keys", "for the outcome 'keys-server-error'; it returned normally", spec=TENANT)
class SkipsUnavailableKeys(Tenant):
    """Skips the signature while the keys cannot be read."""

    def decode(self, config: Settings, token: str) -> dict[str, Json]:
        try:
            return super().decode(config, token)
        except ConnectorError as error:
            if error.code is Codes.SOCIAL_ID_TOKEN_INVALID:
                raise
            return _payload(token)


@killed_by("social.unavailable-keys", "expected the user to be signed in", spec=TENANT)
class RemembersUnavailableKeys(Tenant):
    """Remembers for ever that there are no keys."""

    known: ClassVar[dict[str, Any]] = {}

    def keys(self, config: Settings) -> Any:
        base = self.base(config)
        if base not in self.known:
            self.known[base] = KeySet([])
            self.known[base] = super().keys(config)
        return self.known[base]


# --- requests -------------------------------------------------------------------------------------------------------


@killed_by("social.secrets-in-urls", "client_secret", spec=GUILD)
class SecretInTheQuery(Guild):
    """Sends the token request's fields in the query as well as in the body."""

    def post_form(self, url: str, fields: Mapping[str, str], **headers: str) -> dict[str, Json]:
        return super().post_form(f"{url}?{urlencode(fields)}", fields, **headers)


@killed_by("social.secrets-in-urls", "access_token", spec=GUILD)
class TokenInTheQuery(Guild):
    """Sends the access token in the query of the user info request."""

    def get_json(self, url: str, token: str | None = None, **fields: str) -> dict[str, Json]:
        return super().get_json(url, None, access_token=str(token), **fields)


@killed_by("social.redirects", "expected no request after the outcome 'token-redirect'", spec=GUILD)
class FollowsRedirects(Guild):
    """Follows redirects."""

    def fetch(self, method: str, url: str, **request: Any) -> tuple[int, str]:
        try:
            response = urllib3.request(method, url, timeout=0.4, retries=_FOLLOW, **request)
        except (urllib3.exceptions.HTTPError, OSError):
            raise ConnectorError(Codes.GENERAL, "The provider cannot be reached.") from None
        return response.status, response.data.decode("utf-8", "replace")


@killed_by("social.redirects", "expected no request after the outcome 'user-redirect'", spec=FACE)
class FollowsRedirectsOfUserInfo(Face):
    """Follows redirects of the user info endpoint, with the access token."""

    def fetch(self, method: str, url: str, **request: Any) -> tuple[int, str]:
        if "Authorization" not in request.get("headers", {}):
            return super().fetch(method, url, **request)
        try:
            response = urllib3.request(method, url, timeout=0.4, retries=_FOLLOW, **request)
        except (urllib3.exceptions.HTTPError, OSError):
            raise ConnectorError(Codes.GENERAL, "The provider cannot be reached.") from None
        return response.status, response.data.decode("utf-8", "replace")


@killed_by("social.provider-errors", "'user-error-in-success'", spec=GUILD)
class PrintsTheId(Guild):
    """Prints whatever it finds as the id, so that an error with status 200 signs a user ``None`` in."""

    def is_error(self, body: Mapping[str, Json]) -> bool:
        return "errors" in body

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        return super().info({**details, "id": str(details.get("id"))})


@killed_by("social.provider-errors", "'user-null-id'", spec=GUILD)
class PrintsANullId(Guild):
    """Prints the id, which may be null."""

    def info(self, details: Mapping[str, Json]) -> SocialUserInfo:
        if "id" not in details:
            return super().info(details)
        return super().info({**details, "id": str(details["id"])})


@killed_by("social.request-format", "expected the proof of the app secret", spec=FACE)
class ProofOfTheClientId(Face):
    """Makes the proof with the client id instead of the secret."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        return super().user(evolve(config, client_secret=config.client_id), tokens, session, data)


@killed_by("social.request-format", "with the aud", spec=BANK)
class AssertionForAnother(Bank):
    """Makes the client assertion for another audience."""

    def client_fields(self, config: Settings) -> Mapping[str, str]:
        return super().client_fields(evolve(config, token_endpoint="https://login.example/token"))


@killed_by("social.request-format", "that is valid now, found the exp None", spec=ORCHARD)
class SecretForEver(Orchard):
    """Signs a client secret that never expires."""

    def client_fields(self, config: Settings) -> Mapping[str, str]:
        claims = {"iss": config.team_id, "aud": self.issuer(config), "sub": config.client_id}
        key = import_key(str(config.private_key), "EC")
        return {"client_id": str(config.client_id), "client_secret": jwt.encode({"alg": "ES256"}, claims, key)}


# --- tokens ---------------------------------------------------------------------------------------------------------


@killed_by("social.refresh", "by which the provider replaced the stored one, found no refresh token", spec=BIRD)
class DropsTheNewRefreshToken(Bird):
    """Returns the new access token only."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        return evolve(super().get_access_token_by_refresh_token(refresh_token), refresh_token=None)


@killed_by("social.refresh", "by which the provider replaced the stored one, found another one", spec=BIRD)
class KeepsTheOldRefreshToken(Bird):
    """Returns the refresh token that is not valid any more."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        return evolve(super().get_access_token_by_refresh_token(refresh_token), refresh_token=refresh_token)
