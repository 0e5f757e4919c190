"""Wrong connectors for the checks of delivery."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_string
from email.headerregistry import Address
from typing import Any

from attrs import evolve
from botocore.parsers import ResponseParserError

from connector_kit import (
    Email,
    SendMessageData,
    Sms,
    replace_send_message_handlebars,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.base import BaseSes, botocore_client, killed_by
from tests.conformance.wrong_connectors.memory import (
    MAIL,
    RELAY,
    SMS,
    MailConfig,
    MemoryMail,
    MemoryRelay,
    MemorySms,
    Request,
    SmsConfig,
)


@killed_by("delivery.one-call", "found 2")
class SendsTwice(BaseSes):
    """Sends every message twice."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        super().call(config, request)
        return super().call(config, request)


@killed_by("delivery.recipient", "expected the recipients (")
class AddsARecipient(BaseSes):
    """Adds a recipient to every message."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        request["Destination"]["ToAddresses"].append("archive@example.com")
        return request


@killed_by("delivery.recipient-stateless", "expected the recipients (")
class RemembersRecipients(BaseSes):
    """Sends each message to the recipients of earlier messages too."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._recipients: list[str] = []

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        self._recipients.append(email.to)
        return super().request(config, email) | {"Destination": {"ToAddresses": list(self._recipients)}}


@killed_by("delivery.request-format", "UTF-8")
class WrongCharset(BaseSes):
    """Declares ISO-8859-1 for a subject in UTF-8."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        request["Content"]["Simple"]["Subject"]["Charset"] = "ISO-8859-1"
        return request


@killed_by("delivery.sender", "the sender to be the config's emailAddress")
class DropsTheDisplayName(BaseSes):
    """Removes the display name from the sender."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        if "FromEmailAddress" in request:
            request["FromEmailAddress"] = re.sub(r".*<|>", "", request["FromEmailAddress"])
        return request


@killed_by("delivery.sender", "found no sender")
class NoSender(BaseSes):
    """Sends without a sender."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        request.pop("FromEmailAddress", None)
        return request


@killed_by("delivery.credentials", "expected the region")
class FixedRegion(BaseSes):
    """Calls one region, whatever region the config has."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        return super().call(evolve(config, region="us-east-1"), request)


@killed_by("config.uses-unsaved", "accessKeyId in the credential scope")
class KeepsTheFirstClient(BaseSes):
    """Uses the credentials of the first config for every message."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._first: AwsSesConfig | None = None

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        self._first = self._first or config
        return super().call(self._first, request)


@killed_by("delivery.credentials", "accessKeySecret")
class WrongSecret(BaseSes):
    """Signs requests with a truncated secret."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        return super().call(evolve(config, access_key_secret=config.access_key_secret[:-1]), request)


@killed_by("delivery.options", "FeedbackForwardingEmailAddress")
class DropsTheFeedbackAddress(BaseSes):
    """Drops the feedback address of the config."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        request.pop("FeedbackForwardingEmailAddress", None)
        return request


@killed_by("delivery.options", "ConfigurationSetName")
class AddsAConfigurationSet(BaseSes):
    """Sets a configuration set that the config lacks."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return {"ConfigurationSetName": "default", **super().request(config, email)}


@killed_by("delivery.result", "message id")
class ReturnsNone(BaseSes):
    """Returns None instead of the message id."""

    def accepted(self, response: Any) -> object:
        super().accepted(response)
        return None


def _no_space(response_dict: dict[str, Any], **_: object) -> None:
    if response_dict["body"][:1].isspace():
        raise ResponseParserError("expected no white space")


@killed_by("delivery.result", "for the outcome 'accepted-after-white-space', found None; it raised ConnectorError")
class RejectsLeadingWhitespace(BaseSes):
    """Treats a success that begins with whitespace as a failure."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        client = botocore_client(config, attempts=1)
        client.meta.events.register("before-parse.sesv2.SendEmail", _no_space)
        return client.send_email(**request)


@killed_by("delivery.html", "with text/html as HTML, found the plain text")
class SendsText(BaseSes):
    """Sends HTML as plain text."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, content_type="text/plain"))


