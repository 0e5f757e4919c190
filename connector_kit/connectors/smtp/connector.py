"""The SMTP connector: one connection to the config's server for each message."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Declaration,
    Email,
    EmailConnector,
    Encryption,
    SmtpApi,
    SmtpServer,
    WarningRule,
    get_access_token_by_refresh_token,
)
from connector_kit.connectors.smtp.config import (
    LOCAL_SETTINGS,
    TLS_FROM_THE_START,
    SmtpConfig,
    auth_warnings,
    encryption_warnings,
)

_GOOGLE: Final = "https://accounts.google.com/o/oauth2/token"
"""Where nodemailer gets access tokens by default."""

_SUBMISSION: Final = 587


class SmtpConnector(EmailConnector[SmtpConfig]):
    """Sends e-mail through any SMTP server, with the config of ``@logto/connector-smtp``."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="smtp",
        target="smtp",
        name={"en": "SMTP"},
        description={"en": "Sends Logto's verification codes and invitations through any mail server."},
    )
    config_class = SmtpConfig
    config_warnings: ClassVar[tuple[WarningRule, ...]] = (encryption_warnings, auth_warnings)
    declaration: ClassVar[Declaration | None] = Declaration(
        provider="smtp",
        capabilities={"config-templates", "html", "i18n-templates", "reply-to", "send-from", "text"},
        secrets=("auth.pass",),
        local_settings=LOCAL_SETTINGS,
    )
    api: ClassVar[SmtpApi] = SmtpApi("The mail server")

    def deliver(self, config: SmtpConfig, email: Email) -> object:
        """Send one e-mail and return its Message-ID."""
        return self.api.send(
            email,
            server_of(config),
            sender=email.sender(config.from_email),
            reply_to=email.reply_to or config.reply_to,
            headers=config.custom_headers,
        )


def server_of(config: SmtpConfig) -> SmtpServer:
    """Return the server as nodemailer reads the same config.

    Raises:
        ConnectorError: ``invalid_config`` if OAuth 2 is chosen without an access token or a refresh token.
    """
    auth, tls = config.auth, config.tls or {}
    is_oauth2 = auth.get("type", "").upper() == "OAUTH2"
    encryption: Encryption = "starttls" if config.require_tls else "starttls-if-offered"
    if config.ignore_tls:
        encryption = "none"
    if config.secure or (config.secure is None and config.port == TLS_FROM_THE_START):
        encryption = "tls"
    return SmtpServer(
        host=config.host,
        port=config.port or (TLS_FROM_THE_START if encryption == "tls" else _SUBMISSION),
        encryption=encryption,
        is_verified=tls.get("rejectUnauthorized") is not False,
        server_name=tls.get("servername") or config.servername,
        user=auth.get("user"),
        password=None if is_oauth2 else auth.get("pass"),
        access_token=_access_token(auth) if is_oauth2 else None,
        client_name=config.name,
        source_address=config.local_address,
    )


def _access_token(auth: Mapping[str, Any]) -> str:
    """Return the access token of the config; if it may have expired, a new one for the refresh token."""
    token, refresh_token = auth.get("accessToken"), auth.get("refreshToken")
    if refresh_token and not (token and auth.get("expires", 0) > time.time() * 1000):
        client = (auth.get("clientId", ""), auth.get("clientSecret", ""))
        url = auth.get("accessUrl") or _GOOGLE
        token = get_access_token_by_refresh_token(*client, url, refresh_token).access_token
    if not token:
        reason = "OAuth 2 needs an accessToken or a refreshToken; service accounts are not supported."
        raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"message": reason})
    return str(token)
