"""Wrong connectors for bodies, defaults of the config, limits of a medium, and variables of provider-side templates."""

import html
import itertools
from typing import Any, ClassVar

from attrs import evolve

from connector_kit import Email, EmailTemplateDetails, Sms
from tests.conformance.right_connectors.bodies import (
    AlternativeMail,
    BuiltInMail,
    DefaultsMail,
    LayoutMail,
    MailConfig,
    MimeMail,
    MimeProvider,
    spec,
    text_of_html,
    without_templates,
)
from tests.conformance.right_connectors.text_messages import (
    TEXT_MESSAGES,
    BuiltInTexts,
    FlatTexts,
    GsmTexts,
    ListTexts,
    NamedTexts,
    PartTexts,
    PlusTexts,
    named_spec,
)
from tests.conformance.wrong_connectors.base import killed_by

ALTERNATIVE = spec(AlternativeMail)
LAYOUT = spec(LayoutMail, "layout", "subject-prefix")
TEXTS = {it.connector: it for it in TEXT_MESSAGES}


@killed_by("delivery.text-alternative", "expected the text part to contain", spec=ALTERNATIVE)
class TextWithoutTheCode(AlternativeMail):
    """Tells readers of plain text to open the HTML."""

    def parts(self, email: Email) -> dict[str, str]:
        parts = super().parts(email)
        return {**parts, "text": "Please open this message in HTML."} if "html" in parts else parts


@killed_by("delivery.text-alternative", "expected the text part to contain", spec=ALTERNATIVE)
class TextOfTheLastMessage(AlternativeMail):
    """Sends the text part of the message before."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._last: str | None = None

    def parts(self, email: Email) -> dict[str, str]:
        parts = super().parts(email)
        if "html" not in parts:
            return parts
        own, self._last = self._last or parts["text"], parts["text"]
        return {**parts, "text": own}


@killed_by("delivery.text-alternative", "expected the text part to contain", spec=ALTERNATIVE)
class TextWithoutLinks(AlternativeMail):
    """Drops the addresses of links from the text part."""

    def parts(self, email: Email) -> dict[str, str]:
        parts = super().parts(email)
        if "html" in parts and 'href="' in parts["html"]:
            parts["text"] = text_of_html(parts["html"].replace("<a ", "<b ").replace("</a>", "</b>"))
        return parts


@killed_by("delivery.content-type", "as plain text only", spec=ALTERNATIVE)
class HtmlOfPlainText(AlternativeMail):
    """Adds an HTML part to a plain-text template."""

    def parts(self, email: Email) -> dict[str, str]:
        parts = super().parts(email)
        return {**parts, "html": f"<pre>{html.escape(parts['text'])}</pre>"} if "html" not in parts else parts


@killed_by("rendering.html-templates", "the body", spec=LAYOUT)
class LayoutWithTheTextOnly(LayoutMail):
    """Puts the text of the content into the layout, without its markup and spaces."""

    def parts(self, email: Email) -> dict[str, str]:
        parts = super().parts(email)
        if "html" in parts:
            parts["html"] = parts["html"].replace(f"<td>{email.body}</td>", "<td>Your code has arrived.</td>")
        return parts


@killed_by("rendering.html-templates", "the body", spec=LAYOUT)
class LayoutThatEscapes(LayoutMail):
    """Escapes the content, which becomes visible markup."""

    def parts(self, email: Email) -> dict[str, str]:
        parts = super().parts(email)
        if "html" in parts:
            parts["html"] = parts["html"].replace(f"<td>{email.body}</td>", f"<td>{html.escape(email.body)}</td>")
        return parts


@killed_by("rendering.long-texts", "the body", spec=LAYOUT)
class LayoutThatCuts(LayoutMail):
    """Shows the first 20,000 characters of the content."""

    def parts(self, email: Email) -> dict[str, str]:
        return super().parts(evolve(email, body=email.body[:20_000]))


@killed_by("rendering.replaces-placeholders", "the subject", spec=LAYOUT)
class PrefixOnly(LayoutMail):
    """Sends only the prefix as the subject of managed templates and of long subjects."""

    def subject(self, email: Email) -> str:
        return "[Example] Your code" if len(email.subject) > 20 else super().subject(email)


@killed_by("delivery.i18n-settings", "for a managed template", spec=spec(DefaultsMail))
class NoReplyToOfTheConfig(DefaultsMail):
    """Ignores the config's reply-to if Logto manages the template."""

    def request(self, config: MailConfig, email: Email) -> dict[str, Any]:
        is_managed = isinstance(email.template, EmailTemplateDetails)
        return super().request(evolve(config, reply_to=None) if is_managed else config, email)


@killed_by("delivery.i18n-settings", "for a managed template", spec=spec(DefaultsMail))
class TracksManagedTemplates(DefaultsMail):
    """Drops the tracking option if Logto manages the template."""

    def request(self, config: MailConfig, email: Email) -> dict[str, Any]:
        is_managed = isinstance(email.template, EmailTemplateDetails)
        return super().request(evolve(config, track_opens=None) if is_managed else config, email)


