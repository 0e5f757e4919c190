"""Operators: what they are told before a message fails, and when one does."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from conformance.provider import ConfigCase, Outcome
from conformance.registry import NotApplicable, check, expect
from conformance.strategies import unusual_recipients
from conformance.subject import Subject
from conformance.wording import missing_values, missing_values_in
from connector_kit import ConnectorError, ConnectorErrorCodes

Json = Any


def _cases(subject: Subject, what: str, choose: Callable[[ConfigCase], object]) -> list[ConfigCase]:
    cases = [case for case in subject.provider.config_cases if choose(case)]
    if not cases:
        raise NotApplicable(f"{type(subject.provider).__name__} declares no config {what}")
    return cases


def _config(subject: Subject, case: ConfigCase) -> Json:
    changed = {**subject.config, **case.changes}
    config = {key: value for key, value in changed.items() if key not in case.without}
    expect(subject.accepts(config), f"expected a config that the guard accepts for {_say(case)}, found otherwise")
    return config


def _say(case: ConfigCase) -> str:
    said = [f"{key} {json.dumps(value, ensure_ascii=False)[:60]}" for key, value in case.changes.items()]
    return ", ".join([*said, *(f"no {key}" for key in case.without)])


def _warned(subject: Subject, config: Json) -> list[str]:
    """Return where the guard warns, each time in words and with a keyword to look up."""
    if subject.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {subject.spec.runs_in}: its guard has no warnings")
    issues = [it for it in subject.spec.connector.config_guard.issues(config) if it.severity == "warning"]
    for issue in issues:
        told = all(str(it or "").strip() for it in (issue.message, issue.keyword))
        expect(told, f"expected a warning with a keyword and words at {issue.path}, found one without")
    return [issue.path for issue in issues]


@check("operator.warns", clause="O1", level="advisory", sees=("hopeless",))
def warns(subject: Subject) -> None:
    """A config that Logto takes, and under which the provider refuses every message, draws a warning at its key."""
    for case in _cases(subject, "under which it refuses every message", lambda it: it.hopeless):
        paths = _warned(subject, _config(subject, case))
        expect(
            f"$.{case.hopeless}" in paths,
            f"expected a warning at $.{case.hopeless} for {_say(case)}, found {paths or 'none'}",
        )
        subject.ledger.saw("hopeless")


@check("operator.false-alarm", clause="O2", level="advisory", sees=("good",))
def false_alarm(subject: Subject) -> None:
    """A config that works draws no warning: who cries wolf is not read."""
    own = ConfigCase()
    for case in (own, *(it for it in subject.provider.config_cases if not (it.hopeless or it.unusable))):
        paths = _warned(subject, _config(subject, case))
        what = "the Spec's valid config" if case is own else _say(case)
        expect(not paths, f"expected no warning for {what}, found warnings at {', '.join(paths)}")
        subject.ledger.saw("good")


@check("operator.details", clause="O3", level="advisory", sees=("failure",))
def details(subject: Subject) -> None:
    """The data of an error holds the provider's own code, and the id under which the provider finds the request."""
    chosen = [it for it in subject.quick_failures() if it.code]
    if not chosen:
        raise NotApplicable(f"{type(subject.provider).__name__} declares no outcome that has a code of its own")
    for outcome in chosen:

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            attempt = subject.send(message, subject.config)
            told = attempt.error.data if isinstance(attempt.error, ConnectorError) else None
            values = list(told.values()) if isinstance(told, dict) else []
            expect(
                outcome.code in values,
                f"expected the data to hold the provider's code {outcome.code!r} for {outcome.name!r}, found otherwise",
            )
            reference = attempt.calls[-1].reference if attempt.calls else None
            expect(
                reference is None or reference in values,
                f"expected the data to hold the id of the request for {outcome.name!r}, found otherwise",
            )
            subject.ledger.saw("failure")

        subject.for_all(claim, subject.messages(), examples=1)


@check("operator.unusable", clause="O4", sees=("unusable",))
def unusable(subject: Subject) -> None:
    """A config that validates, and from which no request can be made, is invalid_config, in words that name the key."""
    for case in _cases(subject, "from which no request can be made", lambda it: it.unusable):

        def claim(message: Json, case: ConfigCase = case) -> None:
            attempt = subject.send(message, _config(subject, case))
            expect(
                attempt.code is ConnectorErrorCodes.INVALID_CONFIG and not attempt.calls,
                f"expected invalid_config and no call for {_say(case)}; {attempt.how}",
            )
            expect(
                str(case.unusable) in _words(attempt.error),
                f"expected an error that names {case.unusable}, found otherwise",
            )
            subject.ledger.saw("unusable")

        subject.for_all(claim, subject.messages(), examples=1)


