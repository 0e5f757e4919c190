"""``@logto/connector-aws-ses``."""

from typing import Final

from conformance.npm.official.package import USAGE_TYPES, OfficialPackage
from conformance.providers.aws_ses import AwsSesServer

_ARN: Final = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"

AWS_SES: Final = OfficialPackage(
    schema="aws-ses-config",
    valid_config={
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "region": "eu-west-1",
        "emailAddress": "Example<noreply@example.com>",
        "emailAddressIdentityArn": _ARN,
        "feedbackForwardingEmailAddress": "bounces@example.com",
        "feedbackForwardingEmailAddressIdentityArn": _ARN,
        "configurationSetName": "verification-codes",
        "templates": [
            {"usageType": kind, "subject": f"{kind} code", "content": "<p>Your code is {{code}}.</p>"}
            for kind in USAGE_TYPES
        ],
    },
    provider=AwsSesServer,
    capabilities={"config-templates", "html", "i18n-templates"},
    secrets=("accessKeyId", "accessKeySecret"),
)
