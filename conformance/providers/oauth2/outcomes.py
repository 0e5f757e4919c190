"""The outcomes of `OAuth2Provider`: an outcome's name begins with the place where it happens."""

from collections.abc import Mapping
from typing import Final

from conformance.providers.base import Outcome
from conformance.providers.oauth2.id_tokens import DEFECTS, ISSUER_DEFECTS, KEY_DEFECTS, UNREADABLE
from connector_kit import ConnectorErrorCodes as Codes

SIGN_IN_CODES: Final = frozenset(
    {
        Codes.GENERAL,
        Codes.INVALID_RESPONSE,
        Codes.AUTHORIZATION_FAILED,
        Codes.SOCIAL_AUTH_CODE_INVALID,
        Codes.SOCIAL_ACCESS_TOKEN_INVALID,
        Codes.SOCIAL_ID_TOKEN_INVALID,
    }
)
"""The codes for a failed sign-in. The official connectors differ, so each is right unless the author expects one."""

ACCEPTED: Final = Outcome("accepted", "accepted", None)
OF_ANOTHER: Final = "-of-another"
"""The end of an outcome's name: the ID token with the defect is another user's, and not the user's own."""

UNACCEPTABLE: Final = "unacceptable"
"""The name of the outcome of a request that the provider itself rejects."""


def _at(place: str, *outcomes: tuple[str, str, Codes, str]) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            f"{place}-{name}",
            family,  # type: ignore[arg-type] # the rows below have families only
            code,
            message,
            echoes=name == "echo",
            hangs=name == "hangs",
            alternatives=SIGN_IN_CODES | ({Codes.RATE_LIMIT_EXCEEDED} if family == "throttle" else set()),
        )
        for name, family, code, message in outcomes
    )


TOKEN_ENDPOINT: Final = _at(
    "token",
    ("rejected", "rejection", Codes.GENERAL, "The code has expired."),
    ("unauthorized", "credentials", Codes.GENERAL, "Client authentication failed."),
    ("throttled", "throttle", Codes.GENERAL, "Slow down."),
    ("server-error", "server-error", Codes.GENERAL, "Try again later."),
    ("error-in-success", "rejection", Codes.GENERAL, "The code is wrong."),
    ("echo", "rejection", Codes.GENERAL, "Rejected:"),
    ("redirect", "malformed", Codes.INVALID_RESPONSE, ""),
    ("html", "malformed", Codes.INVALID_RESPONSE, ""),
    ("empty-body", "malformed", Codes.INVALID_RESPONSE, ""),
    ("missing", "malformed", Codes.INVALID_RESPONSE, ""),
    ("wrong-type", "malformed", Codes.INVALID_RESPONSE, ""),
    ("connection-lost", "network", Codes.GENERAL, ""),
    ("hangs", "network", Codes.GENERAL, ""),
)
USER_INFO: Final = _at(
    "user",
    ("unauthorized", "credentials", Codes.GENERAL, "The token has expired."),
    ("rejected", "rejection", Codes.GENERAL, "The scope does not suffice."),
    ("server-error", "server-error", Codes.GENERAL, "Try again later."),
    ("error-in-success", "rejection", Codes.GENERAL, "The token is wrong."),
    ("echo", "rejection", Codes.GENERAL, "Rejected:"),
    ("redirect", "malformed", Codes.INVALID_RESPONSE, ""),
    ("html", "malformed", Codes.INVALID_RESPONSE, ""),
    ("json-array", "malformed", Codes.INVALID_RESPONSE, ""),
    ("without-id", "malformed", Codes.INVALID_RESPONSE, ""),
    ("null-id", "malformed", Codes.INVALID_RESPONSE, ""),
    ("connection-lost", "network", Codes.GENERAL, ""),
    ("hangs", "network", Codes.GENERAL, ""),
)
_UNAVAILABLE: Final = (
    ("server-error", "server-error", Codes.GENERAL, "Try again later."),
    ("html", "malformed", Codes.INVALID_RESPONSE, ""),
    ("connection-lost", "network", Codes.GENERAL, ""),
)
OTHER_SUBJECT: Final = _at("user", ("other-subject", "malformed", Codes.INVALID_RESPONSE, ""))
KEYS: Final = _at("keys", *_UNAVAILABLE)
DISCOVERY: Final = _at("discovery", *_UNAVAILABLE)
UNVERIFIED: Final = (
    Outcome("unverified", "accepted", None),
    Outcome("unverified-text", "accepted", None),
)
"""The provider marks the user's e-mail address and phone number as unverified: ``false``, or the text ``"false"``."""

ERRORS: Final[Mapping[str, tuple[int, str]]] = {
    "rejected": (400, "invalid_grant"),
    "unauthorized": (401, "invalid_client"),
    "throttled": (429, "slow_down"),
    "server-error": (503, "temporarily_unavailable"),
    "error-in-success": (200, "invalid_grant"),
    "echo": (400, "invalid_request"),
}
"""By the part of an outcome's name after the endpoint: HTTP status and OAuth 2 error code."""


def id_token_outcomes(*, has_keys: bool, has_issuer: bool) -> tuple[Outcome, ...]:
    """Return the outcomes of an ID token, one for each defect and for each user: the user's own, and another one's.

    Args:
        has_keys: whether the provider publishes its keys, so that the algorithm is asymmetric.
        has_issuer: whether the connector knows the issuer.
    """
    defects = (*DEFECTS, *(KEY_DEFECTS if has_keys else ()), *(ISSUER_DEFECTS if has_issuer else ()))
    names = (*defects, *(f"{defect}{OF_ANOTHER}" for defect in defects if defect != UNREADABLE))
    return _at("id-token", *((name, "malformed", Codes.SOCIAL_ID_TOKEN_INVALID, "") for name in names))
