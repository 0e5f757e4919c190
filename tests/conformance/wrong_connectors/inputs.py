"""Wrong connectors for inputs as wide as reality: recipients, locales, contexts, codes, links, long texts, real HTML."""

import html
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import evolve

from connector_kit import ConnectorError, ConnectorErrorCodes, Email, EmailTemplateDetails, SendMessageData
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.base import BaseSes, killed_by


def _rejected(why: str) -> ConnectorError:
    return ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, why)


class _Recipients(BaseSes):
    """Changes or rejects recipients."""

    def recipient(self, to: str) -> str:
        """Return the recipient as it is sent."""
        return to

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        email = super().compose(config, message)
        return evolve(email, to=self.recipient(email.to))


@killed_by("delivery.recipient", "for the recipient 'First.Last@example.com' (capitals")
class LowercasesTheRecipient(_Recipients):
    """Lower-cases the local part, which is case-sensitive."""

    def recipient(self, to: str) -> str:
        return to.lower()


@killed_by("delivery.recipient", "(a plus tag)")
class DropsThePlusTag(_Recipients):
    """Removes the tag after a plus sign, as for a comparison of accounts."""

    def recipient(self, to: str) -> str:
        return re.sub(r"\+[^@]*@", "@", to)


class _RejectsByPattern(_Recipients):
    pattern = r".*"

    def recipient(self, to: str) -> str:
        if not re.fullmatch(self.pattern, to):
            raise _rejected("The recipient is not an e-mail address.")
        return to


@killed_by("delivery.recipient", "(an apostrophe)")
class RejectsApostrophes(_RejectsByPattern):
    """Accepts letters, digits, dots, hyphens, underscores and plus signs only."""

    pattern = r"[\w.+-]+@\S+"


@killed_by("delivery.recipient", "(a long top-level domain)")
class RejectsLongDomains(_RejectsByPattern):
    """Accepts top-level domains of two to six letters, or punycode."""

    pattern = r"\S+@\S+\.([A-Za-z]{2,6}|xn--\S+|[^\x00-\x7f]+|example)"


@killed_by("delivery.recipient", "(one-letter parts)")
class RejectsOneLetterParts(_RejectsByPattern):
    """Requires at least two characters before the at sign."""

    pattern = r"[^@]{2,}@\S+"


@killed_by("delivery.recipient", "(a long local part)")
class RejectsLongLocalParts(_RejectsByPattern):
    """Allows 32 characters before the at sign."""

    pattern = r"[^@]{1,32}@\S+"


@killed_by("delivery.recipient", "(an internationalized domain)")
class RejectsInternationalDomains(_Recipients):
    """Rejects a domain that is not ASCII."""

    def recipient(self, to: str) -> str:
        if not to.isascii():
            raise _rejected("The recipient is not ASCII.")
        return to


@killed_by("delivery.recipient", "(a punycode domain)")
class MangledPunycode(_Recipients):
    """Removes repeated hyphens from the domain."""

    def recipient(self, to: str) -> str:
        return to.replace("--", "-")


@killed_by("delivery.recipient", "(an underscore, a slash and other signs)")
class EncodesTheLocalPart(_Recipients):
    """Percent-encodes the local part."""

    def recipient(self, to: str) -> str:
        local, _, domain = to.rpartition("@")
        return f"{quote(local, safe='+' + chr(39))}@{domain}"


class _RequiresLocale(BaseSes):
    """Looks up texts by the payload's locale."""

    def language(self, locale: Any) -> None:
        """Look the locale up."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        self.language(message.payload.locale)
        return super().compose(config, message)


@killed_by("delivery.locale", "for the locale 'af-ZA'")
class KnowsFewLocales(_RequiresLocale):
    """Raises KeyError for a language without texts."""

    def language(self, locale: Any) -> None:
        _ = {"en": 1, "es": 1, "pt": 1, "zh": 1, "tr": 1, "ko": 1}[str(locale or "en").partition("-")[0]]


@killed_by("delivery.locale", "for the locale 'ar'")
class RequiresARegion(_RequiresLocale):
    """Splits a locale into language and region."""

    def language(self, locale: Any) -> None:
        if locale not in {None, "en", "es", "ko"}:
            _, _ = str(locale).split("-")


@killed_by("delivery.message", "a message with an IPv6 address")
class ReadsIpv4Only(BaseSes):
    """Logs the network of an IPv4 address, and fails for others."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        if message.ip is not None:
            _, _, _, _ = map(int, message.ip.split("."))
        return super().compose(config, message)


