"""ID tokens are accepted only if everything is right: signature, algorithm, claims."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

import pytest
from attrs import evolve
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from connector_kit import ConnectorError, ConnectorErrorCodes, IdTokenRules
from connector_kit.sign_in.id_tokens import verify_id_token

_SECRET: Final = "a-client-secret-of-32-characters"
_KEY: Final = ECKey.generate_key("P-256", {"kid": "key-1"})
_OTHER: Final = ECKey.generate_key("P-256", {"kid": "key-2"})
_RULES: Final = IdTokenRules("client-1", _SECRET, "nonce-1", issuers=("https://login.acme.com",))


def _claims(**changes: Any) -> dict[str, Any]:
    """Return valid claims with changes. A change may be a function of the time: the tests run long after their collection."""
    now = int(time.time())
    valid = {"sub": "user-1", "aud": "client-1", "iss": "https://login.acme.com", "nonce": "nonce-1"}
    claims = {**valid, "iat": now, "exp": now + 300, **changes}
    return {name: it(now) if callable(it) else it for name, it in claims.items() if it is not None}


def _token(claims: Mapping[str, Any] | str, key: Any = _KEY, **header: Any) -> str:
    content = claims if isinstance(claims, str) else json.dumps(claims)
    registry = jws.JWSRegistry(algorithms=["ES256", "HS256"], strict_check_header=False)
    return jws.serialize_compact({"alg": "ES256", **header}, content, key, registry=registry)


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _set(*keys: ECKey, **more: Any) -> dict[str, Any]:
    return {"keys": [{**it.as_dict(private=False), "kid": it.kid, **more} for it in keys]}


def _verify(token: str, rules: IdTokenRules = _RULES, key_set: Any = None, renewed: Any = None) -> Mapping[str, Any]:
    return verify_id_token(token, rules, lambda: key_set or _set(_KEY), lambda: renewed)


def _reason(token: str, rules: IdTokenRules = _RULES, key_set: Any = None, renewed: Any = None) -> str:
    with pytest.raises(ConnectorError) as caught:
        _verify(token, rules, key_set, renewed)
    assert caught.value.code is ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    message = str(caught.value.data["message"])  # type: ignore[index] # an object
    assert token not in message
    return message.removeprefix("The ID token is not valid: ").removesuffix(".")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["another", "client-1"]},
        {"azp": "client-1"},
        {"iat": lambda now: now - 0.5, "nbf": lambda now: now + 50},
        {"iat": lambda now: now + 50},
        {"exp": lambda now: now - 50},
    ],
)
def test_right_claims_are_returned(changes: Mapping[str, Any]) -> None:
    """The clocks may differ by a minute."""
    claims = _claims(**changes)
    assert _verify(_token(claims, kid="key-1")) == claims


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"sub": None}, "sub"),
        ({"sub": 1}, "sub"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": lambda now: now - 70}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": lambda now: now + 1_000}, "iat"),
        ({"nbf": lambda now: now + 1_000}, "nbf"),
        ({"aud": "client-10"}, "aud"),
        ({"aud": []}, "aud"),
        ({"iss": "https://login.acme.com.evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "nonce-10"}, "nonce"),
        ({"aud": ["client-1", "another"], "azp": "another"}, "azp"),
    ],
)
def test_wrong_claim_is_named(changes: Mapping[str, Any], claim: str) -> None:
    """Its value is not shown."""
    assert _reason(_token(_claims(**changes))) == f"its claim {claim} is missing or wrong"


def test_any_issuer_is_accepted_if_none_is_known() -> None:
    """As with Logto's own connector, whose config need not have one."""
    assert _verify(_token(_claims(iss=None)), evolve(_RULES, issuers=()))["sub"] == "user-1"


@pytest.mark.parametrize(("tolerance", "is_accepted"), [(300, True), (10_000, True), (-5, False), (0, False)])
def test_clock_tolerance_is_bounded(tolerance: int, *, is_accepted: bool) -> None:
    """Five minutes at most."""
    rules = evolve(_RULES, clock_tolerance=tolerance)
    recent, old = (_token(_claims(exp=int(time.time()) - age)) for age in (100, 400))
    assert (_verify(recent, rules)["sub"] == "user-1") if is_accepted else _reason(recent, rules)
    assert _reason(old, rules) == "its claim exp is missing or wrong"


def test_old_token_is_rejected_if_its_age_is_limited() -> None:
    """The clock tolerance is added to the age."""
    rules = evolve(_RULES, largest_age=100)
    assert _verify(_token(_claims(iat=int(time.time()) - 150)), rules)
    assert _reason(_token(_claims(iat=int(time.time()) - 170)), rules) == "its claim iat is too long ago"


