"""Checks of connectors that are right in an unusual way: limits, texts and responses that few connectors have."""

import time
from contextlib import suppress
from itertools import islice
from typing import Any, ClassVar

import pytest
from attrs import evolve, frozen

from conformance import PROFILES, CheckResult, Outcome, Spec, State, check_connector, spec_of
from conformance.checks.delivery import _missing_variable, _same_value
from conformance.harness.strategies import _similar_names
from connector_kit import ConnectorError, ConnectorErrorCodes, Email, Guard, Sms
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors.configs import SETTINGS, SettingsConfig, SettingsMail
from tests.conformance.right_connectors.template_ids import TEMPLATE_IDS
from tests.conformance.right_connectors.transports import QUERY_SMS, SmsConfig
from tests.conformance.wrong_connectors import BaseSes
from tests.conformance.wrong_connectors.memory import RELAY, SMS, MemoryProvider, MemoryRelay, MemorySms, RelayConfig


def _result(spec: Spec, check: str) -> CheckResult:
    report = check_connector(spec, checks=[check], profile=PROFILES["dev"])
    assert report.spec_errors == ()
    (result,) = report.results
    return result


def _of(spec: Spec, connector: type[Any]) -> Spec:
    return evolve(spec, connector=connector)


class _ShortCodes(MemorySms):
    """Rejects codes of more than eight characters: the provider's field has no more."""

    def deliver(self, config: Any, sms: Sms) -> object:
        if len(str(sms.data.payload.code)) > 8:
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "The code is too long.")
        return super().deliver(config, sms)


def test_codes_are_shortened_for_a_connector_that_rejects_long_ones() -> None:
    """The canary in the code is as long as the connector allows."""
    result = _result(_of(SMS, _ShortCodes), "secrets.failed-send")
    assert result.state is State.PASSED, result.message


class _FixedReplyTo(BaseSes):
    """Sets a reply-to that is not in the config."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, email) | {"ReplyToAddresses": ["help@fixed.example"]}


def test_reply_to_that_is_not_in_the_config_is_not_compared() -> None:
    """The check compares what comes from the config."""
    result = _result(_of(spec_of(BaseSes), _FixedReplyTo), "delivery.i18n-settings")
    assert result.state is State.PASSED, result.message


def test_stub_that_reads_no_variables_is_named() -> None:
    """The check cannot prove anything then."""
    stub: Any = TEMPLATE_IDS.provider

    def read(self: Any, request: Any) -> Any:
        return evolve(stub.read(self, request), variables=None)

    silent = type("Silent", (stub,), {"read": read})
    result = _result(evolve(TEMPLATE_IDS, provider=silent), "delivery.template-variables")
    assert result.state is State.NOT_EXERCISED
    assert "Message.variables" in result.message


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ('{"a": 1}', {"a": 1}, True),
        ("[1, 2]", [1, 2], True),
        ("[1, 2]", [1, 3], False),
        ("[1", [1], False),
        ([1], [1, 2], False),
        ("{", {"a": 1}, False),
        ("", None, True),
        ("true", True, True),
    ],
)
def test_variables_are_compared_by_meaning(found: object, wanted: object, *, expected: bool) -> None:
    """A template's variables are often texts: objects and arrays as JSON, null as an empty text."""
    assert _same_value(found, wanted) is expected


def test_null_need_not_be_a_variable() -> None:
    """A template shows nothing for it."""
    assert _missing_variable({"code": "1"}, {"link": None, "code": "1"}) is None


def test_names_of_templates_stay_where_no_other_is_valid() -> None:
    """For example an object that names a template and its version."""
    assert [*islice(_similar_names({"id": 1}, lambda _: True), 2)] == [{"id": 1}] * 2


def test_time_zone_is_left_alone_where_it_cannot_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.delattr(time, "tzset")
    assert _result(SMS, "isolation.environment").state is State.PASSED


