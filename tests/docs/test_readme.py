"""The connector in README.md."""

from typing import Any

from conformance import PROFILES, Failure, HttpProvider, HttpRequest, Message, Spec, check_connector
from tests.docs.markdown import ROOT, blocks

CONFIG = {
    "apiKey": "ak_0123456789abcdef",
    "sender": "Acme <noreply@acme.com>",
    "templates": [
        {"usageType": usage_type, "subject": "{{code}} is your code", "content": "<p>{{code}}</p>"}
        for usage_type in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}


class AcmeProvider(HttpProvider):
    """Replaces Acme's API."""

    scheme = "https"
    host_names = ("api.acme.com",)
    path = "/messages"
    content_type = "application/json"
    authorization = "Bearer {apiKey}"
    sender_key = "sender"
    failures = (Failure("unknown-recipient", "rejection", 422, "No such mailbox."),)

    def read(self, request: HttpRequest) -> Message:
        """Return the message in a request."""
        sent = request.json
        return Message([sent["to"]], sent["subject"], sent.get("html"), sent.get("text"), sent["from"])


def test_connector_of_the_readme_passes_the_quick_checks() -> None:
    """Its code is complete, and does what the page promises."""
    (code,) = (block.code for block in blocks(ROOT / "README.md") if block.language == "python")
    namespace: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), namespace)
    spec = Spec(
        namespace["AcmeMail"],
        CONFIG,
        AcmeProvider,
        capabilities={"config-templates", "html", "i18n-templates", "send-from", "text"},
    )
    report = check_connector(spec, profile=PROFILES["quick"])
    assert report.spec_errors == ()
    assert [(it.id, it.message) for it in report.errors] == []
    assert report.conforms
