"""The AWS SMS connector conforms, and its error table is that of its README."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from botocore.session import Session

from conformance import PROFILES, State, check_connector, spec_of
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors import aws_sms
from connector_kit.connectors.aws_sms import AwsSmsConfig, AwsSmsConnector
from connector_kit.connectors.aws_sms.stub import AwsSmsProvider
from connector_kit.settings import example_config

MESSAGE = SendMessageData.from_json({"to": "4915112345678", "type": "SignIn", "payload": {"code": "123456"}})
CONFIG = json.loads(
    json.dumps(example_config(AwsSmsConfig)).replace("example.com", "acme.com").replace("EXAMPLE", "QWRTZUP")
)
"""Without the example values, about which there are warnings of their own."""
WITHOUT_KEYS = {key: it for key, it in CONFIG.items() if not key.startswith("accessKey")}
README = (Path(str(aws_sms.__file__)).parent / "README.md").read_text(encoding="utf-8")


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    report = check_connector(spec_of(AwsSmsConnector), profile=evolve(PROFILES["ci"], examples=5, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


def test_request_is_that_of_a_botocore_client() -> None:
    """The same target, content type, members and scope; the number has its plus sign, and the default type is sent."""
    stub = AwsSmsProvider()
    with stub.running():
        AwsSmsConnector(get_config=lambda _: CONFIG).send_message(MESSAGE)
        client: Any = Session().create_client(
            "pinpoint-sms-voice-v2",
            region_name=CONFIG["region"],
            aws_access_key_id=CONFIG["accessKeyId"],
            aws_secret_access_key=CONFIG["accessKeySecret"],
        )
        client.send_text_message(
            DestinationPhoneNumber="+4915112345678",
            MessageBody=stub.calls[0].text,
            MessageType="TRANSACTIONAL",
            OriginationIdentity=CONFIG["originationIdentity"],
            MaxPrice=CONFIG["maxPrice"],
            ConfigurationSetName=CONFIG["configurationSetName"],
        )
        ours, theirs = (it.raw for it in stub.calls)
        assert json.loads(ours.body) == json.loads(theirs.body)
        for name in ("X-Amz-Target", "Content-Type"):
            assert ours.headers[name] == theirs.headers[name]
        scope = re.compile(r"Credential=\S+")
        assert scope.findall(ours.headers["Authorization"]) == scope.findall(theirs.headers["Authorization"])
        assert [stub.credentials_error(it, CONFIG) for it in (ours, theirs)] == [None, None]


@pytest.mark.parametrize(
    ("outcome", "code", "requests", "reason"),
    [
        ("spend-limit", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 1, "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
        ("throttled", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, 3, None),
        ("unavailable", ConnectorErrorCodes.INVALID_RESPONSE, 3, None),
        ("internal", ConnectorErrorCodes.INVALID_RESPONSE, 1, None),
        ("html-504", ConnectorErrorCodes.INVALID_RESPONSE, 1, None),
        ("access-denied", ConnectorErrorCodes.INVALID_RESPONSE, 1, None),
        ("opted-out", ConnectorErrorCodes.INVALID_RESPONSE, 1, "DESTINATION_PHONE_NUMBER_OPTED_OUT"),
        ("no-pool", ConnectorErrorCodes.INVALID_RESPONSE, 1, None),
        ("unregistered-sender", ConnectorErrorCodes.INVALID_RESPONSE, 1, "SENDER_ID_REQUIRES_REGISTRATION"),
        ("connection-lost", ConnectorErrorCodes.GENERAL, 1, None),
    ],
)
def test_errors_have_the_codes_of_the_readme(
    outcome: str, code: ConnectorErrorCodes, requests: int, reason: str | None
) -> None:
    """And only what AWS certainly did not accept is repeated."""
    stub = AwsSmsProvider()
    with stub.running():
        stub.respond_with(outcome)
        with pytest.raises(ConnectorError) as caught:
            AwsSmsConnector(get_config=lambda _: CONFIG).send_message(MESSAGE)
    assert caught.value.code is code
    assert len(stub.calls) == requests
    data: Any = caught.value.data
    assert data.get("reason") == reason
    declared = next(it for it in AwsSmsProvider.outcomes if it.name == outcome)
    assert not declared.code or data["code"] == declared.code
    assert declared.message in data["message"]


def test_no_connection_is_general_after_three_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", "http://127.0.0.1:1")
    with pytest.raises(ConnectorError, match="AWS End User Messaging could not be reached") as caught:
        AwsSmsConnector(get_config=lambda _: CONFIG).send_message(MESSAGE)
    assert caught.value.code is ConnectorErrorCodes.GENERAL


def test_config_without_keys_uses_those_of_the_environment() -> None:
    """The stub sets them, and verifies the signature."""
    stub = AwsSmsProvider()
    with stub.running():
        AwsSmsConnector(get_config=lambda _: WITHOUT_KEYS).send_message(MESSAGE)
        (call,) = stub.calls
        assert stub.credentials_error(call.raw, WITHOUT_KEYS) is None
        assert stub.credentials_error(call.raw, CONFIG) is not None


def test_number_that_is_none_is_an_invalid_request_parameter() -> None:
    """No request is made."""
    with AwsSmsProvider().running(), pytest.raises(ConnectorError) as caught:
        AwsSmsConnector(get_config=lambda _: CONFIG).send_message(evolve(MESSAGE, to="999"))
    assert caught.value.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS


def test_other_operation_is_rejected_by_the_stub() -> None:
    """It accepts ``SendTextMessage`` only."""
    stub = AwsSmsProvider()
    with stub.running():
        client: Any = Session().create_client(
            "pinpoint-sms-voice-v2", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        with pytest.raises(client.exceptions.ValidationException, match="expected SendTextMessage"):
            client.send_voice_message(DestinationPhoneNumber="+4915112345678", OriginationIdentity="x")


@pytest.mark.parametrize("key", ["accessKeyId", "accessKeySecret"])
def test_half_of_a_key_is_an_error(key: str) -> None:
    """Both halves or none; the message names both."""
    (issue,) = AwsSmsConnector.config_guard.issues({it: value for it, value in CONFIG.items() if it != key})
    other = {"accessKeyId", "accessKeySecret"} - {key}
    assert issue.severity == "error"
    assert issue.path == f"$.{key}"
    assert f"required with {other.pop()}" in issue.message


@pytest.mark.parametrize(
    "identity",
    [
        "+12065550100",
        "12065",
        "Acme",
        "ACME-CODES1",
        "pool-1234567890abcdef",
        "phone-1234567890abcdef",
        "arn:aws:sms-voice:eu-west-1:123456789012:sender-id/Acme/DE",
        "arn:aws-us-gov:sms-voice:us-gov-west-1:123456789012:phone-number/phone-1234567890abcdef",
    ],
)
def test_identity_that_aws_accepts_has_no_warning(identity: str) -> None:
    """Each kind of identity, as AWS's documentation shows it."""
    assert AwsSmsConnector.config_guard.issues({**CONFIG, "originationIdentity": identity}) == []


