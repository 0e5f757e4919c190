"""Amazon SES: e-mail through ``SendEmail`` of SES v2, with botocore. Extra: ``aws``."""

from importlib.util import find_spec

if find_spec("botocore") is None:
    message = 'The Amazon SES connector needs botocore. Install it: pip install "logto-connector-kit[aws]"'
    raise ModuleNotFoundError(message, name="botocore")

from connector_kit.connectors.aws_ses.config import (
    AwsSesConfig,
    AwsSesSettings,
    aws_ses_config_guard,
    own_first,
    ses_warnings,
)
from connector_kit.connectors.aws_ses.connector import AwsSesConnector, SesConnector

__all__ = [
    "AwsSesConfig",
    "AwsSesConnector",
    "AwsSesSettings",
    "SesConnector",
    "aws_ses_config_guard",
    "own_first",
    "ses_warnings",
]
