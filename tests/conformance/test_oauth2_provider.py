"""The parts of `OAuth2Provider` that only unusual providers and wrong clients reach."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from conformance.providers.http_messages import HttpRequest
from conformance.providers.oauth2 import OAuth2Provider
from conformance.providers.oauth2.client_assertions import assertion_error, client_of
from conformance.providers.oauth2.user_details import with_id, with_unverified

# --- client assertions ----------------------------------------------------------------------------------------------

OWN, OTHER, RSA_KEY = ECKey.generate_key("P-256"), ECKey.generate_key("P-256"), RSAKey.generate_key(2048)


def _private(key: ECKey | RSAKey) -> str:
    return key.as_pem(private=True).decode()


def _assertion(key: ECKey | RSAKey = OWN, *, lifetime: int = 60, **changes: object) -> str:
    """Return an assertion that is valid from now on: tests begin long after pytest has read this module."""
    claims = {"sub": "c", "aud": "https://a.example", "exp": int(time.time()) + lifetime}
    return jwt.encode({"alg": "ES256" if isinstance(key, ECKey) else "RS256"}, {**claims, **changes}, key)


@pytest.mark.parametrize(
    ("token", "found"),
    [
        (_assertion, None),
        (lambda: _assertion(aud=["https://a.example", "x"]), None),
        (lambda: _assertion(OTHER), "(BadSignatureError)"),
        (lambda: "x", "found a value of 1 characters"),
        (lambda: _assertion(aud="https://b.example"), "found 'https://b.example'"),
        (lambda: _assertion(sub="d"), "with the sub 'c', found 'd'"),
        (lambda: _assertion(exp=1), "found the exp 1"),
        (lambda: _assertion(lifetime=10**9), "that is valid now"),
    ],
)
def test_client_assertion_is_verified(token: Callable[[], str], found: str | None) -> None:
    """The message has what was found, and no secret."""
    error = assertion_error(token(), _private(OWN), "c", "https://a.example")
    assert error is None if found is None else found in str(error)


def test_client_assertion_may_be_signed_with_rsa() -> None:
    """The key decides which algorithm is possible."""
    assert assertion_error(_assertion(RSA_KEY), _private(RSA_KEY), "c", ["https://a.example"]) is None


@pytest.mark.parametrize(("token", "client"), [(_assertion(), "c"), ("x.y.z", ""), ("", "")])
def test_client_of_an_assertion_is_its_subject(token: str, client: str) -> None:
    """A text that is not a JWT has none."""
    assert client_of(token) == client


# --- details of users -----------------------------------------------------------------------------------------------


def test_flags_of_nested_details_are_changed() -> None:
    """A member ``verified`` is a flag only next to an address."""
    details = {"user": {"mail": "a@b.example", "verified": True}, "app": {"verified": True}, "phone_verified": True}
    assert with_unverified([details], "false") == [
        {"user": {"mail": "a@b.example", "verified": "false"}, "app": {"verified": True}, "phone_verified": "false"}
    ]


def test_id_of_nested_details_is_replaced() -> None:
    """As a text and as a number; a boolean is not the number 1."""
    assert with_id([{"id": 1, "self": "1", "on": True, "at": 1.0}], "1", None) == [
        {"id": None, "self": None, "on": True, "at": 1.0}
    ]


class Derived(OAuth2Provider):
    """Sends ids with a prefix."""

    def user(self, user_id: str) -> Any:
        """Return the id with a prefix."""
        return {"id": f"acct:{user_id}"}


def test_user_without_id_has_no_details_where_the_id_is_not_a_value() -> None:
    """Else the outcome would change nothing."""
    provider = Derived()
    with provider.running():
        provider._access["t"] = "u"
        provider.respond_with("user-null-id")
        response = provider.handle(HttpRequest("GET", f"{provider.url}/userinfo", {"Authorization": "Bearer t"}))
    assert response is not None
    assert json.loads(response.body) == {}


# --- requests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "found"),
    [
        ("POST", "/token?client_secret=s&code=c", "client_secret, code"),
        ("GET", "/token?client_secret=s", None),
        ("GET", "/userinfo?access_token=t", "access_token"),
        ("GET", "/userinfo?fields=id", None),
    ],
)
def test_secret_in_a_url_is_reported(method: str, target: str, found: str | None) -> None:
    """A GET to the token endpoint has no other place."""
    error = OAuth2Provider().url_error(HttpRequest(method, f"http://stub.example{target}", {}))
    assert error is None if found is None else f"expected no {found} in the URL" in str(error)


class Documented(OAuth2Provider):
    """Has a discovery document, and no user info endpoint."""

    discovery_path = "/.well-known/openid-configuration"
    user_path = None
    has_id_token = True


def test_discovery_document_without_user_info_endpoint() -> None:
    """Addresses are those of the stub."""
    provider = Documented()
    with provider.running():
        response = provider.handle(HttpRequest("GET", f"{provider.url}{Documented.discovery_path}", {}))
        assert response is not None
        document = json.loads(response.body)
        assert document["token_endpoint"] == f"{provider.url}/token"
        assert provider.authorization_addresses(()) == [f"{provider.url}/authorize"]
    assert "userinfo_endpoint" not in document


class Argument(OAuth2Provider):
    """Gives its addresses to the constructor."""

    endpoints: Any = {}  # noqa: RUF012 - see OAuth2Provider
    connector_arguments = {"login": "/authorize", "base": ""}  # noqa: RUF012 - see OAuth2Provider


def test_addresses_may_be_constructor_arguments() -> None:
    """The argument with the authorization path is where users sign in."""
    provider = Argument()
    with provider.running():
        assert provider.connector_options() == {"login": f"{provider.url}/authorize", "base": provider.url}
        assert provider.authorization_addresses(()) == [f"{provider.url}/authorize"]


def test_other_path_is_rejected_unless_the_provider_has_a_resource_there() -> None:
    """The request has a valid access token."""
    provider = OAuth2Provider()
    with provider.running():
        provider._access["t"] = "u"
        response = provider.handle(HttpRequest("GET", f"{provider.url}/emails", {"Authorization": "Bearer t"}))
    assert response is not None
    assert "the path of an endpoint of this provider, found /emails" in json.loads(response.body)["error_description"]


class JsonTokens(OAuth2Provider):
    """Accepts JSON at the token endpoint."""

    token_request_format = "json"


@pytest.mark.parametrize(
    ("content_type", "body", "found"),
    [
        ("application/json", {"client_id": "c", "code": "x"}, "expected an unused code of this provider"),
        ("application/json", ["code"], "a JSON object in the token request, found list"),
        ("application/x-www-form-urlencoded", {}, "found the content type 'application/x-www-form-urlencoded'"),
    ],
)
def test_token_request_in_json(content_type: str, body: object, found: str) -> None:
    """A form is rejected then."""
    provider = JsonTokens()
    with provider.running():
        sent = HttpRequest("POST", f"{provider.url}/token", {"Content-Type": content_type}, json.dumps(body).encode())
        response = provider.handle(sent)
    assert response is not None
    assert found in json.loads(response.body)["error_description"]
