"""The connector's config: its class, its guard, and the settings with which no message can be sent.

`unusable` is the one rule about settings from which no request can be made: a send raises ``invalid_config`` for them,
and the guard warns about them. The other warnings are about requests that SES rejects.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from attrs import frozen

from connector_kit.aws_api.credentials import AwsKeys
from connector_kit.guards import Guard
from connector_kit.issues import Issue
from connector_kit.mailbox import MailboxError, address_problem, encode_mailbox, parse_mailbox
from connector_kit.settings import EmailTemplates, email_templates, setting
from connector_kit.warning_rules import config_warnings, is_placeholder, stray_characters

_EXAMPLE_ARN: Final = "arn:aws:ses:us-east-1:123456789012:identity/example.com"


def own_first(_: type, fields: list[Any]) -> list[Any]:
    """Put a class's own settings before the inherited ones: as whom to send, then what to send."""
    return sorted(fields, key=lambda it: it.inherited)


@frozen
class AwsSesSettings:
    """The settings of every connector for Amazon SES: the region, the sender and the templates.

    Args:
        region: the region of the sender's identity, such as ``"eu-west-1"``.
        email_address: the sender: ``Logto<noreply@logto.io>``, ``<noreply@logto.io>`` or ``noreply@logto.io``.
        email_address_identity_arn: the identity that authorizes sending from that address, if another account owns it.
        feedback_forwarding_email_address: receives bounces and complaints.
        feedback_forwarding_email_address_identity_arn: the identity that authorizes the use of that address.
        configuration_set_name: the SES configuration set to send with.
        templates: at least one each for Register, SignIn, ForgotPassword and Generic.
    """

    region: str = setting(
        "Region",
        description="The code of the AWS region that holds your verified identity.",
        tooltip="For example us-east-1. An identity exists in one region only.",
        placeholder="<region>",
        examples=["us-east-1", "eu-west-1"],
    )
    email_address: str | None = setting(
        "Sender address",
        default=None,
        description="The sender of the messages: an address, or a name followed by an address in angle brackets.",
        tooltip="The address, or its domain, must be a verified identity. Leave it empty only if every template managed in Logto sets its own sender.",
        placeholder="<email-address>",
        examples=["Acme <noreply@example.com>", "<noreply@example.com>"],
    )
    email_address_identity_arn: str | None = setting(
        "Sender identity ARN",
        default=None,
        description="Required only if another AWS account owns the sender's identity and has authorized you to use it.",
        placeholder="<email-address-identity-arn>",
        examples=[_EXAMPLE_ARN],
    )
    feedback_forwarding_email_address: str | None = setting(
        "Feedback address",
        default=None,
        description="Where Amazon SES reports bounces and complaints by email.",
        placeholder="<feedback-forwarding-email-address>",
        examples=["bounces@example.com"],
    )
    feedback_forwarding_email_address_identity_arn: str | None = setting(
        "Feedback identity ARN",
        default=None,
        description="Required only if another AWS account owns the feedback address's identity and has authorized you to use it.",
        placeholder="<feedback-forwarding-email-address-identity-arn>",
        examples=[_EXAMPLE_ARN],
    )
    configuration_set_name: str | None = setting(
        "Configuration set",
        default=None,
        description="The Amazon SES configuration set to send with, for event tracking or dedicated IP addresses.",
        placeholder="<configuration-set-name>",
        examples=["acme-transactional"],
    )
    templates: EmailTemplates = email_templates()


