"""E-mail in the forms that real providers have: a text part, a layout, a MIME document, XML, defaults of the account."""

import html
import re
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any, ClassVar, Final
from xml.etree import ElementTree as ET

from attrs import evolve, field, frozen

from conformance import Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    SendMessageData,
    Template,
    replace_send_message_handlebars,
    strip_header_control_chars,
)
from connector_kit.mailbox import MailboxError, encode_address
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    STRING,
    TOKEN,
    Http,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
    text,
    text_of,
)

_HTTP: Final = Http()
_BLOCKS: Final = re.compile(r"</(?:p|div|h\d|tr|li)>|<br[^>]*>", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"<(style|script|title)\b.*?</\1>|<!--.*?-->", re.IGNORECASE | re.DOTALL)


def text_of_html(body: str) -> str:
    """Return the text alternative of an HTML body: without markup, with the address of each link behind its text."""
    body = _HIDDEN.sub("", body)
    body = re.sub(
        r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>',
        lambda it: f"{it[2]} ({it[1]})",
        body,
        flags=re.DOTALL | re.IGNORECASE,
    )
    body = re.sub(r"<[A-Za-z/!][^>]*>", "", _BLOCKS.sub("\n", body))
    return "\n".join(" ".join(line.split()) for line in html.unescape(body).split("\n")).strip()


@frozen
class MailConfig:
    """A token, the account's defaults, and templates."""

    token: str = field(repr=False)
    sender: str
    templates: tuple[Template, ...]
    reply_to: str | None = None
    sender_name: str | None = None
    track_opens: bool | None = None


class Mail(EmailConnector[MailConfig]):
    """Sends JSON; subclasses differ in what they put into it."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "mail",
        required("token", is_confidential=True),
        required("sender"),
        text("replyTo"),
        text("senderName"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.SWITCH, "trackOpens", "trackOpens"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[MailConfig]] = Guard(
        config_schema(
            {"token": TOKEN, "sender": STRING, "templates": templates("subject", "content")},
            {"replyTo": STRING, "senderName": STRING, "trackOpens": {"type": "boolean"}},
        ),
        MailConfig,
    )

    def __init__(self, *, server: str = "https://api.mail.example", **kit: Any) -> None:
        super().__init__(**kit)
        self._server = server
        self._pool = new_pool()

    def parts(self, email: Email) -> dict[str, str]:
        """Return the bodies by kind."""
        return {"text" if email.content_type == "text/plain" else "html": email.body}

    def subject(self, email: Email) -> str:
        """Return the subject on one line."""
        return strip_header_control_chars(email.subject)

    def recipient(self, email: Email) -> str:
        """Return the recipient."""
        return one_recipient(email.to)

    def request(self, config: MailConfig, email: Email) -> dict[str, Any]:
        """Return the body of the request."""
        reply_to = email.reply_to and strip_header_control_chars(email.reply_to)
        optional = {
            "replyTo": reply_to or config.reply_to,
            "fromName": config.sender_name,
            "trackOpens": config.track_opens,
        }
        return {
            "to": self.recipient(email),
            "from": config.sender,
            "subject": self.subject(email),
            **self.parts(email),
        } | {name: value for name, value in optional.items() if value is not None}

    def deliver(self, config: MailConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        return self.post(config, email, json=self.request(config, email))

    def post(self, config: MailConfig, email: Email, **request: Any) -> object:
        """Send a request, and return the id in the response."""
        secrets = (config.token, *payload_secrets(email.data.payload))
        headers = {"Authorization": f"Bearer {config.token}", **request.pop("headers", {})}
        return text_of(
            _HTTP.call(self._pool, "POST", f"{self._server}/messages", secrets, headers=headers, **request), "id"
        )


class MailProvider(HttpProvider):
    """Accepts JSON, and answers with an id."""

    connector_option = "server"
    path = "/messages"
    content_type: ClassVar[str | None] = "application/json"
    authorization = "Bearer {token}"
    sender_key = "sender"
    settings: ClassVar[Mapping[str, str]] = {"senderName": "fromName", "trackOpens": "trackOpens"}
    failures = (
        Failure("throttled", "throttle", 429, "Slow down."),
        Failure("unverified", "rejection", 422, "The sender is not verified."),
        Failure("wrong-token", "credentials", 401, "The token is not valid."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        sent = request.json
        return Message(
            sent["to"],
            sent["subject"],
            sent.get("html"),
            sent.get("text"),
            sender=sent["from"],
            reply_to=sent.get("replyTo"),
        )


_CONFIG: Final = {
    "token": "t",
    "sender": "noreply@mail.example",
    "replyTo": "help@mail.example",
    "senderName": "Example",
    "trackOpens": False,
    "templates": [
        {"usageType": kind, "subject": f"{kind}", "content": "<p>{{code}} {{link}}</p>"} for kind in REQUIRED
    ],
}
_ALL: Final = frozenset({"config-templates", "html", "i18n-templates", "text", "reply-to"})


def spec(connector: type[Mail], *more: str, provider: Any = MailProvider, **changes: Any) -> Spec:
    """Return the Spec of a subclass."""
    named = type(connector.__name__, (connector,), {}) if "metadata" not in vars(connector) else connector
    return Spec(
        connector=named,
        valid_config={**_CONFIG, **changes},
        provider=provider,
        capabilities=_ALL | set(more),
        secrets=("token",),
    )


def _named(name: str) -> ConnectorMetadata:
    return evolve(Mail.metadata, id=name, target=name, name={"en": name})


class DefaultsMail(Mail):
    """Uses the config's reply-to, sender name and tracking for what a template leaves out."""

    metadata: ClassVar[ConnectorMetadata] = _named("defaults-mail")


