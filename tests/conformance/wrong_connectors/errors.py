"""Wrong connectors for the checks of errors."""

import time
from typing import Any

import urllib3
from botocore.exceptions import ClientError
from urllib3 import BaseHTTPResponse

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Email,
    SendMessageData,
    TemplateMessage,
    parse_json_object,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors.template_ids import TEMPLATE_IDS, TemplateIds
from tests.conformance.wrong_connectors.base import BaseSes, botocore_client, killed_by
from tests.conformance.wrong_connectors.memory import RELAY, MemoryRelay, Request


def _recoded(wrong: ConnectorErrorCodes, *right: ConnectorErrorCodes) -> type[BaseSes]:
    class Recoded(BaseSes):
        """Raises another error code."""

        def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
            failure = super().failure(error, config, email)
            if isinstance(failure, ConnectorError) and failure.code in right:
                return ConnectorError(wrong, failure.data)
            return failure

    return Recoded


_Codes = ConnectorErrorCodes
ThrottleIsInvalidResponse = killed_by("errors.throttle", "rate_limit_exceeded")(
    _recoded(_Codes.INVALID_RESPONSE, _Codes.RATE_LIMIT_EXCEEDED),
)
QuotaIsRateLimit = killed_by("errors.quota", "usage_limit_exceeded")(
    _recoded(_Codes.RATE_LIMIT_EXCEEDED, _Codes.USAGE_LIMIT_EXCEEDED),
)
RejectionIsGeneral = killed_by("errors.rejection", "invalid_response")(
    _recoded(_Codes.GENERAL, _Codes.INVALID_RESPONSE)
)
CredentialsAreAuthorizationFailed = killed_by("errors.credentials", "invalid_response")(
    _recoded(_Codes.AUTHORIZATION_FAILED, _Codes.INVALID_RESPONSE),
)
ServerErrorIsRateLimit = killed_by("errors.server-error", "invalid_response")(
    _recoded(_Codes.RATE_LIMIT_EXCEEDED, _Codes.INVALID_RESPONSE),
)


@killed_by("errors.malformed-response", "it returned normally")
class AcceptsAnySuccess(BaseSes):
    """Treats any 2xx response as a success."""

    def accepted(self, response: Any) -> object:
        return response.get("MessageId")


@killed_by("errors.malformed-response", "for the outcome 'empty-object'; it returned normally", spec=TEMPLATE_IDS)
class AcceptsAnObjectWithoutAnId(TemplateIds):
    """Counts any JSON object with status 200 as sent, also one that has no id."""

    def accepted(self, response: BaseHTTPResponse) -> str:
        unusable = {"message": "The response is not a JSON object."}
        found = parse_json_object(response.data.decode("utf-8", "replace"), error_payload=unusable)
        return str(found.get("id", "unknown"))


@killed_by("errors.network", "not a ConnectorError")
class RawNetworkErrors(BaseSes):
    """Raises botocore's network errors unchanged."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        return error if isinstance(failure, ConnectorError) and failure.code is _Codes.GENERAL else failure


@killed_by("errors.provider-message", "expected the error's data to contain the provider's message")
class DropsTheProviderMessage(BaseSes):
    """Replaces the provider's message with a text of its own."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        code = failure.code if isinstance(failure, ConnectorError) else _Codes.GENERAL
        return ConnectorError(code, "Something went wrong.")


@killed_by("errors.json-data", "expected JSON as the error's data")
class ExceptionInData(BaseSes):
    """Puts an exception into the error's data."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["cause"] = error
        return failure


@killed_by("errors.recovery", "expected the message to be sent")
class FailsAfterAFailure(BaseSes):
    """Rejects every message after one failure."""

    broken = False

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        if self.broken:
            raise ConnectorError(_Codes.GENERAL, "The circuit is open.")
        try:
            return super().deliver(config, email)
        except ConnectorError:
            self.broken = True
            raise


@killed_by("errors.not-retried", "expected one call")
class RetriesEverything(BaseSes):
    """Sends a message again after any failure."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        try:
            return super().call(config, request)
        except Exception:  # noqa: BLE001 - the fault
            return super().call(config, request)


@killed_by("errors.not-retried", "expected one call to the provider for the outcome 'html-502', found 3")
class RetriesAsTheSdkDoes(BaseSes):
    """Leaves retries to botocore, which sends a message again after 502 and 504."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        return botocore_client(config, attempts=3).send_email(**request)


@killed_by(
    "errors.not-retried",
    "expected one call to the provider for the outcome 'html-504', found 2",
    spec=TEMPLATE_IDS,
)
class RetriesAGatewayTimeout(TemplateIds):
    """Sends a message again if a gateway gets no response from the provider in time: it may have accepted the first."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool.connection_pool_kw["retries"] = urllib3.Retry(
            connect=0, read=0, other=0, status=1, status_forcelist=(504,), allowed_methods=None, raise_on_status=False
        )


