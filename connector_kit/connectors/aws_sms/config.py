"""The config of the AWS SMS connector, and the settings with which AWS rejects every message.

Source: https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
"""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from attrs import frozen

from connector_kit import Issue, SmsTemplates, require_together, setting, sms_templates


@require_together("access_key_id", "access_key_secret")
@frozen
class AwsSmsConfig:
    """The config of the AWS SMS connector: the region, whose number or name is shown, and the templates."""

    region: str = setting(
        "Region",
        description="The AWS region of the phone number, pool or sender ID.",
        placeholder="eu-west-1",
        pattern="^(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)$",
        examples=["eu-west-1", "us-east-1"],
    )
    access_key_id: str | None = setting(
        "Access key ID",
        description="Of an IAM user that may call sms-voice:SendTextMessage. Without keys, those of the host's environment are used.",
        placeholder="AKIA…",
        default=None,
        secret=True,
        masked=False,
        pattern="^[!-~]{1,1024}$",
        examples=["AKIAIOSFODNN7EXAMPLE"],
    )
    access_key_secret: str | None = setting(
        "Secret access key",
        description="The secret half of the same key.",
        default=None,
        secret=True,
        pattern="^[!-~]{1,1024}$",
        examples=["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    )
    origination_identity: str | None = setting(
        "Origination identity",
        description="What sends: a phone number such as +12065550100, a pool, a sender ID such as Acme, or the ARN of one. Without it, AWS chooses.",
        placeholder="Acme",
        default=None,
        pattern="^[A-Za-z0-9_:/+-]{1,256}$",
        examples=["arn:aws:sms-voice:eu-west-1:123456789012:pool/pool-1234567890abcdef"],
    )
    message_type: Literal["TRANSACTIONAL", "PROMOTIONAL"] = setting(
        "Message type",
        description="Codes are transactional. A phone number or a pool sends messages of one type only.",
        default="TRANSACTIONAL",
        choices={"TRANSACTIONAL": "Transactional", "PROMOTIONAL": "Promotional"},
    )
    max_price: str | None = setting(
        "Highest price",
        description="In US dollars, for each part of a message; AWS does not send a part that costs more.",
        placeholder="0.50",
        default=None,
        pattern=r"^[0-9]{0,2}\.[0-9]{1,5}$",
        examples=["0.50"],
    )
    configuration_set_name: str | None = setting(
        "Configuration set",
        description="The name or the ARN of the configuration set, for the events of messages.",
        default=None,
        pattern="^[A-Za-z0-9_:/-]{1,256}$",
        examples=["verification-codes"],
    )
    templates: SmsTemplates = sms_templates()


_PHONE_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}|[1-9][0-9]{2,7}")
"""In E.164 form, or a short code."""

_RESOURCE: Final = re.compile(
    r"(?:arn:aws[a-z-]*:sms-voice:[a-z0-9-]+:[0-9]{12}:)?(?:phone-number|phone|pool|sender-id|rcs)[-/].+"
)
_SENDER_ID: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}")
"""https://docs.aws.amazon.com/sms-voice/latest/userguide/sender-id-request.html"""


def rejected_settings(config: Any) -> Iterator[Issue]:
    """Find settings with which AWS rejects every message."""
    identity = config.get("originationIdentity") if isinstance(config, dict) else None
    if isinstance(identity, str) and identity and not _is_identity(identity):
        reason = "expected a phone number such as +12065550100, a pool, an ARN, or a sender ID of 1 to 11 letters, digits and dashes"
        yield Issue(("originationIdentity",), "identity", f"{reason}, at least one a letter")
    key_id = config.get("accessKeyId") if isinstance(config, dict) else None
    if isinstance(key_id, str) and key_id.startswith("ASIA"):
        reason = "this is a temporary key, which needs a session token: use the key of an IAM user, or no key"
        yield Issue(("accessKeyId",), "temporary-key", reason)


def _is_identity(value: str) -> bool:
    return any(form.fullmatch(value) for form in (_PHONE_NUMBER, _RESOURCE, _SENDER_ID))
