"""Social connectors: stored tokens, methods that a connector lacks, and the texts of errors."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Final

from attrs import evolve

from conformance.checks.social import (
    CALLBACK_CODES,
    connector_with,
    sign_in_examples,
    sign_in_with_outcome,
    social_check,
)
from conformance.checks.social_failures import is_different
from conformance.harness.attempt import Attempt
from conformance.harness.expectations import (
    choose_outcomes,
    expect_error,
    expect_no_missing_values,
    expect_no_secret_in_error,
    for_each_outcome,
)
from conformance.harness.harness import Harness
from conformance.harness.sign_in import SignIn, methods, require_token_storage, states
from conformance.providers.base import Outcome
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import (
    ConnectorErrorCodes,
    SocialConnector,
    TokenResponse,
    TokenResponseAndUserInfo,
    to_json,
    token_response_guard,
)

_OPTIONAL_METHODS: Final = {
    "get_token_response_and_user_info": 2,
    "get_access_token_by_refresh_token": 1,
    "validate_saml_assertion": 3,
}
"""The methods that a social connector may lack, and their numbers of arguments."""


def _expect_tokens(harness: Harness, tokens: object) -> TokenResponse:
    if not isinstance(tokens, TokenResponse):
        raise CheckFailure(f"expected a TokenResponse, found {type(tokens).__name__}")
    issues = [f"{it.path}: {it.message}" for it in token_response_guard.issues(to_json(tokens))]
    expect(not issues, f"expected a valid TokenResponse, found {'; '.join(issues)}")
    found = tokens.access_token or ""
    expect(
        harness.canaries.found_in(found),
        f"expected an access token that the provider issued, found a string of {len(found)} characters "
        "that it did not issue",
    )
    return tokens


def _stored_tokens(harness: Harness) -> TokenResponse:
    """Sign a user in, and return the tokens that Logto would store."""
    result = SignIn(harness).complete("get_token_response_and_user_info").result
    if not isinstance(result, TokenResponseAndUserInfo):
        raise CheckFailure(f"expected a TokenResponseAndUserInfo, found {type(result).__name__}")
    return _expect_tokens(harness, result.token_response)


@social_check("social.tokens", clause="L10", covers=("tokens",))
def tokens(harness: Harness) -> None:
    """The result of a sign-in contains the provider's tokens if the metadata declares token storage."""
    require_token_storage(harness)

    def verify(_: str) -> None:
        _stored_tokens(harness)
        harness.coverage.add("tokens")

    harness.for_all(verify, states, examples=sign_in_examples(harness))


@social_check("social.refresh", clause="L10", covers=("new token",))
def refresh(harness: Harness) -> None:
    """A stored refresh token yields new tokens, and the refresh token that replaces it, also with another instance."""
    require_token_storage(harness)

    def verify(_: str) -> None:
        stored = _stored_tokens(harness)
        if stored.refresh_token is None:
            raise NotApplicable(f"{type(harness.provider).__name__} does not declare refresh tokens: it issues none")
        for connector in (harness.social, connector_with(harness, harness.config)):
            attempt = harness.attempt(partial(connector.get_access_token_by_refresh_token, stored.refresh_token))
            expect(attempt.error is None, f"expected new tokens for a refresh token; {attempt.summary}")
            renewed = _expect_tokens(harness, attempt.result)
            for name, old in (("access token", stored.access_token), ("refresh token", stored.refresh_token)):
                expect(renewed.access_token != old, f"expected a new access token, found the stored {name}")
            stored = _expect_rotation(harness, attempt, stored, renewed)
        harness.coverage.add("new token")

    harness.for_all(verify, states, examples=sign_in_examples(harness))


def _expect_rotation(
    harness: Harness, attempt: Attempt, stored: TokenResponse, renewed: TokenResponse
) -> TokenResponse:
    """Expect the new refresh token, if the provider has sent one; return what Logto stores next."""
    responses = [call.exchange.response for call in attempt.calls if call.exchange is not None]
    new = renewed.refresh_token
    if any("refresh_token" in response for response in responses):
        found = "no refresh token" if new is None else "another one"
        expect(
            new is not None and new != stored.refresh_token and harness.canaries.found_in(new),
            f"expected the refresh token by which the provider replaced the stored one, found {found}",
        )
    return evolve(renewed, refresh_token=new or stored.refresh_token)


@social_check("social.refresh-errors", clause="L10", covers=("failure",))
def refresh_errors(harness: Harness) -> None:
    """A failure to refresh a token raises a ConnectorError without secrets."""
    require_token_storage(harness)

    def verify(outcome: Outcome) -> None:
        harness.provider.respond_with(outcome.name)
        token = harness.provider.new_secret("the refresh token")
        attempt = harness.attempt(partial(harness.social.get_access_token_by_refresh_token, token))
        when = f"for an invalid refresh token and the outcome {outcome.name!r}"
        expect(
            attempt.code is not None and attempt.code in {*CALLBACK_CODES, outcome.expect, *outcome.alternatives},
            f"expected a ConnectorError about the token {when}; {attempt.summary}",
        )
        expect_no_secret_in_error(harness, attempt, when)
        harness.coverage.add("failure")

    for_each_outcome(harness, choose_outcomes(harness, "responds", is_different), verify)


@social_check("social.not-implemented", clause="L11", covers=("missing method",))
def not_implemented(harness: Harness) -> None:
    """A method that the connector lacks raises not_implemented, for which Logto responds with status 501."""
    missing = _missing_methods(harness)
    if not missing:
        raise NotApplicable(f"{harness.spec.connector.__name__} declares every method that Logto calls")
    for name in missing:
        attempt = _call(harness, name)
        expect_error(attempt, ConnectorErrorCodes.NOT_IMPLEMENTED, f"from {name}, which the connector lacks")
        harness.coverage.add("missing method")


def _missing_methods(harness: Harness) -> list[str]:
    own = harness.spec.connector
    if harness.spec.runs_in is not None:  # Logto calls only the methods that it has
        return []
    return [name for name in _OPTIONAL_METHODS if getattr(own, name) is getattr(SocialConnector, name)]


def _call(harness: Harness, name: str) -> Attempt:
    return harness.attempt(partial(getattr(harness.social, name), *["x"] * _OPTIONAL_METHODS[name]))


@social_check("social.no-missing-values", clause="O6", level="advisory", covers=("error",))
def no_missing_values(harness: Harness) -> None:
    """No error contains a printed missing value: None, undefined, NaN or [object Object]."""
    expect_no_missing_values(harness, _errors(harness))


def _errors(harness: Harness) -> Iterator[tuple[BaseException | None, str]]:
    """Yield what a connector raises for a missing method, an invalid callback or a failure, and when."""
    for name in _missing_methods(harness):
        yield _call(harness, name).error, f"of {name}, which the connector lacks"
    for data in (None, {}, {"code": "code"}, {"error": "access_denied"}):
        sign_in = SignIn(harness)
        sign_in.authorization_uri()
        yield sign_in.finish(data).error, f"for the callback data {json.dumps(data)}"
    for outcome in harness.quick_failures():
        error = sign_in_with_outcome(harness, outcome, methods(harness)[0]).error
        yield error, f"for the outcome {outcome.name!r}"
