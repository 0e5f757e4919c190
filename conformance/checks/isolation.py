"""Isolation: one connector serves many messages, configs and threads, and none of them touches another."""

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, Final, get_args

from hypothesis import strategies as st

from conformance.provider import Aspect, Call, Outcome
from conformance.registry import ALL, CheckFailure, NotApplicable, check, expect
from conformance.strategies import without
from conformance.subject import Subject
from connector_kit import ConnectorType

Json = Any

_TOGETHER: Final = 8
_MOMENT: Final = 0.0005
_MOMENTS: Final = 2_000
"""How often a thread stops for how many seconds, all together: often enough in any connector, and not for ever."""


def _worded(config: Mapping[str, Json], word: str) -> dict[str, Json]:
    """Return a config whose templates all say one word and the code; one without templates stays as it is."""
    if not isinstance(config.get("templates"), list):
        return dict(config)
    texts = {"subject": f"{word} {{{{code}}}}", "content": f"{word} {{{{code}}}}"}
    templates = [{**it, **{key: text for key, text in texts.items() if key in it}} for it in config["templates"]]
    return {**config, "templates": templates}


def _other_secrets(subject: Subject, config: Mapping[str, Json]) -> dict[str, Json]:
    return subject.canaries.plant(config, subject.spec.secrets)


def _expect_its_own(subject: Subject, call: Call, config: Mapping[str, Json], message: Json, word: str) -> None:
    """Hold one call against the message and the config that it was made for, in every respect."""
    expect(call.to == (message["to"],), f"expected {message['to']} as the one recipient, found {call.to}")
    for aspect in get_args(Aspect):
        fault = subject.provider.fault(call, config, aspect)
        expect(fault is None, f"of the {word} config: {fault}")
    if "config-templates" in subject.spec.capabilities:
        wanted = f"{word} {message['payload']['code']}"
        expect(call.body == wanted, f"expected the body {wanted!r}, found {call.body!r}")


