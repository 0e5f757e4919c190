"""Issues ID tokens: right ones, and those that a connector must not accept.

Sources: OpenID Connect Core 1.0 §3.1.3.7, RFC 7515 (JWS), RFC 8725 (best practices for JWTs).
"""

import base64
import functools
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import frozen
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

Algorithm = Literal["HS256", "RS256", "ES256"]
_Key = RSAKey | ECKey

LIFETIME: Final = 3600
"""Seconds that tokens are valid."""

UNREADABLE: Final = "unreadable"
"""The defect of an ID token that is not a JWT."""

DEFECTS: Final = (
    UNREADABLE,
    "forged",
    "unsigned",
    "expired",
    "wrong-audience",
    "similar-audience",
    "wrong-nonce",
    "without-nonce",
    "wrong-party",
    "future",
)
"""What may be wrong with any ID token."""

KEY_DEFECTS: Final = ("symmetric", "unknown-key", "embedded-key")
"""What may be wrong with the signature if the provider publishes its keys.

``symmetric``: HS256 with the public key as the secret; ``unknown-key``: a key that the provider does not publish;
``embedded-key``: a key in the token's own header.
"""

ISSUER_DEFECTS: Final = ("wrong-issuer", "similar-issuer")

NONCE_DEFECTS: Final = frozenset({"wrong-nonce", "without-nonce"})
"""They exist only if the authorization URI has a nonce."""


@functools.cache
def _new_keys(algorithm: Algorithm, rotation: int) -> tuple[_Key, ...]:
    """Make the keys of all stubs in this process: two that the provider publishes, and one of somebody else."""
    if algorithm == "ES256":
        return tuple(ECKey.generate_key("P-256", {"kid": f"key-{rotation}-{index}"}) for index in range(3))
    return tuple(RSAKey.generate_key(2048, {"kid": f"key-{rotation}-{index}"}) for index in range(3))


@frozen
class IdTokens:
    """Signs the ID tokens of one provider.

    Args:
        algorithm: ``HS256`` signs with the client secret.
        rotation: how many times the provider has replaced its keys.
    """

    algorithm: Algorithm
    rotation: int = 0

    @property
    def key_set(self) -> dict[str, Any]:
        """The JWK set that the provider publishes (RFC 7517). ID tokens are signed with its second key."""
        keys = [] if self.algorithm == "HS256" else _new_keys(self.algorithm, self.rotation)[:2]
        more = {"alg": self.algorithm, "use": "sig"}
        return {"keys": [{**key.as_dict(private=False), **more, "kid": key.kid} for key in keys]}

    def issue(self, claims: Mapping[str, Any], client_secret: str, mark: str, defect: str = "") -> str:
        """Return a signed ID token.

        Args:
            claims: see `claims_of`.
            client_secret: the key for HS256.
            mark: a text in the header by which the suite recognizes the token: the header's ``x5t``.
            defect: what is wrong with it, one of those above; empty for a right one.
        """
        header = {"typ": "JWT", "alg": self.algorithm, "x5t": mark}
        if defect == "unsigned":
            return f"{_unsigned({**header, 'alg': 'none'}, claims)}."
        if self.algorithm == "HS256":
            return _with_mac(header, claims, "forged" if defect == "forged" else client_secret)
        _, own, foreign = _new_keys(self.algorithm, self.rotation)
        header["kid"] = str(own.kid)
        if defect == "symmetric":
            return _with_mac({**header, "alg": "HS256"}, claims, own.as_pem(private=False).decode())
        if defect == "unknown-key":
            header["kid"] = str(foreign.kid)
        if defect == "embedded-key":
            header["jwk"] = foreign.as_dict(private=False)  # type: ignore[assignment] # a header has objects too
        key = foreign if defect in {"forged", "unknown-key", "embedded-key"} else own
        return jws.serialize_compact(header, json.dumps(claims), key, algorithms=[self.algorithm])


def claims_of(
    user: Mapping[str, Any], issuer: str, client_id: str, nonce: str | None, defect: str = ""
) -> dict[str, Any]:
    """Return the claims of an ID token.

    Args:
        user: the claims about the user.
        issuer: the ``iss``.
        client_id: the ``aud``.
        nonce: of the authorization URI.
        defect: what is wrong with them; empty for right ones.
    """
    now = int(time.time())
    claims = {**user, "iss": issuer, "aud": client_id, "iat": now, "exp": now + LIFETIME}
    if nonce is not None and defect != "without-nonce":
        claims["nonce"] = "another-nonce" if defect == "wrong-nonce" else nonce
    match defect:
        case "expired":
            claims |= {"iat": now - 2 * LIFETIME, "exp": now - LIFETIME}
        case "future":
            claims |= {"iat": now + 24 * LIFETIME, "nbf": now + 24 * LIFETIME, "exp": now + 25 * LIFETIME}
        case "wrong-audience":
            claims["aud"] = "another-client"
        case "similar-audience":
            claims["aud"] = f"{client_id}-of-another"
        case "wrong-party":
            claims |= {"aud": [client_id, "another-client"], "azp": "another-client"}
        case "wrong-issuer":
            claims["iss"] = "https://another-issuer.example"
        case "similar-issuer":
            claims["iss"] = f"{issuer}.example"
    return claims


def _with_mac(header: Mapping[str, Any], claims: Mapping[str, Any], secret: str) -> str:
    signed = _unsigned(header, claims)
    return f"{signed}.{base64url(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def _unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(claims).encode())}"


def base64url(octets: bytes) -> str:
    """Return octets in base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
