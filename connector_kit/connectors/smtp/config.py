"""The config of the SMTP connector: that of Logto's own, whose keys are those of nodemailer, and its warnings."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from attrs import field, frozen

from connector_kit import Issue, email_templates, setting

_STRING: Final = {"type": "string"}
_OAUTH2: Final = {"enum": ["oauth2", "OAuth2", "OAUTH2"]}
_TOKENS: Final = ("clientId", "clientSecret", "refreshToken", "accessToken", "accessUrl")
_KEY: Final = {
    "type": "object",
    "properties": {"key": _STRING, "passphrase": _STRING},
    "required": ["key", "passphrase"],
}
_AUTH: Final = (
    {
        "title": "Login",
        "properties": {"type": {"enum": ["login", "Login", "LOGIN"]}, "user": _STRING, "pass": _STRING},
        "additionalProperties": False,
    },
    {
        "title": "OAuth 2 with the key of a service account",
        "properties": {
            "type": _OAUTH2,
            "user": _STRING,
            "serviceClient": _STRING,
            "privateKey": {"anyOf": [_STRING, _KEY]},
        },
        "required": ["user", "privateKey", "serviceClient"],
    },
    {
        "title": "OAuth 2 with a token",
        "properties": {
            "type": _OAUTH2,
            "user": _STRING,
            "expires": {"type": "number"},
            **dict.fromkeys(_TOKENS, _STRING),
        },
        "required": ["user"],
    },
)
_LOGIN: Final = {"type": "login", "user": "noreply@acme.com", "pass": "hG6-tR2-kL9-wQ4"}
_HEADERS: Final = {"additionalProperties": {"anyOf": [_STRING, {"type": "array", "items": _STRING}]}}
TLS_FROM_THE_START: Final = 465
_STARTTLS_PORTS: Final = (25, 587, 2525)
LOCAL_SETTINGS: Final[Mapping[str, str]] = {
    "auth.type": "login is the default",
    **{
        f"auth.{key}": "only the type oauth2 uses it"
        for key in (*_TOKENS, "expires", "serviceClient", "privateKey.key", "privateKey.passphrase")
    },
    **dict.fromkeys(("logger", "debug", "disableFileAccess", "disableUrlAccess"), "accepted, without effect"),
    **dict.fromkeys(
        ("connectionTimeout", "greetingTimeout", "socketTimeout", "dnsTimeout"),
        "the connector's own limits are shorter",
    ),
    **dict.fromkeys(
        ("name", "localAddress", "secure", "tls", "servername", "ignoreTLS", "requireTLS"), "about the connection"
    ),
}
"""The settings that change no message, each with the reason."""

_USED_TLS_OPTIONS: Final = ("rejectUnauthorized", "servername")
_NO_EFFECT: Final = "Accepted, without effect: the connector logs nothing, and reads no files and URLs."
_OWN_LIMITS: Final = "In milliseconds. Accepted, without effect: the connector's own limits are shorter."


@frozen
class SmtpTemplate:
    """A template: the usage type, and what to send."""

    usage_type: str
    content_type: Literal["text/plain", "text/html"]
    subject: str = field(repr=False)
    content: str = field(repr=False)


@frozen
class SmtpConfig:
    """The config of the SMTP connector: the server, the login, the sender and the templates."""

    host: str = setting("Host", placeholder="smtp.acme.com", examples=["smtp.acme.com"])
    port: float = setting("Port", placeholder="587", examples=[587], description="587 for STARTTLS, 465 for TLS.")
    auth: Mapping[str, Any] = setting(
        "Auth", secret=True, form_default=_LOGIN | {"pass": ""}, examples=[_LOGIN], schema={"anyOf": [*_AUTH]}
    )
    from_email: str = setting(
        "From", format="mailbox", placeholder="Acme <noreply@acme.com>", examples=["Acme <noreply@acme.com>"]
    )
    reply_to: str | None = setting("Reply-To", format="mailbox", default=None, examples=["support@acme.com"])
    templates: tuple[SmtpTemplate, ...] = email_templates(content_type="text/html")
    logger: bool | None = setting("Logger", default=None, description=_NO_EFFECT)
    debug: bool | None = setting("Debug", default=None, description=_NO_EFFECT)
    disable_file_access: bool | None = setting("Disable file access", default=None, description=_NO_EFFECT)
    disable_url_access: bool | None = setting(
        "Disable URL access", key="disableUrlAccess", default=None, description=_NO_EFFECT
    )
    name: str | None = setting("Client name", default=None, description="The host name for EHLO.")
    local_address: str | None = setting(
        "Local address", default=None, description="The own address to connect from.", examples=["127.0.0.1"]
    )
    connection_timeout: float | None = setting("Connection timeout", default=None, description=_OWN_LIMITS)
    greeting_timeout: float | None = setting("Greeting timeout", default=None, description=_OWN_LIMITS)
    socket_timeout: float | None = setting("Socket timeout", default=None, description=_OWN_LIMITS)
    dns_timeout: float | None = setting("DNS timeout", default=None, description=_OWN_LIMITS)
    secure: bool | None = setting(
        "TLS from the start", default=None, description="As on port 465, where it is the default."
    )
    tls: Mapping[str, Any] | None = setting("TLS options", default=None, description="servername, rejectUnauthorized.")
    servername: str | None = setting(
        "Server name", default=None, description="The name in the server's certificate, if it is not the host."
    )
    ignore_tls: bool | None = setting("Ignore STARTTLS", key="ignoreTLS", default=None, description="Never encrypt.")
    require_tls: bool | None = setting(
        "Require STARTTLS", key="requireTLS", default=None, description="Send nothing before it."
    )
    custom_headers: Mapping[str, Any] | None = setting(
        "Custom headers", default=None, examples=[{"X-Entity": "codes"}], schema=_HEADERS
    )


def encryption_warnings(config: Any) -> Iterator[Issue]:
    """Find encryption that the port does not have, and connections that others can read."""
    if not isinstance(config, dict):
        return
    port, secure, tls = config.get("port"), config.get("secure"), config.get("tls")
    if port == TLS_FROM_THE_START and secure is False:
        yield Issue(("secure",), "encryption", "port 465 uses TLS from the start: turn `secure` on, or use port 587")
    if port in _STARTTLS_PORTS and secure is True:
        yield Issue(("secure",), "encryption", f"port {port} begins without TLS: turn `secure` off; STARTTLS follows")
    if config.get("ignoreTLS") is True and secure is not True and port != TLS_FROM_THE_START:
        yield Issue(("ignoreTLS",), "encryption", "nothing is encrypted: others can read the password and the codes")
    for option, value in tls.items() if isinstance(tls, dict) else ():
        if option not in _USED_TLS_OPTIONS:
            yield Issue(("tls", option), "tls-option", f"no effect: expected one of {', '.join(_USED_TLS_OPTIONS)}")
        elif option == "rejectUnauthorized" and value is False:
            yield Issue(
                ("tls", option), "encryption", "anybody can pretend to be the server: its certificate is not verified"
            )


def auth_warnings(config: Any) -> Iterator[Issue]:
    """Find logins that cannot work."""
    auth = config.get("auth") if isinstance(config, dict) else None
    if not isinstance(auth, dict):
        return
    is_oauth2 = auth.get("type") in _OAUTH2["enum"]
    if not is_oauth2 and auth.keys() & {*_TOKENS, "serviceClient", "privateKey"}:
        yield Issue(("auth",), "auth", 'OAuth 2 requires `"type": "oauth2"`: without it, these keys have no effect')
    elif not is_oauth2 and bool(auth.get("user")) != bool(auth.get("pass")):
        yield Issue(("auth",), "auth", "expected both user and pass, or neither")
    elif is_oauth2 and not auth.keys() & {"accessToken", "refreshToken"}:
        yield Issue(("auth",), "auth", "expected an accessToken or a refreshToken; service accounts are not supported")
