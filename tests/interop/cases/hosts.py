"""Values for the schemas of the host, which have no official counterpart."""

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


def _connectors(dice: Dice) -> Any:
    ids = ["aws-ses-mail", text(dice) or "acme"]
    return {name: _hosted(dice) for name in ids[: 1 + dice.below(2)]}


HOST: Final = GuardCases(
    "",
    "host-config",
    record({"connectors": _connectors}, {"server": _server}),
    ("", 0, 15, 65536, -1, 0.5, 1025, "JSON", "65535"),
)
"""The content of a host.toml."""


_to = one_of("user@example.com", "15551234567", "user@example.com\n", "user@example.com\r\nBcc: other@example.com")
_payload = record({}, {"code": one_of("123456"), "locale": one_of("en", "pt-BR"), "user": one_of({"name": "Ana"})})
_message = record({"to": _to, "type": text, "payload": _payload}, {"ip": text})
_session = one_of(None, {}, {"state": "s", "verifier": [1]}, {"state": None}, {"nonce": 1})
_sign_in = record(
    dict.fromkeys(("state", "redirectUri", "connectorId", "connectorFactoryId", "jti"), text),
    {"userAgent": text, "scope": text},
)
_config = one_of(None, {}, {"region": "eu-west-1"}, "x", 1)

REQUESTS: Final = (
    GuardCases("", "recipient", _to, ("a\tb", "a\u0085b", "a\u007fb")),
    GuardCases("", "host-message", _message),
    GuardCases(
        "", "host-send-request", record({"data": _message}, {"config": _config, "template": one_of(None, {}, "x")})
    ),
    GuardCases("", "host-test-request", record({"to": _to}, {"config": _config, "locale": one_of("en")})),
    GuardCases("", "host-config-request", record({"config": _config}, {})),
    GuardCases(
        "", "host-usage-request", record({}, {"config": _config, "startFrom": one_of("2026-01-02T03:04:05Z", "now")})
    ),
    GuardCases("", "host-authorization-uri-request", record({"request": _sign_in}, {"config": _config})),
    GuardCases("", "host-user-info-request", record({"data": _config}, {"session": _session, "config": _config})),
    GuardCases("", "host-access-token-request", record({"refreshToken": text}, {"config": _config})),
    GuardCases(
        "", "host-saml-assertion-request", record({"assertion": _payload}, {"session": _session, "config": _config})
    ),
)
"""Bodies of requests to the host."""
