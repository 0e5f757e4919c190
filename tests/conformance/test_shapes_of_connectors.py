"""Unusual metadata, schemas and configs: checks of metadata, config and secrets pass, or give the reason why they do not apply."""

import copy
import sys
from base64 import b64encode
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve, field, frozen

from conformance import PROFILES, Spec, State, check_connector
from conformance.checks.config import _similar_values
from conformance.harness.error_text import missing_values
from conformance.harness.logs import causes
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    Guard,
    SelectItem,
    ShowCondition,
)
from tests.conformance.right_connectors.form_sms import FORM_SMS, FormSmsConfig
from tests.conformance.right_connectors.in_memory import IN_MEMORY, Relay
from tests.conformance.right_connectors.social import BADGE, BEACON

Type = ConnectorConfigFormItemType
RELAY = next(spec for spec in IN_MEMORY if spec.connector is Relay)


@frozen
class Loose:
    """A config with any value, or none."""

    token: object = field(default=None, repr=False)


@frozen
class Chosen(Loose):
    """A config with keys of every type."""

    mode: str = "single"
    modes: tuple[str, ...] = ()
    retries: int = 3
    is_on: bool = False
    headers: object = None


LOOSE: dict[str, Any] = {"type": "object"}
CHOSEN: dict[str, Any] = {
    "type": "object",
    "required": ["token"],
    "properties": {
        "token": {"type": "string"},
        "mode": {"enum": ["single", "bulk"]},
        "modes": {"type": "array", "items": {"enum": ["single", "bulk"]}, "minItems": 2},
        "retries": {"type": "integer"},
        "isOn": {"type": "boolean"},
        "headers": {"type": "object"},
    },
}
CONFIG = {"token": "t", "mode": "single", "modes": ["single", "bulk"], "retries": 3, "isOn": True, "headers": {"a": {}}}


def _spec(schema: dict[str, Any], cls: type, config: dict[str, Any], **metadata: Any) -> Spec:
    """Return a Spec of `Relay` with this schema, class, config and metadata."""
    connector = type(
        "Other", (Relay,), {"config_guard": Guard(schema, cls), "metadata": evolve(Relay.metadata, **metadata)}
    )
    return evolve(RELAY, connector=connector, valid_config=config, secrets=())


def _reason(spec: Spec, check: str) -> str:
    """Return the reason why a check does not apply."""
    (result,) = check_connector(spec, checks=[check], profile=PROFILES["ci"]).results
    assert result.state is State.NOT_APPLICABLE, (result.state, result.message)
    return result.message


def _passes(spec: Spec, *checks: str) -> None:
    report = check_connector(spec, checks=checks, profile=PROFILES["ci"])
    assert report.spec_errors == ()
    assert [(it.id, it.message) for it in report.results if it.state is not State.PASSED] == []


def test_form_checks_do_not_apply_without_a_form() -> None:
    """Without form items, Console shows a JSON editor; an empty form has no items."""
    bare, empty = (_spec(LOOSE, Loose, {"token": "t"}, form_items=items) for items in (None, ()))
    checks = ("keys", "required", "types", "defaults", "choices", "choices-complete", "conditions")
    for check in checks:
        assert "declares no form items" in _reason(bare, f"metadata.form-{check}")
        assert "the form declares no" in _reason(empty, f"metadata.form-{check}")
    assert "declares no form items" in _reason(bare, "metadata.secrets-masked")


def test_form_with_every_type_of_item_passes() -> None:
    """Its items have choices, default values and show conditions of every type."""
    options = (SelectItem("single", "Single"), SelectItem("bulk", "Bulk"))

    def item(kind: Type, key: str, **more: Any) -> ConnectorConfigFormItem:
        return ConnectorConfigFormItem(kind, key, key, **more)

    shown = [ShowCondition("isOn", expect_value=True), ShowCondition("mode", "bulk"), ShowCondition("retries", 3)]
    form = (
        item(
            Type.TEXT,
            "token",
            required=True,
            default_value="",
            show_conditions=(*shown, ShowCondition("headers", "{}")),
        ),
        item(
            Type.SELECT, "mode", required=True, default_value="single", select_items=(*options, SelectItem("", "None"))
        ),
        item(Type.MULTI_SELECT, "modes", default_value=["single", "bulk"], select_items=options),
        item(Type.NUMBER, "retries", default_value="3", show_conditions=(ShowCondition("modes"),)),
        item(Type.SWITCH, "isOn", required=True, default_value=False),
        item(Type.JSON, "headers", default_value={}),
    )
    checks = ("keys", "required", "types", "defaults", "choices", "choices-complete", "conditions")
    _passes(_spec(CHOSEN, Chosen, CONFIG, form_items=form), *(f"metadata.form-{check}" for check in checks))


