"""Social connectors that are wrong."""

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
from tests.conformance.wrong_connectors.open import killed_by

Codes = ConnectorErrorCodes
Json = Any

# --- the authorization URI ------------------------------------------------------------------------------------------


@killed_by("social.authorization-uri", "absolute http or https URL", spec=HUB)
class NoScheme(Hub):
    """Leaves the scheme out."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Send the user to a relative address."""
        return super().get_authorization_uri(request, set_session).partition(":")[2]


@killed_by("social.authorization-uri", "spaces and control characters", spec=HUB)
class SpaceInScope(Hub):
    """Puts a scope into the URI as it is."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Send the user off with a space."""
        return f"{super().get_authorization_uri(request, set_session)}&prompt=login consent"


@killed_by("social.authorization-uri", "that can be read", spec=HUB)
class HalfAnAddress(Hub):
    """Writes an address that no URL can have."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Send the user to half of an IPv6 address, unless Logto's state is as long as any real one."""
        uri = super().get_authorization_uri(request, set_session)
        return uri if len(request.state) > 30 else uri.replace("127.0.0.1", "[::1")


@killed_by("social.authorization-uri", "as a string, found bytes", spec=HUB)
class Bytes(Hub):
    """Returns no text."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> Any:  # noqa: ANN401 - see urllib3
        """Send the user off, if Logto's state is as long as any real one."""
        uri = super().get_authorization_uri(request, set_session)
        return uri if len(request.state) > 30 else uri.encode()


@killed_by("social.state", "to carry the state", spec=HUB)
class JoinsByHand(Hub):
    """Encodes nothing."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Join the parameters."""
        config = self.read_config()
        set_session(self.kept(request, {}))
        query = "&".join(f"{key}={value}" for key, value in self.parameters(config, request).items())
        return f"{config.authorization_endpoint}?{query}"


@killed_by("social.redirect-uri", "to carry the redirect URI", spec=HUB)
class DropsTheQuery(Hub):
    """Takes the redirect URI for a mere address."""

    def parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Cut the query off."""
        return super().parameters(config, evolve(request, redirect_uri=request.redirect_uri.partition("?")[0]))


@killed_by("social.assertion", "to carry the state", spec=BADGE)
class ForgetsTheState(Badge):
    """Sends the user back with nothing."""

    def landing(self, session: ConnectorSession) -> str:
        """Leave the state out."""
        return str(session.redirect_uri)


@killed_by("social.assertion", "expected to go back to", spec=BADGE)
class GoesHome(Badge):
    """Sends every user to one page."""

    def landing(self, session: ConnectorSession) -> str:
        """Go there."""
        return super().landing(evolve(session, redirect_uri="https://logto.example/callback/social"))


@killed_by("social.client-id", "the config's clientId", spec=HUB)
class TrimsTheClient(Hub):
    """Changes the client id."""

    def parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Keep what looks decent."""
        decent = "".join(it for it in config.client_id if it.isalnum() or it == "-")
        return {**super().parameters(config, request), "client_id": decent}


@killed_by("social.scope", "to ask for the scope", spec=BEACON)
class ItsOwnScope(Beacon):
    """Never asks for more than the config says."""

    def parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Forget what Logto asked for."""
        return super().parameters(config, evolve(request, scope=None))


@killed_by("social.uri-without-secrets", "found clientSecret", spec=HUB)
class SecretInTheUri(Hub):
    """Shows the secret to every browser."""

    def parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Send it along."""
        return {**super().parameters(config, request), "client_secret": config.client_secret}


# --- one user and the other -----------------------------------------------------------------------------------------


@killed_by("social.two-users", "whom the provider named", spec=HUB)
class RemembersTheUser(Hub):
    """Keeps the first user's details, for speed."""

    details_of_all: Mapping[str, Json] | None = None

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Ask once."""
        if self.details_of_all is None:
            self.details_of_all = super().details(config, tokens, session)
        return self.details_of_all


@killed_by("social.two-users", "another user's", spec=HUB)
class RemembersTheState(Hub):
    """Adds the state of the user before."""

    before = ""

    def parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Add it."""
        before, self.before = self.before, request.state
        return {**super().parameters(config, request), "previous": before}


