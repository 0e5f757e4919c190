"""Connectors that fail in the wrong way."""

import time
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Email,
    SendMessageData,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.wrong_connectors.memory import RELAY, OpenRelay, Request
from tests.conformance.wrong_connectors.open import Open, killed_by


def _recoded(wrong: ConnectorErrorCodes, *right: ConnectorErrorCodes) -> type[Open]:
    class Recoded(Open):
        """Gives an error another code."""

        def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
            """Translate it wrongly."""
            failure = super().failure(error, config, email)
            if isinstance(failure, ConnectorError) and failure.code in right:
                return ConnectorError(wrong, failure.data)
            return failure

    return Recoded


_Codes = ConnectorErrorCodes
ThrottleIsAResponse = killed_by("errors.throttle", "rate_limit_exceeded")(
    _recoded(_Codes.INVALID_RESPONSE, _Codes.RATE_LIMIT_EXCEEDED),
)
QuotaIsAThrottle = killed_by("errors.quota", "usage_limit_exceeded")(
    _recoded(_Codes.RATE_LIMIT_EXCEEDED, _Codes.USAGE_LIMIT_EXCEEDED),
)
RefusalIsGeneral = killed_by("errors.refusal", "invalid_response")(_recoded(_Codes.GENERAL, _Codes.INVALID_RESPONSE))
KeysAreUnauthorized = killed_by("errors.credentials", "invalid_response")(
    _recoded(_Codes.AUTHORIZATION_FAILED, _Codes.INVALID_RESPONSE),
)
FaultIsAThrottle = killed_by("errors.fault", "invalid_response")(
    _recoded(_Codes.RATE_LIMIT_EXCEEDED, _Codes.INVALID_RESPONSE),
)


@killed_by("errors.broken-answer", "it returned normally")
class AnySuccessWillDo(Open):
    """Takes anything in the two hundreds for acceptance."""

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read it without looking."""
        return answer.get("MessageId")


@killed_by("errors.network", "no ConnectorError")
class RawNetworkErrors(Open):
    """Lets botocore's exceptions out."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate only refusals."""
        failure = super().failure(error, config, email)
        return error if isinstance(failure, ConnectorError) and failure.code is _Codes.GENERAL else failure


@killed_by("errors.message", "what the provider said")
class SomethingWentWrong(Open):
    """Tells the operator nothing."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it to nothing."""
        failure = super().failure(error, config, email)
        code = failure.code if isinstance(failure, ConnectorError) else _Codes.GENERAL
        return ConnectorError(code, "Something went wrong.")


@killed_by("errors.data-is-json", "data that is JSON")
class ExceptionAsData(Open):
    """Puts an exception where JSON belongs."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and add it."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["cause"] = error
        return failure


@killed_by("errors.recovers", "expected the message to be sent")
class BreaksForGood(Open):
    """Refuses everything after one failure."""

    broken = False

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, until it once fails."""
        if self.broken:
            raise ConnectorError(_Codes.GENERAL, "The circuit is open.")
        try:
            return super().deliver(config, email)
        except ConnectorError:
            self.broken = True
            raise


@killed_by("errors.not-repeated", "expected one call")
class TriesAgain(Open):
    """Repeats whatever fails."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and make it again."""
        try:
            return super().call(config, request)
        except Exception:  # noqa: BLE001 - this is what is wrong
            return super().call(config, request)


@killed_by("errors.quota-not-repeated", "expected one call when the provider answers 'daily-quota', found 2")
class TriesForMore(Open):
    """Asks again when the day's messages are used up."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and make it again if it was one too many."""
        try:
            return super().call(config, request)
        except ClientError as error:
            if "quota" not in str(error):
                raise
            return super().call(config, request)


@killed_by("errors.message", "expected the data's message to hold what the provider said for 'daily-quota'")
class RedactsNothing(Open):
    """Takes an empty code out of the provider's words: it is between all of them."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and take the code out, whatever it is."""
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            told = failure.data["message"].replace(email.data.payload.code, "***")
            return ConnectorError(failure.code, {**failure.data, "message": told})
        return failure


