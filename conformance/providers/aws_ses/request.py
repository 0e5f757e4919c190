"""A ``SendEmail`` request: reads it, and compares it with the config it was made for."""

import json
from collections.abc import Mapping
from typing import Any, Final

from conformance.providers.aws_signature import aws_signature_error
from conformance.providers.base import Aspect, Call, Outcome
from conformance.providers.http_messages import HttpRequest, HttpResponse, exchange
from conformance.providers.request_errors import mailbox, sender_error, setting_error

_PATH: Final = "/v2/email/outbound-emails"
_FEEDBACK: Final = "feedbackForwardingEmailAddress"
_OPTIONS: Final = {
    "emailAddressIdentityArn": "FromEmailAddressIdentityArn",
    _FEEDBACK: "FeedbackForwardingEmailAddress",
    "feedbackForwardingEmailAddressIdentityArn": "FeedbackForwardingEmailAddressIdentityArn",
    "configurationSetName": "ConfigurationSetName",
}


def read_call(request: HttpRequest, outcome: Outcome, response: HttpResponse | str, message_id: str) -> Call:
    """Return a request and its response as a call; members that are missing or of the wrong type are left out."""
    members = _members(request)
    simple = _object(_object(members.get("Content")).get("Simple"))
    body = _object(simple.get("Body"))
    return Call(
        to=_strings(_object(members.get("Destination")).get("ToAddresses")),
        subject=_object(simple.get("Subject")).get("Data"),
        html=_object(body.get("Html")).get("Data"),
        text=_object(body.get("Text")).get("Data"),
        sender=members.get("FromEmailAddress"),
        reply_to=_strings(members.get("ReplyToAddresses")),
        outcome=outcome,
        result=message_id if outcome.family == "accepted" else None,
        raw=request,
        exchange=exchange(request, response),
        reference=response.headers.get("x-amzn-RequestId") if isinstance(response, HttpResponse) else None,
    )


def request_error(call: Call, config: Mapping[str, Any], aspect: Aspect, *, at_aws: bool) -> str | None:
    """Describe what is wrong with one aspect of a request, or return ``None``.

    Args:
        call: the request.
        config: the config that it was made for.
        aspect: the aspect to compare.
        at_aws: whether the URL is an endpoint of AWS, whose host name contains the region.
    """
    request: HttpRequest = call.raw
    match aspect:
        case "format":
            return _format_error(request)
        case "sender":
            return sender_error(call.sender, config.get("emailAddress"), "emailAddress")
        case "credentials":
            return aws_signature_error(
                request,
                key_id=config["accessKeyId"],
                secret=config["accessKeySecret"],
                region=config["region"],
                service="ses",
                at_aws=at_aws,
            )
    return _options_error(_members(request), config)


def _members(request: HttpRequest) -> dict[str, Any]:
    try:
        return _object(json.loads(request.body))
    except ValueError:
        return {}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(it) for it in value) if isinstance(value, list) else ()


def _format_error(request: HttpRequest) -> str | None:
    if request.method != "POST" or request.target != _PATH:
        return f"expected POST {_PATH}, found {request.method} {request.target}"
    members = _members(request)
    simple = _object(_object(members.get("Content")).get("Simple"))
    parts = [_object(it) for it in (simple.get("Subject"), *_object(simple.get("Body")).values())]
    charsets = [str(part.get("Charset", "UTF-8")) for part in parts]
    if any(charset.lower().replace("-", "") != "utf8" for charset in charsets):
        return f"expected UTF-8 throughout, found the charsets {charsets}"
    return None


def _options_error(members: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    for key, member in _OPTIONS.items():
        found, configured = members.get(member), config.get(key) or None  # SES rejects an empty member
        if key == _FEEDBACK and isinstance(found, str) and configured and mailbox(found) == mailbox(str(configured)):
            continue  # encoded for the header
        error = setting_error(member, found, key, configured)
        if error is not None:
            return error
    return None
