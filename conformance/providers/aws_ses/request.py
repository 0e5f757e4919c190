"""A ``SendEmail`` request: what it says, and whether it says what the config says."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conformance.http_exchange import Answer, HttpRequest, exchange
from conformance.provider import Aspect, Call, Outcome
from conformance.providers.sender import sender_fault

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


def read_call(request: HttpRequest, outcome: Outcome, answer: Answer | str, message_id: str) -> Call:
    """Return a request and its answer as the suite sees them; what is missing or of another shape is none."""
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
        exchange=exchange(request, answer),
        reference=answer.headers.get("x-amzn-RequestId") if isinstance(answer, Answer) else None,
    )


def request_fault(call: Call, config: Mapping[str, Any], aspect: Aspect, *, at_aws: bool) -> str | None:
    """Judge one aspect of a request against the config it was made for.

    Args:
        call: the request.
        config: what it was made for.
        aspect: which.
        at_aws: whether it was addressed to an endpoint of AWS, whose name tells the region.
    """
    request: HttpRequest = call.raw
    match aspect:
        case "form":
            return _form_fault(request)
        case "sender":
            return sender_fault(call.sender, config.get("emailAddress"), "emailAddress")
        case "credentials":
            return _credentials_fault(request, config, at_aws=at_aws)
    return _options_fault(_members(request), config)


def _members(request: HttpRequest) -> dict[str, Any]:
    try:
        return _object(json.loads(request.body))
    except ValueError:
        return {}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(it) for it in value) if isinstance(value, list) else ()


def _form_fault(request: HttpRequest) -> str | None:
    if request.method != "POST" or request.target != _PATH:
        return f"expected POST {_PATH}, found {request.method} {request.target}"
    members = _members(request)
    simple = _object(_object(members.get("Content")).get("Simple"))
    parts = [_object(it) for it in (simple.get("Subject"), *_object(simple.get("Body")).values())]
    charsets = [str(part.get("Charset", "UTF-8")) for part in parts]
    if any(charset.lower().replace("-", "") != "utf8" for charset in charsets):
        return f"expected UTF-8 throughout, found the charsets {charsets}"
    return None


def _credentials_fault(request: HttpRequest, config: Mapping[str, Any], *, at_aws: bool) -> str | None:
    found = _AUTHORIZATION.fullmatch(request.authorization or "")
    if found is None:
        return "expected a Signature Version 4, found none"
    if found["key"] != config["accessKeyId"]:
        return "expected the config's accessKeyId in the credential scope, found another"
    region = config["region"]
    if found["region"] != region or (at_aws and f".{region}." not in request.url):
        return f"expected the region {region} in endpoint and credential scope, found {found['region']}"
    if found["service"] != "ses":
        return f"expected the service ses in the credential scope, found {found['service']}"
    if found["signature"] != _signature(request, config, found["headers"].split(";")):
        return "expected a signature made with the config's accessKeySecret, found another"
    return None


def _signature(request: HttpRequest, config: Mapping[str, Any], signed: list[str]) -> str:
    headers = {name: request.headers[name] for name in signed if name in request.headers}
    unsigned = AWSRequest(request.method, request.url, headers, request.body)
    unsigned.context["timestamp"] = request.headers.get("x-amz-date", "")
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
