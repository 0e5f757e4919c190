"""Ports of Logto's own connectors with one fault each."""

from collections.abc import Mapping
from typing import Any

from conformance.npm.official.twilio import TOO_MANY_REQUESTS
from connector_kit import ConnectorError, Email, EmailTemplateDetails, SendMessageData, Sms, to_json
from connector_kit import ConnectorErrorCodes as Codes
from tests.conformance.right_connectors.official_mailgun import OFFICIAL_MAILGUN, MailgunConfig, MailgunMail
from tests.conformance.right_connectors.official_parts import Api, Problem
from tests.conformance.right_connectors.official_postmark import OFFICIAL_POSTMARK, PostmarkMail
from tests.conformance.right_connectors.official_sendgrid import OFFICIAL_SENDGRID, SendGridConfig, SendGridMail
from tests.conformance.right_connectors.official_smtp import OFFICIAL_SMTP, SmtpConfig, SmtpMail
from tests.conformance.right_connectors.official_twilio import OFFICIAL_TWILIO, TwilioConfig, TwilioSms
from tests.conformance.right_connectors.official_vonage import OFFICIAL_VONAGE, VonageConfig, VonageSms
from tests.conformance.wrong_connectors.base import killed_by

_SMTP, _SMTP_WITH_TOKEN = OFFICIAL_SMTP

# --- Twilio ---------------------------------------------------------------------------------------------------------


@killed_by("delivery.recipient", "Europe", spec=OFFICIAL_TWILIO)
class AddsACountryCode(TwilioSms):
    """Believes that every number is one of North America."""

    def number(self, to: str) -> str:
        """Add the country code 1 where the number begins with another digit."""
        number = super().number(to)
        return number if number.startswith("+1") else f"+1{number[1:]}"


@killed_by("delivery.options", "RiskCheck", spec=OFFICIAL_TWILIO)
class ChecksRisksAlways(TwilioSms):
    """Reads the setting as text, as a form submits it."""

    def form(self, config: TwilioConfig, sms: Sms) -> list[tuple[str, str]]:
        """Compare the boolean with a text."""
        *fields, (name, _) = super().form(config, sms)
        return [*fields, (name, "disable" if str(config.disable_risk_check) == "true" else "enable")]


def _by_status(status: int, body: Any) -> Problem | None:
    if status == 201:
        return None
    code = Codes.RATE_LIMIT_EXCEEDED if status == 429 else Codes.INVALID_RESPONSE
    return Problem(code, body["message"], TOO_MANY_REQUESTS)


@killed_by("errors.quota", "usage_limit_exceeded", spec=OFFICIAL_TWILIO)
class ReadsTheStatusOnly(TwilioSms):
    """Takes the limit of a day for a limit of a second: both have the status 429."""

    api = Api(_by_status)


@killed_by("delivery.huge-payload", "expected the whole body", spec=OFFICIAL_TWILIO)
class CutsLongTexts(TwilioSms):
    """Sends what fits."""

    def content(self, content: str) -> str:
        """Cut the text."""
        return content[:1_600]


# --- Mailgun --------------------------------------------------------------------------------------------------------


@killed_by("delivery.options", "host", spec=OFFICIAL_MAILGUN)
class StaysInTheUnitedStates(MailgunMail):
    """Ignores the endpoint of the region."""

    def deliver(self, config: MailgunConfig, email: Email) -> object:
        """Send without the config's endpoint."""
        return super().deliver(MailgunConfig(config.domain, config.api_key, config.sender, config.deliveries), email)


@killed_by("delivery.code", "variables", spec=OFFICIAL_MAILGUN)
class SendsTheConfigsVariablesOnly(MailgunMail):
    """Forgets the payload where Mailgun has the template."""

    def variables(self, message: SendMessageData) -> Mapping[str, Any]:
        """Return nothing of the message."""
        return {}


@killed_by("delivery.reply-to", "{{team}}", spec=OFFICIAL_MAILGUN)
class RepliesToTheTemplateUnrendered(MailgunMail):
    """Sends the managed replyTo as Logto stores it."""

    def managed(self, config: MailgunConfig, email: Email) -> dict[str, str | None]:
        """Use the template's text."""
        assert isinstance(email.template, EmailTemplateDetails)
        return super().managed(config, email) | {"h:Reply-To": email.template.reply_to}


@killed_by("delivery.text-alternative", "text part", spec=OFFICIAL_MAILGUN)
class SendsATextPartUnrendered(MailgunMail):
    """Adds a text alternative, and forgets to render it: readers of plain text get no code."""

    def managed(self, config: MailgunConfig, email: Email) -> dict[str, str | None]:
        """Add the template's content as text."""
        assert isinstance(email.template, EmailTemplateDetails)
        return {"text": email.template.content} | super().managed(config, email)


# --- SendGrid -------------------------------------------------------------------------------------------------------


@killed_by("delivery.html", "with text/html as HTML", spec=OFFICIAL_SENDGRID)
class SendsEveryTemplateAsText(SendGridMail):
    """Ignores the media type of the config's templates."""

    def content_type(self, email: Email) -> str:
        """Return text/plain for a template of the config."""
        return email.content_type if isinstance(email.template, EmailTemplateDetails) else "text/plain"


