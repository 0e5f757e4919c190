"""Verifies JWTs by which clients authenticate: ``client_assertion`` (RFC 7523), and Apple's ``client_secret``."""

import json
import time
from collections.abc import Collection
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from joserfc.jws import extract_compact

_LONGEST_LIFETIME: Final = 366 * 24 * 3600
"""In seconds. Apple's limit is six months."""


def assertion_error(token: str, private_key: str, client_id: str, audiences: str | Collection[str]) -> str | None:
    """Return what is wrong with a client's JWT, or ``None``.

    Args:
        token: the JWT.
        private_key: the PEM of the key that must have signed it.
        client_id: its ``sub``.
        audiences: the possible values of its ``aud``.
    """
    try:
        key = load_pem_private_key(private_key.encode(), None).public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        verifier = import_key(pem, "RSA" if isinstance(key, RSAPublicKey) else "EC")
        claims = jwt.decode(token, verifier, algorithms=["RS256", "ES256", "PS256", "ES384"]).claims
    except (JoseError, ValueError) as error:
        return f"found a value of {len(token)} characters ({type(error).__name__})"
    allowed = {audiences} if isinstance(audiences, str) else set(audiences)
    found = claims.get("aud")
    if not allowed & set(found if isinstance(found, list) else [found]):
        return f"with the aud {' or '.join(sorted(allowed))}, found {found!r}"
    if claims.get("sub") != client_id:
        return f"with the sub {client_id!r}, found {claims.get('sub')!r}"
    expiry = claims.get("exp")
    if not isinstance(expiry, int) or not time.time() < expiry < time.time() + _LONGEST_LIFETIME:
        return f"that is valid now, found the exp {expiry!r}"
    return None


def client_of(token: str) -> str:
    """Return the ``sub`` of a client's JWT, without verifying it; empty if there is none."""
    try:
        claims = json.loads(extract_compact(token.encode()).payload)
    except (JoseError, ValueError):
        return ""
    return str(claims.get("sub", "")) if isinstance(claims, dict) else ""
