"""Wrong connectors for the checks of secrets."""

import logging
import os
import warnings
from base64 import b64encode
from typing import Any, ClassVar

from attrs import field, frozen

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Email,
    Guard,
    to_json,
    validate_config,
)
from connector_kit.connectors.aws_ses import AwsSesConfig, aws_ses_config_guard
from connector_kit.connectors.aws_ses.errors import ERRORS
from tests.conformance.wrong_connectors.base import BaseSes, killed_by


@killed_by("secrets.failed-send", "accessKeySecret")
class SecretInTheData(BaseSes):
    """Adds the secret key to the error's data."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["secret"] = config.access_key_secret
        return failure


@killed_by("secrets.failed-send", "for the outcome 'throttled'")
class SecretInThrottleMessage(BaseSes):
    """Adds the secret key to the message of a throttle only."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and failure.code is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED:
            return ConnectorError(failure.code, f"Throttled for {config.access_key_secret}.")
        return failure


@killed_by("secrets.failed-send", "verification code")
class PayloadInTheCause(BaseSes):
    """Adds the payload as a note to the error's cause."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        try:
            return super().call(config, request)
        except Exception as error:
            error.add_note(f"The payload was {self._latest}.")
            raise

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        self._latest = dict(email.data.payload)
        return super().deliver(config, email)


@killed_by("secrets.echoed-request", "verification code")
class PassesEchoesOn(BaseSes):
    """Does not redact a provider's message that repeats the request."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        del config, email
        return ERRORS.connector_error(error, ())


class _GuardThatShowsValues(Guard[Any]):
    def validate(self, value: Any) -> Any:
        if not self.is_valid(value):
            issues = [{"path": "$", "message": f"{value!r} is not valid"}]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})
        return super().validate(value)


@killed_by("secrets.invalid-config", "accessKeySecret")
class ConfigInTheError(BaseSes):
    """Shows an invalid config in the error."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _GuardThatShowsValues("aws-ses-config", AwsSesConfig)


@killed_by("secrets.misplaced", "a misplaced secret")
class ValueInTheError(BaseSes):
    """Shows an invalid value in the error, as jsonschema's messages do."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        try:
            return validate_config(config, aws_ses_config_guard)
        except ConnectorError:
            errors = list(aws_ses_config_guard._validator.iter_errors(config))
            raise ConnectorError(
                ConnectorErrorCodes.INVALID_CONFIG, {"issues": [it.message for it in errors]}
            ) from None


@killed_by("secrets.log", "verification code")
class LogsThePayload(BaseSes):
    """Logs the payload of each message."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        logging.getLogger(__name__).info("Sending %s to %s", dict(email.data.payload), email.to)
        return super().deliver(config, email)


@frozen
class ConfigWithSecretInRepr(AwsSesConfig):
    """A config class whose repr shows the keys."""

    access_key_secret: str = field(kw_only=True)


@killed_by("secrets.repr", "accessKeySecret")
class ConfigWithPlainRepr(BaseSes):
    """Has a config class with a secret in its repr."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithSecretInRepr)


@killed_by("secrets.failed-send", "accessKeySecret")
class BasicCredentialsInTheError(BaseSes):
    """Adds the credentials in base64 to the error's data."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            pair = f"{config.access_key_id}:{config.access_key_secret}"
            failure.data["sent"] = f"Authorization: Basic {b64encode(pair.encode()).decode()}"
        return failure


class _RequestError(Exception):
    """An error with arguments that its text does not contain."""

    def __str__(self) -> str:
        return "The request failed."


@killed_by("secrets.failed-send", "in the error's traceback")
class PayloadInTheArguments(BaseSes):
    """Chains an error that has the payload in its arguments."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        failure.__cause__ = _RequestError(dict(email.data.payload))
        return failure


@killed_by("secrets.saved-config", "accessKeySecret")
class SavedConfigInTheError(BaseSes):
    """Shows an invalid saved config in the error."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        if config is not None:
            return super().read_config(config)
        saved = self.get_config(self.metadata.id)
        try:
            return super().read_config(saved)
        except ConnectorError as error:
            raise ConnectorError(error.code, {"issues": [], "saved": saved}) from None


@killed_by("secrets.output", "verification code")
class PrintsThePayload(BaseSes):
    """Prints the payload of each message."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        print(email.subject, dict(email.data.payload))  # noqa: T201 - the fault
        return super().deliver(config, email)


@killed_by("secrets.output", "accessKeySecret")
class SecretInAWarning(BaseSes):
    """Shows the secret key in a Python warning."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        warnings.warn(f"Is {config.access_key_secret} right?", stacklevel=2)
        return super().failure(error, config, email)


@killed_by("isolation.process-state", "the environment")
class SecretInTheEnvironment(BaseSes):
    """Puts the secret key into the environment."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        os.environ["AWS_SECRET_ACCESS_KEY"] = config.access_key_secret
        return super().deliver(config, email)


@killed_by("secrets.result", "verification code")
class ReturnsTheMessage(BaseSes):
    """Returns the message that it sent."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        return {"id": super().deliver(config, email), "message": to_json(email.data)}


@killed_by("secrets.recipient-in-log", "without the full recipient")
class LogsTheRecipient(BaseSes):
    """Logs the recipient of each message."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        logging.getLogger(__name__).info("Sending to %s", email.to)
        return super().deliver(config, email)


@killed_by(
    "secrets.stray-whitespace",
    "or a ConnectorError, for '\\n' before accessKeyId",
)
class RawHeaderError(BaseSes):
    """Raises ValueError for a key that no header can contain."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        _as_header(config.access_key_secret)
        return super().call(config, request)

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        _as_header(config.access_key_id)
        return super().deliver(config, email)


@killed_by("secrets.stray-whitespace", "expected no secret in the error for '\\n' before accessKeySecret")
class SecretInHeaderError(BaseSes):
    """Shows a secret that no header can contain in the error."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        try:
            _as_header(config.access_key_secret)
        except ValueError as error:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, str(error)) from None
        return super().deliver(config, email)


def _as_header(value: str) -> None:
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"Invalid header value {value!r}")