class AlternativeMail(Mail):
    """Sends HTML with a text part that it derives, as Postmark and SendGrid recommend."""

    metadata: ClassVar[ConnectorMetadata] = _named("alternative-mail")

    def parts(self, email: Email) -> dict[str, str]:
        """Return the HTML with its text, or the plain text alone."""
        parts = super().parts(email)
        return {**parts, "text": text_of_html(parts["html"])} if "html" in parts else parts


_HEADER: Final = '<table width="100%"><tr><td><img src="https://mail.example/logo.png" alt="Example"></td></tr>'
_FOOTER: Final = (
    "<tr><td>Example Ltd, 1 Example Street. You get this message because somebody signed in.</td></tr></table>"
)


class LayoutMail(AlternativeMail):
    """Puts a header, a preheader and a footer around the content, and a prefix before the subject."""

    metadata: ClassVar[ConnectorMetadata] = _named("layout-mail")

    def parts(self, email: Email) -> dict[str, str]:
        """Return the content inside the layout."""
        if email.content_type == "text/plain":
            return {"text": f"EXAMPLE\n\n{email.body}\n\n-- \nExample Ltd"}
        page = (
            f'<!doctype html><html><head><meta charset="utf-8"><style>td {{ color: #222 }}</style></head><body>'
            f'<div style="display:none">{html.escape(text_of_html(email.body))}</div>'
            f"{_HEADER}<tr><td>{email.body}</td></tr>{_FOOTER}</body></html>"
        )
        return {"html": page, "text": f"EXAMPLE\n\n{text_of_html(email.body)}\n\nExample Ltd"}

    def subject(self, email: Email) -> str:
        """Return the subject behind the name of the product."""
        return f"[Example] {super().subject(email)}"


