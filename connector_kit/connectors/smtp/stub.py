"""A mail server on the loopback interface, with the replies of Postfix, Gmail and Exchange Online."""

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any, ClassVar

from conformance import Aspect, SmtpFailure, SmtpProvider

THROTTLES = (
    SmtpFailure("gmail-rate", "throttle", "MAIL", 421, "4.7.28 Our system has detected an unusual rate of mail."),
    SmtpFailure("gmail-logins", "throttle", "AUTH", 454, "4.7.0 Too many login attempts, please try again later."),
    SmtpFailure("gmail-recipient", "throttle", "RCPT", 450, "4.2.1 The recipient receives mail too quickly."),
    SmtpFailure("exchange-connections", "throttle", "MAIL", 432, "4.3.2 Concurrent connections limit exceeded."),
    SmtpFailure("postfix-greylist", "throttle", "RCPT", 450, "4.7.1 Recipient address rejected: Greylisted"),
    SmtpFailure("too-many", "throttle", "MAIL", 451, "4.7.1 Too many messages, try again later."),
)
QUOTAS = (
    SmtpFailure("gmail-daily", "quota", "content", 550, "5.4.5 Daily user sending limit exceeded."),
    SmtpFailure("exchange-daily", "quota", "content", 550, "5.1.90 You have reached your daily limit."),
    SmtpFailure("exchange-trial", "quota", "RCPT", 550, "5.7.232 Your trial tenant has exceeded its limit."),
    SmtpFailure("exchange-tenant", "quota", "RCPT", 550, "5.7.233 Your tenant has exceeded its limit."),
)
OTHERS = (
    SmtpFailure("wrong-password", "credentials", "AUTH", 535, "5.7.8 Username and Password not accepted."),
    SmtpFailure("login-required", "credentials", "MAIL", 530, "5.7.0 Authentication Required."),
    SmtpFailure("foreign-sender", "rejection", "MAIL", 553, "5.7.1 Sender address rejected: not owned by user"),
    SmtpFailure("send-as-denied", "rejection", "content", 554, "5.2.252 SendAsDenied"),
    SmtpFailure("mailbox-full", "rejection", "RCPT", 552, "5.2.2 The recipient's inbox is out of storage space."),
    SmtpFailure("no-relay", "rejection", "RCPT", 554, "5.7.1 Relay access denied"),
    SmtpFailure("no-space", "server-error", "MAIL", 452, "4.3.1 Insufficient system storage"),
)


class SmtpServerStub(SmtpProvider):
    """Replaces the mail server of a config. It requires the login, and compares the headers."""

    sender_key = "fromEmail"
    failures: ClassVar[tuple[SmtpFailure, ...]] = (*THROTTLES, *QUOTAS, *OTHERS)

    def credentials(self, config: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the user, and the password or the access token."""
        auth = config["auth"]
        return auth.get("user"), auth.get("accessToken" if auth.get("type", "").upper() == "OAUTH2" else "pass")

    def expected_result(self, mail: EmailMessage) -> object:
        """Return the Message-ID, by which mail servers log a message."""
        return str(mail["Message-ID"])

    def mail_error(self, mail: EmailMessage, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Verify the headers that each message has, and compare the config's own."""
        if aspect == "format":
            missing = [it for it in ("From", "To", "Date", "Message-ID") if mail.keys() and it not in mail]
            return f"expected the headers {', '.join(missing)} in the message, found none" if missing else None
        if aspect != "options":
            return None
        for name, value in config.get("customHeaders", {}).items():
            if mail[name] != value:
                return f"expected the header {name} {value!r} of the config's customHeaders, found {mail[name]!r}"
        return "expected a Reply-To" if config.get("replyTo") and "Reply-To" not in mail else None
