"""Messages to send through the official Amazon SES connector and ours, and responses of SES."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.interop.cases.values import to_text
from tests.interop.dice import Dice
from tests.interop.official import Driver
from tests.interop.recording import Case, CaseSet
from tests.loopback import HttpResponse, Loopback, Request

_TYPES: Final = (
    *("SignIn", "Register", "ForgotPassword", "OrganizationInvitation", "Generic", "UserPermissionValidation"),
    *("BindNewIdentifier", "MfaVerification", "BindMfa"),
)
_REGIONS: Final = ("us-east-1", "eu-west-1", "sa-east-1", "ap-northeast-1", "us-gov-west-1", "xx-nowhere-9")
_KEYS: Final = ("AKIAIOSFODNN7EXAMPLE", "ASIAEXAMPLE")
_SECRETS: Final = ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "+/=ção")

SENDERS: Final[Mapping[str, str]] = {
    "noreply@logto.io": "noreply@logto.io",
    "<noreply@logto.io>": "<noreply@logto.io>",
    "Logto<noreply@logto.io>": "Logto<noreply@logto.io>",
    "Logto <noreply@logto.io>": "Logto <noreply@logto.io>",
    '"Logto, Inc." <noreply@logto.io>': '"Logto, Inc." <noreply@logto.io>',
    "o'neil+tag@sub.example-1.com": "o'neil+tag@sub.example-1.com",
}
"""Senders that are sent unchanged."""

ENCODED_SENDERS: Final[Mapping[str, str]] = {
    "Logto, Inc. <noreply@logto.io>": '"Logto, Inc." <noreply@logto.io>',
    "Ação <noreply@logto.io>": "=?utf-8?b?QcOnw6Nv?= <noreply@logto.io>",
    "登录<noreply@logto.io>": "=?utf-8?b?55m75b2V?= <noreply@logto.io>",
    "noreply@ação.pt": "noreply@xn--ao-siap.pt",
    "Logto\r\nBcc: x@y.z <noreply@logto.io>": '"LogtoBcc: x@y.z" <noreply@logto.io>',
    "noreply@logto.io\n": "noreply@logto.io",
}
"""Senders that deviation R4 encodes; the encoded forms are written by hand after RFC 2047 and 5322."""

RECIPIENTS: Final[Mapping[str, str]] = {
    "foo@logto.io": "foo@logto.io",
    "a.b+c@example.co.uk": "a.b+c@example.co.uk",
    "success@simulator.amazonses.com": "success@simulator.amazonses.com",
    "joão@example.com": "joão@example.com",
    "maria@münchen.de": "maria@xn--mnchen-3ya.de",
}

REPLY_TO: Final[Mapping[str, str | None]] = {
    "support@acme.com": "support@acme.com",
    "Acme Support <support@acme.com>": "Acme Support <support@acme.com>",
    "Suporte Ação <support@acme.com>": "=?utf-8?b?U3Vwb3J0ZSBBw6fDo28=?= <support@acme.com>",
    "{{replyTo}}": "desk@acme.com",
    "": None,
}
SEND_FROM: Final[Mapping[str, str]] = {
    "Acme <hello@acme.com>": "Acme <hello@acme.com>",
    "hello@acme.com": "hello@acme.com",
    "Acme {{name}}": "Acme Ltd <noreply@logto.io>",
    "": "Logto <noreply@logto.io>",
}
"""The sender for each ``sendFrom``, if the config's sender is Logto <noreply@logto.io>."""

