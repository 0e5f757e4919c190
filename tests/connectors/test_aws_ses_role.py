"""The connector for Amazon SES without stored keys conforms; its error table and its settings are those of its README."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from botocore.session import Session

from conformance import PROFILES, State, check_connector, spec_of
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors import aws_ses_role
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.connectors.aws_ses_role import AwsSesRoleConfig, AwsSesRoleConnector
from connector_kit.connectors.aws_ses_role.stub import AwsSesRoleProvider
from connector_kit.settings import example_config

MESSAGE = SendMessageData.from_json({"to": "a@b.co", "type": "SignIn", "payload": {"code": "123456"}})
CONFIG = json.loads(
    json.dumps(example_config(AwsSesRoleConfig)).replace("example.com", "acme.com").replace("EXAMPLE", "QWRTZUP")
)
"""Without the example values, about which there are warnings of their own."""
WITHOUT_ROLE = {key: it for key, it in CONFIG.items() if key not in {"roleArn", "externalId"}}
README = (Path(str(aws_ses_role.__file__)).parent / "README.md").read_text(encoding="utf-8")


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    profile = evolve(PROFILES["ci"], examples=5, failure_examples=1)
    report = check_connector(spec_of(AwsSesRoleConnector), profile=profile)
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


def sent(connector: Any, stub: AwsSesRoleProvider) -> dict[str, Any]:
    """Send a message, and return the members of the request."""
    connector.send_message(MESSAGE)
    members: dict[str, Any] = json.loads(stub.calls[-1].raw.body)
    return members


def test_request_is_that_of_the_connector_with_keys_and_tags_and_tenant() -> None:
    """Botocore's model has members of these names."""
    stub = AwsSesRoleProvider()
    keys = {key: it for key, it in example_config(AwsSesConfig).items() if key.startswith("accessKey")}
    with stub.running():
        ours = sent(AwsSesRoleConnector(get_config=lambda _: CONFIG), stub)
        theirs = sent(AwsSesConnector(get_config=lambda _: {**CONFIG, **keys}), stub)
    assert ours == {**theirs, "EmailTags": [{"Name": "app", "Value": "logto"}], "TenantName": "acme"}
    model = Session().get_service_model("sesv2").operation_model("SendEmail").input_shape
    assert ours.keys() <= model.members.keys()


@pytest.mark.parametrize("config", [CONFIG, WITHOUT_ROLE])
def test_credentials_are_those_of_the_role_or_of_the_host(config: dict[str, Any]) -> None:
    """The stub verifies the signature, the session token and the request for the role."""
    stub = AwsSesRoleProvider()
    with stub.running():
        connector = AwsSesRoleConnector(get_config=lambda _: config)
        connector.send_message(MESSAGE)
        connector.send_message(MESSAGE)
        assert len(stub._sessions) == ("roleArn" in config)
        for call in stub.calls:
            assert stub.request_error(call, config, "credentials") is None
            assert stub.request_error(call, config, "options") is None
            for changes in ({"roleArn": "other"}, {"externalId": "other"}) if "roleArn" in config else (CONFIG,):
                assert stub.request_error(call, {**config, **changes}, "credentials")
        assert stub.request_error(stub.calls[0], {**config, "tenantName": "other"}, "options")
        assert stub.request_error(stub.calls[0], {**config, "configurationSetName": "other"}, "options")


@pytest.mark.parametrize(
    ("outcome", "code", "requests"),
    [
        ("daily-quota", ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED, 1),
        ("throttled", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, 3),
        ("unavailable", ConnectorErrorCodes.INVALID_RESPONSE, 3),
        ("rejected", ConnectorErrorCodes.INVALID_RESPONSE, 1),
        ("connection-refused", ConnectorErrorCodes.GENERAL, 3),
        ("connection-lost", ConnectorErrorCodes.GENERAL, 1),
    ],
)
def test_errors_of_ses_have_the_codes_of_the_readme(outcome: str, code: ConnectorErrorCodes, requests: int) -> None:
    """As for the connector with keys. No credential of the role or the host is shown; errors of STS: tests/test_aws_api.py."""
    stub = AwsSesRoleProvider()
    with stub.running():
        stub.respond_with(outcome)
        with pytest.raises(ConnectorError) as caught:
            AwsSesRoleConnector(get_config=lambda _: CONFIG).send_message(MESSAGE)
    assert caught.value.code is code
    assert len(stub.calls) == requests


