"""Social connectors: ID tokens that a connector must not accept, and the keys that verify them.

Sources: OpenID Connect Core 1.0 §3.1.3.7 and §5.3.2, RFC 8725.
"""

import json
from collections.abc import Iterable
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from hypothesis import strategies as st

from conformance.checks.social import CALLBACK_CODES, connector_with, social_check
from conformance.harness.attempt import Attempt
from conformance.harness.expectations import expect_code, expect_recovery
from conformance.harness.harness import Harness
from conformance.harness.sign_in import Method, SignIn, methods, user_of
from conformance.providers.base import Call, Consent, Outcome
from conformance.providers.oauth2 import OAuth2Provider
from conformance.verdicts import CheckFailure, NotApplicable, expect

_PREFIX: Final = "id-token-"
_OF_ANOTHER: Final = "-of-another"
_WITHOUT_NONCE: Final = "without-nonce"
"""Any exception will do for it: no provider leaves the nonce out, so it is not a failure of the provider."""

_DESCRIPTIONS: Final = {
    "unreadable": "a text that is not a JWT",
    "forged": "one with a signature of somebody else's key",
    "unsigned": "one with the algorithm none",
    "symmetric": "one that is signed by HS256 with the provider's public key",
    "unknown-key": "one with a key that the provider does not publish",
    "embedded-key": "one with a key in its own header",
    "wrong-issuer": "one of another issuer",
    "similar-issuer": "one of an issuer whose name only begins with the right one",
    "wrong-audience": "one for another client",
    "similar-audience": "one for a client whose id only begins with the right one",
    "expired": "one that expired an hour ago",
    "wrong-nonce": "one with another nonce",
    "without-nonce": "one without the nonce of the authorization URI",
    "wrong-party": "one whose azp is another client",
    "future": "one that is valid from tomorrow on",
}


def _outcomes(harness: Harness, defects: Iterable[str]) -> list[Outcome]:
    """Return the outcomes of these defects; without any, the check does not apply."""
    names = {f"{_PREFIX}{defect}{user}" for defect in defects for user in ("", _OF_ANOTHER)}
    outcomes = [it for it in harness.provider.outcomes if it.name in names]
    if not outcomes:
        has_any = any(it.name.startswith(_PREFIX) for it in harness.provider.outcomes)
        attribute = "an issuer that the connector knows" if has_any else "has_id_token"
        raise NotApplicable(f"{type(harness.provider).__name__} does not declare {attribute}")
    return outcomes


def _met(attempt: Attempt, outcome: Outcome) -> list[Call]:
    """Return the calls for which the provider responded with an outcome."""
    return [call for call in attempt.calls if call.outcome.name == outcome.name]


def _finish(harness: Harness, outcome: Outcome, method: Method) -> tuple[Attempt, Consent]:
    """Sign a user in who agreed while the provider accepted, and returns while it responds with an outcome."""
    sign_in = SignIn(harness)
    consent = sign_in.consent()
    harness.provider.respond_with(outcome.name)
    return sign_in.finish(consent.callback, method), consent


def _ignores_id_tokens(harness: Harness) -> bool:
    """Return whether the connector signs users in by the access token alone, whatever the ID token is."""
    harness.provider.reset()
    attempt, consent = _finish(harness, harness.provider.outcome(f"{_PREFIX}unreadable"), "get_user_info")
    info = user_of(attempt)
    return info is not None and info.id == consent.user_id


def _reject(harness: Harness, defects: Iterable[str]) -> None:
    """Expect that the connector accepts no ID token with one of these defects, the user's own or another one's."""
    outcomes = _outcomes(harness, defects)
    ignored = _ignores_id_tokens(harness)

    def verify(outcome: Outcome, method: Method) -> None:
        attempt, consent = _finish(harness, outcome, method)
        defect = outcome.name.removeprefix(_PREFIX).removesuffix(_OF_ANOTHER)
        token = _DESCRIPTIONS[defect]
        info = user_of(attempt)
        if ignored and info is not None and info.id == consent.user_id:
            harness.coverage.add("ID token")
            return
        expect(attempt.error is not None, f"expected an ID token to be rejected: {token}; {attempt.summary}")
        expect(
            attempt.code in {*CALLBACK_CODES, outcome.expect} or defect == _WITHOUT_NONCE,
            f"expected a ConnectorError about the ID token for {token}; {attempt.summary}",
        )
        harness.coverage.add("ID token")

    for outcome in outcomes:
        for method in methods(harness):
            harness.for_all(partial(verify, outcome), st.just(method), examples=1)


@social_check("social.id-token-signature", clause="L14", covers=("ID token",))
def id_token_signature(harness: Harness) -> None:
    """An ID token is accepted only if a key of the provider signed it, with the provider's algorithm."""
    _reject(harness, ("unreadable", "forged", "unsigned", "symmetric", "unknown-key", "embedded-key"))