@killed_by(
    "errors.not-retried",
    "expected one call to the provider for the outcome 'empty-body', found 2",
    spec=TEMPLATE_IDS,
)
class RetriesAnUnreadableSuccess(TemplateIds):
    """Sends a message again if it cannot read the id in the response to the first."""

    def deliver(self, config: Any, message: TemplateMessage) -> object:
        try:
            return super().deliver(config, message)
        except ConnectorError as error:
            if error.code is not _Codes.INVALID_RESPONSE or (isinstance(error.data, dict) and "status" in error.data):
                raise
            return super().deliver(config, message)


@killed_by("errors.quota-not-retried", "expected one call to the provider for the outcome 'daily-quota', found 2")
class RetriesAQuota(BaseSes):
    """Sends a message again if the daily quota is exhausted."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        try:
            return super().call(config, request)
        except ClientError as error:
            if "quota" not in str(error):
                raise
            return super().call(config, request)


@killed_by("errors.provider-message", "for the outcome 'daily-quota'")
class RedactsAnEmptyCode(BaseSes):
    """Redacts an empty code, which matches between all characters of a message."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            told = failure.data["message"].replace(email.data.payload.code, "***")
            return ConnectorError(failure.code, {**failure.data, "message": told})
        return failure


@killed_by("errors.invalid-message", "not a ConnectorError")
class SkipsMessageValidation(BaseSes):
    """Does not validate the message."""

    def send_message(self, data: Any, config: object = None) -> object:
        message = SendMessageData(data["to"], data["type"], data["payload"])
        settings = self.read_config(config)
        return self.deliver(settings, self.compose(settings, message))


@killed_by("errors.invalid-message", "expected a ConnectorError for an invalid message; it raised Unicode")
class EncodesTheDomain(BaseSes):
    """Raises UnicodeError for a domain that cannot be encoded."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        email.to.rpartition("@")[2].encode("idna")
        return super().request(config, email)


@killed_by(
    "errors.time-limit",
    "expected a send to end within 15 s for the outcome 'silent', found it still running after 16 s",
    spec=RELAY,
)
class NoTimeLimit(MemoryRelay):
    """Waits for a response without a time limit."""

    within = None


@killed_by("errors.time-limit", "not a ConnectorError", spec=RELAY)
class RawTimeout(MemoryRelay):
    """Raises its TimeoutError unchanged."""

    def call(self, request: Request) -> object:
        response = self.ask(request)
        if "error" in response:
            raise ConnectorError(_Codes.INVALID_RESPONSE, {"message": response["error"]})
        return response["id"]


@killed_by("errors.time-limit", "expected one call", spec=RELAY)
class RetriesAfterATimeout(MemoryRelay):
    """Sends a message again after a timeout."""

    def ask(self, request: Request) -> Request:
        try:
            return super().ask(request)
        except TimeoutError:
            return super().ask(request)


@killed_by("errors.transient", "found 2; it returned normally")
class SendsAgainAfterARetry(BaseSes):
    """Sends a message twice if the first attempt was throttled."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        response = super().call(config, request)
        return response if response["ResponseMetadata"]["RetryAttempts"] == 0 else super().call(config, request)


@killed_by("errors.transient", "found 1; it raised")
class FailsAfterARetry(BaseSes):
    """Fails although the retry of a throttled attempt succeeded."""

    def accepted(self, response: Any) -> object:
        if response["ResponseMetadata"]["RetryAttempts"]:
            raise ConnectorError(_Codes.RATE_LIMIT_EXCEEDED)
        return super().accepted(response)


@killed_by("errors.consecutive", "LookupError, which is not a ConnectorError")
class LeaksSlots(BaseSes):
    """Releases a slot only after a success."""

    slots = 20

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        if not self.slots:
            raise LookupError("no slot is free")
        self.slots -= 1
        result = super().deliver(config, email)
        self.slots += 1
        return result


@killed_by("errors.concurrent", "expected the number of separate error objects 8, found 1")
class ReusesErrors(BaseSes):
    """Raises the same error object for every message."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._made: dict[str, Exception] = {}

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        return self._made.setdefault(type(error).__name__, super().failure(error, config, email))


@killed_by("errors.concurrent", "for each of 8 concurrent messages")
class SharesTheError(BaseSes):
    """Stores the current error in an attribute."""

    latest: Exception | None = None

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        self.latest = super().failure(error, config, email)
        time.sleep(0.001)
        found, self.latest = self.latest, None
        return found or LookupError("no error is stored")


@killed_by("errors.retries-throttle", "if only the first attempt meets the outcome 'throttled'")
class NeverRetries(BaseSes):
    """Never sends a throttled message again."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        return botocore_client(config, attempts=1).send_email(**request)


@killed_by("errors.throttle", "expected at most 5 attempts for the outcome 'throttled'")
class RetriesTooOften(BaseSes):
    """Retries a throttled message up to eight more times."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        for _ in range(2):
            try:
                return super().call(config, request)
            except ClientError:
                pass
        return super().call(config, request)
