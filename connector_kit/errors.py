"""The one error that a connector raises, and its codes."""

from enum import StrEnum
from typing import Final

from connector_kit._javascript import is_truthy, stringify


class ConnectorErrorCodes(StrEnum):
    """Why a connector failed, in the words Logto knows.

    ``RATE_LIMIT_EXCEEDED`` is a passing throttle; ``USAGE_LIMIT_EXCEEDED`` is a cap that stays until a quota resets or
    is raised. ``TEMPLATE_NOT_SUPPORTED`` is deprecated: a connector takes any usage type.
    """

    GENERAL = "general"
    INVALID_METADATA = "invalid_metadata"
    UNEXPECTED_TYPE = "unexpected_type"
    INVALID_CONFIG_GUARD = "invalid_config_guard"
    INVALID_REQUEST_PARAMETERS = "invalid_request_parameters"
    INSUFFICIENT_REQUEST_PARAMETERS = "insufficient_request_parameters"
    INVALID_CONFIG = "invalid_config"
    INVALID_CERTIFICATE = "invalid_certificate"
    INVALID_RESPONSE = "invalid_response"
    TEMPLATE_NOT_FOUND = "template_not_found"
    TEMPLATE_NOT_SUPPORTED = "template_not_supported"
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
    USAGE_LIMIT_EXCEEDED = "usage_limit_exceeded"
    NOT_IMPLEMENTED = "not_implemented"
    SOCIAL_AUTH_CODE_INVALID = "social_auth_code_invalid"
    SOCIAL_ACCESS_TOKEN_INVALID = "social_invalid_access_token"  # noqa: S105 - the name of an error, not a token
    SOCIAL_ID_TOKEN_INVALID = "social_invalid_id_token"  # noqa: S105 - the name of an error, not a token
    AUTHORIZATION_FAILED = "authorization_failed"


_HTTP_STATUS: Final = {
    ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID: 401,
    ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID: 401,
    ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID: 401,
    ConnectorErrorCodes.AUTHORIZATION_FAILED: 401,
    ConnectorErrorCodes.RATE_LIMIT_EXCEEDED: 429,
    ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED: 429,
    ConnectorErrorCodes.NOT_IMPLEMENTED: 501,
}


class ConnectorError(Exception):
    """A connector could not do what Logto asked of it.

    ``str(error)`` is ``ConnectorError: `` and the data as compact JSON, or the code where there is no data, exactly as
    ``@logto/connector-kit`` words it.

    Args:
        code: why.
        data: what Logto logs and passes on, any JSON value; a string becomes ``{"message": data}``. Put no key, token
            or verification code into it.
    """

    code: ConnectorErrorCodes
    data: object

    def __init__(self, code: ConnectorErrorCodes, data: object = None) -> None:
        self.code = ConnectorErrorCodes(code)
        self.data = {"message": data} if isinstance(data, str) else data
        super().__init__(code, data)

    def __str__(self) -> str:
        """Return the message that the official class carries."""
        given = self.args[1]
        if not is_truthy(given):
            return f"ConnectorError: {self.code}"
        try:
            return f"ConnectorError: {stringify(given)}"
        except RecursionError:
            return f"ConnectorError: {self.code}"

    @property
    def http_status(self) -> int:
        """The HTTP status that Logto answers with for this code: 400, 401, 429 or 501."""
        return _HTTP_STATUS.get(self.code, 400)