class _Inliner(HTMLParser):
    """Writes HTML again, with a style attribute at every paragraph, as CSS inliners do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write a tag with its attributes in double quotes."""
        if tag in {"p", "td", "a"}:
            attrs = [*(it for it in attrs if it[0] != "style"), ("style", "margin: 0; color: #222")]
        shown = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attrs)
        self.parts.append(f"<{tag}{shown}>")

    def handle_endtag(self, tag: str) -> None:
        """Write the end of an element."""
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Write text with entities for the special characters."""
        is_raw = bool(self.parts) and self.parts[-1].startswith(("<style", "<script"))
        self.parts.append(data if is_raw else html.escape(data, quote=False))

    def handle_comment(self, data: str) -> None:
        """Write a comment."""
        self.parts.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        """Write a declaration."""
        self.parts.append(f"<!{decl}>")


class InlinedMail(Mail):
    """Parses the content and writes it again with inlined CSS inside a page."""

    metadata: ClassVar[ConnectorMetadata] = _named("inlined-mail")

    def parts(self, email: Email) -> dict[str, str]:
        """Return the page with inlined CSS."""
        if email.content_type == "text/plain":
            return super().parts(email)
        inliner = _Inliner()
        inliner.feed(f"<html><body><div>{email.body}</div></body></html>")
        inliner.close()
        return {"html": "".join(inliner.parts)}


class PageMail(Mail):
    """Makes a whole page of a fragment: html, head and body around it, and nothing else."""

    metadata: ClassVar[ConnectorMetadata] = _named("page-mail")

    def parts(self, email: Email) -> dict[str, str]:
        """Return the content in a page."""
        if email.content_type == "text/plain" or email.body.lstrip()[:5].lower() in {"<html", "<!doc"}:
            return super().parts(email)
        head = '<head><meta charset="utf-8"></head>'
        return {"html": f"<!DOCTYPE html>\n<html>{head}<body>\n{email.body}\n</body></html>\n"}


class NormalizingMail(Mail):
    """Writes recipients in one form: in angle brackets, the domain in lower case and in punycode."""

    metadata: ClassVar[ConnectorMetadata] = _named("normalizing-mail")

    def recipient(self, email: Email) -> str:
        """Return the recipient in angle brackets."""
        try:
            local, _, domain = encode_address(one_recipient(email.to)).rpartition("@")
        except MailboxError as error:
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, {"message": str(error)}) from None
        return f"<{local}@{domain.lower()}>"


class MimeMail(Mail):
    """Sends a MIME document, with folded headers, line ends of SMTP and two alternatives."""

    metadata: ClassVar[ConnectorMetadata] = _named("mime-mail")

    def deliver(self, config: MailConfig, email: Email) -> object:
        """Send the document."""
        try:
            document = self.document(config, email).as_bytes(policy=policy.SMTP)
        except (ValueError, LookupError) as error:
            reason = {"message": f"The message cannot be written as MIME: {type(error).__name__}."}
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, reason) from None
        return self.post(config, email, headers={"Content-Type": "message/rfc822"}, body=document)

    def document(self, config: MailConfig, email: Email) -> EmailMessage:
        """Return the document."""
        mail = EmailMessage(policy=policy.SMTP)
        mail["To"] = _ascii_address(one_recipient(email.to))
        mail["From"] = config.sender
        mail["Subject"] = self.subject(email)
        reply_to = email.reply_to or config.reply_to
        if reply_to:
            mail["Reply-To"] = strip_header_control_chars(reply_to)
        if config.sender_name is not None:
            mail["X-From-Name"] = config.sender_name
        if config.track_opens is not None:
            mail["X-Track-Opens"] = str(config.track_opens).lower()
        if email.content_type == "text/plain":
            mail.set_content(email.body)
        else:
            mail.set_content(text_of_html(email.body))
            mail.add_alternative(email.body, subtype="html")
        return mail


def _ascii_address(to: str) -> str:
    try:
        return encode_address(to)
    except MailboxError as error:
        raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, {"message": str(error)}) from None


class MimeProvider(MailProvider):
    """Reads MIME documents."""

    content_type = "message/rfc822"
    settings: ClassVar[Mapping[str, str]] = {}
    excluded_outcomes = ("echo",)  # its errors do not repeat the document

    def read(self, request: HttpRequest) -> Message:
        """Parse the document as a mail server does."""
        mail: Any = message_from_bytes(request.body, policy=policy.default)
        bodies = {part.get_content_subtype(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        return Message(
            [it.addr_spec for it in mail["To"].addresses],
            str(mail["Subject"]),
            bodies.get("html"),
            bodies.get("plain"),
            sender=str(mail["From"]),
            reply_to=None if mail["Reply-To"] is None else str(mail["Reply-To"]),
        )

    def options_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the two headers of options."""
        mail: Any = message_from_bytes(request.body, policy=policy.default)
        found = (mail["X-From-Name"], mail["X-Track-Opens"])
        track = config.get("trackOpens")
        wanted = (config.get("senderName"), None if track is None else str(track).lower())
        return None if found == wanted else f"expected the options {wanted}, found {found}"


