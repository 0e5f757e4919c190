"""``@logto/connector-sendgrid-email``, and the stub of SendGrid's Mail Send API."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from conformance.npm.official.package import STRING, USAGE_TYPES, OfficialPackage, config_schema, templates_schema
from conformance.providers.base import Call
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse

CREDITS_EXCEEDED: Final = "Maximum credits exceeded"
"""SendGrid's message for a plan that is used up. The status is 401, as for a wrong key."""


class SendGrid(HttpProvider):
    """Accepts JSON with status 202, an empty body, and the message id in a header."""

    scheme = "https"
    host_names = ("api.sendgrid.com",)
    path = "/v3/mail/send"
    content_type = "application/json"
    authorization = "Bearer {apiKey}"
    is_response_read = False
    failures: ClassVar[tuple[Failure, ...]] = (
        Failure("too-many-requests", "throttle", 429, "too many requests"),
        Failure("credits-exceeded", "quota", 401, CREDITS_EXCEEDED),
        Failure("unverified-sender", "rejection", 403, "The from address does not match a verified Sender Identity."),
        Failure("wrong-key", "credentials", 401, "The provided authorization grant is invalid, expired, or revoked"),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the message."""
        mail = request.json
        (personalization,) = mail["personalizations"]
        (recipient,) = personalization["to"]
        contents = {it["type"]: it["value"] for it in mail["content"]}
        return Message(
            recipient["email"],
            mail["subject"],
            html=contents.get("text/html"),
            text=contents.get("text/plain"),
            sender=_mailbox(mail["from"]),
            reply_to=_mailbox(mail["reply_to"]) if "reply_to" in mail else None,
        )

    def sender_error(self, call: Call, config: Mapping[str, Any]) -> str | None:
        """Compare the address and the display name with the config's."""
        expected = {"email": config["fromEmail"]}
        if config.get("fromName"):
            expected["name"] = config["fromName"]
        found = call.raw.json["from"]
        return None if found == expected else f"expected the sender {expected}, found {found}"

    def success_response(self, message_id: str) -> HttpResponse:
        """Return no body."""
        return HttpResponse(202, b"", {"X-Message-Id": message_id})

    def expected_result(self, message_id: str) -> object:
        """Return the id of the header."""
        return message_id

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return a list of errors."""
        return HttpResponse.json({"errors": [{"message": message, "field": None, "help": None}]}, status)


def _mailbox(member: Mapping[str, str]) -> str:
    """Return a mailbox as one text."""
    return f'"{member["name"]}" <{member["email"]}>' if member.get("name") else member["email"]


SENDGRID_EMAIL: Final = OfficialPackage(
    schema=config_schema(
        "SendGrid connector config",
        {
            "apiKey": STRING,
            "fromEmail": STRING,
            "templates": templates_schema(type={"enum": ["text/plain", "text/html"]}, subject=STRING, content=STRING),
        },
        {"fromName": STRING},
    ),
    valid_config={
        "apiKey": "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",
        "fromEmail": "noreply@example.com",
        "fromName": "Example",
        "templates": [
            {
                "usageType": kind,
                "type": "text/html",
                "subject": f"{kind} code",
                "content": "<p>Your code is {{code}}.</p>",
            }
            for kind in USAGE_TYPES
        ],
    },
    provider=SendGrid,
    capabilities={"config-templates", "html", "i18n-templates", "send-from", "text"},
    secrets=("apiKey",),
)
