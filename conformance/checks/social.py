"""Social connectors: the authorization URI, and what all checks of social connectors share."""

import re
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from hypothesis import strategies as st

from conformance.harness.expectations import expect_no_secret
from conformance.harness.harness import Harness
from conformance.harness.sign_in import (
    SignIn,
    keeps_state_in_session,
    redirect_uris,
    require_token_storage,
    states,
    url_texts,
)
from conformance.harness.strategies import letters
from conformance.harness.values import show
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import ConnectorErrorCodes, ConnectorPlatform, ConnectorType, SocialConnector

Json = Any

social_check: Final = partial(check, types=frozenset({ConnectorType.SOCIAL}), needs=("social",))
"""Registers a check of social connectors."""

CALLBACK_CODES: Final = frozenset(
    {
        ConnectorErrorCodes.GENERAL,
        ConnectorErrorCodes.INVALID_RESPONSE,
        ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
        ConnectorErrorCodes.INSUFFICIENT_REQUEST_PARAMETERS,
        ConnectorErrorCodes.AUTHORIZATION_FAILED,
        ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID,
        ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID,
        ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID,
    }
)
"""The error codes for a callback that signs nobody in; the official connectors differ."""

_CLIENT_ID_KEYS: Final = frozenset({"clientid", "appid"})