@frozen(field_transformer=own_first)
class AwsSesConfig(AwsSesSettings):
    """The config of the Amazon SES connector: the keys and the region to send with, the sender, and the templates.

    Args:
        access_key_id: of an IAM user that may call ``ses:SendEmail``.
        access_key_secret: of the same access key.
    """

    access_key_id: str = setting(
        "Access key ID",
        description="The public half of the AWS access key pair.",
        tooltip="Use an IAM user that may only call ses:SendEmail.",
        placeholder="<access-key-id>",
        secret=True,
        masked=False,
        examples=["AKIAIOSFODNN7EXAMPLE"],
    )
    access_key_secret: str = setting(
        "Secret access key",
        description="The secret half of the AWS access key pair.",
        tooltip="AWS shows it once, when the key is created.",
        placeholder="<access-key-secret>",
        secret=True,
        examples=["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    )


def keys_of(config: AwsSesConfig) -> AwsKeys:
    """Return both halves of the access key of a config."""
    return AwsKeys(config.access_key_id, config.access_key_secret)


Rule = Callable[[str], str | None]
"""Returns what is wrong with a setting's value, without the value itself, or ``None``."""

_VISIBLE: Final = re.compile(r"[!-~]+")
"""What can be part of an Authorization header."""

_LONGEST_KEY: Final = 1_024
"""In characters. AWS makes 20 and 40; the connector keeps the clients of many keys, so that a key needs a limit."""

_STRAY: Final = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")
"""What a pasted key may have besides the key; and surrogates, which have no bytes to sign with."""

_KEY_SECRET: Final = re.compile(r"[A-Za-z0-9+/=_.~-]{1,128}")
"""AWS makes 40 letters, digits, plus signs and slashes; emulators of SES accept others."""

_KEY_ID: Final = re.compile(r"[A-Za-z0-9_]{1,128}")
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html"""

_TEMPORARY_KEY: Final = "ASIA"
"""How the IDs of temporary keys begin:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"""

_HOST_NAME_PART: Final = re.compile(r"(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
"""What botocore accepts as a region, see ``botocore.utils.validate_region_name``."""

_NO_SES: Final = "botocore lists no Amazon SES in this region of AWS: use the region of your verified identity"
_EXPECTED_REGION: Final = "expected the code of an AWS region such as eu-west-1"
_REGION: Final = re.compile(r"[a-z]+(?:-[a-z]+)+-[0-9]+")
_ZONE: Final = re.compile(rf"(?P<region>{_REGION.pattern})(?:[a-z]|(?P<local>-[a-z0-9-]+))")
"""An availability zone such as us-east-1a, or a local zone such as us-west-2-lax-1a."""

_SERVICE: Final = "email"
"""Amazon SES in botocore's list of endpoints."""

_USUAL_REGIONS: Final = frozenset(
    [
        "af-south-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ca-central-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    ]
)
"""Their configs are validated without botocore, whose import takes a third of `connector-kit validate`."""

_IDENTITY_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:ses:[a-z0-9-]+:[0-9]{12}:identity/(?:[^\s/@,:]+@)?[A-Za-z0-9.-]+", re.ASCII
)
_CONFIGURATION_SET: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html"""


# --- settings from which no request can be made -----------------------------------------------------------------------


def _unusable_key_id(value: str) -> str | None:
    if not value:
        return "it is empty"
    if len(value) > _LONGEST_KEY:
        return f"expected at most {_LONGEST_KEY:,} characters, found {len(value):,}"
    return None if _VISIBLE.fullmatch(value) else stray_characters(value) or "expected only letters and digits"


def _unusable_key_secret(value: str) -> str | None:
    if not value:
        return "it is empty"
    if len(value) > _LONGEST_KEY:
        return f"expected at most {_LONGEST_KEY:,} characters, found {len(value):,}"
    if _STRAY.search(value):
        return stray_characters(value) or "there is white space or an unpaired surrogate inside: remove it"
    return None


def _unusable_region(value: str) -> str | None:
    return None if _HOST_NAME_PART.fullmatch(value) else stray_characters(value) or _EXPECTED_REGION


def _unusable_mailbox(value: str) -> str | None:
    try:
        encode_mailbox(value)
    except MailboxError as error:
        return str(error)
    return None


_UNUSABLE: Final[Mapping[str, Rule]] = {
    "accessKeyId": _unusable_key_id,
    "accessKeySecret": _unusable_key_secret,
    "region": _unusable_region,
    "emailAddress": _unusable_mailbox,
    "feedbackForwardingEmailAddress": _unusable_mailbox,
}


def unusable(key: str, value: str) -> str | None:
    """Return why no request can be made with this value of a setting, or ``None`` if one can be made.

    A send raises ``invalid_config`` for such a setting, and the config's guard warns about it.

    Args:
        key: of the config.
        value: its value; the reason does not show it.
    """
    rule = _UNUSABLE.get(key)
    return None if rule is None else rule(value)


def unusable_settings(config: Any) -> Iterator[Issue]:
    """Find settings from which no request can be made."""
    for key in _UNUSABLE:
        value = _text(config, key)
        reason = None if value is None else unusable(key, value)
        if reason:
            hint = _suggested_regions(str(value)) if reason is _EXPECTED_REGION else ""
            yield Issue((key,), "unusable", f"no message can be sent with this value: {reason}{hint}")


# --- settings that SES rejects ----------------------------------------------------------------------------------------


def _rejected_key_id(value: str) -> str | None:
    if not _KEY_ID.fullmatch(value):
        return "expected up to 128 letters, digits and underscores"
    if value.startswith(_TEMPORARY_KEY):
        return "it is a temporary key, which needs a session token; use the key of an IAM user"
    return None


def _rejected_key_secret(value: str) -> str | None:
    if _KEY_SECRET.fullmatch(value):
        return None
    return stray_characters(value) or "expected 40 letters, digits, plus signs and slashes"


def _rejected_region(value: str) -> str | None:
    if value in _USUAL_REGIONS:
        return None
    regions = _regions()
    if value in regions:
        return None if regions[value].has_ses else _NO_SES
    zone = _ZONE.fullmatch(value)
    if zone is not None and zone["region"] in regions:
        return f"this is {'a local' if zone['local'] else 'an availability'} zone: use its region, {zone['region']}"
    if _REGION.fullmatch(value):
        return f"no AWS region that has Amazon SES has this code{_suggested_regions(value)}"
    return f"not the code of an AWS region: expected a code such as eu-west-1{_suggested_regions(value)}"


@frozen
class _Region:
    """A region of AWS: its description, such as Europe (Ireland), and whether it has Amazon SES."""

    description: str
    has_ses: bool

    @property
    def place(self) -> str:
        """The name in parentheses, in lower case."""
        return self.description.lower().rpartition("(")[2].removesuffix(")")


@cache
def _regions() -> Mapping[str, _Region]:
    """Return the regions of all partitions, by their codes: https://docs.aws.amazon.com/general/latest/gr/ses.html."""
    from botocore.loaders import Loader  # noqa: PLC0415 - see `_USUAL_REGIONS`

    loader = Loader()
    with_ses = {
        code
        for partition in loader.load_data("endpoints")["partitions"]
        for code in partition["services"].get(_SERVICE, {"endpoints": ()})["endpoints"]
    }
    return {
        code: _Region(region.get("description", ""), code in with_ses)
        for partition in loader.load_data("partitions")["partitions"]
        for code, region in partition["regions"].items()
        if re.match(partition["regionRegex"], code)
    }


def _suggested_regions(value: str) -> str:
    """Return `` (did you mean 'eu-west-1'?)`` for the regions with Amazon SES that a value most likely means."""
    text = value.strip().lower().replace("_", "-")
    regions = {code: region for code, region in _regions().items() if region.has_ses}
    found = (
        [code for code in regions if code in text]
        or [code for code in regions if code.rpartition("-")[0] in (text, text.rpartition("-")[0])]
        or [code for code, it in regions.items() if text in (it.place, it.description.lower())]
        or get_close_matches(text, regions, n=1)
    )
    *others, last = map(repr, found or [""])
    listed = f"{', '.join(others)} or {last}" if others else last
    return f" (did you mean {listed}?)" if found else ""


def _rejected_address(value: str) -> str | None:
    address = parse_mailbox(value).email
    problem = address_problem(address)
    if problem:
        return f"{problem}: expected Name<local@domain>, <local@domain> or local@domain"
    if not address.rpartition("@")[0].isascii():
        return "the part before the @ must be ASCII"
    return None


def _rejected_arn(value: str) -> str | None:
    if _IDENTITY_ARN.fullmatch(value):
        return None
    return (
        stray_characters(value)
        or "expected the ARN of an identity such as arn:aws:ses:us-east-1:123456789012:identity/example.com"
    )


def _rejected_configuration_set(value: str) -> str | None:
    if _CONFIGURATION_SET.fullmatch(value):
        return None
    return stray_characters(value) or "expected up to 64 letters, digits, dashes and underscores"


_REJECTED: Final[Mapping[str, Rule]] = {
    "accessKeyId": _rejected_key_id,
    "accessKeySecret": _rejected_key_secret,
    "region": _rejected_region,
    "emailAddress": _rejected_address,
    "emailAddressIdentityArn": _rejected_arn,
    "feedbackForwardingEmailAddress": _rejected_address,
    "feedbackForwardingEmailAddressIdentityArn": _rejected_arn,
    "configurationSetName": _rejected_configuration_set,
}


def rejected_settings(config: Any) -> Iterator[Issue]:
    """Find settings with which SES rejects every message. An empty setting is not sent, so it is not one of them."""
    for key, rule in _REJECTED.items():
        value = _text(config, key)
        reason = rule(value) if value and not unusable(key, value) else None
        if reason:
            yield Issue((key,), "rejected", f"SES rejects every message with this value: {reason}")


def missing_sender(config: Any) -> Iterator[Issue]:
    """Find a config without a sender: SES accepts messages only if each managed template sets its own."""
    if isinstance(config, dict) and config.get("emailAddress", "") == "":
        yield Issue(("emailAddress",), "sender", "missing: SES rejects every message without a sender")


def _text(config: Any, key: str) -> str | None:
    """Return the value of a setting to judge; not a placeholder, for which there is a warning already."""
    value = config.get(key) if isinstance(config, dict) else None
    return value if isinstance(value, str) and not is_placeholder(value) else None


ses_warnings: Final = (unusable_settings, rejected_settings, missing_sender)
"""The warning rules of every connector for Amazon SES. Those about keys find nothing in a config without keys."""

aws_ses_config_guard: Final[Guard[AwsSesConfig]] = Guard(
    "aws-ses-config",
    AwsSesConfig,
    warnings=(*config_warnings, *ses_warnings),
)
