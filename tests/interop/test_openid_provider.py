"""Sign-ins at a real OpenID provider on the loopback interface: the npm package ``oidc-provider``, which is certified."""

import http.cookiejar
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from attrs import field, frozen

from connector_kit import (
    AuthorizationRequest,
    ClientAuthentication,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    ConnectorSession,
    OAuth2Config,
    OidcConnector,
    SocialConnector,
    TokenResponseAndUserInfo,
    setting,
)
from connector_kit.connectors.oidc import OpenIdConnector
from tests.interop.official import UnavailableError, install

_SOURCES: Final = Path(__file__).with_name("openid_provider")
_REDIRECT_URI: Final = "https://logto.example/callback/social"
_SECRET: Final = "a-secret_of.the~client+with%25 and:more"
_METHODS: Final = ("client_secret_post", "client_secret_basic", "client_secret_jwt")
_TIME_LIMIT: Final = 10


def _client(method: str, algorithm: str) -> Mapping[str, Any]:
    return {
        "client_id": f"{method}:{algorithm}",
        "client_secret": _SECRET,
        "redirect_uris": [_REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": method,
        "id_token_signed_response_alg": algorithm,
    }


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Lets the browser below follow redirects itself."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


@frozen
class RunningProvider:
    """The provider: its address and its keys."""

    issuer: str
    browser: Any = field(factory=lambda: urllib.request.build_opener(NoRedirects))

    def request(self, path: str) -> bytes:
        """Send a GET request, and return the body of the response."""
        content: bytes = self.browser.open(f"{self.issuer}{path}", timeout=_TIME_LIMIT).read()
        return content

    def requests_for_keys(self) -> int:
        """Return how many times the keys were requested."""
        found: int = json.loads(self.request("/test/requests")).get("/jwks", 0)
        return found


def _start(*, has_claims_in_id_token: bool) -> Iterator[RunningProvider]:
    try:
        folder, node = install(_SOURCES), shutil.which("node")
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"oidc-provider is required in CI: {error}")
        pytest.skip(str(error))
    given = {
        "clients": [_client(method, algorithm) for method in _METHODS for algorithm in ("RS256", "ES256")],
        "conformIdTokenClaims": not has_claims_in_id_token,
    }
    command = [str(node), str(_SOURCES / "provider.mjs"), str(folder), json.dumps(given)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield RunningProvider(json.loads(process.stdout.readline())["issuer"])
        process.stdin.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """Run a provider whose ID tokens have all claims."""
    yield from _start(has_claims_in_id_token=True)


@pytest.fixture(scope="module")
def provider_with_user_info() -> Iterator[RunningProvider]:
    """Run a provider that has the name and the e-mail address of a user at the user info endpoint only."""
    yield from _start(has_claims_in_id_token=False)


def sign_in_as(user: str, uri: str) -> Mapping[str, str]:
    """Sign in and consent in a browser without scripts; return the parameters of the callback."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(NoRedirects, cookies)
    form: bytes | None = None
    for _ in range(10):
        try:
            page = browser.open(uri, form, timeout=_TIME_LIMIT)
        except urllib.error.HTTPError as error:
            with error:
                uri, form = urljoin(uri, error.headers.get("Location", "/no-redirect")), None
            if uri.startswith(_REDIRECT_URI):
                return dict(parse_qsl(urlsplit(uri).query))
        else:
            prompt = "login" if 'value="login"' in page.read().decode() else "consent"
            form = urlencode({"prompt": prompt, "login": user, "password": "any"}).encode()
    raise AssertionError(f"no callback after 10 pages: {uri}")


class SignIn:
    """A sign-in as Logto does it."""

    def __init__(self, connector: SocialConnector[Any]) -> None:
        self.connector = connector
        self.session = ConnectorSession()
        request = AuthorizationRequest("state-1", _REDIRECT_URI, "id", "factory", "jti")
        self.uri = connector.get_authorization_uri(request, lambda it: setattr(self, "session", it))

    def finish(self, callback: Mapping[str, str]) -> TokenResponseAndUserInfo:
        """Return the user of a callback, and the tokens."""
        return self.connector.get_token_response_and_user_info(callback, lambda: self.session)

    def complete(self, user: str) -> TokenResponseAndUserInfo:
        """Sign a user in."""
        return self.finish(sign_in_as(user, self.uri))


Method = Literal["client_secret_post", "client_secret_basic", "client_secret_jwt"]


def openid_connector(
    provider: RunningProvider, method: Method = "client_secret_post", algorithm: str = "RS256"
) -> OpenIdConnector:
    """Return the connector `openid-connect` with the addresses of the provider."""
    config = {
        "authorizationEndpoint": f"{provider.issuer}/auth",
        "tokenEndpoint": f"{provider.issuer}/token",
        "clientId": f"{method}:{algorithm}",
        "clientSecret": _SECRET,
        "scope": "openid profile email",
        "tokenEndpointAuthMethod": method,
        "idTokenVerificationConfig": {"jwksUri": f"{provider.issuer}/jwks", "issuer": provider.issuer},
    }
    return OpenIdConnector(get_config=lambda _: config)


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_user_signs_in(provider: RunningProvider, method: Method, algorithm: str) -> None:
    """With each authentication of the client, and each kind of key; a refresh token yields new tokens."""
    connector = openid_connector(provider, method, algorithm)
    found = SignIn(connector).complete("alice")
    assert (found.user_info.id, found.user_info.name) == ("alice", "Name of alice")
    assert found.user_info.email == "alice@user.example"
    assert found.token_response is not None
    assert found.token_response.refresh_token is not None
    renewed = connector.get_access_token_by_refresh_token(found.token_response.refresh_token)
    assert renewed.access_token not in {None, found.token_response.access_token}


def test_unverified_address_is_left_out(provider: RunningProvider) -> None:
    """The provider's ID token says so."""
    assert SignIn(openid_connector(provider)).complete("unverified").user_info.email is None


def test_keys_are_requested_once_and_again_after_a_rotation(provider: RunningProvider) -> None:
    """The connector that knew the old keys signs users in with the new ones, after one more request."""
    connector = openid_connector(provider)
    start = provider.requests_for_keys()
    for user in ("alice", "bob"):
        assert SignIn(connector).complete(user).user_info.id == user
    assert provider.requests_for_keys() == start + 1
    provider.request("/test/rotate")
    for user in ("alice", "bob"):
        assert SignIn(connector).complete(user).user_info.id == user
    assert provider.requests_for_keys() == start + 2


def test_provider_rejects_a_code_in_another_session(provider: RunningProvider) -> None:
    """The code verifier of another session does not fit; the error has the provider's words, without the code."""
    mine, other = SignIn(openid_connector(provider)), SignIn(openid_connector(provider))
    callback = sign_in_as("alice", other.uri)
    with pytest.raises(ConnectorError) as caught:
        mine.finish(callback)
    assert caught.value.code is ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID
    assert caught.value.data == {"message": "grant request is invalid", "status": 400, "code": "invalid_grant"}


def test_wrong_secret_is_an_error_without_it(provider: RunningProvider) -> None:
    """The code is ``general``, as Logto's own connector has it."""
    right = openid_connector(provider)
    config = {**right.get_config(""), "clientSecret": "wrong-secret-0123"}  # type: ignore[dict-item] # a mapping
    with pytest.raises(ConnectorError) as caught:
        SignIn(OpenIdConnector(get_config=lambda _: config)).complete("alice")
    assert caught.value.code is ConnectorErrorCodes.GENERAL
    assert caught.value.data == {"message": "client authentication failed", "status": 401, "code": "invalid_client"}


@frozen
class _DiscoveredConfig(OAuth2Config):
    """The config of a connector that reads the discovery document of its provider."""

    issuer: str = setting("Issuer")


class _Discovered(OidcConnector[_DiscoveredConfig]):
    """Signs users in with the provider that its discovery document describes."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="discovered",
        target="discovered",
        name={"en": "Discovered"},
        description={"en": "Signs users in."},
        platform=ConnectorPlatform.UNIVERSAL,
    )
    config_class = _DiscoveredConfig
    authentication = ClientAuthentication("client_secret_basic")

    def issuer_of(self, config: _DiscoveredConfig) -> str:
        """Return the address in the config."""
        return config.issuer


def discovered(issuer: str) -> _Discovered:
    """Return the connector for an issuer."""
    config = {"clientId": "client_secret_basic:RS256", "clientSecret": _SECRET, "issuer": issuer}
    return _Discovered(get_config=lambda _: config)


def test_discovered_provider_has_the_details_at_its_user_info_endpoint(
    provider_with_user_info: RunningProvider,
) -> None:
    """The ID token has the id only."""
    connector = discovered(provider_with_user_info.issuer)
    user = SignIn(connector).complete("carol").user_info
    assert (user.id, user.name, user.email) == ("carol", "Name of carol", "carol@user.example")
    assert SignIn(openid_connector(provider_with_user_info)).complete("carol").user_info.name is None  # for comparison


@pytest.mark.parametrize("change", [{"iss": "https://another.example"}, {"iss": None}])
def test_callback_of_another_provider_is_rejected(
    provider_with_user_info: RunningProvider, change: Mapping[str, str | None]
) -> None:
    """The discovery document announces ``iss`` in the callback (RFC 9207)."""
    sign_in = SignIn(discovered(provider_with_user_info.issuer))
    callback = {**sign_in_as("carol", sign_in.uri), **change}
    with pytest.raises(ConnectorError, match="The callback does not have the iss of Discovered"):
        sign_in.finish({key: it for key, it in callback.items() if it is not None})


def test_issuer_with_another_spelling_is_an_error(provider_with_user_info: RunningProvider) -> None:
    """Its discovery document has another issuer."""
    with pytest.raises(ConnectorError, match="compare the address in the config with it"):
        SignIn(discovered(f"{provider_with_user_info.issuer}/"))
