"""Connectors that use the wrong template."""

import unicodedata
from typing import Any

from attrs import evolve

from connector_kit import (
    Email,
    EmailTemplateDetails,
    SendMessageData,
    TemplateMessage,
    TemplateType,
    get_config_template_by_type,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors.template_ids import TEMPLATE_IDS, NamedConfig, TemplateIds
from tests.conformance.wrong_connectors.base import BaseSes, killed_by


@killed_by("routing.exact-match", "('Generic')")
class AlwaysGeneric(BaseSes):
    """Uses the Generic template for every message."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        del message
        return get_config_template_by_type("Generic", config)


@killed_by("routing.custom-type", "('Generic')")
class KnownTypesOnly(BaseSes):
    """Uses the Generic template for each type that Logto does not define."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        known = message.type if isinstance(message.type, TemplateType) else "Generic"
        return get_config_template_by_type(known, config)


@killed_by("routing.first-match-wins", "found template")
class LastMatchWins(BaseSes):
    """Uses the last of several templates with the same usageType."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        by_type = {template.usage_type: template for template in config.templates}
        return by_type.get(message.type) or by_type["Generic"]


@killed_by("routing.generic-fallback", "found template 1")
class FirstTemplateAsFallback(BaseSes):
    """Uses the first template, instead of the Generic one, when none matches."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        return next((it for it in config.templates if it.usage_type == message.type), config.templates[0])


@killed_by("routing.unknown-type", "expected the message to be sent")
class RejectsUnknownTypes(BaseSes):
    """Raises template_not_found for a type that Logto does not define."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        return super().pick(config, message) if isinstance(message.type, TemplateType) else None


@killed_by("routing.case-sensitive", "found template 1")
class IgnoresCase(BaseSes):
    """Compares usage types without regard to case and white space."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        wanted = message.type.lower()
        loose = (it for it in config.templates if it.usage_type.strip().lower() == wanted)
        return next(loose, None) or super().pick(config, message)


@killed_by("routing.order-independent", "found template")
class TemplateByPosition(BaseSes):
    """Chooses a template by its position instead of its usageType."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        order = [str(kind) for kind in TemplateType]
        index = order.index(message.type) if message.type in order else 0
        return config.templates[min(index, len(config.templates) - 1)]


@killed_by("routing.stateless", "found template")
class CachesTemplates(BaseSes):
    """Caches the template of each type, although the config changes."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._routes: dict[str, Any] = {}

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        if message.type not in self._routes:
            self._routes[message.type] = super().pick(config, message)
        return self._routes[message.type]


@killed_by("routing.i18n-first", "the managed template")
class IgnoresManagedTemplates(BaseSes):
    """Never calls get_i18n_email_template."""

    def _i18n_template(self, message: SendMessageData) -> None:
        del message


@killed_by("routing.i18n-details-object", "expected the subject and body of the managed template")
class ManagedTemplatesAsJsonOnly(BaseSes):
    """Ignores a managed template that is an EmailTemplateDetails object."""

    def _i18n_template(self, message: SendMessageData) -> Any:
        found = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        return None if isinstance(found, EmailTemplateDetails) else super()._i18n_template(message)


@killed_by("routing.i18n-missing", "('Generic')")
class GenericWithoutManagedTemplate(BaseSes):
    """Uses the Generic template of the config whenever there is no managed template."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        return get_config_template_by_type("Generic" if self.get_i18n_email_template else message.type, config)


@killed_by("routing.i18n-error", "it raised RuntimeError")
class TemplateErrorStopsMessage(BaseSes):
    """Raises the exception of get_i18n_email_template."""

    def _i18n_template(self, message: SendMessageData) -> Any:
        found = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        return found and super()._i18n_template(message)


@killed_by("routing.i18n-arguments", "to be called with")
class DefaultsToEnglish(BaseSes):
    """Requests the English template for a message without a locale."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        payload = {"locale": "en", **message.payload}
        return super().compose(config, evolve(message, payload=payload))


@killed_by("routing.i18n-stateless", "of this message's own template")
class CachesManagedTemplates(BaseSes):
    """Caches the managed template of each type."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._kept: dict[str, Any] = {}

    def _i18n_template(self, message: SendMessageData) -> Any:
        if message.type not in self._kept:
            self._kept[message.type] = super()._i18n_template(message)
        return self._kept[message.type]


@killed_by("routing.i18n-invalid", "expected the message to be sent")
class RaisesOnInvalidManagedTemplate(BaseSes):
    """Raises an AttributeError for a managed template without a content."""

    def _i18n_template(self, message: SendMessageData) -> Any:
        found: Any = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        return found and EmailTemplateDetails(found["subject"], found["content"])


@killed_by("routing.i18n-invalid", "found ['managed-template.")
class CompletesManagedTemplate(BaseSes):
    """Uses a managed template without a subject or content, and fills in a default."""

    def _i18n_template(self, message: SendMessageData) -> Any:
        found: Any = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        if not isinstance(found, dict) or not found:
            return super()._i18n_template(message)
        return EmailTemplateDetails(str(found.get("subject", "Code")), str(found.get("content", "{{code}}")))


@killed_by("routing.i18n-invalid-optional-fields", "of the managed template with")
class RejectsUnknownContentType(BaseSes):
    """Ignores a managed template with an unknown contentType."""

    def _i18n_template(self, message: SendMessageData) -> Any:
        found: Any = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        if not isinstance(found, dict) or found.get("contentType") in {None, "text/html", "text/plain"}:
            return super()._i18n_template(message)
        return None


@killed_by("routing.many-templates", "expected template 1000")
class FirstHundredTemplates(BaseSes):
    """Uses only the first hundred templates."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        return super().pick(evolve(config, templates=config.templates[:100]), message)


@killed_by("routing.unusual-type", "('\\xe9')")
class NormalizesTypes(BaseSes):
    """Compares usage types after Unicode normalization."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        wanted = unicodedata.normalize("NFC", message.type)
        alike = (it for it in config.templates if unicodedata.normalize("NFC", it.usage_type) == wanted)
        return next(alike, None) or super().pick(config, message)


@killed_by("routing.unusual-type", "of type ''")
class EmptyTypeIsGeneric(BaseSes):
    """Uses the Generic template for a message whose type is empty."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        return super().pick(config, message if message.type else evolve(message, type="Generic"))


@killed_by("routing.empty-template", "expected the content of the message's own template")
class SkipsEmptyTemplate(BaseSes):
    """Uses another template when the content of the right one is empty."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        template = super().pick(config, message)
        return template if template.content else next(it for it in config.templates if it.content)


@killed_by("routing.empty-template", "expected an empty subject to be sent")
class RaisesOnEmptySubject(BaseSes):
    """Raises an IndexError for an empty subject."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        email.subject[0].isupper()
        return super().request(config, email)


@killed_by("routing.exact-match", "found ['template-001. templatecode a']", spec=TEMPLATE_IDS)
class LowerCaseTemplateName(TemplateIds):
    """Writes the name of the provider's template in lower case."""

    def compose(self, config: NamedConfig, message: SendMessageData) -> TemplateMessage:
        composed = super().compose(config, message)
        return evolve(composed, template=evolve(composed.template, name=str(composed.template.name).lower()))
