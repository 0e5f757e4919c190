"""Configs: which ones a connector accepts and rejects, where it reads them, and what validation does."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, Final

import attrs
from hypothesis import assume
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from conformance.harness.attempt import Attempt, run_job
from conformance.harness.config_schema import ConfigSchema, references_out_of
from conformance.harness.expectations import expect_error, expect_no_call
from conformance.harness.harness import Harness
from conformance.harness.settings import ConfigVariants, set_at, settings_of
from conformance.harness.strategies import (
    REQUIRED_TYPES,
    json_values,
    letters,
    mistyped_values,
    places,
    replaced,
    with_templates,
    without,
)
from conformance.harness.values import difference, read_back, show, show_type
from conformance.registry import ALL, check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import ConnectorError, ConnectorErrorCodes, to_json
from connector_kit.issues import Location, format_path
from connector_kit.wire import camel_case

Json = Any
"""Any JSON value."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MISSING: Final = object()


def _value_at(config: Json, place: Location) -> Json:
    for part in place:
        config = config[part]
    return config


def _expect_rejected(harness: Harness, attempt: Attempt, config: str) -> None:
    expect_error(attempt, ConnectorErrorCodes.INVALID_CONFIG, f"for {config}")
    expect_no_call(attempt, f"a send with {config}")
    harness.coverage.add("invalid config")


def _expect_accepted(harness: Harness, attempt: Attempt, config: str) -> None:
    expect(
        attempt.code is not ConnectorErrorCodes.INVALID_CONFIG,
        f"expected {config} to be accepted, as by its published schema; {attempt.summary}",
    )
    harness.coverage.add("valid config")


def _expect_verdict_of_schema(harness: Harness, message: Json, config: Json, description: str) -> None:
    attempt = harness.send(message, config)
    judge = _expect_accepted if harness.accepts(config) else _expect_rejected
    judge(harness, attempt, description)