@killed_by("social.fresh", "expected a new nonce", spec=BEACON)
class OneNonce(Beacon):
    """Has one nonce for all."""

    def protection(self) -> Mapping[str, str]:
        """Make it once."""
        return {**super().protection(), "nonce": "nonce-of-all"}


@killed_by("social.foreign-session", "to be refused; it signed in", spec=BEACON)
class ComparesNothing(Beacon):
    """Makes a nonce, and never looks at it."""

    def protection(self) -> Mapping[str, str]:
        """Make no verifier of worth."""
        return {**super().protection(), "codeVerifier": "verifier-of-all"}

    def expected(
        self, claims: Mapping[str, Json], config: LoginConfig, session: ConnectorSession
    ) -> Mapping[str, object]:
        """Compare all but the nonce."""
        return {**super().expected(claims, config, session), "nonce": True}


@killed_by("social.foreign-session", "no ConnectorError", spec=BEACON)
class RaisesOnAForeignNonce(Beacon):
    """Compares by an assertion."""

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Raise whatever comes."""
        try:
            return super().details(config, tokens, session)
        except ConnectorError as error:
            raise AssertionError from error

    def proof(self, session: ConnectorSession) -> Mapping[str, str]:
        """Show the verifier that fits."""
        return {"code_verifier": "verifier-of-all"} if session.nonce else {}

    def protection(self) -> Mapping[str, str]:
        """Make no verifier of worth."""
        return {**super().protection(), "codeVerifier": "verifier-of-all"}


@killed_by("social.threads", "users at once to be signed in", spec=HUB)
class KeepsTheTokenAtHand(Hub):
    """Keeps the token of the moment in the connector."""

    def redeem(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Put it down."""
        self.at_hand = super().redeem(config, code, session)
        time.sleep(0.05)
        return self.at_hand

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Pick up whichever lies there."""
        del tokens
        return super().details(config, self.at_hand, session)


# --- the config -----------------------------------------------------------------------------------------------------


class _Once:
    """Asks once, for all calls to come."""

    def __init__(self, ask: Callable[[str], object]) -> None:
        self._ask, self._answers = ask, dict[str, object]()

    def __call__(self, connector_id: str) -> object:
        if connector_id not in self._answers:
            self._answers[connector_id] = self._ask(connector_id)
        return self._answers[connector_id]


@killed_by("social.saved-config", "get_config once", spec=HUB)
class ReadsTheConfigOnce(Hub):
    """Keeps the config for good."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see the base class
        super().__init__(**{**kit, "get_config": _Once(kit["get_config"])})


@killed_by("social.saved-config", "get_config once", spec=BEACON)
class ReadsTheConfigTwice(Beacon):
    """Asks again to renew a token."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Look first."""
        self.read_config()
        return super().get_access_token_by_refresh_token(refresh_token)


@killed_by("social.accepts-config", "to be accepted", spec=HUB)
class WantsAScope(Hub):
    """Needs a key that its schema calls optional."""

    def parameters(self, config: LoginConfig, request: AuthorizationRequest) -> Mapping[str, str]:
        """Insist."""
        if config.scope is None:
            raise ConnectorError(Codes.INVALID_CONFIG, "There is no scope.")
        return super().parameters(config, request)


@killed_by("social.refuses-config", "as invalid_config; it raised", spec=HUB)
class TrustsTheConfig(Hub):
    """Validates nothing."""

    def read_config(self, config: object = None) -> LoginConfig:
        """Take it as it is."""
        saved: Any = self.get_config(self.metadata.id) if config is None else config
        return LoginConfig(
            saved["clientId"],
            saved["clientSecret"],
            saved["authorizationEndpoint"],
            saved["tokenEndpoint"],
            saved["userInfoEndpoint"],
        )


