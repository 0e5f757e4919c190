"""The Twilio connector conforms, and its settings and errors are those of its README."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

from conformance import PROFILES, HttpRequest, State, check_connector, spec_of
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors import twilio_sms
from connector_kit.connectors.twilio_sms import TwilioConfig, TwilioConnector
from connector_kit.connectors.twilio_sms.stub import TwilioProvider
from connector_kit.settings import example_config

README: Final = (Path(str(twilio_sms.__file__)).parent / "README.md").read_text(encoding="utf-8")
ERRORS: Final = dict(re.findall(r"^\| (\d+) \| .* \| `(\w+)`.*\|$", README, re.MULTILINE))
CONFIG: Final = example_config(TwilioConfig)
MESSAGE: Final = SendMessageData.from_json({"to": "4915112345678", "type": "SignIn", "payload": {"code": "123456"}})


def _send(stub: TwilioProvider, config: dict[str, Any], message: SendMessageData = MESSAGE) -> object:
    return TwilioConnector(get_config=lambda _: stub.prepare_config(config)).send_message(message)


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    report = check_connector(spec_of(TwilioConnector), profile=evolve(PROFILES["ci"], examples=5, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


@pytest.mark.parametrize("failure", TwilioProvider.failures, ids=lambda it: it.name)
def test_errors_have_the_codes_of_the_readme(failure: Any) -> None:
    """With Twilio's message and error code. Only a throttle is repeated: Twilio has no idempotency keys."""
    stub = TwilioProvider()
    with stub.running():
        stub.respond_with(failure.name)
        with pytest.raises(ConnectorError) as caught:
            _send(stub, CONFIG)
    assert caught.value.code == ERRORS[failure.code]
    assert caught.value.data == {"message": failure.message, "status": failure.status, "code": failure.code}
    assert len(stub.calls) == (3 if caught.value.code is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED else 1)


def test_readme_lists_the_errors_of_the_stub() -> None:
    assert ERRORS.keys() == {it.code for it in TwilioProvider.failures}


def test_readme_lists_the_settings() -> None:
    """Each key of the config has a row."""
    items = [it.key for it in TwilioConnector.metadata.form_items or ()]
    assert re.findall(r"^\| `(\w+)` \| ", README, re.MULTILINE) == items


@pytest.mark.parametrize(
    ("senders", "sent"),
    [
        ({"fromMessagingServiceSID": "MG1"}, {"MessagingServiceSid": "MG1"}),
        ({"fromNumber": "+15550100000"}, {"From": "+15550100000"}),
        (
            {"fromMessagingServiceSID": "MG1", "fromNumber": "Acme"},
            {"MessagingServiceSid": "MG1", "From": "Acme"},
        ),
    ],
)
def test_sender_is_a_messaging_service_or_a_number(senders: dict[str, str], sent: dict[str, str]) -> None:
    """https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource."""
    stub = TwilioProvider()
    config = {key: it for key, it in CONFIG.items() if key != "fromMessagingServiceSID"} | senders
    with stub.running():
        message_id = _send(stub, config)
    (call,) = stub.calls
    assert message_id == call.result
    assert call.raw.form == {"To": "+4915112345678", "RiskCheck": "disable", "Body": call.text, **sent}
    assert "123456" in call.text


def test_config_needs_a_messaging_service_or_a_number() -> None:
    """The message names both."""
    config = {key: it for key, it in CONFIG.items() if key != "fromMessagingServiceSID"}
    (issue,) = TwilioConnector.config_guard.issues(config)
    assert issue.severity == "error"
    assert "fromMessagingServiceSID" in issue.message
    assert "fromNumber" in issue.message


def test_impossible_recipient_is_rejected_without_a_request() -> None:
    stub = TwilioProvider()
    with stub.running(), pytest.raises(ConnectorError) as caught:
        _send(stub, CONFIG, SendMessageData("999123456", "SignIn", {"code": "1"}))
    assert caught.value.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert stub.calls == []


def test_working_configs_have_no_warnings() -> None:
    assert TwilioConnector.config_guard.issues(CONFIG) == []
    for sender in ("+15550100000", "72345", "Acme Ltd"):
        assert TwilioConnector.config_guard.issues({**CONFIG, "fromNumber": sender}) == []


SID: Final = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("accountSID", f"SK{SID}", "expected AC and 32 hexadecimal digits, found the SID of an API key"),
        ("accountSID", f"AC{SID[1:]}", "found 33 characters"),
        ("accountSID", "", "found 0 characters"),
        ("authToken", SID[1:], "expected 32 hexadecimal digits, found 31 characters"),
        ("authToken", f"AC{SID}", "found the SID of the account"),
        (
            "fromMessagingServiceSID",
            "+15550100000",
            "expected MG and 32 hexadecimal digits (a number goes into fromNumber), found a phone number",
        ),
        ("fromMessagingServiceSID", f"PN{SID}", "found the SID of a phone number"),
        ("fromNumber", f"MG{SID}", "found the SID of a messaging service"),
        ("fromNumber", "15550100001", "with a plus sign and without spaces, found a phone number"),
        ("fromNumber", "+1 555 010 0001", "with a plus sign and without spaces, found a phone number"),
        ("fromNumber", "Acme Incorporated", "found 17 characters"),
    ],
)
def test_mistakes_are_warnings(key: str, value: str, message: str) -> None:
    """Logto accepts the config; the message does not show the value."""
    (issue,) = TwilioConnector.config_guard.issues({**CONFIG, key: value})
    assert (issue.severity, issue.path) == ("warning", f"$.{key}")
    assert message in issue.message
    assert not value or value not in issue.message


def test_placeholder_has_one_warning() -> None:
    """That of all connectors."""
    (issue,) = TwilioConnector.config_guard.issues({**CONFIG, "authToken": "<auth-token>"})
    assert issue.keyword == "placeholder"


def test_pasted_white_space_is_not_a_part_of_the_token() -> None:
    stub = TwilioProvider()
    with stub.running():
        _send(stub, {**CONFIG, "authToken": f" {CONFIG['authToken']}\n"})
    (call,) = stub.calls
    assert stub.request_error(call, CONFIG, "credentials") is None


@pytest.mark.parametrize("config", [[], {"accountSID": 1}, {**CONFIG, "fromNumber": None}])
def test_warnings_survive_configs_of_any_shape(config: object) -> None:
    """The guard reports the errors."""
    assert {it.severity for it in TwilioConnector.config_guard.issues(config)} == {"error"}


def test_stub_requires_e164() -> None:
    """As Twilio does: a connector that forgets the plus sign must not pass."""
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    with pytest.raises(ValueError, match=r"E\.164"):
        TwilioProvider().read(HttpRequest("POST", "https://api.twilio.com/", head, b"To=4915112345678&Body=x"))


def test_placeholder_in_words_has_one_warning() -> None:
    """That of every connector; its form is not judged, too."""
    config = {**example_config(TwilioConfig), "accountSID": "YOUR_ACCOUNT_SID"}
    assert [it.keyword for it in TwilioConnector.config_guard.issues(config)] == ["placeholder"]