def _changes(before: Json, after: Json, place: Location = ()) -> Iterator[Location]:
    """Yield the places at which a value was changed."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from _changes(before.get(key, _MISSING), after.get(key, _MISSING), (*place, key))
    elif before != after:
        yield place


def _show_changes(before: Json, after: Json) -> str:
    """Name the places at which a config was changed, without its values: they may be secrets."""
    return f"changes at {', '.join(sorted(map(format_path, _changes(before, after))))}"


# --- valid and invalid configs --------------------------------------------------------------------------------------


@check("config.accepts-valid", clause="C1", covers=("valid config",), is_smoke=True)
def accepts_valid(harness: Harness) -> None:
    """The connector accepts each config that its published schema accepts, and sends the message."""

    def verify(config: Json, message: Json) -> None:
        assume(harness.accepts(config))
        harness.deliver(message, config)
        harness.coverage.add("valid config")

    harness.for_all(verify, harness.configs(), harness.messages())


def _require_rejection(harness: Harness, change: Callable[[Location], Json], declared: str) -> None:
    """Skip the check if the schema accepts a change at every place of the config."""
    if all(harness.accepts(change(place)) for place in places(harness.config)):
        raise NotApplicable(f"the config's schema declares {declared}")


@check("config.rejects-missing", clause="C2", covers=("invalid config",), is_smoke=True)
def rejects_missing(harness: Harness) -> None:
    """The connector rejects a config without a required key, at the top level or in a template."""

    def verify(place: Location, message: Json) -> None:
        config = without(harness.config, place)
        _expect_verdict_of_schema(harness, message, config, f"a config without {format_path(place)}")

    _require_rejection(harness, lambda place: without(harness.config, place), "no key as required")
    harness.for_each(verify, places(harness.config), harness.messages())


def _similar_values(value: Json) -> list[Json]:
    """Return values of other types that a connector might convert to this one."""
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


def rejected_similar_values(harness: Harness) -> dict[Location, list[Json]]:
    """Return, for each place of the config, the similar values that the schema rejects there."""
    found: dict[Location, list[Json]] = {}
    for place in places(harness.config):
        for value in _similar_values(_value_at(harness.config, place)):
            if not harness.accepts(replaced(harness.config, place, value)):
                found.setdefault(place, []).append(value)
    if not found:
        raise NotApplicable("the config's schema declares no type for any key")
    return found


@check("config.rejects-wrong-type", clause="C2", covers=("invalid config",))
def rejects_wrong_type(harness: Harness) -> None:
    """The connector rejects a config with a value of a type that the schema does not allow."""

    def verify(place: Location, value: Json, message: Json) -> None:
        config = replaced(harness.config, place, value)
        if not harness.accepts(config):
            description = f"a config with {show_type(value)} at {format_path(place)}"
            _expect_rejected(harness, harness.send(message, config), description)

    rejected_similar_values(harness)
    harness.for_each(verify, places(harness.config), mistyped_values, harness.messages())


@check("config.no-coercion", clause="C2", covers=("invalid config",))
def no_coercion(harness: Harness) -> None:
    """The connector does not convert values of a wrong type: "587" is not a number, 1 is not true."""

    def verify(place: Location, message: Json) -> None:
        right = show_type(_value_at(harness.config, place))
        for value in wrong[place]:
            description = f"a config with {show_type(value)} instead of {right} at {format_path(place)}"
            _expect_rejected(harness, harness.send(message, replaced(harness.config, place, value)), description)

    wrong = rejected_similar_values(harness)
    harness.for_each(verify, wrong, harness.messages())


@check("config.rejects-null", clause="C3", covers=("invalid config",))
def rejects_null(harness: Harness) -> None:
    """The connector rejects null for an optional key, unless the schema allows null: null does not mean absent."""

    def verify(place: Location, message: Json) -> None:
        config = replaced(harness.config, place, None)
        _expect_verdict_of_schema(harness, message, config, f"a config with null at {format_path(place)}")

    _require_rejection(
        harness, lambda place: replaced(harness.config, place, None), "null as a valid value of every key"
    )
    harness.for_each(verify, places(harness.config), harness.messages())


@check("config.rejects-non-objects", clause="C2", covers=("invalid config",))
def rejects_non_objects(harness: Harness) -> None:
    """The connector rejects any JSON value that the schema rejects, without using the saved config instead."""

    def verify(config: Json, message: Json) -> None:
        if config is not None and not harness.accepts(config):
            # The saved config is valid, so that a connector that treats [] or false as "no config" sends the message.
            description = f"the unsaved config ({show_type(config)})"
            _expect_rejected(harness, harness.send(message, config, saved=harness.config), description)

    harness.for_all(verify, json_values, harness.messages())


@check(
    "config.requires-usage-types",
    clause="C4",
    needs=("config-templates or template-names",),
    covers=("valid config",),
)
def requires_usage_types(harness: Harness) -> None:
    """A config needs a template for Register, SignIn, ForgotPassword and Generic, unless the connector has a text of its own."""

    def verify(kept: list[str], extra: list[str], message: Json) -> None:
        config = with_templates(harness.config, [*extra, *kept], harness.accepts)
        lacking = [kind for kind in REQUIRED_TYPES if kind not in {*kept, *extra}]
        if not lacking:
            _expect_accepted(harness, harness.send(message, config), "a config with all required templates")
        elif harness.accepts(config):
            _expect_own_text(harness, config, lacking, message)
        else:
            what = f"config with no template for {', '.join(lacking)}"
            _expect_rejected(harness, harness.send(message, config), f"a {what}")
            _expect_rejected(harness, harness.send(message, saved=config), f"a saved {what}")

    kept = [[kind for kind in REQUIRED_TYPES if kind != lacking] for lacking in ("", *REQUIRED_TYPES)]
    similar_types = st.sampled_from(("register", "Sign-In", "GENERIC", "ForgotPassword ", "Test"))
    extra = st.lists(similar_types, max_size=3).filter(
        lambda types: harness.accepts(with_templates(harness.config, [*REQUIRED_TYPES, *types], harness.accepts))
    )
    harness.for_each(verify, [*kept, []], extra, harness.messages())
    _expect_text_without_templates(harness)


def _expect_own_text(harness: Harness, config: Json, lacking: list[str], message: Json) -> None:
    """Expect a message of each type to be sent, with a config that the schema accepts without a template for it."""
    for kind in lacking:
        attempt = harness.send({**message, "type": kind}, config)
        expect(
            attempt.error is None and attempt.calls,
            f"expected a message of type {kind} to be sent with a config that has no template for it, because the "
            f"schema accepts it; {attempt.summary_with_text}. Have a text for it, or require the template in the schema",
        )
    harness.coverage.add("valid config")


def _expect_text_without_templates(harness: Harness) -> None:
    """Expect the same of a config without any templates."""
    config = {key: value for key, value in harness.config.items() if key != "templates"}
    if harness.accepts(config):
        _expect_own_text(harness, config, [*REQUIRED_TYPES], harness.plain_message)


@check("config.accepts-unknown-keys", clause="C5", covers=("unknown key",))
def accepts_unknown_keys(harness: Harness) -> None:
    """The connector ignores config keys that its schema does not name, or rejects them if its schema is closed."""
    schema = ConfigSchema(harness.schema)
    if schema.defines("x-note"):
        raise NotApplicable("the config's schema declares what any key holds, so no key is unknown")
    if not harness.accepts({**harness.config, "x-note": "1"}):
        _expect_complete_form(harness)

    def verify(key: str, value: Json, message: Json) -> None:
        config = {**harness.config, key: value}
        if schema.defines(key):
            return
        if harness.accepts(config):
            harness.deliver(message, config)
        else:
            attempt = harness.send(message, config)
            _expect_rejected(harness, attempt, f"a config with the key {key!r}, which its schema excludes")
        harness.coverage.add("unknown key")

    harness.for_each(verify, ("$schema", "__proto__", "constructor", "", "x-note"), json_values, harness.messages())
    harness.for_all(verify, letters, json_values, harness.messages())


def _expect_complete_form(harness: Harness) -> None:
    """Expect an item for each key of a closed schema, if there is a form: Console submits only keys with an item."""
    items = harness.spec.connector.metadata.form_items
    named = [it for it in settings_of(harness.schema) if len(it.path) == 1 and it.path != ("$schema",)]
    lost = [it.name for it in named if not it.is_deprecated and it.name not in {item.key for item in items or ()}]
    expect(
        items is None or not lost,
        f"expected a form item for each key, because the schema is closed: Console drops {', '.join(lost)}",
    )


@check("config.issue-paths", clause="C6", covers=("invalid config",))
def issue_paths(harness: Harness) -> None:
    """The error for an invalid config holds a list of issues, one of which names the invalid place."""
    invalid = [*_wrong_in_one_place(harness), *_without_one_key(harness)]
    if not invalid:
        raise NotApplicable("the config's schema declares no key as required, and no type for any key")

    def verify(case: tuple[Location, Json], message: Json) -> None:
        place, config = case
        attempt = harness.send(message, config)
        _expect_rejected(harness, attempt, f"a config that is invalid at {format_path(place)}")
        data = getattr(attempt.error, "data", None)
        issues = data.get("issues") if isinstance(data, dict) else None
        expect(
            isinstance(issues, list) and issues,
            f"expected the error's data to hold a list of issues, found data ({show_type(data)}) "
            f"with issues ({show_type(issues)})",
        )
        expect(
            any(all(str(part) in str(issue) for part in place) for issue in issues or ()),
            f"expected an issue that names {format_path(place)}, found {show(issues)}",
        )

    harness.for_each(verify, invalid, harness.messages())


def _wrong_in_one_place(harness: Harness) -> Iterator[tuple[Location, Json]]:
    """Yield places, each with a config in which a validator reports an error at exactly that place."""
    validator = Draft202012Validator(harness.schema)
    for place in places(harness.config):
        similar = _similar_values(_value_at(harness.config, place))
        changed = (replaced(harness.config, place, value) for value in similar)
        wrong = (it for it in changed if any(tuple(e.absolute_path) == place for e in validator.iter_errors(it)))
        yield from ((place, config) for config in islice(wrong, 1))


def _without_one_key(harness: Harness) -> Iterator[tuple[Location, Json]]:
    for key in sorted(ConfigSchema(harness.schema).required):
        yield (key,), without(harness.config, (key,))


@check("config.not-mutated", clause="C7", covers=("config", "message"))
def not_mutated(harness: Harness) -> None:
    """A send changes neither the config nor the message."""

    def verify(config: Json, message: Json) -> None:
        config_before, message_before = copy.deepcopy(config), copy.deepcopy(message)
        harness.send(message, config)
        for what, before, after in (("config", config_before, config), ("message", message_before, message)):
            expect(before == after, f"expected the send not to change the {what}, found {_show_changes(before, after)}")
            harness.coverage.add(what)

    harness.for_all(verify, harness.configs(), harness.messages())


# --- where the config comes from ------------------------------------------------------------------------------------


def _expect_credentials(harness: Harness, sent: Any, config: Json, what: str) -> None:
    error = harness.provider.request_error(sent, config, "credentials")
    expect(error is None, f"with the {what} config: {error}")


@check("config.uses-saved", clause="C8", covers=("saved config",), is_smoke=True)
def uses_saved(harness: Harness) -> None:
    """Without an unsaved config, the connector calls get_config once, with its own id, and uses what it returns."""

    def verify(message: Json) -> None:
        harness.config_requests.clear()
        call = harness.deliver(message, saved=harness.config)
        expect(
            harness.config_requests == [harness.spec.name],
            f"expected get_config to be called once with {harness.spec.name!r}, "
            f"found calls with {harness.config_requests}",
        )
        _expect_credentials(harness, call, harness.config, "saved")
        harness.coverage.add("saved config")

    def verify_change(message: Json) -> None:
        connector = harness.make(get_config=lambda _: saved[0])
        second = harness.canaries.plant(harness.config, harness.spec.secrets)
        for name, config in (("first", harness.config), ("second", second), ("first", harness.config)):
            saved = [config]
            attempt = harness.attempt(partial(connector.send_message, message))
            expect(
                attempt.error is None, f"expected a message with the {name} saved config to be sent; {attempt.summary}"
            )
            _expect_credentials(harness, attempt.calls[-1], config, f"{name} saved")

    harness.for_all(verify, harness.messages())
    harness.for_all(verify_change, harness.messages(), examples=1)


@check("config.uses-unsaved", clause="C8", covers=("unsaved config",))
def uses_unsaved(harness: Harness) -> None:
    """With an unsaved config, as in Logto's test send, the connector uses it and does not call get_config."""

    def verify(message: Json) -> None:
        harness.config_requests.clear()
        unsaved = harness.canaries.plant(harness.config, harness.spec.secrets)
        call = harness.deliver(message, unsaved, saved=harness.config)
        expect(
            not harness.config_requests,
            f"expected no call to get_config, found calls with {harness.config_requests}",
        )
        _expect_credentials(harness, call, unsaved, "unsaved")
        harness.coverage.add("unsaved config")

    harness.for_all(verify, harness.messages(), examples=max(2, harness.profile.failure_examples))


