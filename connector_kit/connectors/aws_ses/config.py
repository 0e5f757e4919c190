"""The connector's config: its class, its guard, and what SES will not send from though Logto takes it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from attrs import field, frozen

from connector_kit.advice import config_advice
from connector_kit.guards import Guard
from connector_kit.issues import Remark
from connector_kit.mailbox import MailboxError, encode_mailbox, parse_mailbox
from connector_kit.templates import Template


@frozen
class AwsSesConfig:
    """The config of the Amazon SES connector; neither key shows in a repr.

    Args:
        access_key_id: of an IAM user that may call ``ses:SendEmail``.
        access_key_secret: of the same access key.
        region: of the identity that sends, such as ``"eu-west-1"``.
        templates: at least one each for Register, SignIn, ForgotPassword and Generic.
        email_address: the sender, ``Logto<noreply@logto.io>``, ``<noreply@logto.io>`` or a bare address.
        email_address_identity_arn: whose permission to send from that address is used.
        feedback_forwarding_email_address: where bounces and complaints go.
        feedback_forwarding_email_address_identity_arn: whose permission to use that address is used.
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


_ADDRESSES: Final = ("emailAddress", "feedbackForwardingEmailAddress")
_ADDRESS: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_REGION: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")


def sender_advice(value: Any) -> Iterator[Remark]:  # noqa: ANN401 - any JSON value
    """Find a region that is no region, and addresses that SES cannot send from."""
    if not isinstance(value, dict):
        return
    region = value.get("region")
    if isinstance(region, str) and not _REGION.fullmatch(region):
        yield Remark(("region",), "region", 'this is no AWS region: give its code, as in "eu-west-1"')
    if "emailAddress" not in value:
        yield Remark(("emailAddress",), "sender", "no sender: SES refuses every message until there is one")
    for key in _ADDRESSES:
        address = value.get(key)
        fault = _address_fault(address) if isinstance(address, str) else None
        if fault:
            yield Remark((key,), "sender", f"SES cannot send from this address: {fault}")


def _address_fault(value: str) -> str | None:
    email = parse_mailbox(value).email
    if not _ADDRESS.fullmatch(email):
        return "it is no address; write Name<local@domain>, <local@domain> or local@domain"
    if not email.rpartition("@")[0].isascii():
        return "the part before the @ must be ASCII"
    try:
        encode_mailbox(value)
    except MailboxError as error:
        return str(error)
    return None


aws_ses_config_guard: Final[Guard[AwsSesConfig]] = Guard(
    "aws-ses-config",
    AwsSesConfig,
    advice=(*config_advice, sender_advice),
)
