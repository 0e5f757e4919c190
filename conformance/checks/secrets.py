"""Secrets: no key, token or verification code appears in an error, a log or a repr."""

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import product
from typing import Any, Final

from hypothesis import strategies as st

from conformance.harness.expectations import (
    choose_outcomes,
    expect_no_secret,
    expect_no_secret_in_error,
    for_each_outcome,
    send_with_outcome,
)
from conformance.harness.harness import Harness
from conformance.harness.strategies import mistyped_values, places, replaced, without
from conformance.providers.base import Outcome
from conformance.registry import check
from conformance.verdicts import NotApplicable, expect
from connector_kit import to_json

Json = Any
"""Any JSON value."""

_STRAY: Final = ("\n", "\r\n", " ", "\t", "\0", "ä", "\N{ZERO WIDTH SPACE}", "\N{GRINNING FACE}", "\ud800")
"""Characters that are copied along with a key by mistake, and that no HTTP header and no signature can contain."""


def _with_secret_code(harness: Harness, message: Json) -> Json:
    return {**message, "payload": {**message["payload"], "code": harness.canaries.make("the verification code")}}


def _send_examples(harness: Harness) -> int:
    """Return how many examples to try where one example is several sends."""
    return max(2, harness.profile.failure_examples)


def _check_failures(harness: Harness, outcomes: list[Outcome], kind: str, *, examples: int) -> None:
    """Check that no secret leaks from a failed send."""

    def verify(outcome: Outcome, message: Json) -> None:
        attempt = send_with_outcome(harness, outcome, _with_secret_code(harness, message))
        expect_no_secret_in_error(harness, attempt, f"for the outcome {outcome.name!r}")
        harness.coverage.add(kind)

    for_each_outcome(harness, outcomes, verify, harness.messages(), examples=examples)


