"""The checks of metadata, config and secrets know what they have nothing to say of, and say why."""

import copy
import sys
from base64 import b64encode
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve, field, frozen

from conformance import PROFILES, Spec, State, check_connector
from conformance.checks.config import _near_misses
from conformance.checks.secrets import _chain
from conformance.wording import missing_values
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
    """A config that may hold anything, and need not."""

    token: object = field(default=None, repr=False)


@frozen
class Chosen(Loose):
    """A config with values to choose from."""

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


def _spec(schema: dict[str, Any], cls: type, config: dict[str, Any], **metadata: Any) -> Spec:  # noqa: ANN401 - any field
    """Return the Spec of a relay with another config, and other metadata."""
    connector = type(
        "Other", (Relay,), {"config_guard": Guard(schema, cls), "metadata": evolve(Relay.metadata, **metadata)}
    )
    return evolve(RELAY, connector=connector, valid_config=config, secrets=())


def _reason(spec: Spec, check: str) -> str:
    """Return why a check does not apply."""
    (result,) = check_connector(spec, checks=[check], profile=PROFILES["ci"]).results
    assert result.state is State.NOT_APPLICABLE, (result.state, result.message)
    return result.message


def _passes(spec: Spec, *checks: str) -> None:
    report = check_connector(spec, checks=checks, profile=PROFILES["ci"])
    assert report.faults == ()
    assert [(it.id, it.message) for it in report.results if it.state is not State.PASSED] == []


def test_a_connector_without_a_form_has_nothing_to_show_of_it() -> None:
    """Console shows an editor for the whole config then; an empty form asks for nothing."""
    bare, empty = (_spec(LOOSE, Loose, {"token": "t"}, form_items=items) for items in (None, ()))
    checks = ("keys", "required", "types", "defaults", "choices", "choices-complete", "conditions")
    for check in checks:
        assert "declares no form items" in _reason(bare, f"metadata.form-{check}")
        assert "the form declares no" in _reason(empty, f"metadata.form-{check}")
    assert "declares no form items" in _reason(bare, "metadata.confidential")


def test_a_form_of_every_control_is_right() -> None:
    """Choices, defaults and conditions of each kind that can hold."""
    options = (SelectItem("single", "Single"), SelectItem("bulk", "Bulk"))

    def item(kind: Type, key: str, **more: Any) -> ConnectorConfigFormItem:  # noqa: ANN401 - any field
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


def test_a_choice_that_the_schema_leaves_open_has_nothing_to_be_complete_of() -> None:
    """A Select over any text offers what it likes."""
    select = ConnectorConfigFormItem(Type.SELECT, "token", "Token", select_items=(SelectItem("t", "T"),))
    assert "no list of values" in _reason(
        _spec(LOOSE, Loose, {"token": "t"}, form_items=(select,)), "metadata.form-choices-complete"
    )


def test_secrets_that_console_cannot_or_need_not_mask_are_left_to_it() -> None:
    """Ids, and texts of several lines."""
    form = (
        ConnectorConfigFormItem(Type.TEXT, "token", "Token", required=True),
        ConnectorConfigFormItem(Type.MULTILINE_TEXT, "mode", "Key"),
    )
    spec = evolve(_spec(CHOSEN, Chosen, {"token": "t", "mode": "single"}, form_items=form), secrets=())
    assert "names no secrets" in _reason(spec, "metadata.confidential")
    assert "names no secrets" in _reason(spec, "secrets.repr")
    loose = _spec({**LOOSE, "properties": {"appId": {}}}, Loose, {"token": "t", "appId": "a"}, form_items=form[:1])
    assert "could mask and should" in _reason(evolve(loose, secrets=("appId",)), "metadata.confidential")


def test_a_config_of_which_nothing_is_said_leaves_nothing_to_refuse() -> None:
    """Without required keys and types, the checks about them say so."""
    spec = _spec(LOOSE, Loose, {"token": "t"}, form_items=None)
    for check in ("refuses-missing", "refuses-mistyped", "refuses-null", "no-coercion", "says-why"):
        assert "schema declares" in _reason(spec, f"config.{check}")
    _passes(spec, "config.guard-agrees", "config.round-trip", "config.class-matches-schema", "config.source-shape")
    open_ended = _spec({**LOOSE, "additionalProperties": {"type": "string"}}, Loose, {"token": "t"})
    assert "none is unknown" in _reason(open_ended, "config.accepts-unknown-keys")


def test_a_config_of_every_type_is_read_and_written() -> None:
    """Numbers, booleans, lists and objects; a value that is the class's default is held all the same."""
    checks = (
        "guard-agrees",
        "round-trip",
        "class-matches-schema",
        "no-coercion",
        "says-why",
        "any-size",
        "source-shape",
    )
    _passes(_spec(CHOSEN, Chosen, CONFIG), *(f"config.{check}" for check in checks))


def test_a_null_that_the_class_does_not_hold_is_nothing_lost() -> None:
    """A schema may take null for a key, and its class say that it is absent."""
    schema = {"type": "object", "properties": {"token": {"type": ["string", "null"]}}}
    _passes(_spec(schema, Loose, {"token": None}), "config.class-matches-schema", "config.guard-agrees")
    assert _near_misses(None)


