"""OAuth 2 connectors: the authorization URI, the token request, errors of every form, and the user."""

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from attrs import evolve, frozen

from connector_kit import (
    AuthorizationRequest,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    ConnectorSession,
    OAuth2Config,
    OAuth2Connector,
    OAuth2Endpoints,
    SocialUserInfo,
    TokenResponse,
    UserFields,
)
from connector_kit.sign_in import oauth2
from tests.docs.markdown import ROOT
from tests.loopback import HttpResponse, Loopback

Codes = ConnectorErrorCodes

_CODE, _SECRET, _TOKEN = "canary-code-1", "canary-secret-1", "canary-token-1"
_CALLBACK: Final = {"code": _CODE, "redirectUri": "https://logto.example/callback"}
_SESSION: Final = ConnectorSession(
    redirect_uri="https://logto.example/callback", extra={"codeVerifier": "canary-verifier"}
)
_REQUEST: Final = AuthorizationRequest("state 1", "https://logto.example/callback", "id", "acme", "jti")


@frozen
class _Config(OAuth2Config):
    """The config of the connector of these tests."""

    base_url: str = ""


class _Acme(OAuth2Connector[_Config]):
    """Signs users in with the server of the config."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="acme",
        target="acme",
        name={"en": "Acme"},
        description={"en": "Signs users in with Acme."},
        platform=ConnectorPlatform.UNIVERSAL,
    )
    config_class = _Config
    scope = "profile"
    errors: ClassVar[Mapping[int | str, ConnectorErrorCodes]] = {"too_many": Codes.RATE_LIMIT_EXCEEDED}

    def endpoints_of(self, config: _Config) -> OAuth2Endpoints:
        return OAuth2Endpoints(f"{config.base_url}/authorize", f"{config.base_url}/token", f"{config.base_url}/me")


def _connector(url: str = "https://acme.example", cls: type[OAuth2Connector[Any]] = _Acme, **more: str) -> Any:
    return cls(get_config=lambda _: {"clientId": "client-1", "clientSecret": _SECRET, "baseUrl": url, **more})


def _json(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _form(body: str, status: int = 200) -> HttpResponse:
    return HttpResponse(status, body.encode(), {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})


_TOKENS: Final = _json({"access_token": _TOKEN, "token_type": "Bearer"})


def _sign_in(loopback: Loopback, *answers: HttpResponse, connector: Any = None) -> Any:
    loopback.answers = [*answers]
    return (connector or _connector(loopback.url)).get_token_response_and_user_info(_CALLBACK, lambda: _SESSION)


def _error(loopback: Loopback, *answers: HttpResponse) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        _sign_in(loopback, *answers)
    assert "canary" not in f"{caught.value}{caught.value.data}"
    return caught.value


# --- the authorization URI --------------------------------------------------------------------------------------------


def _uri(connector: Any, request: AuthorizationRequest = _REQUEST) -> tuple[str, Mapping[str, str]]:
    uri = connector.get_authorization_uri(request, lambda _: None)
    return uri, dict(parse_qsl(urlsplit(uri).query))


def test_uri_has_what_the_provider_needs() -> None:
    """And the session what the callback needs."""
    sessions: list[ConnectorSession] = []
    uri = _connector().get_authorization_uri(_REQUEST, sessions.append)
    assert re.sub(r"challenge=[A-Za-z0-9_-]{43}&", "challenge=…&", uri) == (
        "https://acme.example/authorize?response_type=code&scope=profile&client_id=client-1"
        "&redirect_uri=https%3A%2F%2Flogto.example%2Fcallback&state=state+1&code_challenge=…&code_challenge_method=S256"
    )
    (session,) = sessions
    assert session.redirect_uri == "https://logto.example/callback"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", str(session.extra["codeVerifier"]))


@pytest.mark.parametrize(
    ("requested", "configured", "expected"),
    [("email", "a b", "email"), (None, "a b", "a b"), (None, None, "profile")],
)
def test_scope_is_that_of_logto_or_of_the_config_or_of_the_connector(
    requested: str | None, configured: str | None, expected: str
) -> None:
    """In this order."""
    connector = _connector(**({} if configured is None else {"scope": configured}))
    assert _uri(connector, evolve(_REQUEST, scope=requested))[1]["scope"] == expected


def test_connector_without_scope_and_pkce_sends_neither() -> None:
    """An address with parameters keeps them."""

    class Plain(_Acme):
        has_pkce = False
        scope = ""

        def endpoints_of(self, config: _Config) -> OAuth2Endpoints:
            del config
            return OAuth2Endpoints("https://acme.example/authorize?tenant=1", "")

    uri, found = _uri(_connector(cls=Plain))
    assert uri.startswith("https://acme.example/authorize?tenant=1&response_type=code&client_id=")
    assert found.keys() == {"tenant", "response_type", "client_id", "redirect_uri", "state"}


@pytest.mark.parametrize("address", ["", "acme.example", "javascript:alert(1)//"])
def test_address_that_is_not_a_url_is_an_invalid_config(address: str) -> None:
    """Browsers would read it as a path of Logto's own page. The app of a native connector may have a scheme of its own."""

    class Native(_Acme):
        metadata: ClassVar[ConnectorMetadata] = evolve(_Acme.metadata, platform=ConnectorPlatform.NATIVE)

    with pytest.raises(ConnectorError, match="must be a URL that starts with https:// or http://; found '") as caught:
        _uri(_connector(address))
    assert caught.value.code is Codes.INVALID_CONFIG
    assert _uri(_connector("acme:", Native))[0].startswith("acme:/authorize?")


