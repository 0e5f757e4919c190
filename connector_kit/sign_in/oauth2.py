"""Base class of connectors for OAuth 2 providers: it owns the sequence of a sign-in.

Sources: RFC 6749 (OAuth 2), RFC 6750 (bearer tokens), RFC 7636 (PKCE).
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import urlencode

from attrs import frozen

from connector_kit.connector import SocialConnector
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.http_api import ErrorTable, HttpApi
from connector_kit.metadata import ConnectorPlatform
from connector_kit.redaction import redact
from connector_kit.settings import setting
from connector_kit.sign_in.client_authentication import ClientAuthentication
from connector_kit.social import (
    AuthorizationRequest,
    ConnectorSession,
    GetSession,
    SetSession,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
)
from connector_kit.social_guards import token_response_guard
from connector_kit.templates import get_value

_Codes = ConnectorErrorCodes

_ERRORS: Final[ErrorTable] = {
    **dict.fromkeys(range(400, 600), _Codes.GENERAL),
    429: _Codes.RATE_LIMIT_EXCEEDED,
    "access_denied": _Codes.AUTHORIZATION_FAILED,
    "invalid_grant": _Codes.SOCIAL_AUTH_CODE_INVALID,
    "invalid_token": _Codes.SOCIAL_ACCESS_TOKEN_INVALID,
}
"""RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1; a connector's own table counts more."""

_VERIFIER: Final = "codeVerifier"
_LONGEST_TEXT: Final = 500
"""Characters of a text in a callback that an error shows."""


@frozen
class OAuth2Config:
    """The config of a client: what nearly every provider requires. A connector's config class extends it."""

    client_id: str = setting("Client ID", placeholder="<client-id>", examples=["client-1"])
    client_secret: str = setting(
        "Client Secret", placeholder="<client-secret>", secret=True, examples=["secret_0123456789abcdef"]
    )
    scope: str | None = setting(
        "Scope",
        default=None,
        description="What the application may read, separated by spaces.",
        placeholder="Enter the scopes (separated by a space)",
        multiline=True,
    )


O = TypeVar("O", bound=OAuth2Config)  # noqa: E741 - the config of an OAuth 2 client
"""The class of a connector's config."""


@frozen
class OAuth2Endpoints:
    """The addresses of a provider.

    Args:
        authorization_endpoint: where users sign in.
        token_endpoint: where the code is exchanged.
        user_info_endpoint: where the details of a user are; ``None`` if there is no such address.
    """

    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str | None = None


@frozen
class UserFields:
    """Where a provider's response has the details of a user: paths such as ``name`` or ``data.0.email``.

    A path of ``None`` is a detail that the provider does not have. An address is returned only if the value at the path
    of its mark is ``true``, or the text ``"true"``; without a path for the mark, it is returned as it is.
    """

    id: str = "sub"
    name: str | None = "name"
    avatar: str | None = "picture"
    email: str | None = "email"
    email_verified: str | None = "email_verified"
    phone: str | None = "phone_number"
    phone_verified: str | None = "phone_number_verified"


