"""How clients authenticate at token endpoints: secrets as RFC 6749 encodes them, and JWTs."""

import time
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import import_key

from connector_kit import ClientAuthentication, ConnectorError, ConnectorErrorCodes

_SECRET: Final = "a secret: +%ü and more"
_ENDPOINT: Final = "https://login.acme.com/token"


def test_post_has_id_and_secret_in_the_form() -> None:
    """Unchanged; the repr shows neither."""
    found = ClientAuthentication().credentials("client:1", _SECRET, _ENDPOINT)
    assert (found.form, found.basic) == ({"client_id": "client:1", "client_secret": _SECRET}, None)
    assert _SECRET not in repr(found)


def test_basic_has_them_encoded() -> None:
    """RFC 6749 §2.3.1: a colon in the id would end it otherwise."""
    found = ClientAuthentication("client_secret_basic").credentials("client:1", _SECRET, _ENDPOINT)
    assert (found.form, found.basic) == ({}, ("client%3A1", "a+secret%3A+%2B%25%C3%BC+and+more"))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_secret_signs_a_jwt(algorithm: str) -> None:
    """It is valid for ten minutes, for this endpoint, and only once."""
    authentication = ClientAuthentication("client_secret_jwt", algorithm)
    found = [authentication.credentials("client-1", _SECRET, _ENDPOINT) for _ in range(2)]
    token = found[0].form["client_assertion"]
    claims = jwt.decode(token, import_key(_SECRET, "oct"), algorithms=[algorithm]).claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("client-1", "client-1", _ENDPOINT)
    assert claims["exp"] - claims["iat"] == 600
    assert abs(claims["iat"] - time.time()) < 60
    assert found[0].form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert found[0].form["client_id"] == "client-1"
    assert found[0].form["client_assertion"] != found[1].form["client_assertion"]
    assert token not in repr(found[0])


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_private_key_signs_a_jwt(algorithm: str) -> None:
    """With its id in the header."""
    key = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    found = ClientAuthentication("private_key_jwt", algorithm, "key-1").credentials("client-1", pem, _ENDPOINT)
    kind = "RSA" if algorithm == "RS256" else "EC"
    token = jwt.decode(found.form["client_assertion"], import_key(pem, kind), algorithms=[algorithm])  # type: ignore[call-overload] # a literal
    assert token.header["kid"] == "key-1"
    assert token.claims["sub"] == "client-1"


@pytest.mark.parametrize(
    ("method", "algorithm", "secret"),
    [
        ("private_key_jwt", "RS256", "not-a-private-key"),
        ("private_key_jwt", "ES256", "not-a-private-key"),
        ("client_secret_jwt", "HS256", ""),
    ],
)
def test_key_that_cannot_sign_is_an_invalid_config(method: str, algorithm: str, secret: str) -> None:
    """The message does not show it."""
    with pytest.raises(ConnectorError, match=f"The client secret cannot sign a JWT with {algorithm}") as caught:
        ClientAuthentication(method, algorithm).credentials("client-1", secret, _ENDPOINT)  # type: ignore[arg-type] # a literal
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
    assert "not-a-private-key" not in str(caught.value)