# --- the callback -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callback", "code", "data"),
    [
        (
            {"error": "access_denied", "error_description": "No, thanks."},
            Codes.AUTHORIZATION_FAILED,
            {"message": "Acme did not sign the user in: No, thanks.", "code": "access_denied"},
        ),
        (
            {"error": "too_many"},
            Codes.RATE_LIMIT_EXCEEDED,
            {"message": "Acme did not sign the user in: too_many", "code": "too_many"},
        ),
        (
            {"error": "e" * 900, "error_description": 1},
            Codes.GENERAL,
            {"message": f"Acme did not sign the user in: {'e' * 500}", "code": "e" * 500},
        ),
        ({"code": ""}, Codes.GENERAL, {"message": "The callback has no authorization code."}),
        ({"code": ["a"], "error": {}}, Codes.GENERAL, {"message": "The callback has no authorization code."}),
        ("code", Codes.GENERAL, {"message": "The callback has no authorization code."}),
    ],
)
def test_callback_without_a_code_is_an_error(callback: object, code: Codes, data: object) -> None:
    """With the provider's reason, shortened: it comes from the browser."""
    with pytest.raises(ConnectorError) as caught:
        _connector().get_user_info(callback, lambda: _SESSION)
    assert (caught.value.code, caught.value.data) == (code, data)


def test_session_without_a_redirect_uri_is_an_error() -> None:
    """It has expired."""
    with pytest.raises(ConnectorError, match="The session has no redirect URI: it may have expired") as caught:
        _connector().get_user_info(_CALLBACK, ConnectorSession)
    assert caught.value.code is Codes.GENERAL


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_code_is_exchanged_and_the_user_requested(loopback: Loopback) -> None:
    """With two requests."""
    user = {
        "sub": "user-1",
        "name": "Ada",
        "picture": "https://a.example/a.png",
        "email": "a@b.co",
        "email_verified": True,
    }
    found = _sign_in(loopback, _TOKENS, _json(user))
    expected = SocialUserInfo("user-1", "a@b.co", None, "Ada", "https://a.example/a.png", user)
    assert (found.user_info, found.token_response) == (
        expected,
        TokenResponse(access_token=_TOKEN, token_type="Bearer"),
    )
    exchange, details = loopback.requests
    assert dict(parse_qsl(exchange.body.decode())) == {
        "grant_type": "authorization_code",
        "code": _CODE,
        "redirect_uri": "https://logto.example/callback",
        "code_verifier": "canary-verifier",
        "client_id": "client-1",
        "client_secret": _SECRET,
    }
    assert (details.method, details.path, details.headers["authorization"]) == ("GET", "/me", f"Bearer {_TOKEN}")