@killed_by("delivery.content-type", "as plain text only")
class AlwaysHtml(BaseSes):
    """Sends plain-text templates as HTML."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        return evolve(super().compose(config, message), content_type="text/html")


@killed_by("delivery.reply-to", "expected the reply-to (")
class DropsReplyTo(BaseSes):
    """Drops the replyTo of a managed template."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        return evolve(super().compose(config, message), reply_to=None)


def _unstripped(email: Email, member: str) -> str:
    """Return a text of the template, rendered; the kit has removed the control characters from those of `Email`."""
    return replace_send_message_handlebars(getattr(email.template, member, None) or "", email.data.payload)


@killed_by("delivery.single-line-subject", "without control characters")
class RawSubject(BaseSes):
    """Sends the subject with its control characters."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        request["Content"]["Simple"]["Subject"]["Data"] = _unstripped(email, "subject")
        return request


@killed_by("delivery.header-injection", "expected the subject to contain the whole value")
class CutsTheSubject(BaseSes):
    """Sends only the first line of the subject."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        first = email.subject.splitlines()[0] if email.subject else ""
        return super().request(config, evolve(email, subject=first))


@killed_by("delivery.header-injection", "expected the recipients (")
class BuildsHeadersAsText(BaseSes):
    """Builds the headers as text, so that a value can add a recipient."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        text = message_from_string(f"To: {email.to}\nSubject: {_unstripped(email, 'subject')}\n\n")
        to = [*text.get_all("To", []), *text.get_all("Bcc", [])]
        return super().request(config, email) | {"Destination": {"ToAddresses": to}}


@killed_by("delivery.i18n-header-injection", "expected a reply-to without line breaks")
class RawReplyTo(BaseSes):
    """Sends a reply-to with line breaks."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        reply_to = _unstripped(email, "reply_to")
        return request | ({"ReplyToAddresses": [reply_to]} if reply_to else {})


@killed_by("delivery.recipient-injection", "without line breaks")
class AcceptsAnyRecipient(BaseSes):
    """Accepts any text as the recipient."""

    def send_message(self, data: Any, config: object = None) -> object:
        message = SendMessageData.from_json(data)
        settings = self.read_config(config)
        return self.deliver(settings, self.compose(settings, message))


@killed_by("delivery.recipient-injection", "expected one recipient for")
class SplitsTheRecipient(BaseSes):
    """Treats a comma in the recipient as a separator."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, email) | {"Destination": {"ToAddresses": email.to.split(",")}}


@killed_by("delivery.huge-payload", "expected the whole body for a payload with 1 MB of text")
class CutsTheBody(BaseSes):
    """Sends the first 100,000 characters of the body."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, body=email.body[:100_000]))


@killed_by("delivery.huge-payload", "or a ConnectorError; it raised ValueError")
class RejectsDeepPayloads(BaseSes):
    """Raises ValueError for a deeply nested payload."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        if str(dict(message.payload)).count("[") > 50:
            raise ValueError("too deep")
        return super().compose(config, message)


@killed_by("delivery.unusual-text", "or a ConnectorError; it raised UnicodeEncodeError")
class EncodesStrictly(BaseSes):
    """Raises UnicodeEncodeError for a lone surrogate."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, body=email.body.encode().decode()))


