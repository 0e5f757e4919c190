"""Connectors that are wrong in one way each, the check that is meant to find it, and words that its message must have."""

import html
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from attrs import evolve, field, frozen

from connector_kit import (
    UNSET,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    Email,
    Guard,
    SendMessageData,
    Template,
    TemplateType,
    bundle,
    get_config_template_by_type,
    get_value,
    replace_send_message_handlebars,
    validate_config,
)
from connector_kit._javascript import to_string
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector, aws_ses_config_guard
from connector_kit.connectors.aws_ses.failures import send_failure, unusable_answer
from connector_kit.connectors.aws_ses.request import send_email_request


class Open(AwsSesConnector):
    """The right connector taken apart, so that a few lines make it wrong."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request."""
        return send_email_request(config, email)

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call."""
        return self._client(config).send_email(**request)

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate what the call raised."""
        payload = email.data.payload
        return send_failure(error, (config.access_key_secret, config.access_key_id, payload.code, payload.link))

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read the answer."""
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        if status != 200 or not answer.get("MessageId"):
            raise unusable_answer("it was not accepted", status)
        return answer["MessageId"]

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Do all of that."""
        request = self.request(config, email)
        try:
            answer = self.call(config, request)
        except ConnectorError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever botocore raises
            failure = self.failure(error, config, email)
            raise failure from failure.__cause__
        return self.accepted(answer)

    # rendering, taken apart too

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render one text."""
        return replace_send_message_handlebars(template, payload)

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose the config's template."""
        return get_config_template_by_type(message.type, config)

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route and render."""
        managed = self._i18n_template(message)
        template = managed or self.pick(config, message)
        if template is None:
            raise ConnectorError(ConnectorErrorCodes.TEMPLATE_NOT_FOUND)
        return Email(
            to=message.to,
            subject=self.fill(template.subject, message.payload),
            body=self.fill(template.content, message.payload),
            content_type=(managed.content_type if managed else None) or "text/html",
            reply_to=managed and managed.reply_to and self.fill(managed.reply_to, message.payload),
            send_from=managed and managed.send_from and self.fill(managed.send_from, message.payload),
            template=template,
            data=message,
        )


@frozen
class Wrong:
    """One wrong connector.

    Args:
        connector: what is wrong.
        check: the id of the check that is meant to find it.
        words: what the check's message must say.
    """

    connector: type[AwsSesConnector]
    check: str
    words: str


WRONG: list[Wrong] = []


def killed_by(check: str, words: str) -> Callable[[type[AwsSesConnector]], type[AwsSesConnector]]:
    """Register a wrong connector."""

    def register(connector: type[AwsSesConnector]) -> type[AwsSesConnector]:
        WRONG.append(Wrong(connector, check, words))
        return connector

    return register


def _metadata(**changes: Any) -> ConnectorMetadata:  # noqa: ANN401 - any field
    return evolve(AwsSesConnector.metadata, **changes)


def _items(key: str, /, **changes: Any) -> tuple[ConnectorConfigFormItem, ...]:  # noqa: ANN401 - any field
    items = AwsSesConnector.metadata.form_items or ()
    return tuple(evolve(item, **changes) if item.key == key else item for item in items)


# --- metadata -------------------------------------------------------------------------------------------------------


@killed_by("metadata.guard", "$.name")
class NoEnglishName(Open):
    """Names itself in no language that everybody falls back on."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(name={"es": "Correo"})


@killed_by("metadata.json", "is JSON")
class MetadataHoldsASet(Open):
    """Keeps a Python set in its metadata."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(custom_data={"regions": {"eu-west-1"}})


@killed_by("metadata.platform", "platform")
class MailOnTheWeb(Open):
    """Claims a social connector's platform."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(platform=ConnectorPlatform.WEB)


@killed_by("metadata.assets", ".svg or .png")
class GifLogo(Open):
    """Has a logo that Logto's loader turns into nothing."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(logo="./logo.gif")


@killed_by("metadata.assets", "found nothing")
class NoReadme(Open):
    """Names a readme that is not there."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(readme="./GUIDE.md")