def test_form_encoded_tokens_are_read(loopback: Loopback) -> None:
    """As older providers send them."""
    found = _sign_in(loopback, _form(f"access_token={_TOKEN}&expires_in=60&scope=a%2Cb"), _json({"sub": 1}))
    assert found.token_response == TokenResponse(access_token=_TOKEN, expires_in="60", scope="a,b")
    assert found.user_info.id == "1"


def test_session_without_a_verifier_sends_none(loopback: Loopback) -> None:
    """A connector that does not use PKCE."""
    loopback.answers = [_TOKENS, _json({"sub": "user-1"})]
    session = ConnectorSession(redirect_uri="https://logto.example/callback")
    assert _connector(loopback.url).get_user_info(_CALLBACK, lambda: session).id == "user-1"
    assert b"code_verifier" not in loopback.requests[0].body


def test_refresh_token_yields_new_tokens(loopback: Loopback) -> None:
    """With the client's credentials."""
    loopback.answers = [_json({"access_token": "new", "refresh_token": "newer"})]
    found = _connector(loopback.url).get_access_token_by_refresh_token("canary-refresh")
    assert found == TokenResponse(access_token="new", refresh_token="newer")
    (request,) = loopback.requests
    assert dict(parse_qsl(request.body.decode())) == {
        "grant_type": "refresh_token",
        "refresh_token": "canary-refresh",
        "client_id": "client-1",
        "client_secret": _SECRET,
    }


_ECHO: Final = f"wrong: {_CODE} {_SECRET} canary-verifier"
_HIDDEN: Final = "wrong: [redacted] [redacted] [redacted]"


@pytest.mark.parametrize(
    ("answer", "code", "data"),
    [
        (
            _json({"error": "invalid_grant", "error_description": _ECHO}, 400),
            Codes.SOCIAL_AUTH_CODE_INVALID,
            {"message": _HIDDEN, "status": 400, "code": "invalid_grant"},
        ),
        (
            _json({"error": "invalid_grant", "error_description": _ECHO}),
            Codes.SOCIAL_AUTH_CODE_INVALID,
            {"message": _HIDDEN, "code": "invalid_grant"},
        ),
        (
            _form(f"error=invalid_client&error_description={_ECHO}", 401),
            Codes.GENERAL,
            {"message": _HIDDEN, "status": 401, "code": "invalid_client"},
        ),
        (_form("error=too_many"), Codes.RATE_LIMIT_EXCEEDED, {"message": "too_many", "code": "too_many"}),
        (_json({"error": {"code": 1}}), Codes.GENERAL, {"message": "no reason is given"}),
        (
            _json({"error": {}, "error_description": _ECHO}),
            Codes.INVALID_RESPONSE,
            {"message": "Acme sent no access token."},
        ),
        (_json({"error": True, "error_description": _ECHO}), Codes.GENERAL, {"message": _HIDDEN}),
        (_json({}), Codes.INVALID_RESPONSE, {"message": "Acme sent no access token."}),
        (
            HttpResponse(500, b"<html>", {}),
            Codes.GENERAL,
            {"message": "Acme responded with HTTP 500 and no message.", "status": 500},
        ),
        (
            HttpResponse(200, b"<html>", {}),
            Codes.INVALID_RESPONSE,
            {"message": "Acme sent a malformed response (HTTP 200): its body is not JSON."},
        ),
        (
            HttpResponse(302, b"", {"Location": "/elsewhere"}),
            Codes.INVALID_RESPONSE,
            {"message": "Acme responded with HTTP 302 and no message.", "status": 302},
        ),
        (HttpResponse(instead="close"), Codes.GENERAL, {"message": "Acme did not respond: RemoteDisconnected."}),
    ],
)
def test_error_of_the_token_endpoint_has_a_code_and_no_secrets(
    loopback: Loopback, answer: HttpResponse, code: Codes, data: object
) -> None:
    """In every form that providers use; nothing is requested again."""
    error = _error(loopback, answer)
    assert (error.code, error.data) == (code, data)
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("body", [[], {"access_token": 1}, "text", None])
def test_tokens_of_another_form_are_an_invalid_response(loopback: Loopback, body: object) -> None:
    """With the place of the mistake."""
    assert _error(loopback, _json(body)).code is Codes.INVALID_RESPONSE


