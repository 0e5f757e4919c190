"""Validation: what a connector takes and refuses as its config, and that refusing means doing nothing."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import attrs
from hypothesis import assume
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from conformance.config_schema import ConfigSchema, references_out_of
from conformance.registry import ALL, CheckFailure, NotApplicable, check, expect
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
from connector_kit import ConnectorError, ConnectorErrorCodes, to_json
from connector_kit.issues import json_type
from connector_kit.wire import camel_case

Json = Any
"""Any JSON value."""

Place = tuple[Any, ...]
"""Keys and indices."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def _refusable(subject: Subject, change: Callable[[Place], Json], what: str) -> list[Place]:
    """Return the places of the config at which the schema refuses a change."""
    found = [place for place in places(subject.config) if not subject.accepts(change(place))]
    if not found:
        raise NotApplicable(f"the config's schema declares {what}")
    return found


def _near_misses(value: Json) -> list[Json]:
    """Return values of other types that a careless reader takes for this one."""
    match value:
        case bool():
            return [int(value), float(value), str(value).lower(), str(value)]
        case int() | float():
            return [str(value), bool(value), [value], value + 0.5]
        case str():
            return [[value], {"value": value}, 0, 1.5, True, False]
        case list():
            return [json.dumps(value), {str(index): item for index, item in enumerate(value)}, *value[:1], {}]
        case dict():
            return [json.dumps(value), [value], [[key, member] for key, member in value.items()], []]
        case _:
            return ["", "null", False, 0, [], {}]


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

    def claim(place: Place, message: Json) -> None:
        _as_the_schema_says(subject, message, without(subject.config, place), f"no {place[-1]!r}")

    _refusable(subject, lambda place: without(subject.config, place), "no key as required")
    subject.for_each(claim, places(subject.config), subject.messages())


@check("config.refuses-mistyped", clause="C2", sees=("invalid",))
def refuses_mistyped(subject: Subject) -> None:
    """A config with a value of another JSON type than the schema's is refused."""

    def claim(place: Place, value: Json, message: Json) -> None:
        config = replaced(subject.config, place, value)
        if not subject.accepts(config):
            _refused(subject, subject.send(message, config), f"a wrong {place[-1]!r}")

    if not any(_wrong_values(subject)):
        raise NotApplicable("the config's schema declares no type for any key")
    subject.for_each(claim, places(subject.config), mistyped_values, subject.messages())


def _wrong_values(subject: Subject) -> Iterator[tuple[Place, Json]]:
    """Yield places of the config with a near miss that the schema refuses there."""
    for place in places(subject.config):
        for value in _near_misses(_at(subject.config, place)):
            if not subject.accepts(replaced(subject.config, place, value)):
                yield place, value


def _at(config: Json, place: Place) -> Json:
    for part in place:
        config = config[part]
    return config


@check("config.no-coercion", clause="C2", sees=("invalid",))
def no_coercion(subject: Subject) -> None:
    """A value is not turned into what it nearly is: "587" is no number, 1 is not true, an object is no array."""

    def claim(place: Place, message: Json) -> None:
        for value in wrong[place]:
            what = f"{json_type(value)} for {json_type(_at(subject.config, place))} as {place[-1]!r}"
            _refused(subject, subject.send(message, replaced(subject.config, place, value)), f"a wrong type, {what}")

    wrong: dict[Place, list[Json]] = {}
    for place, value in _wrong_values(subject):
        wrong.setdefault(place, []).append(value)
    if not wrong:
        raise NotApplicable("the config's schema declares no type for any key")
    subject.for_each(claim, wrong, subject.messages())


@check("config.refuses-null", clause="C3", sees=("invalid",))
def refuses_null(subject: Subject) -> None:
    """Null is not the same as absent: a config with null for an optional key is refused too."""

    def claim(place: Place, message: Json) -> None:
        _as_the_schema_says(subject, message, replaced(subject.config, place, None), f"null for {place[-1]!r}")

    _refusable(subject, lambda place: replaced(subject.config, place, None), "null as a value of every key")
    subject.for_each(claim, places(subject.config), subject.messages())


@check("config.refuses-non-objects", clause="C2", sees=("invalid",))
def refuses_non_objects(subject: Subject) -> None:
    """A config that is no object, or an arbitrary one, is refused with a ConnectorError."""

    def claim(config: Json, message: Json) -> None:
        if config is not None and not subject.accepts(config):
            # With a good saved config at hand: an empty or false unsaved one must not be taken for none at all.
            _refused(subject, subject.send(message, config, saved=subject.config), "the wrong shape")

    subject.for_all(claim, json_values, subject.messages())


