"""`validate`, the send and SES agree: a config produces a warning exactly if no message can be sent with it.

Each setting is tried with each kind of damage. What SES accepts is stated here anew, from Amazon's documentation:

- keys: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
- members of the request: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
- sending authorization: https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-delegate-sender-tasks-email.html
"""

import json
import re
from typing import Any, Final

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConnector, aws_ses_config_guard
from connector_kit.connectors.aws_ses.config import _USUAL_REGIONS, _regions
from tests.connectors.aws_ses.ses_cases import ACCEPTED, KEY_ID, KEY_SECRET, MESSAGE, ses_config
from tests.loopback import Loopback, Request

ARN: Final = "arn:aws:ses:eu-west-1:123456789012:identity/acme.example"
VALUES: Final = {
    "accessKeyId": KEY_ID,
    "accessKeySecret": KEY_SECRET,
    "region": "eu-west-1",
    "emailAddress": "Acme <noreply@acme.example>",
    "emailAddressIdentityArn": ARN,
    "feedbackForwardingEmailAddress": "bounces@acme.example",
    "feedbackForwardingEmailAddressIdentityArn": ARN,
    "configurationSetName": "verification-codes",
}
"""A config with which SES accepts messages."""

DAMAGES: Final = {
    "none": lambda value: value,
    "empty": lambda _: "",
    "white space only": lambda _: " ",
    "line break at the end": lambda value: f"{value}\n",
    "carriage return and line break at the end": lambda value: f"{value}\r\n",
    "space at the start": lambda value: f" {value}",
    "space at the end": lambda value: f"{value} ",
    "space inside": lambda value: f"{value[:3]} {value[3:]}",
    "no-break space at the end": lambda value: f"{value}\xa0",
    "tab inside": lambda value: f"{value[:3]}\t{value[3:]}",
    "line break inside": lambda value: f"{value[:3]}\n{value[3:]}",
    "NUL": lambda value: f"{value}\0",
    "delete": lambda value: f"{value[:3]}\x7f{value[3:]}",
    "zero-width space": lambda value: f"\u200b{value}",
    "byte order mark": lambda value: f"\ufeff{value}",
    "letter outside ASCII": lambda value: f"é{value}",
    "letter outside ASCII at the end": lambda value: f"{value}é",
    "lone surrogate": lambda value: f"{value}\ud800",
    "too long": lambda value: value + "x" * 400,
    "over a thousand characters": lambda value: value + "x" * 1_024,
    "in quotes": lambda value: f'"{value}"',
    "comma": lambda value: f"{value},{value}",
    "slash": lambda value: f"{value}/",
    "a URL": lambda value: f"https://{value}",
}

MAILBOX: Final = re.compile(r"(?:(?P<name>.*)<)?(?P<local>[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+)@(?P<domain>[a-z0-9.-]+)>?")
NAME: Final = re.compile(r'(?:[A-Za-z0-9!#$%&\'*+/=?^_`{|}~ -]*|"(?:[^"\\]|\\.)*"|(?:=\?utf-8\?[bq]\?\S+\?= ?)+) ?')


def accepts_mailbox(value: str) -> bool:
    """Return whether SES accepts a mailbox: at most 320 bytes of ASCII, a valid name, a local part and a domain."""
    found = MAILBOX.fullmatch(value)
    if found is None or len(value) > 320:
        return False
    labels = found["domain"].split(".")
    return NAME.fullmatch(found["name"] or "") is not None and all(0 < len(it) < 64 for it in labels)


def accepts(request: Request) -> bool:
    """Return whether SES accepts the request, from the owner of the keys and of the identity."""
    members: dict[str, Any] = json.loads(request.body)
    arns = [
        members[it]
        for it in ("FromEmailAddressIdentityArn", "FeedbackForwardingEmailAddressIdentityArn")
        if it in members
    ]
    return (
        is_signed(request)
        and accepts_mailbox(members.get("FromEmailAddress", ""))
        and accepts_mailbox(members.get("FeedbackForwardingEmailAddress", "a@b.co"))
        and all(re.fullmatch(r"arn:aws:ses:eu-west-1:\d{12}:identity/[a-z0-9.@-]+", it, re.ASCII) for it in arns)
        and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", members.get("ConfigurationSetName", "default")) is not None
    )


