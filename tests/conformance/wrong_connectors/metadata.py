"""Connectors with wrong metadata or a wrong config form."""

from base64 import b64encode
from typing import Any, ClassVar

from connector_kit import (
    UNSET,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
    ConnectorPlatform,
    Guard,
    SelectItem,
    ShowCondition,
    bundle,
)
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from tests.conformance.wrong_connectors.base import BaseSes, changed_items, changed_metadata, killed_by


@killed_by("metadata.valid", "$.name")
class NameWithoutEnglish(BaseSes):
    """Has a name in Spanish only: `en` is required."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(name={"es": "Correo"})


@killed_by("metadata.json-round-trip", "JSON cannot hold")
class SetInMetadata(BaseSes):
    """Has a Python set in its metadata."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(custom_data={"regions": {"eu-west-1"}})


@killed_by("metadata.no-platform", "found Web")
class EmailConnectorWithPlatform(BaseSes):
    """Has a platform, which only social connectors have."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(platform=ConnectorPlatform.WEB)


@killed_by("metadata.files-exist", "found './logo.gif'")
class GifLogo(BaseSes):
    """Has a GIF as its logo."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(logo="./logo.gif")


@killed_by("metadata.files-exist", "no file named './GUIDE.md'")
class MissingReadme(BaseSes):
    """Names a readme file that does not exist."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(readme="./GUIDE.md")


@killed_by("metadata.form-keys", "acessKeyId")
class MisspeltFormKey(BaseSes):
    """Has a form item with a key that the schema does not have."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(form_items=changed_items("accessKeyId", key="acessKeyId"))


@killed_by("metadata.form-keys", "one form item for each key")
class DuplicateFormKey(BaseSes):
    """Has two form items for the region."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=(
            *(AwsSesConnector.metadata.form_items or ()),
            ConnectorConfigFormItem(ConnectorConfigFormItemType.TEXT, "region", "Region again", default_value=UNSET),
        ),
    )


@killed_by("metadata.form-required", "found optional in the form and required in the schema")
class OptionalInFormOnly(BaseSes):
    """Declares the region as optional in the form, although the schema requires it."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(form_items=changed_items("region", required=False))


@killed_by("metadata.secrets-masked", "to mask 'accessKeySecret'")
class UnmaskedSecret(BaseSes):
    """Shows the secret in the form."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("accessKeySecret", is_confidential=False)
    )


# --- files ----------------------------------------------------------------------------------------------------------

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{}</svg>'


def _logo(svg: str) -> ConnectorMetadata:
    return changed_metadata(logo="data:image/svg+xml;base64," + b64encode(svg.encode()).decode())


@killed_by("metadata.logo-image", "without the signature and header of a PNG")
class SvgNamedPng(BaseSes):
    """Has an SVG logo that is declared as a PNG."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(logo_dark=f"data:image/png,{_SVG}")


@killed_by("metadata.logo-image", "not valid XML")
class IncompleteSvg(BaseSes):
    """Has an SVG logo that ends too early."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG[:-3])


@killed_by("metadata.logo-image", "instead of an svg element")
class HtmlLogo(BaseSes):
    """Has an HTML page as its logo."""

    metadata: ClassVar[ConnectorMetadata] = _logo("<html></html>")


@killed_by("metadata.logo-image", "a script")
class LogoWithScript(BaseSes):
    """Has a logo that contains a script."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format("<script>alert(1)</script>"))


@killed_by("metadata.logo-image", "an event handler")
class LogoWithEventHandler(BaseSes):
    """Has a logo that contains an event handler."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format('<rect onload="alert(1)"/>'))


@killed_by("metadata.logo-image", "https://acme.example/acme.png")
class LogoWithExternalImage(BaseSes):
    """Has a logo that loads an image from the web."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format('<image href="https://acme.example/acme.png"/>'))


@killed_by("metadata.logo-image", "//acme.example/acme.css")
class LogoWithExternalStyles(BaseSes):
    """Has a logo that loads a style sheet from the web."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format('<style>@import "//acme.example/acme.css";</style>'))


@killed_by("metadata.logo-size", "1,000,000 bytes")
class HugeLogo(BaseSes):
    """Has a logo of more than 1 MB."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format(f"<desc>{'x' * 1_000_000}</desc>"))


@killed_by("metadata.readme-not-empty", "found ' \\n'")
class EmptyReadme(BaseSes):
    """Has a readme of white space only."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(readme=" \n")


@killed_by("metadata.config-template-valid", "to be JSON")
class ConfigTemplateWithTrailingComma(BaseSes):
    """Has a config template with a trailing comma."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(config_template='{"region": "eu-west-1",}')


@killed_by("metadata.config-template-valid", "found []")
class ConfigTemplateWithArray(BaseSes):
    """Has an array as its config template."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(config_template="[]")


@killed_by("metadata.config-template-valid", "'templates'")
class InvalidConfigTemplate(BaseSes):
    """Has a config template that the schema rejects."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(config_template='{"templates": {}}')


# --- the form -------------------------------------------------------------------------------------------------------

Type = ConnectorConfigFormItemType


def _with(item: ConnectorConfigFormItem, *others: ConnectorConfigFormItem) -> ConnectorMetadata:
    return changed_metadata(form_items=(*(AwsSesConnector.metadata.form_items or ()), item, *others))


def _guard(**properties: Any) -> Guard[AwsSesConfig]:
    schema = bundle("aws-ses-config")
    schema["properties"] |= properties
    return Guard(schema, AwsSesConfig)