@killed_by("social.refuses-config", "to ask the provider nothing", spec=HUB)
class AsksFirst(Hub):
    """Sees whether the provider is there before it reads the config."""

    def read_config(self, config: object = None) -> LoginConfig:
        """Ask, then read."""
        saved: Any = self.get_config(self.metadata.id) if config is None else config
        if isinstance(saved, dict) and isinstance(saved.get("tokenEndpoint"), str):
            urllib3.request("GET", saved["tokenEndpoint"], retries=False)
        return super().read_config(saved)


@killed_by("social.config-error", "get_config's own error", spec=HUB)
class HidesTheStore(Hub):
    """Takes a failing config store for a wrong config."""

    def read_config(self, config: object = None) -> LoginConfig:
        """Swallow what get_config raises."""
        try:
            return super().read_config(config)
        except Exception as error:
            raise ConnectorError(Codes.INVALID_CONFIG, {"issues": []}) from error


# --- the session ----------------------------------------------------------------------------------------------------


@killed_by("social.session", "session that is JSON", spec=HUB)
class KeepsAnObject(Hub):
    """Keeps something in the session that is no JSON."""

    def kept(self, request: AuthorizationRequest, protection: Mapping[str, str]) -> ConnectorSession:
        """Keep the request itself."""
        return evolve(super().kept(request, protection), extra={"lock": threading.Lock()})


@killed_by("social.session", "JSON does not change", spec=HUB)
class KeepsItInTheWrongPlace(Hub):
    """Keeps Logto's own key among its own, so that it comes back elsewhere."""

    def kept(self, request: AuthorizationRequest, protection: Mapping[str, str]) -> ConnectorSession:
        """Keep it there."""
        return evolve(super().kept(request, protection), extra={"state": request.state})


@killed_by("social.session", "found a dict", spec=HUB)
class KeepsADict(Hub):
    """Keeps JSON itself, as the official connectors do, where the kit has a class."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Keep the wrong form, then the right one."""
        anything: Any = set_session
        anything({"redirectUri": request.redirect_uri})
        return super().get_authorization_uri(request, set_session)


@killed_by("social.cluster", "expected the user to be signed in", spec=HUB)
class KeepsItInMemory(Hub):
    """Keeps the session in the connector, where no other instance finds it."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see the base class
        super().__init__(**kit)
        self.sessions: dict[str, ConnectorSession] = {}

    def kept(self, request: AuthorizationRequest, protection: Mapping[str, str]) -> ConnectorSession:
        """Keep it here."""
        self.sessions[request.jti] = super().kept(request, protection)
        return ConnectorSession(jti=request.jti)

    def redeem(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Find it here."""
        return super().redeem(config, code, self.sessions.get(str(session.jti), ConnectorSession()))