_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlMail(Mail):
    """Sends XML, which has no control characters: it rejects them."""

    metadata: ClassVar[ConnectorMetadata] = _named("xml-mail")

    def deliver(self, config: MailConfig, email: Email) -> object:
        """Send the document."""
        root = ET.Element("mail")
        for name, value in self.request(config, email).items():
            shown = str(value).lower() if isinstance(value, bool) else value
            if _NOT_XML.search(shown):
                reason = {"message": f"The {name} has a character that XML does not allow."}
                raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, reason)
            ET.SubElement(root, name).text = shown
        return self.post(config, email, headers={"Content-Type": "application/xml"}, body=ET.tostring(root, "utf-8"))


class XmlProvider(MailProvider):
    """Reads XML."""

    content_type = "application/xml"

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        sent = {it.tag: it.text or "" for it in ET.fromstring(request.body)}
        return Message(
            sent["to"], sent["subject"], sent.get("html"), sent.get("text"), sent["from"], sent.get("replyTo")
        )

    def options_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the options."""
        sent = {it.tag: it.text for it in ET.fromstring(request.body)}
        track = config.get("trackOpens")
        wanted = (config.get("senderName") or None, None if track is None else str(track).lower())
        found = (sent.get("fromName"), sent.get("trackOpens"))
        return None if found == wanted else f"expected the options {wanted}, found {found}"


@frozen
class AccountConfig:
    """A token and the account's defaults, without templates."""

    token: str = field(repr=False)
    sender: str
    reply_to: str | None = None
    sender_name: str | None = None
    track_opens: bool | None = None


class ManagedMail(Mail):
    """Has no templates in its config: Logto manages them all, and without one the send fails."""

    metadata: ClassVar[ConnectorMetadata] = evolve(
        _named("managed-mail"), form_items=tuple(it for it in Mail.metadata.form_items or () if it.key != "templates")
    )
    config_guard: ClassVar[Guard[Any]] = Guard(
        config_schema(
            {"token": TOKEN, "sender": STRING},
            {"replyTo": STRING, "senderName": STRING, "trackOpens": {"type": "boolean"}},
        ),
        AccountConfig,
    )


_TEXTS: Final = {
    "Register": Template("Register", "Welcome", "<p>Your code is {{code}}. {{link}}</p>"),
    "OrganizationInvitation": Template("OrganizationInvitation", "Join us", '<a href="{{link}}">Join</a> {{code}}'),
}
_OTHER_TEXT: Final = Template("Generic", "Your code", "<p>Your code is {{code}}.</p><p>{{link}}</p>")


class BuiltInMail(ManagedMail):
    """Has texts of its own, which a managed template replaces."""

    metadata: ClassVar[ConnectorMetadata] = evolve(ManagedMail.metadata, id="built-in-mail")

    def compose(self, config: MailConfig, message: SendMessageData) -> Email:
        """Render the managed template, or else the connector's own text."""
        try:
            return super().compose(config, message)
        except ConnectorError as error:
            if error.code is not ConnectorErrorCodes.TEMPLATE_NOT_FOUND:
                raise
        own = _TEXTS.get(str(message.type), _OTHER_TEXT)
        payload = {"code": "", "link": "", **message.payload}
        subject, body = (replace_send_message_handlebars(it, payload) for it in (own.subject, own.content))
        return Email(message.to, subject, body, "text/html", None, None, own, message)


def without_templates(found: Spec) -> Spec:
    """Return a Spec whose config has no templates."""
    config = {key: value for key, value in found.valid_config.items() if key != "templates"}
    return evolve(found, valid_config=config, capabilities=found.capabilities - {"config-templates"})


BODIES: tuple[Spec, ...] = (
    spec(DefaultsMail),
    spec(AlternativeMail),
    spec(LayoutMail, "layout", "subject-prefix"),
    spec(InlinedMail, "layout"),
    spec(PageMail),
    spec(NormalizingMail),
    spec(MimeMail, provider=MimeProvider),
    spec(XmlMail, provider=XmlProvider),
    without_templates(spec(ManagedMail)),
    without_templates(spec(BuiltInMail)),
)
