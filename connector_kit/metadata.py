"""What a connector declares about itself: type, platform, metadata and config form."""

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from functools import cache
from typing import Final

from attrs import field, frozen

from connector_kit.wire import always, converter, frozen_mapping, structure_attributes


class ConnectorType(StrEnum):
    """The kind of a connector."""

    EMAIL = "Email"
    SMS = "Sms"
    SOCIAL = "Social"


class ConnectorPlatform(StrEnum):
    """The platform of a social connector. E-mail and SMS connectors have no platform."""

    NATIVE = "Native"
    UNIVERSAL = "Universal"
    WEB = "Web"


class DemoConnector(StrEnum):
    """Ids of Logto's demonstration connectors."""

    SMS = "logto-sms"
    SOCIAL = "logto-social-demo"


class ServiceConnector(StrEnum):
    """Ids of the connectors of Logto Cloud."""

    EMAIL = "logto-email"


demo_connector_ids: Final = tuple(DemoConnector)
service_connector_ids: Final = tuple(ServiceConnector)

mock_connector_file_paths: Final[Mapping[ConnectorType, str]] = frozen_mapping(
    {
        ConnectorType.SMS: "/tmp/logto/mock_sms_record.txt",  # noqa: S108 - where Logto's mock connectors write
        ConnectorType.EMAIL: "/tmp/logto/mock_email_record.txt",  # noqa: S108 - likewise
    },
)
"""The files in which Logto's mock connectors record messages, by connector type."""


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
        """Return the name of the constant."""
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Marks an omitted value of a form item, because ``None`` is JSON's ``null``."""


@frozen
class SelectItem:
    """One choice. A Select shows its ``title``, a MultiSelect its ``value``."""

    value: str
    title: str | None = None


@frozen
class ShowCondition:
    """Show a form item only while the value of the item ``target_key`` is ``expect_value``."""

    target_key: str
    expect_value: object = UNSET


@frozen
class ConnectorConfigFormItem:
    """One control of the config form.

    Args:
        type: the kind of control.
        key: the config key of its value.
        label: the text next to the control.
        placeholder: shown while the control is empty (Text, MultilineText and Number only).
        required: Console does not save a config without this value.
        default_value: the value in a new form: any JSON value.
        show_conditions: the item is shown while all of these are true.
        description: a line below the control.
        tooltip: shown on hover.
        is_confidential: mask the value (Text only). If ``None``, Console masks keys that end in ``Key`` or ``Secret``.
        is_dev_feature: shown only if Logto's development features are enabled.
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

    @property
    def is_masked(self) -> bool:
        """Whether Logto Console masks the value: Text items only, by their flag or else by the end of their key."""
        if self.type is not ConnectorConfigFormItemType.TEXT:
            return False
        return self.key.endswith(_MASKED_ENDINGS) if self.is_confidential is None else self.is_confidential


_MASKED_ENDINGS: Final = ("Key", "Secret")
_CHOOSING: Final = (ConnectorConfigFormItemType.SELECT, ConnectorConfigFormItemType.MULTI_SELECT)


@cache
def _load_form_item() -> Callable[[Mapping[str, object], type], ConnectorConfigFormItem]:
    return structure_attributes(ConnectorConfigFormItem)


def _load_any_form_item(value: Mapping[str, object]) -> ConnectorConfigFormItem:
    """Ignore ``selectItems`` of other controls: Logto's guard does not validate them."""
    members = value if value["type"] in _CHOOSING else {key: it for key, it in value.items() if key != "selectItems"}
    return _load_form_item()(members, ConnectorConfigFormItem)


converter.register_structure_hook(ConnectorConfigFormItem, lambda value, _: _load_any_form_item(value))


I18nPhrases = Mapping[str, str]
"""A text by language tag (see `connector_kit.languages`). ``en`` is required."""


def frozen_phrases(phrases: I18nPhrases) -> I18nPhrases:
    """Return a read-only copy of phrases."""
    return frozen_mapping(phrases)


@frozen
class SocialConnectorMetadata:
    """The metadata of social connectors only."""

    platform: ConnectorPlatform | None = field(metadata=always())
    is_standard: bool | None = None
    is_token_storage_supported: bool | None = None


@frozen
class ConfigurableConnectorMetadata:
    """The metadata that an operator can override in Logto."""

    target: str | None = None
    name: I18nPhrases | None = None
    logo: str | None = None
    logo_dark: str | None = None


@frozen
class ConnectorMetadata:
    """The metadata of a connector: what Logto shows and stores.

    Args:
        id: unique among all connectors, and the entry-point name, such as ``"aws-ses-mail"``.
        target: the provider. A user has at most one social identity for each target.
        name: by language tag.
        description: by language tag.
        logo: a URL, or a file in the connector's folder (``"./logo.svg"``; .svg or .png).
        readme: a Markdown file in the connector's folder, or the text itself.
        platform: for social connectors.
        logo_dark: the logo for dark backgrounds.
        config_template: an example config, as a file or text. Use ``form_items`` instead.
        form_items: the config form.
        custom_data: any JSON object.
        from_email: deprecated upstream. Use ``custom_data``.
        is_standard: for social connectors that implement OIDC, OAuth 2 or SAML.
        is_token_storage_supported: for social connectors whose tokens Logto may store.
    """

    id: str
    target: str
    name: I18nPhrases = field(converter=frozen_phrases)
    description: I18nPhrases = field(converter=frozen_phrases)
    logo: str = field(default="./logo.svg", metadata=always())
    readme: str = field(default="./README.md", metadata=always())
    platform: ConnectorPlatform | None = field(default=None, metadata=always())
    logo_dark: str | None = field(default=None, metadata=always())
    config_template: str | None = None
    form_items: tuple[ConnectorConfigFormItem, ...] | None = None
    custom_data: Mapping[str, object] | None = None
    from_email: str | None = None
    is_standard: bool | None = None
    is_token_storage_supported: bool | None = None
