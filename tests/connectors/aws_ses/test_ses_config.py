"""What the connector says of itself: metadata, form, default templates, config class and declaration."""

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


def test_the_connector_names_itself_as_documented() -> None:
    """Id and target by which Logto and operators know it."""
    assert (METADATA.id, METADATA.target, METADATA.platform) == ("aws-ses-mail", "aws-ses", None)
    assert connector_metadata_guard.issues(to_json(METADATA)) == []
    assert {"en", "es", "pt-BR"} <= METADATA.name.keys()
    assert {"en", "es", "pt-BR"} <= METADATA.description.keys()


def test_its_pictures_and_guides_are_in_the_package() -> None:
    """What the metadata points to is there, and is what it claims to be."""
    folder = files("connector_kit.connectors.aws_ses")
    for logo in (METADATA.logo, METADATA.logo_dark or ""):
        assert "<svg" in (folder / logo).read_text(encoding="utf-8")
    for readme in (METADATA.readme, "README.es.md", "README.pt-BR.md"):
        assert (folder / readme).read_text(encoding="utf-8").startswith("#")


def test_the_form_has_an_item_for_each_key_of_the_config_and_no_other() -> None:
    """Console drops keys that are no form items, so each of the nine needs one."""
    assert {item.key for item in ITEMS} == KEYS == bundle("aws-ses-config")["properties"].keys() - {"$schema"}
    required = {item.key for item in ITEMS if item.required}
    assert required == set(bundle("aws-ses-config")["required"])
    assert {item.key: item.type for item in ITEMS}["templates"] is ConnectorConfigFormItemType.JSON


def test_the_secret_key_is_masked_in_the_form() -> None:
    """Console masks what is said to be confidential, or a key that ends in Secret."""
    (item,) = (item for item in ITEMS if item.key == "accessKeySecret")
    assert item.is_confidential is not False
    assert item.key.endswith("Secret")


def test_the_default_templates_are_ready_to_use() -> None:
    """A new form's templates are valid, draw no warning, and cover the four required usage types."""
    (item,) = (item for item in ITEMS if item.key == "templates")
    config = ses_config(templates=item.default_value)
    assert aws_ses_config_guard.issues(config, strict=True) == []


def test_placeholders_left_in_the_form_are_warned_of() -> None:
    """Every placeholder that Console shows is one that the guard knows again."""
    for item in ITEMS:
        if item.placeholder and item.placeholder.startswith("<") and "@" not in item.placeholder:
            issues = aws_ses_config_guard.issues(ses_config(**{item.key: item.placeholder}))
            assert "placeholder" in {issue.keyword for issue in issues}, item.key


def test_neither_key_nor_template_shows_in_a_configs_repr() -> None:
    """Logs and assertion messages print reprs."""
    shown = repr(settings())
    assert KEY_ID not in shown
    assert KEY_SECRET not in shown
    assert "{{code}}" not in shown
    assert "eu-west-1" in shown


def test_the_config_class_has_a_field_for_each_key() -> None:
    """A full config comes back whole."""
    full = {key: key for key in KEYS - {"templates"}} | {"templates": ses_config()["templates"]}
    config = aws_ses_config_guard.validate(full)
    assert isinstance(config, AwsSesConfig)
    assert to_json(config) == {**full, "templates": to_json(config)["templates"]}
    assert [template.usage_type for template in config.templates] == [it["usageType"] for it in full["templates"]]


def test_the_declaration_can_be_used_as_it_is() -> None:
    """Its config draws no warning, and it names both keys as secrets."""
    declaration = AwsSesConnector.declaration
    assert declaration is not None
    assert aws_ses_config_guard.issues(dict(declaration.valid_config), strict=True) == []
    assert set(declaration.secrets) == {"accessKeyId", "accessKeySecret"}
    assert declaration.valid_config.keys() == KEYS


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-2"])
def test_regions_of_every_partition_with_ses_draw_no_warning(region: str) -> None:
    """Commercial, US government and European sovereign regions all have SES."""
    assert aws_ses_config_guard.issues(ses_config(region=region)) == []


@pytest.mark.parametrize("value", [None, [], "x", {"region": 1, "emailAddress": 1}, {}])
def test_the_advice_on_senders_takes_any_value(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """What is no config has errors; the advice does not fail on it."""
    assert not aws_ses_config_guard.is_valid(value)
    assert aws_ses_config_guard.issues(value)