@killed_by("delivery.message", "IPv4-mapped")
class GuessesTheIpVersion(BaseSes):
    """Treats any address with a dot as IPv4."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        if message.ip is not None:
            (ipaddress.IPv4Address if "." in message.ip else ipaddress.IPv6Address)(message.ip)
        return super().compose(config, message)


@killed_by("delivery.message", "context with nulls")
class RequiresTheApplicationsName(BaseSes):
    """Reads the application's name, which may be missing or null."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        application: Any = message.payload.get("application", {"name": ""})
        _ = application["name"].strip()
        return super().compose(config, message)


@killed_by("delivery.message", "context with nulls")
class TextContextOnly(BaseSes):
    """Sends every member of the user as a tag, and expects text."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        user: Any = message.payload.get("user") or {}
        _ = "".join(f"{key}=" + value for key, value in user.items() if key != "profile")
        return super().compose(config, message)


@killed_by("delivery.message", "an invitation")
class RequiresACode(BaseSes):
    """Fails for a message without a code."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        _ = message.payload["code"] if "link" in message.payload else None
        return super().compose(config, message)


@killed_by("delivery.message", "Expected a code or a link")
class OneOfCodeAndLink(BaseSes):
    """Rejects a message that has both a code and a link."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        if {"code", "link"} <= message.payload.keys():
            raise _rejected("Expected a code or a link.")
        return super().compose(config, message)


class _Values(BaseSes):
    """Changes the values of a payload."""

    def change(self, name: str, value: Any) -> Any:
        """Return the value to insert."""
        del name
        return value

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(template, {name: self.change(name, value) for name, value in payload.items()})


@killed_by("rendering.codes", "to give the body")
class StripsLeadingZeros(_Values):
    """Reads the code as a number."""

    def change(self, name: str, value: Any) -> Any:
        return int(value) if name == "code" and isinstance(value, str) and value.isdecimal() else value


@killed_by("rendering.codes", "to give the body")
class PadsTheCode(_Values):
    """Pads a code to six digits."""

    def change(self, name: str, value: Any) -> Any:
        return value.zfill(6) if name == "code" and isinstance(value, str) and value else value


@killed_by("rendering.codes", "to give the body")
class UppercasesTheCode(_Values):
    """Upper-cases the code."""

    def change(self, name: str, value: Any) -> Any:
        return value.upper() if name == "code" and isinstance(value, str) else value


@killed_by("rendering.codes", "to give the body")
class GroupsTheCode(_Values):
    """Inserts a space into codes of eight characters."""

    def change(self, name: str, value: Any) -> Any:
        return f"{value[:4]} {value[4:]}" if name == "code" and len(str(value)) == 8 else value


@killed_by("rendering.codes", "to give the body")
class KnowsTheCodeOnly(BaseSes):
    """Does not replace the link."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(template, {name: it for name, it in payload.items() if name != "link"})


@killed_by("rendering.codes", "to give the body")
class EncodesTheLink(_Values):
    """Percent-encodes a link that is encoded already."""

    def change(self, name: str, value: Any) -> Any:
        return quote(value, safe=":/?&=#") if name == "link" and isinstance(value, str) else value


@killed_by("rendering.literal-values", "to give the body")
class JoinsLines(_Values):
    """Replaces line breaks in values by spaces, in the body too."""

    def change(self, name: str, value: Any) -> Any:
        del name
        return " ".join(value.split("\n")) if isinstance(value, str) else value


@killed_by("rendering.literal-values", "to give the body")
class DropsEmoji(_Values):
    """Removes characters outside the basic plane."""

    def change(self, name: str, value: Any) -> Any:
        del name
        return "".join(it for it in value if ord(it) < 0x10000) if isinstance(value, str) else value