def test_host_without_credentials_is_an_invalid_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There are neither variables nor files, and the addresses of containers and instances are disabled."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConnectorError, match="There are no AWS credentials: Unable to locate credentials") as caught:
        AwsSesRoleConnector(get_config=lambda _: CONFIG).send_message(MESSAGE)
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"roleArn": "mail"}, "$.roleArn"),
        ({"roleArn": "arn:aws:iam::123456789012:user/mail"}, "$.roleArn"),
        ({"roleArn": "arn:aws:sts::123456789012:assumed-role/mail/session"}, "$.roleArn"),
        ({"roleArn": ""}, "$.externalId"),
        ({"emailTags": {"app": "a b"}}, "$.emailTags.app"),
        ({"emailTags": {"app": "x" * 257}}, "$.emailTags.app"),
        ({"tenantName": "acme inc"}, "$.tenantName"),
        ({"region": "us-east1"}, "$.region"),
        ({"emailAddress": "noreply"}, "$.emailAddress"),
    ],
)
def test_setting_that_aws_rejects_has_a_warning(changes: dict[str, Any], path: str) -> None:
    """Those of the role, and those of every connector for SES."""
    issues = AwsSesRoleConnector.config_guard.issues({**CONFIG, **changes})
    assert {(it.severity, it.path) for it in issues} == {("warning", path)}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"roleArn": "arn:aws-cn:iam::123456789012:role/apps/codes/mail@logto"},
        {"roleDuration": 43_200},
        {"emailTags": {}},
        {"tenantName": ""},
    ],
)
def test_setting_that_aws_accepts_has_no_warning(changes: dict[str, Any]) -> None:
    """A role may have a path; empty values are not sent."""
    assert AwsSesRoleConnector.config_guard.issues({**CONFIG, **changes}) == []


@pytest.mark.parametrize("changes", [{"roleDuration": 899}, {"roleDuration": 43_201}, {"externalId": "a b"}])
def test_setting_that_sts_rejects_is_an_error(changes: dict[str, Any]) -> None:
    """The limits are those of botocore's model of STS."""
    (issue,) = AwsSesRoleConnector.config_guard.issues({**CONFIG, **changes})
    assert (issue.severity, issue.path) == ("error", f"$.{next(iter(changes))}")
    model = Session().get_service_model("sts").operation_model("AssumeRole").input_shape.members["DurationSeconds"]
    duration = AwsSesRoleConnector.config_guard.schema["properties"]["roleDuration"]
    assert (duration["minimum"], duration["maximum"]) == (model.metadata["min"], model.metadata["max"])


def test_value_of_another_type_is_an_error_only() -> None:
    """The warning rules accept any JSON."""
    for config in ([], {**CONFIG, "emailTags": {"app": 1}, "roleArn": 1, "tenantName": []}):
        assert "error" in {it.severity for it in AwsSesRoleConnector.config_guard.issues(config)}


def test_external_id_is_not_shown() -> None:
    """Neither by the config nor by the role; Console masks it."""
    config = AwsSesRoleConnector.config_guard.validate(CONFIG)
    assert CONFIG["externalId"] not in f"{config!r}{AwsSesRoleConnector(get_config=dict).credentials(config)!r}"
    (item,) = (it for it in AwsSesRoleConnector.metadata.form_items or () if it.key == "externalId")
    assert item.is_confidential


def test_readme_lists_the_settings() -> None:
    """Each key of the config has a row."""
    keys = re.findall(r"^\| `(\w+)` \| ", README, re.MULTILINE)
    items = AwsSesRoleConnector.metadata.form_items or ()
    assert keys[: len(items)] == [item.key for item in items]