@killed_by("metadata.form-keys", "acessKeyId")
class MisspeltFormKey(Open):
    """Has a form item whose value no config key takes."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(form_items=_items("accessKeyId", key="acessKeyId"))


@killed_by("metadata.form-keys", "one form item for a key")
class FormAsksTwice(Open):
    """Asks for the region twice."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(
        form_items=(
            *(AwsSesConnector.metadata.form_items or ()),
            ConnectorConfigFormItem(ConnectorConfigFormItemType.TEXT, "region", "Region again", default_value=UNSET),
        ),
    )


@killed_by("metadata.form-required", "region")
class OptionalRegionInTheForm(Open):
    """Lets Console save without what the guard requires."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(form_items=_items("region", required=False))


@killed_by("metadata.confidential", "accessKeySecret")
class SecretInTheClear(Open):
    """Shows the secret in the form."""

    metadata: ClassVar[ConnectorMetadata] = _metadata(form_items=_items("accessKeySecret", is_confidential=False))


# --- config ---------------------------------------------------------------------------------------------------------


def _guard(change: Callable[[dict[str, Any]], None], cls: type = AwsSesConfig) -> Guard[Any]:
    schema = bundle("aws-ses-config")
    change(schema)
    return Guard(schema, cls)


@killed_by("config.accepts-valid", "expected the message to be sent")
class AtMostSixTemplates(Open):
    """Refuses what its own schema accepts."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and count."""
        read = super().read_config(config)
        if len(read.templates) > 6:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": ["too many templates"]})
        return read


@killed_by("config.refuses-missing", "no 'region'")
class DefaultRegion(Open):
    """Fills in what a config lacks."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, with a region at any price."""
        given = {"region": "eu-west-1", **config} if isinstance(config, dict) else config
        return super().read_config(given)


@killed_by("config.refuses-mistyped", "a wrong")
class TurnsAllToStrings(Open):
    """Coerces instead of validating."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, after making strings of numbers."""
        if isinstance(config, dict):
            config = {key: str(it) if isinstance(it, int | float) else it for key, it in config.items()}
        return super().read_config(config)


@killed_by("config.refuses-null", "null for")
class NullIsAbsent(Open):
    """Takes null for nothing."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, without the nulls."""
        given = {key: it for key, it in config.items() if it is not None} if isinstance(config, dict) else config
        return super().read_config(given)


@killed_by("config.refuses-non-objects", "the wrong shape")
class FalseIsNone(Open):
    """Takes an empty unsaved config for none at all."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read one or the other."""
        return super().read_config(config or None)


@killed_by("config.requires-usage-types", "no template for")
class AnyTemplatesWillDo(Open):
    """Requires no usage type."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it["properties"]["templates"].pop("allOf"))


@killed_by("config.accepts-unknown-keys", "expected the message to be sent")
class ClosedConfig(Open):
    """Refuses keys that it does not know."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it.update(additionalProperties=False))


@killed_by("config.says-why", "list of issues")
class JustInvalid(Open):
    """Does not say what is wrong."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and say no more than no."""
        try:
            return super().read_config(config)
        except ConnectorError:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG) from None


@killed_by("config.not-mutated", "the config to stay")
class SortsTheConfig(Open):
    """Changes the caller's config."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and leave a note in it."""
        read = super().read_config(config)
        if isinstance(config, dict):
            config["lastUsed"] = "now"
        return read


@killed_by("config.not-mutated", "the message to stay")
class AddsToThePayload(Open):
    """Changes the caller's message."""

    def send_message(self, data: Any, config: object = None) -> object:  # noqa: ANN401 - either form
        """Send it, with a default."""
        if isinstance(data, dict) and isinstance(data.get("payload"), dict):
            data["payload"].setdefault("locale", "en")
        return super().send_message(data, config)


@killed_by("config.saved", "called once")
class ReadsTwice(Open):
    """Reads the saved config twice."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and read it."""
        if config is None:
            self.get_config(self.metadata.id)
        return super().read_config(config)


@killed_by("config.saved", "called once with")
class AsksForAnother(Open):
    """Asks for the config under another id."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it by the target."""
        return super().read_config(self.get_config(self.metadata.target) if config is None else config)


@killed_by("config.unsaved", "expected get_config not to be called")
class SavedComesFirst(Open):
    """Does not test what the operator is about to save."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read the saved one, if there is one."""
        return super().read_config(self.get_config(self.metadata.id) or config)


@killed_by("config.source-error", "get_config's own error")
class HidesTheStore(Open):
    """Takes a store that is down for a bad config."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, or blame it."""
        try:
            return super().read_config(config)
        except ConnectorError:
            raise
        except Exception:  # noqa: BLE001 - this is what is wrong
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG) from None