def sign_in_examples(harness: Harness) -> int:
    """Return how many examples to try where each is a whole sign-in."""
    return max(3, harness.profile.examples // 5)


def connector_with(harness: Harness, config: Json) -> SocialConnector[Any]:
    """Return another instance of the connector, with this saved config."""
    connector: SocialConnector[Any] = harness.make(get_config=lambda _: config)
    return connector


def uri_parameters(uri: str) -> list[str]:
    """Return the values of the parameters in the query and the fragment of a URI, decoded as form fields."""
    parts = urlsplit(uri)
    return [value for text in (parts.query, parts.fragment) for _, value in parse_qsl(text, keep_blank_values=True)]


def expect_parameter(uri: str, value: str, what: str) -> None:
    """Expect a URI to have a parameter with this value."""
    found = uri_parameters(uri)
    expect(value in found, f"expected a parameter with {what} {value!r} in the URI, found the values {found}")


def _is_native(harness: Harness) -> bool:
    return harness.spec.connector.metadata.platform is ConnectorPlatform.NATIVE


@social_check("social.authorization-uri", clause="L1", covers=("authorization URI",))
def authorization_uri(harness: Harness) -> None:
    """The authorization URI is an absolute http or https URL; a native connector may use the scheme of an app."""

    def verify(state: str, redirect_uri: str) -> None:
        uri = SignIn(harness, state=state, redirect_uri=redirect_uri).authorization_uri()
        invalid = sorted({it for it in uri if it.isspace() or not it.isprintable()})
        expect(not invalid, f"expected an authorization URI without spaces and control characters, found {invalid}")
        try:
            parts = urlsplit(uri)
        except ValueError as error:
            raise CheckFailure(f"expected a valid authorization URI, found {show(uri)} ({error})") from None
        is_absolute = parts.scheme in {"http", "https"} and parts.hostname
        expect(
            parts.scheme if _is_native(harness) else is_absolute,
            f"expected an absolute http or https URL as the authorization URI, found {uri!r}",
        )
        harness.coverage.add("authorization URI")

    harness.for_all(verify, states, redirect_uris())


@social_check("social.state", clause="L1", covers=("state",))
def state_parameter(harness: Harness) -> None:
    """The authorization URI contains Logto's state unchanged."""
    if keeps_state_in_session(harness):
        raise NotApplicable(
            f"{harness.spec.name} declares validate_saml_assertion, so the state may be in its session instead"
        )

    def verify(state: str) -> None:
        expect_parameter(SignIn(harness, state=state).authorization_uri(), state, "the state")
        harness.coverage.add("state")

    harness.for_all(verify, states)


@social_check("social.redirect-uri", clause="L1", covers=("redirect URI",))
def redirect_uri_parameter(harness: Harness) -> None:
    """The authorization URI contains Logto's redirect URI unchanged."""
    if keeps_state_in_session(harness):
        raise NotApplicable(
            f"{harness.spec.name} declares validate_saml_assertion, so users return to an address of its own first"
        )
    if _is_native(harness):
        raise NotApplicable(f"the metadata of {harness.spec.name} declares the platform Native, so the app returns")

    def verify(redirect_uri: str) -> None:
        expect_parameter(
            SignIn(harness, redirect_uri=redirect_uri).authorization_uri(), redirect_uri, "the redirect URI"
        )
        harness.coverage.add("redirect URI")

    harness.for_all(verify, redirect_uris())


@social_check("social.saml-assertion", clause="L1", covers=("SAML assertion",))
def saml_assertion(harness: Harness) -> None:
    """After a SAML assertion, the user returns to Logto's redirect URI with Logto's state."""
    if not keeps_state_in_session(harness):
        raise NotApplicable(f"{harness.spec.name} does not declare a validate_saml_assertion of its own")

    def verify(state: str, redirect_uri: str) -> None:
        sign_in = SignIn(harness, state=state, redirect_uri=redirect_uri)
        consent = sign_in.consent()
        validate = partial(sign_in.connector.validate_saml_assertion, consent.callback)
        attempt = harness.attempt(partial(validate, lambda: sign_in.session, sign_in.stored_sessions.append))
        expect(attempt.error is None, f"expected the provider's own assertion to be accepted; {attempt.summary}")
        returned = str(attempt.result)
        expect(
            returned.startswith(redirect_uri),
            f"expected the user to return to {redirect_uri!r}, found {returned!r}",
        )
        expect_parameter(returned, state, "the state")
        harness.coverage.add("SAML assertion")

    harness.for_all(verify, states, redirect_uris())


@social_check("social.client-id", clause="L1", covers=("client id",))
def client_id_parameter(harness: Harness) -> None:
    """The authorization URI contains the client id of the config unchanged."""
    keys = [key for key in harness.config if key.lower().replace("_", "") in _CLIENT_ID_KEYS]
    if not keys:
        raise NotApplicable("valid_config names no client id: it has neither clientId nor appId")

    def verify(client_id: str) -> None:
        for key in keys:
            config = {**harness.config, key: client_id}
            if not harness.accepts(config):
                continue  # the provider's client ids have a format
            uri = SignIn(harness, connector=connector_with(harness, config)).authorization_uri()
            expect_parameter(uri, client_id, f"the config's {key}")
            harness.coverage.add("client id")

    harness.for_each(verify, {str(harness.config[key]): None for key in keys})
    harness.for_all(verify, st.builds("client-{}{}".format, letters, url_texts))


@social_check("social.scope", clause="L1", level="advisory", covers=("scope",))
def scope_parameter(harness: Harness) -> None:
    """The authorization URI contains the scope that Logto requests."""
    require_token_storage(harness)

    def verify(scopes: list[str]) -> None:
        found = uri_parameters(SignIn(harness, scope=" ".join(scopes)).authorization_uri())
        expect(
            any(set(re.split(r"[ ,+]+", value)) >= set(scopes) for value in found),
            f"expected a parameter with the scope {' '.join(scopes)!r} in the URI, found the values {found}",
        )
        harness.coverage.add("scope")

    names = st.builds("{}:{}".format, letters, st.sampled_from(("read", "write", "user.email")))
    harness.for_all(verify, st.lists(names, min_size=1, max_size=3))


@social_check("social.uri-without-secrets", clause="L2", covers=("authorization URI",))
def uri_without_secrets(harness: Harness) -> None:
    """No secret of the config appears in the authorization URI."""
    if not harness.spec.secrets:
        raise NotApplicable(f"the Spec of {harness.spec.name} names no secrets")

    def verify(state: str, scope: str | None) -> None:
        uri = SignIn(harness, state=state, scope=scope).authorization_uri()
        expect_no_secret(harness, f"{uri} {unquote_plus(uri)}", "the authorization URI")
        harness.coverage.add("authorization URI")

    harness.for_all(verify, states, st.none() | letters)
