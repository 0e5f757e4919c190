"""Connectors that let secrets out."""

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
from connector_kit.connectors.aws_ses.failures import send_failure
from tests.conformance.wrong_connectors.open import WRONG, Open, Wrong, killed_by


@killed_by("secrets.failed-send", "accessKeySecret")
class ConfigInTheError(Open):
    """Adds the config to the error, to be helpful."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, with all there is."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["secret"] = config.access_key_secret
        return failure


@killed_by("secrets.failed-send", "when the provider answers 'throttled'")
class TellsAllWhenThrottled(Open):
    """Leaks on one path alone."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and tell the secret when it is a throttle."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and failure.code is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED:
            return ConnectorError(failure.code, f"Throttled for {config.access_key_secret}.")
        return failure


@killed_by("secrets.failed-send", "verification code")
class RequestInTheChain(Open):
    """Shows the request in the error's cause."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and name the request when it fails."""
        try:
            return super().call(config, request)
        except Exception as error:
            error.add_note(f"The payload was {self._latest}.")
            raise

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and keep the payload at hand."""
        self._latest = dict(email.data.payload)
        return super().deliver(config, email)


@killed_by("secrets.echo", "verification code")
class PassesEchoesOn(Open):
    """Repeats what a careless provider repeats."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, unredacted."""
        del config, email
        return send_failure(error, ())


class _TalkativeGuard(Guard[Any]):
    def validate(self, value: Any) -> Any:  # noqa: ANN401 - see Guard
        """Say what was refused, value and all."""
        if not self.is_valid(value):
            issues = [{"path": "$", "message": f"{value!r} is not valid"}]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})
        return super().validate(value)


@killed_by("secrets.invalid-config", "accessKeySecret")
class RepeatsTheConfig(Open):
    """Repeats a refused config in the error."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _TalkativeGuard("aws-ses-config", AwsSesConfig)


@killed_by("secrets.misplaced", "a misplaced secret")
class RepeatsTheValue(Open):
    """Repeats a refused value in the error, as jsonschema's own messages do."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, in jsonschema's words."""
        try:
            return validate_config(config, aws_ses_config_guard)
        except ConnectorError:
            errors = list(aws_ses_config_guard._validator.iter_errors(config))
            raise ConnectorError(
                ConnectorErrorCodes.INVALID_CONFIG, {"issues": [it.message for it in errors]}
            ) from None


@killed_by("secrets.log", "verification code")
class LogsTheMessage(Open):
    """Logs what it sends."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and tell."""
        logging.getLogger(__name__).info("Sending %s to %s", dict(email.data.payload), email.to)
        return super().deliver(config, email)


@frozen
class ConfigThatShows(AwsSesConfig):
    """A config class whose repr shows the keys."""

    access_key_secret: str = field(kw_only=True)


@killed_by("secrets.repr", "accessKeySecret")
class ShowsItsKeys(Open):
    """Has a config class with a plain repr."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigThatShows)


@killed_by("secrets.failed-send", "accessKeySecret")
class BasicInTheError(Open):
    """Shows the request's Authorization, in base64."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, with the header."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            pair = f"{config.access_key_id}:{config.access_key_secret}"
            failure.data["sent"] = f"Authorization: Basic {b64encode(pair.encode()).decode()}"
        return failure


class _RequestError(Exception):
    """An error that shows less than it holds."""

    def __str__(self) -> str:
        """Say that it failed."""
        return "The request failed."


@killed_by("secrets.failed-send", "in the error's traceback")
class RequestInTheArguments(Open):
    """Chains an error that holds the request."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and keep the request."""
        failure = super().failure(error, config, email)
        failure.__cause__ = _RequestError(dict(email.data.payload))
        return failure


@killed_by("secrets.saved-config", "accessKeySecret")
class RepeatsTheSavedConfig(Open):
    """Is careful with an unsaved config, and repeats the saved one."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and tell what was in the store."""
        if config is not None:
            return super().read_config(config)
        saved = self.get_config(self.metadata.id)
        try:
            return super().read_config(saved)
        except ConnectorError as error:
            raise ConnectorError(error.code, {"issues": [], "saved": saved}) from None


@killed_by("secrets.output", "verification code")
class PrintsTheMessage(Open):
    """Prints what it sends."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and print."""
        print(email.subject, dict(email.data.payload))  # noqa: T201 - this is what is wrong
        return super().deliver(config, email)


@killed_by("secrets.output", "accessKeySecret")
class WarnsOfTheKey(Open):
    """Warns of a key that is odd, and shows it."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, with a warning."""
        warnings.warn(f"Is {config.access_key_secret} right?", stacklevel=2)
        return super().failure(error, config, email)


@killed_by("isolation.process", "the environment")
class KeysInTheEnvironment(Open):
    """Leaves the keys where botocore finds them, and everybody else."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, with the environment's keys."""
        os.environ["AWS_SECRET_ACCESS_KEY"] = config.access_key_secret
        return super().deliver(config, email)


@killed_by("secrets.result", "verification code")
class ReturnsTheMessage(Open):
    """Returns what it sent."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and return all there is."""
        return {"id": super().deliver(config, email), "message": to_json(email.data)}


@killed_by("secrets.recipient", "one in full")
class LogsTheRecipient(Open):
    """Logs to whom it sends."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, and tell."""
        logging.getLogger(__name__).info("Sending to %s", email.to)
        return super().deliver(config, email)


__all__ = ["WRONG", "Open", "Wrong"]


@killed_by(
    "secrets.pasted", "expected the message to be sent, or a ConnectorError, when accessKeyId has '\\n' before it"
)
class TrustsTheClipboard(Open):
    """Puts the key into a header as it is, as an HTTP library does, and lets out what that says."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, if a header can hold the key."""
        _as_header(config.access_key_secret)
        return super().call(config, request)

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver."""
        _as_header(config.access_key_id)
        return super().deliver(config, email)


@killed_by("secrets.pasted", "expected no secret in the error when accessKeySecret has '\\n' before it")
class QuotesTheClipboard(Open):
    """Refuses such a key, and says what it was."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, if a header can hold the secret."""
        try:
            _as_header(config.access_key_secret)
        except ValueError as error:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, str(error)) from None
        return super().deliver(config, email)


def _as_header(value: str) -> None:
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"Invalid header value {value!r}")
