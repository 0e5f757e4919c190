"""Data of social connectors."""

import pytest

from connector_kit import (
    AuthorizationRequest,
    ConnectorSession,
    GoogleConnector,
    GoogleConnectorConfig,
    GoogleOneTapConfig,
    GoogleOneTapParams,
    OidcPrompt,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
    connector_session_guard,
    is_external_google_one_tap,
    is_google_one_tap,
    logto_google_one_tap_cookie_key,
    social_user_info_guard,
    to_json,
    token_response_guard,
)


def test_prompts_are_those_of_openid_connect() -> None:
    """OpenID Connect Core §3.1.2.1."""
    assert [it.value for it in OidcPrompt] == ["none", "login", "consent", "select_account"]


@pytest.mark.parametrize(
    "value",
    [
        ConnectorSession(*["CANARY"] * 6, extra={"CANARY": "CANARY"}),
        TokenResponse(id_token="CANARY", access_token="CANARY", refresh_token="CANARY"),
        TokenResponseAndUserInfo(
            SocialUserInfo("1", raw_data={"token": "CANARY"}), TokenResponse(access_token="CANARY")
        ),
        AuthorizationRequest("CANARY", "https://a.example", "b", "c", "d"),
        GoogleConnectorConfig(client_id="a", client_secret="CANARY"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_reprs_show_no_secret(value: object) -> None:
    """Tokens, states, nonces and client secrets stay out of logs and assertion messages."""
    assert "CANARY" not in repr(value)


def test_session_keeps_defined_and_other_keys() -> None:
    """Six keys are defined by Logto."""
    plain = {
        "nonce": "a",
        "redirectUri": "b",
        "connectorId": "c",
        "connectorFactoryId": "d",
        "jti": "e",
        "state": "f",
        "codeVerifier": ["g"],
        "redirect_uri": None,
    }
    session = connector_session_guard.validate(plain)
    assert session.redirect_uri == "b"
    assert dict(session.extra) == {"codeVerifier": ["g"], "redirect_uri": None}
    assert to_json(session) == plain
    assert to_json(ConnectorSession()) == {}


def test_session_copies_its_extra_values() -> None:
    """Changing the original does not change the session."""
    extra = {"a": 1}
    session = ConnectorSession(extra=extra)
    extra["a"] = 2
    assert session.extra == {"a": 1}
    with pytest.raises(TypeError):
        session.extra["a"] = 3  # type: ignore[index]


@pytest.mark.parametrize("expires_in", [3600, 3599.5, "3600"])
def test_token_response_has_snake_case_keys(expires_in: object) -> None:
    """RFC 6749 §5.1; ``expires_in`` may be a number or a string."""
    plain = {
        "id_token": "a",
        "access_token": "b",
        "refresh_token": "c",
        "expires_in": expires_in,
        "scope": "d",
        "token_type": "Bearer",
    }
    response = token_response_guard.validate(plain)
    assert response.expires_in == expires_in
    assert type(response.expires_in) is type(expires_in)
    assert to_json(response) == plain
    assert to_json(TokenResponse()) == {}


def test_user_info_requires_an_id_only() -> None:
    """``rawData`` is any JSON value."""
    user = social_user_info_guard.validate({"id": "1", "rawData": {"sub": ["1", None]}})
    assert user == SocialUserInfo("1", raw_data={"sub": ["1", None]})
    assert not social_user_info_guard.is_valid({"email": "a@example.com"})


def test_constants_of_google() -> None:
    """Ids, keys and issuers, as Google publishes them."""
    assert GoogleConnector.target == "google"
    assert GoogleConnector.factory_id == "google-universal"
    assert GoogleConnector.jwks_uri == "https://www.googleapis.com/oauth2/v3/certs"
    assert set(GoogleConnector.issuer) == {"https://accounts.google.com", "accounts.google.com"}
    assert GoogleConnector.one_tap_params == GoogleOneTapParams(csrf_token="g_csrf_token", credential="credential")
    assert logto_google_one_tap_cookie_key == "_logto_google_one_tap_credential"


def test_config_of_google_is_structured() -> None:
    """As one attrs value."""
    config = GoogleConnector.config_guard.validate(
        {
            "clientId": "a",
            "clientSecret": "b",
            "prompts": ["consent"],
            "oneTap": {"isEnabled": True, "autoSelect": False, "closeOnTapOutside": True, "itpSupport": True},
        }
    )
    assert config == GoogleConnectorConfig(
        client_id="a",
        client_secret="b",
        prompts=(OidcPrompt.CONSENT,),
        one_tap=GoogleOneTapConfig(is_enabled=True, auto_select=False, close_on_tap_outside=True, itp_support=True),
    )


@pytest.mark.parametrize(
    ("data", "one_tap", "external"),
    [
        ({}, False, False),
        ({"credential": ""}, False, False),
        ({"credential": "jwt"}, True, True),
        ({"credential": "jwt", "g_csrf_token": ""}, True, True),
        ({"credential": "jwt", "g_csrf_token": "t"}, True, False),
        ({"g_csrf_token": "t"}, False, False),
        ({"credential": []}, True, True),
    ],
)
def test_google_one_tap_is_recognized_by_its_fields(data: dict[str, object], one_tap: object, external: object) -> None:
    """By the credential; without a CSRF token it comes from outside Logto's pages."""
    assert is_google_one_tap(data) is one_tap
    assert is_external_google_one_tap(data) is external
