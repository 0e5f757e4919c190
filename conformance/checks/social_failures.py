"""Social connectors: failures of the provider, and secrets."""

from collections.abc import Callable
from functools import partial
from typing import Final

from hypothesis import strategies as st

from conformance.checks.social import sign_in_examples, sign_in_with_outcome, social_check
from conformance.harness.attempt import Attempt
from conformance.harness.expectations import (
    choose_outcomes,
    expect_code,
    expect_json_data,
    expect_no_other_socket,
    expect_no_secret,
    expect_no_secret_in_error,
    expect_recovery,
    expect_time_limit,
)
from conformance.harness.harness import Harness
from conformance.harness.sign_in import Method, SignIn, expect_user, give_consent, methods, states
from conformance.providers.base import Outcome
from conformance.verdicts import expect

_OWN_CHECKS: Final = frozenset({"token-redirect", "user-redirect", "user-other-subject"})


def _failures(harness: Harness, *, echoes: bool = False) -> list[Outcome]:
    description = "repeats the request" if echoes else "is a failure"
    return choose_outcomes(harness, description, lambda it: it.family != "accepted" and is_different(it), echoes=echoes)


def is_different(outcome: Outcome) -> bool:
    """Return whether an outcome is worth a sign-in where any failure will do: of the ID tokens, two are enough."""
    return not outcome.name.startswith("id-token-") or outcome.name in {"id-token-unreadable", "id-token-forged"}


def _has_own_check(outcome: Outcome) -> bool:
    """Return whether a check of its own states what the connector must do: about ID tokens, keys and redirects."""
    return outcome.name.startswith(("id-token-", "keys-", "discovery-")) or outcome.name in _OWN_CHECKS


def _for_each_failure(
    harness: Harness, outcomes: list[Outcome], verify: Callable[[Outcome, Method], None], *, examples: int = 1
) -> None:
    """Verify a property of each outcome, for each method that Logto may call for a callback."""
    for outcome in outcomes:
        for method in methods(harness):
            harness.for_all(partial(verify, outcome), st.just(method), examples=examples)


@social_check("social.provider-errors", clause="L8", covers=("failure",))
def provider_errors(harness: Harness) -> None:
    """A failure of the provider, at any request, raises the expected error code and signs nobody in."""

    def verify(outcome: Outcome, method: Method) -> None:
        expect_code(outcome, sign_in_with_outcome(harness, outcome, method))
        harness.coverage.add("failure")

    for method in methods(harness):
        SignIn(harness).complete(method)  # what the connector keeps of this user must not sign in the next one
    outcomes = [it for it in _failures(harness) if not _has_own_check(it)]
    _for_each_failure(harness, outcomes, verify, examples=harness.profile.failure_examples)


@social_check("social.redirects", clause="L17", covers=("redirect",))
def redirects(harness: Harness) -> None:
    """A redirect of the token or user info endpoint is not followed: it would send secrets to another address."""

    def verify(outcome: Outcome, method: Method) -> None:
        attempt = sign_in_with_outcome(harness, outcome, method)
        names = [call.outcome.name for call in attempt.calls]
        if outcome.name not in names:
            return  # the connector does not use this endpoint
        followed = names[names.index(outcome.name) + 1 :]
        expect(not followed, f"expected no request after the outcome {outcome.name!r}, found {len(followed)}")
        expect_code(outcome, attempt)
        harness.coverage.add("redirect")

    chosen = choose_outcomes(harness, "is a redirect", lambda it: it.name.endswith("-redirect"))
    _for_each_failure(harness, chosen, verify)


@social_check("social.json-error-data", clause="L8", covers=("data",))
def json_error_data(harness: Harness) -> None:
    """The data of every error is JSON."""

    def verify(outcome: Outcome, method: Method) -> None:
        expect_json_data(outcome, sign_in_with_outcome(harness, outcome, method))
        harness.coverage.add("data")

    _for_each_failure(harness, _failures(harness), verify)


