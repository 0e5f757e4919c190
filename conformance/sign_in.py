"""A user's way through a social connector: off to the provider, and back to Logto with what it says."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.provider import Consent
from conformance.registry import CheckFailure, NotApplicable
from conformance.strategies import letters
from conformance.subject import Attempt, Subject
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
"""What Logto calls when a user comes back."""

odd_texts: Final[SearchStrategy[str]] = st.text("aZ9-._~ +&=#%?/:@!$'()*,;[]\"\\<>{}|^`éß漢😀", max_size=12)
"""Text with all that has a meaning in URLs, and more."""

states: Final = st.builds("state-{}-{}".format, letters, odd_texts)
"""OAuth states, marked so that none stands in a URI by chance."""


@st.composite
def redirect_uris(draw: st.DrawFn) -> str:
    """Draw where users come back to: URIs, with a query and percent-encoded characters in some."""
    base = f"https://{draw(letters)}.example/callback/{draw(letters)}"
    return base + draw(st.sampled_from(("", "?a=b&c=d", "?next=%2Fhome%3Fx%3D1%26y", "/%C3%A9%20+", "?q=a+b;c")))


def methods(subject: Subject) -> tuple[Method, ...]:
    """Return what Logto may call when a user comes back."""
    return ("get_user_info", "get_token_response_and_user_info") if stores_tokens(subject) else ("get_user_info",)


def stores_tokens(subject: Subject) -> bool:
    """Tell whether the metadata says that tokens can be stored."""
    return bool(subject.spec.connector.metadata.is_token_storage_supported)


def need_token_storage(subject: Subject) -> None:
    """Leave a check whose connector keeps no tokens."""
    if not stores_tokens(subject):
        raise NotApplicable(f"the metadata of {subject.spec.name} does not declare isTokenStorageSupported")


def keeps_state(subject: Subject) -> bool:
    """Tell whether state is kept in the session, and not sent through the browser: SAML connectors do that."""
    own = getattr(subject.spec.connector, "validate_saml_assertion", None)
    return own is not SocialConnector.validate_saml_assertion


class Visitor:
    """A user on the way through a social connector, and what Logto keeps of them.

    Args:
        subject: the connector under test.
        state: Logto's; a new one where it is left out.
        redirect_uri: where the provider sends the user back to.
        scope: what Logto asks for beyond the config.
        connector: which of the class's connectors; the subject's own where it is left out.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        state: str | None = None,
        redirect_uri: str = "https://logto.example/callback/social",
        scope: str | None = None,
        connector: SocialConnector[Any] | None = None,
    ) -> None:
        self._subject = subject
        self._connector = connector or subject.social
        self.kept: list[ConnectorSession] = []
        self.request = AuthorizationRequest(
            state=state or f"state-{uuid4().hex}",
            redirect_uri=redirect_uri,
            connector_id="conformance",
            connector_factory_id=subject.spec.name,
            jti=uuid4().hex,
            user_agent="Mozilla/5.0",
            scope=scope,
        )

    @property
    def session(self) -> ConnectorSession:
        """What the connector kept; empty where it kept nothing."""
        return self.kept[-1] if self.kept else ConnectorSession()

    @property
    def connector(self) -> SocialConnector[Any]:
        """The connector that they go through."""
        return self._connector

    def leave(self) -> Attempt:
        """Ask for the authorization URI."""
        return self._subject.attempt(partial(self.connector.get_authorization_uri, self.request, self.kept.append))

    def uri(self) -> str:
        """Return the authorization URI, which there must be."""
        left = self.leave()
        if left.error is not None:
            raise CheckFailure(f"expected an authorization URI; {_in_full(left)}")
        if not isinstance(left.result, str):
            raise CheckFailure(f"expected an authorization URI as a string, found {type(left.result).__name__}")
        return left.result

    def consent(self) -> Consent:
        """Go to the provider and agree."""
        return at_provider(self._subject, self.uri())

    def call(self, how: Method, data: object, connector: SocialConnector[Any] | None = None) -> Callable[[], object]:
        """Return the one call with which Logto asks who came back, with the session as it then is."""
        return partial(getattr(connector or self.connector, how), data, lambda: self.session)

    def land(self, callback: object, connector: SocialConnector[Any] | None = None) -> object:
        """Return the data with which Logto asks who came back: the callback's, or what is left of a SAML assertion."""
        if not keeps_state(self._subject):
            return callback
        assertion = callback if isinstance(callback, dict) else {"body": callback}
        took = connector or self.connector
        landing = took.validate_saml_assertion(assertion, lambda: self.session, self.kept.append)
        return dict(parse_qsl(urlsplit(landing).query))

    def arrive(
        self, callback: object, how: Method = "get_user_info", connector: SocialConnector[Any] | None = None
    ) -> object:
        """Do all that Logto does when they come back; what the connector raises comes through."""
        return self.call(how, self.land(callback, connector), connector)()

    def come_back(
        self,
        callback: object,
        how: Method = "get_user_info",
        *,
        connector: SocialConnector[Any] | None = None,
        within: float | None = None,
    ) -> Attempt:
        """Come back to Logto, and say what came of it."""
        return self._subject.attempt(partial(self.arrive, callback, how, connector), within=within)

    def try_to_sign_in(self, how: Method = "get_user_info", *, within: float | None = None) -> Attempt:
        """Go all the way, and say what came of the last step that was made."""
        left = self.leave()
        if left.error is not None:
            return left
        consent = at_provider(self._subject, str(left.result))
        return self.come_back(consent.callback, how, within=within)

    def sign_in(self, how: Method = "get_user_info") -> Attempt:
        """Go all the way, and be known at its end."""
        consent = self.consent()
        return expect_user(self._subject, self.come_back(consent.callback, how), consent)


def at_provider(subject: Subject, uri: str) -> Consent:
    """Let a user agree at the provider."""
    try:
        return subject.provider.authorize(uri)
    except NotImplementedError:
        raise
    except Exception as error:
        raise CheckFailure(f"expected an authorization URI that the provider takes; it raised {error!r}") from error


def user_of(attempt: Attempt) -> SocialUserInfo | None:
    """Return who came back, if anybody did."""
    result = attempt.result.user_info if isinstance(attempt.result, TokenResponseAndUserInfo) else attempt.result
    return result if isinstance(result, SocialUserInfo) else None


def expect_user(subject: Subject, attempt: Attempt, consent: Consent) -> Attempt:
    """Fail unless the one who came back is the one who agreed."""
    for call in attempt.calls:
        fault = subject.provider.fault(call, subject.config, "form")
        if fault is not None:
            raise CheckFailure(f"expected requests that the provider takes: {fault}")
    if attempt.error is not None:
        raise CheckFailure(f"expected the user to be signed in; {_in_full(attempt)}")
    found = user_of(attempt)
    if found is None:
        raise CheckFailure(f"expected a SocialUserInfo, found {type(attempt.result).__name__}")
    if found.id != consent.user_id:
        raise CheckFailure(f"expected the user {consent.user_id!r}, whom the provider named, found {found.id!r}")
    return attempt


def _in_full(attempt: Attempt) -> str:
    return f"{attempt.how}: {attempt.error}" if attempt.code else attempt.how


def through_json(session: ConnectorSession) -> ConnectorSession:
    """Return a session as Logto gives it back: it was stored as JSON meanwhile."""
    stored: Mapping[str, Any] = json.loads(json.dumps(to_json(session), allow_nan=False))
    return connector_session_guard.validate(stored)
