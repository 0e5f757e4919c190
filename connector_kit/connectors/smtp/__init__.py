"""SMTP: e-mail through any mail server."""

from connector_kit.connectors.smtp.config import SmtpConfig
from connector_kit.connectors.smtp.connector import SmtpConnector

__all__ = ["SmtpConfig", "SmtpConnector"]
