"""Secrets: keys, tokens and verification codes show in no error, no log and no repr, whatever goes wrong."""

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import product
from typing import Any, Final

from hypothesis import strategies as st

from conformance.provider import Outcome
from conformance.registry import NotApplicable, check, expect
from conformance.strategies import mistyped_values, places, replaced, without
from conformance.subject import Attempt, Subject
from connector_kit import ConnectorError, to_json

Json = Any
"""Any JSON value."""


def _without_secrets(subject: Subject, attempt: Attempt, when: str) -> None:
    data = repr(attempt.error.data) if isinstance(attempt.error, ConnectorError) else ""
    shown = " ".join(f"{error!r} {error.args}" for error in _chain(attempt.error))
    for where, told in (
        ("the error", f"{attempt.error} {attempt.error!r} {data}"),
        ("the error's traceback", f"{attempt.traceback} {shown}"),
        ("the log", attempt.log),
    ):
        leaked = subject.canaries.found_in(told)
        expect(not leaked, f"expected no secret in {where} {when}, found {', '.join(leaked)}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and what stands behind it in a report of it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _chain(inner)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _with_secret_code(subject: Subject, message: Json) -> Json:
    return {**message, "payload": {**message["payload"], "code": subject.canaries.make("the verification code")}}


def _leaks_nothing(subject: Subject, *, echoes: bool, examples: int | None) -> None:
    """Fail in every way that the provider knows, and look for secrets in what comes of it."""
    if echoes:
        chosen = [it for it in subject.provider.outcomes if it.echoes and not it.hangs]
    else:
        throttles = [it for it in subject.provider.outcomes if it.family == "throttle"]
        chosen = [*subject.quick_failures(), *throttles[:1]]
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


@check("secrets.failed-send", clause="S1", sees=("failure",), waits=True)
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


@check("secrets.saved-config", clause="S1", sees=("invalid",))
def saved_config(subject: Subject) -> None:
    """A saved config that is refused, for a value of it or for its shape, is not repeated in the error either."""

    def claim(config: Json, message: Json) -> None:
        attempt = subject.send(_with_secret_code(subject, message), saved=config)
        _without_secrets(subject, attempt, "for a saved config that is refused")
        if attempt.error is not None:
            subject.ledger.saw("invalid")

    drawn = st.builds(replaced, st.just(subject.config), st.sampled_from(places(subject.config)), mistyped_values)
    subject.for_all(claim, drawn, subject.messages(), examples=max(2, subject.profile.examples // 2))
    damaged = [replaced(subject.config, place, "x") for place in places(subject.config)]
    subject.for_each(claim, damaged, subject.messages())
    shapes: tuple[Json, ...] = ([subject.config], {"config": subject.config}, json.dumps(subject.config))
    subject.for_each(claim, shapes, subject.messages())


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


_PASTED: Final = ("\n", "\r\n", " ", "\t", "\0", "ä", "\N{ZERO WIDTH SPACE}", "\N{GRINNING FACE}", "\ud800")
"""What comes along when a key is copied from a page, a mail or a file, and what no header and no signature can hold."""


@check("secrets.pasted", clause="S8", sees=("pasted",))
def pasted(subject: Subject) -> None:
    """A key that was pasted with more than itself is used, or refused as a ConnectorError that does not show it."""
    keys = [key for key in subject.spec.secrets if isinstance(subject.config.get(key), str)]
    if not keys:
        raise NotApplicable("the Spec names no secrets that are text")

    def claim(case: tuple[str, str, str], message: Json) -> None:
        key, more, place = case
        secret = subject.canaries.make(key)
        config = {**subject.config, key: secret + more if place == "after" else more + secret}
        if not subject.accepts(config):
            return
        attempt = subject.send(message, config)
        when = f"when {key} has {more!r} {place} it"
        expect(
            attempt.error is None or attempt.code is not None,
            f"expected the message to be sent, or a ConnectorError, {when}; {attempt.how}",
        )
        _without_secrets(subject, attempt, when)
        subject.ledger.saw("pasted")

    for case in product(keys, _PASTED, ("before", "after")):
        subject.for_all(claim, st.just(case), subject.messages(), examples=1)
    if subject.never_saw(("pasted",)):
        raise NotApplicable("the config's schema declares that keys are plain letters and digits")


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
    if not subject.spec.secrets:
        raise NotApplicable("the Spec names no secrets, and the form marks none")

    def claim(message: Json) -> None:
        subject.send(message, subject.config)
        shown_as = {"the connector": repr(subject.connector)}
        if subject.spec.runs_in is None:  # else there is no config class, and plain JSON has no repr of its own
            held = subject.spec.connector.config_guard.validate(subject.config)
            shown_as["its config"] = f"{held!r} {held}"
        for what, shown in shown_as.items():
            leaked = subject.canaries.found_in(shown)
            expect(not leaked, f"expected no secret in the repr of {what}, found {', '.join(leaked)}")
        subject.ledger.saw("repr")

    subject.for_all(claim, subject.messages(), examples=2)


# --- where else secrets go ------------------------------------------------------------------------------------------


def _sends(subject: Subject) -> Iterator[tuple[str, Json]]:
    """Yield ways to send, each with its config: one that arrives, one that the provider refuses, one that is invalid."""
    yield "accepted", subject.config
    refusals = [it for it in subject.provider.outcomes if it.family == "refusal" and not (it.echoes or it.hangs)]
    if refusals:
        yield refusals[0].name, subject.config
    yield "accepted", [subject.config]


@contextmanager
def _printed() -> Iterator[io.StringIO]:
    """Collect what is printed and warned of; not what is logged, and not what another process prints."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
    told.write("\n".join(str(it.message) for it in caught))


@check("secrets.output", clause="S6", sees=("send",))
def output(subject: Subject) -> None:
    """Nothing secret is printed to standard output or standard error, nor is it in a warning, however a send ends."""

    def claim(message: Json) -> None:
        for name, config in _sends(subject):
            subject.provider.answer_with(name)
            with _printed() as told:
                subject.send(_with_secret_code(subject, message), config)
            leaked = subject.canaries.found_in(told.getvalue())
            expect(not leaked, f"expected no secret in what a send prints or warns of, found {', '.join(leaked)}")
            subject.ledger.saw("send")

    subject.for_all(claim, subject.messages(), examples=max(2, subject.profile.failure_examples))


@check("secrets.result", clause="S5", sees=("sent",))
def result(subject: Subject) -> None:
    """What a send returns holds no key and no code: hosts log it, and hand it on."""

    def claim(message: Json) -> None:
        attempt = subject.send(_with_secret_code(subject, message), subject.config)
        expect(attempt.error is None, f"expected the message to be sent; {attempt.how}")
        told = f"{attempt.result!r} {attempt.result} {json.dumps(to_json(attempt.result), default=repr)}"
        leaked = subject.canaries.found_in(told)
        expect(not leaked, f"expected no secret in what a send returns, found {', '.join(leaked)}")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.messages(), examples=max(2, subject.profile.failure_examples))


@check("secrets.recipient", clause="S7", level="advisory", sees=("send",))
def recipient(subject: Subject) -> None:
    """A send leaves no full address or number of its recipient in the log, at INFO and above."""

    def claim(message: Json) -> None:
        for name, config in _sends(subject):
            subject.provider.answer_with(name)
            attempt = subject.send(message, config)
            expect(message["to"] not in attempt.log, "expected no recipient in the log of a send, found one in full")
            subject.ledger.saw("send")

    subject.for_all(claim, subject.messages(), examples=max(2, subject.profile.failure_examples))
