"""`OAuth2Provider`: the stub of an OAuth 2 or OpenID Connect provider, for social connectors.

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

from conformance.providers.base import Aspect, Call, Consent, Outcome
from conformance.providers.http_messages import HttpRequest, HttpResponse, exchange
from conformance.providers.loopback import CONNECTION_REFUSED, LoopbackProvider
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit.suggestions import did_you_mean

_ACCEPTED: Final = Outcome("accepted", "accepted", None)
_HTML: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
_UNACCEPTABLE: Final = "unacceptable"
_LIFETIME: Final = 3600
"""Seconds that tokens are valid."""

_TOKEN_ENDPOINT: Final = (
    Outcome("token-rejected", "rejection", Codes.GENERAL, "The code has expired."),
    Outcome("token-unauthorized", "credentials", Codes.GENERAL, "Client authentication failed."),
    Outcome("token-throttled", "throttle", Codes.GENERAL, "Slow down."),
    Outcome("token-server-error", "server-error", Codes.GENERAL, "Try again later."),
    Outcome("token-echo", "rejection", Codes.GENERAL, "Rejected:", echoes=True),
    Outcome("token-html", "malformed", Codes.INVALID_RESPONSE),
    Outcome("token-empty-body", "malformed", Codes.INVALID_RESPONSE),
    Outcome("token-missing", "malformed", Codes.INVALID_RESPONSE),
    Outcome("token-wrong-type", "malformed", Codes.INVALID_RESPONSE),
    Outcome("token-connection-lost", "network", Codes.GENERAL),
    Outcome("token-hangs", "network", Codes.GENERAL, hangs=True),
)
_USER_INFO: Final = (
    Outcome("user-unauthorized", "credentials", Codes.GENERAL, "The token has expired."),
    Outcome("user-rejected", "rejection", Codes.GENERAL, "The scope does not suffice."),
    Outcome("user-server-error", "server-error", Codes.GENERAL, "Try again later."),
    Outcome("user-echo", "rejection", Codes.GENERAL, "Rejected:", echoes=True),
    Outcome("user-html", "malformed", Codes.INVALID_RESPONSE),
    Outcome("user-json-array", "malformed", Codes.INVALID_RESPONSE),
    Outcome("user-without-id", "malformed", Codes.INVALID_RESPONSE),
    Outcome("user-connection-lost", "network", Codes.GENERAL),
    Outcome("user-hangs", "network", Codes.GENERAL, hangs=True),
)
_ID_TOKEN: Final = tuple(
    Outcome(f"id-token-{defect}", "malformed", Codes.SOCIAL_ID_TOKEN_INVALID)
    for defect in ("forged", "expired", "wrong-audience", "unreadable")
)
_ERRORS: Final[Mapping[str, tuple[int, str]]] = {
    "rejected": (400, "invalid_grant"),
    "unauthorized": (401, "invalid_client"),
    "throttled": (429, "slow_down"),
    "server-error": (503, "temporarily_unavailable"),
    "echo": (400, "invalid_request"),
}
"""By the part of an outcome's name after the endpoint: HTTP status and OAuth 2 error code."""


class _UnacceptableError(Exception):
    """The provider rejects a request; the message has what was expected and what was found."""


@frozen
class _Grant:
    """What the provider knows about an authorization code: the parameters of its authorization URI."""

    user_id: str
    redirect_uri: str | None
    nonce: str | None
    challenge: str | None = field(repr=False)
    client_id: str | None


