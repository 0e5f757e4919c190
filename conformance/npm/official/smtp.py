"""``@logto/connector-smtp``, and the stub of a mail server."""

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any, ClassVar, Final

from conformance.npm.official.package import STRING, USAGE_TYPES, OfficialPackage, config_schema, templates_schema
from conformance.providers.base import Aspect
from conformance.providers.smtp import SmtpFailure, SmtpProvider

_BOOLEAN: Final = {"type": "boolean"}
_NUMBER: Final = {"type": "number"}


class MailServer(SmtpProvider):
    """A mail server that requires a login, or an access token."""

    sender_key = "fromEmail"
    failures: ClassVar[tuple[SmtpFailure, ...]] = (
        SmtpFailure("too-many", "throttle", "content", 451, "4.7.1 Too many messages, try again later."),
        SmtpFailure("daily-limit", "quota", "content", 550, "5.4.5 Daily user sending limit exceeded."),
        SmtpFailure("wrong-password", "credentials", "AUTH", 535, "5.7.8 Authentication failed."),
    )

    def credentials(self, config: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the user, and the password or the access token."""
        auth = config["auth"]
        return auth.get("user"), auth.get("accessToken", auth.get("pass"))

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
        if "replyTo" in config and "Reply-To" not in mail:
            return f"expected the Reply-To to be the config's replyTo {config['replyTo']!r}, found none"
        return None


SMTP: Final = OfficialPackage(
    schema=config_schema(
        "SMTP connector config",
        {
            "host": STRING,
            "port": _NUMBER,
            "auth": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"user": STRING, "pass": STRING, "type": {"enum": ["login", "Login", "LOGIN"]}},
                        "additionalProperties": False,
                    },
                    {
                        "type": "object",
                        "properties": {
                            "type": {"enum": ["oauth2", "OAuth2", "OAUTH2"]},
                            "user": STRING,
                            "privateKey": {
                                "anyOf": [
                                    STRING,
                                    {
                                        "type": "object",
                                        "properties": {"key": STRING, "passphrase": STRING},
                                        "required": ["key", "passphrase"],
                                    },
                                ]
                            },
                            "serviceClient": STRING,
                        },
                        "required": ["user", "privateKey", "serviceClient"],
                    },
                    {
                        "type": "object",
                        "properties": {
                            "type": {"enum": ["oauth2", "OAuth2", "OAUTH2"]},
                            "user": STRING,
                            "clientId": STRING,
                            "clientSecret": STRING,
                            "refreshToken": STRING,
                            "accessToken": STRING,
                            "expires": _NUMBER,
                            "accessUrl": STRING,
                        },
                        "required": ["user"],
                    },
                ]
            },
            "fromEmail": STRING,
            "templates": templates_schema(
                contentType={"enum": ["text/plain", "text/html"]}, subject=STRING, content=STRING
            ),
        },
        {
            "replyTo": STRING,
            **dict.fromkeys(("logger", "debug", "disableFileAccess", "disableUrlAccess"), _BOOLEAN),
            **dict.fromkeys(("name", "localAddress", "servername"), STRING),
            **dict.fromkeys(("connectionTimeout", "greetingTimeout", "socketTimeout", "dnsTimeout"), _NUMBER),
            **dict.fromkeys(("secure", "ignoreTLS", "requireTLS"), _BOOLEAN),
            "tls": {"type": "object"},
            "customHeaders": {
                "type": "object",
                "additionalProperties": {"anyOf": [STRING, {"type": "array", "items": STRING}]},
            },
        },
    ),
    valid_config={
        "host": "mail.example.com",
        "port": 587,
        "auth": {"type": "login", "user": "noreply@example.com", "pass": "hG6-tR2-kL9-wQ4"},
        "fromEmail": "Example <noreply@example.com>",
        "replyTo": "support@example.com",
        "customHeaders": {"X-Entity": "codes"},
        "templates": [
            {
                "usageType": kind,
                "contentType": "text/html",
                "subject": f"{kind} code",
                "content": "<p>Your code is {{code}}.</p>",
            }
            for kind in USAGE_TYPES
        ],
    },
    provider=MailServer,
    capabilities={"config-templates", "html", "i18n-templates", "reply-to", "send-from", "text"},
    secrets=("auth.pass",),
)
