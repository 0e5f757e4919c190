"""``@logto/connector-vonage-sms``, and the stub of Vonage's SMS API."""

from typing import ClassVar, Final

from conformance.npm.official.package import STRING, USAGE_TYPES, OfficialPackage, config_schema, templates_schema
from conformance.providers.base import Family
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse

SUCCESS, THROTTLED, QUOTA_EXCEEDED = "0", "1", "9"
"""Vonage's status of a part of a message, in the response's body. The HTTP status is always 200."""


def _parts(*parts: dict[str, str]) -> HttpResponse:
    return HttpResponse.json({"message-count": str(len(parts)), "messages": list(parts)})


def _failure(name: str, family: Family, status: str, message: str) -> Failure:
    return Failure(name, family, 200, message, response=_parts({"status": status, "error-text": message}))


class Vonage(HttpProvider):
    """Responds with the HTTP status 200 always. The body has a status for each part of the message."""

    scheme = "https"
    host_names = ("rest.nexmo.com",)
    path = "/sms/json"
    content_type = "application/json"
    authorization = "Basic {apiKey}:{apiSecret}"
    sender_key = "brandName"
    failures: ClassVar[tuple[Failure, ...]] = (
        _failure("throttled", "throttle", THROTTLED, "Throughput Rate Exceeded - please wait and retry"),
        _failure("quota-exceeded", "quota", QUOTA_EXCEEDED, "Quota Exceeded - rejected"),
        _failure("unroutable", "rejection", "6", "Unroutable message - rejected"),
        _failure("bad-credentials", "credentials", "4", "Bad Credentials"),
        _failure("internal-error", "server-error", "5", "Internal Error"),
        Failure(
            "second-part-failed",
            "rejection",
            200,
            "Internal Error",
            response=_parts({"status": SUCCESS, "message-id": "1"}, {"status": "5", "error-text": "Internal Error"}),
            ambiguous=True,
        ),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        sms = request.json
        return Message(sms["to"], text=sms["text"], sender=sms["from"])

    def success_response(self, message_id: str) -> HttpResponse:
        """Return one part with the status 0."""
        return _parts({"to": "15550000000", "message-id": message_id, "status": SUCCESS})

    def error_response(self, status: int, message: str) -> HttpResponse:  # noqa: ARG002 - the HTTP status is always 200
        """Return one part with another status."""
        return _parts({"status": "3", "error-text": message})


VONAGE_SMS: Final = OfficialPackage(
    schema=config_schema(
        "Vonage SMS connector config",
        {"apiKey": STRING, "apiSecret": STRING, "brandName": STRING, "templates": templates_schema(content=STRING)},
    ),
    valid_config={
        "apiKey": "abcd1234",
        "apiSecret": "Zq8wE5rTy2uIo1pA",
        "brandName": "Example",
        "templates": [{"usageType": kind, "content": f"{kind}: {{{{code}}}}"} for kind in USAGE_TYPES],
    },
    provider=Vonage,
    capabilities={"config-templates", "sms"},
    secrets=("apiKey", "apiSecret"),
)
