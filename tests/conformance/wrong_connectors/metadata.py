"""Connectors that say wrong things of themselves."""

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
from tests.conformance.wrong_connectors.open import Open, changed_items, changed_metadata, killed_by


@killed_by("metadata.guard", "$.name")
class NoEnglishName(Open):
    """Names itself in no language that everybody falls back on."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(name={"es": "Correo"})


@killed_by("metadata.json", "is JSON")
class MetadataHoldsASet(Open):
    """Keeps a Python set in its metadata."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(custom_data={"regions": {"eu-west-1"}})


@killed_by("metadata.platform", "platform")
class MailOnTheWeb(Open):
    """Claims a social connector's platform."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(platform=ConnectorPlatform.WEB)


@killed_by("metadata.assets", ".svg or .png")
class GifLogo(Open):
    """Has a logo that Logto's loader turns into nothing."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(logo="./logo.gif")


@killed_by("metadata.assets", "found nothing")
class NoReadme(Open):
    """Names a readme that is not there."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(readme="./GUIDE.md")


@killed_by("metadata.form-keys", "acessKeyId")
class MisspeltFormKey(Open):
    """Has a form item whose value no config key takes."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(form_items=changed_items("accessKeyId", key="acessKeyId"))


@killed_by("metadata.form-keys", "one form item for a key")
class FormAsksTwice(Open):
    """Asks for the region twice."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=(
            *(AwsSesConnector.metadata.form_items or ()),
            ConnectorConfigFormItem(ConnectorConfigFormItemType.TEXT, "region", "Region again", default_value=UNSET),
        ),
    )


@killed_by("metadata.form-required", "region")
class OptionalRegionInTheForm(Open):
    """Lets Console save without what the guard requires."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(form_items=changed_items("region", required=False))


@killed_by("metadata.confidential", "accessKeySecret")
class SecretInTheClear(Open):
    """Shows the secret in the form."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("accessKeySecret", is_confidential=False)
    )


# --- files ----------------------------------------------------------------------------------------------------------

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{}</svg>'


def _logo(svg: str) -> ConnectorMetadata:
    return changed_metadata(logo="data:image/svg+xml;base64," + b64encode(svg.encode()).decode())


@killed_by("metadata.logo", "no PNG")
class NameOfAPng(Open):
    """Has an SVG that says it is a PNG."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(logo_dark=f"data:image/png,{_SVG}")


@killed_by("metadata.logo", "no XML")
class BrokenLogo(Open):
    """Has half a logo."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG[:-3])


@killed_by("metadata.logo", "no svg element")
class HtmlLogo(Open):
    """Has a page for a logo."""

    metadata: ClassVar[ConnectorMetadata] = _logo("<html></html>")


@killed_by("metadata.logo", "a script")
class ScriptedLogo(Open):
    """Has a logo that would like to run."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format("<script>alert(1)</script>"))


@killed_by("metadata.logo", "an event handler")
class LogoThatListens(Open):
    """Has a logo that would like to run when it is loaded."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format('<rect onload="alert(1)"/>'))


@killed_by("metadata.logo", "https://acme.example/acme.png")
class LogoFromElsewhere(Open):
    """Has a logo that is a reference to another."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format('<image href="https://acme.example/acme.png"/>'))


@killed_by("metadata.logo", "//acme.example/acme.css")
class StyledFromElsewhere(Open):
    """Has a logo that loads its colours."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format('<style>@import "//acme.example/acme.css";</style>'))


@killed_by("metadata.logo-size", "1,000,000 bytes")
class HugeLogo(Open):
    """Has a poster for a logo."""

    metadata: ClassVar[ConnectorMetadata] = _logo(_SVG.format(f"<desc>{'x' * 1_000_000}</desc>"))


@killed_by("metadata.readme", "found an empty one")
class EmptyReadme(Open):
    """Has nothing to say."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(readme=" \n")


@killed_by("metadata.config-template", "neither")
class TemplateThatIsNoJson(Open):
    """Has a config template with a comma too many."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(config_template='{"region": "eu-west-1",}')


@killed_by("metadata.config-template", "found array")
class TemplateThatIsAList(Open):
    """Has the templates alone for a config template."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(config_template="[]")


@killed_by("metadata.config-template", "'templates'")
class TemplateOfAnotherShape(Open):
    """Has a config template that the guard refuses."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(config_template='{"templates": {}}')


# --- the form -------------------------------------------------------------------------------------------------------

Type = ConnectorConfigFormItemType


def _with(item: ConnectorConfigFormItem, *others: ConnectorConfigFormItem) -> ConnectorMetadata:
    return changed_metadata(form_items=(*(AwsSesConnector.metadata.form_items or ()), item, *others))


def _guard(**properties: Any) -> Guard[AwsSesConfig]:  # noqa: ANN401 - schemas
    schema = bundle("aws-ses-config")
    schema["properties"] |= properties
    return Guard(schema, AwsSesConfig)


_MODES = {"enum": ["bulk", "single"]}


class _WithModes(Open):
    """Has two more keys, of which one or more values are chosen."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(mode=_MODES, modes={"type": "array", "items": _MODES})


