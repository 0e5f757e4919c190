"""Connectors that leave their operators in the dark, or alarm them for nothing."""

from collections.abc import Iterator
from typing import Any, ClassVar

from connector_kit import ConnectorError, ConnectorErrorCodes, Email, Guard
from connector_kit.advice import config_advice
from connector_kit.connectors.aws_ses import AwsSesConfig
from connector_kit.issues import Remark
from tests.conformance.wrong_connectors.open import Open, killed_by


@killed_by("operator.warns", "expected a warning at $.emailAddress for no emailAddress, found none")
class SaysNothing(Open):
    """Takes a config without a sender, and lets the operator find out later."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = Guard("aws-ses-config", AwsSesConfig, advice=config_advice)


def _mumble(value: Any) -> Iterator[Remark]:  # noqa: ANN401 - any JSON value
    if "emailAddress" not in value:
        yield Remark(("emailAddress",), "sender", " ")


@killed_by("operator.warns", "expected a warning with a keyword and words at $.emailAddress, found one without")
class Mumbles(Open):
    """Warns, and does not say of what."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = Guard("aws-ses-config", AwsSesConfig, advice=(_mumble,))


def _nervous(_: Any) -> Iterator[Remark]:  # noqa: ANN401 - any JSON value
    yield Remark(("region",), "region", "is this really the region you want?")


@killed_by("operator.false-alarm", "expected no warning for the Spec's valid config, found warnings at $.region")
class CriesWolf(Open):
    """Warns of every config."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = Guard("aws-ses-config", AwsSesConfig, advice=(_nervous,))


def _without(member: str) -> type[Open]:
    class Forgets(Open):
        """Drops a part of what SES said."""

        def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
            """Translate it, and drop a part."""
            failure = super().failure(error, config, email)
            if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
                kept = {key: value for key, value in failure.data.items() if key != member}
                return ConnectorError(failure.code, kept)
            return failure

    return Forgets


@killed_by("operator.unusable", 'expected invalid_config and no call for region ""; it raised ConnectorError general')
class BlamesTheNetwork(Open):
    """Says that SES cannot be reached, where the region is no region."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and give every code of a config another."""
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            is_config = error.code is ConnectorErrorCodes.INVALID_CONFIG
            raise ConnectorError(ConnectorErrorCodes.GENERAL if is_config else error.code, error.data) from error


@killed_by("operator.unusable", "expected an error that names region")
class SaysThatSomethingIsWrong(Open):
    """Refuses a region without saying that it is the region."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and keep what is wrong to itself."""
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            if error.code is not ConnectorErrorCodes.INVALID_CONFIG:
                raise
            raise ConnectorError(error.code, {"message": "Something is wrong."}) from error


@killed_by("operator.words", "expected words in the data's message for 'empty-body', found none")
class SpeechlessAtNothing(Open):
    """Has no words for an answer without any."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it."""
        failure = super().failure(error, config, email)
        told = failure.data if isinstance(failure, ConnectorError) else None
        return failure if isinstance(told, dict) and "requestId" in told else ConnectorError(_code(failure))

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read the answer, and say nothing of a wrong one."""
        try:
            return super().accepted(answer)
        except ConnectorError as error:
            raise ConnectorError(error.code) from None


@killed_by("operator.words", "expected words in the data's message for the recipient")
class SpeechlessAtNobody(Open):
    """Has no words for a recipient that is none."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and say nothing of who cannot be reached."""
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            is_recipient = error.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
            raise ConnectorError(error.code, None if is_recipient else error.data) from error


def _code(failure: Exception) -> ConnectorErrorCodes:
    return failure.code if isinstance(failure, ConnectorError) else ConnectorErrorCodes.GENERAL


@killed_by("operator.details", "expected the data to hold the provider's code 'TooManyRequestsException'")
class ForgetsTheCode(_without("code")):  # type: ignore[misc]  # a class made by a function
    """Tells the words alone."""


@killed_by("operator.details", "expected the data to hold the id of the request")
class ForgetsTheRequest(_without("requestId")):  # type: ignore[misc]  # a class made by a function
    """Leaves the operator without the id that support asks for."""


@killed_by(
    "operator.missing-values", "expected words alone in the error when the provider answers 'daily-quota', found None"
)
class FillsInNothing(Open):
    """Says for whom it failed, and does not know."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and say for whom."""
        failure = super().failure(error, config, email)
        name = email.data.payload.get("name")
        return ConnectorError(_code(failure), f"The message for {name} was not sent: {error}.")


@killed_by(
    "operator.missing-values",
    "expected words alone in the error for the recipient 'xxxxxxxxxxxxxxxxxxxx', found <object object at 0x",
)
class ShowsAnObject(Open):
    """Names an object that has no text."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and name what could not be."""
        if "@" not in email.to:
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, f"{object()} has no address.")
        return super().deliver(config, email)
