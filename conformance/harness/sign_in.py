"""A sign-in through a social connector, as Logto and the user's browser do it."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.harness.attempt import Attempt
from conformance.harness.harness import Harness
from conformance.harness.strategies import letters
from conformance.providers.base import Consent
from conformance.verdicts import CheckFailure, NotApplicable
from connector_kit import (
    AuthorizationRequest,
    ConnectorSession,
    SocialConnector,
    SocialUserInfo,
    TokenResponseAndUserInfo,
    connector_session_guard,
    to_json,
)

Method = Literal["get_user_info", "get_token_response_and_user_info"]
"""The methods that Logto calls when a user returns from the provider."""

url_texts: Final[SearchStrategy[str]] = st.text("aZ9-._~ +&=#%?/:@!$'()*,;[]\"\\<>{}|^`éß漢😀", max_size=12)
"""Text with every character that has a meaning in URLs, and some that must be encoded."""

states: Final = st.builds("state-{}-{}".format, letters, url_texts)
"""OAuth states, with a mark so that none is in a URI by chance."""


@st.composite
def redirect_uris(draw: st.DrawFn) -> str:
    """Draw redirect URIs; some have a query or percent-encoded characters."""
    base = f"https://{draw(letters)}.example/callback/{draw(letters)}"
    return base + draw(st.sampled_from(("", "?a=b&c=d", "?next=%2Fhome%3Fx%3D1%26y", "/%C3%A9%20+", "?q=a+b;c")))


def methods(harness: Harness) -> tuple[Method, ...]:
    """Return the methods that Logto may call when a user returns."""
    return ("get_user_info", "get_token_response_and_user_info") if stores_tokens(harness) else ("get_user_info",)


def stores_tokens(harness: Harness) -> bool:
    """Return whether the metadata declares token storage."""
    return bool(harness.spec.connector.metadata.is_token_storage_supported)


def require_token_storage(harness: Harness) -> None:
    """Raise NotApplicable if the metadata does not declare token storage."""
    if not stores_tokens(harness):
        raise NotApplicable(f"the metadata of {harness.spec.name} does not declare isTokenStorageSupported")


def keeps_state_in_session(harness: Harness) -> bool:
    """Return whether the connector keeps the state in the session, as SAML connectors do, and not in the browser."""
    own = getattr(harness.spec.connector, "validate_saml_assertion", None)
    return own is not SocialConnector.validate_saml_assertion


class SignIn:
    """One sign-in of one user: Logto's request, and the session that Logto stores for the connector.

    Args:
        harness: the connector under test with its stub.
        state: the OAuth state; the default is a new one.
        redirect_uri: the address to which the provider sends the browser back.
        scope: the scope that Logto requests in addition to the config's.
        connector: the connector to use; the default is the harness's own.
        jti: the id of the interaction; the default is a new one.
    """

    def __init__(
        self,
        harness: Harness,
        *,
        state: str | None = None,
        redirect_uri: str = "https://logto.example/callback/social",
        scope: str | None = None,
        connector: SocialConnector[Any] | None = None,
        jti: str | None = None,
    ) -> None:
        self._harness = harness
        self.connector = connector or harness.social
        self.stored_sessions: list[ConnectorSession] = []
        self.request = AuthorizationRequest(
            state=state or f"state-{uuid4().hex}",
            redirect_uri=redirect_uri,
            connector_id="conformance",
            connector_factory_id=harness.spec.name,
            jti=jti or uuid4().hex,
            user_agent="Mozilla/5.0",
            scope=scope,
        )

    @property
    def session(self) -> ConnectorSession:
        """The session that the connector stored last; empty if it stored none."""
        return self.stored_sessions[-1] if self.stored_sessions else ConnectorSession()

    def request_uri(self) -> Attempt:
        """Request the authorization URI."""
        return self._harness.attempt(
            partial(self.connector.get_authorization_uri, self.request, self.stored_sessions.append)
        )

    def authorization_uri(self) -> str:
        """Return the authorization URI; fail if the connector does not return one."""
        attempt = self.request_uri()
        if attempt.error is not None:
            raise CheckFailure(f"expected an authorization URI; {attempt.summary_with_text}")
        if not isinstance(attempt.result, str):
            raise CheckFailure(f"expected an authorization URI as a string, found {type(attempt.result).__name__}")
        return attempt.result

    def consent(self) -> Consent:
        """Sign in at the provider and agree."""
        return give_consent(self._harness, self.authorization_uri())

    def call(self, method: Method, data: object, connector: SocialConnector[Any] | None = None) -> Callable[[], object]:
        """Return the call with which Logto requests the user, with the session that is stored at that time."""
        return partial(getattr(connector or self.connector, method), data, lambda: self.session)

    def callback_data(self, callback: object, connector: SocialConnector[Any] | None = None) -> object:
        """Return the data for that call: the callback's, or what the connector returns for a SAML assertion."""
        if not keeps_state_in_session(self._harness):
            return callback
        assertion = callback if isinstance(callback, dict) else {"body": callback}
        used = connector or self.connector
        landing = used.validate_saml_assertion(assertion, lambda: self.session, self.stored_sessions.append)
        return dict(parse_qsl(urlsplit(landing).query))

    def handle_callback(
        self, callback: object, method: Method = "get_user_info", connector: SocialConnector[Any] | None = None
    ) -> object:
        """Do what Logto does when the user returns; raise what the connector raises."""
        return self.call(method, self.callback_data(callback, connector), connector)()

    def finish(
        self,
        callback: object,
        method: Method = "get_user_info",
        *,
        connector: SocialConnector[Any] | None = None,
        within: float | None = None,
    ) -> Attempt:
        """Return to Logto, and return what happened; an exception of the connector is returned, not raised."""
        return self._harness.attempt(partial(self.handle_callback, callback, method, connector), within=within)

    def attempt(self, method: Method = "get_user_info", *, within: float | None = None) -> Attempt:
        """Run the whole sign-in, and return what happened in the last step."""
        attempt = self.request_uri()
        if attempt.error is not None:
            return attempt
        consent = give_consent(self._harness, str(attempt.result))
        return self.finish(consent.callback, method, within=within)

    def complete(self, method: Method = "get_user_info") -> Attempt:
        """Run the whole sign-in; fail if it does not return the user."""
        consent = self.consent()
        return expect_user(self._harness, self.finish(consent.callback, method), consent)


