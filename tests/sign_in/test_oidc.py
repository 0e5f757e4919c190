"""OpenID Connect connectors: discovery, keys and ID tokens, in the sequence of a sign-in."""

import json
import subprocess
import sys
from typing import Any, ClassVar, Final

import pytest
from attrs import frozen

from conformance import HttpResponse as HttpResponseOfStub
from conformance import OAuth2Provider
from connector_kit import (
    AuthorizationRequest,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    ConnectorSession,
    OAuth2Config,
    OidcConnector,
    SocialUserInfo,
    setting,
)
from tests.loopback import HttpResponse, Loopback

Codes = ConnectorErrorCodes


@frozen
class _Config(OAuth2Config):
    """The config of the connector of these tests."""

    issuer: str = setting("Issuer")


class _Acme(OidcConnector[_Config]):
    """Signs users in with the issuer of the config."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="acme",
        target="acme",
        name={"en": "Acme"},
        description={"en": "Signs users in with Acme."},
        platform=ConnectorPlatform.UNIVERSAL,
    )
    config_class = _Config

    def issuer_of(self, config: _Config) -> str:
        return config.issuer


class _Provider(OAuth2Provider):
    """Has a discovery document."""

    has_id_token = True
    id_token_algorithm = "ES256"
    discovery_path = "/.well-known/openid-configuration"


_REQUEST: Final = AuthorizationRequest("state", "https://logto.example/callback", "id", "acme", "jti")


class SignIn:
    """A sign-in at the stub."""

    def __init__(self, stub: OAuth2Provider, cls: type[OidcConnector[Any]] = _Acme, connector: Any = None) -> None:
        config = {"clientId": "client-1", "clientSecret": "a-secret-of-24-characters", "issuer": stub.issuer_address}
        stub.prepare_config(config)
        self.connector = connector or cls(get_config=lambda _: config)
        self.session = ConnectorSession()
        uri = self.connector.get_authorization_uri(_REQUEST, lambda it: setattr(self, "session", it))
        self.consent = stub.authorize(uri)

    def finish(self) -> SocialUserInfo:
        """Return the user."""
        user: SocialUserInfo = self.connector.get_user_info(self.consent.callback, lambda: self.session)
        return user


def _paths(stub: OAuth2Provider) -> list[str]:
    return [it.raw.path for it in stub.calls]


def test_provider_is_discovered_once() -> None:
    """And its keys are read once."""
    stub = _Provider()
    with stub.running():
        first = SignIn(stub)
        assert first.finish().id == first.consent.user_id
        second = SignIn(stub, connector=first.connector)
        assert second.finish().id == second.consent.user_id
    own = ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"]
    assert _paths(stub) == [*own, "/token", "/userinfo"]


def test_unknown_key_causes_one_request_in_a_minute() -> None:
    """Whoever sends such tokens must not cause a request for each."""
    stub = _Provider()
    with stub.running():
        first = SignIn(stub)
        first.finish()
        stub.respond_with("id-token-unknown-key")
        for _ in range(3):
            with pytest.raises(ConnectorError, match="no key of the provider verifies its signature"):
                SignIn(stub, connector=first.connector).finish()
    assert _paths(stub).count("/keys") == 2


def test_user_info_of_another_user_is_rejected() -> None:
    """Its sub is not that of the ID token."""
    stub = _Provider()
    with stub.running():
        stub.respond_with("user-other-subject")
        with pytest.raises(ConnectorError, match="is not about the user of the ID token") as caught:
            SignIn(stub).finish()
    assert caught.value.code is Codes.INVALID_RESPONSE


def test_claims_of_the_id_token_suffice_without_user_info() -> None:
    """A connector may leave the request out."""

    class Quick(_Acme):
        has_user_info = False
        issuer_of = OidcConnector.issuer_of

    stub = _Provider()
    with stub.running():
        Quick.issuer = stub.issuer_address
        assert SignIn(stub, Quick).finish().name is not None
    assert "/userinfo" not in _paths(stub)


def test_session_without_a_nonce_is_an_error() -> None:
    """It is that of another connector, or has expired."""
    stub = _Provider()
    with stub.running():
        sign_in = SignIn(stub)
        sign_in.session = ConnectorSession(redirect_uri=sign_in.session.redirect_uri, extra=sign_in.session.extra)
        with pytest.raises(ConnectorError, match="The session has no nonce: it may have expired") as caught:
            sign_in.finish()
    assert caught.value.code is Codes.GENERAL


def test_response_without_an_id_token_is_an_error() -> None:
    """The provider does not know the scope ``openid``."""

    class Plain(_Provider):
        has_id_token = True

        def token_response(self, tokens: Any, user_id: str) -> Any:
            del user_id
            return {key: it for key, it in tokens.items() if key != "id_token"}

    stub = Plain()
    with stub.running(), pytest.raises(ConnectorError, match="Acme sent no ID token") as caught:
        SignIn(stub).finish()
    assert caught.value.code is Codes.SOCIAL_ID_TOKEN_INVALID


@pytest.mark.parametrize(
    ("scope", "expected"), [("email", "openid email"), ("a openid", "a openid"), (None, "openid profile email")]
)
def test_scope_has_openid(scope: str | None, expected: str) -> None:
    """Also if Logto requests another one."""
    request = AuthorizationRequest("state", "https://logto.example/callback", "id", "acme", "jti", None, scope)
    assert _Acme(get_config=dict)._scope(OAuth2Config(client_id="", client_secret=""), request) == expected  # type: ignore[arg-type] # has a scope


_DOCUMENT: Final = {
    "issuer": "{url}",
    "authorization_endpoint": "https://acme.example/authorize",
    "token_endpoint": "https://acme.example/token",
    "jwks_uri": "https://acme.example/keys",
}


def _uri(loopback: Loopback, document: object) -> str:
    text = json.dumps(document).replace("{url}", loopback.url)
    loopback.answers = [HttpResponse(200, text.encode())]
    config = {"clientId": "client-1", "clientSecret": "secret-1", "issuer": loopback.url}
    uri: str = _Acme(get_config=lambda _: config).get_authorization_uri(_REQUEST, lambda _: None)
    return uri


def test_user_info_endpoint_is_optional(loopback: Loopback) -> None:
    """In a discovery document."""
    assert _uri(loopback, _DOCUMENT).startswith("https://acme.example/authorize?")
    assert loopback.requests[0].path == "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({**_DOCUMENT, "issuer": "https://evil.example"}, "does not have the issuer http://"),
        ([], "does not have the issuer http://"),
        (
            {**_DOCUMENT, "jwks_uri": None, "token_endpoint": 1},
            "The discovery document of Acme has no token_endpoint and no jwks_uri.",
        ),
    ],
)
def test_wrong_discovery_document_is_an_error(loopback: Loopback, document: object, message: str) -> None:
    """It is not kept."""
    with pytest.raises(ConnectorError, match=message) as caught:
        _uri(loopback, document)
    assert caught.value.code is Codes.INVALID_RESPONSE


@pytest.mark.parametrize("body", [[], {}, {"keys": {}}])
def test_wrong_key_set_is_an_error(body: object) -> None:
    """It is not kept either."""

    class Broken(_Provider):
        def handle(self, request: Any) -> Any:
            response = super().handle(request)
            return HttpResponseOfStub.json(body) if request.path == "/keys" else response

    stub = Broken()
    with stub.running():
        sign_in = SignIn(stub)
        with pytest.raises(ConnectorError, match="Acme sent no list of keys") as caught:
            sign_in.finish()
    assert caught.value.code is Codes.INVALID_RESPONSE


class _WithIssuer(_Provider):
    """Announces and sends ``iss`` in the callback."""

    has_issuer_in_callback = True


def test_callback_of_another_issuer_is_rejected_before_the_code_is_sent() -> None:
    """Otherwise the code could be used by whoever has sent it."""
    stub = _WithIssuer()
    with stub.running():
        sign_in = SignIn(stub)
        callback = {**sign_in.consent.callback, "iss": "https://another.example"}
        with pytest.raises(ConnectorError, match="The callback does not have the iss of Acme") as caught:
            sign_in.connector.get_user_info(callback, lambda: sign_in.session)
        assert sign_in.finish().id == sign_in.consent.user_id
    assert caught.value.code is Codes.GENERAL


def test_connector_names_the_extra_that_it_needs() -> None:
    """OAuth 2 alone needs none."""
    code = "import sys; sys.modules.update({'joserfc': None}); from connector_kit import OAuth2Connector, OidcConnector"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        'ModuleNotFoundError: connector_kit.OidcConnector needs joserfc. Install it: pip install "logto-connector-kit[oidc]"'
    )