@frozen
class ConfigWithoutSet:
    """A config class that forgot a field."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    region: str
    templates: tuple[Template, ...] = field(repr=False)
    email_address: str | None = None
    email_address_identity_arn: str | None = None
    feedback_forwarding_email_address: str | None = None
    feedback_forwarding_email_address_identity_arn: str | None = None
    configuration_set_name = None  # no annotation, so no field


@killed_by("config.class-matches-schema", "configurationSetName")
class ForgetsTheSet(Open):
    """Has a schema and a class that do not say the same."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithoutSet)


# --- routing --------------------------------------------------------------------------------------------------------


@killed_by("routing.exact-match", "the first with that usageType")
class AlwaysGeneric(Open):
    """Sends everything with one template."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose without looking."""
        del message
        return get_config_template_by_type("Generic", config)


@killed_by("routing.custom-type", "the first with that usageType")
class KnownTypesOnly(Open):
    """Matches only what was known when it was written."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose by enum."""
        known = message.type if isinstance(message.type, TemplateType) else "Generic"
        return get_config_template_by_type(known, config)


@killed_by("routing.first-match-wins", "the first of several")
class LastMatchWins(Open):
    """Keeps templates in a dict."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose by key."""
        by_type = {template.usage_type: template for template in config.templates}
        return by_type.get(message.type) or by_type["Generic"]


@killed_by("routing.generic-fallback", "the first for Generic")
class FirstIsFallback(Open):
    """Falls back on whatever stands first."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose, or take the first."""
        return next((it for it in config.templates if it.usage_type == message.type), config.templates[0])


@killed_by("routing.unknown-type", "expected the message to be sent")
class RefusesUnknownTypes(Open):
    """Sends no message that it has no name for."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose, or give up."""
        return super().pick(config, message) if isinstance(message.type, TemplateType) else None


@killed_by("routing.exact-case", "and not the one for")
class CaseDoesNotMatter(Open):
    """Compares usage types loosely."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose by what it sounds like."""
        wanted = message.type.lower()
        loose = (it for it in config.templates if it.usage_type.strip().lower() == wanted)
        return next(loose, None) or super().pick(config, message)


@killed_by("routing.order-independent", "wherever it stands")
class ByPosition(Open):
    """Takes templates by their place in the form's default order."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose by index."""
        order = [str(kind) for kind in TemplateType]
        index = order.index(message.type) if message.type in order else 0
        return config.templates[min(index, len(config.templates) - 1)]


@killed_by("routing.each-message", "by this message and this config alone")
class RemembersRoutes(Open):
    """Caches what it chose by type, whatever the config."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._routes: dict[str, Any] = {}

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose once."""
        if message.type not in self._routes:
            self._routes[message.type] = super().pick(config, message)
        return self._routes[message.type]


@killed_by("routing.i18n-first", "the managed template")
class IgnoresManaged(Open):
    """Never asks Logto for a template."""

    def _i18n_template(self, message: SendMessageData) -> None:
        del message


@killed_by("routing.i18n-none", "for Generic")
class ManagedOrGeneric(Open):
    """Does without its own templates, but for one, once Logto could manage them."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose the one."""
        return get_config_template_by_type("Generic" if self.get_i18n_email_template else message.type, config)