def _select(*values: str, type: Type = Type.SELECT, key: str = "mode", **more: Any) -> ConnectorConfigFormItem:  # noqa: A002, ANN401 - the item's own fields
    items = tuple(SelectItem(value, value) for value in values)
    return ConnectorConfigFormItem(type, key, "Mode", select_items=items, **more)


@killed_by("metadata.form-types", "'templates'")
class TemplatesAsText(Open):
    """Has a line of text where an array is wanted."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("templates", type=Type.MULTILINE_TEXT, default_value=UNSET)
    )


@killed_by("metadata.form-types", "which gives number")
class NumberForText(Open):
    """Has a number where a string is wanted."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(form_items=changed_items("region", type=Type.NUMBER))


@killed_by("metadata.form-defaults", "'templates'")
class DefaultAsText(Open):
    """Gives a Json item's default as a text of JSON, which Console shows in quotes."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("templates", default_value='[{"usageType": "Generic"}]')
    )


@killed_by("metadata.form-defaults", "'retries'")
class DefaultIsNoNumber(Open):
    """Has a number's default in words."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(retries={"type": "integer"})
    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.NUMBER, "retries", "Retries", default_value="three")
    )


@killed_by("metadata.form-defaults", "'retries'")
class DefaultIsHalf(Open):
    """Has half of an integer as its default."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(retries={"type": "integer"})
    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.NUMBER, "retries", "Retries", default_value="1.5")
    )


@killed_by("metadata.form-choices", "found 'Bulk'")
class ChoiceThatIsRefused(_WithModes):
    """Offers what the guard refuses."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single", "Bulk"))


@killed_by("metadata.form-choices", "found 'many'")
class ChoicesThatAreRefused(_WithModes):
    """Offers what the guard refuses, among others."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", "bulk", "many", type=Type.MULTI_SELECT, key="modes")
    )


@killed_by("metadata.form-choices", "again")
class ChoiceTwice(_WithModes):
    """Offers the same twice."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single", "bulk", "single"))


@killed_by("metadata.form-choices", "the default of 'mode'")
class DefaultBesideTheChoices(_WithModes):
    """Starts with what cannot be chosen."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single", default_value="bulk"))


@killed_by("metadata.form-choices", "the default of 'modes'")
class DefaultsBesideTheChoices(_WithModes):
    """Starts with something that cannot be chosen."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", type=Type.MULTI_SELECT, key="modes", default_value=["single", "bulk"])
    )


@killed_by("metadata.form-choices-complete", "no 'bulk'")
class HidesAChoice(_WithModes):
    """Does not offer all that can be."""

    metadata: ClassVar[ConnectorMetadata] = _with(_select("single"))


@killed_by("metadata.form-conditions", "expected 'region' to be shown")
class ShownByNothing(Open):
    """Shows the region when an item that is not there says so."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("region", show_conditions=(ShowCondition("partition", "aws"),))
    )


@killed_by("metadata.form-conditions", "expected 'region' to be shown by another")
class ShownByItself(Open):
    """Shows the region when it is filled in."""

    metadata: ClassVar[ConnectorMetadata] = changed_metadata(
        form_items=changed_items("region", show_conditions=(ShowCondition("region"),))
    )


@killed_by("metadata.form-conditions", "never be shown")
class ShownForAnotherChoice(_WithModes):
    """Shows a set when something is chosen that cannot be."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", "bulk"),
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("mode", "Bulk"),)),
    )


@killed_by("metadata.form-conditions", "of type Switch")
class ShownForAWord(Open):
    """Takes a switch for a text."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.SWITCH, "on", "On"),
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("on", "true"),)),
    )


@killed_by("metadata.form-conditions", "of type Number")
class ShownForTruth(Open):
    """Takes a number for a switch."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.NUMBER, "retries", "Retries"),
        ConnectorConfigFormItem(
            Type.TEXT, "note", "Note", show_conditions=(ShowCondition("retries", expect_value=True),)
        ),
    )


@killed_by("metadata.form-conditions", "of type MultiSelect")
class ShownForAList(_WithModes):
    """Waits for a list that is the same as another."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        _select("single", "bulk", type=Type.MULTI_SELECT, key="modes"),
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("modes", ["bulk"]),)),
    )


@killed_by("metadata.form-conditions", "of type Text")
class ShownForANumber(Open):
    """Takes a text for a number."""

    metadata: ClassVar[ConnectorMetadata] = _with(
        ConnectorConfigFormItem(Type.TEXT, "note", "Note", show_conditions=(ShowCondition("region", 1),))
    )


# --- instances ------------------------------------------------------------------------------------------------------


@killed_by("metadata.constant", "the metadata of an instance as it is made")
class AnotherIdEachTime(Open):
    """Makes up an id for each instance."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self.metadata = changed_metadata(id=f"aws-ses-{id(self)}")  # type: ignore[misc]  # this is what is wrong


@killed_by("metadata.constant", "the metadata of an instance after a message")
class CountsInItsName(Open):
    """Tells in its description how much it has done."""

    def send_message(self, data: Any, config: object = None) -> object:  # noqa: ANN401 - either form
        """Send, and tell."""
        self.metadata = changed_metadata(description={"en": "It works."})  # type: ignore[misc]  # this is what is wrong
        return super().send_message(data, config)
