"""The Resend connector: one request for each message, with an idempotency key, so that it may be repeated."""

from typing import ClassVar

from attrs import frozen

from connector_kit import (
    ConnectorErrorCodes,
    ConnectorMetadata,
    Declaration,
    Email,
    EmailConnector,
    EmailTemplates,
    HttpApi,
    email_templates,
    setting,
)


@frozen
class ResendConfig:
    """The config of the Resend connector: the API key, the sender and the templates."""

    api_key: str = setting(
        "API key",
        description="A key with the permission to send, from the API Keys page of Resend.",
        placeholder="re_…",
        secret=True,
        pattern="^[!-~]+$",
        examples=["re_123456789abcdefghijklmn"],
    )
    from_email: str = setting(
        "From",
        description="The sender: an address of a domain that is verified in Resend, with or without a name before it.",
        placeholder="Acme <noreply@acme.com>",
        format="mailbox",
        examples=["Acme <noreply@acme.com>"],
    )
    reply_to: str | None = setting(
        "Reply-To",
        description="Where answers go.",
        placeholder="support@acme.com",
        format="mailbox",
        default=None,
        examples=["support@acme.com"],
    )
    templates: EmailTemplates = email_templates()


class ResendConnector(EmailConnector[ResendConfig]):
    """Sends e-mail through Resend (https://resend.com/docs/api-reference/emails/send-email)."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="resend-mail",
        target="resend",
        name={"en": "Resend"},
        description={"en": "Sends Logto's verification codes and invitations through Resend."},
    )
    config_class = ResendConfig
    declaration: ClassVar[Declaration | None] = Declaration(
        provider="resend",
        capabilities={"config-templates", "html", "i18n-templates", "reply-to", "send-from", "text"},
    )
    # https://resend.com/docs/api-reference/errors
    api: ClassVar[HttpApi] = HttpApi(
        "Resend",
        "https://api.resend.com",
        errors={
            "daily_quota_exceeded": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,
            "monthly_quota_exceeded": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED,
        },
        code="name",
        idempotency_header="Idempotency-Key",
    )

    def deliver(self, config: ResendConfig, email: Email) -> object:
        """Send one e-mail and return its id."""
        body = {
            "from": email.sender(config.from_email),
            "to": [email.to],
            "subject": email.subject,
            "html": email.html,
            "text": email.text,
            "reply_to": email.reply_to or config.reply_to or None,
        }
        return self.api.post("/emails", email, bearer=config.api_key, json=body).text("id")