def test_logos_and_readmes_of_other_places_are_taken_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logos on the web and of other kinds are not looked at; a module beside no package has a folder too."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    (tmp_path / "README.md").write_text("Ask for a token.", encoding="utf-8")
    (tmp_path / "bad.md").write_bytes(b"\xff")
    (tmp_path / "template.json").write_text('{"token": "<token>"}', encoding="utf-8")
    module = ModuleType("alone")
    module.__file__ = str(tmp_path / "alone.py")
    monkeypatch.setitem(sys.modules, "alone", module)

    def spec(**metadata: Any) -> Spec:  # noqa: ANN401 - any field
        made = _spec(LOOSE, Loose, {"token": "t"}, **metadata)
        made.connector.__module__ = "alone"
        return made

    files = spec(logo="./logo.png", readme="README.md", config_template="./template.json")
    _passes(files, *(f"metadata.{check}" for check in ("assets", "logo", "logo-size", "readme", "config-template")))
    embedded = b64encode((tmp_path / "logo.png").read_bytes()).decode()
    _passes(spec(logo=f"data:image/png;base64,{embedded}"), "metadata.assets", "metadata.logo")
    for logo in ("https://acme.example/logo.svg", "data:image/webp;base64,AAAA", "./none.svg"):
        assert "no logo of its own" in _reason(spec(logo=logo), "metadata.logo")
    _passes(spec(readme="Ask.\n\nAcme."), "metadata.readme", "metadata.assets")
    (bad,) = check_connector(spec(readme="bad.md"), checks=["metadata.readme"], profile=PROFILES["ci"]).results
    assert "in UTF-8" in bad.message


def test_what_stands_behind_an_error_is_looked_at_as_a_report_of_it_shows_it() -> None:
    """Causes, contexts that are not suppressed, and the members of groups."""
    hidden, shown, one = KeyError("hidden"), ValueError("shown"), OSError("one")
    error = RuntimeError("outer")
    error.__context__ = shown
    shown.__context__, shown.__suppress_context__ = hidden, True
    group = ExceptionGroup("many", [one])
    group.__cause__ = error
    assert list(_chain(group)) == [group, one, error, shown]
    assert list(_chain(None)) == []


def test_a_connector_that_runs_elsewhere_has_no_class_to_look_at(tmp_path: Path) -> None:
    """Its config has no class and no repr here, and its files stand in a folder of its own."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    made = _spec(CHOSEN, Chosen, {"token": "t"}, logo="./logo.png")
    made.connector.folder = tmp_path  # type: ignore[attr-defined]  # as npm connectors have it
    made.connector.runs_in = "Node.js"  # type: ignore[attr-defined]  # likewise
    elsewhere = evolve(made, secrets=("token",))
    for check in ("config.class-matches-schema", "config.round-trip"):
        assert "no config class in Python" in _reason(elsewhere, check)
    _passes(elsewhere, "metadata.assets", "metadata.logo", "metadata.readme", "secrets.repr")


def test_templates_that_a_schema_keeps_short_are_not_made_to_grow() -> None:
    """What no operator can write is not asked for: neither long templates, nor empty ones."""
    schema = copy.deepcopy(FORM_SMS.connector.config_guard.schema)
    schema["properties"]["templates"]["items"]["properties"]["content"].update(minLength=1, maxLength=80)
    guard = Guard(schema, FormSmsConfig)
    strict = evolve(FORM_SMS, connector=type("Strict", (FORM_SMS.connector,), {"config_guard": guard}))
    for check in ("rendering.growth", "rendering.many-names"):
        assert "texts too short" in _reason(strict, check)
    assert "no text of a template is empty" in _reason(strict, "routing.empty-template")


def test_a_social_connector_that_does_everything_lacks_nothing() -> None:
    """Tokens, refresh tokens and SAML assertions: there is no method left that could say not_implemented."""
    names = ("get_token_response_and_user_info", "get_access_token_by_refresh_token")
    methods = {name: getattr(BEACON.connector, name) for name in names}
    whole = evolve(BADGE, connector=type("Whole", (BADGE.connector,), methods))
    assert "has every method" in _reason(whole, "social.absent")


def test_keys_that_a_schema_keeps_plain_are_not_pasted_with_more() -> None:
    """Where nothing but the key itself is accepted, there is nothing to try."""
    schema = {"type": "object", "properties": {"token": {"type": "string", "maxLength": 32}}}
    plain = evolve(_spec(schema, Loose, {"token": "t"}), secrets=("token",))
    assert "plain letters and digits" in _reason(plain, "secrets.pasted")


@pytest.mark.parametrize(
    "text",
    [
        "None of them fits.",
        "It is broken: None was found.",
        "No answer.",
        "A value that is undefinedly long.",
        "<html>",
    ],
)
def test_a_text_without_a_hole_is_taken_for_one(text: str) -> None:
    """English has a word that Python has too."""
    assert missing_values(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The message for None was not sent.",
        "None cannot be used: it is no address.",
        "HTTP undefined",
        "expected [object Object]",
        "status NaN",
        "NoneType has no address",
        "<conformance.Call object at 0x7f00>",
    ],
)
def test_a_text_with_a_hole_is_found(text: str) -> None:
    """What Python and JavaScript print where there is no value, or none with a text of its own."""
    assert missing_values(text)


def test_a_connector_without_errors_has_no_words_to_look_at() -> None:
    """A provider that takes everything, and a connector that passes everything on."""
    provider = type("Generous", (RELAY.provider,), {"outcomes": RELAY.provider.outcomes[:1]})
    connector = type("Silent", (RELAY.connector,), {"get_usage": lambda *_: 0})
    silent = evolve(RELAY, provider=provider, connector=connector, capabilities={*RELAY.capabilities, "usage"})
    assert "Generous declares no failure" in _reason(silent, "operator.missing-values")
    assert "declares no outcome that is a failure" in _reason(silent, "operator.words")
