"""The Amazon SES connector sends the same requests as the official one, except for the numbered deviations."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from connector_kit import ConnectorError, ConnectorErrorCodes, load_json
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.connectors.aws_ses.client import SendEmailClientFactory, SesClientFactory
from tests.interop.cases.sends import (
    ANSWERS,
    ENCODED_SENDERS,
    PLAIN_SEND,
    RECIPIENTS,
    REFUSALS,
    REPLY_TO,
    SEND_FROM,
    SENDERS,
    SENDS,
    UNSENDABLE,
    acceptances,
    scripted,
    signed,
)
from tests.interop.recording import Official
from tests.loopback import Loopback

_SENDERS = {**SENDERS, **ENCODED_SENDERS}


def _connector(case: Mapping[str, Any], clients: SendEmailClientFactory | None) -> AwsSesConnector:
    def get_config(_: str) -> object:
        assert case["saved"]
        return load_json(case["config"])

    def get_i18n_email_template(_: str, __: object) -> Any:
        if case["i18n"] == "raises":
            raise RuntimeError("No template today.")
        return None if case["i18n"] == "none" else load_json(case["i18n"])

    return AwsSesConnector(
        client_factory=clients,
        get_config=get_config,
        get_i18n_email_template=None if case["i18n"] is None else get_i18n_email_template,
    )


def _send(case: Mapping[str, Any], clients: SendEmailClientFactory | None = None) -> object:
    connector = _connector(case, clients)
    return connector.send_message(load_json(case["data"]), None if case["saved"] else load_json(case["config"]))


def _i18n(case: Mapping[str, Any]) -> dict[str, str]:
    template: dict[str, str] = {} if case["i18n"] in {None, "none", "raises"} else load_json(case["i18n"])
    return template


# --- the deviations, each a change to the official request ----------------------------------------------------------


def _without_empty_members(body: dict[str, Any]) -> None:
    """R8: an empty optional string of the config is omitted, because SES rejects it."""
    for name in [name for name, value in body.items() if value == ""]:
        del body[name]


def _r3_i18n_template_is_honoured(body: dict[str, Any], case: Mapping[str, Any]) -> None:
    """R3: replyTo, sendFrom and contentType of an i18n template are honoured."""
    template = _i18n(case)
    if template.get("contentType") == "text/plain":
        content = body["Content"]["Simple"]["Body"]
        content["Text"] = content.pop("Html")
    if "sendFrom" in template:
        body["FromEmailAddress"] = SEND_FROM[template["sendFrom"]]
    if REPLY_TO.get(template.get("replyTo", "")):
        body["ReplyToAddresses"] = [template["replyTo"]]


def _r4_headers_are_safe(body: dict[str, Any]) -> None:
    """R4: the subject has no control characters; mailboxes and domains are encoded for headers."""
    subject = body["Content"]["Simple"]["Subject"]
    subject["Data"] = re.sub(r"[\x00-\x1f\x7f]", "", subject["Data"])
    body["Destination"]["ToAddresses"] = [RECIPIENTS[it] for it in body["Destination"]["ToAddresses"]]
    if "FromEmailAddress" in body:
        body["FromEmailAddress"] = _SENDERS.get(body["FromEmailAddress"], body["FromEmailAddress"])
    if "ReplyToAddresses" in body:
        body["ReplyToAddresses"] = [REPLY_TO[it] for it in body["ReplyToAddresses"]]


def _r5_charset_is_utf_8(body: dict[str, Any]) -> None:
    """R5: the charset of subject and body is "UTF-8"."""
    simple = body["Content"]["Simple"]
    for part in (simple["Subject"], *simple["Body"].values()):
        part["Charset"] = "UTF-8"


def _expected(official: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    request = deepcopy(dict(official))
    body = request["body"]
    _r3_i18n_template_is_honoured(body, case)
    _without_empty_members(body)
    _r4_headers_are_safe(body)
    _r5_charset_is_utf_8(body)
    return request


def test_requests_equal_upstream_except_for_deviations(official: Official, ses: Loopback) -> None:
    """Method, path, content type, credential scope, body and MessageId equal the official ones for every case.

    The body differs only by R3, R4, R5 and R8, which the test applies to the official body.
    """
    answers = official.answers(SENDS)
    clients = SesClientFactory()
    ses.answers = acceptances(len(answers.cases))
    ours = [{"answer": _send(case, clients)} for case in answers.cases]
    assert len(ses.requests) == len(answers.cases) == 160
    for case, given, answer, request in zip(answers.cases, answers.full, ours, ses.requests, strict=True):
        assert answer["answer"] == given["answer"], case
        assert signed(request) == _expected(given["request"], case), case
    wire = [signed(request)["body"] for request in ses.requests]
    assert {name for body in wire for name in body} == {
        "Content",
        "Destination",
        "FromEmailAddress",
        "FromEmailAddressIdentityArn",
        "FeedbackForwardingEmailAddress",
        "FeedbackForwardingEmailAddressIdentityArn",
        "ConfigurationSetName",
        "ReplyToAddresses",
    }


def test_every_deviation_changes_a_request(official: Official) -> None:
    """Each deviation changes several of the official requests, so that none is listed without need."""
    answers = official.answers(SENDS)
    changed = [0, 0, 0, 0]
    for case, given in zip(answers.cases, answers.full, strict=True):
        official_body = given["request"]["body"]
        bodies = [deepcopy(official_body) for _ in changed]
        _r3_i18n_template_is_honoured(bodies[0], case)
        _r4_headers_are_safe(bodies[1])
        _r5_charset_is_utf_8(bodies[2])
        _without_empty_members(bodies[3])
        changed = [count + (body != official_body) for count, body in zip(changed, bodies, strict=True)]
    assert min(changed) >= 10


def test_config_rejected_upstream_raises_invalid_config_without_a_request(official: Official, ses: Loopback) -> None:
    """An invalid config, saved or unsaved, raises ``invalid_config`` on both sides, and SES gets no request."""
    answers = official.answers(UNSENDABLE)
    for case, given in zip(answers.cases, answers.full, strict=True):
        with pytest.raises(ConnectorError) as caught:
            _send(case)
        assert caught.value.code == given["code"]
    assert ses.requests == []


# --- responses of SES -----------------------------------------------------------------------------------------------

_RATE = ConnectorErrorCodes.RATE_LIMIT_EXCEEDED
_USAGE = ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED
R2 = {
    "rate": _RATE,
    "throttling": _RATE,
    "daily": _USAGE,
    "daily-limit": _USAGE,
    "daily-throttling": _USAGE,
    "limit": _USAGE,
}
"""R2: rate limits and quotas have their own codes; upstream raises ``invalid_response`` for all of them."""

WITHOUT_MESSAGE = {"wordless", "gateway", "refused-with-array"}
"""Error responses without a message that both sides could report."""

MALFORMED = {"no-content", "no-message-id", "broken-body", "accepted-with-array"}
"""R9: 2xx responses without an acceptance: ``invalid_response`` here, a raw client error or no id upstream."""


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - WITHOUT_MESSAGE - MALFORMED - {"hang-up"}))
def test_error_response_is_reported_as_upstream(name: str, official: Official, ses: Loopback) -> None:
    """Every AWS error has the official message and, except for R2, the official code."""
    given = official.answers(REFUSALS).full[list(ANSWERS).index(name)]
    ses.answers = [scripted(ANSWERS[name])]
    with pytest.raises(ConnectorError) as caught:
        _send(PLAIN_SEND)
    assert given["code"] == "invalid_response"
    assert caught.value.code == R2.get(name, given["code"])
    assert isinstance(caught.value.data, dict)
    assert caught.value.data["message"] == given["data"]["message"]


@pytest.mark.parametrize("name", ["gateway", "refused-with-array", "wordless"])
def test_error_response_without_a_message_raises_invalid_response(name: str, official: Official, ses: Loopback) -> None:
    """An error response with an empty or non-object body raises ``invalid_response``; upstream may throw a raw error."""
    given = official.answers(REFUSALS).full[list(ANSWERS).index(name)]
    assert given.get("code", "raw") in {"invalid_response", "raw"}
    ses.answers = [scripted(ANSWERS[name])]
    with pytest.raises(ConnectorError) as caught:
        _send(PLAIN_SEND)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_r9_malformed_success_raises_invalid_response(name: str, official: Official, ses: Loopback) -> None:
    """R9: a 2xx response that does not accept the message raises ``invalid_response``; upstream's results vary."""
    given = official.answers(REFUSALS).full[list(ANSWERS).index(name)]
    assert given == {"$": "undefined"} or given["$throws"] in {"a raw error", "ConnectorError"}
    ses.answers = [scripted(ANSWERS[name])]
    with pytest.raises(ConnectorError) as caught:
        _send(PLAIN_SEND)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE


def test_r6_lost_connection_raises_general(official: Official, ses: Loopback) -> None:
    """R6: upstream throws its client's raw error; the connector raises ``general``."""
    given = official.answers(REFUSALS).full[list(ANSWERS).index("hang-up")]
    assert given["$throws"] == "a raw error"
    ses.answers = [scripted(ANSWERS["hang-up"])]
    with pytest.raises(ConnectorError) as caught:
        _send(PLAIN_SEND)
    assert caught.value.code is ConnectorErrorCodes.GENERAL
