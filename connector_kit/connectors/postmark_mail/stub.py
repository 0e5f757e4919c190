"""Postmark on the loopback interface, with its error responses: https://postmarkapp.com/developer/api/overview."""

from collections.abc import Mapping
from typing import Any

from conformance import Failure, Family, HttpProvider, HttpRequest, HttpResponse, Message


def _failure(name: str, family: Family, status: int, code: int, message: str) -> Failure:
    return Failure(name, family, status, message, code=str(code), fields={"ErrorCode": code})


class PostmarkProvider(HttpProvider):
    """Replaces ``api.postmarkapp.com``. It accepts the alias of a template, and an object with the variables."""

    scheme = "https"
    host_names = ("api.postmarkapp.com",)
    path = "/email/withTemplate"
    content_type = "application/json"
    authorization = ""
    sender_key = "fromEmail"
    failures = (
        _failure("too-many-requests", "throttle", 429, 429, "Rate limit exceeded."),
        _failure("out-of-credits", "quota", 422, 405, "Not allowed to send: the account ran out of credits."),
        _failure(
            "wrong-token",
            "credentials",
            401,
            10,
            "Request does not contain a valid Server token.",
        ),
        _failure("invalid-request", "rejection", 422, 300, "Invalid 'From' address."),
        _failure(
            "unknown-sender",
            "rejection",
            422,
            400,
            "The 'From' address you supplied is not a Sender Signature on your account. Please add and confirm this "
            "address in order to be able to use it in the 'From' field of your messages.",
        ),
        _failure(
            "unconfirmed-sender",
            "rejection",
            422,
            401,
            "The Sender Signature for your 'From' address is not confirmed.",
        ),
        _failure("wrong-variables", "rejection", 422, 403, "The JSON that you supplied is not compatible."),
        _failure(
            "inactive-recipient",
            "rejection",
            422,
            406,
            "You tried to send to recipient(s) that have been marked as inactive.",
        ),
        _failure(
            "pending-approval",
            "rejection",
            422,
            412,
            "While your account is pending approval, all recipient addresses must share the same domain as the 'From' "
            "address.",
        ),
        _failure("disabled-account", "rejection", 422, 413, "The account may not send."),
        _failure(
            "unknown-alias",
            "rejection",
            422,
            1101,
            "The Template's 'Alias' associated with this request is not valid or was not found.",
        ),
        _failure("maintenance", "server-error", 503, 100, "The Postmark API is offline for maintenance."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the message; Postmark renders the template."""
        sent = request.json
        if not isinstance(sent["TemplateModel"], dict):
            raise TypeError("expected an object as the TemplateModel")
        recipients = [it.strip() for it in sent["To"].split(",")]
        template, variables = sent["TemplateAlias"], sent["TemplateModel"]
        return Message(recipients, sender=sent["From"], template=template, variables=variables)

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the header of the server token."""
        found = request.headers.get("X-Postmark-Server-Token", "")
        if found == config["serverToken"]:
            return None
        return f"expected the config's serverToken in X-Postmark-Server-Token, found {len(found)} characters"

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the id, with the error code 0."""
        return HttpResponse.json({"MessageID": message_id, "ErrorCode": 0, "Message": "OK"})

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return Postmark's JSON for an error."""
        return HttpResponse.json({"ErrorCode": status, "Message": message}, status)
