"""What an operator reads about a broken config: the place, what is wrong and what to do.

Each message is complete: nobody has to look into the documentation.
"""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from connector_kit.connectors.aws_ses.config import _USUAL_REGIONS, _regions
from tests.connectors.aws_ses.ses_cases import KEY_ID, KEY_SECRET, MESSAGE, FakeClient, connector_with, ses_config

REJECTED: Final = "SES rejects every message with this value: "
UNUSABLE: Final = "no message can be sent with this value: "
REPLACE: Final = "replace it with a real value"
FORM: Final = "expected Name<local@domain>, <local@domain> or local@domain"
CODE: Final = "expected a code such as eu-west-1"
ARN: Final = "arn:aws:ses:eu-west-1:123456789012:identity/acme.com"
TEMPLATES: Final = ses_config()["templates"]


def sign_in(**changes: Any) -> dict[str, Any]:
    """Return the change of the template for SignIn."""
    return {"templates": [TEMPLATES[0], {**TEMPLATES[1], **changes}, *TEMPLATES[2:]]}


BROKEN: Final[list[tuple[dict[str, Any], str, str]]] = [
    # regions
    ({"region": "us-east1"}, "region", f"{REJECTED}not the code of an AWS region: {CODE} (did you mean 'us-east-1'?)"),
    (
        {"region": "eu-west-9"},
        "region",
        f"{REJECTED}no AWS region that has Amazon SES has this code (did you mean 'eu-west-1', 'eu-west-2' or 'eu-west-3'?)",
    ),
    ({"region": "us-east-1a"}, "region", f"{REJECTED}this is an availability zone: use its region, us-east-1"),
    ({"region": "us-west-2-lax-1a"}, "region", f"{REJECTED}this is a local zone: use its region, us-west-2"),
    (
        {"region": "us-west"},
        "region",
        f"{REJECTED}not the code of an AWS region: {CODE} (did you mean 'us-west-1' or 'us-west-2'?)",
    ),
    (
        {"region": "Frankfurt"},
        "region",
        f"{REJECTED}not the code of an AWS region: {CODE} (did you mean 'eu-central-1'?)",
    ),
    (
        {"region": "Europe (Ireland)"},
        "region",
        f"{UNUSABLE}expected the code of an AWS region such as eu-west-1 (did you mean 'eu-west-1'?)",
    ),
    (
        {"region": "EU-WEST-1"},
        "region",
        f"{REJECTED}not the code of an AWS region: {CODE} (did you mean 'eu-west-1'?)",
    ),
    (
        {"region": "email.eu-west-1.amazonaws.com"},
        "region",
        f"{UNUSABLE}expected the code of an AWS region such as eu-west-1 (did you mean 'eu-west-1'?)",
    ),
    ({"region": "aws-global"}, "region", f"{REJECTED}not the code of an AWS region: {CODE}"),
    ({"region": ""}, "region", f"{UNUSABLE}expected the code of an AWS region such as eu-west-1"),
    ({"region": "eu-west-1 "}, "region", f"{UNUSABLE}there is white space at the end: remove it"),
    (
        {"region": "ap-east-1"},
        "region",
        f"{REJECTED}botocore lists no Amazon SES in this region of AWS: use the region of your verified identity",
    ),
    # keys
    ({"accessKeyId": f"{KEY_ID}\n"}, "accessKeyId", f"{UNUSABLE}there is white space at the end: remove it"),
    (
        {"accessKeySecret": f" {KEY_SECRET}"},
        "accessKeySecret",
        f"{UNUSABLE}there is white space at the start: remove it",
    ),
    (
        {"accessKeySecret": f"{KEY_SECRET[:20]} {KEY_SECRET[20:]}"},
        "accessKeySecret",
        f"{UNUSABLE}there is white space or an unpaired surrogate inside: remove it",
    ),
    (
        {"accessKeySecret": f"{KEY_SECRET}\u200b"},
        "accessKeySecret",
        f"{REJECTED}there is an invisible character at the end: remove it",
    ),
    ({"accessKeyId": "YOUR_ACCESS_KEY_ID"}, "accessKeyId", f"this is a placeholder: {REPLACE}"),
    ({"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}, "accessKeyId", f"this is an example of the AWS documentation: {REPLACE}"),
    ({"accessKeySecret": "changeme"}, "accessKeySecret", f"this is a placeholder: {REPLACE}"),
    (
        {"accessKeySecret": "${AWS_SECRET_ACCESS_KEY}"},
        "accessKeySecret",
        "this is a variable that nothing has replaced: write its value",
    ),
    (
        {"accessKeyId": f"ASIA{KEY_ID[4:]}"},
        "accessKeyId",
        f"{REJECTED}it is a temporary key, which needs a session token; use the key of an IAM user",
    ),
    # addresses
    ({"emailAddress": "a@b"}, "emailAddress", f"{REJECTED}there is no dot in the domain: {FORM}"),
    ({"emailAddress": "noreply@localhost"}, "emailAddress", f"{REJECTED}there is no dot in the domain: {FORM}"),
    (
        {"emailAddress": "Acme <noreply@acme,com>"},
        "emailAddress",
        f"{REJECTED}there is a comma in the domain, instead of a dot: {FORM}",
    ),
    ({"emailAddress": "Acme"}, "emailAddress", f"{REJECTED}there is no @: {FORM}"),
    (
        {"emailAddress": "Acme <noreply@acme.com"},
        "emailAddress",
        f"{REJECTED}there is white space, a bracket or a separator before the @: {FORM}",
    ),
    (
        {"emailAddress": "noreply@example.com"},
        "emailAddress",
        "example.com is an example: replace it with your own domain",
    ),
    (
        {"emailAddress": "noreply@your-domain.com"},
        "emailAddress",
        "your-domain.com is an example: replace it with your own domain",
    ),
    (
        {"feedbackForwardingEmailAddress": "a@acme.com, b@acme.com"},
        "feedbackForwardingEmailAddress",
        f"{REJECTED}there is more than one @: {FORM}",
    ),
    # other settings
    (
        {"configurationSetName": "codes "},
        "configurationSetName",
        f"{REJECTED}there is white space at the end: remove it",
    ),
    (
        {"emailAddressIdentityArn": f"{ARN}\n"},
        "emailAddressIdentityArn",
        f"{REJECTED}there is white space at the end: remove it",
    ),
    (
        {"emailAddressIdentityArn": "acme.com"},
        "emailAddressIdentityArn",
        f"{REJECTED}expected the ARN of an identity such as arn:aws:ses:us-east-1:123456789012:identity/example.com",
    ),
    ({"emailAddress": None}, "emailAddress", "expected string, found null; leave the key out"),
    ({"configurationSetName": None}, "configurationSetName", "expected string, found null; leave the key out"),
    ({"region": None}, "region", "expected string, found null"),
    ({"emailAdress": "a@acme.com"}, "emailAdress", "unknown key: it has no effect (did you mean 'emailAddress'?)"),
    # templates
    (
        {"templates": [*TEMPLATES, TEMPLATES[1]]},
        "templates[5].usageType",
        "no message uses this template: $.templates[1] has the same usage type; remove one",
    ),
    (
        {"templates": [*TEMPLATES, {**TEMPLATES[0], "usageType": " SIGNIN"}]},
        "templates[5].usageType",
        "Logto sends no messages of this usage type (did you mean 'SignIn'?)",
    ),
    (
        sign_in(subject="", content="{{ Code }}"),
        "templates[1].content",
        "Logto has no variable {{Code}} (did you mean {{code}}?)",
    ),
    (sign_in(subject="", content="${code}"), "templates[1].content", "${code} stays in the message: write {{code}}"),
    (
        sign_in(subject="", content="{{{code}}}"),
        "templates[1].content",
        "{{{code}}} leaves braces around the value: write {{code}}",
    ),
    (
        sign_in(subject="", content="<p>Hello</p>"),
        "templates[1].content",
        "this template has neither {{code}} nor {{link}}: the user gets a message without a code",
    ),
    (sign_in(subject="[[code]]"), "templates[1].subject", "[[code]] stays in the message: write {{code}}"),
]


@pytest.mark.parametrize(("changes", "path", "message"), BROKEN)
def test_broken_config_has_one_message_that_says_what_to_do(changes: dict[str, Any], path: str, message: str) -> None:
    """One mistake, one message. It does not show the value, which may be a key that was pasted into the wrong field."""
    (issue,) = aws_ses_config_guard.issues(ses_config(**changes))
    assert (issue.path, issue.message) == (f"$.{path}", message)
    assert issue.severity == ("error" if None in changes.values() else "warning")


def test_regions_are_those_of_botocore() -> None:
    """Of all partitions; a region that botocore lists with Amazon SES produces no warning, any other one does."""
    for region, found in _regions().items():
        issues = aws_ses_config_guard.issues(ses_config(region=region))
        assert [it.message for it in issues] == ([] if found.has_ses else [issues[0].message])
        assert found.description
        assert region not in _USUAL_REGIONS or found.has_ses


def _send(config: dict[str, Any]) -> ConnectorError | None:
    try:
        connector_with(FakeClient()).send_message(MESSAGE, config)
    except ConnectorError as error:
        return error
    return None


VALUES: Final = {
    "accessKeyId": KEY_ID,
    "accessKeySecret": KEY_SECRET,
    "region": "eu-west-1",
    "emailAddress": "Acme <noreply@acme.example>",
    "emailAddressIdentityArn": ARN,
    "feedbackForwardingEmailAddress": "bounces@acme.example",
    "feedbackForwardingEmailAddressIdentityArn": ARN,
    "configurationSetName": "codes",
}
PIECES: Final = st.sampled_from(
    [*" \n\t\0<>@,.-_é\u200b\u00a0\ud800\"'{}$%", "xn--", "ü" * 64, "{{a}}", "${A}", "<a>", "xxx"]
)
TEXTS: Final = st.one_of(st.text(max_size=30), PIECES, st.text("a.-@<> ", max_size=12))


@st.composite
def damaged_values(draw: st.DrawFn) -> dict[str, str]:
    """Draw settings: some are replaced, some get a piece at a place."""
    keys = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True))
    found = {}
    for key in keys:
        place, piece = draw(st.integers(0, len(VALUES[key]))), draw(TEXTS)
        inserted = f"{VALUES[key][:place]}{piece}{VALUES[key][place:]}"
        found[key] = draw(st.sampled_from([inserted, piece]))
    return found


