"""Wrong connectors for the checks of operators."""

from collections.abc import Iterator
from typing import Any, ClassVar

from connector_kit import ConnectorError, ConnectorErrorCodes, Email, Guard
from connector_kit.connectors.aws_ses import AwsSesConfig
from connector_kit.issues import Issue
from connector_kit.warning_rules import config_warnings
from tests.conformance.wrong_connectors.base import BaseSes, killed_by


@killed_by("operator.warning", "expected a warning at $.emailAddress for no emailAddress, found no warning")
class NoWarning(BaseSes):
    """Does not warn about a config without a sender."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = Guard("aws-ses-config", AwsSesConfig, warnings=config_warnings)


def _empty_warning(value: Any) -> Iterator[Issue]:
    if "emailAddress" not in value:
        yield Issue(("emailAddress",), "sender", " ")


@killed_by("operator.warning", "and the message ' '")
class EmptyWarning(BaseSes):
    """Warns with an empty message."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = Guard("aws-ses-config", AwsSesConfig, warnings=(_empty_warning,))


def _warning_for_any_config(_: Any) -> Iterator[Issue]:
    yield Issue(("region",), "region", "is this really the region you want?")


@killed_by(
    "operator.no-false-warning", "expected no warning for the valid_config of the Spec, found warnings at $.region"
)
class FalseWarning(BaseSes):
    """Warns about every config."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = Guard(
        "aws-ses-config", AwsSesConfig, warnings=(_warning_for_any_config,)
    )


def _placeholder_for_any_config(_: Any) -> Iterator[Issue]:
    yield Issue(("region",), "placeholder", "this is a placeholder: replace it with a real value")


@killed_by(
    "operator.no-false-warning", "expected no warning for the valid_config of the Spec, found warnings at $.region"
)
class FalseWarningUnderAKeywordOfTheKit(BaseSes):
    """Warns about every config, with a keyword whose warnings by the kit do not count."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = Guard(
        "aws-ses-config", AwsSesConfig, warnings=(*config_warnings, _placeholder_for_any_config)
    )


def _without(member: str) -> type[BaseSes]:
    class DropsData(BaseSes):
        """Drops a key of the error's data."""

        def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
            failure = super().failure(error, config, email)
            if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
                kept = {key: value for key, value in failure.data.items() if key != member}
                return ConnectorError(failure.code, kept)
            return failure

    return DropsData


@killed_by(
    "operator.unusable-config",
    'expected invalid_config for region ""; it raised ConnectorError general',
)
class ConfigErrorIsGeneral(BaseSes):
    """Raises general for an invalid region."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            is_config = error.code is ConnectorErrorCodes.INVALID_CONFIG
            raise ConnectorError(ConnectorErrorCodes.GENERAL if is_config else error.code, error.data) from error


@killed_by(
    "operator.unusable-config",
    "expected an error message that names region for region \"\", found 'Something is wrong.'",
)
class VagueMessage(BaseSes):
    """Does not name the key of an invalid region."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            if error.code is not ConnectorErrorCodes.INVALID_CONFIG:
                raise
            raise ConnectorError(error.code, {"message": "Something is wrong."}) from error


@killed_by(
    "operator.error-message", "expected a message in the error's data for the outcome 'empty-body', found no data"
)
class NoMessageForEmptyBody(BaseSes):
    """Raises an error without a message for an empty response."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        told = failure.data if isinstance(failure, ConnectorError) else None
        return failure if isinstance(told, dict) and "requestId" in told else ConnectorError(_code(failure))

    def accepted(self, response: Any) -> object:
        try:
            return super().accepted(response)
        except ConnectorError as error:
            raise ConnectorError(error.code) from None


@killed_by("operator.error-message", "expected a message in the error's data for the recipient")
class NoMessageForRecipient(BaseSes):
    """Raises an error without a message for an invalid recipient."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            is_recipient = error.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
            raise ConnectorError(error.code, None if is_recipient else error.data) from error


def _code(failure: Exception) -> ConnectorErrorCodes:
    return failure.code if isinstance(failure, ConnectorError) else ConnectorErrorCodes.GENERAL


@killed_by(
    "operator.error-details",
    "expected the error's data to contain the provider's error code 'TooManyRequestsException'",
)
class DropsTheCode(_without("code")):  # type: ignore[misc]  # a class made by a function
    """Drops the provider's error code."""


@killed_by("operator.error-details", "expected the error's data to contain the provider's request id")
class DropsTheRequestId(_without("requestId")):  # type: ignore[misc]  # a class made by a function
    """Drops the request id."""


@killed_by(
    "operator.no-missing-values",
    "expected no missing value in the error's text for the outcome 'daily-quota', found None in",
)
class PrintsNone(BaseSes):
    """Prints None for a name that the payload lacks."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        name = email.data.payload.get("name")
        return ConnectorError(_code(failure), f"The message for {name} was not sent: {error}.")


@killed_by(
    "operator.no-missing-values",
    "in the error's text for the recipient 'xxxxxxxxxxxxxxxxxxxx', found <object object at 0x",
)
class PrintsAnObject(BaseSes):
    """Prints an object that has no text form."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        if "@" not in email.to:
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, f"{object()} has no address.")
        return super().deliver(config, email)
