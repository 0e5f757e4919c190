"""The responses of SES: one table for both stubs."""

import json
from collections.abc import Mapping
from typing import Final, Literal
from uuid import uuid4

from attrs import frozen

from conformance.providers.base import Family, Outcome, is_ambiguous
from conformance.providers.http_messages import HttpRequest, HttpResponse
from connector_kit import ConnectorErrorCodes as Codes

NetworkFailure = Literal["refused", "closed", "timed-out", "silent"]
"""What can happen instead of a response.

``refused``: no connection; ``closed``: the connection closes after the request; ``timed-out``: the client reports a
timeout at once; ``silent``: no response, so that the client's own timeout must end the wait.
"""

_DESCRIPTIONS: Final[Mapping[NetworkFailure, str]] = {
    "refused": "[the connection was refused]",
    "closed": "[the connection was closed without a response]",
    "timed-out": "[the client timed out]",
    "silent": "[no response]",
}


@frozen
class SesResponse:
    """The response of SES for an outcome, or the network failure instead.

    Args:
        outcome: the outcome that it belongs to.
        status: the HTTP status.
        error: the AWS error code.
        body: the body; for a success, only what precedes the JSON. ``None`` if the outcome decides it.
        content_type: of the body.
        network_failure: what happens instead of a response.
    """

    outcome: Outcome
    status: int = 200
    error: str | None = None
    body: bytes | None = None
    content_type: str = "application/json"
    network_failure: NetworkFailure | None = None

    def to(self, request: HttpRequest, message_id: str) -> HttpResponse | str:
        """Return the HTTP response to a request, or a description of the network failure.

        Args:
            request: the request that the stub received.
            message_id: the MessageId of a success.
        """
        if self.network_failure is not None:
            return _DESCRIPTIONS[self.network_failure]
        headers = {"Content-Type": self.content_type, "x-amzn-RequestId": str(uuid4())}
        if self.error is not None:
            headers["x-amzn-ErrorType"] = self.error
        return HttpResponse(self.status, self._body(request, message_id), headers)

    def _body(self, request: HttpRequest, message_id: str) -> bytes:
        if self.outcome.family == "accepted":
            return (self.body or b"") + json.dumps({"MessageId": message_id}).encode()
        if self.outcome.echoes:
            sent = f"{request.authorization} {request.body.decode('utf-8', 'replace')}"
            return json.dumps({"message": f"Rejected. {sent}"}).encode()
        return self.body or b""


def new_message_id() -> str:
    """Return a random MessageId in the format of SES."""
    return f"0102{uuid4().hex}-{uuid4()}-000000"


_EXPECTED_CODES: Final[Mapping[Family, Codes]] = {
    "throttle": Codes.RATE_LIMIT_EXCEEDED,
    "quota": Codes.USAGE_LIMIT_EXCEEDED,
}


def _error(name: str, family: Family, status: int, error: str, message: str) -> SesResponse:
    expected, ambiguous = _EXPECTED_CODES.get(family, Codes.INVALID_RESPONSE), is_ambiguous(family, status)
    outcome = Outcome(name, family, expected, message, ambiguous=ambiguous, code=error)
    return SesResponse(outcome, status, error, json.dumps({"message": message}).encode())


def _network(name: str, failure: NetworkFailure, *, ambiguous: bool = True, hangs: bool = False) -> SesResponse:
    outcome = Outcome(name, "network", Codes.GENERAL, ambiguous=ambiguous, hangs=hangs)
    return SesResponse(outcome, network_failure=failure)


def _malformed(name: str, status: int, body: bytes, content_type: str = "application/json") -> SesResponse:
    ambiguous = is_ambiguous("malformed", status)
    outcome = Outcome(name, "malformed", Codes.INVALID_RESPONSE, ambiguous=ambiguous)
    return SesResponse(outcome, status, None, body, content_type)


_UNVERIFIED: Final = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: noreply@example.com"
)
RESPONSES: Final = (
    SesResponse(Outcome("accepted", "accepted", None)),
    SesResponse(Outcome("accepted-after-white-space", "accepted", None), body=b" \r\n"),
    _error("throttled", "throttle", 429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    _error("throttled-unmodelled", "throttle", 400, "ThrottlingException", "Rate exceeded"),
    _error("throttled-unnamed", "throttle", 429, "SlowDownPleaseException", "Too fast."),
    _error("daily-quota", "quota", 429, "TooManyRequestsException", "Daily message quota exceeded."),
    _error("daily-quota-unmodelled", "quota", 400, "ThrottlingException", "Daily message quota exceeded."),
    _error("limit-exceeded", "quota", 400, "LimitExceededException", "Too many instances of the resource."),
    _error("account-suspended", "rejection", 400, "AccountSuspendedException", "Account is suspended."),
    _error("sending-paused", "rejection", 400, "SendingPausedException", "Sending is paused for this account."),
    _error("rejected", "rejection", 400, "MessageRejected", "Message content was rejected."),
    _error("unverified", "rejection", 400, "MessageRejected", _UNVERIFIED),
    _error(
        "mail-from-unverified",
        "rejection",
        400,
        "MailFromDomainNotVerifiedException",
        "The MAIL FROM domain is not verified.",
    ),
    _error("not-found", "rejection", 404, "NotFoundException", "Configuration set does not exist."),
    _error("bad-request", "rejection", 400, "BadRequestException", "Illegal address"),
    _error(
        "unknown-key",
        "credentials",
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    ),
    _error(
        "wrong-signature",
        "credentials",
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
    ),
    _error(
        "access-denied",
        "credentials",
        403,
        "AccessDeniedException",
        "User is not authorized to perform: ses:SendEmail",
    ),
    _error("internal-fault", "server-error", 500, "InternalServiceErrorException", "Internal failure."),
    _error("unavailable", "server-error", 503, "ServiceUnavailable", "Service is unavailable."),
    _malformed("html-502", 502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
    _malformed("html-504", 504, b"<html><body><h1>504 Gateway Time-out</h1></body></html>", "text/html"),
    _malformed("empty-body", 200, b""),
    _malformed("empty-id", 200, b'{"MessageId": ""}'),
    _malformed("json-array", 200, b"[]"),
    _malformed("bad-json", 200, b'{"MessageId": "'),
    _malformed("accepted-202", 202, b'{"MessageId": "0102"}'),
    _network("connection-refused", "refused", ambiguous=False),
    _network("connection-lost", "closed"),
    _network("time-out", "timed-out"),
    _network("hangs", "silent", hangs=True),
    SesResponse(
        Outcome("echo", "rejection", Codes.INVALID_RESPONSE, "Rejected.", echoes=True),
        400,
        "MessageRejected",
    ),
)


def responses_without(failure: NetworkFailure) -> tuple[SesResponse, ...]:
    """Return the table for a stub that cannot produce one of the network failures."""
    return tuple(response for response in RESPONSES if response.network_failure != failure)


def response_for(outcome: Outcome) -> SesResponse:
    """Return the response that belongs to an outcome."""
    return next(response for response in RESPONSES if response.outcome == outcome)