@contextmanager
def _bare_environment(kept: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@check("isolation.construction", clause="I1", sees=("made",), types=ALL)
def construction(subject: Subject) -> None:
    """Making a connector reads no config, asks for no template, calls nobody and needs no environment."""
    asked: list[str] = []

    def get_config(_: str) -> object:
        asked.append("get_config was called")
        return subject.config

    def get_template(_: str, __: object) -> object:
        asked.append("get_i18n_email_template was called")
        return None

    for _ in range(2):
        with _bare_environment(subject.provider.environment):
            try:
                subject.make(get_config=get_config, get_i18n_email_template=get_template)
            except Exception as error:
                raise CheckFailure(f"expected a connector to be made anywhere; it raised {error!r}") from error
        found = [
            *asked,
            *(f"a socket was asked for, to {where}" for where in subject.provider.refused_sockets),
            *("the provider was called" for _ in subject.provider.calls),
        ]
        expect(not found, f"expected making a connector to do nothing else, found that {', '.join(found)}")
        subject.ledger.saw("made")


def _made_for(subject: Subject, config: Json) -> Any:  # noqa: ANN401 - a connector of any type
    return subject.make(get_config=lambda _: config)


@check("isolation.instances", clause="I2", sees=("first", "second"))
def instances(subject: Subject) -> None:
    """Two connectors of one class, each with a config of its own, do not mix."""

    def claim(one: Json, other: Json, message: Json) -> None:
        configs = {
            "first": _worded(one, "first"),
            "second": _worded(_other_secrets(subject, other), "second"),
        }
        made = {word: _made_for(subject, it) for word, it in configs.items()}
        for word in ("first", "second", "first"):
            attempt = subject.attempt(partial(made[word].send_message, message))
            expect(attempt.error is None, f"expected the {word} connector to send; {attempt.how}")
            expect(len(attempt.calls) == 1, f"expected one call to the provider, found {len(attempt.calls)}")
            _expect_its_own(subject, attempt.calls[0], configs[word], message, word)
            subject.ledger.saw(word)

    examples = max(2, subject.profile.failure_examples)  # each makes two connectors, and each of these a client
    subject.for_all(claim, subject.configs(), subject.configs(), subject.messages(), examples=examples)


def _few(subject: Subject) -> int:
    """How many examples where each needs new secrets, and connectors make a new client for new secrets."""
    return max(3, subject.profile.examples // 15)


@check("isolation.configs", clause="I3", sees=("unsaved", "saved"))
def alternating_configs(subject: Subject) -> None:
    """Each request follows the config of its own send, whatever the one before had."""

    def claim(one: Json, other: Json, message: Json, next_message: Json) -> None:
        first, second = _worded(one, "first"), _worded(_other_secrets(subject, other), "second")
        for word, config, data in (("first", first, message), ("second", second, next_message)) * 2:
            _expect_its_own(subject, subject.deliver(data, config), config, data, word)
            subject.ledger.saw("unsaved")
        for word, config, data in (("first", first, next_message), ("second", second, message)):
            _expect_its_own(subject, subject.deliver(data, saved=config), config, data, word)
            subject.ledger.saw("saved")

    configs, messages = subject.configs(), subject.messages()
    subject.for_all(claim, configs, configs, messages, messages, examples=_few(subject))
    for key in subject.config:
        lacking = without(subject.config, (key,))
        if subject.accepts(lacking):  # what one config sets and the next does not must not stay behind
            subject.for_all(claim, st.just(subject.config), st.just(lacking), messages, messages, examples=1)


@check("isolation.key-rotation", clause="I4", sees=("changed back",))
def key_rotation(subject: Subject) -> None:
    """A secret that changes in the saved config is used from the next message on, and so when it changes back."""
    secrets = subject.spec.secrets
    if not secrets:
        raise NotApplicable(f"the Spec of {subject.spec.name} does not declare any secret")

    def claim(keys: tuple[str, ...], message: Json) -> None:
        old = subject.config
        new = subject.canaries.plant(old, keys)
        told_apart = False
        for config, other in ((old, new), (new, old), (old, new)):
            call = subject.deliver(message, saved=config)
            for aspect in get_args(Aspect):
                fault = subject.provider.fault(call, config, aspect)
                expect(fault is None, f"after {' and '.join(keys)} changed: {fault}")
                told_apart |= subject.provider.fault(call, other, aspect) is not None
        # A stub that cannot tell the secrets apart proves nothing about them.
        subject.ledger.saw("changed back" if told_apart else "not told apart")

    each = [(key,) for key in secrets] if len(secrets) > 1 else []
    for keys in (*each, secrets):
        subject.for_all(claim, st.just(keys), subject.messages(), examples=2)


@check("isolation.unsaved", clause="I5", sees=("sent", "refused"))
def unsaved(subject: Subject) -> None:
    """A test-send with an unsaved config, however it ends, leaves nothing behind for the saved one."""
    failures = _quick_failures(subject)[:1]

    def claim(end: str, unsaved_config: Json, message: Json, next_message: Json) -> None:
        saved = _worded(subject.config, "saved")
        tried = _worded(_other_secrets(subject, unsaved_config), "unsaved")
        for failing in failures if end == "failed" else ():
            subject.provider.answer_with(failing.name)
        subject.send(message, [] if end == "refused" else tried, saved=saved)
        subject.provider.answer_with("accepted")
        subject.asked_for_config.clear()
        call = subject.deliver(next_message, saved=saved)
        expect(subject.asked_for_config, "expected get_config to be called after a test-send, found that it was not")
        _expect_its_own(subject, call, saved, next_message, "saved")
        subject.ledger.saw(end)

    for end in ("sent", "refused", "failed"):
        subject.for_all(
            claim, st.just(end), subject.configs(), subject.messages(), subject.messages(), examples=_few(subject)
        )


def _quick_failures(subject: Subject) -> list[Outcome]:
    """Leave out what takes time: what hangs, and throttles and a server's faults, which connectors try again."""
    slow = {"accepted", "throttle", "fault", "broken"}
    return [it for it in subject.provider.outcomes if it.family not in slow and not (it.hangs or it.echoes)]


@contextmanager
def _stopping_threads(connector: type) -> Iterator[None]:
    """Stop the threads that start meanwhile wherever a function of the connector begins or ends.

    A thread that has put something down where another can take it has moved on microseconds later; stopping there
    gives the others their chance, on any machine.
    """
    modules = {it.__module__ for it in connector.__mro__}
    package = f"{connector.__module__.rpartition('.')[0] or connector.__module__}."
    times = count()

    def stop(frame: FrameType, event: str, _: object) -> None:  # pragma: no cover - runs where coverage cannot look
        name = frame.f_globals.get("__name__", "")
        if event in {"call", "return"} and (name in modules or name.startswith(package)) and next(times) < _MOMENTS:
            time.sleep(_MOMENT)

    before = threading.getprofile()
    threading.setprofile(stop)
    try:
        yield
    finally:
        threading.setprofile(before)


def _apart(messages: list[Json], subject: Subject) -> list[Json]:
    """Give each message a recipient and a code that no other has."""
    is_sms = subject.spec.connector.type is ConnectorType.SMS
    return [
        {
            **it,
            "to": f"{it['to'][:-1]}{index}" if is_sms else f"{index}{it['to']}",
            "payload": {**it["payload"], "code": f"{it['payload']['code'][:-1]}{index}"},
        }
        for index, it in enumerate(messages)
    ]


@check("isolation.threads", clause="I6", sees=("together",))
def threads(subject: Subject) -> None:
    """Messages that are sent at the same time arrive once each, with their own text, by their own config."""

    def claim(drawn: list[Json], config: Json) -> None:
        messages = _apart(drawn, subject)
        words = [f"at once {index}" for index in range(_TOGETHER)]
        configs = [_worded(_other_secrets(subject, config), word) for word in words]
        with _stopping_threads(subject.spec.connector):
            errors = subject.send_together(zip(messages, configs, strict=True), within=60)
        raised = sorted({type(error).__name__ for error in errors if error is not None})
        expect(not raised, f"expected all of {_TOGETHER} messages at once to be sent; some raised {', '.join(raised)}")
        found = len(subject.provider.calls)
        expect(found == _TOGETHER, f"expected {_TOGETHER} messages at once to be {_TOGETHER} calls, found {found}")
        for message, config_of_it, word in zip(messages, configs, words, strict=True):
            its = [call for call in subject.provider.calls if call.to == (message["to"],)]
            expect(len(its) == 1, f"expected one call for each of {_TOGETHER} recipients at once, found {len(its)}")
            _expect_its_own(subject, its[0], config_of_it, message, word)
        subject.ledger.saw("together")

    together = st.lists(subject.messages(), min_size=_TOGETHER, max_size=_TOGETHER)
    subject.for_all(claim, together, subject.configs(), examples=max(3, subject.profile.failure_examples))


@check("isolation.network", clause="I7", sees=("sent",))
def network(subject: Subject) -> None:
    """No socket is opened but to the provider: what a message says goes nowhere else."""
    outcomes = [subject.provider.outcome("accepted"), *_quick_failures(subject)]

    def claim(outcome: Outcome, message: Json) -> None:
        subject.provider.answer_with(outcome.name)
        subject.send(message, subject.config)
        elsewhere = subject.provider.refused_sockets
        expect(
            not elsewhere,
            f"expected no socket but to the provider when it answers {outcome.name!r}, "
            f"found one asked for to {', '.join(elsewhere)}",
        )
        subject.ledger.saw("sent" if outcome.expect is None else "failed")

    for outcome in outcomes:
        subject.for_all(claim, st.just(outcome), subject.messages(), examples=2)


def _state_of_the_process() -> dict[str, object]:
    root = logging.getLogger()
    return {
        "the environment": dict(os.environ),
        "the working directory": Path.cwd(),
        "the default time limit of sockets": socket.getdefaulttimeout(),
        "the root logger": (root.level, tuple(root.handlers), root.disabled, root.manager.disable),
        "the limit of recursion": sys.getrecursionlimit(),
    }


@check("isolation.process", clause="I8", sees=("sent",))
def process(subject: Subject) -> None:
    """Sending changes nothing of the process: other connectors live in it too."""
    if subject.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {subject.spec.runs_in}: it cannot change this process")
    outcomes = [subject.provider.outcome("accepted"), *_quick_failures(subject)[:1]]

    def claim(outcome: Outcome, message: Json) -> None:
        before = _state_of_the_process()
        subject.provider.answer_with(outcome.name)
        subject.make()
        subject.send(message, subject.config)
        after = _state_of_the_process()
        changed = sorted(what for what, state in before.items() if after[what] != state)
        expect(not changed, f"expected a send to leave the process as it was, found {', '.join(changed)} changed")
        subject.ledger.saw("sent" if outcome.expect is None else "failed")

    for outcome in outcomes:
        subject.for_all(claim, st.just(outcome), subject.messages(), examples=2)
