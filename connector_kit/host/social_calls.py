"""Calls of a social connector. The session's values come with the request, and those that the connector stores go back."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from connector_kit.connector import SocialConnector
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.guards import Guard, validate_config
from connector_kit.host.hosted_connector import HostedConnector, Outcome, call_outcome, split_config
from connector_kit.host.request_body import (
    AccessTokenRequest,
    AuthorizationUriRequest,
    SamlAssertionRequest,
    UserInfoRequest,
    host_access_token_request_guard,
    host_authorization_uri_request_guard,
    host_saml_assertion_request_guard,
    host_user_info_request_guard,
)
from connector_kit.redaction import REDACTED, Redactor, payload_secrets
from connector_kit.social import ConnectorSession, SocialUserInfo, TokenResponse, TokenResponseAndUserInfo
from connector_kit.social_guards import connector_session_guard, social_user_info_guard, token_response_guard
from connector_kit.wire import converter, to_json

R = TypeVar("R")
"""The body of a request, without its config."""

NO_SESSION: Final = "no_session"
"""The host's error code of a connector that reads a session which the request does not have."""

SocialCall = Callable[[HostedConnector, object], Outcome]


def get_authorization_uri(hosted: HostedConnector, body: object) -> Outcome:
    """Return the address at which the user signs in, and the sessions that the connector stored."""

    def call(connector: SocialConnector[Any], request: AuthorizationUriRequest, session: "_Session") -> object:
        uri = connector.get_authorization_uri(request.request, session.store)
        return {"redirectTo": _text(uri), "sessions": session.stored}

    # The host knows every secret of this call: the provider has not sent any yet.
    return _call(hosted, body, host_authorization_uri_request_guard, call, _redacted_error)


def get_user_info(hosted: HostedConnector, body: object) -> Outcome:
    """Return the user whom the callback's data identifies."""

    def call(connector: SocialConnector[Any], request: UserInfoRequest, session: "_Session") -> object:
        return {"userInfo": _user(connector.get_user_info(request.data, session.read))}

    return _call(hosted, body, host_user_info_request_guard, call, _error_without_text)


def get_token_response_and_user_info(hosted: HostedConnector, body: object) -> Outcome:
    """Return the user whom the callback's data identifies, and the provider's tokens if there are any."""

    def call(connector: SocialConnector[Any], request: UserInfoRequest, session: "_Session") -> object:
        found = connector.get_token_response_and_user_info(request.data, session.read)
        _check_type(found, TokenResponseAndUserInfo)
        tokens = {} if found.token_response is None else {"tokenResponse": _tokens(found.token_response)}
        return {"userInfo": _user(found.user_info), **tokens}

    return _call(hosted, body, host_user_info_request_guard, call, _error_without_text)


def get_access_token_by_refresh_token(hosted: HostedConnector, body: object) -> Outcome:
    """Return new tokens."""

    def call(connector: SocialConnector[Any], request: AccessTokenRequest, _: "_Session") -> object:
        return {"tokenResponse": _tokens(connector.get_access_token_by_refresh_token(request.refresh_token))}

    return _call(hosted, body, host_access_token_request_guard, call, _error_without_text)


def validate_saml_assertion(hosted: HostedConnector, body: object) -> Outcome:
    """Return the address to which Logto redirects the user, and the sessions that the connector stored."""

    def call(connector: SocialConnector[Any], request: SamlAssertionRequest, session: "_Session") -> object:
        uri = connector.validate_saml_assertion(request.assertion, session.read, session.store)
        return {"redirectTo": _text(uri), "sessions": session.stored}

    return _call(hosted, body, host_saml_assertion_request_guard, call, _error_without_text)


SOCIAL_CALLS: Final[Mapping[str, SocialCall]] = {
    "authorization-uri": get_authorization_uri,
    "user-info": get_user_info,
    "token-response-and-user-info": get_token_response_and_user_info,
    "access-token-by-refresh-token": get_access_token_by_refresh_token,
    "validate-saml-assertion": validate_saml_assertion,
}
"""The calls, each with the last part of its route."""


class _Session:
    """The session of one call, as the connector sees it.

    Args:
        present: what Logto stores for this sign-in; ``None`` if it has nothing.
    """

    def __init__(self, present: ConnectorSession | None) -> None:
        self._present = present
        self.stored: list[dict[str, Any]] = []
        self.error: ConnectorError | None = None

    def read(self) -> ConnectorSession:
        """Return the stored values; those that this call has stored replace them, one by one, as in Logto.

        Raises:
            ConnectorError: there are none.
        """
        if self._present is None and not self.stored:
            self.error = ConnectorError(ConnectorErrorCodes.GENERAL, "The request has no session.")
            raise self.error
        values = {} if self._present is None else to_json(self._present)
        for stored in self.stored:
            values |= stored
        return converter.structure(values, ConnectorSession)

    def store(self, session: ConnectorSession) -> None:
        """Store values.

        Raises:
            TypeError: it is not a session of JSON values.
        """
        _check_type(session, ConnectorSession)
        self.stored.append(_checked(to_json(session), connector_session_guard))


