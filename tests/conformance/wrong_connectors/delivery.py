"""Connectors that send something else, or more, or to others."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_string
from typing import Any

from attrs import evolve
from botocore.parsers import ResponseParserError

from connector_kit import (
    Email,
    SendMessageData,
    Sms,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.memory import (
    LETTERS,
    RELAY,
    TEXTS,
    LetterConfig,
    OpenLetters,
    OpenRelay,
    OpenTexts,
    Request,
    TextConfig,
)
from tests.conformance.wrong_connectors.open import Open, killed_by


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


def _no_space(response_dict: dict[str, Any], **_: object) -> None:
    if response_dict["body"][:1].isspace():
        raise ResponseParserError("expected no white space")


@killed_by("delivery.result", "it answers 'accepted-after-white-space', found something else; it raised ConnectorError")
class ReadsLettersNotJson(Open):
    """Takes a success that begins with white space for none."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and look at the first letter of the answer."""
        events = self._client(config).meta.events  # type: ignore[attr-defined]  # a botocore client has them
        events.register("before-parse.sesv2.SendEmail", _no_space, unique_id="no-space")
        return super().call(config, request)


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


@killed_by("delivery.header-injection", "the whole value in the subject")
class CutsTheSubject(Open):
    """Takes the first line of a subject for all of it."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, cut short."""
        first = email.subject.splitlines()[0] if email.subject else ""
        return super().request(config, evolve(email, subject=first))


@killed_by("delivery.header-injection", "one recipient")
class WritesHeaders(Open):
    """Puts header fields together, and reads the recipients from there."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it from a text."""
        text = message_from_string(f"To: {email.to}\nSubject: {email.subject}\n\n")
        to = [*text.get_all("To", []), *text.get_all("Bcc", [])]
        return super().request(config, email) | {"Destination": {"ToAddresses": to}}


@killed_by("delivery.managed-header-injection", "one line as the reply-to")
class RawReplyTo(Open):
    """Lets a value break the reply-to."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, as rendered."""
        request = super().request(config, email)
        return request | ({"ReplyToAddresses": [email.reply_to]} if email.reply_to else {})


@killed_by("delivery.recipient-injection", "without line breaks")
class AnyRecipient(Open):
    """Takes whatever is given as the recipient."""

    def send_message(self, data: Any, config: object = None) -> object:  # noqa: ANN401 - either form
        """Send it, to there."""
        message = SendMessageData.from_json(data)
        settings = self.read_config(config)
        return self.deliver(settings, self.compose(settings, message))


@killed_by("delivery.recipient-injection", "expected one recipient for")
class ManyRecipients(Open):
    """Takes a comma for the end of a recipient."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, for all of them."""
        return super().request(config, email) | {"Destination": {"ToAddresses": email.to.split(",")}}


@killed_by("delivery.huge-payload", "all of a payload with 1 MB of text")
class CutsTheBody(Open):
    """Sends the beginning of what is long."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, cut short."""
        return super().request(config, evolve(email, body=email.body[:100_000]))


@killed_by("delivery.huge-payload", "refused as a ConnectorError; it raised ValueError")
class NotSoDeep(Open):
    """Cannot go down far."""

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route and render what is shallow."""
        if str(dict(message.payload)).count("[") > 50:
            raise ValueError("too deep")
        return super().compose(config, message)


@killed_by("delivery.odd-text", "refused as a ConnectorError; it raised UnicodeEncodeError")
class EncodesStrictly(Open):
    """Breaks on what has no encoding."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, from bytes."""
        return super().request(config, evolve(email, body=email.body.encode().decode()))


@killed_by("delivery.odd-text", "to arrive as")
class NormalizesText(Open):
    """Tidies up characters."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build it, tidily."""
        return super().request(config, evolve(email, body=unicodedata.normalize("NFKC", email.body)))


@killed_by("delivery.plain-text", "plain text alone", spec=LETTERS)
class SendsMarkup(OpenLetters):
    """Sends HTML where it said that it cannot."""

    def request(self, config: LetterConfig, email: Email) -> Request:
        """Build it as HTML."""
        request = super().request(config, email)
        is_code = email.data.type == "SignIn"
        return {**request, "html": request["text"], "text": None} if is_code else request


@killed_by("delivery.sms", "as the one number", spec=TEXTS)
class AddsAPlus(OpenTexts):
    """Changes the number."""

    def request(self, config: TextConfig, sms: Sms) -> Request:
        """Build it for another number."""
        return super().request(config, sms) | {"to": [f"+{sms.to}"]}


