"""Text messages as Logto's Twilio connector sends them: a form, HTTP Basic, E.164 numbers and a messaging service."""

from http import HTTPStatus
from typing import Any, ClassVar, Final

from attrs import field, frozen
from urllib3 import make_headers

from conformance import Spec
from conformance.npm.official.twilio import DAILY_LIMIT_EXCEEDED, TOO_MANY_REQUESTS, Twilio
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorMetadata,
    Guard,
    Sms,
    SmsConnector,
    wire_name,
)
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.official_parts import Api, Problem, url_encoded
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
)

_MAX_LENGTH: Final = 1_600
"""Twilio rejects a longer message."""


@frozen
class TwilioTemplate:
    """A text message."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class TwilioConfig:
    """An account, its token, and the messaging service that chooses the sender."""

    account_sid: str = field(metadata=wire_name("accountSID"))
    auth_token: str = field(repr=False)
    from_messaging_service_sid: str = field(metadata=wire_name("fromMessagingServiceSID"))
    templates: tuple[TwilioTemplate, ...]
    disable_risk_check: bool | None = None


def _problem(status: int, body: Any) -> Problem | None:
    if status == HTTPStatus.CREATED and isinstance(body["sid"], str):
        return None
    codes = {DAILY_LIMIT_EXCEEDED: Codes.USAGE_LIMIT_EXCEEDED, TOO_MANY_REQUESTS: Codes.RATE_LIMIT_EXCEEDED}
    return Problem(codes.get(body["code"], Codes.INVALID_RESPONSE), body["message"], body["code"])


class TwilioSms(SmsConnector[TwilioConfig]):
    """Sends ``To`` with a plus sign, ``MessagingServiceSid``, ``Body`` and ``RiskCheck`` to the account's path."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "official-twilio",
        required("accountSID"),
        required("authToken", is_confidential=True),
        required("fromMessagingServiceSID"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.SWITCH, "disableRiskCheck", "disableRiskCheck"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[TwilioConfig]] = Guard(
        config_schema(
            {
                "accountSID": {"type": "string", "pattern": "^AC[0-9a-f]{32}$"},
                "authToken": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "fromMessagingServiceSID": {"type": "string", "pattern": "^MG[0-9a-f]{32}$"},
                "templates": templates("content"),
            },
            {"disableRiskCheck": {"type": "boolean"}},
        ),
        TwilioConfig,
    )
    api: ClassVar[Api] = Api(_problem)

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def number(self, to: str) -> str:
        """Return the number in E.164 form: Logto's has no plus sign."""
        return f"+{one_recipient(to).removeprefix('+')}"

    def content(self, content: str) -> str:
        """Return the text, if Twilio accepts its length."""
        if len(content) > _MAX_LENGTH:
            raise ConnectorError(
                Codes.INVALID_REQUEST_PARAMETERS,
                {"message": f"Expected at most {_MAX_LENGTH} characters, found {len(content)}."},
            )
        return content

    def form(self, config: TwilioConfig, sms: Sms) -> list[tuple[str, str]]:
        """Return the fields of the request."""
        return [
            ("To", self.number(sms.to)),
            ("MessagingServiceSid", config.from_messaging_service_sid),
            ("Body", self.content(sms.content)),
            ("RiskCheck", "disable" if config.disable_risk_check else "enable"),
        ]

    def deliver(self, config: TwilioConfig, sms: Sms) -> object:
        """Send the text message, and return the provider's sid."""
        url = f"https://api.twilio.com/2010-04-01/Accounts/{config.account_sid}/Messages.json"
        headers = make_headers(basic_auth=f"{config.account_sid}:{config.auth_token}")
        secrets = (headers["authorization"], config.auth_token, *payload_secrets(sms.data.payload))
        form = self.form(config, sms)
        return self.api.send(self._pool, "POST", url, secrets, headers=headers, **url_encoded(form)).json["sid"]


OFFICIAL_TWILIO: Final = Spec(
    connector=TwilioSms,
    valid_config={
        "accountSID": "AC0123456789abcdef0123456789abcdef",
        "authToken": "fedcba9876543210fedcba9876543210",
        "fromMessagingServiceSID": "MG00112233445566778899aabbccddeeff",
        "disableRiskCheck": True,
        "templates": [{"usageType": kind, "content": f"{kind}: {{{{code}}}}"} for kind in REQUIRED],
    },
    provider=Twilio,
    capabilities={"config-templates", "sms"},
    secrets=("authToken",),
)
