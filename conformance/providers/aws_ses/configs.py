"""What a config of Amazon SES can say that any string is good enough for, and SES is not."""

from typing import Any, Final

from conformance.provider import ConfigCase

_UNWRITABLE: Final = (f"<noreply@{'ü' * 64}.example>", f"{'ü' * 120} <noreply@logto.example>")
_NO_ADDRESSES: Final = (
    "noreply",
    "Logto <noreply>",
    "@logto.example",
    "noreply@",
    "a b@logto.example",
    "one@two@logto.example",
    "grüße@logto.example",
    *_UNWRITABLE,
)
_ADDRESSES: Final = (
    "Logto<noreply@logto.example>",
    "<noreply@logto.example>",
    "noreply@logto.example",
    "Logto, Inc. <noreply@logto.example>",
    "Grüße <noreply@bücher.example>",
)
_KEYS: Final = ("emailAddress", "feedbackForwardingEmailAddress")


def _case(key: str, value: Any, hopeless: str | None = None) -> ConfigCase:  # noqa: ANN401 - any JSON value
    return ConfigCase({key: value}, hopeless=hopeless)


CONFIG_CASES: Final = (
    ConfigCase(without=("emailAddress",), hopeless="emailAddress"),
    *(_case("region", region, "region") for region in ("Ireland", "EU-WEST-1", "eu_west_1", "eu-west-1 ", "eu")),
    *(_case("region", region) for region in ("eu-west-1", "us-gov-west-1", "eusc-de-east-1")),
    *(_case(key, address, key) for key in _KEYS for address in _NO_ADDRESSES),
    *(ConfigCase({"region": region}, unusable="region") for region in ("", "a.b", "eu west")),
    *(ConfigCase({"accessKeyId": key}, unusable="accessKeyId") for key in ("AKIÄ", "AKIA EXAMPLE", "AKIA\n")),
    *(ConfigCase({"emailAddress": it}, unusable="emailAddress") for it in _UNWRITABLE),
    *(_case(key, address) for key in _KEYS for address in _ADDRESSES),
)
