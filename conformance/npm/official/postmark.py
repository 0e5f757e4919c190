"""``@logto/connector-postmark``, and the stub of Postmark's API for templates."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from conformance.npm.official.package import STRING, USAGE_TYPES, OfficialPackage, config_schema, templates_schema
from conformance.providers.base import Family
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse

OUT_OF_CREDITS: Final = 405
"""Postmark's error code for an account without credits. The HTTP status is 422, as for every rejected message."""


def _failure(name: str, family: Family, status: int, code: int, message: str) -> Failure:
    return Failure(
        name, family, status, message, response=HttpResponse.json({"ErrorCode": code, "Message": message}, status)
    )


class Postmark(HttpProvider):
    """Accepts the alias of a template, and the model with the template's variables."""

    scheme = "https"
    host_names = ("api.postmarkapp.com",)
    path = "/email/withTemplate"
    content_type = "application/json"
    authorization = ""
    sender_key = "fromEmail"
    failures: ClassVar[tuple[Failure, ...]] = (
        _failure("too-many-requests", "throttle", 429, 429, "Rate limit exceeded."),
        _failure("out-of-credits", "quota", 422, OUT_OF_CREDITS, "Not allowed to send: you ran out of credits."),
        _failure("inactive-recipient", "rejection", 422, 406, "The recipient is marked as inactive."),
        _failure("unknown-alias", "rejection", 422, 1101, "The template alias was not found."),
        _failure("wrong-token", "credentials", 401, 10, "The Server Token you provided is not valid."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the message."""
        mail = request.json
        if not isinstance(mail["TemplateModel"], dict):
            raise TypeError("expected an object as the TemplateModel")
        return Message(mail["To"], sender=mail["From"], template=mail["TemplateAlias"], variables=mail["TemplateModel"])

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the header of the server token."""
        found = request.headers.get("X-Postmark-Server-Token", "")
        if found == config["serverToken"]:
            return None
        return f"expected the config's serverToken in X-Postmark-Server-Token, found {len(found)} characters"

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the id with the error code 0."""
        return HttpResponse.json({"MessageID": message_id, "ErrorCode": 0, "Message": "OK"})

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return an error code and a message."""
        return HttpResponse.json({"ErrorCode": status, "Message": message}, status)


POSTMARK: Final = OfficialPackage(
    schema=config_schema(
        "Postmark connector config",
        {"serverToken": STRING, "fromEmail": STRING, "templates": templates_schema(templateAlias=STRING)},
    ),
    valid_config={
        "serverToken": "0b5ee5a0-1a3b-4c5d-8e7f-9a8b7c6d5e4f",
        "fromEmail": "noreply@example.com",
        "templates": [{"usageType": kind, "templateAlias": f"alias-{kind}"} for kind in USAGE_TYPES],
    },
    provider=Postmark,
    capabilities={"template-names"},
    secrets=("serverToken",),
)
