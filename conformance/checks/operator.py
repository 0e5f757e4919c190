"""Operators: warnings about a config, and the texts of errors."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from conformance.harness.error_text import missing_values
from conformance.harness.expectations import (
    choose_quick_failures,
    error_message,
    expect_error,
    expect_no_call,
    expect_no_missing_values,
    for_each_outcome,
    send_with_outcome,
    show_data,
)
from conformance.harness.harness import Harness
from conformance.harness.strategies import unusual_recipients
from conformance.harness.values import show
from conformance.providers.base import ConfigCase, Outcome
from conformance.registry import check
from conformance.secret_paths import places_of, value_at, with_value
from conformance.verdicts import NotApplicable, expect
from connector_kit import ConnectorError, ConnectorErrorCodes, config_warnings
from connector_kit.template_checks import TEMPLATE_CHECKS

Json = Any

_INVALID_RECIPIENTS: Final = (*unusual_recipients, "", "nobody", "a b", "someone@example.com\r\nBcc: eve@b.example")

_INVALID_MAILBOX: Final = f"<codes@{'ü' * 64}.example>"
"""A label of a domain has at most 63 octets."""


def _cases(harness: Harness, description: str, choose: Callable[[ConfigCase], object]) -> list[ConfigCase]:
    """Return the config cases of the provider that a check is about; without any, the check does not apply."""
    cases = [case for case in harness.provider.config_cases if choose(case)]
    if not cases:
        raise NotApplicable(f"{type(harness.provider).__name__} declares no config {description}")
    return cases


def _config(harness: Harness, case: ConfigCase) -> Json:
    changed = {**harness.config, **case.changes}
    config = {key: value for key, value in changed.items() if key not in case.without}
    errors = [it for it in harness.spec.connector.config_guard.issues(config) if it.severity == "error"]
    expect(
        harness.accepts(config),
        f"expected the config's schema to accept {_describe(case)}, found {', '.join(it.path for it in errors)} invalid",
    )
    return config


def _describe(case: ConfigCase) -> str:
    changes = [f"{key} {json.dumps(value, ensure_ascii=False)[:60]}" for key, value in case.changes.items()]
    return ", ".join([*changes, *(f"no {key}" for key in case.without)]) or "the valid_config of the Spec"


_ABOUT_EXAMPLES: Final = frozenset({"placeholder", "unfilled"}) | TEMPLATE_CHECKS.keys()
"""The keywords of the kit's warnings about example values and the texts of templates: these depend on the author's
example, not on the connector, which sends any value and any text."""


def _warning_paths(harness: Harness, config: Json, example: Json) -> list[str]:
    """Return the paths of the guard's warnings about settings; each warning must have a keyword and a message.

    Those of the kit about the values of an example do not count.
    """
    if harness.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {harness.spec.runs_in}, where guards declare no warnings")
    issues = [it for it in harness.spec.connector.config_guard.issues(config) if it.severity == "warning"]
    for issue in issues:
        expect(
            all(str(it or "").strip() for it in (issue.message, issue.keyword)),
            f"expected a warning with a keyword and a message at {issue.path}, "
            f"found the keyword {show(issue.keyword)} and the message {show(issue.message)}",
        )
    of_the_kit = {
        (it.path, it.keyword, it.message)
        for rule in config_warnings
        for it in rule(example)
        if it.keyword in _ABOUT_EXAMPLES
    }
    return [it.path for it in issues if (it.path, it.keyword, it.message) not in of_the_kit]


@check("operator.warning", clause="O1", level="advisory", covers=("rejected config",))
def warning(harness: Harness) -> None:
    """A valid config with which the provider rejects every message produces a warning for the key that causes it."""
    for case in _cases(harness, "with which it rejects every message", lambda it: it.rejected):
        paths = _warning_paths(harness, _config(harness, case), harness.config)
        expect(
            f"$.{case.rejected}" in paths,
            f"expected a warning at $.{case.rejected} for {_describe(case)}, found {', '.join(paths) or 'no warning'}",
        )
        harness.coverage.add("rejected config")


@check("operator.no-false-warning", clause="O2", level="advisory", covers=("working config",), is_smoke=True)
def no_false_warning(harness: Harness) -> None:
    """A working config produces no warnings."""
    for case in (ConfigCase(), *(it for it in harness.provider.config_cases if not (it.rejected or it.unusable))):
        config = _config(harness, case)
        paths = _warning_paths(harness, config, config)
        expect(not paths, f"expected no warning for {_describe(case)}, found warnings at {', '.join(paths)}")
        harness.coverage.add("working config")


@check("operator.error-details", clause="O3", level="advisory", covers=("failure",))
def error_details(harness: Harness) -> None:
    """The error's data contains the provider's error code and request id."""

    def verify(outcome: Outcome, message: Json) -> None:
        attempt = send_with_outcome(harness, outcome, message)
        data = attempt.error.data if isinstance(attempt.error, ConnectorError) else None
        request_id = attempt.calls[-1].reference if attempt.calls else None
        for what, value in (("error code", outcome.code), ("request id", request_id)):
            expect(
                value is None or (isinstance(data, dict) and value in map(str, data.values())),
                f"expected the error's data to contain the provider's {what} {value!r} for the outcome "
                f"{outcome.name!r}, found {show_data(data)}",
            )
        harness.coverage.add("failure")

    outcomes = choose_quick_failures(harness, "has an error code of the provider", lambda it: it.code)
    for_each_outcome(harness, outcomes, verify, harness.messages())


@check("operator.unusable-config", clause="O4", covers=("unusable config",))
def unusable_config(harness: Harness) -> None:
    """A valid config from which no request can be built raises invalid_config with a message that names the key."""

    def verify(case: ConfigCase, message: Json) -> None:
        attempt = harness.send(message, _config(harness, case))
        expect_error(attempt, ConnectorErrorCodes.INVALID_CONFIG, f"for {_describe(case)}")
        expect_no_call(attempt, f"a send with {_describe(case)}")
        found = error_message(attempt.error)
        expect(
            str(case.unusable) in found,
            f"expected an error message that names {case.unusable} for {_describe(case)}, found {show(found)}",
        )
        harness.coverage.add("unusable config")

    for case in _cases(harness, "from which no request can be built", lambda it: it.unusable):
        harness.for_all(partial(verify, case), harness.messages(), examples=1)


@check("operator.error-message", clause="O5", level="advisory", covers=("failure",))
def message_in_data(harness: Harness) -> None:
    """The error of every failed send has a message in its data."""

    def expect_message(error: BaseException | None, what: str) -> None:
        found = show_data(getattr(error, "data", None))
        expect(error_message(error).strip(), f"expected a message in the error's data for {what}, found {found}")

    def verify(outcome: Outcome, message: Json) -> None:
        expect_message(send_with_outcome(harness, outcome, message).error, f"the outcome {outcome.name!r}")
        harness.coverage.add("failure")

    for_each_outcome(harness, choose_quick_failures(harness), verify, harness.messages())
    harness.provider.reset()
    for message, config, what in _doubtful_sends(harness):
        error = harness.send(message, config).error
        if error is not None:
            expect_message(error, what)


def _doubtful_sends(harness: Harness) -> Iterator[tuple[Json, Json, str]]:
    """Yield messages and configs that a connector may reject, and why it may."""
    message, config = harness.plain_message, harness.config
    for recipient in _INVALID_RECIPIENTS:
        yield {**message, "to": recipient}, config, f"the recipient {recipient[:20]!r}"
    for path in harness.spec.secrets:
        for place in places_of(config, path):
            changed = with_value(config, place, f"{value_at(config, place)}\N{ZERO WIDTH SPACE}")
            if harness.accepts(changed):
                yield message, changed, f"a zero-width space in {path}"


@check("operator.no-missing-values", clause="O6", level="advisory", covers=("error",))
def no_missing_values(harness: Harness) -> None:
    """No error or warning contains a printed missing value: None, undefined, NaN or [object Object]."""
    expect_no_missing_values(harness, _errors(harness))
    for case in harness.provider.config_cases:
        if case.rejected and harness.spec.runs_in is None:
            for issue in harness.spec.connector.config_guard.issues(_config(harness, case)):
                found = missing_values(issue.message)
                expect(
                    not found,
                    f"expected no missing value in the warning for {_describe(case)}, "
                    f"found {', '.join(found)} in {show(issue.message)}",
                )
    if harness.never_covered(("error",)):
        raise NotApplicable(f"{type(harness.provider).__name__} declares no failure, and the connector rejects nothing")


def _errors(harness: Harness) -> Iterator[tuple[BaseException | None, str]]:
    """Yield what each doubtful or failing send raises, and when."""
    message, config = harness.plain_message, harness.config
    for outcome in harness.quick_failures():
        yield send_with_outcome(harness, outcome, message).error, f"for the outcome {outcome.name!r}"
    harness.provider.reset()
    for case in harness.provider.config_cases:
        if case.unusable:
            yield harness.send(message, _config(harness, case)).error, f"for {_describe(case)}"
    for doubtful_message, doubtful_config, what in _doubtful_sends(harness):
        yield harness.send(doubtful_message, doubtful_config).error, f"for {what}"
    for key in ("replyTo", "sendFrom"):
        template = {"subject": "s", "content": "c", key: _INVALID_MAILBOX}
        attempt = harness.send(message, config, managed=partial(dict, template))
        yield attempt.error, f"for a managed template with an invalid domain in {key}"
    if "usage" not in harness.spec.capabilities:
        yield harness.attempt(harness.connector.get_usage).error, "of get_usage"
