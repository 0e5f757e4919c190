"""Resend: e-mail through its HTTP API."""

from connector_kit.connectors.resend_mail.connector import ResendConfig, ResendConnector

__all__ = ["ResendConfig", "ResendConnector"]