@check(
    "config.requires-usage-types", clause="C4", needs=("config-templates or template-names",), sees=("invalid", "valid")
)
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
    schema = ConfigSchema(subject.schema)
    if schema.names("x-note"):
        raise NotApplicable("the config's schema declares what any key holds: none is unknown")

    def claim(key: str, value: Json, message: Json) -> None:
        if schema.names(key):
            return
        subject.deliver(message, {**subject.config, key: value})
        subject.ledger.saw("valid")

    subject.for_each(claim, ("$schema", "__proto__", "constructor", "", "x-note"), json_values, subject.messages())
    subject.for_all(claim, letters, json_values, subject.messages())


@check("config.says-why", clause="C6", sees=("invalid",))
def says_why(subject: Subject) -> None:
    """A refused config comes back with the issues, each with its path: an operator has to find the place."""
    faults = [*_faults_of_type(subject), *_faults_of_presence(subject)]
    if not faults:
        raise NotApplicable("the config's schema declares no key as required, and no type for any")

    def claim(fault: tuple[Place, Json], message: Json) -> None:
        place, config = fault
        attempt = subject.send(message, config)
        _refused(subject, attempt, f"a wrong or missing {place[-1]!r}")
        data = getattr(attempt.error, "data", None)
        issues = data.get("issues") if isinstance(data, dict) else None
        expect(isinstance(issues, list) and issues, "expected the error's data to hold a list of issues, found none")
        found = any(all(str(part) in str(issue) for part in place) for issue in issues or ())
        named = "".join(f"[{part!r}]" for part in place)
        expect(found, f"expected an issue that names {named}, found none that does")

    subject.for_each(claim, faults, subject.messages())


def _faults_of_type(subject: Subject) -> Iterator[tuple[Place, Json]]:
    """Yield places with a config that is wrong there, where a validator tells just that place."""
    validator = Draft202012Validator(subject.schema)
    for place in places(subject.config):
        damaged = [replaced(subject.config, place, value) for value in _near_misses(_at(subject.config, place))]
        told = (it for it in damaged if any(tuple(e.absolute_path) == place for e in validator.iter_errors(it)))
        yield from ((place, config) for config in islice(told, 1))


def _faults_of_presence(subject: Subject) -> Iterator[tuple[Place, Json]]:
    for key in sorted(ConfigSchema(subject.schema).required):
        yield (key,), without(subject.config, (key,))


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

    connector = subject.make(get_config=fail)

    def claim(message: Json) -> None:
        raised: Exception | None = None
        try:
            connector.send_message(message)
        except Exception as error:  # noqa: BLE001 - any is judged below
            raised = error
        expect(
            isinstance(raised, StoreDownError),
            f"expected get_config's own error to come through, found {type(raised).__name__}",
        )
        expect(not subject.provider.calls, "expected nothing to be sent without a config, found a call")
        subject.ledger.saw("failing")

    subject.for_all(claim, subject.messages())


@check("config.class-matches-schema", clause="C10", types=ALL, sees=("valid",))
def class_matches_schema(subject: Subject) -> None:
    """What the guard returns holds every known key of the config: schema and class say the same."""
    if subject.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {subject.spec.runs_in}: there is no config class in Python")
    schema = ConfigSchema(subject.schema)

    def claim(config: Json) -> None:
        held = subject.spec.connector.config_guard.validate(config)
        for key, value in config.items():
            if key == "$schema" or not schema.names(key):
                continue
            kept = _kept(held, key)
            if value is None and kept in (_NOTHING, None):
                continue  # a class that holds None for what is absent says the same of null
            expect(
                kept is not _NOTHING,
                f"expected the config class to hold {key!r}, found nothing: the class has no such field",
            )
            expect(_same(kept, value), f"expected the config class to keep {key!r} as it is, found it changed")
        subject.ledger.saw("valid")

    _for_valid(subject, claim)


_NOTHING: Final = object()


def _kept(held: Any, key: str) -> Json:  # noqa: ANN401 - the config class
    """Return what a config class holds for a key; its JSON leaves out what is the default."""
    written = to_json(held)
    if isinstance(written, Mapping) and key in written:
        return written[key]
    for field in attrs.fields(type(held)) if attrs.has(type(held)) else ():
        if key == camel_case(field.name) or key in field.metadata.values():
            return to_json(getattr(held, field.name))
    return _NOTHING


def _same(held: Json, value: Json) -> bool:
    """Compare JSON values, where the class may hold a tuple for an array and leave unknown keys out."""
    if isinstance(value, dict):
        return isinstance(held, dict) and all(key in value and _same(held[key], value[key]) for key in held)
    if isinstance(value, list):
        return (
            isinstance(held, list | tuple)
            and len(held) == len(value)
            and all(_same(one, other) for one, other in zip(held, value, strict=True))
        )
    return bool(held == value)