@killed_by("delivery.reply-to", "the reply-to", spec=spec(DefaultsMail))
class PrefersTheConfigsReplyTo(DefaultsMail):
    """Prefers the config's reply-to to that of the template."""

    def request(self, config: MailConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, reply_to=config.reply_to or email.reply_to))


@killed_by("rendering.html-templates", "the body", spec=spec(MimeMail, provider=MimeProvider))
class MimeInLatin1(MimeMail):
    """Replaces characters outside ISO-8859-1 in the document."""

    def document(self, config: MailConfig, email: Email) -> Any:
        return super().document(config, evolve(email, body=email.body.encode("latin-1", "replace").decode("latin-1")))


@killed_by("delivery.code", "expected the body to contain the", spec=without_templates(spec(BuiltInMail)))
class BuiltInWithoutTheLink(BuiltInMail):
    """Shows the code only, also in an invitation."""

    def compose(self, config: Any, message: Any) -> Email:
        shown = {key: it for key, it in message.payload.items() if key != "link"}
        return super().compose(config, evolve(message, payload=shown))


@killed_by("delivery.code", "expected the body to contain the", spec=TEXTS[BuiltInTexts])
class BuiltInWithoutTheCode(BuiltInTexts):
    """Has a Spanish text without the code."""

    texts: ClassVar = {**BuiltInTexts.texts, "es": "Su código ha llegado."}


@killed_by("delivery.recipient", "the recipients", spec=TEXTS[PlusTexts])
class AddsACountry(PlusTexts):
    """Adds the country code 1 to short numbers."""

    def number(self, sms: Sms) -> str:
        return f"+1{sms.to}" if len(sms.to) <= 10 else super().number(sms)


@killed_by("delivery.recipient", "the recipients", spec=TEXTS[PlusTexts])
class CutsTheNumber(PlusTexts):
    """Sends the first 12 digits."""

    def number(self, sms: Sms) -> str:
        return super().number(sms)[:13]


@killed_by("rendering.long-texts", "the body", spec=TEXTS[PlusTexts])
class CutsTextMessages(PlusTexts):
    """Cuts a text message after 160 characters."""

    def request(self, config: Any, sms: Sms) -> dict[str, Any]:
        return super().request(config, evolve(sms, content=sms.content[:160]))


@killed_by("rendering.long-texts", "the body", spec=TEXTS[PartTexts])
class LosesTheLastPart(PartTexts):
    """Sends at most four parts."""

    def deliver(self, config: Any, sms: Sms) -> object:
        return super().deliver(config, evolve(sms, content=sms.content[:600]))


@killed_by("rendering.literal-values", "the body", spec=TEXTS[GsmTexts])
class DropsGsmExtensions(GsmTexts):
    """Drops characters of the GSM extension table, which the medium has."""

    def deliver(self, config: Any, sms: Sms) -> object:
        return super().deliver(config, evolve(sms, content=sms.content.translate({ord(it): None for it in "[]~|€\\"})))


NAMED, FLAT, LIST = (named_spec(it) for it in (NamedTexts, FlatTexts, ListTexts))


@killed_by("delivery.template-variables", "expected the variables", spec=NAMED)
class SendsNoVariables(NamedTexts):
    """Sends the name of the template without variables."""

    def variables(self, sms: Sms) -> Any:
        del sms
        return {}


@killed_by("delivery.template-variables", "expected the variables", spec=NAMED)
class SendsTheCodeOnly(NamedTexts):
    """Sends the code and leaves out the other variables."""

    def variables(self, sms: Sms) -> Any:
        return {"code": sms.data.payload.code} if "code" in sms.data.payload else super().variables(sms)


@killed_by("delivery.template-variables", "variable", spec=NAMED)
class SendsEarlierVariables(NamedTexts):
    """Keeps variables of earlier messages where a message has none of that name, and sends each only once."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._known: dict[str, Any] = {}

    def variables(self, sms: Sms) -> Any:
        self._known = {**super().variables(sms), **self._known}
        return self._known


@killed_by("delivery.template-variables", "of an earlier message", spec=NAMED)
class AddsEarlierVariables(NamedTexts):
    """Adds variables that only an earlier message had."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._known: dict[str, Any] = {}

    def variables(self, sms: Sms) -> Any:
        self._known = {**self._known, **super().variables(sms)}
        return self._known


@killed_by("delivery.template-variables", "expected the variables", spec=FLAT)
class NumbersInVariables(FlatTexts):
    """Sends codes of digits as numbers, without leading zeros."""

    def variables(self, sms: Sms) -> Any:
        return {key: int(it) if it.isdecimal() else it for key, it in super().variables(sms).items()}


@killed_by("delivery.template-variables", "expected the variables", spec=LIST)
class CountsMessages(ListTexts):
    """Sends a serial number instead of the code."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._numbers = itertools.count(100_000)

    def variables(self, sms: Sms) -> Any:
        del sms
        return [str(next(self._numbers)), "10"]


@killed_by("delivery.template-variables", "expected the variables", spec=LIST)
class ListWithoutLinks(ListTexts):
    """Sends an empty value for a message with a link."""

    def variables(self, sms: Sms) -> Any:
        return [sms.data.payload.code or "", "10"]
