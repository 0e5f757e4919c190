"""Secrets: keys, tokens and verification codes show in no error, no log and no repr, whatever goes wrong."""

from typing import Any

from hypothesis import strategies as st

from conformance.provider import Outcome
from conformance.registry import NotApplicable, check, expect
from conformance.strategies import mistyped_values, places, replaced, without
from conformance.subject import Attempt, Subject
from connector_kit import ConnectorError

Json = Any


def _without_secrets(subject: Subject, attempt: Attempt, when: str) -> None:
    data = repr(attempt.error.data) if isinstance(attempt.error, ConnectorError) else ""
    for where, told in (
        ("the error", f"{attempt.error} {attempt.error!r} {data}"),
        ("the error's traceback", attempt.traceback),
        ("the log", attempt.log),
    ):
        leaked = subject.canaries.found_in(told)
        expect(not leaked, f"expected no secret in {where} {when}, found {', '.join(leaked)}")


def _with_secret_code(subject: Subject, message: Json) -> Json:
    return {**message, "payload": {**message["payload"], "code": subject.canaries.make("the verification code")}}


def _leaks_nothing(subject: Subject, *, echoes: bool, examples: int | None) -> None:
    """Fail in every way that the provider knows, and look for secrets in what comes of it."""
    chosen = [it for it in subject.provider.outcomes if it.echoes == echoes and it.family != "accepted"]
    if not chosen:
        what = "repeats the request" if echoes else "is a failure"
        raise NotApplicable(f"{type(subject.provider).__name__} declares no outcome that {what}")
    for outcome in chosen:

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            attempt = subject.send(_with_secret_code(subject, message), subject.config)
            _without_secrets(subject, attempt, f"when the provider answers {outcome.name!r}")
            subject.ledger.saw("echo" if echoes else "failure")

        subject.for_all(claim, subject.messages(), examples=examples)


@check("secrets.failed-send", clause="S1", sees=("failure",))
def failed_send(subject: Subject) -> None:
    """However the provider fails, no key and no code shows in the error, its causes or the log."""
    _leaks_nothing(subject, echoes=False, examples=1)


@check("secrets.echo", clause="S2", level="advisory", sees=("echo",))
def echo(subject: Subject) -> None:
    """Even when the provider repeats the request in its answer, no key and no code shows."""
    _leaks_nothing(subject, echoes=True, examples=None)


@check("secrets.invalid-config", clause="S1", sees=("invalid",))
def invalid_config(subject: Subject) -> None:
    """A config that is refused is not repeated in the error: it holds the keys."""

    def claim(place: Any, value: Json, drop: bool, message: Json) -> None:  # noqa: ANN401, FBT001 - drawn
        config = without(subject.config, place) if drop else replaced(subject.config, place, value)
        attempt = subject.send(_with_secret_code(subject, message), config)
        _without_secrets(subject, attempt, "for a config that is refused")
        if attempt.error is not None:
            subject.ledger.saw("invalid")

    subject.for_each(claim, places(subject.config), mistyped_values, st.booleans(), subject.messages())


@check("secrets.misplaced", clause="S1", sees=("misplaced",))
def misplaced(subject: Subject) -> None:
    """A secret that was pasted into the wrong field is not repeated either."""

    def claim(place: Any, wrap: str, message: Json) -> None:  # noqa: ANN401 - keys and indices
        secret = subject.canaries.make("a misplaced secret")
        value = {"list": [secret], "object": {"value": secret}, "text": secret}[wrap]
        attempt = subject.send(message, replaced(subject.config, place, value))
        _without_secrets(subject, attempt, "for a config with a secret in the wrong place")
        subject.ledger.saw("misplaced")

    subject.for_each(claim, places(subject.config), st.sampled_from(("list", "object", "text")), subject.messages())


@check("secrets.log", clause="S3", sees=("sent",))
def log(subject: Subject) -> None:
    """A message that goes out leaves no key and no code in the log, at INFO and above."""

    def claim(message: Json) -> None:
        attempt = subject.send(_with_secret_code(subject, message), subject.config)
        leaked = subject.canaries.found_in(attempt.log)
        expect(not leaked, f"expected no secret in the log of a send, found {', '.join(leaked)}")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.messages())


@check("secrets.repr", clause="S4", sees=("repr",))
def representation(subject: Subject) -> None:
    """No secret shows in the repr of the connector or of its config."""

    def claim(message: Json) -> None:
        subject.send(message, subject.config)
        held = subject.spec.connector.config_guard.validate(subject.config)
        for what, shown in (("the connector", repr(subject.connector)), ("its config", f"{held!r} {held}")):
            leaked = subject.canaries.found_in(shown)
            expect(not leaked, f"expected no secret in the repr of {what}, found {', '.join(leaked)}")
        subject.ledger.saw("repr")

    subject.for_all(claim, subject.messages(), examples=2)