@killed_by("delivery.i18n-settings", "expected the sender", spec=OFFICIAL_SENDGRID)
class ForgetsTheName(SendGridMail):
    """Sends a managed template without the name of the config's sender."""

    def sender(self, config: SendGridConfig, email: Email) -> dict[str, str]:
        """Leave the name out, where the template does not have one."""
        sender = super().sender(config, email)
        is_own = isinstance(email.template, EmailTemplateDetails) and sender.get("name") == config.from_name
        return {"email": sender["email"]} if is_own else sender


# --- Postmark -------------------------------------------------------------------------------------------------------


@killed_by("delivery.template-variables", "campaign", spec=OFFICIAL_POSTMARK)
class SendsTheCodeOnly(PostmarkMail):
    """Leaves out the link and the names that Logto adds to a payload."""

    def model(self, message: SendMessageData) -> Any:
        """Return the code."""
        return {"code": message.payload.code}


@killed_by("delivery.template-variables", "variable of an earlier message", spec=OFFICIAL_POSTMARK)
class RemembersTheModel(PostmarkMail):
    """Keeps the model of each usage type, as if it were that of the template."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._models: dict[str, Any] = {}

    def model(self, message: SendMessageData) -> Any:
        """Return the model of the first message."""
        return self._models.setdefault(message.type, to_json(message.payload))


def _any_422_is_a_quota(status: int, body: Any) -> Problem | None:
    if status == 200:
        return None
    codes = {422: Codes.USAGE_LIMIT_EXCEEDED, 429: Codes.RATE_LIMIT_EXCEEDED}
    return Problem(codes.get(status, Codes.INVALID_RESPONSE), body["Message"], body["ErrorCode"])


@killed_by("errors.rejection", "invalid_response", spec=OFFICIAL_POSTMARK)
class TakesARejectionForAQuota(PostmarkMail):
    """Reads the status, which is 422 for an unknown recipient too."""

    api = Api(_any_422_is_a_quota)


# --- Vonage ---------------------------------------------------------------------------------------------------------


def _first_part(_: int, body: Any) -> Problem | None:
    problem: Problem | None = VonageSms.api.problem(200, {"messages": body["messages"][:1]})
    return problem


@killed_by("errors.rejection", "second-part-failed", spec=OFFICIAL_VONAGE)
class ReadsTheFirstPart(VonageSms):
    """Forgets that a long message has several parts."""

    api = Api(_first_part)


@killed_by("errors.not-retried", "second-part-failed", spec=OFFICIAL_VONAGE)
class RepeatsAfterAFailedPart(VonageSms):
    """Sends the whole message again, and the first part twice."""

    def deliver(self, config: VonageConfig, sms: Sms) -> object:
        """Try twice."""
        try:
            return super().deliver(config, sms)
        except ConnectorError as error:
            if "Internal Error" not in str(error.data):
                raise
            return super().deliver(config, sms)


@killed_by("rendering.literal-text", "expected", spec=OFFICIAL_VONAGE)
class ForgetsOtherAlphabets(VonageSms):
    """Sends every message in the alphabet of GSM."""

    def body(self, config: VonageConfig, sms: Sms) -> dict[str, str]:
        """Replace the other characters."""
        body = super().body(config, sms)
        return body | {"text": body["text"].encode("ascii", "replace").decode(), "type": "text"}


# --- SMTP -----------------------------------------------------------------------------------------------------------


@killed_by("delivery.reply-to", "support@example.com", spec=_SMTP)
class PrefersTheConfigsReplyTo(SmtpMail):
    """Ignores the replyTo of a managed template where the config has one."""

    def headers(self, config: SmtpConfig, email: Email) -> dict[str, str]:
        """Use the config's replyTo."""
        return super().headers(config, email) | ({"Reply-To": config.reply_to} if config.reply_to else {})


@killed_by("delivery.i18n-settings", "customHeaders", spec=_SMTP)
class DropsHeadersOfManagedTemplates(SmtpMail):
    """Adds the config's own headers to the config's own templates only."""

    def headers(self, config: SmtpConfig, email: Email) -> dict[str, str]:
        """Leave the headers out."""
        own = config.custom_headers or {} if isinstance(email.template, EmailTemplateDetails) else {}
        return {name: value for name, value in super().headers(config, email).items() if name not in own}


@killed_by("isolation.secret-rotation", "expected", spec=_SMTP_WITH_TOKEN)
class KeepsTheAccessToken(SmtpMail):
    """Authenticates with the first access token of a user."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._tokens: dict[str, Any] = {}

    def authenticate(self, server: Any, config: SmtpConfig) -> None:
        """Use the token that the user had first."""
        token = self._tokens.setdefault(config.auth["user"], config.auth["accessToken"])
        super().authenticate(
            server,
            type(config)(
                host=config.host,
                port=config.port,
                from_email=config.from_email,
                templates=config.templates,
                auth={**config.auth, "accessToken": token},
            ),
        )


@killed_by("errors.not-retried", "connection-lost", spec=_SMTP)
class RepeatsAfterALostConnection(SmtpMail):
    """Sends the message again when the connection is lost, although the server may have accepted it."""

    def attempt(self, config: SmtpConfig, email: Email, document: bytes) -> object:
        """Try twice."""
        try:
            return super().attempt(config, email, document)
        except ConnectorError as error:
            if error.code is not Codes.GENERAL:
                raise
            return super().attempt(config, email, document)