@pytest.mark.parametrize(
    "identity",
    ["Acme-Incorporated", "12345678901234567890", "+0123", "arn:aws:sns:eu-west-1:123456789012:topic", "a/b"],
)
def test_identity_that_aws_rejects_has_a_warning(identity: str) -> None:
    """A sender ID has at most 11 characters."""
    (issue,) = AwsSmsConnector.config_guard.issues({**CONFIG, "originationIdentity": identity})
    assert (issue.severity, issue.path, issue.keyword) == ("warning", "$.originationIdentity", "identity")
    assert "a sender ID of 1 to 11 letters" in issue.message


def test_temporary_key_has_a_warning() -> None:
    """It cannot be used without its session token, for which there is no setting."""
    (issue,) = AwsSmsConnector.config_guard.issues({**CONFIG, "accessKeyId": "ASIAIOSFODNN7QWRTZUP"})
    assert (issue.severity, issue.path, issue.keyword) == ("warning", "$.accessKeyId", "temporary-key")


def test_config_that_is_no_object_has_no_warnings() -> None:
    """The schema's error is enough."""
    assert {it.severity for it in AwsSmsConnector.config_guard.issues([])} == {"error"}


@pytest.mark.parametrize("price", ["1", "0,50", "100.00", ""])
def test_price_of_another_form_is_an_error(price: str) -> None:
    """The pattern is that of AWS's documentation."""
    (issue,) = AwsSmsConnector.config_guard.issues({**CONFIG, "maxPrice": price})
    assert (issue.severity, issue.path) == ("error", "$.maxPrice")


def test_patterns_are_those_of_aws() -> None:
    """From botocore's model, which Amazon publishes."""
    members = (
        Session().get_service_model("pinpoint-sms-voice-v2").operation_model("SendTextMessage").input_shape.members
    )
    properties = AwsSmsConnector.config_guard.schema["properties"]
    price = members["MaxPrice"].metadata["pattern"].replace("\\\\", "\\")
    assert properties["maxPrice"]["pattern"] == f"^{price}$"
    assert properties["messageType"]["enum"] == members["MessageType"].metadata["enum"]


def test_readme_lists_settings_and_errors() -> None:
    """Each key of the config has a row, and each error of the operation is named."""
    keys = re.findall(r"^\| `(\w+)` \| ", README, re.MULTILINE)
    items = AwsSmsConnector.metadata.form_items or ()
    assert keys[: len(items)] == [item.key for item in items]
    errors = Session().get_service_model("pinpoint-sms-voice-v2").operation_model("SendTextMessage").error_shapes
    assert {it.name for it in errors if f"`{it.name}`" not in README} == set()