def give_consent(harness: Harness, uri: str) -> Consent:
    """Let a new user agree at the provider; fail if the provider rejects the URI."""
    try:
        return harness.provider.authorize(uri)
    except NotImplementedError:
        raise
    except Exception as error:
        raise CheckFailure(f"expected an authorization URI that the provider accepts; it raised {error!r}") from error


def user_of(attempt: Attempt) -> SocialUserInfo | None:
    """Return the user that the connector returned, if it did."""
    result = attempt.result.user_info if isinstance(attempt.result, TokenResponseAndUserInfo) else attempt.result
    return result if isinstance(result, SocialUserInfo) else None


def expect_user(harness: Harness, attempt: Attempt, consent: Consent) -> Attempt:
    """Fail unless the connector returned the user who agreed."""
    for call in attempt.calls:
        problem = harness.provider.request_error(call, harness.config, "format")
        if problem is not None:
            raise CheckFailure(f"expected requests that the provider accepts: {problem}")
    if attempt.error is not None:
        raise CheckFailure(f"expected the user to be signed in; {attempt.summary_with_text}")
    found = user_of(attempt)
    if found is None:
        raise CheckFailure(f"expected a SocialUserInfo, found {type(attempt.result).__name__}")
    if found.id != consent.user_id:
        raise CheckFailure(f"expected the id {consent.user_id!r} of the user at the provider, found {found.id!r}")
    return attempt


def through_json(session: ConnectorSession) -> ConnectorSession:
    """Return a session as Logto returns it after storing it as JSON."""
    stored: Mapping[str, Any] = json.loads(json.dumps(to_json(session), allow_nan=False))
    return connector_session_guard.validate(stored)
