"""The OpenID Connect connector conforms, and each setting has the effect that its README describes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from attrs import evolve

from conformance import PROFILES, State, check_connector, spec_of
from connector_kit import (
    AuthorizationRequest,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorSession,
    SocialUserInfo,
)
from connector_kit.connectors import oidc
from connector_kit.connectors.oidc import OpenIdConfig, OpenIdConnector
from connector_kit.connectors.oidc.config import seconds
from connector_kit.connectors.oidc.stub import OpenIdProvider
from connector_kit.settings import example_config

_EXAMPLE: Final = example_config(OpenIdConfig)
_VERIFICATION: Final = _EXAMPLE["idTokenVerificationConfig"]


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    report = check_connector(spec_of(OpenIdConnector), profile=evolve(PROFILES["ci"], examples=5, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


class _Provider(OpenIdProvider):
    """Issues ID tokens with these claims."""

    claims: Mapping[str, Any] = {}

    def user(self, user_id: str) -> Mapping[str, Any]:
        return {key: it for key, it in {**super().user(user_id), **self.claims}.items() if it is not None}


def _sign_in(changes: Mapping[str, Any], claims: Mapping[str, Any] | None = None) -> tuple[SocialUserInfo, _Provider]:
    """Sign a user in with a changed config; ``idTokenVerificationConfig`` has additional keys."""
    stub = _Provider()
    stub.claims = claims or {}
    verification = {**_VERIFICATION, **changes.get("idTokenVerificationConfig", {})}
    with stub.running():
        config = stub.prepare_config({**_EXAMPLE, **changes, "idTokenVerificationConfig": verification})
        connector = OpenIdConnector(get_config=lambda _: config)
        sessions: list[ConnectorSession] = []
        consent = stub.authorize(connector.get_authorization_uri(_request(), sessions.append))
        return connector.get_user_info(consent.callback, lambda: sessions[-1]), stub


def _request(scope: str | None = None) -> AuthorizationRequest:
    return AuthorizationRequest("state-1", "https://logto.example/callback", "id", "openid-connect", "jti", None, scope)


def _parameters(changes: Mapping[str, Any], scope: str | None = None) -> Mapping[str, str]:
    connector = OpenIdConnector(get_config=lambda _: {**_EXAMPLE, **changes})
    return dict(parse_qsl(urlsplit(connector.get_authorization_uri(_request(scope), lambda _: None)).query))


def test_user_has_the_claims_of_the_id_token() -> None:
    """The raw data has all of them."""
    user, _ = _sign_in({}, {"sub": "user-1", "name": "Ada", "email": "user-1@user.example"})
    assert (user.id, user.name, user.email, user.phone) == ("user-1", "Ada", "user-1@user.example", "4915112345678")
    assert user.avatar is not None
    assert isinstance(user.raw_data, dict)
    assert user.raw_data["iss"] == "https://login.acme.com"


@pytest.mark.parametrize(
    ("changes", "verified", "is_used"),
    [
        ({}, True, True),
        ({}, False, False),
        ({}, None, False),
        ({"trustUnverifiedEmail": True}, None, True),
        ({"trustUnverifiedEmail": True}, False, False),
        ({"acceptStringTypedBooleanClaims": True}, "True", True),
        ({"acceptStringTypedBooleanClaims": True}, "false", False),
        ({"acceptStringTypedBooleanClaims": True, "trustUnverifiedEmail": True}, "no", False),
    ],
)
def test_email_is_used_if_it_is_verified_or_trusted(
    changes: Mapping[str, Any], verified: object, *, is_used: bool
) -> None:
    """A claim that is false counts more than the trust."""
    user, _ = _sign_in(changes, {"email_verified": verified})
    assert (user.email is not None) is is_used


@pytest.mark.parametrize(
    ("changes", "claims", "reason"),
    [
        ({}, {"email_verified": "true"}, "its claim email_verified is not true or false"),
        ({}, {"phone_verified": 1}, "its claim phone_verified is not true or false"),
        ({"subject": "somebody"}, {}, "its claim sub is not the subject of the config"),
        ({"issuer": ["https://a.example", "https://b.example"]}, {}, "its claim iss is missing or wrong"),
        ({"algorithms": ["ES256", "none"]}, {}, "its algorithm is not one of ES256, none"),
        ({"typ": "at+jwt"}, {}, "its typ is not at+jwt"),
        ({"maxTokenAge": -400}, {}, "its claim iat is too long ago"),
    ],
)
def test_token_that_the_config_does_not_accept_is_rejected(
    changes: Mapping[str, Any], claims: Mapping[str, Any], reason: str
) -> None:
    """The message names the claim."""
    with pytest.raises(ConnectorError, match=re.escape(f"The ID token is not valid: {reason}.")) as caught:
        _sign_in({"idTokenVerificationConfig": changes}, claims)
    assert caught.value.code is ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithms": ["ES256", "RS256"], "typ": "JWT"},
        {"algorithms": [], "subject": "user-1"},
        {"maxTokenAge": "1 minute", "clockTolerance": "10s"},
        {"issuer": ["https://a.example", "https://login.acme.com"]},
        {"issuer": ""},
    ],
)
def test_token_that_the_config_accepts_signs_the_user_in(changes: Mapping[str, Any]) -> None:
    """An empty list of algorithms and an empty issuer are as if they were missing."""
    user, _ = _sign_in({"idTokenVerificationConfig": changes}, {"sub": "user-1"})
    assert user.id == "user-1"


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic", "client_secret_jwt"])
def test_client_authenticates_as_the_config_requires(method: str) -> None:
    """And each token request has the custom parameters, with the names that Logto's own connector makes of their keys."""
    changes = {"tokenEndpointAuthMethod": method, "clientSecretJwtSigningAlgorithm": "HS384"}
    _, stub = _sign_in({**changes, "customConfig": {"apiResource": "https://api.acme.com", "code": "another"}})
    request = next(it.raw for it in stub.calls if it.raw.path == "/token")
    assert request.form["api_resource"] == "https://api.acme.com"
    assert request.form["code"] != "another"
    assert (request.basic is not None) is (method == "client_secret_basic")
    assert ("client_secret" in request.form) is (method == "client_secret_post")
    assert ("client_assertion" in request.form) is (method == "client_secret_jwt")