class _SilentBeforeTheRequest(MemoryProvider):
    """Its only response that never comes is that to the connection, so that no request arrives."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("accepted", "accepted", None),
        Outcome("slow-to-connect", "network", ConnectorErrorCodes.GENERAL, hangs=True),
    )

    def ask(self, request: Any, within: float | None) -> dict[str, Any]:
        if self.current.hangs:
            time.sleep(within or 0)
            raise TimeoutError
        return super().ask(request, within)


def test_parallel_check_needs_a_request_that_arrives() -> None:
    """Otherwise the stub cannot see whether messages wait for each other."""
    result = _result(evolve(SMS, provider=_SilentBeforeTheRequest), "isolation.parallel")
    assert result.state is State.NOT_APPLICABLE
    assert "declares no outcome that hangs after a request arrived" in result.message


class _ShortTemplates(SettingsMail):
    """Accepts templates of at most 60 characters; none of them is managed by Logto."""

    config_guard: ClassVar[Guard[SettingsConfig]]

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit | {"get_i18n_email_template": None})


def _with_short_templates() -> Spec:
    schema = SettingsMail.config_guard.schema
    items = schema["properties"]["templates"]["items"]
    contents = {**items["properties"], "content": {"type": "string", "maxLength": 60}}
    short = {**schema["properties"]["templates"], "items": {**items, "properties": contents}}
    _ShortTemplates.config_guard = Guard(
        {**schema, "properties": {**schema["properties"], "templates": short}}, SettingsConfig
    )
    return evolve(_of(SETTINGS, _ShortTemplates), capabilities=SETTINGS.capabilities - {"i18n-templates"})


@pytest.mark.parametrize("check", ["rendering.long-texts", "rendering.html-templates"])
def test_long_templates_are_not_tried_where_the_schema_rejects_them(check: str) -> None:
    """The reason names the schema."""
    result = _result(_with_short_templates(), check)
    assert result.state is State.NOT_APPLICABLE
    assert "texts too short for such templates" in result.message


def test_certificates_are_not_checked_where_the_schema_rejects_https() -> None:
    """Such a connector is for a private network."""
    schema = QUERY_SMS.connector.config_guard.schema
    http = {**schema, "properties": {**schema["properties"], "server": {"type": "string", "pattern": "^http://"}}}
    plain = type("Plain", (QUERY_SMS.connector,), {"config_guard": Guard(http, SmsConfig)})
    spec = evolve(QUERY_SMS, connector=plain, valid_config={**QUERY_SMS.valid_config, "server": "http://sms.example"})
    result = _result(spec, "transport.certificates")
    assert result.state is State.NOT_APPLICABLE
    assert "declares no address at which the connector accepts https" in result.message


def test_equal_values_may_all_be_valid() -> None:
    """A key without a type accepts true, 1 and 1.0."""
    schema = MemoryRelay.config_guard.schema
    guard = Guard({**schema, "properties": {**schema["properties"], "note": {}}}, RelayConfig)
    spec = _of(RELAY, type("Noted", (MemoryRelay,), {"config_guard": guard}))
    assert _result(spec, "config.same-verdict").state is State.PASSED


@frozen
class _NotedConfig(RelayConfig):
    """With a number."""

    note: int | None = None


class _RefusesOne(MemoryRelay):
    """The provider refuses the number 1, which the schema accepts."""

    config_guard: ClassVar[Guard[Any]] = Guard(
        {
            "type": "object",
            "properties": {"apiKey": {"type": "string"}, "note": {"type": "integer"}},
            "required": ["apiKey"],
        },
        _NotedConfig,
    )

    def send_message(self, data: Any, config: object = None) -> object:
        if self.read_config(config).note == 1:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "The provider has no such number.")
        return super().send_message(data, config)


def test_equal_values_with_which_nothing_can_be_sent_are_not_compared() -> None:
    """Such as a time limit of 1 ms."""
    result = _result(_of(RELAY, _RefusesOne), "config.same-verdict")
    assert result.state is State.PASSED, result.message


class _FailsFirst(MemoryRelay):
    """Rejects its first message, and has no secret."""

    sent: ClassVar[list[object]] = []
    config_guard: ClassVar[Guard[Any]] = Guard(
        {"type": "object", "properties": {"apiKey": {"enum": ["public"]}}, "required": ["apiKey"]}, RelayConfig
    )

    def send_message(self, data: Any, config: object = None) -> object:
        with suppress(IndexError):
            raise ConnectorError(ConnectorErrorCodes.GENERAL, str(self.sent.pop()))
        return super().send_message(data, config)


def test_first_message_without_secrets_does_not_blame_canaries() -> None:
    """Nothing was replaced in the config."""
    _FailsFirst.sent.append("The first one fails.")
    spec = evolve(_of(RELAY, _FailsFirst), valid_config={"apiKey": "public"})
    (error,) = check_connector(spec, checks=["metadata.valid"]).spec_errors
    assert error.startswith("a first message with valid_config could not be sent")
    assert "replaced" not in error
