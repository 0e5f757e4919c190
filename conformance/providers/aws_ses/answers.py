"""What SES answers: the one table behind both forms of its stub."""

import json
from collections.abc import Mapping
from typing import Final, Literal
from uuid import uuid4

from attrs import frozen

from conformance.http_exchange import Answer, HttpRequest
from conformance.provider import Family, Outcome
from connector_kit import ConnectorErrorCodes as Codes

Mishap = Literal["refused", "lost", "late", "silent"]
"""What can happen instead of an answer.

``refused``: no connection; ``lost``: it ends after the request; ``late``: the client says at once that it waited too
long; ``silent``: nothing comes, and the client's own time limit has to act.
"""


_INSTEAD: Final[Mapping[Mishap, str]] = {
    "refused": "[the connection was refused]",
    "lost": "[the connection was closed without an answer]",
    "late": "[no answer came in time]",
    "silent": "[no answer came]",
}


@frozen
class SesAnswer:
    """What SES sends back for an outcome, or what happens instead.

    Args:
        outcome: what it means.
        status: of HTTP.
        error: the error's name.
        body: what the outcome decides where there is none: an id, or a repetition of the request. Of a success, what
            stands before it.
        content_type: of the body.
        mishap: what happens instead.
    """

    outcome: Outcome
    status: int = 200
    error: str | None = None
    body: bytes | None = None
    content_type: str = "application/json"
    mishap: Mishap | None = None

    def to(self, request: HttpRequest, message_id: str) -> Answer | str:
        """Return the answer to one request, or say what happens instead.

        Args:
            request: what SES received.
            message_id: what a success gives back.
        """
        if self.mishap is not None:
            return _INSTEAD[self.mishap]
        headers = {"Content-Type": self.content_type, "x-amzn-RequestId": str(uuid4())}
        if self.error is not None:
            headers["x-amzn-ErrorType"] = self.error
        return Answer(self.status, self._body(request, message_id), headers)

    def _body(self, request: HttpRequest, message_id: str) -> bytes:
        if self.outcome.family == "accepted":
            return (self.body or b"") + json.dumps({"MessageId": message_id}).encode()
        if self.outcome.echoes:
            sent = f"{request.authorization} {request.body.decode('utf-8', 'replace')}"
            return json.dumps({"message": f"Rejected. {sent}"}).encode()
        return self.body or b""


def new_message_id() -> str:
    """Return an id as SES makes them."""
    return f"0102{uuid4().hex}-{uuid4()}-000000"


def _error(name: str, family: Family, expect: Codes, status: int, *says: str) -> SesAnswer:
    error, message = says
    body = json.dumps({"message": message}).encode()
    return SesAnswer(Outcome(name, family, expect, message, code=error), status, error, body)


def _network(name: str, mishap: Mishap, *, ambiguous: bool = True, hangs: bool = False) -> SesAnswer:
    return SesAnswer(Outcome(name, "network", Codes.GENERAL, ambiguous=ambiguous, hangs=hangs), mishap=mishap)


def _broken(name: str, status: int, body: bytes, content_type: str = "application/json") -> SesAnswer:
    return SesAnswer(Outcome(name, "broken", Codes.INVALID_RESPONSE), status, None, body, content_type)


_THROTTLE, _QUOTA, _REFUSED = Codes.RATE_LIMIT_EXCEEDED, Codes.USAGE_LIMIT_EXCEEDED, Codes.INVALID_RESPONSE
_UNVERIFIED: Final = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: noreply@example.com"
)
ANSWERS: Final = (
    SesAnswer(Outcome("accepted", "accepted", None)),
    SesAnswer(Outcome("accepted-after-white-space", "accepted", None), body=b" \r\n"),
    _error("throttled", "throttle", _THROTTLE, 429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    _error("throttled-unmodelled", "throttle", _THROTTLE, 400, "ThrottlingException", "Rate exceeded"),
    _error("throttled-unnamed", "throttle", _THROTTLE, 429, "SlowDownPleaseException", "Too fast."),
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
    _broken("empty-id", 200, b'{"MessageId": ""}'),
    _broken("json-array", 200, b"[]"),
    _broken("bad-json", 200, b'{"MessageId": "'),
    _broken("accepted-202", 202, b'{"MessageId": "0102"}'),
    _network("connection-refused", "refused", ambiguous=False),
    _network("connection-lost", "lost"),
    _network("time-out", "late"),
    _network("hangs", "silent", hangs=True),
    SesAnswer(
        Outcome("echo", "refusal", Codes.INVALID_RESPONSE, "Rejected.", echoes=True),
        400,
        "MessageRejected",
    ),
)


def answers_without(mishap: Mishap) -> tuple[SesAnswer, ...]:
    """Return the table for a form of the stub that cannot do one of the mishaps."""
    return tuple(answer for answer in ANSWERS if answer.mishap != mishap)


def answer_for(outcome: Outcome) -> SesAnswer:
    """Return what belongs to an outcome."""
    return next(answer for answer in ANSWERS if answer.outcome == outcome)