@killed_by("social.lost-session", "when the session is lost; it raised TypeError", spec=HUB)
class TrustsTheSession(Hub):
    """Never thinks that a session could be gone."""

    def redeem(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Use it."""
        address: Any = session.redirect_uri
        return super().redeem(config, code, evolve(session, redirect_uri=address + ""))


class _Alike:
    """Equal to a text, and none."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, other: object) -> bool:
        return self._text == other

    def __hash__(self) -> int:
        return hash(self._text)


# --- who the user is ------------------------------------------------------------------------------------------------


@killed_by("social.user-info", "whom the provider named", spec=HUB)
class KnownByMail(Hub):
    """Takes an address, which changes hands, for who the user is."""

    def user(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Take the address."""
        found = super().user(details)
        return evolve(found, id=found.email or found.id)


@killed_by("social.user-info", "expected the redirect_uri of the authorization URI", spec=HUB)
class ForgetsTheQuery(Hub):
    """Shows the token endpoint another redirect URI than the user was sent off with."""

    def kept(self, request: AuthorizationRequest, protection: Mapping[str, str]) -> ConnectorSession:
        """Keep what comes before the query."""
        return super().kept(evolve(request, redirect_uri=request.redirect_uri.partition("?")[0]), protection)


@killed_by("social.user-info", "a string and not empty", spec=HUB)
class WrapsTheId(Hub):
    """Knows users by something that is no text, and equal to one."""

    def user(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Wrap the id up."""
        wrapped: Any = _Alike(super().user(details).id)
        return evolve(super().user(details), id=wrapped)


@killed_by("social.user-info", "raw_data to be JSON", spec=HUB)
class RawIsNoJson(Hub):
    """Keeps a set where JSON belongs."""

    def user(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Add the wrong thing."""
        return evolve(super().user(details), raw_data={"groups": {"a", "b"}})


@killed_by("social.user-info", "found it wrong at $.email", spec=HUB)
class MailIsNoText(Hub):
    """Has a list of addresses where one belongs."""

    def user(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Keep all."""
        addresses: Any = [details.get("email")]
        return evolve(super().user(details), email=addresses)


@killed_by("social.user-info", "expected a SocialUserInfo, found dict", spec=HUB)
class DetailsAsTheyAre(Hub):
    """Returns what the provider said."""

    def user(self, details: Mapping[str, Json]) -> Any:  # noqa: ANN401 - what is wrong
        """Return it."""
        return dict(details)


@killed_by("social.requests", "client id and secret", spec=HUB)
class KeepsTheSecret(Hub):
    """Keeps the first secret it was given, whatever the config says later."""

    first: ClassVar[dict[str, str]] = {}

    def client(self, config: LoginConfig) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Take the first one."""
        secret = self.first.setdefault(config.token_endpoint, config.client_secret)
        return super().client(evolve(config, client_secret=secret))


# --- the callback ---------------------------------------------------------------------------------------------------


@killed_by("social.callback", "no ConnectorError", spec=HUB)
class TrustsTheCallback(Hub):
    """Takes the callback for what it should be."""

    def code(self, data: object) -> str:
        """Take the code."""
        sent: Any = data
        return str(sent["code"])


@killed_by("social.callback", "to sign nobody in; it did", spec=HUB)
class LetsEverybodyIn(Hub):
    """Signs strangers in, as a guest."""

    def arrive(self, data: object, session: ConnectorSession) -> TokenResponseAndUserInfo:
        """Let them in."""
        try:
            return super().arrive(data, session)
        except ConnectorError:
            return TokenResponseAndUserInfo(SocialUserInfo("guest"))


@killed_by("social.callback", "an error about the callback", spec=HUB)
class BlamesTheConfig(Hub):
    """Takes a wrong callback for a wrong config."""

    def code(self, data: object) -> str:
        """Read it."""
        try:
            return super().code(data)
        except ConnectorError as error:
            raise ConnectorError(Codes.INVALID_CONFIG, error.data) from None


@killed_by("social.denied", "authorization_failed", spec=HUB)
class RefusalIsGeneral(Hub):
    """Does not tell a refusal from other failures, as the official OAuth connector."""

    def code(self, data: object) -> str:
        """Read it."""
        try:
            return super().code(data)
        except ConnectorError as error:
            raise ConnectorError(Codes.GENERAL, error.data) from None


# --- failures -------------------------------------------------------------------------------------------------------


@killed_by("social.failures", "no ConnectorError", spec=HUB)
class RawNetworkErrors(Hub):
    """Lets urllib3's exceptions out."""

    def unreached(self, error: Exception) -> Exception:
        """Translate nothing."""
        return error


@killed_by("social.failures", "'user-unauthorized'", spec=HUB)
class AnonymousWillDo(Hub):
    """Goes on without details where the provider gives none."""

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Make some up."""
        try:
            return super().details(config, tokens, session)
        except ConnectorError:
            return {"sub": "somebody"}


@killed_by("social.failures", "'id-token-forged'", spec=BEACON)
class BelievesAnyToken(Beacon):
    """Reads the ID token and verifies no signature."""

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Read it with whatever key it was signed with."""
        try:
            return super().details(config, tokens, session)
        except ConnectorError:
            return super().details(evolve(config, client_secret="forged"), tokens, session)


@killed_by("social.failures", "'id-token-expired'", spec=BEACON)
class NeverLooksAtTheClock(Beacon):
    """Takes old ID tokens."""

    def expected(
        self, claims: Mapping[str, Json], config: LoginConfig, session: ConnectorSession
    ) -> Mapping[str, object]:
        """Compare all but the time."""
        return {**super().expected(claims, config, session), "time": True}


@killed_by("social.error-data", "data that is JSON", spec=HUB)
class BytesAsData(Hub):
    """Puts the answer's octets into the error."""

    def refused(self, place: str, status: int, body: bytes) -> Exception:
        """Add them."""
        super().refused(place, status, body)
        return ConnectorError(Codes.GENERAL, {"status": status, "length": {len(body)}})


@killed_by("social.recovers", "expected the user to be signed in", spec=HUB)
class BreaksForGood(Hub):
    """Refuses everybody after one failure."""

    broken = False

    def arrive(self, data: object, session: ConnectorSession) -> TokenResponseAndUserInfo:
        """Let users in, until one fails."""
        if self.broken:
            raise ConnectorError(Codes.GENERAL, "The circuit is open.")
        try:
            return super().arrive(data, session)
        except ConnectorError:
            self.broken = True
            raise


@killed_by("social.time-limit", "to end within 15 s", spec=HUB)
class Patient(Hub):
    """Waits as long as it takes."""

    def fetch(self, place: str, method: str, url: str, **request: Any) -> bytes:  # noqa: ANN401 - see urllib3
        """Ask, and ask again where nobody answers."""
        for _ in range(8):
            try:
                return super().fetch(place, method, url, **request)
            except ConnectorError as error:
                if "Timeout" not in str(error):
                    raise
        raise ConnectorError(Codes.GENERAL, "Nobody answers.")


@killed_by("social.network", "no socket but to the provider", spec=HUB)
class TellsAThirdParty(Hub):
    """Reports who signed in to somebody else."""

    def user(self, details: Mapping[str, Json]) -> SocialUserInfo:
        """Tell, if the user came."""
        found = super().user(details)
        self.report(found)
        return found

    def report(self, user: SocialUserInfo) -> None:
        """Count users elsewhere, and mind no failure."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(user.id.encode(), ("192.0.2.1", 9))


# --- secrets --------------------------------------------------------------------------------------------------------


@killed_by("social.secrets", "the authorization code", spec=HUB)
class CodeInTheError(Hub):
    """Shows the code that was refused."""

    def redeem(self, config: LoginConfig, code: str, session: ConnectorSession) -> TokenResponse:
        """Name it."""
        try:
            return super().redeem(config, code, session)
        except ConnectorError as error:
            raise ConnectorError(error.code, f"The code {code} was not taken.") from error


@killed_by("social.secrets", "the access token", spec=HUB)
class TokenInTheLog(Hub):
    """Logs what failed, the token included."""

    def details(self, config: LoginConfig, tokens: TokenResponse, session: ConnectorSession) -> Mapping[str, Json]:
        """Ask, and log the question if it fails."""
        try:
            return super().details(config, tokens, session)
        except ConnectorError:
            logging.getLogger(__name__).warning("No details for %s", tokens.access_token)
            raise


@killed_by("social.secrets-echo", "clientSecret", spec=HUB)
class PassesEchoesOn(Hub):
    """Repeats what a careless provider repeats."""

    def refused(self, place: str, status: int, body: bytes) -> Exception:
        """Add the provider's words."""
        failure = super().refused(place, status, b"")
        return ConnectorError(Codes.GENERAL, f"{failure} {body.decode('utf-8', 'replace')}")


@killed_by("social.log", "the access token", spec=HUB)
class LogsTheToken(Hub):
    """Logs what it gets."""

    def tokens(self, config: LoginConfig, fields: Mapping[str, str]) -> TokenResponse:
        """Ask for tokens, and tell."""
        found = super().tokens(config, fields)
        logging.getLogger(__name__).info("Got the token %s", found.access_token)
        return found


@frozen
class ConfigThatShows(LoginConfig):
    """A config class whose repr shows the secret."""

    client_secret: str = field(kw_only=True)


@killed_by("social.repr", "its config", spec=HUB)
class ShowsItsSecret(Hub):
    """Has a config class with a plain repr."""

    config_guard: ClassVar[Guard[LoginConfig]] = Guard(dict(Hub.config_guard.schema), ConfigThatShows)


# --- tokens ---------------------------------------------------------------------------------------------------------


@killed_by("social.tokens", "found NoneType", spec=BEACON)
class ForgetsTheTokens(Beacon):
    """Returns the user alone."""

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Leave the tokens out."""
        return evolve(super().get_token_response_and_user_info(data, get_session), token_response=None)


@killed_by("social.tokens", "that the provider has issued", spec=BEACON)
class MasksTheToken(Beacon):
    """Returns tokens that nobody can use."""

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Mask them."""
        found = super().get_token_response_and_user_info(data, get_session)
        return evolve(found, token_response=TokenResponse(access_token="***"))


@killed_by("social.tokens", "expected a TokenResponseAndUserInfo", spec=BEACON)
class TheUserAlone(Beacon):
    """Takes one method for the other."""

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> Any:  # noqa: ANN401 - what is wrong
        """Tell who the user is."""
        return super().get_token_response_and_user_info(data, get_session).user_info


@killed_by("social.refresh", "it raised ConnectorError not_implemented", spec=BEACON)
class CannotRenew(Beacon):
    """Says that tokens can be stored, and cannot renew them."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Do what the base class does."""
        self.read_config()
        return SocialConnector.get_access_token_by_refresh_token(self, refresh_token)


@killed_by("social.refresh", "found an old token", spec=BEACON)
class GivesTheOldOne(Beacon):
    """Takes the refresh token for an access token."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Give it back."""
        return evolve(super().get_access_token_by_refresh_token(refresh_token), access_token=refresh_token)


@killed_by("social.refresh-failures", "the refresh token", spec=BEACON)
class RefreshTokenInTheError(Beacon):
    """Shows the token that could not be renewed."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Name it."""
        try:
            return super().get_access_token_by_refresh_token(refresh_token)
        except ConnectorError as error:
            raise ConnectorError(error.code, f"{refresh_token} cannot be renewed.") from error


@killed_by("social.refresh-failures", "no ConnectorError", spec=BEACON)
class LooksThingsUp(Beacon):
    """Breaks on a refusal."""

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Raise whatever comes."""
        try:
            return super().get_access_token_by_refresh_token(refresh_token)
        except ConnectorError as error:
            raise KeyError("access_token") from error


@killed_by("social.absent", "expected not_implemented from get_access_token_by_refresh_token", spec=HUB)
class PretendsToRefresh(Hub):
    """Gives back the token that it was given, because it cannot renew any."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self.get_access_token_by_refresh_token = lambda token: TokenResponse(access_token=token)  # type: ignore[method-assign]


@killed_by("social.missing-values", "expected words alone in the error for the callback null, found None", spec=HUB)
class QuotesNothing(Hub):
    """Names the code that it lacks."""

    def code(self, data: Json) -> str:
        """Read the callback."""
        try:
            return super().code(data)
        except ConnectorError as error:
            found = data.get("code") if isinstance(data, Mapping) else None
            raise ConnectorError(error.code, f"There is no code but {found}.") from error
