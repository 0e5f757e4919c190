"""Amazon SES without stored keys: with the credentials of the host, or a role that it assumes. Extra: ``aws``."""

from connector_kit.connectors.aws_ses_role.config import AwsSesRoleConfig
from connector_kit.connectors.aws_ses_role.connector import AwsSesRoleConnector

__all__ = ["AwsSesRoleConfig", "AwsSesRoleConnector"]
