"""Guards: their verdicts, and what they remember."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Guard,
    TemplateType,
    configurable_connector_metadata_guard,
    connector_config_form_item_guard,
    connector_metadata_guard,
    connector_session_guard,
    email_service_branding_guard,
    email_template_details_guard,
    google_one_tap_config_guard,
    i18n_phrases_guard,
    json_guard,
    json_object_guard,
    oidc_prompts_guard,
    send_message_data_guard,
    send_message_payload_guard,
    social_connector_metadata_guard,
    social_user_info_guard,
    template_type_guard,
    token_response_guard,
    validate_config,
    verification_code_type_guard,
)
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from tests.guard_cases import ITEM, METADATA, Anything, Json, deep, ses_config, told


@pytest.mark.parametrize(
    ("of", "good", "bad"),
    [
        (
            connector_metadata_guard,
            [METADATA, {**METADATA, "more": 1, "platform": "Web", "formItems": [ITEM], "customData": {}}],
            [
                {**METADATA, "logoDark": 1},
                {**METADATA, "platform": "web"},
                {key: value for key, value in METADATA.items() if key != "logoDark"},
                {key: value for key, value in METADATA.items() if key != "platform"},
                {**METADATA, "formItems": [{}]},
                {**METADATA, "customData": []},
                {**METADATA, "fromEmail": None},
            ],
        ),
        (configurable_connector_metadata_guard, [{}, {"logoDark": None}], [{"name": {}}, {"logo": None}]),
        (social_connector_metadata_guard, [{"platform": None}, {"platform": "Native"}], [{}, {"platform": "x"}]),
        (
            connector_config_form_item_guard,
            [
                ITEM,
                {**ITEM, "defaultValue": None, "showConditions": [{"targetKey": "a"}]},
                {**ITEM, "type": "Select", "selectItems": [{"value": "a", "title": "A"}]},
                {**ITEM, "type": "MultiSelect", "selectItems": [{"value": "a"}]},
                {**ITEM, "selectItems": "ignored for a Text"},
            ],
            [
                {**ITEM, "type": "Other"},
                {**ITEM, "type": "Select"},
                {**ITEM, "type": "Select", "selectItems": [{"value": "a"}]},
                {**ITEM, "type": "MultiSelect", "selectItems": [{}]},
                {**ITEM, "required": None},
                {**ITEM, "showConditions": [{}]},
            ],
        ),
        (
            i18n_phrases_guard,
            [{"en": ""}, {"en": "a", "PT-br": "b"}],
            [{}, {"EN": "a"}, {"en": 1}, {"en": "a", "xx": "b"}],
        ),
        (template_type_guard, list(TemplateType), ["signin", "Test", 1, None]),
        (verification_code_type_guard, ["SignIn", "Test"], ["BindMfa", "OrganizationInvitation", ""]),
        (send_message_payload_guard, [{}, {"code": "1", "x": [{}]}], [{"code": 1}, {"link": None}, [], None]),
        (
            send_message_data_guard,
            [{"to": "", "type": "Generic", "payload": {}}, {"to": "a", "type": "SignIn", "payload": {}, "ip": ""}],
            [{"to": "a", "type": "x", "payload": {}}, {"to": "a", "type": "SignIn", "payload": {"locale": 1}}],
        ),
        (
            email_template_details_guard,
            [{"subject": "", "content": ""}, {"subject": "a", "content": "b", "contentType": "text/plain", "x": 1}],
            [{"subject": "a"}, {"subject": "a", "content": "b", "contentType": "text/markdown", "replyTo": ""}],
        ),
        (
            email_service_branding_guard,
            [{}, {"senderName": "Acme", "appLogo": "https://acme.example/logo.png"}],
            [{"senderName": "acme.com"}, {"companyInformation": "https://a.com"}, {"appLogo": "logo.png"}],
        ),
        (social_user_info_guard, [{"id": "a", "rawData": [1]}], [{}, {"id": 1}, {"id": "a", "email": None}]),
        (connector_session_guard, [{}, {"nonce": "a", "x": {}}], [{"nonce": None}, {"state": 1}]),
        (token_response_guard, [{}, {"expires_in": "1"}, {"expires_in": 1.5}], [{"expires_in": None}, {"scope": 1}]),
        (google_one_tap_config_guard, [{}, {"isEnabled": True}], [{"isEnabled": "yes"}, {"autoSelect": 1}]),
        (oidc_prompts_guard, [[], ["none", "none"]], ["none", ["x"], {}]),
        (json_guard, [None, 1, "", [], {}, [{"a": [None]}], math.inf], [math.nan, b"", {1: 2}, (), {"a": object()}]),
        (json_object_guard, [{}, {"a": [None]}], [[], None, "{}", 1]),
    ],
    ids=lambda it: repr(it) if isinstance(it, Guard) else "",
)
def test_a_guard_of_the_kit_decides_as_the_official_one(of: Guard[Any], good: list[Json], bad: list[Json]) -> None:
    """What the contract lists passes and is structured; what it refuses has issues and raises."""
    for value in good:
        assert of.is_valid(value), value
        assert [it for it in of.issues(value) if it.severity == "error"] == []
        of.validate(value)
    for value in bad:
        assert not of.is_valid(value), value
        assert of.issues(value)
        with pytest.raises(ConnectorError) as caught:
            of.validate(value)
        assert caught.value.code is of.error_code
        assert caught.value.data["issues"]  # type: ignore[index]


@pytest.mark.parametrize("key", ["emailAddress", "emailAddressIdentityArn", "configurationSetName"])
def test_null_is_no_string_even_for_an_optional_key(key: str) -> None:
    """The official SES guard refuses ``null`` where a string may be left out."""
    assert not aws_ses_config_guard.is_valid(ses_config(**{key: None}))
    assert aws_ses_config_guard.is_valid(ses_config(**{key: ""}))


@pytest.mark.parametrize("missing", ["Register", "SignIn", "ForgotPassword", "Generic"])
def test_each_of_the_four_usage_types_must_be_there(missing: str) -> None:
    """The issue names the usage type that no template is for."""
    config = ses_config()
    config["templates"] = [it for it in config["templates"] if it["usageType"] != missing]
    assert told(aws_ses_config_guard, config) == [
        ("$.templates", "contains", f'expected at least one item whose usageType is "{missing}", found none')
    ]


class Counting(Guard[Anything]):
    """Counts how often it looks at a value."""

    def __init__(self, schema: Mapping[str, Json], cls: Any = Anything) -> None:  # noqa: ANN401 - as Guard's own
        super().__init__(schema, cls, advice=())
        self.looks = 0

    def is_valid(self, value: object) -> bool:
        """Count, and decide."""
        self.looks += 1
        return super().is_valid(value)


def test_an_unchanged_config_is_not_looked_at_again() -> None:
    """A send costs no validation while the config stays the same; any change costs one."""
    of = Counting({"type": "object"})
    for _ in range(5):
        of.validate({"port": 25, "nested": {"a": [1]}})
    assert of.looks == 1
    of.validate({"port": 25, "nested": {"a": [2]}})
    assert of.looks == 2


def test_refusals_are_not_remembered() -> None:
    """A config that was refused is looked at each time it comes."""
    of = Counting({"type": "string"})
    for _ in range(3):
        with pytest.raises(ConnectorError):
            of.validate({})
    assert of.looks == 3


def test_values_that_python_calls_equal_are_told_apart() -> None:
    """1, 1.0 and True are equal and hash alike in Python; they are three JSON values."""
    of = Counting({"properties": {"port": {"type": "boolean"}}})
    assert of.validate({"port": True}).port is True
    for number in (1, 1.0):
        with pytest.raises(ConnectorError):
            of.validate({"port": number})
    numbers = Counting({})
    assert [type(numbers.validate({"port": value}).port) for value in (1, True, 1.0, 1)] == [int, bool, float, int]
    assert math.copysign(1, numbers.validate({"port": 0.0}).port) == 1
    assert math.copysign(1, numbers.validate({"port": -0.0}).port) == -1


def test_the_order_of_keys_makes_no_other_value() -> None:
    """Reordered keys may cost a look; they never change the result."""
    of = Counting({})
    assert of.validate({"port": 1, "nested": 2}) == of.validate({"nested": 2, "port": 1})


def test_changing_a_config_after_it_was_accepted_has_no_effect() -> None:
    """What was accepted is a copy, and what a caller does to one result shows in no other."""
    of = Counting({})
    config = {"nested": {"a": [1]}}
    first = of.validate(config)
    config["nested"]["a"].append(2)
    assert first.nested == {"a": [1]}
    first.nested["a"].append(3)
    assert of.validate({"nested": {"a": [1]}}).nested == {"a": [1]}
    plain = json_guard.validate([1])
    plain.append(2)  # type: ignore[attr-defined]
    assert json_guard.validate([1]) == [1]


@pytest.mark.parametrize(
    "value",
    [
        {"port": "x" * 300_000},
        {"nested": deep(2_000)},
        type("Sub", (dict,), {})({"port": 1}),
        {"port": TemplateType.GENERIC},
    ],
    ids=["huge", "deep", "subclass", "enum"],
)
def test_what_cannot_be_remembered_is_looked_at_each_time(value: Json) -> None:
    """Huge values, deep ones and ones that Python cannot write down are validated like any other, every time."""
    of = Counting({"type": "object"})
    for _ in range(2):
        assert of.validate(value) == Anything(value.get("port"), value.get("nested"))
    assert of.looks == 2
    refusing = Counting({"type": "array"})
    with pytest.raises(ConnectorError):
        refusing.validate(value)


def test_only_so_many_configs_are_remembered() -> None:
    """A host that tries many unsaved configs does not fill its memory; the ones in use stay."""
    of = Counting({})
    for port in range(40):
        of.validate({"port": "in use"})
        of.validate({"port": port})
    assert of.looks == 41
    of.validate({"port": 0})
    assert of.looks == 42


def test_warnings_do_not_make_validate_fail() -> None:
    """Only errors raise, and only they are listed."""
    of = Guard({"required": ["port"], "properties": {"port": {}}}, Anything)
    of.validate({"port": "<port>", "zzz": 1})
    with pytest.raises(ConnectorError) as caught:
        of.validate({"zzz": 1})
    assert [it["path"] for it in caught.value.data["issues"]] == ["$.port"]  # type: ignore[index]


def test_validate_config_raises_invalid_config_whatever_the_guard_raises() -> None:
    """The issues stay; the code is the one Logto expects for a config."""
    for code in (ConnectorErrorCodes.INVALID_CONFIG, ConnectorErrorCodes.INVALID_RESPONSE):
        of: Guard[Anything] = Guard({"required": ["port"]}, Anything, error_code=code)
        assert validate_config({"port": 1}, of) == Anything(1)
        with pytest.raises(ConnectorError) as caught:
            validate_config({}, of)
        assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
        assert [it["path"] for it in caught.value.data["issues"]] == ["$.port"]  # type: ignore[index]
        assert caught.value.__cause__ is None


def test_a_guard_names_its_schema_and_class() -> None:
    """A repr in a test report says which guard it is."""
    assert repr(aws_ses_config_guard) == "Guard('aws-ses-config', AwsSesConfig)"
    assert repr(Guard({"title": "Mine"}, Anything)) == "Guard('Mine', Anything)"
    assert repr(Guard({}, Mapping[str, str])) == "Guard('a schema', Mapping)"


def test_a_guard_gives_its_schema_to_other_validators() -> None:
    """The schema is self-contained, and the caller's own dict when a dict was given."""
    assert aws_ses_config_guard.schema["$defs"].keys() >= {"template"}
    given_schema = {"type": "object"}
    assert Guard(given_schema, Anything).schema == given_schema
