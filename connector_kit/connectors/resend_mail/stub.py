"""Resend on the loopback interface, with its error responses: https://resend.com/docs/api-reference/errors."""

from conformance import Failure, Family, HttpProvider, HttpRequest, HttpResponse, Message


def _failure(name: str, family: Family, status: int, code: str, message: str) -> Failure:
    return Failure(name, family, status, message, code=code, fields={"name": code})


class ResendProvider(HttpProvider):
    """Replaces ``api.resend.com``. It delivers a message once for each idempotency key."""

    scheme = "https"
    host_names = ("api.resend.com",)
    path = "/emails"
    content_type = "application/json"
    authorization = "Bearer {apiKey}"
    sender_key = "fromEmail"
    failures = (
        _failure(
            "rate-limited",
            "throttle",
            429,
            "rate_limit_exceeded",
            "Too many requests. You can only make 2 requests per second.",
        ),
        _failure(
            "daily-quota",
            "quota",
            429,
            "daily_quota_exceeded",
            "You have reached your daily email sending quota.",
        ),
        _failure(
            "monthly-quota",
            "quota",
            429,
            "monthly_quota_exceeded",
            "You have reached your monthly email sending quota.",
        ),
        _failure("wrong-key", "credentials", 401, "validation_error", "API key is invalid"),
        _failure("restricted-key", "credentials", 401, "restricted_api_key", "This API key is restricted."),
        _failure(
            "unverified-domain",
            "rejection",
            403,
            "validation_error",
            "The domain is not verified. Please, add and verify your domain on https://resend.com/domains",
        ),
        _failure("invalid-recipient", "rejection", 422, "validation_error", "Invalid `to` field."),
        _failure("application-error", "server-error", 500, "application_error", "An unexpected error occurred."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the message in a request to send an e-mail."""
        sent = request.json
        return Message(
            sent["to"],
            sent["subject"],
            sent.get("html"),
            sent.get("text"),
            sent["from"],
            sent.get("reply_to", ()),
            idempotency_key=request.headers.get("Idempotency-Key"),
        )

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return Resend's JSON for an error."""
        return HttpResponse.json({"statusCode": status, "message": message, "name": "error"}, status)
