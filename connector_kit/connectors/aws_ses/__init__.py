"""Amazon SES: e-mail through the ``SendEmail`` operation of SES v2, on botocore."""

from connector_kit.connectors.aws_ses.config import AwsSesConfig, aws_ses_config_guard
from connector_kit.connectors.aws_ses.connector import AwsSesConnector

__all__ = ["AwsSesConfig", "AwsSesConnector", "aws_ses_config_guard"]
