"""The error that connectors raise, and its codes."""

from enum import StrEnum
from typing import Final

from attrs import frozen

from connector_kit._javascript import is_truthy, stringify


class ConnectorErrorCodes(StrEnum):
    """Why a connector failed: the codes that Logto defines.

    ``RATE_LIMIT_EXCEEDED`` is a throttle: retry after a pause. ``USAGE_LIMIT_EXCEEDED`` lasts until a quota resets or
    is raised. ``TEMPLATE_NOT_SUPPORTED`` is deprecated: connectors accept any usage type.
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

    @property
    def http_status(self) -> int:
        """The HTTP status of Logto's response for this code: 400, 401, 429 or 501."""
        return _MEANINGS[self].http_status

    @property
    def user_message(self) -> str:
        """A sentence that end users may read: the host sends it instead of the error's data."""
        return _MEANINGS[self].user_message

    @property
    def sign_in_message(self) -> str:
        """The sentence instead of `user_message`, if a social connector raises the error."""
        return _MEANINGS[self].sign_in_message or _MEANINGS[self].user_message

    @property
    def hint(self) -> str:
        """What an operator can do about it; empty if that depends on the case."""
        return _MEANINGS[self].hint


@frozen
class _Meaning:
    user_message: str
    http_status: int = 400
    hint: str = ""
    sign_in_message: str = ""


_MEANINGS: Final = {
    ConnectorErrorCodes.GENERAL: _Meaning(
        "The message could not be sent.",
        hint="Check the network connection, and the region or address in the config.",
        sign_in_message="The sign-in failed. Try again.",
    ),
    ConnectorErrorCodes.INVALID_METADATA: _Meaning("The connector's metadata is not valid."),
    ConnectorErrorCodes.UNEXPECTED_TYPE: _Meaning("The connector is not of the expected type."),
    ConnectorErrorCodes.INVALID_CONFIG_GUARD: _Meaning("The connector cannot check its config."),
    ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS: _Meaning(
        "The request is not valid.", hint="Check the recipient: an e-mail address, or digits with a country code."
    ),
    ConnectorErrorCodes.INSUFFICIENT_REQUEST_PARAMETERS: _Meaning("The request is incomplete."),
    ConnectorErrorCodes.INVALID_CONFIG: _Meaning(
        "The connector's config is not valid.",
        hint="Correct the config. `connector-kit show` prints where the connector's README is.",
    ),
    ConnectorErrorCodes.INVALID_CERTIFICATE: _Meaning("A certificate is not valid."),
    ConnectorErrorCodes.INVALID_RESPONSE: _Meaning(
        "The provider did not accept the message.",
        hint="The message is the provider's. `connector-kit show` prints where the connector's README is.",
        sign_in_message="The provider's response is not valid.",
    ),
    ConnectorErrorCodes.TEMPLATE_NOT_FOUND: _Meaning(
        "There is no template for this kind of message.",
        hint="Add a template for this usageType, or one for Generic, the fallback for all types.",
    ),
    ConnectorErrorCodes.TEMPLATE_NOT_SUPPORTED: _Meaning("This kind of message is not supported."),
    ConnectorErrorCodes.RATE_LIMIT_EXCEEDED: _Meaning(
        "Too many messages at once. Try again in a moment.",
        http_status=429,
        hint="Wait a moment, then try again.",
        sign_in_message="Too many requests at once. Try again in a moment.",
    ),
    ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED: _Meaning(
        "The message limit is reached.",
        http_status=429,
        hint="Wait until the quota resets, or ask the provider to raise it.",
        sign_in_message="The provider's limit is reached.",
    ),
    ConnectorErrorCodes.NOT_IMPLEMENTED: _Meaning(
        "The connector does not support this.", http_status=501, hint="The connector does not support this."
    ),
    ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID: _Meaning("The authorization code is not valid.", http_status=401),
    ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID: _Meaning("The access token is not valid.", http_status=401),
    ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID: _Meaning("The ID token is not valid.", http_status=401),
    ConnectorErrorCodes.AUTHORIZATION_FAILED: _Meaning("The provider denied the authorization.", http_status=401),
}


class ConnectorError(Exception):
    """A connector could not do what Logto requested.

    ``str(error)`` is ``ConnectorError: `` and the data as compact JSON, or the code if there is no data. The class of
    ``@logto/connector-kit`` has the same message.

    Args:
        code: the reason.
        data: any JSON value; a string becomes ``{"message": data}``. Logto logs it and may show it to users, so it
            must not contain keys, tokens or verification codes.
    """

    code: ConnectorErrorCodes
    data: object

    def __init__(self, code: ConnectorErrorCodes, data: object = None) -> None:
        self.code = ConnectorErrorCodes(code)
        self.data = {"message": data} if isinstance(data, str) else data
        super().__init__(code, data)

    def __str__(self) -> str:
        """Return the message of the official class."""
        given = self.args[1]
        if not is_truthy(given):
            return f"ConnectorError: {self.code}"
        try:
            return f"ConnectorError: {stringify(given)}"
        except RecursionError:
            return f"ConnectorError: {self.code}"

    @property
    def http_status(self) -> int:
        """The HTTP status of Logto's response for this code: 400, 401, 429 or 501."""
        return self.code.http_status
