"""Wrong connectors for APIs with retries, tokens, drafts, errors of status 200, signatures and other transports."""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import uuid4

import urllib3

from connector_kit import ConnectorError, ConnectorErrorCodes, Email
from tests.conformance.right_connectors.api_mail import API_MAIL, ApiConfig, ApiMail, Client, Codes, Reply
from tests.conformance.right_connectors.exchanges import (
    BACK_OFF_MAIL,
    BATCH_MAIL,
    DRAFT_MAIL,
    KEYED_MAIL,
    NAMED_ERROR_MAIL,
    OK_MAIL,
    POLLING_MAIL,
    RENEWING_MAIL,
    SIGNED_MAIL,
    SOAP_MAIL,
    TWO_HOSTS_MAIL,
    BackOffMail,
    BatchMail,
    DraftMail,
    KeyedMail,
    Mail,
    NamedErrorMail,
    OkMail,
    PollingMail,
    RenewingMail,
    Secrets,
    SignedMail,
    SoapMail,
    TwoHostsMail,
)
from tests.conformance.right_connectors.transports import (
    ASYNC_MAIL,
    QUERY_SMS,
    SMTP_MAIL,
    SOCKET_SMS,
    AsyncMail,
    QuerySms,
    SmsConfig,
    SmtpConfig,
    SmtpMail,
    SocketSms,
)
from tests.conformance.wrong_connectors.base import killed_by

_EXPECTED_ONE_CALL = "expected one call to the provider for the outcome"


@killed_by("errors.not-retried", f"{_EXPECTED_ONE_CALL} 'html-502', found 3", spec=KEYED_MAIL)
class NewKeyForEachAttempt(KeyedMail):
    """Sends each attempt of a message with another idempotency key."""

    def post(self, config: ApiConfig, path: str, body: Any, until: float, **headers: str) -> Reply:
        return super().post(config, path, body, until, **{**headers, "Idempotency_Key": str(uuid4())})


@killed_by("errors.idempotency-key", "is that of an earlier message", spec=KEYED_MAIL)
class OneKeyForAllMessages(KeyedMail):
    """Makes its idempotency key once."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._key = str(uuid4())

    def key(self, config: ApiConfig, mail: Mail) -> str:
        return self._key


@killed_by("errors.idempotency-key", "is that of an earlier message", spec=KEYED_MAIL)
class KeyOfTheRecipient(KeyedMail):
    """Derives the idempotency key from the recipient, so that a second code for one user is not sent."""

    def key(self, config: ApiConfig, mail: Mail) -> str:
        return json.dumps(mail["to"])


@killed_by("errors.not-retried", f"{_EXPECTED_ONE_CALL} 'unknown-key', found 2", spec=API_MAIL)
class RepeatsWithTheSameKey(ApiMail):
    """Sends a message again after 401, with the key that was rejected."""

    def post(self, config: ApiConfig, path: str, body: Any, until: float, **headers: str) -> Reply:
        reply = super().post(config, path, body, until, **headers)
        return super().post(config, path, body, until, **headers) if reply.status == 401 else reply


@killed_by("errors.not-retried", f"{_EXPECTED_ONE_CALL} 'unknown-key', found 4", spec=RENEWING_MAIL)
class RenewsTheTokenAgainAndAgain(RenewingMail):
    """Renews a token three times for one message."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        account = (config.server, config.api_key)
        token = self._tokens.get(account)
        for _ in range(4):
            token = token or self.renew(config, None, secrets, until)
            reply = self.post(config, "/messages", mail, until, Authorization=f"Bearer {token}")
            if reply.status != 401:
                break
            self._tokens.pop(account, None)
            token = None
        return self.accepted(reply, secrets).text("id")


@killed_by("errors.recovery", "expected the message to be sent", spec=RENEWING_MAIL)
class KeepsAnExpiredToken(RenewingMail):
    """Never renews a token, and keeps one that was rejected."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        token = self._tokens.get((config.server, config.api_key)) or self.renew(config, None, secrets, until)
        reply = self.post(config, "/messages", mail, until, Authorization=f"Bearer {token}")
        return self.accepted(reply, (*secrets, token)).text("id")


@killed_by(
    "errors.retry-after", "expected a send to end within 15 s for the outcome 'retry-after-an-hour'", spec=BACK_OFF_MAIL
)
class WaitsAsLongAsStated(BackOffMail):
    """Waits for as long as Retry-After states."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        reply = self.post(config, "/messages", mail, until)
        pause = self.pause(reply)
        if reply.status in {429, 503} and pause is not None:
            time.sleep(min(pause, 20))
            reply = self.post(config, "/messages", mail, until)
        return self.accepted(reply, secrets).text("id")