@killed_by("errors.bad-message", "no ConnectorError")
class TrustsTheMessage(Open):
    """Takes the message as it comes."""

    def send_message(self, data: Any, config: object = None) -> object:  # noqa: ANN401 - either form
        """Send it, unread."""
        message = SendMessageData(data["to"], data["type"], data["payload"])
        settings = self.read_config(config)
        return self.deliver(settings, self.compose(settings, message))


@killed_by("errors.bad-message", "expected a ConnectorError for a malformed message; it raised UnicodeError")
class TrustsTheDomain(Open):
    """Encodes whatever stands behind the @."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request, after a look at the domain."""
        email.to.rpartition("@")[2].encode("idna")
        return super().request(config, email)


@killed_by("errors.time-limit", "expected a send to end within 15 s", spec=RELAY)
class WaitsForever(OpenRelay):
    """Has all the time in the world."""

    within = None


@killed_by("errors.time-limit", "no ConnectorError", spec=RELAY)
class RawTimeOut(OpenRelay):
    """Lets its own time limit out."""

    def call(self, request: Request) -> object:
        """Make the call, and translate only what the provider says."""
        answer = self.ask(request)
        if "error" in answer:
            raise ConnectorError(_Codes.INVALID_RESPONSE, {"message": answer["error"]})
        return answer["id"]


@killed_by("errors.time-limit", "expected one call", spec=RELAY)
class AsksAgain(OpenRelay):
    """Repeats what was not answered in time."""

    def ask(self, request: Request) -> Request:
        """Ask, and ask again."""
        try:
            return super().ask(request)
        except TimeoutError:
            return super().ask(request)


@killed_by("errors.passing", "found 2; it returned normally")
class MakesUpForIt(Open):
    """Sends twice what was throttled, to be sure."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and another where it was repeated."""
        answer = super().call(config, request)
        return answer if answer["ResponseMetadata"]["RetryAttempts"] == 0 else super().call(config, request)


@killed_by("errors.passing", "found 1; it raised")
class HeardItTheFirstTime(Open):
    """Fails for a throttle that has passed."""

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read the answer, and how it came."""
        if answer["ResponseMetadata"]["RetryAttempts"]:
            raise ConnectorError(_Codes.RATE_LIMIT_EXCEEDED)
        return super().accepted(answer)


@killed_by("errors.in-a-row", "LookupError, which is no ConnectorError")
class KeepsItsSlots(Open):
    """Gives back what it took only when all went well."""

    slots = 20

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Deliver, while there are slots."""
        if not self.slots:
            raise LookupError("no slot is free")
        self.slots -= 1
        result = super().deliver(config, email)
        self.slots += 1
        return result


@killed_by("errors.together", "shared by")
class OneErrorForAll(Open):
    """Makes its errors once."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._made: dict[str, Exception] = {}

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it to one that is there."""
        return self._made.setdefault(type(error).__name__, super().failure(error, config, email))


@killed_by("errors.together", "for each of 8 messages at once")
class SharesItsError(Open):
    """Keeps the error of a send in itself, and clears it away."""

    latest: Exception | None = None

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate it, and put it down."""
        self.latest = super().failure(error, config, email)
        time.sleep(0.001)
        found, self.latest = self.latest, None
        return found or LookupError("somebody else took it")


@killed_by("errors.passing-throttle", "expected the message to be sent when the provider answers 'throttled' once")
class GivesUpAtOnce(Open):
    """Tries nothing again, so that a busy second costs a code."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call with a client that makes one attempt."""
        client = botocore.session.get_session().create_client(
            "sesv2",
            region_name=config.region,
            aws_access_key_id=config.access_key_id,
            aws_secret_access_key=config.access_key_secret,
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )
        return client.send_email(**request)  # type: ignore[attr-defined]  # operations are made at run time


@killed_by("errors.throttle", "expected at most 5 attempts while the provider answers 'throttled'")
class NeverGivesUp(Open):
    """Holds Logto up, and a provider that asks for less."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, and again, and again."""
        for _ in range(2):
            try:
                return super().call(config, request)
            except ClientError:
                pass
        return super().call(config, request)