@check("config.get-config-error", clause="C9", covers=("failing get_config",))
def get_config_error(harness: Harness) -> None:
    """The connector raises an exception of get_config unchanged, and sends nothing."""

    class StoreDownError(Exception):
        pass

    def fail(_: str) -> object:
        raise StoreDownError

    connector = harness.make(get_config=fail)

    def verify_later(message: Json) -> None:
        is_down = [False]
        other = harness.make(get_config=lambda name: fail(name) if is_down[0] else harness.config)
        first = harness.attempt(partial(other.send_message, message))
        expect(first.error is None, f"expected a message with the saved config to be sent; {first.summary}")
        is_down[0] = True
        attempt = harness.attempt(partial(other.send_message, message))
        expect(
            isinstance(attempt.error, StoreDownError),
            f"expected the StoreDownError of get_config after it worked once; {attempt.summary}",
        )
        expect_no_call(attempt, "a send without a config, after get_config worked once")

    def verify(message: Json) -> None:
        attempt = harness.attempt(partial(connector.send_message, message))
        expect(
            isinstance(attempt.error, StoreDownError),
            f"expected the StoreDownError of get_config, found {type(attempt.error).__name__}",
        )
        expect_no_call(attempt, "a send without a config")
        harness.coverage.add("failing get_config")

    harness.for_all(verify, harness.messages())
    harness.for_all(verify_later, harness.messages(), examples=2)