def _call(
    hosted: HostedConnector,
    body: object,
    guard: Guard[R],
    call: Callable[[SocialConnector[Any], R, _Session], object],
    safe_error: Callable[[ConnectorError, _Session], ConnectorError],
) -> Outcome:
    """Validate a request and its config, and call the connector.

    Args:
        hosted: the connector.
        body: the body of the request.
        guard: validates the body, without the config.
        call: calls the connector, and returns the members of the response.
        safe_error: removes from an error of the connector what must not be logged.
    """
    config, rest = split_config(body)
    try:
        request = guard.validate(rest)
        hosted.use_config(config)
        # These errors list issues without values. Whatever the connector raises may have values of the provider.
        validate_config(hosted.config(), hosted.connector.config_guard)
    except ConnectorError as error:
        return Outcome(error=error)
    session = _Session(getattr(request, "session", None))

    def run() -> object:
        try:
            return call(hosted.instance, request, session)
        except ConnectorError as error:
            raise error if error is session.error else safe_error(error, session) from error.__cause__

    outcome = call_outcome(run)
    return Outcome(host_code=NO_SESSION) if outcome.error is not None and outcome.error is session.error else outcome


# --- errors ---

_PROTOCOL_WORDS: Final = frozenset(
    (
        *("access_denied", "account_selection_required", "consent_required", "insufficient_scope"),
        *("interaction_required", "invalid_client", "invalid_grant", "invalid_request", "invalid_scope"),
        *("invalid_token", "login_required", "server_error", "temporarily_unavailable", "unauthorized_client"),
        *("unsupported_grant_type", "unsupported_response_type"),
        # of GitHub
        *("bad_refresh_token", "bad_verification_code", "incorrect_client_credentials", "redirect_uri_mismatch"),
        *("alg", "aud", "azp", "exp", "expired", "iat", "iss", "kid", "nonce", "signature", "timeout"),
    )
)
"""The error codes of OAuth 2 and OpenID Connect, the names of claims, and what else tells why a sign-in failed.

Sources: RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6, GitHub's "Troubleshooting OAuth app access
token request errors".
"""

_KNOWN: Final = re.compile(r"\b(?:HTTP [1-5][0-9]{2}|[A-Za-z_]+)\b")


def _error_without_text(error: ConnectorError, _: _Session) -> ConnectorError:
    """Return an error with the same code, and of its text only what cannot be a secret: HTTP statuses and known words.

    The provider sends tokens and personal data in these calls, and the host does not know them.
    """
    if error.data is None:
        return error
    status = error.data.get("status") if isinstance(error.data, Mapping) else None
    text = f"HTTP {status} {error.data}"
    words = dict.fromkeys(it for it in _KNOWN.findall(text) if it in _PROTOCOL_WORDS or it.startswith("HTTP "))
    return ConnectorError(error.code, f"{REDACTED} {', '.join(words)}".rstrip())


def _redacted_error(error: ConnectorError, session: _Session) -> ConnectorError:
    """Return an error without the values that the connector stored in the session, such as a PKCE verifier."""
    redact = Redactor(text for stored in session.stored for text in payload_secrets(stored))
    data = error.data if isinstance(error.data, Mapping) else {} if error.data is None else {"data": error.data}
    return ConnectorError(error.code, {name: redact(str(it)) for name, it in data.items() if it is not None})


# --- results ---


def _check_type(value: object, expected: type) -> None:
    if not isinstance(value, expected):
        raise TypeError(f"expected a {expected.__name__}, found {type(value).__name__}")


def _text(value: object) -> str:
    _check_type(value, str)
    return str(value)


def _user(value: object) -> Any:
    _check_type(value, SocialUserInfo)
    return _checked(to_json(value), social_user_info_guard)


def _tokens(value: object) -> Any:
    _check_type(value, TokenResponse)
    return _checked(to_json(value), token_response_guard)


def _checked(value: object, guard: Guard[Any]) -> Any:
    """Return a copy of a result as JSON.

    Raises:
        TypeError: it is not JSON, or not valid.
    """
    try:
        copy = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise TypeError("expected a JSON value") from None
    if not guard.is_valid(copy):
        raise TypeError("expected a value that the guard accepts")
    return copy