def _words(error: Exception | None) -> str:
    data = error.data if isinstance(error, ConnectorError) else None
    told = data.get("message") if isinstance(data, dict) else None
    return told if isinstance(told, str) else ""


_NO_RECIPIENTS: Final = (*unusual_recipients, "", "nobody", "a b", "someone@example.com\r\nBcc: eve@attacker.example")


@check("operator.words", clause="O5", level="advisory", sees=("failure",))
def words(subject: Subject) -> None:
    """Every failed send says in words what happened, as the data's message: a code alone helps nobody."""
    quick = subject.quick_failures()
    if not quick:
        raise NotApplicable(f"{type(subject.provider).__name__} declares no outcome that is a failure")
    for outcome in quick:

        def claim(message: Json, outcome: Outcome = outcome) -> None:
            subject.provider.answer_with(outcome.name)
            told = _words(subject.send(message, subject.config).error)
            expect(told.strip(), f"expected words in the data's message for {outcome.name!r}, found none")
            subject.ledger.saw("failure")

        subject.for_all(claim, subject.messages(), examples=1)
    subject.provider.reset()
    for message, config, what in _odd_sends(subject):
        error = subject.send(message, config).error
        expect(error is None or _words(error).strip(), f"expected words in the data's message for {what}, found none")


def _odd_sends(subject: Subject) -> Iterator[tuple[Json, Json, str]]:
    """Yield messages and configs that a connector may refuse, and what is odd about them."""
    message, config = subject.plain_message, subject.config
    for recipient in _NO_RECIPIENTS:
        yield {**message, "to": recipient}, config, f"the recipient {recipient[:20]!r}"
    for key in subject.spec.secrets:
        pasted = {**config, key: f"{config.get(key)}\ud800"}
        if subject.accepts(pasted):
            yield message, pasted, f"a letter in {key} that is none"


_NO_MAILBOX: Final = f"<codes@{'ü' * 64}.example>"


@check("operator.missing-values", clause="O6", level="advisory", sees=("error",))
def no_missing_values(subject: Subject) -> None:
    """No error and no warning says None, undefined or [object Object] where a value was meant."""
    raised = ((error, when) for error, when in _errors(subject) if error is not None)
    for error, when in raised:
        found = missing_values_in(error)
        expect(not found, f"expected words alone in the error {when}, found {', '.join(found)}")
        subject.ledger.saw("error")
    for case in subject.provider.config_cases:
        if case.hopeless and subject.spec.runs_in is None:
            for issue in subject.spec.connector.config_guard.issues(_config(subject, case)):
                found = missing_values(issue.message)
                expect(not found, f"expected words alone in the warning for {_say(case)}, found {', '.join(found)}")
    if subject.never_saw(("error",)):
        raise NotApplicable(f"{type(subject.provider).__name__} declares no failure, and the connector refuses nothing")


def _errors(subject: Subject) -> Iterator[tuple[Exception | None, str]]:
    """Yield what sends raise that cannot succeed, or need not, and when."""
    message, config = subject.plain_message, subject.config
    for outcome in subject.quick_failures():
        subject.provider.answer_with(outcome.name)
        yield subject.send(message, config).error, f"when the provider answers {outcome.name!r}"
    subject.provider.reset()
    for case in subject.provider.config_cases:
        if case.unusable:
            yield subject.send(message, _config(subject, case)).error, f"for {_say(case)}"
    for odd_message, odd_config, what in _odd_sends(subject):
        yield subject.send(odd_message, odd_config).error, f"for {what}"
    for key in ("replyTo", "sendFrom"):
        template = {"subject": "s", "content": "c", key: _NO_MAILBOX}
        attempt = subject.send(message, config, managed=partial(dict, template))
        yield attempt.error, f"for a managed template whose {key} has no domain that can exist"
    if "usage" not in subject.spec.capabilities:
        yield subject.attempt(subject.connector.get_usage).error, "for its usage"