# --- the schema, the guard and the config class ---------------------------------------------------------------------


def _require_config_class(harness: Harness) -> None:
    if harness.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {harness.spec.runs_in}: it declares no config class in Python")


@check("config.class-matches-schema", clause="C10", types=ALL, covers=("valid config",))
def class_matches_schema(harness: Harness) -> None:
    """The config class holds each key of the config that the schema names, with its value."""
    _require_config_class(harness)
    schema = ConfigSchema(harness.schema)

    def verify(config: Json) -> None:
        held = harness.spec.connector.config_guard.validate(config)
        for key, value in config.items():
            if key == "$schema" or not schema.defines(key):
                continue
            kept = _held_value(held, key)
            if value is None and kept in (_MISSING, None):
                continue  # a class may hold None both for null and for an absent key
            expect(
                kept is not _MISSING,
                f"expected the config class {type(held).__name__} to hold {key!r}, found no field for it",
            )
            expect(
                _is_held(kept, value),
                f"expected the config class to keep the value of {key!r} ({show_type(value)}), "
                f"found a change to {show_type(kept)}",
            )
        harness.coverage.add("valid config")

    _verify_valid_configs(harness, verify)


def _held_value(held: Any, key: str) -> Json:
    """Return what a config object holds for a key; its JSON leaves out default values."""
    written = to_json(held)
    if isinstance(written, Mapping) and key in written:
        return written[key]
    for field in attrs.fields(type(held)) if attrs.has(type(held)) else ():
        if key == camel_case(field.name) or key in field.metadata.values():
            return to_json(getattr(held, field.name))
    return _MISSING


