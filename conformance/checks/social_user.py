"""Social connectors: what a connector must not return about a user, or store."""

import json
from functools import partial
from typing import Final

from hypothesis import strategies as st

from conformance.checks.social import CALLBACK_CODES, sign_in_examples, social_check
from conformance.harness.expectations import expect_no_secret
from conformance.harness.harness import Harness
from conformance.harness.sign_in import Method, SignIn, expect_user, methods, redirect_uris, states, user_of
from conformance.providers.base import Outcome
from conformance.providers.oauth2 import OAuth2Provider
from conformance.verdicts import NotApplicable, expect
from connector_kit import to_json

_UNVERIFIED: Final = "unverified"


@social_check("social.unverified-email", clause="L15", covers=("unverified user",))
def unverified_email(harness: Harness) -> None:
    """An e-mail address or phone number that the provider marks as unverified is not returned."""
    provider = harness.provider
    outcomes = [it for it in provider.outcomes if it.name.startswith(_UNVERIFIED)]
    if not outcomes:
        raise NotApplicable(f"{type(provider).__name__} does not declare an outcome with an unverified address")

    def verify(outcome: Outcome, method: Method) -> None:
        sign_in = SignIn(harness)
        consent = sign_in.consent()
        provider.respond_with(outcome.name)
        attempt = sign_in.finish(consent.callback, method)
        if isinstance(provider, OAuth2Provider) and not provider.says_unverified:
            raise NotApplicable(f"{type(provider).__name__} does not declare whether addresses are verified")
        if attempt.error is not None:
            expect(
                attempt.code in CALLBACK_CODES,
                f"expected the user without the unverified address, or an error about it; {attempt.summary}",
            )
        else:
            info = user_of(expect_user(harness, attempt, consent))
            found = [name for name in ("email", "phone") if getattr(info, name, None)]
            what = 'the text "false"' if outcome.name == "unverified-text" else "false"
            expect(
                not found,
                f"expected no {' and no '.join(found)} that the provider marks as unverified ({what}), found one",
            )
        harness.coverage.add("unverified user")

    for outcome in outcomes:
        for method in methods(harness):
            harness.for_all(partial(verify, outcome), st.just(method), examples=1)


@social_check("social.user-info-without-tokens", clause="L16", covers=("user info",))
def user_info_without_tokens(harness: Harness) -> None:
    """The returned user contains no token, code or secret, in rawData neither."""

    def verify(state: str) -> None:
        for method in methods(harness):
            info = user_of(SignIn(harness, state=state).complete(method))
            expect_no_secret(harness, json.dumps(to_json(info), ensure_ascii=False), f"the user from {method}")
            harness.coverage.add("user info")

    harness.for_all(verify, states, examples=2)


@social_check("social.session-without-secrets", clause="L16", covers=("session",))
def session_without_secrets(harness: Harness) -> None:
    """The session contains neither a secret of the config nor a token: it is kept outside the connector."""

    def verify(state: str, redirect_uri: str) -> None:
        sign_in = SignIn(harness, state=state, redirect_uri=redirect_uri)
        sign_in.complete()
        if not sign_in.stored_sessions:
            raise NotApplicable(f"{harness.spec.name} declares no session: it never calls set_session")
        for session in sign_in.stored_sessions:
            expect_no_secret(harness, json.dumps(to_json(session), ensure_ascii=False), "the session")
        harness.coverage.add("session")

    harness.for_all(verify, states, redirect_uris(), examples=sign_in_examples(harness))