@killed_by("delivery.unusual-text", "for supplementary planes in a value")
class NormalizesText(BaseSes):
    """Normalizes the characters of the body."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, body=unicodedata.normalize("NFKC", email.body)))


@killed_by("delivery.plain-text", "expected the body as plain text only", spec=MAIL)
class SendsHtml(MemoryMail):
    """Sends HTML although it declares only plain text."""

    def request(self, config: MailConfig, email: Email) -> Request:
        request = super().request(config, email)
        is_code = email.data.type == "SignIn"
        return {**request, "html": request["text"], "text": None} if is_code else request


@killed_by("delivery.sms", "expected the recipients (", spec=SMS)
class AddsACountryCode(MemorySms):
    """Adds a country code to numbers that have one."""

    def request(self, config: SmsConfig, sms: Sms) -> Request:
        return super().request(config, sms) | {"to": [f"+1{sms.to}"]}


@killed_by("delivery.sms", "expected no subject", spec=SMS)
class AddsASubject(MemorySms):
    """Adds a subject to a text message."""

    def request(self, config: SmsConfig, sms: Sms) -> Request:
        return super().request(config, sms) | {"subject": "Your code"}


@killed_by("delivery.forwarding", "expected 'ip' to be forwarded unchanged", spec=RELAY)
class DropsTheIp(MemoryRelay):
    """Does not forward the ip."""

    def message(self, data: SendMessageData) -> Any:
        return {key: value for key, value in super().message(data).items() if key != "ip"}


@killed_by("delivery.forwarding", "expected 'payload' to be forwarded unchanged", spec=RELAY)
class ForwardsTheCode(MemoryRelay):
    """Forwards only the code of the payload."""

    def message(self, data: SendMessageData) -> Any:
        return super().message(data) | {"payload": {"code": data.payload.code}}


@killed_by("delivery.forwarding", "expected 'payload' to be forwarded unchanged", spec=RELAY)
class ForwardsText(MemoryRelay):
    """Converts every value of the payload to a string."""

    def message(self, data: SendMessageData) -> Any:
        return super().message(data) | {"payload": {key: str(value) for key, value in data.payload.items()}}


@killed_by("delivery.forwarding", "(Call.forwarded), found 'Your code is", spec=RELAY)
class ForwardsAText(MemoryRelay):
    """Forwards a text of its own."""

    def message(self, data: SendMessageData) -> Any:
        return f"Your code is {data.payload.code}"


@killed_by("delivery.json-result", "found datetime.datetime(")
class ReturnsADatetime(BaseSes):
    """Returns a datetime, which is not JSON."""

    def accepted(self, response: Any) -> object:
        super().accepted(response)
        return datetime.now(UTC)


@killed_by("delivery.json-result", "(dict)")
class ReturnsANestedDatetime(ReturnsADatetime):
    """Returns an object that contains a datetime."""

    def accepted(self, response: Any) -> object:
        return {"times": [super().accepted(response)]}


@killed_by("delivery.send-from", "the sender ('a', 'a@from.example'), found")
class IgnoresSendFrom(BaseSes):
    """Ignores the sendFrom of a managed template."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(config, evolve(email, send_from=None))


@killed_by("delivery.send-from", "for the sendFrom ' {{nothing}}' the sender")
class SendsWithoutSender(BaseSes):
    """Sends without a sender if sendFrom renders to whitespace."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        if email.send_from is not None and not email.send_from.strip():
            del request["FromEmailAddress"]
        return request


@killed_by("delivery.send-from", "if the config has no sender, found 'Team'")
class SendsFromAName(BaseSes):
    """Uses a display name as the sender if the config has no sender."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        return request | ({} if "FromEmailAddress" in request or not email.send_from else {"FromEmailAddress": "Team"})


@killed_by("delivery.send-from", "for the sendFrom 'Team {{team}}' the sender")
class SendsFromRawSendFrom(BaseSes):
    """Uses sendFrom as the sender even if it is only a display name."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        request = super().request(config, email)
        return request | ({"FromEmailAddress": email.send_from} if email.send_from else {})


@killed_by("delivery.i18n-unusable-mailbox", "to be sent, or a ConnectorError; it raised InvalidHeaderDefect")
class ParsesReplyTo(BaseSes):
    """Raises what the library raises for a managed replyTo that is not an address."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        if email.reply_to:
            Address(addr_spec=email.reply_to)
        return super().request(config, email)


@killed_by("delivery.message-data-object", "expected a SendMessageData object to be sent; it raised ConnectorError")
class AcceptsOnlyJson(BaseSes):
    """Rejects a SendMessageData object."""

    def send_message(self, data: Any, config: object = None) -> object:
        return super().send_message(SendMessageData.from_json(data), config)


@killed_by("delivery.message-data-object", "expected for a SendMessageData object the same forwarded", spec=RELAY)
class ForwardsLessOfAnObject(MemoryRelay):
    """Drops most of the payload of a SendMessageData object."""

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        if isinstance(data, SendMessageData):
            data = {"to": data.to, "type": data.type, "payload": {"code": "0"}}
        return super().send_message(data, config)
