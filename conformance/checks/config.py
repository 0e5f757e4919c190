"""Validation: what a connector takes and refuses as its config, and that refusing means doing nothing."""

import copy
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from conformance.registry import check, expect
from conformance.strategies import (
    REQUIRED_TYPES,
    json_values,
    letters,
    mistyped_values,
    places,
    replaced,
    with_templates,
    without,
)
from conformance.subject import Attempt, Subject
from connector_kit import ConnectorErrorCodes, to_json

Json = Any


def _refused(subject: Subject, attempt: Attempt, what: str) -> None:
    expect(
        attempt.code is ConnectorErrorCodes.INVALID_CONFIG,
        f"expected a config with {what} to be refused as invalid_config; {attempt.how}",
    )
    expect(
        not attempt.calls, f"expected nothing to be sent for a config with {what}, found {len(attempt.calls)} call(s)"
    )
    subject.ledger.saw("invalid")


def _taken(subject: Subject, attempt: Attempt, what: str) -> None:
    expect(
        attempt.code is not ConnectorErrorCodes.INVALID_CONFIG,
        f"expected {what} to be accepted: its published schema accepts it; {attempt.how}",
    )
    subject.ledger.saw("valid")


def _as_the_schema_says(subject: Subject, message: Json, config: Json, what: str) -> None:
    attempt = subject.send(message, config)
    if subject.accepts(config):
        _taken(subject, attempt, f"a config with {what}")
    else:
        _refused(subject, attempt, what)


@check("config.accepts-valid", clause="C1", sees=("valid",))
def accepts_valid(subject: Subject) -> None:
    """A config that the published schema accepts is accepted, and the message goes out."""

    def claim(config: Json, message: Json) -> None:
        assume(subject.accepts(config))
        subject.deliver(message, config)
        subject.ledger.saw("valid")

    subject.for_all(claim, subject.configs(), subject.messages())


@check("config.refuses-missing", clause="C2", sees=("invalid",))
def refuses_missing(subject: Subject) -> None:
    """A config that lacks a required key, at the top or in a template, is refused."""

    def claim(place: Any, message: Json) -> None:  # noqa: ANN401 - keys and indices
        _as_the_schema_says(subject, message, without(subject.config, place), f"no {place[-1]!r}")

    subject.for_each(claim, places(subject.config), subject.messages())


@check("config.refuses-mistyped", clause="C2", sees=("invalid",))
def refuses_mistyped(subject: Subject) -> None:
    """A config with a value of another JSON type than the schema's is refused."""

    def claim(place: Any, value: Json, message: Json) -> None:  # noqa: ANN401 - keys and indices
        config = replaced(subject.config, place, value)
        if not subject.accepts(config):
            _refused(subject, subject.send(message, config), f"a wrong {place[-1]!r}")

    subject.for_each(claim, places(subject.config), mistyped_values, subject.messages())


@check("config.refuses-null", clause="C3", sees=("invalid",))
def refuses_null(subject: Subject) -> None:
    """Null is not the same as absent: a config with null for an optional key is refused too."""

    def claim(place: Any, message: Json) -> None:  # noqa: ANN401 - keys and indices
        _as_the_schema_says(subject, message, replaced(subject.config, place, None), f"null for {place[-1]!r}")

    subject.for_each(claim, places(subject.config), subject.messages())


@check("config.refuses-non-objects", clause="C2", sees=("invalid",))
def refuses_non_objects(subject: Subject) -> None:
    """A config that is no object, or an arbitrary one, is refused with a ConnectorError."""

    def claim(config: Json, message: Json) -> None:
        if config is not None and not subject.accepts(config):
            # With a good saved config at hand: an empty or false unsaved one must not be taken for none at all.
            _refused(subject, subject.send(message, config, saved=subject.config), "the wrong shape")

    subject.for_all(claim, json_values, subject.messages())


@check("config.requires-usage-types", clause="C4", needs=("config-templates",), sees=("invalid", "valid"))
def requires_usage_types(subject: Subject) -> None:
    """A config whose templates lack Register, SignIn, ForgotPassword or Generic is refused."""

    def claim(kept: list[str], extra: list[str], message: Json) -> None:
        config = with_templates(subject.config, [*extra, *kept])
        attempt = subject.send(message, config)
        lacking = [kind for kind in REQUIRED_TYPES if kind not in {*kept, *extra}]
        if lacking:
            _refused(subject, attempt, f"no template for {', '.join(lacking)}")
        else:
            _taken(subject, attempt, "a config with all required templates")

    kept = [[kind for kind in REQUIRED_TYPES if kind != lacking] for lacking in ("", *REQUIRED_TYPES)]
    near_misses = st.sampled_from(("register", "Sign-In", "GENERIC", "ForgotPassword ", "Test"))
    subject.for_each(claim, [*kept, []], st.lists(near_misses, max_size=3), subject.messages())


@check("config.accepts-unknown-keys", clause="C5", sees=("valid",))
def accepts_unknown_keys(subject: Subject) -> None:
    """Keys that the connector does not know are passed over: configs outlive versions."""

    def claim(key: str, value: Json, message: Json) -> None:
        if key in subject.schema.get("properties", {}):
            return
        subject.deliver(message, {**subject.config, key: value})
        subject.ledger.saw("valid")

    subject.for_each(claim, ("$schema", "__proto__", "constructor", "", "x-note"), json_values, subject.messages())
    subject.for_all(claim, letters, json_values, subject.messages())


