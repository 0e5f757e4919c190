"""``@logto/connector-http-email`` and ``@logto/connector-http-sms``, and the stub of the endpoint that they call."""

from typing import ClassVar, Final

from conformance.npm.official.package import STRING, OfficialPackage, config_schema
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse


class Endpoint(HttpProvider):
    """The endpoint that Logto's HTTP connectors send each message to. Any 2xx status is a success."""

    config_key = "endpoint"
    base_path = "/messages"
    content_type = "application/json"
    authorization = "{authorization}"
    is_response_read = False
    failures: ClassVar[tuple[Failure, ...]] = (
        Failure("too-many", "throttle", 429, "Too many messages a second."),
        Failure("quota-exceeded", "quota", 429, "The messages of this month are used up."),
        Failure("unknown-recipient", "rejection", 422, "The recipient is unknown."),
        Failure("unauthorized", "credentials", 401, "The authorization is unknown."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the forwarded message."""
        message = request.json
        if not isinstance(message["type"], str) or not isinstance(message["payload"], dict):
            raise TypeError("expected a string as the type and an object as the payload")
        return Message(to=message["to"], forwarded=message)

    def success_response(self, message_id: str) -> HttpResponse:  # noqa: ARG002 - the endpoint returns no id
        """Return status 204."""
        return HttpResponse(204)


def _package(*capabilities: str) -> OfficialPackage:
    return OfficialPackage(
        schema=config_schema("HTTP connector config", {"endpoint": STRING}, {"authorization": STRING}),
        valid_config={"endpoint": "https://example.com/messages", "authorization": "Bearer example-token"},
        provider=Endpoint,
        capabilities={"provider-templates", *capabilities},
        secrets=("authorization",),
    )


HTTP_EMAIL: Final = _package()
HTTP_SMS: Final = _package("sms")
