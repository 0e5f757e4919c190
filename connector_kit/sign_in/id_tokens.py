"""Verifies ID tokens: signature, algorithm, issuer, audience, times and nonce.

Sources: OpenID Connect Core 1.0 §3.1.3.7, RFC 7515 (JWS), RFC 7517 (JWK), RFC 8725 (best practices for JWTs).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from attrs import field, frozen
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact
from joserfc.jwt import JWTClaimsRegistry

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.parsing import load_json

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""The algorithms that are accepted unless a connector names others: those with a published key."""

LARGEST_CLOCK_TOLERANCE: Final = 300
"""In seconds."""

_SYMMETRIC: Final = "HS"


class _Registry(JWSRegistry):
    """Accepts unknown parameters in a header, as RFC 7515 §4 requires, and certificates in it, which are long."""

    max_header_length = 1 << 14


@frozen
class IdTokenRules:
    """What an ID token must fulfil.

    Args:
        client_id: the ``aud``, or one of them; and the ``azp``, if there is one.
        client_secret: the key of ``HS256``, ``HS384`` and ``HS512``.
        nonce: of the authorization URI.
        issuers: the ``iss``: one of them; empty if any is accepted.
        algorithms: of the signature. ``none`` never is.
        clock_tolerance: by how many seconds the clocks of provider and connector may differ; at most 300.
        largest_age: seconds since the ``iat``; ``None`` if only the ``exp`` counts.
        token_type: the ``typ`` of the header; ``None`` if any is accepted.
    """

    client_id: str
    client_secret: str = field(repr=False)
    nonce: str = field(repr=False)
    issuers: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ALGORITHMS
    clock_tolerance: float = 60
    largest_age: float | None = None
    token_type: str | None = None


def verify_id_token(
    token: str,
    rules: IdTokenRules,
    key_set: Callable[[], Mapping[str, Any]],
    renewed_key_set: Callable[[], Mapping[str, Any] | None],
) -> Mapping[str, Any]:
    """Return the claims of an ID token.

    Args:
        token: in the compact form of a JWS.
        rules: what it must fulfil.
        key_set: returns the JWK set that the provider publishes: ``{"keys": [...]}``.
        renewed_key_set: returns it as it is now, or ``None`` if it is too early to read it again. It is called if no key
            verifies the token.

    Raises:
        ConnectorError: ``social_invalid_id_token``. The message names the claim, and no value. Errors of both functions
            propagate.
    """
    registry = _Registry(algorithms=[it for it in rules.algorithms if it != "none"], strict_check_header=False)
    try:
        signature = extract_compact(token.encode(), registry=registry)
        algorithm = signature.headers().get("alg")
    except (JoseError, ValueError) as error:
        raise _invalid(f"it cannot be read ({type(error).__name__})") from None
    if algorithm not in rules.algorithms or algorithm == "none":
        raise _invalid(f"its algorithm is not one of {', '.join(rules.algorithms)}")
    if rules.token_type is not None and signature.headers().get("typ") != rules.token_type:
        raise _invalid(f"its typ is not {rules.token_type}")
    if not _is_signed(signature, registry, _keys(signature, rules, key_set)):
        renewed = None if algorithm.startswith(_SYMMETRIC) else renewed_key_set()
        if renewed is None or not _is_signed(signature, registry, _published_keys(signature, renewed)):
            raise _invalid("no key of the provider verifies its signature")
    return _verified_claims(signature, rules)


def _invalid(reason: str) -> ConnectorError:
    return ConnectorError(ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID, f"The ID token is not valid: {reason}.")


def _keys(signature: CompactSignature, rules: IdTokenRules, key_set: Callable[[], Mapping[str, Any]]) -> Iterator[Key]:
    """Yield the keys that may have signed a token: which ones follows from the algorithm, never from the token alone."""
    if signature.headers()["alg"].startswith(_SYMMETRIC):
        with suppress(JoseError, ValueError):  # it is empty, or a public key
            return iter([import_key(rules.client_secret, "oct")])
        return iter(())
    return _published_keys(signature, key_set())


def _published_keys(signature: CompactSignature, key_set: Mapping[str, Any]) -> Iterator[Key]:
    """Yield the keys of a JWK set with the token's ``kid``; without one, all keys of the algorithm."""
    header = signature.headers()
    for found in key_set["keys"]:
        if not isinstance(found, Mapping) or found.get("kty") not in {"RSA", "EC"}:
            continue
        if header.get("kid") not in (None, found.get("kid")):
            continue
        if found.get("use", "sig") != "sig" or found.get("alg", header["alg"]) != header["alg"]:
            continue
        try:
            yield import_key({name: it for name, it in found.items() if isinstance(it, str)})
        except (JoseError, ValueError):
            continue  # another key may verify the token


def _is_signed(signature: CompactSignature, registry: JWSRegistry, keys: Iterable[Key]) -> bool:
    for key in keys:
        try:
            if validate_compact(signature, key, registry=registry):
                return True
        except (JoseError, ValueError):
            continue  # for example a key of another kind
    return False


def _verified_claims(signature: CompactSignature, rules: IdTokenRules) -> Mapping[str, Any]:
    try:
        claims = load_json(signature.payload.decode())
    except (ValueError, RecursionError):
        raise _invalid("its claims are not JSON") from None
    if not isinstance(claims, dict):
        raise _invalid("its claims are not a JSON object")
    required: dict[str, Any] = {name: {"essential": True} for name in ("sub", "exp", "iat")}
    required["aud"] = {"essential": True, "value": rules.client_id}
    required["nonce"] = {"essential": True, "value": rules.nonce}
    required["azp"] = {"value": rules.client_id}
    if rules.issuers:
        required["iss"] = {"essential": True, "values": list(rules.issuers)}
    now, tolerance = int(time.time()), int(min(max(rules.clock_tolerance, 0), LARGEST_CLOCK_TOLERANCE))
    try:
        JWTClaimsRegistry(now=now, leeway=tolerance, **required).validate(claims)
    except ClaimError as error:
        raise _invalid(f"its claim {error.claim} is missing or wrong") from None
    if rules.largest_age is not None and now - claims["iat"] > rules.largest_age + tolerance:
        raise _invalid("its claim iat is too long ago")
    return claims