@killed_by("routing.i18n-raising", "expected the message to be sent")
class ManagedMayBreak(Open):
    """Lets a template store that is down stop the message."""

    def _i18n_template(self, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        found = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        return found and super()._i18n_template(message)


@killed_by("routing.i18n-arguments", "to be called with")
class AlwaysEnglish(Open):
    """Asks for English where it was told no language."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route and render in English."""
        payload = {"locale": "en", **message.payload}
        return super().compose(config, evolve(message, payload=payload))


# --- rendering ------------------------------------------------------------------------------------------------------


@killed_by("rendering.fills", "expected the body")
class FillsOnce(Open):
    """Replaces only the first placeholder."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render a little."""
        return re.sub(r"\{\{\s*code\s*\}\}", lambda _: str(payload.get("code")), template, count=1)


@killed_by("rendering.fills", "expected the subject")
class PlainSubject(Open):
    """Renders the content and not the subject."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route, and render half."""
        email = super().compose(config, message)
        template: Any = email.template
        return evolve(email, subject=template.subject)


@killed_by("rendering.white-space", "expected the body")
class NoWhiteSpace(Open):
    """Knows only the tight form."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render what is tight."""
        for key, value in payload.items():
            template = template.replace(f"{{{{{key}}}}}", to_string(value))
        return template


@killed_by("rendering.unknown-stays", "expected the body")
class UnknownVanishes(Open):
    """Leaves nothing of a name that it does not know."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, and sweep."""
        return re.sub(r"\{\{[^{}]*\}\}", "", super().fill(template, payload))


@killed_by("rendering.no-prototype", "expected the body")
class LikeJavaScript(Open):
    """Finds what every JavaScript object has."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render as upstream does."""
        return super().fill(template, {"toString": "function toString() { [native code] }", **payload})


@killed_by("rendering.nested", "expected the body")
class Flat(Open):
    """Does not follow dots."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render names without dots."""
        return re.sub(
            r"\{\{\s*(\w+)\s*\}\}", lambda it: to_string(payload[it[1]]) if it[1] in payload else it[0], template
        )


@killed_by("rendering.one-pass", "expected the body")
class UntilNothingChanges(Open):
    """Fills in what users typed."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render twice."""
        return super().fill(super().fill(template, payload), payload)


@killed_by("rendering.literal-values", "expected the body")
class ValueIsAPattern(Open):
    """Gives a value to re.sub as its replacement."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render by pattern."""
        name = payload.get("name")
        if isinstance(name, str):
            template = re.sub(r"\{\{(name)\}\}", name, template)
        return super().fill(template, payload)


@killed_by("rendering.literal-values", "expected the body")
class EscapesHtml(Open):
    """Escapes values that the contract puts in as they are."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render safely, as it thinks."""
        escaped = {key: html.escape(it) if isinstance(it, str) else it for key, it in payload.items()}
        return super().fill(template, escaped)


@killed_by("rendering.javascript-values", "expected the body")
class LikePython(Open):
    """Prints values as Python does."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render with str."""
        return re.sub(
            r"\{\{\s*([\w.]+)\s*\}\}",
            lambda it: str(get_value(payload, it[1])) if it[1].partition(".")[0] in payload else it[0],
            template,
        )


@killed_by("rendering.text", "expected the body")
class TrimsText(Open):
    """Tidies up what the author wrote."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render, and strip."""
        return super().fill(template, payload).strip()


@killed_by("rendering.i18n", "expected the body")
class ManagedAsIs(Open):
    """Does not render what Logto manages."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route, and render the config's own."""
        email = super().compose(config, message)
        template: Any = email.template
        return email if isinstance(template, Template) else evolve(email, body=template.content)


# --- delivery -------------------------------------------------------------------------------------------------------


@killed_by("delivery.one-call", "found 2")
class SendsTwice(Open):
    """Makes sure."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and make it again."""
        super().call(config, request)
        return super().call(config, request)


@killed_by("delivery.recipient", "one recipient")
class KeepsACopy(Open):
    """Sends every code to the archive too."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, with one more recipient."""
        request = super().request(config, email)
        request["Destination"]["ToAddresses"].append("archive@example.com")
        return request


@killed_by("delivery.recipient-once", "one recipient")
class RemembersRecipients(Open):
    """Adds each recipient to those before."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._recipients: list[str] = []

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it for everybody so far."""
        self._recipients.append(email.to)
        return super().request(config, email) | {"Destination": {"ToAddresses": list(self._recipients)}}


@killed_by("delivery.form", "UTF-8")
class Latin(Open):
    """Declares another charset than it uses."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, as Latin-1."""
        request = super().request(config, email)
        request["Content"]["Simple"]["Subject"]["Charset"] = "ISO-8859-1"
        return request


@killed_by("delivery.sender", "as the sender")
class BareSender(Open):
    """Drops the display name."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, with an address alone."""
        request = super().request(config, email)
        if "FromEmailAddress" in request:
            request["FromEmailAddress"] = re.sub(r".*<|>", "", request["FromEmailAddress"])
        return request


@killed_by("delivery.sender", "as the sender, found none")
class NoSender(Open):
    """Never says who sends."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, unsigned."""
        request = super().request(config, email)
        request.pop("FromEmailAddress", None)
        return request


@killed_by("delivery.credentials", "expected the region")
class OneRegion(Open):
    """Talks to one region whatever the config says."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call somewhere else."""
        return super().call(evolve(config, region="us-east-1"), request)


@killed_by("config.unsaved", "accessKeyId in the credential scope")
class KeepsTheFirstClient(Open):
    """Goes on with the keys it started with."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._first: AwsSesConfig | None = None

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call with the first config's client."""
        self._first = self._first or config
        return super().call(self._first, request)


@killed_by("delivery.credentials", "accessKeySecret")
class WrongSecret(Open):
    """Signs with a trimmed secret."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, badly signed."""
        return super().call(evolve(config, access_key_secret=config.access_key_secret[:-1]), request)


@killed_by("delivery.options", "FeedbackForwardingEmailAddress")
class NoFeedback(Open):
    """Forgets where bounces go."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, without feedback."""
        request = super().request(config, email)
        request.pop("FeedbackForwardingEmailAddress", None)
        return request


@killed_by("delivery.options", "ConfigurationSetName")
class DefaultSet(Open):
    """Sets what the config does not."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, with a default."""
        return {"ConfigurationSetName": "default", **super().request(config, email)}


@killed_by("delivery.result", "message id")
class ReturnsNothing(Open):
    """Keeps the id to itself."""

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read the answer, and forget it."""
        super().accepted(answer)
        return None


@killed_by("delivery.html", "HTML body alone")
class BothParts(Open):
    """Sends the markup as plain text too."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it twice."""
        request = super().request(config, email)
        request["Content"]["Simple"]["Body"] |= {"Text": {"Data": email.body, "Charset": "UTF-8"}}
        return request


@killed_by("delivery.content-type", "plain text alone")
class AlwaysHtml(Open):
    """Knows no plain text."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route and render as HTML."""
        return evolve(super().compose(config, message), content_type="text/html")


@killed_by("delivery.reply-to", "expected reply-to")
class NoReply(Open):
    """Drops replyTo."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route and render, without it."""
        return evolve(super().compose(config, message), reply_to=None)


@killed_by("delivery.subject-is-one-line", "without control characters")
class ManyLinedSubject(Open):
    """Lets a value break the subject line."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, as rendered."""
        request = super().request(config, email)
        request["Content"]["Simple"]["Subject"]["Data"] = email.subject
        return request


# --- errors ---------------------------------------------------------------------------------------------------------


def _recoded(wrong: ConnectorErrorCodes, *right: ConnectorErrorCodes) -> type[Open]:
    class Recoded(Open):
        """Gives an error another code."""

        def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
            """Translate it wrongly."""
            failure = super().failure(error, config, email)
            if isinstance(failure, ConnectorError) and failure.code in right:
                return ConnectorError(wrong, failure.data)
            return failure

    return Recoded


_Codes = ConnectorErrorCodes
ThrottleIsAResponse = killed_by("errors.throttle", "rate_limit_exceeded")(
    _recoded(_Codes.INVALID_RESPONSE, _Codes.RATE_LIMIT_EXCEEDED),
)
QuotaIsAThrottle = killed_by("errors.quota", "usage_limit_exceeded")(
    _recoded(_Codes.RATE_LIMIT_EXCEEDED, _Codes.USAGE_LIMIT_EXCEEDED),
)
RefusalIsGeneral = killed_by("errors.refusal", "invalid_response")(_recoded(_Codes.GENERAL, _Codes.INVALID_RESPONSE))
KeysAreUnauthorized = killed_by("errors.credentials", "invalid_response")(
    _recoded(_Codes.AUTHORIZATION_FAILED, _Codes.INVALID_RESPONSE),
)
FaultIsAThrottle = killed_by("errors.fault", "invalid_response")(
    _recoded(_Codes.RATE_LIMIT_EXCEEDED, _Codes.INVALID_RESPONSE),
)


@killed_by("errors.broken-answer", "it returned normally")
class AnySuccessWillDo(Open):
    """Takes anything in the two hundreds for acceptance."""

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read it without looking."""
        return answer.get("MessageId")


@killed_by("errors.network", "no ConnectorError")
class RawNetworkErrors(Open):
    """Lets botocore's exceptions out."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate only refusals."""
        failure = super().failure(error, config, email)
        return error if isinstance(failure, ConnectorError) and failure.code is _Codes.GENERAL else failure


@killed_by("errors.message", "what the provider said")
class SomethingWentWrong(Open):
    """Tells the operator nothing."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it to nothing."""
        failure = super().failure(error, config, email)
        code = failure.code if isinstance(failure, ConnectorError) else _Codes.GENERAL
        return ConnectorError(code, "Something went wrong.")


@killed_by("errors.data-is-json", "data that is JSON")
class ExceptionAsData(Open):
    """Puts an exception where JSON belongs."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and add it."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["cause"] = error
        return failure


@killed_by("errors.recovers", "expected the message to be sent")
class BreaksForGood(Open):
    """Refuses everything after one failure."""

    broken = False

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, until it once fails."""
        if self.broken:
            raise ConnectorError(_Codes.GENERAL, "The circuit is open.")
        try:
            return super().deliver(config, email)
        except ConnectorError:
            self.broken = True
            raise


@killed_by("errors.not-repeated", "expected one call")
class TriesAgain(Open):
    """Repeats whatever fails."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and make it again."""
        try:
            return super().call(config, request)
        except Exception:  # noqa: BLE001 - this is what is wrong
            return super().call(config, request)


@killed_by("errors.bad-message", "no ConnectorError")
class TrustsTheMessage(Open):
    """Takes the message as it comes."""

    def send_message(self, data: Any, config: object = None) -> object:  # noqa: ANN401 - either form
        """Send it, unread."""
        message = SendMessageData(data["to"], data["type"], data["payload"])
        settings = self.read_config(config)
        return self.deliver(settings, self.compose(settings, message))


# --- secrets --------------------------------------------------------------------------------------------------------


@killed_by("secrets.failed-send", "accessKeySecret")
class ConfigInTheError(Open):
    """Adds the config to the error, to be helpful."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, with all there is."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["secret"] = config.access_key_secret
        return failure


@killed_by("secrets.failed-send", "when the provider answers 'throttled'")
class TellsAllWhenThrottled(Open):
    """Leaks on one path alone."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and tell the secret when it is a throttle."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and failure.code is _Codes.RATE_LIMIT_EXCEEDED:
            return ConnectorError(failure.code, f"Throttled for {config.access_key_secret}.")
        return failure


@killed_by("secrets.failed-send", "verification code")
class RequestInTheChain(Open):
    """Shows the request in the error's cause."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and name the request when it fails."""
        try:
            return super().call(config, request)
        except Exception as error:
            error.add_note(f"The payload was {self._latest}.")
            raise

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and keep the payload at hand."""
        self._latest = dict(email.data.payload)
        return super().deliver(config, email)


@killed_by("secrets.echo", "verification code")
class PassesEchoesOn(Open):
    """Repeats what a careless provider repeats."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, unredacted."""
        del config, email
        return send_failure(error, ())


class _TalkativeGuard(Guard[Any]):
    def validate(self, value: Any) -> Any:  # noqa: ANN401 - see Guard
        """Say what was refused, value and all."""
        if not self.is_valid(value):
            issues = [{"path": "$", "message": f"{value!r} is not valid"}]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})
        return super().validate(value)