@killed_by("rendering.literal-values", "to give the body")
class LimitsValues(_Values):
    """Cuts values after 255 characters."""

    def change(self, name: str, value: Any) -> Any:
        del name
        return value[:255] if isinstance(value, str) else value


@killed_by("rendering.context", "to give the body")
class FlattensOneLevel(_Values):
    """Removes members of members: the branding of an application, the profile of a user."""

    def change(self, name: str, value: Any) -> Any:
        if not isinstance(value, dict) or name not in {"application", "organization", "user", "inviter"}:
            return value
        return {key: it for key, it in value.items() if not isinstance(it, dict)}


@killed_by("rendering.context", "to give the body")
class PrintsNone(_Values):
    """Inserts the text None for a null inside the context."""

    def change(self, name: str, value: Any) -> Any:
        if not isinstance(value, dict) or name not in {"application", "organization", "user", "inviter"}:
            return value
        return {key: "None" if it is None else it for key, it in value.items()}


@killed_by("rendering.long-texts", "the subject")
class CutsLongSubjects(BaseSes):
    """Cuts the subject after 100 characters."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, subject=email.subject[:100]))


@killed_by("rendering.long-texts", "the body")
class CutsLongBodies(BaseSes):
    """Cuts a template after 10,000 characters."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        return super().fill(template[:10_000], payload)


@killed_by("rendering.long-texts", "expected the message to be sent")
class RejectsLongBodies(BaseSes):
    """Rejects a body of more than 64 kB."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        if len(email.body) > 65_536:
            raise _rejected("The body is too long.")
        return super().request(config, email)


class _Bodies(BaseSes):
    """Changes bodies."""

    def body(self, text: str) -> str:
        """Return the body as it is sent."""
        return text

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, body=self.body(email.body)))


@killed_by("rendering.html-templates", "the body")
class RemovesComments(_Bodies):
    """Removes comments, and with them the conditions for Outlook."""

    def body(self, text: str) -> str:
        return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


@killed_by("rendering.html-templates", "the body")
class RemovesStyles(_Bodies):
    """Removes style elements."""

    def body(self, text: str) -> str:
        return re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)


@killed_by("rendering.html-templates", "the body")
class UnescapesEntities(_Bodies):
    """Replaces entities by their characters."""

    def body(self, text: str) -> str:
        return html.unescape(text) if text.startswith("<") and "code" in text else text


@killed_by("rendering.html-templates", "the body")
class FoldsLongLines(_Bodies):
    """Breaks lines after 998 characters, also inside words."""

    def body(self, text: str) -> str:
        return re.sub(r"(.{998})(?=.)", r"\1\n", text) if text.startswith("<") else text


@killed_by("rendering.html-templates", "the body")
class SkipsAttributes(BaseSes):
    """Does not replace placeholders inside tags."""

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        hidden = re.sub(r"<a [^>]*>", lambda it: it[0].replace("{{", "\0"), template)
        return super().fill(hidden, payload).replace("\0", "{{")


class _Managed(BaseSes):
    """Renders managed templates in another way than those of the config."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render a text of a managed template."""
        return self.fill(template, payload)

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        email = super().compose(config, message)
        template = email.template
        if not isinstance(template, EmailTemplateDetails):
            return email
        subject, body = (self.render(it, message.payload) for it in (template.subject, template.content))
        return evolve(email, subject=subject, body=body)


@killed_by("rendering.literal-values", "expected the managed template")
class EscapesInManagedTemplates(_Managed):
    """Escapes HTML in the values of managed templates."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return self.fill(template, {key: html.escape(it) if isinstance(it, str) else it for key, it in payload.items()})


@killed_by("rendering.single-pass", "expected the managed template")
class RendersManagedTemplatesTwice(_Managed):
    """Renders managed templates twice."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return self.fill(self.fill(template, payload), payload)


@killed_by("rendering.whitespace", "expected the managed template")
class StrictBracesInManagedTemplates(_Managed):
    """Replaces placeholders of managed templates only with plain spaces inside."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return re.sub(
            r"\{\{ *([\w.]+) *\}\}", lambda it: self.fill(f"{{{{{it[1]}}}}}", payload), template, flags=re.ASCII
        )


@killed_by("rendering.unknown-placeholder", "expected the managed template")
class EmptiesUnknownInManagedTemplates(_Managed):
    """Removes unknown placeholders from managed templates."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return re.sub(r"\{\{\s*(?!other)\w+\s*\}\}", "", self.fill(template, payload), flags=re.ASCII)