# --- the schema, the guard and the class ----------------------------------------------------------------------------


def _for_valid(subject: Subject, claim: Callable[[Json], None]) -> None:
    """Try a claim on configs that the schema accepts: the author's, in parts, and with every other value in its place."""
    some = max(2, subject.profile.examples // 2)
    subject.for_all(claim, subject.configs().filter(subject.accepts), examples=some)
    others = [
        config
        for place in places(subject.config)
        for value in _other_values(subject, place)
        if subject.accepts(config := replaced(subject.config, place, value))
    ]
    _for_every(subject, claim, [subject.config, *others])


def _damaged(subject: Subject) -> list[Json]:
    """Return configs with each key taken out, nulled and almost right, and what is no config at all."""
    damaged = [
        config
        for place in places(subject.config)
        for config in (
            without(subject.config, place),
            *(replaced(subject.config, place, it) for it in (None, *_near_misses(_at(subject.config, place)))),
        )
    ]
    return [*damaged, None, [], "", 0, False, {}]


def _for_every(subject: Subject, claim: Callable[[Json], None], values: list[Json]) -> None:
    """Try a claim on all of some values: Hypothesis draws none twice while there are others."""
    subject.for_all(claim, st.sampled_from(values), examples=len(values))


def _other_values(subject: Subject, place: Place) -> list[Json]:
    """Return values that the schema may well accept in a place."""
    value = _at(subject.config, place)
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1, value - 1, 0, 1.0, 0.5]
        case str():
            keys = [part for part in place if isinstance(part, str)]
            return [*ConfigSchema(subject.schema).listed(keys[0]), "", "é\u2028\U0001f600"]
        case list():
            return [[], [*value, *value]]
    return [{}, None, 1, "text"]