@check("secrets.failed-send", clause="S1", covers=("failure",), waits=True)
def failed_send(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when a send fails."""
    quick = harness.quick_failures()
    throttles = [it for it in harness.provider.outcomes if it.family == "throttle" and not (it.echoes or it.hangs)]
    outcomes = choose_outcomes(harness, "is a failure", lambda it: it in (*quick, *throttles[:1]))
    _check_failures(harness, outcomes, "failure", examples=1)


@check("secrets.echoed-request", clause="S2", level="advisory", covers=("echoed request",))
def echoed_request(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when the provider's response repeats the request."""
    outcomes = choose_outcomes(harness, "repeats the request", echoes=True)
    _check_failures(harness, outcomes, "echoed request", examples=harness.profile.examples)


@check("secrets.invalid-config", clause="S1", covers=("rejected config",))
def invalid_config(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when a config is rejected."""

    def verify(place: Any, value: Json, drop: bool, message: Json) -> None:  # noqa: FBT001 - drawn
        config = without(harness.config, place) if drop else replaced(harness.config, place, value)
        attempt = harness.send(_with_secret_code(harness, message), config)
        expect_no_secret_in_error(harness, attempt, "for an invalid config")
        if attempt.error is not None:
            harness.coverage.add("rejected config")

    harness.for_each(verify, places(harness.config), mistyped_values, st.booleans(), harness.messages())


@check("secrets.saved-config", clause="S1", covers=("rejected config",))
def saved_config(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when a saved config is rejected."""

    def verify(config: Json, message: Json) -> None:
        attempt = harness.send(_with_secret_code(harness, message), saved=config)
        expect_no_secret_in_error(harness, attempt, "for an invalid saved config")
        if attempt.error is not None:
            harness.coverage.add("rejected config")

    drawn = st.builds(replaced, st.just(harness.config), st.sampled_from(places(harness.config)), mistyped_values)
    harness.for_all(verify, drawn, harness.messages(), examples=max(2, harness.profile.examples // 2))
    invalid = [replaced(harness.config, place, "x") for place in places(harness.config)]
    harness.for_each(verify, invalid, harness.messages())
    not_objects: tuple[Json, ...] = ([harness.config], {"config": harness.config}, json.dumps(harness.config))
    harness.for_each(verify, not_objects, harness.messages())


@check("secrets.misplaced", clause="S1", covers=("misplaced secret",))
def misplaced(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when a secret is in the wrong field of the config."""

    def verify(place: Any, wrap: str, message: Json) -> None:
        secret = harness.canaries.make("a misplaced secret")
        value = {"list": [secret], "object": {"value": secret}, "text": secret}[wrap]
        attempt = harness.send(message, replaced(harness.config, place, value))
        expect_no_secret_in_error(harness, attempt, "for a config with a secret in the wrong field")
        harness.coverage.add("misplaced secret")

    harness.for_each(verify, places(harness.config), st.sampled_from(("list", "object", "text")), harness.messages())


@check("secrets.stray-whitespace", clause="S8", covers=("secret with a stray character",))
def stray_whitespace(harness: Harness) -> None:
    """A secret with stray whitespace or a non-ASCII character is used, or rejected without appearing in the error."""
    keys = [key for key in harness.spec.secrets if isinstance(harness.config.get(key), str)]
    if not keys:
        raise NotApplicable("the Spec names no secrets that are strings")

    def verify(case: tuple[str, str, str], message: Json) -> None:
        key, stray, place = case
        secret = harness.canaries.make(key)
        config = {**harness.config, key: secret + stray if place == "after" else stray + secret}
        if not harness.accepts(config):
            return
        attempt = harness.send(message, config)
        when = f"for {stray!r} {place} {key}"
        expect(
            attempt.error is None or attempt.code is not None,
            f"expected the message to be sent, or a ConnectorError, {when}; {attempt.summary}",
        )
        expect_no_secret_in_error(harness, attempt, when)
        harness.coverage.add("secret with a stray character")

    for case in product(keys, _STRAY, ("before", "after")):
        harness.for_all(verify, st.just(case), harness.messages(), examples=1)
    if harness.never_covered(("secret with a stray character",)):
        raise NotApplicable("the config's schema declares that secrets contain no such characters")


@check("secrets.log", clause="S3", covers=("sent message",))
def log(harness: Harness) -> None:
    """No secret appears in the log, at INFO and above, when a message is sent."""

    def verify(message: Json) -> None:
        attempt = harness.send(_with_secret_code(harness, message), harness.config)
        expect_no_secret(harness, attempt.log, "the log of a send")
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.messages())


@check("secrets.repr", clause="S4", covers=("repr",))
def representation(harness: Harness) -> None:
    """No secret appears in the repr of the connector or of its config."""
    if not harness.spec.secrets:
        raise NotApplicable("the Spec names no secrets, and no form item is masked")

    def verify(message: Json) -> None:
        harness.send(message, harness.config)
        expect_no_secret(harness, repr(harness.connector), "the repr of the connector")
        if harness.spec.runs_in is None:  # elsewhere the config is plain JSON, which has no repr of its own
            config = harness.spec.connector.config_guard.validate(harness.config)
            expect_no_secret(harness, f"{config!r} {config}", "the repr of its config")
        harness.coverage.add("repr")

    harness.for_all(verify, harness.messages(), examples=2)


def _sends(harness: Harness) -> Iterator[tuple[str, Json]]:
    """Yield an outcome and a config for three sends: one accepted, one rejected by the provider, one by the guard."""
    yield "accepted", harness.config
    rejections = [it for it in harness.provider.outcomes if it.family == "rejection" and not (it.echoes or it.hangs)]
    for rejection in rejections[:1]:
        yield rejection.name, harness.config
    yield "accepted", [harness.config]


@contextmanager
def _collect_output() -> Iterator[io.StringIO]:
    """Collect what this process prints, and its warnings; neither its log nor the output of other processes."""
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield output
    output.write("\n".join(str(it.message) for it in caught))


@check("secrets.output", clause="S6", covers=("send",))
def output(harness: Harness) -> None:
    """No secret appears in standard output, standard error or a warning."""

    def verify(message: Json) -> None:
        for outcome, config in _sends(harness):
            harness.provider.respond_with(outcome)
            with _collect_output() as collected:
                harness.send(_with_secret_code(harness, message), config)
            expect_no_secret(harness, collected.getvalue(), "the output and the warnings of a send")
            harness.coverage.add("send")

    harness.for_all(verify, harness.messages(), examples=_send_examples(harness))


@check("secrets.result", clause="S5", covers=("sent message",))
def result(harness: Harness) -> None:
    """No secret appears in the result of a send."""

    def verify(message: Json) -> None:
        attempt = harness.send(_with_secret_code(harness, message), harness.config)
        expect(attempt.error is None, f"expected the message to be sent; {attempt.summary}")
        as_json = json.dumps(to_json(attempt.result), default=repr)
        expect_no_secret(harness, f"{attempt.result!r} {attempt.result} {as_json}", "the result of a send")
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.messages(), examples=_send_examples(harness))


@check("secrets.recipient-in-log", clause="S7", level="advisory", covers=("send",))
def recipient_in_log(harness: Harness) -> None:
    """No full address or phone number of a recipient appears in the log, at INFO and above."""

    def verify(message: Json) -> None:
        for outcome, config in _sends(harness):
            harness.provider.respond_with(outcome)
            attempt = harness.send(message, config)
            expect(
                message["to"] not in attempt.log,
                f"expected the log of a send without the full recipient, found {message['to']!r} in it",
            )
            harness.coverage.add("send")

    harness.for_all(verify, harness.messages(), examples=_send_examples(harness))