@social_check("social.recovery", clause="L8", covers=("sign-in after a failure",))
def recovery(harness: Harness) -> None:
    """A user is signed in as usual after a failed sign-in."""

    def verify(outcome: Outcome, method: Method) -> None:
        sign_in_with_outcome(harness, outcome, method)
        expect_recovery(harness, lambda: SignIn(harness).complete(method))
        harness.coverage.add("sign-in after a failure")

    _for_each_failure(harness, _failures(harness), verify)


@social_check("social.time-limit", clause="L8", covers=("unresponsive provider",), waits=15)
def time_limit(harness: Harness) -> None:
    """A sign-in ends within 15 seconds if the provider never responds, and the next user is signed in."""

    def fail(outcome: Outcome, within: float) -> Attempt:
        return sign_in_with_outcome(harness, outcome, "get_user_info", within)

    expect_time_limit(harness, "a sign-in", fail, lambda: SignIn(harness).complete())


@social_check("social.network", clause="L8", covers=("successful sign-in",), is_smoke=True)
def network(harness: Harness) -> None:
    """The connector opens sockets to its provider only, whether a sign-in succeeds or fails."""

    def verify(outcome: Outcome, method: Method) -> None:
        attempt = sign_in_with_outcome(harness, outcome, method)
        expect_no_other_socket(harness, outcome)
        harness.coverage.add("successful sign-in" if attempt.error is None else "failed sign-in")

    _for_each_failure(harness, choose_outcomes(harness, "responds", is_different), verify)


def _check_secrets(harness: Harness, kind: str, *, echoes: bool) -> None:
    def verify(outcome: Outcome, method: Method) -> None:
        attempt = sign_in_with_outcome(harness, outcome, method)
        expect_no_secret_in_error(harness, attempt, f"for the outcome {outcome.name!r}")
        harness.coverage.add(kind)

    _for_each_failure(harness, _failures(harness, echoes=echoes), verify)


@social_check("social.secrets-in-errors", clause="L9", covers=("failure",))
def secrets_in_errors(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when a sign-in fails."""
    _check_secrets(harness, "failure", echoes=False)


@social_check("social.echoed-secrets", clause="L9", level="advisory", covers=("echoed request",))
def echoed_secrets(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when the provider's response repeats the request."""
    _check_secrets(harness, "echoed request", echoes=True)


@social_check("social.secrets-in-log", clause="L9", covers=("successful sign-in",))
def secrets_in_log(harness: Harness) -> None:
    """No secret appears in the log, at INFO and above, when a user signs in."""

    def verify(state: str) -> None:
        for method in methods(harness):
            sign_in = SignIn(harness, state=state)
            departure = sign_in.request_uri()
            consent = give_consent(harness, str(departure.result))
            arrival = expect_user(harness, sign_in.finish(consent.callback, method), consent)
            expect_no_secret(harness, f"{departure.log}\n{arrival.log}", "the log of a sign-in")
            harness.coverage.add("successful sign-in")

    harness.for_all(verify, states, examples=sign_in_examples(harness))


@social_check("social.secrets-in-repr", clause="L9", covers=("repr",), is_smoke=True)
def secrets_in_repr(harness: Harness) -> None:
    """No secret appears in the repr of the connector, of its config or of its results."""

    def verify(state: str) -> None:
        for method in methods(harness):
            result = SignIn(harness, state=state).complete(method).result
            expect_no_secret(harness, repr(harness.social), "the repr of the connector")
            if harness.spec.runs_in is None:  # elsewhere the config is plain JSON, which has no repr of its own
                config = harness.spec.connector.config_guard.validate(harness.config)
                expect_no_secret(harness, f"{config!r} {config}", "the repr of its config")
            expect_no_secret(harness, repr(result), f"the repr of the result of {method}")
            harness.coverage.add("repr")

    harness.for_all(verify, states, examples=2)
