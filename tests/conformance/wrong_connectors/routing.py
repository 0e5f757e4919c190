"""Connectors that choose the wrong template."""

import unicodedata
from typing import Any

from attrs import evolve

from connector_kit import (
    Email,
    EmailTemplateDetails,
    SendMessageData,
    TemplateType,
    get_config_template_by_type,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.open import Open, killed_by


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


@killed_by("routing.i18n-object", "expected subject and body of the managed template")
class KnowsJsonAlone(Open):
    """Takes a managed template that is an object for none."""

    def _i18n_template(self, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        found = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        return None if isinstance(found, EmailTemplateDetails) else super()._i18n_template(message)


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


@killed_by("routing.i18n-each-message", "this message's own managed template")
class RemembersManaged(Open):
    """Keeps what Logto manages, by type."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._kept: dict[str, Any] = {}

    def _i18n_template(self, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        if message.type not in self._kept:
            self._kept[message.type] = super()._i18n_template(message)
        return self._kept[message.type]


@killed_by("routing.i18n-malformed", "expected the message to be sent")
class TrustsManaged(Open):
    """Takes what Logto manages as it comes."""

    def _i18n_template(self, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        found: Any = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        return found and EmailTemplateDetails(found["subject"], found["content"])


@killed_by("routing.i18n-malformed", "found none of the config's templates")
class MakesDoWithHalf(Open):
    """Sends a managed template of which half is missing."""

    def _i18n_template(self, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        found: Any = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        if not isinstance(found, dict) or not found:
            return super()._i18n_template(message)
        return EmailTemplateDetails(str(found.get("subject", "Code")), str(found.get("content", "{{code}}")))


@killed_by("routing.i18n-oddly-equipped", "of the managed template with")
class StrictAboutManaged(Open):
    """Passes a managed template over for what stands beside its texts."""

    def _i18n_template(self, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        found: Any = self.get_i18n_email_template and self.get_i18n_email_template(message.type, message.payload.locale)
        if not isinstance(found, dict) or found.get("contentType") in {None, "text/html", "text/plain"}:
            return super()._i18n_template(message)
        return None


@killed_by("routing.many-templates", "one of many")
class FirstHundred(Open):
    """Looks at a hundred templates."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose among the first."""
        return super().pick(evolve(config, templates=config.templates[:100]), message)


@killed_by("routing.odd-type", "the first with that usageType")
class OneFormOfCharacters(Open):
    """Compares usage types as Unicode normalizes them."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose by what it looks like."""
        wanted = unicodedata.normalize("NFC", message.type)
        alike = (it for it in config.templates if unicodedata.normalize("NFC", it.usage_type) == wanted)
        return next(alike, None) or super().pick(config, message)


@killed_by("routing.odd-type", "the first with that usageType")
class NoTypeIsGeneric(Open):
    """Takes an empty type for none."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose by type, if there is one."""
        return super().pick(config, message if message.type else evolve(message, type="Generic"))


@killed_by("routing.empty-template", "expected the empty content")
class NothingIsGeneric(Open):
    """Takes an empty template for none."""

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose what says something."""
        template = super().pick(config, message)
        return template if template.content else next(it for it in config.templates if it.content)


@killed_by("routing.empty-template", "expected an empty subject to be sent")
class NeedsASubject(Open):
    """Breaks on an empty subject."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, by the subject's first letter."""
        email.subject[0].isupper()
        return super().request(config, email)
