"""The stub of an OAuth 2 or OpenID Connect provider.

Sources: RFC 6749 (OAuth 2), RFC 7636 (PKCE), RFC 7523 (JWTs that authenticate clients), RFC 9207 (``iss`` in the
callback), OpenID Connect Core 1.0 and Discovery 1.0.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from attrs import evolve, field, frozen

from conformance.providers.base import Aspect, Call, Consent, Outcome
from conformance.providers.http_messages import HttpRequest, HttpResponse, exchange
from conformance.providers.loopback import LoopbackProvider
from conformance.providers.oauth2 import outcomes as known
from conformance.providers.oauth2.client_assertions import assertion_error, client_of
from conformance.providers.oauth2.id_tokens import (
    LIFETIME,
    NONCE_DEFECTS,
    UNREADABLE,
    Algorithm,
    IdTokens,
    base64url,
    claims_of,
)
from conformance.providers.oauth2.user_details import with_id, with_unverified
from conformance.providers.tcp import CONNECTION_REFUSED
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit.suggestions import did_you_mean

_HTML: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
_PAGE: Final = HttpResponse.html(_HTML)
_FIXED_RESPONSES: Final[Mapping[str, HttpResponse]] = {
    **{f"{place}-html": _PAGE for place in ("token", "user", "keys", "discovery")},
    "token-empty-body": HttpResponse(200),
    "token-missing": HttpResponse.json({}),
    "token-wrong-type": HttpResponse.json({"access_token": 1, "id_token": [], "token_type": "Bearer"}),
    "user-without-id": HttpResponse.json({}),
    "user-json-array": HttpResponse.json([]),
}
_AUTHORIZATION_KEY: Final = re.compile(r"auth(oriz\w*)?_?(endpoint|ur[il]|address)", re.IGNORECASE)
_REDIRECTED: Final = "/redirected"
"""The path, before that of an endpoint, to which the outcomes ``…-redirect`` redirect."""

_CREDENTIALS: Final = ("client_secret", "client_assertion", "code", "code_verifier", "refresh_token")
"""The parameters of a token request that its URL may contain only if the provider requires GET."""

Endpoint = Literal["token", "user", "keys", "discovery"]


class _UnacceptableError(Exception):
    """The provider rejects a request; the message has what was expected and what was found."""


@frozen
class _Grant:
    """What the provider knows about an authorization code: the parameters of its authorization URI."""

    user_id: str
    redirect_uri: str | None
    nonce: str | None
    challenge: str | None = field(repr=False)
    has_plain_challenge: bool
    client_id: str | None


class OAuth2Provider(LoopbackProvider):
    """An OAuth 2 or OpenID Connect provider on the loopback interface. A subclass overrides what differs.

    A path may contain ``{key}`` for values of the config, such as ``/{tenantId}/oauth2/v2.0/token``.

    The name of an outcome begins with where it happens: at the token endpoint (``token-…``), at the user info endpoint
    (``user-…``), in the ID token (``id-token-…``), in the discovery document (``discovery-…``) or at the provider's keys
    (``keys-…``). The outcomes ``unverified`` and ``unverified-text`` mark the user's e-mail address and phone number as
    unverified, wherever the provider says so: in the ID token, at the user info endpoint and at `resource`.

    The provider accepts an authorization code once: with the client id, the ``redirect_uri`` and, after an
    authorization URI with a ``code_challenge``, the ``code_verifier`` that belong to it.
    The connector may raise any code for a failed sign-in (general, invalid_response, authorization_failed, social_…),
    unless `expected_codes` names one.

    Raises:
        TypeError: `expected_codes` names an outcome that the provider does not have.
    """

    endpoints: ClassVar[Mapping[str, str]] = {
        "authorizationEndpoint": "/authorize",
        "tokenEndpoint": "/token",
        "userInfoEndpoint": "/userinfo",
    }
    """By config key of an address: the path at the stub; empty for the address of the provider as a whole."""

    connector_arguments: ClassVar[Mapping[str, str]] = {}
    """The same by constructor argument, for a connector whose config has no address."""

    authorization_path: ClassVar[str] = "/authorize"
    """The path where users sign in, in the discovery document; or the whole address, if the connector has a fixed one."""

    token_path: ClassVar[str] = "/token"  # noqa: S105 - a path
    """The path of the token endpoint."""

    user_path: ClassVar[str | None] = "/userinfo"
    """The path of the user info endpoint; ``None`` where the ID token contains all details of the user."""

    keys_path: ClassVar[str] = "/keys"
    """The path of the JWK set, for ID tokens that are not signed with the client secret."""

    discovery_path: ClassVar[str | None] = None
    """The path of the discovery document, usually ``/.well-known/openid-configuration``; ``None`` without one."""

    client_id_key: ClassVar[str] = "clientId"
    """The config key of the client id."""

    client_secret_key: ClassVar[str] = "clientSecret"  # noqa: S105 - the name of a key
    """The config key of the client secret, or of the private key that signs in its place."""

    client_authentication: ClassVar[Literal["secret", "private_key_jwt", "signed-secret", "none"]] = "secret"
    """How the client authenticates at the token endpoint.

    ``secret``: the client secret, in the form or by HTTP Basic; ``private_key_jwt``: a ``client_assertion`` that the
    private key signs (RFC 7523); ``signed-secret``: such a JWT as the ``client_secret``, as Apple requires; ``none``:
    not at all, or in a way of its own that `request_error` verifies.
    """

    client_assertion_audience: ClassVar[str | None] = None
    """The ``aud`` of that JWT; ``None`` accepts the address of the stub or of its token endpoint."""

    parameter_names: ClassVar[Mapping[str, str]] = {}
    """By standard name: the provider's own name of a parameter, such as ``{"client_id": "appid"}``."""

    token_method: ClassVar[Literal["POST", "GET"]] = "POST"  # noqa: S105 - an HTTP method
    """The method of the token endpoint; with ``GET``, the parameters are in the query."""

    token_request_format: ClassVar[Literal["form", "json"]] = "form"  # noqa: S105 - a media type
    """The format of the token request's body; with ``json``, its members are the parameters."""

    token_format: ClassVar[Literal["json", "form"]] = "json"  # noqa: S105 - a media type
    """The format of the token endpoint's responses; with ``form``, it is JSON only if the request's Accept header has
    JSON."""

    user_token_parameter: ClassVar[str | None] = None
    """The query parameter of the access token at the user info endpoint; ``None`` means the header ``Bearer``."""

    error_status: ClassVar[int | None] = None
    """The status of every error response: 200 at some providers. ``None`` means a status for each kind of error."""

    rejected_code_status: ClassVar[int | None] = None
    """The status with which the token endpoint rejects a code, a token or a client; ``None`` means 400 or 401."""

    has_id_token: ClassVar[bool] = False
    """Whether the provider issues ID tokens, which have the nonce of the authorization URI."""

    id_token_algorithm: ClassVar[Algorithm] = "HS256"  # noqa: S105 - the name of an algorithm
    """Of the signature: ``RS256`` or ``ES256`` with a key that `keys_path` publishes, or ``HS256`` with the client secret."""

    issuer: ClassVar[str] = ""
    """The ``iss`` of ID tokens: an address, or a path at the stub. Set it if the connector compares it with a fixed value;
    a connector that gets no issuer from its config and none from the discovery document cannot compare it."""

    has_issuer_in_callback: ClassVar[bool] = False
    """Whether the callback has the parameter ``iss`` (RFC 9207), which the connector must compare."""

    is_redirect_uri_required: ClassVar[bool] = True
    """Whether the token endpoint requires the ``redirect_uri`` of the authorization URI, as RFC 6749 §4.1.3 does."""

    has_refresh_tokens: ClassVar[bool] = True
    """Whether the token endpoint issues refresh tokens."""

    is_refresh_token_rotated: ClassVar[bool] = True
    """Whether each use of a refresh token replaces it by a new one, so that the old one is not valid any more."""

    expected_codes: ClassVar[Mapping[str, Codes]] = {}
    """By name of an outcome: the one code that the connector must raise."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (known.ACCEPTED,)

    def __init_subclass__(cls, **more: object) -> None:
        """Set `outcomes`."""
        super().__init_subclass__(**more)
        possible = tuple(_outcomes(cls))
        names = [it.name for it in possible]
        for name in cls.expected_codes:
            if name not in names:
                hint = did_you_mean(name, names)
                raise TypeError(f"expected_codes of {cls.__name__} can name {', '.join(names)}; found {name!r}{hint}.")
        cls.outcomes = tuple(
            evolve(it, expect=cls.expected_codes[it.name], alternatives=frozenset())
            if it.name in cls.expected_codes
            else it
            for it in possible
        )

    def __init__(self) -> None:
        super().__init__()
        self._config: Mapping[str, Any] = {}
        self._grants: dict[str, _Grant] = {}
        self._access: dict[str, str] = {}
        self._refresh: dict[str, str] = {}
        self._id_tokens = IdTokens(self.id_token_algorithm)
        if self._has_keys:
            self._id_tokens.key_set  # noqa: B018 - makes the keys now, and not during a request
        self.says_unverified = False
        """Whether the stub has marked an address or a number as unverified: some providers never do."""

    # --- what an author overrides -----------------------------------------------------------------------------------

    def new_user(self) -> str:
        """Return the id of a new user."""
        return f"user-{uuid4().hex[:12]}"

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return the details of a user: the claims of the ID token and the response of the user info endpoint."""
        verified = {"email_verified": True} if self.has_id_token else {}
        return {"sub": user_id, "name": f"Name of {user_id}", "email": f"{user_id}@user.example", **verified}

    def id_token_claims(self, user_id: str) -> Mapping[str, Any]:
        """Return the claims of the ID token about a user, if they differ from `user`."""
        return self.user(user_id)

    def callback(self, code: str, state: str, user_id: str) -> Mapping[str, Any]:  # noqa: ARG002 - for overriding methods
        """Return the parameters of the redirect after a user has agreed."""
        return {"code": code, "state": state}

    def token_response(self, tokens: Mapping[str, Any], user_id: str) -> Mapping[str, Any]:  # noqa: ARG002 - see above
        """Return the token response with these tokens, if the provider has more members, or other names."""
        return tokens

    def error_response(self, status: int, error: str, message: str) -> HttpResponse:
        """Return an error response: by default JSON with ``error`` and ``error_description``."""
        return HttpResponse.json({"error": error, "error_description": message}, status)

    def resource(self, request: HttpRequest, user_id: str) -> Any:
        """Return the JSON at another path of the provider, such as a list of e-mail addresses; ``None`` without one.

        The request has an access token of this user.
        """
        del user_id
        raise _UnacceptableError(f"expected the path of an endpoint of this provider, found {request.path}")

    def access_token_of(self, request: HttpRequest) -> str:
        """Return the access token of a request for a user's details; see `user_token_parameter`."""
        sent = dict(parse_qsl(urlsplit(request.url).query))
        if self.user_token_parameter is not None:
            return sent.get(self.user_token_parameter, "")
        return request.bearer or sent.get("access_token", "")

    def endpoint_of(self, request: HttpRequest) -> Endpoint | None:
        """Return the endpoint that a request is for; by default, the path decides."""
        path = request.path.removeprefix(_REDIRECTED)
        named: dict[str | None, Endpoint] = {self._fill(self.token_path): "token"}
        if self.user_path is not None:
            named[self._fill(self.user_path)] = "user"
        if self._has_keys:
            named[self._fill(self.keys_path)] = "keys"
        if self.discovery_path is not None:
            named[self._fill(self.discovery_path)] = "discovery"
        return named.get(path)

    # --- what the suite calls ---------------------------------------------------------------------------------------

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config with the stub's addresses at the keys of `endpoints`."""
        self._config = config
        return {**config, **{key: self._address(path) for key, path in self.endpoints.items()}}

    def connector_options(self) -> dict[str, Any]:
        """Return the stub's addresses for the arguments of `connector_arguments`."""
        return {name: self._address(path) for name, path in self.connector_arguments.items()}

    @property
    def authorization_keys(self) -> Collection[str]:
        """The keys of `endpoints` that hold the address where users sign in."""
        return [
            key
            for key, path in self.endpoints.items()
            if path and (path == self.authorization_path or _AUTHORIZATION_KEY.search(key))
        ]

    def authorization_addresses(self, keys: Collection[str]) -> Collection[str]:
        """Return the addresses where users sign in: of these config keys, an argument and the discovery document."""
        named = [self.endpoints[key] for key in keys]
        named += [path for path in self.connector_arguments.values() if path == self.authorization_path]
        is_named = self.discovery_path is not None or "://" in self.authorization_path
        named += [self.authorization_path] if is_named else []
        return [self._address(path) for path in named]

    def authorize(self, uri: str) -> Consent:
        """Sign a new user in; the callback has a code and the ``state``, and the redirect URI that Logto's page adds."""
        parameters = self._standard(dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True)))
        code, user_id = self.new_secret("the authorization code"), self.new_user()
        redirect_uri = parameters.get("redirect_uri")
        self._grants[code] = _Grant(
            user_id,
            redirect_uri if self.is_redirect_uri_required else None,
            parameters.get("nonce"),
            parameters.get("code_challenge"),
            parameters.get("code_challenge_method") == "plain",
            parameters.get("client_id"),
        )
        sent = self.callback(code, parameters.get("state", ""), user_id)
        issuer = {"iss": self.issuer_address} if self.has_issuer_in_callback else {}
        added = {} if redirect_uri is None else {"redirectUri": redirect_uri}
        return Consent({**added, **sent, **issuer}, user_id)

    def deny(self, uri: str) -> Mapping[str, Any]:
        """Return the callback after a user has declined: RFC 6749 §4.1.2.1."""
        parameters = self._standard(dict(parse_qsl(urlsplit(uri).query)))
        return {
            "error": "access_denied",
            "error_description": "The user declined.",
            "error_uri": f"{self.url}/errors/access_denied",
            "state": parameters.get("state", ""),
        }

    def rotate_keys(self) -> bool:
        """Replace the keys that sign ID tokens, as providers do from time to time; return whether there are any."""
        self._id_tokens = IdTokens(self.id_token_algorithm, self._id_tokens.rotation + 1)
        self._id_tokens.key_set  # noqa: B018 - makes the keys now, and not during a request
        return self._has_keys

    @property
    def issuer_address(self) -> str:
        """The ``iss`` of ID tokens."""
        return self._address(self.issuer)

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Report a request that the provider rejected, or a token request without the config's client id and secret."""
        if aspect == "format" and call.outcome.name == known.UNACCEPTABLE:
            return call.outcome.message
        if aspect != "credentials" or self.endpoint_of(call.raw) != "token" or self.client_authentication == "none":
            return None
        client_id, client_secret = self._client(call.raw)
        if client_id != config[self.client_id_key]:
            expected = f"the config's {self.client_id_key} {config[self.client_id_key]!r}"
            return f"expected {expected} at the token endpoint, found {client_id!r}"
        expected = f"the config's {self.client_secret_key}"
        if self.client_authentication != "secret":
            audiences = self.client_assertion_audience or (self.url, self._address(self.token_path))
            error = assertion_error(client_secret, str(config[self.client_secret_key]), client_id, audiences)
            return error and f"expected a JWT that {expected} signs at the token endpoint, {error}"
        if client_secret != config[self.client_secret_key]:
            return f"expected {expected} at the token endpoint, found {_length(client_secret)}"
        return None

    def url_error(self, request: HttpRequest) -> str | None:
        """Report a secret in the URL of a request, although the provider accepts it elsewhere; ``None`` if there is none."""
        names = set(self._standard(dict(parse_qsl(urlsplit(request.url).query))))
        if self.endpoint_of(request) == "token":
            found = sorted(names & set(_CREDENTIALS)) if request.method == "POST" else []
            remedy = "token_method = 'GET'"
        else:
            found = sorted(names & {"access_token"} - {self.user_token_parameter})
            remedy = "user_token_parameter"
        error = f"expected no {', '.join(found)} in the URL of a request, found it there"
        return f"{error} (if the provider accepts it nowhere else, the stub must set {remedy})" if found else None

    # --- the server -------------------------------------------------------------------------------------------------

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Record a request and return the response of the current outcome, if it applies to this endpoint."""
        endpoint = self.endpoint_of(request)
        outcome = known.ACCEPTED
        try:
            if self._applies(self.current, endpoint, request):
                outcome = self.current
            response = self._response(request, endpoint, outcome)
        except (_UnacceptableError, ValueError) as error:
            outcome = Outcome(known.UNACCEPTABLE, "rejection", Codes.GENERAL, str(error))
            response = self._error(request, endpoint, 400, "invalid_request", str(error))
        shown = exchange(request, response or ("[no response]" if outcome.hangs else "[the connection was closed]"))
        self.calls.append(Call((), None, None, None, None, (), outcome, None, request, shown))
        if outcome.hangs:
            self.hang()
        return response

    @property
    def _has_keys(self) -> bool:
        return _publishes_keys(type(self))

    def _fill(self, path: str) -> str:
        return path.format_map(self._config) if "{" in path else path

    def _address(self, path: str) -> str:
        return self._fill(path) if "://" in path else f"{self.url}{self._fill(path)}"

    def _standard(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return parameters by their standard names."""
        standard = {own: name for name, own in self.parameter_names.items()}
        return {standard.get(name, name): value for name, value in parameters.items()}

    def _applies(self, outcome: Outcome, endpoint: Endpoint | None, request: HttpRequest) -> bool:
        if request.path.startswith(_REDIRECTED):
            return False
        place = outcome.name.removeprefix("id-").partition("-")[0]
        if place == "unverified":
            return endpoint in {"token", "user", None}
        if outcome.name.startswith("id-token-"):
            grant = self._grants.get(self._token_fields(request).get("code", "")) if endpoint == "token" else None
            needs_nonce = _defect(outcome) in NONCE_DEFECTS
            return grant is not None and (grant.nonce is not None or not needs_nonce)
        return place == endpoint

    def _response(self, request: HttpRequest, endpoint: Endpoint | None, outcome: Outcome) -> HttpResponse | None:
        if outcome.family == "network":
            return None
        if outcome.name in _FIXED_RESPONSES:
            return _FIXED_RESPONSES[outcome.name]
        kind = outcome.name.partition("-")[2]
        if kind in known.ERRORS:
            status, error = known.ERRORS[kind]
            sent = f" {request.authorization} {request.body.decode('utf-8', 'replace')}" if outcome.echoes else ""
            return self._error(request, endpoint, status, error, f"{outcome.message}{sent}")
        if kind == "redirect":
            return HttpResponse(307, b"", {"Location": f"{self.url}{_REDIRECTED}{request.target}"})
        match endpoint:
            case "token":
                return self._token_response(request, outcome)
            case "keys":
                return HttpResponse.json(self._id_tokens.key_set)
            case "discovery":
                return HttpResponse.json(self._discovery_document())
        return HttpResponse.json(self._details(request, endpoint, outcome))

    def _error(
        self, request: HttpRequest, endpoint: Endpoint | None, status: int, error: str, message: str
    ) -> HttpResponse:
        if endpoint == "token" and status in {400, 401}:
            status = self.rejected_code_status or status
        response = self.error_response(self.error_status or status, error, message)
        if endpoint == "token" and self._responds_with_form(request):
            return _form(json.loads(response.body), response.status)
        return response

    def _responds_with_form(self, request: HttpRequest) -> bool:
        is_form = self.token_format == "form"  # noqa: S105 - a media type
        return is_form and "json" not in request.headers.get("Accept", "")

    def _discovery_document(self) -> Mapping[str, Any]:
        user_info = {} if self.user_path is None else {"userinfo_endpoint": self._address(self.user_path)}
        return {
            "issuer": self.issuer_address,
            "authorization_endpoint": self._address(self.authorization_path),
            "token_endpoint": self._address(self.token_path),
            **user_info,
            "jwks_uri": self._address(self.keys_path),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.id_token_algorithm],
            "code_challenge_methods_supported": ["S256"],
        }

    def _details(self, request: HttpRequest, endpoint: Endpoint | None, outcome: Outcome) -> Any:
        user_id = self._user_id(request)
        if endpoint is None:
            return self._marked(self.resource(request, user_id), outcome)
        match outcome.name:
            case "user-other-subject":
                return self.user(self.new_user())
            case "user-null-id":
                details = self.user(user_id)
                changed = with_id(details, user_id, None)
                return {} if changed == details else changed
        return self._marked(self.user(user_id), outcome)

    def _marked(self, details: Any, outcome: Outcome) -> Any:
        """Return details of a user as the outcome requires: verified or not."""
        if not outcome.name.startswith("unverified"):
            return details
        marked = with_unverified(details, "false" if outcome.name == "unverified-text" else False)
        self.says_unverified = self.says_unverified or with_unverified(details, None) != details
        return marked

    def _user_id(self, request: HttpRequest) -> str:
        token = self.access_token_of(request)
        if token not in self._access:
            raise _UnacceptableError(f"expected an access token of this provider, found {_length(token)}")
        return self._access[token]

    def _token_fields(self, request: HttpRequest) -> dict[str, str]:
        fields: Mapping[str, str] = {}
        if self.token_method == "POST":  # noqa: S105 - an HTTP method
            fields = _json_fields(request) if self.token_request_format == "json" else request.form  # noqa: S105 - a media type
        return self._standard({**request.query, **fields})

    def _client(self, request: HttpRequest) -> tuple[str, str]:
        """Return a client's id, and its secret or its JWT: RFC 6749 §2.3.1, RFC 7523 §2.2."""
        if request.basic is not None:
            return request.basic
        fields = self._token_fields(request)
        if self.client_authentication == "private_key_jwt":
            assertion = fields.get("client_assertion", "")
            return fields.get("client_id") or client_of(assertion), assertion
        return fields.get("client_id", ""), fields.get("client_secret", "")

    def _token_response(self, request: HttpRequest, outcome: Outcome) -> HttpResponse:
        if request.method != self.token_method:
            raise _UnacceptableError(f"expected a {self.token_method} to the token endpoint, found {request.method}")
        fields, (client_id, client_secret) = self._token_fields(request), self._client(request)
        grant_type = fields.get("grant_type", "authorization_code")
        if grant_type == "refresh_token":
            token = fields.get("refresh_token", "")
            if token not in self._refresh:
                raise _UnacceptableError(f"expected a refresh token of this provider, found {_length(token)}")
            user_id, tokens = self._refresh[token], self._new_tokens(self._refresh[token])
            if self.is_refresh_token_rotated:
                del self._refresh[token]
            else:
                tokens.pop("refresh_token", None)
            return self._encoded_tokens(request, tokens, user_id, outcome)
        if grant_type != "authorization_code":
            raise _UnacceptableError(
                f"expected the grant type authorization_code or refresh_token, found {grant_type!r}"
            )
        grant = self._redeem(fields, client_id)
        tokens = self._new_tokens(grant.user_id)
        if self.has_id_token:
            tokens["id_token"] = self._id_token(grant, client_id, client_secret, outcome)
        return self._encoded_tokens(request, tokens, grant.user_id, outcome)

    def _encoded_tokens(
        self, request: HttpRequest, tokens: Mapping[str, Any], user_id: str, outcome: Outcome
    ) -> HttpResponse:
        body = self._marked(self.token_response(tokens, user_id), outcome)
        return _form(body) if self._responds_with_form(request) else HttpResponse.json(body)

    def _redeem(self, fields: Mapping[str, str], client_id: str) -> _Grant:
        code, redirect_uri, verifier = (fields.get(it, "") for it in ("code", "redirect_uri", "code_verifier"))
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
        expected = verifier if grant.has_plain_challenge else _challenge(verifier)
        if grant.challenge is not None and grant.challenge != expected:
            raise _UnacceptableError(
                f"expected the code_verifier of the authorization URI's code_challenge; found {_length(verifier)}"
            )
        return grant

    def _new_tokens(self, user_id: str) -> dict[str, Any]:
        access = self.new_secret("the access token")
        self._access[access] = user_id
        tokens: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": LIFETIME}
        if self.has_refresh_tokens:
            tokens["refresh_token"] = self.new_secret("the refresh token")
            self._refresh[tokens["refresh_token"]] = user_id
        return tokens

    def _id_token(self, grant: _Grant, client_id: str, client_secret: str, outcome: Outcome) -> str:
        defect = _defect(outcome)
        if defect == UNREADABLE:
            return UNREADABLE
        user_id = self.new_user() if outcome.name.endswith(known.OF_ANOTHER) else grant.user_id
        user = self._marked(self.id_token_claims(user_id), outcome)
        claims = claims_of({"jti": uuid4().hex, **user}, self.issuer_address, client_id, grant.nonce, defect)
        return self._id_tokens.issue(claims, client_secret, self.new_secret("the ID token"), defect)


