"""Postmark: e-mail from the templates that Postmark stores."""

from connector_kit.connectors.postmark_mail.connector import PostmarkConfig, PostmarkConnector

__all__ = ["PostmarkConfig", "PostmarkConnector"]
