"""The config of the OpenID Connect connector: that of Logto's own connector."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import Factory, frozen

from connector_kit import OAuth2Config, setting

_TEXT: Final = {"type": "string"}
_SPAN: Final = {"type": ["string", "number"]}
_TEXTS: Final = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_VERIFICATION: Final = {
    "type": "object",
    "properties": {
        "jwksUri": {**_TEXT, "title": "JWKS URI", "description": "The address of the provider's keys."},
        "issuer": {**_TEXTS, "title": "Issuer", "description": "The `iss` of the provider's ID tokens, or several."},
        "audience": {**_TEXTS, "title": "Audience", "description": "Without effect: it is the client ID."},
        "algorithms": {"type": "array", "items": _TEXT, "title": "Algorithms", "description": "Of the signatures."},
        "clockTolerance": {
            **_SPAN,
            "title": "Clock tolerance",
            "description": "Seconds, or a text such as `1 minute`.",
        },
        "maxTokenAge": {**_SPAN, "title": "Largest age", "description": "Seconds, or a text such as `1 hour`."},
        "subject": {**_TEXT, "title": "Subject", "description": "The only user who may sign in."},
        "typ": {**_TEXT, "title": "Type", "description": "The `typ` in the header of an ID token."},
        "crit": {"type": "object", "additionalProperties": {"type": "boolean"}, "title": "Critical parameters"},
        "currentDate": False,
    },
    "required": ["jwksUri"],
}
_REQUEST: Final = ("responseMode", "display", "prompt", "maxAge", "uiLocales", "idTokenHint", "loginHint", "acrValues")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_557_600}
"""In seconds, by the first letter: a year has 365.25 days."""

_TIME_SPAN: Final = re.compile(
    r"\+? ?(\d+(?:\.\d+)?) ?(?:(s)(?:ec(?:ond)?s?)?|(m)(?:in(?:ute)?s?)?|(h)(?:(?:ou)?rs?)?|(d)(?:ays?)?|(w)(?:eeks?)?|(y)(?:(?:ea)?rs?)?)",
    re.IGNORECASE,
)


def seconds(span: object) -> float | None:
    """Return the seconds of a time span, a number or a text such as ``1 minute``; ``None`` if it is neither."""
    if isinstance(span, int | float):
        return span
    match = _TIME_SPAN.fullmatch(span) if isinstance(span, str) else None
    if match is None:
        return None
    unit = next(it for it in match.groups()[1:] if it)
    return float(match[1]) * _UNITS[unit.lower()]


@frozen
class OpenIdConfig(OAuth2Config):
    """The config of the OpenID Connect connector: the client, and the addresses and keys of the provider."""

    authorization_endpoint: str = setting(
        "Authorization Endpoint",
        description="Where users sign in: `authorization_endpoint` in the provider's discovery document.",
        placeholder="<authorization-endpoint>",
        format="url",
        examples=["https://login.acme.com/authorize"],
    )
    token_endpoint: str = setting(
        "Token Endpoint",
        description="Where the connector exchanges codes for tokens: `token_endpoint` in that document.",
        placeholder="<token-endpoint>",
        format="url",
        examples=["https://login.acme.com/token"],
    )
    scope: str = setting(
        "Scope",
        description="What the connector may read, separated by spaces. `openid` is always added.",
        placeholder="Enter the scopes (separated by a space)",
        multiline=True,
        examples=["openid profile email"],
    )
    id_token_verification_config: Mapping[str, Any] = setting(
        "ID Token Verification Config",
        description="The address of the provider's keys, `jwks_uri` in that document, and how ID tokens are verified.",
        form_default={"jwksUri": "<jwks-uri>", "issuer": "<issuer>"},
        examples=[{"jwksUri": "https://login.acme.com/keys", "issuer": "https://login.acme.com"}],
        schema=_VERIFICATION,
    )
    token_endpoint_auth_method: Literal["client_secret_post", "client_secret_basic", "client_secret_jwt"] = setting(
        "Token Endpoint Auth Method",
        description="How the connector authenticates at the token endpoint.",
        default="client_secret_post",
    )
    jwt_signing_algorithm: Literal["HS256", "HS384", "HS512"] = setting(
        "Client Secret JWT Signing Algorithm",
        description="Of the JWT with which the connector authenticates.",
        default="HS256",
        key="clientSecretJwtSigningAlgorithm",
        show_when={"token_endpoint_auth_method": "client_secret_jwt"},
    )
    accept_string_typed_boolean_claims: bool = setting(
        "Accept String-typed Boolean Claims",
        description="Whether `email_verified` and `phone_verified` may be texts, such as `true`, instead of `true` itself.",
        default=False,
    )
    trust_unverified_email: bool = setting(
        "Trust Unverified Email",
        description="Whether the e-mail address is used if the provider does not state whether it is verified.",
        tooltip="Enable it only if the provider verifies every address: Logto links accounts by it.",
        default=False,
    )
    auth_request_optional_config: Mapping[str, str] = setting(
        "Authentication Request Optional Config",
        description=f"More parameters of the authorization URI: {', '.join(_REQUEST)}.",
        default=Factory(dict),
        schema={"type": "object", "properties": dict.fromkeys(_REQUEST, _TEXT)},
    )
    custom_config: Mapping[str, str] = setting(
        "Custom Config",
        description="More parameters of the authorization URI and of token requests, as texts.",
        default=Factory(dict),
    )
    response_type: Literal["code"] = setting("Response Type", default="code")
    grant_type: Literal["authorization_code"] = setting("Grant Type", default="authorization_code")
