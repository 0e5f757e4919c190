"""Secrets: no key, token or verification code appears in an error, a log or a repr."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from conformance.harness.attempt import Attempt
from conformance.harness.expectations import (
    choose_outcomes,
    expect_no_secret,
    expect_no_secret_in_error,
    expect_no_secret_in_log,
    for_each_outcome,
    is_failure_without_pause,
)
from conformance.harness.harness import Harness
from conformance.harness.logs import collected_logs, safe_repr
from conformance.harness.output import collected_output, wait_for_new_threads
from conformance.harness.strategies import mistyped_values, places, replaced, unusual_recipients, without
from conformance.providers.base import Outcome
from conformance.registry import check
from conformance.secret_paths import path_to, places_of, value_at, with_value
from conformance.verdicts import NotApplicable, expect
from connector_kit import ConnectorErrorCodes, to_json

Json = Any
"""Any JSON value."""

_STRAY: Final = ("\n", "\r\n", " ", "\t", "\0", "ä", "\N{ZERO WIDTH SPACE}", "\N{GRINNING FACE}")
"""Characters that are copied along with a key by mistake, and that no HTTP header and no signature can contain.

Nobody copies half of a surrogate pair, which ``str.encode`` rejects.
"""


_IN_A_ROW: Final = 4
"""Some connectors log more about a failure when it repeats."""


def _with_secrets(harness: Harness, message: Json) -> Json:
    """Return a message with a new code and a new link."""
    payload = message.get("payload")
    return {**message, "payload": {**(payload if isinstance(payload, Mapping) else {}), **_secret_payload(harness)}}


def _secret_payload(harness: Harness) -> dict[str, str]:
    token = harness.canaries.make("the link")
    return {"code": harness.secret_code(), "link": f"https://logto.example/invitation?token={token}"}


def _send_secrets(harness: Harness, message: Json, config: Json) -> Attempt:
    """Send a message with a new code and a new link; with a shorter code if the connector rejects a long one."""
    while True:
        attempt = harness.send(_with_secrets(harness, message), config)
        is_rejected = attempt.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS and not attempt.calls
        if not (is_rejected and harness.shorten_codes()):
            return attempt


def _send_examples(harness: Harness) -> int:
    """Return how many examples to try where one example is several sends."""
    return max(2, harness.profile.failure_examples)


def _expect_no_leak(harness: Harness, send: Callable[[], Attempt], when: str) -> Attempt:
    """Send, and expect that no secret is printed, logged or in the error."""
    with collected_output() as output:
        attempt = send()
    expect_no_secret_in_error(harness, attempt, when)
    expect_no_secret(harness, output.getvalue(), f"the output {when}")
    return attempt


def _check_failures(harness: Harness, outcomes: list[Outcome], kind: str, *, examples: int, times: int = 1) -> None:
    """Check that no secret leaks from a failed send, nor from those that follow if the provider keeps failing."""

    def verify(outcome: Outcome, message: Json) -> None:
        for _ in range(times):
            harness.provider.respond_with(outcome.name)
            send = partial(_send_secrets, harness, message, harness.config)
            _expect_no_leak(harness, send, f"for the outcome {outcome.name!r}")
            harness.coverage.add(kind)

    for_each_outcome(harness, outcomes, verify, harness.messages(), examples=examples)


def _unreachable(harness: Harness) -> list[Outcome]:
    """Return the outcomes of a provider that is not reached, or that breaks the connection."""
    return [it for it in harness.provider.outcomes if it.family == "network" and not (it.echoes or it.hangs)]


@check("secrets.failed-send", clause="S1", covers=("failure",), waits=3)
def failed_send(harness: Harness) -> None:
    """No secret appears in the error, its causes, the log or the output when a send fails."""
    chosen = [*harness.quick_failures(), *_unreachable(harness)]
    throttles = [it for it in harness.provider.outcomes if it.family == "throttle" and not (it.echoes or it.hangs)]
    outcomes = choose_outcomes(harness, "is a failure", lambda it: it in (*chosen, *throttles[:1]))
    _check_failures(harness, outcomes, "failure", examples=1)
    repeated = [it for it in outcomes if is_failure_without_pause(it) and it.family != "network"]
    _check_failures(harness, repeated[:1], "failure", examples=1, times=_IN_A_ROW)


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
        attempt = harness.send(_with_secrets(harness, message), config)
        expect_no_secret_in_error(harness, attempt, "for an invalid config")
        if attempt.error is not None:
            harness.coverage.add("rejected config")

    harness.for_each(verify, places(harness.config), mistyped_values, st.booleans(), harness.messages())


@check("secrets.saved-config", clause="S1", covers=("rejected config",))
def saved_config(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when a saved config is rejected."""

    def verify(config: Json, message: Json) -> None:
        attempt = harness.send(_with_secrets(harness, message), saved=config)
        expect_no_secret_in_error(harness, attempt, "for an invalid saved config")
        if attempt.error is not None:
            harness.coverage.add("rejected config")

    drawn = st.builds(replaced, st.just(harness.config), st.sampled_from(places(harness.config)), mistyped_values)
    harness.for_all(verify, drawn, harness.messages(), examples=max(2, harness.profile.examples // 2))
    invalid = [replaced(harness.config, place, "x") for place in places(harness.config)]
    harness.for_each(verify, invalid, harness.messages())
    _check_failing_get_config(harness)
    not_objects: tuple[Json, ...] = ([harness.config], {"config": harness.config}, json.dumps(harness.config))
    harness.for_each(verify, not_objects, harness.messages())


def _no_managed_template() -> Json:
    raise OSError("the template cannot be read")


_UNUSABLE_MANAGED: Final[tuple[Callable[[], Json], ...]] = (
    _no_managed_template,
    lambda: {"subject": 1, "content": "{{code}} {{link}}"},
    lambda: {"subject": "{{code}}", "content": "{{link}}", "contentType": "text/{{code}}"},
)
"""Callbacks of Logto that fail, or that return what is not a template."""


def _check_failing_get_config(harness: Harness) -> None:
    def fail(_: str) -> object:
        raise OSError("the config cannot be read")

    connector = harness.make(get_config=fail)

    def verify(message: Json) -> None:
        send = partial(connector.send_message, _with_secrets(harness, message))
        _expect_no_leak(harness, partial(harness.attempt, send), "if get_config fails")

    harness.for_all(verify, harness.messages(), examples=1)


def _rejected_messages(harness: Harness) -> list[tuple[str, Callable[[Json], Json]]]:
    """Return what is wrong with a message, and how to make it so."""

    def changed(**members: Json) -> Callable[[Json], Json]:
        return lambda message: {**message, **members}

    def without_member(name: str) -> Callable[[Json], Json]:
        return lambda message: {key: value for key, value in message.items() if key != name}

    return [
        ("of a type without a template", changed(type="NoSuchUsageType")),
        ("of a type that is not a string", changed(type=1)),
        ("without a recipient", without_member("to")),
        ("without a type", without_member("type")),
        ("without a payload", without_member("payload")),
        ("with an object as the recipient", changed(to={"address": harness.plain_message["to"]})),
        ("with an IP address that is not a string", changed(ip=1)),
        ("with a line break in the recipient", changed(to=f"{harness.plain_message['to']}\nx")),
        *((f"with the recipient {it[:20]!r}", changed(to=it)) for it in unusual_recipients[:4]),
    ]


@check("secrets.rejected-message", clause="S1", covers=("rejected message",), is_smoke=True)
def rejected_message(harness: Harness) -> None:
    """No secret appears in the error, its causes, the log or the output when a message is rejected."""

    def verify(case: tuple[str, Callable[[Json], Json]], message: Json) -> None:
        what, change = case
        rejected = change(_with_secrets(harness, message))
        attempt = _expect_no_leak(
            harness, partial(harness.send, rejected, _generic_only(harness)), f"for a message {what}"
        )
        if attempt.error is not None:
            harness.coverage.add("rejected message")

    for case in _rejected_messages(harness):
        harness.for_all(partial(verify, case), harness.messages(), examples=1)

    def verify_managed(managed: Callable[[], Json], message: Json) -> None:
        send = partial(harness.send, _with_secrets(harness, message), harness.config, managed=managed)
        _expect_no_leak(harness, send, "for a managed template that is not usable")

    if "i18n-templates" in harness.spec.capabilities:
        for managed in _UNUSABLE_MANAGED:
            harness.for_all(partial(verify_managed, managed), harness.messages(), examples=1)


def _generic_only(harness: Harness) -> Json:
    """Return the config without a template for every type, if the schema accepts one."""
    config, templates = harness.config, harness.config.get("templates")
    if not isinstance(templates, list):
        return config
    named = [it for it in templates if not (isinstance(it, Mapping) and it.get("usageType") == "Generic")]
    lacking = {**config, "templates": named}
    return lacking if harness.accepts(lacking) else config


@check("secrets.misplaced", clause="S1", covers=("misplaced secret",))
def misplaced(harness: Harness) -> None:
    """No secret appears in the error, its causes or the log when a secret is in the wrong field of the config."""

    def verify(place: Any, wrap: str, message: Json) -> None:
        secret = harness.canaries.make("a misplaced secret")
        value = {"list": [secret], "object": {"value": secret}, "text": secret}[wrap]
        attempt = harness.send(message, replaced(harness.config, place, value))
        if attempt.calls or attempt.code is not ConnectorErrorCodes.INVALID_CONFIG:
            attempt = attrs.evolve(attempt, log="", log_fields="")  # a valid config: its public values may be logged
        expect_no_secret_in_error(harness, attempt, "for a config with a secret in the wrong field")
        harness.coverage.add("misplaced secret")

    harness.for_each(verify, places(harness.config), st.sampled_from(("list", "object", "text")), harness.messages())


@check("secrets.stray-whitespace", clause="S8", covers=("secret with a stray character",))
def stray_whitespace(harness: Harness) -> None:
    """A secret with stray whitespace or a non-ASCII character is used, or rejected without appearing in the error."""
    found = (place for path in harness.spec.secrets for place in places_of(harness.config, path))
    keys = [place for place in found if isinstance(value_at(harness.config, place), str)]
    if not keys:
        raise NotApplicable("the Spec names no secrets that are strings")

    def verify(case: tuple[tuple[str | int, ...], str, str], message: Json) -> None:
        at, stray, place = case
        key = path_to(at)
        planted = harness.canaries.plant(harness.config, [key])
        secret = value_at(planted, at)
        config = with_value(planted, at, secret + stray if place == "after" else stray + secret)
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


@check("secrets.log", clause="S3", covers=("sent message",), is_smoke=True)
def log(harness: Harness) -> None:
    """No secret appears in the log, at INFO and above, when a message is sent: in text or in structured fields."""

    def verify(message: Json) -> None:
        attempt = _send_secrets(harness, message, harness.config)
        expect_no_secret_in_log(harness, attempt, "the log of a send")
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.messages())
    _check_code_of_digits(harness)
    harness.for_all(partial(_expect_no_late_leak, harness), harness.messages(), examples=1)


def _check_code_of_digits(harness: Harness) -> None:
    """Check a code as users get it. Six digits occur by chance, but not those of two messages in a row."""

    def shows(attempt: Attempt, code: str) -> bool:
        return re.search(rf"(?<![0-9]){code}(?![0-9])", f"{attempt.log} {attempt.log_fields}") is not None

    def verify(message: Json, codes: list[str]) -> None:
        sent = ({**message, "payload": {**message["payload"], "code": code}} for code in codes)
        leaked = all(shows(harness.send(it, harness.config), it["payload"]["code"]) for it in sent)
        expect(not leaked, "expected no secret in the log of a send, found the verification code, of six digits")

    codes = st.lists(st.integers(100_000, 999_999).map(str), min_size=2, max_size=2, unique=True)
    harness.for_all(verify, harness.messages(), codes, examples=2)


def _expect_no_late_leak(harness: Harness, message: Json) -> None:
    """Expect that threads which a send leaves behind log no secret."""
    threads = set(threading.enumerate())
    with collected_logs() as records:
        _send_secrets(harness, message, harness.config)
        wait_for_new_threads(threads)
    text = "\n".join((*records.lines, *records.fields))
    expect_no_secret(harness, text, "the log of a send, after it returned")


@check("secrets.repr", clause="S4", covers=("repr",), is_smoke=True)
def representation(harness: Harness) -> None:
    """No secret appears in the repr of the connector or of its config."""
    if not harness.spec.secrets:
        raise NotApplicable("the Spec names no secrets, and no form item is masked")

    rejections = [it for it in harness.provider.outcomes if is_failure_without_pause(it)]

    def verify(message: Json) -> None:
        for outcome in ("accepted", *(it.name for it in rejections[:1])):
            harness.provider.respond_with(outcome)
            _send_secrets(harness, message, harness.config)
            expect_no_secret(harness, f"{harness.connector!r} {harness.connector}", "the repr of the connector")
        if harness.spec.runs_in is None:  # elsewhere the config is plain JSON, which has no repr of its own
            config = harness.spec.connector.config_guard.validate(harness.config)
            for part in _parts(config):
                expect_no_secret(harness, f"{part!r} {part}", f"the repr of its config ({type(part).__name__})")
        harness.coverage.add("repr")

    harness.for_all(verify, harness.messages(), examples=2)


def _parts(config: object) -> Iterator[object]:
    """Yield a config and its parts that have a class of their own; plain JSON has no repr of its own."""
    if isinstance(config, str | int | float | None):
        return
    if isinstance(config, list | tuple | dict):
        for item in config.values() if isinstance(config, dict) else config:
            yield from _parts(item)
        return
    yield config
    members = getattr(config, "__dict__", None) or {
        it.name: getattr(config, it.name, None) for it in getattr(type(config), "__attrs_attrs__", ())
    }
    for member in members.values():
        yield from _parts(member)


def _sends(harness: Harness) -> Iterator[tuple[str, Json]]:
    """Yield an outcome and a config for three sends: one accepted, one rejected by the provider, one by the guard."""
    yield "accepted", harness.config
    rejections = [it for it in harness.provider.outcomes if it.family == "rejection" and not (it.echoes or it.hangs)]
    for rejection in rejections[:1]:
        yield rejection.name, harness.config
    yield "accepted", [harness.config]


@check("secrets.output", clause="S6", covers=("send",))
def output(harness: Harness) -> None:
    """No secret appears in standard output, standard error or a warning."""

    def verify(message: Json) -> None:
        for outcome, config in _sends(harness):
            harness.provider.respond_with(outcome)
            with collected_output() as collected:
                harness.send(_with_secrets(harness, message), config)
            expect_no_secret(harness, collected.getvalue(), "the output and the warnings of a send")
            harness.coverage.add("send")

    harness.for_all(verify, harness.messages(), examples=_send_examples(harness))


@check("secrets.result", clause="S5", covers=("sent message",))
def result(harness: Harness) -> None:
    """No secret appears in the result of a send."""

    def verify(message: Json) -> None:
        attempt = _send_secrets(harness, message, harness.config)
        expect(attempt.error is None, f"expected the message to be sent; {attempt.summary}")
        as_json = json.dumps(to_json(attempt.result), default=repr)
        held = safe_repr(getattr(attempt.result, "__dict__", ""))
        expect_no_secret(harness, f"{attempt.result!r} {attempt.result} {as_json} {held}", "the result of a send")
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