def _is_held(held: Json, value: Json) -> bool:
    """Compare JSON values; the class may hold a tuple for an array, and leave out unknown keys."""
    if isinstance(value, dict):
        return isinstance(held, dict) and all(key in value and _is_held(held[key], value[key]) for key in held)
    if isinstance(value, list):
        return (
            isinstance(held, list | tuple)
            and len(held) == len(value)
            and all(_is_held(one, other) for one, other in zip(held, value, strict=True))
        )
    return bool(held == value)


def _verify_valid_configs(harness: Harness, verify: Callable[[Json], None]) -> None:
    """Verify a property of valid configs: variations of the author's config, and each value replaced by others."""
    some = max(2, harness.profile.examples // 2)
    harness.for_all(verify, harness.configs().filter(harness.accepts), examples=some)
    others = [
        config
        for place in places(harness.config)
        for value in _other_values(harness, place)
        if harness.accepts(config := replaced(harness.config, place, value))
    ]
    _verify_values(harness, verify, [harness.config, *others])


def _verify_values(harness: Harness, verify: Callable[[Json], None], values: list[Json]) -> None:
    """Verify a property of listed values: Hypothesis draws each of them before it draws one twice."""
    harness.for_all(verify, st.sampled_from(values), examples=len(values))


def _other_values(harness: Harness, place: Location) -> list[Json]:
    """Return values that the schema may accept at a place."""
    value = _value_at(harness.config, place)
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1, value - 1, 0, 1.0, 0.5]
        case str():
            keys = [part for part in place if isinstance(part, str)]
            return [*ConfigSchema(harness.schema).listed_values(keys[0]), "", "é\u2028\U0001f600"]
        case list():
            return [[], [*value, *value]]
    return [{}, None, 1, "text"]


def _changed_configs(harness: Harness) -> list[Json]:
    """Return configs with each key left out, null or of a similar type, and values that are not objects."""
    changed = [
        config
        for place in places(harness.config)
        for config in (
            without(harness.config, place),
            *(replaced(harness.config, place, it) for it in (None, *_similar_values(_value_at(harness.config, place)))),
        )
    ]
    objects = [(), *(place for place in places(harness.config) if isinstance(_value_at(harness.config, place), dict))]
    objects += [
        (*place, 0) for place in places(harness.config) if _is_array_of_objects(_value_at(harness.config, place))
    ]
    unknown = [_with_unknown_key(harness.config, place) for place in objects]
    return [*changed, *unknown, None, [], "", 0, False, {}]