@killed_by("delivery.sms", "expected no subject", spec=TEXTS)
class TextsWithASubject(OpenTexts):
    """Takes text messages for e-mail."""

    def request(self, config: TextConfig, sms: Sms) -> Request:
        """Build it with a subject."""
        return super().request(config, sms) | {"subject": "Your code"}


@killed_by("delivery.forwarding", "'ip' to be forwarded", spec=RELAY)
class KeepsTheIp(OpenRelay):
    """Does not tell who asked."""

    def message(self, data: SendMessageData) -> Any:  # noqa: ANN401 - JSON
        """Write it without."""
        return {key: value for key, value in super().message(data).items() if key != "ip"}


@killed_by("delivery.forwarding", "'payload' to be forwarded", spec=RELAY)
class ForwardsTheCode(OpenRelay):
    """Forwards what it knows of."""

    def message(self, data: SendMessageData) -> Any:  # noqa: ANN401 - JSON
        """Write it with the code alone."""
        return super().message(data) | {"payload": {"code": data.payload.code}}


@killed_by("delivery.forwarding", "'payload' to be forwarded", spec=RELAY)
class ForwardsText(OpenRelay):
    """Makes text of every value."""

    def message(self, data: SendMessageData) -> Any:  # noqa: ANN401 - JSON
        """Write it with text alone."""
        return super().message(data) | {"payload": {key: str(value) for key, value in data.payload.items()}}


@killed_by("delivery.forwarding", "found nothing of the kind", spec=RELAY)
class ForwardsNothing(OpenRelay):
    """Writes a message of its own."""

    def message(self, data: SendMessageData) -> Any:  # noqa: ANN401 - JSON
        """Write one line."""
        return f"Your code is {data.payload.code}"


@killed_by("delivery.result-is-json", "found datetime")
class ReturnsTheTime(Open):
    """Returns what no JSON holds."""

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read the answer, and look at the clock."""
        super().accepted(answer)
        return datetime.now(UTC)


@killed_by("delivery.result-is-json", "found dict")
class ReturnsTheTimeInside(ReturnsTheTime):
    """Returns what no JSON holds, in what could be JSON."""

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read the answer, and wrap it up."""
        return {"times": [super().accepted(answer)]}


@killed_by("delivery.send-from", "expected the sender ('a', 'a@from.example')")
class AlwaysItself(Open):
    """Sends from the config's address, whatever a managed template says."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request without the template's sender."""
        return super().request(config, evolve(email, send_from=None))


@killed_by("delivery.send-from", "for sendFrom ' {{nothing}}'")
class SendsFromNobody(Open):
    """Takes a sendFrom that renders to nothing for the sender."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request, without a sender when the template names none."""
        request = super().request(config, email)
        if email.send_from is not None and not email.send_from.strip():
            del request["FromEmailAddress"]
        return request


@killed_by("delivery.send-from", "expected no sender for the sendFrom 'Team' where the config has none, found 'Team'")
class TakesANameForASender(Open):
    """Puts a display name on the wire that has no address to stand before."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request."""
        request = super().request(config, email)
        return request | ({} if "FromEmailAddress" in request or not email.send_from else {"FromEmailAddress": "Team"})


@killed_by("delivery.send-from", "for sendFrom 'Team {{team}}'")
class TakesANameForAnAddress(Open):
    """Puts sendFrom on the wire as it is, a display name too."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request."""
        request = super().request(config, email)
        return request | ({"FromEmailAddress": email.send_from} if email.send_from else {})


@killed_by(
    "delivery.message-object", "expected a message to be sent as a SendMessageData too; it raised ConnectorError"
)
class ReadsJsonAlone(Open):
    """Takes a message that is an object for a malformed one."""

    def send_message(self, data: Any, config: object = None) -> object:  # noqa: ANN401 - either form
        """Read it, and send it."""
        return super().send_message(SendMessageData.from_json(data), config)


@killed_by("delivery.message-object", "expected the same message from a SendMessageData", spec=RELAY)
class ForwardsLessOfAnObject(OpenRelay):
    """Forgets what stands beside the code."""

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Forward it, or a part of it."""
        if isinstance(data, SendMessageData):
            data = {"to": data.to, "type": data.type, "payload": {"code": "0"}}
        return super().send_message(data, config)
