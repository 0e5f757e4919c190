"""Metadata, config form, default templates, config class, warnings and declaration."""

from importlib.resources import files
from typing import Any

import pytest

from connector_kit import ConnectorConfigFormItemType, bundle, connector_metadata_guard, to_json
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector, aws_ses_config_guard
from tests.connectors.aws_ses.ses_cases import KEY_ID, KEY_SECRET, ses_config, settings

METADATA = AwsSesConnector.metadata
ITEMS = METADATA.form_items or ()
KEYS = {
    "accessKeyId",
    "accessKeySecret",
    "region",
    "emailAddress",
    "emailAddressIdentityArn",
    "feedbackForwardingEmailAddress",
    "feedbackForwardingEmailAddressIdentityArn",
    "configurationSetName",
    "templates",
}


def test_metadata_has_the_documented_id_and_target() -> None:
    """The id, the target and the required languages; the metadata is valid."""
    assert (METADATA.id, METADATA.target, METADATA.platform) == ("aws-ses-mail", "aws-ses", None)
    assert connector_metadata_guard.issues(to_json(METADATA)) == []
    assert {"en", "es", "pt-BR"} <= METADATA.name.keys()
    assert {"en", "es", "pt-BR"} <= METADATA.description.keys()


def test_logos_and_readmes_are_in_the_package() -> None:
    """The files that the metadata names exist and have the right format."""
    folder = files("connector_kit.connectors.aws_ses")
    for logo in (METADATA.logo, METADATA.logo_dark or ""):
        assert "<svg" in (folder / logo).read_text(encoding="utf-8")
    for readme in (METADATA.readme, "README.es.md", "README.pt-BR.md"):
        assert (folder / readme).read_text(encoding="utf-8").startswith("#")


def test_form_items_match_the_config_schema() -> None:
    """Logto Console drops keys without a form item, so each key has one."""
    assert {item.key for item in ITEMS} == KEYS == bundle("aws-ses-config")["properties"].keys() - {"$schema"}
    required = {item.key for item in ITEMS if item.required}
    assert required == set(bundle("aws-ses-config")["required"])
    assert {item.key: item.type for item in ITEMS}["templates"] is ConnectorConfigFormItemType.JSON


def test_secret_key_is_masked_in_the_form() -> None:
    """Logto Console masks confidential items, and text items whose key ends in Secret."""
    (item,) = (item for item in ITEMS if item.key == "accessKeySecret")
    assert item.is_confidential
    assert item.is_masked


def test_default_templates_produce_no_issues() -> None:
    """The templates of a new form are valid without warnings, and cover the four required usage types."""
    (item,) = (item for item in ITEMS if item.key == "templates")
    config = ses_config(templates=item.default_value)
    assert aws_ses_config_guard.issues(config, strict=True) == []


def test_placeholder_of_the_form_produces_warning() -> None:
    """The guard recognizes each placeholder that Logto Console shows."""
    for item in ITEMS:
        if item.placeholder and item.placeholder.startswith("<") and "@" not in item.placeholder:
            issues = aws_ses_config_guard.issues(ses_config(**{item.key: item.placeholder}))
            assert "placeholder" in {issue.keyword for issue in issues}, item.key


def test_repr_of_config_hides_keys_and_templates() -> None:
    """Logs and assertion messages contain reprs."""
    shown = repr(settings())
    assert KEY_ID not in shown
    assert KEY_SECRET not in shown
    assert "{{code}}" not in shown
    assert "eu-west-1" in shown


def test_config_class_has_a_field_for_each_key() -> None:
    """A config with every key survives the conversion to the class and back."""
    full = {key: key for key in KEYS - {"templates"}} | {"templates": ses_config()["templates"]}
    config = aws_ses_config_guard.validate(full)
    assert isinstance(config, AwsSesConfig)
    assert to_json(config) == {**full, "templates": to_json(config)["templates"]}
    assert [template.usage_type for template in config.templates] == [it["usageType"] for it in full["templates"]]