_SUBJECTS: Final = (
    "Your code is {{code}}",
    "{{ code }} — é o seu código",
    "{{name}}\r\nBcc: x@y.z",
    "\tTab\u007f and \u0085 and \u2028 {{control}}",
    "登录 {{code}} \U0001f600",
    "{{missing}} {{application.name}} {{list.1}}",
    "",
    "lone \ud83d",
)
_CONTENTS: Final = (
    "<p>Your code is <b>{{code}}</b>.</p>",
    "<a href='{{link}}'>{{application.name}}</a>\r\n{{control}}",
    "{{#if code}}{{code}}{{/if}} {{{code}}} $& \\1",
    "",
    "\u0000 ação \U0001f600 \udc00 {{list}} {{number}}",
)
_OPTIONAL: Final = (
    ("emailAddressIdentityArn", "arn:aws:ses:us-east-1:123456789012:identity/logto.io"),
    ("feedbackForwardingEmailAddress", "bounces@logto.io"),
    ("feedbackForwardingEmailAddressIdentityArn", "arn:aws:ses:us-east-1:123456789012:identity/bounces@logto.io"),
    ("configurationSetName", "verification-codes"),
)
_PAYLOAD: Final = {
    "code": "123456",
    "link": "https://logto.io/?a=1&b=2",
    "locale": "pt-BR",
    "name": "Ltd",
    "replyTo": "desk@acme.com",
    "control": "a\u0000b\nc",
    "application": {"name": "Acme"},
    "list": [1, "two", None],
    "number": 1.0,
}


def _template(dice: Dice, usage_type: str) -> dict[str, str]:
    return {"usageType": usage_type, "subject": dice.pick(_SUBJECTS), "content": dice.pick(_CONTENTS)}


def _config(dice: Dice) -> dict[str, Any]:
    kinds = ["Register", "SignIn", "ForgotPassword", "Generic", *dice.some((*_TYPES, "Custom"), 0, 3)]
    config: dict[str, Any] = {
        "accessKeyId": dice.pick(_KEYS),
        "accessKeySecret": dice.pick(_SECRETS),
        "region": dice.pick(_REGIONS),
        "templates": [_template(dice, kind) for kind in dice.shuffled(kinds)],
    }
    if dice.chance(0.85):
        config["emailAddress"] = dice.pick(tuple(SENDERS) if dice.chance(0.7) else tuple(ENCODED_SENDERS))
    for key, value in _OPTIONAL:
        if dice.chance(0.5):
            config[key] = value if dice.chance(0.85) else ""
    if dice.chance(0.1):
        config |= {"emailAddress": "", "unknown": [1]}
    return config


def _send(dice: Dice) -> Case:
    config = _config(dice)
    i18n: str | None = dice.pick((None, None, "none", "raises", "template"))
    if i18n == "template":
        details = _template(dice, "")
        del details["usageType"]
        if dice.chance(0.6):
            details["replyTo"] = dice.pick(tuple(REPLY_TO))
        if dice.chance(0.5):
            details["sendFrom"] = dice.pick(tuple(SEND_FROM))
            config["emailAddress"] = dice.pick(("Logto<noreply@logto.io>", "Logto <noreply@logto.io>"))
        if dice.chance(0.6):
            details["contentType"] = dice.pick(("text/html", "text/plain"))
        i18n = to_text(details)
    data: dict[str, Any] = {"to": dice.pick(tuple(RECIPIENTS)), "type": dice.pick(_TYPES), "payload": _PAYLOAD}
    if dice.chance(0.3):
        data["payload"] = {"code": "000000"} if details_free(i18n) else _PAYLOAD
    if dice.chance(0.5):
        data["ip"] = "::ffff:127.0.0.1"
    return {"config": to_text(config), "saved": dice.chance(0.5), "data": to_text(data), "i18n": i18n}


def details_free(i18n: str | None) -> bool:
    """Return whether a message has no managed template."""
    return i18n in {None, "none", "raises"}


def _sends() -> Sequence[Case]:
    dice = Dice("sends")
    return [_send(dice) for _ in range(160)]


_SCOPE: Final = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/([^,]+),")


def signed(request: Request) -> dict[str, Any]:
    """Return the comparable parts of a signed JSON request: all but date, signature and user agent."""
    scope = _SCOPE.search(request.headers["authorization"])
    return {
        "method": request.method,
        "path": request.path,
        "type": request.headers["content-type"],
        "scope": list(scope.groups()) if scope else None,
        "body": json.loads(request.body),
    }