@killed_by("errors.retry-after", "for the outcome 'retry-after-a-date'; it raised ValueError", spec=BACK_OFF_MAIL)
class ReadsRetryAfterAsNumber(BackOffMail):
    """Expects a number in Retry-After."""

    def pause(self, reply: Reply) -> float | None:
        return float(reply.headers.get("Retry-After", "0"))


@killed_by("errors.server-error", "expected at most 5 attempts for the outcome 'maintenance'", spec=BACK_OFF_MAIL)
class RetriesWhileUnavailable(BackOffMail):
    """Sends a message up to twelve times while the provider is unavailable."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        for _ in range(12):
            reply = self.post(config, "/messages", mail, until)
            if reply.status != 503:
                break
        return self.accepted(reply, secrets).text("id")


@killed_by("errors.server-error", "expected a send to end within 15 s for the outcome 'stuck'", spec=POLLING_MAIL)
class PollsTooLong(PollingMail):
    """Polls for 15.5 seconds until the message is sent."""

    within = 15.5


@killed_by("errors.rejection", "for the outcome 'bounced'; it returned normally", spec=POLLING_MAIL)
class CountsQueuedAsSent(PollingMail):
    """Returns as soon as the job is queued."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        return self.accepted(self.post(config, "/messages", mail, until), secrets).text("job")


@killed_by("errors.not-retried", f"{_EXPECTED_ONE_CALL} 'connection-lost', found 2", spec=DRAFT_MAIL)
class SendsAnotherDraft(DraftMail):
    """Creates and sends another draft after a lost response."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        try:
            return super().exchange(config, mail, secrets, until)
        except ConnectorError as error:
            if error.code is not Codes.GENERAL:
                raise
            return super().exchange(config, mail, secrets, until)


@killed_by("errors.rejection", "for the outcome 'suppressed'; it returned normally", spec=BATCH_MAIL)
class ReadsOnlyErrorsOfABatch(BatchMail):
    """Knows only one status of a message that was not sent."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        reply = self.accepted(self.post(config, "/messages", {"messages": [mail]}, until), secrets)
        for result in reply.json.get("results") or ():
            if result["status"] != "error":
                return result.get("id")
            raise self.rejection(Reply(200, {}, json.dumps(result).encode()), secrets)
        raise ConnectorError(Codes.INVALID_RESPONSE, {"message": "Expected a result."})


@killed_by("errors.malformed-response", "for the outcome 'no-results'; it returned normally", spec=BATCH_MAIL)
class AcceptsAnEmptyBatch(BatchMail):
    """Counts a batch without an error as sent."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        reply = self.accepted(self.post(config, "/messages", {"messages": [mail]}, until), secrets)
        if reply.json.get("results") == []:
            return None
        return (
            super().exchange(config, mail, secrets, until)
            if not reply.json.get("results")
            else self.first(reply, secrets)
        )

    def first(self, reply: Reply, secrets: Secrets) -> object:
        """Return the first result."""
        own = Reply(200, {}, json.dumps(reply.json["results"][0]).encode())
        if own.json.get("status") != "queued":
            raise self.rejection(own, secrets)
        return own.text("id")


@killed_by("errors.quota", "expected ConnectorError usage_limit_exceeded for the outcome 'over-limit'", spec=OK_MAIL)
class ReadsStatusesOnly(OkMail):
    """Maps statuses to codes, although the provider always answers 200."""

    codes: ClassVar[Mapping[object, Codes]] = {429: Codes.RATE_LIMIT_EXCEEDED, "ratelimited": Codes.RATE_LIMIT_EXCEEDED}


@killed_by("errors.rejection", "for the outcome 'no-mailbox'; it returned normally", spec=OK_MAIL)
class IgnoresOk(OkMail):
    """Counts every response with status 200 as sent."""

    def accepted(self, reply: Reply, secrets: Secrets) -> Reply:
        if reply.json.get("name") in self.codes or reply.json.get("name") == "invalid_auth":
            raise self.rejection(reply, secrets)
        ApiMail.accepted(self, reply, secrets)
        return reply if "id" in reply.json else Reply(200, {}, b'{"id": "unknown"}')


@killed_by("errors.quota", "for the outcome 'daily'", spec=NAMED_ERROR_MAIL)
class MapsStatusesOfNamedErrors(NamedErrorMail):
    """Maps every 429 to a rate limit, a daily quota too."""

    codes: ClassVar[Mapping[object, Codes]] = {
        429: Codes.RATE_LIMIT_EXCEEDED,
        "credits_exceeded": Codes.USAGE_LIMIT_EXCEEDED,
    }


@killed_by("operator.error-details", "error code 'daily_quota_exceeded'", spec=NAMED_ERROR_MAIL)
class DropsTheErrorName(NamedErrorMail):
    """Leaves the provider's error code out."""

    def rejection(self, reply: Reply, secrets: Secrets) -> ConnectorError:
        error = super().rejection(reply, secrets)
        if isinstance(error.data, dict):
            error.data.pop("code", None)
        return error


