"""The connector's config: its class, its guard, and warnings about values that SES rejects."""

import re
from collections.abc import Iterator
from typing import Any, Final

from attrs import field, frozen

from connector_kit.config_warnings import config_warnings
from connector_kit.guards import Guard
from connector_kit.issues import Issue
from connector_kit.mailbox import MailboxError, encode_mailbox, parse_mailbox
from connector_kit.templates import Template


@frozen
class AwsSesConfig:
    """The config of the Amazon SES connector. A repr shows neither keys nor templates.

    Args:
        access_key_id: of an IAM user that may call ``ses:SendEmail``.
        access_key_secret: of the same access key.
        region: the region of the sender's identity, such as ``"eu-west-1"``.
        templates: at least one each for Register, SignIn, ForgotPassword and Generic.
        email_address: the sender: ``Logto<noreply@logto.io>``, ``<noreply@logto.io>`` or ``noreply@logto.io``.
        email_address_identity_arn: the identity that authorizes sending from that address, if another account owns it.
        feedback_forwarding_email_address: receives bounces and complaints.
        feedback_forwarding_email_address_identity_arn: the identity that authorizes the use of that address.
        configuration_set_name: the SES configuration set to send with.
    """

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    region: str
    templates: tuple[Template, ...] = field(repr=False)
    email_address: str | None = None
    email_address_identity_arn: str | None = None
    feedback_forwarding_email_address: str | None = None
    feedback_forwarding_email_address_identity_arn: str | None = None
    configuration_set_name: str | None = None


_ADDRESS_KEYS: Final = ("emailAddress", "feedbackForwardingEmailAddress")
_ADDRESS: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_REGION: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")


def region_format(config: Any) -> Iterator[Issue]:
    """Find a region that does not have the format of an AWS region code."""
    region = config.get("region") if isinstance(config, dict) else None
    if isinstance(region, str) and not _REGION.fullmatch(region):
        yield Issue(("region",), "region", "not the code of an AWS region: expected a code such as eu-west-1")


def missing_sender(config: Any) -> Iterator[Issue]:
    """Find a config without a sender: SES accepts messages only if each managed template sets its own."""
    if isinstance(config, dict) and "emailAddress" not in config:
        yield Issue(("emailAddress",), "sender", "missing: SES rejects every message without a sender")


def invalid_addresses(config: Any) -> Iterator[Issue]:
    """Find addresses that SES rejects."""
    for key in _ADDRESS_KEYS:
        address = config.get(key) if isinstance(config, dict) else None
        reason = _rejection_reason(address) if isinstance(address, str) else None
        if reason:
            yield Issue((key,), "sender", f"SES rejects this address: {reason}")


def _rejection_reason(mailbox: str) -> str | None:
    address = parse_mailbox(mailbox).email
    if not _ADDRESS.fullmatch(address):
        return "expected Name<local@domain>, <local@domain> or local@domain"
    if not address.rpartition("@")[0].isascii():
        return "the part before the @ must be ASCII"
    try:
        encode_mailbox(mailbox)
    except MailboxError as error:
        return str(error)
    return None


aws_ses_config_guard: Final[Guard[AwsSesConfig]] = Guard(
    "aws-ses-config",
    AwsSesConfig,
    warnings=(*config_warnings, region_format, missing_sender, invalid_addresses),
)
