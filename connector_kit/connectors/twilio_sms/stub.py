"""Twilio on the loopback interface, with its error responses: https://www.twilio.com/docs/api/errors."""

from collections.abc import Mapping
from typing import Any, ClassVar

from conformance import Failure, Family, HttpProvider, HttpRequest, HttpResponse, Message


def _error(status: int, code: int, message: str) -> HttpResponse:
    page = f"https://www.twilio.com/docs/errors/{code}"
    return HttpResponse.json({"code": code, "message": message, "more_info": page, "status": status}, status)


def _failure(name: str, family: Family, status: int, code: int, message: str) -> Failure:
    return Failure(name, family, status, message, code=str(code), response=_error(status, code, message))


class TwilioProvider(HttpProvider):
    """Replaces ``api.twilio.com``. It accepts a form with status 201 and a SID."""

    scheme = "https"
    host_names = ("api.twilio.com",)
    path = "/2010-04-01/Accounts/{accountSID}/Messages.json"
    content_type = "application/x-www-form-urlencoded"
    authorization = "Basic {accountSID}:{authToken}"
    settings: ClassVar[Mapping[str, str]] = {"fromMessagingServiceSID": "MessagingServiceSid", "fromNumber": "From"}
    failures = (
        _failure("too-many-requests", "throttle", 429, 20429, "Too Many Requests"),
        _failure(
            "full-queue",
            "throttle",
            429,
            21611,
            "This 'From' number has exceeded the maximum number of queued messages",
        ),
        _failure("daily-limit", "quota", 429, 63038, "Account exceeded the 9 daily messages limit"),
        _failure("authenticate", "credentials", 401, 20003, "Authenticate"),
        _failure("invalid-number", "rejection", 400, 21211, "Invalid 'To' Phone Number"),
        _failure(
            "region-not-enabled",
            "rejection",
            400,
            21408,
            "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
        ),
        _failure(
            "not-the-accounts-number",
            "rejection",
            400,
            21606,
            "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination/account",
        ),
        _failure(
            "trial-account",
            "rejection",
            400,
            21608,
            "The number is unverified. Trial accounts cannot send messages to unverified numbers",
        ),
        _failure("unsubscribed", "rejection", 400, 21610, "Attempt to send to unsubscribed recipient"),
        _failure("landline", "rejection", 400, 21614, "'To' number is not a valid mobile number"),
        _failure("too-long", "rejection", 400, 21617, "The concatenated message body exceeds the 1600 character limit"),
        _failure("unknown-service", "rejection", 400, 21705, "The Messaging Service Sid is invalid"),
        _failure("internal", "server-error", 500, 20500, "An internal server error has occurred"),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        form = request.form
        if not form["To"].startswith("+"):
            raise ValueError("expected To to be a number in E.164 form, with a plus sign")
        return Message(form["To"], text=form["Body"], sender=form.get("MessagingServiceSid", form.get("From")))

    def options_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the sender and the risk check with the config; Twilio's default is to check."""
        expected = "disable" if config.get("disableRiskCheck") else "enable"
        found = request.form.get("RiskCheck", "enable")
        wrong = f"expected the RiskCheck {expected!r}, found {found!r}" if found != expected else None
        return super().options_error(request, config) or wrong

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the SID."""
        return HttpResponse.json({"sid": message_id, "status": "queued", "error_code": None}, 201)

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return Twilio's JSON for an error."""
        return _error(status, 20000 + status, message)
