"""Metadata and form items of connectors."""

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
    """Three types, three platforms, seven controls."""
    assert {it.name: it.value for it in ConnectorType} == {"EMAIL": "Email", "SMS": "Sms", "SOCIAL": "Social"}
    assert {it.value for it in ConnectorPlatform} == {"Native", "Universal", "Web"}
    controls = {"Text", "Number", "MultilineText", "Switch", "Select", "MultiSelect", "Json"}
    assert {it.value for it in ConnectorConfigFormItemType} == controls


def test_ids_of_logtos_own_connectors() -> None:
    """Demonstration and service connectors."""
    assert {it.name: it.value for it in DemoConnector} == {"SMS": "logto-sms", "SOCIAL": "logto-social-demo"}
    assert {it.name: it.value for it in ServiceConnector} == {"EMAIL": "logto-email"}
    assert demo_connector_ids == ("logto-sms", "logto-social-demo")
    assert service_connector_ids == ("logto-email",)


def test_mock_connectors_have_one_file_for_each_type() -> None:
    """For text messages and for e-mails."""
    assert set(mock_connector_file_paths) == {ConnectorType.SMS, ConnectorType.EMAIL}
    assert len(set(mock_connector_file_paths.values())) == 2


def test_json_of_metadata_has_required_keys_with_null() -> None:
    """``logoDark`` and ``platform``; the guard requires them."""
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


def test_metadata_and_json_are_converted_both_ways() -> None:
    """The guard accepts the converter's output."""
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
    """Return the JSON as a parser would: lists instead of tuples."""
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def test_guards_accept_the_output_of_to_json() -> None:
    """For metadata and form items."""
    assert connector_metadata_guard.is_valid(to_json(METADATA))
    assert connector_config_form_item_guard.is_valid(to_json(FORM_ITEM))


def test_null_differs_from_an_omitted_default_value() -> None:
    """Likewise for the expected value of a condition."""
    plain = ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key="a", label="A")
    assert "defaultValue" not in to_json(plain)
    assert to_json(FORM_ITEM)["defaultValue"] is None
    assert plain.default_value is UNSET
    assert repr(UNSET) == "UNSET"
    assert to_json(ShowCondition("a")) == {"targetKey": "a"}
    assert to_json(ShowCondition("a", expect_value=None)) == {"targetKey": "a", "expectValue": None}
    assert to_json(FORM_ITEM)["isDevFeature"] is False


def test_metadata_is_immutable() -> None:
    """All connectors of a class share it."""
    with pytest.raises(FrozenInstanceError):
        METADATA.id = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        METADATA.name["en"] = "b"  # type: ignore[index]