def test_type_in_the_header_is_compared_if_it_is_required() -> None:
    """By default, any is accepted."""
    token = _token(_claims(), typ="at+jwt")
    assert _verify(token)
    assert _reason(token, evolve(_RULES, token_type="JWT")) == "its typ is not JWT"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "ü.ü.ü", "\ud800", "e30.e30.e30", "[].e30.", f"{'a' * 200_000}.b.c"]
)
def test_text_that_is_not_a_token_is_rejected(token: str) -> None:
    """Whatever it is."""
    with pytest.raises(ConnectorError, match="The ID token is not valid: it cannot be read"):
        _verify(token)


@pytest.mark.parametrize(
    ("content", "reason"), [("no", "not JSON"), ("[]", "not a JSON object"), ("[" * 9_000, "not JSON")]
)
def test_claims_are_a_json_object(content: str, reason: str) -> None:
    """Although the signature is right."""
    assert _reason(_token(content)) == f"its claims are {reason}"


@pytest.mark.parametrize("algorithms", [("ES256",), ("none", "ES256")])
def test_unsigned_token_is_rejected(algorithms: tuple[str, ...]) -> None:
    """Also if the algorithms of a connector have ``none``."""
    signed = _token(_claims()).split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{signed[1]}."
    expected = f"its algorithm is not one of {', '.join(algorithms)}"
    assert _reason(unsigned, evolve(_RULES, algorithms=algorithms)) == expected


def test_public_key_is_no_secret() -> None:
    """A token that is signed by HS256 with the published key is rejected, also if HS256 is accepted."""
    public = _KEY.as_pem(private=False)
    signed = ".".join(_base64url(json.dumps(it).encode()) for it in ({"alg": "HS256"}, _claims()))
    token = f"{signed}.{_base64url(hmac.digest(public, signed.encode(), 'sha256'))}"
    assert _reason(token).startswith("its algorithm is not one of RS256")
    both = evolve(_RULES, algorithms=("ES256", "HS256"))
    for rules in (both, evolve(both, client_secret=public.decode())):
        assert _reason(token, rules) == "no key of the provider verifies its signature"


def test_client_secret_verifies_if_the_connector_names_the_algorithm() -> None:
    """Without a request for keys; an empty secret verifies nothing."""
    token = _token(_claims(), OctKey.import_key(_SECRET), alg="HS256")
    rules = evolve(_RULES, algorithms=("HS256",))
    assert verify_id_token(token, rules, pytest.fail, pytest.fail)["sub"] == "user-1"
    assert _reason(token, evolve(rules, client_secret="")) == "no key of the provider verifies its signature"


@pytest.mark.parametrize(
    "key_set",
    [
        {"keys": []},
        {"keys": [None, "text", 1, {"kty": "oct", "k": "YQ"}, {"kty": "EC", "kid": "key-1"}]},
        _set(_OTHER),
        _set(_KEY, use="enc"),
        _set(_KEY, alg="ES384"),
        _set(_KEY, kid="another"),
        {"keys": [{**_OTHER.as_dict(private=False), "kid": "key-1"}]},
    ],
)
def test_key_is_renewed_if_none_fits(key_set: Mapping[str, Any]) -> None:
    """Unknown keys, keys that cannot be read, and keys for something else."""
    token = _token(_claims(), kid="key-1")
    assert _reason(token, key_set=key_set) == "no key of the provider verifies its signature"
    assert _reason(token, key_set=key_set, renewed=_set(_OTHER)) == "no key of the provider verifies its signature"
    assert _verify(token, key_set=key_set, renewed=_set(_KEY))["sub"] == "user-1"


def test_token_without_a_key_id_is_verified_by_any_key() -> None:
    """Of the provider."""
    assert _verify(_token(_claims(), _OTHER), key_set=_set(_KEY, _OTHER))["sub"] == "user-1"


def test_unknown_parameters_of_the_header_are_ignored_unless_they_are_critical() -> None:
    """RFC 7515 §4 and §4.1.11; a chain of certificates is long."""
    assert _verify(_token(_claims(), x5c=["A" * 4_000], custom=1))["sub"] == "user-1"
    signed = _token(_claims(), custom=1)
    with pytest.raises(ConnectorError):
        _verify(_with_critical_parameter(signed))


def _with_critical_parameter(token: str) -> str:
    registry = jws.JWSRegistry({"custom": jws.JWSRegistry.default_header_registry["kid"]}, ["ES256"])
    header = {"alg": "ES256", "custom": "1", "crit": ["custom"]}
    del token
    return jws.serialize_compact(header, json.dumps(_claims()), _KEY, registry=registry)


def test_rules_show_neither_secret_nor_nonce() -> None:
    """In their repr."""
    assert _SECRET not in repr(_RULES)
    assert "nonce-1" not in repr(_RULES)