class OAuth2Connector(SocialConnector[O]):
    """Base class of connectors for OAuth 2 providers.

    A sign-in has three steps:

    1. The authorization URI has the state, the redirect URI, the scope and a code challenge; the session has the verifier.
    2. The code of the callback is exchanged for tokens, with the client's credentials.
    3. The user info endpoint returns the details of the user.

    A subclass declares ``endpoints``, ``scope``, ``user_fields`` and ``errors``, and overrides a method where its provider
    differs. Logto compares the state itself, and does not pass it on.

    Each failure is a `ConnectorError`, without secrets: ``authorization_failed`` if the user declined,
    ``social_auth_code_invalid`` if the code is not valid any more, ``social_invalid_access_token`` if the access token is
    not, ``rate_limit_exceeded`` for HTTP 429, ``invalid_response`` for a response of another form, and otherwise ``general``.
    """

    endpoints: ClassVar[OAuth2Endpoints]
    """Of the provider; a connector whose config has them overrides `endpoints_of`."""

    scope: ClassVar[str] = ""
    """What the connector requests if neither Logto nor the config names a scope."""

    user_fields: ClassVar[UserFields] = UserFields()
    """Where the details of a user are."""

    errors: ClassVar[ErrorTable] = {}
    """The connector's codes by HTTP status or by the provider's error code, where they differ from those above."""

    error_message: ClassVar[str] = "error_description"
    """The path of the message in an error response of the user info endpoint; at the token endpoint, RFC 6749 decides."""

    has_pkce: ClassVar[bool] = True
    """Whether the authorization URI has a code challenge: providers that do not know it ignore it (RFC 6749 §3.1)."""

    authentication: ClassVar[ClientAuthentication] = ClientAuthentication()
    """How the client authenticates at the token endpoint."""

    token_api: ClassVar[HttpApi]
    user_api: ClassVar[HttpApi]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the clients of the provider's endpoints, which are named after the metadata."""
        super().__init_subclass__(**kwargs)
        if "metadata" in cls.__dict__:
            cls.token_api = cls._api("error_description")
            cls.user_api = cls._api(cls.error_message)

    @classmethod
    def _api(cls, message: str) -> HttpApi:
        # A code is exchanged once, and a user waits: nothing is repeated. Logto's own connectors wait for 5 seconds.
        return HttpApi(
            cls.metadata.name["en"],
            errors={**_ERRORS, **cls.errors},
            message=message,
            code="error",
            retry_pauses=(),
            response_limit=5.0,
        )

    # --- what a subclass may override -------------------------------------------------------------------------------

    def endpoints_of(self, config: O) -> OAuth2Endpoints:  # noqa: ARG002 - for subclasses
        """Return the addresses of the provider, for a connector whose config has them."""
        return self.endpoints

    def authentication_of(self, config: O) -> ClientAuthentication:  # noqa: ARG002 - for subclasses
        """Return how the client authenticates, for a connector whose config decides."""
        return self.authentication

    def authorization_parameters(self, config: O, request: AuthorizationRequest) -> Mapping[str, str]:  # noqa: ARG002 - for subclasses
        """Return more parameters of the authorization URI, such as ``prompt``; they may replace the scope."""
        return {}

    def token_parameters(self, config: O) -> Mapping[str, str]:  # noqa: ARG002 - for subclasses
        """Return more fields of each token request; they do not replace those of the kit."""
        return {}

    def request_user(self, config: O, access_token: str) -> Any:
        """Request the details of the user, and return the provider's JSON: Logto keeps it as the raw data."""
        address = self.endpoints_of(config).user_info_endpoint
        if address is None:
            raise NotImplementedError(f"{type(self).__name__} has no user info endpoint: override request_user")
        return self.get_json(address, access_token)

    def read_user(self, config: O, details: Any) -> SocialUserInfo:  # noqa: ARG002 - for subclasses
        """Return the user that the provider describes.

        Args:
            config: of the connector.
            details: what `request_user` has returned.

        Raises:
            ConnectorError: ``invalid_response`` if the user has no id.
        """
        fields = self.user_fields
        found = details if isinstance(details, Mapping) else {}
        user_id = get_value(found, fields.id)
        if isinstance(user_id, bool) or not isinstance(user_id, str | int) or user_id == "":
            raise ConnectorError(_Codes.INVALID_RESPONSE, f"{self._provider} sent a user without an id.")
        return SocialUserInfo(
            id=str(user_id),
            email=_verified(found, fields.email, fields.email_verified),
            phone=_verified(found, fields.phone, fields.phone_verified),
            name=_text(found, fields.name),
            avatar=_text(found, fields.avatar),
            raw_data=details,
        )

    # --- what a subclass may call -----------------------------------------------------------------------------------

    def get_json(self, address: str, access_token: str) -> Any:
        """Send a GET request with an access token to an address of the provider, and return its JSON.

        Raises:
            ConnectorError: see `HttpApi.call`; also for an error in a response with status 200.
        """
        body = self.user_api.get(address, bearer=access_token).body
        self._expect_no_error(body, self.error_message, [access_token])
        return body

    # --- the sequence -----------------------------------------------------------------------------------------------

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Return the URL at which the user signs in, and save what the callback needs."""
        config = self.read_config()
        endpoint = self.endpoints_of(config).authorization_endpoint
        is_app = self.metadata.platform is ConnectorPlatform.NATIVE  # may have a scheme of its own
        if not is_app and not endpoint.lower().startswith(("https://", "http://")):
            raise ConnectorError(
                _Codes.INVALID_CONFIG,
                f"The authorization endpoint must be a URL that starts with https:// or http://; found {endpoint[:100]!r}.",
            )
        session = self._new_session(request)
        set_session(session)
        verifier = session.extra.get(_VERIFIER)
        challenge = {"code_challenge": _challenge(str(verifier)), "code_challenge_method": "S256"} if verifier else {}
        scope = self._scope(config, request)
        query = {
            "response_type": "code",
            **({"scope": scope} if scope else {}),
            **self.authorization_parameters(config, request),
            "client_id": config.client_id,
            "redirect_uri": request.redirect_uri,
            "state": request.state,
            **({} if session.nonce is None else {"nonce": session.nonce}),
            **challenge,
        }
        separator = "&" if "?" in endpoint else "?"
        return f"{endpoint}{separator}{urlencode(query, errors='replace')}"

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Exchange the code of the callback for a token, and return the user to whom it belongs."""
        return self.get_token_response_and_user_info(data, get_session).user_info

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Exchange the code of the callback for tokens, and return them with the user to whom they belong."""
        config = self.read_config()
        code = self._code(config, data)
        session = get_session()
        if not session.redirect_uri:
            raise ConnectorError(
                _Codes.GENERAL, "The session has no redirect URI: it may have expired. Start the sign-in again."
            )
        verifier = str(session.extra.get(_VERIFIER) or "")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": session.redirect_uri,
            **({"code_verifier": verifier} if verifier else {}),
        }
        tokens = self._request_tokens(config, form, [code, verifier])
        details = self._details(config, tokens, session)
        return TokenResponseAndUserInfo(user_info=self.read_user(config, details), token_response=tokens)

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Return new tokens for a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        tokens = self._request_tokens(self.read_config(), form, [refresh_token])
        self._access_token(tokens)
        return tokens

    @property
    def _provider(self) -> str:
        return self.metadata.name["en"]

    def _new_session(self, request: AuthorizationRequest) -> ConnectorSession:
        extra = {_VERIFIER: secrets.token_urlsafe(32)} if self.has_pkce else {}
        return ConnectorSession(redirect_uri=request.redirect_uri, extra=extra)

    def _scope(self, config: O, request: AuthorizationRequest) -> str:
        return request.scope or config.scope or self.scope

    def _details(self, config: O, tokens: TokenResponse, session: ConnectorSession) -> Any:  # noqa: ARG002 - for OpenID Connect
        return self.request_user(config, self._access_token(tokens))

    def _access_token(self, tokens: TokenResponse) -> str:
        if not tokens.access_token:
            raise ConnectorError(_Codes.INVALID_RESPONSE, f"{self._provider} sent no access token.")
        return tokens.access_token

    def _code(self, config: O, callback: object) -> str:  # noqa: ARG002 - for OpenID Connect
        """Return the authorization code in the parameters of the callback.

        Raises:
            ConnectorError: ``authorization_failed`` if the user declined; otherwise ``general`` without a code.
        """
        parameters = callback if isinstance(callback, Mapping) else {}
        code, error, description = (parameters.get(it) for it in ("code", "error", "error_description"))
        if isinstance(code, str) and code:
            return code
        if not isinstance(error, str) or not error:
            raise ConnectorError(_Codes.GENERAL, "The callback has no authorization code.")
        reason = description if isinstance(description, str) and description else error
        raise ConnectorError(
            {**_ERRORS, **self.errors}.get(error, _Codes.GENERAL),
            {
                "message": f"{self._provider} did not sign the user in: {reason[:_LONGEST_TEXT]}",
                "code": error[:_LONGEST_TEXT],
            },
        )

    def _request_tokens(self, config: O, form: Mapping[str, str], hidden: list[str]) -> TokenResponse:
        address = self.endpoints_of(config).token_endpoint
        credentials = self.authentication_of(config).credentials(config.client_id, config.client_secret, address)
        hidden = [*hidden, config.client_secret, *(credentials.basic or ()), *credentials.form.values()]
        hidden = [it for it in hidden if it != config.client_id]
        body = self.token_api.call(
            "POST",
            address,
            form={**self.token_parameters(config), **form, **credentials.form},
            basic=credentials.basic,
            secrets=hidden,
        ).body
        self._expect_no_error(body, "error_description", hidden)
        return token_response_guard.validate(body)

    def _expect_no_error(self, body: Any, message: str, hidden: list[str]) -> None:
        """Raise the error that a response with status 200 has in its body, as some providers send it."""
        if not isinstance(body, Mapping) or not body.get("error"):
            return
        error, reason = body["error"], get_value(body, message)
        shown = next((it for it in (reason, error) if isinstance(it, str)), "no reason is given")
        code = {**_ERRORS, **self.errors}.get(error, _Codes.GENERAL) if isinstance(error, str) else _Codes.GENERAL
        data = {"message": shown, **({"code": error} if isinstance(error, str) else {})}
        raise ConnectorError(code, {name: redact(it, hidden) for name, it in data.items()})


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _text(details: Mapping[str, Any], path: str | None) -> str | None:
    """Return the text at a path, if there is one that is not empty."""
    found = None if path is None else get_value(details, path)
    return found if isinstance(found, str) and found else None


def _verified(details: Mapping[str, Any], path: str | None, mark: str | None) -> str | None:
    """Return the address at a path, if it is verified."""
    is_verified = mark is None or get_value(details, mark) in (True, "true")
    return _text(details, path) if is_verified else None