def test_declared_config_produces_no_issues_except_that_it_is_an_example() -> None:
    """The declared config has every key; the declaration lists both keys as secrets.

    Its values are those of AWS's documentation and of RFC 2606, and an operator who keeps them gets a warning.
    """
    declaration = AwsSesConnector.declaration
    assert declaration is not None
    issues = aws_ses_config_guard.issues(dict(declaration.valid_config))
    assert {(issue.severity, issue.keyword) for issue in issues} == {("warning", "placeholder")}
    assert {issue.path for issue in issues} < {f"$.{key}" for key in KEYS - {"region", "templates"}}
    assert set(declaration.secrets) == {"accessKeyId", "accessKeySecret"}
    assert declaration.valid_config.keys() == KEYS


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-2"])
def test_region_of_any_partition_produces_no_warning(region: str) -> None:
    """SES is available in commercial, US government and European sovereign regions."""
    assert aws_ses_config_guard.issues(ses_config(region=region)) == []


def warnings(**changes: Any) -> list[tuple[str, str, str]]:
    """Return path, keyword and message of the warnings for a config with changes; ``None`` removes a key."""
    config = {key: value for key, value in ses_config(**changes).items() if value is not None}
    issues = aws_ses_config_guard.issues(config)
    assert {issue.severity for issue in issues} <= {"warning"}
    return [(issue.path, issue.keyword, issue.message) for issue in issues]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("Ireland", "not the code of an AWS region: expected a code such as eu-west-1"),
        ("us-east1", "not the code of an AWS region: expected a code such as eu-west-1 (did you mean 'us-east-1'?)"),
        ("eu-centrl-1", "no AWS region that has Amazon SES has this code (did you mean 'eu-central-1'?)"),
        ("cn-north-1", "botocore lists no Amazon SES in this region of AWS: use the region of your verified identity"),
        (
            "us-isob-east-1",
            "botocore lists no Amazon SES in this region of AWS: use the region of your verified identity",
        ),
    ],
)
def test_region_without_ses_produces_warning(region: str, message: str) -> None:
    """By its format, or because AWS has no such region or no Amazon SES in it."""
    ((path, keyword, found),) = warnings(region=region)
    assert (path, keyword) == ("$.region", "rejected")
    assert found.startswith(f"SES rejects every message with this value: {message}")


@pytest.mark.parametrize("sender", [None, ""])
def test_missing_sender_produces_warning(sender: str | None) -> None:
    """Logto accepts a config without a sender, SES does not send with it. An empty one is as if it were absent."""
    message = "missing: SES rejects every message without a sender"
    assert warnings(emailAddress=sender) == [("$.emailAddress", "sender", message)]


@pytest.mark.parametrize("key", ["emailAddress", "feedbackForwardingEmailAddress"])
@pytest.mark.parametrize(
    ("address", "keyword", "reason"),
    [
        ("noreply", "rejected", "expected Name<local@domain>, <local@domain> or local@domain"),
        ("a@b@c.example", "rejected", "expected Name<local@domain>, <local@domain> or local@domain"),
        ("a,b@c.example", "rejected", "expected Name<local@domain>, <local@domain> or local@domain"),
        (f"a@{'b' * 64}.example", "rejected", "expected Name<local@domain>, <local@domain> or local@domain"),
        ("a@b..example", "rejected", "expected Name<local@domain>, <local@domain> or local@domain"),
        ("grüße@acme.example", "rejected", "the part before the @ must be ASCII"),
        ("a@ü..example", "unusable", "its domain is not a valid domain name"),
    ],
)
def test_invalid_address_produces_warning(key: str, address: str, keyword: str, reason: str) -> None:
    """The message names the reason, not the address."""
    ((path, found, message),) = warnings(**{key: address})
    assert (path, found) == (f"$.{key}", keyword)
    assert address not in message
    assert message.endswith(f": {reason}")


def test_temporary_access_key_produces_warning() -> None:
    """It works with a session token only."""
    ((path, keyword, message),) = warnings(accessKeyId="ASIAFAKEFAKEFAKEFAKE")
    assert (path, keyword) == ("$.accessKeyId", "rejected")
    assert "it is a temporary key, which needs a session token" in message


@pytest.mark.parametrize("value", [None, [], "x", {"region": 1, "emailAddress": 1}, {}])
def test_warnings_accept_any_value(value: Any) -> None:
    """A value that is not a config has errors; the functions that find warnings do not fail on it."""
    assert not aws_ses_config_guard.is_valid(value)
    assert aws_ses_config_guard.issues(value)