class OAuth2Provider(LoopbackProvider):
    """An OAuth 2 or OpenID Connect provider on the loopback interface. A subclass overrides what differs.

    The name of an outcome begins with where it happens: at the token endpoint (``token-…``), at the user info endpoint
    (``user-…``) or in the ID token (``id-token-…``).

    The provider accepts an authorization code once: with the client id, the ``redirect_uri`` and, after an
    authorization URI with a ``code_challenge``, the ``code_verifier`` that belong to it. The expected codes are those of
    the official connectors: ``general`` for an error response, ``invalid_response`` for a malformed one.

    Raises:
        TypeError: `expected_codes` names an outcome that the provider does not have.
    """

    endpoints: ClassVar[Mapping[str, str]] = {
        "authorizationEndpoint": "/authorize",
        "tokenEndpoint": "/token",
        "userInfoEndpoint": "/userinfo",
    }
    """By config key of an address: the path at the stub."""

    token_path: ClassVar[str] = "/token"  # noqa: S105 - a path
    """The path of the token endpoint."""

    user_path: ClassVar[str | None] = "/userinfo"
    """The path of the user info endpoint; ``None`` where the ID token contains all details of the user."""

    client_id_key: ClassVar[str] = "clientId"
    """The config key of the client id."""

    client_secret_key: ClassVar[str] = "clientSecret"  # noqa: S105 - the name of a key
    """The config key of the client secret."""

    has_id_token: ClassVar[bool] = False
    """Whether the provider issues ID tokens: signed with the client secret (HS256), with the authorization URI's nonce."""

    is_redirect_uri_required: ClassVar[bool] = True
    """Whether the token endpoint requires the ``redirect_uri`` of the authorization URI, as RFC 6749 §4.1.3 does."""

    expected_codes: ClassVar[Mapping[str, Codes]] = {}
    """By name of an outcome: another code that the connector must raise."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (_ACCEPTED,)

    def __init_subclass__(cls, **more: object) -> None:
        """Set `outcomes`."""
        super().__init_subclass__(**more)
        known = [_ACCEPTED, *_TOKEN_ENDPOINT, Outcome(CONNECTION_REFUSED, "network", Codes.GENERAL)]
        known += _USER_INFO if cls.user_path is not None else ()
        known += _ID_TOKEN if cls.has_id_token else ()
        names = [it.name for it in known]
        for name in cls.expected_codes:
            if name not in names:
                hint = did_you_mean(name, names)
                raise TypeError(f"expected_codes of {cls.__name__} can name {', '.join(names)}; found {name!r}{hint}.")
        cls.outcomes = tuple(evolve(it, expect=cls.expected_codes.get(it.name, it.expect)) for it in known)

    def __init__(self) -> None:
        super().__init__()
        self._grants: dict[str, _Grant] = {}
        self._access: dict[str, str] = {}
        self._refresh: dict[str, str] = {}

    # --- what an author overrides -----------------------------------------------------------------------------------

    def new_user(self) -> str:
        """Return the id of a new user."""
        return f"user-{uuid4().hex[:12]}"

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return the details of a user: the claims of the ID token and the response of the user info endpoint."""
        return {"sub": user_id, "name": f"Name of {user_id}", "email": f"{user_id}@user.example"}

    # --- what the suite calls ---------------------------------------------------------------------------------------

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config with the stub's addresses at the keys of `endpoints`."""
        return {**config, **{key: f"{self.url}{path}" for key, path in self.endpoints.items()}}

    def authorize(self, uri: str) -> Consent:
        """Sign a new user in; the callback has a code and the ``state``."""
        parameters = dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True))
        code, user_id = self.new_secret("the authorization code"), self.new_user()
        self._grants[code] = _Grant(
            user_id,
            parameters.get("redirect_uri") if self.is_redirect_uri_required else None,
            parameters.get("nonce"),
            parameters.get("code_challenge"),
            parameters.get("client_id"),
        )
        return Consent({"code": code, "state": parameters.get("state", "")}, user_id)

    def deny(self, uri: str) -> Mapping[str, Any]:
        """Return the callback after a user has declined: RFC 6749 §4.1.2.1."""
        parameters = dict(parse_qsl(urlsplit(uri).query))
        return {
            "error": "access_denied",
            "error_description": "The user declined.",
            "error_uri": f"{self.url}/errors/access_denied",
            "state": parameters.get("state", ""),
        }

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Report a request that the provider rejected, or a token request without the config's client id and secret."""
        if aspect == "format" and call.outcome.name == _UNACCEPTABLE:
            return call.outcome.message
        if aspect != "credentials" or call.raw.path != self.token_path:
            return None
        client_id, client_secret = _client(call.raw)
        if client_id != config[self.client_id_key]:
            expected = f"the config's {self.client_id_key} {config[self.client_id_key]!r}"
            return f"expected {expected} at the token endpoint, found {client_id!r}"
        if client_secret != config[self.client_secret_key]:
            expected = f"the config's {self.client_secret_key}"
            return f"expected {expected} at the token endpoint, found {_length(client_secret)}"
        return None

    # --- the server -------------------------------------------------------------------------------------------------

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Record a request and return the response of the current outcome, if it applies to this endpoint."""
        endpoint = {self.token_path: "token", self.user_path: "user"}.get(request.path)
        outcome = _ACCEPTED
        try:
            if self._applies(self.current, endpoint, request):
                outcome = self.current
            response = self._response(request, endpoint, outcome)
        except _UnacceptableError as error:
            outcome = Outcome(_UNACCEPTABLE, "rejection", Codes.GENERAL, str(error))
            response = HttpResponse.json({"error": "invalid_request", "error_description": str(error)}, 400)
        shown = exchange(request, response or ("[no response]" if outcome.hangs else "[the connection was closed]"))
        self.calls.append(Call((), None, None, None, None, (), outcome, None, request, shown))
        if outcome.hangs:
            self.hang()
        return response

    def _applies(self, outcome: Outcome, endpoint: str | None, request: HttpRequest) -> bool:
        if outcome.name.startswith("id-token-"):
            return endpoint == "token" and _form(request).get("grant_type") != "refresh_token"
        return outcome.name.startswith(f"{endpoint}-")

    def _response(self, request: HttpRequest, endpoint: str | None, outcome: Outcome) -> HttpResponse | None:
        if outcome.family == "network":
            return None
        kind = outcome.name.partition("-")[2]
        if kind in _ERRORS:
            status, error = _ERRORS[kind]
            sent = f" {request.authorization} {request.body.decode('utf-8', 'replace')}" if outcome.echoes else ""
            return HttpResponse.json({"error": error, "error_description": f"{outcome.message}{sent}"}, status)
        match outcome.name:
            case "token-html" | "user-html":
                return HttpResponse.html(_HTML)
            case "token-empty-body":
                return HttpResponse(200)
            case "user-json-array":
                return HttpResponse.json([])
            case "token-missing" | "user-without-id":
                return HttpResponse.json({})
            case "token-wrong-type":
                return HttpResponse.json({"access_token": 1, "id_token": [], "token_type": "Bearer"})
        if endpoint == "token":
            return self._token_response(request, outcome)
        if endpoint == "user":
            return HttpResponse.json(self.user(self._user_id(request)))
        raise _UnacceptableError(f"expected the path of an endpoint of this provider, found {request.path}")

    def _user_id(self, request: HttpRequest) -> str:
        token = request.bearer or ""
        if token not in self._access:
            raise _UnacceptableError(f"expected an access token of this provider, found {_length(token)}")
        return self._access[token]

    def _token_response(self, request: HttpRequest, outcome: Outcome) -> HttpResponse:
        if request.method != "POST":
            raise _UnacceptableError(f"expected a POST to the token endpoint, found {request.method}")
        form, (client_id, client_secret) = _form(request), _client(request)
        grant_type = form.get("grant_type", "authorization_code")
        if grant_type == "refresh_token":
            token = form.get("refresh_token", "")
            if token not in self._refresh:
                raise _UnacceptableError(f"expected a refresh token of this provider, found {_length(token)}")
            return HttpResponse.json(self._new_tokens(self._refresh[token]))
        if grant_type != "authorization_code":
            raise _UnacceptableError(
                f"expected the grant type authorization_code or refresh_token, found {grant_type!r}"
            )
        grant = self._redeem(form, client_id)
        tokens = self._new_tokens(grant.user_id)
        if self.has_id_token:
            tokens["id_token"] = self._id_token(grant, client_id, client_secret, outcome)
        return HttpResponse.json(tokens)

    def _redeem(self, form: Mapping[str, str], client_id: str) -> _Grant:
        code, redirect_uri, verifier = (form.get(it, "") for it in ("code", "redirect_uri", "code_verifier"))
        grant = self._grants.pop(code, None)
        if grant is None:
            raise _UnacceptableError(f"expected an unused code of this provider, found {_length(code)}")
        if grant.client_id != client_id:
            raise _UnacceptableError(
                f"expected the client id of the authorization URI, {grant.client_id!r}; found {client_id!r}"
            )
        if grant.redirect_uri is not None and grant.redirect_uri != redirect_uri:
            raise _UnacceptableError(
                f"expected the redirect_uri of the authorization URI, {grant.redirect_uri!r}; found {redirect_uri!r}"
            )
        if grant.challenge is not None and grant.challenge != _challenge(verifier):
            raise _UnacceptableError(
                f"expected the code_verifier of the authorization URI's code_challenge; found {_length(verifier)}"
            )
        return grant

    def _new_tokens(self, user_id: str) -> dict[str, Any]:
        access, refresh = self.new_secret("the access token"), self.new_secret("the refresh token")
        self._access[access] = self._refresh[refresh] = user_id
        return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": _LIFETIME}

    def _id_token(self, grant: _Grant, client_id: str, client_secret: str, outcome: Outcome) -> str:
        if outcome.name == "id-token-unreadable":
            return "unreadable"
        now = int(time.time())
        claims = {
            **self.user(grant.user_id),
            "iss": self.url,
            "aud": "another-client" if outcome.name == "id-token-wrong-audience" else client_id,
            "iat": now - 2 * _LIFETIME,
            "exp": now + (-_LIFETIME if outcome.name == "id-token-expired" else _LIFETIME),
            "jti": self.new_secret("the ID token"),
            **({} if grant.nonce is None else {"nonce": grant.nonce}),
        }
        key = "forged" if outcome.name == "id-token-forged" else client_secret
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{signed}.{_base64url(hmac.digest(key.encode(), signed.encode(), 'sha256'))}"


def _form(request: HttpRequest) -> dict[str, str]:
    try:
        return request.form
    except ValueError as error:
        raise _UnacceptableError(str(error)) from None


def _client(request: HttpRequest) -> tuple[str, str]:
    """Return a client's id and secret, from the header or from the form: RFC 6749 §2.3.1."""
    if request.basic is not None:
        return request.basic
    form = _form(request)
    return form.get("client_id", ""), form.get("client_secret", "")


def _length(secret: str) -> str:
    """Describe a value without showing it."""
    return f"a value of {len(secret)} characters" if secret else "none"


def _challenge(verifier: str) -> str:
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _part(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value).encode())


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