def test_choices_of_a_string_need_not_be_complete() -> None:
    """The schema has no list of values to compare with."""
    select = ConnectorConfigFormItem(Type.SELECT, "token", "Token", select_items=(SelectItem("t", "T"),))
    assert "no list of values" in _reason(
        _spec(LOOSE, Loose, {"token": "t"}, form_items=(select,)), "metadata.form-choices-complete"
    )


def test_ids_and_multiline_texts_need_no_mask() -> None:
    """Console cannot mask a text of several lines, and an id is not a secret."""
    form = (
        ConnectorConfigFormItem(Type.TEXT, "token", "Token", required=True),
        ConnectorConfigFormItem(Type.MULTILINE_TEXT, "mode", "Key"),
    )
    spec = evolve(_spec(CHOSEN, Chosen, {"token": "t", "mode": "single"}, form_items=form), secrets=())
    assert "names no secrets" in _reason(spec, "metadata.secrets-masked")
    assert "names no secrets" in _reason(spec, "secrets.repr")
    loose = _spec({**LOOSE, "properties": {"appId": {}}}, Loose, {"token": "t", "appId": "a"}, form_items=form[:1])
    assert "that Console can mask" in _reason(evolve(loose, secrets=("appId",)), "metadata.secrets-masked")


def test_rejection_checks_do_not_apply_to_a_schema_without_types() -> None:
    """Without required keys and types, no config is invalid."""
    spec = _spec(LOOSE, Loose, {"token": "t"}, form_items=None)
    for check in ("rejects-missing", "rejects-wrong-type", "rejects-null", "no-coercion", "issue-paths"):
        assert "schema declares" in _reason(spec, f"config.{check}")
    _passes(
        spec, "config.guard-matches-schema", "config.round-trip", "config.class-matches-schema", "config.saved-invalid"
    )
    open_ended = _spec({**LOOSE, "additionalProperties": {"type": "string"}}, Loose, {"token": "t"})
    assert "no key is unknown" in _reason(open_ended, "config.accepts-unknown-keys")


def test_config_with_every_type_passes() -> None:
    """It has numbers, booleans, arrays and objects; one value is the default of the class."""
    checks = (
        "guard-matches-schema",
        "round-trip",
        "class-matches-schema",
        "no-coercion",
        "issue-paths",
        "any-size",
        "saved-invalid",
    )
    _passes(_spec(CHOSEN, Chosen, CONFIG), *(f"config.{check}" for check in checks))


def test_null_may_be_missing_from_the_config_class() -> None:
    """A schema may accept null for a key that the class leaves out."""
    schema = {"type": "object", "properties": {"token": {"type": ["string", "null"]}}}
    _passes(_spec(schema, Loose, {"token": None}), "config.class-matches-schema", "config.guard-matches-schema")
    assert _similar_values(None)


def test_logos_and_readmes_of_any_form_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are found next to a module without a package; logos at a URL and of other types are not checked."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    (tmp_path / "README.md").write_text("Request a token.", encoding="utf-8")
    (tmp_path / "bad.md").write_bytes(b"\xff")
    (tmp_path / "template.json").write_text('{"token": "<token>"}', encoding="utf-8")
    module = ModuleType("alone")
    module.__file__ = str(tmp_path / "alone.py")
    monkeypatch.setitem(sys.modules, "alone", module)

    def spec(**metadata: Any) -> Spec:
        made = _spec(LOOSE, Loose, {"token": "t"}, **metadata)
        made.connector.__module__ = "alone"
        return made

    checks = ("files-exist", "logo-image", "logo-size", "readme-not-empty", "config-template-valid")
    files = spec(logo="./logo.png", readme="README.md", config_template="./template.json")
    _passes(files, *(f"metadata.{check}" for check in checks))
    embedded = b64encode((tmp_path / "logo.png").read_bytes()).decode()
    _passes(spec(logo=f"data:image/png;base64,{embedded}"), "metadata.files-exist", "metadata.logo-image")
    for logo in ("https://acme.example/logo.svg", "data:image/webp;base64,AAAA", "./none.svg"):
        assert "no logo that is a file or a data URI" in _reason(spec(logo=logo), "metadata.logo-image")
    _passes(spec(readme="Request.\n\nAcme."), "metadata.readme-not-empty", "metadata.files-exist")
    (bad,) = check_connector(
        spec(readme="bad.md"), checks=["metadata.readme-not-empty"], profile=PROFILES["ci"]
    ).results
    assert "in UTF-8" in bad.message


