"""Changes of a config that any string guard accepts: values that SES rejects, and similar values that it accepts."""

from typing import Any, Final

from conformance.providers.base import ConfigCase

_NOT_ENCODABLE: Final = (f"<noreply@{'ü' * 64}.example>", f"{'ü' * 120} <noreply@logto.example>")
_INVALID_ADDRESSES: Final = (
    "noreply",
    "Logto <noreply>",
    "@logto.example",
    "noreply@",
    "a b@logto.example",
    "one@two@logto.example",
    "grüße@logto.example",
    *_NOT_ENCODABLE,
)
_VALID_ADDRESSES: Final = (
    "Logto<noreply@logto.example>",
    "<noreply@logto.example>",
    "noreply@logto.example",
    "Logto, Inc. <noreply@logto.example>",
    "Grüße <noreply@bücher.example>",
)
_REGIONS_WITHOUT_SES: Final = (
    *("Ireland", "EU-WEST-1", "eu_west_1", "eu-west-1 ", "eu"),
    *("us-east1", "eu-centrl-1", "cn-north-1"),
)
_ARN: Final = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
_ARN_KEYS: Final = ("emailAddressIdentityArn", "feedbackForwardingEmailAddressIdentityArn")
_KEYS: Final = ("emailAddress", "feedbackForwardingEmailAddress")


def _case(key: str, value: Any, rejected: str | None = None) -> ConfigCase:
    return ConfigCase({key: value}, rejected=rejected)


CONFIG_CASES: Final = (
    ConfigCase(without=("emailAddress",), rejected="emailAddress"),
    *(_case("region", region, "region") for region in _REGIONS_WITHOUT_SES),
    _case("accessKeyId", "ASIAEXAMPLEEXAMPLE12", "accessKeyId"),  # temporary: it needs a session token
    _case("accessKeySecret", '"quoted"', "accessKeySecret"),
    *(_case(key, arn, key) for key in _ARN_KEYS for arn in ("arn:aws:ses:eu-west-1", "example.com", f"{_ARN} ")),
    *(_case("configurationSetName", name, "configurationSetName") for name in ("codes set", "x" * 65, "codes.eu")),
    *(_case("region", region) for region in ("eu-west-1", "us-gov-west-1", "eusc-de-east-1")),
    *(_case(key, address, key) for key in _KEYS for address in _INVALID_ADDRESSES),
    *(ConfigCase({"region": region}, unusable="region") for region in ("", "a.b", "eu west")),
    *(ConfigCase({"accessKeyId": key}, unusable="accessKeyId") for key in ("", "AKIÄ", "AKIA EXAMPLE", "AKIA\n")),
    *(ConfigCase({"emailAddress": sender}, unusable="emailAddress") for sender in _NOT_ENCODABLE),
    *(ConfigCase({"accessKeySecret": key}, unusable="accessKeySecret") for key in ("", "two words", "line\nbreak")),
    *(
        ConfigCase({"feedbackForwardingEmailAddress": address}, unusable="feedbackForwardingEmailAddress")
        for address in _NOT_ENCODABLE
    ),
    *(_case(key, address) for key in _KEYS for address in _VALID_ADDRESSES),
    *(
        _case(key, arn)
        for key in _ARN_KEYS
        for arn in (_ARN, "arn:aws-us-gov:ses:us-gov-west-1:123456789012:identity/a@b.co")
    ),
    *(_case(key, "") for key in ("feedbackForwardingEmailAddress", "configurationSetName", *_ARN_KEYS)),
)
