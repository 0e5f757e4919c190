"""What a connector says of itself."""

import pytest
from attrs.exceptions import FrozenInstanceError

from connector_kit import (
    UNSET,
    ConfigurableConnectorMetadata,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
    ConnectorPlatform,
    ConnectorType,
    DemoConnector,
    SelectItem,
    ServiceConnector,
    ShowCondition,
    SocialConnectorMetadata,
    configurable_connector_metadata_guard,
    connector_config_form_item_guard,
    connector_metadata_guard,
    demo_connector_ids,
    mock_connector_file_paths,
    service_connector_ids,
    social_connector_metadata_guard,
    to_json,
)

METADATA = ConnectorMetadata(
    id="acme-mail",
    target="acme",
    name={"en": "Acme"},
    description={"en": "Sends.", "es": "Envía."},
    logo="./logo.svg",
    readme="./README.md",
)
FORM_ITEM = ConnectorConfigFormItem(
    type=ConnectorConfigFormItemType.SELECT,
    key="region",
    label="Region",
    placeholder="<region>",
    required=True,
    default_value=None,
    show_conditions=(ShowCondition("secure", expect_value=False), ShowCondition("any")),
    description="d",
    tooltip="t",
    is_confidential=False,
    is_dev_feature=False,
    select_items=(SelectItem("a", "A"),),
)


def test_types_and_platforms_are_those_of_logto() -> None:
    """Three types, three platforms, seven controls, by Logto's own words."""
    assert {it.name: it.value for it in ConnectorType} == {"EMAIL": "Email", "SMS": "Sms", "SOCIAL": "Social"}
    assert {it.value for it in ConnectorPlatform} == {"Native", "Universal", "Web"}
    controls = {"Text", "Number", "MultilineText", "Switch", "Select", "MultiSelect", "Json"}
    assert {it.value for it in ConnectorConfigFormItemType} == controls


def test_the_ids_of_logtos_own_connectors() -> None:
    """Demonstration and service connectors have fixed ids."""
    assert {it.name: it.value for it in DemoConnector} == {"SMS": "logto-sms", "SOCIAL": "logto-social-demo"}
    assert {it.name: it.value for it in ServiceConnector} == {"EMAIL": "logto-email"}
    assert demo_connector_ids == ("logto-sms", "logto-social-demo")
    assert service_connector_ids == ("logto-email",)


def test_mock_connectors_record_in_one_file_a_type() -> None:
    """There is a place for text messages and one for e-mails."""
    assert set(mock_connector_file_paths) == {ConnectorType.SMS, ConnectorType.EMAIL}
    assert len(set(mock_connector_file_paths.values())) == 2


def test_metadata_writes_the_keys_that_logto_requires_even_when_null() -> None:
    """``logoDark`` and ``platform`` are required by the guard, and null for most connectors."""
    assert to_json(METADATA) == {
        "id": "acme-mail",
        "target": "acme",
        "name": {"en": "Acme"},
        "description": {"en": "Sends.", "es": "Envía."},
        "logo": "./logo.svg",
        "logoDark": None,
        "readme": "./README.md",
        "platform": None,
    }
    assert to_json(SocialConnectorMetadata(platform=None)) == {"platform": None}


def test_metadata_and_its_json_turn_into_each_other() -> None:
    """The guard reads back what the converter wrote."""
    whole = ConnectorMetadata(
        id="a",
        target="b",
        name={"en": "c"},
        description={"en": "d"},
        logo="e",
        readme="f",
        platform=ConnectorPlatform.WEB,
        logo_dark="g",
        config_template="h",
        form_items=(FORM_ITEM,),
        custom_data={"i": [1]},
        from_email="j",
        is_standard=True,
        is_token_storage_supported=False,
    )
    for metadata in (METADATA, whole):
        assert connector_metadata_guard.validate(_plain(to_json(metadata))) == metadata
    social = SocialConnectorMetadata(ConnectorPlatform.NATIVE, is_standard=True, is_token_storage_supported=True)
    assert social_connector_metadata_guard.validate(_plain(to_json(social))) == social
    part = ConfigurableConnectorMetadata(target="a", name={"en": "b"}, logo="c", logo_dark="d")
    assert configurable_connector_metadata_guard.validate(_plain(to_json(part))) == part


def _plain(value: object) -> object:
    """Return the JSON as a parser would give it: lists for tuples."""
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def test_to_json_gives_json() -> None:
    """The converter's output is JSON that the guard takes as it is."""
    assert connector_metadata_guard.is_valid(to_json(METADATA))
    assert connector_config_form_item_guard.is_valid(to_json(FORM_ITEM))


def test_null_is_a_default_value_and_unset_is_none() -> None:
    """``defaultValue: null`` differs from no default; so does a condition that expects null."""
    plain = ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key="a", label="A")
    assert "defaultValue" not in to_json(plain)
    assert to_json(FORM_ITEM)["defaultValue"] is None
    assert plain.default_value is UNSET
    assert repr(UNSET) == "UNSET"
    assert to_json(ShowCondition("a")) == {"targetKey": "a"}
    assert to_json(ShowCondition("a", expect_value=None)) == {"targetKey": "a", "expectValue": None}
    assert to_json(FORM_ITEM)["isDevFeature"] is False


def test_metadata_cannot_be_changed() -> None:
    """All connectors of a class share their metadata."""
    with pytest.raises(FrozenInstanceError):
        METADATA.id = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        METADATA.name["en"] = "b"  # type: ignore[index]
