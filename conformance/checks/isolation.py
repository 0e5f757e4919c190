"""Isolation: one connector serves many messages, configs and threads, and none of them affects another."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import count
from types import FrameType
from typing import Any, Final, get_args

from hypothesis import strategies as st

from conformance.harness.arrival import expect_body, expect_recipient, is_for, messages_in
from conformance.harness.expectations import (
    CONCURRENT,
    CONCURRENT_WAIT_SECONDS,
    expect_equal,
    expect_no_other_socket,
    expect_one_call,
    for_each_outcome,
    is_failure_without_pause,
    send_with_outcome,
)
from conformance.harness.harness import Harness
from conformance.harness.process_state import changes_of, is_random_seeded_by, process_state, unusual_state
from conformance.harness.strategies import config_templates, with_config_templates, without
from conformance.providers.base import Aspect, Call, Outcome
from conformance.registry import ALL, check
from conformance.verdicts import NotApplicable, expect
from connector_kit import ConnectorType

Json = Any

_PAUSE_SECONDS: Final = 0.0005
_MAX_PAUSES: Final = 2_000
"""The pauses of all threads together take one second at most."""


def _with_text(config: Mapping[str, Json], text: str) -> dict[str, Json]:
    """Return a config in which each subject and content is this text and the code; unchanged if it has no templates."""
    content = f"{text} {{{{code}}}}"
    templates = [
        {**it, **{key: content for key in ("subject", "content") if key in it}} for it in config_templates(config)
    ]
    return with_config_templates(config, templates) if templates else dict(config)


def _with_new_secrets(harness: Harness, config: Mapping[str, Json]) -> dict[str, Json]:
    return harness.canaries.plant(config, harness.spec.secrets)


def _expect_request_for(harness: Harness, call: Call, config: Json, when: str) -> None:
    """Expect a request to follow a config in every aspect."""
    for aspect in get_args(Aspect):
        error = harness.provider.request_error(call, config, aspect)
        expect(error is None, f"{when}: {error}")


def _expect_own_call(harness: Harness, call: Call, config: Mapping[str, Json], message: Json, name: str) -> None:
    """Expect a request to follow the message and the config that it was made for, in every aspect."""
    expect_recipient(harness.spec, call, message)
    _expect_request_for(harness, call, config, f"in a request for the {name} config")
    if "config-templates" in harness.spec.capabilities and config.get("templates"):
        expect_body(harness.spec, "the body", f"{name} {message['payload']['code']}", call)


@contextmanager
def _only_environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@check("isolation.construction", clause="I1", covers=("construction",), types=ALL, is_smoke=True)
def construction(harness: Harness) -> None:
    """Constructing a connector reads no config and no template, opens no socket and needs no environment variable."""
    actions: list[str] = []

    def get_config(_: str) -> object:
        actions.append("a call of get_config")
        return harness.config

    def get_template(_: str, __: object) -> object:
        actions.append("a call of get_i18n_email_template")
        return None

    for _ in range(2):
        with _only_environment(harness.provider.environment):
            make = partial(harness.make, get_config=get_config, get_i18n_email_template=get_template)
            attempt = harness.attempt(make)
        expect(attempt.error is None, f"expected the constructor to succeed; {attempt.summary_with_text}")
        found = [
            *actions,
            *(f"an attempt to open a socket to {address}" for address in harness.provider.blocked_sockets),
            *("a call to the provider" for _ in harness.provider.calls),
        ]
        expect(not found, f"expected the constructor to have no side effects, found {', '.join(found)}")
        harness.coverage.add("construction")


def _connector_with(harness: Harness, config: Json) -> Any:
    return harness.make(get_config=lambda _: config)


@check("isolation.instances", clause="I2", covers=("first connector", "second connector"), is_smoke=True)
def instances(harness: Harness) -> None:
    """Two instances of a connector with different saved configs do not affect each other."""

    def verify(one: Json, other: Json, message: Json) -> None:
        configs = {
            "first": _with_text(one, "first"),
            "second": _with_text(_with_new_secrets(harness, other), "second"),
        }
        connectors = {name: _connector_with(harness, it) for name, it in configs.items()}
        for name in ("first", "second", "first"):
            attempt = harness.attempt(partial(connectors[name].send_message, message))
            expect(attempt.error is None, f"expected the {name} connector to send its message; {attempt.summary}")
            _expect_own_call(harness, expect_one_call(attempt), configs[name], message, name)
            harness.coverage.add(f"{name} connector")

    examples = max(2, harness.profile.failure_examples)  # each example makes two connectors, each with a new client
    harness.for_all(verify, harness.configs(), harness.configs(), harness.messages(), examples=examples)


def _config_examples(harness: Harness) -> int:
    """Return how many examples to try where each needs new secrets, for which a connector makes a new client."""
    return max(3, harness.profile.examples // 15)


@check("isolation.configs", clause="I3", covers=("unsaved config", "saved config"))
def alternating_configs(harness: Harness) -> None:
    """Each request uses the config of its own send, whatever configs were used before."""

    def verify(one: Json, other: Json, message: Json, next_message: Json) -> None:
        first, second = _with_text(one, "first"), _with_text(_with_new_secrets(harness, other), "second")
        for name, config, data in (("first", first, message), ("second", second, next_message)) * 2:
            _expect_own_call(harness, harness.deliver(data, config), config, data, name)
            harness.coverage.add("unsaved config")
        for name, config, data in (("first", first, next_message), ("second", second, message)):
            _expect_own_call(harness, harness.deliver(data, saved=config), config, data, name)
            harness.coverage.add("saved config")

    configs, messages = harness.configs(), harness.messages()
    harness.for_all(verify, configs, configs, messages, messages, examples=_config_examples(harness))
    for key in harness.config:
        lacking = without(harness.config, (key,))
        if harness.accepts(lacking) and not harness.is_address(
            (key,)
        ):  # an option that only the first config sets must not apply to the second
            harness.for_all(verify, st.just(harness.config), st.just(lacking), messages, messages, examples=1)


@check("isolation.secret-rotation", clause="I4", covers=("secret changed back",))
def secret_rotation(harness: Harness) -> None:
    """The next message uses a secret that has changed in the saved config, also when it changes back."""
    secrets = harness.spec.secrets
    if not secrets:
        raise NotApplicable(f"the Spec of {harness.spec.name} does not declare any secret")

    def verify(keys: tuple[str, ...], message: Json) -> None:
        old = harness.config
        new = harness.canaries.plant(old, keys)
        is_distinguished = False
        for config, other in ((old, new), (new, old), (old, new)):
            call = harness.deliver(message, saved=config)
            _expect_request_for(harness, call, config, f"after {' and '.join(keys)} changed")
            errors = [harness.provider.request_error(call, other, aspect) for aspect in get_args(Aspect)]
            is_distinguished |= any(error is not None for error in errors)
        # A stub that accepts either secret proves nothing about them.
        harness.coverage.add("secret changed back" if is_distinguished else "secret that the stub ignores")

    each = [(key,) for key in secrets] if len(secrets) > 1 else []
    for keys in (*each, secrets):
        harness.for_all(verify, st.just(keys), harness.messages(), examples=2)


def _failures(harness: Harness) -> list[Outcome]:
    return [it for it in harness.provider.outcomes if is_failure_without_pause(it)]


@check("isolation.unsaved-config", clause="I5", covers=("sent test message", "rejected unsaved config"))
def unsaved_config(harness: Harness) -> None:
    """A test send with an unsaved config, successful or not, does not affect later sends with the saved config."""

    def verify(ending: str, unsaved: Json, message: Json, next_message: Json) -> None:
        saved = _with_text(harness.config, "saved")
        tested = _with_text(_with_new_secrets(harness, unsaved), "unsaved")
        for outcome in _failures(harness)[:1] if ending == "failed test message" else ():
            harness.provider.respond_with(outcome.name)
        harness.send(message, [] if ending == "rejected unsaved config" else tested, saved=saved)
        harness.provider.respond_with("accepted")
        harness.config_requests.clear()
        call = harness.deliver(next_message, saved=saved)
        expect(harness.config_requests, "expected a call of get_config in the send after a test send, found no call")
        _expect_own_call(harness, call, saved, next_message, "saved")
        harness.coverage.add(ending)

    drawn = (harness.configs(), harness.messages(), harness.messages())
    for ending in ("sent test message", "rejected unsaved config", "failed test message"):
        harness.for_all(verify, st.just(ending), *drawn, examples=_config_examples(harness))


@contextmanager
def _pausing_threads(connector: type) -> Iterator[None]:
    """Pause threads that start in this context wherever a function of the connector begins or ends.

    A race between threads often lasts for microseconds. The pauses make it long enough to be found on any machine.
    """
    modules = {it.__module__ for it in connector.__mro__}
    package = f"{connector.__module__.rpartition('.')[0] or connector.__module__}."
    pauses = count()

    def pause(frame: FrameType, event: str, _: object) -> None:  # pragma: no cover - not traced in a profile function
        name = frame.f_globals.get("__name__", "")
        is_connector = name in modules or name.startswith(package)
        if event in {"call", "return"} and is_connector and next(pauses) < _MAX_PAUSES:
            time.sleep(_PAUSE_SECONDS)

    before = threading.getprofile()
    threading.setprofile(pause)
    try:
        yield
    finally:
        threading.setprofile(before)


def _distinct(messages: list[Json], harness: Harness) -> list[Json]:
    """Give each message its own recipient and code."""
    is_sms = harness.spec.connector.type is ConnectorType.SMS
    return [
        {
            **it,
            "to": f"{it['to'][:-1]}{index}" if is_sms else f"{index}{it['to']}",
            "payload": {**it["payload"], "code": f"{it['payload']['code'][:-1]}{index}"},
        }
        for index, it in enumerate(messages)
    ]


@check("isolation.threads", clause="I6", covers=("concurrent messages",))
def threads(harness: Harness) -> None:
    """Each of several concurrent messages is delivered once, with its own text and config."""

    def verify(drawn: list[Json], config: Json) -> None:
        messages = _distinct(drawn, harness)
        names = [f"concurrent {index}" for index in range(CONCURRENT)]
        configs = [_with_text(_with_new_secrets(harness, config), name) for name in names]
        with _pausing_threads(harness.spec.connector):
            errors = harness.send_together(zip(messages, configs, strict=True), within=CONCURRENT_WAIT_SECONDS)
        raised = sorted({type(error).__name__ for error in errors if error is not None})
        expect(not raised, f"expected {CONCURRENT} concurrent messages to be sent; some raised {', '.join(raised)}")
        arrived = messages_in(harness.spec, harness.provider.calls)
        expect_equal("the number of calls for concurrent messages", CONCURRENT, len(arrived))
        for message, config_of_it, name in zip(messages, configs, names, strict=True):
            calls = [call for call in arrived if is_for(harness.spec, call, message)]
            expect_equal(f"the number of calls for the concurrent recipient {message['to']!r}", 1, len(calls))
            _expect_own_call(harness, calls[0], config_of_it, message, name)
        harness.coverage.add("concurrent messages")

    messages = st.lists(harness.messages(), min_size=CONCURRENT, max_size=CONCURRENT)
    harness.for_all(verify, messages, harness.configs(), examples=max(3, harness.profile.failure_examples))


@check("isolation.network", clause="I7", covers=("sent message",))
def network(harness: Harness) -> None:
    """The connector opens sockets to its provider only, whether a send succeeds or fails."""

    def verify(outcome: Outcome, message: Json) -> None:
        send_with_outcome(harness, outcome, message)
        expect_no_other_socket(harness, outcome)
        harness.coverage.add("sent message" if outcome.expect is None else "failed message")

    outcomes = [harness.provider.outcome("accepted"), *_failures(harness)]
    for_each_outcome(harness, outcomes, verify, harness.messages(), examples=2)


_OF_THE_SYSTEM: Final = ("HOME", "LD_LIBRARY_PATH", "PATH", "SSL_CERT_FILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def expect_process_unchanged(harness: Harness, what: str, use: Callable[[], object]) -> None:
    """Expect that neither the constructor nor a use of the connector changes the state of the process.

    Args:
        harness: the connector under test with its stub.
        what: the use, such as ``a send``.
        use: uses the connector.
    """
    package = harness.spec.connector.__module__.partition(".")[0]

    def is_own(logger: str) -> bool:
        return logger.partition(".")[0] == package

    def construct_and_use() -> None:
        harness.make()
        use()

    construct_and_use()  # a module that is imported now may change the state once
    variables = {name: os.environ[name] for name in _OF_THE_SYSTEM if name in os.environ}
    with unusual_state({**variables, **harness.provider.environment}, is_own):
        before = process_state(is_own)
        construct_and_use()
        changed = changes_of(before, process_state(is_own))
    expect(not changed, f"expected {what} not to change the state of the process, it changed {', '.join(changed)}")
    expect(
        not is_random_seeded_by(construct_and_use),
        f"expected {what} not to change the state of the process, it seeded its random numbers",
    )


@check("isolation.process-state", clause="I8", covers=("sent message",))
def process_state_unchanged(harness: Harness) -> None:
    """A send does not change the state of the process, such as its environment, its loggers or its random numbers."""
    if harness.spec.runs_in is not None:
        raise NotApplicable(f"the connector declares that it runs in {harness.spec.runs_in}, in another process")

    def verify(outcome: Outcome, message: Json) -> None:
        expect_process_unchanged(harness, "a send", partial(send_with_outcome, harness, outcome, message))
        harness.coverage.add("sent message" if outcome.expect is None else "failed message")

    outcomes = [harness.provider.outcome("accepted"), *_failures(harness)[:1]]
    for_each_outcome(harness, outcomes, verify, harness.messages(), examples=2)
