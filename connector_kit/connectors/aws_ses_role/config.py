"""The config of the connector for Amazon SES without stored keys: what it has besides `AwsSesSettings`.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from connector_kit import Issue, setting
from connector_kit.connectors.aws_ses import AwsSesSettings, own_first


@frozen(field_transformer=own_first)
class AwsSesRoleConfig(AwsSesSettings):
    """The config of the connector for Amazon SES without stored keys: the role, the sender and the templates."""

    role_arn: str | None = setting(
        "Role ARN",
        description="The role to assume. Without it, the connector sends with the credentials of the host.",
        placeholder="arn:aws:iam::123456789012:role/mail",
        default=None,
        examples=["arn:aws:iam::123456789012:role/mail"],
    )
    external_id: str | None = setting(
        "External ID",
        description="Required if the role's trust policy requires one.",
        default=None,
        secret=True,
        pattern="^[A-Za-z0-9_+=,.@:/-]{2,1224}$",
        examples=["logto-1f3870be274f6c49"],
    )
    role_session_name: str = setting(
        "Session name",
        description="By which CloudTrail names what the connector does.",
        default="logto-connector-kit",
        pattern="^[A-Za-z0-9_+=,.@-]{2,64}$",
    )
    role_duration: int = setting(
        "Session duration",
        description="In seconds, from 900 to 43200: at most what the role allows, and 3600 if the host itself uses a role.",
        default=3600,
        schema={"minimum": 900, "maximum": 43_200},
    )
    email_tags: Mapping[str, str] | None = setting(
        "E-mail tags",
        description="Names and values for the events of the configuration set.",
        default=None,
        examples=[{"app": "logto"}],
    )
    tenant_name: str | None = setting(
        "Tenant",
        description="The SES tenant to send for. Identity and configuration set must be associated with it.",
        default=None,
        examples=["acme"],
    )


_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/(?:[!-~]+/)?[A-Za-z0-9_+=,.@-]{1,64}")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns"""

_TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html"""

_TENANT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateTenant.html"""


def rejected_role_settings(config: Any) -> Iterator[Issue]:
    """Find settings with which STS or SES rejects every message."""
    given = config if isinstance(config, dict) else {}
    role, tags, tenant = given.get("roleArn"), given.get("emailTags"), given.get("tenantName")
    if isinstance(role, str) and role and not _ROLE_ARN.fullmatch(role):
        yield Issue(("roleArn",), "role-arn", "expected the ARN of a role such as arn:aws:iam::123456789012:role/mail")
    if given.get("externalId") and not role:
        yield Issue(("externalId",), "external-id", "it is not used, because the config has no roleArn")
    for name, value in tags.items() if isinstance(tags, dict) else ():
        if not (isinstance(value, str) and _TAG.fullmatch(name) and _TAG.fullmatch(value)):
            reason = "expected a name and a value of 1 to 256 letters, digits, dashes and underscores"
            yield Issue(("emailTags", name), "email-tag", reason)
    if isinstance(tenant, str) and tenant and not _TENANT.fullmatch(tenant):
        yield Issue(("tenantName",), "tenant", "expected up to 64 letters, digits, dashes and underscores")