@check("config.says-why", clause="C6", sees=("invalid",))
def says_why(subject: Subject) -> None:
    """A refused config comes back with the issues, each with its path: an operator has to find the place."""

    def claim(key: str, message: Json) -> None:
        attempt = subject.send(message, without(subject.config, (key,)))
        _refused(subject, attempt, f"no {key!r}")
        data = getattr(attempt.error, "data", None)
        issues = data.get("issues") if isinstance(data, dict) else None
        expect(isinstance(issues, list) and issues, "expected the error's data to hold a list of issues, found none")
        found = any(key in str(issue) for issue in issues or ())
        expect(found, f"expected an issue that names {key!r}, found none that does")

    subject.for_each(claim, sorted(subject.schema.get("required", ())), subject.messages())


@check("config.not-mutated", clause="C7", sees=("config", "message"))
def not_mutated(subject: Subject) -> None:
    """Neither the config nor the message is changed by a send."""

    def claim(config: Json, message: Json) -> None:
        config_before, message_before = copy.deepcopy(config), copy.deepcopy(message)
        subject.send(message, config)
        expect(config == config_before, "expected the config to stay as it was, found it changed by the send")
        subject.ledger.saw("config")
        expect(message == message_before, "expected the message to stay as it was, found it changed by the send")
        subject.ledger.saw("message")

    subject.for_all(claim, subject.configs(), subject.messages())


@check("config.saved", clause="C8", sees=("saved",))
def saved_config(subject: Subject) -> None:
    """Without an unsaved config, get_config is called once, with the connector's id, and its config is used."""

    def claim(message: Json) -> None:
        subject.asked_for_config.clear()
        call = subject.deliver(message, saved=subject.config)
        expect(
            subject.asked_for_config == [subject.spec.name],
            f"expected get_config to be called once with {subject.spec.name!r}, found {subject.asked_for_config}",
        )
        fault = subject.provider.fault(call, subject.config, "credentials")
        expect(fault is None, f"with the saved config: {fault}")
        subject.ledger.saw("saved")

    subject.for_all(claim, subject.messages())


@check("config.unsaved", clause="C8", sees=("unsaved",))
def unsaved_config(subject: Subject) -> None:
    """With an unsaved config, as Logto's test-send gives it, get_config is not called and the saved one not used."""

    def claim(message: Json) -> None:
        subject.asked_for_config.clear()
        unsaved = subject.canaries.plant(subject.config, subject.spec.secrets)
        call = subject.deliver(message, unsaved, saved=subject.config)
        expect(
            not subject.asked_for_config,
            f"expected get_config not to be called, found {len(subject.asked_for_config)} call(s)",
        )
        fault = subject.provider.fault(call, unsaved, "credentials")
        expect(fault is None, f"with the unsaved config: {fault}")
        subject.ledger.saw("unsaved")

    subject.for_all(claim, subject.messages(), examples=max(2, subject.profile.failure_examples))


@check("config.source-error", clause="C9", sees=("failing",))
def source_error(subject: Subject) -> None:
    """What get_config raises comes through, and nothing is sent."""

    class StoreDownError(Exception):
        pass

    def fail(_: str) -> object:
        raise StoreDownError

    connector = subject.spec.connector(get_config=fail)

    def claim(message: Json) -> None:
        raised: Exception | None = None
        try:
            connector.send_message(message)  # type: ignore[attr-defined]  # a message connector: the smoke gate saw to it
        except Exception as error:  # noqa: BLE001 - any is judged below
            raised = error
        expect(
            isinstance(raised, StoreDownError),
            f"expected get_config's own error to come through, found {type(raised).__name__}",
        )
        expect(not subject.provider.calls, "expected nothing to be sent without a config, found a call")
        subject.ledger.saw("failing")

    subject.for_all(claim, subject.messages())


@check("config.class-matches-schema", clause="C10", sees=("valid",))
def class_matches_schema(subject: Subject) -> None:
    """What the guard returns holds every known key of the config: schema and class say the same."""

    def claim(config: Json) -> None:
        known = {key: config[key] for key in subject.schema.get("properties", {}) if key in config and key != "$schema"}
        held = to_json(subject.spec.connector.config_guard.validate(config))
        for key, value in known.items():
            if value is None and key not in held:
                continue  # a class that holds None for what is absent says the same of null
            expect(
                key in held, f"expected the config class to hold {key!r}, found nothing: the class has no such field"
            )
            expect(_same(held[key], value), f"expected the config class to keep {key!r} as it is, found it changed")
        subject.ledger.saw("valid")

    subject.for_all(claim, subject.configs())


def _same(held: Json, value: Json) -> bool:
    """Compare JSON values, where the class may hold a tuple for an array and leave unknown keys out."""
    if isinstance(value, dict):
        return isinstance(held, dict) and all(key in value and _same(held[key], value[key]) for key in held)
    if isinstance(value, list):
        return len(held) == len(value) and all(_same(one, other) for one, other in zip(held, value, strict=True))
    return bool(held == value)