def test_uri_has_the_optional_and_the_custom_parameters() -> None:
    """They do not replace what protects the sign-in; a scope that Logto requests replaces theirs."""
    changes = {
        "authRequestOptionalConfig": {"prompt": "login", "maxAge": "60", "acrValues": "urn:mfa"},
        "customConfig": {
            "state": "x",
            "nonce": "x",
            "clientId": "x",
            "scope": "openid api",
            "ui-Locales": "pt",
            "aURL": "b",
        },
    }
    found = _parameters(changes)
    assert found.items() >= {"prompt": "login", "max_age": "60", "acr_values": "urn:mfa", "a_url": "b"}.items()
    assert (found["state"], found["client_id"], found["scope"]) == ("state-1", "client-1", "openid api")
    assert found["ui_locales"] == "pt"
    assert found["nonce"] != "x"
    assert _parameters(changes, "email")["scope"] == "openid email"


def test_scope_of_the_config_gets_openid() -> None:
    """Without it, the provider would send no ID token."""
    assert _parameters({"scope": "email"})["scope"] == "openid email"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (30, 30),
        (1.5, 1.5),
        ("90s", 90),
        ("10 seconds", 10),
        ("1 minute", 60),
        ("2 mins", 120),
        ("+ 1.5 hrs", 5_400),
        ("1 Day", 86_400),
        ("1w", 604_800),
        ("1 year", 31_557_600),
        ("soon", None),
        ("10", None),
        (None, None),
    ],
)
def test_time_spans_have_the_forms_of_jose(span: object, expected: float | None) -> None:
    """The package that verifies the ID tokens of Logto's own connector."""
    assert seconds(span) == expected


def test_unreadable_time_span_is_an_invalid_config() -> None:
    """Logto accepts the config, so it is a warning before."""
    changes = {"idTokenVerificationConfig": {"clockTolerance": "soon"}}
    with pytest.raises(ConnectorError, match=r"idTokenVerificationConfig\.clockTolerance: expected seconds") as caught:
        _sign_in(changes)
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"issuer": ""}, "idTokenVerificationConfig", "without an issuer, the `iss` of ID tokens is not compared"),
        ({"maxTokenAge": "soon"}, "idTokenVerificationConfig.maxTokenAge", "expected seconds or a time span"),
        ({"jwksUri": 1}, "idTokenVerificationConfig.jwksUri", "expected string, found number"),
    ],
)
def test_unusual_verification_has_an_issue(changes: Mapping[str, Any], path: str, message: str) -> None:
    """One for each mistake."""
    config = {**_EXAMPLE, "idTokenVerificationConfig": {**_VERIFICATION, **changes}}
    (issue,) = OpenIdConnector.config_guard.issues(config)
    assert issue.path == f"$.{path}"
    assert issue.message.startswith(message)


def test_example_config_has_no_warnings() -> None:
    """Its domain is a real one."""
    assert OpenIdConnector.config_guard.issues(_EXAMPLE) == []
    assert [it.path for it in OpenIdConnector.config_guard.issues(1)] == ["$"]


def test_readme_lists_the_settings() -> None:
    """Each key of the form has a row; the two settings with one possible value have neither."""
    readme = (Path(str(oidc.__file__)).parent / "README.md").read_text(encoding="utf-8")
    keys = {item.key for item in OpenIdConnector.metadata.form_items or ()}
    assert keys == {*re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)} & {
        *OpenIdConnector.config_guard.schema["properties"]
    }
    assert keys.isdisjoint({"responseType", "grantType"})