def _publishes_keys(provider: type[OAuth2Provider]) -> bool:
    return provider.has_id_token and provider.id_token_algorithm != "HS256"  # noqa: S105 - the name of an algorithm


def _outcomes(provider: type[OAuth2Provider]) -> Iterator[Outcome]:
    has_keys = _publishes_keys(provider)
    yield from (known.ACCEPTED, *known.TOKEN_ENDPOINT, Outcome(CONNECTION_REFUSED, "network", Codes.GENERAL))
    yield from known.USER_INFO if provider.user_path is not None else ()
    yield from known.OTHER_SUBJECT if provider.user_path is not None and provider.has_id_token else ()
    if provider.has_id_token:
        has_issuer = bool(provider.issuer or provider.discovery_path) or any(
            "issuer" in it.lower() for it in provider.endpoints
        )
        yield from known.id_token_outcomes(has_keys=has_keys, has_issuer=has_issuer)
    yield from known.KEYS if has_keys else ()
    yield from known.DISCOVERY if provider.discovery_path is not None else ()
    yield from known.UNVERIFIED


def _defect(outcome: Outcome) -> str:
    """Return what is wrong with an ID token, or nothing."""
    is_about = outcome.name.startswith("id-token-")
    return outcome.name.removeprefix("id-token-").removesuffix(known.OF_ANOTHER) if is_about else ""


def _form(fields: Mapping[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(status, urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"})


def _length(secret: str) -> str:
    """Describe a value without showing it."""
    return f"a value of {len(secret)} characters" if secret else "none"


def _json_fields(request: HttpRequest) -> dict[str, str]:
    if request.content_type != "application/json":
        raise _UnacceptableError(f"expected JSON in the token request, found the content type {request.content_type!r}")
    body = request.json
    if not isinstance(body, dict):
        raise _UnacceptableError(f"expected a JSON object in the token request, found {type(body).__name__}")
    return {name: value for name, value in body.items() if isinstance(value, str)}


def _challenge(verifier: str) -> str:
    return base64url(hashlib.sha256(verifier.encode()).digest())
