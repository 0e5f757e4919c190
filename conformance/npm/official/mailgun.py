"""``@logto/connector-mailgun``, and the stub of Mailgun's Messages API."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from conformance.npm.official.package import STRING, USAGE_TYPES, OfficialPackage, config_schema
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse

_US: Final = "https://api.mailgun.net"


class Mailgun(HttpProvider):
    """Accepts a form; the server is one for each region."""

    scheme = "https"
    host_names = ("api.mailgun.net", "api.eu.mailgun.net")
    path = "/v3/{domain}/messages"
    content_type = "application/x-www-form-urlencoded"
    authorization = "Basic api:{apiKey}"
    sender_key = "from"
    failures: ClassVar[tuple[Failure, ...]] = (
        Failure("too-many-requests", "throttle", 429, "Too many requests"),
        Failure("limit-exceeded", "quota", 402, "The message limit of your plan is exceeded."),
        Failure(
            "not-an-address", "rejection", 400, "'to' parameter is not a valid address. please check documentation"
        ),
        Failure("wrong-key", "credentials", 401, "Invalid private key"),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the message."""
        form = request.form
        variables = json.loads(form["h:X-Mailgun-Variables"]) if "template" in form else None
        return Message(
            form["to"],
            form.get("subject"),
            html=form.get("html"),
            text=form.get("text"),
            sender=form["from"],
            reply_to=form.get("h:Reply-To"),
            template=form.get("template"),
            variables=variables,
        )

    def options_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the host with the config's endpoint; without one, it is the host of the US."""
        expected, found = urlsplit(config.get("endpoint", _US)).netloc, urlsplit(request.url).netloc
        return None if found == expected else f"expected the host {expected}, found {found}"

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the id."""
        return HttpResponse.json({"id": message_id, "message": "Queued. Thank you."})


MAILGUN: Final = OfficialPackage(
    schema=config_schema(
        "Mailgun connector config",
        {
            "domain": STRING,
            "apiKey": STRING,
            "from": STRING,
            "deliveries": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {"subject": STRING, "replyTo": STRING},
                    "anyOf": [
                        {"properties": {"html": STRING, "text": STRING}, "required": ["html"]},
                        {"properties": {"template": STRING, "variables": {"type": "object"}}, "required": ["template"]},
                    ],
                },
            },
        },
        {"endpoint": {"type": "string", "pattern": r"^https://[a-z0-9]+(\.[a-z0-9]+)*\.mailgun\.net$"}},
    ),
    valid_config={
        "endpoint": "https://api.eu.mailgun.net",
        "domain": "mail.example.com",
        "apiKey": "key-0123456789abcdef0123456789abcdef",
        "from": "Example <noreply@example.com>",
        "deliveries": {
            kind: {"subject": f"{kind} code", "html": "<p>Your code is {{code}}.</p>"} for kind in USAGE_TYPES
        }
        | {"OrganizationInvitation": {"template": "invitation", "variables": {"brand": "Example"}}},
    },
    provider=Mailgun,
    capabilities={"html", "i18n-templates", "reply-to", "send-from", "text"},
    secrets=("apiKey",),
)
