"""Text messages as a form with HTTP Basic; an environment variable has the provider's address."""

import os
from typing import Any, ClassVar, Final
from urllib.parse import quote

from attrs import field, frozen
from urllib3 import make_headers

from conformance import Failure, HttpProvider, HttpRequest, HttpResponse, Message, Spec
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
    Guard,
    Sms,
    SmsConnector,
)
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

_HTTP: Final = Http(accepted=frozenset({201}))


@frozen
class SmsTemplate:
    """A text message."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class FormSmsConfig:
    """An account, its token, and a sender number or a service that chooses one."""

    account_sid: str
    auth_token: str = field(repr=False)
    from_number: str
    templates: tuple[SmsTemplate, ...]
    service_sid: str | None = None
    validity: int | None = None


class FormSms(SmsConnector[FormSmsConfig]):
    """Sends ``To``, ``From`` and ``Body`` to the account's path, with the usage type as a tag."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "form-sms",
        required("accountSid"),
        required("authToken", is_confidential=True),
        required("fromNumber"),
        text("serviceSid"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.NUMBER, "validity", "validity"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[FormSmsConfig]] = Guard(
        config_schema(
            {"accountSid": TOKEN, "authToken": TOKEN, "fromNumber": STRING, "templates": templates("content")},
            {"serviceSid": STRING, "validity": {"type": "integer"}},
        ),
        FormSmsConfig,
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def deliver(self, config: FormSmsConfig, sms: Sms) -> object:
        """Send the text message, and return the provider's id, the sid."""
        server = os.environ.get("FORM_SMS_URL", "https://sms.example")
        url = f"{server}/Accounts/{quote(config.account_sid, safe='')}/Messages.json"
        form = [("To", one_recipient(sms.to)), ("From", config.from_number), ("Body", sms.content)]
        assert isinstance(sms.template, SmsTemplate)
        form += [("Tags", f"usage={sms.template.usage_type}")]
        form += [("MessagingServiceSid", config.service_sid)] if config.service_sid is not None else []
        form += [("ValidityPeriod", str(config.validity))] if config.validity is not None else []
        headers = make_headers(basic_auth=f"{config.account_sid}:{config.auth_token}")
        secrets = (headers["authorization"], config.auth_token, *payload_secrets(sms.data.payload))
        return text_of(_HTTP.call(self._pool, "POST", url, secrets, headers=headers, form=form), "sid")


class SmsService(HttpProvider):
    """Accepts a form with status 201 and a sid."""

    environment_variable = "FORM_SMS_URL"
    base_path = "/2010-04-01"
    path = "/2010-04-01/Accounts/{accountSid}/Messages.json"
    content_type = "application/x-www-form-urlencoded"
    authorization = "Basic {accountSid}:{authToken}"
    sender_key = "fromNumber"
    settings: ClassVar = {"serviceSid": "MessagingServiceSid", "validity": "ValidityPeriod"}
    failures = (
        Failure("throttled", "throttle", 429, "Too Many Requests"),
        Failure("unpaid", "quota", 402, "The account has no credit."),
        Failure("bad-number", "rejection", 400, "The 'To' number is not a valid phone number."),
        Failure("wrong-token", "credentials", 401, "Authenticate"),
        Failure("overloaded", "server-error", 503, "Service unavailable"),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        return Message(request.form["To"], text=request.form["Body"], sender=request.form["From"])

    def success_response(self, message_id: str) -> HttpResponse:
        """Return status 201 with the sid."""
        return HttpResponse.json({"sid": message_id, "status": "queued"}, 201)


FORM_SMS: Final = Spec(
    connector=FormSms,
    valid_config={
        "accountSid": "AC0123456789",
        "authToken": "t",
        "fromNumber": "+15550100000",
        "serviceSid": "MG01",
        "validity": 600,
        "templates": [{"usageType": kind, "content": "{{code}}"} for kind in REQUIRED],
    },
    provider=SmsService,
    capabilities={"config-templates", "sms"},
    secrets=("authToken",),
)