@check("config.guard-agrees", clause="C11", types=ALL, sees=("valid", "invalid"))
def guard_agrees(subject: Subject) -> None:
    """The guard's verdict is the published schema's, for any value, and it says why where it refuses."""
    guard = subject.spec.connector.config_guard

    def claim(value: Json) -> None:
        verdict = subject.accepts(value)
        says = "accepts" if verdict else "refuses"
        expect(guard.is_valid(value) == verdict, f"expected is_valid to agree with the schema, which {says} the value")
        errors = [issue for issue in guard.issues(value) if issue.severity == "error"]
        expect(bool(errors) != verdict, f"expected issues to agree with the schema, which {says} the value")
        raised: Exception | None = None
        try:
            guard.validate(value)
        except Exception as error:  # noqa: BLE001 - any is judged below
            raised = error
        expect(
            raised is None if verdict else isinstance(raised, ConnectorError),
            f"expected validate to agree with the schema, which {says} the value; "
            f"it {'returned' if raised is None else f'raised {type(raised).__name__}'}",
        )
        subject.ledger.saw("valid" if verdict else "invalid")

    _for_valid(subject, claim)
    _for_every(subject, claim, _damaged(subject))
    subject.for_all(claim, json_values, examples=max(2, subject.profile.examples // 2))


_NO_OBJECTS: Final[tuple[Json, ...]] = (None, True, 0, 1.5, "", "text", [], [{}])


@check("config.schema-published", clause="C12", types=ALL, sees=("schema",))
def schema_published(subject: Subject) -> None:
    """The published schema is a JSON Schema 2020-12 of an object, is JSON, and refers to nothing outside itself."""
    schema = subject.schema
    try:
        again = json.loads(json.dumps(schema, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CheckFailure(f"expected a schema that is JSON, found something else: {error}") from None
    expect(again == schema, "expected a schema that JSON keeps as it is, found one that changes on the way")
    dialect = schema.get("$schema", _DIALECT)
    expect(dialect.rstrip("#") == _DIALECT, f"expected a schema of the dialect {_DIALECT}, found {dialect}")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise CheckFailure(f"expected a valid JSON Schema, found at {error.json_path}: {error.message}") from None
    lost = references_out_of(schema)
    expect(not lost, f"expected a schema that stands for itself, found references that it cannot resolve: {lost}")
    for value in _NO_OBJECTS:
        expect(not subject.accepts(value), f"expected a schema of an object, found that it accepts {json_type(value)}")
    subject.ledger.saw("schema")


@check("config.round-trip", clause="C13", types=ALL, sees=("valid",))
def round_trip(subject: Subject) -> None:
    """A config that went through its class is the same config: written as JSON it is valid, and reads the same again."""
    if subject.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {subject.spec.runs_in}: there is no config class in Python")
    guard, schema = subject.spec.connector.config_guard, ConfigSchema(subject.schema)

    def claim(config: Json) -> None:
        held = guard.validate(config)
        written = to_json(held)
        expect(isinstance(written, dict), f"expected the config's JSON to be an object, found {json_type(written)}")
        try:
            read = json.loads(json.dumps(written))
        except (TypeError, ValueError) as error:
            raise CheckFailure(
                f"expected a config class that turns into JSON, found one that does not: {error}"
            ) from None
        expect(subject.accepts(read), "expected the config's JSON to be valid again, found that the schema refuses it")
        expect(
            to_json(guard.validate(read)) == written,
            "expected the config's JSON to read as the same config, found another",
        )
        for key in written.keys() - config.keys():
            expect(
                schema.has_default(key, written[key]),
                f"expected what is not set to stay so, found {key!r}, which the config does not have",
            )
        subject.ledger.saw("valid")

    _for_valid(subject, claim)


@check("config.validation-only-looks", clause="C16", types=ALL, sees=("valid", "invalid"))
def validation_only_looks(subject: Subject) -> None:
    """Validating changes nothing and reaches nothing: not the value, not the provider, no other address."""
    guard = subject.spec.connector.config_guard

    def claim(config: Json) -> None:
        before = copy.deepcopy(config)
        guard.is_valid(config)
        guard.issues(config)
        with suppress(ConnectorError):
            guard.validate(config)
        expect(config == before, "expected validating to leave the config as it is, found it changed")
        reached = len(subject.provider.calls) + len(subject.provider.refused_sockets)
        expect(not reached, "expected validating to reach nothing, found a call")
        subject.ledger.saw("valid" if subject.accepts(config) else "invalid")

    for configs in (subject.configs().filter(subject.accepts), st.sampled_from(_damaged(subject))):
        subject.for_all(claim, configs, examples=max(2, subject.profile.examples // 2))


# --- where the config comes from ------------------------------------------------------------------------------------


@check("config.source-shape", clause="C14", sees=("invalid",))
def source_shape(subject: Subject) -> None:
    """A saved config of any other shape, null and a list included, is invalid_config like an unsaved one."""

    def claim(saved: Json, message: Json) -> None:
        attempt = subject.send(message, saved=saved)
        what = f"the saved config {json.dumps(saved)}"
        if subject.accepts(saved):
            _taken(subject, attempt, what)
        else:
            _refused(subject, attempt, what)

    subject.for_each(claim, (None, [], [[]], "", "text", 0, 1.5, True, False, {}), subject.messages())


@check("config.any-size", clause="C15", sees=("long text", "many items", "depth", "odd keys"))
def any_size(subject: Subject) -> None:
    """A config of any size and depth is used or refused with a ConnectorError; it breaks nothing."""
    grown: dict[str, Callable[[], Json]] = {
        "long text": lambda: {**_longer(subject.config), "x-note": _LONG_TEXT},
        "many items": lambda: {**_more(subject), "x-list": list(range(10_000))},
        "depth": lambda: {**subject.config, "x-list": _nested(200), "x-object": _nested(5_000)},
        "odd keys": lambda: {**subject.config, "": 1, " ": [], "\0": "\0", "é\u2028": {}, "k" * 10_000: None},
    }

    # The config itself stays out of the example: nobody reads a hundred thousand characters, and JSON cannot write
    # what is nested that deeply.
    def claim(what: str, message: Json) -> None:
        attempt = subject.send(message, grown[what]())
        expect(
            attempt.error is None or isinstance(attempt.error, ConnectorError),
            f"expected a config of unusual size ({what}) to be used or refused; {attempt.how}",
        )
        expect(
            len(attempt.calls) == 1 if attempt.error is None else len(attempt.calls) <= 1,
            f"expected one call to the provider with a config of unusual size ({what}), found {len(attempt.calls)}",
        )
        subject.ledger.saw(what)

    for what in grown:
        subject.for_all(claim, st.just(what), subject.messages(), examples=1)


_LONG_TEXT: Final = "0123456789" * 10_000


def _longer(config: Mapping[str, Json]) -> dict[str, Json]:
    """Return a config with more text in the content of its templates."""
    changed = copy.deepcopy(dict(config))
    for place in places(config):
        if place[-1] == "content" and isinstance(_at(config, place), str):
            _at(changed, place[:-1])["content"] += _LONG_TEXT
    return changed


def _more(subject: Subject) -> dict[str, Json]:
    """Return a config with a thousand items in each of its lists, where the schema accepts that."""
    changed = dict(subject.config)
    for key, value in subject.config.items():
        if isinstance(value, list) and value:
            longer = {**changed, key: (value * 1_000)[:1_000]}
            changed = longer if subject.accepts(longer) else changed
    return changed


def _nested(depth: int) -> Json:
    value: Json = "x"
    for level in range(depth):
        value = {"x": value} if level % 2 else [value]
    return value
