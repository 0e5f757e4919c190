"""Amazon SES: e-mail through ``SendEmail`` of SES v2, with botocore. Extra: ``aws``."""

try:
    import botocore  # noqa: F401 - only to see whether the extra is installed
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'The Amazon SES connector needs botocore. Install it: pip install "logto-connector-kit[aws]"', name=error.name
    ) from error

from connector_kit.connectors.aws_ses.config import AwsSesConfig, aws_ses_config_guard
from connector_kit.connectors.aws_ses.connector import AwsSesConnector

__all__ = ["AwsSesConfig", "AwsSesConnector", "aws_ses_config_guard"]
