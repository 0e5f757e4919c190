"""Amazon SES v2, in the process: answers on botocore's ``before-send`` event, after signing and before any socket."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any, ClassVar, Final
from uuid import uuid4

import botocore
from attrs import frozen
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.session import Session

from conformance.provider import Aspect, Call, Family, Outcome, Provider
from connector_kit import ConnectorErrorCodes as Codes

_EVENT: Final = "before-send.sesv2.SendEmail"
_PATH: Final = "/v2/email/outbound-emails"
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})",
)
_OPTIONS: Final = {
    "emailAddressIdentityArn": "FromEmailAddressIdentityArn",
    "feedbackForwardingEmailAddress": "FeedbackForwardingEmailAddress",
    "feedbackForwardingEmailAddressIdentityArn": "FeedbackForwardingEmailAddressIdentityArn",
    "configurationSetName": "ConfigurationSetName",
}


@frozen
class _Answer:
    """What SES sends back, or what happens instead."""

    outcome: Outcome
    status: int = 200
    error: str | None = None
    body: bytes | None = None
    content_type: str = "application/json"
    raises: type[BotoCoreError] | None = None


def _error(name: str, family: Family, expect: Codes, status: int, *says: str) -> _Answer:
    error, message = says
    body = json.dumps({"message": message}).encode()
    return _Answer(Outcome(name, family, expect, message), status, error, body)


def _network(name: str, raises: type[BotoCoreError], *, ambiguous: bool) -> _Answer:
    return _Answer(Outcome(name, "network", Codes.GENERAL, ambiguous=ambiguous), raises=raises)


def _broken(name: str, status: int, body: bytes, content_type: str = "application/json") -> _Answer:
    return _Answer(Outcome(name, "broken", Codes.INVALID_RESPONSE), status, None, body, content_type)


_THROTTLE, _QUOTA, _REFUSED = Codes.RATE_LIMIT_EXCEEDED, Codes.USAGE_LIMIT_EXCEEDED, Codes.INVALID_RESPONSE
_UNVERIFIED: Final = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: noreply@example.com"
)
_ANSWERS: Final = (
    _Answer(Outcome("accepted", "accepted", None)),
    _error("throttled", "throttle", _THROTTLE, 429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    _error("throttled-unmodelled", "throttle", _THROTTLE, 400, "ThrottlingException", "Rate exceeded"),
    _error("daily-quota", "quota", _QUOTA, 429, "TooManyRequestsException", "Daily message quota exceeded."),
    _error("daily-quota-unmodelled", "quota", _QUOTA, 400, "ThrottlingException", "Daily message quota exceeded."),
    _error("limit-exceeded", "quota", _QUOTA, 400, "LimitExceededException", "Too many instances of the resource."),
    _error("account-suspended", "refusal", _REFUSED, 400, "AccountSuspendedException", "Account is suspended."),
    _error("sending-paused", "refusal", _REFUSED, 400, "SendingPausedException", "Sending is paused for this account."),
    _error("rejected", "refusal", _REFUSED, 400, "MessageRejected", "Message content was rejected."),
    _error("unverified", "refusal", _REFUSED, 400, "MessageRejected", _UNVERIFIED),
    _error(
        "mail-from-unverified",
        "refusal",
        _REFUSED,
        400,
        "MailFromDomainNotVerifiedException",
        "The MAIL FROM domain is not verified.",
    ),
    _error("not-found", "refusal", _REFUSED, 404, "NotFoundException", "Configuration set does not exist."),
    _error("bad-request", "refusal", _REFUSED, 400, "BadRequestException", "Illegal address"),
    _error(
        "unknown-key",
        "credentials",
        _REFUSED,
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    ),
    _error(
        "wrong-signature",
        "credentials",
        _REFUSED,
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
    ),
    _error(
        "access-denied",
        "credentials",
        _REFUSED,
        403,
        "AccessDeniedException",
        "User is not authorized to perform: ses:SendEmail",
    ),
    _error("internal-fault", "fault", _REFUSED, 500, "InternalServiceErrorException", "Internal failure."),
    _error("unavailable", "fault", _REFUSED, 503, "ServiceUnavailable", "Service is unavailable."),
    _broken("html-502", 502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
    _broken("empty-body", 200, b""),
    _broken("json-array", 200, b"[]"),
    _broken("bad-json", 200, b'{"MessageId": "'),
    _broken("accepted-202", 202, b'{"MessageId": "0102"}'),
    _network("connection-refused", EndpointConnectionError, ambiguous=False),
    _network("connection-lost", ConnectionClosedError, ambiguous=True),
    _network("time-out", ReadTimeoutError, ambiguous=True),
    _Answer(
        Outcome("echo", "refusal", Codes.INVALID_RESPONSE, "Rejected.", echoes=True),
        400,
        "MessageRejected",
    ),
)


class _Body:
    """The raw answer as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self._content


