"""The stub of an OAuth 2 or OpenID Connect provider: users sign in, a token endpoint, and an address that knows the user.

Sources: RFC 6749 (OAuth 2), RFC 7636 (PKCE), OpenID Connect Core 1.0.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from attrs import evolve, field, frozen

from conformance.http_exchange import Answer, HttpRequest, exchange
from conformance.loopback_server import CONNECTION_REFUSED, LoopbackProvider
from conformance.provider import Aspect, Call, Consent, Outcome
from connector_kit import ConnectorErrorCodes as Codes

_ACCEPTED: Final = Outcome("accepted", "accepted", None)
_PAGE: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
_NOT_TAKEN: Final = "not-taken"
_LIFETIME: Final = 3600

_TOKEN_ENDPOINT: Final = (
    Outcome("token-refused", "refusal", Codes.GENERAL, "The code has expired."),
    Outcome("token-unauthorized", "credentials", Codes.GENERAL, "Client authentication failed."),
    Outcome("token-throttled", "throttle", Codes.GENERAL, "Slow down."),
    Outcome("token-fault", "fault", Codes.GENERAL, "Try again later."),
    Outcome("token-echo", "refusal", Codes.GENERAL, "Rejected:", echoes=True),
    Outcome("token-page", "broken", Codes.INVALID_RESPONSE),
    Outcome("token-empty", "broken", Codes.INVALID_RESPONSE),
    Outcome("token-missing", "broken", Codes.INVALID_RESPONSE),
    Outcome("token-mistyped", "broken", Codes.INVALID_RESPONSE),
    Outcome("token-lost", "network", Codes.GENERAL),
    Outcome("token-hangs", "network", Codes.GENERAL, hangs=True),
)
_USER_INFO: Final = (
    Outcome("user-unauthorized", "credentials", Codes.GENERAL, "The token has expired."),
    Outcome("user-refused", "refusal", Codes.GENERAL, "The scope does not suffice."),
    Outcome("user-fault", "fault", Codes.GENERAL, "Try again later."),
    Outcome("user-echo", "refusal", Codes.GENERAL, "Rejected:", echoes=True),
    Outcome("user-page", "broken", Codes.INVALID_RESPONSE),
    Outcome("user-list", "broken", Codes.INVALID_RESPONSE),
    Outcome("user-nobody", "broken", Codes.INVALID_RESPONSE),
    Outcome("user-lost", "network", Codes.GENERAL),
    Outcome("user-hangs", "network", Codes.GENERAL, hangs=True),
)
_ID_TOKEN: Final = tuple(
    Outcome(f"id-token-{what}", "broken", Codes.SOCIAL_ID_TOKEN_INVALID)
    for what in ("forged", "expired", "for-another", "unreadable")
)
_STATUS: Final[Mapping[str, int]] = {"refused": 400, "unauthorized": 401, "throttled": 429, "fault": 503, "echo": 400}
_ERRORS: Final[Mapping[str, str]] = {
    "refused": "invalid_grant",
    "unauthorized": "invalid_client",
    "throttled": "slow_down",
    "fault": "temporarily_unavailable",
    "echo": "invalid_request",
}


class _NotTakenError(Exception):
    """A request that the provider does not take; the message says why."""


@frozen
class _Grant:
    """What stands behind a code."""

    user_id: str
    redirect_uri: str | None
    nonce: str | None
    challenge: str | None = field(repr=False)
    client_id: str | None


class OAuth2Provider(LoopbackProvider):
    """An OAuth 2 provider, or one of OpenID Connect; a subclass says what is particular to it.

    The names of its outcomes tell where they happen: at the token endpoint (``token-…``), where the user's details are
    (``user-…``), or in the ID token. It takes a code once, with the ``redirect_uri`` and, where the authorization URI
    had a challenge, the verifier that belong to it. Which code a connector must raise is as the official connectors
    have it: ``general`` for a refusal, ``invalid_response`` for an answer that is none.
    """

    endpoints: ClassVar[Mapping[str, str]] = {
        "authorizationEndpoint": "/authorize",
        "tokenEndpoint": "/token",
        "userInfoEndpoint": "/userinfo",
    }
    """The paths by the config keys that hold the addresses."""

    token_path: ClassVar[str] = "/token"  # noqa: S105 - a path
    user_path: ClassVar[str | None] = "/userinfo"
    """Where the user's details are; ``None`` where the ID token has them all."""

    client_id_key: ClassVar[str] = "clientId"
    client_secret_key: ClassVar[str] = "clientSecret"  # noqa: S105 - the name of a key
    has_id_token: ClassVar[bool] = False
    """Whether there is an ID token: signed with the client secret (HS256), with the nonce of the authorization URI."""

    wants_redirect_uri: ClassVar[bool] = True
    """Whether the token endpoint wants to see the ``redirect_uri`` again, as RFC 6749 §4.1.3 has it."""

    expects: ClassVar[Mapping[str, Codes]] = {}
    """By the name of an outcome: what the connector must raise instead."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (_ACCEPTED,)

    def __init_subclass__(cls, **more: object) -> None:
        """Collect the outcomes."""
        super().__init_subclass__(**more)
        known = [_ACCEPTED, *_TOKEN_ENDPOINT, Outcome(CONNECTION_REFUSED, "network", Codes.GENERAL)]
        known += _USER_INFO if cls.user_path is not None else ()
        known += _ID_TOKEN if cls.has_id_token else ()
        unknown = sorted(cls.expects.keys() - {it.name for it in known})
        if unknown:
            raise TypeError(f"{cls.__name__} expects something of {', '.join(unknown)}, which is no outcome of it.")
        cls.outcomes = tuple(evolve(it, expect=cls.expects.get(it.name, it.expect)) for it in known)

    def __init__(self) -> None:
        super().__init__()
        self._grants: dict[str, _Grant] = {}
        self._access: dict[str, str] = {}
        self._refresh: dict[str, str] = {}

    # --- what an author says ----------------------------------------------------------------------------------------

    def new_user(self) -> str:
        """Return the id of a new user."""
        return f"user-{uuid4().hex[:12]}"

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return the details of a user: what the ID token has of them, and what is where they are asked for."""
        return {"sub": user_id, "name": f"Name of {user_id}", "email": f"{user_id}@user.example"}

    # --- what the suite asks ----------------------------------------------------------------------------------------

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a config whose addresses are the stub's."""
        return {**config, **{key: f"{self.url}{path}" for key, path in self.endpoints.items()}}

    def authorize(self, uri: str) -> Consent:
        """Let a new user sign in, who comes back with a code."""
        asked = dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True))
        code, user_id = self.issue("the authorization code"), self.new_user()
        self._grants[code] = _Grant(
            user_id,
            asked.get("redirect_uri") if self.wants_redirect_uri else None,
            asked.get("nonce"),
            asked.get("code_challenge"),
            asked.get("client_id"),
        )
        return Consent({"code": code, "state": asked.get("state", "")}, user_id)

    def deny(self, uri: str) -> Mapping[str, Any]:
        """Let a user refuse: RFC 6749 §4.1.2.1."""
        asked = dict(parse_qsl(urlsplit(uri).query))
        return {
            "error": "access_denied",
            "error_description": "The user said no.",
            "error_uri": f"{self.url}/errors/access_denied",
            "state": asked.get("state", ""),
        }

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Say whether the provider took a request, and whether it was made by the config's client."""
        if aspect == "form" and call.outcome.name == _NOT_TAKEN:
            return call.outcome.message
        if aspect == "credentials" and call.raw.path == self.token_path:
            wanted = (config[self.client_id_key], config[self.client_secret_key])
            if _client(call.raw) != wanted:
                return "expected the config's client id and secret at the token endpoint, found others"
        return None

    # --- what connectors see ----------------------------------------------------------------------------------------

    def handle(self, request: HttpRequest) -> Answer | None:
        """Record and answer a request."""
        place = {self.token_path: "token", self.user_path: "user"}.get(request.path)
        outcome = self.current if self._concerns(self.current, place, request) else _ACCEPTED
        hangs = outcome.hangs
        try:
            answer = self._answer(request, place, outcome)
        except _NotTakenError as why:
            outcome = Outcome(_NOT_TAKEN, "refusal", Codes.GENERAL, str(why))
            answer = Answer.json({"error": "invalid_request", "error_description": str(why)}, 400)
        told: Answer | str = answer or ("[no answer came]" if hangs else "[the connection was closed]")
        shown = exchange(request, told)
        self.calls.append(Call((), None, None, None, None, (), outcome, None, request, shown))
        if hangs:
            self.hang()
        return answer

    def _concerns(self, outcome: Outcome, place: str | None, request: HttpRequest) -> bool:
        if outcome.name.startswith("id-token-"):
            return place == "token" and _form(request).get("grant_type") != "refresh_token"
        return outcome.name.startswith(f"{place}-")

    def _answer(self, request: HttpRequest, place: str | None, outcome: Outcome) -> Answer | None:
        what = outcome.name.partition("-")[2]
        if outcome.family == "network":
            return None
        if what in _STATUS:
            sent = f" {request.authorization} {request.body.decode('utf-8', 'replace')}" if outcome.echoes else ""
            body = {"error": _ERRORS[what], "error_description": f"{outcome.message}{sent}"}
            return Answer.json(body, _STATUS[what])
        match outcome.name:
            case "token-page" | "user-page":
                return Answer.html(_PAGE)
            case "token-empty":
                return Answer(200)
            case "user-list":
                return Answer.json([])
            case "token-missing" | "user-nobody":
                return Answer.json({})
            case "token-mistyped":
                return Answer.json({"access_token": 1, "id_token": [], "token_type": "Bearer"})
        if place == "token":
            return self._tokens(request, outcome)
        if place == "user":
            return Answer.json(self.user(self._whose(request)))
        raise _NotTakenError(f"there is nothing at {request.path}")

    def _whose(self, request: HttpRequest) -> str:
        user_id = self._access.get(request.bearer or "")
        if user_id is None:
            raise _NotTakenError("expected an access token of this provider, found none")
        return user_id

    def _tokens(self, request: HttpRequest, outcome: Outcome) -> Answer:
        if request.method != "POST":
            raise _NotTakenError(f"expected a POST to the token endpoint, found {request.method}")
        asked, (client_id, client_secret) = _form(request), _client(request)
        grant_type = asked.get("grant_type", "authorization_code")
        if grant_type == "refresh_token":
            user_id = self._refresh.get(asked.get("refresh_token", ""))
            if user_id is None:
                raise _NotTakenError("expected a refresh token of this provider, found none")
            return Answer.json(self._issued(user_id))
        if grant_type != "authorization_code":
            raise _NotTakenError("expected the grant type authorization_code or refresh_token, found another")
        grant = self._redeemed(asked, client_id)
        tokens = self._issued(grant.user_id)
        if self.has_id_token:
            tokens["id_token"] = self._id_token(grant, client_id, client_secret, outcome)
        return Answer.json(tokens)

    def _redeemed(self, asked: Mapping[str, str], client_id: str) -> _Grant:
        grant = self._grants.pop(asked.get("code", ""), None)
        if grant is None:
            raise _NotTakenError("expected a code that was not used before, found none")
        if grant.client_id != client_id:
            raise _NotTakenError("expected the client id of the authorization URI, found another")
        if grant.redirect_uri is not None and grant.redirect_uri != asked.get("redirect_uri"):
            raise _NotTakenError("expected the redirect_uri of the authorization URI, found another")
        if grant.challenge is not None and grant.challenge != _challenge(asked.get("code_verifier", "")):
            raise _NotTakenError("expected the verifier of the authorization URI's challenge, found another")
        return grant

    def _issued(self, user_id: str) -> dict[str, Any]:
        access, refresh = self.issue("the access token"), self.issue("the refresh token")
        self._access[access] = self._refresh[refresh] = user_id
        return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": _LIFETIME}

    def _id_token(self, grant: _Grant, client_id: str, client_secret: str, outcome: Outcome) -> str:
        now = int(time.time())
        claims = {
            **self.user(grant.user_id),
            "iss": self.url,
            "aud": "another" if outcome.name == "id-token-for-another" else client_id,
            "iat": now - 2 * _LIFETIME,
            "exp": now + (-_LIFETIME if outcome.name == "id-token-expired" else _LIFETIME),
            "jti": self.issue("the ID token"),
            **({} if grant.nonce is None else {"nonce": grant.nonce}),
        }
        key = "forged" if outcome.name == "id-token-forged" else client_secret
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        mac = hmac.digest(key.encode(), signed.encode(), "sha256")
        return "unreadable" if outcome.name == "id-token-unreadable" else f"{signed}.{_base64url(mac)}"


def _form(request: HttpRequest) -> dict[str, str]:
    try:
        return request.form
    except ValueError as error:
        raise _NotTakenError(str(error)) from None


def _client(request: HttpRequest) -> tuple[str, str]:
    """Return a client's id and secret, from either place that RFC 6749 §2.3.1 has for them."""
    if request.basic is not None:
        return request.basic
    form = _form(request)
    return form.get("client_id", ""), form.get("client_secret", "")


def _challenge(verifier: str) -> str:
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _part(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value).encode())


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
