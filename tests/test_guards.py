"""Guards: their verdicts, and the memory of accepted values."""

import gc
import math
import subprocess
import sys
import tracemalloc
from collections.abc import Mapping
from typing import Any, NoReturn

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
from tests.guard_cases import ITEM, METADATA, Anything, Json, deep, issue_tuples, ses_config


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
def test_guard_gives_the_verdict_of_the_official_one(of: Guard[Any], good: list[Json], bad: list[Json]) -> None:
    """Valid values are structured; invalid ones have issues, and raise."""
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
def test_null_is_not_a_string_even_for_an_optional_key(key: str) -> None:
    """The official SES guard rejects ``null`` for an optional string."""
    assert not aws_ses_config_guard.is_valid(ses_config(**{key: None}))
    assert aws_ses_config_guard.is_valid(ses_config(**{key: ""}))


@pytest.mark.parametrize("missing", ["Register", "SignIn", "ForgotPassword", "Generic"])
def test_each_required_usage_type_is_required(missing: str) -> None:
    """The issue names the missing usage type."""
    config = ses_config()
    config["templates"] = [it for it in config["templates"] if it["usageType"] != missing]
    assert issue_tuples(aws_ses_config_guard, config) == [
        (
            "$.templates",
            "contains",
            f'expected at least one item whose usageType is "{missing}", found none among 4 items',
        )
    ]


class CountingGuard(Guard[Anything]):
    """Counts how often it validates a value."""

    def __init__(self, schema: Mapping[str, Json], cls: Any = Anything, **more: Any) -> None:
        super().__init__(schema, cls, warnings=(), **more)
        self.validations = 0

    def _accepts(self, read: Any) -> bool:
        self.validations += 1
        return super()._accepts(read)


def test_unchanged_config_is_validated_once() -> None:
    """Any change is validated."""
    of = CountingGuard({"type": "object"})
    for _ in range(5):
        of.validate({"port": 25, "nested": {"a": [1]}})
    assert of.validations == 1
    of.validate({"port": 25, "nested": {"a": [2]}})
    assert of.validations == 2


def test_rejected_value_is_validated_each_time() -> None:
    """Only accepted values are remembered."""
    of = CountingGuard({"type": "string"})
    for _ in range(3):
        with pytest.raises(ConnectorError):
            of.validate({})
    assert of.validations == 3


def test_values_that_are_equal_in_python_only_are_distinguished() -> None:
    """1, 1.0 and True are equal and have the same hash in Python, but are different JSON values."""
    of = CountingGuard({"properties": {"port": {"type": "boolean"}}})
    assert of.validate({"port": True}).port is True
    for number in (1, 1.0):
        with pytest.raises(ConnectorError):
            of.validate({"port": number})
    numbers = CountingGuard({})
    assert [type(numbers.validate({"port": value}).port) for value in (1, True, 1.0, 1)] == [int, bool, float, int]
    assert math.copysign(1, numbers.validate({"port": 0.0}).port) == 1
    assert math.copysign(1, numbers.validate({"port": -0.0}).port) == -1


def test_order_of_keys_does_not_change_the_result() -> None:
    """Another order may cost a validation."""
    of = CountingGuard({})
    assert of.validate({"port": 1, "nested": 2}) == of.validate({"nested": 2, "port": 1})


def test_result_shares_no_part_with_the_value_or_other_results() -> None:
    """Changing the config or one result changes no other result."""
    of = CountingGuard({})
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
    [{"nested": deep(2_000)}, {"port": 10**5_000}],
    ids=["deep", "long integer"],
)
def test_value_that_cannot_be_written_as_json_is_validated(value: Json) -> None:
    """Python limits the depth of nested values and the digits of integers."""
    of = Guard({"type": "object"}, Anything)
    for _ in range(2):
        assert of.validate(value) == Anything(value.get("port"), value.get("nested"))
    with pytest.raises(ConnectorError):
        Guard({"required": ["secret"]}, Anything).validate(value)


@pytest.mark.parametrize(
    "other", [{"nested": (1, 2)}, {"nested": {1: 2}}, {"nested": {True: 2}}, {"nested": [math.nan]}]
)
def test_value_that_is_not_json_is_not_mistaken_for_an_accepted_one(other: Json) -> None:
    """The memory of accepted values tells tuples from lists, and other keys from strings."""
    of = Guard({}, Anything)
    for accepted in ([1, 2], {"1": 2}, {"true": 2}, None):
        of.validate({"nested": accepted})
    with pytest.raises(ConnectorError):
        of.validate(other)


@pytest.mark.parametrize("value", [type("Sub", (dict,), {})({"port": "Generic"}), {"port": TemplateType.GENERIC}])
def test_subclasses_of_json_types_become_plain_values(value: Json) -> None:
    """The result is equal to that of the plain value."""
    of = CountingGuard({"type": "object"})
    for given in (value, {"port": "Generic"}):
        assert type(of.validate(given).port) is str


def test_long_value_and_instance_of_a_subclass_are_validated_each_time() -> None:
    """The first would need much memory; the second may be equal to values that are not JSON."""
    of = CountingGuard({"type": "object"})
    for value in ({"port": "x" * 200_000}, type("Sub", (dict,), {})(port=1)):
        before = of.validations
        assert of.validate(value).port == of.validate(value).port == value["port"]
        assert of.validations == before + 2