@killed_by("rendering.nested", "expected the managed template")
class FlatManagedTemplates(_Managed):
    """Does not replace dotted names in managed templates."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return re.sub(
            r"\{\{\s*(\w+)\s*\}\}", lambda it: self.fill(it[0], payload) if it[1] in payload else it[0], template
        )


@killed_by("rendering.no-prototype-access", "expected the managed template")
class PrototypeInManagedTemplates(_Managed):
    """Replaces `{{toString}}` in managed templates."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return self.fill(template, {"toString": "function toString() { [native code] }", **payload})


@killed_by("rendering.javascript-values", "expected the managed template")
class PythonValuesInManagedTemplates(_Managed):
    """Inserts true and false as Python writes them in managed templates."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return self.fill(template, {key: str(it) if isinstance(it, bool) else it for key, it in payload.items()})


@killed_by("rendering.html-templates", "of a managed template")
class SanitizesManagedTemplates(_Managed):
    """Removes comments from managed templates."""

    def render(self, template: str, payload: Mapping[str, Any]) -> str:
        return self.fill(re.sub(r"<!--.*?-->", "", template, flags=re.DOTALL), payload)


@killed_by("routing.i18n-stateless", "this message's own template")
class CachesManagedTemplates(BaseSes):
    """Caches the managed template of each type and locale."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._managed: dict[object, Any] = {}

    def _i18n_template(self, message: SendMessageData) -> Any:
        key = message.type, message.payload.locale
        if key not in self._managed:
            self._managed[key] = super()._i18n_template(message)
        return self._managed[key]


class _AsksForLocale(BaseSes):
    """Asks for the managed template of another locale."""

    def locale(self, message: SendMessageData) -> Any:
        """Return the locale to ask for."""
        return message.payload.locale

    def _i18n_template(self, message: SendMessageData) -> Any:
        changed = {"locale": self.locale(message)}
        payload = {**message.payload, **{key: it for key, it in changed.items() if it is not None}}
        return super()._i18n_template(evolve(message, payload=payload))


@killed_by("routing.i18n-arguments", "expected get_i18n_email_template to be called with")
class PrefersUiLocales(_AsksForLocale):
    """Prefers the first of uiLocales to the locale that Logto chose."""

    def locale(self, message: SendMessageData) -> Any:
        first = str(message.payload.get("uiLocales") or "").partition(" ")[0]
        return first or message.payload.locale


@killed_by("routing.i18n-arguments", "expected get_i18n_email_template to be called with")
class NormalizesTheLocale(_AsksForLocale):
    """Asks in the form of CLDR: pt_BR."""

    def locale(self, message: SendMessageData) -> Any:
        locale: Any = message.payload.locale
        return locale.replace("-", "_") if isinstance(locale, str) else locale


@killed_by("delivery.reply-to", "the reply-to of a connector that has sent nothing before")
class KeepsTheReplyTo(BaseSes):
    """Keeps the replyTo of an earlier managed template."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._reply_to: str | None = None

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        email = super().compose(config, message)
        if not isinstance(email.template, EmailTemplateDetails):
            return email
        self._reply_to = email.reply_to or self._reply_to
        return evolve(email, reply_to=self._reply_to)


@killed_by("delivery.i18n-settings", "for a managed template")
class ForgetsSettingsOfManagedTemplates(BaseSes):
    """Sends without the configuration set if Logto manages the template."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        if isinstance(email.template, EmailTemplateDetails):
            request.pop("ConfigurationSetName", None)
        return request


@killed_by("delivery.i18n-settings", "for a managed template")
class NamesTheProductInManagedTemplates(BaseSes):
    """Sends managed templates without the display name of the config."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        if (
            isinstance(email.template, EmailTemplateDetails)
            and email.send_from is None
            and "FromEmailAddress" in request
        ):
            request["FromEmailAddress"] = re.sub(r".*<|>", "", request["FromEmailAddress"])
        return request
