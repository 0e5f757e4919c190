"""Correct connectors for APIs that need more than one request, or more than a status, for one message."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, ClassVar, Final
from uuid import uuid4
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from conformance import Failure, HttpRequest, HttpResponse, Message, Spec
from connector_kit import ConnectorError, ConnectorErrorCodes, ConnectorMetadata
from tests.conformance.right_connectors.api_mail import ApiConfig, ApiMail, ApiStub, Reply, api_metadata, api_spec
from tests.conformance.right_connectors.parts import one_recipient

Codes = ConnectorErrorCodes
Json = Any
Mail = Mapping[str, str]
Secrets = tuple[object, ...]

_PAUSE: Final = 0.02
_ATTEMPTS: Final = 3


# --- an idempotency key ---------------------------------------------------------------------------------------------


class KeyedMail(ApiMail):
    """Repeats a request whose result is unknown, with the same idempotency key: the provider accepts it once."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("keyed-mail")

    def key(self, config: ApiConfig, mail: Mail) -> str:  # noqa: ARG002 - wrong connectors use them
        """Return the idempotency key of a message."""
        return str(uuid4())

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Send the same request until there is a result."""
        key = self.key(config, mail)
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                reply = self.post(
                    config,
                    "/messages",
                    mail,
                    min(until, time.monotonic() + self.within / _ATTEMPTS),
                    Idempotency_Key=key,
                )
            except ConnectorError as error:
                if last or error.code is not Codes.GENERAL:
                    raise
                continue
            if reply.status < 500 or last:
                break
            time.sleep(_PAUSE)
        return self.accepted(reply, secrets).text("id")


class KeyedStub(ApiStub):
    """Recognises a repeated request by its header Idempotency-Key."""

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail with its key."""
        return self.message_of(request.json, idempotency_key=request.headers["Idempotency-Key"])


# --- a token that expires -------------------------------------------------------------------------------------------


class RenewingMail(ApiMail):
    """Keeps an access token for each key, and renews it once if the provider no longer accepts it."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("renewing-mail")

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._tokens: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Send the message, with a new token if the old one has expired."""
        account = (config.server, config.api_key)
        token = self._tokens.get(account) or self.renew(config, None, secrets, until)
        reply = self.post(config, "/messages", mail, until, Authorization=f"Bearer {token}")
        if reply.status == 401:
            token = self.renew(config, token, secrets, until)
            reply = self.post(config, "/messages", mail, until, Authorization=f"Bearer {token}")
        return self.accepted(reply, (*secrets, token)).text("id")

    def renew(self, config: ApiConfig, expired: str | None, secrets: Secrets, until: float) -> str:
        """Request a token, unless another thread has done so meanwhile."""
        account = (config.server, config.api_key)
        with self._lock:
            if self._tokens.get(account) == expired:
                reply = self.post(config, "/token", {"grant_type": "api_key"}, until)
                self._tokens[account] = self.accepted(reply, secrets).text("access_token")
            return self._tokens[account]


class RenewingStub(ApiStub):
    """Issues tokens that expire after three messages."""

    authorization = ""

    def __init__(self) -> None:
        super().__init__()
        self._uses: dict[str, int] = {}
        self._keys: dict[str, str | None] = {}

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
        """Issue a token, or reject a message whose token has expired."""
        if request.path == "/token":
            token = self.new_secret("the access token")
            self._uses[token], self._keys[token] = 0, request.bearer
            return HttpResponse.json({"access_token": token})
        token = request.bearer or ""
        self._uses[token] = self._uses.get(token, 0) + 1
        return self.error_response(401, "The token has expired.") if self._uses[token] > 3 else None

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the key for which the token was issued."""
        return (
            None if self._keys.get(request.bearer or "") == config["apiKey"] else "expected a token of the config's key"
        )


# --- 503 with Retry-After -------------------------------------------------------------------------------------------


class BackOffMail(ApiMail):
    """Waits as long as Retry-After states if that is short, and fails at once if it is long.

    It sends a message again after 500, too: its provider has accepted nothing then.
    """

    metadata: ClassVar[ConnectorMetadata] = api_metadata("back-off-mail")
    retries_throttles = False

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Send the message up to three times."""
        reply = self.post(config, "/messages", mail, until)
        for _ in range(_ATTEMPTS - 1):
            pause = self.pause(reply)
            if reply.status not in {429, 500, 503} or pause is None or time.monotonic() + pause > until:
                break
            time.sleep(pause)
            reply = self.post(config, "/messages", mail, until)
        return self.accepted(reply, secrets).text("id")

    def pause(self, reply: Reply) -> float | None:
        """Return the seconds to wait; ``None`` where the provider states another time."""
        stated = reply.headers.get("Retry-After", "0")
        return int(stated) + _PAUSE if stated.isascii() and stated.isdecimal() else None