def is_signed(request: Request) -> bool:
    """Return whether the request is signed with the one key pair, for the region."""
    found = re.search(
        r"Credential=([^/]+)/\d{8}/([^/]+)/ses/.*SignedHeaders=([^,]+), Signature=(\w+)",
        request.headers["authorization"],
    )
    if found is None or found[1] != KEY_ID or found[2] != "eu-west-1":
        return False
    signed = {name: request.headers[name] for name in found[3].split(";")}
    unsigned = AWSRequest(request.method, f"http://{request.headers['host']}{request.path}", signed, request.body)
    unsigned.context["timestamp"] = signed["x-amz-date"]
    signer = SigV4Auth(Credentials(KEY_ID, KEY_SECRET), "ses", "eu-west-1")
    signature = signer.signature(signer.string_to_sign(unsigned, signer.canonical_request(unsigned)), unsigned)
    return bool(signature == found[4])


def sent_or_error(connector: AwsSesConnector, config: Any) -> ConnectorError | None:
    """Send a message; return the connector's error."""
    try:
        connector.send_message(MESSAGE, config)
    except ConnectorError as error:
        return error
    return None


ONLY_SES_CAN_TELL: Final = {("accessKeySecret", "slash")}
"""Another key of the right form."""


@pytest.mark.parametrize(
    ("key", "damage"), [(key, it) for key in VALUES for it in DAMAGES if (key, it) not in ONLY_SES_CAN_TELL]
)
def test_config_produces_a_warning_exactly_if_no_message_can_be_sent(
    ses: Loopback, connector: AwsSesConnector, key: str, damage: str
) -> None:
    """The warning is at the damaged setting. A send that the connector refuses names the setting, not its value."""
    value = DAMAGES[damage](VALUES[key])
    config = ses_config(**{**VALUES, key: value})
    issues = aws_ses_config_guard.issues(config)
    assert {(issue.path, issue.severity) for issue in issues} <= {(f"$.{key}", "warning")}
    assert key == "region" or not any(len(value) > 3 and value in issue.message for issue in issues)
    error = sent_or_error(connector, config)
    if error is not None:
        assert error.code is ConnectorErrorCodes.INVALID_CONFIG
        assert f"The setting {key} is not valid: " in str(error)
        assert [issue.keyword for issue in issues] == ["unusable"]
        assert ses.requests == []
    is_sent = error is None and accepts(ses.requests[-1])
    assert is_sent == (not issues), [issue.message for issue in issues]


@pytest.mark.parametrize("key", VALUES)
def test_setting_that_the_connector_refuses_is_reported_before_the_send(key: str) -> None:
    """One rule decides both; the connector asks no provider."""
    refused = []
    for damage in DAMAGES.values():
        config = ses_config(**{**VALUES, key: damage(VALUES[key])})
        connector = AwsSesConnector(client_factory=lambda _: Accepting(), get_config=lambda _: ses_config())
        if sent_or_error(connector, config) is not None:
            refused.append(config)
    for config in refused:
        assert "unusable" in {issue.keyword for issue in aws_ses_config_guard.issues(config)}
    assert bool(refused) == (
        key in {"accessKeyId", "accessKeySecret", "region", "emailAddress", "feedbackForwardingEmailAddress"}
    )


class Accepting:
    """A client that accepts every message."""

    def send_email(self, **_: object) -> dict[str, Any]:
        """Accept."""
        return {**json.loads(ACCEPTED.body), "ResponseMetadata": {"HTTPStatusCode": 200}}


def test_usual_regions_are_regions_of_ses() -> None:
    """They are accepted without botocore, which lists them all."""
    assert {code for code, region in _regions().items() if region.has_ses} >= _USUAL_REGIONS