@killed_by("errors.recovery", "was used before", spec=SIGNED_MAIL)
class NonceOfTheBody(SignedMail):
    """Derives the nonce from the message, so that the same message cannot be sent again after a failure."""

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        self.nonce = lambda: hashlib.sha256(json.dumps(dict(mail)).encode()).hexdigest()  # type: ignore[method-assign]  # the fault
        return super().exchange(config, mail, secrets, until)


@killed_by("errors.rejection", "for the outcome 'fault-200'; it returned normally", spec=SOAP_MAIL)
class ReadsFaultsOfErrorsOnly(SoapMail):
    """Looks for a fault only where the status is an error."""

    def result(self, reply: Reply, secrets: Secrets) -> str:
        if reply.status == 200 and b"Fault" in reply.content:
            return "unknown"
        return super().result(reply, secrets)


@killed_by("transport.redirects", "found an attempt to open a socket to 127.0.0.2", spec=API_MAIL)
class FollowsRedirects(ApiMail):
    """Follows redirects to any host."""

    def new_client(self) -> Client:
        class Following(Client):
            def exchange(self, method: str, url: str, until: float, **request: Any) -> Reply:
                timeout = urllib3.Timeout(total=max(0.01, until - time.monotonic()))
                retries = urllib3.Retry(connect=0, read=0, redirect=3, status=0, other=0)
                response = self._pool.request(method, url, timeout=timeout, retries=retries, **request)
                return Reply(response.status, response.headers, response.data)

        return Following()


@killed_by("transport.redirects", "it returned normally", spec=API_MAIL)
class CountsRedirectsAsSent(ApiMail):
    """Counts every status below 400 as sent."""

    def accepted(self, reply: Reply, secrets: Secrets) -> Reply:
        if 300 <= reply.status < 400:
            return Reply(200, {}, b'{"id": "unknown"}')
        return super().accepted(reply, secrets)


@killed_by(
    "transport.certificates", "whose certificate is from an authority that nobody trusts, found 1 call", spec=API_MAIL
)
class VerifiesNoCertificate(ApiMail):
    """Accepts any certificate."""

    def new_client(self) -> Client:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return Client(cert_reqs="CERT_NONE")


@killed_by("transport.certificates", "whose certificate is for another host, found 1 call", spec=TWO_HOSTS_MAIL)
class VerifiesNoHostName(TwoHostsMail):
    """Accepts a certificate of any host."""

    def new_client(self) -> Client:
        return Client(assert_hostname=False)


@killed_by("transport.certificates", "expected no connection without encryption", spec=API_MAIL)
class FallsBackToHttp(ApiMail):
    """Sends without encryption if https fails."""

    def post(self, config: ApiConfig, path: str, body: Any, until: float, **headers: str) -> Reply:
        try:
            return super().post(config, path, body, until, **headers)
        except ConnectorError:
            url = f"{config.server}{path}"
            if not url.startswith("https:"):
                raise
            return self.client.send(
                "POST", url.replace("https:", "http:"), until, json=body, headers=self.headers(config)
            )


@killed_by("transport.certificates", "expected no connection without encryption", spec=API_MAIL)
class IgnoresTheScheme(ApiMail):
    """Always sends without encryption."""

    def post(self, config: ApiConfig, path: str, body: Any, until: float, **headers: str) -> Reply:
        url = f"http://{config.server.partition('://')[2]}{path}"
        return self.client.send("POST", url, until, json=body, headers=self.headers(config))


@killed_by("errors.slow-response", "a time limit for each read is not one for the response", spec=API_MAIL)
class LimitsEachRead(ApiMail):
    """Limits the time for each read, not for the response."""

    def new_client(self) -> Client:
        class Reading(Client):
            def __init__(self) -> None:
                self._pool = urllib3.PoolManager(8, maxsize=8, retries=False)

        return Reading()