@social_check("social.id-token-issuer", clause="L14", covers=("ID token",))
def id_token_issuer(harness: Harness) -> None:
    """An ID token of another issuer is rejected."""
    _reject(harness, ("wrong-issuer", "similar-issuer"))


@social_check("social.id-token-audience", clause="L14", covers=("ID token",))
def id_token_audience(harness: Harness) -> None:
    """An ID token for another client is rejected."""
    _reject(harness, ("wrong-audience", "similar-audience"))


@social_check("social.id-token-expiry", clause="L14", covers=("ID token",))
def id_token_expiry(harness: Harness) -> None:
    """An expired ID token is rejected."""
    _reject(harness, ("expired",))


@social_check("social.id-token-nonce", clause="L14", covers=("ID token",))
def id_token_nonce(harness: Harness) -> None:
    """If the authorization URI has a nonce, an ID token with another nonce, or without one, is rejected."""
    defects = ("wrong-nonce", "without-nonce")
    _outcomes(harness, defects)
    if "nonce" not in dict(parse_qsl(urlsplit(SignIn(harness).authorization_uri()).query)):
        raise NotApplicable(f"the authorization URI of {harness.spec.name} names no nonce")
    _reject(harness, defects)


@social_check("social.id-token-optional-claims", clause="L14", level="advisory", covers=("ID token",))
def id_token_optional_claims(harness: Harness) -> None:
    """An ID token whose azp is another client, or that is not valid yet, is rejected."""
    _reject(harness, ("wrong-party", "future"))


@social_check("social.id-token-subject", clause="L14", covers=("user info",))
def id_token_subject(harness: Harness) -> None:
    """User info with another sub than the ID token's is not used."""
    outcome = next((it for it in harness.provider.outcomes if it.name == "user-other-subject"), None)
    if outcome is None:
        raise NotApplicable(f"{type(harness.provider).__name__} does not declare both has_id_token and a user_path")
    if _ignores_id_tokens(harness):
        raise NotApplicable(f"{harness.spec.name} reads no ID token, so it declares no subject to compare")

    def verify(method: Method) -> None:
        attempt, consent = _finish(harness, outcome, method)
        if attempt.error is not None:
            expect(
                attempt.code in CALLBACK_CODES,
                f"expected a ConnectorError about the user info for another subject; {attempt.summary}",
            )
        else:
            _expect_own_details(harness, attempt, outcome, consent)
        harness.coverage.add("user info")

    for method in methods(harness):
        harness.for_all(verify, st.just(method), examples=1)


def _expect_own_details(harness: Harness, attempt: Attempt, outcome: Outcome, consent: Consent) -> None:
    info = user_of(attempt)
    expect(
        info is not None and info.id == consent.user_id,
        "expected the user of the ID token, found the user of user info with another sub",
    )
    own = json.dumps(harness.provider.id_token_claims(consent.user_id))  # type: ignore[attr-defined] # has the outcome
    foreign = "".join(call.exchange.response for call in _met(attempt, outcome) if call.exchange is not None)
    for name in ("email", "phone"):
        value = getattr(info, name)
        is_foreign = bool(value) and value in foreign and value not in own
        expect(not is_foreign, f"expected no {name} from user info with another sub than the ID token's, found one")


@social_check("social.unavailable-keys", clause="L14", covers=("failure",))
def unavailable_keys(harness: Harness) -> None:
    """If the provider's keys or its discovery document cannot be read, nobody is signed in until they can."""
    outcomes = [it for it in harness.provider.outcomes if it.name.startswith(("keys-", "discovery-"))]
    if not outcomes:
        raise NotApplicable(f"{type(harness.provider).__name__} does not declare keys or a discovery document")
    is_read = False

    def verify(outcome: Outcome) -> None:
        nonlocal is_read
        sign_in = SignIn(harness, connector=connector_with(harness, harness.config))
        harness.provider.respond_with(outcome.name)
        attempt = sign_in.attempt()
        if _met(attempt, outcome):
            is_read = True
            expect_code(outcome, attempt)
            harness.coverage.add("failure")

    for outcome in outcomes:
        harness.for_all(lambda _, it=outcome: verify(it), st.none(), examples=1)
    if not is_read:
        raise NotApplicable(
            f"{harness.spec.name} reads neither keys nor a discovery document, so it declares no such use"
        )
    expect_recovery(harness, lambda: SignIn(harness).complete())


@social_check("social.key-rotation", clause="L14", level="advisory", covers=("new keys",))
def key_rotation(harness: Harness) -> None:
    """After the provider has replaced its keys, users are signed in with the connector that knew the old ones."""
    provider = harness.provider
    SignIn(harness).complete()
    if not (isinstance(provider, OAuth2Provider) and provider.rotate_keys()):
        raise NotApplicable(f"{type(provider).__name__} does not declare keys that it publishes")
    try:
        SignIn(harness).complete()
    except CheckFailure as failure:
        raise CheckFailure(
            f"expected the connector to request the provider's keys again for an ID token with an unknown one: {failure}"
        ) from failure
    harness.coverage.add("new keys")