class BackOffStub(ApiStub):
    """Is unavailable at times, and states for how long."""

    failures = (
        Failure("too-many", "throttle", 429, "Too many requests.", headers={"Retry-After": "0"}),
        Failure("maintenance", "server-error", 503, "Maintenance.", headers={"Retry-After": "0"}),
        Failure("unknown-recipient", "rejection", 422, "The mailbox does not exist."),
    )


# --- accepted, then polled ------------------------------------------------------------------------------------------


class PollingMail(ApiMail):
    """Creates a job with status 202, and polls it until the message is sent or has failed."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("polling-mail")
    within = 0.6

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Create the job and wait for its end."""
        job = self.accepted(self.post(config, "/messages", mail, until), secrets).text("job")
        while time.monotonic() < until:
            url = f"{config.server}/jobs/{job}"
            reply = self.accepted(self.client.send("GET", url, until, headers=self.headers(config)), secrets)
            state = reply.text("state")
            if state == "sent":
                return reply.text("id")
            if state == "failed":
                raise self.rejection(reply, secrets)
            time.sleep(_PAUSE)
        raise ConnectorError(Codes.GENERAL, {"message": "The provider has not sent the message in time."})


class PollingStub(ApiStub):
    """Accepts a job; the first poll finds it queued."""

    failures = (
        *ApiStub.failures,
        Failure(
            "bounced", "rejection", 202, "The mailbox is full.", response=HttpResponse.json({"job": "bounced"}, 202)
        ),
        Failure(
            "stuck",
            "server-error",
            202,
            response=HttpResponse.json({"job": "stuck"}, 202),
            expect=Codes.GENERAL,
            ambiguous=True,
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._polls: dict[str, int] = {}

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
        """Report the state of a job."""
        if request.method != "GET":
            return None
        job = request.path.removeprefix("/jobs/")
        self._polls[job] = self._polls.get(job, 0) + 1
        if job == "bounced":
            return HttpResponse.json({"state": "failed", "message": "The mailbox is full."})
        if self._polls[job] == 1 or job == "stuck":
            return HttpResponse.json({"state": "queued"})
        return HttpResponse.json({"state": "sent", "id": job})

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the job."""
        return HttpResponse.json({"job": message_id}, 202)


# --- a draft, then its sending --------------------------------------------------------------------------------------


class DraftMail(ApiMail):
    """Creates a draft, and sends it with a second request."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("draft-mail")

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Create the draft and send it."""
        draft = self.accepted(self.post(config, "/drafts", mail, until), secrets).text("draft")
        return self.accepted(self.post(config, f"/drafts/{draft}/send", None, until), secrets).text("id")


class DraftStub(ApiStub):
    """Keeps drafts; the message is the one that is sent."""

    path = None

    def __init__(self) -> None:
        super().__init__()
        self._drafts: dict[str, Json] = {}

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
        """Create a draft."""
        if request.path != "/drafts":
            return None
        draft = f"d-{len(self._drafts)}"
        self._drafts[draft] = request.json
        return HttpResponse.json({"draft": draft}, 201)

    def read(self, request: HttpRequest) -> Message:
        """Return the draft."""
        _, drafts, draft, action = request.path.split("/")
        assert (drafts, action) == ("drafts", "send")
        return self.message_of(self._drafts[draft])


# --- errors with status 200 -----------------------------------------------------------------------------------------


class BatchMail(ApiMail):
    """Sends a batch of one; the provider answers 200 with a result for each message."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("batch-mail")
    codes: ClassVar[Mapping[object, Codes]] = {
        "throttled": Codes.RATE_LIMIT_EXCEEDED,
        "no_credit": Codes.USAGE_LIMIT_EXCEEDED,
    }

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Send the batch and read the one result."""
        reply = self.accepted(self.post(config, "/messages", {"messages": [mail]}, until), secrets)
        results = reply.json.get("results")
        result = results[0] if isinstance(results, list) and len(results) == 1 else None
        if not isinstance(result, dict):
            raise ConnectorError(Codes.INVALID_RESPONSE, {"message": "Expected one result from the provider."})
        own = Reply(reply.status, reply.headers, HttpResponse.json(result).body)
        if result.get("status") != "queued":
            raise self.rejection(own, secrets)
        return own.text("id")


def _result(**result: str) -> HttpResponse:
    return HttpResponse.json({"results": [result]})


class BatchStub(ApiStub):
    """Answers a batch with status 200, whatever happened to its messages."""

    failures = (
        Failure(
            "slow-down",
            "throttle",
            200,
            "Slow down.",
            response=_result(status="error", name="throttled", message="Slow down."),
        ),
        Failure(
            "no-credit",
            "quota",
            200,
            "No credit.",
            response=_result(status="error", name="no_credit", message="No credit."),
        ),
        Failure(
            "suppressed", "rejection", 200, "Suppressed.", response=_result(status="suppressed", message="Suppressed.")
        ),
        Failure("no-results", "malformed", 200, response=HttpResponse.json({"results": []})),
        Failure("unknown-key", "credentials", 401, "This key is unknown."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the one message of the batch."""
        (mail,) = request.json["messages"]
        return self.message_of(mail)

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the result of the one message."""
        return _result(status="queued", id=message_id)


class OkMail(ApiMail):
    """Reads ``ok`` and the error's name: the provider always answers 200."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("ok-mail")
    codes: ClassVar[Mapping[object, Codes]] = {
        "ratelimited": Codes.RATE_LIMIT_EXCEEDED,
        "over_limit": Codes.USAGE_LIMIT_EXCEEDED,
    }

    def accepted(self, reply: Reply, secrets: Secrets) -> Reply:
        """Return a response that is ok."""
        if super().accepted(reply, secrets).json.get("ok") is not True:
            raise self.rejection(reply, secrets)
        return reply


class OkStub(ApiStub):
    """Answers every request with status 200."""

    failures = (
        Failure(
            "ratelimited", "throttle", 200, "Too fast.", code="ratelimited", fields={"ok": False, "name": "ratelimited"}
        ),
        Failure("over-limit", "quota", 200, "Used up.", code="over_limit", fields={"ok": False, "name": "over_limit"}),
        Failure(
            "no-mailbox",
            "rejection",
            200,
            "No such mailbox.",
            code="no_mailbox",
            fields={"ok": False, "name": "no_mailbox"},
        ),
        Failure(
            "wrong-key",
            "credentials",
            200,
            "Invalid key.",
            code="invalid_auth",
            fields={"ok": False, "name": "invalid_auth"},
        ),
    )

    def success_response(self, message_id: str) -> HttpResponse:
        """Return ``ok`` with the id."""
        return HttpResponse.json({"ok": True, "id": message_id})


class NamedErrorMail(ApiMail):
    """Maps the names of errors, which share statuses, to codes."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("named-error-mail")
    codes: ClassVar[Mapping[object, Codes]] = {
        "rate_limit_exceeded": Codes.RATE_LIMIT_EXCEEDED,
        "daily_quota_exceeded": Codes.USAGE_LIMIT_EXCEEDED,
        "credits_exceeded": Codes.USAGE_LIMIT_EXCEEDED,
    }


class NamedErrorStub(ApiStub):
    """Distinguishes errors of one status by ``name``."""

    failures = (
        Failure(
            "rate",
            "throttle",
            429,
            "Too many requests.",
            fields={"name": "rate_limit_exceeded"},
            code="rate_limit_exceeded",
        ),
        Failure(
            "daily",
            "quota",
            429,
            "Daily quota reached.",
            fields={"name": "daily_quota_exceeded"},
            code="daily_quota_exceeded",
        ),
        Failure(
            "credits",
            "quota",
            401,
            "Maximum credits exceeded.",
            fields={"name": "credits_exceeded"},
            code="credits_exceeded",
        ),
        Failure(
            "key", "credentials", 401, "API key is invalid.", fields={"name": "invalid_api_key"}, code="invalid_api_key"
        ),
        Failure("sender", "rejection", 422, "Invalid `from`.", fields={"name": "invalid_from"}, code="invalid_from"),
    )


# --- signatures, forms and XML --------------------------------------------------------------------------------------


class SignedMail(ApiMail):
    """Signs the time, a nonce and the body."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("signed-mail")

    def nonce(self) -> str:
        """Return a nonce."""
        return uuid4().hex

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Sign and send the message."""
        body = HttpResponse.json(dict(mail)).body
        moment, nonce = str(int(time.time())), self.nonce()
        signature = _signature(config.api_key, moment, nonce, body)
        headers = {"X-Time": moment, "X-Nonce": nonce, "X-Signature": signature, "Content-Type": "application/json"}
        reply = self.client.send("POST", f"{config.server}/messages", until, body=body, headers=headers)
        return self.accepted(reply, (*secrets, signature)).text("id")


def _signature(key: str, moment: str, nonce: str, body: bytes) -> str:
    digest = hmac.new(key.encode(), b"\n".join([moment.encode(), nonce.encode(), body]), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class SignedStub(ApiStub):
    """Accepts a signature of the last minute with a nonce that it has not seen."""

    authorization = ""

    def __init__(self) -> None:
        super().__init__()
        self._nonces: set[str] = set()

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail; the nonce must be new."""
        nonce = request.headers["X-Nonce"]
        assert nonce not in self._nonces, f"the nonce {nonce} was used before"
        assert abs(time.time() - int(request.headers["X-Time"])) < 60, "the time is wrong"
        self._nonces.add(nonce)
        return self.message_of(request.json)

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Verify the signature."""
        expected = _signature(config["apiKey"], request.headers["X-Time"], request.headers["X-Nonce"], request.body)
        return None if request.headers["X-Signature"] == expected else "expected a signature with the config's apiKey"


class MultipartMail(ApiMail):
    """Sends multipart/form-data, as for attachments."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("multipart-mail")

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Send the form."""
        fields = {
            name: value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
            for name, value in mail.items()
        }
        url = f"{config.server}/messages"
        reply = self.client.send("POST", url, until, fields=fields, headers=self.headers(config))
        return self.accepted(reply, secrets).text("id")


class MultipartStub(ApiStub):
    """Reads a form with parts."""

    content_type = "multipart/form-data"

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        return self.message_of(request.form)


_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_ACME: Final = "urn:acme:mail"


class SoapMail(ApiMail):
    """Sends a SOAP envelope, and reads the result or the fault."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("soap-mail")
    codes: ClassVar[Mapping[object, Codes]] = {
        "Throttled": Codes.RATE_LIMIT_EXCEEDED,
        "QuotaExceeded": Codes.USAGE_LIMIT_EXCEEDED,
    }

    def exchange(self, config: ApiConfig, mail: Mail, secrets: Secrets, until: float) -> object:
        """Send the envelope."""
        one_recipient(mail["to"])
        if any(not _is_xml(it) for it in mail.values()):
            raise ConnectorError(Codes.INVALID_REQUEST_PARAMETERS, {"message": "XML has no such control characters."})
        inner = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in mail.items())
        body = (
            f'<s:Envelope xmlns:s="{_SOAP}"><s:Header><key xmlns="{_ACME}">{escape(config.api_key)}</key></s:Header>'
            f'<s:Body><Send xmlns="{_ACME}">{inner}</Send></s:Body></s:Envelope>'
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:acme:mail:Send"'}
        reply = self.client.send("POST", f"{config.server}/soap", until, body=body.encode(), headers=headers)
        return self.result(reply, secrets)

    def result(self, reply: Reply, secrets: Secrets) -> str:
        """Return the id, or raise the fault."""
        try:
            root = ET.fromstring(reply.content)
        except (ET.ParseError, ValueError):
            message = f"The provider sent no XML (HTTP {reply.status})."
            raise ConnectorError(Codes.INVALID_RESPONSE, {"message": message}) from None
        fault = root.find(f".//{{{_SOAP}}}Fault")
        if fault is not None:
            fields = {"message": fault.findtext("faultstring"), "name": fault.findtext("faultcode")}
            raise self.rejection(Reply(reply.status, reply.headers, HttpResponse.json(fields).body), secrets)
        found = root.findtext(f".//{{{_ACME}}}id")
        if reply.status != 200 or not found:
            message = f"The provider sent no id (HTTP {reply.status})."
            raise ConnectorError(Codes.INVALID_RESPONSE, {"message": message})
        return found


def _text(value: str) -> str:
    return escape(value, {"\r": "&#13;"})


def _is_xml(value: str) -> bool:
    return all(
        it in "\t\n\r" or (it >= " " and not "\ud800" <= it <= "\udfff" and it not in "\ufffe\uffff") for it in value
    )


def _envelope(inner: str, status: int = 200) -> HttpResponse:
    text = f'<s:Envelope xmlns:s="{_SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'
    return HttpResponse(status, text.encode(), {"Content-Type": "text/xml; charset=utf-8"})


class SoapStub(ApiStub):
    """Reads an envelope, and answers with a result or a fault."""

    path = "/soap"
    content_type = "text/xml"
    authorization = ""
    failures = (
        Failure(
            "throttled",
            "throttle",
            500,
            "Too fast.",
            response=_envelope(
                "<s:Fault><faultcode>Throttled</faultcode><faultstring>Too fast.</faultstring></s:Fault>", 500
            ),
        ),
        Failure(
            "quota",
            "quota",
            500,
            "Used up.",
            response=_envelope(
                "<s:Fault><faultcode>QuotaExceeded</faultcode><faultstring>Used up.</faultstring></s:Fault>", 500
            ),
        ),
        Failure(
            "fault-200",
            "rejection",
            200,
            "No mailbox.",
            response=_envelope(
                "<s:Fault><faultcode>Client</faultcode><faultstring>No mailbox.</faultstring></s:Fault>"
            ),
        ),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the e-mail."""
        send = ET.fromstring(request.body).find(f".//{{{_ACME}}}Send")
        assert send is not None
        return self.message_of({it.tag.partition("}")[2]: it.text or "" for it in send})

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the key in the header of the envelope."""
        found = ET.fromstring(request.body).findtext(f".//{{{_ACME}}}key")
        return None if found == config["apiKey"] else "expected the config's apiKey in the header of the envelope"

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the id."""
        return _envelope(f'<SendResult xmlns="{_ACME}"><id>{message_id}</id></SendResult>')

    def expected_result(self, message_id: str) -> str:
        """Return the id."""
        return message_id

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return a fault."""
        return _envelope(
            f"<s:Fault><faultcode>Server</faultcode><faultstring>{escape(message)}</faultstring></s:Fault>", status
        )


# --- https, several hosts and regions -------------------------------------------------------------------------------


class TwoHostsMail(RenewingMail):
    """Gets its token from one host, and sends through the host of another."""

    metadata: ClassVar[ConnectorMetadata] = api_metadata("two-hosts-mail")

    def post(self, config: ApiConfig, path: str, body: Json, until: float, **headers: str) -> Reply:
        """Post JSON to the host of the path."""
        host = "auth.acme.example" if path == "/token" else "api.eu.acme.example"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.send(
            "POST", f"https://{host}{path}", until, json=body, headers={**self.headers(config), **named}
        )


class TwoHostsStub(RenewingStub):
    """Has fixed hosts with https."""

    config_key = None
    scheme = "https"
    host = "api.eu.acme.example"
    host_names = ("auth.acme.example", "api.eu.acme.example")

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
        """Issue tokens at the other host only."""
        assert (request.path == "/token") == request.url.startswith("https://auth.acme.example/")
        return super().respond_to_other(request)


KEYED_MAIL: Final = api_spec(KeyedMail, KeyedStub)
RENEWING_MAIL: Final = api_spec(RenewingMail, RenewingStub)
BACK_OFF_MAIL: Final = api_spec(BackOffMail, BackOffStub)
POLLING_MAIL: Final = api_spec(PollingMail, PollingStub)
DRAFT_MAIL: Final = api_spec(DraftMail, DraftStub)
BATCH_MAIL: Final = api_spec(BatchMail, BatchStub)
OK_MAIL: Final = api_spec(OkMail, OkStub)
NAMED_ERROR_MAIL: Final = api_spec(NamedErrorMail, NamedErrorStub)
SIGNED_MAIL: Final = api_spec(SignedMail, SignedStub)
MULTIPART_MAIL: Final = api_spec(MultipartMail, MultipartStub)
SOAP_MAIL: Final = api_spec(SoapMail, SoapStub)
TWO_HOSTS_MAIL: Final = api_spec(TwoHostsMail, TwoHostsStub)

EXCHANGES: tuple[Spec, ...] = (
    KEYED_MAIL,
    RENEWING_MAIL,
    BACK_OFF_MAIL,
    POLLING_MAIL,
    DRAFT_MAIL,
    BATCH_MAIL,
    OK_MAIL,
    NAMED_ERROR_MAIL,
    SIGNED_MAIL,
    MULTIPART_MAIL,
    SOAP_MAIL,
    TWO_HOSTS_MAIL,
)