@killed_by("secrets.invalid-config", "accessKeySecret")
class RepeatsTheConfig(Open):
    """Repeats a refused config in the error."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _TalkativeGuard("aws-ses-config", AwsSesConfig)


@killed_by("secrets.misplaced", "a misplaced secret")
class RepeatsTheValue(Open):
    """Repeats a refused value in the error, as jsonschema's own messages do."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, in jsonschema's words."""
        try:
            return validate_config(config, aws_ses_config_guard)
        except ConnectorError:
            errors = list(aws_ses_config_guard._validator.iter_errors(config))
            raise ConnectorError(_Codes.INVALID_CONFIG, {"issues": [it.message for it in errors]}) from None


@killed_by("secrets.log", "verification code")
class LogsTheMessage(Open):
    """Logs what it sends."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and tell."""
        logging.getLogger(__name__).info("Sending %s to %s", dict(email.data.payload), email.to)
        return super().deliver(config, email)


@frozen
class ConfigThatShows(AwsSesConfig):
    """A config class whose repr shows the keys."""

    access_key_secret: str = field(kw_only=True)


@killed_by("secrets.repr", "accessKeySecret")
class ShowsItsKeys(Open):
    """Has a config class with a plain repr."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigThatShows)


__all__ = ["WRONG", "Open", "Wrong"]