class AwsSesProvider(Provider):
    """Stands in for SES for every botocore session that is made while it runs."""

    outcomes: ClassVar[tuple[Outcome, ...]] = tuple(answer.outcome for answer in _ANSWERS)

    def _installed(self) -> AbstractContextManager[None]:
        return self._initializing_sessions()

    @contextmanager
    def _initializing_sessions(self) -> Iterator[None]:
        def attach(session: Session) -> None:
            session.register(_EVENT, self._before_send)  # type: ignore[arg-type]  # botocore uses what the handler returns; its stubs say it returns nothing

        botocore.register_initializer(attach)
        try:
            yield
        finally:
            botocore.unregister_initializer(attach)

    def _before_send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        answer = next(it for it in _ANSWERS if it.outcome == self._outcome)
        message_id = f"0102{uuid4().hex}-{uuid4()}-000000"
        self.calls.append(_read_call(request, answer.outcome, message_id))
        if answer.raises is not None:
            raise answer.raises(endpoint_url=request.url, error="stub")
        body = answer.body
        if answer.outcome.family == "accepted":
            body = json.dumps({"MessageId": message_id}).encode()
        if answer.outcome.echoes:
            sent = f"{request.headers.get('Authorization')} {_text(request.body)}"
            body = json.dumps({"message": f"Rejected. {sent}"}).encode()
        headers = HTTPHeaders.from_dict({"Content-Type": answer.content_type, "x-amzn-RequestId": str(uuid4())})
        if answer.error is not None:
            headers["x-amzn-ErrorType"] = answer.error
        return AWSResponse(request.url, answer.status, headers, _Body(body or b""))

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Judge a ``SendEmail`` request against the config it was made for."""
        request: AWSPreparedRequest = call.raw
        match aspect:
            case "form":
                return _form_fault(request)
            case "sender":
                return _sender_fault(call.sender, config.get("emailAddress"))
            case "credentials":
                return _credentials_fault(request, config)
        return _options_fault(_members(request), config)


def _text(body: object) -> str:
    return body.decode() if isinstance(body, bytes | bytearray) else str(body or "")


def _members(request: AWSPreparedRequest) -> dict[str, Any]:
    try:
        members = json.loads(_text(request.body))
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _read_call(request: AWSPreparedRequest, outcome: Outcome, message_id: str) -> Call:
    members = _members(request)
    simple = members.get("Content", {}).get("Simple", {})
    body = simple.get("Body", {})
    return Call(
        to=tuple(members.get("Destination", {}).get("ToAddresses", ())),
        subject=simple.get("Subject", {}).get("Data"),
        html=body.get("Html", {}).get("Data"),
        text=body.get("Text", {}).get("Data"),
        sender=members.get("FromEmailAddress"),
        reply_to=tuple(members.get("ReplyToAddresses", ())),
        outcome=outcome,
        result=message_id if outcome.family == "accepted" else None,
        raw=request,
    )


def _form_fault(request: AWSPreparedRequest) -> str | None:
    if request.method != "POST" or not request.url.endswith(_PATH):
        return f"expected POST {_PATH}, found {request.method} {request.url}"
    charsets = [part.get("Charset", "UTF-8") for part in _charset_parts(_members(request))]
    if any(charset.lower().replace("-", "") != "utf8" for charset in charsets):
        return f"expected UTF-8 throughout, found the charsets {charsets}"
    return None


def _charset_parts(members: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    simple = members.get("Content", {}).get("Simple", {})
    return [simple.get("Subject", {}), *simple.get("Body", {}).values()]


def _sender_fault(sender: str | None, configured: str | None) -> str | None:
    if not configured:
        return None if sender is None else "expected no sender, because the config names none"
    if sender is None:
        return "expected the config's emailAddress as the sender, found none"
    if _mailbox(sender) != _mailbox(configured):
        return "expected the config's emailAddress as the sender, found another"
    return None


def _mailbox(value: str) -> tuple[str, str]:
    name, address = parseaddr(value)
    return str(make_header(decode_header(name))), address


def _credentials_fault(request: AWSPreparedRequest, config: Mapping[str, Any]) -> str | None:
    found = _AUTHORIZATION.fullmatch(_text(request.headers.get("Authorization")))
    if found is None:
        return "expected a Signature Version 4, found none"
    if found["key"] != config["accessKeyId"]:
        return "expected the config's accessKeyId in the credential scope, found another"
    if found["region"] != config["region"] or f".{config['region']}." not in request.url:
        return f"expected the region {config['region']} in endpoint and credential scope, found {found['region']}"
    if found["service"] != "ses":
        return f"expected the service ses in the credential scope, found {found['service']}"
    if found["signature"] != _signature(request, config, found["headers"]):
        return "expected a signature made with the config's accessKeySecret, found another"
    return None


def _signature(request: AWSPreparedRequest, config: Mapping[str, Any], signed_headers: str) -> str:
    headers = {name: _text(request.headers[name]) for name in signed_headers.split(";") if name in request.headers}
    unsigned = AWSRequest(request.method, request.url, headers, request.body)
    unsigned.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(config["accessKeyId"], config["accessKeySecret"]), "ses", config["region"])
    to_sign = signer.string_to_sign(unsigned, signer.canonical_request(unsigned))
    signature: str = signer.signature(to_sign, unsigned)
    return signature


def _options_fault(members: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    for key, member in _OPTIONS.items():
        expected = config.get(key)
        if members.get(member) != expected:
            found = "nothing" if member not in members else "something else"
            return f"expected {member} to be the config's {key} ({'set' if expected else 'not set'}), found {found}"
    return None
