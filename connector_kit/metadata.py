"""What a connector says of itself: type, platform, metadata and the items of its config form."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Final

from attrs import field, frozen

from connector_kit.wire import always, converter, frozen_mapping, register_json_form


class ConnectorType(StrEnum):
    """What a connector does for Logto."""

    EMAIL = "Email"
    SMS = "Sms"
    SOCIAL = "Social"


class ConnectorPlatform(StrEnum):
    """Where a social connector runs; e-mail and SMS connectors have none."""

    NATIVE = "Native"
    UNIVERSAL = "Universal"
    WEB = "Web"


class DemoConnector(StrEnum):
    """Ids of the connectors that Logto ships for demonstration."""

    SMS = "logto-sms"
    SOCIAL = "logto-social-demo"


class ServiceConnector(StrEnum):
    """Ids of the connectors that Logto Cloud provides as a service."""

    EMAIL = "logto-email"


demo_connector_ids: Final = tuple(DemoConnector)
service_connector_ids: Final = tuple(ServiceConnector)

mock_connector_file_paths: Final[Mapping[ConnectorType, str]] = frozen_mapping(
    {
        ConnectorType.SMS: "/tmp/logto/mock_sms_record.txt",  # noqa: S108 - the place Logto's mock connectors write to
        ConnectorType.EMAIL: "/tmp/logto/mock_email_record.txt",  # noqa: S108 - likewise
    },
)
"""Where Logto's mock connectors record what they were asked to send."""


class ConnectorConfigFormItemType(StrEnum):
    """The controls of the config form in Logto Console."""

    TEXT = "Text"
    NUMBER = "Number"
    MULTILINE_TEXT = "MultilineText"
    SWITCH = "Switch"
    SELECT = "Select"
    MULTI_SELECT = "MultiSelect"
    JSON = "Json"


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"

    def __repr__(self) -> str:
        """Name it."""
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Stands where a form item leaves a value out: ``None`` would be JSON's ``null``."""


@frozen
class SelectItem:
    """One choice: ``title`` is what a Select shows; a MultiSelect shows the value."""

    value: str
    title: str | None = None


@frozen
class ShowCondition:
    """Show a form item only while the item ``target_key`` holds ``expect_value``."""

    target_key: str
    expect_value: object = UNSET


@frozen
class ConnectorConfigFormItem:
    """One control of the config form.

    Args:
        type: which control.
        key: the config key it fills.
        label: what stands beside it.
        placeholder: shown while empty (Text, MultilineText and Number only).
        required: Console refuses to save without it.
        default_value: what a new form starts with, any JSON value.
        show_conditions: all must hold for the item to be shown.
        description: a line under the control.
        tooltip: shown on hover.
        is_confidential: mask the value (Text only). Unset, Console masks keys that end in ``Key`` or ``Secret``.
        is_dev_feature: shown only where Logto's development features are on.
        select_items: the choices of a Select or MultiSelect.
    """

    type: ConnectorConfigFormItemType
    key: str
    label: str
    placeholder: str | None = None
    required: bool | None = None
    default_value: object = UNSET
    show_conditions: tuple[ShowCondition, ...] | None = None
    description: str | None = None
    tooltip: str | None = None
    is_confidential: bool | None = None
    is_dev_feature: bool | None = None
    select_items: tuple[SelectItem, ...] | None = None


_CHOOSING: Final = (ConnectorConfigFormItemType.SELECT, ConnectorConfigFormItemType.MULTI_SELECT)
_load_form_item: Final = converter.get_structure_hook(ConnectorConfigFormItem)


def _load_any_form_item(value: Mapping[str, object]) -> ConnectorConfigFormItem:
    """Pass over ``selectItems`` where nothing is to choose: Logto's guard does not look at them there."""
    members = value if value["type"] in _CHOOSING else {key: it for key, it in value.items() if key != "selectItems"}
    item: ConnectorConfigFormItem = _load_form_item(members, ConnectorConfigFormItem)
    return item


register_json_form(
    ConnectorConfigFormItem,
    load=_load_any_form_item,
    dump=converter.get_unstructure_hook(ConnectorConfigFormItem),
)


I18nPhrases = Mapping[str, str]
"""A text by language tag (see `connector_kit.languages`); ``en`` is always there."""


def frozen_phrases(phrases: I18nPhrases) -> I18nPhrases:
    """Return a read-only copy of phrases."""
    return frozen_mapping(phrases)


@frozen
class SocialConnectorMetadata:
    """The part of the metadata that concerns social connectors."""

    platform: ConnectorPlatform | None = field(metadata=always())
    is_standard: bool | None = None
    is_token_storage_supported: bool | None = None


@frozen
class ConfigurableConnectorMetadata:
    """The part of the metadata that an operator may override in Logto."""

    target: str | None = None
    name: I18nPhrases | None = None
    logo: str | None = None
    logo_dark: str | None = None


@frozen
class ConnectorMetadata:
    """All that Logto shows and stores of a connector.

    Args:
        id: unique among all connectors, and the entry-point name; ``"aws-ses-mail"``.
        target: the provider; for social connectors, one identity a user and target.
        name: by language tag.
        description: by language tag.
        logo: a file beside the connector (``"./logo.svg"``, .svg or .png) or a URL.
        readme: a Markdown file beside the connector, or the text itself.
        platform: for social connectors.
        logo_dark: the logo on a dark ground.
        config_template: a file or text that shows what a config looks like; form items have replaced it.
        form_items: the config form.
        custom_data: any JSON object.
        from_email: deprecated upstream in favour of ``custom_data``.
        is_standard: for social connectors that follow OIDC, OAuth 2 or SAML.
        is_token_storage_supported: for social connectors that can keep the provider's tokens.
    """

    id: str
    target: str
    name: I18nPhrases = field(converter=frozen_phrases)
    description: I18nPhrases = field(converter=frozen_phrases)
    logo: str
    readme: str
    platform: ConnectorPlatform | None = field(default=None, metadata=always())
    logo_dark: str | None = field(default=None, metadata=always())
    config_template: str | None = None
    form_items: tuple[ConnectorConfigFormItem, ...] | None = None
    custom_data: Mapping[str, object] | None = None
    from_email: str | None = None
    is_standard: bool | None = None
    is_token_storage_supported: bool | None = None