@killed_by("errors.endless-response", "expected a response to be read up to a limit", spec=API_MAIL)
class ReadsEverything(ApiMail):
    """Reads a response completely, whatever its size."""

    def new_client(self) -> Client:
        class Reading(Client):
            def exchange(self, method: str, url: str, until: float, **request: Any) -> Reply:
                timeout = urllib3.Timeout(total=max(0.01, until - time.monotonic()))
                response = self._pool.request(method, url, redirect=False, timeout=timeout, **request)
                return Reply(response.status, response.headers, response.data)

        return Reading()


class _Parsing(ApiMail):
    """Reads the body of an error in its own way."""

    def message(self, content: bytes) -> object:
        """Return the message of an error."""
        return json.loads(content)["message"]

    def rejection(self, reply: Reply, secrets: Secrets) -> ConnectorError:
        super().rejection(reply, secrets)
        code = self.codes.get(reply.status, Codes.INVALID_RESPONSE)
        return ConnectorError(code, {"message": self.message(reply.content)})


@killed_by("errors.unreadable-error", "for the outcome 'error-html'; it raised JSONDecodeError", spec=API_MAIL)
class ExpectsJsonErrors(_Parsing):
    """Expects JSON in every error response."""


@killed_by("errors.unreadable-error", "for the outcome 'error-array'; it raised TypeError", spec=API_MAIL)
class ExpectsAnObject(_Parsing):
    """Expects an object in an error response that is JSON."""

    def message(self, content: bytes) -> object:
        try:
            body = json.loads(content)
        except ValueError:
            return "No message."
        return body["message"]


@killed_by("errors.unreadable-error", "for the outcome 'error-binary'; it raised UnicodeDecodeError", spec=API_MAIL)
class ExpectsUtf8(_Parsing):
    """Expects UTF-8 in every error response."""

    def message(self, content: bytes) -> object:
        text = content.decode()
        try:
            body = json.loads(text)
        except ValueError:
            return "No message."
        return body.get("message") if isinstance(body, dict) else text


@killed_by("errors.unreadable-error", "expected JSON as the error's data for the outcome 'error-", spec=API_MAIL)
class BytesInTheData(_Parsing):
    """Puts the bytes of an unreadable response into the error."""

    def message(self, content: bytes) -> object:
        try:
            body = json.loads(content)
        except ValueError:
            return content
        return body.get("message") if isinstance(body, dict) else str(body)


@killed_by("errors.rejection", "for the outcome 'unknown-recipient'; it returned normally", spec=SMTP_MAIL)
class IgnoresRefusedRecipients(SmtpMail):
    """Counts a message as sent although the server refused its recipient."""

    def deliver(self, config: SmtpConfig, email: Email) -> object:
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            if isinstance(error.data, dict) and error.data.get("status") == 550:
                return None
            raise


@killed_by("errors.not-retried", f"{_EXPECTED_ONE_CALL} 'connection-lost', found 2", spec=SMTP_MAIL)
class ReconnectsAndSendsAgain(SmtpMail):
    """Sends a message again if the server closes the connection after it."""

    def deliver(self, config: SmtpConfig, email: Email) -> object:
        try:
            return super().deliver(config, email)
        except ConnectorError as error:
            if error.code is not ConnectorErrorCodes.GENERAL:
                raise
            return super().deliver(config, email)


@killed_by("errors.rejection", "for the outcome 'bad-number'; it returned normally", spec=QUERY_SMS)
class IgnoresTheLine(QuerySms):
    """Counts every line of a response with status 200 as success."""

    def deliver(self, config: SmsConfig, sms: Any) -> object:
        try:
            return super().deliver(config, sms)
        except ConnectorError as error:
            if "Bad number" in str(error):
                return "unknown"
            raise


@killed_by("errors.malformed-response", "for the outcome 'garbage'; it returned normally", spec=SOCKET_SMS)
class CountsAnyLineAsSent(SocketSms):
    """Counts every reply that is not an error as success."""

    def talk(self, config: SmsConfig, line: str) -> tuple[str, str]:
        status, message = super().talk(config, line)
        return ("OK", "unknown") if status not in {"OK", "BUSY", "EMPTY", "BAD"} else (status, message)


@killed_by("errors.network", "not a ConnectorError", spec=ASYNC_MAIL)
class RawTimeoutOfTheLoop(AsyncMail):
    """Lets the error of the event loop out."""

    def post(self, config: ApiConfig, path: str, body: Any, until: float, **headers: str) -> Reply:
        request = {"json": body, "headers": {**self.headers(config), **headers}}
        return self.client.exchange("POST", f"{config.server}{path}", until, **request)
