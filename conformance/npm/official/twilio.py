"""``@logto/connector-twilio-sms``, and the stub of Twilio's Messages API."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from conformance.npm.official.package import STRING, USAGE_TYPES, OfficialPackage, config_schema, templates_schema
from conformance.providers.base import Family
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse

TOO_MANY_REQUESTS: Final = 20429
"""Twilio's error code for a rate limit, with the HTTP status 429."""

DAILY_LIMIT_EXCEEDED: Final = 63038
"""Twilio's error code for too many messages on one day, also with the HTTP status 429."""


def _error(status: int, code: int, message: str) -> HttpResponse:
    page = f"https://www.twilio.com/docs/errors/{code}"
    return HttpResponse.json({"code": code, "message": message, "more_info": page, "status": status}, status)


def _failure(name: str, family: Family, status: int, code: int, message: str) -> Failure:
    return Failure(name, family, status, message, response=_error(status, code, message))


class Twilio(HttpProvider):
    """Accepts a form with status 201 and a sid. Numbers are in E.164 form."""

    scheme = "https"
    host_names = ("api.twilio.com",)
    path = "/2010-04-01/Accounts/{accountSID}/Messages.json"
    content_type = "application/x-www-form-urlencoded"
    authorization = "Basic {accountSID}:{authToken}"
    sender_key = "fromMessagingServiceSID"
    failures: ClassVar[tuple[Failure, ...]] = (
        _failure("too-many-requests", "throttle", 429, TOO_MANY_REQUESTS, "Too Many Requests"),
        _failure("daily-limit", "quota", 429, DAILY_LIMIT_EXCEEDED, "Account exceeded the daily messages limit"),
        _failure("invalid-number", "rejection", 400, 21211, "The 'To' number is not a valid phone number."),
        _failure("authenticate", "credentials", 401, 20003, "Authenticate"),
        _failure("unavailable", "server-error", 503, 20503, "Service unavailable"),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        form = request.form
        if not form["To"].startswith("+"):
            raise ValueError("expected To to be a number in E.164 form, with a plus sign")
        return Message(form["To"], text=form["Body"], sender=form["MessagingServiceSid"])

    def options_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the risk check with the config's setting; Twilio's default is to check."""
        expected = "disable" if config.get("disableRiskCheck") else "enable"
        found = request.form.get("RiskCheck", "enable")
        return None if found == expected else f"expected the RiskCheck {expected!r}, found {found!r}"

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the sid."""
        return HttpResponse.json({"sid": message_id, "status": "queued", "error_code": None}, 201)

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return an error with a code of Twilio's."""
        return _error(status, 20000 + status, message)


TWILIO_SMS: Final = OfficialPackage(
    schema=config_schema(
        "Twilio SMS connector config",
        {
            "accountSID": STRING,
            "authToken": STRING,
            "fromMessagingServiceSID": STRING,
            "templates": templates_schema(content=STRING),
        },
        {"disableRiskCheck": {"type": "boolean"}},
    ),
    valid_config={
        "accountSID": "AC0123456789abcdef0123456789abcdef",
        "authToken": "fedcba9876543210fedcba9876543210",
        "fromMessagingServiceSID": "MG00112233445566778899aabbccddeeff",
        "disableRiskCheck": True,
        "templates": [{"usageType": kind, "content": f"{kind}: {{{{code}}}}"} for kind in USAGE_TYPES],
    },
    provider=Twilio,
    capabilities={"config-templates", "sms"},
    secrets=("authToken",),
)