def test_causes_of_an_error_are_those_that_a_traceback_shows() -> None:
    """They are causes, contexts that are not suppressed, and members of groups."""
    hidden, shown, one = KeyError("hidden"), ValueError("shown"), OSError("one")
    error = RuntimeError("outer")
    error.__context__ = shown
    shown.__context__, shown.__suppress_context__ = hidden, True
    group = ExceptionGroup("many", [one])
    group.__cause__ = error
    assert list(causes(group)) == [group, one, error, shown]
    assert list(causes(None)) == []


def test_connector_outside_python_needs_no_config_class(tmp_path: Path) -> None:
    """Checks of the class do not apply; its files are in its own folder."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    made = _spec(CHOSEN, Chosen, {"token": "t"}, logo="./logo.png")
    made.connector.folder = tmp_path  # type: ignore[attr-defined]  # as npm connectors have it
    made.connector.runs_in = "Node.js"  # type: ignore[attr-defined]  # likewise
    elsewhere = evolve(made, secrets=("token",))
    for check in ("config.class-matches-schema", "config.round-trip"):
        assert "no config class in Python" in _reason(elsewhere, check)
    _passes(elsewhere, "metadata.files-exist", "metadata.logo-image", "metadata.readme-not-empty", "secrets.repr")


def test_template_checks_respect_the_length_limits_of_the_schema() -> None:
    """Checks with long or empty templates do not apply, because no operator can save such a template."""
    schema = copy.deepcopy(FORM_SMS.connector.config_guard.schema)
    schema["properties"]["templates"]["items"]["properties"]["content"].update(minLength=1, maxLength=80)
    guard = Guard(schema, FormSmsConfig)
    strict = evolve(FORM_SMS, connector=type("Strict", (FORM_SMS.connector,), {"config_guard": guard}))
    for check in ("rendering.linear-time", "rendering.many-placeholders"):
        assert "texts too short" in _reason(strict, check)
    assert "no text of a template is empty" in _reason(strict, "routing.empty-template")


def test_not_implemented_check_does_not_apply_to_a_connector_with_every_method() -> None:
    """The connector has tokens, refresh tokens and SAML assertions."""
    names = ("get_token_response_and_user_info", "get_access_token_by_refresh_token")
    methods = {name: getattr(BEACON.connector, name) for name in names}
    whole = evolve(BADGE, connector=type("Whole", (BADGE.connector,), methods))
    assert "declares every method" in _reason(whole, "social.not-implemented")


def test_whitespace_check_does_not_apply_to_a_secret_of_limited_length() -> None:
    """The schema rejects a secret with additional whitespace."""
    schema = {"type": "object", "properties": {"token": {"type": "string", "maxLength": 32}}}
    plain = evolve(_spec(schema, Loose, {"token": "t"}), secrets=("token",))
    assert "secrets contain no such characters" in _reason(plain, "secrets.stray-whitespace")


@pytest.mark.parametrize(
    "text",
    [
        "None of them fits.",
        "It is broken: None was found.",
        "No response.",
        "A value that is undefinedly long.",
        "<html>",
    ],
)
def test_text_without_missing_value_is_accepted(text: str) -> None:
    """``None`` is also an English word."""
    assert missing_values(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The message for None was not sent.",
        "None cannot be used as an address.",
        "HTTP undefined",
        "expected [object Object]",
        "status NaN",
        "NoneType has no address",
        "<conformance.Call object at 0x7f00>",
    ],
)
def test_text_with_missing_value_is_found(text: str) -> None:
    """These are the texts that Python and JavaScript print for a missing value or for an object."""
    assert missing_values(text)


def test_error_message_checks_do_not_apply_without_errors() -> None:
    """The provider accepts every message, and the connector forwards every message."""
    provider = type("Generous", (RELAY.provider,), {"outcomes": RELAY.provider.outcomes[:1]})
    connector = type("Silent", (RELAY.connector,), {"get_usage": lambda *_: 0})
    silent = evolve(RELAY, provider=provider, connector=connector, capabilities={*RELAY.capabilities, "usage"})
    assert "Generous declares no failure" in _reason(silent, "operator.no-missing-values")
    assert "declares no outcome that is a failure" in _reason(silent, "operator.error-message")