# --- the user ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (
            _json({"error": "invalid_token", "error_description": f"wrong: {_TOKEN}"}, 401),
            Codes.SOCIAL_ACCESS_TOKEN_INVALID,
        ),
        (_json({"error": "invalid_token", "error_description": f"wrong: {_TOKEN}"}), Codes.SOCIAL_ACCESS_TOKEN_INVALID),
        (_json({"message": "gone"}, 410), Codes.GENERAL),
        (_json([]), Codes.INVALID_RESPONSE),
        (_json({}), Codes.INVALID_RESPONSE),
        (_json({"sub": None}), Codes.INVALID_RESPONSE),
        (_json({"sub": ""}), Codes.INVALID_RESPONSE),
        (_json({"sub": True}), Codes.INVALID_RESPONSE),
        (_json({"sub": {"id": 1}}), Codes.INVALID_RESPONSE),
    ],
)
def test_user_without_an_id_is_an_error(loopback: Loopback, answer: HttpResponse, code: Codes) -> None:
    """And so is an error of the endpoint."""
    assert _error(loopback, _TOKENS, answer).code is code


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (
            {"email": "a@b.co", "email_verified": "true", "phone_number": "1", "phone_number_verified": True},
            ("a@b.co", "1"),
        ),
        (
            {"email": "a@b.co", "email_verified": False, "phone_number": "1", "phone_number_verified": "false"},
            (None, None),
        ),
        ({"email": "a@b.co", "phone_number": "1"}, (None, None)),
        ({"email": 1, "email_verified": True, "phone_number": "", "phone_number_verified": True}, (None, None)),
    ],
)
def test_addresses_are_used_only_if_they_are_verified(
    details: Mapping[str, Any], expected: tuple[str | None, str | None]
) -> None:
    """The provider may say so with a text."""
    user = _connector().read_user(None, {"sub": "user-1", **details})
    assert (user.email, user.phone) == expected


def test_fields_have_paths() -> None:
    """A path of ``None`` is a detail that the provider does not have, or a mark: then every address is verified."""

    class Nested(_Acme):
        user_fields = UserFields("data.0.id", "data.0.login", None, "data.0.mail", None, None, None)

    user = _connector(cls=Nested).read_user(
        None, {"data": [{"id": 7, "login": "ada", "mail": "a@b.co"}], "picture": "x"}
    )
    assert (user.id, user.name, user.avatar, user.email, user.phone) == ("7", "ada", None, "a@b.co", None)


def test_connector_without_user_info_endpoint_overrides_the_request() -> None:
    """The error is the author's."""

    class Unfinished(_Acme):
        endpoints: ClassVar[OAuth2Endpoints] = OAuth2Endpoints("https://acme.example", "https://acme.example")
        endpoints_of = OAuth2Connector.endpoints_of

    with pytest.raises(NotImplementedError, match="Unfinished has no user info endpoint: override request_user"):
        _connector(cls=Unfinished).request_user(None, "token")


# --- the guide --------------------------------------------------------------------------------------------------------


def test_guide_lists_the_codes_of_the_protocol() -> None:
    """Each error code of the RFCs that has a code of its own, with that code."""
    guide = (ROOT / "docs" / "guides" / "social-connectors.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)`: [^|]+\| `(\w+)` \|$", guide, re.MULTILINE))
    assert listed == {code: str(it) for code, it in oauth2._ERRORS.items() if isinstance(code, str)}