def test_memory_of_accepted_values_is_limited() -> None:
    """Values in use stay."""
    of = CountingGuard({})
    for port in range(40):
        of.validate({"port": "in use"})
        of.validate({"port": port})
    assert of.validations == 41
    of.validate({"port": 0})
    assert of.validations == 42


def test_remembered_value_itself_is_not_kept() -> None:
    """A value of many small lists needs many times the memory of what identifies it."""
    of = CountingGuard({})
    of.validate({})  # makes what every validation uses
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        of.validate({"port": [[] for _ in range(10_000)]})
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 200_000
    finally:
        tracemalloc.stop()


def test_messages_are_not_remembered() -> None:
    """Each message has another code, which must not stay in memory either."""
    of = CountingGuard({}, error_code=ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS)
    for _ in range(2):
        of.validate({"port": 1})
    assert of.validations == 2


FORK = """
import os, signal, threading, warnings
from connector_kit import guards
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork of a process with threads
bundle, busy = guards.bundle, threading.Event()

def slow_bundle(name):
    if threading.current_thread() is not threading.main_thread():
        busy.set()
        threading.Event().wait()
    return bundle(name)

guards.bundle = slow_bundle
threading.Thread(target=lambda: guards.json_guard.is_valid(1), daemon=True).start()
busy.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(not guards.recipient_guard.is_valid("a@example.com"))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_forked_process_waits_for_no_guard_that_a_thread_of_its_parent_makes() -> None:
    """``functools.cached_property`` would: all guards share its lock in Python 3.11."""
    finished = subprocess.run([sys.executable, "-c", FORK], check=True, capture_output=True, text=True, timeout=60)
    assert finished.stdout == "0\n"


def test_guard_needs_at_most_16_mebibytes_for_remembered_values() -> None:
    """One character outside the BMP makes Python use four bytes for each character of a text."""
    of = Guard({}, Anything)
    of.validate({})
    tracemalloc.start()
    try:
        for port in range(20):
            of.validate({"port": port, "nested": "\U0001f600" + "x" * 131_000})
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 17 * 2**20
    finally:
        tracemalloc.stop()


def test_validate_ignores_warnings() -> None:
    """Only errors raise, and only they are listed."""
    of = Guard({"required": ["port"], "properties": {"port": {}}}, Anything)
    of.validate({"port": "<port>", "zzz": 1})
    with pytest.raises(ConnectorError) as caught:
        of.validate({"zzz": 1})
    assert [it["path"] for it in caught.value.data["issues"]] == ["$.port"]  # type: ignore[index]


def test_validate_looks_for_no_warnings() -> None:
    """In a large config that takes as long as all the rest."""

    def fail(_: object) -> NoReturn:
        raise AssertionError

    guard: Guard[Any] = Guard({"type": "object", "required": ["a"]}, dict, warnings=(fail,))
    with pytest.raises(ConnectorError) as caught:
        guard.validate({"b": 1})
    assert [it["path"] for it in caught.value.data["issues"]] == ["$.a"]  # type: ignore[index]


def test_validate_config_always_raises_invalid_config() -> None:
    """The issues are those of the guard, whatever its error code."""
    for code in (ConnectorErrorCodes.INVALID_CONFIG, ConnectorErrorCodes.INVALID_RESPONSE):
        of: Guard[Anything] = Guard({"required": ["port"]}, Anything, error_code=code)
        assert validate_config({"port": 1}, of) == Anything(1)
        with pytest.raises(ConnectorError) as caught:
            validate_config({}, of)
        assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
        assert [it["path"] for it in caught.value.data["issues"]] == ["$.port"]  # type: ignore[index]
        assert caught.value.__cause__ is None


def test_repr_names_schema_and_class() -> None:
    """For test reports."""
    assert repr(aws_ses_config_guard) == "Guard('aws-ses-config', AwsSesConfig)"
    assert repr(Guard({"title": "Mine"}, Anything)) == "Guard('Mine', Anything)"
    assert repr(Guard({}, Mapping[str, str])) == "Guard('a schema', Mapping)"


def test_schema_is_self_contained() -> None:
    """A schema that was given as a dict is returned unchanged."""
    assert aws_ses_config_guard.schema["$defs"].keys() >= {"template"}
    given_schema = {"type": "object"}
    assert Guard(given_schema, Anything).schema == given_schema


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"properties": {"a": {"maxLength": "10"}}}, "at $.properties.a.maxLength: expected integer, found string"),
        ({"required": "a"}, "at $.required: expected array, found string"),
        ({"pattern": "("}, "at $.pattern: expected a valid regular expression, found a string of 1 character"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, 'it refers to "#/$defs/b", which it does not have'),
        ({"additionalProperties": "no"}, "at $.additionalProperties: expected object or boolean, found string"),
    ],
)
def test_guard_with_an_invalid_schema_cannot_be_made(schema: dict[str, Any], reason: str) -> None:
    """An author learns it when the connector is imported, not when the first config is validated."""
    with pytest.raises(ConnectorError) as caught:
        Guard(schema, dict)
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG_GUARD
    assert caught.value.data == {"message": f"The schema of the guard is not a valid JSON Schema 2020-12: {reason}."}


def test_guard_with_references_of_any_kind_can_be_made() -> None:
    """To itself, to its definitions, and to a document elsewhere, which only a check of the suite rejects."""
    schema = {
        "$defs": {"a": {"$ref": "#"}},
        "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "https://a.example"}},
    }
    assert Guard(schema, dict).schema == schema
