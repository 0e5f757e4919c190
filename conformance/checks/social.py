"""Social connectors: the authorization URI, and what all checks of social connectors share."""

import base64
import hashlib
import json
import re
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from hypothesis import strategies as st

from conformance.harness.attempt import Attempt
from conformance.harness.expectations import expect_no_secret
from conformance.harness.harness import Harness
from conformance.harness.sign_in import (
    Method,
    SignIn,
    keeps_state_in_session,
    redirect_uris,
    require_token_storage,
    states,
    url_texts,
)
from conformance.harness.strategies import letters
from conformance.harness.values import show
from conformance.providers.base import Outcome
from conformance.providers.oauth2 import OAuth2Provider
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import ConnectorErrorCodes, ConnectorPlatform, ConnectorType, SocialConnector, to_json

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

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CLIENT_ID_KEYS: Final = frozenset({"clientid", "appid"})


def sign_in_examples(harness: Harness) -> int:
    """Return how many examples to try where each is a whole sign-in."""
    return max(3, harness.profile.examples // 5)


def sign_in_with_outcome(harness: Harness, outcome: Outcome, method: Method, within: float | None = None) -> Attempt:
    """Try to sign in while the provider responds with an outcome."""
    harness.provider.respond_with(outcome.name)
    return SignIn(harness).attempt(method, within=within)


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


@social_check("social.authorization-uri", clause="L1", covers=("authorization URI",), is_smoke=True)
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


@social_check("social.authorization-address", clause="L12", covers=("address",))
def authorization_address(harness: Harness) -> None:
    """The user is sent to the provider's address: that of the config or of the discovery document, and always the same."""
    provider = harness.provider
    if not isinstance(provider, OAuth2Provider):
        raise NotApplicable(f"{type(provider).__name__} does not declare where users sign in")
    if _is_native(harness):
        raise NotApplicable(f"the metadata of {harness.spec.name} declares the platform Native, so an app opens")
    text = json.dumps([harness.schema, *harness.spec.valid_config])
    keys = [key for key in provider.authorization_keys if f'"{key}"' in text]  # others are not this connector's
    expected = provider.authorization_addresses(keys) or [_address(SignIn(harness).authorization_uri())]

    def verify(state: str, redirect_uri: str, scope: str | None) -> None:
        uri = SignIn(harness, state=state, redirect_uri=redirect_uri, scope=scope).authorization_uri()
        found = _address(uri)
        expect(
            found in expected,
            f"expected to send the user to the provider's address {' or '.join(expected)}, found {found}",
        )
        harness.coverage.add("address")

    harness.for_all(verify, states, redirect_uris(), st.none() | letters)
    for key in keys:
        harness.for_all(partial(_verify_configured_address, harness, key), letters, examples=2)


def _verify_configured_address(harness: Harness, key: str, host: str) -> None:
    config = {**harness.config, key: f"https://{host.lower()}.provider.example/oauth/authorize"}
    if not harness.accepts(config) or _address(SignIn(harness).authorization_uri()) != harness.config[key]:
        return  # the provider's addresses have a format, or the address comes from somewhere else
    found = _address(SignIn(harness, connector=connector_with(harness, config)).authorization_uri())
    expect(found == config[key], f"expected to send the user to the config's {key} {config[key]}, found {found}")


def _address(uri: str) -> str:
    return uri.partition("#")[0].partition("?")[0]


@social_check("social.state", clause="L1", covers=("state",), is_smoke=True)
def state_parameter(harness: Harness) -> None:
    """The authorization URI contains Logto's state unchanged."""
    if keeps_state_in_session(harness):
        raise NotApplicable(
            f"{harness.spec.name} declares validate_saml_assertion, so the state may be in its session instead"
        )

    def verify(state: str, jti: str) -> None:
        for each in (state, f"{state}-again"):  # a user who goes back begins again in the same interaction
            expect_parameter(SignIn(harness, state=each, jti=jti).authorization_uri(), each, "the state")
        harness.coverage.add("state")

    harness.for_all(verify, states, letters)


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


@social_check("social.pkce", clause="L12", covers=("code challenge",))
def pkce(harness: Harness) -> None:
    """A code challenge is the SHA-256 digest of a verifier of 43 to 128 characters, which the URI does not show."""

    def verify(state: str) -> None:
        sign_in = SignIn(harness, state=state)
        uri = sign_in.authorization_uri()
        sent = dict(parse_qsl(urlsplit(uri).query))
        if "code_challenge" not in sent:
            raise NotApplicable(f"the authorization URI of {harness.spec.name} names no code_challenge")
        method = sent.get("code_challenge_method", "plain, because the URI has no method")
        expect(method == "S256", f"expected the code_challenge_method S256, found {method}")
        challenge = sent["code_challenge"]
        expect(
            _CHALLENGE.fullmatch(challenge),
            f"expected a code_challenge of 43 characters of base64url, found {len(challenge)} characters",
        )
        stored = to_json(sign_in.session).values()
        verifiers = [it for it in stored if isinstance(it, str) and it and _digest(it) == challenge]
        expect(
            all(map(_VERIFIER.fullmatch, verifiers)),
            "expected a code_verifier of 43 to 128 letters, digits, '-', '.', '_' and '~', "
            f"found {', '.join(f'{len(it)} characters' for it in verifiers)}",
        )
        expect(
            not any(it in uri or it == state for it in verifiers),
            "expected an authorization URI that does not show the code_verifier, found it there",
        )
        harness.coverage.add("code challenge")

    harness.for_all(verify, states, examples=sign_in_examples(harness))


def _digest(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode(errors="replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


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


@social_check("social.configured-scope", clause="L1", covers=("scope of the config",))
def configured_scope(harness: Harness) -> None:
    """If Logto requests no scope, the authorization URI contains that of the config."""
    if "scope" not in harness.schema.get("properties", {}):
        raise NotApplicable(f"the config of {harness.spec.name} declares no key 'scope'")
    if _is_native(harness):
        raise NotApplicable(f"the metadata of {harness.spec.name} declares the platform Native, so an app requests it")

    def verify(names: list[str]) -> None:
        config = {**harness.config, "scope": " ".join(names)}
        if not harness.accepts(config):
            raise NotApplicable(f"the schema of {harness.spec.name} declares a format of 'scope'")
        found = uri_parameters(SignIn(harness, connector=connector_with(harness, config)).authorization_uri())
        expect(
            any(set(re.split(r"[ ,+]+", value)) >= set(names) for value in found),
            f"expected a parameter with the config's scope {' '.join(names)!r} in the URI, found the values {found}",
        )
        harness.coverage.add("scope of the config")

    scopes = st.builds("{}.{}".format, letters, st.sampled_from(("read", "write")))
    harness.for_all(verify, st.lists(scopes, min_size=1, max_size=3), examples=sign_in_examples(harness))


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
