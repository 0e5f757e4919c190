"""Values for the schema of host configs, which has no counterpart upstream."""

from typing import Any, Final

from tests.interop.cases.guards import GuardCases
from tests.interop.cases.values import list_of, one_of, record, text
from tests.interop.dice import Dice

_EITHER: Final = (True, False)
_NAMES: Final = list_of(one_of("HOST_TOKEN", "10.0.0.0/8", "fd00::/8", "/run/secrets/token"))

_server = record(
    {},
    {
        "host": one_of("127.0.0.1", "0.0.0.0", "::1"),
        "port": one_of(0, 1, 8085, 65535),
        "workers": one_of(1, 64),
        "token_env": _NAMES,
        "token_file": _NAMES,
        "insecure_without_token": one_of(*_EITHER),
        "allow_ips": _NAMES,
        "trusted_proxies": _NAMES,
        "deadline_seconds": one_of(0.1, 1, 14.5, 14.999),
        "body_seconds": one_of(0.5, 5),
        "max_body_bytes": one_of(1024, 1048576, 67108864),
        "slots": one_of(1, 64, 1024),
        "deduplicate_seconds": one_of(0, 0.5, 600),
        "metrics": one_of(*_EITHER),
        "metrics_token_env": one_of("METRICS_TOKEN"),
        "log_format": one_of("json", "text"),
        "email": one_of("aws-ses-mail"),
        "sms": one_of("acme-sms"),
    },
)
_hosted = record(
    {},
    {
        "class": one_of("acme_mail.connector:AcmeMail"),
        "config_file": one_of("ses.json"),
        "config_env": one_of("SES_CONFIG"),
        "config_values_from_env": record({}, {"accessKeyId": one_of("KEY_ID"), "a": one_of("A")}),
    },
)


def _connectors(dice: Dice) -> Any:  # noqa: ANN401 - any JSON object
    ids = ["aws-ses-mail", text(dice) or "acme"]
    return {name: _hosted(dice) for name in ids[: 1 + dice.below(2)]}


HOST: Final = GuardCases(
    "",
    "host-config",
    record({"connectors": _connectors}, {"server": _server}),
    ("", 0, 15, 65536, -1, 0.5, 1025, "JSON", "65535"),
)
"""What a host.toml holds."""