def acceptances(number: int) -> list[HttpResponse]:
    """Return success responses, each with its own message id."""
    return [HttpResponse(body=json.dumps({"MessageId": f"message-{it}"}).encode()) for it in range(1, number + 1)]


def _send_all(driver: Driver, cases: Sequence[Case]) -> list[Any]:
    with Loopback() as ses:
        ses.answers = acceptances(len(cases))
        answers = driver.ask("send", cases, {"endpoint": ses.url})
        assert len(ses.requests) == len(cases)
        return [
            {"answer": answer, "request": signed(request)}
            for answer, request in zip(answers, ses.requests, strict=True)
        ]


SENDS: Final = CaseSet("sends.accepted", "send", _sends, "full", ask=_send_all)


# --- responses of SES --------------------------------------------------------------------------------------------

PLAIN_SEND: Final[Case] = {
    "config": to_text(
        {
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "region": "eu-west-1",
            "emailAddress": "noreply@logto.io",
            "templates": [
                {"usageType": kind, "subject": "s", "content": "c"}
                for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
            ],
        },
    ),
    "saved": False,
    "data": to_text({"to": "foo@logto.io", "type": "Generic", "payload": {}}),
    "i18n": None,
}


def _refusal(status: int, code: str, message: str, member: str = "message") -> Case:
    return {"status": status, "headers": {"x-amzn-errortype": code}, "body": json.dumps({member: message})}


_DAILY: Final = "Daily message quota exceeded."
ANSWERS: Final[Mapping[str, Case]] = {
    "rate": _refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    "throttling": _refusal(400, "ThrottlingException", "Maximum sending rate exceeded."),
    "daily": _refusal(429, "TooManyRequestsException", _DAILY),
    "daily-limit": _refusal(400, "LimitExceededException", _DAILY),
    "daily-throttling": _refusal(400, "ThrottlingException", _DAILY),
    "limit": _refusal(400, "LimitExceededException", "Too many templates."),
    "suspended": _refusal(400, "AccountSuspendedException", "Your account is suspended."),
    "paused": _refusal(400, "SendingPausedException", "Email sending is disabled for your account."),
    "rejected": _refusal(400, "MessageRejected", "Email address is not verified."),
    "mail-from": _refusal(400, "MailFromDomainNotVerifiedException", "Custom MAIL FROM domain is not verified."),
    "not-found": _refusal(404, "NotFoundException", "Configuration set <x> does not exist."),
    "bad-request": _refusal(400, "BadRequestException", "Illegal address: ação"),
    "type-with-url": _refusal(400, "BadRequestException:http://internal.amazon.com/coral/", "Illegal address"),
    "internal": _refusal(500, "InternalServiceErrorException", "Try again."),
    "unavailable": _refusal(503, "ServiceUnavailable", "Try again."),
    "token": _refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    "signature": _refusal(403, "SignatureDoesNotMatch", "The request signature does not match."),
    "denied": _refusal(403, "AccessDeniedException", "User is not authorized to perform ses:SendEmail", "Message"),
    "code-in-body": {
        "status": 400,
        "headers": {},
        "body": '{"__type":"com.amazonaws.sesv2#MessageRejected","message":"No."}',
    },
    "wordless": {"status": 403, "headers": {}, "body": ""},
    "gateway": {"status": 502, "headers": {"content-type": "text/html"}, "body": "<html>Bad gateway</html>"},
    "refused-with-array": {"status": 400, "headers": {}, "body": "[]"},
    "accepted-with-array": {"status": 200, "headers": {}, "body": "[]"},
    "no-content": {"status": 202, "headers": {}, "body": '{"MessageId":"m"}'},
    "no-message-id": {"status": 200, "headers": {}, "body": "{}"},
    "broken-body": {"status": 200, "headers": {}, "body": "<html>"},
    "hang-up": {"status": 0, "headers": {}, "body": ""},
}


