"""AWS End User Messaging: text messages through ``SendTextMessage``. Extra: ``aws``."""

from connector_kit.connectors.aws_sms.config import AwsSmsConfig
from connector_kit.connectors.aws_sms.connector import AwsSmsConnector

__all__ = ["AwsSmsConfig", "AwsSmsConnector"]
