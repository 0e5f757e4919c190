"""The Twilio connector: one request for each text message, from a messaging service or from a number."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final
from urllib.parse import quote

from attrs import frozen

from connector_kit import (
    ConnectorErrorCodes,
    ConnectorMetadata,
    Declaration,
    HttpApi,
    Issue,
    Sms,
    SmsConnector,
    SmsTemplates,
    WarningRule,
    is_placeholder,
    require_one_of,
    setting,
    sms_templates,
)


@require_one_of("from_messaging_service_sid", "from_number")
@frozen
class TwilioConfig:
    """The config of the Twilio connector: the account, a messaging service or a number, and the templates."""

    account_sid: str = setting(
        "Account SID",
        key="accountSID",
        description="AC and 32 hexadecimal digits, from the page Account Dashboard of Twilio's console.",
        placeholder="<account-sid>",
        examples=["AC0123456789abcdef0123456789abcdef"],
    )
    auth_token: str = setting(
        "Auth token",
        description="The primary auth token of the account, from the same page.",
        placeholder="<auth-token>",
        secret=True,
        examples=["fedcba9876543210fedcba9876543210"],
    )
    from_messaging_service_sid: str | None = setting(
        "Messaging service SID",
        key="fromMessagingServiceSID",
        default=None,
        description="MG and 32 hexadecimal digits. The service selects the sender. Required, unless there is a number.",
        placeholder="<from-messaging-service-sid>",
        examples=["MG00112233445566778899aabbccddeeff"],
    )
    from_number: str | None = setting(
        "From number",
        default=None,
        description="The sender, if there is no messaging service: a number with its country code, a short code or a name.",
        placeholder="+15550100000",
    )
    disable_risk_check: bool = setting(
        "Disable risk check",
        default=False,
        description="Whether Twilio delivers messages that its protection against SMS pumping would block.",
        examples=[True],
    )
    templates: SmsTemplates = sms_templates()


_SID: Final = "{} and 32 hexadecimal digits"
_FORMS: Final = {
    "accountSID": (r"AC[0-9a-f]{32}", _SID.format("AC")),
    "authToken": (r"\s*[0-9a-f]{32}\s*", "32 hexadecimal digits"),
    "fromMessagingServiceSID": (r"MG[0-9a-f]{32}", f"{_SID.format('MG')} (a number goes into fromNumber)"),
    "fromNumber": (
        r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}",
        "a number such as +15550100000, with a plus sign and without spaces",
    ),
}
"""By key: what Twilio accepts, and the same in words. https://www.twilio.com/docs/glossary/what-is-a-sid"""

_MISTAKES: Final = {
    r"SK[0-9a-f]{32}": "the SID of an API key, which needs a secret of its own",
    r"AC[0-9a-f]{32}": "the SID of the account",
    r"MG[0-9a-f]{32}": "the SID of a messaging service",
    r"PN[0-9a-f]{32}": "the SID of a phone number",
    r"\+?[0-9 ().-]{7,20}": "a phone number",
}
"""What people enter instead."""


def unusual_identifiers(config: Any) -> Iterator[Issue]:
    """Find SIDs, tokens and numbers that do not have Twilio's form. Placeholders have a warning of their own."""
    for key, (form, expected) in _FORMS.items():
        value = config.get(key) if isinstance(config, dict) else None
        if isinstance(value, str) and not is_placeholder(value) and not re.fullmatch(form, value):
            found = (it for pattern, it in _MISTAKES.items() if re.fullmatch(pattern, value))
            what = next(found, f"{len(value)} characters that do not have this form")
            yield Issue((key,), "twilio-form", f"expected {expected}, found {what}")


class TwilioConnector(SmsConnector[TwilioConfig]):
    """Sends text messages through Twilio (https://www.twilio.com/docs/messaging/api/message-resource)."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="twilio-sms",
        target="twilio",
        name={"en": "Twilio"},
        description={"en": "Sends Logto's verification codes through Twilio."},
    )
    config_class = TwilioConfig
    config_warnings: ClassVar[tuple[WarningRule, ...]] = (unusual_identifiers,)
    declaration: ClassVar[Declaration | None] = Declaration(provider="twilio", capabilities={"config-templates", "sms"})
    # https://www.twilio.com/docs/api/errors
    api: ClassVar[HttpApi] = HttpApi(
        "Twilio",
        "https://api.twilio.com/2010-04-01",
        errors={
            "21611": ConnectorErrorCodes.RATE_LIMIT_EXCEEDED,
            "63038": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,
        },
        code="code",
        request_id="twilio-request-id",
    )

    def deliver(self, config: TwilioConfig, sms: Sms) -> object:
        """Send one text message and return its SID."""
        form = {
            "To": sms.e164,
            "MessagingServiceSid": config.from_messaging_service_sid,
            "From": config.from_number,
            "Body": sms.content,
            "RiskCheck": "disable" if config.disable_risk_check else "enable",
        }
        path = f"/Accounts/{quote(config.account_sid, safe='', errors='replace')}/Messages.json"
        credentials = (config.account_sid, config.auth_token.strip())
        return self.api.post(path, sms, form=form, basic=credentials).text("sid")