def scripted(case: Case) -> HttpResponse:
    """Return the HTTP response of a case."""
    if case["status"] == 0:
        return HttpResponse(instead="reset")
    return HttpResponse(case["status"], case["body"].encode(), case["headers"])


def _is_raw_error(answer: Mapping[str, Any]) -> bool:
    return bool(answer.get("$throws", "ConnectorError") != "ConnectorError")


def _ask_refusals(driver: Driver, cases: Sequence[Case]) -> list[Any]:
    with Loopback() as ses:
        answers = []
        for case in cases:
            ses.answers = [scripted(case)]
            (answer,) = driver.ask("send", [PLAIN_SEND], {"endpoint": ses.url})
            # What its client throws is Node's affair, and Node's versions name it differently.
            answers.append({"$throws": "a raw error"} if isinstance(answer, dict) and _is_raw_error(answer) else answer)
        return answers


REFUSALS: Final = CaseSet("sends.refused", "send", lambda: list(ANSWERS.values()), "full", ask=_ask_refusals)


def _unsendable() -> Sequence[Case]:
    config = json.loads(PLAIN_SEND["config"])
    without_region = {key: value for key, value in config.items() if key != "region"}
    without_generic = {**config, "templates": config["templates"][:3]}
    return [
        {**PLAIN_SEND, "config": to_text(without_region)},
        {**PLAIN_SEND, "config": to_text(without_region), "saved": True},
        {**PLAIN_SEND, "config": to_text(without_generic)},
        {**PLAIN_SEND, "config": to_text({**config, "emailAddress": None})},
    ]


def _ask_unsendable(driver: Driver, cases: Sequence[Case]) -> list[Any]:
    with Loopback() as ses:
        answers = driver.ask("send", cases, {"endpoint": ses.url})
        assert ses.requests == []
        return [{"code": answer["code"]} for answer in answers]


UNSENDABLE: Final = CaseSet("sends.unsendable", "send", _unsendable, "full", ask=_ask_unsendable)


# --- token endpoints ------------------------------------------------------------------------------------------------

_TOKENS: Final = {"access_token": "new", "token_type": "Bearer", "expires_in": 3600, "other": 1}
TOKEN_ANSWERS: Final[Mapping[str, HttpResponse]] = {
    "/tokens": HttpResponse(200, json.dumps(_TOKENS).encode()),
    "/text-expiry": HttpResponse(
        201, json.dumps({**_TOKENS, "expires_in": "3600", "refresh_token": "r", "id_token": "i"}).encode()
    ),
    "/empty": HttpResponse(200, b"{}"),
    "/wrong-type": HttpResponse(200, b'{"access_token":1}'),
    "/array": HttpResponse(200, b"[]"),
    "/denied": HttpResponse(400, b'{"error":"invalid_grant"}'),
    "/failing": HttpResponse(500, b"no"),
}


def _token_calls() -> Sequence[Case]:
    dice = Dice("tokens")
    texts = ("id", "a b", "a:b", "ação", "+/=&%", "x" * 50, "\U0001f600", "")
    return [
        {"clientId": dice.pick(texts), "clientSecret": dice.pick(texts), "refreshToken": dice.pick(texts), "path": path}
        for path in TOKEN_ANSWERS
        for _ in range(8)
    ]


def _ask_tokens(driver: Driver, cases: Sequence[Case]) -> list[Any]:
    with Loopback() as endpoint:
        endpoint.answers = [TOKEN_ANSWERS[case["path"]] for case in cases]
        answers = driver.ask("accessToken", cases, {"endpoint": endpoint.url})
        return [
            {
                "answer": {"code": answer["code"]} if "$throws" in answer else answer,
                "path": request.path,
                "authorization": request.headers["authorization"],
                "type": request.headers["content-type"],
                "body": request.body.decode(),
            }
            for answer, request in zip(answers, endpoint.requests, strict=True)
        ]


TOKENS: Final = CaseSet("sends.tokens", "accessToken", _token_calls, "full", ask=_ask_tokens)
CASE_SETS: Final = (SENDS, REFUSALS, UNSENDABLE, TOKENS)
