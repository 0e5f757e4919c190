"""Errors of SES: its own rows in the table of `connector_kit.aws_api.errors`.

Check them against Amazon's documentation:

- errors of the operation: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
- throttle or daily quota: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
"""

from typing import Final

from connector_kit.aws_api.errors import ErrorTable
from connector_kit.errors import ConnectorErrorCodes

ERRORS: Final = ErrorTable.of(
    "Amazon SES",
    errors={"LimitExceededException": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED},
    # AWS reports the daily quota under the error codes of a throttle.
    messages={"daily message quota exceeded": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED},
)