_MODES = {"enum": ["bulk", "single"]}


class _WithModes(BaseSes):
    """Has two more config keys: one with one of two values, one with a list of them."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(mode=_MODES, modes={"type": "array", "items": _MODES})


def _select(*values: str, type: Type = Type.SELECT, key: str = "mode", **more: Any) -> ConnectorConfigFormItem:  # noqa: A002 - the item's own fields
    items = tuple(SelectItem(value, value) for value in values)
    return ConnectorConfigFormItem(type, key, "Mode", select_items=items, **more)


@killed_by("metadata.form-types", "'templates'")
class TemplatesInTextControl(BaseSes):
    """Has a text control for a key that holds an array."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("templates", type=Type.MULTILINE_TEXT, default_value=UNSET)
    )


@killed_by("metadata.form-types", "which submits number")
class NumberControlForString(BaseSes):
    """Has a number control for a key that holds a string."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(form_items=changed_items("region", type=Type.NUMBER))


@killed_by("metadata.form-defaults", "'templates'")
class JsonDefaultAsText(BaseSes):
    """Has a JSON text as the default value of a Json item: Console shows it in quotes."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("templates", default_value='[{"usageType": "Generic"}]')
    )


@killed_by("metadata.form-defaults", "found 'three'")
class WordAsNumberDefault(BaseSes):
    """Has a word as the default value of a Number item."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(retries={"type": "integer"})
    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.NUMBER, "retries", "Retries", default_value="three")
    )


@killed_by("metadata.form-defaults", "found '1.5'")
class FractionAsIntegerDefault(BaseSes):
    """Has 1.5 as the default value of an integer."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(retries={"type": "integer"})
    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.NUMBER, "retries", "Retries", default_value="1.5")
    )


@killed_by("metadata.form-choices", "found 'Bulk'")
class InvalidChoice(_WithModes):
    """Offers a choice that the schema rejects."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single", "Bulk"))


@killed_by("metadata.form-choices", "found 'many'")
class InvalidMultiSelectChoice(_WithModes):
    """Offers a MultiSelect choice that the schema rejects."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", "bulk", "many", type=Type.MULTI_SELECT, key="modes")
    )


@killed_by("metadata.form-choices", "found 'single' 2 times")
class DuplicateChoice(_WithModes):
    """Offers the same choice twice."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single", "bulk", "single"))


@killed_by("metadata.form-choices", "the default value of 'mode'")
class DefaultNotAmongChoices(_WithModes):
    """Has a default value that is not one of its choices."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single", default_value="bulk"))


@killed_by("metadata.form-choices", "the default value of 'modes'")
class MultiSelectDefaultNotAmongChoices(_WithModes):
    """Has a MultiSelect whose default values are not all among its choices."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", type=Type.MULTI_SELECT, key="modes", default_value=["single", "bulk"])
    )


@killed_by("metadata.form-choices-complete", "a choice 'bulk'")
class MissingChoice(_WithModes):
    """Does not offer every value that the schema lists."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single"))


@killed_by("metadata.form-conditions", "found 'partition'")
class ConditionOnMissingItem(BaseSes):
    """Has a condition on a form item that does not exist."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("region", show_conditions=(ShowCondition("partition", "aws"),))
    )


@killed_by("metadata.form-conditions", "another form item, found 'region'")
class ConditionOnItself(BaseSes):
    """Has a form item with a condition on itself."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("region", show_conditions=(ShowCondition("region"),))
    )


@killed_by("metadata.form-conditions", "found 'Bulk'")
class ConditionOnMissingChoice(_WithModes):
    """Has a condition on a choice that does not exist."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", "bulk"),
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("mode", "Bulk"),)),
    )


@killed_by("metadata.form-conditions", "a Switch, can have")
class TextConditionOnSwitch(BaseSes):
    """Compares a Switch with a string."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.SWITCH, "on", "On"),
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("on", "true"),)),
    )


@killed_by("metadata.form-conditions", "a Number, can have")
class BooleanConditionOnNumber(BaseSes):
    """Compares a Number with a boolean."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.NUMBER, "retries", "Retries"),
        ConnectorConfigFormItem(
            Type.TEXT, "note", "Note", show_conditions=(ShowCondition("retries", expect_value=True),)
        ),
    )


@killed_by("metadata.form-conditions", "a MultiSelect, can have")
class ArrayConditionOnMultiSelect(_WithModes):
    """Compares a MultiSelect with an array: two arrays are never strictly equal."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", "bulk", type=Type.MULTI_SELECT, key="modes"),
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("modes", ["bulk"]),)),
    )


@killed_by("metadata.form-conditions", "a Text, can have")
class NumberConditionOnText(BaseSes):
    """Compares a Text with a number."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("region", 1),))
    )


# --- instances ------------------------------------------------------------------------------------------------------


@killed_by("metadata.constant", "the metadata of an instance before a message")
class IdPerInstance(BaseSes):
    """Makes a new id for each instance."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.metadata = changed_metadata(id=f"aws-ses-{id(self)}")  # type: ignore[misc]  # this is what is wrong


@killed_by("metadata.constant", "the metadata of an instance after a message")
class MetadataChangesAfterSend(BaseSes):
    """Changes its description when it sends a message."""

    def send_message(self, data: Any, config: object = None) -> object:
        self.metadata = changed_metadata(description={"en": "It works."})  # type: ignore[misc]  # this is what is wrong
        return super().send_message(data, config)