def _is_array_of_objects(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _with_unknown_key(config: Json, place: Location) -> Json:
    """Return a config with a key that its schema does not name, in the object at a place."""
    changed = copy.deepcopy(dict(config))
    _value_at(changed, place)["x-note"] = "1"
    return changed


@check("config.guard-matches-schema", clause="C11", types=ALL, covers=("valid value", "invalid value"))
def guard_matches_schema(harness: Harness) -> None:
    """The config guard accepts exactly the values that the published schema accepts, and lists issues for others."""
    guard = harness.spec.connector.config_guard

    def verify(value: Json) -> None:
        is_valid = harness.accepts(value)
        of_schema = "accepts" if is_valid else "rejects"
        found = guard.is_valid(value)
        expect(found == is_valid, f"expected is_valid to return {is_valid}: the schema {of_schema} it; found {found}")
        errors = [issue for issue in guard.issues(value) if issue.severity == "error"]
        expect(
            bool(errors) != is_valid,
            f"expected {'no' if is_valid else 'at least one'} error from issues(): the schema {of_schema} the value; "
            f"found {len(errors)}",
        )
        error = run_job(partial(guard.validate, value)).error
        expect(
            error is None if is_valid else isinstance(error, ConnectorError),
            f"expected validate to {'return' if is_valid else 'raise a ConnectorError'}: the schema {of_schema} the "
            f"value; it {'returned' if error is None else f'raised {type(error).__name__}'}",
        )
        harness.coverage.add("valid value" if is_valid else "invalid value")

    _verify_valid_configs(harness, verify)
    _verify_values(harness, verify, _changed_configs(harness))
    harness.for_all(verify, json_values, examples=max(2, harness.profile.examples // 2))


_NON_OBJECTS: Final[tuple[Json, ...]] = (None, True, 0, 1.5, "", "text", [], [{}])


@check("config.valid-schema", clause="C12", types=ALL, covers=("schema",))
def valid_schema(harness: Harness) -> None:
    """The published schema is a valid JSON Schema 2020-12 of an object, and refers only to itself."""
    schema = harness.schema
    read = read_back("the schema", schema)
    expect(read == schema, difference("JSON to keep the schema", schema, read))
    dialect = schema.get("$schema", _DIALECT)
    expect(dialect.rstrip("#") == _DIALECT, f"expected the $schema {_DIALECT!r}, found {dialect!r}")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise CheckFailure(f"expected a valid JSON Schema, found at {error.json_path}: {error.message}") from None
    unresolved = references_out_of(schema)
    expect(not unresolved, f"expected a schema that refers only to itself, found references to {', '.join(unresolved)}")
    for value in _NON_OBJECTS:
        expect(not harness.accepts(value), f"expected a schema of an object, found one that accepts {show_type(value)}")
    harness.coverage.add("schema")


@check("config.round-trip", clause="C13", types=ALL, covers=("valid config",))
def round_trip(harness: Harness) -> None:
    """A config object written as JSON is a valid config, and reads as the same config again."""
    _require_config_class(harness)
    guard, schema = harness.spec.connector.config_guard, ConfigSchema(harness.schema)

    def verify(config: Json) -> None:
        written = to_json(guard.validate(config))
        expect(isinstance(written, dict), f"expected the config's JSON to be an object, found {show_type(written)}")
        read = read_back("what to_json makes of a config object", written)
        if not harness.accepts(read):
            issues = "; ".join(f"{issue.path}: {issue.message}" for issue in guard.issues(read))
            raise CheckFailure(f"expected the JSON of the config object to be a valid config, found {issues}")
        again = to_json(guard.validate(read))
        expect(
            again == written, f"expected the config's JSON to read as the same, found {_show_changes(written, again)}"
        )
        for key in written.keys() - config.keys():
            expect(
                schema.has_default(key, written[key]),
                f"expected only the keys that are set, found {key!r} too, although the config does not have it",
            )
        harness.coverage.add("valid config")

    _verify_valid_configs(harness, verify)


@check("config.validation-side-effects", clause="C16", types=ALL, covers=("valid config", "invalid config"))
def validation_side_effects(harness: Harness) -> None:
    """Validation does not change the config and makes no network calls."""
    guard = harness.spec.connector.config_guard

    def verify(config: Json) -> None:
        before = copy.deepcopy(config)
        guard.is_valid(config)
        guard.issues(config)
        with suppress(ConnectorError):
            guard.validate(config)
        expect(
            config == before,
            f"expected the validation not to change the config, found {_show_changes(before, config)}",
        )
        reached = [*("the provider" for _ in harness.provider.calls), *harness.provider.blocked_sockets]
        expect(not reached, f"expected no network calls during the validation, found calls to {', '.join(reached)}")
        harness.coverage.add("valid config" if harness.accepts(config) else "invalid config")

    for configs in (harness.configs().filter(harness.accepts), st.sampled_from(_changed_configs(harness))):
        harness.for_all(verify, configs, examples=max(2, harness.profile.examples // 2))


# --- unusual configs ------------------------------------------------------------------------------------------------


@check("config.saved-invalid", clause="C14", covers=("invalid config",))
def saved_invalid(harness: Harness) -> None:
    """The connector rejects a saved config as strictly as an unsaved one, also null or a list, with invalid_config."""

    def verify(saved: Json, message: Json) -> None:
        attempt = harness.send(message, saved=saved)
        judge = _expect_accepted if harness.accepts(saved) else _expect_rejected
        judge(harness, attempt, f"the saved config {json.dumps(saved)}")

    harness.for_each(verify, (None, [], [[]], "", "text", 0, 1.5, True, False, {}), harness.messages())
    _expect_saved_like_unsaved(harness)


_WRONG_VALUES: Final[tuple[Json, ...]] = ({"wrong": []}, 1.5, "", [1.5])


def _expect_saved_like_unsaved(harness: Harness) -> None:
    """Expect a saved config that is invalid in one place to be rejected; optional keys that it lacks are invalid too."""

    def verify(case: tuple[str, Json], message: Json) -> None:
        name, config = case
        _expect_rejected(harness, harness.send(message, saved=config), f"a saved config that is invalid at {name}")

    invalid = [(format_path(place), config) for place, config in _wrong_in_one_place(harness)]
    invalid += [(format_path(place), config) for place, config in _without_one_key(harness)]
    for setting in ConfigVariants(harness.schema, harness.config).settings:
        changed = (set_at(harness.config, setting.path, value) for value in _WRONG_VALUES)
        invalid += [(setting.name, it) for it in islice((it for it in changed if not harness.accepts(it)), 1)]
    for case in invalid:
        harness.for_all(partial(verify, case), harness.messages(), examples=1)


@check("config.any-size", clause="C15", covers=("long text", "many items", "deep nesting", "unusual keys"))
def any_size(harness: Harness) -> None:
    """The connector uses a very large or deeply nested config, or rejects it with a ConnectorError."""
    large: dict[str, Callable[[], Json]] = {
        "long text": lambda: {**_with_long_texts(harness.config), "x-note": _LONG_TEXT},
        "many items": lambda: {**_with_long_lists(harness), "x-list": list(range(10_000))},
        "deep nesting": lambda: {**harness.config, "x-list": _nested(200), "x-object": _nested(5_000)},
        "unusual keys": lambda: {**harness.config, "": 1, " ": [], "\0": "\0", "é\u2028": {}, "k" * 10_000: None},
    }

    # The example that a report shows is the kind of config. The config is too long to read, and json.dumps cannot
    # write the nested one.
    def verify(kind: str, message: Json) -> None:
        attempt = harness.send(message, large[kind]())
        expect(
            attempt.error is None or isinstance(attempt.error, ConnectorError),
            f"expected a config with {kind} to be used, or rejected with a ConnectorError; {attempt.summary}",
        )
        count = len(attempt.messages)
        expect(
            count == 1 or (count == 0 and attempt.error is not None),
            f"expected one call to the provider with a config with {kind}, found {count}",
        )
        harness.coverage.add(kind)

    for kind in large:
        harness.for_all(verify, st.just(kind), harness.messages(), examples=1)


_LONG_TEXT: Final = "0123456789" * 10_000


def _with_long_texts(config: Mapping[str, Json]) -> dict[str, Json]:
    """Return a config with long contents in its templates."""
    changed = copy.deepcopy(dict(config))
    for place in places(config):
        if place[-1] == "content" and isinstance(_value_at(config, place), str):
            _value_at(changed, place[:-1])["content"] += _LONG_TEXT
    return changed


def _with_long_lists(harness: Harness) -> dict[str, Json]:
    """Return a config with a thousand items in each list for which the schema accepts that."""
    changed = dict(harness.config)
    for key, value in harness.config.items():
        if isinstance(value, list) and value:
            longer = {**changed, key: (value * 1_000)[:1_000]}
            changed = longer if harness.accepts(longer) else changed
    return changed


def _nested(depth: int) -> Json:
    value: Json = "x"
    for level in range(depth):
        value = {"x": value} if level % 2 else [value]
    return value