@given(damaged_values())
def test_config_that_a_send_calls_invalid_has_a_warning_or_an_error(changes: dict[str, str]) -> None:
    """Otherwise ``connector-kit test`` would fail for a config of which ``connector-kit validate`` reports nothing."""
    config = ses_config(**{**VALUES, **changes})
    error = _send(config)
    issues = aws_ses_config_guard.issues(config)
    if error is None:
        assert "unusable" not in {issue.keyword for issue in issues}
    else:
        assert error.code is ConnectorErrorCodes.INVALID_CONFIG
        assert {issue.keyword for issue in issues} & {"unusable", "placeholder"}
        named = {issue.path.removeprefix("$.") for issue in issues}
        assert any(f"The setting {key} is not valid" in str(error) for key in named)


DOMAINS: Final = st.from_regex(
    r"[a-z][a-z0-9]{2,20}(-[a-z0-9]{1,9})?\.(com|co\.uk|io|example|museum|xxx)", fullmatch=True
)
ADDRESSES: Final = st.builds(
    "{}@{}".format, st.from_regex(r"[a-z]{1,9}([.+_-][a-z0-9]{1,9})?", fullmatch=True), DOMAINS
)
MAILBOXES: Final = st.one_of(
    ADDRESSES,
    st.builds(
        "{} <{}>".format,
        st.sampled_from(["Acme", "Your Company", "Société Générale", '"Acme, Inc."', "Ünï ✉"]),
        ADDRESSES,
    ),
)
WORKING: Final = st.fixed_dictionaries(
    {
        "accessKeyId": st.from_regex(r"AKIA[A-Z2-7]{16}", fullmatch=True),
        "accessKeySecret": st.from_regex(r"[A-Za-z0-9+/]{40}", fullmatch=True),
        "region": st.sampled_from([code for code, region in _regions().items() if region.has_ses]),
        "emailAddress": MAILBOXES,
    },
    optional={
        "feedbackForwardingEmailAddress": MAILBOXES,
        "emailAddressIdentityArn": st.builds("arn:aws:ses:eu-west-1:123456789012:identity/{}".format, DOMAINS),
        "configurationSetName": st.from_regex(r"[a-z]{3,20}[-_](codes|mail|events)", fullmatch=True),
    },
)


@given(WORKING)
def test_working_config_has_no_warnings(changes: dict[str, str]) -> None:
    """Its keys, addresses and names have the form of real ones."""
    config = ses_config(**changes)
    assert _send(config) is None
    assert aws_ses_config_guard.issues(config) == []
